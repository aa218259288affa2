/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Escapes in the lines that `roomline explain` reads. */
#include "app/explain_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define BAD "\xef\xbf\xbd"

struct row {
	const char *line;
	const char *want;
};

static void check_all(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		STRBUF_AUTO(out);

		explain_unescape(&out, rows[i].line, strlen(rows[i].line));
		assert_string_equal(out.buf, rows[i].want);
		assert_int_equal(out.len, strlen(rows[i].want));
	}
}

#define CHECK_ALL(rows) check_all((rows), sizeof(rows) / sizeof((rows)[0]))

static void explain_unescape__decodes__escapes(void **state)
{
	static const struct row rows[] = {
		{"", ""},
		{"  plain text  ", "  plain text  "},
		{"a\\nb\\tc\\\\d", "a\nb\tc\\d"},
		{"\\\\n", "\\n"},
		{"\\u0041\\u00e9\\u20AC\\u20ac", "Aé€€"},
		{"\\u00419", "A9"},
	};

	(void)state;
	CHECK_ALL(rows);
}

static void explain_unescape__joins__surrogate_pairs(void **state)
{
	static const struct row rows[] = {
		{"\\ud83d\\ude00", "😀"},
		{"\\uD83D\\uDE00!", "😀!"},
		{"\\udbff\\udfff", "\xf4\x8f\xbf\xbf"},
		{"\\ud83d", BAD},
		{"\\ude00", BAD},
		{"\\ude00\\ud83d", BAD BAD},
		{"\\ud83d\\ud83d\\ude00", BAD "😀"},
		{"\\ud83d x", BAD " x"},
		{"\\ud83d\\u0041", BAD "A"},
		{"\\ud83d\\\\ude00", BAD "\\ude00"},
	};

	(void)state;
	CHECK_ALL(rows);
}

static void explain_unescape__keeps__what_is_no_escape(void **state)
{
	static const struct row rows[] = {
		{"\\", "\\"},           {"\\q", "\\q"},
		{"\\r\\0", "\\r\\0"},   {"\\u", "\\u"},
		{"\\u12", "\\u12"},     {"\\u12g4", "\\u12g4"},
		{"\\U0041", "\\U0041"}, {"\\u+041", "\\u+041"},
		{"\\q\\n", "\\q\n"},    {"\xff\\n\xc3", "\xff\n\xc3"},
		{"a\r", "a\r"},
	};

	(void)state;
	CHECK_ALL(rows);
}

static void explain_unescape__carries__nul(void **state)
{
	static const char line[] = "a\0b\\u0000c\\\0";
	STRBUF_AUTO(out);

	(void)state;
	explain_unescape(&out, line, sizeof(line) - 1);
	assert_int_equal(out.len, 7);
	assert_memory_equal(out.buf, "a\0b\0c\\\0", 7);
}

static void explain_unescape__reads__no_further_than_len(void **state)
{
	STRBUF_AUTO(out);

	(void)state;
	explain_unescape(&out, "\\n", 1);
	explain_unescape(&out, "\\u0041", 5);
	assert_string_equal(out.buf, "\\\\u004");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(explain_unescape__decodes__escapes),
		cmocka_unit_test(explain_unescape__joins__surrogate_pairs),
		cmocka_unit_test(explain_unescape__keeps__what_is_no_escape),
		cmocka_unit_test(explain_unescape__carries__nul),
		cmocka_unit_test(explain_unescape__reads__no_further_than_len),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
