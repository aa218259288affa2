/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A loop without time or descriptors of its own; see fake_loop.h. */
#include "fakes/fake_loop.h"

#include "base/xalloc.h"

#include <sys/queue.h>

#define FAKE_TURNS_MAX 1000000

struct loop_timer {
	TAILQ_ENTRY(loop_timer) link; /* in the order they were made */
	struct loop *loop;
	int64_t due;     /* monotonic */
	int64_t made_in; /* turn */
	loop_fn *fn;
	void *arg;
};

struct loop_watch {
	TAILQ_ENTRY(loop_watch) link;
	struct loop *loop;
	int fd; /* or the number of a signal */
	unsigned what;
	loop_fd_fn *fd_fn; /* NULL: a signal */
	loop_fn *fn;
	void *arg;
	bool called; /* in the present round of fake_loop_ready() */
};

struct fake_deferred {
	STAILQ_ENTRY(fake_deferred) link;
	loop_fn *fn;
	void *arg;
};

STAILQ_HEAD(fake_deferred_list, fake_deferred);

struct loop {
	TAILQ_HEAD(fake_timer_list, loop_timer) timers;
	TAILQ_HEAD(fake_watch_list, loop_watch) watches;
	struct fake_deferred_list deferred;
	int64_t now;
	int64_t monotonic;
	int64_t turn;
	bool stopped;
};

struct loop *loop_new(void)
{
	struct loop *loop = xcalloc(1, sizeof(*loop));

	TAILQ_INIT(&loop->timers);
	TAILQ_INIT(&loop->watches);
	STAILQ_INIT(&loop->deferred);
	loop->now = FAKE_LOOP_START;
	loop->monotonic = FAKE_LOOP_START;
	return loop;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	for (struct loop_timer *t = TAILQ_FIRST(&loop->timers), *next; t; t = next) {
		next = TAILQ_NEXT(t, link);
		loop_cancel(t);
	}
	for (struct loop_watch *w = TAILQ_FIRST(&loop->watches), *next; w; w = next) {
		next = TAILQ_NEXT(w, link);
		loop_unwatch(w);
	}
	while (!STAILQ_EMPTY(&loop->deferred)) {
		struct fake_deferred *d = STAILQ_FIRST(&loop->deferred);

		STAILQ_REMOVE_HEAD(&loop->deferred, link);
		free(d);
	}
	free(loop);
}

int64_t loop_now(struct loop *loop)
{
	return loop->now;
}

int64_t loop_monotonic(struct loop *loop)
{
	return loop->monotonic;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}

struct loop_timer *loop_after(struct loop *loop, int64_t ms, loop_fn *fn, void *arg)
{
	struct loop_timer *timer = xcalloc(1, sizeof(*timer));

	timer->loop = loop;
	timer->due = loop->monotonic + (ms > 0 ? ms : 0);
	timer->made_in = loop->turn;
	timer->fn = fn;
	timer->arg = arg;
	TAILQ_INSERT_TAIL(&loop->timers, timer, link);
	return timer;
}

void loop_cancel(struct loop_timer *timer)
{
	if (!timer)
		return;
	TAILQ_REMOVE(&timer->loop->timers, timer, link);
	free(timer);
}

static struct loop_watch *fake_watch_new(struct loop *loop, int fd, unsigned what, void *arg)
{
	struct loop_watch *watch = xcalloc(1, sizeof(*watch));

	watch->loop = loop;
	watch->fd = fd;
	watch->what = what;
	watch->arg = arg;
	TAILQ_INSERT_TAIL(&loop->watches, watch, link);
	return watch;
}

struct loop_watch *loop_watch_fd(struct loop *loop, int fd, unsigned what, loop_fd_fn *fn,
				 void *arg)
{
	struct loop_watch *watch = fake_watch_new(loop, fd, what, arg);

	watch->fd_fn = fn;
	return watch;
}

struct loop_watch *loop_on_signal(struct loop *loop, int signo, loop_fn *fn, void *arg)
{
	struct loop_watch *watch = fake_watch_new(loop, signo, 0, arg);

	watch->fn = fn;
	return watch;
}

void loop_unwatch(struct loop_watch *watch)
{
	if (!watch)
		return;
	TAILQ_REMOVE(&watch->loop->watches, watch, link);
	free(watch);
}

void loop_defer(struct loop *loop, loop_fn *fn, void *arg)
{
	struct fake_deferred *d = xcalloc(1, sizeof(*d));

	d->fn = fn;
	d->arg = arg;
	STAILQ_INSERT_TAIL(&loop->deferred, d, link);
}

