/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Growing strings; see strbuf.h for the invariants. */
#include "base/strbuf.h"

#include "base/xalloc.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

char strbuf_empty[1];

void strbuf_init(struct strbuf *sb)
{
	sb->buf = strbuf_empty;
	sb->len = 0;
	sb->alloc = 0;
}

void strbuf_release(struct strbuf *sb)
{
	if (sb->alloc)
		free(sb->buf);
	strbuf_init(sb);
}

void strbuf_reset(struct strbuf *sb)
{
	strbuf_truncate(sb, 0);
}

char *strbuf_detach(struct strbuf *sb, size_t *len_out)
{
	char *s = sb->alloc ? sb->buf : xstrdup("");

	if (len_out)
		*len_out = sb->len;
	strbuf_init(sb);
	return s;
}

void strbuf_truncate(struct strbuf *sb, size_t len)
{
	if (len > sb->len)
		BUG("strbuf_truncate beyond the end");
	sb->len = len;
	if (sb->alloc)
		sb->buf[len] = '\0';
}

static void strbuf_grow(struct strbuf *sb, size_t extra)
{
	size_t need;
	size_t size;

	if (__builtin_add_overflow(sb->len, extra, &need) || need > SIZE_MAX / 2)
		BUG("strbuf too large");
	need += 1;
	if (need <= sb->alloc)
		return;
	size = sb->alloc ? sb->alloc : 64;
	while (size < need)
		size *= 2;
	if (sb->alloc) {
		sb->buf = xrealloc(sb->buf, size);
	} else {
		sb->buf = xmalloc(size);
		sb->buf[0] = '\0';
	}
	sb->alloc = size;
}

void strbuf_add(struct strbuf *sb, const void *data, size_t len)
{
	if (len == 0)
		return;
	strbuf_grow(sb, len);
	memcpy(sb->buf + sb->len, data, len);
	sb->len += len;
	sb->buf[sb->len] = '\0';
}

void strbuf_adds(struct strbuf *sb, const char *s)
{
	strbuf_add(sb, s, strlen(s));
}

void strbuf_addc(struct strbuf *sb, char c)
{
	if (sb->len + 1 >= sb->alloc)
		strbuf_grow(sb, 1);
	sb->buf[sb->len++] = c;
	sb->buf[sb->len] = '\0';
}

void strbuf_addf(struct strbuf *sb, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(sb, fmt, ap);
	va_end(ap);
}

void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	strbuf_grow(sb, 0);
	n = vsnprintf(sb->buf + sb->len, sb->alloc - sb->len, fmt, ap);
	if (n < 0)
		BUG("bad format: %s", fmt);
	if ((size_t)n >= sb->alloc - sb->len) {
		strbuf_grow(sb, (size_t)n);
		(void)vsnprintf(sb->buf + sb->len, (size_t)n + 1, fmt, again);
	}
	sb->len += (size_t)n;
	va_end(again);
}
