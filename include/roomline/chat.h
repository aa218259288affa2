/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The port to chat networks.
 *
 * A *place* is what a conversation is shown in: an XMPP MUC, a Matrix room, a Matrix thread, a 1:1
 * chat. The bridge's tables are the truth; a place is a view that can be made again. A *user* is
 * "network:address", such as "xmpp:alice@example.org".
 *
 * The contract, by number:
 *  1. No call blocks or calls back before it returns. Each call gets ids the network must
 *     give back.
 *  2. A network tells bridge_chat_up() when it can take calls and bridge_chat_down() when it
 *     cannot; on down, every open request is void: the bridge will ask again.
 *  3. open_place is idempotent: create or join, set title and members, catch up what was said since
 *     `cursor` (by bridge_chat_said and bridge_relay_done, oldest first; what is said meanwhile comes
 *     after it), THEN bridge_place_ready(). say, mark and the like come only for places that are
 *     ready.
 *  4. Calls for one place are carried out in order.
 *  5. Each say and mark ends in exactly one bridge_relay_done() (with the network's event id, when
 *     it has one) or bridge_relay_failed(), or in bridge_chat_down()/bridge_place_lost(). The
 *     relay id travels as the network's message id, so that one seen again is known again: nothing
 *     is shown twice after a crash.
 *  6. Text from outside passes utf8_clean() before it goes up; text going down is clean already.
 *  7. A place may vanish (destroyed, bot kicked): bridge_place_lost(); the bridge asks to open it
 *     again and the network makes it anew.
 *  8. What was said and could not be stored must come again, in order: by reading the place's
 *     archive anew when it is asked to open it, or, with CHAT_CAP_REDELIVERS, because the server
 *     tells all of it again until it is told that it is stored (bridge_after_commit()).
 *  9. A say of a file is to show the file and not its text. Its bytes are read by
 *     bridge_media_read() when it is its turn, so that few are in memory. Where they cannot be had,
 *     the bot says what that has in their place; where the network cannot take them, the text.
 */
#ifndef ROOMLINE_CHAT_H
#define ROOMLINE_CHAT_H

#include "roomline/error.h"
#include "roomline/loop.h"
#include "roomline/settings.h"
#include "roomline/types.h"

struct bridge;
struct http_client;
struct http_fetch_order;
struct http_server;

enum chat_cap {
	CHAT_CAP_REACTIONS = 1,
	CHAT_CAP_GHOSTS = 2, /* a contact speaks as itself */
	CHAT_CAP_EDITS = 4,
	/* Rule 8: the server repeats what was not stored; it tells also what is said in places that
	 * were not asked for since the start; and no two events of the network have the same id. */
	CHAT_CAP_REDELIVERS = 8,
	CHAT_CAP_FILES = 16, /* shows pictures and other files */
};

enum place_kind {
	PLACE_CONVERSATION,
	PLACE_CONTROL, /* the organizers' room */
	PLACE_DIRECT,  /* a 1:1 chat with the bot, or another room in which nothing is texted */
};

/* Who speaks. */
enum chat_voice { VOICE_BOT, VOICE_CONTACT };

/* What a mark says about one text of a volunteer's; a later one replaces an earlier one. */
enum chat_mark {
	MARK_QUEUED,
	MARK_HANDED_OVER,
	MARK_DELIVERED,
	MARK_FAILED,
	MARK_UNKNOWN,
};

struct chat_place {
	struct place_id id;
	enum place_kind kind;
	const char *token;        /* opaque, ours; the network makes the address from it at first */
	const char *address;      /* "" until bridge_place_ready() told it */
	const char *cursor;       /* event id up to which all was handled, "" when none */
	const char *title;        /* "Pat R. …0123": name of the place */
	const char *topic;        /* who is assigned, or state */
	const char *contact_name; /* the ghost's display name */
	const char *owner; /* whose conversation it is (address), "" for the inbox or when it is
			      somebody of another network */
	const char *const *members; /* users of this network who may be in it (addresses) */
	size_t member_n;
	const char *const *inbox; /* of a conversation: who takes the inbox, whoever has this one */
	size_t inbox_n;
	bool invite; /* ask the members in */
	bool muted;  /* nothing may be texted to this contact */
};

