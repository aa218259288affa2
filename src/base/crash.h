/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Named steps of the two roads at which a test may kill the daemon, as a power cut would:
 * ROOMLINE_CRASH_AT=outbox.committed:3 raises SIGKILL the third time that step is passed, and
 * hook.stored,store.commit when store.commit is passed after hook.stored.
 * In a release build a crash point is nothing at all.
 */
#ifndef CRASH_H
#define CRASH_H

#ifdef ROOMLINE_CRASH_POINTS
void crash_point(const char *step);
#else
#define crash_point(step) ((void)0)
#endif

#endif
