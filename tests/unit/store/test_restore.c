/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A backup in the place of a database that has gone on since, was damaged, or is gone. */
#include "fixture.h"

#include "store/db.h"

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define NOW INT64_C(1795515000000) /* 2026-11-24, by the clock of the restore */
#define KEPT "db.replaced-20261124-"

static int64_t ask(const char *path, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *stmt;
	int64_t answer;

	OK(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL));
	OK(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL));
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	answer = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	OK(sqlite3_close(db));
	return answer;
}

static void put(const char *path, const char *sql)
{
	sqlite3 *db;

	OK(sqlite3_open(path, &db));
	OK(sqlite3_exec(db, sql, NULL, NULL, NULL));
	OK(sqlite3_close(db));
}

static void copy_path(const struct fixture *f, char out[80])
{
	(void)snprintf(out, 80, "%s/copy", f->dir);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	OK(fclose(file));
}

static int count_files(const struct fixture *f, const char *with)
{
	DIR *dir = opendir(f->dir);
	const struct dirent *entry;
	int n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir))) /* NOLINT(concurrency-mt-unsafe) */
		n += strstr(entry->d_name, with) != NULL;
	OK(closedir(dir));
	return n;
}

/* What a restore leaves goes, too. */
static int clean_up(void **state)
{
	struct fixture *f = *state;
	DIR *dir = opendir(f->dir);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) { /* NOLINT(concurrency-mt-unsafe) */
		if (strncmp(entry->d_name, KEPT, strlen(KEPT)) == 0)
			remove_file(f, entry->d_name);
	}
	if (dir)
		(void)closedir(dir);
	return close_store(state);
}

static struct message_id add_queued(struct store *store, struct conversation_id conversation,
				    const char *ref)
{
	static char words[] = "words";
	struct message_row row = outbound(conversation, words);

	STR_COPY(row.ref, ref);
	return add_message(store, row);
}

static int64_t add_file(struct store *store, struct message_id message)
{
	static char reference[] = "https://upload.example.org/a/b.jpg";
	struct media_row row = {.message = message, .reference = reference};

	OK(store_media_add(store, &row, NULL));
	return row.id.v;
}

static void add_event(struct store *store, const struct phone *phone, int64_t at)
{
	OK(store_consent_event_add(store, phone, "opt_out", "sms_reply", "STOP", "STOP", "", at,
				   NULL));
}

static void suppress(struct store *store, const char *number, int64_t at)
{
	struct suppression_row row = {.phone = phone_of(number), .at = at};

	STR_COPY(row.reason, "opt_out");
	FOUND(store_suppression_add(store, &row, NULL));
	add_event(store, &row.phone, at);
}

/* What the copy has: two conversations that were read up to "c1", one text in the queue of each,
 * and one opt-out. */
static void first_life(struct fixture *f, const char *copy)
{
	struct conversation_row a;
	struct conversation_row b;

	OK(store_open(f->path, &f->store, NULL));
	must_begin(f->store);
	a = add_conversation(f->store, "+14155550101");
	b = add_conversation(f->store, "+14155550102");
	OK(store_place_set_cursor(f->store,
				  add_place(f->store, a.id, PLACE_CONVERSATION, "xmpp", "a@r"),
				  "c1", NULL));
	OK(store_place_set_cursor(f->store,
				  add_place(f->store, b.id, PLACE_CONVERSATION, "xmpp", "b@r"),
				  "c1", NULL));
	(void)add_file(f->store, add_queued(f->store, a.id, "ref-a"));
	(void)add_queued(f->store, b.id, "ref-b");
	suppress(f->store, "+14155550100", 1);
	must_commit(f->store);
	OK(store_backup(f->path, copy, NULL));
	store_close(f->store);
	f->store = NULL;
}

