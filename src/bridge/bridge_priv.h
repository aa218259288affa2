/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the files of the bridge share: its struct, and the functions by which the use cases of one
 * file call those of another. Nobody outside src/bridge includes this.
 *
 * Unless said otherwise a function that takes `struct error *err` runs inside a step of the store
 * and returns 0 or -1; after -1 the step must not be kept. A step that was kept can still be undone
 * when its batch is not committed: what is only true on disk (a timer, a count, what a network is
 * told) is therefore done in store_after_commit().
 */
#ifndef BRIDGE_PRIV_H
#define BRIDGE_PRIV_H

#include "bridge/rate.h"
#include "core/compliance.h"
#include "core/optout.h"
#include "roomline/bridge.h"

#include <sys/queue.h>

#define NETWORKS_MAX 4
#define STORE_RETRY_MS 1000
#define WAIT_MAX_MS 3600000 /* a text is put off by no more, whatever a provider asks for */

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
	bool waiting;              /* to be run after the commit */
	bool more;                 /* there may be rows that the network was not given */
	bool stale;                /* title, topic or members changed */
	bool closing;              /* over, or perhaps: the network hears when it has shown all */
	bool told_closed;          /* the network knows that the conversation is over */
	int64_t quiet_until;       /* refused texts were told of; monotonic */
	struct loop_timer *reopen; /* lost: asks for it again */
	struct place_state *next;  /* in its bucket */
};

struct network_slot {
	const struct chat_network *network;
	void *self;
	bool up;
	bool was_up; /* at least once */
	bool broken; /* an admin must act before it can come up */

	/* places_closed.c: what is still to be opened */
	struct bridge *bridge;
	struct place_id *closed;
	int closed_n;
	int closed_at;
	struct loop_timer *closed_timer;
};

struct send;        /* outbox.c */
struct media_loads; /* media_read.c */
struct media_check; /* media.c */

#define PLACE_BUCKETS 1024

struct bridge {
	struct loop *loop;
	struct store *store;
	struct http_client *client; /* NULL at the end of our life */
	const struct bridge_options *options;
	struct network_slot slots[NETWORKS_MAX];
	int slot_n;
	int64_t clock; /* how far the wall clock is, or was, ahead of the monotonic one */
	struct place_state *places[PLACE_BUCKETS];
	bool paused;
	bridge_broken_fn *on_broken;
	void *on_broken_arg;

	/* outbox.c */
	struct rate *rate;
	struct loop_timer *outbox_timer;
	bool outbox_deferred;
	LIST_HEAD(, send) sends; /* all that are claimed and not ended */
	int open_sends;
	bool stopping;
	loop_fn *stopped;
	void *stopped_arg;
	struct loop_timer *stop_timer;

	/* holds.c */
	struct loop_timer *hold_timer;

	struct media_loads *media;
	LIST_HEAD(, media_check) media_checks;
};

/* ---- bridge.c ---------------------------------------------------------------------------------- */

void bridge_send_ended(struct bridge *bridge); /* somebody may be waiting for the last one */

/* ---- message.c: the one function that changes a text's state --------------------------------- */

/* Moves row to `to` if the transition is allowed and the stored state is still row->state; writes
 * the other fields of row too, logs it and shows it where the text was said. Returns 1 done, 0 not
 * allowed or overtaken (nothing changed), -1 error. */
int message_set_state(struct bridge *bridge, struct message_row *row, enum message_state to,
		      struct error *err);
/* Surely not sent: back into the queue, due in wait_ms. */
int message_requeue(struct bridge *bridge, struct message_row *row, int64_t wait_ms,
		    struct error *err);
/* Cancels what is queued to a number, of the kinds whose bits are set: MESSAGE_KIND(). */
#define MESSAGE_KIND(kind) (1u << (kind))
int message_cancel_queued(struct bridge *bridge, const struct phone *phone, unsigned kinds,
			  const char *code, const char *reason, struct error *err);
/* Whether no other try can help, short of another number or other words. */
bool message_is_hopeless(enum sms_class class);
const char *message_state_word(enum message_state state);

/* ---- gate.c --------------------------------------------------------------------------------- */

/* Collects what the gate wants to know about a text and asks it. Needs no step. */
int gate_ask(struct bridge *bridge, const struct message_row *row, const struct sms_sender *sender,
	     struct gate_ruling *ruling_out, struct error *err);

/* ---- queue.c: into the queue ----------------------------------------------------------------- */

const struct sms_sender *sender_by_name(const struct bridge *bridge, const char *name);
/* The contact's sticky sender, chosen and stored at the first time. */
int sender_for(struct bridge *bridge, const struct contact_row *contact,
	       const struct sms_sender **out, struct error *err);
/* Queues a text if the gate lets it. Returns 1 queued, 0 refused and ruling_out says why, -1 error.
 * row: conversation, kind, text, sender (a configured one), author, origin, not_after filled in. */
int queue_try(struct bridge *bridge, struct message_row *row, const struct phone *to,
	      struct gate_ruling *ruling_out, struct error *err);
