/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What an answer of a homeserver, or of whatever stands before it, means. */
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "chat/matrix/matrix_answer.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NOW INT64_C(784111777000) /* Sun, 06 Nov 1994 08:49:37 GMT */
#define HOUR_MS INT64_C(3600000)

static struct mx_answer t;

static int teardown(void **state)
{
	(void)state;
	mx_answer_release(&t);
	t = (struct mx_answer){0};
	return 0;
}

static int setup(void **state)
{
	(void)state;
	strbuf_init(&t.words);
	return 0;
}

static void read_whole(const struct http_answer *answer)
{
	mx_answer_release(&t);
	mx_answer_read(&t, answer, NOW);
	assert_non_null(t.reply.errcode);
	assert_non_null(t.reply.error);
	assert_ptr_equal(t.reply.body, t.json);
	assert_true((t.reply.outcome == MX_OK) == (t.reply.error[0] == '\0'));
}

static void read_bytes(int status, const char *body, size_t len)
{
	struct http_answer answer = {
		.fate = HTTP_ANSWERED, .status = status, .body = body, .body_len = len};

	read_whole(&answer);
}

static void read_text(int status, const char *body)
{
	read_bytes(status, body, strlen(body));
}

static void read_code(int status, const char *errcode)
{
	STRBUF_AUTO(body);

	strbuf_addf(&body, "{\"errcode\":\"%s\",\"error\":\"because\"}", errcode);
	read_text(status, body.buf);
}

struct verdict_case {
	int status;
	const char *errcode;
	enum mx_outcome outcome;
	enum mx_next next;
};

static const struct verdict_case code_cases[] = {
	{401, "M_UNKNOWN_TOKEN", MX_TOKEN, MX_END},
	{403, "M_UNKNOWN_TOKEN", MX_TOKEN, MX_END},
	{401, "M_MISSING_TOKEN", MX_TOKEN, MX_END},
	{403, "M_FORBIDDEN", MX_FORBIDDEN, MX_END},
	{401, "M_FORBIDDEN", MX_FORBIDDEN, MX_END},
	{500, "M_FORBIDDEN", MX_FORBIDDEN, MX_END},
	{400, "M_GUEST_ACCESS_FORBIDDEN", MX_FORBIDDEN, MX_END},
	{400, "M_INVITE_BLOCKED", MX_FORBIDDEN, MX_END},
	{400, "M_UNABLE_TO_AUTHORISE_JOIN", MX_FORBIDDEN, MX_END},
	{502, "M_UNABLE_TO_GRANT_JOIN", MX_FORBIDDEN, MX_END},
	{400, "M_USER_DEACTIVATED", MX_FORBIDDEN, MX_END},
	{400, "M_USER_LOCKED", MX_FORBIDDEN, MX_END},
	{400, "M_USER_SUSPENDED", MX_FORBIDDEN, MX_END},
	{400, "M_DUPLICATE_ANNOTATION", MX_ALREADY, MX_END},
	{400, "M_ROOM_IN_USE", MX_ALREADY, MX_END},
	{400, "M_USER_IN_USE", MX_ALREADY, MX_END},
	{404, "M_NOT_FOUND", MX_NOT_FOUND, MX_END},
	{400, "M_NOT_FOUND", MX_NOT_FOUND, MX_END},
	{404, "M_UNRECOGNIZED", MX_UNSUPPORTED, MX_END},
	{405, "M_UNRECOGNIZED", MX_UNSUPPORTED, MX_END},
	{400, "M_UNRECOGNIZED", MX_UNSUPPORTED, MX_END},
	{400, "M_TOO_LARGE", MX_TOO_LARGE, MX_END},
	{429, "M_LIMIT_EXCEEDED", MX_UNREACHABLE, MX_WAIT},
	{400, "M_LIMIT_EXCEEDED", MX_UNREACHABLE, MX_WAIT},
	{403, "M_RESOURCE_LIMIT_EXCEEDED", MX_UNREACHABLE, MX_REPEAT},
	{500, "M_BAD_JSON", MX_REFUSED, MX_END},
	{500, "M_NOT_JSON", MX_REFUSED, MX_END},
	{500, "M_INVALID_PARAM", MX_REFUSED, MX_END},
	{500, "M_MISSING_PARAM", MX_REFUSED, MX_END},
	{403, "M_EXCLUSIVE", MX_REFUSED, MX_END},
	{500, "M_INVALID_USERNAME", MX_REFUSED, MX_END},
	{500, "M_INVALID_ROOM_STATE", MX_REFUSED, MX_END},
	{500, "M_UNSUPPORTED_ROOM_VERSION", MX_REFUSED, MX_END},
	{500, "M_INCOMPATIBLE_ROOM_VERSION", MX_REFUSED, MX_END},
	{403, "M_USER_LIMIT_EXCEEDED", MX_REFUSED, MX_END},
	{502, "M_BAD_STATUS", MX_REFUSED, MX_END},
	{502, "M_CONNECTION_FAILED", MX_REFUSED, MX_END},
	{504, "M_CONNECTION_TIMEOUT", MX_REFUSED, MX_END},
	/* These say nothing: the status does. */
	{400, "M_UNKNOWN", MX_REFUSED, MX_END},
	{401, "M_UNKNOWN", MX_FORBIDDEN, MX_END},
	{403, "M_UNKNOWN", MX_FORBIDDEN, MX_END},
	{404, "M_UNKNOWN", MX_NOT_FOUND, MX_END},
	{413, "M_UNKNOWN", MX_TOO_LARGE, MX_END},
	{429, "M_UNKNOWN", MX_UNREACHABLE, MX_WAIT},
	{500, "M_UNKNOWN", MX_REFUSED, MX_REPEAT_FEW},
	{503, "M_UNKNOWN", MX_UNREACHABLE, MX_REPEAT},
	{403, "ORG.EXAMPLE.NEW_ONE", MX_FORBIDDEN, MX_END},
	{404, "M_UNHEARD_OF", MX_NOT_FOUND, MX_END},
	{409, "m_forbidden", MX_REFUSED, MX_END},
	{500, "M_FORBIDDEN_", MX_REFUSED, MX_REPEAT_FEW},
};

