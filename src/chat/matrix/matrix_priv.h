/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the files of the Matrix network share: the network itself, its rooms and places, and who
 * calls whom.
 *
 *   matrix.c          settings, the table of operations
 *   matrix_life.c     from nothing to up: versions, who we are, the ping; down and up again
 *   matrix_http.c     calls to the homeserver until they are answered
 *   matrix_error.c    what an answer means
 *   matrix_as.c       what the homeserver calls (application service)
 *   matrix_sync.c     what we ask it for instead (bot mode)
 *   matrix_event.c    reading events; matrix_build.c making them
 *   matrix_in.c       what an event means
 *   matrix_member.c   who comes and goes: us, ghosts, organizers, volunteers
 *   matrix_places.c   the table of places
 *   matrix_room.c     the life of a room: made, looked at, put right, lost
 *   matrix_state.c    comparing a room with how it should be
 *   matrix_desk.c     rooms that hold many conversations, as threads
 *   matrix_say.c      what we say, in order; matrix_mark.c the marks on what others said
 *   matrix_registration.c  the file for the homeserver
 *
 * Two shapes. `room`: a room for each conversation, where the contact speaks as a ghost. `thread`: a
 * desk room for each volunteer, where each conversation is a thread under its card and the bot
 * speaks for the contact. A place's address is the room's id, or "room id/event id of the card".
 */
#ifndef MATRIX_PRIV_H
#define MATRIX_PRIV_H

#include "chat/matrix/matrix_build.h"
#include "chat/matrix/matrix_event.h"
#include "chat/matrix/matrix_http.h"
#include "roomline/chat.h"

#include <stdbool.h>
#include <sys/queue.h>

#define MX_ID_MAX 256 /* bytes of a user, room or event id, with NUL */
#define MX_TXN_MAX 64

extern const char matrix_name[]; /* "matrix" */

struct mx_config {
	bool appservice; /* else a bot over /sync */
	bool threads;    /* the shape */
	char *homeserver;
	char *server; /* the domain in user ids */
	char *bot;    /* "@roomline:example.org"; in bot mode known when we are in */
	char *bot_name;
	char *prefix; /* of the localparts of ghosts and aliases: "_sms_" */
	char *id;     /* of the registration */
	char *as_token, *hs_token;
	char *user, *password, *access_token; /* bot mode */
	char *room_version;                   /* "" the server's choice */
	bool federate;
	bool status_events;
	int desk_max;
	int64_t stale_ms;
};

enum mx_life {
	MX_OFF,
	MX_STARTING,
	MX_UP,
	MX_WAITING /* a timer will try again */,
	MX_BROKEN /* an admin must act */
};

struct mx_room;
struct mx_place;
struct mx_call_item;
struct mx_sync;
struct mx_as;
TAILQ_HEAD(mx_room_list, mx_room);
TAILQ_HEAD(mx_place_list, mx_place);
STAILQ_HEAD(mx_item_list, mx_item);
STAILQ_HEAD(mx_chore_list, mx_chore);

struct mx_people { /* user ids */
	char **user;
	size_t n;
};

struct matrix {
	struct chat_host host;
	struct mx_config cfg;
	struct mx_http *http;
	enum mx_life life;
	int64_t since; /* monotonic ms */
	unsigned failures;
	struct loop_timer *retry;
	int64_t retry_at;
	char why[256]; /* it is not up */
	char epoch[9]; /* of the database: transaction ids of another never collide with ours */
	bool creators_rule; /* of the room version that new rooms get */
	char version[32];   /* of rooms, as asked for; "" the server's choice */
	struct mx_as *as;
	struct mx_sync *sync;
	struct mx_room_list rooms;
	struct mx_place_list places;
	struct mx_place *control;
	struct mx_people organizers; /* joined to the control room */
	struct mx_recent *recent;    /* which place an event was in */
	unsigned txn_serial;
};

/* ---- matrix_life.c ---------------------------------------------------------------------------- */

