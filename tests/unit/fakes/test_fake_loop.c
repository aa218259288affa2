/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The moved clock must keep the promises of roomline/loop.h, or tests built on it prove nothing. */
#include "fakes/fake_loop.c" /* NOLINT(bugprone-suspicious-include): in place of the real loop */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct trace {
	struct loop *loop;
	char marks[32];
	size_t n;
	int64_t at[32];
	struct loop_timer *victim;
	struct loop_watch *watch;
};

static struct trace t;

static void mark(char c)
{
	t.at[t.n] = loop_monotonic(t.loop) - FAKE_LOOP_START;
	t.marks[t.n++] = c;
	t.marks[t.n] = '\0';
}

static void mark_arg(void *arg)
{
	mark(*(const char *)arg);
}

static char a[] = "a";
static char b[] = "b";
static char c[] = "c";

static int setup(void **state)
{
	(void)state;
	t = (struct trace){.loop = loop_new()};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	loop_free(t.loop);
	return 0;
}

static void fake_loop_advance__fires_in_order_of_due_time(void **state)
{
	(void)state;
	loop_after(t.loop, 30, mark_arg, c);
	loop_after(t.loop, 10, mark_arg, a);
	loop_after(t.loop, 10, mark_arg, b);
	fake_loop_advance(t.loop, 9);
	assert_int_equal(t.n, 0);
	fake_loop_advance(t.loop, 21);
	assert_string_equal(t.marks, "abc");
	assert_int_equal(t.at[0], 10);
	assert_int_equal(t.at[2], 30);
	assert_int_equal(loop_now(t.loop), FAKE_LOOP_START + 30);
	assert_int_equal(fake_loop_timers(t.loop), 0);
	assert_int_equal(fake_loop_next_in(t.loop), -1);
}

static void cancel_victim(void *arg)
{
	mark_arg(arg);
	loop_cancel(t.victim);
}

static void fake_loop_advance__does_not_fire__cancelled_by_an_earlier_one(void **state)
{
	(void)state;
	loop_after(t.loop, 5, cancel_victim, a);
	t.victim = loop_after(t.loop, 5, mark_arg, b);
	fake_loop_advance(t.loop, 10);
	assert_string_equal(t.marks, "a");
}

static void again(void *arg)
{
	mark_arg(arg);
	if (t.n < 4)
		loop_after(t.loop, 3, again, arg);
}

static void fake_loop_advance__fires_timers_made_on_the_way(void **state)
{
	(void)state;
	loop_after(t.loop, 3, again, a);
	fake_loop_advance(t.loop, 11);
	assert_string_equal(t.marks, "aaa");
	assert_int_equal(t.at[2], 9);
	assert_int_equal(fake_loop_next_in(t.loop), 1);
}

static void defer_b(void *arg)
{
	mark_arg(arg);
	loop_defer(t.loop, mark_arg, b);
}

static void fake_loop_turn__leaves_what_deferred_work_defers(void **state)
{
	(void)state;
	loop_defer(t.loop, defer_b, a);
	assert_int_equal(t.n, 0);
	fake_loop_turn(t.loop);
	assert_string_equal(t.marks, "a");
	assert_int_equal(fake_loop_deferred(t.loop), 1);
	fake_loop_turn(t.loop);
	assert_string_equal(t.marks, "ab");
}

static void fake_loop_turn__runs_deferred_after_all_that_is_ready(void **state)
{
	(void)state;
	loop_after(t.loop, 0, defer_b, a);
	loop_after(t.loop, 0, mark_arg, c);
	fake_loop_turn(t.loop);
	assert_string_equal(t.marks, "acb");
}

static void stop_loop(void *arg)
{
	mark_arg(arg);
	loop_stop(t.loop);
}

static void loop_run__jumps_to_the_next_timer_until_stopped(void **state)
{
	(void)state;
	loop_after(t.loop, 3600000, mark_arg, a);
	loop_after(t.loop, 7200000, stop_loop, b);
	loop_after(t.loop, 7200001, mark_arg, c);
	loop_run(t.loop);
	assert_string_equal(t.marks, "ab");
	assert_int_equal(loop_now(t.loop), FAKE_LOOP_START + 7200000);
}

static void see_fd(int fd, unsigned what, void *arg)
{
	(void)what;
	assert_int_equal(fd, 7);
	mark_arg(arg);
	loop_unwatch(t.watch);
	t.watch = NULL;
}

static void fake_loop_ready__calls_those_who_watch_for_it(void **state)
{
	(void)state;
	t.watch = loop_watch_fd(t.loop, 7, LOOP_READ, see_fd, a);
	loop_on_signal(t.loop, 7, mark_arg, b);
	assert_int_equal(fake_loop_ready(t.loop, 7, LOOP_WRITE), 0);
	assert_int_equal(fake_loop_ready(t.loop, 8, LOOP_READ), 0);
	assert_int_equal(fake_loop_ready(t.loop, 7, LOOP_READ | LOOP_WRITE), 1);
	assert_int_equal(fake_loop_signal(t.loop, 7), 1);
	assert_string_equal(t.marks, "ab");
	assert_int_equal(fake_loop_watches(t.loop), 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(fake_loop_advance__fires_in_order_of_due_time),
		TEST(fake_loop_advance__does_not_fire__cancelled_by_an_earlier_one),
		TEST(fake_loop_advance__fires_timers_made_on_the_way),
		TEST(fake_loop_turn__leaves_what_deferred_work_defers),
		TEST(fake_loop_turn__runs_deferred_after_all_that_is_ready),
		TEST(loop_run__jumps_to_the_next_timer_until_stopped),
		TEST(fake_loop_ready__calls_those_who_watch_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
