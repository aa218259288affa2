/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Telephone numbers; the contract is in phone.h.
 *
 * Read in two steps: phone_scan() makes digits of the text, then the digits are read in the ways a
 * person of the region may have meant them (after a plus, after an exit prefix, as a national
 * number with or without the trunk prefix, with the country code and no plus), and the first way
 * that gives a possible number wins. libphonenumber was measured and left out: it is C++ with three
 * large libraries behind it, and a distribution's copy is years older than the area codes in use.
 */
#include "core/phone.h"

#include "base/xalloc.h"
#include "core/phone_scan.h"
#include "core/phone_tables.h"

#include <stdio.h>
#include <string.h>

#define ARGENTINA_CODE 54
#define NATIONAL_MAX 15
#define SHORT_CODE_MIN 3
#define SHORT_CODE_MAX 8
/* A number of this length that begins with the region's own country code is meant to be
 * international; shorter ones may be national numbers that happen to begin so. */
#define CODE_WITHOUT_PLUS_MIN 11

static bool is_possible(const struct phone_country *country, size_t len)
{
	return len <= NATIONAL_MAX && (country->lengths >> len & 1) != 0;
}

/* Length of the word at p in a list with single spaces, and where the next one begins. */
static size_t word_length(const char *p, const char **next_out)
{
	size_t len = strcspn(p, " ");

	*next_out = p + len + (p[len] == ' ');
	return len;
}

/* Argentina dials a mobile as area, 15, number at home and as 9, area, number from abroad. The area
 * is 11 or has three or four digits, so that at most one place can hold the 15. */
static void rewrite_argentine_mobile(char digits[NATIONAL_MAX + 1])
{
	char *d = digits + (digits[0] == '0');

	if (strlen(d) != 12)
		return;
	for (size_t area = 2; area <= 4; area++) {
		if (strncmp(d + area, "15", 2) == 0 && (area > 2 || strncmp(d, "11", 2) == 0)) {
			char number[NATIONAL_MAX + 1];

			(void)snprintf(number, sizeof(number), "9%.*s%s", (int)area, d,
				       d + area + 2);
			memcpy(digits, number, sizeof(number));
			return;
		}
	}
}

/* The rest of digits behind a trunk prefix of the country, NULL if there is none to drop. It goes
 * where the number would not be possible with it, and also where it is a 0: nobody's number begins
 * with the 0 it is dialled after. */
static const char *skip_trunk(const struct phone_country *country, const char *digits)
{
	size_t len = strlen(digits);
	const char *next;

	for (const char *word = country->trunk; *word; word = next) {
		size_t n = word_length(word, &next);

		if (strncmp(digits, word, n) == 0 && is_possible(country, len - n) &&
		    (word[0] == '0' || !is_possible(country, len)))
			return digits + n;
	}
	return NULL;
}

static enum phone_error compose(const struct phone_country *country, const char *national,
				struct phone *out)
{
	size_t len = strlen(national);
	enum phone_error error;

	if (!is_possible(country, len))
		return country->lengths >> len ? PHONE_TOO_SHORT : PHONE_TOO_LONG;
	error = country->code == NANP_CODE ? nanp_check(national) : PHONE_OK;
	if (error == PHONE_OK &&
	    snprintf(out->e164, sizeof(out->e164), "+%u%s", country->code, national) >= PHONE_MAX)
		BUG("the lengths of +%u are too large", country->code);
	return error;
}

/* Digits after a country code or in national form, with whatever else people leave in. */
static enum phone_error read_national(const struct phone_country *country, const char *digits,
				      struct phone *out)
{
	char plain[NATIONAL_MAX + 1];
	const char *national = plain;

	if (!STR_COPY(plain, digits))
		return PHONE_TOO_LONG;
	if (country->code == ARGENTINA_CODE)
		rewrite_argentine_mobile(plain);
	for (const char *rest = national; rest; rest = skip_trunk(country, national))
		national = rest;
	return compose(country, national, out);
}

static enum phone_error read_international(const char *digits, struct phone *out)
{
	size_t code_len;
	const struct phone_country *country = phone_country_of_digits(digits, &code_len);
	enum phone_error error;