static struct loop_timer *fake_next_timer(const struct loop *loop)
{
	struct loop_timer *next = NULL;
	struct loop_timer *timer;

	TAILQ_FOREACH(timer, &loop->timers, link)
	if (!next || timer->due < next->due)
		next = timer;
	return next;
}

/* A timer made in this turn waits for the next, as it would in the real loop. */
static struct loop_timer *fake_due_timer(const struct loop *loop)
{
	struct loop_timer *next = NULL;
	struct loop_timer *timer;

	TAILQ_FOREACH(timer, &loop->timers, link)
	if (timer->due <= loop->monotonic && timer->made_in < loop->turn &&
	    (!next || timer->due < next->due))
		next = timer;
	return next;
}

void fake_loop_turn(struct loop *loop)
{
	struct fake_deferred_list ready = STAILQ_HEAD_INITIALIZER(ready);
	struct loop_timer *timer;

	loop->turn++;
	while ((timer = fake_due_timer(loop))) {
		loop_fn *fn = timer->fn;
		void *arg = timer->arg;

		loop_cancel(timer);
		fn(arg);
	}
	STAILQ_CONCAT(&ready, &loop->deferred);
	while (!STAILQ_EMPTY(&ready)) {
		struct fake_deferred *d = STAILQ_FIRST(&ready);

		STAILQ_REMOVE_HEAD(&ready, link);
		d->fn(d->arg);
		free(d);
	}
}

static void fake_settle(struct loop *loop)
{
	int turns = 0;

	while (!STAILQ_EMPTY(&loop->deferred) || fake_loop_next_in(loop) == 0) {
		if (++turns > FAKE_TURNS_MAX)
			BUG("work makes new work for ever");
		fake_loop_turn(loop);
	}
}

void fake_loop_advance(struct loop *loop, int64_t ms)
{
	int64_t left = ms;

	fake_settle(loop);
	while (left > 0) {
		int64_t next = fake_loop_next_in(loop);
		int64_t step = next >= 0 && next < left ? next : left;

		loop->monotonic += step;
		loop->now += step;
		left -= step;
		fake_settle(loop);
	}
}

void loop_run(struct loop *loop)
{
	while (!loop->stopped) {
		int64_t next = fake_loop_next_in(loop);

		if (STAILQ_EMPTY(&loop->deferred)) {
			if (next < 0)
				break;
			loop->monotonic += next;
			loop->now += next;
		}
		fake_loop_turn(loop);
	}
	loop->stopped = false;
}

void fake_loop_set_now(struct loop *loop, int64_t now_ms)
{
	loop->now = now_ms;
}

static struct loop_watch *fake_next_watch(struct loop *loop, int fd, unsigned what, bool signal)
{
	struct loop_watch *w;

	TAILQ_FOREACH(w, &loop->watches, link)
	if (!w->called && w->fd == fd && signal == !w->fd_fn && (signal || w->what & what))
		return w;
	return NULL;
}

/* From the start again after each call, since a watcher may remove itself or others. */
static size_t fake_call_watchers(struct loop *loop, int fd, unsigned what, bool signal)
{
	struct loop_watch *w;
	size_t n = 0;

	TAILQ_FOREACH(w, &loop->watches, link)
	w->called = false;
	while ((w = fake_next_watch(loop, fd, what, signal))) {
		w->called = true;
		n++;
		if (signal)
			w->fn(w->arg);
		else
			w->fd_fn(fd, w->what & what, w->arg);
	}
	return n;
}

size_t fake_loop_ready(struct loop *loop, int fd, unsigned what)
{
	return fake_call_watchers(loop, fd, what, false);
}

size_t fake_loop_signal(struct loop *loop, int signo)
{
	return fake_call_watchers(loop, signo, 0, true);
}

size_t fake_loop_timers(const struct loop *loop)
{
	struct loop_timer *timer;
	size_t n = 0;

	TAILQ_FOREACH(timer, &loop->timers, link)
	n++;
	return n;
}

size_t fake_loop_watches(const struct loop *loop)
{
	struct loop_watch *watch;
	size_t n = 0;

	TAILQ_FOREACH(watch, &loop->watches, link)
	n++;
	return n;
}

size_t fake_loop_deferred(const struct loop *loop)
{
	struct fake_deferred *d;
	size_t n = 0;

	STAILQ_FOREACH(d, &loop->deferred, link)
	n++;
	return n;
}

int64_t fake_loop_next_in(const struct loop *loop)
{
	struct loop_timer *timer = fake_next_timer(loop);

	if (!timer)
		return -1;
	return timer->due > loop->monotonic ? timer->due - loop->monotonic : 0;
}
