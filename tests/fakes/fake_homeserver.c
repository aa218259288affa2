/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A homeserver in memory; see fake_homeserver.h. */
#include "fakes/fake_homeserver.h"

#include "base/strbuf.h"
#include "base/xalloc.h"
#include "fakes/fake_loop.h"
#include "http/percent.h"

#include <stdio.h>
#include <string.h>

#define FAKE_HS_MAX 64
#define FAKE_HS_PARTS 6

struct fake_hs_room {
	char id[64];
	char *creator;
	char *version;
	char *alias; /* with # and server, NULL none */
	cJSON *state;
};

struct fake_hs_event {
	char id[32];
	char *room;
	char *sender;
	char *on;  /* of a reaction: the event */
	char *key; /* and its key */
	char *txn; /* the path it was put at, NULL: none */
	bool redacted;
};

struct fake_hs_fault {
	char *named;
	int n;
	int status;
	char *body;
};

struct fake_hs_name {
	char *user;
	char *name;
};

struct fake_hs {
	struct loop *loop;
	struct http_client *client;
	char *bot;
	const char *server;
	const char *version;
	struct fake_hs_room *rooms[FAKE_HS_MAX];
	size_t room_n;
	struct fake_hs_event **events;
	size_t event_n;
	struct fake_hs_name names[FAKE_HS_MAX];
	size_t name_n;
	struct fake_hs_fault faults[FAKE_HS_MAX];
	size_t fault_n;
	char *held[FAKE_HS_MAX];
	size_t held_n;
	size_t seen;   /* calls of the client that were looked at */
	char **lines;  /* of each of them, NULL: /sync */
	char **bodies; /* of each of them */
	size_t from;   /* the first line that counts */
	struct strbuf all;
	struct strbuf text;
};

/* One call, cut up: "/rooms/{0}/{1}/…" */
struct fake_hs_call {
	const char *method;
	char *parts[FAKE_HS_PARTS];
	size_t n;
	char *path;
	char *as;
	cJSON *body;
};

struct fake_hs_answer {
	int status;
	struct strbuf body;
};

/* ---- life ----------------------------------------------------------------------------------------- */

struct fake_hs *fake_hs_new(struct loop *loop, struct http_client *client, const char *bot)
{
	struct fake_hs *hs = xcalloc(1, sizeof(*hs));

	hs->loop = loop;
	hs->client = client;
	hs->bot = xstrdup(bot);
	hs->server = strchr(hs->bot, ':') + 1;
	hs->version = "11";
	strbuf_init(&hs->all);
	strbuf_init(&hs->text);
	return hs;
}

static void fake_hs_event_free(struct fake_hs_event *event)
{
	free(event->room);
	free(event->sender);
	free(event->on);
	free(event->key);
	free(event->txn);
	free(event);
}

void fake_hs_heal(struct fake_hs *hs)
{
	for (size_t i = 0; i < hs->fault_n; i++) {
		free(hs->faults[i].named);
		free(hs->faults[i].body);
	}
	hs->fault_n = 0;
}

void fake_hs_release(struct fake_hs *hs)
{
	for (size_t i = 0; i < hs->held_n; i++)
		free(hs->held[i]);
	hs->held_n = 0;
}

void fake_hs_free(struct fake_hs *hs)
{
	for (size_t i = 0; i < hs->room_n; i++) {
		free(hs->rooms[i]->creator);
		free(hs->rooms[i]->version);
		free(hs->rooms[i]->alias);
		cJSON_Delete(hs->rooms[i]->state);
		free(hs->rooms[i]);
	}
	for (size_t i = 0; i < hs->event_n; i++)
		fake_hs_event_free(hs->events[i]);
	for (size_t i = 0; i < hs->name_n; i++) {
		free(hs->names[i].user);
		free(hs->names[i].name);
	}
	for (size_t i = 0; i < hs->seen; i++) {
		free(hs->lines[i]);
		free(hs->bodies[i]);
	}
	fake_hs_heal(hs);
	fake_hs_release(hs);
	free(hs->events);
	free(hs->lines);
	free(hs->bodies);
	free(hs->bot);
	strbuf_release(&hs->all);
	strbuf_release(&hs->text);
	free(hs);
}