	if (!country)
		return digits[0] ? PHONE_BAD_COUNTRY : PHONE_TOO_SHORT;
	digits += code_len;
	error = read_national(country, digits, out);
	/* "+1 (0) 415 ...": the zero of another country's habit. */
	if (error == PHONE_TOO_LONG && digits[0] == '0')
		error = read_national(country, digits + 1, out);
	return error;
}

/* Digits after one of the exit prefixes of a country, or after 00, which is understood everywhere.
 * PHONE_EMPTY: there is no exit prefix. */
static enum phone_error read_exit(const char *exits, const char *digits, struct phone *out)
{
	enum phone_error error = PHONE_EMPTY;
	const char *next;

	for (const char *word = exits; *word && error != PHONE_OK; word = next) {
		size_t n = word_length(word, &next);

		if (strncmp(digits, word, n) == 0)
			error = read_international(digits + n, out);
	}
	if (error != PHONE_OK && strncmp(digits, "00", 2) == 0)
		error = read_international(digits + 2, out);
	return error;
}

/* The region's country code without a plus: "447911123456" in GB. */
static bool has_own_code(const struct phone_country *country, const char *digits)
{
	size_t code_len;
	size_t len = strlen(digits);

	return phone_country_of_digits(digits, &code_len) == country &&
	       is_possible(country, len - code_len) &&
	       (len >= CODE_WITHOUT_PLUS_MIN || !is_possible(country, len));
}

static enum phone_error read_in_region(const char *region, const char *digits, struct phone *out)
{
	const struct phone_country *country = phone_country_of_region(region);
	const char *area = nanp_only_area(region);
	char local[NATIONAL_MAX + 1];
	enum phone_error exit_error;
	enum phone_error error;

	if (!country)
		return PHONE_BAD_COUNTRY;
	exit_error = read_exit(country->exit, digits, out);
	/* Other exit prefixes may also begin a national number; 00 never does. */
	if (exit_error == PHONE_OK || strncmp(digits, "00", 2) == 0)
		return exit_error;
	if (has_own_code(country, digits))
		return read_international(digits, out);
	if (area && strlen(digits) == 7) {
		(void)snprintf(local, sizeof(local), "%s%.7s", area, digits);
		return read_national(country, local, out);
	}
	error = read_national(country, digits, out);
	/* What began like an international number failed as one. */
	return error != PHONE_OK && exit_error != PHONE_EMPTY ? exit_error : error;
}

static enum phone_error read_digits(const struct phone_digits *digits, const char *region,
				    struct phone *out)
{
	enum phone_error error;

	if (digits->plus)
		return read_international(digits->text, out);
	if (region)
		return read_in_region(region, digits->text, out);
	error = read_exit("", digits->text, out);
	return error == PHONE_EMPTY ? PHONE_BAD_COUNTRY : error;
}

enum phone_error phone_parse(const char *text, size_t len, const char *region,
			     struct phone *phone_out)
{
	struct phone_digits digits;
	enum phone_error error = phone_scan(text, len, &digits);

	phone_out->e164[0] = '\0';
	return error == PHONE_OK ? read_digits(&digits, region, phone_out) : error;
}

/* Six digits and fewer are a short code even where a national number could be so short (an open
 * plan, a small island): those arrive from a provider in international form. */
enum phone_error phone_parse_sender(const char *text, size_t len, const char *region,
				    struct phone *phone_out)
{
	struct phone_digits digits;
	enum phone_error error = phone_scan(text, len, &digits);
	bool may_be_short = error == PHONE_OK && !digits.plus && digits.len >= SHORT_CODE_MIN &&
			    digits.len <= SHORT_CODE_MAX;

	phone_out->e164[0] = '\0';
	if (error != PHONE_OK)
		return error;
	if (!may_be_short || digits.len > 6)
		error = read_digits(&digits, region, phone_out);
	if (may_be_short && phone_out->e164[0] == '\0') {
		(void)STR_COPY(phone_out->e164, digits.text);
		return PHONE_OK;
	}
	return error;
}

