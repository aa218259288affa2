/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Dates against known days, and against the C library over a thousand years. */
#include "base/civil.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#define DAY INT64_C(86400000)

static void check_stamp(int64_t ms, const char *want)
{
	char stamp[CIVIL_STAMP_MAX];

	civil_stamp(ms, stamp);
	assert_string_equal(stamp, want);
}

static void civil_stamp__writes__known_moments(void **state)
{
	(void)state;
	check_stamp(0, "1970-01-01T00:00:00.000Z");
	check_stamp(1, "1970-01-01T00:00:00.001Z");
	check_stamp(-1, "1969-12-31T23:59:59.999Z");
	check_stamp(INT64_C(951782400000), "2000-02-29T00:00:00.000Z");
	check_stamp(INT64_C(1709164800000), "2024-02-29T00:00:00.000Z");
	check_stamp(INT64_C(1795507200123), "2026-11-24T08:00:00.123Z");
	check_stamp(INT64_C(2147483647999), "2038-01-19T03:14:07.999Z");
	check_stamp(INT64_C(4107542400000), "2100-03-01T00:00:00.000Z");
	check_stamp(INT64_C(-2203891200000), "1900-03-01T00:00:00.000Z");
}

static void civil_from_ms__agrees__with_the_c_library(void **state)
{
	(void)state;
	for (int64_t day = -200000; day < 400000; day += 37) {
		time_t seconds = (time_t)(day * 86400 + day % 86400);
		struct civil c;
		struct tm tm;

		civil_from_ms((int64_t)seconds * 1000, &c);
		assert_non_null(gmtime_r(&seconds, &tm));
		assert_int_equal(c.year, tm.tm_year + 1900);
		assert_int_equal(c.month, tm.tm_mon + 1);
		assert_int_equal(c.day, tm.tm_mday);
		assert_int_equal(c.hour, tm.tm_hour);
		assert_int_equal(c.minute, tm.tm_min);
		assert_int_equal(c.second, tm.tm_sec);
		assert_int_equal(c.weekday, tm.tm_wday);
	}
}

static void civil_to_ms__inverts__civil_from_ms(void **state)
{
	(void)state;
	for (int64_t ms = -250000 * DAY; ms < 250000 * DAY; ms += 9 * DAY + 12345678) {
		struct civil c;

		civil_from_ms(ms, &c);
		assert_true(civil_to_ms(&c) == ms);
		assert_in_range(c.millis, 0, 999);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(civil_stamp__writes__known_moments),
		cmocka_unit_test(civil_from_ms__agrees__with_the_c_library),
		cmocka_unit_test(civil_to_ms__inverts__civil_from_ms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