static void mx_answer__is_judged_by_its_code_first(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(code_cases) / sizeof(code_cases[0]); i++) {
		const struct verdict_case *c = &code_cases[i];

		read_code(c->status, c->errcode);
		if (t.reply.outcome != c->outcome || t.next != c->next)
			print_error("%d %s\n", c->status, c->errcode);
		assert_int_equal(t.reply.outcome, c->outcome);
		assert_int_equal(t.next, c->next);
		assert_int_equal(t.reply.status, c->status);
		assert_string_equal(t.reply.errcode, c->errcode);
		assert_string_equal(t.reply.error, "because");
		assert_non_null(t.reply.body);
	}
}

static const struct verdict_case page_cases[] = {
	{301, "", MX_REFUSED, MX_END},
	{308, "", MX_REFUSED, MX_END},
	{400, "", MX_REFUSED, MX_END},
	{401, "", MX_FORBIDDEN, MX_REPEAT},
	{403, "", MX_FORBIDDEN, MX_REPEAT},
	/* Not "no such room": a proxy that lost its way must not cost us our rooms. */
	{404, "", MX_UNSUPPORTED, MX_REPEAT},
	{405, "", MX_UNSUPPORTED, MX_END},
	{408, "", MX_UNREACHABLE, MX_REPEAT},
	{413, "", MX_TOO_LARGE, MX_END},
	{418, "", MX_REFUSED, MX_END},
	{429, "", MX_UNREACHABLE, MX_WAIT},
	{499, "", MX_REFUSED, MX_END},
	{500, "", MX_REFUSED, MX_REPEAT_FEW},
	{501, "", MX_UNSUPPORTED, MX_END},
	{502, "", MX_UNREACHABLE, MX_REPEAT},
	{503, "", MX_UNREACHABLE, MX_REPEAT},
	{504, "", MX_UNREACHABLE, MX_REPEAT},
	{505, "", MX_REFUSED, MX_REPEAT_FEW},
	{520, "", MX_UNREACHABLE, MX_REPEAT},
	{530, "", MX_UNREACHABLE, MX_REPEAT},
	{599, "", MX_REFUSED, MX_REPEAT_FEW},
	{100, "", MX_REFUSED, MX_REPEAT_FEW},
	{0, "", MX_REFUSED, MX_REPEAT_FEW},
	{INT_MAX, "", MX_REFUSED, MX_REPEAT_FEW},
	{INT_MIN, "", MX_REFUSED, MX_REPEAT_FEW},
	/* A success that no homeserver would give: nobody knows what was done. */
	{200, "", MX_REFUSED, MX_REPEAT_FEW},
	{204, "", MX_REFUSED, MX_REPEAT_FEW},
};

