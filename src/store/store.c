/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Opening and closing the database.
 *
 * One daemon at a time: an flock() on PATH.lock, which the kernel gives back however the process
 * ends; SQLite's own locks would let a second one in between two transactions. The database is
 * made by us with mode 0600 before SQLite opens it, because SQLite gives its -wal and -shm files
 * the mode of the database, and umask() belongs to the whole process.
 */
#include "roomline/store.h"

#include "base/os_error.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "store/db.h"
#include "store/sql.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <unistd.h>

#define MODE_PRIVATE 0600

int store_file_error(const char *path, const char *what, struct error *err)
{
	int code = errno;

	return error_set(err, code == ENOSPC || code == EIO ? ERR_IO : ERR_CONFIG,
			 "cannot %s %s: %s", what, path, os_error(code));
}

/* The pid that the holder wrote is only for the sentence. */
static int lock_refused(int fd, struct error *err)
{
	char pid[16] = "";
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[n > 0 ? strspn(pid, "0123456789") : 0] = '\0';
	return error_set(err, ERR_BUSY, "another Roomline is running on this database (pid %s)",
			 pid[0] ? pid : "unknown");
}

int store_lock(const char *path, int *fd_out, struct error *err)
{
	STRBUF_AUTO(name);
	AUTO_FREE char *real = realpath(path, NULL); /* two names of one file are one lock */
	char pid[16];
	int len;
	int fd;

	strbuf_addf(&name, "%s.lock", real ? real : path);
	fd = open(name.buf, O_RDWR | O_CREAT | O_CLOEXEC, MODE_PRIVATE);
	if (fd < 0)
		return store_file_error(name.buf, "open the lock file", err);
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno == EWOULDBLOCK)
			(void)lock_refused(fd, err);
		else
			(void)store_file_error(name.buf, "lock", err);
		(void)close(fd);
		return -1;
	}
	len = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) || pwrite(fd, pid, (size_t)len, 0) != len) {
		(void)store_file_error(name.buf, "write the lock file", err);
		(void)close(fd);
		return -1;
	}
	*fd_out = fd;
	return 0;
}

bool store_is_running(const char *path)
{
	STRBUF_AUTO(name);
	AUTO_FREE char *real = realpath(path, NULL);
	bool running;
	int fd;

	strbuf_addf(&name, "%s.lock", real ? real : path);
	fd = open(name.buf, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	running = flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
	(void)close(fd);
	return running;
}

/* Never opens a file that is there: closing it again would drop locks that SQLite holds on it. */
static int create_private(const char *path, struct error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, MODE_PRIVATE);

	if (fd >= 0)
		(void)close(fd);
	else if (errno != EEXIST)
		return store_file_error(path, "create the database", err);
	return 0;
}

