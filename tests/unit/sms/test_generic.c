/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The languages of the generic driver, and what its check() refuses at start. */
#include "fakes/fake_cleared.c" /* NOLINT(bugprone-suspicious-include): in place of the outbox */

#include "base/strbuf.h"
#include "base/xalloc.h"
#include "sms/driver.h"
#include "sms/generic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* ---- templates ------------------------------------------------------------------------------- */

static const char *expand(const char *text, enum escape escape)
{
	static struct strbuf out = STRBUF_INIT;
	struct http_headers values = {0};
	struct error err = {0};

	strbuf_release(&out);
	http_headers_add(&values, "text", "a\"b&c<d>\\ é\n");
	http_headers_add(&values, "url", "https://x/?a=%d&b=1");
	http_headers_add(&values, "base_url", "https://x/y");
	http_headers_add(&values, "media_json", "[\"u\"]");
	http_headers_add(&values, "yes", "1");
	http_headers_add(&values, "no", "");
	http_headers_add(&values, "header:X-Time", "5");
	if (template_expand("k", text, escape, &values, &out, &err) < 0) {
		strbuf_reset(&out);
		strbuf_addf(&out, "! %s", err.text);
	}
	http_headers_release(&values);
	return out.buf;
}

static void template_expand__escapes_by_where_it_stands(void **state)
{
	(void)state;
	assert_string_equal(expand("${text}", ESCAPE_NONE), "a\"b&c<d>\\ é\n");
	assert_string_equal(expand("t=${text}&u=${url}", ESCAPE_PERCENT),
			    "t=a%22b%26c%3Cd%3E%5C%20%C3%A9%0A&u=https%3A%2F%2Fx%2F%3Fa%3D%25d%26b"
			    "%3D1");
	assert_string_equal(expand("{\"t\":\"${text}\"}", ESCAPE_JSON),
			    "{\"t\":\"a\\\"b&c<d>\\\\ é\\u000a\"}");
	assert_string_equal(expand("<t>${text}</t>", ESCAPE_XML),
			    "<t>a&#34;b&#38;c&#60;d&#62;\\ é\n</t>");
	assert_string_equal(expand("x ${text} y", ESCAPE_HEADER), "x a\"b&c<d>\\ é y");
	assert_string_equal(expand("${base_url}/z", ESCAPE_PERCENT), "https://x/y/z");
	assert_string_equal(expand("${media_json}", ESCAPE_JSON), "[\"u\"]");
	assert_string_equal(expand("${header:x-time}.", ESCAPE_NONE), "5.");
}

static void template_expand__chooses(void **state)
{
	(void)state;
	assert_string_equal(expand("${yes?2:0}${no?2:0}", ESCAPE_PERCENT), "20");
	assert_string_equal(expand("${yes?:n}${no?y:}.", ESCAPE_NONE), ".");
	assert_string_equal(expand("${nobody?y:n}", ESCAPE_NONE), "n");
	assert_string_equal(expand("${yes?a&b:c}", ESCAPE_PERCENT), "a&b");
	assert_string_equal(expand("$ {x} $$ } 100%", ESCAPE_NONE), "$ {x} $$ } 100%");
}

static void template_expand__refuses__what_it_cannot_fill(void **state)
{
	(void)state;
	assert_non_null(strstr(expand("a ${nobody} b", ESCAPE_NONE), "! 'k' uses ${nobody}"));
	assert_non_null(strstr(expand("a ${text", ESCAPE_NONE), "no }"));
	assert_non_null(strstr(expand("${yes?x}", ESCAPE_NONE), "lacks its ':'"));
	assert_non_null(strstr(expand("${}", ESCAPE_NONE), "! "));
	assert_non_null(strstr(
		expand("${aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		       "aaaaaaaaaaaaaaaa}",
		       ESCAPE_NONE),
		"too long"));
}

/* ---- fields and conditions ------------------------------------------------------------------- */

static const char body[] =
	"{\"a\":{\"b\":[{\"s\":\"0\"},{\"s\":\"1\"}]},\"t\":\"id=42;x\",\"e\":\"\"}";

static const char *field(const char *text)
{
	static struct strbuf out = STRBUF_INIT;
	JSON_AUTO json = json_parse(body, strlen(body), JSON_DEPTH_MAX, NULL);
	struct http_headers query = {0};
	struct field_source source = {
		.json = json, .query = &query, .headers = &query, .body = body};
	const char *result;

	strbuf_release(&out);
	http_headers_add(&query, "m", "ref1");
	http_headers_add(&query, "Media0", "u0");
	http_headers_add(&query, "Media2", "u2");
	result = field_read(&source, text, &out) ? out.buf : "(none)";
	http_headers_release(&query);
	return result;
}

