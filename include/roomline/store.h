/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The truth on disk: plain functions over SQLite (src/store/, the only user of sqlite3.h), one
 * prepared statement each.
 *
 * Steps and batches. Each use case runs in a *step*, which is kept or taken back as a whole:
 * store_step_begin() ... store_step_end(keep). Steps of one loop turn share one *batch* (a
 * transaction), which store_commit() makes durable with one sync. Whatever must only happen when
 * the data is safe (the 200 to a provider, the request to a provider, a stanza) is given to
 * store_after_commit().
 *
 *  1. Functions that change rows are called inside a step only; steps do not nest.
 *  2. A function returns 0, or -1 with err; the step must then end with keep = false.
 *     store_find_* and store_get_* of a row return 1 found, 0 not found, -1 error.
 *  3. When a commit fails, the whole batch is rolled back and each waiter is called with false.
 *  4. Texts in row structs that are `char *` are the caller's: x_row_release().
 *  5. store_open() refuses a database that another process has open for running.
 */
#ifndef ROOMLINE_STORE_H
#define ROOMLINE_STORE_H

#include "roomline/chat.h"
#include "roomline/error.h"
#include "roomline/sms.h"
#include "roomline/types.h"

#define USER_MAX (ADDRESS_MAX + 16) /* "network:address" */
#define NAME_MAX_BYTES 128
#define REASON_MAX 240

struct store;

/* ---- opening, batches ---------------------------------------------------------------------- */

/* Opens (creates, migrates) for running; takes the lock file PATH.lock for as long as it is open.
 */
int store_open(const char *path, struct store **store_out, struct error *err);
/* For `check`: opens what exists read-only and takes no lock. */
int store_check(const char *path, struct error *err);
/* Whether a daemon has it open, as far as can be told. */
bool store_is_running(const char *path);
/* A consistent copy while a daemon may be running. Refuses an existing file. */
int store_backup(const char *path, const char *copy_path, struct error *err);

/* What a restore takes from the database that it replaces, in rows that changed. */
enum store_carried {
	CARRIED_OPT_OUTS, /* the copy did not know them yet */
	CARRIED_HOLDS,
	CARRIED_EVIDENCE, /* of consent */
	CARRIED_SWITCHES, /* "paused" */
	CARRIED_CURSORS,  /* how far a place was read */
	CARRIED_EVENTS,   /* of chat networks, which were acted upon */
	CARRIED_NUMBERS,  /* beyond which those of the relay and of files go on */
	CARRIED_QUEUED,   /* texts that certainly have not left yet */
	CARRIED_N
};
struct store_restored {
	char kept[ADDRESS_MAX]; /* where the replaced database is; "" when there was none */
	char problem[320];      /* why not all of it could be read; "" when it could */
	int64_t carried[CARRIED_N];
	int64_t unsure; /* texts queued in the copy that may have left since: SENDING now */
};
/* Puts a checked copy in the place of the database, and keeps that beside it under another name.
 * Refused while a daemon runs. What the copy is too old to know must not be forgotten and nothing be
 * sent again: see restore.c. */
int store_restore(const char *path, const char *copy_path, int64_t now, struct store_restored *out,
		  struct error *err);
void store_close(struct store *store); /* commits nothing that is open; NULL is fine */
int store_schema_version(void);

/* `fn` is called when the first step of a batch begins: the app defers store_commit() to the end
 * of the turn. */
void store_on_batch(struct store *store, void (*fn)(void *arg), void *arg);
int store_step_begin(struct store *store, struct error *err);
int store_step_end(struct store *store, bool keep, struct error *err);
/* Called once after the batch of the present step: in the order asked for. A step that is rolled
 * back drops what it had asked for. Outside a step and with no batch open: called at once. */
typedef void store_committed_fn(bool committed, void *arg);
void store_after_commit(struct store *store, store_committed_fn *fn, void *arg);
void store_commit(struct store *store);
/* Whether a batch is open: what is read now may not be on disk yet. */
bool store_in_batch(const struct store *store);

/* ---- contacts and conversations ------------------------------------------------------------ */

struct contact_row {
	struct contact_id id;
	struct phone phone;
	char name[NAME_MAX_BYTES]; /* "" when unknown */
	char sender[SMS_NAME_MAX]; /* sticky: the sender this contact is texted from; "" at first */
	int64_t created_at;
};

