/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Log lines: one line each, and no personal data in them. */
#include "base/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void log_phone__hides__the_middle(void **state)
{
	(void)state;
	assert_string_equal(log_phone("+15551230123"), "+1******0123");
	assert_string_equal(log_phone("+442079460958"), "+4*******0958");
	assert_string_equal(log_phone("384387"), "******");
	assert_string_equal(log_phone("12345678"), "****5678");
	assert_string_equal(log_phone("911"), "***");
	assert_string_equal(log_phone("+12345"), "******");
	assert_string_equal(log_phone(""), "");
}

static void log_phone__allows__two_in_one_call(void **state)
{
	char line[64];

	(void)state;
	(void)snprintf(line, sizeof(line), "%s %s", log_phone("+14155550100"),
		       log_phone("+14155550199"));
	assert_string_equal(line, "+1******0100 +1******0199");
}

static void log_phone__survives__a_long_text(void **state)
{
	char text[2000];

	(void)state;
	memset(text, '7', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_true(strlen(log_phone(text)) < 256);
	assert_null(strstr(log_phone(text), "77777"));
}

static void log_quote__escapes__what_could_forge_a_line(void **state)
{
	(void)state;
	assert_string_equal(log_quote("plain"), "\"plain\"");
	assert_string_equal(log_quote(""), "\"\"");
	assert_string_equal(log_quote("a b"), "\"a b\"");
	assert_string_equal(log_quote("a\"b\\c"), "\"a\\\"b\\\\c\"");
	assert_string_equal(log_quote("x\nerror forged\r\t\33"),
			    "\"x\\x0aerror forged\\x0d\\x09\\x1b\"");
	assert_string_equal(log_quote("é"), "\"é\"");
}

static void log_quote__cuts__a_long_text(void **state)
{
	char text[2000];
	const char *quoted;
	size_t len;

	(void)state;
	memset(text, '\n', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	quoted = log_quote(text);
	len = strlen(quoted);
	assert_in_range(len, 200, 255);
	assert_int_equal(quoted[len - 1], '"');
}

/* What log_line() wrote to stderr. */
static size_t capture(char *out, size_t size, enum log_level threshold, enum log_level level)
{
	int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	FILE *file = tmpfile();
	size_t n;

	assert_true(saved >= 0);
	assert_non_null(file);
	assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
	log_set_level(threshold);
	log_line(level, "sms.accepted message=%d", 12);
	log_set_level(LOG_INFO);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	(void)close(saved);
	rewind(file);
	n = fread(out, 1, size - 1, file);
	(void)fclose(file);
	out[n] = '\0';
	return n;
}

static void log_line__writes__stamp_level_and_event(void **state)
{
	char line[200];

	(void)state;
	assert_true(capture(line, sizeof(line), LOG_INFO, LOG_WARN) > 0);
	assert_int_equal(strspn(line, "0123456789-T:.Z"), 24);
	assert_string_equal(line + 24, " warn sms.accepted message=12\n");
}

static void log_line__obeys__the_level(void **state)
{
	char line[200];

	(void)state;
	assert_int_equal(capture(line, sizeof(line), LOG_INFO, LOG_DEBUG), 0);
	assert_int_equal(capture(line, sizeof(line), LOG_ERROR, LOG_WARN), 0);
	assert_true(capture(line, sizeof(line), LOG_DEBUG, LOG_DEBUG) > 0);
	assert_true(capture(line, sizeof(line), LOG_ERROR, LOG_ERROR) > 0);
}

static void log_parse_level__knows__four_words(void **state)
{
	enum log_level level = LOG_ERROR;

	(void)state;
	assert_true(log_parse_level("debug", &level));
	assert_int_equal(level, LOG_DEBUG);
	assert_true(log_parse_level("error", &level));
	assert_int_equal(level, LOG_ERROR);
	assert_false(log_parse_level("loud", &level));
	assert_false(log_parse_level("", &level));
	assert_int_equal(level, LOG_ERROR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(log_phone__hides__the_middle),
		cmocka_unit_test(log_phone__allows__two_in_one_call),
		cmocka_unit_test(log_phone__survives__a_long_text),
		cmocka_unit_test(log_quote__escapes__what_could_forge_a_line),
		cmocka_unit_test(log_quote__cuts__a_long_text),
		cmocka_unit_test(log_line__writes__stamp_level_and_event),
		cmocka_unit_test(log_line__obeys__the_level),
		cmocka_unit_test(log_parse_level__knows__four_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
