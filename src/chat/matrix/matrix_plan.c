/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Rooms as they should be; see matrix_build.h. All levels are said, none is left to a preset: a
 * server's presets differ, and may be changed by its admin.
 */
#include "chat/matrix/matrix_build.h"

#include "base/xalloc.h"
#include "chat/matrix/matrix_put.h"

#include <string.h>

#define EVERYBODY 0
#define ABOVE_PEOPLE 50
/* Where creators are above all levels, what not even a ruler of the room should do. */
#define ABOVE_BOT 150

static bool is_set(const char *text)
{
	return text && text[0] != '\0';
}

/* ---- levels ------------------------------------------------------------------------------------ */

static void put_users(struct strbuf *out, const struct mx_plan *plan)
{
	mx_put_open(out, "users", '{');
	if (!plan->creators_rule)
		mx_put_number(out, plan->bot, MX_LEVEL_BOT);
	if (is_set(plan->ghost))
		mx_put_number(out, plan->ghost, MX_LEVEL_GHOST);
	if (plan->kind == MX_ROOM_CONTROL) {
		for (size_t i = 0; i < plan->invited_n; i++)
			mx_put_number(out, plan->invited[i], MX_LEVEL_ORGANIZER);
	}
	strbuf_addc(out, '}');
}

static void put_event_levels(struct strbuf *out, const struct mx_plan *plan)
{
	/* A server may keep its own level of a type that is not named here. */
	static const char *const ours[] = {"m.room.name",
					   "m.room.topic",
					   "m.room.avatar",
					   "m.room.canonical_alias",
					   "m.room.history_visibility",
					   "m.room.power_levels",
					   "m.room.server_acl"};
	int out_of_reach = plan->creators_rule ? ABOVE_BOT : MX_LEVEL_BOT;

	mx_put_open(out, "events", '{');
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		mx_put_number(out, ours[i], MX_LEVEL_BOT);
	/* A higher level than its own a bot without creators' rights could not set. */
	mx_put_number(out, "m.room.encryption", out_of_reach);
	mx_put_number(out, "m.room.tombstone", out_of_reach);
	if (plan->kind != MX_ROOM_SPACE) {
		mx_put_number(out, "m.room.message", plan->muted ? ABOVE_PEOPLE : EVERYBODY);
		mx_put_number(out, "m.room.redaction", EVERYBODY);
	}
	strbuf_addc(out, '}');
}

static int default_level(const struct mx_plan *plan)
{
	switch (plan->kind) {
	case MX_ROOM_CONVERSATION:
		return ABOVE_PEOPLE;
	case MX_ROOM_DESK:
	case MX_ROOM_CONTROL:
		return plan->muted ? ABOVE_PEOPLE : EVERYBODY;
	case MX_ROOM_SPACE:
		return MX_LEVEL_BOT;
	}
	BUG("room kind %d", (int)plan->kind);
}

/* The inside of the object. */
static void put_levels(struct strbuf *out, const struct mx_plan *plan)
{
	mx_put_number(out, "users_default", EVERYBODY);
	mx_put_number(out, "events_default", default_level(plan));
	mx_put_number(out, "state_default", MX_LEVEL_BOT);
	mx_put_number(out, "ban", MX_LEVEL_BOT);
	mx_put_number(out, "kick", MX_LEVEL_BOT);
	mx_put_number(out, "redact", MX_LEVEL_BOT);
	mx_put_number(out, "invite",
		      plan->kind == MX_ROOM_CONTROL ? MX_LEVEL_ORGANIZER : MX_LEVEL_BOT);
	/* No server uses it; Synapse writes it into every new room, and the same levels once more
	 * would be one more event for each. */
	mx_put_number(out, "historical", MX_LEVEL_BOT);
	put_users(out, plan);
	put_event_levels(out, plan);
}

void mx_build_power_levels(struct strbuf *out, const struct mx_plan *plan)
{
	strbuf_addc(out, '{');
	put_levels(out, plan);
	strbuf_addc(out, '}');
}

/* ---- state ------------------------------------------------------------------------------------- */

