/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Suppressions, and what a person decides about them. STOP wins: the suppression, the emptied queue
 * and the evidence are one step, and nothing that can go wrong beside it undoes it.
 */
#include "bridge/bridge_priv.h"

#include "base/log.h"
#include "base/xalloc.h"

#include <string.h>

/* People may undo that a number is wrong, but not that somebody opted out: so the opt-out takes the
 * place of it. Returns 1 added, 0 there already, -1 error. */
static int suppression_put(struct bridge *bridge, const struct suppression_row *row,
			   struct error *err)
{
	struct suppression_row before;
	int found = store_find_suppression(bridge->store, &row->phone, &before, err);

	if (found < 0)
		return -1;
	if (found > 0 && strcmp(before.reason, "wrong_number") == 0 &&
	    strcmp(row->reason, "wrong_number") != 0 &&
	    store_suppression_remove(bridge->store, &row->phone, err) < 0)
		return -1;
	return store_suppression_add(bridge->store, row, err);
}

int consent_suppress(struct bridge *bridge, const struct phone *phone, const char *reason,
		     const struct consent_source *source, bool *added_out, struct error *err)
{
	struct suppression_row row = {.phone = *phone, .at = bridge_now(bridge)};
	struct contact_row contact;
	struct conversation_row conversation;
	int added;
	int found;

	STR_COPY(row.reason, reason);
	STR_COPY(row.method, source->method);
	STR_COPY(row.rule, source->rule);
	STR_COPY(row.actor, source->actor);
	added = suppression_put(bridge, &row, err);
	if (added < 0 || store_hold_remove(bridge->store, phone, err) < 0 ||
	    message_cancel_queued(bridge, phone, ~MESSAGE_KIND(MSGKIND_STOP_CONFIRM),
				  gate_code_word(GATE_SUPPRESSED), "they are not texted any more.",
				  err) < 0 ||
	    store_consent_event_add(bridge->store, phone, reason, source->method, source->rule,
				    source->evidence, source->actor, row.at, err) < 0)
		return -1;
	*added_out = added > 0;
	outbox_recall_after_commit(bridge);
	log_info("consent.suppressed number=%s reason=%s method=%s rule=%s new=%d",
		 log_phone(phone->e164), reason, source->method, source->rule, added);
	found = conversation_of(bridge, phone, &contact, &conversation, err);
	if (found > 0)
		found = place_refresh(bridge, conversation.id, err);
	return found < 0 ? -1 : 0;
}

int consent_refused(struct bridge *bridge, const struct message_row *row, const char *code,
		    const char *words, struct error *err)
{
	struct consent_source source = {"provider_error", code, words, ""};
	bool added;

	if (consent_suppress(bridge, &row->phone, "provider_opt_out", &source, &added, err) < 0)
		return -1;
	if (!added)
		return 0;
	return relay_tell(bridge, row->conversation, err,
			  "⛔ The provider says that they have opted out. No more texts can be sent "
			  "to them, by anybody. Only they can undo it, by texting START.");
}

int conversation_of(struct bridge *bridge, const struct phone *phone, struct contact_row *contact,
		    struct conversation_row *out, struct error *err)
{
	int found = store_find_contact(bridge->store, phone, contact, err);

	return found > 0 ? store_find_conversation(bridge->store, contact->id, out, err) : found;
}

/* ---- what a person decided -------------------------------------------------------------------- */

int bridge_optout(struct bridge *bridge, const struct actor *actor, const struct phone *phone,
		  bool quiet, struct error *err)
{
	struct consent_source source = {"volunteer", "command", "", actor->user};
	struct contact_row contact;
	struct conversation_row conversation;
	bool added;
	int found = conversation_of(bridge, phone, &contact, &conversation, err);

	if (found < 0 || consent_suppress(bridge, phone, "opt_out", &source, &added, err) < 0 ||
	    audit(bridge, actor, "optout", err, "number=%s", phone->e164) < 0)
		return -1;
	if (found == 0)
		return 0;
	if (relay_tell(bridge, conversation.id, err,
		       added ? "⛔ Opted out by %s. No more texts to them."
			     : "⛔ Noted, %s; they had opted out before. They are not texted.",
		       user_shown(actor->user)) < 0)
		return -1;
	if (quiet || !added)
		return 0;
	/* Only as an answer to what they just said, later the gate refuses it: it would be one text
	 * more. */
	return confirm_stop(bridge, sender_by_name(bridge, contact.sender), &conversation,
			    conversation.last_in_at + GATE_ANSWER_MS, err);
}

int bridge_keep(struct bridge *bridge, const struct actor *actor, const struct phone *phone,
		struct error *err)
{
	struct suppression_row suppression;
	struct contact_row contact;
	struct conversation_row conversation;
	struct hold_row hold;
	int suppressed = store_find_suppression(bridge->store, phone, &suppression, err);
	int held = store_find_hold(bridge->store, phone, &hold, err);
	int found = conversation_of(bridge, phone, &contact, &conversation, err);

	if (suppressed < 0 || held < 0 || found < 0)
		return -1;
	if (suppressed > 0 && strcmp(suppression.reason, "wrong_number") != 0)
		return error_set(err, ERR_STATE,
				 "They have opted out. Only they can undo that, by texting START.");
	if (!suppressed && !held)
		return error_set(err, ERR_STATE, "There is nothing to decide about them.");
	if (store_suppression_remove(bridge->store, phone, err) < 0 ||
	    store_hold_remove(bridge->store, phone, err) < 0 ||
	    store_consent_event_add(bridge->store, phone, "hold_resolved", "volunteer", "keep", "",
				    actor->user, bridge_now(bridge), err) < 0 ||
	    audit(bridge, actor, "keep", err, "number=%s", phone->e164) < 0)
		return -1;
	if (found == 0)
		return 0;
	if (place_refresh(bridge, conversation.id, err) < 0)
		return -1;
	return relay_tell(bridge, conversation.id, err, "Kept: they can be texted.");
}

int bridge_wrong_number(struct bridge *bridge, const struct actor *actor, const struct phone *phone,
			struct error *err)
{
	struct consent_source source = {"volunteer", "command", "", actor->user};
	struct contact_row contact;
	struct conversation_row conversation;
	bool added;
	int found = conversation_of(bridge, phone, &contact, &conversation, err);

	if (found < 0 ||
	    consent_suppress(bridge, phone, "wrong_number", &source, &added, err) < 0 ||
	    audit(bridge, actor, "wrong", err, "number=%s", phone->e164) < 0)
		return -1;
	if (found == 0)
		return 0;
	return relay_tell(bridge, conversation.id, err,
			  added ? "☎ Marked as a wrong number: it is not texted any more. `!keep` "
				  "undoes it."
				: "☎ Noted; they were not texted any more already.");
}
