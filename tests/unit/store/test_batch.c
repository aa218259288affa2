/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Steps and batches: what is kept, what is taken back, and who is told when. */
#include "fixture.h"

#include "store/db.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

/* What waiters were told, in order: "a+" committed, "a-" not. */
static char told[64];

static void tell(bool committed, char who)
{
	size_t n = strlen(told);

	assert_true(n + 3 < sizeof(told));
	told[n] = who;
	told[n + 1] = committed ? '+' : '-';
	told[n + 2] = '\0';
}

static void told_a(bool committed, void *arg)
{
	(void)arg;
	tell(committed, 'a');
}

static void told_b(bool committed, void *arg)
{
	(void)arg;
	tell(committed, 'b');
}

static void told_c(bool committed, void *arg)
{
	(void)arg;
	tell(committed, 'c');
}

static void check_told(const char *expected)
{
	assert_string_equal(told, expected);
	told[0] = '\0';
}

static bool knows(struct store *store, const char *number)
{
	struct phone phone = phone_of(number);
	struct contact_row row;
	int found = store_find_contact(store, &phone, &row, NULL);

	assert_true(found >= 0);
	return found == 1;
}

static struct store *start(void **state)
{
	told[0] = '\0';
	return ((struct fixture *)*state)->store;
}

static void count_batch(void *arg)
{
	++*(int *)arg;
}

static void steps__share__one_batch(void **state)
{
	struct store *store = start(state);
	int batches = 0;

	store_on_batch(store, count_batch, &batches);
	must_begin(store);
	add_contact(store, "+14155550101");
	store_after_commit(store, told_a, NULL);
	must_keep(store);
	must_begin(store);
	store_after_commit(store, told_b, NULL);
	must_keep(store);
	assert_int_equal(batches, 1);
	check_told("");
	store_commit(store);
	check_told("a+b+");
	store_commit(store); /* nothing open: nothing happens */
	check_told("");
	must_begin(store);
	must_commit(store);
	assert_int_equal(batches, 2);
	assert_true(knows(store, "+14155550101"));
}

static void step_end__takes_back__only_its_own_step(void **state)
{
	struct store *store = start(state);

	must_begin(store);
	add_contact(store, "+14155550101");
	store_after_commit(store, told_a, NULL);
	must_keep(store);
	must_begin(store);
	add_contact(store, "+14155550102");
	store_after_commit(store, told_b, NULL);
	must_drop(store);
	must_begin(store);
	add_contact(store, "+14155550103");
	store_after_commit(store, told_c, NULL);
	must_keep(store);
	store_commit(store);
	check_told("a+c+");
	assert_true(knows(store, "+14155550101"));
	assert_false(knows(store, "+14155550102"));
	assert_true(knows(store, "+14155550103"));
}

static void after_commit__calls__at_once_when_nothing_is_open(void **state)
{
	struct store *store = start(state);

	assert_false(store_in_batch(store));
	store_after_commit(store, told_a, NULL);
	check_told("a+");
	must_begin(store);
	must_keep(store);
	assert_true(store_in_batch(store));
	store_after_commit(store, told_b, NULL); /* between steps: waits for the batch */
	check_told("");
	store_commit(store);
	assert_false(store_in_batch(store));
	check_told("b+");
}

static void begin_again(bool committed, void *arg)
{
	struct store *store = arg;

	tell(committed, 'g');
	must_begin(store);
	add_contact(store, "+14155550109");
	store_after_commit(store, told_a, NULL);
	must_keep(store);
}

static void waiters__may_begin__the_next_batch(void **state)
{
	struct store *store = start(state);
	int batches = 0;

	store_on_batch(store, count_batch, &batches);
	must_begin(store);
	store_after_commit(store, begin_again, store);
	store_after_commit(store, told_b, NULL);
	must_commit(store);
	check_told("g+b+");
	assert_int_equal(batches, 2);
	store_commit(store);
	check_told("a+");
	assert_true(knows(store, "+14155550109"));
}

static void waiters__are_called__in_the_order_they_asked(void **state)
{
	struct store *store = start(state);

	for (int i = 0; i < 9; i++) {
		must_begin(store);
		store_after_commit(store, i % 2 ? told_a : told_b, NULL);
		store_after_commit(store, told_c, NULL);
		must_keep(store);
	}
	store_commit(store);
	check_told("b+c+a+c+b+c+a+c+b+c+a+c+b+c+a+c+b+c+");
}

/* ---- a disk that is full --------------------------------------------------------------------- */

static void limit_pages(struct store *store, int more)
{
	char sql[64];
	sqlite3_stmt *stmt;
	int64_t pages;

	OK(sqlite3_prepare_v2(store->db, "PRAGMA page_count", -1, &stmt, NULL));
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	pages = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	(void)snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %lld",
		       more < 0 ? 1073741823LL : (long long)pages + more);
	OK(sqlite3_exec(store->db, sql, NULL, NULL, NULL));
}

