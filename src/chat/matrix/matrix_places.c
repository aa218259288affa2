/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Places: opened, moved, and worked on. What is to be done next is always read from how things are
 * (place_work()), so that it does not matter in which order a room, a card, news of the bridge and
 * answers of the homeserver come.
 */
#include "base/crash.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "chat/matrix/matrix_priv.h"

#include <search.h>
#include <string.h>

/* ---- addresses ----------------------------------------------------------------------------------------- */

void mx_address(struct strbuf *out, const char *room, const char *root)
{
	strbuf_addf(out, "%s%s%s", room, root[0] ? "/" : "", root);
}

bool mx_address_split(const char *address, char room[MX_ID_MAX], char root[MX_ID_MAX])
{
	size_t len = strcspn(address, "/");

	if (len == 0 || len >= MX_ID_MAX)
		return false;
	(void)memcpy(room, address, len);
	room[len] = '\0';
	return str_copy(root, MX_ID_MAX, address[len] ? address + len + 1 : "") && mx_is_room(room);
}

/* ---- the table ------------------------------------------------------------------------------------------ */

static int by_id(const void *a, const void *b)
{
	const struct mx_place *x = a;
	const struct mx_place *y = b;

	return (x->id.v > y->id.v) - (x->id.v < y->id.v);
}

static int by_address(const void *a, const void *b)
{
	const struct mx_place *x = a;
	const struct mx_place *y = b;

	return strcmp(x->at, y->at);
}

struct mx_place *mx_place_find(struct matrix *m, struct place_id id)
{
	struct mx_place key = {.id = id};
	void *found = tfind(&key, &m->places_by_id, by_id);

	return found ? *(struct mx_place **)found : NULL;
}

struct mx_place *mx_place_at(struct matrix *m, const char *room, const char *root)
{
	struct mx_place key = {0};
	STRBUF_AUTO(address);
	void *found;

	mx_address(&address, room, root);
	(void)STR_COPY(key.at, address.buf);
	found = tfind(&key, &m->places_by_address, by_address);
	return found ? *(struct mx_place **)found : NULL;
}

const char *mx_place_room_id(const struct mx_place *place)
{
	return place->room ? place->room->id : place->direct;
}

void mx_place_set_address(struct mx_place *place)
{
	struct matrix *m = place->m;
	STRBUF_AUTO(address);

	/* A desk by itself is nobody's place. */
	if (mx_place_room_id(place)[0] && (!place->threaded || place->root[0]))
		mx_address(&address, mx_place_room_id(place), place->root);
	if (strcmp(address.buf, place->at) == 0)
		return;
	if (place->at[0])
		(void)tdelete(place, &m->places_by_address, by_address);
	(void)STR_COPY(place->at, address.buf);
	if (place->at[0] && !tsearch(place, &m->places_by_address, by_address))
		BUG("no memory for a place");
}

static struct mx_place *place_new(struct matrix *m, const struct chat_place *from)
{
	struct mx_place *place = xcalloc(1, sizeof(*place));

	place->m = m;
	place->id = from->id;
	place->kind = from->kind;
	place->title = xstrdup("");
	place->topic = xstrdup("");
	place->contact_name = xstrdup("");
	STAILQ_INIT(&place->items);
	TAILQ_INSERT_TAIL(&m->places, place, link);
	if (!tsearch(place, &m->places_by_id, by_id))
		BUG("no memory for a place");
	return place;
}

void mx_place_free_all(struct matrix *m)
{
	struct mx_place *place;

	while ((place = TAILQ_FIRST(&m->places))) {
		TAILQ_REMOVE(&m->places, place, link);
		(void)tdelete(place, &m->places_by_id, by_id);
		if (place->at[0])
			(void)tdelete(place, &m->places_by_address, by_address);
		mx_items_free(place);
		mx_people_release(&place->members);
		free(place->title);
		free(place->topic);
		free(place->contact_name);
		free(place);
	}
	STAILQ_INIT(&m->due);
	loop_cancel(m->work);
	m->work = NULL;
}

void mx_places_of_room(struct mx_room *room, void (*fn)(struct mx_place *place, const char *why),
		       const char *why)
{
	struct mx_place *place;

	TAILQ_FOREACH(place, &room->m->places, link)
	{
		if (place->room == room)
			fn(place, why);
	}
}

void mx_places_change_room(const struct mx_room *from, struct mx_room *to)
{
	struct mx_place *place;

	TAILQ_FOREACH(place, &to->m->places, link)
	{
		if (place->room == from)
			place->room = to;
	}
}

/* ---- what the bridge wants -------------------------------------------------------------------------------- */

static void take_wishes(struct mx_place *place, const struct chat_place *from)
{
	bool was_muted = place->muted;

	(void)mx_text_set(&place->title, from->title);
	(void)mx_text_set(&place->topic, from->topic);
	(void)mx_text_set(&place->contact_name, from->contact_name);
	mx_people_set(&place->members, from->members, from->member_n);
	(void)STR_COPY(place->token, from->token);
	(void)STR_COPY(place->owner, from->owner);
	place->invite = from->invite;
	place->muted = from->muted;
	if (place->threaded && place->root[0] && was_muted != place->muted)
		mx_mark_own(place, place->root, place->muted ? MX_KEY_MUTED : "");
}

static void pass_wishes(struct mx_place *place)
{
	if (place->threaded)
		mx_desk_want(place);
	if (!place->room || place->threaded)
		return;
	mx_room_want(place->room, place->title, place->topic, &place->members, place->invite,
		     place->muted);
	mx_room_want_ghost(place->room, place->contact_name);
}

