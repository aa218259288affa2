/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Every definition of config/providers/ against its fixture in definitions/: what is asked of the
 * generic driver, and what must come out, in lines that a person can check against the provider's
 * own pages.
 *
 *   set user bot                    first: the account's own settings
 *
 *   send                            a case; its input:
 *   to +14155550100                 to from text ref validity media
 *   = url https://...               what must come out: method url user password header body
 *
 *   answer 202                      a case: the provider's answer
 *   header Retry-After: 7
 *   | {"id":"1"}                    its body, line by line
 *   = class ok                      class scope retry_after segments ext_id code reason
 *
 *   hook POST in?m=1                a case: method, what stands behind the hook URL
 *   now 1719045971                  seconds since 1970
 *   header X-Signature: 6f88
 *   | {"event":...}
 *   = verify ok                     "ok" or a part of the reason
 *   = events 1                      how many, or "refused"; then for each, after "= event N":
 *   = kind text                     kind key ext_id ref from to text media status class scope code
 *
 *   file https://...                a case: a file of an inbound text
 *   = trusted yes                   trusted user password; header: how many
 *
 * "\n" in a value is a line feed, "#" begins a comment. What is not listed is not looked at.
 */
#include "fakes/fake_cleared.c" /* NOLINT(bugprone-suspicious-include): in place of the outbox */

#include "app/config_yaml.h"
#include "base/file_read.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "sms/driver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define LINES_MAX 2000
#define HOOK_URL "https://bot.example.org/hook/S3CRET/acc"

struct line {
	char *word;
	char *rest; /* never NULL */
	int number;
};

struct fixture {
	const char *path;
	struct strbuf text;
	struct line lines[LINES_MAX];
	size_t n;
	size_t at;
	struct settings *set;
	struct sms_account account;
	int cases;
};

/* What a case gathers before it is run. */
struct input {
	struct cleared_sms sms;
	struct http_headers headers;
	struct strbuf body;
	int64_t now;
};

#define FAIL(f, line, ...)                                                                         \
	do {                                                                                       \
		print_error("%s:%d: ", (f)->path, (line)->number);                                 \
		print_error(__VA_ARGS__);                                                          \
		print_error("\n");                                                                 \
		fail();                                                                            \
	} while (0)

/* ---- reading --------------------------------------------------------------------------------- */