/* Adds until the database cannot grow; how many went in. */
static int fill(struct store *store, struct error *err)
{
	char words[3000];
	int n = 0;

	memset(words, 'w', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	while (store_audit_add(store, "x", "fill", words, 1, err) == 0) {
		n++;
		assert_true(n < 100000);
	}
	return n;
}

static int64_t audit_rows(struct store *store)
{
	sqlite3_stmt *stmt;
	int64_t n;

	OK(sqlite3_prepare_v2(store->db, "SELECT count(*) FROM audit", -1, &stmt, NULL));
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	n = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	return n;
}

static void check_works_again(struct store *store)
{
	struct error err = {0};
	int64_t before = audit_rows(store);

	told[0] = '\0';
	assert_int_equal(store_step_begin(store, &err), 0);
	add_contact(store, "+14155550188");
	OK(store_audit_add(store, "x", "again", "words", 1, NULL));
	store_after_commit(store, told_c, NULL);
	must_commit(store);
	check_told("c+");
	assert_true(knows(store, "+14155550188"));
	assert_int_equal(audit_rows(store), before + 1);
}

/* SQLite gives the whole transaction up here, with the steps before. */
static void full_disk__fails__the_whole_batch(void **state)
{
	struct store *store = start(state);
	struct error err = {0};
	struct phone phone = phone_of("+14155550103");
	struct contact_row row;

	must_begin(store);
	add_contact(store, "+14155550101");
	store_after_commit(store, told_a, NULL);
	must_keep(store);
	limit_pages(store, 4);
	must_begin(store);
	store_after_commit(store, told_b, NULL);
	assert_true(fill(store, &err) > 0);
	assert_int_equal(err.kind, ERR_IO);
	assert_non_null(strstr(err.text, "disk is full"));
	assert_true(sqlite3_get_autocommit(store->db)); /* that it is this case */
	/* What follows in the same step must not go into the database by itself. */
	limit_pages(store, -1);
	FAILS(store_contact_ensure(store, &phone, 1, &row, NULL));
	FAILS(store_step_end(store, true, &err));
	assert_int_equal(err.kind, ERR_IO);
	/* Nor what another step of this turn does. */
	FAILS(store_step_begin(store, NULL));
	store_after_commit(store, told_c, NULL);
	check_told("");
	store_commit(store);
	check_told("a-c-");
	assert_false(knows(store, "+14155550101"));
	assert_false(knows(store, "+14155550103"));
	assert_int_equal(audit_rows(store), 0);
	check_works_again(store);
}

static void full_disk__fails__the_batch_of_a_dropped_step_too(void **state)
{
	struct store *store = start(state);

	must_begin(store);
	add_contact(store, "+14155550101");
	store_after_commit(store, told_a, NULL);
	must_keep(store);
	limit_pages(store, 4);
	must_begin(store);
	(void)fill(store, NULL);
	assert_true(sqlite3_get_autocommit(store->db));
	must_drop(store); /* the step ends as asked */
	store_commit(store);
	check_told("a-"); /* but the one before has gone with it */
	assert_false(knows(store, "+14155550101"));
	limit_pages(store, -1);
	check_works_again(store);
}

/* The write itself fails: as with a full disk, but told by the kernel. */
static void failed_commit__is_told__to_every_waiter(void **state)
{
	struct store *store = start(state);
	struct rlimit before;
	struct rlimit small;

	(void)signal(SIGXFSZ, SIG_IGN);
	OK(getrlimit(RLIMIT_FSIZE, &before));
	must_begin(store);
	add_contact(store, "+14155550101");
	store_after_commit(store, told_a, NULL);
	must_keep(store);
	must_begin(store);
	add_contact(store, "+14155550102");
	store_after_commit(store, told_b, NULL);
	must_keep(store);
	small = before;
	small.rlim_cur = 4096;
	OK(setrlimit(RLIMIT_FSIZE, &small));
	store_commit(store);
	OK(setrlimit(RLIMIT_FSIZE, &before));
	check_told("a-b-");
	assert_false(knows(store, "+14155550101"));
	assert_false(knows(store, "+14155550102"));
	check_works_again(store);
}

static void failed_commit__takes_back__the_counts(void **state)
{
	struct store *store = start(state);
	struct message_counts counts;
	struct conversation_row row;
	struct message_id id;

	must_begin(store);
	row = add_conversation(store, "+14155550101");
	id = add_text(store, row.id);
	must_commit(store);
	OK(store_count(store, &counts, NULL));
	assert_int_equal(counts.queued, 1);
	must_begin(store);
	move(store, id, MSG_SENDING);
	must_keep(store);
	OK(store_count(store, &counts, NULL));
	assert_int_equal(counts.sending, 1);
	must_begin(store);
	add_text(store, row.id);
	must_drop(store);
	OK(store_count(store, &counts, NULL));
	assert_int_equal(counts.queued, 0);
	assert_int_equal(counts.sending, 1);
	limit_pages(store, 2);
	must_begin(store);
	(void)fill(store, NULL);
	must_drop(store);
	store_commit(store);
	OK(store_count(store, &counts, NULL));
	assert_int_equal(counts.queued, 1);
	assert_int_equal(counts.sending, 0);
}

static void close__commits__nothing(void **state)
{
	struct fixture *f = *state;
	struct store *store = start(state);

	must_begin(store);
	add_contact(store, "+14155550101");
	store_after_commit(store, told_a, NULL);
	must_keep(store);
	must_begin(store);
	add_contact(store, "+14155550102");
	store_after_commit(store, told_b, NULL);
	store_close(store);
	check_told("a-b-");
	f->store = NULL;
	OK(store_open(f->path, &f->store, NULL));
	assert_false(knows(f->store, "+14155550101"));
	assert_false(knows(f->store, "+14155550102"));
}

static void close__passes_over__nothing(void **state)
{
	(void)state;
	store_close(NULL);
}

/* ---- other processes --------------------------------------------------------------------------- */

static void step_begin__says__that_another_program_writes(void **state)
{
	struct fixture *f = *state;
	struct store *store = start(state);
	struct error err = {0};
	sqlite3 *other;

	OK(sqlite3_open(f->path, &other));
	OK(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL));
	OK(sqlite3_busy_timeout(store->db, 10));
	FAILS(store_step_begin(store, &err));
	assert_int_equal(err.kind, ERR_BUSY);
	OK(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL));
	OK(sqlite3_close(other));
	check_works_again(store);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void step_begin__waits__for_a_lock_only_once(void **state)
{
	struct fixture *f = *state;
	struct store *store = start(state);
	sqlite3 *other;
	int64_t began;

	OK(sqlite3_open(f->path, &other));
	OK(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL));
	OK(sqlite3_busy_timeout(store->db, 200));
	began = now_ms();
	FAILS(store_step_begin(store, NULL));
	assert_true(now_ms() - began >= 150);
	began = now_ms();
	for (int i = 0; i < 20; i++)
		FAILS(store_step_begin(store, NULL));
	assert_true(now_ms() - began < 200);
	OK(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL));
	OK(sqlite3_close(other));
	check_works_again(store);
}

