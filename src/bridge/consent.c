/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Consent: what follows when somebody says stop, start or help, when they may have, and when a
 * person decides. STOP wins: the suppression, the emptied queue and the evidence are one step.
 *
 * There is one confirmation and only where nobody else gives it: a provider that knows the keyword
 * has answered already; one that does not (a phrase, or a provider without keywords) has not.
 */
#include "bridge/bridge_priv.h"

#include "base/log.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "core/optout.h"

#include <string.h>

/* What the network itself answers on toll-free numbers. */
static const char *const network_stop[] = {"STOP", NULL};
static const char *const network_start[] = {"START", "UNSTOP", NULL};

enum answer { ANSWER_STOP, ANSWER_START, ANSWER_HELP };

static bool answered_by_others(const struct sms_sender *sender, enum answer what, const char *text)
{
	const struct sms_driver *driver = sender->account->driver;
	const char *const *words = NULL;

	switch (sender->reply_by) {
	case SMS_REPLY_BY_US:
		return false;
	case SMS_REPLY_BY_PROVIDER:
		words = what == ANSWER_STOP    ? driver->stop_keywords
			: what == ANSWER_START ? driver->start_keywords
					       : driver->help_keywords;
		break;
	case SMS_REPLY_BY_NETWORK:
		words = what == ANSWER_STOP    ? network_stop
			: what == ANSWER_START ? network_start
					       : NULL;
		break;
	}
	return words && optout_is_bare_keyword(text, words);
}

/* Fills {organisation} and {help_contact} in. */
static void fill(struct strbuf *out, const char *template, const struct bridge_options *o)
{
	static const char *const names[] = {"{organisation}", "{help_contact}"};
	const char *const values[] = {o->organisation, o->help_contact};

	while (*template) {
		size_t i;

		for (i = 0; i < 2; i++) {
			if (strncmp(template, names[i], strlen(names[i])) == 0)
				break;
		}
		if (i < 2) {
			strbuf_adds(out, values[i]);
			template += strlen(names[i]);
		} else {
			strbuf_addc(out, *template);
			template ++;
		}
	}
}

static int answer(struct bridge *bridge, const struct sms_sender *sender,
		  const struct conversation_row *conversation, enum message_kind kind,
		  const char *template, int64_t not_after, struct error *err)
{
	STRBUF_AUTO(text);
	struct error refused = {0};
	struct message_row row = {
		.conversation = conversation->id, .kind = kind, .not_after = not_after};
	int rc;

	fill(&text, template, bridge->options);
	row.text = text.buf;
	STR_COPY(row.sender, sender->name);
	rc = outbox_add(bridge, &row, &conversation->phone, &refused);
	/* The gate's no is no failure: there is no answer then. */
	if (rc < 0 && refused.kind == ERR_STATE) {
		log_info("answer.refused to=%s why=%s", log_phone(conversation->phone.e164),
			 log_quote(refused.text));
		return 0;
	}
	if (rc < 0 && err)
		*err = refused;
	return rc;
}

static bool count_cancelled(const struct message_row *row, void *arg)
{
	struct bridge *bridge = arg;

	log_info("message.cancelled message=%lld to=%s code=E_SUPPRESSED", (long long)row->id.v,
		 log_phone(row->phone.e164));
	if (row->origin_place.v != 0)
		(void)relay_mark(bridge, row->origin_place, row->origin_event, MARK_FAILED, row->id,
				 NULL);
	return true;
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
	added = store_suppression_add(bridge->store, &row, err);
	if (added < 0 || store_hold_remove(bridge->store, phone, err) < 0 ||
	    store_cancel_queue(bridge->store, phone, "E_SUPPRESSED",
			       "they asked not to be texted any more", row.at, count_cancelled,
			       bridge, err) < 0 ||
	    store_consent_event_add(bridge->store, phone, reason, source->method, source->rule,
				    source->evidence, source->actor, row.at, err) < 0)
		return -1;
	*added_out = added > 0;
	log_info("consent.suppressed number=%s reason=%s method=%s rule=%s new=%d",
		 log_phone(phone->e164), reason, source->method, source->rule, added);
	found = store_find_contact(bridge->store, phone, &contact, err);
	if (found > 0)
		found = store_find_conversation(bridge->store, contact.id, &conversation, err);
	if (found > 0)
		found = place_refresh(bridge, conversation.id, false, err);
	return found < 0 ? -1 : 0;
}

/* ---- what the contact said --------------------------------------------------------------------
 */

struct said { /* one inbound text that means something */
	const struct sms_sender *sender;
	struct conversation_row *conversation;
	const char *text;
	const char *rule;
	bool suppressed;
	struct suppression_row suppression;
};

