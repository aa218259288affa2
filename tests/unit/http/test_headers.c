/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "roomline/http.h"

#include "base/strbuf.h"
#include "base/xalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void http_headers_get__finds_the_first__case_ignored(void **state)
{
	struct http_headers h = {0};

	(void)state;
	assert_null(http_headers_get(&h, "Host"));
	http_headers_add(&h, "X-Sig", "one");
	http_headers_add(&h, "x-SIG", "two");
	for (int i = 0; i < 40; i++)
		http_headers_add(&h, "X-Other", "three");
	assert_int_equal(h.n, 42);
	assert_string_equal(http_headers_get(&h, "X-SIG"), "one");
	assert_string_equal(h.items[1].value, "two");
	assert_null(http_headers_get(&h, "X-Si"));
	http_headers_release(&h);
	assert_int_equal(h.n, 0);
	http_headers_release(&h);
}

struct form_case {
	const char *text;
	const char *pairs; /* name>value; */
};

static void assert_form(const char *text, const char *pairs)
{
	struct http_headers got;
	STRBUF_AUTO(shown);

	assert_true(http_form_parse(text, strlen(text), &got));
	for (size_t i = 0; i < got.n; i++)
		strbuf_addf(&shown, "%s>%s;", got.items[i].name, got.items[i].value);
	http_headers_release(&got);
	assert_string_equal(shown.buf, pairs);
}

static void http_form_parse__decodes_in_order(void **state)
{
	static const struct form_case cases[] = {
		{"", ""},
		{"&&", ""},
		{"a=1&b=2&a=3", "a>1;b>2;a>3;"},
		{"From=%2B15551230100&Body=Hi+there%21", "From>+15551230100;Body>Hi there!;"},
		{"a", "a>;"},
		{"=v", ">v;"},
		{"a==b=c", "a>=b=c;"},
		{"a=1&", "a>1;"},
		{"a;b=1", "a;b>1;"},
		{"a+b=c+d", "a b>c d;"},
		{"%41=%e2%9c%85", "A>\xe2\x9c\x85;"},
		/* Bad escapes stay as they came, whole ones among them are still decoded. */
		{"a=100%&b=%zz%4&c=%%41", "a>100%;b>%zz%4;c>%A;"},
		{"a=%2", "a>%2;"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_form(cases[i].text, cases[i].pairs);
}

static void http_form_parse__replaces_nul_in_values(void **state)
{
	static const char *const texts[] = {"b=STOP%00", "b=STOP\0"};
	static const size_t lens[] = {9, 7};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct http_headers got;

		assert_true(http_form_parse(texts[i], lens[i], &got));
		assert_int_equal(got.n, 1);
		assert_string_equal(http_headers_get(&got, "b"), "STOP\xEF\xBF\xBD");
		http_headers_release(&got);
	}
}

static void http_form_parse__refuses__nul_in_a_name(void **state)
{
	struct http_headers got;

	(void)state;
	assert_false(http_form_parse("b=1&a%00=1", 10, &got));
	assert_int_equal(got.n, 0);
	assert_null(got.items);
	assert_false(http_form_parse("a\0=1", 4, &got));
}

static void http_form_parse__refuses__more_pairs_than_the_cap(void **state)
{
	STRBUF_AUTO(text);
	struct http_headers got;

	(void)state;
	for (int i = 0; i < HTTP_PAIRS_MAX; i++)
		strbuf_adds(&text, "a=1&");
	assert_true(http_form_parse(text.buf, text.len, &got));
	assert_int_equal(got.n, HTTP_PAIRS_MAX);
	http_headers_release(&got);
	strbuf_adds(&text, "a=1");
	assert_false(http_form_parse(text.buf, text.len, &got));
	assert_int_equal(got.n, 0);
}

static void http_form_add__encodes_all_but_unreserved(void **state)
{
	STRBUF_AUTO(body);

	(void)state;
	http_form_add(&body, "To", "+1 (555)");
	http_form_add(&body, "Bo dy", "a&b=c%~-._\xc3\xa9");
	assert_string_equal(body.buf, "To=%2B1%20%28555%29&Bo%20dy=a%26b%3Dc%25~-._%C3%A9");
}

static void http_call_release__leaves_an_empty_call(void **state)
{
	struct http_call call = {.method = "POST", .url = xstrdup("http://x/"), .timeout_ms = 5};

	(void)state;
	call.body = xstrdup("b");
	call.user = xstrdup("u");
	call.password = xstrdup("p");
	http_headers_add(&call.headers, "A", "b");
	http_call_release(&call);
	assert_null(call.url);
	assert_null(call.method);
	assert_int_equal(call.headers.n, 0);
	http_call_release(&call);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(http_headers_get__finds_the_first__case_ignored),
		cmocka_unit_test(http_form_parse__decodes_in_order),
		cmocka_unit_test(http_form_parse__replaces_nul_in_values),
		cmocka_unit_test(http_form_parse__refuses__nul_in_a_name),
		cmocka_unit_test(http_form_parse__refuses__more_pairs_than_the_cap),
		cmocka_unit_test(http_form_add__encodes_all_but_unreserved),
		cmocka_unit_test(http_call_release__leaves_an_empty_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
