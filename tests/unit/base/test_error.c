/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Sentences of errors and bounded copies: cut where they must be, but never within a character. */
#include "base/utf8.h"
#include "base/xalloc.h"
#include "roomline/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void error_set__fills__kind_and_sentence(void **state)
{
	struct error err = {0};

	(void)state;
	assert_int_equal(error_set(&err, ERR_STATE, "There is no text %d.", 12), -1);
	assert_int_equal(err.kind, ERR_STATE);
	assert_string_equal(err.text, "There is no text 12.");
	assert_int_equal(error_set(NULL, ERR_IO, "nobody cares"), -1);
}

static void error_set__cuts__between_characters(void **state)
{
	char name[400];
	struct error err;

	(void)state;
	for (size_t shift = 0; shift < 4; shift++) {
		memset(name, 'a', shift);
		for (size_t i = shift; i + 4 < sizeof(name); i += 4)
			memcpy(name + i, "😀", 5);
		(void)error_set(&err, ERR_INPUT, "%s", name);
		assert_true(utf8_valid(err.text, strlen(err.text)));
		assert_true(strlen(err.text) > sizeof(err.text) - 5);
	}
}

static void str_copy__cuts__between_characters(void **state)
{
	char out[8];

	(void)state;
	assert_true(STR_COPY(out, "aé€"));
	assert_string_equal(out, "aé€");
	assert_true(STR_COPY(out, "aaa😀"));
	assert_string_equal(out, "aaa😀");
	assert_false(STR_COPY(out, "aaaa😀"));
	assert_string_equal(out, "aaaa");
	assert_false(STR_COPY(out, "aaaaaaaa"));
	assert_string_equal(out, "aaaaaaa");
	assert_false(STR_COPY(out, "\x80\x80\x80\x80\x80\x80\x80\x80"));
	assert_int_equal(strlen(out), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(error_set__fills__kind_and_sentence),
		cmocka_unit_test(error_set__cuts__between_characters),
		cmocka_unit_test(str_copy__cuts__between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
