/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* JSON as the network sends it: what is refused, what is mended, what is found. */
#include "base/json.h"

#include "base/xalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool parses_bytes(const char *text, size_t len)
{
	struct error err = {0};
	/* A block of just that size, so that the sanitizer sees reading past its end. */
	AUTO_FREE char *exact = xmalloc(len);
	JSON_AUTO json = NULL;

	memcpy(exact, text, len);
	json = json_parse(exact, len, JSON_DEPTH_MAX, &err);
	assert_true(json || (err.kind == ERR_INPUT && err.text[0]));
	return json;
}

static bool parses(const char *text)
{
	return parses_bytes(text, strlen(text));
}

/* The text at a path, or "(none)". */
static const char *at(const char *text, const char *path)
{
	static struct strbuf out = STRBUF_INIT;
	JSON_AUTO json = json_parse(text, strlen(text), JSON_DEPTH_MAX, NULL);

	assert_non_null(json);
	strbuf_release(&out);
	return json_text(json, path, &out) ? out.buf : "(none)";
}

static void json_parse__refuses__what_is_no_json(void **state)
{
	static const char *const bad[] = {
		"",        " ",        "{",         "}",           "[1,",     "[1 2]", "{} x",
		"{}{}",    "[1]]",     "{\"a\"}",   "{\"a\":}",    "{a:1}",   "'a'",   "\"",
		"\"\\",    "\"a",      "\"\\u12\"", "\"\\u12G4\"", "\"\\x\"", "nul",   "nullx",
		"[nullx]", "NaN",      "Infinity",  "+1",          "01",      "-",     "1.",
		".5",      "1e",       "1e+",       "0x10",        "--1",     "-x",    "1,",
		"[,]",     "\xef\xbb", "// c\n1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parses(bad[i]))
			fail_msg("took %s", bad[i]);
	}
	assert_false(parses_bytes("{}\0", 3));
	assert_false(parses_bytes("\"a\0b\"", 5));
	assert_false(parses_bytes("{}\0{", 4));
}

static void json_parse__refuses__bad_utf8(void **state)
{
	(void)state;
	assert_false(parses("\"\xff\""));
	assert_false(parses("\"\xc0\xaf\""));
	assert_false(parses("\"\xed\xa0\x80\""));
	assert_false(parses("\"\xf0\x9f\x98\""));
	assert_true(parses("\"\xf0\x9f\x98\x80\""));
}

static void json_parse__refuses__deep_nesting(void **state)
{
	STRBUF_AUTO(deep);

	(void)state;
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		strbuf_addc(&deep, '[');
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		strbuf_addc(&deep, ']');
	assert_true(parses(deep.buf));
	strbuf_reset(&deep);
	for (int i = 0; i < JSON_DEPTH_MAX + 1; i++)
		strbuf_adds(&deep, "{\"a\":");
	strbuf_adds(&deep, "1");
	for (int i = 0; i < JSON_DEPTH_MAX + 1; i++)
		strbuf_adds(&deep, "}");
	assert_false(parses(deep.buf));
	/* Brackets in a string are none. */
	assert_true(parses("\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[\""));
}

static void json_parse__mends__what_phones_send(void **state)
{
	(void)state;
	assert_string_equal(at("\"a\\u0000b\"", ""), "a\xef\xbf\xbd"
						     "b");
	assert_string_equal(at("\"\\ud83d\"", ""), "\xef\xbf\xbd");
	assert_string_equal(at("\"\\ude00x\"", ""), "\xef\xbf\xbdx");
	assert_string_equal(at("\"\\ud83d\\ud83d\\ude00\"", ""), "\xef\xbf\xbd\xf0\x9f\x98\x80");
	assert_string_equal(at("\"\\uD83D\\uDE00\"", ""), "\xf0\x9f\x98\x80");
	assert_string_equal(at("\"\\ud83d\\n\"", ""), "\xef\xbf\xbd\n");
	/* Not an escape: the backslash is escaped itself. */
	assert_string_equal(at("\"\\\\u0000\"", ""), "\\u0000");
	assert_string_equal(at("{\"\\u0000\":1}", "\xef\xbf\xbd"), "1");
}

