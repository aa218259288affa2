/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a contact said, and what follows when it was stop, start, help or a wrong number.
 *
 * There is one answer and only where nobody else gives it: a provider that knows the keyword has
 * answered already; one that does not (a phrase, or a provider without keywords) has not. What the
 * provider acted on as a stop is one for us too, whatever the words are.
 */
#include "bridge/bridge_priv.h"

#include "base/log.h"
#include "base/strbuf.h"
#include "base/xalloc.h"

#include <string.h>

/* ---- reading ---------------------------------------------------------------------------------- */

/* What the network itself answers on toll-free numbers. */
static enum sms_keyword network_keyword(const char *text)
{
	static const char *const stop[] = {"STOP", NULL};
	static const char *const start[] = {"START", "UNSTOP", NULL};

	if (optout_is_bare_keyword(text, stop))
		return SMS_KEYWORD_STOP;
	return optout_is_bare_keyword(text, start) ? SMS_KEYWORD_START : SMS_KEYWORD_NONE;
}

/* What others than us have taken the text for, and so answered. */
static enum sms_keyword taken_for(const struct sms_account *account,
				  const struct sms_sender *sender, const struct sms_event *event,
				  const char *text)
{
	if (event->keyword != SMS_KEYWORD_NONE)
		return event->keyword;
	switch (sender ? sender->reply_by : sms_account_reply_by(account)) {
	case SMS_REPLY_BY_US:
		return SMS_KEYWORD_NONE;
	case SMS_REPLY_BY_PROVIDER:
		return sms_account_keyword(account, text);
	case SMS_REPLY_BY_NETWORK:
		return network_keyword(text);
	}
	BUG("nobody answers for %s", account->name);
}

static enum sms_keyword keyword_of(enum optout_verdict verdict)
{
	switch (verdict) {
	case OPTOUT_STOP:
		return SMS_KEYWORD_STOP;
	case OPTOUT_START:
		return SMS_KEYWORD_START;
	case OPTOUT_HELP:
		return SMS_KEYWORD_HELP;
	case OPTOUT_NONE:
	case OPTOUT_SUGGEST_STOP:
	case OPTOUT_WRONG_NUMBER:
		return SMS_KEYWORD_NONE;
	}
	BUG("verdict %d", (int)verdict);
}

/* Where others heard something that we did not. A start counts only from somebody who had stopped:
 * "yes" is a keyword for some and an answer for most. */
static void heed_others(enum sms_keyword taken, bool opted_out, struct meaning *meaning)
{
	if (taken == SMS_KEYWORD_STOP && meaning->verdict != OPTOUT_STOP) {
		meaning->verdict = OPTOUT_STOP;
		meaning->rule = "provider.stop";
	} else if (taken == SMS_KEYWORD_HELP && meaning->verdict == OPTOUT_NONE) {
		meaning->verdict = OPTOUT_HELP;
		meaning->rule = "provider.help";
	} else if (taken == SMS_KEYWORD_START && meaning->verdict == OPTOUT_NONE && opted_out) {
		meaning->verdict = OPTOUT_START;
		meaning->rule = "provider.start";
	}
}

int meaning_read(struct bridge *bridge, const struct sms_account *account,
		 const struct sms_sender *sender, const struct sms_event *event,
		 const struct phone *from, const struct conversation_row *conversation,
		 const char *text, struct meaning *out, struct error *err)
{
	enum sms_keyword taken = taken_for(account, sender, event, text);
	struct suppression_row suppression;
	struct message_row last = {0};
	struct optout_context context = {0};
	struct optout_result result;
	int suppressed = store_find_suppression(bridge->store, from, &suppression, err);

	if (suppressed < 0 ||
	    (conversation &&
	     store_find_last_outbound(bridge->store, conversation->id, &last, err) < 0))
		return -1;
	context.opted_out = suppressed && strcmp(suppression.reason, "wrong_number") != 0;
	context.first_name = conversation ? conversation->name : NULL;
	context.last_outbound = last.text;
	optout_classify(text, strlen(text), &context, &result);
	message_row_release(&last);
	out->verdict = result.verdict;
	out->rule = result.rule;
	out->suppressed = suppressed > 0;
	heed_others(taken, context.opted_out, out);
	out->answered = taken != SMS_KEYWORD_NONE && taken == keyword_of(out->verdict);
	return 0;
}

/* ---- answering -------------------------------------------------------------------------------- */

/* Fills {organisation} and {help_contact} in. */
static void fill(struct strbuf *out, const char *pattern, const struct bridge_options *o)
{
	const struct {
		const char *name;
		const char *value;
	} fields[] = {{"{organisation}", o->organisation}, {"{help_contact}", o->help_contact}};
	size_t n = sizeof(fields) / sizeof(fields[0]);

	while (*pattern) {
		size_t i = 0;

		while (i < n && strncmp(pattern, fields[i].name, strlen(fields[i].name)) != 0)
			i++;
		if (i < n) {
			strbuf_adds(out, fields[i].value);
			pattern += strlen(fields[i].name);
		} else {
			strbuf_addc(out, *pattern);
			pattern++;
		}
	}
}