/* Of the place of a say or a mark only the first five are filled in: where it is, not how it looks. */
struct chat_say {
	struct relay_id id;
	const struct chat_place *place;
	enum chat_voice voice;
	const char *text;
	int64_t stamp;        /* when it was said, if that was notably earlier; else 0 */
	bool notice;          /* the bot's own words, not to be answered */
	struct media_id file; /* v != 0: show this file; only with CHAT_CAP_FILES */
};

struct chat_mark_call {
	struct relay_id id;
	const struct chat_place *place;
	const char *event_id; /* of the message that is marked */
	enum chat_mark mark;
};

/* What a network may use; all of it outlives the network. */
struct chat_host {
	struct bridge *bridge;
	struct loop *loop;
	struct http_client *client;
	struct http_server *server; /* for routes of its own */
};

struct chat_network {
	const char *name; /* "xmpp" */
	unsigned caps;
	bool for_tests; /* no place for people: the example configuration does not offer it */
	const char *encrypted;   /* how people get round it that we cannot read what is encrypted: a
				  sentence; NULL: they cannot encrypt */
	const char *link_before; /* around a place's address they make a link to it; NULL: none */
	const char *link_after;
	const char *somebody; /* an address, for examples; NULL: like that of mail */
	/* Whether an address can be that of a person; NULL: any can. */
	bool (*is_user)(const char *address);
	const struct setting *settings; /* the section of its name in the configuration */
	/* NULL and err when the settings make no sense. */
	void *(*create)(const struct chat_host *host, const struct settings *set,
			struct error *err);
	int (*start)(void *self, struct error *err);
	void (*stop)(void *self); /* says goodbye; bridge_chat_down() when done */
	void (*destroy)(void *self);
	void (*open_place)(void *self, const struct chat_place *place);
	/* Title, topic and members as given now; nothing comes back. */
	void (*update_place)(void *self, const struct chat_place *place);
	/* The conversation is over: nobody is asked in, volunteers may still read. */
	void (*close_place)(void *self, const struct chat_place *place);
	void (*say)(void *self, const struct chat_say *say);
	void (*mark)(void *self, const struct chat_mark_call *mark);
	/* Completes how a file is fetched whose reference came up from here: the order is that of
	 * the reference as an address that a stranger named. NULL: nothing to add. */
	void (*locate)(void *self, const char *reference, struct http_fetch_order *order);
	/* One line for !status: "connected to 127.0.0.1:5347 for 3 h". */
	void (*describe)(void *self, char *out, size_t size);
};

const struct chat_network *chat_network_find(const char *name);
const struct chat_network *const *chat_networks(void); /* NULL-terminated */
/* The address in "NETWORK:ADDRESS" when that can be a person of this network, else NULL. */
const char *chat_network_person(const struct chat_network *network, const char *user);

/* ---- what a network tells the bridge (src/bridge/chat_in.c, relay.c) ------------------------ */

void bridge_chat_up(struct bridge *bridge, const char *network);
void bridge_chat_down(struct bridge *bridge, const char *network, const char *why);
/* Also when a place that is ready has moved to another address. */
void bridge_place_ready(struct bridge *bridge, const char *network, struct place_id id,
			const char *address);
void bridge_place_lost(struct bridge *bridge, const char *network, struct place_id id,
		       const char *why);
void bridge_relay_done(struct bridge *bridge, const char *network, struct relay_id id,
		       const char *event_id);
void bridge_relay_failed(struct bridge *bridge, const char *network, struct relay_id id,
			 const char *why);

enum chat_said_kind {
	CHAT_SAID_TEXT,
	CHAT_SAID_EDIT,      /* an edit of an earlier message */
	CHAT_SAID_ENCRYPTED, /* we cannot read it */
	CHAT_SAID_REACTION,  /* text is the emoji */
	CHAT_SAID_RETRACTED,
	CHAT_SAID_FILE,  /* a file or picture; text is what was said with it, "" nothing */
	CHAT_SAID_OTHER, /* something an SMS cannot carry; text says what */
};

/* A file that somebody said, as far as is told. */
struct chat_file {
	const char *reference; /* https:…, or what locate() knows; "" or NULL: it cannot be had */
	const char *type;      /* "image/jpeg"; "" or NULL: not told */
	int64_t size;          /* bytes, 0: not told */
};

