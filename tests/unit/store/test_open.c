/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Opening: who may, what is made, what is refused and in which words. */
#include "fixture.h"

#include "store/db.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

static int mode_of(const struct fixture *f, const char *name)
{
	char path[128];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	OK(stat(path, &st));
	return (int)(st.st_mode & 07777);
}

static int64_t ask(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt;
	int64_t answer;

	OK(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL));
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	answer = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	return answer;
}

/* With SQLite alone, as another program would. */
static void run_sql(const char *path, const char *sql)
{
	sqlite3 *db;

	OK(sqlite3_open(path, &db));
	OK(sqlite3_exec(db, sql, NULL, NULL, NULL));
	OK(sqlite3_close(db));
}

static void check_refused(const char *path, enum error_kind kind, const char *words)
{
	struct store *store = NULL;
	struct error err = {0};

	FAILS(store_open(path, &store, &err));
	assert_null(store);
	assert_int_equal(err.kind, kind);
	if (!strstr(err.text, words))
		fail_msg("no \"%s\" in: %s", words, err.text);
}

static void store_open__makes__private_files(void **state)
{
	struct fixture *f = *state;
	mode_t mask = umask(0);
	int rc = store_open(f->path, &f->store, NULL);

	(void)umask(mask);
	OK(rc);
	must_begin(f->store);
	add_contact(f->store, "+14155550100");
	must_commit(f->store);
	assert_int_equal(mode_of(f, "db"), 0600);
	assert_int_equal(mode_of(f, "db-wal"), 0600);
	assert_int_equal(mode_of(f, "db-shm"), 0600);
	assert_int_equal(mode_of(f, "db.lock"), 0600);
}

static void store_open__is__durable_and_strict(void **state)
{
	struct store *store = ((struct fixture *)*state)->store;
	int64_t tables = ask(store->db, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"
					" AND name NOT LIKE 'sqlite_%'");

	assert_int_equal(ask(store->db, "PRAGMA synchronous"), 2);
	assert_int_equal(ask(store->db, "PRAGMA foreign_keys"), 1);
	assert_int_equal(ask(store->db, "PRAGMA busy_timeout"), 2000);
	assert_int_equal(ask(store->db, "SELECT count(*) FROM pragma_journal_mode"
					" WHERE journal_mode = 'wal'"),
			 1);
	assert_true(tables > 10);
	assert_int_equal(ask(store->db, "SELECT count(*) FROM pragma_table_list WHERE strict = 1"),
			 tables);
	assert_int_equal(ask(store->db, "PRAGMA user_version"), store_schema_version());
}

static void store_open__keeps__what_is_there(void **state)
{
	struct fixture *f = *state;
	struct phone phone = phone_of("+14155550100");
	struct contact_row row;

	must_begin(f->store);
	add_contact(f->store, "+14155550100");
	must_commit(f->store);
	store_close(f->store);
	f->store = NULL;
	OK(store_open(f->path, &f->store, NULL));
	FOUND(store_find_contact(f->store, &phone, &row, NULL));
	assert_int_equal(row.created_at, 1000);
}