void fake_hs_set_version(struct fake_hs *hs, const char *version)
{
	hs->version = version;
}

static void fake_hs_check(size_t n)
{
	if (n == FAKE_HS_MAX)
		BUG("more than %d of a kind", FAKE_HS_MAX);
}

void fake_hs_fail(struct fake_hs *hs, const char *named, int n, int status, const char *body)
{
	fake_hs_check(hs->fault_n);
	hs->faults[hs->fault_n++] =
		(struct fake_hs_fault){xstrdup(named), n, status, xstrdup(body ? body : "{}")};
}

void fake_hs_hold(struct fake_hs *hs, const char *named)
{
	fake_hs_check(hs->held_n);
	hs->held[hs->held_n++] = xstrdup(named);
}

/* ---- JSON ------------------------------------------------------------------------------------------ */

static const cJSON *fake_hs_get(const cJSON *object, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(object, key);
}

static const char *fake_hs_str(const cJSON *object, const char *key)
{
	const cJSON *item = fake_hs_get(object, key);

	return cJSON_IsString(item) ? item->valuestring : "";
}

static int fake_hs_number(const cJSON *object, const char *key, int otherwise)
{
	const cJSON *item = fake_hs_get(object, key);

	return cJSON_IsNumber(item) ? item->valueint : otherwise;
}

/* ---- rooms ----------------------------------------------------------------------------------------- */

static struct fake_hs_room *fake_hs_find(const struct fake_hs *hs, const char *id)
{
	for (size_t i = 0; i < hs->room_n; i++) {
		if (strcmp(hs->rooms[i]->id, id) == 0)
			return hs->rooms[i];
	}
	return NULL;
}

static cJSON *fake_hs_state_of(const struct fake_hs_room *room, const char *type, const char *key)
{
	cJSON *event;

	cJSON_ArrayForEach (event, room->state) {
		if (strcmp(fake_hs_str(event, "type"), type) == 0 &&
		    strcmp(fake_hs_str(event, "state_key"), key) == 0)
			return event;
	}
	return NULL;
}

static void fake_hs_set(struct fake_hs_room *room, const char *sender, const char *type,
			const char *key, const cJSON *content)
{
	cJSON *event = cJSON_CreateObject();
	cJSON *before = fake_hs_state_of(room, type, key);

	if (before)
		cJSON_Delete(cJSON_DetachItemViaPointer(room->state, before));
	cJSON_AddStringToObject(event, "type", type);
	cJSON_AddStringToObject(event, "state_key", key);
	cJSON_AddStringToObject(event, "sender", sender);
	cJSON_AddItemToObject(event, "content", cJSON_Duplicate(content, true));
	cJSON_AddItemToArray(room->state, event);
}

static void fake_hs_set_text(struct fake_hs_room *room, const char *type, const char *key,
			     const char *value)
{
	cJSON *content = cJSON_CreateObject();

	cJSON_AddStringToObject(content, key, value);
	fake_hs_set(room, room->creator, type, "", content);
	cJSON_Delete(content);
}

static const char *fake_hs_name_of(const struct fake_hs *hs, const char *user)
{
	for (size_t i = 0; i < hs->name_n; i++) {
		if (strcmp(hs->names[i].user, user) == 0)
			return hs->names[i].name;
	}
	return "";
}

static const char *fake_hs_is(const struct fake_hs_room *room, const char *user)
{
	return fake_hs_str(fake_hs_get(fake_hs_state_of(room, "m.room.member", user), "content"),
			   "membership");
}

static void fake_hs_move(struct fake_hs *hs, struct fake_hs_room *room, const char *user,
			 const char *membership)
{
	cJSON *content = cJSON_CreateObject();

	cJSON_AddStringToObject(content, "membership", membership);
	if (fake_hs_name_of(hs, user)[0])
		cJSON_AddStringToObject(content, "displayname", fake_hs_name_of(hs, user));
	fake_hs_set(room, user, "m.room.member", user, content);
	cJSON_Delete(content);
}

static struct fake_hs_room *fake_hs_make(struct fake_hs *hs, const char *creator)
{
	struct fake_hs_room *room = xcalloc(1, sizeof(*room));
	cJSON *content = cJSON_CreateObject();

