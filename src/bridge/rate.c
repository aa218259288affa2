/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Token buckets and pauses; see rate.h. Keyed by name, so that they survive a reload. */
#include "bridge/rate.h"

#include "base/xalloc.h"

#include <math.h>
#include <string.h>

#define RECOVERY_MS_PER_TENTH 60000

struct lane { /* of one sender, or of an account as a whole */
	bool account;
	char name[SMS_NAME_MAX];
	bool full;      /* not used yet: the bucket is full */
	double tokens;  /* texts */
	int64_t filled; /* when tokens was right */
	double share;   /* of the configured rate, 0.05..1 */
	int64_t share_at;
	int64_t paused_until;
	int64_t blocked_until;
	char why[SMS_REASON_MAX]; /* of the last block, which somebody was told of; "" none */
	struct lane *next;
};

struct rate {
	struct lane *lanes;
};

struct rate *rate_new(void)
{
	return xcalloc(1, sizeof(struct rate));
}

void rate_free(struct rate *rate)
{
	if (!rate)
		return;
	while (rate->lanes) {
		struct lane *lane = rate->lanes;

		rate->lanes = lane->next;
		free(lane);
	}
	free(rate);
}

static struct lane *lane_of(struct rate *rate, bool account, const char *name)
{
	struct lane *lane;

	for (lane = rate->lanes; lane; lane = lane->next) {
		if (lane->account == account && strcmp(lane->name, name) == 0)
			return lane;
	}
	lane = xcalloc(1, sizeof(*lane));
	lane->account = account;
	STR_COPY(lane->name, name);
	lane->full = true;
	lane->share = 1;
	lane->next = rate->lanes;
	rate->lanes = lane;
	return lane;
}

static struct lane *sender_lane(struct rate *rate, const struct sms_sender *sender)
{
	return lane_of(rate, false, sender->name);
}

static struct lane *account_lane(struct rate *rate, const struct sms_sender *sender)
{
	return lane_of(rate, true, sender->account->name);
}

static double per_ms(const struct lane *lane, const struct sms_sender *sender)
{
	return sender->per_minute * lane->share / 60000.0;
}

static void lane_refill(struct lane *lane, const struct sms_sender *sender, int64_t now)
{
	double cap = fmax(1, sender->per_minute / 30.0);

	if (lane->share < 1 && now > lane->share_at) {
		lane->share = fmin(1, lane->share + (double)(now - lane->share_at) /
							    RECOVERY_MS_PER_TENTH / 10);
		lane->share_at = now;
	}
	if (lane->full)
		lane->tokens = cap;
	else
		lane->tokens = fmin(cap, lane->tokens + (double)(now - lane->filled) *
								per_ms(lane, sender));
	lane->full = false;
	lane->filled = now;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t lane_free_at(const struct lane *lane)
{
	return later(lane->paused_until, lane->blocked_until);
}

int64_t rate_ready_at(struct rate *rate, const struct sms_sender *sender, int64_t now)
{
	struct lane *lane = sender_lane(rate, sender);
	int64_t ready = now;

	lane_refill(lane, sender, now);
	if (lane->tokens < 1)
		ready = now + (int64_t)ceil((1 - lane->tokens) / per_ms(lane, sender));
	ready = later(ready, lane_free_at(lane));
	return later(ready, lane_free_at(account_lane(rate, sender)));
}

bool rate_take(struct rate *rate, const struct sms_sender *sender, int64_t now)
{
	if (rate_ready_at(rate, sender, now) > now)
		return false;
	sender_lane(rate, sender)->tokens -= 1;
	return true;
}

/* Whom a scope concerns; NULL for one text alone. */
static struct lane *lane_in(struct rate *rate, const struct sms_sender *sender,
			    enum sms_scope scope)
{
	switch (scope) {
	case SMS_SCOPE_MESSAGE:
		return NULL;
	case SMS_SCOPE_SENDER:
		return sender_lane(rate, sender);
	case SMS_SCOPE_ACCOUNT:
		return account_lane(rate, sender);
	}
	BUG("scope %d", (int)scope);
}

void rate_throttle(struct rate *rate, const struct sms_sender *sender, enum sms_scope scope,
		   int64_t now, int64_t pause_ms)
{
	struct lane *lane = sender_lane(rate, sender);
	struct lane *paused = lane_in(rate, sender, scope);

	if (!paused)
		return;
	/* What was under way already when the pause began is not too fast once more. */
	if (paused->paused_until <= now) {
		lane->share = fmax(0.05, lane->share / 2);
		lane->share_at = now + pause_ms;
	}
	paused->paused_until = later(paused->paused_until, now + pause_ms);
}

bool rate_block(struct rate *rate, const struct sms_sender *sender, enum sms_scope scope,
		int64_t until, const char *why)
{
	struct lane *lane = lane_in(rate, sender, scope);
	struct lane *told = lane ? lane : sender_lane(rate, sender);
	char kept[SMS_REASON_MAX];
	bool news;

	if (lane)
		lane->blocked_until = later(lane->blocked_until, until);
	STR_COPY(kept, why[0] ? why : "no reason was given");
	news = strcmp(told->why, kept) != 0;
	STR_COPY(told->why, kept);
	return news;
}

static void lane_clear(struct lane *lane)
{
	lane->blocked_until = 0;
	lane->why[0] = '\0';
}

/* One that was under way while the block began proves nothing, and that one text alone was in
 * trouble is not over because another one went. */
static void lane_went_well(struct lane *lane, int64_t now)
{
	if (lane->blocked_until > 0 && lane->blocked_until <= now)
		lane_clear(lane);
}

void rate_went_well(struct rate *rate, const struct sms_sender *sender, int64_t now)
{
	lane_went_well(sender_lane(rate, sender), now);
	lane_went_well(account_lane(rate, sender), now);
}

void rate_unblock_all(struct rate *rate)
{
	for (struct lane *lane = rate->lanes; lane; lane = lane->next) {
		lane_clear(lane);
		lane->paused_until = 0;
	}
}

static const char *lane_why(const struct lane *lane, int64_t now)
{
	if (lane->blocked_until > now)
		return lane->why;
	return lane->paused_until > now ? "the provider asked for a pause" : "";
}

const char *rate_blocked_why(struct rate *rate, const struct sms_sender *sender, int64_t now)
{
	const char *why = lane_why(account_lane(rate, sender), now);

	return why[0] ? why : lane_why(sender_lane(rate, sender), now);
}
