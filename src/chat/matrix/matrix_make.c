/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The chain of calls that makes a room: the ghost is registered and named, the room is created
 * under an alias of ours, the ghost comes in. People are asked in afterwards, one by one
 * (matrix_state.c), so that one who cannot be asked does not spoil the room.
 *
 * The alias makes it safe to repeat: when we died after the room was made and before its id was
 * stored, the alias is in use and leads to it. Where aliases are not allowed there is none, and such
 * a death leaves an empty room behind.
 */
#include "base/crash.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "chat/matrix/matrix_json.h"
#include "chat/matrix/matrix_priv.h"

#include <string.h>

static void create(struct mx_room *room);

void mx_room_plan(const struct mx_room *room, struct mx_plan *out)
{
	const struct matrix *m = room->m;

	*out = (struct mx_plan){
		.kind = room->kind,
		.alias = room->alias[0] ? room->alias : NULL,
		.name = room->name,
		.topic = room->topic,
		.version = m->cfg.room_version,
		.creators_rule = m->creators_rule,
		.federate = m->cfg.federate,
		.bot = m->cfg.bot,
		.ghost = room->ghost[0] ? room->ghost : NULL,
		.invited = (const char *const *)room->members.user,
		.invited_n = room->members.n,
		.muted = room->muted,
		.contact_name = room->contact_name,
		.space = m->space && m->space->id[0] && room != m->space ? m->space->id : NULL,
		.server = m->cfg.server,
	};
}

/* ---- the ghost ------------------------------------------------------------------------------------- */

static void ghost_joined(const struct mx_reply *reply, void *arg)
{
	struct mx_room *room = arg;

	if (!mx_room_answered(room))
		return;
	/* It may still be brought in when the room is looked at. */
	if (reply->outcome != MX_OK)
		log_warn("matrix.ghost_outside why=%s", log_quote(reply->error));
	mx_room_done(room);
}

static void ghost_join(struct mx_room *room)
{
	struct mx_call call = {.method = "POST", .as = room->ghost, .limit = MX_LIMIT_JOIN};
	STRBUF_AUTO(path);

	mx_path(&path, "/_matrix/client/v3/rooms/{}/join", room->id);
	call.path = path.buf;
	mx_room_call(room, &call, ghost_joined);
}

static void ghost_named(const struct mx_reply *reply, void *arg)
{
	struct mx_room *room = arg;

	if (!mx_room_answered(room))
		return;
	if (reply->outcome != MX_OK)
		log_warn("matrix.ghost_unnamed why=%s", log_quote(reply->error));
	room->ghost_ready = true;
	if (room->state == MX_ROOM_MAKING)
		create(room);
	else
		mx_room_done(room);
}

static void ghost_device(const struct mx_reply *reply, void *arg)
{
	struct mx_room *room = arg;
	struct mx_call call = {.method = "PUT", .as = room->ghost};
	STRBUF_AUTO(path);
	STRBUF_AUTO(body);

	(void)reply; /* where there are no devices, there is no need for one */
	if (!mx_room_answered(room))
		return;
	mx_path(&path, "/_matrix/client/v3/profile/{}/displayname", room->ghost);
	mx_build_one(&body, "displayname", room->contact_name);
	call.path = path.buf;
	call.body = body.buf;
	mx_room_call(room, &call, ghost_named);
}

static void ghost_registered(const struct mx_reply *reply, void *arg)
{
	struct mx_room *room = arg;
	struct mx_call call = {.method = "PUT",
			       .path = "/_matrix/client/v3/devices/" MX_DEVICE,
			       .body = "{}",
			       .as = room->ghost};

	if (!mx_room_answered(room))
		return;
	crash_point("matrix.ghost_registered");
	if (reply->outcome == MX_OK || reply->outcome == MX_ALREADY)
		mx_room_call(room, &call, ghost_device);
	else
		mx_room_pause(room, "registering the contact's user", reply);
}

void mx_ghost_make(struct mx_room *room)
{
	struct mx_call call = {.method = "POST", .path = "/_matrix/client/v3/register", .as = ""};
	STRBUF_AUTO(body);

	mx_build_register(&body, room->ghost);
	call.body = body.buf;
	mx_room_call(room, &call, ghost_registered);
}

/* ---- the room --------------------------------------------------------------------------------------- */

static void made(struct mx_room *room, const char *id)
{
	crash_point("matrix.room_made");
	mx_room_set_id(room, id);
	crash_point("matrix.room_kept");
	if (room->ghost[0])
		ghost_join(room);
	else
		mx_room_done(room);
}

