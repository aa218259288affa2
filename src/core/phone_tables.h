/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The data behind phone.c: numbering plans per country code and the area codes of +1.
 * Only phone.c and its tests include this.
 */
#ifndef PHONE_TABLES_H
#define PHONE_TABLES_H

#include "core/phone.h"

#include <stddef.h>
#include <stdint.h>

#define NANP_CODE 1

/* Lists are words with single spaces between; "" is none. */
struct phone_country {
	uint16_t code;
	uint16_t lengths;    /* bit n: n digits after the country code are possible */
	const char *trunk;   /* what is dialled before a national number and not sent abroad */
	const char *exit;    /* what is dialled before a country code, where it is not only 00 */
	const char *regions; /* ISO 3166-1 alpha-2 */
};

/* Both return NULL where there is none. The first digits decide: no code begins another. */
const struct phone_country *phone_country_of_digits(const char *digits, size_t *code_len_out);
const struct phone_country *phone_country_of_region(const char *region);

/* national: ten digits, already checked by nanp_check() for the class. */
enum phone_error nanp_check(const char *national);
enum phone_class nanp_classify(const char *national);
/* The area code of a region that has only one, so that people write seven digits; or NULL. */
const char *nanp_only_area(const char *region);

#endif
