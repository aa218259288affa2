/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Binding helpers over SQLite: see sql.h. Statements live in a hash table keyed by the address of
 * their text, because a table of numbered statements would be a file that everyone must edit.
 */
#include "store/sql.h"

#include "base/xalloc.h"
#include "store/db.h"

#include <string.h>

static struct statement *find_slot(struct store *store, const char *text)
{
	size_t i = ((uintptr_t)text >> 3) * 0x9E3779B1u;

	for (size_t tries = 0; tries < STATEMENTS_MAX; tries++, i++) {
		struct statement *slot = &store->statements[i % STATEMENTS_MAX];

		if (!slot->text || slot->text == text)
			return slot;
	}
	BUG("more than %d statements", STATEMENTS_MAX);
}

struct sql sql_begin(struct store *store, const char *text)
{
	struct statement *slot = find_slot(store, text);
	struct sql q = {.store = store};

	if (!slot->text) {
		q.rc = sqlite3_prepare_v3(store->db, text, -1, SQLITE_PREPARE_PERSISTENT,
					  &slot->stmt, NULL);
		if (q.rc != SQLITE_OK)
			return q;
		slot->text = text;
		slot->writes = !sqlite3_stmt_readonly(slot->stmt);
		strbuf_init(&slot->params);
	}
	if (slot->writes && !store->in_step)
		BUG("outside of a step: %s", text);
	if (slot->writes && store->failed) {
		/* SQLite has rolled back by itself: this would be committed at once, alone. */
		q.rc = SQLITE_ABORT_ROLLBACK;
		return q;
	}
	if (sqlite3_stmt_busy(slot->stmt))
		BUG("used twice at a time: %s", text);
	q.stmt = slot->stmt;
	if (slot->writes && !store->guarded) {
		strbuf_reset(&slot->params);
		q.params = &slot->params;
	}
	return q;
}

void sql_end(struct sql *q)
{
	(void)sqlite3_reset(q->stmt);
}

static void note(struct sql *q, int rc)
{
	if (q->rc == SQLITE_OK)
		q->rc = rc;
}

void sql_int(struct sql *q, int64_t value)
{
	note(q, sqlite3_bind_int64(q->stmt, ++q->param, value));
	if (q->params)
		redo_bind_int(q->params, value);
}

void sql_text(struct sql *q, const char *value)
{
	size_t len = strlen(value);

	note(q, sqlite3_bind_text64(q->stmt, ++q->param, value, len, SQLITE_STATIC, SQLITE_UTF8));
	if (q->params)
		redo_bind_text(q->params, value, len);
}

void sql_blob(struct sql *q, const void *bytes, size_t len)
{
	if (q->stmt)
		note(q, sqlite3_bind_blob64(q->stmt, ++q->param, bytes, len, SQLITE_STATIC));
	if (q->params)
		redo_bind_blob(q->params, bytes, len);
}

void sql_id(struct sql *q, int64_t id)
{
	if (id) {
		sql_int(q, id);
		return;
	}
	note(q, sqlite3_bind_null(q->stmt, ++q->param));
	if (q->params)
		redo_bind_null(q->params);
}

/* One that writes has done so when it gives its first row, or none. */
static int step_and_log(struct sql *q)
{
	struct store *store = q->store;
	int64_t id_before = sqlite3_last_insert_rowid(store->db);
	int rc = sqlite3_step(q->stmt);

	if (rc == SQLITE_ROW || rc == SQLITE_DONE) {
		if (!redo_add(&store->redo, q->stmt, q->params, id_before))
			store->guarded = true;
		q->params = NULL;
	}
	return rc;
}

int sql_step(struct sql *q, struct error *err)
{
	if (q->rc == SQLITE_OK || q->rc == SQLITE_ROW)
		q->rc = q->params ? step_and_log(q) : sqlite3_step(q->stmt);
	if (q->rc == SQLITE_ROW) {
		q->column = 0;
		return 1;
	}
	if (q->rc == SQLITE_DONE)
		return 0;
	batch_notice_loss(q->store);
	return sql_error(q->store->db, q->rc, err);
}

int64_t sql_run(struct sql *q, struct error *err)
{
	int rc;

	do
		rc = sql_step(q, err);
	while (rc == 1);
	return rc < 0 ? -1 : sqlite3_changes64(q->store->db);
}

/* RETURNING would fill a table of its own for each row. */
int sql_run_insert(struct sql *q, int64_t *id_out, struct error *err)
{
	if (sql_run(q, err) < 0)
		return -1;
	*id_out = sqlite3_last_insert_rowid(q->store->db);
	return 0;
}

int sql_must_change(struct sql *q, const char *what, int64_t id, struct error *err)
{
	int64_t changed = sql_run(q, err);

	if (changed == 0)
		return error_set(err, ERR_NOT_FOUND, "there is no %s %lld", what, (long long)id);
	return changed < 0 ? -1 : 0;
}

bool sql_is_unique_conflict(const struct sql *q)
{
	return q->rc == SQLITE_CONSTRAINT_UNIQUE;
}

int64_t sql_get_int(struct sql *q)
{
	return sqlite3_column_int64(q->stmt, q->column++);
}

static const char *get_text(struct sql *q)
{
	const unsigned char *text = sqlite3_column_text(q->stmt, q->column++);

	return text ? (const char *)text : "";
}

bool sql_get_text(struct sql *q, char *out, size_t size)
{
	return str_copy(out, size, get_text(q));
}

char *sql_get_text_copy(struct sql *q)
{
	return xstrdup(get_text(q));
}

void id_list_release(struct id_list *list)
{
	free(list->v);
	*list = (struct id_list){0};
}

void id_list_add(struct id_list *list, int64_t id)
{
	if (list->n == list->alloc) {
		list->alloc = list->alloc ? list->alloc * 2 : 16;
		list->v = xreallocarray(list->v, list->alloc, sizeof(*list->v));
	}
	list->v[list->n++] = id;
}

int sql_read_ids(struct sql *q, struct id_list *out, struct error *err)
{
	int rc;

	while ((rc = sql_step(q, err)) == 1)
		id_list_add(out, sql_get_int(q));
	/* Now, not at the end of the scope: who is called for each may ask for the same list. */
	(void)sqlite3_reset(q->stmt);
	return rc;
}

int sql_error(sqlite3 *db, int rc, struct error *err)
{
	switch (rc & 0xff) {
	case SQLITE_FULL:
		return error_set(err, ERR_IO, "the database cannot grow: the disk is full");
	case SQLITE_BUSY:
		return error_set(err, ERR_BUSY,
				 "the database is locked by another program: close it");
	case SQLITE_CONSTRAINT:
		return error_set(err, ERR_STATE, "the database refuses it: %s", sqlite3_errmsg(db));
	case SQLITE_ABORT:
		return error_set(err, ERR_IO, "the database gave this turn's work up: try again");
	default:
		return error_set(err, ERR_IO, "database: %s (%d)", sqlite3_errmsg(db), rc);
	}
}
