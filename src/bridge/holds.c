/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Holds: what may have been a stop waits for a person, and becomes one when nobody decides. */
#include "bridge/bridge_priv.h"

#include "base/log.h"
#include "base/xalloc.h"

#define CHECK_MAX_MS 3600000 /* the wall clock may be set */
#define CHECK_MIN_MS 1000

static void on_change(bool committed, void *arg)
{
	(void)committed;
	holds_watch(arg);
}

int hold_put(struct bridge *bridge, const struct phone *phone, const char *rule, bool *added_out,
	     struct error *err)
{
	struct hold_row hold = {.phone = *phone, .at = bridge_now(bridge)};
	int added;

	STR_COPY(hold.rule, rule);
	hold.expires_at = hold.at + bridge->options->hold_ms;
	added = store_hold_add(bridge->store, &hold, err);
	if (added < 0)
		return -1;
	*added_out = added > 0;
	outbox_recall_after_commit(bridge);
	store_after_commit(bridge->store, on_change, bridge);
	return 0;
}

static int hold_end(struct bridge *bridge, const struct hold_row *hold, struct error *err)
{
	struct consent_source source = {"auto_hold", hold->rule, "", ""};
	struct contact_row contact;
	struct conversation_row conversation;
	bool added;
	int found;

	if (consent_suppress(bridge, &hold->phone, "opt_out", &source, &added, err) < 0)
		return -1;
	found = conversation_of(bridge, &hold->phone, &contact, &conversation, err);
	if (found <= 0 || !added)
		return found < 0 ? -1 : 0;
	return relay_tell(
		bridge, conversation.id, err,
		"⛔ Nobody decided in time: what they wrote counts as an opt-out. No more texts "
		"to them.");
}

static void on_hold_timer(void *arg)
{
	struct bridge *bridge = arg;
	struct error err = {0};
	struct hold_row hold;
	int found;
	int rc = store_step_begin(bridge->store, &err);

	bridge->hold_timer = NULL;
	if (rc == 0) {
		found = store_find_expired_hold(bridge->store, bridge_now(bridge), &hold, &err);
		rc = found > 0 ? hold_end(bridge, &hold, &err) : found;
		if (store_step_end(bridge->store, rc >= 0, &err) < 0)
			rc = -1;
	}
	if (rc < 0)
		log_error("hold.unstored problem=%s", log_quote(err.text));
	/* The next one, or the same one again when this did not get to the disk. */
	store_after_commit(bridge->store, on_change, bridge);
}

void holds_watch(struct bridge *bridge)
{
	int64_t now = bridge_now(bridge);
	int64_t at;
	int64_t wait;

	loop_cancel(bridge->hold_timer);
	bridge->hold_timer = NULL;
	if (store_next_hold(bridge->store, &at, NULL) < 0)
		at = now;
	if (at == INT64_MAX)
		return;
	wait = at - now;
	wait = wait > CHECK_MAX_MS ? CHECK_MAX_MS : wait;
	wait = wait < CHECK_MIN_MS ? CHECK_MIN_MS : wait;
	bridge->hold_timer = loop_after(bridge->loop, wait, on_hold_timer, bridge);
}
