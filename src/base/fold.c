/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Folding for search, one code point at a time with utf8proc's tables, so that a bad byte becomes
 * U+FFFD instead of an error. Unicode 5.18 D145 (compatibility caseless match), marks dropped.
 */
#include "base/fold.h"

#include "base/utf8.h"

#include <ctype.h>
#include <utf8proc.h>

#define DECOMPOSED_MAX 18 /* U+FDFA, the longest there is */

void utf8_fold(struct strbuf *out, const char *s, size_t len)
{
	const utf8proc_option_t how =
		UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK;
	utf8proc_int32_t folded[DECOMPOSED_MAX];

	for (const char *end = s + len; s < end;) {
		int32_t cp;
		int break_class = 0;
		utf8proc_ssize_t n;

		s += utf8_decode(s, end, &cp);
		if (cp < 0x80) {
			strbuf_addc(out, (char)tolower(cp));
			continue;
		}
		n = utf8proc_decompose_char(cp, folded, DECOMPOSED_MAX, how, &break_class);
		for (utf8proc_ssize_t i = 0; i < n; i++)
			utf8_encode(out, folded[i]);
	}
}
