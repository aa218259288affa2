/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The event loop over libevent 2.1; the only file that includes it.
 *
 * The turn is ours: one event_base_loop(EVLOOP_ONCE), then what was deferred. libevent has deferred
 * callbacks of its own, but they run among the ready events and not after them, which is what a
 * group commit needs. While something is deferred the next turn does not block.
 *
 * The clock is exact: without PRECISE_TIMER libevent reads a clock of 4 ms steps, and with its
 * cache of the time a timer made late in a long turn would fire early by as much.
 */
#include "roomline/loop.h"

#include "base/xalloc.h"

#include <event2/event.h>
#include <stdbool.h>
#include <sys/queue.h>
#include <time.h>

/* Timers and watches are kept in lists only so that loop_free() can release what is left. */
struct loop_timer {
	LIST_ENTRY(loop_timer) link;
	struct event *event;
	loop_fn *fn;
	void *arg;
};

struct loop_watch {
	LIST_ENTRY(loop_watch) link;
	struct event *event;
	loop_fd_fn *fd_fn; /* of a descriptor */
	loop_fn *fn;       /* of a signal */
	void *arg;
};

struct deferred {
	STAILQ_ENTRY(deferred) link;
	loop_fn *fn;
	void *arg;
};

STAILQ_HEAD(deferred_list, deferred);

struct loop {
	struct event_base *base;
	LIST_HEAD(timer_list, loop_timer) timers;
	LIST_HEAD(watch_list, loop_watch) watches;
	struct deferred_list deferred;
	bool stopped;
};

struct loop *loop_new(void)
{
	struct loop *loop = xcalloc(1, sizeof(*loop));
	struct event_config *config = event_config_new();

	if (!config || event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME |
							     EVENT_BASE_FLAG_PRECISE_TIMER) != 0)
		BUG("libevent refuses its own flags");
	loop->base = event_base_new_with_config(config);
	event_config_free(config);
	if (!loop->base)
		BUG("libevent finds no way to wait for events");
	LIST_INIT(&loop->timers);
	LIST_INIT(&loop->watches);
	STAILQ_INIT(&loop->deferred);
	return loop;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	for (struct loop_timer *t = LIST_FIRST(&loop->timers), *next; t; t = next) {
		next = LIST_NEXT(t, link);
		loop_cancel(t);
	}
	for (struct loop_watch *w = LIST_FIRST(&loop->watches), *next; w; w = next) {
		next = LIST_NEXT(w, link);
		loop_unwatch(w);
	}
	while (!STAILQ_EMPTY(&loop->deferred)) {
		struct deferred *d = STAILQ_FIRST(&loop->deferred);

		STAILQ_REMOVE_HEAD(&loop->deferred, link);
		free(d);
	}
	event_base_free(loop->base);
	free(loop);
}

static void run_deferred(struct loop *loop)
{
	struct deferred_list ready = STAILQ_HEAD_INITIALIZER(ready);

	STAILQ_CONCAT(&ready, &loop->deferred);
	while (!STAILQ_EMPTY(&ready)) {
		struct deferred *d = STAILQ_FIRST(&ready);

		STAILQ_REMOVE_HEAD(&ready, link);
		d->fn(d->arg);
		free(d);
	}
}

void loop_run(struct loop *loop)
{
	while (!loop->stopped) {
		int flags = EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY;

		if (!STAILQ_EMPTY(&loop->deferred))
			flags |= EVLOOP_NONBLOCK;
		if (event_base_loop(loop->base, flags) < 0)
			BUG("waiting for events failed");
		run_deferred(loop);
	}
	loop->stopped = false;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}

static int64_t clock_ms(clockid_t clock)
{
	struct timespec ts;

	(void)clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t loop_now(struct loop *loop)
{
	(void)loop;
	return clock_ms(CLOCK_REALTIME);
}

int64_t loop_monotonic(struct loop *loop)
{
	(void)loop;
	return clock_ms(CLOCK_MONOTONIC);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *timer = arg;
	loop_fn *fn = timer->fn;
	void *fn_arg = timer->arg;

	(void)fd;
	(void)what;
	loop_cancel(timer);
	fn(fn_arg);
}

struct loop_timer *loop_after(struct loop *loop, int64_t ms, loop_fn *fn, void *arg)
{
	struct loop_timer *timer = xcalloc(1, sizeof(*timer));
	struct timeval tv = {0};

	if (ms > 0) {
		tv.tv_sec = ms / 1000;
		tv.tv_usec = ms % 1000 * 1000;
	}
	timer->fn = fn;
	timer->arg = arg;
	timer->event = evtimer_new(loop->base, on_timer, timer);
	if (!timer->event || evtimer_add(timer->event, &tv) != 0)
		BUG("no timer of %lld ms", (long long)ms);
	LIST_INSERT_HEAD(&loop->timers, timer, link);
	return timer;
}

void loop_cancel(struct loop_timer *timer)
{
	if (!timer)
		return;
	LIST_REMOVE(timer, link);
	event_free(timer->event);
	free(timer);
}

static void on_fd(evutil_socket_t fd, short what, void *arg)
{
	struct loop_watch *watch = arg;

	watch->fd_fn(fd, (what & EV_READ ? LOOP_READ : 0) | (what & EV_WRITE ? LOOP_WRITE : 0),
		     watch->arg);
}

static void on_signal(evutil_socket_t signo, short what, void *arg)
{
	struct loop_watch *watch = arg;

	(void)signo;
	(void)what;
	watch->fn(watch->arg);
}

static struct loop_watch *watch_add(struct loop *loop, struct loop_watch *watch, int fd, int events,
				    event_callback_fn callback)
{
	watch->event = event_new(loop->base, fd, (short)(events | EV_PERSIST), callback, watch);
	if (!watch->event || event_add(watch->event, NULL) != 0)
		BUG("cannot watch %d", fd);
	LIST_INSERT_HEAD(&loop->watches, watch, link);
	return watch;
}

struct loop_watch *loop_watch_fd(struct loop *loop, int fd, unsigned what, loop_fd_fn *fn,
				 void *arg)
{
	struct loop_watch *watch = xcalloc(1, sizeof(*watch));

	watch->fd_fn = fn;
	watch->arg = arg;
	return watch_add(loop, watch, fd,
			 (what & LOOP_READ ? EV_READ : 0) | (what & LOOP_WRITE ? EV_WRITE : 0),
			 on_fd);
}

struct loop_watch *loop_on_signal(struct loop *loop, int signo, loop_fn *fn, void *arg)
{
	struct loop_watch *watch = xcalloc(1, sizeof(*watch));

	watch->fn = fn;
	watch->arg = arg;
	return watch_add(loop, watch, signo, EV_SIGNAL, on_signal);
}

void loop_unwatch(struct loop_watch *watch)
{
	if (!watch)
		return;
	LIST_REMOVE(watch, link);
	event_free(watch->event);
	free(watch);
}

void loop_defer(struct loop *loop, loop_fn *fn, void *arg)
{
	struct deferred *d = xcalloc(1, sizeof(*d));

	d->fn = fn;
	d->arg = arg;
	STAILQ_INSERT_TAIL(&loop->deferred, d, link);
}
