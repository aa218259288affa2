/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the files of the Matrix network share: the network itself, its rooms and places, and who
 * calls whom.
 *
 *   matrix.c          the table of operations; matrix_settings.c their settings
 *   matrix_life.c     up, down, and up again
 *   matrix_way.c      from nothing to up: versions, who we are, the ping
 *   matrix_http.c     calls to the homeserver until they are answered
 *   matrix_as.c       what the homeserver calls (application service)
 *   matrix_sync.c     what we ask it for instead (bot mode), or besides, when it was away
 *   matrix_event.c    reading events; matrix_build.c and matrix_plan.c making them and rooms
 *   matrix_in.c       what an event means
 *   matrix_member.c   who comes and goes: us, ghosts, organizers, volunteers
 *   matrix_places.c   the table of places; matrix_place.c how one is opened and worked on
 *   matrix_rooms.c    the table of rooms; matrix_room.c how one is made, looked at, put right
 *   matrix_make.c     the chain of calls that makes a room
 *   matrix_chore.c    calls that put it right
 *   matrix_state.c    comparing a room with how it should be
 *   matrix_upgrade.c  following a room that was replaced by another
 *   matrix_space.c    the space that all rooms of conversations are in
 *   matrix_desk.c     rooms that hold many conversations, as threads; matrix_card.c their roots
 *   matrix_say.c      what we say, in order; matrix_mark.c the marks on what others said
 *   matrix_media.c    files that we say, and where those are that others said
 *   matrix_done.c     telling the bridge what was shown
 *   matrix_recent.c   which place an event was in
 *   matrix_registration.c  the file for the homeserver
 *
 * Two shapes. `room`: a room for each conversation, where the contact speaks as a ghost. `thread`: a
 * desk room for each volunteer, where each conversation is a thread under its card and the bot
 * speaks for the contact. A place's address is the room's id, or "room id/event id of the card".
 *
 * From within a call of the bridge nothing is told to it (it may be asked to remember), and no place
 * is worked on: what is to be done is noted, and done in the next turn of the loop.
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
#define MX_DEVICE "ROOMLINE"
#define MX_KEY_MUTED "⛔" /* on the card of a contact who may not be texted */

extern const char matrix_name[]; /* "matrix" */

struct mx_config {
	bool appservice; /* else a bot over /sync */
	bool threads;    /* the shape */
	char *homeserver;
	char *server; /* the domain in user ids */
	char *bot;    /* "@roomline:example.org" */
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
	MX_WAITING, /* a timer will try again */
	MX_BROKEN,  /* the same, but an admin must act first */
};

struct mx_binding;
struct mx_chore;
struct mx_place;
struct mx_recent;
struct mx_room;
struct mx_shown;
struct mx_sync;
struct mx_as;
TAILQ_HEAD(mx_room_list, mx_room);
TAILQ_HEAD(mx_place_list, mx_place);
STAILQ_HEAD(mx_item_list, mx_item);
STAILQ_HEAD(mx_chore_list, mx_chore);
STAILQ_HEAD(mx_due_list, mx_place);
STAILQ_HEAD(mx_shown_list, mx_shown);

struct mx_people { /* user ids */
	char **user;
	size_t n;
};

struct matrix {
	struct chat_host host;
	struct mx_config cfg;
	struct mx_http *http;
	enum mx_life life;
	size_t step; /* on the way up */
	bool been_up;
	int64_t since; /* monotonic ms */
	unsigned failures;
	struct loop_timer *retry;
	int64_t retry_at;
	char why[256];      /* it is not up */
	char epoch[9];      /* of the database */
	bool creators_rule; /* of the room version that new rooms get */
	struct mx_as *as;   /* NULL in bot mode */
	struct mx_sync *sync;
	bool catching_up; /* what is told may be known already, and may be older than what is pushed */
	struct mx_room_list rooms;
	struct mx_place_list places;
	void *places_by_id, *places_by_address, *rooms_by_id; /* search trees */
	struct mx_room *control;
	struct mx_room *space;
	struct mx_people inbox;      /* who may be on its desks */
	struct mx_people organizers; /* joined to the control room */
	struct mx_recent *recent;
	struct mx_due_list due;     /* places to be worked on */
	struct loop_timer *work;    /* in the next turn */
	struct mx_shown_list shown; /* of which the bridge does not know yet */
	struct loop_timer *telling;
	unsigned files;    /* being read or uploaded */
	int64_t blamed_at; /* when we went down because a text got no good answer; 0 never */
	unsigned serial;   /* of what we send besides the bridge's calls */
};

