/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the files of the XMPP network share: the network itself, its rooms, and who calls whom.
 *
 *   xmpp.c        settings, the table of operations
 *   xmpp_link.c   the one stream: connecting, reading and writing inside the loop, coming back
 *   xmpp_down.c   why it ended, and when to try again
 *   xmpp_library.c  libstrophe as we want it
 *   xmpp_ask.c    questions of ours and their answers or timeouts
 *   xmpp_answer.c questions of others
 *   xmpp_in.c     sorts what comes in
 *   xmpp_rooms.c  the table of rooms
 *   xmpp_room.c   the life of a room: its states, and the one function that changes them
 *   xmpp_open.c   the steps of opening one
 *   xmpp_check.c  whether we are still in one in which nothing happens
 *   xmpp_member.c who may be in a room (affiliations) and who is (occupants)
 *   xmpp_say.c    what we say, in order, until it is acknowledged
 *   xmpp_upload.c files that we say: put where the room can get them
 *   xmpp_mam.c    catching up from the room's archive
 *   xmpp_recent.c which message a correction or a retraction means
 *   xmpp_build.c  making stanzas; xmpp_read.c, xmpp_read_file.c reading them; xmpp_jid.c, xmpp_nick.c: names
 */
#ifndef XMPP_PRIV_H
#define XMPP_PRIV_H

#include "chat/xmpp/xmpp_build.h"
#include "chat/xmpp/xmpp_jid.h"
#include "chat/xmpp/xmpp_read.h"
#include "roomline/chat.h"

#include <stdbool.h>
#include <strophe.h>
#include <sys/queue.h>

#define XMPP_ANSWER_MS 30000 /* how long we wait for any answer */
#define XMPP_OPENING_MAX 20  /* rooms being opened at the same time */
#define XMPP_ID_MAX 48       /* ids that we make */

/* ---- the network ------------------------------------------------------------------------------ */

struct xmpp_config {
	char *domain;     /* of the component: "sms.example.org" */
	char *host;       /* where the server listens for components */
	char *server;     /* a domain of the server's own, to ping */
	char *muc;        /* "rooms.example.org" */
	char *control;    /* "control@rooms.example.org" */
	char *nick;       /* the bot's, in rooms */
	char *bot;        /* "bot@sms.example.org" */
	char *bot_full;   /* the same with its resource */
	char *upload;     /* the upload service; NULL: it is looked for */
	int64_t check_ms; /* 0: never */
	unsigned short port;
};

enum link_state {
	LINK_OFF,        /* not started, or stopped for good */
	LINK_WAITING,    /* down; a timer will try again */
	LINK_CONNECTING, /* socket and handshake under way */
	LINK_UP,         /* stanzas go both ways */
	LINK_CLOSING,    /* goodbye is said; waits for theirs, two seconds at most */
};

struct xmpp_link {
	xmpp_ctx_t *ctx;
	xmpp_conn_t *conn;
	enum link_state state;
	bool stopping; /* do not come back */
	bool running;  /* inside the library */
	int fd;        /* -1: none */
	int spare_fd;  /* keeps a small number free for the next socket; -1: none */
	unsigned watched;
	struct loop_watch *watch;
	struct loop_timer *retry;
	struct loop_timer *flush;
	struct loop_timer *tick;
	bool tick_is_slow;
	int64_t since;    /* monotonic ms when the state began */
	int64_t heard;    /* monotonic ms when anything last came in */
	int64_t up_since; /* of the stream */
	unsigned failures;
	char why[200]; /* why it is down */
	int64_t retry_at;
};

struct ask;
struct call;
struct held;
struct recent;
struct upload;
struct xmpp_room;
TAILQ_HEAD(ask_list, ask);
STAILQ_HEAD(call_list, call);
STAILQ_HEAD(held_list, held);
TAILQ_HEAD(recent_list, recent);
TAILQ_HEAD(room_list, xmpp_room);
LIST_HEAD(upload_list, upload);
STAILQ_HEAD(direct_list, direct_place);

struct xmpp_uploads {
	struct upload_list list;
	unsigned n;
	char *service; /* NULL: none is known */
	int64_t max;   /* bytes that it takes; 0: it does not say */
	bool looked;
	int64_t looked_at; /* monotonic ms */
	unsigned looking;  /* questions that are open */
};

