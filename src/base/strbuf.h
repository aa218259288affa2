/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A growing byte string that is always NUL-terminated; after git's strbuf.
 *
 * Invariants: buf is never NULL once initialised (STRBUF_INIT or strbuf_init); buf[len] == '\0'.
 * Bytes may include NUL. Growth never fails (xmalloc aborts); sizes that come from the network are
 * capped by the caller before they reach a strbuf.
 */
#ifndef STRBUF_H
#define STRBUF_H

#include <stdarg.h>
#include <stddef.h>

struct strbuf {
	char *buf;
	size_t len;
	size_t alloc; /* 0 while buf is the shared empty string */
};

extern char strbuf_empty[];
/* clang-format off */
#define STRBUF_INIT { .buf = strbuf_empty }
/* clang-format on */
/* A local that releases itself: STRBUF_AUTO(b); */
#define STRBUF_AUTO(name) __attribute__((cleanup(strbuf_release))) struct strbuf name = STRBUF_INIT

void strbuf_init(struct strbuf *sb);
void strbuf_release(struct strbuf *sb); /* frees the contents and makes it empty again */
void strbuf_reset(struct strbuf *sb);   /* len = 0, keeps the memory */
/* Gives the buffer to the caller (free() it) and leaves sb empty; the length goes to *len_out if
 * not NULL. */
char *strbuf_detach(struct strbuf *sb, size_t *len_out);
void strbuf_truncate(struct strbuf *sb, size_t len); /* len must not be larger than sb->len */

void strbuf_add(struct strbuf *sb, const void *data, size_t len);
void strbuf_adds(struct strbuf *sb, const char *s);
void strbuf_addc(struct strbuf *sb, char c);
__attribute__((format(printf, 2, 3))) void strbuf_addf(struct strbuf *sb, const char *fmt, ...);
__attribute__((format(printf, 2, 0))) void strbuf_vaddf(struct strbuf *sb, const char *fmt,
							va_list ap);

#endif
