/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The life of a room of ours: made (matrix_make.c), looked at and put right (matrix_state.c) before
 * anything is said in it, lost (matrix_rooms.c). A room has one call under way at a time, so that
 * what follows from one answer is not overtaken by another.
 */
#include "base/log.h"
#include "base/xalloc.h"
#include "chat/matrix/matrix_json.h"
#include "chat/matrix/matrix_priv.h"

#include <string.h>

/* ---- how it should look ---------------------------------------------------------------------------- */

bool mx_text_set(char **text, const char *with)
{
	if (strcmp(*text, with) == 0)
		return false;
	free(*text);
	*text = xstrdup(with);
	return true;
}

void mx_room_want(struct mx_room *room, const char *name, const char *topic,
		  const struct mx_people *members, bool invite, bool muted)
{
	bool changed = !room->wanted || invite != room->invite || muted != room->muted;

	changed |= mx_text_set(&room->name, name);
	changed |= mx_text_set(&room->topic, topic);
	if (!mx_people_same(&room->members, (const char *const *)members->user, members->n)) {
		mx_people_set(&room->members, (const char *const *)members->user, members->n);
		changed = true;
	}
	room->invite = invite;
	room->muted = muted;
	room->wanted = true;
	if (changed)
		room->checked = false;
}

void mx_room_want_ghost(struct mx_room *room, const char *contact_name)
{
	if (room->ghost[0] && mx_text_set(&room->contact_name, contact_name))
		room->checked = false;
}

/* ---- calls ------------------------------------------------------------------------------------------- */

void mx_room_call(struct mx_room *room, const struct mx_call *call, mx_done_fn *done)
{
	room->busy = true;
	mx_http_call(room->m->http, call, done, room);
}

bool mx_room_answered(struct mx_room *room)
{
	bool matters = !room->void_call;

	room->busy = room->void_call = false;
	if (!matters)
		mx_room_done(room);
	return matters;
}

/* ---- trying again ------------------------------------------------------------------------------------ */

#define PAUSE_MS 1000
#define PAUSES_MAX 6 /* 64 s */
#define ALERT_AFTER 3

static void on_retry(void *arg)
{
	struct mx_room *room = arg;

	room->retry = NULL;
	mx_room_done(room);
}

void mx_room_pause(struct mx_room *room, const char *what, const struct mx_reply *reply)
{
	unsigned doublings;
	STRBUF_AUTO(words);

	room->state = room->id[0] ? MX_ROOM_READY : MX_ROOM_NEW;
	room->failures++;
	log_warn("matrix.unmade step=%s status=%d why=%s", what, reply->status,
		 log_quote(reply->error));
	if (room->failures == ALERT_AFTER) {
		strbuf_addf(&words, "The Matrix server does not let me prepare a room (%s): %s",
			    what, reply->error);
		bridge_chat_alert(room->m->host.bridge, matrix_name, words.buf);
	}
	doublings = room->failures < PAUSES_MAX ? room->failures : PAUSES_MAX;
	room->retry = loop_after(room->m->host.loop, PAUSE_MS << doublings, on_retry, room);
}

/* ---- looking at it ----------------------------------------------------------------------------------- */

/* M_USER_SUSPENDED and the like: it would be so in any room. */
static bool is_about_us(const struct mx_reply *reply)
{
	return strncmp(reply->errcode, "M_USER_", 7) == 0;
}

static void on_joined(const struct mx_reply *reply, void *arg)
{
	struct mx_room *room = arg;

	if (!mx_room_answered(room))
		return;
	if (reply->outcome == MX_OK) {
		room->rejoined = true;
		mx_room_done(room);
	} else if ((reply->outcome == MX_FORBIDDEN && !is_about_us(reply)) ||
		   reply->outcome == MX_NOT_FOUND) {
		mx_room_lost(room, "we are not in it any more");
	} else {
		mx_room_pause(room, "coming into it again", reply);
	}
}

static void join(struct mx_room *room)
{
	struct mx_call call = {.method = "POST", .limit = MX_LIMIT_JOIN};
	STRBUF_AUTO(path);

	mx_path(&path, "/_matrix/client/v3/rooms/{}/join", room->id);
	call.path = path.buf;
	mx_room_call(room, &call, on_joined);
}

static void on_state(const struct mx_reply *reply, void *arg)
{
	struct mx_room *room = arg;

	if (!mx_room_answered(room))
		return;
	if (reply->outcome == MX_FORBIDDEN || reply->outcome == MX_NOT_FOUND) {
		if (room->rejoined)
			mx_room_lost(room, "we are in it and see nothing of it");
		else
			join(room);
		return;
	}
	room->rejoined = false;
	room->failures = 0;
	room->checked = !room->doubted; /* may be unset again by what is found */
	if (reply->outcome == MX_OK && cJSON_IsArray(reply->body))
		mx_state_compare(room, reply->body);
	else
		log_warn("matrix.unseen status=%d why=%s", reply->status, log_quote(reply->error));
	mx_room_done(room);
}

void mx_room_doubt(struct mx_room *room)
{
	room->checked = false;
	room->doubted = true;
}

static void look(struct mx_room *room)
{
	struct mx_call call = {.method = "GET"};
	STRBUF_AUTO(path);

	room->doubted = false;
	mx_path(&path, "/_matrix/client/v3/rooms/{}/state", room->id);
	call.path = path.buf;
	mx_room_call(room, &call, on_state);
}

/* ---- what is next -------------------------------------------------------------------------------------- */

bool mx_room_run(struct mx_room *room)
{
	if (room->busy || room->retry || room->state == MX_ROOM_MAKING)
		return false;
	if (room->upgrade) {
		if (room->knock)
			mx_upgrade_join(room);
		return false;
	}
	if (room->state == MX_ROOM_NEW) {
		mx_room_make(room);
		return false;
	}
	if (!STAILQ_EMPTY(&room->chores)) {
		mx_chore_run(room);
		return false;
	}
	if (!room->checked && (room->wanted || room->doubted)) {
		look(room);
		return false;
	}
	if (room->ghost[0] && !room->ghost_ready) {
		mx_ghost_make(room);
		return false;
	}
	return true;
}

static void run_place(struct mx_place *place, const char *why)
{
	(void)why;
	mx_place_run(place);
}

void mx_room_done(struct mx_room *room)
{
	bool space = room == room->m->space;

	/* Chores are done for their own sake: nobody may be waiting to speak. */
	if ((space || room->knock || !STAILQ_EMPTY(&room->chores)) && !mx_room_run(room))
		return;
	mx_places_of_room(room, run_place, NULL);
	if (space)
		mx_space_ready(room->m);
}