/* What happens after the copy, up to a crash that leaves the log. */
static void second_life(const struct fixture *f)
{
	struct store *store;
	struct message_row row;
	struct phone held = phone_of("+14155550104");
	struct hold_row hold = {.phone = held, .at = 5, .expires_at = 6};
	struct place_row place;

	OK(store_open(f->path, &store, NULL));
	must_begin(store);
	FOUND(store_find_message_by_ref(store, "ref-a", &row, NULL));
	move(store, row.id, MSG_SENDING);
	move(store, row.id, MSG_DELIVERED);
	message_row_release(&row);
	FOUND(store_find_place_by_address(store, "xmpp", PLACE_CONVERSATION, "a@r", &place, NULL));
	FOUND(store_chat_event_add(store, place.id, "c2", 4, NULL));
	place.id = add_place(store, place.conversation, PLACE_CONVERSATION, "matrix", "!new");
	FOUND(store_chat_event_add(store, place.id, "$m", 4, NULL));
	suppress(store, "+14155550103", 7);
	suppress(store, "+14155550105", 7);
	FOUND(store_hold_add(store, &hold, NULL));
	OK(store_set_value(store, "paused", "yes", NULL));
	must_commit(store);
	(void)raise(SIGKILL);
}

static void live_twice(struct fixture *f, const char *copy)
{
	int status;
	pid_t child;

	first_life(f, copy);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		second_life(f);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(count_files(f, "db-wal"), 1);
}

static void restore__takes_over__what_the_copy_is_too_old_to_know(void **state)
{
	struct fixture *f = *state;
	struct store_restored out;
	struct error err = {0};
	struct stat st;
	char copy[80];

	copy_path(f, copy);
	live_twice(f, copy);
	OK(store_restore(f->path, copy, NOW, &out, &err));
	assert_string_equal(out.problem, "");
	assert_int_equal(out.carried[CARRIED_OPT_OUTS], 2);
	assert_int_equal(out.carried[CARRIED_HOLDS], 1);
	assert_int_equal(out.carried[CARRIED_EVIDENCE], 2);
	assert_int_equal(out.carried[CARRIED_SWITCHES], 1);
	assert_int_equal(out.carried[CARRIED_CURSORS], 2);
	assert_int_equal(out.carried[CARRIED_EVENTS], 2);
	/* One has left since, as the old database tells; the other has not. */
	assert_int_equal(out.carried[CARRIED_QUEUED], 1);
	assert_int_equal(out.unsure, 1);
	assert_int_equal(count_files(f, "db-wal") + count_files(f, "db-shm"), 0);
	OK(stat(f->path, &st));
	assert_int_equal(st.st_mode & 07777, 0600);
	OK(store_check(f->path, &err));
	assert_int_equal(ask(f->path, "SELECT count(*) FROM suppression"), 3);
	assert_int_equal(ask(f->path, "SELECT count(*) FROM consent_event"), 3);
	assert_int_equal(ask(f->path, "SELECT count(*) FROM hold"), 1);
	assert_int_equal(ask(f->path, "SELECT value = 'yes' FROM kept_value"), 1);
	assert_int_equal(ask(f->path, "SELECT state FROM message WHERE ref = 'ref-a'"), 20);
	assert_int_equal(ask(f->path, "SELECT state FROM message WHERE ref = 'ref-b'"), 0);
	assert_int_equal(ask(f->path, "SELECT cursor = 'c2' FROM place WHERE address = 'a@r'"), 1);
	assert_int_equal(ask(f->path, "SELECT cursor = 'c1' FROM place WHERE address = 'b@r'"), 1);
	assert_true(ask(f->path, "SELECT seq FROM sqlite_sequence WHERE name = 'relay'") > 1000);
	assert_int_equal(
		ask(f->path, "SELECT count(*) FROM sqlite_schema WHERE name = 'restore_at'"), 0);
	/* The old one is whole beside it, with what was only in its log. */
	assert_int_equal(ask(out.kept, "SELECT count(*) FROM suppression"), 3);
	assert_int_equal(ask(out.kept, "SELECT state FROM message WHERE ref = 'ref-a'"), 90);
	/* And one can go on with the new one, and find the copy unchanged. */
	OK(store_open(f->path, &f->store, NULL));
	FOUND(store_chat_event_seen(f->store, "xmpp", "c2", NULL));
	FOUND(store_chat_event_seen(f->store, "matrix", "$m", NULL));
	assert_int_equal(ask(f->path, "SELECT count(*) FROM chat_event e JOIN place p"
				      " ON p.id = e.place WHERE p.address = 'a@r'"),
			 1);
	assert_int_equal(ask(copy, "SELECT count(*) FROM suppression"), 1);
}

