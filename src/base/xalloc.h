/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Allocation that does not return NULL: out of memory aborts, because a daemon that cannot
 * allocate a few bytes cannot keep its promises either; what is committed is safe.
 * AUTO_FREE frees a local pointer at the end of its scope.
 */
#ifndef XALLOC_H
#define XALLOC_H

#include <stddef.h>
#include <stdlib.h>

#define AUTO_FREE __attribute__((cleanup(auto_free)))

void auto_free(void *pointer_to_pointer);
__attribute__((malloc, returns_nonnull)) void *xmalloc(size_t size);
__attribute__((malloc, returns_nonnull)) void *xcalloc(size_t n, size_t size);
__attribute__((returns_nonnull)) void *xrealloc(void *p, size_t size);
__attribute__((returns_nonnull)) void *xreallocarray(void *p, size_t n, size_t size);
__attribute__((malloc, returns_nonnull)) char *xstrdup(const char *s);
__attribute__((malloc, returns_nonnull)) char *xstrndup(const char *s, size_t n);
char *xstrdup_null(const char *s); /* NULL stays NULL */

/* Copies s into a fixed array and always terminates it; returns false where it had to cut, which is
 * between two characters of UTF-8. */
int str_copy(char *dst, size_t size, const char *s);
#define STR_COPY(array, s) str_copy((array), sizeof(array), (s))

/* A broken invariant of ours: says where, and aborts. Not for anything a peer can cause. */
#define BUG(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)
__attribute__((noreturn, format(printf, 3, 4))) void bug_at(const char *file, int line,
							    const char *fmt, ...);

#endif
