/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* UTF-8 at the edge: RFC 3629, and what utf8_clean() lets through. */
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define BAD "\xef\xbf\xbd"

static int32_t decode(const char *bytes, size_t len, size_t *used_out)
{
	int32_t cp = -1;

	*used_out = utf8_decode(bytes, bytes + len, &cp);
	return cp;
}

static void check_decode(const char *bytes, int32_t cp, size_t used)
{
	size_t n;

	assert_int_equal(decode(bytes, strlen(bytes), &n), cp);
	assert_int_equal(n, used);
}

static void utf8_decode__reads__every_length(void **state)
{
	(void)state;
	check_decode("a", 'a', 1);
	check_decode("\x7f", 0x7F, 1);
	check_decode("\xc2\x80", 0x80, 2);
	check_decode("\xdf\xbf", 0x7FF, 2);
	check_decode("\xe0\xa0\x80", 0x800, 3);
	check_decode("\xed\x9f\xbf", 0xD7FF, 3);
	check_decode("\xee\x80\x80", 0xE000, 3);
	check_decode("\xef\xbf\xbf", 0xFFFF, 3);
	check_decode("\xf0\x90\x80\x80", 0x10000, 4);
	check_decode("\xf4\x8f\xbf\xbf", 0x10FFFF, 4);
}

static void utf8_decode__replaces__one_bad_byte(void **state)
{
	static const char *const bad[] = {
		"\x80",
		"\xbf",
		"\xc0\xaf",
		"\xc1\xbf",
		"\xe0\x80\xaf",
		"\xe0\x9f\xbf",
		"\xf0\x80\x80\xaf",
		"\xf0\x8f\xbf\xbf",
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xfe",
		"\xff",
		"\xc3",
		"\xe2\x82",
		"\xf0\x9f\x98",
		"\xc3(",
		"\xe2\x82(",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_decode(bad[i], 0xFFFD, 1);
}

static void utf8_decode__reads__nothing_behind_the_end(void **state)
{
	size_t used;

	(void)state;
	assert_int_equal(decode("\xc3\xa9", 1, &used), 0xFFFD);
	assert_int_equal(decode("\xf0\x9f\x98\x80", 3, &used), 0xFFFD);
	assert_int_equal(decode("\0", 1, &used), 0);
	assert_int_equal(used, 1);
}

static void utf8_encode__inverts__decode(void **state)
{
	(void)state;
	for (int32_t cp = 0; cp <= 0x10FFFF; cp += cp < 0x11000 ? 1 : 251) {
		STRBUF_AUTO(sb);
		size_t used;
		int32_t want = cp >= 0xD800 && cp <= 0xDFFF ? 0xFFFD : cp;

		utf8_encode(&sb, cp);
		assert_int_equal(decode(sb.buf, sb.len, &used), want);
		assert_int_equal(used, sb.len);
		assert_true(utf8_valid(sb.buf, sb.len));
	}
}

static void utf8_encode__replaces__what_is_no_character(void **state)
{
	STRBUF_AUTO(sb);

	(void)state;
	utf8_encode(&sb, -1);
	utf8_encode(&sb, 0x110000);
	utf8_encode(&sb, 0xDC00);
	assert_string_equal(sb.buf, BAD BAD BAD);
}

static void utf8_valid__refuses__bad_bytes(void **state)
{
	(void)state;
	assert_true(utf8_valid("", 0));
	assert_true(utf8_valid("a\0é😀", 8));
	/* The replacement character itself is a good one. */
	assert_true(utf8_valid(BAD, 3));
	assert_false(utf8_valid("a\xff", 2));
	assert_false(utf8_valid("é", 1));
	assert_false(utf8_valid("\xed\xa0\x80", 3));
}

static void utf8_count__counts__code_points(void **state)
{
	(void)state;
	assert_int_equal(utf8_count("", 0), 0);
	assert_int_equal(utf8_count("aé€😀", 10), 4);
	assert_int_equal(utf8_count("a\xff\xfe", 3), 3);
	assert_int_equal(utf8_count("\xe2\x82", 2), 2);
}

static void check_clean(const char *text, size_t len, size_t cap, const char *want, bool whole)
{
	STRBUF_AUTO(out);

	assert_int_equal(utf8_clean(&out, text, len, cap), whole);
	assert_string_equal(out.buf, want);
	assert_int_equal(out.len, strlen(want));
}

#define CLEAN(text, want) check_clean((text), sizeof(text) - 1, 1000, (want), true)

static void utf8_clean__keeps__text(void **state)
{
	(void)state;
	CLEAN("", "");
	CLEAN("Hi\tthere\n¡Olé! 👨‍👩‍👧 " BAD,
	      "Hi\tthere\n¡Olé! 👨‍👩‍👧 " BAD);
}

static void utf8_clean__makes__line_ends_one(void **state)
{
	(void)state;
	CLEAN("a\r\nb\rc\r\r\nd\n\re\r", "a\nb\nc\n\nd\n\ne\n");
}

static void utf8_clean__drops__controls(void **state)
{
	(void)state;
	CLEAN("a\0b\1\33[1m\177c", "ab[1mc");
	CLEAN("a\xc2\x85\xc2\x9f\xc2\xa0z", "a\xc2\xa0z");
	CLEAN("a\xef\xbf\xbe\xef\xbf\xbfz", "az");
}

static void utf8_clean__replaces__bad_bytes(void **state)
{
	(void)state;
	CLEAN("a\xff", "a" BAD);
	CLEAN("\xc0\xaf", BAD BAD);
	CLEAN("\xed\xa0\xbd", BAD BAD BAD);
}

static void utf8_clean__cuts__between_code_points(void **state)
{
	(void)state;
	check_clean("aé😀z", 8, 4, "aé😀z", true);
	check_clean("aé😀z", 8, 3, "aé😀", false);
	check_clean("aé😀z", 8, 1, "a", false);
	check_clean("a", 1, 0, "", false);
	check_clean("", 0, 0, "", true);
	/* What is dropped does not count. */
	check_clean("a\1\1\1", 4, 1, "a", true);
}

/* Cut after each byte: what is left is the whole characters before it. */
static void utf8_whole__drops__half_a_character(void **state)
{
	static const char text[] = "aé€😀z";
	static const size_t whole[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11};

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++)
		assert_int_equal(utf8_whole(text, len), whole[len]);
	/* What is no UTF-8 is left alone. */
	assert_int_equal(utf8_whole("\x80\x80\x80\x80", 4), 4);
	assert_int_equal(utf8_whole("a\x80", 2), 2);
	assert_int_equal(utf8_whole("a\xff", 2), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_decode__reads__every_length),
		cmocka_unit_test(utf8_decode__replaces__one_bad_byte),
		cmocka_unit_test(utf8_decode__reads__nothing_behind_the_end),
		cmocka_unit_test(utf8_encode__inverts__decode),
		cmocka_unit_test(utf8_encode__replaces__what_is_no_character),
		cmocka_unit_test(utf8_valid__refuses__bad_bytes),
		cmocka_unit_test(utf8_count__counts__code_points),
		cmocka_unit_test(utf8_whole__drops__half_a_character),
		cmocka_unit_test(utf8_clean__keeps__text),
		cmocka_unit_test(utf8_clean__makes__line_ends_one),
		cmocka_unit_test(utf8_clean__drops__controls),
		cmocka_unit_test(utf8_clean__replaces__bad_bytes),
		cmocka_unit_test(utf8_clean__cuts__between_code_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