/* ---- matrix_settings.c ------------------------------------------------------------------------ */

extern const struct setting mx_settings[];
int mx_config_read(struct mx_config *cfg, const struct settings *set, struct error *err);
void mx_config_release(struct mx_config *cfg);

/* ---- matrix_life.c ---------------------------------------------------------------------------- */

void mx_life_start(struct matrix *m);
void mx_life_stop(struct matrix *m);
/* The homeserver has called us: no need to wait for the timer. */
void mx_life_heard(struct matrix *m);
/* Gives up everything that is open; comes back by itself. broken: an admin must act first. */
void mx_life_down(struct matrix *m, const char *why, bool broken);
void mx_life_token_refused(struct matrix *m, const struct mx_reply *reply);
void mx_life_describe(const struct matrix *m, char *out, size_t size);
void mx_life_up(struct matrix *m); /* the way up has ended well */

/* matrix_way.c: asks all that has to be known; ends in mx_life_up() or mx_life_down() */
void mx_way_begin(struct matrix *m);

/* ---- matrix_as.c: the homeserver's side of an application service ------------------------------ */

/* Mounts the routes below /_matrix/app/ (and answers there until mx_as_free()). An event goes to
 * mx_in_event(); a transaction is answered with {} when all of it is on disk. While we are not up or
 * not caught up it waits, for a while. */
struct mx_as *mx_as_new(struct matrix *m);
void mx_as_caught_up(struct mx_as *as); /* what waits goes on */
void mx_as_free(struct mx_as *as);      /* NULL is fine */

/* ---- matrix_sync.c -------------------------------------------------------------------- */

struct mx_sync *mx_sync_new(struct matrix *m);
void mx_sync_free(struct mx_sync *sync);  /* NULL is fine */
void mx_sync_start(struct mx_sync *sync); /* when we are up; goes on from what was kept */
void mx_sync_stop(struct mx_sync *sync);

/* ---- matrix_in.c: what came in ------------------------------------------------------------------ */

/* Handles one event of a room, ours too. -1: it could not be stored and must come again. */
int mx_in_event(struct matrix *m, const struct mx_event *event);

/* ---- matrix_member.c ---------------------------------------------------------------------------- */

bool mx_is_us(const struct matrix *m, const char *user); /* the bot or a ghost */
void mx_member_event(struct matrix *m, const struct mx_event *event);
bool mx_is_organizer(const struct matrix *m, const char *user);
/* Who they are is kept, so that nobody is refused before the control room was looked at. */
void mx_organizers_load(struct matrix *m);
void mx_organizers_keep(struct matrix *m);
void mx_people_set(struct mx_people *people, const char *const *users, size_t n);
bool mx_people_has(const struct mx_people *people, const char *user);
bool mx_people_same(const struct mx_people *people, const char *const *users, size_t n);
void mx_people_add(struct mx_people *people, const char *user);
void mx_people_remove(struct mx_people *people, const char *user);
void mx_people_release(struct mx_people *people);
/* Remembered under a key, as many as fit; people_out: what it holds is added to. */
void mx_people_keep(struct matrix *m, const char *key, const struct mx_people *people);
void mx_people_kept(struct matrix *m, const char *key, struct mx_people *people_out);

/* ---- rooms ---------------------------------------------------------------------------------------- */

enum mx_room_state {
	MX_ROOM_NEW,    /* has no id yet, or no more */
	MX_ROOM_MAKING, /* a chain of calls is under way to get one */
	MX_ROOM_READY,  /* may be spoken in, when it was looked at */
};