/* A child writes and dies by SIGKILL where `last` says; what is there afterwards? */
enum last { IN_STEP, BETWEEN_STEPS, AFTER_COMMIT };

static void live_and_die(const char *path, enum last last)
{
	struct store *store;
	struct conversation_row row;

	OK(store_open(path, &store, NULL));
	must_begin(store);
	row = add_conversation(store, "+14155550101");
	must_commit(store);
	for (int i = 0; i < 200; i++) {
		must_begin(store);
		add_text(store, row.id);
		must_keep(store);
	}
	if (last == AFTER_COMMIT)
		store_commit(store);
	must_begin(store);
	add_contact(store, "+14155550102");
	if (last != IN_STEP)
		must_keep(store);
	(void)raise(SIGKILL);
}

static void check_death(const struct fixture *f, enum last last, int64_t queued)
{
	struct store *store;
	struct message_counts counts;
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		live_and_die(f->path, last);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	OK(store_check(f->path, NULL));
	OK(store_open(f->path, &store, NULL));
	OK(store_count(store, &counts, NULL));
	assert_int_equal(counts.conversations_open, 1); /* committed before */
	assert_int_equal(counts.queued, queued);
	assert_false(knows(store, "+14155550102"));
	store_close(store);
}

static void kill__between_steps__leaves_nothing_half_written(void **state)
{
	check_death(*state, BETWEEN_STEPS, 0);
}

static void kill__in_a_step__leaves_nothing_half_written(void **state)
{
	check_death(*state, IN_STEP, 0);
}

static void kill__after_the_commit__leaves_all(void **state)
{
	check_death(*state, AFTER_COMMIT, 200);
}

#define ON_DISK(test) cmocka_unit_test_setup_teardown(test, open_on_disk, close_store)
#define IN_MEMORY(test) cmocka_unit_test_setup_teardown(test, open_in_memory, close_store)
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_MEMORY(steps__share__one_batch),
		IN_MEMORY(step_end__takes_back__only_its_own_step),
		IN_MEMORY(after_commit__calls__at_once_when_nothing_is_open),
		IN_MEMORY(waiters__may_begin__the_next_batch),
		IN_MEMORY(waiters__are_called__in_the_order_they_asked),
		ON_DISK(full_disk__fails__the_whole_batch),
		ON_DISK(full_disk__fails__the_batch_of_a_dropped_step_too),
		ON_DISK(failed_commit__is_told__to_every_waiter),
		ON_DISK(failed_commit__takes_back__the_counts),
		ON_DISK(close__commits__nothing),
		cmocka_unit_test(close__passes_over__nothing),
		ON_DISK(step_begin__says__that_another_program_writes),
		ON_DISK(step_begin__waits__for_a_lock_only_once),
		IN_FOLDER(kill__between_steps__leaves_nothing_half_written),
		IN_FOLDER(kill__in_a_step__leaves_nothing_half_written),
		IN_FOLDER(kill__after_the_commit__leaves_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
