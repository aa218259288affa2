/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* UTF-8 decoding and cleaning by hand, because utf8proc stops at the first bad byte. RFC 3629. */
#include "base/utf8.h"

#define REPLACEMENT 0xFFFD

static bool is_tail(unsigned char c)
{
	return (c & 0xC0) == 0x80;
}

size_t utf8_decode_long(const char *p, const char *end, int32_t *cp_out)
{
	static const int32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char c = (unsigned char)*p;
	size_t len = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
	int32_t cp;

	*cp_out = REPLACEMENT;
	if (c < 0xC2 || c > 0xF4 || (size_t)(end - p) < len)
		return 1;
	cp = c & (0xFF >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if (!is_tail((unsigned char)p[i]))
			return 1;
		cp = cp << 6 | ((unsigned char)p[i] & 0x3F);
	}
	if (cp < smallest[len] || cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF))
		return 1;
	*cp_out = cp;
	return len;
}

void utf8_encode(struct strbuf *out, int32_t cp)
{
	if (cp >= 0 && cp < 0x80) {
		strbuf_addc(out, (char)cp);
		return;
	}
	if (cp < 0 || cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF))
		cp = REPLACEMENT;
	if (cp < 0x800) {
		strbuf_addc(out, (char)(0xC0 | cp >> 6));
	} else if (cp < 0x10000) {
		strbuf_addc(out, (char)(0xE0 | cp >> 12));
		strbuf_addc(out, (char)(0x80 | (cp >> 6 & 0x3F)));
	} else {
		strbuf_addc(out, (char)(0xF0 | cp >> 18));
		strbuf_addc(out, (char)(0x80 | (cp >> 12 & 0x3F)));
		strbuf_addc(out, (char)(0x80 | (cp >> 6 & 0x3F)));
	}
	strbuf_addc(out, (char)(0x80 | (cp & 0x3F)));
}

bool utf8_valid(const char *s, size_t len)
{
	const char *end = s + len;
	int32_t cp;

	while (s < end) {
		size_t n = utf8_decode(s, end, &cp);

		if (n == 1 && (unsigned char)*s >= 0x80)
			return false;
		s += n;
	}
	return true;
}

size_t utf8_count(const char *s, size_t len)
{
	const char *end = s + len;
	size_t count = 0;
	int32_t cp;

	for (; s < end; count++)
		s += utf8_decode(s, end, &cp);
	return count;
}

size_t utf8_whole(const char *s, size_t len)
{
	size_t start = len;
	size_t wanted;

	while (start > 0 && len - start < 3 && is_tail((unsigned char)s[start - 1]))
		start--;
	if (start == 0 || (unsigned char)s[start - 1] < 0xC0)
		return len;
	start--;
	wanted = (unsigned char)s[start] >= 0xF0 ? 4 : (unsigned char)s[start] >= 0xE0 ? 3 : 2;
	return len - start < wanted ? start : len;
}

static bool is_dropped(int32_t cp)
{
	return (cp < 0x20 && cp != '\t' && cp != '\n') || (cp >= 0x7F && cp <= 0x9F) ||
	       cp == 0xFFFE || cp == 0xFFFF;
}

/* How many bytes from s on are ASCII that is kept: most of most texts. */
static size_t kept_ascii(const char *s, const char *end)
{
	const char *p = s;

	while (p < end && ((*p >= 0x20 && *p < 0x7F) || *p == '\n' || *p == '\t'))
		p++;
	return (size_t)(p - s);
}

bool utf8_clean(struct strbuf *out, const char *s, size_t len, size_t max_cp)
{
	const char *end = s + len;
	size_t kept = 0;
	int32_t cp;

	while (s < end) {
		size_t run = kept_ascii(s, end);
		size_t fits = run < max_cp - kept ? run : max_cp - kept;

		strbuf_add(out, s, fits);
		kept += fits;
		s += run;
		if (fits < run)
			return false;
		if (s == end)
			break;
		s += utf8_decode(s, end, &cp);
		if (cp == '\r') {
			if (s < end && *s == '\n')
				continue;
			cp = '\n';
		}
		if (is_dropped(cp))
			continue;
		if (kept++ == max_cp)
			return false;
		utf8_encode(out, cp);
	}
	return true;
}