struct chat_said {
	enum place_kind kind;
	struct place_id place; /* v == 0 for a 1:1 chat */
	const char *address;   /* of a 1:1 chat: how it is found again */
	const char *user;      /* address of the person, verified by the network, bare */
	bool organizer;        /* is a member of the control room, let in by the organizers */
	enum chat_said_kind what;
	const char *text;
	struct chat_file file;    /* CHAT_SAID_FILE */
	const char *event_id;     /* the network's durable id: dedupe and cursor; "" in a 1:1 chat
				     without one */
	bool fleeting;            /* event_id is good for marks only: it is told once, and no
				     archive knows it */
	const char *target_event; /* event id of what an edit, reaction or retraction is about */
	int64_t at;               /* 0: now */
	bool stale;               /* it comes so late that it must not be texted any more */
};

/* Stored and committed before anything is done about it. Safe to repeat. -1: not stored; with
 * CHAT_CAP_REDELIVERS the network must not tell its server that it was. */
int bridge_chat_said(struct bridge *bridge, const char *network, const struct chat_said *said);
/* Somebody came in while we were there; not who was found there when we came. */
void bridge_chat_joined(struct bridge *bridge, const char *network, struct place_id place,
			const char *user);
void bridge_chat_left(struct bridge *bridge, const char *network, struct place_id place,
		      const char *user);

/* The place at an address, of a closed conversation too. 1/0/-1. */
int bridge_place_find(struct bridge *bridge, const char *network, enum place_kind kind,
		      const char *address, struct place_id *out);
/* The place of a conversation in which that event was told; networks in which no two events have the
 * same id may ask. 1/0/-1. */
int bridge_place_of_event(struct bridge *bridge, const char *network, const char *event_id,
			  struct place_id *out);
/* Whether the bot answers that person: of the team, or with a conversation of their own. */
bool bridge_chat_knows(struct bridge *bridge, const char *network, const char *user);
/* In words, to the control rooms: what a person has to see to. */
void bridge_chat_alert(struct bridge *bridge, const char *network, const char *text);

/* Why a network cannot come up before an admin has done something. */
enum chat_broken {
	CHAT_BROKEN_SERVER, /* what answers there is no such server, or too old */
	CHAT_BROKEN_SECRET, /* it does not take our token or password */
	CHAT_BROKEN_NAME,   /* it takes us for somebody else than the settings say */
	CHAT_BROKEN_ROAD,   /* it cannot reach us */
};
/* If no network ever was up and none has anything but this to say, the daemon ends with a code of
 * its own (app/cli.h). Else the network goes on trying, and the control rooms are told once. */
void bridge_chat_broken(struct bridge *bridge, const char *network, enum chat_broken what,
			const char *why);

/* ---- the bytes of files (src/bridge/media_read.c) ---------------------------------------------- */

struct chat_bytes {
	const char *bytes; /* NULL: they cannot be had; borrowed for the callback */
	size_t len;
	const char *type; /* what they are, by themselves: "image/jpeg" */
	const char *name; /* for who stores them: "picture.jpg" */
	/* When they cannot be had: */
	const char *problem; /* why, in plain words; "" */
	const char *text;    /* what to say in their place */
	bool again;          /* another time they may */
};

typedef void chat_bytes_fn(const struct chat_bytes *bytes, void *arg);
/* fn is called once, later. */
void bridge_media_read(struct bridge *bridge, struct media_id id, chat_bytes_fn *fn, void *arg);
/* Whoever reads with that fn and arg is not called any more. */
void bridge_media_forget(struct bridge *bridge, chat_bytes_fn *fn, const void *arg);

/* ---- what a network remembers ----------------------------------------------------------------- */

/* A value of the network's own, in the batch of what was said before it; "" forgets it. -1: not
 * stored, which was logged. */
#define CHAT_MEMORY_MAX 65536 /* bytes, with the end */
int bridge_chat_keep(struct bridge *bridge, const char *network, const char *key,
		     const char *value);
/* The value, or "" when there is none or it cannot be read. */
void bridge_chat_kept(struct bridge *bridge, const char *network, const char *key, char *out,
		      size_t size);
/* Bytes from outside that could not be understood, put aside for a person to look at. */
int bridge_chat_quarantine(struct bridge *bridge, const char *network, const char *what,
			   const char *bytes, size_t len);
/* Calls fn when all that was stored so far is on disk (committed) or was rolled back. */
void bridge_after_commit(struct bridge *bridge, void (*fn)(bool committed, void *arg), void *arg);

#endif