int store_find_contact(struct store *store, const struct phone *phone, struct contact_row *out,
		       struct error *err);
int store_get_contact(struct store *store, struct contact_id id, struct contact_row *out,
		      struct error *err);
/* Finds or adds. */
int store_contact_ensure(struct store *store, const struct phone *phone, int64_t now,
			 struct contact_row *out, struct error *err);
int store_contact_set_sender(struct store *store, struct contact_id id, const char *sender,
			     struct error *err);
int store_contact_set_name(struct store *store, struct contact_id id, const char *name,
			   struct error *err);

struct conversation_row {
	struct conversation_id id;
	struct contact_id contact;
	char token[TOKEN_MAX];
	bool open;
	char owner[USER_MAX]; /* user, "" while it waits in the inbox */
	int64_t created_at;
	int64_t updated_at;
	int64_t last_in_at; /* last text of the contact that counts as an answer; 0 never */
	/* Joined from contact, for showing. */
	struct phone phone;
	char name[NAME_MAX_BYTES];
};

int store_get_conversation(struct store *store, struct conversation_id id,
			   struct conversation_row *out, struct error *err);
/* The contact's conversation: there is one, open or closed; 0 when never. */
int store_find_conversation(struct store *store, struct contact_id contact,
			    struct conversation_row *out, struct error *err);
/* The contact of a number together with the conversation; its id is 0 when there never was one. */
int store_find_person(struct store *store, const struct phone *phone, struct contact_row *contact,
		      struct conversation_row *conversation, struct error *err);
int store_conversation_add(struct store *store, struct contact_id contact, const char *token,
			   const char *owner, int64_t now, struct conversation_row *out,
			   struct error *err);
int store_conversation_update(struct store *store, const struct conversation_row *row, int64_t now,
			      struct error *err); /* open, owner, last_in_at */
/* They have just answered: the same with last_in_at alone, which is cheap. */
int store_conversation_heard(struct store *store, struct conversation_id id, int64_t now,
			     struct error *err);

/* Lists call fn for each row, newest first, until it returns false or limit is reached. */
typedef bool store_conversation_fn(const struct conversation_row *row, void *arg);
enum conversation_filter { CONVERSATIONS_OPEN, CONVERSATIONS_WAITING, CONVERSATIONS_OF_OWNER };
int store_list_conversations(struct store *store, enum conversation_filter filter,
			     const char *owner, int limit, store_conversation_fn *fn, void *arg,
			     struct error *err);
/* Whose phone contains the digits, whose name contains the words, or whose owner's address begins
 * with them (case ignored; % and _ are plain characters). */
int store_search_conversations(struct store *store, const char *words, int limit,
			       store_conversation_fn *fn, void *arg, struct error *err);

struct media_row;

/* ---- messages and the outbox --------------------------------------------------------------- */

/* Rank of a text on its way out; a report never moves it down. See bridge/message.h. */
enum message_state {
	MSG_NEW = 0,       /* queued; may wait for its turn */
	MSG_SENDING = 20,  /* committed before the request leaves */
	MSG_UNKNOWN = 25,  /* the answer was lost: a report or a human will tell */
	MSG_ACCEPTED = 30, /* the provider has it */
	MSG_SENT = 40,     /* handed to the carrier */
	MSG_DELIVERED = 90,
	MSG_UNDELIVERED = 91,
	MSG_FAILED = 92,
	MSG_EXPIRED = 93,
	MSG_CANCELLED = 94,
	MSG_RECEIVED = 100, /* inbound */
};

enum message_kind {
	MSGKIND_REPLY = 0, /* a volunteer's or a contact's own words */
	MSGKIND_INITIAL = 1,
	MSGKIND_STOP_CONFIRM = 2,
	MSGKIND_START_CONFIRM = 3,
	MSGKIND_HELP_ANSWER = 4,
};

