/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which rooms there are, by id, and which of them are remembered; how one is let go. When that
 * happens while a call is under way, the answer is waited for and thrown away.
 *
 * Kept: under a room's `keep` its id, and under "room ID" its `keep`.
 */
#include "base/log.h"
#include "base/xalloc.h"
#include "chat/matrix/matrix_priv.h"

#include <search.h>
#include <string.h>

static int by_id(const void *a, const void *b)
{
	const struct mx_room *x = a;
	const struct mx_room *y = b;

	return strcmp(x->id, y->id);
}

struct mx_room *mx_room_find(struct matrix *m, const char *id)
{
	struct mx_room key = {0};
	void *found;

	(void)STR_COPY(key.id, id);
	found = id[0] ? tfind(&key, &m->rooms_by_id, by_id) : NULL;
	return found ? *(struct mx_room **)found : NULL;
}

static void forget_id(struct mx_room *room)
{
	if (room->id[0])
		(void)tdelete(room, &room->m->rooms_by_id, by_id);
	room->id[0] = '\0';
}

struct mx_room *mx_room_new(struct matrix *m, enum mx_room_kind kind, const char *alias)
{
	struct mx_room *room = xcalloc(1, sizeof(*room));

	room->m = m;
	room->kind = kind;
	room->name = xstrdup("");
	room->topic = xstrdup("");
	room->contact_name = xstrdup("");
	(void)STR_COPY(room->alias, alias);
	STAILQ_INIT(&room->chores);
	TAILQ_INSERT_TAIL(&m->rooms, room, link);
	return room;
}

static void kept_key(struct strbuf *out, const char *id)
{
	strbuf_addf(out, "room %s", id);
}

bool mx_room_is_of_another(const struct mx_room *room, const char *id)
{
	struct bridge *bridge = room->m->host.bridge;
	const struct mx_room *known = mx_room_find(room->m, id);
	char keep[sizeof(room->keep)];
	struct place_id place;
	STRBUF_AUTO(key);

	if (known)
		return known != room;
	kept_key(&key, id);
	bridge_chat_kept(bridge, matrix_name, key.buf, keep, sizeof(keep));
	/* A place that cannot be read may be it. */
	return (keep[0] && strcmp(keep, room->keep) != 0) ||
	       bridge_place_find(bridge, matrix_name, PLACE_CONVERSATION, id, &place) != 0 ||
	       bridge_place_find(bridge, matrix_name, PLACE_CONTROL, id, &place) != 0;
}

/* Remembers which room it is, and of a room what it is for. */
static void keep_id(struct mx_room *room)
{
	struct bridge *bridge = room->m->host.bridge;
	STRBUF_AUTO(key);

	if (!room->keep[0])
		return;
	kept_key(&key, room->id);
	(void)bridge_chat_keep(bridge, matrix_name, room->keep, room->id);
	(void)bridge_chat_keep(bridge, matrix_name, key.buf, room->keep);
}

static void let_go(struct mx_room *room)
{
	forget_id(room);
	mx_chores_free(room);
	loop_cancel(room->upgrade);
	room->upgrade = NULL;
	room->knock = false;
	room->replacement[0] = '\0';
	room->state = MX_ROOM_NEW;
	room->checked = room->rejoined = room->in_space = false;
	room->void_call = room->busy;
}

void mx_room_set_id(struct mx_room *room, const char *id)
{
	bool known = strcmp(room->id, id) == 0;
	struct mx_room *other = known ? NULL : mx_room_find(room->m, id);

	if (other) { /* of which nothing but the id was known */
		mx_places_change_room(other, room);
		let_go(other);
	}
	if (!known) {
		forget_id(room);
		(void)STR_COPY(room->id, id);
		if (!tsearch(room, &room->m->rooms_by_id, by_id))
			BUG("no memory for a room");
	}
	room->state = MX_ROOM_READY;
	room->failures = 0;
	if (!known)
		keep_id(room);
}

void mx_room_free_all(struct matrix *m)
{
	struct mx_room *room;

	while ((room = TAILQ_FIRST(&m->rooms))) {
		TAILQ_REMOVE(&m->rooms, room, link);
		forget_id(room);
		mx_chores_free(room);
		loop_cancel(room->retry);
		loop_cancel(room->upgrade);
		mx_people_release(&room->members);
		free(room->name);
		free(room->topic);
		free(room->contact_name);
		free(room);
	}
	m->control = NULL;
	m->space = NULL;
}

void mx_room_lost(struct mx_room *room, const char *why)
{
	STRBUF_AUTO(key);

	if (room->state == MX_ROOM_NEW)
		return;
	log_warn("matrix.room_lost why=%s", log_quote(why));
	if (room->id[0] && room->keep[0]) {
		kept_key(&key, room->id);
		(void)bridge_chat_keep(room->m->host.bridge, matrix_name, room->keep, "");
		(void)bridge_chat_keep(room->m->host.bridge, matrix_name, key.buf, "");
	}
	if (room->id[0])
		(void)STR_COPY(room->dead, room->id);
	let_go(room);
	if (room == room->m->space)
		mx_space_lost(room->m);
	mx_places_of_room(room, mx_place_lost, why);
}
