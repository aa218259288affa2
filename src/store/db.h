/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the files of the store share: the open database, its batch and its step. */
#ifndef DB_H
#define DB_H

#include "roomline/store.h"
#include "store/redo.h"

#include <sqlite3.h>

#define BUSY_TIMEOUT_MS 2000
#define STATEMENTS_MAX 256 /* distinct statements; a few more than twice as many as there are */

struct statement {
	const char *text; /* NULL: the slot is free */
	sqlite3_stmt *stmt;
	bool writes;
	struct strbuf params; /* of its present use, when it writes */
};

struct waiter {
	store_committed_fn *fn;
	void *arg;
};

#define TALLY_STATES 11

/* How many messages there are of each state, so that nobody has to read them all to tell. It is
 * part of what a rollback takes back. */
struct tally {
	bool known;
	int64_t n[TALLY_STATES];
};

struct store {
	sqlite3 *db;
	int lock_fd; /* -1: a database in memory */
	struct statement statements[STATEMENTS_MAX];

	bool in_batch;
	bool in_step;
	bool failed;  /* the batch is lost; nothing more goes into it */
	bool reading; /* the waiters of a commit share a transaction */
	/* From here on the steps of the batch have savepoints: one was undone already, or there is
	 * too much to do again. */
	bool guarded;
	bool has_savepoint; /* the step */
	struct redo redo;
	size_t redo_mark; /* where the step begins in its log */
	void (*on_batch)(void *arg);
	void *on_batch_arg;
	struct waiter *waiters; /* of the batch, in the order they asked */
	size_t waiter_n;
	size_t waiter_alloc;
	size_t step_waiters; /* how many there were when the step began */

	uint64_t consent_version;

	struct tally tally;
	struct tally tally_at_step;
	struct tally tally_at_batch;
};

/* After a statement has failed: SQLite may have rolled the transaction back by itself. */
void batch_notice_loss(struct store *store);
void batch_abandon(struct store *store); /* rolls an open batch back; its waiters get false */

/* Brings an open database to the present schema, or says why it cannot be used. `where` names it.
 */
int schema_migrate(sqlite3 *db, const char *where, struct error *err);
/* Refuses what a newer Roomline or another program wrote; the version found goes out. */
int schema_check(sqlite3 *db, const char *where, int *version_out, struct error *err);

/* ---- files (store.c) ------------------------------------------------------------------------ */

int store_file_error(const char *path, const char *what, struct error *err); /* from errno; -1 */
/* The lock of who runs on a database; ERR_BUSY when somebody has it. */
int store_lock(const char *path, int *fd_out, struct error *err);
int store_open_file(const char *path, int flags, sqlite3 **db_out, struct error *err);
int store_check_pages(sqlite3 *db, const char *path, struct error *err); /* all of them */
int store_sync_file(const char *path, struct error *err);                /* and its name */

#endif