struct message_row {
	struct message_id id;
	struct conversation_id conversation;
	bool outbound;
	enum message_kind kind;
	enum message_state state;
	char *text;
	char ref[TOKEN_MAX]; /* ours, in the provider's reports */
	char sender[SMS_NAME_MAX];
	char account[SMS_NAME_MAX];
	char ext_id[SMS_EXT_ID_MAX];
	int segments;
	int parts_delivered;
	char author[USER_MAX];        /* outbound: who said it, "" for our automatic answers */
	struct place_id origin_place; /* where it was said; v == 0 none */
	char origin_event[EVENT_ID_MAX];
	int64_t due_at;
	int64_t not_after; /* 0: no end */
	int attempts;
	int files;               /* how many pictures and other files go with it */
	char code[SMS_CODE_MAX]; /* of a failure: the provider's or the gate's */
	char reason[REASON_MAX];
	bool handled;  /* a human has decided about it; store_message_set_handled() */
	bool hopeless; /* not stored: that another try cannot help was just learnt */
	struct media_row
		*added; /* not stored here: the files of one that is being added; borrowed */
	int64_t created_at;
	int64_t updated_at;
	struct phone phone; /* joined from the contact */
};
void message_row_release(struct message_row *row);

/* Adds; row->id is filled. row->text is borrowed. */
int store_message_add(struct store *store, struct message_row *row, struct error *err);
int store_get_message(struct store *store, struct message_id id, struct message_row *out,
		      struct error *err);
int store_find_message_by_ref(struct store *store, const char *ref, struct message_row *out,
			      struct error *err);
int store_find_message_by_ext_id(struct store *store, const char *account, const char *ext_id,
				 struct message_row *out, struct error *err);
int store_find_message_by_origin(struct store *store, struct place_id place, const char *event_id,
				 struct message_row *out, struct error *err);
/* Compare-and-swap: writes all that can change (state, ext_id, segments, parts_delivered, due_at,
 * attempts, code, reason, sender, account) if the stored state is still `from`. Returns 1 done,
 * 0 the state was another, -1 error. */
int store_message_change(struct store *store, const struct message_row *row,
			 enum message_state from, int64_t now, struct error *err);
/* Other words for a text that is still NEW: writes text and segments. Returns 1 done, 0 it is not
 * NEW any more, -1 error. */
int store_message_rewrite(struct store *store, const struct message_row *row, int64_t now,
			  struct error *err);
/* Due texts in the order they are to leave: automatic answers first, then by id; a text whose
 * conversation has an earlier one still in NEW or SENDING is not due. The senders named in
 * `busy` (NULL-terminated) are left out. */
typedef bool store_message_fn(const struct message_row *row, void *arg); /* borrowed for the call */
int store_list_due(struct store *store, int64_t now, const char *const *busy, int limit,
		   store_message_fn *fn, void *arg, struct error *err);
/* When the next NEW text becomes due that is not due yet, INT64_MAX when there is none. */
int store_next_due(struct store *store, int64_t now, int64_t *due_at_out, struct error *err);
/* NEW texts that are due later become due then. */
int store_limit_due(struct store *store, int64_t latest, struct error *err);
/* All NEW texts to that number, oldest first; fn may change them. */
int store_list_queued(struct store *store, const struct phone *phone, store_message_fn *fn,
		      void *arg, struct error *err);
/* Everything in a state, oldest first. */
int store_list_messages_in_state(struct store *store, enum message_state state, int limit,
				 store_message_fn *fn, void *arg, struct error *err);
/* FAILED, UNDELIVERED and UNKNOWN ones that no human has dealt with, oldest first. */
int store_list_stuck(struct store *store, int limit, store_message_fn *fn, void *arg,
		     struct error *err);
int store_message_set_handled(struct store *store, struct message_id id, struct error *err);
/* The newest outbound text of a conversation that was handed over, for quotes. 1/0/-1. */
int store_find_last_outbound(struct store *store, struct conversation_id conversation,
			     struct message_row *out, struct error *err);
/* Age in ms of the newest outbound text with the same words (case, accents and the blanks between
 * are forgiven) in the conversation that they may have or get (not UNDELIVERED, FAILED, EXPIRED or
 * CANCELLED) and that is older than `before` (v == 0: any); -1 when none. */
int store_duplicate_age(struct store *store, struct conversation_id conversation, const char *text,
			struct message_id before, int64_t now, int64_t *age_out, struct error *err);

