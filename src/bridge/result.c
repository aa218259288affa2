/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a provider's answer means: for the pace of its sender, which is memory and changes once, and
 * for the text, which is a row and may have to be written again when the disk was full.
 */
#include "bridge/bridge_priv.h"

#include "base/log.h"
#include "base/xalloc.h"

#define ATTEMPTS_MAX 16 /* three quarters of an hour: longer than most outages */
#define BACKOFF_FIRST_MS 2000
#define BACKOFF_MAX_MS 300000
#define THROTTLE_DEFAULT_MS 2000
#define CONFIG_RETRY_MS 300000

static int64_t backoff_ms(int attempts)
{
	int64_t ms = BACKOFF_FIRST_MS;

	for (int i = 1; i < attempts && ms < BACKOFF_MAX_MS; i++)
		ms *= 2;
	return ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS;
}

static int64_t throttle_ms(const struct sms_result *result)
{
	int64_t ms = result->retry_after_s > 0 ? INT64_C(1000) * result->retry_after_s
					       : THROTTLE_DEFAULT_MS;

	return ms < WAIT_MAX_MS ? ms : WAIT_MAX_MS;
}

bool result_pace(struct bridge *bridge, const struct sms_sender *sender,
		 const struct sms_result *result)
{
	int64_t now = loop_monotonic(bridge->loop);

	switch (result->class) {
	case SMS_OK:
		rate_went_well(bridge->rate, sender, now);
		return false;
	case SMS_THROTTLE:
		rate_throttle(bridge->rate, sender, result->scope, now, throttle_ms(result));
		return false;
	case SMS_CONFIG:
		log_error("sender.blocked sender=%s code=%s", sender->name, result->code);
		return rate_block(bridge->rate, sender, result->scope, now + CONFIG_RETRY_MS,
				  result->reason);
	case SMS_TEMP:
	case SMS_PERM:
	case SMS_BAD_NUMBER:
	case SMS_LANDLINE:
	case SMS_OPTED_OUT:
	case SMS_FILTERED:
	case SMS_AMBIGUOUS:
		return false;
	}
	BUG("sms class %d", (int)result->class);
}

/* It was turned away and not tried. A sender or account that is held up holds the text up; so it is
 * due again at once when that ends, be it by `!resume`. */
static int turned_away(struct bridge *bridge, const struct sms_result *result,
		       struct message_row *row, int64_t wait_ms, struct error *err)
{
	if (row->attempts > 0)
		row->attempts--;
	return message_requeue(bridge, row, result->scope == SMS_SCOPE_MESSAGE ? wait_ms : 0, err);
}

static int alert_admin(struct bridge *bridge, const struct sms_sender *sender,
		       const struct sms_result *result, struct error *err)
{
	const char *what = result->scope == SMS_SCOPE_ACCOUNT  ? "All texts by it wait."
			   : result->scope == SMS_SCOPE_SENDER ? "All texts from it wait."
							       : "That text waits.";

	return relay_alert(
		bridge, err,
		"⚠ The provider “%s” refuses to send from “%s”: %s%s%s%s %s An admin has to look "
		"at it; I try again in 5 minutes%s.",
		sender->account->name, sender->name, result->reason, result->code[0] ? " [" : "",
		result->code, result->code[0] ? "]" : "", what,
		result->scope == SMS_SCOPE_MESSAGE ? "" : ", or after `!resume`");
}

int result_apply(struct bridge *bridge, const struct sms_sender *sender,
		 const struct sms_result *result, bool alert, struct message_row *row,
		 struct error *err)
{
	if (alert && alert_admin(bridge, sender, result, err) < 0)
		return -1;
	row->hopeless = message_is_hopeless(result->class);
	switch (result->class) {
	case SMS_OK:
		return message_set_state(bridge, row, MSG_ACCEPTED, err);
	case SMS_TEMP:
		if (row->attempts >= ATTEMPTS_MAX)
			return message_set_state(bridge, row, MSG_FAILED, err);
		return message_requeue(bridge, row, backoff_ms(row->attempts), err);
	case SMS_THROTTLE:
		return turned_away(bridge, result, row, throttle_ms(result), err);
	case SMS_CONFIG:
		return turned_away(bridge, result, row, CONFIG_RETRY_MS, err);
	case SMS_AMBIGUOUS:
		return message_set_state(bridge, row, MSG_UNKNOWN, err);
	case SMS_OPTED_OUT:
		if (message_set_state(bridge, row, MSG_FAILED, err) < 0)
			return -1;
		return consent_refused(bridge, row, result->code, result->reason, err);
	case SMS_PERM:
	case SMS_BAD_NUMBER:
	case SMS_LANDLINE:
	case SMS_FILTERED:
		return message_set_state(bridge, row, MSG_FAILED, err);
	}
	BUG("sms class %d", (int)result->class);
}
