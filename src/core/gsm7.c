/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Counting SMS segments; see gsm7.h.
 *
 * The alphabet is written as text, so that a reader can compare it with the standard. What a text
 * costs is the only thing asked, so there is no encoder.
 */
#include "core/gsm7.h"

#include "base/utf8.h"
#include "base/xalloc.h"

#include <ctype.h>
#include <string.h>

struct part_size {
	int single; /* units of a text that is sent in one part */
	int each;   /* units of a part of a longer one, the rest is its header */
};

static const struct part_size part_sizes[] = {
	[SMS_GSM7] = {160, 153},
	[SMS_UCS2] = {70, 67},
};

/* The letters of the default alphabet that are not ASCII, row by row, then the one of the
 * extension. Of ASCII all printable characters, LF and CR are in it but the grave accent; form
 * feed and the eight of ascii_pairs are in the extension. */
static const char singles[] = "£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà";
static const char pairs[] = "€";
static const char ascii_pairs[] = "\f^{}\\[~]|";

static bool has_character(const char *set, int32_t wanted)
{
	const char *end = set + strlen(set);
	int32_t cp;

	while (set < end) {
		set += utf8_decode(set, end, &cp);
		if (cp == wanted)
			return true;
	}
	return false;
}

/* Septets of a character, or 0 if the alphabet lacks it. */
static int septets_of(int32_t cp)
{
	if (cp < 0x80) {
		if (isalnum(cp) || cp == ' ' || cp == '\n' || cp == '\r')
			return 1;
		if (cp != 0 && strchr(ascii_pairs, cp))
			return 2;
		return cp >= ' ' && cp != '`' && cp != 0x7F;
	}
	if (has_character(singles, cp))
		return 1;
	return has_character(pairs, cp) ? 2 : 0;
}

static int utf16_units_of(int32_t cp)
{
	return cp >= 0x10000 ? 2 : 1;
}

static enum sms_encoding choose_encoding(const char *text, size_t len)
{
	const char *end = text + len;
	int32_t cp;

	while (text < end) {
		text += utf8_decode(text, end, &cp);
		if (septets_of(cp) == 0)
			return SMS_UCS2;
	}
	return SMS_GSM7;
}

void gsm7_count(const char *text, size_t len, struct segment_count *out)
{
	const char *end = text + len;
	enum sms_encoding encoding = choose_encoding(text, len);
	const struct part_size *size = &part_sizes[encoding];
	int in_part = 0;
	int32_t cp;

	*out = (struct segment_count){.encoding = encoding, .segments = 1};
	while (text < end) {
		int units;

		text += utf8_decode(text, end, &cp);
		units = encoding == SMS_GSM7 ? septets_of(cp) : utf16_units_of(cp);
		if (in_part + units > size->each) {
			out->segments++;
			in_part = 0;
		}
		in_part += units;
		out->units += units;
	}
	if (out->units <= size->single)
		out->segments = 1;
}

const char *sms_encoding_word(enum sms_encoding e)
{
	switch (e) {
	case SMS_GSM7:
		return "GSM-7";
	case SMS_UCS2:
		return "UCS-2";
	}
	BUG("unknown encoding %d", (int)e);
}