	fake_hs_check(hs->room_n);
	(void)snprintf(room->id, sizeof(room->id), "!%zu:%s", hs->room_n + 1, hs->server);
	hs->rooms[hs->room_n++] = room;
	room->creator = xstrdup(creator);
	room->version = xstrdup(hs->version);
	room->state = cJSON_CreateArray();
	cJSON_AddStringToObject(content, "room_version", room->version);
	fake_hs_set(room, creator, "m.room.create", "", content);
	cJSON_Delete(content);
	fake_hs_move(hs, room, creator, "join");
	return room;
}

/* What somebody may do there; creators of version 12 may do everything. */
static int fake_hs_level(const struct fake_hs_room *room, const char *user)
{
	const cJSON *levels =
		fake_hs_get(fake_hs_state_of(room, "m.room.power_levels", ""), "content");

	if (strcmp(room->creator, user) == 0 && (!levels || strcmp(room->version, "12") == 0))
		return 1000;
	return fake_hs_number(fake_hs_get(levels, "users"), user,
			      fake_hs_number(levels, "users_default", 0));
}

static bool fake_hs_may(const struct fake_hs_room *room, const char *user, const char *type,
			const char *otherwise)
{
	const cJSON *levels =
		fake_hs_get(fake_hs_state_of(room, "m.room.power_levels", ""), "content");

	return strcmp(fake_hs_is(room, user), "join") == 0 &&
	       fake_hs_level(room, user) >= fake_hs_number(fake_hs_get(levels, "events"), type,
							   fake_hs_number(levels, otherwise, 0));
}

/* ---- what others do -------------------------------------------------------------------------------- */

static char *fake_hs_whole_alias(const struct fake_hs *hs, const char *local)
{
	STRBUF_AUTO(alias);

	strbuf_addf(&alias, "#%s:%s", local, hs->server);
	return strbuf_detach(&alias, NULL);
}

const char *fake_hs_room(struct fake_hs *hs, const char *creator, const char *alias)
{
	struct fake_hs_room *room = fake_hs_make(hs, creator);

	room->alias = alias ? fake_hs_whole_alias(hs, alias) : NULL;
	return room->id;
}

void fake_hs_member(struct fake_hs *hs, const char *room, const char *user, const char *membership)
{
	fake_hs_move(hs, fake_hs_find(hs, room), user, membership);
}

void fake_hs_put(struct fake_hs *hs, const char *room, const char *sender, const char *type,
		 const char *key, const char *content)
{
	cJSON *json = cJSON_Parse(content);

	fake_hs_set(fake_hs_find(hs, room), sender, type, key, json);
	cJSON_Delete(json);
}

const char *fake_hs_state(struct fake_hs *hs, const char *room, const char *type, const char *key)
{
	const cJSON *event = fake_hs_state_of(fake_hs_find(hs, room), type, key);
	char *text = event ? cJSON_PrintUnformatted(fake_hs_get(event, "content")) : NULL;

	strbuf_reset(&hs->text);
	strbuf_adds(&hs->text, text ? text : "");
	cJSON_free(text);
	return hs->text.buf;
}

const char *fake_hs_membership(struct fake_hs *hs, const char *room, const char *user)
{
	return fake_hs_is(fake_hs_find(hs, room), user);
}

static struct fake_hs_event *fake_hs_event_add(struct fake_hs *hs, const char *room,
					       const char *sender)
{
	struct fake_hs_event *event = xcalloc(1, sizeof(*event));

	hs->events = xreallocarray(hs->events, hs->event_n + 1, sizeof(struct fake_hs_event *));
	hs->events[hs->event_n++] = event;
	(void)snprintf(event->id, sizeof(event->id), "$%zu", hs->event_n);
	event->room = xstrdup(room);
	event->sender = xstrdup(sender);
	return event;
}

const char *fake_hs_event(struct fake_hs *hs, const char *room, const char *sender)
{
	return fake_hs_event_add(hs, room, sender)->id;
}

static struct fake_hs_event *fake_hs_event_find(const struct fake_hs *hs, const char *room,
						const char *id)
{
	for (size_t i = 0; i < hs->event_n; i++) {
		if (strcmp(hs->events[i]->id, id) == 0 && strcmp(hs->events[i]->room, room) == 0)
			return hs->events[i];
	}
	return NULL;
}

