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
#include "core/optout.h"
#include "core/phone.h"

#include <string.h>

#define TEXT_CODE_POINTS_MAX 1600

/* The sender of ours they wrote to; the account's first one when its number is not ours. */
static const struct sms_sender *sender_texted(const struct bridge *bridge,
					      const struct sms_account *account, const char *to)
{
	const struct bridge_options *o = bridge->options;
	const struct sms_sender *first = NULL;
	struct phone number;

	if (phone_parse_sender(to, strlen(to), o->region, &number) != PHONE_OK)
		number.e164[0] = '\0';
	for (size_t i = 0; i < o->sender_n; i++) {
		if (o->senders[i].account != account)
			continue;
		if (phone_equal(&o->senders[i].number, &number))
			return &o->senders[i];
		if (!first)
			first = &o->senders[i];
	}
	return first;
}

/* The words and the links of pictures, clean, as they are stored and shown. */
static void words_of(const struct sms_event *event, struct strbuf *out)
{
	if (!utf8_clean(out, event->text, strlen(event->text), TEXT_CODE_POINTS_MAX))
		log_warn("inbound.cut bytes=%zu", strlen(event->text));
	for (int i = 0; i < event->media_n; i++) {
		if (out->len > 0)
			strbuf_addc(out, '\n');
		utf8_clean(out, event->media[i], strlen(event->media[i]), TEXT_CODE_POINTS_MAX);
	}
}

/* Somebody whom no number stands for ("BigBank"): nobody can answer, so it is only shown. */
static int nameless(struct bridge *bridge, const struct sms_event *event, const char *words,
		    struct error *err)
{
	STRBUF_AUTO(from);

	utf8_clean(&from, event->from, strlen(event->from), 40);
	log_warn("inbound.nameless account_event=%s", log_quote(event->key));
	return relay_alert(bridge, err,
			   "A text came from “%s”, which is no number one could answer:\n%s",
			   from.buf, words);
}

static int announce(struct bridge *bridge, const struct conversation_row *row, const char *words,
		    struct error *err)
{
	char title[NAME_MAX_BYTES + 16];
	STRBUF_AUTO(start);

	conversation_title(row, title, sizeof(title));
	if (!utf8_clean(&start, words, strlen(words), 120))
		strbuf_adds(&start, "…");
	return relay_alert(
		bridge, err,
		"📥 %s wrote: “%s”\nNobody is assigned. `!claim %lld` takes it, `!assign %lld "
		"NAME` gives it to somebody.",
		title, start.buf, (long long)row->id.v, (long long)row->id.v);
}

static int stored(struct bridge *bridge, const struct sms_sender *sender,
		  struct conversation_row *row, const struct sms_event *event, const char *words,
		  struct message_id *id_out, struct error *err)
{
	AUTO_FREE char *copy = xstrdup(words);
	struct message_row message = {.conversation = row->id,
				      .state = MSG_RECEIVED,
				      .text = copy,
				      .created_at = bridge_now(bridge)};

	message.updated_at = message.created_at;
	STR_COPY(message.sender, sender->name);
	STR_COPY(message.account, sender->account->name);
	STR_COPY(message.ext_id, event->ext_id);
	random_token(message.ref, 32);
	if (store_message_add(bridge->store, &message, err) < 0)
		return -1;
	*id_out = message.id;
	return 0;
}

/* A STOP from a number never seen needs no conversation that somebody would have to look at. */
static bool worth_opening(const struct conversation_row *row, const char *words)
{
	struct optout_result result;

	if (row->id.v != 0)
		return true;
	optout_classify(words, strlen(words), NULL, &result);
	return result.verdict != OPTOUT_STOP;
}

static int conversation_for(struct bridge *bridge, const struct contact_row *contact,
			    const char *words, struct conversation_row *row, bool *opened_out,
			    struct error *err)
{
	char token[TOKEN_MAX];
	int found = store_find_conversation(bridge->store, contact->id, row, err);

	*opened_out = false;
	if (found < 0)
		return -1;
	if (found == 0)
		row->id.v = 0;
	if (worth_opening(row, words))
		return conversation_open(bridge, contact, "", row, opened_out, err);
	random_token(token, 16);
	if (store_conversation_add(bridge->store, contact->id, token, "", bridge_now(bridge), row,
				   err) < 0)
		return -1;
	row->open = false;
	return store_conversation_update(bridge->store, row, bridge_now(bridge), err);
}

int inbound_text(struct bridge *bridge, const struct sms_account *account,
		 const struct sms_event *event, struct error *err)
{
	STRBUF_AUTO(words);
	const struct sms_sender *sender = sender_texted(bridge, account, event->to);
	struct phone from;
	struct contact_row contact;
	struct conversation_row row = {0};
	struct message_id message = {0};
	int64_t now = bridge_now(bridge);
	bool opened;
	bool counts;

	words_of(event, &words);
	if (phone_parse_sender(event->from, strlen(event->from), bridge->options->region, &from) !=
	    PHONE_OK)
		return nameless(bridge, event, words.buf, err);
	if (!sender) {
		log_error("inbound.senderless account=%s", account->name);
		return relay_alert(
			bridge, err,
			"⚠ A text from …%s came by “%s”, for which no sender is configured:\n%s",
			from.e164 + strlen(from.e164) - 3, account->name, words.buf);
	}
	if (store_contact_ensure(bridge->store, &from, now, &contact, err) < 0)
		return -1;
	if (contact.sender[0] == '\0' &&
	    store_contact_set_sender(bridge->store, contact.id, sender->name, err) < 0)
		return -1;
	if (conversation_for(bridge, &contact, words.buf, &row, &opened, err) < 0 ||
	    stored(bridge, sender, &row, event, words.buf, &message, err) < 0)
		return -1;
	log_info("inbound.stored message=%lld from=%s sender=%s", (long long)message.v,
		 log_phone(from.e164), sender->name);
	if (relay_say_all(bridge, &row, words.buf, message, now, err) < 0 ||
	    consent_apply(bridge, sender, &row, words.buf, &counts, err) < 0)
		return -1;
	if (counts) {
		row.last_in_at = now;
		if (store_conversation_update(bridge->store, &row, now, err) < 0)
			return -1;
	}
	if (row.open && row.owner[0] == '\0' && opened)
		return announce(bridge, &row, words.buf, err);
	return 0;
}
