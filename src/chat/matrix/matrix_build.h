/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Contents of events and requests, as JSON appended to a strbuf. Texts are clean UTF-8 (rule 6 of
 * roomline/chat.h). No floats, no integers beyond 2^53: a homeserver refuses them. Every message
 * carries "m.mentions", so that no name in an SMS ever pings anybody, and stays below the 64 KiB of
 * an event whatever its text is.
 * https://spec.matrix.org/v1.15/client-server-api/#instant-messaging
 *
 * matrix_build.c makes messages and what hangs on them, matrix_plan.c rooms.
 */
#ifndef MATRIX_BUILD_H
#define MATRIX_BUILD_H

#include "base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mx_message {
	const char *text;
	const char *name; /* shown in front in bold when the bot speaks for a contact; NULL: not */
	bool heading;     /* the name has a line of its own */
	bool notice;      /* m.notice: grey, and never makes a sound */
	bool markup;      /* the words are ours: what stands in `backticks` is shown as code */
	const char *thread;  /* root; NULL or "": not in a thread */
	const char *latest;  /* last event of that thread, for clients without threads; NULL or "":
				root */
	const char *mention; /* user to be called; NULL: nobody */
	const char *edits; /* event whose words these replace; NULL: a message of its own. Where it
				stands (thread) stays as it is. */
};

/* A text over MX_TEXT_MAX bytes, or a name over MX_NAME_MAX, is cut between two characters, with "…"
 * at the end. */
#define MX_TEXT_MAX 16384
#define MX_NAME_MAX 256
void mx_build_message(struct strbuf *out, const struct mx_message *message);
struct mx_file {
	const char *uri;  /* "mxc://…" */
	const char *name; /* "picture.jpg" */
	const char *type; /* "image/jpeg" */
	size_t size;
};
/* A file in place of words: message->text is not looked at. */
void mx_build_file(struct strbuf *out, const struct mx_message *message,
		   const struct mx_file *file);
/* {"key":"text"} */
void mx_build_one(struct strbuf *out, const char *key, const char *text);
/* What registers a user of ours, by its id. */
void mx_build_register(struct strbuf *out, const char *user);
/* key: the emoji, as a client's own buttons have it. */
void mx_build_reaction(struct strbuf *out, const char *event_id, const char *key);
/* com.beeper.message_send_status, for clients that draw it. status: "SUCCESS", "PENDING",
 * "FAIL_PERMANENT", "FAIL_RETRIABLE"; reason: "com.beeper.…" or "m.…", NULL or "" with SUCCESS;
 * words: for people, NULL or "" when there is nothing to say. */
void mx_build_status(struct strbuf *out, const char *event_id, const char *status,
		     const char *reason, const char *words);

enum mx_room_kind { MX_ROOM_CONVERSATION, MX_ROOM_DESK, MX_ROOM_CONTROL, MX_ROOM_SPACE };

struct mx_plan { /* of a room */
	enum mx_room_kind kind;
	const char *alias; /* localpart of its alias, without '#'; NULL or "": none */
	const char *name;
	const char *topic;   /* "" none */
	const char *version; /* "" the server's own choice */
	/* The bot made it, or will, and its version is 12 or later: creators are above all levels
	 * and must not be in `users`. */
	bool creators_rule;
	bool federate;
	const char *bot;   /* user ids */
	const char *ghost; /* NULL or "": none; asked in at once: register and name it before */
	/* Of the control room: who may ask others in. They themselves are asked one by one when the
	 * room is there: in createRoom one who refuses all invitations makes Synapse answer 403, with
	 * the room made and its id untold. */
	const char *const *invited;
	size_t invited_n;
	bool muted;               /* only the bot and the ghost may speak */
	const char *contact_name; /* with a ghost, for the bridge information */
	const char *space;        /* room id of the space it is in; NULL or "": none */
	const char *server;       /* for "via" */
};

/* The levels in the rooms. Everybody else has 0. */
#define MX_LEVEL_BOT 100
#define MX_LEVEL_GHOST 50
#define MX_LEVEL_ORGANIZER 50 /* in the control room */

/* The body of POST /createRoom: private, invite-only, history for members since they were invited,
 * no guests, encryption and what an SMS cannot carry out of everybody's power, bridge information,
 * service members. */
void mx_build_create_room(struct strbuf *out, const struct mx_plan *plan);
/* The content of m.room.power_levels alone, to be put again when somebody or `muted` changed it.
 *
 * In a conversation whatever is not named needs 50, so that a client offers nothing but words:
 * there are always new types, and levels have no wildcards. People may write (not when it is muted)
 * and take their own words back. In other rooms they may react, too, and show each other what they
 * like. Nobody but the bot changes the room. */
void mx_build_power_levels(struct strbuf *out, const struct mx_plan *plan);
/* The content of m.space.child; its state key is the room. */
void mx_build_space_child(struct strbuf *out, const char *server);

#endif