const char *fake_hs_reactions(struct fake_hs *hs, const char *event)
{
	strbuf_reset(&hs->text);
	for (size_t i = 0; i < hs->event_n; i++) {
		const struct fake_hs_event *e = hs->events[i];

		if (e->on && !e->redacted && strcmp(e->on, event) == 0)
			strbuf_adds(&hs->text, e->key);
	}
	return hs->text.buf;
}

const char *fake_hs_alias(const struct fake_hs *hs, const char *alias)
{
	AUTO_FREE char *whole = fake_hs_whole_alias(hs, alias);

	for (size_t i = 0; i < hs->room_n; i++) {
		if (hs->rooms[i]->alias && strcmp(hs->rooms[i]->alias, whole) == 0)
			return hs->rooms[i]->id;
	}
	return "";
}

size_t fake_hs_rooms(const struct fake_hs *hs)
{
	return hs->room_n;
}

/* ---- answers ---------------------------------------------------------------------------------------- */

static void fake_hs_refuse(struct fake_hs_answer *out, int status, const char *code,
			   const char *words)
{
	out->status = status;
	strbuf_reset(&out->body);
	strbuf_addf(&out->body, "{\"errcode\":\"%s\",\"error\":\"%s\"}", code, words);
}

static void fake_hs_say(struct fake_hs_answer *out, const char *key, const char *value)
{
	strbuf_reset(&out->body);
	strbuf_addf(&out->body, "{\"%s\":\"%s\"}", key, value);
}

static void fake_hs_create(struct fake_hs *hs, const struct fake_hs_call *call,
			   struct fake_hs_answer *out)
{
	const char *local = fake_hs_str(call->body, "room_alias_name");
	const cJSON *levels = fake_hs_get(call->body, "power_level_content_override");
	bool named = fake_hs_get(fake_hs_get(levels, "users"), call->as) != NULL;
	struct fake_hs_room *room;
	const cJSON *item;

	if (local[0] && fake_hs_alias(hs, local)[0]) {
		fake_hs_refuse(out, 400, "M_ROOM_IN_USE", "Room alias already taken");
		return;
	}
	if (named == (strcmp(hs->version, "12") == 0)) {
		fake_hs_refuse(out, 400, "M_BAD_JSON", "users and the creator");
		return;
	}
	room = fake_hs_make(hs, call->as);
	room->alias = local[0] ? fake_hs_whole_alias(hs, local) : NULL;
	fake_hs_set(room, call->as, "m.room.power_levels", "", levels);
	cJSON_ArrayForEach (item, fake_hs_get(call->body, "initial_state"))
		fake_hs_set(room, call->as, fake_hs_str(item, "type"),
			    fake_hs_str(item, "state_key"), fake_hs_get(item, "content"));
	fake_hs_set_text(room, "m.room.name", "name", fake_hs_str(call->body, "name"));
	if (fake_hs_get(call->body, "topic"))
		fake_hs_set_text(room, "m.room.topic", "topic", fake_hs_str(call->body, "topic"));
	cJSON_ArrayForEach (item, fake_hs_get(call->body, "invite"))
		fake_hs_move(hs, room, item->valuestring, "invite");
	fake_hs_say(out, "room_id", room->id);
}

static void fake_hs_directory(struct fake_hs *hs, const struct fake_hs_call *call,
			      struct fake_hs_answer *out)
{
	for (size_t i = 0; i < hs->room_n; i++) {
		struct fake_hs_room *room = hs->rooms[i];

		if (!room->alias || strcmp(room->alias, call->parts[2]) != 0)
			continue;
		if (strcmp(call->method, "GET") == 0) {
			fake_hs_say(out, "room_id", room->id);
			return;
		}
		free(room->alias);
		room->alias = NULL;
		return;
	}
	fake_hs_refuse(out, 404, "M_NOT_FOUND", "Room alias not found");
}

