/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What a person decides: to pause everything, and about a text that is stuck. */
#include "bridge/bridge_priv.h"

#include "base/xalloc.h"

#include <string.h>

static void on_unpaused(bool committed, void *arg)
{
	struct bridge *bridge = arg;

	if (!committed)
		return;
	bridge->paused = false;
	rate_unblock_all(bridge->rate);
	outbox_kick(bridge);
}

int bridge_pause(struct bridge *bridge, const struct actor *actor, bool paused, struct error *err)
{
	if (store_set_value(bridge->store, "paused", paused ? "yes" : "no", err) < 0 ||
	    audit(bridge, actor, paused ? "pause" : "resume", err, "-") < 0)
		return -1;
	if (paused) {
		bridge->paused = true; /* at once; the disk follows */
		return relay_alert(bridge, err,
				   "⏸ %s has paused everything outbound. `!resume` goes on.",
				   strchr(actor->user, ':') + 1);
	}
	store_after_commit(bridge->store, on_unpaused, bridge);
	return relay_alert(bridge, err, "▶ %s has resumed: what is queued goes out.",
			   strchr(actor->user, ':') + 1);
}

static int stuck_get(struct bridge *bridge, struct message_id id, struct message_row *row,
		     struct error *err)
{
	int found = store_get_message(bridge->store, id, row, err);

	if (found < 0)
		return -1;
	if (found == 0 || !row->outbound)
		return error_set(err, ERR_NOT_FOUND, "There is no text %lld of ours.",
				 (long long)id.v);
	switch (row->state) {
	case MSG_UNKNOWN:
	case MSG_FAILED:
	case MSG_UNDELIVERED:
	case MSG_EXPIRED:
	case MSG_CANCELLED:
		return 0;
	case MSG_NEW:
	case MSG_SENDING:
	case MSG_ACCEPTED:
	case MSG_SENT:
	case MSG_DELIVERED:
	case MSG_RECEIVED:
		break;
	}
	return error_set(err, ERR_STATE, "Text %lld is not stuck: it is %s.", (long long)id.v,
			 message_state_word(row->state));
}

int bridge_drop(struct bridge *bridge, const struct actor *actor, struct message_id id,
		struct error *err)
{
	struct message_row row = {0};
	int rc = stuck_get(bridge, id, &row, err);

	if (rc == 0 && row.state == MSG_UNKNOWN) {
		STR_COPY(row.code, "DROPPED");
		STR_COPY(row.reason, "somebody decided to let it be");
		rc = message_set_state(bridge, &row, MSG_CANCELLED, err) < 0 ? -1 : 0;
	}
	message_row_release(&row);
	if (rc < 0 || store_message_set_handled(bridge->store, id, err) < 0)
		return -1;
	return audit(bridge, actor, "drop", err, "message=%lld", (long long)id.v);
}

int bridge_retry(struct bridge *bridge, const struct actor *actor, struct message_id id,
		 struct error *err)
{
	struct message_row old = {0};
	struct message_row again = {0};
	int rc = stuck_get(bridge, id, &old, err);

	if (rc == 0 && old.state == MSG_UNKNOWN) {
		STR_COPY(old.code, "RETRIED");
		STR_COPY(old.reason, "somebody decided to send it again");
		rc = message_set_state(bridge, &old, MSG_CANCELLED, err) < 0 ? -1 : 0;
	}
	if (rc == 0) {
		again.conversation = old.conversation;
		again.kind = old.kind;
		again.text = old.text; /* borrowed until old is released */
		STR_COPY(again.sender, old.sender);
		STR_COPY(again.author, actor->user);
		again.origin_place = actor->place;
		STR_COPY(again.origin_event, actor->event_id);
		rc = outbox_add(bridge, &again, &old.phone, err);
	}
	message_row_release(&old);
	if (rc < 0 || store_message_set_handled(bridge->store, id, err) < 0)
		return -1;
	return audit(bridge, actor, "retry", err, "message=%lld", (long long)id.v);
}