/* Opens the content of a state event; close it with close_state(). */
static void open_state(struct strbuf *out, const char *type, const char *key)
{
	mx_put_open(out, NULL, '{');
	mx_put_text(out, "type", type);
	mx_put_text(out, "state_key", key);
	mx_put_open(out, "content", '{');
}

static void close_state(struct strbuf *out)
{
	strbuf_adds(out, "}}");
}

static void put_rules(struct strbuf *out)
{
	static const struct {
		const char *type;
		const char *name;
		const char *value;
	} rules[] = {
		{"m.room.join_rules", "join_rule", "invite"},
		{"m.room.history_visibility", "history_visibility", "invited"},
		{"m.room.guest_access", "guest_access", "forbidden"},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		open_state(out, rules[i].type, "");
		mx_put_text(out, rules[i].name, rules[i].value);
		close_state(out);
	}
}

/* MSC4171: they do not count in what a room without a name is called. */
static void put_service_members(struct strbuf *out, const struct mx_plan *plan)
{
	open_state(out, "io.element.functional_members", "");
	mx_put_open(out, "service_members", '[');
	mx_put_text(out, NULL, plan->bot);
	strbuf_addc(out, ']');
	close_state(out);
}

/* MSC2346; the first is the name that clients read, the second the one that was proposed. */
static void put_bridge(struct strbuf *out, const struct mx_plan *plan)
{
	static const char *const types[] = {"uk.half-shot.bridge", "m.bridge"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		open_state(out, types[i], plan->alias);
		mx_put_text(out, "bridgebot", plan->bot);
		mx_put_text(out, "creator", plan->bot);
		mx_put_open(out, "protocol", '{');
		mx_put_text(out, "id", "sms");
		mx_put_text(out, "displayname", "SMS");
		strbuf_addc(out, '}');
		mx_put_open(out, "channel", '{');
		mx_put_text(out, "id", plan->alias);
		mx_put_text(out, "displayname", plan->contact_name ? plan->contact_name : "");
		strbuf_addc(out, '}');
		close_state(out);
	}
}

static void put_via(struct strbuf *out, const char *server)
{
	mx_put_open(out, "via", '[');
	mx_put_text(out, NULL, server);
	strbuf_addc(out, ']');
}

static void put_state(struct strbuf *out, const struct mx_plan *plan)
{
	mx_put_open(out, "initial_state", '[');
	put_rules(out);
	if (plan->kind != MX_ROOM_SPACE)
		put_service_members(out, plan);
	if (is_set(plan->ghost) && is_set(plan->alias))
		put_bridge(out, plan);
	if (is_set(plan->space)) {
		open_state(out, "m.space.parent", plan->space);
		put_via(out, plan->server);
		mx_put_bool(out, "canonical", true);
		close_state(out);
	}
	strbuf_addc(out, ']');
}

void mx_build_space_child(struct strbuf *out, const char *server)
{
	strbuf_addc(out, '{');
	put_via(out, server);
	strbuf_addc(out, '}');
}

/* ---- the room ---------------------------------------------------------------------------------- */

void mx_build_create_room(struct strbuf *out, const struct mx_plan *plan)
{
	strbuf_addc(out, '{');
	mx_put_text(out, "visibility", "private");
	mx_put_text(out, "preset", "private_chat");
	if (is_set(plan->version))
		mx_put_text(out, "room_version", plan->version);
	if (is_set(plan->alias))
		mx_put_text(out, "room_alias_name", plan->alias);
	mx_put_text(out, "name", plan->name);
	if (is_set(plan->topic))
		mx_put_text(out, "topic", plan->topic);
	mx_put_open(out, "creation_content", '{');
	mx_put_bool(out, "m.federate", plan->federate);
	if (plan->kind == MX_ROOM_SPACE)
		mx_put_text(out, "type", "m.space");
	strbuf_addc(out, '}');
	mx_put_open(out, "power_level_content_override", '{');
	put_levels(out, plan);
	strbuf_addc(out, '}');
	put_state(out, plan);
	if (is_set(plan->ghost)) {
		mx_put_open(out, "invite", '[');
		mx_put_text(out, NULL, plan->ghost);
		strbuf_addc(out, ']');
	}
	strbuf_addc(out, '}');
}