static void json_text__keeps_numbers_as_written(void **state)
{
	(void)state;
	assert_string_equal(at("123456789012345", ""), "123456789012345");
	assert_string_equal(at("9007199254740993", ""), "9007199254740993");
	assert_string_equal(at("-12345678901234567890123", ""), "-12345678901234567890123");
	assert_string_equal(at("[0.10,1E3,-0.00750]", "0"), "0.10");
	assert_string_equal(at("[0.10,1E3,-0.00750]", "1"), "1E3");
	assert_string_equal(at("[0.10,1E3,-0.00750]", "2"), "-0.00750");
	assert_string_equal(at("{\"a\":-7}", "a"), "-7");
	assert_string_equal(at("0", ""), "0");
}

static void json_text__finds_scalars_only(void **state)
{
	static const char doc[] = "{\"a\":{\"b\":[{\"c\":\"x\"},{\"c\":true}],\"0\":\"zero\"},"
				  "\"n\":null,\"e\":\"\",\"*\":1,\"A\":2}";

	(void)state;
	assert_string_equal(at(doc, "a.b.0.c"), "x");
	assert_string_equal(at(doc, "a.b.1.c"), "true");
	assert_string_equal(at(doc, "a.b.2.c"), "(none)");
	assert_string_equal(at(doc, "a.b.00.c"), "(none)");
	assert_string_equal(at(doc, "a.0"), "zero");
	assert_string_equal(at(doc, "a"), "(none)");
	assert_string_equal(at(doc, "a.b"), "(none)");
	assert_string_equal(at(doc, "n"), "(none)");
	assert_string_equal(at(doc, "e"), "");
	assert_string_equal(at(doc, "A"), "2");
	assert_string_equal(at(doc, "a.b.0.c.d"), "(none)");
	assert_string_equal(at(doc, "a..b"), "(none)");
	assert_string_equal(at(" [\"\\ufeffx\"] ", "0"), "\xef\xbb\xbfx");
}

static void json_find__goes_over_all__by_star(void **state)
{
	static const char doc[] = "{\"m\":[{\"u\":1},{\"x\":0},{\"u\":2}],\"o\":{\"p\":3,\"q\":4}}";
	JSON_AUTO json = json_parse(doc, strlen(doc), JSON_DEPTH_MAX, NULL);
	const struct cJSON *found[8];
	STRBUF_AUTO(text);

	(void)state;
	assert_int_equal(json_find(json, "m.*.u", found, 8), 2);
	assert_true(json_text(found[1], "", &text));
	assert_string_equal(text.buf, "2");
	assert_int_equal(json_find(json, "m.*", found, 8), 3);
	assert_int_equal(json_find(json, "m.*", found, 2), 2);
	assert_int_equal(json_find(json, "o.*", found, 8), 2);
	assert_int_equal(json_find(json, "*.*.u", found, 8), 2);
	assert_int_equal(json_find(json, "m", found, 0), 0);
	assert_int_equal(json_find(NULL, "m", found, 8), 0);
}

static void json_add_text__is_read_back_the_same(void **state)
{
	static const char text[] = "q\" b\\ t\t n\n \x01 \x7f é 😀 </script>";
	STRBUF_AUTO(out);

	(void)state;
	json_add_text(&out, text);
	assert_string_equal(at(out.buf, ""), text);
	for (const char *p = out.buf; *p; p++)
		assert_true((unsigned char)*p >= 0x20);
	strbuf_reset(&out);
	json_escape(&out, "a\xff"
			  "b");
	assert_string_equal(out.buf, "a\xef\xbf\xbd"
				     "b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_parse__refuses__what_is_no_json),
		cmocka_unit_test(json_parse__refuses__bad_utf8),
		cmocka_unit_test(json_parse__refuses__deep_nesting),
		cmocka_unit_test(json_parse__mends__what_phones_send),
		cmocka_unit_test(json_text__keeps_numbers_as_written),
		cmocka_unit_test(json_text__finds_scalars_only),
		cmocka_unit_test(json_find__goes_over_all__by_star),
		cmocka_unit_test(json_add_text__is_read_back_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