struct xmpp {
	struct bridge *bridge;
	struct loop *loop;
	struct http_client *client;
	struct xmpp_config cfg;
	struct xmpp_link link;
	char epoch[9]; /* random, of this connection: no old answer is taken for a new one */
	unsigned serial;
	struct ask_list asks;
	struct room_list rooms;
	void *rooms_by_jid, *rooms_by_place; /* search trees */
	unsigned opening;                    /* rooms between QUEUED and READY */
	unsigned queued;
	unsigned unacknowledged; /* calls of all rooms, and direct ones */
	struct xmpp_room *control;
	char control_refused[300]; /* why its room may not command us; "": it may, or may yet */
	struct call_list direct;   /* to people, until the barrier */
	bool barrier_due;
	struct direct_list direct_ready; /* to be announced */
	struct loop_timer *announce;
	struct xmpp_uploads uploads;
	struct relay_id blamed; /* the call for which a room was last given up */
};

extern const char xmpp_name[]; /* "xmpp" */

/* ---- xmpp_link.c ------------------------------------------------------------------------------ */

void link_init(struct xmpp *x, const char *secret);
void link_release(struct xmpp *x);
void link_start(struct xmpp *x);
void link_stop(struct xmpp *x); /* xmpp_went_down() follows, later */
bool link_is_up(const struct xmpp *x);
/* Sends at the end of this turn of the loop; while down the stanza is dropped, as are all calls. */
void link_send_take(struct xmpp *x, xmpp_stanza_t *st);
/* Something now waits for an answer: the tick must run fast. */
void link_hurry(struct xmpp *x);
/* The stream is of no use any more: start anew. */
void link_restart(struct xmpp *x, const char *why);

/* ---- xmpp_library.c and xmpp_down.c, for the link --------------------------------------------------- */

/* Makes x->link.ctx and .conn; on_socket is called with each socket the library opens. */
void library_init(struct xmpp *x, const char *secret, xmpp_sockopt_callback on_socket);
/* The name of the stream error, "" when there was none. */
const char *down_condition(const xmpp_stream_error_t *se);
/* Fills x->link.why; error is an errno or 0. */
void down_explain(struct xmpp *x, const char *condition, int error);
int64_t down_pause_ms(const struct xmpp_link *l, const char *condition);

/* ---- xmpp.c, called by the link ---------------------------------------------------------------- */

void xmpp_came_up(struct xmpp *x);
void xmpp_went_down(struct xmpp *x, const char *why);
void xmpp_before_write(struct xmpp *x);  /* last chance to add to what is written now */
bool xmpp_is_busy(const struct xmpp *x); /* waits for something that may not come */
void xmpp_tick(struct xmpp *x);          /* while busy: gives up what took too long */

/* ---- xmpp_in.c, called by the link -------------------------------------------------------------- */

void in_message(struct xmpp *x, xmpp_stanza_t *st);
void in_presence(struct xmpp *x, xmpp_stanza_t *st);
void in_iq(struct xmpp *x, xmpp_stanza_t *st);

/* ---- xmpp_ask.c -------------------------------------------------------------------------------- */

/* room and note are what was given when asking; reply is of type result or error, or NULL when none
 * came in time. */
typedef void ask_fn(struct xmpp *x, struct xmpp_room *room, const char *note, xmpp_stanza_t *reply);

/* Gives the iq its id and sends it. room may be NULL; note (copied) too. */
void ask_take(struct xmpp *x, xmpp_stanza_t *iq, ask_fn *fn, struct xmpp_room *room,
	      const char *note);
bool ask_answered(struct xmpp *x, xmpp_stanza_t *reply); /* false: nobody asked */
void ask_expire(struct xmpp *x, int64_t now);
void ask_forget(struct xmpp *x, const struct xmpp_room *room);
void ask_forget_all(struct xmpp *x);
void xmpp_new_id(struct xmpp *x, char out[XMPP_ID_MAX]);

/* ---- xmpp_answer.c ----------------------------------------------------------------------------- */

void answer_iq(struct xmpp *x, xmpp_stanza_t *iq);
void answer_presence(struct xmpp *x, xmpp_stanza_t *presence);
/* Says why a message was not taken; never in answer to an error. */
void answer_refuse(struct xmpp *x, xmpp_stanza_t *message, const char *type, const char *condition,
		   const char *text);

/* ---- rooms ------------------------------------------------------------------------------------- */