static void fake_hs_profile(struct fake_hs *hs, const struct fake_hs_call *call)
{
	const char *user = call->parts[1];
	size_t i = 0;

	while (i < hs->name_n && strcmp(hs->names[i].user, user) != 0)
		i++;
	if (i == hs->name_n) {
		fake_hs_check(hs->name_n);
		hs->names[hs->name_n++] = (struct fake_hs_name){xstrdup(user), NULL};
	}
	free(hs->names[i].name);
	hs->names[i].name = xstrdup(fake_hs_str(call->body, "displayname"));
	for (size_t r = 0; r < hs->room_n; r++) {
		if (strcmp(fake_hs_is(hs->rooms[r], user), "join") == 0)
			fake_hs_move(hs, hs->rooms[r], user, "join");
	}
}

static void fake_hs_give_state(struct fake_hs_room *room, const struct fake_hs_call *call,
			       struct fake_hs_answer *out)
{
	const cJSON *what = room->state;
	char *text;

	if (strcmp(fake_hs_is(room, call->as), "join") != 0) {
		fake_hs_refuse(out, 403, "M_FORBIDDEN", "not in the room");
		return;
	}
	if (call->n > 3)
		what = fake_hs_get(
			fake_hs_state_of(room, call->parts[3], call->n > 4 ? call->parts[4] : ""),
			"content");
	if (!what) {
		fake_hs_refuse(out, 404, "M_NOT_FOUND", "Event not found");
		return;
	}
	text = cJSON_PrintUnformatted(what);
	strbuf_reset(&out->body);
	strbuf_adds(&out->body, text);
	cJSON_free(text);
}

static void fake_hs_take_state(struct fake_hs_room *room, const struct fake_hs_call *call,
			       struct fake_hs_answer *out)
{
	bool rules = strcmp(room->version, "12") == 0 &&
		     strcmp(call->parts[3], "m.room.power_levels") == 0 &&
		     fake_hs_get(fake_hs_get(call->body, "users"), room->creator);

	if (rules)
		fake_hs_refuse(out, 400, "M_BAD_JSON", "Creator user must not appear in users");
	else if (!fake_hs_may(room, call->as, call->parts[3], "state_default"))
		fake_hs_refuse(out, 403, "M_FORBIDDEN", "you may not change that");
	else
		fake_hs_set(room, call->as, call->parts[3], call->n > 4 ? call->parts[4] : "",
			    call->body);
}

static void fake_hs_take_event(struct fake_hs *hs, struct fake_hs_room *room,
			       const struct fake_hs_call *call, struct fake_hs_answer *out)
{
	const cJSON *relation = fake_hs_get(call->body, "m.relates_to");
	const char *to = fake_hs_str(relation, "event_id");
	const char *key = fake_hs_str(relation, "key");
	struct fake_hs_event *event;

	for (size_t i = 0; i < hs->event_n; i++) {
		if (hs->events[i]->txn && strcmp(hs->events[i]->txn, call->path) == 0) {
			fake_hs_say(out, "event_id", hs->events[i]->id);
			return;
		}
	}
	if (!fake_hs_may(room, call->as, call->parts[3], "events_default")) {
		fake_hs_refuse(out, 403, "M_FORBIDDEN", "you may not say that");
		return;
	}
	if (to[0] && !fake_hs_event_find(hs, room->id, to)) {
		fake_hs_refuse(out, 400, "M_UNKNOWN", "Can't send relation to unknown event");
		return;
	}
	event = fake_hs_event_add(hs, room->id, call->as);
	event->txn = xstrdup(call->path);
	if (key[0]) {
		event->on = xstrdup(to);
		event->key = xstrdup(key);
	}
	fake_hs_say(out, "event_id", event->id);
}

static void fake_hs_redact(struct fake_hs *hs, struct fake_hs_room *room,
			   const struct fake_hs_call *call, struct fake_hs_answer *out)
{
	struct fake_hs_event *event = fake_hs_event_find(hs, room->id, call->parts[3]);

	if (!event)
		fake_hs_refuse(out, 404, "M_NOT_FOUND", "no such event");
	else
		event->redacted = true;
}

