/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Into the queue: which sender a contact is texted from, the gate's first ruling, and the row. */
#include "bridge/bridge_priv.h"

#include "base/hmac.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "core/gsm7.h"

#include <string.h>

const struct sms_sender *sender_by_name(const struct bridge *bridge, const char *name)
{
	for (size_t i = 0; i < bridge->options->sender_n; i++) {
		if (strcmp(bridge->options->senders[i].name, name) == 0)
			return &bridge->options->senders[i];
	}
	return NULL;
}

/* A number of ours in the contact's area, else the first one configured. */
static const struct sms_sender *sender_choose(const struct bridge *bridge, const struct phone *to)
{
	for (size_t i = 0; i < bridge->options->sender_n; i++) {
		const struct sms_sender *sender = &bridge->options->senders[i];

		if (strncmp(to->e164, "+1", 2) == 0 &&
		    strncmp(sender->number.e164, to->e164, 5) == 0)
			return sender;
	}
	return bridge->options->sender_n ? &bridge->options->senders[0] : NULL;
}

/* Never silently from another number: people would not know who is texting. */
static int sender_gone(const char *name, struct error *err)
{
	return error_set(err, ERR_CONFIG,
			 "Not sent: they are texted from the sender “%s”, which is no longer "
			 "configured. An admin has to bring it back.",
			 name);
}

int sender_for(struct bridge *bridge, const struct contact_row *contact,
	       const struct sms_sender **out, struct error *err)
{
	if (contact->sender[0] != '\0') {
		*out = sender_by_name(bridge, contact->sender);
		return *out ? 0 : sender_gone(contact->sender, err);
	}
	*out = sender_choose(bridge, &contact->phone);
	if (!*out)
		return error_set(err, ERR_CONFIG, "Not sent: no sender is configured.");
	return store_contact_set_sender(bridge->store, contact->id, (*out)->name, err);
}

static int segments_of(const char *text)
{
	struct segment_count count;

	gsm7_count(text, strlen(text), &count);
	return count.segments;
}

/* It has to wait: that is said at once, where it was said. A file is looked at in no time. */
static int tell_waiting(struct bridge *bridge, const struct message_row *row,
			const struct gate_ruling *ruling, struct error *err)
{
	if (row->origin_place.v == 0)
		return 0;
	if (relay_mark(bridge, row->origin_place, row->origin_event, MARK_QUEUED, row->id, err) < 0)
		return -1;
	if (ruling->code == GATE_FILE_UNREAD)
		return 0;
	return relay_tell(bridge, row->conversation, err, "🕓 %s", ruling->why);
}

int queue_try(struct bridge *bridge, struct message_row *row, const struct phone *to,
	      struct gate_ruling *ruling_out, struct error *err)
{
	const struct sms_sender *sender = sender_by_name(bridge, row->sender);

	if (!sender)
		BUG("a text from the unknown sender %s", row->sender);
	row->phone = *to;
	row->outbound = true;
	row->state = MSG_NEW;
	if (gate_ask(bridge, row, sender, ruling_out, err) < 0)
		return -1;
	if (ruling_out->code != GATE_ALLOW && !ruling_out->wait) {
		log_info("gate.refused code=%s to=%s", gate_code_word(ruling_out->code),
			 log_phone(to->e164));
		return 0;
	}
	random_token(row->ref, 32);
	STR_COPY(row->account, sender->account->name);
	row->segments = segments_of(row->text);
	row->created_at = bridge_now(bridge);
	row->updated_at = row->created_at;
	row->due_at = row->created_at;
	if (store_message_add(bridge->store, row, err) < 0 || media_add(bridge, row, err) < 0)
		return -1;
	outbox_kick_after_commit(bridge);
	if (ruling_out->wait && tell_waiting(bridge, row, ruling_out, err) < 0)
		return -1;
	return 1;
}

int queue_add(struct bridge *bridge, struct message_row *row, const struct phone *to,
	      struct error *err)
{
	struct gate_ruling ruling;
	int queued = queue_try(bridge, row, to, &ruling, err);

	if (queued == 0)
		return error_set(err, ERR_STATE, "%s", ruling.why);
	return queued < 0 ? -1 : 0;
}

int queue_rewrite(struct bridge *bridge, const struct message_row *row, const char *text,
		  struct error *err)
{
	const struct sms_sender *sender = sender_by_name(bridge, row->sender);
	AUTO_FREE char *words = xstrdup(text);
	struct message_row changed = *row;
	struct gate_ruling ruling;
	int done;

	if (!sender)
		return sender_gone(row->sender, err);
	changed.text = words;
	changed.segments = segments_of(words);
	if (gate_ask(bridge, &changed, sender, &ruling, err) < 0)
		return -1;
	if (ruling.code != GATE_ALLOW && !ruling.wait)
		return error_set(err, ERR_STATE, "%s Your first words stay queued.", ruling.why);
	done = store_message_rewrite(bridge->store, &changed, bridge_now(bridge), err);
	if (done == 0)
		return error_set(err, ERR_STATE, "Not changed: it has just gone.");
	return done < 0 ? -1 : 0;
}