void mx_life_start(struct matrix *m);
void mx_life_stop(struct matrix *m);
/* The homeserver has called us or answered: no need to wait for the timer. */
void mx_life_heard(struct matrix *m);
/* Gives up everything that is open; comes back by itself unless broken. */
void mx_life_down(struct matrix *m, const char *why, bool broken);

/* ---- matrix_as.c: the homeserver's side of an application service ------------------------------ */

/* Mounts the routes below /_matrix/app/ (and answers there until mx_as_free()). An event goes to
 * mx_in_event(); a transaction is answered with {} when all of it is on disk. */
struct mx_as *mx_as_new(struct matrix *m);
void mx_as_free(struct mx_as *as);

/* ---- matrix_sync.c: bot mode -------------------------------------------------------------------- */

struct mx_sync *mx_sync_new(struct matrix *m);
void mx_sync_free(struct mx_sync *sync);
void mx_sync_start(struct mx_sync *sync); /* when we are up; goes on from what was kept */
void mx_sync_stop(struct mx_sync *sync);

/* ---- matrix_in.c: what came in ------------------------------------------------------------------ */

/* Handles one event of a room, ours too. -1: it could not be stored and must come again. */
int mx_in_event(struct matrix *m, const struct mx_event *event);
bool mx_is_us(const struct matrix *m, const char *user); /* the bot or a ghost */

/* ---- matrix_member.c ---------------------------------------------------------------------------- */

void mx_member_event(struct matrix *m, const struct mx_event *event);
bool mx_is_organizer(const struct matrix *m, const char *user);
void mx_people_set(struct mx_people *people, const char *const *users, size_t n);
bool mx_people_has(const struct mx_people *people, const char *user);
void mx_people_add(struct mx_people *people, const char *user);
void mx_people_remove(struct mx_people *people, const char *user);
void mx_people_release(struct mx_people *people);

/* ---- rooms: matrix_room.c, matrix_state.c -------------------------------------------------------- */

enum mx_room_state {
	MX_ROOM_NEW,    /* has no id yet, or that of a room that is lost */
	MX_ROOM_MAKING, /* a chain of calls is under way to get one */
	MX_ROOM_READY,  /* may be spoken in */
};

struct mx_room {
	TAILQ_ENTRY(mx_room) link;
	struct matrix *m;
	enum mx_room_kind kind;
	enum mx_room_state state;
	char id[MX_ID_MAX];   /* "" unknown */
	char dead[MX_ID_MAX]; /* the one before, that is lost */
	char alias[64];       /* localpart */
	char keep[MX_ID_MAX +
		  32];         /* the key under which the bridge keeps its id; "": it is a place's
				      address */
	char ghost[MX_ID_MAX]; /* "" none */
	char *name, *topic, *contact_name;
	struct mx_people members;
	bool invite;
	bool muted;
	bool checked;     /* compared with how it should be, since we are up */
	bool busy;        /* a chore or a step is under way */
	bool remade;      /* the one before was lost */
	bool ghost_named; /* our ghost is registered and called contact_name */
	unsigned failures;
	struct loop_timer *retry;
	struct mx_chore_list chores;
	int64_t upgrade_until; /* monotonic: waits for an invitation to `replacement` */
	char replacement[MX_ID_MAX];
};

/* The room of an id or with a key; NULL when it is not in memory. */
struct mx_room *mx_room_find(struct matrix *m, const char *id);
struct mx_room *mx_room_find_kept(struct matrix *m, const char *keep);
struct mx_room *mx_room_new(struct matrix *m, enum mx_room_kind kind);
void mx_room_free_all(struct matrix *m);
/* How it should look; what differs is put right before anything more is said in it. */
void mx_room_want(struct mx_room *room, const char *name, const char *topic,
		  const char *contact_name, const struct mx_people *members, bool invite,
		  bool muted);
/* Works on whatever is to be done next: making, comparing, chores; then its places. */
void mx_room_run(struct mx_room *room);
/* It is not ours any more: tells the places in it, makes another one when they are opened. */
void mx_room_lost(struct mx_room *room, const char *why);
void mx_room_tombstone(struct mx_room *room, const char *replacement);
/* We are invited to a room; whether it is the replacement one of ours waits for. */
bool mx_room_invited(struct matrix *m, const char *id);