static int said_stop(struct bridge *bridge, const struct said *s, struct error *err)
{
	struct consent_source source = {"sms_reply", s->rule, s->text, ""};
	bool added;

	if (consent_suppress(bridge, &s->conversation->phone, "opt_out", &source, &added, err) < 0)
		return -1;
	if (!added)
		return relay_tell(bridge, s->conversation->id, err,
				  "⛔ They asked to stop again. They are not texted.");
	if (relay_tell(bridge, s->conversation->id, err,
		       "⛔ They have opted out. No more texts can be sent to them, by anybody; what "
		       "was "
		       "queued is cancelled. Only they can undo it, by texting START.") < 0)
		return -1;
	if (answered_by_others(s->sender, ANSWER_STOP, s->text))
		return 0;
	return answer(bridge, s->sender, s->conversation, MSGKIND_STOP_CONFIRM,
		      bridge->options->stop_text, bridge_now(bridge) + CONFIRM_WITHIN_MS, err);
}

static int said_start(struct bridge *bridge, const struct said *s, struct error *err)
{
	const struct phone *phone = &s->conversation->phone;

	if (!s->suppressed)
		return 0;
	if (store_suppression_remove(bridge->store, phone, err) < 0 ||
	    store_consent_event_add(bridge->store, phone, "reopt_in", "sms_reply", s->rule, s->text,
				    "", bridge_now(bridge), err) < 0 ||
	    relay_tell(bridge, s->conversation->id, err,
		       "✅ They opted in again by texting START. They can be texted.") < 0 ||
	    place_refresh(bridge, s->conversation->id, false, err) < 0)
		return -1;
	log_info("consent.started number=%s rule=%s", log_phone(phone->e164), s->rule);
	if (answered_by_others(s->sender, ANSWER_START, s->text))
		return 0;
	return answer(bridge, s->sender, s->conversation, MSGKIND_START_CONFIRM,
		      bridge->options->start_text, bridge_now(bridge) + CONFIRM_WITHIN_MS, err);
}

static int said_help(struct bridge *bridge, const struct said *s, struct error *err)
{
	if (answered_by_others(s->sender, ANSWER_HELP, s->text))
		return 0;
	return answer(bridge, s->sender, s->conversation, MSGKIND_HELP_ANSWER,
		      bridge->options->help_text, bridge_now(bridge) + CONFIRM_WITHIN_MS, err);
}

static int said_perhaps_stop(struct bridge *bridge, const struct said *s, struct error *err)
{
	struct hold_row hold = {.phone = s->conversation->phone, .at = bridge_now(bridge)};
	int added;

	if (s->suppressed)
		return 0;
	STR_COPY(hold.rule, s->rule);
	hold.expires_at = hold.at + bridge->options->hold_ms;
	added = store_hold_add(bridge->store, &hold, err);
	if (added <= 0)
		return added;
	if (store_consent_event_add(bridge->store, &hold.phone, "hold", "sms_reply", s->rule,
				    s->text, "", hold.at, err) < 0)
		return -1;
	consent_watch_holds(bridge);
	return relay_tell(
		bridge, s->conversation->id, err,
		"✋ This may be a wish not to be texted. Until somebody decides, only answers "
		"to them are sent. `!optout` opts them out (`!optout quiet` without a "
		"confirmation), `!keep` if it was no such wish, `!wrong` for a wrong number. "
		"Undecided in %lld hours, it becomes an opt-out.",
		(long long)(bridge->options->hold_ms / 3600000));
}

static int said_wrong_number(struct bridge *bridge, const struct said *s, struct error *err)
{
	struct consent_source source = {"sms_reply", s->rule, s->text, ""};
	bool added;

	if (consent_suppress(bridge, &s->conversation->phone, "wrong_number", &source, &added,
			     err) < 0)
		return -1;
	return relay_tell(
		bridge, s->conversation->id, err,
		"☎ This seems to be a wrong number: it is not texted any more. `!keep` if that "
		"is a mistake.");
}

