/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Comparing a room with how it should be. Whatever differs becomes a chore, so that it does not
 * matter how it came about: a change of ours, a death between two calls, or somebody with the power
 * of a server's admin.
 */
#include "base/json.h"
#include "base/log.h"
#include "chat/matrix/matrix_json.h"
#include "chat/matrix/matrix_priv.h"
#include "chat/matrix/matrix_versions.h"

#include <string.h>

#define MEMBERS_KEY "control.members"

struct seen { /* of the state */
	struct mx_room *room;
	const char *name, *topic, *version;
	const struct cJSON *power;
	struct mx_people inside; /* joined or invited, without us */
	struct mx_people joined;
	struct mx_people left;
	struct mx_people banned;
	bool ghost_joined;
	bool ghost_banned;
	bool made_by_us;
	const char *ghost_name;
	const char *replacement; /* NULL: it is open */
	bool encrypted;
};

static void see_member(struct seen *s, const char *user, const struct cJSON *content)
{
	const char *membership = mx_str(content, "membership");
	bool joined = strcmp(membership, "join") == 0;

	if (strcmp(user, s->room->ghost) == 0) {
		s->ghost_joined = joined;
		s->ghost_banned = strcmp(membership, "ban") == 0;
		s->ghost_name = mx_str(content, "displayname");
	}
	if (mx_is_us(s->room->m, user) || !mx_is_user(user))
		return;
	if (joined)
		mx_people_add(&s->joined, user);
	if (joined || strcmp(membership, "invite") == 0)
		mx_people_add(&s->inside, user);
	if (strcmp(membership, "leave") == 0)
		mx_people_add(&s->left, user);
	if (strcmp(membership, "ban") == 0)
		mx_people_add(&s->banned, user);
}

static void see_create(struct seen *s, const struct cJSON *event, const struct cJSON *content)
{
	s->version = mx_str(content, "room_version");
	s->made_by_us = strcmp(mx_str(event, "sender"), s->room->m->cfg.bot) == 0;
}

static void see(struct seen *s, const struct cJSON *event)
{
	const char *type = mx_str(event, "type");
	const char *key = mx_str(event, "state_key");
	const struct cJSON *content = mx_get(event, "content");

	if (strcmp(type, "m.room.member") == 0)
		see_member(s, key, content);
	else if (key[0])
		return;
	else if (strcmp(type, "m.room.name") == 0)
		s->name = mx_str(content, "name");
	else if (strcmp(type, "m.room.topic") == 0)
		s->topic = mx_str(content, "topic");
	else if (strcmp(type, "m.room.power_levels") == 0)
		s->power = content;
	else if (strcmp(type, "m.room.create") == 0)
		see_create(s, event, content);
	else if (strcmp(type, "m.room.tombstone") == 0)
		s->replacement = mx_str(content, "replacement_room");
	else if (strcmp(type, "m.room.encryption") == 0)
		s->encrypted = true;
}

/* ---- putting it right -------------------------------------------------------------------------------- */

static void put_state(struct mx_room *room, const char *type, const char *body)
{
	STRBUF_AUTO(path);

	mx_path(&path, "/_matrix/client/v3/rooms/{}/state/{}", room->id, type);
	mx_chore_add(room, "PUT", path.buf, body, NULL, MX_LIMIT_SEND);
}

static void put_text(struct mx_room *room, const char *type, const char *key, const char *text)
{
	STRBUF_AUTO(body);

	mx_build_one(&body, key, text);
	put_state(room, type, body.buf);
}

static void membership(struct mx_room *room, const char *what, const char *user, const char *reason)
{
	STRBUF_AUTO(path);
	STRBUF_AUTO(body);

	mx_path(&path, "/_matrix/client/v3/rooms/{}/{}", room->id, what);
	strbuf_adds(&body, "{\"user_id\":");
	json_add_text(&body, user);
	if (reason) {
		strbuf_adds(&body, ",\"reason\":");
		json_add_text(&body, reason);
	}
	strbuf_addc(&body, '}');
	mx_chore_add(room, "POST", path.buf, body.buf, NULL, MX_LIMIT_INVITE);
}

