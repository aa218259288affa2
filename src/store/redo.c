/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Undoing a step without a savepoint. A savepoint makes SQLite keep a copy of each page before the
 * step touches it: a dozen pages for each text, which was a tenth of its cost, while next to no step
 * fails. Instead the statements that wrote are kept with their parameters, some hundred bytes for
 * each text. When a step is taken back, the transaction is rolled back and what the steps before it
 * had written is written again.
 *
 * That gives the same rows and the same ids, as nobody else writes to the database meanwhile, and no
 * statement asks for the time or for chance. Where the number of rows or an id comes out otherwise,
 * the batch is given up.
 */
#include "store/redo.h"

#include "store/sql.h"

#include <string.h>

#define LOG_MAX 1048576 /* more is not kept: the steps after it get savepoints */

enum param_kind { PARAM_NULL, PARAM_INT, PARAM_TEXT, PARAM_BLOB };

struct param {
	enum param_kind kind;
	int64_t value; /* or the length of what follows */
};

struct entry {
	sqlite3_stmt *stmt;
	size_t params_len; /* of what follows */
	int64_t changes;
	int64_t id; /* that was inserted; 0: none, or the same as before */
};

static void add_param(struct strbuf *params, enum param_kind kind, int64_t value)
{
	const struct param param = {kind, value};

	strbuf_add(params, &param, sizeof(param));
}

void redo_bind_int(struct strbuf *params, int64_t value)
{
	add_param(params, PARAM_INT, value);
}

void redo_bind_null(struct strbuf *params)
{
	add_param(params, PARAM_NULL, 0);
}

void redo_bind_text(struct strbuf *params, const char *text, size_t len)
{
	add_param(params, PARAM_TEXT, (int64_t)len);
	strbuf_add(params, text, len);
}

void redo_bind_blob(struct strbuf *params, const void *bytes, size_t len)
{
	add_param(params, PARAM_BLOB, (int64_t)len);
	strbuf_add(params, bytes, len);
}

bool redo_add(struct redo *redo, sqlite3_stmt *stmt, const struct strbuf *params, int64_t id_before)
{
	sqlite3 *db = sqlite3_db_handle(stmt);
	int64_t id = sqlite3_last_insert_rowid(db);
	const struct entry entry = {.stmt = stmt,
				    .params_len = params->len,
				    .changes = sqlite3_changes64(db),
				    .id = id == id_before ? 0 : id};

	if (entry.changes == 0)
		return true;
	if (redo->log.len + sizeof(entry) + params->len > LOG_MAX)
		return false;
	strbuf_add(&redo->log, &entry, sizeof(entry));
	strbuf_add(&redo->log, params->buf, params->len);
	return true;
}

/* Binds what stands at p and returns where the next one stands; *rc_out tells of trouble. */
static const char *bind_one(sqlite3_stmt *stmt, int at, const char *p, int *rc_out)
{
	struct param param;

	memcpy(&param, p, sizeof(param));
	p += sizeof(param);
	switch (param.kind) {
	case PARAM_NULL:
		*rc_out = sqlite3_bind_null(stmt, at);
		return p;
	case PARAM_INT:
		*rc_out = sqlite3_bind_int64(stmt, at, param.value);
		return p;
	case PARAM_TEXT:
		*rc_out = sqlite3_bind_text64(stmt, at, p, (sqlite3_uint64)param.value,
					      SQLITE_STATIC, SQLITE_UTF8);
		return p + param.value;
	case PARAM_BLOB:
		*rc_out = sqlite3_bind_blob64(stmt, at, p, (sqlite3_uint64)param.value,
					      SQLITE_STATIC);
		return p + param.value;
	}
	__builtin_unreachable();
}

static int run_one(const struct entry *entry, const char *params, struct error *err)
{
	sqlite3 *db = sqlite3_db_handle(entry->stmt);
	const char *end = params + entry->params_len;
	int rc = SQLITE_OK;

	for (int at = 1; params < end && rc == SQLITE_OK; at++)
		params = bind_one(entry->stmt, at, params, &rc);
	while (rc == SQLITE_OK || rc == SQLITE_ROW)
		rc = sqlite3_step(entry->stmt);
	/* What is bound is ours, and may be gone at the next use. */
	(void)sqlite3_reset(entry->stmt);
	(void)sqlite3_clear_bindings(entry->stmt);
	if (rc != SQLITE_DONE)
		return sql_error(db, rc, err);
	if (sqlite3_changes64(db) != entry->changes ||
	    (entry->id && sqlite3_last_insert_rowid(db) != entry->id))
		return error_set(err, ERR_IO, "the database changed while it was written");
	return 0;
}

int redo_run(const struct redo *redo, size_t len, struct error *err)
{
	const char *p = redo->log.buf;
	const char *end = p + len;
	struct entry entry;

	while (p < end) {
		memcpy(&entry, p, sizeof(entry));
		p += sizeof(entry);
		if (run_one(&entry, p, err) < 0)
			return -1;
		p += entry.params_len;
	}
	return 0;
}
