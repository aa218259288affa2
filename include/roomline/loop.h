/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The event loop of the one thread: timers, descriptors, signals and "at the end of this turn".
 * A façade over libevent (src/app/loop.c), so that no other part names it and tests can link a loop
 * whose time they move by hand (tests/fakes/fake_loop.c).
 *
 * Callbacks run from loop_run() only, never from inside the call that registers them.
 */
#ifndef ROOMLINE_LOOP_H
#define ROOMLINE_LOOP_H

#include <stdint.h>

struct loop;
struct loop_timer;
struct loop_watch;

typedef void loop_fn(void *arg);
typedef void loop_fd_fn(int fd, unsigned what, void *arg);

#define LOOP_READ 1u
#define LOOP_WRITE 2u

struct loop *loop_new(void);
void loop_free(struct loop *loop); /* NULL is fine */
void loop_run(struct loop *loop);  /* until loop_stop() */
void loop_stop(struct loop *loop);

int64_t loop_now(struct loop *loop);       /* wall clock, ms UTC */
int64_t loop_monotonic(struct loop *loop); /* ms of a clock that never jumps */

/* Runs fn once, `ms` from now. The timer is gone when fn is called. */
struct loop_timer *loop_after(struct loop *loop, int64_t ms, loop_fn *fn, void *arg);
void loop_cancel(struct loop_timer *timer); /* NULL is fine; not for one that has fired */

/* Level-triggered: fn is called as long as what is watched for holds. */
struct loop_watch *loop_watch_fd(struct loop *loop, int fd, unsigned what, loop_fd_fn *fn,
				 void *arg);
void loop_unwatch(struct loop_watch *watch); /* NULL is fine; does not close fd */

struct loop_watch *loop_on_signal(struct loop *loop, int signo, loop_fn *fn, void *arg);

/* Runs fn once after all that is ready now has been handled: where the writes of many requests
 * become one commit. What fn itself defers runs in the next turn. */
void loop_defer(struct loop *loop, loop_fn *fn, void *arg);

#endif