struct mx_room {
	TAILQ_ENTRY(mx_room) link;
	struct matrix *m;
	enum mx_room_kind kind;
	enum mx_room_state state;
	char id[MX_ID_MAX];        /* "" unknown */
	char dead[MX_ID_MAX];      /* the one before, that is lost; "" none */
	char found[MX_ID_MAX];     /* that has the alias, while we look whether it is ours */
	char alias[MX_ID_MAX];     /* localpart */
	char keep[MX_ID_MAX + 32]; /* under which key its id is kept; "": it is a place's address */
	char ghost[MX_ID_MAX];     /* "" none */
	char *name, *topic, *contact_name;
	struct mx_people members;
	bool invite;
	bool muted;
	bool wanted;      /* how it should look is known */
	bool checked;     /* it looks like that, as far as we know */
	bool doubted;     /* it has changed since we began to look */
	bool busy;        /* a call is under way */
	bool void_call;   /* whose answer does not matter any more */
	bool ghost_ready; /* is registered, and called contact_name, as far as we know */
	bool in_space;
	bool rejoined;     /* since it was last seen */
	unsigned failures; /* of making it, in a row */
	struct loop_timer *retry;
	struct mx_chore_list chores;
	char replacement[MX_ID_MAX]; /* it was upgraded to; "" not */
	struct loop_timer *upgrade;  /* until we give up waiting to be let in there */
	bool knock;                  /* it is time to try */
};

/* matrix_rooms.c */
struct mx_room *mx_room_find(struct matrix *m, const char *id); /* NULL: not in memory */
struct mx_room *mx_room_new(struct matrix *m, enum mx_room_kind kind, const char *alias);
void mx_room_free_all(struct matrix *m);
/* Whether that room is known, in memory or not, as one for something else. */
bool mx_room_is_of_another(const struct mx_room *room, const char *id);
void mx_room_set_id(struct mx_room *room, const char *id); /* READY, and kept */
/* It is not ours any more: tells the places in it, makes another one when they are opened. */
void mx_room_lost(struct mx_room *room, const char *why);

/* matrix_room.c */
/* How it should look; what differs is put right before anything more is said in it. */
void mx_room_want(struct mx_room *room, const char *name, const char *topic,
		  const struct mx_people *members, bool invite, bool muted);
/* Whether *text, which it owns, was another before. */
bool mx_text_set(char **text, const char *with);
/* What its ghost should be called. */
void mx_room_want_ghost(struct mx_room *room, const char *contact_name);
/* Somebody has changed it: it is looked at before anything more is said in it. */
void mx_room_doubt(struct mx_room *room);
/* Works on what is to be done next. True: nothing is, it may be spoken in. */
bool mx_room_run(struct mx_room *room);
/* The place or another room that it keeps waiting is worked on again. */
void mx_room_done(struct mx_room *room);
/* What is done for it failed: tries again after a pause, while the places wait and the bridge with
 * them. A person is told when it does not help; what: "creating it". */
void mx_room_pause(struct mx_room *room, const char *what, const struct mx_reply *reply);
/* One call of the room's; at most one at a time. The callback gets the room. */
void mx_room_call(struct mx_room *room, const struct mx_call *call, mx_done_fn *done);
/* To be called first by each callback; false: the answer does not matter any more. */
bool mx_room_answered(struct mx_room *room);

/* matrix_chore.c: calls whose failure is only logged; as: NULL the bot */
void mx_chore_add(struct mx_room *room, const char *method, const char *path, const char *body,
		  const char *as, enum mx_limit limit);
void mx_chore_run(struct mx_room *room); /* the first */
void mx_chores_free(struct mx_room *room);

/* matrix_make.c */
void mx_room_make(struct mx_room *room);
void mx_ghost_make(struct mx_room *room); /* registers its ghost and names it */
void mx_room_plan(const struct mx_room *room, struct mx_plan *out);

/* matrix_space.c: the space that all rooms of conversations are in */
void mx_space_add(struct mx_room *room);
void mx_space_ready(struct matrix *m); /* takes in those that were looked at meanwhile */
void mx_space_lost(struct matrix *m);

/* matrix_state.c: adds the chores that make a room, whose state is given (an array), what it should
 * be. */