static void mx_answer__of_a_proxy_is_judged_by_its_status(void **state)
{
	static const char *const pages[] = {
		"<html><body>M_FORBIDDEN</body></html>",
		"",
		"\"errcode\"",
		"7",
		"null",
		"{\"errcode\":\"M_NOT_FOUND\"} and more",
		"{\"errcode\":\"M_NOT_FOUND\",\"error\":\"\xff\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(page_cases) / sizeof(page_cases[0]); i++) {
		const struct verdict_case *c = &page_cases[i];

		for (size_t k = 0; k < sizeof(pages) / sizeof(pages[0]); k++) {
			read_text(c->status, pages[k]);
			if (t.reply.outcome != c->outcome || t.next != c->next)
				print_error("%d %s\n", c->status, pages[k]);
			assert_int_equal(t.reply.outcome, c->outcome);
			assert_int_equal(t.next, c->next);
			assert_int_equal(t.reply.status, c->status);
			assert_string_equal(t.reply.errcode, "");
			assert_null(t.reply.body);
		}
	}
	read_text(502, "<html>");
	assert_string_equal(t.reply.error, "what answered is no homeserver (status 502): a proxy "
					   "before it, or something else at its address");
	read_text(301, "<html>");
	assert_string_equal(t.reply.error,
			    "the address of the homeserver leads to another one (status 301)");
}

/* What is read of a room may be anybody's words. */
static void mx_answer__of_success_has_no_code(void **state)
{
	(void)state;
	read_code(200, "M_UNKNOWN_TOKEN");
	assert_int_equal(t.reply.outcome, MX_OK);
	assert_int_equal(t.next, MX_END);
	assert_string_equal(t.reply.errcode, "");
	assert_string_equal(t.reply.error, "");
	assert_non_null(t.reply.body);
	read_text(200, "{}");
	assert_int_equal(t.reply.outcome, MX_OK);
	read_text(201, " [{}] ");
	assert_int_equal(t.reply.outcome, MX_OK);
	assert_non_null(t.reply.body);
}

static void read_nested(int depth)
{
	STRBUF_AUTO(body);

	for (int i = 0; i < depth; i++)
		strbuf_addc(&body, '[');
	for (int i = 0; i < depth; i++)
		strbuf_addc(&body, ']');
	read_text(200, body.buf);
}

static void mx_answer__may_be_nested(void **state)
{
	(void)state;
	read_nested(MX_DEPTH_MAX);
	assert_int_equal(t.reply.outcome, MX_OK);
	read_nested(MX_DEPTH_MAX + 1);
	assert_int_equal(t.next, MX_REPEAT_FEW);
}

