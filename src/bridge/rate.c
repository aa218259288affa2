/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Token buckets and pauses; see rate.h. Keyed by name, so that they survive a reload. */
#include "bridge/rate.h"

#include "base/xalloc.h"

#include <math.h>
#include <string.h>

#define RECOVERY_MS_PER_TENTH 60000

struct lane { /* of one sender, or of an account as a whole (then key begins with '@') */
	char key[SMS_NAME_MAX + 1];
	bool full;      /* not used yet: the bucket is full */
	double tokens;  /* texts */
	int64_t filled; /* when tokens was right */
	double share;   /* of the configured rate, 0.05..1 */
	int64_t share_at;
	int64_t blocked_until;
	char why[SMS_REASON_MAX];
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

static struct lane *lane_of(struct rate *rate, const char *prefix, const char *name)
{
	struct lane *lane;
	size_t skip = strlen(prefix);

	for (lane = rate->lanes; lane; lane = lane->next) {
		if (strncmp(lane->key, prefix, skip) == 0 && strcmp(lane->key + skip, name) == 0 &&
		    (skip > 0 || lane->key[0] != '@'))
			return lane;
	}
	lane = xcalloc(1, sizeof(*lane));
	memcpy(lane->key, prefix, skip);
	str_copy(lane->key + skip, sizeof(lane->key) - skip, name);
	lane->full = true;
	lane->share = 1;
	lane->next = rate->lanes;
	rate->lanes = lane;
	return lane;
}

static struct lane *sender_lane(struct rate *rate, const struct sms_sender *sender)
{
	return lane_of(rate, "", sender->name);
}

static struct lane *account_lane(struct rate *rate, const struct sms_sender *sender)
{
	return lane_of(rate, "@", sender->account->name);
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

int64_t rate_ready_at(struct rate *rate, const struct sms_sender *sender, int64_t now)
{
	struct lane *lane = sender_lane(rate, sender);
	struct lane *account = account_lane(rate, sender);
	int64_t ready = now;

	lane_refill(lane, sender, now);
	if (lane->tokens < 1)
		ready = now + (int64_t)ceil((1 - lane->tokens) / per_ms(lane, sender));
	if (lane->blocked_until > ready)
		ready = lane->blocked_until;
	if (account->blocked_until > ready)
		ready = account->blocked_until;
	return ready;
}

bool rate_take(struct rate *rate, const struct sms_sender *sender, int64_t now)
{
	if (rate_ready_at(rate, sender, now) > now)
		return false;
	sender_lane(rate, sender)->tokens -= 1;
	return true;
}

void rate_throttle(struct rate *rate, const struct sms_sender *sender, enum sms_scope scope,
		   int64_t now, int64_t pause_ms)
{
	struct lane *lane = sender_lane(rate, sender);

	lane->share = fmax(0.05, lane->share / 2);
	lane->share_at = now + pause_ms;
	rate_block(rate, sender, scope, now + pause_ms, "the provider asked for a pause");
}

void rate_block(struct rate *rate, const struct sms_sender *sender, enum sms_scope scope,
		int64_t until, const char *why)
{
	struct lane *lane =
		scope == SMS_SCOPE_ACCOUNT ? account_lane(rate, sender) : sender_lane(rate, sender);

	if (until > lane->blocked_until)
		lane->blocked_until = until;
	STR_COPY(lane->why, why);
}

void rate_unblock_all(struct rate *rate)
{
	for (struct lane *lane = rate->lanes; lane; lane = lane->next) {
		lane->blocked_until = 0;
		lane->why[0] = '\0';
	}
}

const char *rate_blocked_why(struct rate *rate, const struct sms_sender *sender, int64_t now)
{
	struct lane *lane = sender_lane(rate, sender);
	struct lane *account = account_lane(rate, sender);

	if (account->blocked_until > now)
		return account->why;
	return lane->blocked_until > now ? lane->why : "";
}
