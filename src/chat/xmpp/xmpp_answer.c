/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What we answer when asked, as a well-behaved entity: who we are (XEP-0030, 0092, 0054), that we
 * are there (XEP-0199, presence), and service-unavailable to all else.
 */
#include "base/log.h"
#include "chat/xmpp/xmpp_priv.h"

#include <string.h>

#define OUR_NAME "Roomline"

static const char *const features[] = {
	NS_DISCO_INFO, NS_DISCO_ITEMS, NS_PING, NS_VERSION, NS_VCARD, NS_REACTIONS, NULL,
};

/* The domain, the bot and the people who are texted are three kinds of entity. */
static const struct identity gateway = {"gateway", "sms", OUR_NAME, features};
static const struct identity bot = {"client", "bot", OUR_NAME, features};
static const struct identity contact = {"client", "sms", "SMS", features};

static const struct identity *identity_of(const char *to)
{
	struct jid jid;

	if (!jid_split(to, &jid) || jid.local_len == 0)
		return &gateway;
	return jid_local_is(&jid, "bot") ? &bot : &contact;
}

static xmpp_stanza_t *disco_info(struct xmpp *x, xmpp_stanza_t *iq)
{
	return stanza_disco_result(x->link.ctx, iq, identity_of(read_attr(iq, "to")));
}

static xmpp_stanza_t *disco_items(struct xmpp *x, xmpp_stanza_t *iq)
{
	bool domain = identity_of(read_attr(iq, "to")) == &gateway;

	return stanza_items_result(x->link.ctx, iq, domain ? x->cfg.bot : NULL, OUR_NAME);
}

static xmpp_stanza_t *ping(struct xmpp *x, xmpp_stanza_t *iq)
{
	return stanza_result(x->link.ctx, iq);
}

static xmpp_stanza_t *version(struct xmpp *x, xmpp_stanza_t *iq)
{
	return stanza_version_result(x->link.ctx, iq, OUR_NAME, ROOMLINE_VERSION);
}

static xmpp_stanza_t *vcard(struct xmpp *x, xmpp_stanza_t *iq)
{
	return stanza_vcard_result(x->link.ctx, iq, identity_of(read_attr(iq, "to"))->name);
}

static const struct {
	const char *element;
	const char *ns;
	xmpp_stanza_t *(*answer)(struct xmpp *x, xmpp_stanza_t *iq);
} answers[] = {
	{"query", NS_DISCO_INFO, disco_info},
	{"query", NS_DISCO_ITEMS, disco_items},
	{"ping", NS_PING, ping},
	{"query", NS_VERSION, version},
	{"vCard", NS_VCARD, vcard},
};

void answer_iq(struct xmpp *x, xmpp_stanza_t *iq)
{
	bool get = strcmp(read_type(iq), "get") == 0;

	if (!get && strcmp(read_type(iq), "set") != 0)
		return; /* a result or error nobody waits for; those are never answered */
	for (size_t i = 0; get && i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (read_child(iq, answers[i].element, answers[i].ns)) {
			link_send_take(x, answers[i].answer(x, iq));
			return;
		}
	}
	link_send_take(x, stanza_error(x->link.ctx, iq, "cancel", "service-unavailable", NULL));
}

static void send_presence(struct xmpp *x, const char *from, const char *to, const char *type)
{
	link_send_take(x, stanza_presence(x->link.ctx, &(struct stanza_head){
							       .from = from,
							       .to = to,
							       .type = type,
						       }));
}

/* Whoever wants to see whether the bot is there may; the people who are texted cannot be watched. */
void answer_presence(struct xmpp *x, xmpp_stanza_t *presence)
{
	const char *type = read_type(presence);
	const char *from = read_attr(presence, "from");
	bool to_bot = identity_of(read_attr(presence, "to")) == &bot;
	char asked[ADDRESS_MAX];

	if (!jid_bare(read_attr(presence, "to"), asked))
		return;
	if (strcmp(type, "subscribe") == 0) {
		send_presence(x, asked, from, to_bot ? "subscribed" : "unsubscribed");
		if (to_bot)
			send_presence(x, x->cfg.bot, from, NULL);
	} else if (strcmp(type, "unsubscribe") == 0) {
		send_presence(x, asked, from, "unsubscribed");
	} else if (strcmp(type, "probe") == 0 && to_bot) {
		send_presence(x, x->cfg.bot, from, NULL);
	}
}

void answer_refuse(struct xmpp *x, xmpp_stanza_t *message, const char *type, const char *condition,
		   const char *text)
{
	if (strcmp(read_type(message), "error") == 0)
		return;
	link_send_take(x, stanza_error(x->link.ctx, message, type, condition, text));
}