void mx_state_compare(struct mx_room *room, const struct cJSON *state);

/* matrix_upgrade.c */
void mx_upgrade_join(struct mx_room *room);
void mx_upgrade_begin(struct mx_room *room, const char *replacement);
/* We are invited to a room; whether it is one that a room of ours was upgraded to. */
bool mx_upgrade_invited(struct matrix *m, const char *id);

/* ---- places ---------------------------------------------------------------------------------------- */

struct mx_place {
	TAILQ_ENTRY(mx_place) link;
	struct matrix *m;
	struct place_id id;
	enum place_kind kind;
	bool opening; /* the bridge waits to be told that it is ready, or where it is now */
	bool ready;
	STAILQ_ENTRY(mx_place) due_link;
	bool due;               /* to be worked on */
	bool touched;           /* its room may have to be put right though nothing is to be said */
	struct mx_room *room;   /* NULL for DIRECT, whose room is not ours to keep */
	char direct[MX_ID_MAX]; /* DIRECT: its room */
	char root[MX_ID_MAX];   /* of its thread; "" none */
	char latest[MX_ID_MAX]; /* in the thread; "" unknown */
	char at[2 * MX_ID_MAX]; /* its key in places_by_address, "" not in it */
	bool threaded;
	char token[TOKEN_MAX];
	char owner[MX_ID_MAX];
	char seated[MX_ID_MAX];  /* the owner for whom the thread is where it is */
	char speaker[MX_ID_MAX]; /* who last wrote in it; "" perhaps it is kept */
	char *title, *topic, *contact_name;
	struct mx_people members;
	bool invite;
	bool muted;
	char card[MX_DIGEST_MAX];     /* of what the card says, as far as we know */
	bool bound;                   /* for a desk, as is kept */
	struct mx_binding *binding;   /* waits for the commit of its desk; NULL */
	bool card_retried;            /* after its desk was looked at again */
	char replaced[MX_DIGEST_MAX]; /* of the id of the card before this one, empty: the first */
	bool busy;                    /* a call is under way */
	bool void_call;               /* whose answer does not matter any more */
	bool retried;                 /* the present item, after the room was looked at again */
	struct mx_item_list items;
};

/* matrix_places.c */
struct mx_place *mx_place_find(struct matrix *m, struct place_id id);
struct mx_place *mx_place_at(struct matrix *m, const char *room, const char *root);
struct mx_place *mx_place_new(struct matrix *m, const struct chat_place *from);
void mx_place_free_all(struct matrix *m);
void mx_place_set_address(struct mx_place *place); /* after a change of its room or its root */
const char *mx_place_room_id(const struct mx_place *place);
/* A value of the place's own, as bridge_chat_keep() and bridge_chat_kept(). */
void mx_place_keep(const struct mx_place *place, const char *what, const char *value);
void mx_place_kept(const struct mx_place *place, const char *what, char *out, size_t size);
void mx_places_of_room(struct mx_room *room, void (*fn)(struct mx_place *place, const char *why),
		       const char *why);
void mx_places_change_room(const struct mx_room *from, struct mx_room *to);
/* "!room" or "!room/$root" */
void mx_address(struct strbuf *out, const char *room, const char *root);
bool mx_address_split(const char *address, char room[MX_ID_MAX], char root[MX_ID_MAX]);

/* matrix_place.c */
void mx_place_open(struct matrix *m, const struct chat_place *from);
void mx_place_update(struct matrix *m, const struct chat_place *from);
void mx_place_run(struct mx_place *place); /* in the next turn */
void mx_place_lost(struct mx_place *place, const char *why);
void mx_place_moved(struct mx_place *place, const char *why); /* its room has another id */
/* As mx_room_call() and mx_room_answered(). */
void mx_place_call(struct mx_place *place, const struct mx_call *call, mx_done_fn *done);
bool mx_place_answered(struct mx_place *place);