static void restore__can_be__repeated_and_undone(void **state)
{
	struct fixture *f = *state;
	struct store_restored out;
	struct store_restored again;
	char copy[80];

	copy_path(f, copy);
	live_twice(f, copy);
	OK(store_restore(f->path, copy, NOW, &out, NULL));
	OK(store_restore(f->path, copy, NOW + 60000, &again, NULL));
	assert_int_equal(again.carried[CARRIED_OPT_OUTS], 2);
	assert_int_equal(ask(f->path, "SELECT count(*) FROM consent_event"), 3);
	OK(store_restore(f->path, out.kept, NOW + 120000, &again, NULL));
	assert_int_equal(ask(f->path, "SELECT state FROM message WHERE ref = 'ref-a'"), 90);
	assert_int_equal(ask(f->path, "SELECT count(*) FROM consent_event"), 3);
	assert_int_equal(again.unsure, 0);
}

/* A file for one more person, and words in their room. */
static void go_on(struct fixture *f, const char *number, int64_t *file_out, int64_t *relay_out)
{
	static char text[] = "words";
	struct relay_row row = {.kind = RELAY_SAY, .text = text, .at = 1};
	struct conversation_row with;

	OK(store_open(f->path, &f->store, NULL));
	must_begin(f->store);
	with = add_conversation(f->store, number);
	*file_out = add_file(f->store, add_queued(f->store, with.id, number));
	row.place = add_place(f->store, with.id, PLACE_CONVERSATION, "xmpp", number);
	OK(store_relay_add(f->store, &row, NULL));
	must_commit(f->store);
	store_close(f->store);
	f->store = NULL;
	*relay_out = ask(f->path, "SELECT max(id) FROM relay");
}

/* They are in links and in rooms for longer than in a database. */
static void restore__gives_no_number__twice(void **state)
{
	struct fixture *f = *state;
	struct store_restored out;
	int64_t file[3];
	int64_t relay[3];
	char copy[80];

	copy_path(f, copy);
	first_life(f, copy);
	for (int i = 0; i < 3; i++) {
		go_on(f, "+14155550107", &file[i], &relay[i]);
		OK(store_restore(f->path, copy, NOW + i * 60000, &out, NULL));
	}
	assert_true(file[1] > file[0] + 1000 && file[2] > file[1] + 1000);
	assert_true(relay[1] > relay[0] + 1000 && relay[2] > relay[1] + 1000);
}

static void restore__is_careful__when_the_old_one_cannot_be_read(void **state)
{
	struct fixture *f = *state;
	struct store_restored out;
	char copy[80];

	copy_path(f, copy);
	first_life(f, copy);
	put(copy,
	    "INSERT INTO kept_value VALUES ('matrix.next_batch', 's1'), ('matrix.epoch', 'e')");
	write_file(f->path, "this was a database");
	OK(store_restore(f->path, copy, NOW, &out, NULL));
	assert_non_null(strstr(out.problem, "not a database"));
	assert_int_equal(out.unsure, 2);
	assert_int_equal(ask(f->path, "SELECT count(*) FROM message WHERE state = 20"), 2);
	assert_int_equal(ask(f->path, "SELECT count(*) FROM place WHERE cursor = '~restored'"), 2);
	/* A homeserver would tell all since then once more. */
	assert_int_equal(ask(f->path, "SELECT count(*) FROM kept_value WHERE key LIKE 'matrix.%'"),
			 1);
	assert_int_equal(ask(f->path, "SELECT count(*) FROM suppression"), 1);
	assert_int_equal(count_files(f, KEPT), 1);
}

static void restore__works__where_there_is_nothing(void **state)
{
	struct fixture *f = *state;
	struct store_restored out;
	char copy[80];

	copy_path(f, copy);
	first_life(f, copy);
	remove_file(f, "db");
	OK(store_restore(f->path, copy, NOW, &out, NULL));
	assert_string_equal(out.kept, "");
	assert_string_equal(out.problem, "");
	assert_int_equal(out.unsure, 2);
	assert_int_equal(count_files(f, KEPT), 0);
	OK(store_check(f->path, NULL));
}

