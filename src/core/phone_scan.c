/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * First half of phone.c: from foreign text to ASCII digits and one fact, whether a plus came first.
 *
 * What is between digits is judged by its Unicode category, not by a list of characters, so that
 * what a contacts app, a spreadsheet or a phone in another script pastes is read too: any decimal
 * digit counts, any dash or space separates, invisible format characters (bidi marks, zero-width
 * joiners) are nothing.
 */
#include "core/phone_scan.h"

#include "base/utf8.h"

#include <string.h>
#include <strings.h>
#include <utf8proc.h>

/* Fewer digits than this before an "x" are no number that could have an extension. */
#define EXTENSION_AFTER 7
#define EXTENSION_DIGITS_MAX 9
#define E164_DIGITS_MAX 15

enum glyph { GLYPH_DIGIT, GLYPH_PLUS, GLYPH_SEPARATOR, GLYPH_SLASH, GLYPH_NOTHING, GLYPH_FOREIGN };

/* Decimal digits come in runs of ten, from zero up (Unicode stability policy). */
static char ascii_digit(int32_t cp)
{
	int32_t zero = cp;

	while (utf8proc_category(zero - 1) == UTF8PROC_CATEGORY_ND)
		zero--;
	return (char)('0' + (cp - zero) % 10);
}

static enum glyph punctuation_glyph(int32_t cp)
{
	switch (cp) {
	case '+':
	case 0xFE62: /* small and full-width plus */
	case 0xFF0B:
		return GLYPH_PLUS;
	case '/':
	case 0x2044: /* fraction slash, division slash, full-width */
	case 0x2215:
	case 0xFF0F:
		return GLYPH_SLASH;
	case '\t':
	case '~': /* "8~10": wait for the tone */
	case '.':
	case '(':
	case ')':
	case '[':
	case ']':
	case 0x00B7: /* middle dot */
	case 0x2022: /* bullet */
	case 0x2024: /* one dot leader */
	case 0x2043: /* hyphen bullet */
	case 0x2212: /* minus */
	case 0x30FC: /* prolonged sound mark, typed for a dash */
	case 0xFF08: /* full-width parentheses, stop and brackets */
	case 0xFF09:
	case 0xFF0E:
	case 0xFF3B:
	case 0xFF3D:
		return GLYPH_SEPARATOR;
	default:
		return GLYPH_FOREIGN;
	}
}

static enum glyph glyph_of(int32_t cp)
{
	utf8proc_category_t category = utf8proc_category(cp);

	if (category == UTF8PROC_CATEGORY_ND)
		return GLYPH_DIGIT;
	if (category == UTF8PROC_CATEGORY_PD || category == UTF8PROC_CATEGORY_ZS)
		return GLYPH_SEPARATOR;
	if (category == UTF8PROC_CATEGORY_CF)
		return GLYPH_NOTHING;
	return punctuation_glyph(cp);
}

static const char *skip_prefix(const char *p, const char *end, const char *prefix)
{
	size_t len = strlen(prefix);

	return (size_t)(end - p) >= len && strncasecmp(p, prefix, len) == 0 ? p + len : NULL;
}

static const char *skip_any(const char *p, const char *end, const char *set)
{
	while (p < end && *p && strchr(set, *p))
		p++;
	return p;
}

/* Whether all that is left is an extension: "ext. 12", "x12", "#12", ";ext=12". */
static bool is_extension(const char *p, const char *end)
{
	static const char *const markers[] = {";ext=", "extension", "extn", "ext",
					      "xtn",   "x",         "#",    "доб"};
	const char *digits = NULL;
	const char *rest;

	for (size_t i = 0; i < sizeof(markers) / sizeof(markers[0]) && !digits; i++)
		digits = skip_prefix(p, end, markers[i]);
	if (!digits)
		return false;
	digits = skip_any(digits, end, " \t.:=#-");
	rest = skip_any(digits, end, "0123456789");
	return rest > digits && rest - digits <= EXTENSION_DIGITS_MAX &&
	       skip_any(rest, end, " \t.)") == end;
}

/* The borders of a field, and the scheme of a link, are no part of the number. */
static void trim_field(const char **p, const char **end)
{
	static const char *const schemes[] = {"tel:", "sms:"};

	*p = skip_any(*p, *end, " \t\r\n");
	while (*end > *p && strchr(" \t\r\n", (*end)[-1]) && (*end)[-1])
		(*end)--;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		const char *after = skip_prefix(*p, *end, schemes[i]);

		if (after)
			*p = after;
	}
}

enum phone_error phone_scan(const char *text, size_t len, struct phone_digits *out)
{
	const char *p = text;
	const char *end = text + len;
	size_t count = 0;
	bool slash = false;

	memset(out, 0, sizeof(*out));
	trim_field(&p, &end);
	while (p < end) {
		const char *at = p;
		int32_t cp;

		p += utf8_decode(p, end, &cp);
		switch (glyph_of(cp)) {
		case GLYPH_DIGIT:
			if (count < PHONE_DIGITS_MAX)
				out->text[count] = ascii_digit(cp);
			count++;
			break;
		case GLYPH_PLUS:
			if (out->plus || count > 0)
				return PHONE_BAD_CHARACTER;
			out->plus = true;
			break;
		case GLYPH_SLASH:
			slash = true;
			break;
		case GLYPH_FOREIGN:
			return count >= EXTENSION_AFTER && is_extension(at, end)
				       ? PHONE_EXTENSION
				       : PHONE_BAD_CHARACTER;
		case GLYPH_SEPARATOR:
		case GLYPH_NOTHING:
			break;
		}
	}
	if (count == 0)
		return PHONE_EMPTY;
	/* "030/1234567" is one number, "4155552671/4155552672" is two. */
	if (slash && count > E164_DIGITS_MAX)
		return PHONE_BAD_CHARACTER;
	if (count > PHONE_DIGITS_MAX)
		return PHONE_TOO_LONG;
	out->len = count;
	return PHONE_OK;
}