static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (text[0] == '\\' && text[1] == 'n') {
			*to++ = '\n';
			text++;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

static void read_lines(struct fixture *f)
{
	struct error err = {0};
	char *p;
	int number = 0;

	if (file_read(f->path, 1 << 20, &f->text, &err) < 0)
		fail_msg("%s", err.text);
	p = f->text.buf;
	while (*p) {
		char *end = p + strcspn(p, "\n");
		char *next = *end ? end + 1 : end;

		number++;
		*end = '\0';
		if (*p && *p != '#') {
			struct line *line = &f->lines[f->n++];
			char *space = strchr(p, ' ');

			assert_true(f->n < LINES_MAX);
			line->number = number;
			line->word = p;
			line->rest = space ? space + 1 : end;
			if (space)
				*space = '\0';
			unescape(line->rest);
		}
		p = next;
	}
}

static int put_value(const char *key, const char *value, void *arg, struct error *err)
{
	return settings_put(arg, key, value, err);
}

static void read_definition(struct fixture *f, const char *path)
{
	const struct setting *const tables[] = {generic_driver.settings, NULL};
	const struct doc_shape shape = {.name = NULL, .tables = tables};
	struct config_doc *doc;
	struct error err = {0};

	f->set = settings_new(generic_driver.settings);
	if (doc_read(path, &shape, 1, &doc, &err) < 0 ||
	    doc_each(doc, 0, 0, put_value, f->set, &err) < 0)
		fail_msg("%s", err.text);
	doc_free(doc);
	for (; f->at < f->n && strcmp(f->lines[f->at].word, "set") == 0; f->at++) {
		char *key = f->lines[f->at].rest;
		char *value = key + strcspn(key, " ");

		*value++ = '\0';
		if (settings_put(f->set, key, value, &err) < 0)
			FAIL(f, &f->lines[f->at], "%s", err.text);
	}
	if (settings_finish(f->set, NULL, &err) < 0 || generic_driver.check(f->set, &err) < 0)
		fail_msg("%s: %s", path, err.text);
	f->account = (struct sms_account){
		.name = "acc", .driver = &generic_driver, .set = f->set, .hook_url = HOOK_URL};
}

static void add_header(struct fixture *f, const struct line *line, struct http_headers *headers)
{
	char *colon = strstr(line->rest, ": ");

	if (!colon)
		FAIL(f, line, "a header without ': '");
	*colon = '\0';
	http_headers_add(headers, line->rest, colon + 2);
	*colon = ':';
}

/* Takes the lines up to the first "=" of the case. */
static void read_input(struct fixture *f, struct input *in)
{
	*in = (struct input){0};
	strbuf_init(&in->body);
	in->sms = fake_cleared_make("0123456789abcdef0123456789abcdef", "+14155550100",
				    "+14155550101", "Hi");
	for (; f->at < f->n && strcmp(f->lines[f->at].word, "=") != 0; f->at++) {
		const struct line *line = &f->lines[f->at];

		if (strcmp(line->word, "to") == 0)
			(void)STR_COPY(in->sms.to, line->rest);
		else if (strcmp(line->word, "from") == 0)
			(void)STR_COPY(in->sms.from, line->rest);
		else if (strcmp(line->word, "text") == 0)
			(void)STR_COPY(in->sms.text, line->rest);
		else if (strcmp(line->word, "ref") == 0)
			(void)STR_COPY(in->sms.ref, line->rest);
		else if (strcmp(line->word, "validity") == 0)
			in->sms.validity_s = (int)strtol(line->rest, NULL, 10);
		else if (strcmp(line->word, "media") == 0)
			in->sms.media[in->sms.media_n++] = line->rest;
		else if (strcmp(line->word, "now") == 0)
			in->now = strtoll(line->rest, NULL, 10) * 1000;
		else if (strcmp(line->word, "header") == 0)
			add_header(f, line, &in->headers);
		else if (strcmp(line->word, "|") == 0)
			strbuf_addf(&in->body, "%s%s", in->body.len ? "\n" : "", line->rest);
		else
			FAIL(f, line, "what is '%s'?", line->word);
	}
}

static void release_input(struct input *in)
{
	http_headers_release(&in->headers);
	strbuf_release(&in->body);
}

/* ---- checking -------------------------------------------------------------------------------- */

/* The next "= KEY VALUE" of the case, or NULL; splits it. */
static const struct line *next_expected(struct fixture *f, const char **key, const char **value)
{
	struct line *line = &f->lines[f->at];
	char *space;

	if (f->at == f->n || strcmp(line->word, "=") != 0)
		return NULL;
	f->at++;
	space = strchr(line->rest, ' ');
	*key = line->rest;
	*value = space ? space + 1 : "";
	if (space)
		*space = '\0';
	return line;
}

static void expect_text(const struct fixture *f, const struct line *line, const char *got,
			const char *want)
{
	if (strcmp(got, want) != 0)
		FAIL(f, line, "%s is\n  %s\nand should be\n  %s", line->rest, got, want);
}

static void expect_number(const struct fixture *f, const struct line *line, int got,
			  const char *want)
{
	char digits[16];

	(void)snprintf(digits, sizeof(digits), "%d", got);
	expect_text(f, line, digits, want);
}

static const char *scope_word(enum sms_scope scope)
{
	return scope == SMS_SCOPE_ACCOUNT  ? "account"
	       : scope == SMS_SCOPE_SENDER ? "sender"
					   : "message";
}

static void run_send(struct fixture *f)
{
	struct http_call call = {0};
	struct error err = {0};
	const struct line *line;
	const char *key;
	const char *value;
	struct input in;

	read_input(f, &in);
	if (generic_driver.build_send(&f->account, &in.sms, &call, &err) < 0)
		FAIL(f, &f->lines[f->at], "%s", err.text);
	while ((line = next_expected(f, &key, &value))) {
		if (strcmp(key, "method") == 0) {
			expect_text(f, line, call.method, value);
		} else if (strcmp(key, "url") == 0) {
			expect_text(f, line, call.url, value);
		} else if (strcmp(key, "user") == 0) {
			expect_text(f, line, call.user ? call.user : "(none)", value);
		} else if (strcmp(key, "password") == 0) {
			expect_text(f, line, call.password ? call.password : "(none)", value);
		} else if (strcmp(key, "body") == 0) {
			expect_text(f, line, call.body ? call.body : "(none)", value);
		} else if (strcmp(key, "header") == 0) {
			const char *colon = strstr(value, ": ");
			AUTO_FREE char *name = xstrndup(value, (size_t)(colon - value));
			const char *got = http_headers_get(&call.headers, name);

			expect_text(f, line, got ? got : "(none)", colon + 2);
		} else {
			FAIL(f, line, "what is '%s'?", key);
		}
	}
	http_call_release(&call);
	release_input(&in);
}

static const char *shown(const char *text)
{
	return text ? text : "(none)";
}

static void run_file(struct fixture *f, const char *url)
{
	struct http_fetch_order order = {.call = {.url = xstrdup(url)}};
	const struct line *line;
	const char *key;
	const char *value;

	generic_driver.locate(&f->account, &order);
	while ((line = next_expected(f, &key, &value))) {
		if (strcmp(key, "trusted") == 0)
			expect_text(f, line, order.trusted ? "yes" : "no", value);
		else if (strcmp(key, "user") == 0)
			expect_text(f, line, shown(order.call.user), value);
		else if (strcmp(key, "password") == 0)
			expect_text(f, line, shown(order.call.password), value);
		else if (strcmp(key, "header") == 0)
			expect_number(f, line, (int)order.call.headers.n, value);
		else
			FAIL(f, line, "what is '%s'?", key);
	}
	http_call_release(&order.call);
}

static void run_answer(struct fixture *f, const char *status)
{
	struct sms_result result;
	struct http_answer answer;
	const struct line *line;
	const char *key;
	const char *value;
	struct input in;

	read_input(f, &in);
	answer = (struct http_answer){
		.fate = strcmp(status, "lost") == 0       ? HTTP_LOST
			: strcmp(status, "not_sent") == 0 ? HTTP_NOT_SENT
							  : HTTP_ANSWERED,
		.status = (int)strtol(status, NULL, 10),
		.headers = in.headers,
		.body = in.body.buf,
		.body_len = in.body.len,
	};
	generic_driver.parse_send(&f->account, &answer, &result);
	while ((line = next_expected(f, &key, &value))) {
		if (strcmp(key, "class") == 0)
			expect_text(f, line, driver_class_word(result.class), value);
		else if (strcmp(key, "scope") == 0)
			expect_text(f, line, scope_word(result.scope), value);
		else if (strcmp(key, "retry_after") == 0)
			expect_number(f, line, result.retry_after_s, value);
		else if (strcmp(key, "segments") == 0)
			expect_number(f, line, result.segments, value);
		else if (strcmp(key, "ext_id") == 0)
			expect_text(f, line, result.ext_id, value);
		else if (strcmp(key, "code") == 0)
			expect_text(f, line, result.code, value);
		else if (strcmp(key, "reason") == 0)
			expect_text(f, line, result.reason, value);
		else
			FAIL(f, line, "what is '%s'?", key);
	}
	release_input(&in);
}

static const char *status_word(enum sms_status status)
{
	static const char *const words[] = {
		[SMS_STATUS_QUEUED] = "queued",       [SMS_STATUS_SENT] = "sent",
		[SMS_STATUS_DELIVERED] = "delivered", [SMS_STATUS_UNDELIVERED] = "undelivered",
		[SMS_STATUS_FAILED] = "failed",       [SMS_STATUS_EXPIRED] = "expired",
		[SMS_STATUS_CANCELLED] = "cancelled",
	};

	return words[status];
}

static void expect_event(const struct fixture *f, const struct line *line, const char *key,
			 const char *value, const struct sms_event *event)
{
	static const char *const kinds[] = {"text", "report", "ignored"};

	if (strcmp(key, "kind") == 0)
		expect_text(f, line, kinds[event->kind], value);
	else if (strcmp(key, "key") == 0)
		expect_text(f, line, event->key, value);
	else if (strcmp(key, "ext_id") == 0)
		expect_text(f, line, event->ext_id, value);
	else if (strcmp(key, "ref") == 0)
		expect_text(f, line, event->ref, value);
	else if (strcmp(key, "from") == 0)
		expect_text(f, line, event->from, value);
	else if (strcmp(key, "to") == 0)
		expect_text(f, line, event->to, value);
	else if (strcmp(key, "text") == 0)
		expect_text(f, line, event->text ? event->text : "(none)", value);
	else if (strcmp(key, "media") == 0)
		expect_text(f, line, event->media_n ? event->media[event->media_n - 1] : "(none)",
			    value);
	else if (strcmp(key, "status") == 0)
		expect_text(f, line, status_word(event->status), value);
	else if (strcmp(key, "class") == 0)
		expect_text(f, line, driver_class_word(event->class), value);
	else if (strcmp(key, "scope") == 0)
		expect_text(f, line, scope_word(event->scope), value);
	else if (strcmp(key, "code") == 0)
		expect_text(f, line, event->code, value);
	else if (strcmp(key, "reason") == 0)
		expect_text(f, line, event->reason, value);
	else
		FAIL(f, line, "what is '%s'?", key);
}

static void expect_hook(struct fixture *f, const struct sms_hook *hook, int64_t now)
{
	struct sms_event events[SMS_EVENTS_MAX];
	const struct line *line;
	struct error err = {0};
	const char *key;
	const char *value;
	int at = 0;
	int n = generic_driver.parse_hook(&f->account, hook, events, SMS_EVENTS_MAX, &err);

	while ((line = next_expected(f, &key, &value))) {
		if (strcmp(key, "verify") == 0) {
			struct error why = {.text = "ok"};

			(void)generic_driver.verify_hook(&f->account, hook, now, &why);
			if (!strstr(why.text, value))
				FAIL(f, line, "the check says: %s", why.text);
		} else if (strcmp(key, "events") == 0) {
			if (n < 0)
				expect_text(f, line, "refused", value);
			else
				expect_number(f, line, n, value);
		} else if (strcmp(key, "event") == 0) {
			at = (int)strtol(value, NULL, 10);
		} else if (at >= n) {
			FAIL(f, line, "there is no event %d: %s", at, err.text);
		} else {
			expect_event(f, line, key, value, &events[at]);
		}
	}
	for (int i = 0; i < n; i++)
		sms_event_release(&events[i]);
}

/* first: "POST in?m=1" */
static void run_hook(struct fixture *f, const char *first)
{
	struct http_request request;
	struct sms_hook hook;
	STRBUF_AUTO(url);
	STRBUF_AUTO(what);
	AUTO_FREE char *method = xstrndup(first, strcspn(first, " "));
	const char *path = first[strlen(method)] ? first + strlen(method) + 1 : "";
	const char *query = strchr(path, '?');
	struct input in;

	read_input(f, &in);
	strbuf_adds(&url, HOOK_URL);
	if (path[0] && path[0] != '?')
		strbuf_addc(&url, '/');
	strbuf_adds(&url, path);
	strbuf_add(&what, path, strcspn(path, "?"));
	request = (struct http_request){
		.method = method,
		.path = "/hook/S3CRET/acc",
		.query = query ? query + 1 : "",
		.target = "/hook/S3CRET/acc",
		.headers = in.headers,
		.body = in.body.buf,
		.body_len = in.body.len,
	};
	hook = (struct sms_hook){.url = url.buf, .what = what.buf, .request = &request};
	expect_hook(f, &hook, in.now);
	release_input(&in);
}

static void run_fixture(const char *yaml, const char *path, int least_cases)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->path = path;
	strbuf_init(&f->text);
	read_lines(f);
	read_definition(f, yaml);
	while (f->at < f->n) {
		const struct line *line = &f->lines[f->at++];

		if (strcmp(line->word, "send") == 0)
			run_send(f);
		else if (strcmp(line->word, "answer") == 0)
			run_answer(f, line->rest);
		else if (strcmp(line->word, "hook") == 0)
			run_hook(f, line->rest);
		else if (strcmp(line->word, "file") == 0)
			run_file(f, line->rest);
		else
			FAIL(f, line, "what is '%s'?", line->word);
		f->cases++;
	}
	assert_true(f->cases >= least_cases);
	settings_free(f->set);
	strbuf_release(&f->text);
	free(f);
}

#define DEFINITION(name, least_cases)                                                              \
	static void generic_definition__fits_its_fixture__##name(void **state)                     \
	{                                                                                          \
		(void)state;                                                                       \
		run_fixture("config/providers/" #name ".yaml",                                     \
			    "tests/unit/sms/definitions/" #name ".txt", least_cases);              \
	}

DEFINITION(kannel, 12)
DEFINITION(plivo, 10)
DEFINITION(bandwidth, 10)
DEFINITION(vonage, 10)
DEFINITION(smsgate, 10)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(generic_definition__fits_its_fixture__kannel),
		cmocka_unit_test(generic_definition__fits_its_fixture__plivo),
		cmocka_unit_test(generic_definition__fits_its_fixture__bandwidth),
		cmocka_unit_test(generic_definition__fits_its_fixture__vonage),
		cmocka_unit_test(generic_definition__fits_its_fixture__smsgate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
