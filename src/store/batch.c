/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Batches and steps. A batch is a transaction, so that one sync pays for all use cases of a loop
 * turn; a step is a part of it that can be taken back, so that one use case can fail alone. The
 * first step of a batch that is taken back costs a rollback and the writing of what was kept before
 * it (redo.c); those after it have savepoints, or a crowd of refusals would write it all each time.
 *
 * When the disk is full or broken SQLite may roll back the whole transaction by itself. The batch
 * is then marked as failed: until store_commit() has told the waiters, steps are refused, because
 * their rows would go into no transaction at all.
 *
 * What the waiters of a commit read, they read in one transaction: each of its own would take and
 * give back the file locks, which costs more than the rows. It ends with the last waiter, or where
 * one of them begins the next batch; so it never keeps a checkpoint from anything.
 */
#include "base/crash.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "store/db.h"
#include "store/sql.h"

/* One of the few statements that steer a transaction. */
static int control(struct store *store, const char *text, struct error *err)
{
	SQL_AUTO(q, store, text);

	return sql_step(&q, err);
}

static void batch_fail(struct store *store)
{
	if (!sqlite3_get_autocommit(store->db))
		(void)control(store, "ROLLBACK", NULL);
	store->failed = true;
	store->tally = store->tally_at_batch;
}

void batch_notice_loss(struct store *store)
{
	if (store->in_batch && !store->failed && sqlite3_get_autocommit(store->db))
		batch_fail(store);
}

void store_on_batch(struct store *store, void (*fn)(void *arg), void *arg)
{
	store->on_batch = fn;
	store->on_batch_arg = arg;
}

/* One that cannot be begun is none: each statement then has its own. */
static void reading_begin(struct store *store)
{
	store->reading = !store->in_batch && control(store, "BEGIN", NULL) == 0;
}

static void reading_end(struct store *store)
{
	if (store->reading)
		(void)control(store, "COMMIT", NULL);
	store->reading = false;
}

/* IMMEDIATE: to be refused now, not at the first row. */
static int transaction_begin(struct store *store)
{
	return sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
}

static int batch_begin(struct store *store, struct error *err)
{
	int rc;

	reading_end(store);
	rc = transaction_begin(store);
	/* After one wait in vain, no more waiting till the lock is gone: a crowd of requests would
	 * else keep the loop standing, each for as long. */
	(void)sqlite3_busy_timeout(store->db, (rc & 0xff) == SQLITE_BUSY ? 0 : BUSY_TIMEOUT_MS);
	if (rc != SQLITE_OK)
		return sql_error(store->db, rc, err);
	store->in_batch = true;
	store->guarded = false;
	strbuf_reset(&store->redo.log);
	store->tally_at_batch = store->tally;
	if (store->on_batch)
		store->on_batch(store->on_batch_arg);
	return 0;
}

int store_step_begin(struct store *store, struct error *err)
{
	if (store->in_step)
		BUG("steps do not nest");
	if (store->failed)
		return sql_error(store->db, SQLITE_ABORT_ROLLBACK, err);
	if (!store->in_batch && batch_begin(store, err))
		return -1;
	if (store->guarded && control(store, "SAVEPOINT step", err)) {
		batch_notice_loss(store);
		return -1;
	}
	store->in_step = true;
	store->has_savepoint = store->guarded;
	store->redo_mark = store->redo.log.len;
	store->step_waiters = store->waiter_n;
	store->tally_at_step = store->tally;
	return 0;
}

static int keep_step(struct store *store, struct error *err)
{
	return store->has_savepoint ? control(store, "RELEASE step", err) : 0;
}

static int undo_step(struct store *store, struct error *err)
{
	int rc;

	if (store->has_savepoint)
		return control(store, "ROLLBACK TO step", err) ||
				       control(store, "RELEASE step", err)
			       ? -1
			       : 0;
	if (!store->guarded && store->redo.log.len == store->redo_mark)
		return 0; /* it wrote nothing */
	store->guarded = true;
	if (control(store, "ROLLBACK", err))
		return -1;
	rc = transaction_begin(store);
	if (rc != SQLITE_OK)
		return sql_error(store->db, rc, err);
	return redo_run(&store->redo, store->redo_mark, err);
}

int store_step_end(struct store *store, bool keep, struct error *err)
{
	int rc = 0;

	if (!store->in_step)
		BUG("no step to end");
	store->in_step = false;
	if (store->failed) {
		if (keep)
			rc = sql_error(store->db, SQLITE_ABORT_ROLLBACK, err);
		keep = false;
	} else if (keep) {
		rc = keep_step(store, err);
	} else {
		rc = undo_step(store, err);
		store->tally = store->tally_at_step;
	}
	if (rc && !store->failed)
		batch_fail(store);
	if (!keep || rc)
		store->waiter_n = store->step_waiters;
	return rc;
}

void store_after_commit(struct store *store, store_committed_fn *fn, void *arg)
{
	if (!store->in_batch) {
		fn(true, arg);
		return;
	}
	if (store->waiter_n == store->waiter_alloc) {
		store->waiter_alloc = store->waiter_alloc ? store->waiter_alloc * 2 : 16;
		store->waiters =
			xreallocarray(store->waiters, store->waiter_alloc, sizeof(*store->waiters));
	}
	store->waiters[store->waiter_n++] = (struct waiter){fn, arg};
}

/* A waiter may begin a step and so the next batch: the list is taken out first. */
static void call_waiters(struct store *store, bool committed)
{
	AUTO_FREE struct waiter *waiters = store->waiters;
	size_t n = store->waiter_n;

	store->waiters = NULL;
	store->waiter_n = store->waiter_alloc = 0;
	if (n > 1)
		reading_begin(store);
	for (size_t i = 0; i < n; i++)
		waiters[i].fn(committed, waiters[i].arg);
	reading_end(store);
}

void store_commit(struct store *store)
{
	struct error err;
	bool committed;

	if (store->in_step)
		BUG("commit within a step");
	if (!store->in_batch)
		return;
	crash_point("store.commit");
	if (!store->failed && control(store, "COMMIT", &err)) {
		log_error("store.commit_failed waiters=%zu why=%s", store->waiter_n,
			  log_quote(err.text));
		batch_fail(store);
	}
	committed = !store->failed;
	store->in_batch = false;
	store->failed = false;
	call_waiters(store, committed);
}

bool store_in_batch(const struct store *store)
{
	return store->in_batch;
}

void batch_abandon(struct store *store)
{
	if (!store->in_batch)
		return;
	/* It stays failed, so that no waiter can begin anything in a store that is being closed. */
	batch_fail(store);
	store->in_step = false;
	call_waiters(store, false);
	free(store->waiters);
	store->waiters = NULL;
}
