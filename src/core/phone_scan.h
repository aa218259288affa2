/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The digits of a telephone number out of foreign text. Only phone.c includes this. */
#ifndef PHONE_SCAN_H
#define PHONE_SCAN_H

#include "core/phone.h"

/* An exit prefix (up to 5 digits), E.164 (up to 15) and no more; two numbers do not fit. */
#define PHONE_DIGITS_MAX 20

struct phone_digits {
	char text[PHONE_DIGITS_MAX + 1]; /* ASCII digits, terminated */
	size_t len;                      /* at least 1 */
	bool plus;                       /* a plus came before the first digit */
};

/* PHONE_OK, PHONE_EMPTY (no digit at all), PHONE_BAD_CHARACTER, PHONE_EXTENSION, PHONE_TOO_LONG. */
enum phone_error phone_scan(const char *text, size_t len, struct phone_digits *out);

#endif