/* The number of a text in the queue was suppressed after it was queued. */
static void restore__leaves__to_the_gate_what_must_not_be_sent(void **state)
{
	struct fixture *f = *state;
	struct store_restored out;
	char copy[80];

	copy_path(f, copy);
	OK(store_open(f->path, &f->store, NULL));
	must_begin(f->store);
	(void)add_queued(f->store, add_conversation(f->store, "+14155550101").id, "ref-a");
	suppress(f->store, "+14155550101", 1);
	must_commit(f->store);
	OK(store_backup(f->path, copy, NULL));
	store_close(f->store);
	f->store = NULL;
	OK(store_restore(f->path, copy, NOW, &out, NULL));
	assert_int_equal(out.unsure, 0);
	assert_int_equal(ask(f->path, "SELECT state FROM message"), 0);
}

static void refuse(struct fixture *f, const char *copy, const char *words)
{
	struct store_restored out;
	struct error err = {0};

	FAILS(store_restore(f->path, copy, NOW, &out, &err));
	if (!strstr(err.text, words))
		fail_msg("%s: %s", words, err.text);
	assert_int_equal(count_files(f, ".restoring"), 0);
	assert_int_equal(count_files(f, KEPT), 0);
}

static void restore__refuses__what_is_no_backup(void **state)
{
	struct fixture *f = *state;
	char copy[80];
	sqlite3 *db;

	copy_path(f, copy);
	first_life(f, copy);
	refuse(f, f->path, "is the database itself");
	OK(sqlite3_open_v2(copy, &db, SQLITE_OPEN_READWRITE, NULL));
	OK(sqlite3_exec(db, "PRAGMA user_version = 999", NULL, NULL, NULL));
	OK(sqlite3_close(db));
	refuse(f, copy, "was written by a newer Roomline");
	write_file(copy, "dear diary, this is longer than the head of a database would be, or not");
	refuse(f, copy, "not a database");
	write_file(copy, "");
	refuse(f, copy, "is empty");
	remove_file(f, "copy");
	refuse(f, copy, "cannot read the copy");
	OK(store_check(f->path, NULL));
	assert_int_equal(ask(f->path, "SELECT count(*) FROM message"), 2);
}

/* A page in the middle is overwritten: the first page still looks well. */
static void restore__refuses__a_damaged_copy(void **state)
{
	struct fixture *f = *state;
	char copy[80];
	FILE *file;

	copy_path(f, copy);
	first_life(f, copy);
	file = fopen(copy, "r+e");
	assert_non_null(file);
	for (long at = 8192; at < 8192 + 4096 * 8; at++) {
		OK(fseek(file, at, SEEK_SET));
		assert_int_equal(fputc('x', file), 'x');
	}
	OK(fclose(file));
	refuse(f, copy, "is damaged");
	OK(store_check(f->path, NULL));
}

static void restore__refuses__while_a_daemon_runs(void **state)
{
	struct fixture *f = *state;
	struct store_restored out;
	struct error err = {0};
	char copy[80];

	copy_path(f, copy);
	first_life(f, copy);
	OK(store_open(f->path, &f->store, NULL));
	FAILS(store_restore(f->path, copy, NOW, &out, &err));
	assert_int_equal(err.kind, ERR_BUSY);
	assert_int_equal(count_files(f, ".restoring") + count_files(f, KEPT), 0);
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_folder, clean_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(restore__takes_over__what_the_copy_is_too_old_to_know),
		T(restore__can_be__repeated_and_undone),
		T(restore__gives_no_number__twice),
		T(restore__is_careful__when_the_old_one_cannot_be_read),
		T(restore__works__where_there_is_nothing),
		T(restore__leaves__to_the_gate_what_must_not_be_sent),
		T(restore__refuses__what_is_no_backup),
		T(restore__refuses__a_damaged_copy),
		T(restore__refuses__while_a_daemon_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
