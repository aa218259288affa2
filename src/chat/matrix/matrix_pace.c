/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Three reasons to hold a call back.
 *
 *  - It failed before: back-off, for each call by itself.
 *  - Its limit class was told to wait. After that the class goes one call at a time for a while:
 *    where one is over the limit, the seven beside it are too.
 *  - The server is silent. New calls then go one by one, so that a long queue does not run against
 *    a dead server, and yet one slow call does not hold up the others.
 *
 * How long the server is silent counts from the beginning of the first try that was not answered;
 * but one slow try alone says nothing.
 *
 * A call that nobody answers while others are answered is itself the reason: some proxies and servers
 * drop the connection on certain bytes, and would do so for ever. It is given up after a while.
 */
#include "chat/matrix/matrix_pace.h"

#include "base/log.h"

#include <inttypes.h>
#include <string.h>
#include <sys/random.h>

#define BACK_OFF_MIN_MS 500
#define BACK_OFF_MAX_MS 30000
#define WAIT_MIN_MS 500 /* whatever the server says */
#define NARROW_MS 600000
#define SILENCE_MS 15000
#define SILENT_TRIES_MIN 2
#define FEELER_MS 1000 /* between new calls while the server is silent */
#define POISON_MS 300000

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int64_t mx_pace_ready_at(const struct mx_pace *pace, const struct mx_pace_call *call, int64_t now)
{
	int64_t at = later(call->not_before, pace->paused_until[call->limit]);

	if (call->probe)
		return now;
	if (pace->running[call->limit] && now < pace->narrow_until[call->limit])
		return INT64_MAX;
	if (pace->silent_tries && !call->failures)
		at = later(at, pace->feeler_at);
	return at;
}

void mx_pace_begin(struct mx_pace *pace, struct mx_pace_call *call, int64_t now)
{
	pace->running[call->limit]++;
	call->begun = now;
	if (!call->failures)
		pace->feeler_at = now + FEELER_MS;
}

/* 0.5, 1, 2 .. 30 s, and up to a quarter more, so that many do not come back at once. */
static int64_t back_off_ms(unsigned failures)
{
	int64_t ms = BACK_OFF_MIN_MS;
	uint32_t random = 0;

	while (--failures && ms < BACK_OFF_MAX_MS)
		ms *= 2;
	if (ms > BACK_OFF_MAX_MS)
		ms = BACK_OFF_MAX_MS;
	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		random = 0;
	return ms + (int64_t)(random % (uint32_t)(ms / 4));
}

static void note_silence(struct mx_pace *pace, const struct mx_pace_call *call, enum mx_next next,
			 int64_t now)
{
	if (next != MX_REPEAT) {
		pace->silent_tries = 0;
		pace->answers++;
		return;
	}
	/* Who probes draws the conclusions. */
	if (call->probe)
		return;
	if (pace->silent_tries++ == 0) {
		pace->silent_since = call->begun;
		pace->feeler_at = now + FEELER_MS;
	}
}

/* Whether it goes unanswered though the server answers, long enough to be the call's own fault. */
static bool is_poison(const struct mx_pace *pace, struct mx_pace_call *call,
		      const struct mx_answer *answer, int64_t now)
{
	bool others = pace->answers != call->answers;

	/* What has a code was answered, by a server that is closed. */
	if (answer->next != MX_REPEAT || answer->reply.errcode[0])
		return false;
	if (call->silences++ == 0)
		call->silent_since = call->begun;
	call->answers = pace->answers;
	return others && call->silences >= MX_FEW_TRIES && now - call->silent_since >= POISON_MS;
}

static void hold(struct mx_pace *pace, struct mx_pace_call *call, const struct mx_answer *answer,
		 int64_t now)
{
	static const char *const names[] = {
		[MX_LIMIT_NONE] = "one_call", [MX_LIMIT_SEND] = "send",
		[MX_LIMIT_CREATE] = "create", [MX_LIMIT_JOIN] = "join",
		[MX_LIMIT_INVITE] = "invite",
	};
	int64_t ms = back_off_ms(call->failures);
	enum mx_limit limit = call->limit;

	if (answer->next == MX_WAIT) {
		if (answer->wait_ms)
			ms = later(answer->wait_ms, WAIT_MIN_MS);
		log_info("matrix.wait limit=%s ms=%" PRId64, names[limit], ms);
		if (limit != MX_LIMIT_NONE) {
			pace->paused_until[limit] = later(pace->paused_until[limit], now + ms);
			pace->narrow_until[limit] = pace->paused_until[limit] + NARROW_MS;
		}
	}
	call->not_before = now + ms;
}

bool mx_pace_end(struct mx_pace *pace, struct mx_pace_call *call, const struct mx_answer *answer,
		 int64_t now)
{
	pace->running[call->limit]--;
	note_silence(pace, call, answer->next, now);
	if (answer->next == MX_END)
		return false;
	call->failures++;
	call->faults += answer->next == MX_REPEAT_FEW;
	hold(pace, call, answer, now);
	return !is_poison(pace, call, answer, now) && !call->probe && call->faults < MX_FEW_TRIES;
}

bool mx_pace_is_silent(const struct mx_pace *pace, int64_t now)
{
	return pace->silent_tries >= SILENT_TRIES_MIN && now - pace->silent_since >= SILENCE_MS;
}
