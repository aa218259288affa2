/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A backup in the place of the database. To lay the file there by hand is not enough: SQLite would
 * replay the log (-wal) of the old database into it, and a copy knows nothing of what came after it.
 * So everything is made ready in a file beside the database, and then it changes names:
 *
 *  - What the copy does not know and must not be forgotten is taken from the old database, as far
 *    as that can still be read: opt-outs, holds, evidence, and whether texting is paused. An opt-out
 *    that the copy has and the old database has no longer stays: that errs on the safe side.
 *  - A text that the copy has in its queue may have left since. Unless the old database still has it
 *    in the queue, it is set to SENDING, which the next start finds as UNKNOWN: a person decides.
 *  - Where the old database does not tell how far a place was read, its end counts, so that what was
 *    said there since the copy is not texted a second time.
 *  - What the old database has acted upon is known again, also where a network tells it once more.
 *  - The numbers of the relay and of files jump, beyond those of the old database too: each is the
 *    id of a message in a room for ever, or in a link that somebody has.
 *
 * The bytes are copied and not the pages, because SQLite cannot read a copy that lies in a folder it
 * may not write in.
 */
#include "base/civil.h"
#include "base/os_error.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "store/db.h"
#include "store/sql.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODE_PRIVATE 0600
#define PART 65536
/* '~': a place whose cursor begins so is read from its end on (roomline/chat.h names no id so). */
#define CURSOR_UNKNOWN "~restored"
#define JUMP "1000000000"

static const char *const tails[] = {"-wal", "-shm", "-journal"};

struct restore {
	char *path;  /* the database, without symbolic links */
	char *fresh; /* what will be in its place */
	char *kept;  /* what will be its name */
	bool old;    /* there is a database to be replaced */
};

static void restore_release(struct restore *r)
{
	free(r->path);
	free(r->fresh);
	free(r->kept);
}

static char *join(const char *path, const char *tail)
{
	STRBUF_AUTO(out);

	strbuf_addf(&out, "%s%s", path, tail);
	return strbuf_detach(&out, NULL);
}

/* ---- files ------------------------------------------------------------------------------------ */

static int remove_tails(const char *path, struct error *err)
{
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		AUTO_FREE char *name = join(path, tails[i]);

		if (unlink(name) && errno != ENOENT)
			return store_file_error(name, "remove", err);
	}
	return 0;
}

