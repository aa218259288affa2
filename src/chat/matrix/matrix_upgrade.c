/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Following a room that was replaced by another: we try to come in there, or wait to be asked in; it
 * must name ours as its predecessor. When nobody lets us in for a while, the room counts as lost,
 * and another one is made.
 */
#include "base/log.h"
#include "base/xalloc.h"
#include "chat/matrix/matrix_json.h"
#include "chat/matrix/matrix_priv.h"

#include <string.h>

#define WAIT_MS 600000

static void upgrade_end(struct mx_room *room)
{
	loop_cancel(room->upgrade);
	room->upgrade = NULL;
	room->replacement[0] = '\0';
}

static void on_create(const struct mx_reply *reply, void *arg)
{
	struct mx_room *room = arg;
	char id[MX_ID_MAX];
	const char *predecessor = mx_str(mx_get(reply->body, "predecessor"), "room_id");

	if (!mx_room_answered(room))
		return;
	if (reply->outcome != MX_OK || strcmp(predecessor, room->id) != 0) {
		mx_room_lost(room, "it was replaced by a room that is not its successor");
		return;
	}
	(void)STR_COPY(id, room->replacement);
	upgrade_end(room);
	mx_chores_free(room); /* they were for the old one */
	log_info("matrix.upgraded");
	room->checked = room->in_space = false;
	mx_room_set_id(room, id);
	mx_places_of_room(room, mx_place_moved, NULL);
	mx_room_done(room);
}

static void on_joined(const struct mx_reply *reply, void *arg)
{
	struct mx_room *room = arg;
	struct mx_call call = {.method = "GET"};
	STRBUF_AUTO(path);

	if (!mx_room_answered(room))
		return;
	if (reply->outcome != MX_OK) { /* an invitation may come, or has come meanwhile */
		mx_room_done(room);
		return;
	}
	mx_path(&path, "/_matrix/client/v3/rooms/{}/state/m.room.create", room->replacement);
	call.path = path.buf;
	mx_room_call(room, &call, on_create);
}

void mx_upgrade_join(struct mx_room *room)
{
	struct mx_call call = {.method = "POST", .limit = MX_LIMIT_JOIN};
	STRBUF_AUTO(path);

	room->knock = false;
	mx_path(&path, "/_matrix/client/v3/rooms/{}/join", room->replacement);
	call.path = path.buf;
	mx_room_call(room, &call, on_joined);
}

static void give_up(void *arg)
{
	struct mx_room *room = arg;
	STRBUF_AUTO(words);

	room->upgrade = NULL;
	strbuf_addf(&words,
		    "The room “%s” was replaced by another, into which nobody has let me. I make "
		    "a new one.",
		    room->name);
	bridge_chat_alert(room->m->host.bridge, matrix_name, words.buf);
	mx_room_lost(room, "it was replaced by a room into which we are not let");
}

void mx_upgrade_begin(struct mx_room *room, const char *replacement)
{
	if (room->replacement[0])
		return;
	if (!mx_is_room(replacement) || strlen(replacement) >= MX_ID_MAX) {
		mx_room_lost(room, "it was closed, and nothing is named in its place");
		return;
	}
	log_info("matrix.replaced");
	(void)STR_COPY(room->replacement, replacement);
	room->upgrade = loop_after(room->m->host.loop, WAIT_MS, give_up, room);
	room->knock = true;
	(void)mx_room_run(room);
}

bool mx_upgrade_invited(struct matrix *m, const char *id)
{
	struct mx_room *room;

	TAILQ_FOREACH(room, &m->rooms, link)
	{
		if (strcmp(room->replacement, id) != 0)
			continue;
		room->knock = true;
		(void)mx_room_run(room);
		return true;
	}
	return false;
}
