/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Calendar arithmetic in UTC without the C library's process-wide time zone.
 * Source of the day count: the proleptic Gregorian calendar, era of 400 years.
 */
#ifndef CIVIL_H
#define CIVIL_H

#include <stdint.h>

#define CIVIL_STAMP_MAX 32

struct civil {
	int year;
	int month;   /* 1..12 */
	int day;     /* 1..31 */
	int hour;    /* 0..23 */
	int minute;  /* 0..59 */
	int second;  /* 0..59 */
	int millis;  /* 0..999 */
	int weekday; /* 0 = Sunday */
};

void civil_from_ms(int64_t ms, struct civil *out);
int64_t civil_to_ms(const struct civil *c);              /* weekday is not looked at */
void civil_stamp(int64_t ms, char out[CIVIL_STAMP_MAX]); /* "2026-11-24T08:00:00.123Z" */

#endif
