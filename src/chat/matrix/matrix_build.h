/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Contents of events and requests, as JSON appended to a strbuf. Texts are clean UTF-8 (rule 6 of
 * roomline/chat.h). No floats, no integers beyond 2^53: a homeserver refuses them. Every message
 * carries "m.mentions", so that no name in an SMS ever pings anybody.
 * https://spec.matrix.org/v1.15/client-server-api/#instant-messaging
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
	bool notice;      /* m.notice: grey, and never makes a sound */
	const char *thread; /* root; NULL or "": not in a thread */
	const char *latest; /* last event of that thread, for clients without threads; NULL: root */
	const char *mention; /* user to be called; NULL: nobody */
	const char *edits;   /* event whose words these replace; NULL: a message of its own */
};

/* text over MX_TEXT_MAX bytes is cut between two characters, with "…" at the end: the event must stay
 * below 64 KiB. */
#define MX_TEXT_MAX 16384
void mx_build_message(struct strbuf *out, const struct mx_message *message);
void mx_build_reaction(struct strbuf *out, const char *event_id, const char *key);
/* com.beeper.message_send_status, for clients that draw it. status: "SUCCESS", "PENDING",
 * "FAIL_PERMANENT". */
void mx_build_status(struct strbuf *out, const char *event_id, const char *status,
		     const char *reason, const char *words);

enum mx_room_kind { MX_ROOM_CONVERSATION, MX_ROOM_DESK, MX_ROOM_CONTROL, MX_ROOM_SPACE };

struct mx_plan { /* of a room */
	enum mx_room_kind kind;
	const char *alias; /* localpart of its alias, without '#'; NULL: none */
	const char *name;
	const char *topic;
	const char *version; /* "" the server's own choice */
	bool creators_rule;  /* room version 12 and later: creators must not be in `users` */
	bool federate;
	const char *bot;            /* user ids */
	const char *ghost;          /* NULL: none */
	const char *const *invited; /* people; of the control room they get the power to invite */
	size_t invited_n;
	bool muted;               /* only the bot and the ghost may speak */
	const char *contact_name; /* with a ghost, for the bridge information */
	const char *space;        /* room id of the space it is in; NULL: none */
	const char *server;       /* for "via" */
};

/* The body of POST /createRoom: private, invite-only, history for members since they were invited,
 * no guests, encryption and what an SMS cannot carry out of everybody's power, bridge information,
 * service members. */
void mx_build_create_room(struct strbuf *out, const struct mx_plan *plan);
/* The content of m.room.power_levels alone, to be put again when somebody or `muted` changed it. */
void mx_build_power_levels(struct strbuf *out, const struct mx_plan *plan);
void mx_build_space_child(struct strbuf *out, const char *server);

#endif
