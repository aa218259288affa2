/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * UTF-8 at the edge: everything that comes from outside passes utf8_clean() once and is then
 * trusted by the rest.
 */
#ifndef UTF8_H
#define UTF8_H

#include "base/strbuf.h"

#include <stdbool.h>
#include <stdint.h>

/* Decodes one code point at p (p < end) and returns the bytes used; invalid bytes (overlong,
 * surrogate, > U+10FFFF, cut) give U+FFFD and use one byte. */
static inline size_t utf8_decode(const char *p, const char *end, int32_t *cp_out);
size_t utf8_decode_long(const char *p, const char *end, int32_t *cp_out); /* not for ASCII */
void utf8_encode(struct strbuf *out, int32_t cp); /* a bad code point becomes U+FFFD */
bool utf8_valid(const char *s, size_t len);
size_t utf8_count(const char *s, size_t len); /* code points; an invalid byte counts as one */
/* How many of the first len bytes are left when a character that is cut at their end is dropped. */
size_t utf8_whole(const char *s, size_t len);

/* Appends text to out as XML 1.0, JSON and SMS can all carry it: invalid bytes become U+FFFD,
 * CR LF and CR become LF; other controls (C0 but \t \n, DEL, C1) and the noncharacters U+FFFE and
 * U+FFFF are dropped; at most max_cp code points are kept. Returns false where it had to cut. */
bool utf8_clean(struct strbuf *out, const char *s, size_t len, size_t max_cp);

static inline size_t utf8_decode(const char *p, const char *end, int32_t *cp_out)
{
	if ((unsigned char)*p >= 0x80)
		return utf8_decode_long(p, end, cp_out);
	*cp_out = (unsigned char)*p;
	return 1;
}

#endif
