/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The way in: an inbound text becomes a row, a verdict about consent, and something to be shown,
 * all in the step that also remembers the provider's event, so that a repeated hook does nothing.
 */
#include "bridge/bridge_priv.h"

#include "base/hmac.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "core/phone.h"

#include <string.h>

#define TEXT_CODE_POINTS_MAX 1600
#define NAME_CODE_POINTS_MAX 40
#define ANNOUNCED_CODE_POINTS 120

/* The sender of ours they wrote to; the account's first one when its number is not ours. */
static const struct sms_sender *sender_texted(const struct bridge *bridge,
					      const struct sms_account *account, const char *to)
{
	const struct bridge_options *o = bridge->options;
	const struct sms_sender *first = NULL;
	struct phone number;

	for (size_t i = 0; i < o->sender_n; i++) { /* as it mostly comes */
		if (strcmp(o->senders[i].number.e164, to) == 0 &&
		    strcmp(o->senders[i].account->name, account->name) == 0)
			return &o->senders[i];
	}
	if (phone_parse_sender(to, strlen(to), o->region, &number) != PHONE_OK)
		number.e164[0] = '\0';
	for (size_t i = 0; i < o->sender_n; i++) {
		if (strcmp(o->senders[i].account->name, account->name) != 0)
			continue;
		if (phone_equal(&o->senders[i].number, &number))
			return &o->senders[i];
		if (!first)
			first = &o->senders[i];
	}
	return first;
}

/* Clean, as they are stored and shown. */
static void clean(struct strbuf *out, const char *text)
{
	if (!utf8_clean(out, text, strlen(text), TEXT_CODE_POINTS_MAX))
		log_warn("inbound.cut bytes=%zu", strlen(text));
}

/* Where only words are shown: the files are told of. */
static void in_words(const struct sms_event *event, struct strbuf *out)
{
	clean(out, event->text ? event->text : "");
	if (event->media_n > 0)
		strbuf_addf(out, "%s(%d picture%s or file%s)", out->len > 0 ? "\n" : "",
			    event->media_n, event->media_n == 1 ? "" : "s",
			    event->media_n == 1 ? "" : "s");
	else if (out->len == 0)
		strbuf_adds(out, "(a text without words)");
}

static bool is_ours(const struct bridge *bridge, const struct phone *number)
{
	const struct bridge_options *o = bridge->options;

	for (size_t i = 0; i < o->sender_n; i++) {
		if (phone_equal(&o->senders[i].number, number))
			return true;
	}
	return false;
}

/* It is only shown: an answer would come back to us, and our machines would talk to each other. */
static int from_ourselves(struct bridge *bridge, const struct sms_event *event,
			  const struct phone *from, struct error *err)
{
	STRBUF_AUTO(all);

	in_words(event, &all);
	log_warn("inbound.own from=%s", log_phone(from->e164));
	return relay_alert(bridge, err,
			   "A text came from our own number %s. It is shown here and not acted "
			   "on:\n%s",
			   from->e164, all.buf);
}

/* Somebody whom no number stands for ("BigBank"): nobody can answer, so it is only shown. */
static int nameless(struct bridge *bridge, const struct sms_event *event, struct error *err)
{
	STRBUF_AUTO(from);
	STRBUF_AUTO(all);

	utf8_clean(&from, event->from, strlen(event->from), NAME_CODE_POINTS_MAX);
	in_words(event, &all);
	log_warn("inbound.nameless key=%s", log_quote(event->key));
	return relay_alert(bridge, err,
			   "A text came from “%s”, which is no number one could answer:\n%s",
			   from.buf, all.buf);
}

static int announce(struct bridge *bridge, const struct conversation_row *row,
		    const struct sms_event *event, struct error *err)
{
	STRBUF_AUTO(words);
	STRBUF_AUTO(title);
	STRBUF_AUTO(start);
	STRBUF_AUTO(links);

	bridge_title(row, &title);
	bridge_place_links(bridge, row->id, &links);
	in_words(event, &words);
	if (!utf8_clean(&start, words.buf, words.len, ANNOUNCED_CODE_POINTS))
		strbuf_adds(&start, "…");
	return relay_alert(
		bridge, err,
		"📥 %s wrote: “%s”\nNobody is assigned. `!claim %lld` takes it, `!assign %lld "
		"NAME` gives it to somebody.%s",
		title.buf, start.buf, (long long)row->id.v, (long long)row->id.v, links.buf);
}

