/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The bridge: the use cases, and the only writer of state. What a chat network may call is in
 * chat.h; here is what the app, the webhooks and the commands call.
 */
#ifndef ROOMLINE_BRIDGE_H
#define ROOMLINE_BRIDGE_H

#include "roomline/chat.h"
#include "roomline/error.h"
#include "roomline/http.h"
#include "roomline/loop.h"
#include "roomline/sms.h"
#include "roomline/store.h"
#include "roomline/types.h"

/* ---- life (app) ------------------------------------------------------------------------------ */

struct bridge_options { /* all borrowed; must live until bridge_free() or the next reload */
	const char *organisation; /* how we name ourselves in automatic answers */
	const char *help_contact; /* phone, mail or link given in the answer to HELP */
	const char *region;       /* ISO 3166; national numbers are read as of there */
	const char *stop_text;    /* answer to STOP; {organisation} is filled in */
	const char *start_text;
	const char *help_text;
	int64_t hold_ms;         /* an unanswered suggestion becomes an opt-out after this */
	int64_t reply_window_ms; /* an answer of ours within this of theirs is a reply */
	int max_segments;
	const char *public_url;        /* of our HTTP server, without a slash at the end */
	const char *link_secret;       /* links to files are signed with what is made of it */
	int64_t link_ms;               /* how long they are good */
	size_t file_max;               /* bytes of a file that is passed on */
	const char *const *file_hosts; /* see http_fetch_order.hosts */
	size_t file_host_n;
	const struct sms_sender *senders; /* the first is the default */
	size_t sender_n;
	const char *const *organizers; /* users */
	size_t organizer_n;
	const char *const *inbox; /* users who take texts nobody is assigned to */
	size_t inbox_n;
};

struct bridge *bridge_new(struct loop *loop, struct store *store, struct http_client *client,
			  const struct bridge_options *options);
void bridge_free(struct bridge *bridge); /* commits what is open; NULL is fine */
void bridge_add_network(struct bridge *bridge, const struct chat_network *network, void *self);
/* fn is called when no network ever was up, and each of them has said that an admin must act: with
 * what the last one said. */
typedef void bridge_broken_fn(const char *network, enum chat_broken what, const char *why,
			      void *arg);
void bridge_on_broken(struct bridge *bridge, bridge_broken_fn *fn, void *arg);
/* Turns texts that were in flight when we died into UNKNOWN, then starts to send. */
int bridge_start(struct bridge *bridge, struct error *err);
/* No new sends; `stopped` is called when those in flight have ended or `patience_ms` is over (what
 * is then still in flight is found as UNKNOWN by the next bridge_start()). */
void bridge_stop(struct bridge *bridge, int64_t patience_ms, loop_fn *stopped, void *arg);
void bridge_reload(struct bridge *bridge, const struct bridge_options *options);

/* ---- SMS (webhook.c) ------------------------------------------------------------------------- */

/* One event of a hook: stored, deduped and acted on within one step of the store. The caller
 * answers the provider after the commit (store_after_commit). -1: it could not be stored; the
 * provider must be told to try again. */
int bridge_sms_event(struct bridge *bridge, const struct sms_account *account,
		     const struct sms_event *event, struct error *err);

/* ---- links to files (src/http/media.c) ------------------------------------------------------- */

enum bridge_link { LINK_GOOD, LINK_UNKNOWN, LINK_FORGED, LINK_EXPIRED };
/* What follows MEDIA_PATH in a link that we made, or that a stranger made up. The bytes of the file
 * are then read by bridge_media_read(). */
#define MEDIA_PATH "/media/"
enum bridge_link bridge_media_open(struct bridge *bridge, const char *link,
				   struct media_id *id_out);

/* ---- use cases (cmd/) ------------------------------------------------------------------------ */
/* Called inside a step; a refusal is -1 with a sentence for the person, and has changed nothing. */

struct actor {
	const char *user;      /* "xmpp:alice@example.org" */
	struct place_id place; /* where they said it */
	const char *event_id;  /* what they said it with; marks go to it */
};

/* Queues a text to a number, opening a conversation assigned to the actor. */
int bridge_text_number(struct bridge *bridge, const struct actor *actor, const char *number,
		       const char *text, struct conversation_row *out, struct error *err);
/* Queues a text in a conversation. */
int bridge_text(struct bridge *bridge, const struct actor *actor, struct conversation_id id,
		const char *text, struct error *err);
/* owner: a user; "" puts it back into the inbox. */
int bridge_assign(struct bridge *bridge, const struct actor *actor, struct conversation_id id,
		  const char *owner, struct error *err);
/* What the contact is called. */
int bridge_name(struct bridge *bridge, const struct actor *actor, struct conversation_id id,
		const char *name, struct error *err);
int bridge_close(struct bridge *bridge, const struct actor *actor, struct conversation_id id,
		 struct error *err);
/* quiet: without the confirmation text. */
int bridge_optout(struct bridge *bridge, const struct actor *actor, const struct phone *phone,
		  bool quiet, struct error *err);
/* A held text was no opt-out. */
int bridge_keep(struct bridge *bridge, const struct actor *actor, const struct phone *phone,
		struct error *err);
int bridge_wrong_number(struct bridge *bridge, const struct actor *actor, const struct phone *phone,
			struct error *err);
int bridge_pause(struct bridge *bridge, const struct actor *actor, bool paused, struct error *err);
/* A human decides about a text that is stuck: sends it once more as a new text, or lets it be. */
int bridge_retry(struct bridge *bridge, const struct actor *actor, struct message_id id,
		 struct error *err);
int bridge_drop(struct bridge *bridge, const struct actor *actor, struct message_id id,
		struct error *err);
/* A number as people write it, by the organisation's region; err says what is wrong with it. */
int bridge_read_number(struct bridge *bridge, const char *text, struct phone *out,
		       struct error *err);

/* For showing. */
struct store *bridge_store(struct bridge *bridge);
int64_t bridge_now(struct bridge *bridge); /* ms UTC; never goes back while we run */
const struct bridge_options *bridge_options(struct bridge *bridge);
bool bridge_is_paused(struct bridge *bridge);
/* Whether it is "network:address" of a network that is configured, and can be a person's there. */
bool bridge_is_user(const struct bridge *bridge, const char *user);
/* How many chat networks can take calls. */
int bridge_networks_up(const struct bridge *bridge);
bool bridge_network_is_up(const struct bridge *bridge, const char *network);
/* One line per network and per sender: name, state. */
struct strbuf;
void bridge_describe(struct bridge *bridge, struct strbuf *out);
/* Appends " xmpp:room@example.org?join" for each place of a conversation whose address is known. */
void bridge_place_links(struct bridge *bridge, struct conversation_id id, struct strbuf *out);
/* "Pat R. …0123" */
void bridge_title(const struct conversation_row *row, struct strbuf *out);

#endif