static struct mx_room *own_room(struct mx_place *place, const char *id)
{
	struct matrix *m = place->m;
	bool control = place->kind == PLACE_CONTROL;
	struct mx_room *room;
	STRBUF_AUTO(alias);

	strbuf_addf(&alias, "%s%s", m->cfg.prefix, place->token);
	room = mx_room_new(m, control ? MX_ROOM_CONTROL : MX_ROOM_CONVERSATION, alias.buf);
	if (control)
		m->control = room;
	else if (m->cfg.appservice)
		(void)snprintf(room->ghost, sizeof(room->ghost), "@%s:%s", alias.buf,
			       m->cfg.server);
	if (id[0])
		mx_room_set_id(room, id);
	return room;
}

static void find_room(struct mx_place *place, const char *address)
{
	struct matrix *m = place->m;
	char room[MX_ID_MAX] = "";

	if (!mx_address_split(address, room, place->root))
		room[0] = place->root[0] = '\0';
	if (place->kind == PLACE_DIRECT) {
		(void)STR_COPY(place->direct, room);
		return;
	}
	place->threaded = room[0] ? place->root[0] != '\0'
				  : m->cfg.threads && place->kind == PLACE_CONVERSATION;
	if (!place->threaded) {
		place->room = own_room(place, room);
	} else if (!room[0]) {
		mx_desk_choose(place);
	} else {
		place->room = mx_desk_at(m, room);
		if (strcmp(place->room->id, room) == 0)
			mx_card_load(place);
		else
			place->root[0] = '\0'; /* the desk was upgraded; threads stay behind */
	}
}

void mx_place_open(struct matrix *m, const struct chat_place *from)
{
	struct mx_place *place = mx_place_find(m, from->id);
	bool fresh = !place;

	if (m->life != MX_UP)
		return; /* it will be asked for again when we are up */
	if (fresh)
		place = place_new(m, from);
	take_wishes(place, from);
	if (fresh)
		find_room(place, from->address);
	place->touched |= place->room && place->room->state != MX_ROOM_READY;
	pass_wishes(place);
	mx_place_set_address(place);
	place->opening = true;
	place->ready = false;
	mx_place_run(place);
}

void mx_place_update(struct matrix *m, const struct chat_place *from)
{
	struct mx_place *place = mx_place_find(m, from->id);

	if (!place || place->kind == PLACE_DIRECT)
		return;
	take_wishes(place, from);
	pass_wishes(place);
	place->touched = true;
	mx_place_run(place);
}

/* ---- working on a place -------------------------------------------------------------------------------------- */

void mx_place_call(struct mx_place *place, const struct mx_call *call, mx_done_fn *done)
{
	place->busy = true;
	mx_http_call(place->m->http, call, done, place);
}

bool mx_place_answered(struct mx_place *place)
{
	bool matters = !place->void_call;

	place->busy = place->void_call = false;
	if (!matters)
		mx_place_run(place);
	return matters;
}

static void announce(struct mx_place *place)
{
	mx_place_set_address(place);
	place->opening = false;
	place->ready = true;
	crash_point("matrix.place_found");
	bridge_place_ready(place->m->host.bridge, matrix_name, place->id, place->at);
}

/* One whose id is known may be spoken in, and is looked at when there is something to say; who are
 * the organizers has to be known before they say anything. */
static bool room_is_known(const struct mx_place *place)
{
	return !place->room || (place->room->state == MX_ROOM_READY &&
				(place->kind != PLACE_CONTROL || place->room->checked));
}

static void place_work(struct mx_place *place)
{
	if (place->busy || (!place->opening && !place->ready))
		return;
	mx_desk_follow(place);
	if (!room_is_known(place)) {
		(void)mx_room_run(place->room);
		return;
	}
	if (place->threaded && !place->root[0]) {
		if (mx_room_run(place->room))
			mx_card_send(place);
		return;
	}
	if (place->opening)
		announce(place);
	if (place->room && (place->touched || !STAILQ_EMPTY(&place->items)) &&
	    !mx_room_run(place->room))
		return;
	place->touched = false;
	if (place->threaded && !mx_card_is_true(place))
		mx_card_edit(place);
	else if (!STAILQ_EMPTY(&place->items))
		mx_item_send(place);
}

static void work(void *arg)
{
	struct matrix *m = arg;
	struct mx_due_list due = STAILQ_HEAD_INITIALIZER(due);
	struct mx_place *place;

	m->work = NULL;
	STAILQ_CONCAT(&due, &m->due);
	while ((place = STAILQ_FIRST(&due))) {
		STAILQ_REMOVE_HEAD(&due, due_link);
		place->due = false;
		place_work(place);
	}
}

void mx_place_run(struct mx_place *place)
{
	struct matrix *m = place->m;

	if (!place->due)
		STAILQ_INSERT_TAIL(&m->due, place, due_link);
	place->due = true;
	if (!m->work)
		m->work = loop_after(m->host.loop, 0, work, m);
}

void mx_place_moved(struct mx_place *place, const char *why)
{
	(void)why;
	if (place->threaded)
		mx_card_drop(place);
	place->opening |= place->ready;
	place->touched = true;
	mx_place_set_address(place);
	mx_place_run(place);
}

void mx_place_lost(struct mx_place *place, const char *why)
{
	if (!place->opening && !place->ready)
		return;
	mx_items_free(place);
	place->void_call = place->busy;
	place->opening = place->ready = place->card_retried = false;
	if (place->threaded)
		mx_card_drop(place);
	mx_place_set_address(place);
	bridge_place_lost(place->m->host.bridge, matrix_name, place->id, why);
}
