/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "roomline/loop.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct {
	struct loop *loop;
	char marks[64];
	size_t n;
	struct loop_timer *timer;
	struct loop_watch *watch;
	int64_t made_at;
	int64_t fired_at;
	int calls;
} t;

static char a[] = "a";
static char b[] = "b";
static char c[] = "c";

static void mark(void *arg)
{
	t.marks[t.n++] = *(const char *)arg;
	t.marks[t.n] = '\0';
}

static void stop(void *arg)
{
	(void)arg;
	loop_stop(t.loop);
}

static int setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	t.loop = loop_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	loop_free(t.loop);
	return 0;
}

static void loop_after__fires_in_order_and_never_early(void **state)
{
	int64_t start = loop_monotonic(t.loop);

	(void)state;
	loop_after(t.loop, 30, mark, c);
	loop_after(t.loop, 10, mark, a);
	loop_after(t.loop, 20, mark, b);
	loop_after(t.loop, 40, stop, NULL);
	loop_run(t.loop);
	assert_string_equal(t.marks, "abc");
	assert_true(loop_monotonic(t.loop) - start >= 40);
}

static void note_time(void *arg)
{
	(void)arg;
	t.fired_at = loop_monotonic(t.loop);
	loop_stop(t.loop);
}

static void dawdle(void *arg)
{
	int64_t until = loop_monotonic(t.loop) + 60;

	(void)arg;
	while (loop_monotonic(t.loop) < until)
		(void)usleep(5000);
	t.made_at = loop_monotonic(t.loop);
	loop_after(t.loop, 30, note_time, NULL);
}

static void loop_after__counts_from_the_call__in_a_long_turn(void **state)
{
	(void)state;
	loop_after(t.loop, 0, dawdle, NULL);
	loop_run(t.loop);
	assert_true(t.fired_at - t.made_at >= 30);
}

static void cancel_other(void *arg)
{
	mark(arg);
	loop_cancel(t.timer);
}

static void loop_cancel__silences_a_timer(void **state)
{
	(void)state;
	loop_after(t.loop, 1, cancel_other, a);
	t.timer = loop_after(t.loop, 5, mark, b);
	loop_after(t.loop, 15, stop, NULL);
	loop_cancel(NULL);
	loop_run(t.loop);
	assert_string_equal(t.marks, "a");
}

static void defer_b(void *arg)
{
	mark(arg);
	loop_defer(t.loop, mark, b);
	loop_defer(t.loop, stop, NULL);
}

static void ready_and_defer(int fd, unsigned what, void *arg)
{
	(void)fd;
	assert_int_equal(what, LOOP_READ);
	mark(arg);
	loop_unwatch(t.watch);
	t.watch = NULL;
	loop_defer(t.loop, defer_b, c);
}

static void ready_too(int fd, unsigned what, void *arg)
{
	char byte;

	(void)what;
	assert_int_equal(read(fd, &byte, 1), 1);
	mark(arg);
}

/* Both descriptors are ready in one turn; the work that one defers comes after the other. */
static void loop_defer__runs_after_all_that_is_ready(void **state)
{
	int one[2];
	int two[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, one), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, two), 0);
	assert_int_equal(write(one[1], "x", 1), 1);
	assert_int_equal(write(two[1], "x", 1), 1);
	t.watch = loop_watch_fd(t.loop, one[0], LOOP_READ, ready_and_defer, a);
	loop_watch_fd(t.loop, two[0], LOOP_READ, ready_too, a);
	loop_run(t.loop);
	assert_string_equal(t.marks, "aacb");
	for (int i = 0; i < 2; i++) {
		(void)close(one[i]);
		(void)close(two[i]);
	}
}

static void count_writable(int fd, unsigned what, void *arg)
{
	(void)fd;
	(void)arg;
	assert_int_equal(what, LOOP_WRITE);
	if (++t.calls == 3)
		loop_stop(t.loop);
}

static void loop_watch_fd__is_level_triggered(void **state)
{
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	t.watch = loop_watch_fd(t.loop, pair[0], LOOP_READ | LOOP_WRITE, count_writable, NULL);
	loop_run(t.loop);
	assert_int_equal(t.calls, 3);
	loop_unwatch(t.watch);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

static void raise_usr1(void *arg)
{
	(void)arg;
	(void)raise(SIGUSR1);
}

static void count_signal(void *arg)
{
	mark(arg);
	if (t.n == 2)
		loop_stop(t.loop);
	else
		loop_after(t.loop, 1, raise_usr1, NULL);
}

static void loop_on_signal__is_called_each_time(void **state)
{
	(void)state;
	loop_on_signal(t.loop, SIGUSR1, count_signal, a);
	loop_after(t.loop, 1, raise_usr1, NULL);
	loop_run(t.loop);
	assert_string_equal(t.marks, "aa");
}

static void loop_stop__before_the_run_is_not_lost(void **state)
{
	(void)state;
	loop_stop(t.loop);
	loop_run(t.loop);
	loop_after(t.loop, 1, stop, NULL);
	loop_run(t.loop); /* and it holds for one run */
}

static int64_t cpu_us(void)
{
	struct rusage use;

	assert_int_equal(getrusage(RUSAGE_SELF, &use), 0);
	return (int64_t)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000 +
	       use.ru_utime.tv_usec + use.ru_stime.tv_usec;
}

static void loop_run__sleeps__with_nothing_to_do(void **state)
{
	struct rusage before;
	struct rusage after;
	int64_t cpu;

	(void)state;
	loop_after(t.loop, 300, stop, NULL);
	assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
	cpu = cpu_us();
	loop_run(t.loop);
	assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
	assert_true(cpu_us() - cpu < 30000);
	/* One sleep, not a tick: it gave up the processor a few times at most. */
	assert_true(after.ru_nvcsw - before.ru_nvcsw <= 5);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(loop_after__fires_in_order_and_never_early),
		TEST(loop_after__counts_from_the_call__in_a_long_turn),
		TEST(loop_cancel__silences_a_timer),
		TEST(loop_defer__runs_after_all_that_is_ready),
		TEST(loop_watch_fd__is_level_triggered),
		TEST(loop_on_signal__is_called_each_time),
		TEST(loop_stop__before_the_run_is_not_lost),
		TEST(loop_run__sleeps__with_nothing_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
