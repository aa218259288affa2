/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the statements of the open batch have written, so that it can be done again: see redo.c.
 *
 *  1. A statement that writes keeps its parameters in a strbuf of its own, in the order in which
 *     they are bound, and is added when it has changed something.
 *  2. redo_run() does again what stands before a mark, on the database as the batch found it.
 */
#ifndef REDO_H
#define REDO_H

#include "base/strbuf.h"
#include "roomline/error.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct redo {
	struct strbuf log;
};

void redo_bind_int(struct strbuf *params, int64_t value);
void redo_bind_null(struct strbuf *params);
void redo_bind_text(struct strbuf *params, const char *text, size_t len);
void redo_bind_blob(struct strbuf *params, const void *bytes, size_t len);

/* After the statement, with the last id that was inserted before it. False when there is too much
 * already, and then it is not added. */
bool redo_add(struct redo *redo, sqlite3_stmt *stmt, const struct strbuf *params,
	      int64_t id_before);
/* The first len bytes of the log. 0/-1; also when something comes out otherwise than the first
 * time. */
int redo_run(const struct redo *redo, size_t len, struct error *err);

#endif