/* The same, where a refusal is an error with the reason. */
int queue_add(struct bridge *bridge, struct message_row *row, const struct phone *to,
	      struct error *err);
/* Other words for a text that is still queued; when they are refused, the old ones stay. */
int queue_rewrite(struct bridge *bridge, const struct message_row *row, const char *text,
		  struct error *err);

/* ---- texting.c --------------------------------------------------------------------------------- */

/* Queues a text in a conversation; file: one that goes with it, or NULL. */
int text_with_file(struct bridge *bridge, const struct actor *actor, struct conversation_id id,
		   const char *text, struct media_row *file, struct error *err);

/* ---- media.c: pictures and other files --------------------------------------------------------- */

/* Those of an inbound text: rows, and what is to be shown. */
int media_take(struct bridge *bridge, const struct sms_event *event,
	       const struct conversation_row *conversation, struct message_id message, int64_t at,
	       struct error *err);
/* Those of a text that is being added: row->added, row->files. */
int media_add(struct bridge *bridge, const struct message_row *row, struct error *err);
/* Those of a text that is sent once more as a new one, to be looked at anew. */
struct media_copies {
	struct media_row v[SMS_MEDIA_MAX];
	int n;
};
int media_copy(struct bridge *bridge, const struct message_row *row, struct media_copies *out,
	       struct error *err);
void media_copies_release(struct media_copies *copies);
/* What the gate wants to know of them. */
int media_ask(struct bridge *bridge, const struct message_row *row, const struct sms_sender *sender,
	      struct gate_files *out, struct error *err);
/* Looks at those of queued texts that nobody has looked at. */
int media_start(struct bridge *bridge, struct error *err);
void media_release(struct bridge *bridge);
/* Appends a link to a file that is good from now on for a while. */
void media_link(struct bridge *bridge, struct media_id id, const char *file_name,
		struct strbuf *out);
/* Appends what is said where a file is not shown; problem: why it could not be had, or NULL. */
void media_words(struct bridge *bridge, struct media_id id, const char *problem,
		 struct strbuf *out);

struct media_links {
	char *v[SMS_MEDIA_MAX];
	size_t n;
};
/* For the provider. */
int media_links_of(struct bridge *bridge, struct message_id message, struct media_links *out,
		   struct error *err);
void media_links_release(struct media_links *links);

/* ---- media_read.c: the bytes ------------------------------------------------------------------- */

struct media_loads *media_loads_new(struct bridge *bridge);
void media_loads_free(struct media_loads *loads); /* the client must be gone */

/* ---- outbox.c: out of the queue -------------------------------------------------------------- */

void outbox_kick(struct bridge *bridge); /* something may be due */
/* The same after the commit of the present step. */
void outbox_kick_after_commit(struct bridge *bridge);
/* After the commit of the present step, takes back the requests that have not left and that
 * something stored since speaks against. */
void outbox_recall_after_commit(struct bridge *bridge);
void outbox_release(struct bridge *bridge); /* forgets the sends that are under way */

/* ---- result.c: what a provider's answer means ------------------------------------------------- */

/* For the pace of the sender; once per answer, needs no step. Returns whether the control room has
 * to hear of it. */
bool result_pace(struct bridge *bridge, const struct sms_sender *sender,
		 const struct sms_result *result);
/* For the text; row is as stored now. May be repeated when it could not be stored. */
int result_apply(struct bridge *bridge, const struct sms_sender *sender,
		 const struct sms_result *result, bool alert, struct message_row *row,
		 struct error *err);

/* ---- inbound.c, reports.c --------------------------------------------------------------------- */

int inbound_text(struct bridge *bridge, const struct sms_account *account,
		 const struct sms_event *event, struct error *err);
int report_apply(struct bridge *bridge, const struct sms_account *account,
		 const struct sms_event *event, struct error *err);

/* ---- meaning.c: what a contact said ------------------------------------------------------------ */

struct meaning {
	enum optout_verdict verdict;
	const char *rule;
	bool answered; /* the provider or the network has answered it already */
	bool suppressed;
};

/* What an inbound text means for consent. conversation: NULL when there is none yet; sender: NULL
 * when none of ours was written to. Needs no step. */
int meaning_read(struct bridge *bridge, const struct sms_account *account,
		 const struct sms_sender *sender, const struct sms_event *event,
		 const struct phone *from, const struct conversation_row *conversation,
		 const char *text, struct meaning *out, struct error *err);
/* What follows from it. */
int meaning_apply(struct bridge *bridge, const struct sms_sender *sender,
		  const struct conversation_row *conversation, const char *text,
		  const struct meaning *meaning, struct error *err);
/* The one confirmation of an opt-out, if the gate lets it. */
int confirm_stop(struct bridge *bridge, const struct sms_sender *sender,
		 const struct conversation_row *conversation, int64_t not_after, struct error *err);

/* ---- consent.c --------------------------------------------------------------------------------- */