/* Newest first. */
static void fake_hs_relations(struct fake_hs *hs, struct fake_hs_room *room,
			      const struct fake_hs_call *call, struct fake_hs_answer *out)
{
	const char *mark = "";

	if (!fake_hs_event_find(hs, room->id, call->parts[3])) {
		fake_hs_refuse(out, 404, "M_NOT_FOUND", "Unknown parent event");
		return;
	}
	strbuf_reset(&out->body);
	strbuf_adds(&out->body, "{\"chunk\":[");
	for (size_t i = hs->event_n; i-- > 0;) {
		const struct fake_hs_event *e = hs->events[i];

		if (!e->on || e->redacted || strcmp(e->on, call->parts[3]) != 0)
			continue;
		strbuf_addf(&out->body,
			    "%s{\"event_id\":\"%s\",\"sender\":\"%s\",\"content\":{"
			    "\"m.relates_to\":{\"key\":\"%s\"}}}",
			    mark, e->id, e->sender, e->key);
		mark = ",";
	}
	strbuf_adds(&out->body, "]}");
}

static void fake_hs_join(struct fake_hs *hs, struct fake_hs_room *room,
			 const struct fake_hs_call *call, struct fake_hs_answer *out)
{
	const char *now = fake_hs_is(room, call->as);

	if (strcmp(now, "invite") != 0 && strcmp(now, "join") != 0)
		fake_hs_refuse(out, 403, "M_FORBIDDEN", "You are not invited to this room.");
	else
		fake_hs_move(hs, room, call->as, "join");
}

static void fake_hs_membership_call(struct fake_hs *hs, struct fake_hs_room *room,
				    const struct fake_hs_call *call, struct fake_hs_answer *out)
{
	const char *what = call->parts[2];
	const char *user = fake_hs_str(call->body, "user_id");
	const char *now = fake_hs_is(room, user);
	const cJSON *levels =
		fake_hs_get(fake_hs_state_of(room, "m.room.power_levels", ""), "content");
	bool invite = strcmp(what, "invite") == 0;

	if (strcmp(fake_hs_is(room, call->as), "join") != 0 ||
	    fake_hs_level(room, call->as) < fake_hs_number(levels, invite ? "invite" : "kick", 0))
		fake_hs_refuse(out, 403, "M_FORBIDDEN", "you may not do that");
	else if (invite && (strcmp(now, "ban") == 0 || strcmp(now, "join") == 0))
		fake_hs_refuse(out, 403, "M_FORBIDDEN", "banned from, or already in the room");
	else
		fake_hs_move(hs, room, user, invite ? "invite" : "leave");
}

static void fake_hs_in_room(struct fake_hs *hs, const struct fake_hs_call *call,
			    struct fake_hs_answer *out)
{
	struct fake_hs_room *room = fake_hs_find(hs, call->parts[1]);
	const char *what = call->n > 2 ? call->parts[2] : "";
	bool put = strcmp(call->method, "PUT") == 0;

	if (!room)
		fake_hs_refuse(out, 403, "M_FORBIDDEN", "not in the room");
	else if (strcmp(what, "state") == 0 && put)
		fake_hs_take_state(room, call, out);
	else if (strcmp(what, "state") == 0)
		fake_hs_give_state(room, call, out);
	else if (strcmp(what, "send") == 0)
		fake_hs_take_event(hs, room, call, out);
	else if (strcmp(what, "redact") == 0)
		fake_hs_redact(hs, room, call, out);
	else if (strcmp(what, "relations") == 0)
		fake_hs_relations(hs, room, call, out);
	else if (strcmp(what, "join") == 0)
		fake_hs_join(hs, room, call, out);
	else if (strcmp(what, "leave") == 0)
		fake_hs_move(hs, room, call->as, "leave");
	else if (strcmp(what, "receipt") != 0)
		fake_hs_membership_call(hs, room, call, out);
}

static void fake_hs_answer_call(struct fake_hs *hs, const struct fake_hs_call *call,
				struct fake_hs_answer *out)
{
	const char *what = call->parts[0];