static int store_text(struct bridge *bridge, const struct sms_account *account,
		      const struct sms_sender *sender, const struct conversation_row *row,
		      const struct sms_event *event, const char *text, struct message_id *id_out,
		      struct error *err)
{
	AUTO_FREE char *copy = xstrdup(text);
	struct message_row message = {.conversation = row->id,
				      .state = MSG_RECEIVED,
				      .text = copy,
				      .files = event->media_n,
				      .created_at = bridge_now(bridge)};

	message.updated_at = message.created_at;
	STR_COPY(message.sender, sender ? sender->name : "");
	STR_COPY(message.account, account->name);
	STR_COPY(message.ext_id, event->ext_id);
	random_token(message.ref, 32);
	if (store_message_add(bridge->store, &message, err) < 0)
		return -1;
	*id_out = message.id;
	log_info("inbound.stored message=%lld from=%s sender=%s", (long long)message.id.v,
		 log_phone(row->phone.e164), message.sender);
	return 0;
}

/* The text, and then its files; pictures often come without words. */
static int show(struct bridge *bridge, const struct sms_account *account,
		const struct sms_sender *sender, const struct conversation_row *row,
		const struct sms_event *event, const char *words, int64_t now, struct error *err)
{
	const char *text = words[0] || event->media_n ? words : "(a text without words)";
	struct message_id message;

	if (store_text(bridge, account, sender, row, event, text, &message, err) < 0 ||
	    (text[0] && relay_say_all(bridge, row, text, message, now, err) < 0))
		return -1;
	return media_take(bridge, event, row, message, now, err);
}

/* A stop needs no conversation that somebody would have to look at; what is closed stays so. */
static int conversation_for(struct bridge *bridge, const struct contact_row *contact,
			    enum optout_verdict verdict, bool known, struct conversation_row *row,
			    bool *opened_out, struct error *err)
{
	*opened_out = false;
	if (known && (verdict == OPTOUT_STOP || conversation_is_open(bridge, row)))
		return 0;
	if (verdict == OPTOUT_STOP)
		return conversation_add_closed(bridge, contact, row, err);
	return conversation_open(bridge, contact, "", row, opened_out, err);
}

/* Everything that follows from a text of a person we can name by number. */
static int take(struct bridge *bridge, const struct sms_account *account,
		const struct sms_sender *sender, const struct sms_event *event,
		const struct contact_row *contact, struct conversation_row *row, struct error *err)
{
	STRBUF_AUTO(words);
	struct meaning meaning;
	int64_t now = bridge_now(bridge);
	bool known = row->id.v != 0;
	bool opened;

	clean(&words, event->text ? event->text : "");
	if (meaning_read(bridge, account, sender, event, &contact->phone, known ? row : NULL,
			 words.buf, &meaning, err) < 0 ||
	    conversation_for(bridge, contact, meaning.verdict, known, row, &opened, err) < 0 ||
	    show(bridge, account, sender, row, event, words.buf, now, err) < 0)
		return -1;
	/* Only what they said to us, and not to our machine, makes our next text a reply. */
	if (meaning.verdict == OPTOUT_NONE || meaning.verdict == OPTOUT_SUGGEST_STOP) {
		row->last_in_at = now;
		if (store_conversation_heard(bridge->store, row->id, now, err) < 0)
			return -1;
	}
	if (meaning_apply(bridge, sender, row, words.buf, &meaning, err) < 0)
		return -1;
	return opened && row->owner[0] == '\0' ? announce(bridge, row, event, err) : 0;
}

int inbound_text(struct bridge *bridge, const struct sms_account *account,
		 const struct sms_event *event, struct error *err)
{
	const struct sms_sender *sender = sender_texted(bridge, account, event->to);
	struct phone from;
	struct contact_row contact;
	struct conversation_row row = {0};
	int found;

	if (phone_parse_sender(event->from, strlen(event->from), bridge->options->region, &from) !=
	    PHONE_OK)
		return nameless(bridge, event, err);
	if (is_ours(bridge, &from))
		return from_ourselves(bridge, event, &from, err);
	found = store_find_person(bridge->store, &from, &contact, &row, err);
	if (found == 0)
		found = store_contact_ensure(bridge->store, &from, bridge_now(bridge), &contact,
					     err);
	if (found < 0)
		return -1;
	if (sender && contact.sender[0] == '\0' &&
	    store_contact_set_sender(bridge->store, contact.id, sender->name, err) < 0)
		return -1;
	if (take(bridge, account, sender, event, &contact, &row, err) < 0)
		return -1;
	if (sender)
		return 0;
	log_error("inbound.senderless account=%s", account->name);
	return relay_alert(bridge, err,
			   "⚠ A text came by “%s”, for which no sender is configured: an admin has "
			   "to add it, or answers go out from another number.",
			   account->name);
}