struct message_counts {
	int64_t queued, sending, unknown, accepted, sent, delivered, received;
	int64_t failed; /* or undelivered, and no human has dealt with it: store_list_stuck() */
	int64_t conversations_open, conversations_waiting, suppressed, held, relay_pending;
};
int store_count(struct store *store, struct message_counts *out, struct error *err);

/* ---- pictures and other files of messages ------------------------------------------------------ */

struct media_row {
	struct media_id id;
	struct message_id message;
	int position;     /* in the message, from 0 */
	char network[32]; /* whose reference it is; "": the provider's of the message's account */
	char *reference;
	char type[MEDIA_TYPE_MAX]; /* "" not known yet */
	int64_t size;              /* bytes, 0 not known yet */
	bool checked;              /* its bytes were looked at: type and size are what they are */
	int64_t created_at;
	/* Joined from the message, for showing and fetching. */
	bool outbound;
	char account[SMS_NAME_MAX];
};
void media_row_release(struct media_row *row);
/* row->id is filled. Whoever adds the message says in message_row.files how many there will be. */
int store_media_add(struct store *store, struct media_row *row, struct error *err);
int store_get_media(struct store *store, struct media_id id, struct media_row *out,
		    struct error *err);
typedef bool store_media_fn(const struct media_row *row, void *arg);
/* Those of a message, in their order. */
int store_list_media(struct store *store, struct message_id message, store_media_fn *fn, void *arg,
		     struct error *err);
/* Those of texts that are still NEW which nobody has looked at, oldest first. */
int store_list_unchecked_media(struct store *store, int limit, store_media_fn *fn, void *arg,
			       struct error *err);
int store_media_set_checked(struct store *store, struct media_id id, const char *type, int64_t size,
			    struct error *err);
/* A NEW text becomes due then. */
int store_message_set_due(struct store *store, struct message_id id, int64_t due_at,
			  struct error *err);

/* ---- what came in --------------------------------------------------------------------------- */

/* The raw event, and the dedupe of it: UNIQUE (account, key). Returns 1 new, 0 seen before. */
int store_hook_add(struct store *store, const char *account, const char *key, const char *kind,
		   const char *summary, int64_t now, struct error *err);
/* The same for a chat network's events: UNIQUE (place, event_id), and moves the place's cursor. */
int store_chat_event_add(struct store *store, struct place_id place, const char *event_id,
			 int64_t now, struct error *err);
/* Whether it was added for whatever place of the network: 1 yes, 0 no. */
int store_chat_event_seen(struct store *store, const char *network, const char *event_id,
			  struct error *err);
/* The place of a conversation for which it was added: 1 found, 0 none. */
int store_chat_event_place(struct store *store, const char *network, const char *event_id,
			   struct place_id *out, struct error *err);
/* Drops hook and chat event rows older than that; the dedupe window. */
int store_prune(struct store *store, int64_t before, struct error *err);

/* ---- consent -------------------------------------------------------------------------------- */

struct suppression_row {
	struct phone phone;
	char reason[32]; /* opt_out wrong_number provider_opt_out */
	char method[32]; /* sms_reply volunteer provider_error auto_hold */
	char rule[64];
	char actor[USER_MAX];
	int64_t at;
};
int store_find_suppression(struct store *store, const struct phone *phone,
			   struct suppression_row *out, struct error *err);
/* 1 added, 0 it was there already. */
int store_suppression_add(struct store *store, const struct suppression_row *row,
			  struct error *err);
int store_suppression_remove(struct store *store, const struct phone *phone, struct error *err);

/* Another one as soon as a suppression or a hold was added or taken away, if only for a while in a
 * step that was not kept. */
uint64_t store_consent_version(const struct store *store);

struct hold_row {
	struct phone phone;
	char rule[64];
	int64_t at;
	int64_t expires_at; /* then it becomes an opt-out */
};
int store_find_hold(struct store *store, const struct phone *phone, struct hold_row *out,
		    struct error *err);
int store_hold_add(struct store *store, const struct hold_row *row, struct error *err); /* 1/0/-1 */
int store_hold_remove(struct store *store, const struct phone *phone, struct error *err);
int store_find_expired_hold(struct store *store, int64_t now, struct hold_row *out,
			    struct error *err);
int store_next_hold(struct store *store, int64_t *expires_at_out, struct error *err);