	if (strcmp(what, "rooms") == 0)
		fake_hs_in_room(hs, call, out);
	else if (strcmp(what, "createRoom") == 0)
		fake_hs_create(hs, call, out);
	else if (strcmp(what, "directory") == 0)
		fake_hs_directory(hs, call, out);
	else if (strcmp(what, "profile") == 0)
		fake_hs_profile(hs, call);
	else if (strcmp(what, "account") == 0)
		fake_hs_say(out, "user_id", hs->bot);
	else if (strcmp(what, "login") == 0)
		fake_hs_say(out, "access_token", "logged-in");
	else if (strcmp(what, "upload") == 0)
		fake_hs_say(out, "content_uri", "mxc://hs/file");
	else if (strcmp(what, "versions") == 0)
		strbuf_adds(&out->body, "{\"versions\":[\"v1.11\"]}");
	else if (strcmp(what, "capabilities") == 0)
		strbuf_addf(&out->body,
			    "{\"capabilities\":{\"m.room_versions\":{\"default\":\"%s\"}}}",
			    hs->version);
	if (out->body.len == 0)
		strbuf_adds(&out->body, "{}");
}

/* ---- calls ------------------------------------------------------------------------------------------ */

static char *fake_hs_query(const char *url, const char *key)
{
	const char *query = strchr(url, '?');
	struct http_headers pairs;
	char *value = NULL;

	if (query && http_form_parse(query + 1, strlen(query + 1), &pairs)) {
		value = xstrdup_null(http_headers_get(&pairs, key));
		http_headers_release(&pairs);
	}
	return value;
}

static const char *fake_hs_path(const char *url)
{
	static const char *const roots[] = {
		"/_matrix/client/v3/",
		"/_matrix/client/v1/",
		"/_matrix/client/",
		"/_matrix/media/v3/",
	};

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		const char *at = strstr(url, roots[i]);

		if (at)
			return at + strlen(roots[i]);
	}
	BUG("an address that no homeserver has: %s", url);
}

static void fake_hs_read(const struct fake_hs *hs, const struct http_call *from,
			 struct fake_hs_call *out)
{
	const char *path = fake_hs_path(from->url);
	size_t len = strcspn(path, "?");

	*out = (struct fake_hs_call){.method = from->method};
	out->path = xstrndup(path, len);
	out->as = fake_hs_query(from->url, "user_id");
	if (!out->as)
		out->as = xstrdup(hs->bot);
	out->body = from->body ? cJSON_Parse(from->body) : NULL;
	for (const char *p = path; p < path + len && out->n < FAKE_HS_PARTS;) {
		size_t part = strcspn(p, "/?");
		STRBUF_AUTO(decoded);

		(void)percent_decode(&decoded, p, part, false);
		out->parts[out->n++] = strbuf_detach(&decoded, NULL);
		p += part + (p[part] == '/');
	}
}

static void fake_hs_call_release(struct fake_hs_call *call)
{
	for (size_t i = 0; i < call->n; i++)
		free(call->parts[i]);
	free(call->path);
	free(call->as);
	cJSON_Delete(call->body);
}

static char *fake_hs_line(const struct fake_hs *hs, const struct http_call *from)
{
	struct fake_hs_call call;
	STRBUF_AUTO(line);

	fake_hs_read(hs, from, &call);
	strbuf_addf(&line, "%s ", call.method);
	for (size_t i = 0; i < call.n; i++)
		strbuf_addf(&line, "/%s", call.parts[i]);
	if (strcmp(call.as, hs->bot) != 0)
		strbuf_addf(&line, " as %s", call.as);
	fake_hs_call_release(&call);
	return strstr(line.buf, " /sync") ? NULL : strbuf_detach(&line, NULL);
}

/* The lines of the calls that were started since. */
static void fake_hs_note(struct fake_hs *hs)
{
	size_t n = fake_http_calls(hs->client);

	hs->lines = xreallocarray(hs->lines, n + 1, sizeof(char *));
	hs->bodies = xreallocarray(hs->bodies, n + 1, sizeof(char *));
	for (; hs->seen < n; hs->seen++) {
		const struct http_call *call = &fake_http_call(hs->client, hs->seen)->call;

		hs->lines[hs->seen] = fake_hs_line(hs, call);
		hs->bodies[hs->seen] = xstrdup(call->body ? call->body : "");
	}
}

static bool fake_hs_is_held(const struct fake_hs *hs, const char *line)
{
	for (size_t i = 0; i < hs->held_n; i++) {
		if (strstr(line, hs->held[i]))
			return true;
	}
	return false;
}