static void mx_answer__takes_only_codes_that_can_be_shown(void **state)
{
	STRBUF_AUTO(code);

	(void)state;
	read_text(403, "{\"errcode\":7,\"error\":{}}");
	assert_string_equal(t.reply.errcode, "");
	assert_string_equal(t.reply.error, "the homeserver said no (status 403) and not why");
	read_text(404, "{\"errcode\":\"M NOT FOUND\"}");
	assert_string_equal(t.reply.errcode, "");
	assert_int_equal(t.reply.outcome, MX_UNSUPPORTED);
	for (int i = 0; i < 64; i++)
		strbuf_addc(&code, 'M');
	read_code(404, code.buf);
	assert_string_equal(t.reply.errcode, code.buf);
	strbuf_addc(&code, 'M');
	read_code(404, code.buf);
	assert_string_equal(t.reply.errcode, "");
}

static void mx_answer__has_clean_words(void **state)
{
	STRBUF_AUTO(body);

	(void)state;
	read_text(403, "{\"error\":\"a\\u0000b\\u001b[1mc\\r\\nd\\ud83d\"}");
	assert_string_equal(t.reply.error, "a\xEF\xBF\xBD"
					   "b[1mc\nd\xEF\xBF\xBD");
	/* Cut between two characters. */
	strbuf_adds(&body, "{\"error\":\"x");
	for (int i = 0; i < 150; i++)
		strbuf_adds(&body, "\xc3\xa9");
	strbuf_adds(&body, "\"}");
	read_text(403, body.buf);
	assert_int_equal(strlen(t.reply.error), 199);
	assert_memory_equal(t.reply.error + 197, "\xc3\xa9", 3);
	/* Controls alone are no words. */
	read_text(403, "{\"error\":\"\\u0001\"}");
	assert_string_equal(t.reply.error, "the homeserver said no (status 403) and not why");
}

static void read_fate(enum http_fate fate, int status, const char *problem)
{
	struct http_answer answer = {
		.fate = fate,
		.status = status,
		.body = "{\"errcode\":\"M_FORBIDDEN\"}",
		.body_len = 25,
	};

	(void)STR_COPY(answer.problem, problem);
	read_whole(&answer);
	assert_int_equal(t.reply.status, 0);
	assert_string_equal(t.reply.errcode, "");
	assert_null(t.reply.body);
}

static void mx_answer__that_did_not_come(void **state)
{
	(void)state;
	read_fate(HTTP_NOT_SENT, 0, "connection refused");
	assert_int_equal(t.next, MX_REPEAT);
	assert_int_equal(t.reply.outcome, MX_UNREACHABLE);
	assert_string_equal(t.reply.error, "the homeserver did not answer: connection refused");
	read_fate(HTTP_LOST, 0, "time\xff\x01out");
	assert_int_equal(t.next, MX_REPEAT);
	assert_string_equal(t.reply.error, "the homeserver did not answer: time\xEF\xBF\xBDout");
	/* It may be too long, and always will be. */
	read_fate(HTTP_LOST, 200, "the answer is too long");
	assert_int_equal(t.next, MX_REPEAT_FEW);
	assert_int_equal(t.reply.outcome, MX_REFUSED);
	assert_string_equal(t.reply.error,
			    "the homeserver's answer broke off: the answer is too long");
}

static int64_t wait_of(const char *header, const char *body)
{
	struct http_answer answer = {
		.fate = HTTP_ANSWERED, .status = 429, .body = body, .body_len = strlen(body)};

	if (header)
		http_headers_add(&answer.headers, "retry-after", header);
	read_whole(&answer);
	http_headers_release(&answer.headers);
	assert_int_equal(t.next, MX_WAIT);
	return t.wait_ms;
}

static void mx_answer__says_how_long_to_wait__in_seconds(void **state)
{
	(void)state;
	assert_int_equal(wait_of("61", "{\"retry_after_ms\":5}"), 61000);
	assert_int_equal(wait_of("0", "{\"retry_after_ms\":5000}"), 1);
	assert_int_equal(wait_of("3600", ""), HOUR_MS);
	assert_int_equal(wait_of("3601", ""), HOUR_MS);
	assert_int_equal(wait_of("99999999999999999999999999", ""), HOUR_MS);
}