enum phone_class phone_classify(const struct phone *phone)
{
	/* Codes that are shared by the world and belong to services, not to people. */
	static const struct {
		const char *prefix;
		enum phone_class class;
	} services[] = {{"+800", PHONE_SPECIAL}, {"+808", PHONE_SPECIAL}, {"+979", PHONE_PREMIUM}};

	if (phone->e164[0] != '+')
		return PHONE_SHORT_CODE;
	if (phone->e164[1] == '1' && strlen(phone->e164) == 12)
		return nanp_classify(phone->e164 + 2);
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		if (strncmp(phone->e164, services[i].prefix, 4) == 0)
			return services[i].class;
	}
	return PHONE_INTERNATIONAL;
}

bool phone_is_textable(enum phone_class c)
{
	switch (c) {
	case PHONE_GEOGRAPHIC:
	case PHONE_UNKNOWN_AREA:
	case PHONE_INTERNATIONAL:
	case PHONE_FICTITIOUS:
		return true;
	case PHONE_TOLL_FREE:
	case PHONE_PREMIUM:
	case PHONE_PERSONAL:
	case PHONE_SPECIAL:
	case PHONE_SHORT_CODE:
		return false;
	}
	BUG("unknown number class %d", (int)c);
}

bool phone_equal(const struct phone *a, const struct phone *b)
{
	return strcmp(a->e164, b->e164) == 0;
}

const char *phone_class_word(enum phone_class c)
{
	static const char *const words[] = {
		[PHONE_GEOGRAPHIC] = "geographic",
		[PHONE_UNKNOWN_AREA] = "unknown_area",
		[PHONE_INTERNATIONAL] = "international",
		[PHONE_TOLL_FREE] = "toll_free",
		[PHONE_PREMIUM] = "premium",
		[PHONE_PERSONAL] = "personal",
		[PHONE_SPECIAL] = "special",
		[PHONE_FICTITIOUS] = "fictitious",
		[PHONE_SHORT_CODE] = "short_code",
	};

	return words[c];
}

const char *phone_error_word(enum phone_error e)
{
	static const char *const words[] = {
		[PHONE_OK] = "ok",
		[PHONE_EMPTY] = "empty",
		[PHONE_BAD_CHARACTER] = "bad_character",
		[PHONE_EXTENSION] = "extension",
		[PHONE_TOO_SHORT] = "too_short",
		[PHONE_TOO_LONG] = "too_long",
		[PHONE_BAD_COUNTRY] = "bad_country",
		[PHONE_BAD_AREA] = "bad_area",
		[PHONE_BAD_EXCHANGE] = "bad_exchange",
	};

	return words[e];
}

const char *phone_error_reason(enum phone_error e)
{
	static const char *const reasons[] = {
		[PHONE_OK] = "it is fine",
		[PHONE_EMPTY] = "there are no digits in it",
		[PHONE_BAD_CHARACTER] = "there is something in it that belongs to no number",
		[PHONE_EXTENSION] = "an extension cannot be texted",
		[PHONE_TOO_SHORT] = "it is too short",
		[PHONE_TOO_LONG] = "it is too long",
		[PHONE_BAD_COUNTRY] = "there is no such country code",
		[PHONE_BAD_AREA] = "there is no such area code",
		[PHONE_BAD_EXCHANGE] = "there is no such number in that area",
	};

	return reasons[e];
}

const char *phone_class_name(enum phone_class c)
{
	static const char *const names[] = {
		[PHONE_GEOGRAPHIC] = "usual numbers",
		[PHONE_UNKNOWN_AREA] = "numbers of an area we do not know",
		[PHONE_INTERNATIONAL] = "numbers of other countries",
		[PHONE_TOLL_FREE] = "toll-free numbers",
		[PHONE_PREMIUM] = "premium-rate numbers",
		[PHONE_PERSONAL] = "personal (5XX) numbers",
		[PHONE_SPECIAL] = "numbers for special services",
		[PHONE_FICTITIOUS] = "fictitious numbers",
		[PHONE_SHORT_CODE] = "short codes",
	};

	return names[c];
}
