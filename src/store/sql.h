/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One use of a prepared statement, from its text to its reset:
 *
 *	SQL_AUTO(q, store, "SELECT name FROM contact WHERE id = ?1");
 *
 *	sql_int(&q, id.v);
 *	if (sql_step(&q, err) == 1)
 *		sql_get_text(&q, name, sizeof(name));
 *
 *  1. The text must be a literal: statements are prepared once and found again by its address.
 *  2. Parameters are bound and columns are read in order, each by the function of its type. A
 *     failure is kept and comes out of sql_step() or sql_run().
 *  3. A bound text is borrowed until the end of the scope.
 *  4. A statement that writes outside of a step is a bug of ours and aborts.
 *  5. A statement is not used twice at a time: a list is read to its end before anybody is called.
 */
#ifndef SQL_H
#define SQL_H

#include "roomline/error.h"
#include "roomline/store.h"

#include <sqlite3.h>

struct sql {
	struct store *store;
	sqlite3_stmt *stmt;    /* NULL when rc says why */
	struct strbuf *params; /* of one that writes, until it has: see redo.h */
	int rc;
	int param;
	int column;
};

struct sql sql_begin(struct store *store, const char *text);
void sql_end(struct sql *q);
#define SQL_AUTO(name, store, text)                                                                \
	__attribute__((cleanup(sql_end))) struct sql name = sql_begin((store), (text))

void sql_int(struct sql *q, int64_t value);
void sql_text(struct sql *q, const char *value);
void sql_blob(struct sql *q, const void *bytes, size_t len);
void sql_id(struct sql *q, int64_t id); /* 0, which is none, becomes NULL */

int sql_step(struct sql *q, struct error *err);    /* 1 a row, 0 the end, -1 */
int64_t sql_run(struct sql *q, struct error *err); /* to the end: how many rows changed, or -1 */
/* For an INSERT of one row into a table with an id. 0/-1 */
int sql_run_insert(struct sql *q, int64_t *id_out, struct error *err);
/* For a change of one row that has to be there: 0, or -1 (ERR_NOT_FOUND when it is not). */
int sql_must_change(struct sql *q, const char *what, int64_t id, struct error *err);
bool sql_is_unique_conflict(const struct sql *q);

int64_t sql_get_int(struct sql *q);                       /* NULL is 0 */
bool sql_get_text(struct sql *q, char *out, size_t size); /* false where it had to cut */
char *sql_get_text_copy(struct sql *q);

/* The ids of a list, read to the end so that whoever is called for each may change rows. */
struct id_list {
	int64_t *v;
	size_t n;
	size_t alloc;
};
void id_list_release(struct id_list *list);
#define ID_LIST_AUTO(name) __attribute__((cleanup(id_list_release))) struct id_list name = {0}
void id_list_add(struct id_list *list, int64_t id);
int sql_read_ids(struct sql *q, struct id_list *out, struct error *err); /* appends; 0/-1 */

/* Fills err from what SQLite says about its last failure. Always -1. */
int sql_error(sqlite3 *db, int rc, struct error *err);

#endif
