/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Folding of names for search. */
#include "base/fold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void check(const char *text, const char *folded)
{
	STRBUF_AUTO(out);

	utf8_fold(&out, text, strlen(text));
	assert_string_equal(out.buf, folded);
}

static void utf8_fold__forgives__case_marks_and_width(void **state)
{
	(void)state;
	check("", "");
	check("Pat RILEY-7", "pat riley-7");
	check("JOSÉ", "jose");
	check("Jose\xCC\x81", "jose");
	check("Straße", "strasse");
	check("ＰＡＴ", "pat");
	check("ﬁn", "fin");
	check("ΣΊΣΥΦΟΣ", "σισυφοσ");
	check("Иван", "иван");
	check("田中 👋", "田中 👋");
}

static void utf8_fold__survives__bad_bytes_and_the_longest_expansion(void **state)
{
	(void)state;
	check("a\xFFZ", "a\xEF\xBF\xBDz");
	check("\xC3", "\xEF\xBF\xBD");
	check("\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"); /* a lone surrogate */
	check("\uFDFA", "صلى الله عليه وسلم");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_fold__forgives__case_marks_and_width),
		cmocka_unit_test(utf8_fold__survives__bad_bytes_and_the_longest_expansion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