static void right_power(struct seen *s)
{
	struct mx_room *room = s->room;
	struct mx_plan plan;
	STRBUF_AUTO(body);
	JSON_AUTO wanted = NULL;

	mx_room_plan(room, &plan);
	/* A room that was upgraded by somebody else is theirs; we keep the power that we had. */
	plan.creators_rule = s->made_by_us && mx_has_creators_rule(s->version);
	mx_build_power_levels(&body, &plan);
	wanted = json_parse(body.buf, body.len, JSON_DEPTH_MAX, NULL);
	if (!cJSON_Compare(wanted, s->power, true))
		put_state(room, "m.room.power_levels", body.buf);
}

static void right_ghost(struct seen *s)
{
	struct mx_room *room = s->room;
	STRBUF_AUTO(path);

	if (!room->ghost[0])
		return;
	room->ghost_ready = strcmp(s->ghost_name, room->contact_name) == 0;
	if (s->ghost_joined)
		return;
	if (s->ghost_banned)
		membership(room, "unban", room->ghost, NULL);
	membership(room, "invite", room->ghost, NULL);
	mx_path(&path, "/_matrix/client/v3/rooms/{}/join", room->id);
	mx_chore_add(room, "POST", path.buf, "{}", room->ghost, MX_LIMIT_JOIN);
}

static void invite_missing(struct seen *s)
{
	const struct mx_people *members = &s->room->members;

	for (size_t i = 0; s->room->invite && i < members->n; i++) {
		const char *user = members->user[i];

		if (mx_people_has(&s->inside, user))
			continue;
		/* Nobody needs the space: who has left it did not like it. */
		if (s->room->kind == MX_ROOM_SPACE && mx_people_has(&s->left, user))
			continue;
		if (mx_people_has(&s->banned, user))
			membership(s->room, "unban", user, NULL);
		membership(s->room, "invite", user, NULL);
	}
}

/* Organizers may let others into the control room; only whom the configuration named before, and
 * names no more, has to leave. */
static bool has_to_leave(const struct seen *s, const char *user, const struct mx_people *named)
{
	if (mx_people_has(&s->room->members, user) || s->room->kind == MX_ROOM_SPACE)
		return false;
	return s->room->kind != MX_ROOM_CONTROL || mx_people_has(named, user);
}

static void remove_others(struct seen *s)
{
	struct mx_room *room = s->room;
	bool control = room->kind == MX_ROOM_CONTROL;
	struct mx_people named = {0};
	struct mx_people now = {0};

	if (control)
		mx_people_kept(room->m, MEMBERS_KEY, &named);
	for (size_t i = 0; control && i < room->members.n; i++)
		mx_people_add(&now, room->members.user[i]);
	for (size_t i = 0; i < s->inside.n; i++) {
		const char *user = s->inside.user[i];

		if (!has_to_leave(s, user, &named))
			continue;
		membership(room, "kick", user,
			   control ? "no organizer any more"
				   : "this conversation is with somebody else");
		if (control)
			mx_people_add(&now, user); /* until we see that they have left */
	}
	if (control && !mx_people_same(&named, (const char *const *)now.user, now.n))
		mx_people_keep(room->m, MEMBERS_KEY, &now);
	mx_people_release(&named);
	mx_people_release(&now);
}

static void note_organizers(struct seen *s)
{
	struct matrix *m = s->room->m;

	if (s->room->kind != MX_ROOM_CONTROL)
		return;
	mx_people_release(&m->organizers);
	for (size_t i = 0; i < s->joined.n; i++)
		mx_people_add(&m->organizers, s->joined.user[i]);
	mx_organizers_keep(m);
}

void mx_state_compare(struct mx_room *room, const struct cJSON *state)
{
	struct seen s = {.room = room, .name = "", .topic = "", .version = "1", .ghost_name = ""};
	const struct cJSON *event;

	cJSON_ArrayForEach (event, state) {
		see(&s, event);
	}
	if (s.replacement) {
		mx_upgrade_begin(room, s.replacement);
	} else if (room->wanted) {
		if (strcmp(s.name, room->name) != 0)
			put_text(room, "m.room.name", "name", room->name);
		if (strcmp(s.topic, room->topic) != 0)
			put_text(room, "m.room.topic", "topic", room->topic);
		right_power(&s);
		right_ghost(&s);
		invite_missing(&s);
		remove_others(&s);
		note_organizers(&s);
		mx_space_add(room);
		if (s.encrypted)
			log_warn("matrix.encrypted_room");
	}
	mx_people_release(&s.inside);
	mx_people_release(&s.joined);
	mx_people_release(&s.left);
	mx_people_release(&s.banned);
}
