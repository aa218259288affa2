/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * How many SMS segments a text takes. Pure.
 * Source: 3GPP TS 23.038 (default alphabet and its extension), 23.040 (concatenation, 8-bit
 * reference: 153 septets or 67 UTF-16 units a part).
 */
#ifndef GSM7_H
#define GSM7_H

#include <stddef.h>

enum sms_encoding { SMS_GSM7, SMS_UCS2 };

struct segment_count {
	enum sms_encoding encoding;
	int segments; /* an empty text is 1 */
	int units;    /* septets (an extension character is 2) or UTF-16 code units */
};

/* text is UTF-8; an invalid byte counts as U+FFFD. A pair of septets or surrogates is never split
 * over two parts, so that a part can be one unit short. */
void gsm7_count(const char *text, size_t len, struct segment_count *out);

const char *sms_encoding_word(enum sms_encoding e); /* "GSM-7" "UCS-2" */

#endif