enum room_state {
	ROOM_LOST,        /* not in it; the bridge will ask to open it */
	ROOM_QUEUED,      /* waits until fewer rooms are being opened, or for its pause to end */
	ROOM_JOINING,     /* our presence is sent */
	ROOM_CHECKING,    /* asked what kind of room it is */
	ROOM_FETCHING,    /* asked for the owner's form */
	ROOM_CONFIGURING, /* the form is sent back */
	ROOM_LISTING,     /* asked who may be in it */
	ROOM_GRANTING,    /* members are being added and removed */
	ROOM_CATCHING_UP, /* the archive is being read */
	ROOM_READY,
};

enum ghost_state {
	GHOST_OUT,
	GHOST_JOINING,
	GHOST_IN,
};

struct occupant {
	LIST_ENTRY(occupant) link;
	char *user; /* bare, "" when the room does not tell */
	bool told;  /* to the bridge, or was in there before us, which is no news */
	char nick[];
};

struct affiliate {
	LIST_ENTRY(affiliate) link;
	bool admin; /* or owner */
	char user[];
};

LIST_HEAD(occupant_list, occupant);
LIST_HEAD(affiliate_list, affiliate);

struct members { /* users, normalised, as the bridge wants them */
	char **user;
	size_t n;
};

struct xmpp_room {
	TAILQ_ENTRY(xmpp_room) link;
	struct xmpp *x;
	struct place_id place;
	enum place_kind kind;
	enum room_state state;
	char *jid;
	char *ghost;      /* "TOKEN@sms.example.org/sms", NULL in the control room */
	char *ghost_name; /* what the ghost wants to be called */
	char *title;
	char *topic;
	struct members wanted;
	bool invite;
	bool dirty; /* changed while it was being opened */
	char cursor[EVENT_ID_MAX];

	int64_t since;      /* monotonic ms when the state began */
	int64_t heard;      /* monotonic ms when we last knew that we are in it */
	bool checking;      /* asked whether we are */
	int64_t not_before; /* of QUEUED */
	unsigned failures;
	unsigned pending; /* answers this step waits for */
	bool owned;       /* by the bot; only a control room may be others' */
	bool unlisted;    /* the server does not tell all who have a say in it */
	bool created;     /* by this opening */
	bool configured;  /* in this opening */
	bool has_archive;
	bool overrun;    /* too much was said meanwhile to be held: look once more */
	unsigned pages;  /* asked for, in this opening */
	unsigned page_n; /* messages in the one that is being read */
	bool newest;     /* it only tells where the archive ends */

	char *nick; /* ours, as the room has it */
	unsigned nick_attempt;
	unsigned moves; /* to another address, in this opening */
	unsigned ways;  /* that others made for it, until it is in or lost */
	enum ghost_state ghost_state;
	char *ghost_nick;
	unsigned ghost_attempt;
	bool ghost_plain; /* the server refused the name itself */
	int64_t ghost_since;
	char *name_now; /* title and topic as the room has them */
	char *subject_now;
	char query[XMPP_ID_MAX]; /* of the archive */

	struct occupant_list occupants;
	struct affiliate_list affiliates;
	struct call_list calls; /* not acknowledged yet */
	struct held_list held;  /* said while the room is being opened */
	unsigned held_n;
	struct recent_list recent; /* what people said lately, newest first */
	unsigned recent_n;
};

/* xmpp_rooms.c */
struct xmpp_room *rooms_by_jid(struct xmpp *x, const char *bare);
struct xmpp_room *rooms_by_place(struct xmpp *x, struct place_id place);
/* The room of a place; made when it is new, brought up to date when not. NULL: the place has no
 * usable token. */
struct xmpp_room *rooms_take(struct xmpp *x, const struct chat_place *place);
/* Gives the room another address, as the one it has cannot be ours. */
void rooms_move(struct xmpp_room *room);
void rooms_free_all(struct xmpp *x);

/* xmpp_room.c */
void room_set_state(struct xmpp_room *room, enum room_state state);
/* Opens it when its turn comes. */
void room_open(struct xmpp_room *room);
void room_open_more(struct xmpp *x, int64_t now);
/* Gives the room up and tells the bridge. */
void room_lose(struct xmpp_room *room, const char *why);
void room_expire(struct xmpp_room *room, int64_t now);
void room_presence(struct xmpp_room *room, xmpp_stanza_t *st, const char *nick);
void room_ghost_presence(struct xmpp_room *room, xmpp_stanza_t *st, const char *nick);
void room_ghost_join(struct xmpp_room *room);
void room_ghost_rename(struct xmpp_room *room); /* to room->ghost_name */
void room_ghost_leave(struct xmpp_room *room);
const char *room_reason(const char *condition); /* an error's condition in words */

