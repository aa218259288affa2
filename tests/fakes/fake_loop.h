/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The loop of include/roomline/loop.h with time moved by hand, for unit tests. A test includes
 * "fakes/fake_loop.c" (not this header), so that the linker takes these functions and leaves
 * src/app/loop.c in the archive.
 *
 * A new loop stands at FAKE_LOOP_START on both clocks. Nothing sleeps: loop_run() jumps from timer
 * to timer until loop_stop() or until neither a timer nor deferred work is left.
 */
#ifndef FAKE_LOOP_H
#define FAKE_LOOP_H

#include "roomline/loop.h"

#include <stdbool.h>
#include <stddef.h>

#define FAKE_LOOP_START INT64_C(1764000000000) /* 2025-11-24T16:00:00Z */

/* Moves both clocks forward by ms, stopping at each due timer: it is fired with the clocks at its
 * due time, then what was deferred runs, until nothing is left that is due. Timers due at the same
 * time fire in the order they were made. advance(loop, 0) runs what is due now. Aborts after a
 * million turns without the clock moving: something defers itself for ever. */
void fake_loop_advance(struct loop *loop, int64_t ms);
/* One turn: the timers that are due now, then once what was deferred until then. */
void fake_loop_turn(struct loop *loop);
/* Sets the wall clock alone, as an administrator or NTP would. */
void fake_loop_set_now(struct loop *loop, int64_t now_ms);
/* Calls the watchers of fd that watch for any of `what`, or those of a signal. Returns how many. */
size_t fake_loop_ready(struct loop *loop, int fd, unsigned what);
size_t fake_loop_signal(struct loop *loop, int signo);

/* What is still waiting: for "it must not tick" and "nothing may be left behind". */
size_t fake_loop_timers(const struct loop *loop);
size_t fake_loop_watches(const struct loop *loop);
size_t fake_loop_deferred(const struct loop *loop);
int64_t fake_loop_next_in(const struct loop *loop); /* ms to the next timer, -1: there is none */

#endif
