/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Places: opened, moved, and worked on. What is to be done next is always read from how things are
 * (place_work()), so that it does not matter in which order a room, a card, news of the bridge and
 * answers of the homeserver come.
 */
#include "base/crash.h"
#include "base/xalloc.h"
#include "chat/matrix/matrix_priv.h"

#include <string.h>

/* ---- what the bridge wants -------------------------------------------------------------------------------- */

static void take_wishes(struct mx_place *place, const struct chat_place *from)
{
	bool was_muted = place->muted;

	(void)mx_text_set(&place->title, from->title);
	(void)mx_text_set(&place->topic, from->topic);
	(void)mx_text_set(&place->contact_name, from->contact_name);
	mx_people_set(&place->members, from->members, from->member_n);
	if (place->kind == PLACE_CONVERSATION)
		mx_people_set(&place->m->inbox, from->inbox, from->inbox_n);
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
			mx_card_replace(place); /* the desk was upgraded; threads stay behind */
	}
}

void mx_place_open(struct matrix *m, const struct chat_place *from)
{
	struct mx_place *place = mx_place_find(m, from->id);
	bool fresh = !place;

	if (m->life != MX_UP)
		return; /* it will be asked for again when we are up */
	if (fresh)
		place = mx_place_new(m, from);
	take_wishes(place, from);
	if (fresh)
		find_room(place, from->address);
	place->touched |= place->room && place->room->state != MX_ROOM_READY;
	pass_wishes(place);
	mx_place_set_address(place);
	place->opening = true;
	mx_place_run(place);
}

void mx_place_update(struct matrix *m, const struct chat_place *from)
{
	struct mx_place *place = mx_place_find(m, from->id);

	if (!place)
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
	mx_done_tell(place->m);
	bridge_place_ready(place->m->host.bridge, matrix_name, place->id, place->at);
	mx_desk_arrived(place);
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
		if (mx_room_run(place->room) && !place->binding)
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
	mx_done_tell(place->m);
	bridge_place_lost(place->m->host.bridge, matrix_name, place->id, why);
}