/* xmpp_open.c: the steps after we are in. */
void open_joined(struct xmpp_room *room, bool created);
void open_granted(struct xmpp_room *room);
void open_caught_up(struct xmpp_room *room);
/* Gives up a control room in which others than the organizers have a say; false when it is well. */
bool open_refuse_foreign(struct xmpp_room *room);
/* Title and topic as wanted now. */
void open_show_title(struct xmpp_room *room);
/* Somebody changed the configuration: look whether it is still a private room. */
void open_recheck(struct xmpp_room *room);

/* xmpp_check.c */
void check_rooms(struct xmpp *x, int64_t now);

/* xmpp_member.c */
void members_set(struct members *m, const char *const *users, size_t n);
void members_release(struct members *m);
bool members_has(const struct members *m, const char *user);
void member_list(struct xmpp_room *room); /* asks; open_granted() in the end when opening */
/* Makes the affiliations what is wanted; `before`: who was wanted until now, NULL when unknown. */
void member_sync(struct xmpp_room *room, const struct members *before);
void member_affiliation(struct xmpp_room *room, const char *user, const char *affiliation);
/* Whether only we and the organizers decide who is in the room. */
bool member_is_ruled_by_us(const struct xmpp_room *room);
/* Whether the user commands us; control may be NULL. */
bool member_is_organizer(const struct xmpp_room *control, const char *user);
struct occupant *occupant_find(struct xmpp_room *room, const char *nick);
void occupant_set(struct xmpp_room *room, const char *nick, const char *user, bool told);
void occupant_remove(struct xmpp_room *room, const char *nick);
struct occupant *occupant_of_user(const struct xmpp_room *room, const char *user);
/* Tells the bridge who came; in a room that is ready. */
void occupant_tell(struct xmpp_room *room);
void affiliate_free_all(struct xmpp_room *room);
void occupant_free_all(struct xmpp_room *room);

/* xmpp_mam.c */
void archive_start(struct xmpp_room *room);
void archive_result(struct xmpp_room *room, xmpp_stanza_t *result);
/* Keeps what somebody says while the room is not ready, until the archive has told what was said
 * before. */
void archive_hold(struct xmpp_room *room, const char *user, xmpp_stanza_t *message,
		  const char *event_id);
void archive_drop_held(struct xmpp_room *room);

/* xmpp_recent.c: event ids by what the sender calls the message */
void recent_note(struct xmpp_room *room, const char *user, xmpp_stanza_t *message,
		 const char *event_id);
/* The event id of the user's message that is called id, NULL when we do not know it. */
const char *recent_find(const struct xmpp_room *room, const char *user, const char *id);
void recent_free_all(struct xmpp_room *room);

/* xmpp_say.c: says and marks, "calls", until they are acknowledged */
void call_say(struct xmpp *x, const struct chat_say *say);
void call_mark(struct xmpp *x, const struct chat_mark_call *mark);
void call_flush(struct xmpp_room *room); /* sends what may be sent now */
/* A reflection or archived copy of something we said. */
void call_seen(struct xmpp_room *room, const char *id, const char *event_id);
void call_error(struct xmpp_room *room, xmpp_stanza_t *message);
void call_fail_ghost(struct xmpp_room *room, const char *why);
void call_expire(struct xmpp_room *room, int64_t now);
void call_void_all(struct xmpp *x, struct call_list *calls);
/* Those that the bridge will give again, as it opens the room anew. */
void call_drop_unsent(struct xmpp_room *room);
void call_direct_error(struct xmpp *x, xmpp_stanza_t *message);
void call_barrier(struct xmpp *x);
/* The end of an upload: url, or what is said in its place (NULL: what it came with). */
void call_uploaded(struct xmpp_room *room, const struct upload *upload, const char *url,
		   const char *words);

/* xmpp_upload.c: ends in call_uploaded(), later. NULL: not now, as enough are under way; calls are
 * flushed again when one ends. */
struct upload *upload_start(struct xmpp_room *room, struct media_id file);
void upload_free(struct upload *upload);       /* also before its end */
bool upload_is_hopeless(const struct xmpp *x); /* there is no service for us */
void upload_forget_service(struct xmpp *x);

/* xmpp_in.c: passes on what somebody said; who must be verified. room is NULL in a 1:1 chat. */
void in_said(struct xmpp *x, struct xmpp_room *room, const char *user, xmpp_stanza_t *message,
	     const char *event_id, int64_t at);
/* Whether it is we, as the bot or as the ghost of this room. */
bool in_is_us(const struct xmpp_room *room, const char *user);

#endif