struct consent_source {     /* why and by whom */
	const char *method; /* sms_reply volunteer provider_error auto_hold */
	const char *rule;
	const char *evidence; /* their words */
	const char *actor;    /* user, "" when it was the contact */
};

/* Suppresses a number and cancels its queue. *added_out: it was not suppressed before, or only as a
 * wrong number, which people may undo. */
int consent_suppress(struct bridge *bridge, const struct phone *phone, const char *reason,
		     const struct consent_source *source, bool *added_out, struct error *err);
/* The provider refused row's text because the number has opted out there. */
int consent_refused(struct bridge *bridge, const struct message_row *row, const char *code,
		    const char *words, struct error *err);
/* Why a number is not texted: "they have opted out". */
const char *suppression_words(const char *reason);
/* The conversation of a number, if there ever was one. 1/0/-1. */
int conversation_of(struct bridge *bridge, const struct phone *phone, struct contact_row *contact,
		    struct conversation_row *out, struct error *err);

/* ---- holds.c ----------------------------------------------------------------------------------- */

int hold_put(struct bridge *bridge, const struct phone *phone, const char *rule, bool *added_out,
	     struct error *err);
void holds_watch(struct bridge *bridge); /* sets the timer for the next hold that ends */

/* ---- assign.c: conversations, who is in them, where they are shown ----------------------------- */

/* And not with somebody of a network that is gone. */
bool conversation_is_open(const struct bridge *bridge, const struct conversation_row *row);
/* opened_out: it was not open before, or nobody who could answer had it. */
int conversation_open(struct bridge *bridge, const struct contact_row *contact, const char *owner,
		      struct conversation_row *out, bool *opened_out, struct error *err);
/* One that nobody has to look at. */
int conversation_add_closed(struct bridge *bridge, const struct contact_row *contact,
			    struct conversation_row *out, struct error *err);
bool user_in(const char *user, const char *const *list, size_t n);
bool user_is_organizer(const struct bridge *bridge, const char *user); /* by configuration */
/* The inbox team; where there is none, the organizers are it. Borrowed. */
const char *const *inbox_users(const struct bridge *bridge, size_t *n_out);
bool user_takes_inbox(const struct bridge *bridge, const char *user);
/* The address within a network of "network:address", or NULL when it is another network's. */
const char *user_address(const char *user, const char *network);
/* "address" of "network:address", for showing. */
const char *user_shown(const char *user);

/* ---- view.c: how a place looks now, from the tables -------------------------------------------- */

struct place_view {
	struct place_row row;
	struct conversation_row conversation;
	char title[NAME_MAX_BYTES + 16];
	char topic[USER_MAX + 64];
	char contact_name[NAME_MAX_BYTES + 16];
	const char **members;
	const char **inbox;
	struct chat_place place;
};

int view_load(struct bridge *bridge, struct place_id id, struct place_view *view,
	      struct error *err); /* needs no step */
/* Without how it looks: what networks need to say and mark something there. */
int view_locate(struct bridge *bridge, struct place_id id, struct place_view *view,
		struct error *err);
void view_release(struct place_view *view);

/* ---- places.c: which places there are, and how far the networks are with them ------------------ */

struct network_slot *network_slot(struct bridge *bridge, const char *name, int *index_out);
struct place_state *place_state_find(struct bridge *bridge, struct place_id id);
/* NULL: of a network that is not configured. */
struct place_state *place_state_of(struct bridge *bridge, const struct place_row *row);
void place_open(struct place_state *state, struct network_slot *slot);
void place_unreadable(struct place_state *state, const struct error *why);
/* What was said or shown there could not be stored, or the network lost it: forget where we are,
 * and open it again soon, which reads anew from the stored cursor. */
void place_reopen(struct place_state *state, const char *why);
/* Title, topic, members or openness of a conversation's places have changed. */
int place_refresh(struct bridge *bridge, struct conversation_id conversation, struct error *err);
void places_refresh_all(struct bridge *bridge); /* needs no step */
void places_release(struct bridge *bridge);

/* ---- places_closed.c ---------------------------------------------------------------------------- */

/* After the network has come up and the other places were opened; ends when it goes down. */
void places_closed_open(struct bridge *bridge, struct network_slot *slot);
void places_closed_stop(struct network_slot *slot);

/* ---- relay.c: what is shown in places ---------------------------------------------------------- */

/* Opens the place or gives it what is pending, as soon as no batch is open: only what is on disk may
 * be shown. */
void relay_run(struct place_state *state);
void relay_run_after_commit(struct place_state *state);
/* Queue something to be shown; inside a step. */
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
/* The same for a file of theirs. */
int relay_show_all(struct bridge *bridge, const struct conversation_row *conversation,
		   struct media_id media, struct message_id message, int64_t at, struct error *err);

/* ---- audit (assign.c) -------------------------------------------------------------------------- */

__attribute__((format(printf, 5, 6))) int audit(struct bridge *bridge, const struct actor *actor,
						const char *action, struct error *err,
						const char *fmt, ...);

#endif
