/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the files of the bridge share: its struct, and the functions by which the use cases of one
 * file call those of another. Nobody outside src/bridge includes this.
 *
 * Unless said otherwise a function that takes `struct error *err` runs inside a step of the store
 * and returns 0 or -1; after -1 the step must not be kept.
 */
#ifndef BRIDGE_PRIV_H
#define BRIDGE_PRIV_H

#include "bridge/rate.h"
#include "core/compliance.h"
#include "roomline/bridge.h"

#define NETWORKS_MAX 4
#define CONFIRM_WITHIN_MS (INT64_C(5) * 60 * 1000) /* FCC: a confirmation counts as consented */

enum place_phase {
	PLACE_IDLE,    /* the network has not been asked for it since it came up */
	PLACE_OPENING, /* asked; waiting for bridge_place_ready() */
	PLACE_READY,   /* takes what is to be shown */
};

/* What is known in memory of a place; made when first needed, kept until the bridge ends. */
struct place_state {
	struct bridge *bridge;
	struct place_id id;
	int slot; /* of the network */
	enum place_phase phase;
	struct relay_id sent; /* the last relay row given to the network since it is ready */
	int in_flight;
	bool stale;               /* title, topic or members changed */
	bool closing;             /* the conversation was closed */
	bool retry_queued;        /* lost: a timer will ask again */
	struct place_state *next; /* in its bucket */
};

struct network_slot {
	const struct chat_network *network;
	void *self;
	bool up;
};

#define PLACE_BUCKETS 1024

struct bridge {
	struct loop *loop;
	struct store *store;
	struct http_client *client;
	const struct bridge_options *options;
	struct network_slot slots[NETWORKS_MAX];
	int slot_n;
	struct place_state *places[PLACE_BUCKETS];
	bool paused;

	/* outbox.c */
	struct rate *rate;
	struct loop_timer *outbox_timer;
	bool outbox_deferred;
	int open_sends;
	bool stopping;
	loop_fn *stopped;
	void *stopped_arg;
	struct loop_timer *stop_timer;

	/* consent.c */
	struct loop_timer *hold_timer;
};

/* ---- message.c: the one function that changes a text's state --------------------------------- */

/* Moves row to `to` if the transition is allowed and the stored state is still row->state; writes
 * the other fields of row too, logs it and shows it where the text was said. Returns 1 done, 0 not
 * allowed or overtaken (nothing changed), -1 error. */
int message_set_state(struct bridge *bridge, struct message_row *row, enum message_state to,
		      struct error *err);
const char *message_state_word(enum message_state state);

/* ---- gate.c ------------------------------------------------------------------------------------
 */

/* Collects what the gate wants to know about a text and asks it. */
int gate_ask(struct bridge *bridge, const struct message_row *row, const struct sms_sender *sender,
	     struct gate_ruling *ruling_out, struct error *err);

/* ---- outbox.c ----------------------------------------------------------------------------------
 */

void outbox_kick(struct bridge *bridge); /* something may be due */
/* Queues a text: gate, row, kick. A refusal is -1 with the reason. row: conversation, kind, text,
 * sender, author, origin, not_after filled in. */
int outbox_add(struct bridge *bridge, struct message_row *row, const struct phone *to,
	       struct error *err);
const struct sms_sender *sender_by_name(const struct bridge *bridge, const char *name);
/* The contact's sticky sender, chosen and stored at the first time. */
int sender_for(struct bridge *bridge, const struct contact_row *contact,
	       const struct sms_sender **out, struct error *err);

/* ---- inbound.c, reports.c -----------------------------------------------------------------------
 */

int inbound_text(struct bridge *bridge, const struct sms_account *account,
		 const struct sms_event *event, struct error *err);
int report_apply(struct bridge *bridge, const struct sms_account *account,
		 const struct sms_event *event, struct error *err);

/* ---- consent.c ----------------------------------------------------------------------------------
 */

struct consent_source {     /* why and by whom */
	const char *method; /* sms_reply volunteer provider_error auto_hold */
	const char *rule;
	const char *evidence; /* their words */
	const char *actor;    /* user, "" when it was the contact */
};

/* Suppresses a number and cancels its queue. *added_out: it was not suppressed before. */
int consent_suppress(struct bridge *bridge, const struct phone *phone, const char *reason,
		     const struct consent_source *source, bool *added_out, struct error *err);
/* What an inbound text means for consent, and what follows from it. */
int consent_apply(struct bridge *bridge, const struct sms_sender *sender,
		  struct conversation_row *conversation, const char *text,
		  bool *counts_as_answer_out, struct error *err);
void consent_watch_holds(struct bridge *bridge); /* sets the timer for the next hold that ends */

/* ---- assign.c: conversations, who is in them, where they are shown -----------------------------
 */

int conversation_open(struct bridge *bridge, const struct contact_row *contact, const char *owner,
		      struct conversation_row *out, bool *opened_out, struct error *err);
/* Sees to it that there is a place in each network where somebody shall see the conversation. */
int conversation_show(struct bridge *bridge, const struct conversation_row *row, struct error *err);
/* "Pat R. …0123" */
void conversation_title(const struct conversation_row *row, char *out, size_t size);
bool user_in(const char *user, const char *const *list, size_t n);
/* The address within a network of "network:address", or NULL when it is another network's. */
const char *user_address(const char *user, const char *network);

/* ---- relay.c: what is shown in places -----------------------------------------------------------
 */

struct place_state *place_state_of(struct bridge *bridge, const struct place_row *row);
/* What was said or shown there could not be stored, or the network lost it: forget where we are,
 * and open it again soon, which reads anew from the stored cursor. */
void place_reopen(struct place_state *state, const char *why);
/* Queue something to be shown; inside a step. */
int relay_say(struct bridge *bridge, const struct place_row *place, enum chat_voice voice,
	      const char *text, struct message_id message, int64_t at, struct error *err);
__attribute__((format(printf, 4, 5))) int relay_notice(struct bridge *bridge,
						       const struct place_row *place,
						       struct error *err, const char *fmt, ...);
int relay_mark(struct bridge *bridge, struct place_id place, const char *event_id,
	       enum chat_mark mark, struct message_id message, struct error *err);
/* A notice in every place of a conversation, or in every control room. */
__attribute__((format(printf, 4, 5))) int relay_tell(struct bridge *bridge,
						     struct conversation_id conversation,
						     struct error *err, const char *fmt, ...);
__attribute__((format(printf, 3, 4))) int relay_alert(struct bridge *bridge, struct error *err,
						      const char *fmt, ...);
int relay_say_all(struct bridge *bridge, const struct conversation_row *conversation,
		  const char *text, struct message_id message, int64_t at, struct error *err);
/* Title, topic or members of a conversation's places have changed. */
int place_refresh(struct bridge *bridge, struct conversation_id conversation, bool closed,
		  struct error *err);

/* ---- audit --------------------------------------------------------------------------------------
 */

__attribute__((format(printf, 5, 6))) int audit(struct bridge *bridge, const struct actor *actor,
						const char *action, struct error *err,
						const char *fmt, ...);

#endif
