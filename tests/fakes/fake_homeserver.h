/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A Matrix homeserver in memory behind the client of fakes/fake_http.c, for unit tests of the whole
 * network: rooms with their state, members and levels, aliases, events and reactions, transaction
 * ids that are known again. It answers as Synapse was seen to answer. A test includes
 * "fakes/fake_homeserver.c", after fake_http.c and fake_loop.c.
 *
 * Each call is one line, in the order in which they left: method, decoded path without
 * /_matrix/client/v3, and as whom where it is not the bot:
 *
 *   POST /createRoom
 *   PUT /rooms/!1:hs/send/m.room.message/EPOCH.7t as @_sms_a:hs
 *
 * /sync is not among them: it tells nothing, and is left open where it waits. A call is named by any
 * part of its line. Rooms are called !1:hs, !2:hs … and events $1, $2 …
 */
#ifndef FAKE_HOMESERVER_H
#define FAKE_HOMESERVER_H

#include "fakes/fake_http.h"

#include <cjson/cJSON.h>

struct fake_hs;

#define FAKE_HS_DROPPED 0        /* as a status: no answer comes */
#define FAKE_HS_DROPPED_AFTER -1 /* it is done, and no answer comes */

/* bot: its user id; its server is the one behind the colon. */
struct fake_hs *fake_hs_new(struct loop *loop, struct http_client *client, const char *bot);
void fake_hs_free(struct fake_hs *hs);

/* Serves all that is open and lets the loop turn, until nothing is left that is due now. */
void fake_hs_run(struct fake_hs *hs);
/* The same while ms pass. */
void fake_hs_wait(struct fake_hs *hs, int64_t ms);

/* The next n calls that are named like that, or have that in their body, are answered so and change
 * nothing. body NULL: "{}". */
void fake_hs_fail(struct fake_hs *hs, const char *named, int n, int status, const char *body);
void fake_hs_heal(struct fake_hs *hs); /* forgets what is left of those */
/* Calls that are named like that stay open until all are let go. */
void fake_hs_hold(struct fake_hs *hs, const char *named);
void fake_hs_release(struct fake_hs *hs);
/* What rooms are made as: "11" or "12". */
void fake_hs_set_version(struct fake_hs *hs, const char *version);

/* The lines since the last fake_hs_clear(), each with a line feed. */
const char *fake_hs_lines(struct fake_hs *hs);
void fake_hs_clear(struct fake_hs *hs);
size_t fake_hs_count(struct fake_hs *hs, const char *named);
/* The body of the last call that is named like that, "" when there is none. */
const char *fake_hs_body(struct fake_hs *hs, const char *named);

/* What others do. */
/* Makes a room as somebody else; with an alias (localpart), or NULL. Returns its id, borrowed. */
const char *fake_hs_room(struct fake_hs *hs, const char *creator, const char *alias);
void fake_hs_member(struct fake_hs *hs, const char *room, const char *user, const char *membership);
/* Puts state, without asking who may. key: "" mostly; content: JSON. */
void fake_hs_put(struct fake_hs *hs, const char *room, const char *sender, const char *type,
		 const char *key, const char *content);
/* The content of a state event as JSON, borrowed until the next call; "" when there is none. */
const char *fake_hs_state(struct fake_hs *hs, const char *room, const char *type, const char *key);
/* "join", "invite" …, "" when there never was anything. */
const char *fake_hs_membership(struct fake_hs *hs, const char *room, const char *user);
/* Adds an event of a user's and returns its id, borrowed. */
const char *fake_hs_event(struct fake_hs *hs, const char *room, const char *sender);
/* The keys of the reactions on an event that are not redacted, oldest first: "⏳✅". */
const char *fake_hs_reactions(struct fake_hs *hs, const char *event);
/* The rooms to which an alias leads, "" none. */
const char *fake_hs_alias(const struct fake_hs *hs, const char *alias);
size_t fake_hs_rooms(const struct fake_hs *hs);

#endif