int consent_apply(struct bridge *bridge, const struct sms_sender *sender,
		  struct conversation_row *conversation, const char *text,
		  bool *counts_as_answer_out, struct error *err)
{
	struct said s = {.sender = sender, .conversation = conversation, .text = text};
	struct message_row last = {0};
	struct optout_context context = {.first_name = conversation->name};
	struct optout_result result;
	int suppressed =
		store_find_suppression(bridge->store, &conversation->phone, &s.suppression, err);
	int quoted = store_find_last_outbound(bridge->store, conversation->id, &last, err);

	if (suppressed < 0 || quoted < 0)
		return -1;
	s.suppressed = suppressed > 0;
	context.opted_out = s.suppressed && strcmp(s.suppression.reason, "wrong_number") != 0;
	context.last_outbound = last.text;
	optout_classify(text, strlen(text), &context, &result);
	message_row_release(&last);
	s.rule = result.rule;
	*counts_as_answer_out =
		result.verdict == OPTOUT_NONE || result.verdict == OPTOUT_SUGGEST_STOP;
	switch (result.verdict) {
	case OPTOUT_NONE:
		return 0;
	case OPTOUT_STOP:
		return said_stop(bridge, &s, err);
	case OPTOUT_START:
		return said_start(bridge, &s, err);
	case OPTOUT_HELP:
		return said_help(bridge, &s, err);
	case OPTOUT_SUGGEST_STOP:
		return said_perhaps_stop(bridge, &s, err);
	case OPTOUT_WRONG_NUMBER:
		return said_wrong_number(bridge, &s, err);
	}
	BUG("verdict %d", (int)result.verdict);
}

/* ---- what a person decided --------------------------------------------------------------------
 */

/* The conversation of a number, if there ever was one. 1/0/-1. */
static int conversation_of(struct bridge *bridge, const struct phone *phone,
			   struct contact_row *contact, struct conversation_row *out,
			   struct error *err)
{
	int found = store_find_contact(bridge->store, phone, contact, err);

	return found > 0 ? store_find_conversation(bridge->store, contact->id, out, err) : found;
}

int bridge_optout(struct bridge *bridge, const struct actor *actor, const struct phone *phone,
		  bool quiet, struct error *err)
{
	struct consent_source source = {"volunteer", "command", "", actor->user};
	struct contact_row contact;
	struct conversation_row conversation;
	const struct sms_sender *sender;
	int64_t now = bridge_now(bridge);
	bool added;
	int found = conversation_of(bridge, phone, &contact, &conversation, err);

	if (found < 0 || consent_suppress(bridge, phone, "opt_out", &source, &added, err) < 0 ||
	    audit(bridge, actor, "optout", err, "number=%s", phone->e164) < 0)
		return -1;
	if (found == 0 || !added)
		return 0;
	if (relay_tell(bridge, conversation.id, err, "⛔ Opted out by %s. No more texts to them.",
		       strchr(actor->user, ':') + 1) < 0)
		return -1;
	/* Only as an answer to what they just said: later it would be one text more. */
	if (quiet || now - conversation.last_in_at > CONFIRM_WITHIN_MS)
		return 0;
	if (sender_for(bridge, &contact, &sender, err) < 0)
		return -1;
	return answer(bridge, sender, &conversation, MSGKIND_STOP_CONFIRM,
		      bridge->options->stop_text, conversation.last_in_at + CONFIRM_WITHIN_MS, err);
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
	if ((suppressed && store_suppression_remove(bridge->store, phone, err) < 0) ||
	    (held && store_hold_remove(bridge->store, phone, err) < 0) ||
	    store_consent_event_add(bridge->store, phone, "hold_resolved", "volunteer", "keep", "",
				    actor->user, bridge_now(bridge), err) < 0 ||
	    audit(bridge, actor, "keep", err, "number=%s", phone->e164) < 0)
		return -1;
	if (found == 0)
		return 0;
	outbox_kick(bridge);
	if (place_refresh(bridge, conversation.id, false, err) < 0)
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
	return relay_tell(
		bridge, conversation.id, err,
		"☎ Marked as a wrong number: it is not texted any more. `!keep` undoes it.");
}

/* ---- holds that nobody decides become opt-outs --------------------------------------------------
 */

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
	if (found <= 0)
		return found;
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
	int found = 0;
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
	consent_watch_holds(bridge);
}

#define HOLD_CHECK_MAX_MS 3600000 /* the wall clock may be set */
#define HOLD_CHECK_MIN_MS 1000

void consent_watch_holds(struct bridge *bridge)
{
	int64_t at;
	int64_t wait;

	loop_cancel(bridge->hold_timer);
	bridge->hold_timer = NULL;
	if (store_next_hold(bridge->store, &at, NULL) < 0 || at == INT64_MAX)
		return;
	wait = at - bridge_now(bridge);
	wait = wait > HOLD_CHECK_MAX_MS ? HOLD_CHECK_MAX_MS : wait;
	wait = wait < HOLD_CHECK_MIN_MS ? HOLD_CHECK_MIN_MS : wait;
	bridge->hold_timer = loop_after(bridge->loop, wait, on_hold_timer, bridge);
}
