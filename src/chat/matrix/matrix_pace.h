/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * When a call to the homeserver may be made: after an answer that asks to wait, after none, and
 * while the server is silent. Times are of the monotonic clock, in ms.
 */
#ifndef MATRIX_PACE_H
#define MATRIX_PACE_H

#include "chat/matrix/matrix_answer.h"

struct mx_pace { /* all zero: nothing is held back */
	int64_t paused_until[MX_LIMIT_N];
	int64_t narrow_until[MX_LIMIT_N]; /* one call at a time */
	unsigned running[MX_LIMIT_N];
	unsigned answers;      /* of the server */
	unsigned silent_tries; /* since the last of them */
	int64_t silent_since;  /* if there are any */
	int64_t feeler_at;     /* if there are any: no new call before */
};

struct mx_pace_call { /* what of a call is known here; limit and probe are given */
	enum mx_limit limit;
	bool probe;
	unsigned failures;    /* tries that did not end it */
	unsigned faults;      /* of these, the ones with MX_REPEAT_FEW */
	unsigned silences;    /* with MX_REPEAT */
	int64_t silent_since; /* if there are any: when the first began */
	unsigned answers;     /* the server's, up to the last of them */
	int64_t not_before;
	int64_t begun;
};

/* When it may be made, as far as is known now; INT64_MAX: not before another call has ended. */
int64_t mx_pace_ready_at(const struct mx_pace *pace, const struct mx_pace_call *call, int64_t now);
void mx_pace_begin(struct mx_pace *pace, struct mx_pace_call *call, int64_t now);
/* A try has ended. Returns whether the call is to be made again, and then holds it back (and with it
 * its class, where that is limited as a whole). */
bool mx_pace_end(struct mx_pace *pace, struct mx_pace_call *call, const struct mx_answer *answer,
		 int64_t now);
/* Whether the server has not answered anything for a while. */
bool mx_pace_is_silent(const struct mx_pace *pace, int64_t now);

#endif
