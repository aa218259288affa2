/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Every stanza we send is made here, and nowhere else is an element or attribute named: one illegal
 * character or a wrong `from` makes the server close the stream with all its rooms, so every string
 * passes utf8_clean() on its way in. Never use xmpp_send_raw() or xmpp_stanza_new_from_string():
 * they do not escape.
 *
 * All functions return a new stanza, which is the caller's; strings are copied. `from` must be an
 * address of our own domain.
 */
#ifndef XMPP_BUILD_H
#define XMPP_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <strophe.h>

struct stanza_head {
	const char *from;
	const char *to;
	const char *type; /* NULL: none */
	const char *id;   /* NULL: none; an iq gets its id when it is asked */
};

/* ---- presence -------------------------------------------------------------------------------- */
xmpp_stanza_t *stanza_presence(xmpp_ctx_t *ctx, const struct stanza_head *head);
/* Joins head->to ("room@service/nick") without asking for its history. */
xmpp_stanza_t *stanza_join(xmpp_ctx_t *ctx, const struct stanza_head *head);

/* ---- messages -------------------------------------------------------------------------------- */
/* stamp: when it was said (XEP-0203), 0 for now. */
xmpp_stanza_t *stanza_say(xmpp_ctx_t *ctx, const struct stanza_head *head, const char *text,
			  int64_t stamp);
/* A file that is at url. */
xmpp_stanza_t *stanza_file(xmpp_ctx_t *ctx, const struct stanza_head *head, const char *url,
			   int64_t stamp);
xmpp_stanza_t *stanza_subject(xmpp_ctx_t *ctx, const struct stanza_head *head, const char *subject);
xmpp_stanza_t *stanza_reaction(xmpp_ctx_t *ctx, const struct stanza_head *head, const char *target,
			       const char *emoji);
xmpp_stanza_t *stanza_invite(xmpp_ctx_t *ctx, const struct stanza_head *head, const char *room,
			     const char *reason);

/* ---- questions; type is set here -------------------------------------------------------------- */
xmpp_stanza_t *stanza_ping(xmpp_ctx_t *ctx, const struct stanza_head *head);
xmpp_stanza_t *stanza_disco_get(xmpp_ctx_t *ctx, const struct stanza_head *head);
xmpp_stanza_t *stanza_items_get(xmpp_ctx_t *ctx, const struct stanza_head *head);
/* Where a file of that size and type may be put (XEP-0363). */
xmpp_stanza_t *stanza_slot_get(xmpp_ctx_t *ctx, const struct stanza_head *head, const char *name,
			       size_t size, const char *type);
xmpp_stanza_t *stanza_form_get(xmpp_ctx_t *ctx, const struct stanza_head *head);

struct form_field {
	const char *name;
	const char *value;
	bool words; /* it takes several values, which stand in value separated by spaces */
};
xmpp_stanza_t *stanza_form_set(xmpp_ctx_t *ctx, const struct stanza_head *head,
			       const struct form_field *fields, size_t n);
xmpp_stanza_t *stanza_list_get(xmpp_ctx_t *ctx, const struct stanza_head *head,
			       const char *affiliation);
xmpp_stanza_t *stanza_affiliation_set(xmpp_ctx_t *ctx, const struct stanza_head *head,
				      const char *jid, const char *affiliation);
/* A page of the archive after an id ("" for the beginning, NULL for the newest `max`). */
xmpp_stanza_t *stanza_archive_get(xmpp_ctx_t *ctx, const struct stanza_head *head,
				  const char *query, const char *after, unsigned max);

/* ---- answers to what came in ------------------------------------------------------------------ */
xmpp_stanza_t *stanza_error(xmpp_ctx_t *ctx, xmpp_stanza_t *asked, const char *type,
			    const char *condition, const char *text);
xmpp_stanza_t *stanza_result(xmpp_ctx_t *ctx, xmpp_stanza_t *asked); /* empty */

struct identity {
	const char *category, *type, *name;
	const char *const *features; /* NULL-terminated */
};
xmpp_stanza_t *stanza_disco_result(xmpp_ctx_t *ctx, xmpp_stanza_t *asked,
				   const struct identity *who);
/* item may be NULL: there is none. */
xmpp_stanza_t *stanza_items_result(xmpp_ctx_t *ctx, xmpp_stanza_t *asked, const char *item,
				   const char *name);
xmpp_stanza_t *stanza_version_result(xmpp_ctx_t *ctx, xmpp_stanza_t *asked, const char *name,
				     const char *version);
xmpp_stanza_t *stanza_vcard_result(xmpp_ctx_t *ctx, xmpp_stanza_t *asked, const char *name);

/* ---- namespaces that reading and writing share ------------------------------------------------ */
#define NS_ARCHIVE "urn:xmpp:mam:2"
#define NS_ADMIN "http://jabber.org/protocol/muc#admin"
#define NS_DATA "jabber:x:data"
#define NS_DELAY "urn:xmpp:delay"
#define NS_DISCO_INFO "http://jabber.org/protocol/disco#info"
#define NS_DISCO_ITEMS "http://jabber.org/protocol/disco#items"
#define NS_MUC "http://jabber.org/protocol/muc"
#define NS_MUC_USER "http://jabber.org/protocol/muc#user"
#define NS_OWNER "http://jabber.org/protocol/muc#owner"
#define NS_PING "urn:xmpp:ping"
#define NS_REACTIONS "urn:xmpp:reactions:0"
#define NS_RSM "http://jabber.org/protocol/rsm"
#define NS_STANZA_ERROR "urn:ietf:params:xml:ns:xmpp-stanzas"
#define NS_UPLOAD "urn:xmpp:http:upload:0"
#define NS_VCARD "vcard-temp"
#define NS_VERSION "jabber:iq:version"

#endif