static struct fake_hs_fault *fake_hs_fault_of(struct fake_hs *hs, const char *line,
					      const char *body)
{
	for (size_t i = 0; i < hs->fault_n; i++) {
		const char *named = hs->faults[i].named;

		if (hs->faults[i].n > 0 && (strstr(line, named) || strstr(body, named)))
			return &hs->faults[i];
	}
	return NULL;
}

static void fake_hs_serve(struct fake_hs *hs, size_t i)
{
	struct fake_call *open = fake_http_call(hs->client, i);
	struct fake_hs_fault *fault = fake_hs_fault_of(hs, hs->lines[i], hs->bodies[i]);
	struct fake_hs_answer answer = {200, STRBUF_INIT};
	struct fake_hs_call call;

	fake_hs_read(hs, &open->call, &call);
	if (!fault || fault->status == FAKE_HS_DROPPED_AFTER)
		fake_hs_answer_call(hs, &call, &answer);
	fake_hs_call_release(&call);
	if (fault) {
		fault->n--;
		answer.status = fault->status;
		strbuf_reset(&answer.body);
		strbuf_adds(&answer.body, fault->body);
	}
	if (answer.status > 0)
		fake_http_answer(open, HTTP_ANSWERED, answer.status, answer.body.buf);
	else
		fake_http_answer(open, HTTP_LOST, 0, "");
	strbuf_release(&answer.body);
}

/* The bot's question what is new ends at once where it does not wait for more; there is nothing. */
static bool fake_hs_serve_sync(const struct fake_hs *hs, struct fake_call *open)
{
	AUTO_FREE char *timeout = fake_hs_query(open->call.url, "timeout");
	AUTO_FREE char *as = fake_hs_query(open->call.url, "user_id");

	if ((as && strcmp(as, hs->bot) != 0) || !timeout || strcmp(timeout, "0") != 0)
		return false;
	fake_http_answer(open, HTTP_ANSWERED, 200, "{\"next_batch\":\"s1\"}");
	return true;
}

static bool fake_hs_serve_one(struct fake_hs *hs)
{
	fake_hs_note(hs);
	for (size_t i = 0; i < hs->seen; i++) {
		struct fake_call *open = fake_http_call(hs->client, i);
		const char *line = hs->lines[i];

		if (!open->open || (line && fake_hs_is_held(hs, line)))
			continue;
		if (line) {
			fake_hs_serve(hs, i);
			return true;
		}
		if (fake_hs_serve_sync(hs, open))
			return true;
	}
	return false;
}

void fake_hs_run(struct fake_hs *hs)
{
	do {
		fake_loop_advance(hs->loop, 0);
	} while (fake_hs_serve_one(hs));
}

void fake_hs_wait(struct fake_hs *hs, int64_t ms)
{
	fake_hs_run(hs);
	while (ms > 0) {
		int64_t next = fake_loop_next_in(hs->loop);
		int64_t step = next >= 0 && next < ms ? next : ms;

		fake_loop_advance(hs->loop, step);
		ms -= step;
		fake_hs_run(hs);
	}
}

/* ---- what was asked ---------------------------------------------------------------------------------- */

void fake_hs_clear(struct fake_hs *hs)
{
	fake_hs_note(hs);
	hs->from = hs->seen;
}

const char *fake_hs_lines(struct fake_hs *hs)
{
	fake_hs_note(hs);
	strbuf_reset(&hs->all);
	for (size_t i = hs->from; i < hs->seen; i++) {
		if (hs->lines[i])
			strbuf_addf(&hs->all, "%s\n", hs->lines[i]);
	}
	return hs->all.buf;
}

size_t fake_hs_count(struct fake_hs *hs, const char *named)
{
	size_t n = 0;

	fake_hs_note(hs);
	for (size_t i = hs->from; i < hs->seen; i++)
		n += hs->lines[i] && strstr(hs->lines[i], named);
	return n;
}

const char *fake_hs_body(struct fake_hs *hs, const char *named)
{
	fake_hs_note(hs);
	for (size_t i = hs->seen; i-- > hs->from;) {
		if (hs->lines[i] && strstr(hs->lines[i], named))
			return hs->bodies[i];
	}
	return "";
}