/* Append-only evidence (triggers refuse UPDATE and DELETE). */
int store_consent_event_add(struct store *store, const struct phone *phone, const char *kind,
			    const char *method, const char *rule, const char *evidence,
			    const char *actor, int64_t now, struct error *err);

/* ---- places and what is to be shown in them -------------------------------------------------- */

struct place_row {
	struct place_id id;
	enum place_kind kind;
	char network[32];
	struct conversation_id conversation; /* v == 0 for control and direct */
	char token[TOKEN_MAX];
	char address[ADDRESS_MAX];
	char cursor[EVENT_ID_MAX];
	int64_t created_at;
};
int store_get_place(struct store *store, struct place_id id, struct place_row *out,
		    struct error *err);
int store_find_place_by_address(struct store *store, const char *network, enum place_kind kind,
				const char *address, struct place_row *out, struct error *err);
int store_find_place_of(struct store *store, const char *network,
			struct conversation_id conversation, struct place_row *out,
			struct error *err);
int store_find_control(struct store *store, const char *network, struct place_row *out,
		       struct error *err);
int store_place_add(struct store *store, struct place_row *row, struct error *err); /* fills id */
int store_place_set_address(struct store *store, struct place_id id, const char *address,
			    struct error *err);
int store_place_set_cursor(struct store *store, struct place_id id, const char *cursor,
			   struct error *err);
typedef bool store_place_fn(const struct place_row *row, void *arg);
/* Places of open conversations and the control room of a network: what a network must watch. */
int store_list_places(struct store *store, const char *network, store_place_fn *fn, void *arg,
		      struct error *err);
/* The ids of places of a network whose conversations are closed and were changed since then, newest
 * first: at most max into out. How many, -1 error. */
int store_list_places_closed(struct store *store, const char *network, int64_t since,
			     struct place_id *out, int max, struct error *err);
/* All places of a conversation, by network. */
int store_list_places_of(struct store *store, struct conversation_id conversation,
			 store_place_fn *fn, void *arg, struct error *err);

enum relay_kind { RELAY_SAY = 0, RELAY_NOTICE = 1, RELAY_MARK = 2 };

struct relay_row {
	struct relay_id id;
	struct place_id place;
	enum relay_kind kind;
	enum chat_voice voice;
	char *text;                      /* say, notice */
	struct media_id media;           /* say: this file and no words; v == 0 none */
	char target_event[EVENT_ID_MAX]; /* mark */
	enum chat_mark mark;
	struct message_id message; /* what it is about; v == 0 none */
	int64_t at;                /* when it was said or happened */
};
void relay_row_release(struct relay_row *row);
int store_relay_add(struct store *store, const struct relay_row *row, struct error *err);
int store_get_relay(struct store *store, struct relay_id id, struct relay_row *out,
		    struct error *err);
typedef bool store_relay_fn(const struct relay_row *row, void *arg);
/* Pending ones of a place with a larger id than `after`, in order. */
int store_list_relay(struct store *store, struct place_id place, struct relay_id after, int limit,
		     store_relay_fn *fn, void *arg, struct error *err);
/* Which places of a network have something pending. */
int store_list_places_pending(struct store *store, const char *network, int limit,
			      store_place_fn *fn, void *arg, struct error *err);
/* Done or given up; the row is deleted. Returns 1 done, with the place it was for, 0 no such row. */
int store_relay_finish(struct store *store, struct relay_id id, struct place_id *place_out,
		       struct error *err);

/* ---- switches and who did what --------------------------------------------------------------- */

/* Small persistent values: "paused" ... ; "" when never set. */
int store_get_value(struct store *store, const char *key, char *out, size_t size,
		    struct error *err);
int store_set_value(struct store *store, const char *key, const char *value, struct error *err);
int store_forget_value(struct store *store, const char *key, struct error *err);
/* Bytes that could not be understood, for a person to look at. At most QUARANTINE_MAX rows are kept:
 * the oldest goes. */
#define QUARANTINE_MAX 100
int store_quarantine_add(struct store *store, const char *network, const char *what,
			 const char *bytes, size_t len, int64_t now, struct error *err);
/* Append-only: who changed what when. */
int store_audit_add(struct store *store, const char *actor, const char *action, const char *detail,
		    int64_t now, struct error *err);

#endif
