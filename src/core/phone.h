/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Telephone numbers: foreign text in, E.164 and a class out. Pure; no look-ups.
 * Sources: ITU-T E.164, the North American Numbering Plan (NANPA), lengths per country code.
 */
#ifndef PHONE_H
#define PHONE_H

#include "roomline/types.h"

#include <stdbool.h>
#include <stddef.h>

enum phone_class {
	PHONE_GEOGRAPHIC,    /* +1 with a known area code: can be a mobile */
	PHONE_UNKNOWN_AREA,  /* +1 with an area code we do not know: accepted, strictest hours */
	PHONE_INTERNATIONAL, /* any other country, plausible length */
	PHONE_TOLL_FREE,     /* +1 800 833 844 855 866 877 888 */
	PHONE_PREMIUM,       /* +1 900 */
	PHONE_PERSONAL,      /* +1 5XX personal and machine numbers */
	PHONE_SPECIAL,       /* +1 600 622 700 710 and others that nobody texts */
	PHONE_FICTITIOUS,    /* +1 NPA 555-01XX: reserved for fiction and tests */
	PHONE_SHORT_CODE,    /* 3 to 8 digits without '+': can text us, is not texted by us */
};

enum phone_error {
	PHONE_OK,
	PHONE_EMPTY,
	PHONE_BAD_CHARACTER, /* letters, two numbers in one field, ... */
	PHONE_EXTENSION,     /* "x12": an extension cannot be texted */
	PHONE_TOO_SHORT,
	PHONE_TOO_LONG,
	PHONE_BAD_COUNTRY,  /* no such country code, or a region we do not know */
	PHONE_BAD_AREA,     /* +1: area code is no area code (0XX, 1XX, N11, ...) */
	PHONE_BAD_EXCHANGE, /* +1: exchange is none (0XX, 1XX, N11) */
};

/* Parses any usual way of writing ("(415) 555-2671", "+44 20 7946 0958", "0044...", full-width
 * digits). region: ISO 3166 two letters whose national form is assumed where there is no
 * international prefix, or NULL for "international form only". Short codes are accepted only by
 * phone_parse_sender(). */
enum phone_error phone_parse(const char *text, size_t len, const char *region,
			     struct phone *phone_out);
/* The same for the "from" of an inbound text, which may be a short code. */
enum phone_error phone_parse_sender(const char *text, size_t len, const char *region,
				    struct phone *phone_out);

enum phone_class phone_classify(const struct phone *phone);
bool phone_is_textable(enum phone_class c); /* whether we may text this class (fiction included) */
bool phone_equal(const struct phone *a, const struct phone *b);

/* Lower-case words for output and logs: "geographic", "toll_free", ... and "too_short", ... */
const char *phone_class_word(enum phone_class c);
const char *phone_error_word(enum phone_error e);
/* For sentences: "it is too short"; "toll-free numbers". */
const char *phone_error_reason(enum phone_error e);
const char *phone_class_name(enum phone_class c);

#endif