static void store_open__migrates__an_empty_file(void **state)
{
	struct fixture *f = *state;
	int fd = open(f->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	(void)close(fd);
	OK(store_open(f->path, &f->store, NULL));
	assert_int_equal(ask(f->store->db, "PRAGMA user_version"), store_schema_version());
	assert_true(store_schema_version() >= 1);
}

static void store_open__refuses__a_second_daemon(void **state)
{
	struct fixture *f = *state;
	char words[64];
	int status;
	pid_t child;

	(void)snprintf(words, sizeof(words),
		       "another Roomline is running on this database (pid %ld)", (long)getpid());
	check_refused(f->path, ERR_BUSY, words);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct store *second;
		struct error err = {0};
		bool refused = store_open(f->path, &second, &err) == -1 && err.kind == ERR_BUSY &&
			       strstr(err.text, words);

		_exit(refused ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void store_open__refuses__a_second_name_of_the_same_file(void **state)
{
	struct fixture *f = *state;
	char other[128];

	(void)snprintf(other, sizeof(other), "%s/copy", f->dir);
	OK(symlink(f->path, other));
	check_refused(other, ERR_BUSY, "another Roomline");
}

/* The kernel gives the lock back, so nobody has to remove a stale file. */
static void store_open__follows__a_killed_daemon(void **state)
{
	struct fixture *f = *state;
	int status;
	int ready[2];
	char byte;
	pid_t child;

	OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ready));
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct store *first;

		if (store_open(f->path, &first, NULL) == 0 && write(ready[1], "x", 1) == 1)
			(void)pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	check_refused(f->path, ERR_BUSY, "another Roomline");
	OK(kill(child, SIGKILL));
	assert_int_equal(waitpid(child, &status, 0), child);
	OK(store_open(f->path, &f->store, NULL));
	(void)close(ready[0]);
	(void)close(ready[1]);
}

static void store_open__refuses__a_newer_database(void **state)
{
	struct fixture *f = *state;
	char newer[64];
	char words[64];

	store_close(f->store);
	f->store = NULL;
	(void)snprintf(newer, sizeof(newer), "PRAGMA user_version = %d",
		       store_schema_version() + 1);
	(void)snprintf(words, sizeof(words), "its version is %d, this one knows %d",
		       store_schema_version() + 1, store_schema_version());
	run_sql(f->path, newer);
	check_refused(f->path, ERR_CONFIG, words);
	check_refused(f->path, ERR_CONFIG, "newer Roomline");
	FAILS(store_check(f->path, NULL));
}

static void store_open__refuses__a_foreign_database(void **state)
{
	struct fixture *f = *state;

	run_sql(f->path, "CREATE TABLE song (title TEXT)");
	check_refused(f->path, ERR_CONFIG, "some other program");
	/* Nothing was done to it. */
	run_sql(f->path, "INSERT INTO song VALUES ('x')");
}

static void store_open__refuses__what_is_no_database(void **state)
{
	struct fixture *f = *state;
	FILE *file = fopen(f->path, "we");

	assert_non_null(file);
	for (int i = 0; i < 400; i++)
		(void)fputs("this is a shopping list\n", file);
	OK(fclose(file));
	check_refused(f->path, ERR_IO, "not a database");
}

static void store_open__says__what_folder_is_missing(void **state)
{
	(void)state;
	check_refused("/tmp/roomline-no-such-folder/db", ERR_CONFIG,
		      "/tmp/roomline-no-such-folder/db.lock: No such file or directory");
}

static void check_of(const struct fixture *f, int rc, enum error_kind kind, const char *words)
{
	struct error err = {0};

	assert_int_equal(store_check(f->path, &err), rc);
	assert_int_equal(err.kind, kind);
	assert_non_null(strstr(err.text, words));
}

static void store_check__tells__a_missing_database(void **state)
{
	struct fixture *f = *state;

	check_of(f, -1, ERR_NOT_FOUND, "no database");
	assert_int_equal(access(f->path, F_OK), -1); /* and makes none */
}

static void store_check__passes__while_a_daemon_runs(void **state)
{
	struct fixture *f = *state;

	must_begin(f->store);
	add_contact(f->store, "+14155550100");
	must_commit(f->store);
	check_of(f, 0, ERR_NONE, "");
	store_close(f->store);
	f->store = NULL;
	check_of(f, 0, ERR_NONE, "");
}

static void store_check__finds__damage(void **state)
{
	struct fixture *f = *state;
	char zeros[4096] = {0};
	int fd;

	must_begin(f->store);
	for (int i = 0; i < 500; i++)
		add_contact(f->store, numbered_phone(i).e164);
	must_commit(f->store);
	store_close(f->store);
	f->store = NULL;
	check_of(f, 0, ERR_NONE, "");
	fd = open(f->path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	/* Page 2 is the root of the first table. */
	assert_int_equal(pwrite(fd, zeros, sizeof(zeros), 4096), sizeof(zeros));
	(void)close(fd);
	check_of(f, -1, ERR_IO, "damaged");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(store_open__makes__private_files, make_folder,
						close_store),
		cmocka_unit_test_setup_teardown(store_open__is__durable_and_strict, open_on_disk,
						close_store),
		cmocka_unit_test_setup_teardown(store_open__keeps__what_is_there, open_on_disk,
						close_store),
		cmocka_unit_test_setup_teardown(store_open__migrates__an_empty_file, make_folder,
						close_store),
		cmocka_unit_test_setup_teardown(store_open__refuses__a_second_daemon, open_on_disk,
						close_store),
		cmocka_unit_test_setup_teardown(store_open__refuses__a_second_name_of_the_same_file,
						open_on_disk, close_store),
		cmocka_unit_test_setup_teardown(store_open__follows__a_killed_daemon, make_folder,
						close_store),
		cmocka_unit_test_setup_teardown(store_open__refuses__a_newer_database, open_on_disk,
						close_store),
		cmocka_unit_test_setup_teardown(store_open__refuses__a_foreign_database,
						make_folder, close_store),
		cmocka_unit_test_setup_teardown(store_open__refuses__what_is_no_database,
						make_folder, close_store),
		cmocka_unit_test(store_open__says__what_folder_is_missing),
		cmocka_unit_test_setup_teardown(store_check__tells__a_missing_database, make_folder,
						close_store),
		cmocka_unit_test_setup_teardown(store_check__passes__while_a_daemon_runs,
						open_on_disk, close_store),
		cmocka_unit_test_setup_teardown(store_check__finds__damage, open_on_disk,
						close_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
