/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What a person decides: to pause everything, and about a text that is stuck. */
#include "bridge/bridge_priv.h"

#include "base/xalloc.h"

#include <string.h>

static void on_unpaused(bool committed, void *arg)
{
	struct bridge *bridge = arg;
	char paused[8];

	/* Somebody may have paused again in the same batch: the last word counts. */
	if (!committed ||
	    store_get_value(bridge->store, "paused", paused, sizeof(paused), NULL) < 0 ||
	    strcmp(paused, "yes") == 0)
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
		/* At once, and also when the disk refuses it: to send nothing does no harm. */
		bridge->paused = true;
		outbox_recall_after_commit(bridge);
		return relay_alert(bridge, err,
				   "⏸ %s has paused everything outbound. `!resume` goes on.",
				   user_shown(actor->user));
	}
	store_after_commit(bridge->store, on_unpaused, bridge);
	return relay_alert(bridge, err, "▶ %s has resumed: what is queued goes out.",
			   user_shown(actor->user));
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

/* In doubt no longer: a person has decided. */
static int settle(struct bridge *bridge, struct message_row *row, const char *code,
		  const char *reason, struct error *err)
{
	if (row->state == MSG_UNKNOWN) {
		STR_COPY(row->code, code);
		STR_COPY(row->reason, reason);
		if (message_set_state(bridge, row, MSG_CANCELLED, err) < 0)
			return -1;
	}
	return store_message_set_handled(bridge->store, row->id, err);
}

int bridge_drop(struct bridge *bridge, const struct actor *actor, struct message_id id,
		struct error *err)
{
	struct message_row row = {0};
	int rc = stuck_get(bridge, id, &row, err);

	if (rc == 0)
		rc = settle(bridge, &row, "DROPPED", "somebody decided to let it be", err);
	message_row_release(&row);
	if (rc < 0)
		return -1;
	return audit(bridge, actor, "drop", err, "message=%lld", (long long)id.v);
}

/* The same words and files as a new text. */
static int send_again(struct bridge *bridge, const struct actor *actor,
		      const struct message_row *old, struct error *err)
{
	struct message_row again = {.conversation = old->conversation,
				    .kind = old->kind,
				    .text = old->text,
				    .origin_place = actor->place};
	__attribute__((cleanup(media_copies_release))) struct media_copies files = {0};
	struct contact_row contact = {0};
	struct conversation_row conversation;
	const struct sms_sender *sender;

	if (conversation_of(bridge, &old->phone, &contact, &conversation, err) < 0 ||
	    sender_for(bridge, &contact, &sender, err) < 0 ||
	    media_copy(bridge, old, &files, err) < 0)
		return -1;
	STR_COPY(again.sender, sender->name);
	STR_COPY(again.author, actor->user);
	STR_COPY(again.origin_event, actor->event_id);
	again.added = files.v;
	again.files = files.n;
	return queue_add(bridge, &again, &old->phone, err);
}

static int may_retry(const struct message_row *row, struct error *err)
{
	long long id = (long long)row->id.v;

	if (row->author[0] == '\0')
		return error_set(err, ERR_STATE,
				 "Text %lld is an automatic answer: it goes once or not at all. "
				 "`!drop %lld` takes it off the list.",
				 id, id);
	if (row->handled)
		return error_set(
			err, ERR_STATE,
			"Somebody has decided about text %lld already. Write it anew if it "
			"shall go.",
			id);
	return 0;
}

int bridge_retry(struct bridge *bridge, const struct actor *actor, struct message_id id,
		 struct error *err)
{
	struct message_row old = {0};
	int rc = stuck_get(bridge, id, &old, err);

	if (rc == 0)
		rc = may_retry(&old, err);
	if (rc == 0)
		rc = settle(bridge, &old, "RETRIED", "somebody decided to send it again", err);
	if (rc == 0)
		rc = send_again(bridge, actor, &old, err);
	message_row_release(&old);
	if (rc < 0)
		return -1;
	return audit(bridge, actor, "retry", err, "message=%lld", (long long)id.v);
}
