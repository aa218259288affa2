/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* How much two words differ. */
#include "base/likeness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* after the four above, as it wants */
#include <cmocka.h>

static void word_distance__counts__letters_to_change(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		size_t distance;
	} cases[] = {
		{"", "", 0},
		{"", "run", 3},
		{"run", "", 3},
		{"run", "run", 0},
		{"restor", "restore", 1},
		{"restorre", "restore", 1},
		{"helth", "health", 1},
		{"rnu", "run", 2},
		{"check", "chock", 1},
		{"kitten", "sitting", 3},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(word_distance(cases[i].a, cases[i].b), cases[i].distance);
}

static void word_distance__bears__long_words(void **state)
{
	char word[1000];

	(void)state;
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	assert_true(word_distance(word, word) >= LIKENESS_FAR);
	assert_true(word_distance("run", word) >= LIKENESS_FAR);
	assert_true(word_distance(word, "run") >= LIKENESS_FAR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(word_distance__counts__letters_to_change),
		cmocka_unit_test(word_distance__bears__long_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