static void mx_answer__says_how_long_to_wait__by_a_date(void **state)
{
	static const char *const no_dates[] = {
		"Sun, 06 Nov 1994 08:49:38 CET",  "Sun, 06 Nov 1994 08:49:38 GMT ",
		"Sun, 06 Now 1994 08:49:38 GMT",  "Sun, 00 Nov 1994 08:49:38 GMT",
		"Sun, 32 Nov 1994 08:49:38 GMT",  "Sun, 06 Nov 1994 24:49:38 GMT",
		"Sun, 06 Nov 1994 08:60:38 GMT",  "Sun, 06 Nov 1994 08:49:61 GMT",
		"Sun, 06 Nov 199x 08:49:38 GMT",  "Sun, 06 Nov -994 08:49:38 GMT",
		"Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
	};

	(void)state;
	assert_int_equal(wait_of("Sun, 06 Nov 1994 08:49:38 GMT", "{\"retry_after_ms\":7}"), 1000);
	assert_int_equal(wait_of("Sun, 06 Nov 1994 09:00:00 GMT", ""), 623000);
	assert_int_equal(wait_of("Sun, 06 Nov 1994 08:49:37 GMT", ""), 1);
	assert_int_equal(wait_of("Thu, 01 Jan 1970 00:00:00 GMT", ""), 1);
	assert_int_equal(wait_of("Fri, 31 Dec 9999 23:59:60 GMT", ""), HOUR_MS);
	for (size_t i = 0; i < sizeof(no_dates) / sizeof(no_dates[0]); i++) {
		assert_int_equal(wait_of(no_dates[i], "{\"retry_after_ms\":7}"), 7);
		assert_int_equal(wait_of(no_dates[i], ""), 0);
	}
}

static void mx_answer__says_how_long_to_wait__in_its_body(void **state)
{
	static const struct {
		const char *body;
		int64_t wait;
	} cases[] = {
		{"{\"retry_after_ms\":60012}", 60012},
		{"{\"retry_after_ms\":60012.75}", 60012},
		{"{\"retry_after_ms\":\"60012\"}", 60012},
		{"{\"retry_after_ms\":0}", 1},
		{"{\"retry_after_ms\":3600001}", HOUR_MS},
		{"{\"retry_after_ms\":12345678901234567890}", HOUR_MS},
		{"{\"retry_after_ms\":-5}", 0},
		{"{\"retry_after_ms\":1e9}", 0},
		{"{\"retry_after_ms\":true}", 0},
		{"{\"retry_after_ms\":null}", 0},
		{"{\"retry_after_ms\":[9]}", 0},
		{"{\"retry_after_ms\":\"soon\"}", 0},
		{"{}", 0},
		{"[]", 0},
		{"<html>", 0},
	};
	static const char *const no_numbers[] = {"-5",  "+5",   " 5", "5 s",
						 "1.5", "0x10", "",   "soon"};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(wait_of(NULL, cases[i].body), cases[i].wait);
		for (size_t k = 0; k < sizeof(no_numbers) / sizeof(no_numbers[0]); k++)
			assert_int_equal(wait_of(no_numbers[k], cases[i].body), cases[i].wait);
	}
	/* Asked for by nobody. */
	read_text(503, "{\"retry_after_ms\":60012}");
	assert_int_equal(t.wait_ms, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(mx_answer__is_judged_by_its_code_first),
		TEST(mx_answer__of_a_proxy_is_judged_by_its_status),
		TEST(mx_answer__of_success_has_no_code),
		TEST(mx_answer__may_be_nested),
		TEST(mx_answer__takes_only_codes_that_can_be_shown),
		TEST(mx_answer__has_clean_words),
		TEST(mx_answer__that_did_not_come),
		TEST(mx_answer__says_how_long_to_wait__in_seconds),
		TEST(mx_answer__says_how_long_to_wait__by_a_date),
		TEST(mx_answer__says_how_long_to_wait__in_its_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