static void field_read__finds(void **state)
{
	(void)state;
	assert_string_equal(field("a.b.1.s"), "1");
	assert_string_equal(field("a.b.*.s"), "0");
	assert_string_equal(field("query:m"), "ref1");
	assert_string_equal(field("header:M"), "ref1");
	assert_string_equal(field("query:m ~ ^ref"), "ref");
	assert_string_equal(field("t ~ id=([0-9]+)"), "42");
	assert_string_equal(field("~ \"t\":\"([^\"]*)"), "id=42;x");
	assert_string_equal(field("t ~ (x)?id"), "id");
	assert_string_equal(field("t ~ nothing"), "(none)");
	assert_string_equal(field("e"), "");
	assert_string_equal(field("zzz"), "(none)");
	assert_string_equal(field("query:zzz"), "(none)");
	assert_string_equal(field(NULL), "(none)");
	assert_string_equal(field("t ~ ("), "(none)");
}

static enum verdict holds(const char *condition)
{
	JSON_AUTO json = json_parse(body, strlen(body), JSON_DEPTH_MAX, NULL);
	struct field_source source = {.json = json, .body = body};

	return condition_holds(&source, condition);
}

static void condition_holds__compares_matches_and_counts(void **state)
{
	(void)state;
	assert_int_equal(holds(NULL), VERDICT_YES);
	assert_int_equal(holds("t"), VERDICT_YES);
	assert_int_equal(holds("e"), VERDICT_NO);
	assert_int_equal(holds("zzz"), VERDICT_NO);
	assert_int_equal(holds("a.b.0.s = 0"), VERDICT_YES);
	assert_int_equal(holds("a.b.0.s = 00"), VERDICT_NO);
	assert_int_equal(holds("a.b.*.s = 0"), VERDICT_PARTLY);
	assert_int_equal(holds("a.b.*.s ~ ^[01]$"), VERDICT_YES);
	assert_int_equal(holds("a.b.*.s = 7"), VERDICT_NO);
	assert_int_equal(holds("~ ^.\"a\""), VERDICT_YES);
	assert_int_equal(holds("t ~ ^id=[0-9]+;x$"), VERDICT_YES);
	assert_int_equal(holds("t ~ y"), VERDICT_NO);
	assert_int_equal(holds("e ~ ^$"), VERDICT_YES);
}

static void field_read_all__numbers_names_of_forms(void **state)
{
	struct http_headers form = {0};
	struct field_source source = {.form = &form, .body = ""};
	char *values[4];

	(void)state;
	http_headers_add(&form, "Media0", "u0");
	http_headers_add(&form, "Media2", "u2");
	http_headers_add(&form, "MediaCount", "2");
	assert_int_equal(field_read_all(&source, "Media*", values, 4), 2);
	assert_string_equal(values[0], "u0");
	assert_string_equal(values[1], "u2");
	free(values[0]);
	free(values[1]);
	assert_int_equal(field_read_all(&source, NULL, values, 4), 0);
	http_headers_release(&form);
}

static void pattern_matches__knows_digits_from_words(void **state)
{
#define fits(p, t) pattern_matches(p, strlen(p), t)
	(void)state;
	assert_true(fits("4xx", "404"));
	assert_false(fits("4xx", "4xx1"));
	assert_false(fits("4xx", "504"));
	assert_false(fits("4xx", "4ab"));
	assert_true(fits("expired", "Expired"));
	assert_false(fits("expired", "e5pired"));
	assert_true(fits("*", "anything"));
	assert_true(fits("*", ""));
	assert_false(fits("", "x"));
	assert_true(fits("RESULT_X", "result_x"));
}

/* ---- check ----------------------------------------------------------------------------------- */

static void put_all(struct settings *set, const char *const *pairs)
{
	struct error err = {0};

	for (; pairs[0]; pairs += 2) {
		if (settings_put(set, pairs[0], pairs[1], &err) < 0)
			fail_msg("%s", err.text);
	}
}

/* What check() says of a good definition with these settings over it. */
static const char *check(const char *const *pairs)
{
	static const char *const good[] = {
		"send_url",
		"https://h.example/send",
		"send_body",
		"{\"t\":\"${text}\"}",
		"in_from",
		"from",
		"in_text",
		"text",
		"report_status",
		"st",
		NULL,
	};
	static struct error err;
	struct settings *set = settings_new(generic_driver.settings);

	err = (struct error){0};
	put_all(set, good);
	put_all(set, pairs);
	if (settings_finish(set, NULL, &err) == 0)
		(void)generic_driver.check(set, &err);
	settings_free(set);
	return err.text;
}

#define WITH(...) ((const char *const[]){__VA_ARGS__, NULL})