static void alias_freed(const struct mx_reply *reply, void *arg)
{
	struct mx_room *room = arg;

	if (!mx_room_answered(room))
		return;
	if (reply->outcome != MX_OK) {
		log_warn("matrix.alias_stuck why=%s", log_quote(reply->error));
		room->alias[0] = '\0';
	}
	create(room);
}

static void alias_path(const struct mx_room *room, struct strbuf *path)
{
	STRBUF_AUTO(alias);

	strbuf_addf(&alias, "#%s:%s", room->alias, room->m->cfg.server);
	mx_path(path, "/_matrix/client/v3/directory/room/{}", alias.buf);
}

static bool made_by_us(const struct matrix *m, const struct cJSON *state)
{
	const struct cJSON *event;

	cJSON_ArrayForEach (event, state) {
		if (strcmp(mx_str(event, "type"), "m.room.create") == 0)
			return strcmp(mx_str(event, "sender"), m->cfg.bot) == 0;
	}
	return false;
}

/* Its state is told to those who are in it, as we are in what we made. */
static void alias_seen(const struct mx_reply *reply, void *arg)
{
	struct mx_room *room = arg;

	if (!mx_room_answered(room))
		return;
	if (reply->outcome == MX_OK && made_by_us(room->m, reply->body) &&
	    !mx_room_is_of_another(room, room->found)) {
		made(room, room->found);
	} else if (reply->outcome == MX_REFUSED) {
		mx_room_pause(room, "looking at what has its alias", reply);
	} else {
		log_warn("matrix.alias_taken alias=%s", log_quote(room->alias));
		room->alias[0] = '\0';
		create(room);
	}
}

/* A bot's alias anybody may have made, for a room to lure us into, or for a room of ours that others
 * are in; a service's nobody else. */
static void take_found(struct mx_room *room, const char *id)
{
	struct mx_call call = {.method = "GET"};
	STRBUF_AUTO(path);

	log_info("matrix.room_found alias=%s", log_quote(room->alias));
	if (room->m->cfg.appservice) {
		made(room, id);
		return;
	}
	(void)STR_COPY(room->found, id);
	mx_path(&path, "/_matrix/client/v3/rooms/{}/state", id);
	call.path = path.buf;
	mx_room_call(room, &call, alias_seen);
}

/* The alias is taken: by the room that we made before we died, or by one that is lost. */
static void alias_found(const struct mx_reply *reply, void *arg)
{
	struct mx_room *room = arg;
	const char *id = mx_str(reply->body, "room_id");
	struct mx_call call = {.method = "DELETE"};
	STRBUF_AUTO(path);

	if (!mx_room_answered(room))
		return;
	if (reply->outcome == MX_OK && mx_is_room(id) && strcmp(id, room->dead) != 0) {
		take_found(room, id);
	} else if (reply->outcome == MX_REFUSED) { /* it may lead to a room of ours */
		mx_room_pause(room, "finding it by its alias", reply);
	} else {
		alias_path(room, &path);
		call.path = path.buf;
		mx_room_call(room, &call, alias_freed);
	}
}

static void created(const struct mx_reply *reply, void *arg)
{
	struct mx_room *room = arg;
	const char *id = mx_str(reply->body, "room_id");
	struct mx_call call = {.method = "GET"};
	STRBUF_AUTO(path);

	if (!mx_room_answered(room))
		return;
	if (reply->outcome == MX_OK && mx_is_room(id)) {
		made(room, id);
	} else if (reply->outcome == MX_ALREADY && room->alias[0]) {
		alias_path(room, &path);
		call.path = path.buf;
		mx_room_call(room, &call, alias_found);
	} else if (reply->outcome == MX_FORBIDDEN && room->alias[0] && !room->m->cfg.appservice) {
		room->alias[0] = '\0'; /* users may not make any there */
		create(room);
	} else {
		mx_room_pause(room, "creating it", reply);
	}
}

static void create(struct mx_room *room)
{
	struct mx_call call = {.method = "POST",
			       .path = "/_matrix/client/v3/createRoom",
			       .limit = MX_LIMIT_CREATE};
	struct mx_plan plan;
	STRBUF_AUTO(body);

	mx_room_plan(room, &plan);
	mx_build_create_room(&body, &plan);
	call.body = body.buf;
	mx_room_call(room, &call, created);
}

void mx_room_make(struct mx_room *room)
{
	room->state = MX_ROOM_MAKING;
	if (room->ghost[0] && !room->ghost_ready)
		mx_ghost_make(room);
	else
		create(room);
}
