/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Texting somebody: in a conversation, or by a number that may have none yet. */
#include "bridge/bridge_priv.h"

#include "base/xalloc.h"

/* An answer to what they said not long ago, or do we speak first? */
static enum message_kind kind_of(const struct bridge *bridge,
				 const struct conversation_row *conversation, int64_t now)
{
	bool answers = conversation->last_in_at > 0 &&
		       now - conversation->last_in_at <= bridge->options->reply_window_ms;

	return answers ? MSGKIND_REPLY : MSGKIND_INITIAL;
}

int bridge_text(struct bridge *bridge, const struct actor *actor, struct conversation_id id,
		const char *text, struct error *err)
{
	return text_with_file(bridge, actor, id, text, NULL, err);
}

int text_with_file(struct bridge *bridge, const struct actor *actor, struct conversation_id id,
		   const char *text, struct media_row *file, struct error *err)
{
	AUTO_FREE char *copy = xstrdup(text);
	struct message_row row = {.conversation = id,
				  .text = copy,
				  .files = file ? 1 : 0,
				  .added = file,
				  .origin_place = actor->place};
	struct conversation_row conversation;
	struct contact_row contact;
	const struct sms_sender *sender;
	int found = store_get_conversation(bridge->store, id, &conversation, err);

	if (found > 0)
		found = store_get_contact(bridge->store, conversation.contact, &contact, err);
	if (found == 0)
		return error_set(err, ERR_NOT_FOUND, "There is no conversation %lld.",
				 (long long)id.v);
	if (found < 0 || sender_for(bridge, &contact, &sender, err) < 0)
		return -1;
	row.kind = kind_of(bridge, &conversation, bridge_now(bridge));
	STR_COPY(row.sender, sender->name);
	STR_COPY(row.author, actor->user);
	STR_COPY(row.origin_event, actor->event_id);
	return queue_add(bridge, &row, &contact.phone, err);
}

int bridge_text_number(struct bridge *bridge, const struct actor *actor, const char *number,
		       const char *text, struct conversation_row *out, struct error *err)
{
	struct phone phone;
	struct contact_row contact;
	bool opened;

	if (bridge_read_number(bridge, number, &phone, err) < 0 ||
	    store_contact_ensure(bridge->store, &phone, bridge_now(bridge), &contact, err) < 0 ||
	    conversation_open(bridge, &contact, actor->user, out, &opened, err) < 0)
		return -1;
	if (out->owner[0] == '\0' && (bridge_assign(bridge, actor, out->id, actor->user, err) < 0 ||
				      store_get_conversation(bridge->store, out->id, out, err) < 0))
		return -1;
	if (bridge_text(bridge, actor, out->id, text, err) < 0)
		return -1;
	if (relay_tell(bridge, out->id, err, "%s texted: %s", user_shown(actor->user), text) < 0)
		return -1;
	return audit(bridge, actor, "text", err, "conversation=%lld", (long long)out->id.v);
}
