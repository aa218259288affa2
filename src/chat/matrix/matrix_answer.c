/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Reading an answer. How long to wait is said in two places: the header Retry-After (RFC 9110,
 * 10.2.3), seconds or a date, goes before the body's retry_after_ms, which is the older way. What
 * makes no sense there is passed over.
 */
#include "chat/matrix/matrix_answer.h"

#include "base/civil.h"
#include "base/json.h"
#include "base/utf8.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <string.h>

#define ERRCODE_MAX 64 /* bytes */

/* ---- how long to wait -------------------------------------------------------------------------- */

/* The number at text, which must be followed by the end or `stop`; more than `max` counts as max.
 * -1 where there is none. */
static int64_t read_number(const char *text, char stop, int64_t max)
{
	int64_t n = 0;

	if (!isdigit((unsigned char)*text))
		return -1;
	for (; isdigit((unsigned char)*text); text++) {
		n = n * 10 + (*text - '0');
		if (n > max)
			n = max;
	}
	return *text == '\0' || *text == stop ? n : -1;
}

static int read_two(const char *text, int max)
{
	int n = isdigit((unsigned char)text[0]) && isdigit((unsigned char)text[1])
			? (text[0] - '0') * 10 + (text[1] - '0')
			: -1;

	return n <= max ? n : -1;
}

static int read_month(const char *text)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++)
		if (memcmp(months + 3 * (size_t)i, text, 3) == 0)
			return i + 1;
	return -1;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT", the one form that is still made; ms UTC, or -1. */
static int64_t read_date(const char *text)
{
	static const char form[] = "aaa, 00 aaa 0000 00:00:00 GMT";
	struct civil at = {0};
	int century;
	int year;

	if (strlen(text) != sizeof(form) - 1)
		return -1;
	for (size_t i = 0; i < sizeof(form) - 1; i++)
		if (form[i] != 'a' && form[i] != '0' && form[i] != text[i])
			return -1;
	century = read_two(text + 12, 99);
	year = read_two(text + 14, 99);
	at.day = read_two(text + 5, 31);
	at.month = read_month(text + 8);
	at.hour = read_two(text + 17, 23);
	at.minute = read_two(text + 20, 59);
	at.second = read_two(text + 23, 60);
	if (century < 0 || year < 0 || at.day < 1 || at.month < 0 || at.hour < 0 || at.minute < 0 ||
	    at.second < 0)
		return -1;
	at.year = century * 100 + year;
	return civil_to_ms(&at);
}

static int64_t cap_wait(int64_t ms)
{
	return ms < 1 ? 1 : ms > MX_WAIT_MAX_MS ? MX_WAIT_MAX_MS : ms;
}

static int64_t read_wait(const struct http_answer *answer, const struct cJSON *json, int64_t now)
{
	const char *header = http_headers_get(&answer->headers, "Retry-After");
	int64_t n = header ? read_number(header, '\0', MX_WAIT_MAX_MS) : -1;
	STRBUF_AUTO(text);

	if (n >= 0)
		return cap_wait(n * 1000);
	n = header ? read_date(header) : -1;
	if (n >= 0)
		return cap_wait(n - now);
	/* A fraction comes as text, see json.h. */
	if (json_text(json, "retry_after_ms", &text))
		n = read_number(text.buf, '.', MX_WAIT_MAX_MS);
	return n >= 0 ? cap_wait(n) : 0;
}

/* ---- what it says ------------------------------------------------------------------------------ */

static bool is_errcode(const char *text)
{
	size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				  "0123456789_.-");

	return len <= ERRCODE_MAX && text[len] == '\0';
}

static const char *find_text(const struct cJSON *json, const char *key)
{
	const struct cJSON *found;

	return json_find(json, key, &found, 1) == 1 && cJSON_IsString(found) ? found->valuestring
									     : "";
}

static void add_clean(struct strbuf *out, const char *text)
{
	(void)utf8_clean(out, text, strlen(text), MX_ERROR_WORDS_MAX);
}

/* The words for a call that is no success: the server's where it has any. */
static void find_words(struct mx_answer *out, const struct http_answer *answer)
{
	struct strbuf *words = &out->words;

	if (answer->fate != HTTP_ANSWERED) {
		strbuf_adds(words, answer->status ? "the homeserver's answer broke off: "
						  : "the homeserver did not answer: ");
		add_clean(words, answer->problem);
		return;
	}
	add_clean(words, find_text(out->json, "error"));
	if (words->len)
		return;
	if (answer->status >= 300 && answer->status <= 399)
		strbuf_addf(words, "the address of the homeserver leads to another one (status %d)",
			    answer->status);
	else if (!out->json)
		strbuf_addf(words,
			    "what answered is no homeserver (status %d): a proxy before it, or "
			    "something else at its address",
			    answer->status);
	else
		strbuf_addf(words, "the homeserver said no (status %d) and not why",
			    answer->status);
}

static void judge(struct mx_answer *out, const struct http_answer *answer, int64_t now)
{
	static const struct mx_verdict silence = {MX_UNREACHABLE, MX_REPEAT};
	/* Such an answer may be too long, and always will be. */
	static const struct mx_verdict broken = {MX_REFUSED, MX_REPEAT_FEW};
	struct mx_verdict verdict = mx_error_judge(answer->status, out->reply.errcode);

	if (answer->fate != HTTP_ANSWERED)
		verdict = answer->status ? broken : silence;
	else if (verdict.outcome == MX_OK && !out->json)
		verdict = broken;
	out->reply.outcome = verdict.outcome;
	out->next = verdict.next;
	if (verdict.next == MX_WAIT)
		out->wait_ms = read_wait(answer, out->json, now);
}

void mx_answer_read(struct mx_answer *out, const struct http_answer *answer, int64_t now)
{
	const char *errcode;

	*out = (struct mx_answer){.reply = {.errcode = ""}};
	if (answer->fate == HTTP_ANSWERED)
		out->reply.status = answer->status;
	strbuf_init(&out->words);
	if (answer->fate == HTTP_ANSWERED && answer->body_len)
		out->json = json_parse(answer->body, answer->body_len, MX_DEPTH_MAX, NULL);
	if (!cJSON_IsObject(out->json) && !cJSON_IsArray(out->json)) {
		json_auto_free(&out->json);
		out->json = NULL;
	}
	errcode = find_text(out->json, "errcode");
	if (is_errcode(errcode))
		out->reply.errcode = errcode;
	judge(out, answer, now);
	if (out->reply.outcome == MX_OK)
		out->reply.errcode = ""; /* what looks like one is content */
	else
		find_words(out, answer);
	strbuf_truncate(&out->words, utf8_whole(out->words.buf, out->words.len < MX_ERROR_WORDS_MAX
									? out->words.len
									: MX_ERROR_WORDS_MAX));
	out->reply.error = out->words.buf;
	out->reply.body = out->json;
}

void mx_answer_release(struct mx_answer *answer)
{
	json_auto_free(&answer->json);
	strbuf_release(&answer->words);
}