int store_open_file(const char *path, int flags, sqlite3 **db_out, struct error *err)
{
	int rc;

	/* SQLite would count its memory under a lock that costs more than the memory, above all
	 * where a savepoint keeps pages. It takes this only before its first database. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	rc = sqlite3_open_v2(path, db_out, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
			     NULL);
	if (rc != SQLITE_OK) {
		(void)error_set(err, ERR_CONFIG, "cannot open the database %s: %s", path,
				sqlite3_errmsg(*db_out));
		(void)sqlite3_close(*db_out);
		*db_out = NULL;
		return -1;
	}
	(void)sqlite3_busy_timeout(*db_out, BUSY_TIMEOUT_MS);
	return 0;
}

static int set_up(sqlite3 *db, struct error *err)
{
	/* temp_store: what a savepoint has to remember stays in memory. recursive_triggers: what a
	 * REPLACE deletes asks the triggers too. cache_size, wal_autocheckpoint: 8 MB and 16 MB,
	 * so that a page that changes with every text is written into the database less often. */
	int rc = sqlite3_exec(db,
			      "PRAGMA journal_mode = WAL;"
			      "PRAGMA synchronous = FULL;"
			      "PRAGMA foreign_keys = ON;"
			      "PRAGMA recursive_triggers = ON;"
			      "PRAGMA temp_store = MEMORY;"
			      "PRAGMA cache_size = -8192;"
			      "PRAGMA wal_autocheckpoint = 4096",
			      NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : sql_error(db, rc, err);
}

int store_open(const char *path, struct store **store_out, struct error *err)
{
	bool in_memory = strcmp(path, ":memory:") == 0;
	struct store *store = xcalloc(1, sizeof(*store));

	strbuf_init(&store->redo.log);
	store->lock_fd = -1;
	if ((!in_memory && (store_lock(path, &store->lock_fd, err) || create_private(path, err))) ||
	    store_open_file(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &store->db, err) ||
	    set_up(store->db, err) || schema_migrate(store->db, path, err)) {
		store_close(store);
		return -1;
	}
	*store_out = store;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	batch_abandon(store);
	for (size_t i = 0; i < STATEMENTS_MAX; i++) {
		(void)sqlite3_finalize(store->statements[i].stmt);
		if (store->statements[i].text)
			strbuf_release(&store->statements[i].params);
	}
	strbuf_release(&store->redo.log);
	(void)sqlite3_close(store->db);
	if (store->lock_fd >= 0)
		(void)close(store->lock_fd);
	free(store->waiters);
	free(store);
}

int store_check_pages(sqlite3 *db, const char *path, struct error *err)
{
	sqlite3_stmt *stmt;
	int rc = sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &stmt, NULL);
	const char *answer;
	int result = -1;

	if (rc != SQLITE_OK)
		return sql_error(db, rc, err);
	rc = sqlite3_step(stmt);
	answer = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : sqlite3_errmsg(db);
	if (answer && strcmp(answer, "ok") == 0)
		result = 0;
	else
		(void)error_set(err, ERR_IO,
				"the database %s is damaged (%s): restore the latest backup", path,
				answer ? answer : "no answer");
	(void)sqlite3_finalize(stmt);
	return result;
}

/* What is only read must be there already. */
static int open_existing(const char *path, sqlite3 **db_out, struct error *err)
{
	if (access(path, F_OK) && errno == ENOENT)
		return error_set(err, ERR_NOT_FOUND,
				 "there is no database %s yet: the first run makes it", path);
	return store_open_file(path, SQLITE_OPEN_READONLY, db_out, err);
}

int store_check(const char *path, struct error *err)
{
	sqlite3 *db = NULL;
	int version;
	int rc;

	if (open_existing(path, &db, err))
		return -1;
	rc = schema_check(db, path, &version, err) || store_check_pages(db, path, err) ? -1 : 0;
	(void)sqlite3_close(db);
	return rc;
}

static int sync_path(const char *path, int flags, struct error *err)
{
	int fd = open(path, flags | O_RDONLY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0 || fsync(fd))
		rc = store_file_error(path, "write", err);
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

/* A new name in a folder lasts only when the folder is synced too. */
int store_sync_file(const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *folder = slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");

	return sync_path(path, 0, err) || sync_path(folder, O_DIRECTORY, err) ? -1 : 0;
}

/* All pages in one go: a reader of a WAL database sees one moment and holds no writer up, while a
 * backup in portions would begin anew with each commit of the daemon. */
static int copy_pages(sqlite3 *from, sqlite3 *to, struct error *err)
{
	sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
	int rc;

	if (!backup)
		return sql_error(to, sqlite3_errcode(to), err);
	(void)sqlite3_backup_step(backup, -1);
	rc = sqlite3_backup_finish(backup);
	return rc == SQLITE_OK ? 0 : sql_error(to, rc, err);
}

int store_backup(const char *path, const char *copy_path, struct error *err)
{
	sqlite3 *from = NULL;
	sqlite3 *to = NULL;
	int version;
	int rc = -1;
	int fd;

	if (open_existing(path, &from, err))
		return -1;
	if (schema_check(from, path, &version, err))
		goto close_from;
	fd = open(copy_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, MODE_PRIVATE);
	if (fd < 0) {
		(void)store_file_error(copy_path, "create the copy", err);
		goto close_from;
	}
	(void)close(fd);
	if (store_open_file(copy_path, SQLITE_OPEN_READWRITE, &to, err) == 0)
		rc = copy_pages(from, to, err);
	(void)sqlite3_close(to);
	if (rc == 0)
		rc = store_sync_file(copy_path, err);
	if (rc)
		(void)unlink(copy_path);
close_from:
	(void)sqlite3_close(from);
	return rc;
}
