/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the server tells of rooms, cut down to what is read of it before it is parsed.
 */
#ifndef MATRIX_TRIM_H
#define MATRIX_TRIM_H

#include "base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>

/* Appends an answer of /sync or /messages with the members alone that matrix_sync.c, matrix_news.c,
 * matrix_gap.c and matrix_event.c read; of each name the first, and null for an array or an object
 * that none of them looks into. Where something was left out of an object, it has a member more
 * ("_"). False: it is not well formed, and out holds anything. */
bool mx_trim(struct strbuf *out, const char *body, size_t len);

#endif