struct mx_chore { /* a call whose failure is only logged */
	STAILQ_ENTRY(mx_chore) link;
	const char *method;
	char *path;
	char *body;
	char *as;
	enum mx_limit limit;
};
void mx_chore_add(struct mx_room *room, const char *method, struct strbuf *path_take,
		  struct strbuf *body_take, const char *as, enum mx_limit limit);
/* Adds the chores that make a room, whose state is given, what it should be. */
void mx_state_compare(struct mx_room *room, const struct cJSON *state);
void mx_room_plan(const struct mx_room *room, struct mx_plan *out);

/* ---- places: matrix_places.c, matrix_desk.c ------------------------------------------------------- */

struct mx_place {
	TAILQ_ENTRY(mx_place) link;
	struct matrix *m;
	struct place_id id;
	enum place_kind kind;
	bool ready;   /* the bridge was told so */
	bool opening; /* the bridge waits for it */
	struct mx_room *room;
	char root[MX_ID_MAX];   /* of its thread; "" none */
	char latest[MX_ID_MAX]; /* in the thread; "" unknown */
	char token[TOKEN_MAX];
	char owner[MX_ID_MAX];
	char *title, *topic, *contact_name;
	struct mx_people members;
	bool invite;
	bool muted;
	bool card_stale; /* what the card says is not true any more */
	unsigned cards;  /* made by us since we run */
	bool busy;       /* a call is under way */
	bool retried;    /* the present one, after the room was looked at again */
	struct mx_item_list items;
};

struct mx_place *mx_place_find(struct matrix *m, struct place_id id);
struct mx_place *mx_place_at(struct matrix *m, const char *room, const char *root);
void mx_place_open(struct matrix *m, const struct chat_place *place);
void mx_place_update(struct matrix *m, const struct chat_place *place);
void mx_place_close(struct matrix *m, const struct chat_place *place);
void mx_place_free_all(struct matrix *m);
/* Works on what is to be done next: the room, the card, what is to be said. */
void mx_place_run(struct mx_place *place);
void mx_place_lost(struct mx_place *place, const char *why);
/* "!room" or "!room/$root" */
void mx_address(struct strbuf *out, const char *room, const char *root);
bool mx_address_split(const char *address, char room[MX_ID_MAX], char root[MX_ID_MAX]);

/* The desk on which a conversation of that owner belongs, with space for one more; "" is the inbox. */
struct mx_room *mx_desk_for(struct matrix *m, const struct mx_place *place);
bool mx_desk_is_of(struct matrix *m, const char *room, const char *owner);
void mx_desk_card(struct mx_place *place); /* sends it */

/* ---- matrix_say.c, matrix_mark.c ------------------------------------------------------------------ */

struct mx_item { /* a say or a mark that waits or is under way */
	STAILQ_ENTRY(mx_item) link;
	struct relay_id id;
	bool is_mark;
	enum chat_voice voice;
	bool notice;
	int64_t stamp;
	char *text;
	char event[EVENT_ID_MAX]; /* of a mark */
	enum chat_mark mark;
};

void mx_say(struct matrix *m, const struct chat_say *say);
void mx_mark(struct matrix *m, const struct chat_mark_call *mark);
void mx_item_send(struct mx_place *place); /* the first item */
void mx_mark_send(struct mx_place *place, struct mx_item *item);
void mx_item_done(struct mx_place *place, const char *event_id);
void mx_item_failed(struct mx_place *place, const struct mx_reply *reply);
void mx_items_free(struct mx_place *place);
/* "EPOCH.RELAY" with a letter for the second and third call of one item. */
void mx_txn(const struct matrix *m, struct relay_id id, char letter, char out[MX_TXN_MAX]);
/* Which place an event was in, of the last few thousand. */
void mx_recent_note(struct matrix *m, const char *event_id, struct place_id place);
struct place_id mx_recent_find(const struct matrix *m, const char *event_id);

/* ---- matrix_registration.c -------------------------------------------------------------------------- */

#endif