static int copy_bytes(int from, int to)
{
	static char part[PART];
	ssize_t got;

	while ((got = read(from, part, sizeof(part))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		for (ssize_t done = 0; done < got;) {
			ssize_t put = write(to, part + done, (size_t)(got - done));

			if (put < 0 && errno != EINTR)
				return -1;
			done += put > 0 ? put : 0;
		}
	}
	return 0;
}

/* optional: what is not there need not be copied. */
static int copy_file(const char *from_path, const char *to_path, bool optional, struct error *err)
{
	int from = open(from_path, O_RDONLY | O_CLOEXEC);
	int rc = 0;
	int to;

	if (from < 0 && optional && errno == ENOENT)
		return 0;
	if (from < 0)
		return store_file_error(from_path, "read the copy", err);
	to = open(to_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, MODE_PRIVATE);
	if (to < 0 || copy_bytes(from, to) < 0)
		rc = store_file_error(to_path, "write", err);
	if (to >= 0)
		(void)close(to);
	(void)close(from);
	return rc;
}

/* A file that root has made could not be read by the daemon. */
static int check_owner(const char *path, bool *there_out, struct error *err)
{
	struct stat st;

	*there_out = stat(path, &st) == 0;
	if (!*there_out)
		return errno == ENOENT ? 0 : store_file_error(path, "look at", err);
	if (st.st_uid == geteuid())
		return 0;
	return error_set(err, ERR_STATE,
			 "the database %.150s belongs to user %ld: restore as that user, for "
			 "example with sudo -u '#%ld'",
			 path, (long)st.st_uid, (long)st.st_uid);
}

static bool is_same_file(const char *a, const char *b)
{
	struct stat x;
	struct stat y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* ---- what the copy cannot know ---------------------------------------------------------------- */

static const struct {
	const char *select; /* from the old database */
	const char *put;    /* its columns are the parameters; of one row, or none */
} carried[CARRIED_N] = {
	[CARRIED_OPT_OUTS] = {"SELECT phone, reason, method, rule, actor, at FROM suppression",
			      "INSERT INTO suppression (phone, reason, method, rule, actor, at)"
			      " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (phone) DO NOTHING"},
	[CARRIED_HOLDS] = {"SELECT phone, rule, at, expires_at FROM hold",
			   "INSERT INTO hold (phone, rule, at, expires_at) VALUES (?1, ?2, ?3, ?4)"
			   " ON CONFLICT (phone) DO NOTHING"},
	[CARRIED_EVIDENCE] =
		{"SELECT phone, kind, method, rule, evidence, actor, at FROM consent_event"
		 " ORDER BY id",
		 "INSERT INTO consent_event (phone, kind, method, rule, evidence, actor, at)"
		 " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE NOT EXISTS (SELECT 1 FROM consent_event"
		 "  WHERE at = ?7 AND phone = ?1 AND kind = ?2 AND method = ?3 AND rule = ?4"
		 "  AND evidence = ?5 AND actor = ?6)"},
	[CARRIED_SWITCHES] = {"SELECT key, value FROM kept_value",
			      "INSERT INTO kept_value (key, value) VALUES (?1, ?2)"
			      " ON CONFLICT (key) DO UPDATE SET value = ?2 WHERE value <> ?2"},
	[CARRIED_CURSORS] = {"SELECT network, kind, address, cursor FROM place WHERE address <> ''",
			     "UPDATE place SET cursor = ?4"
			     " WHERE network = ?1 AND kind = ?2 AND address = ?3"},
	[CARRIED_EVENTS] =
		{"SELECT p.network, p.kind, p.address, e.event_id, e.at FROM chat_event e"
		 " LEFT JOIN place p ON p.id = e.place ORDER BY e.id",
		 "INSERT INTO chat_event (place, event_id, at)"
		 " SELECT ifnull((SELECT id FROM place WHERE network = ?1 AND kind = ?2"
		 "  AND address = ?3 AND ?3 <> ''), 0), ?4, ?5 WHERE true"
		 " ON CONFLICT DO NOTHING"},
	[CARRIED_NUMBERS] = {"SELECT name, seq FROM sqlite_sequence",
			     "UPDATE sqlite_sequence SET seq = ?2 + " JUMP
			     " WHERE name = ?1 AND seq < ?2 + " JUMP},
	[CARRIED_QUEUED] = {"SELECT ref FROM message WHERE state = 0 AND ref <> ''",
			    "UPDATE message SET state = 0 WHERE ref = ?1 AND state = 20"},
};

/* A number that must not be texted stays queued: the gate cancels it, and a trigger would not let
 * it be SENDING. */
static const char doubt[] =
	"UPDATE message SET state = 20 WHERE state = 0 AND NOT EXISTS (SELECT 1 FROM conversation v"
	" JOIN contact c ON c.id = v.contact JOIN suppression s ON s.phone = c.phone"
	" WHERE v.id = message.conversation)";

/* Evidence is found by its time, for which the tables have no index of their own. */
static const char prepare[] =
	"UPDATE place SET cursor = '" CURSOR_UNKNOWN "';"
	"DELETE FROM kept_value WHERE key LIKE '%.next_batch';" /* a network's one cursor */
	"UPDATE sqlite_sequence SET seq = seq + " JUMP ";"
	"INSERT INTO sqlite_sequence (name, seq) SELECT column1, " JUMP
	" FROM (VALUES ('relay'), ('media'))"
	" WHERE column1 NOT IN (SELECT name FROM sqlite_sequence);"
	"CREATE INDEX restore_at ON consent_event (at)";

static int run(sqlite3 *db, const char *text, struct error *err)
{
	int rc = sqlite3_exec(db, text, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : sql_error(db, rc, err);
}

static void note_problem(struct store_restored *out, sqlite3 *old)
{
	if (!out->problem[0])
		STR_COPY(out->problem, sqlite3_errmsg(old));
}

/* A row that the new tables do not take comes from a damaged database. */
static bool is_bad_row(int rc)
{
	return (rc & 0xff) == SQLITE_CONSTRAINT || (rc & 0xff) == SQLITE_MISMATCH;
}

static int put_row(sqlite3_stmt *from, sqlite3_stmt *to, sqlite3 *fresh, int64_t *n)
{
	int rc;

	for (int i = 0; i < sqlite3_column_count(from); i++)
		(void)sqlite3_bind_value(to, i + 1, sqlite3_column_value(from, i));
	rc = sqlite3_step(to);
	if (rc == SQLITE_DONE)
		*n += sqlite3_changes(fresh);
	(void)sqlite3_reset(to);
	return rc == SQLITE_DONE || is_bad_row(rc) ? 0 : -1;
}

/* What can be read is taken, up to where it cannot. */
static int carry(sqlite3 *old, sqlite3 *fresh, int which, struct store_restored *out,
		 struct error *err)
{
	sqlite3_stmt *from = NULL;
	sqlite3_stmt *to = NULL;
	int rc = sqlite3_prepare_v2(fresh, carried[which].put, -1, &to, NULL);
	int result = rc == SQLITE_OK ? 0 : sql_error(fresh, rc, err);

	if (result == 0 &&
	    sqlite3_prepare_v2(old, carried[which].select, -1, &from, NULL) != SQLITE_OK) {
		note_problem(out, old);
		goto end;
	}
	while (result == 0 && (rc = sqlite3_step(from)) == SQLITE_ROW) {
		if (put_row(from, to, fresh, &out->carried[which]) < 0)
			result = sql_error(fresh, sqlite3_errcode(fresh), err);
	}
	if (result == 0 && rc != SQLITE_DONE)
		note_problem(out, old);
end:
	(void)sqlite3_finalize(from);
	(void)sqlite3_finalize(to);
	return result;
}

static int carry_all(const struct restore *r, sqlite3 *fresh, struct store_restored *out,
		     struct error *err)
{
	struct error why;
	sqlite3 *old = NULL;
	int rc = 0;

	if (!r->old)
		return 0;
	if (store_open_file(r->path, SQLITE_OPEN_READONLY, &old, &why)) {
		STR_COPY(out->problem, why.text);
		return 0;
	}
	for (int which = 0; rc == 0 && which < CARRIED_N; which++)
		rc = carry(old, fresh, which, out, err);
	(void)sqlite3_close(old);
	return rc;
}

/* ---- the new database ------------------------------------------------------------------------- */

static int is_ours(sqlite3 *db, const char *copy_path, struct error *err)
{
	int version;

	if (schema_check(db, copy_path, &version, err))
		return -1;
	if (version == 0)
		return error_set(err, ERR_CONFIG,
				 "%.200s is empty: name a copy that `roomline backup` has made",
				 copy_path);
	return 0;
}

static int bring_up_to_date(const struct restore *r, sqlite3 *db, struct store_restored *out,
			    struct error *err)
{
	if (run(db, "BEGIN IMMEDIATE", err) || run(db, doubt, err))
		return -1;
	out->unsure = sqlite3_changes(db);
	if (run(db, prepare, err) || carry_all(r, db, out, err))
		return -1;
	out->unsure -= out->carried[CARRIED_QUEUED];
	return run(db, "DROP INDEX restore_at; COMMIT", err);
}

/* Without a log of its own, which another name would part it from. */
static int make_fresh(const struct restore *r, const char *copy_path, struct store_restored *out,
		      struct error *err)
{
	AUTO_FREE char *copy_wal = join(copy_path, tails[0]);
	AUTO_FREE char *fresh_wal = join(r->fresh, tails[0]);
	sqlite3 *db = NULL;
	int rc;

	if (remove_tails(r->fresh, err) || copy_file(copy_path, r->fresh, false, err) ||
	    copy_file(copy_wal, fresh_wal, true, err) ||
	    store_open_file(r->fresh, SQLITE_OPEN_READWRITE, &db, err))
		return -1;
	rc = is_ours(db, copy_path, err) || store_check_pages(db, copy_path, err) ||
			     run(db, "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL",
				 err) ||
			     schema_migrate(db, copy_path, err) ||
			     bring_up_to_date(r, db, out, err) ||
			     store_check_pages(db, copy_path, err)
		     ? -1
		     : 0;
	(void)sqlite3_close(db);
	return rc == 0 ? store_sync_file(r->fresh, err) : -1;
}

/* ---- in its place ----------------------------------------------------------------------------- */

/* The old database keeps its log, in which its last commits are. A power cut in the middle leaves
 * the old or the new database in its place, and the old one under its new name. */
static int change_names(const struct restore *r, struct error *err)
{
	AUTO_FREE char *wal = join(r->path, tails[0]);
	AUTO_FREE char *kept_wal = join(r->kept, tails[0]);

	if (r->old && link(r->path, r->kept))
		return store_file_error(r->kept, "keep the old database as", err);
	if (r->old && rename(wal, kept_wal) && errno != ENOENT)
		return store_file_error(kept_wal, "keep the old database's log as", err);
	if (remove_tails(r->path, err))
		return -1;
	if (rename(r->fresh, r->path))
		return store_file_error(r->path, "put the copy in place of", err);
	return store_sync_file(r->path, err);
}

static void name_kept(struct restore *r, int64_t now, struct store_restored *out)
{
	STRBUF_AUTO(kept);
	struct civil t;

	civil_from_ms(now, &t);
	strbuf_addf(&kept, "%s.replaced-%04d%02d%02d-%02d%02d%02d", r->path, t.year, t.month, t.day,
		    t.hour, t.minute, t.second);
	if (r->old)
		STR_COPY(out->kept, kept.buf);
	r->kept = strbuf_detach(&kept, NULL);
}

int store_restore(const char *path, const char *copy_path, int64_t now, struct store_restored *out,
		  struct error *err)
{
	__attribute__((cleanup(restore_release))) struct restore r = {0};
	int lock = -1;
	int rc;

	*out = (struct store_restored){0};
	r.path = realpath(path, NULL);
	if (!r.path)
		r.path = xstrdup(path);
	r.fresh = join(r.path, ".restoring");
	if (check_owner(r.path, &r.old, err) || store_lock(r.path, &lock, err))
		return -1;
	name_kept(&r, now, out);
	if (is_same_file(r.path, copy_path))
		rc = error_set(err, ERR_INPUT, "%.200s is the database itself and no copy of it",
			       copy_path);
	else
		rc = make_fresh(&r, copy_path, out, err) || change_names(&r, err) ? -1 : 0;
	if (rc) {
		(void)unlink(r.fresh);
		(void)remove_tails(r.fresh, NULL);
	}
	(void)close(lock);
	return rc;
}
