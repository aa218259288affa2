/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Reading what others sent: pure functions over a stanza. Everything in it is a stranger's, so each
 * text is cleaned and capped here, and nothing here believes an element that the sender could have
 * put in itself where the server's word is wanted.
 */
#ifndef XMPP_READ_H
#define XMPP_READ_H

#include "base/strbuf.h"
#include "chat/xmpp/xmpp_read_file.h"
#include "roomline/chat.h"

#include <stdbool.h>
#include <stdint.h>
#include <strophe.h>

/* Attribute or type of a stanza, "" when it is not there. */
const char *read_attr(xmpp_stanza_t *st, const char *key);
const char *read_type(xmpp_stanza_t *st);
xmpp_stanza_t *read_child(xmpp_stanza_t *st, const char *name, const char *ns);
/* Appends the text inside st, cleaned. */
void read_text(xmpp_stanza_t *st, struct strbuf *out);

/* What a message says to us. The text is in `text`, the id of the message it is about in
 * `target`. */
struct heard {
	enum chat_said_kind what;
	struct strbuf text;
	struct said_file file;
	char target[EVENT_ID_MAX];
};

/* False when it says nothing to be carried on: typing notices, receipts, subjects, empty ones. */
bool read_said(xmpp_stanza_t *message, struct heard *out);
void heard_release(struct heard *heard);

/* The id that the room `by` gave the message (XEP-0359), "" when it gave none. */
const char *read_stanza_id(xmpp_stanza_t *message, const char *by);

/* Who is behind an archived message, as the room's archive says it. False when it does not say, or
 * when what it says contradicts itself: Prosody 0.12 puts its own element beside one that the
 * sender made up. */
bool read_archived_user(xmpp_stanza_t *message, char out[ADDRESS_MAX]);

/* The muc#user part of a presence, or of a message by the room itself. */
struct muc_item {
	char user[ADDRESS_MAX]; /* bare; "" when the room does not tell, or contradicts itself */
	const char *affiliation;
	const char *role;
	const char *nick; /* the new one, of a change */
};

/* False: there is none. */
bool read_item(xmpp_stanza_t *st, struct muc_item *out);
bool read_has_status(xmpp_stanza_t *st, const char *code);
bool read_is_destroyed(xmpp_stanza_t *st);

/* The condition's name, such as "item-not-found"; "" when it is no error. */
const char *read_error(xmpp_stanza_t *st);

/* A history message of this room, as sent to who joins, rather than one said just now. */
bool read_is_history(xmpp_stanza_t *message, const char *room);
/* XEP-0082: "2026-11-24T08:00:00.5Z" or with an offset; ms UTC, 0 when it is not one. */
int64_t read_stamp(const char *text);

#endif
