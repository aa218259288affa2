/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Pace: one token bucket for each sender, and pauses of a sender or of a whole account after the
 * provider asked for it. In memory only: after a restart the provider will tell again.
 *
 * A bucket holds two seconds' worth (at least one text), since carriers count short windows.
 * After a throttle the rate is halved and recovers by a tenth of the full rate a minute.
 *
 * Scope: SMS_SCOPE_MESSAGE concerns one text alone and holds no sender up.
 */
#ifndef RATE_H
#define RATE_H

#include "roomline/sms.h"

struct rate;

struct rate *rate_new(void);
void rate_free(struct rate *rate);
/* Takes one text's worth; false when the sender must wait. now: ms of a monotonic clock. */
bool rate_take(struct rate *rate, const struct sms_sender *sender, int64_t now);
/* When rate_take() may succeed: now or later. */
int64_t rate_ready_at(struct rate *rate, const struct sms_sender *sender, int64_t now);
/* The provider said "too fast": pauses the sender, or all of its account, and halves its rate. */
void rate_throttle(struct rate *rate, const struct sms_sender *sender, enum sms_scope scope,
		   int64_t now, int64_t pause_ms);
/* An admin has to act: no sends until `until`; why is shown in !status. Returns whether that is
 * news: false for the same trouble again, until rate_went_well() or rate_unblock_all(). */
bool rate_block(struct rate *rate, const struct sms_sender *sender, enum sms_scope scope,
		int64_t until, const char *why);
/* A text went through: what was in the way is no more. */
void rate_went_well(struct rate *rate, const struct sms_sender *sender, int64_t now);
/* Lifts every pause and block, as after !resume or a reload. */
void rate_unblock_all(struct rate *rate);
/* "" when it may send. */
const char *rate_blocked_why(struct rate *rate, const struct sms_sender *sender, int64_t now);

#endif
