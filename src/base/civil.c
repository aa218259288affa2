/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* UTC calendar arithmetic; see civil.h. */
#include "base/civil.h"

#include <stdio.h>

#define MS_PER_DAY INT64_C(86400000)

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Days since 1970-01-01 of a date; the year begins in March so that the leap day is its last. */
static int64_t days_from_date(int year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = floor_div(y, 400);
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

void civil_from_ms(int64_t ms, struct civil *out)
{
	int64_t days = floor_div(ms, MS_PER_DAY);
	int64_t rest = ms - days * MS_PER_DAY;
	int64_t shifted = days + 719468;
	int64_t era = floor_div(shifted, 146097);
	int64_t doe = shifted - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	out->day = (int)(doy - (153 * mp + 2) / 5 + 1);
	out->month = (int)(mp < 10 ? mp + 3 : mp - 9);
	out->year = (int)(yoe + era * 400 + (out->month <= 2));
	out->hour = (int)(rest / 3600000);
	out->minute = (int)(rest / 60000 % 60);
	out->second = (int)(rest / 1000 % 60);
	out->millis = (int)(rest % 1000);
	out->weekday = (int)(((days + 4) % 7 + 7) % 7);
}

int64_t civil_to_ms(const struct civil *c)
{
	return days_from_date(c->year, c->month, c->day) * MS_PER_DAY + (int64_t)c->hour * 3600000 +
	       (int64_t)c->minute * 60000 + (int64_t)c->second * 1000 + c->millis;
}

void civil_stamp(int64_t ms, char out[CIVIL_STAMP_MAX])
{
	struct civil c;

	civil_from_ms(ms, &c);
	(void)snprintf(out, CIVIL_STAMP_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year, c.month,
		       c.day, c.hour, c.minute, c.second, c.millis);
}
