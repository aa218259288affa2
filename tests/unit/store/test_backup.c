/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Copies of a database that is in use. */
#include "fixture.h"

#include "store/db.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void copy_path(const struct fixture *f, char out[80])
{
	(void)snprintf(out, 80, "%s/copy", f->dir);
}

static int64_t ask(const char *path, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *stmt;
	int64_t answer;

	OK(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL));
	OK(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL));
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	answer = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	OK(sqlite3_close(db));
	return answer;
}

static void backup__copies__what_is_committed(void **state)
{
	struct fixture *f = *state;
	char copy[80];
	struct stat st;
	mode_t mask;
	int rc;

	copy_path(f, copy);
	must_begin(f->store);
	add_contact(f->store, "+14155550100");
	must_commit(f->store);
	must_begin(f->store);
	add_contact(f->store, "+14155550101");
	must_keep(f->store);
	mask = umask(0);
	rc = store_backup(f->path, copy, NULL);
	(void)umask(mask);
	OK(rc);
	OK(stat(copy, &st));
	assert_int_equal(st.st_mode & 07777, 0600);
	OK(store_check(copy, NULL));
	assert_int_equal(ask(copy, "SELECT count(*) FROM contact"), 1);
	store_commit(f->store);
	assert_int_equal(ask(f->path, "SELECT count(*) FROM contact"), 2);
	/* And one can go on with it. */
	store_close(f->store);
	f->store = NULL;
	OK(store_open(copy, &f->store, NULL));
	must_begin(f->store);
	add_contact(f->store, "+14155550102");
	must_commit(f->store);
	store_close(f->store);
	f->store = NULL;
	remove_file(f, "copy.lock");
}

static void backup__refuses__an_existing_file(void **state)
{
	struct fixture *f = *state;
	struct error err = {0};
	char copy[80];
	struct stat st;
	FILE *file;

	copy_path(f, copy);
	file = fopen(copy, "we");
	assert_non_null(file);
	(void)fputs("dear diary", file);
	OK(fclose(file));
	FAILS(store_backup(f->path, copy, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.text, "File exists"));
	OK(stat(copy, &st));
	assert_int_equal(st.st_size, 10); /* untouched */
	FAILS(store_backup(f->path, f->path, &err));
	OK(store_check(f->path, NULL));
}

static void backup__leaves__nothing_when_there_is_nothing_to_copy(void **state)
{
	struct fixture *f = *state;
	struct error err = {0};
	char copy[80];

	copy_path(f, copy);
	FAILS(store_backup(f->path, copy, &err));
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_int_equal(access(copy, F_OK), -1);
	assert_int_equal(access(f->path, F_OK), -1);
	FAILS(store_backup(f->path, "/tmp/roomline-no-such-folder/copy", &err));
}

/* Each commit adds one text and one line of the audit: a copy that has more of one than of the
 * other is torn. */
static void write_until_killed(const char *path, int ready)
{
	struct store *store;
	struct conversation_row row;

	OK(store_open(path, &store, NULL));
	must_begin(store);
	row = add_conversation(store, "+14155550100");
	must_commit(store);
	for (int i = 0;; i++) {
		must_begin(store);
		add_text(store, row.id);
		must_keep(store);
		must_begin(store);
		OK(store_audit_add(store, "a", "b", "c", 1, NULL));
		must_commit(store);
		if (i == 0)
			assert_int_equal(write(ready, "x", 1), 1);
	}
}

static void backup__sees__one_moment_of_a_running_daemon(void **state)
{
	struct fixture *f = *state;
	int64_t before = 0;
	char copy[80];
	char byte;
	int ready[2];
	int status;
	pid_t child;

	copy_path(f, copy);
	OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ready));
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		write_until_killed(f->path, ready[1]);
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	for (int i = 0; i < 10; i++) {
		int64_t texts;

		(void)usleep(20000);
		OK(store_backup(f->path, copy, NULL));
		OK(store_check(copy, NULL));
		texts = ask(copy, "SELECT count(*) FROM message");
		assert_true(texts > before); /* it goes on writing meanwhile */
		assert_int_equal(ask(copy, "SELECT count(*) FROM audit"), texts);
		before = texts;
		remove_file(f, "copy");
	}
	OK(kill(child, SIGKILL));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	(void)close(ready[0]);
	(void)close(ready[1]);
}

#define ON_DISK(test) cmocka_unit_test_setup_teardown(test, open_on_disk, close_store)
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_DISK(backup__copies__what_is_committed),
		ON_DISK(backup__refuses__an_existing_file),
		IN_FOLDER(backup__leaves__nothing_when_there_is_nothing_to_copy),
		IN_FOLDER(backup__sees__one_moment_of_a_running_daemon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
