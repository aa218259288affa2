/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A flood of requests that are refused must not become a flood of log lines: one line a second, with
 * the count. */
#ifndef REFUSALS_H
#define REFUSALS_H

#include <stdbool.h>
#include <stdint.h>

#define REFUSALS_LOG_EVERY_MS 1000

struct refusals {
	unsigned long total; /* since the start */
	int64_t logged_at;
};

/* Counts one more; true when it is to be logged. now: of the monotonic clock. */
static inline bool refusals_note(struct refusals *refusals, int64_t now)
{
	if (refusals->total++ > 0 && now - refusals->logged_at < REFUSALS_LOG_EVERY_MS)
		return false;
	refusals->logged_at = now;
	return true;
}

#endif
