/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Escapes in a line of input: what a shell or a table of test cases cannot carry raw. */
#include "app/explain_priv.h"
#include "base/utf8.h"

#include <string.h>

/* The four hex digits of \uXXXX at p, or -1. */
static int32_t read_unicode_escape(const char *p, const char *end)
{
	int32_t cp = 0;

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		char c = p[i];

		if (c >= '0' && c <= '9')
			cp = cp * 16 + (c - '0');
		else if (c >= 'a' && c <= 'f')
			cp = cp * 16 + (c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			cp = cp * 16 + (c - 'A' + 10);
		else
			return -1;
	}
	return cp;
}

/* Decodes \uXXXX at p, with the low surrogate that follows a high one, and returns where it ends,
 * or NULL when there is none. */
static const char *decode_unicode(struct strbuf *out, const char *p, const char *end)
{
	int32_t cp = read_unicode_escape(p, end);
	int32_t low;

	if (cp < 0)
		return NULL;
	p += 6;
	low = read_unicode_escape(p, end);
	if (cp >= 0xD800 && cp <= 0xDBFF && low >= 0xDC00 && low <= 0xDFFF) {
		cp = 0x10000 + (cp - 0xD800) * 0x400 + (low - 0xDC00);
		p += 6;
	}
	utf8_encode(out, cp);
	return p;
}

void explain_unescape(struct strbuf *out, const char *line, size_t len)
{
	static const char names[] = "nt\\";
	static const char values[] = "\n\t\\";
	const char *p = line;
	const char *end = line + len;

	while (p < end) {
		const char *next = decode_unicode(out, p, end);
		const char *name = p[0] == '\\' && end - p > 1 && p[1] ? strchr(names, p[1]) : NULL;

		if (next) {
			p = next;
		} else if (name) {
			strbuf_addc(out, values[name - names]);
			p += 2;
		} else {
			strbuf_addc(out, *p++);
		}
	}
}