/* The gate's no is no failure: there is no answer then. */
static int answer(struct bridge *bridge, const struct sms_sender *sender,
		  const struct conversation_row *conversation, enum message_kind kind,
		  const char *pattern, int64_t not_after, struct error *err)
{
	STRBUF_AUTO(text);
	struct gate_ruling ruling;
	struct message_row row = {
		.conversation = conversation->id, .kind = kind, .not_after = not_after};

	if (!sender)
		return 0;
	fill(&text, pattern, bridge->options);
	row.text = text.buf;
	STR_COPY(row.sender, sender->name);
	return queue_try(bridge, &row, &conversation->phone, &ruling, err) < 0 ? -1 : 0;
}

int confirm_stop(struct bridge *bridge, const struct sms_sender *sender,
		 const struct conversation_row *conversation, int64_t not_after, struct error *err)
{
	return answer(bridge, sender, conversation, MSGKIND_STOP_CONFIRM,
		      bridge->options->stop_text, not_after, err);
}

/* ---- what follows ----------------------------------------------------------------------------- */

struct said { /* one inbound text that means something */
	const struct sms_sender *sender;
	const struct conversation_row *conversation;
	const char *text;
	const struct meaning *meaning;
};

static int said_stop(struct bridge *bridge, const struct said *s, struct error *err)
{
	struct consent_source source = {"sms_reply", s->meaning->rule, s->text, ""};
	bool added;

	if (consent_suppress(bridge, &s->conversation->phone, "opt_out", &source, &added, err) < 0)
		return -1;
	if (!added)
		return relay_tell(bridge, s->conversation->id, err,
				  "⛔ They asked to stop again. They are not texted.");
	if (relay_tell(bridge, s->conversation->id, err,
		       "⛔ They have opted out. No more texts can be sent to them, by anybody; what "
		       "was queued is cancelled. Only they can undo it, by texting START.") < 0)
		return -1;
	if (s->meaning->answered)
		return 0;
	return confirm_stop(bridge, s->sender, s->conversation, bridge_now(bridge) + GATE_ANSWER_MS,
			    err);
}

static int said_start(struct bridge *bridge, const struct said *s, struct error *err)
{
	const struct phone *phone = &s->conversation->phone;
	struct hold_row hold;
	int held = store_find_hold(bridge->store, phone, &hold, err);

	if (held < 0)
		return -1;
	if (!held && !s->meaning->suppressed)
		return 0;
	if (store_suppression_remove(bridge->store, phone, err) < 0 ||
	    store_hold_remove(bridge->store, phone, err) < 0 ||
	    message_cancel_queued(bridge, phone, MESSAGE_KIND(MSGKIND_STOP_CONFIRM),
				  gate_code_word(GATE_OVERTAKEN), "they have opted in again.",
				  err) < 0 ||
	    store_consent_event_add(bridge->store, phone, "reopt_in", "sms_reply", s->meaning->rule,
				    s->text, "", bridge_now(bridge), err) < 0 ||
	    relay_tell(bridge, s->conversation->id, err,
		       "✅ They opted in again by texting START. They can be texted.") < 0 ||
	    place_refresh(bridge, s->conversation->id, err) < 0)
		return -1;
	outbox_recall_after_commit(bridge);
	log_info("consent.started number=%s rule=%s", log_phone(phone->e164), s->meaning->rule);
	if (s->meaning->answered || !s->meaning->suppressed)
		return 0;
	return answer(bridge, s->sender, s->conversation, MSGKIND_START_CONFIRM,
		      bridge->options->start_text, bridge_now(bridge) + GATE_ANSWER_MS, err);
}

static int said_help(struct bridge *bridge, const struct said *s, struct error *err)
{
	if (s->meaning->answered)
		return 0;
	return answer(bridge, s->sender, s->conversation, MSGKIND_HELP_ANSWER,
		      bridge->options->help_text, bridge_now(bridge) + GATE_ANSWER_MS, err);
}

static int said_perhaps_stop(struct bridge *bridge, const struct said *s, struct error *err)
{
	const struct phone *phone = &s->conversation->phone;
	bool added;

	if (s->meaning->suppressed)
		return 0;
	if (hold_put(bridge, phone, s->meaning->rule, &added, err) < 0)
		return -1;
	if (!added)
		return 0;
	if (store_consent_event_add(bridge->store, phone, "hold", "sms_reply", s->meaning->rule,
				    s->text, "", bridge_now(bridge), err) < 0)
		return -1;
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
	struct consent_source source = {"sms_reply", s->meaning->rule, s->text, ""};
	bool added;

	if (consent_suppress(bridge, &s->conversation->phone, "wrong_number", &source, &added,
			     err) < 0)
		return -1;
	if (!added)
		return 0;
	return relay_tell(
		bridge, s->conversation->id, err,
		"☎ This seems to be a wrong number: it is not texted any more. `!keep` if that "
		"is a mistake.");
}

int meaning_apply(struct bridge *bridge, const struct sms_sender *sender,
		  const struct conversation_row *conversation, const char *text,
		  const struct meaning *meaning, struct error *err)
{
	struct said s = {sender, conversation, text, meaning};

	switch (meaning->verdict) {
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
	BUG("verdict %d", (int)meaning->verdict);
}