static void generic_check__says_what_to_change(void **state)
{
	static const struct {
		const char *pairs[5];
		const char *says;
	} cases[] = {
		{{"send_url", "http://h.example/"}, "in clear"},
		{{"send_url", "/send"}, "https"},
		{{"send_url", "${base_url}/x"}, "${base_url}"},
		{{"send_body", "{\"t\":${text}"}, "JSON"},
		{{"send_body", "{\"t\":\"${token}\"}"}, "${token}"},
		{{"send_body", "{\"t\":\"${txt}\"}"}, "${txt}"},
		{{"send_header", "NoColon"}, "send_header"},
		{{"send_header", ": x"}, "send_header"},
		{{"send_user", "${user}"}, "${user}"},
		{{"ok_when", "~ ("}, "'ok_when': bad regular expression"},
		{{"report_code", "a ~ ["}, "'report_code'"},
		{{"error_map", "21"}, "must read"},
		{{"error_map", "21: great"}, "must read"},
		{{"error_map", ": perm"}, "must read"},
		{{"report_error_map", "21 perm"}, "must read"},
		{{"report_map", "x: done"}, "report_map"},
		{{"report_map", "x: sent twice"}, "report_map"},
		{{"hook_verify", "hmac_sha256"}, "hook_header"},
		{{"hook_verify", "header"}, "hook_header"},
		{{"hook_verify", "basic"}, "hook_value"},
		{{"hook_verify", "hmac_sha1", "hook_header", "X"}, "${key}"},
		{{"hook_verify", "basic", "hook_value", "u:${password}"}, "${password}"},
		{{"caps", "flying"}, "caps"},
		{{"caps", "signed"}, "hook_verify"},
	};

	(void)state;
	assert_string_equal(check(WITH("extra", "x")), "");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *says = check(cases[i].pairs);

		if (!strstr(says, cases[i].says))
			fail_msg("case %zu: '%s' lacks '%s'", i, says, cases[i].says);
	}
	assert_string_equal(check(WITH("send_url", "http://h.example/", "allow_http", "yes")), "");
	assert_string_equal(
		check(WITH("hook_verify", "hmac_sha1", "hook_header", "X", "key", "k", "hook_value",
			   "sha1=${signature}", "caps", "signed", "caps", "reports")),
		"");
	assert_string_equal(check(WITH("error_map", "http 4xx: config account Ask an admin.",
				       "error_map", "*: perm")),
			    "");
}

/* ---- verification that no definition uses ---------------------------------------------------- */

static const char *verify(struct settings *set, const char *header, const char *value)
{
	static struct error err;
	const struct sms_account account = {.driver = &generic_driver, .set = set};
	struct http_request request = {.method = "POST",
				       .path = "/",
				       .query = "",
				       .target = "/",
				       .body = "payload",
				       .body_len = 7};
	const struct sms_hook hook = {.url = "https://h/x", .what = "", .request = &request};

	err = (struct error){0};
	http_headers_add(&request.headers, header, value);
	(void)generic_driver.verify_hook(&account, &hook, 0, &err);
	http_headers_release(&request.headers);
	return err.text;
}

static void generic_verify_hook__takes_a_prefix_and_two_keys(void **state)
{
	struct settings *set = settings_new(generic_driver.settings);

	(void)state;
	put_all(set, WITH("hook_verify", "hmac_sha256", "hook_header", "X-Sig", "hook_value",
			  "sha256=${signature}", "key", "k", "key_previous", "old"));
	/* printf payload | openssl dgst -sha256 -hmac k */
	assert_string_equal(
		verify(set, "x-sig",
		       "sha256=53e1cedd550e0e693ce03bafe5ae424d9f292717018d586aaade877481dc824c"),
		"");
	assert_string_equal(
		verify(set, "x-sig",
		       "sha256=edc17792c33fd44a7b3d3a1e1f80a4ca9d2d919e83809ad0efc990c484af2249"),
		"");
	assert_non_null(strstr(
		verify(set, "x-sig",
		       "sha256=b5c9b9cee83c6dd615df5020306598d3c9cc5f411bab8e8e100aaf876b27d2a3"),
		"not right"));
	assert_non_null(strstr(verify(set, "x-other", "sha256="), "no header X-Sig"));
	settings_free(set);
}

static void generic_verify_hook__compares_a_header(void **state)
{
	struct settings *set = settings_new(generic_driver.settings);

	(void)state;
	put_all(set, WITH("hook_verify", "header", "hook_header", "Authorization", "hook_value",
			  "Bearer ${token}", "token", "t0k"));
	assert_string_equal(verify(set, "Authorization", "Bearer t0k"), "");
	assert_non_null(strstr(verify(set, "Authorization", "Bearer t0K"), "not right"));
	assert_non_null(strstr(verify(set, "Authorization", ""), "not right"));
	settings_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(template_expand__escapes_by_where_it_stands),
		cmocka_unit_test(template_expand__chooses),
		cmocka_unit_test(template_expand__refuses__what_it_cannot_fill),
		cmocka_unit_test(field_read__finds),
		cmocka_unit_test(condition_holds__compares_matches_and_counts),
		cmocka_unit_test(field_read_all__numbers_names_of_forms),
		cmocka_unit_test(pattern_matches__knows_digits_from_words),
		cmocka_unit_test(generic_check__says_what_to_change),
		cmocka_unit_test(generic_verify_hook__takes_a_prefix_and_two_keys),
		cmocka_unit_test(generic_verify_hook__compares_a_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