/* matrix_desk.c */
/* Puts it on the desk for one more conversation of its owner's (of the inbox when there is none). */
void mx_desk_choose(struct mx_place *place);
/* It does not wait any more for the commit of that. */
void mx_desk_unbind(struct mx_place *place);
/* Who last wrote in its thread, in the batch of what was written. */
void mx_desk_spoke(struct mx_place *place, const char *user);
/* The bridge has been told where its card is: not before, or a death could make another one. */
void mx_desk_arrived(struct mx_place *place);
/* The desk that has or had that id. */
struct mx_room *mx_desk_at(struct matrix *m, const char *id);
/* Tells the place's desk how it should look, if it is the owner's. */
void mx_desk_want(const struct mx_place *place);
/* Moves it to another desk if it belongs there now. No call of the place's is under way. */
void mx_desk_follow(struct mx_place *place);

/* matrix_card.c */
void mx_card_send(struct mx_place *place);
void mx_card_edit(struct mx_place *place);
void mx_card_replace(struct mx_place *place); /* another is to be made */
void mx_card_drop(struct mx_place *place);    /* another is made, and the bridge told */
bool mx_card_is_true(const struct mx_place *place);
void mx_card_load(struct mx_place *place); /* what it says, before we were up */

/* ---- what we say ------------------------------------------------------------------------------------ */

enum mx_file_step {
	MX_FILE_WAITING,
	MX_FILE_READING,   /* the bridge was asked for the bytes */
	MX_FILE_READ,      /* they are here */
	MX_FILE_UPLOADING, /* and on their way to the server */
	MX_FILE_THERE,     /* it has them, as `uri` */
};

struct mx_item_file { /* of an item that shows one */
	struct media_id id;
	enum mx_file_step step;
	char *bytes; /* until the server has them */
	size_t len;
	char *type;
	char *name;
	char *uri;
};

struct mx_item { /* a say or a mark that waits or is under way */
	STAILQ_ENTRY(mx_item) link;
	struct relay_id id; /* v == 0: our own */
	bool is_mark;
	enum chat_voice voice;
	bool notice;
	int64_t stamp;
	char *text;
	struct mx_item_file *file; /* NULL: text it is */
	char event[EVENT_ID_MAX];  /* that is marked */
	const char *key;           /* the mark's emoji; "" takes ours away */
	enum chat_mark mark;
};

/* matrix_say.c */
void mx_say(struct matrix *m, const struct chat_say *say);
void mx_item_send(struct mx_place *place); /* the first item */
void mx_item_done(struct mx_place *place, const char *event_id);
void mx_item_failed(struct mx_place *place, const struct mx_reply *reply);
void mx_items_free(struct mx_place *place);
struct mx_item *mx_item_add(struct mx_place *place, struct relay_id id);
/* A transaction id for a call about an item; letter tells several apart. */
void mx_txn(struct matrix *m, struct relay_id id, char letter, char out[MX_TXN_MAX]);

/* matrix_media.c */
/* Brings the first item's file to the server; true when it is there, or the item has become words. */
bool mx_file_send(struct mx_place *place);
void mx_file_drop(struct mx_place *place, struct mx_item *item); /* NULL file is fine */
void mx_file_locate(const struct matrix *m, const char *reference, struct http_fetch_order *order);

/* matrix_mark.c */
void mx_mark(struct matrix *m, const struct chat_mark_call *mark);
void mx_mark_send(struct mx_place *place, struct mx_item *item);
/* A mark of our own on an event of the place, which the caller lets run; key "" takes it away. */
void mx_mark_own(struct mx_place *place, const char *event_id, const char *key);

/* matrix_done.c */
/* The bridge's call was answered; told now or within a moment. */
void mx_done(struct matrix *m, struct relay_id id, const char *event_id);
/* Tells it now: to be called before the bridge may give the same once more. */
void mx_done_tell(struct matrix *m);
void mx_done_forget(struct matrix *m);

/* matrix_recent.c: which place an event was in, of the last few thousand */
struct mx_recent *mx_recent_new(void);
void mx_recent_free(struct mx_recent *recent);
void mx_recent_note(struct mx_recent *recent, const char *event_id, struct place_id place);
struct place_id mx_recent_find(const struct mx_recent *recent, const char *event_id);

#endif
