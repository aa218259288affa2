/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Prints what matrix_build.h makes, for tests/e2e to send it to a real homeserver.
 *
 *   matrix_bodies message|reaction|status|room|levels|child KEY=VALUE...
 *
 * Keys are the names of the arguments and of the fields of struct mx_message and struct mx_plan; a
 * flag is set by any value, `invited` may come several times, `kind` is conversation, desk, control
 * or space.
 */
#include "chat/matrix/matrix_build.h"

#include <stdio.h>
#include <string.h>

#define INVITED_MAX 16

static char **arguments;

/* The next value of that name after `from`; NULL: there is none. */
static const char *next_value(const char *name, char ***from)
{
	size_t len = strlen(name);

	for (; **from; (*from)++) {
		if (strncmp(**from, name, len) == 0 && (**from)[len] == '=')
			return *(*from)++ + len + 1;
	}
	return NULL;
}

static const char *value(const char *name)
{
	char **from = arguments;

	return next_value(name, &from);
}

static const char *text(const char *name)
{
	return value(name) ? value(name) : "";
}

static void print_message(struct strbuf *out)
{
	mx_build_message(out, &(struct mx_message){
				      .text = text("text"),
				      .name = value("name"),
				      .notice = value("notice") != NULL,
				      .markup = value("markup") != NULL,
				      .thread = value("thread"),
				      .latest = value("latest"),
				      .mention = value("mention"),
				      .edits = value("edits"),
			      });
}

static enum mx_room_kind kind(void)
{
	static const char *const names[] = {
		[MX_ROOM_CONVERSATION] = "conversation",
		[MX_ROOM_DESK] = "desk",
		[MX_ROOM_CONTROL] = "control",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], text("kind")) == 0)
			return (enum mx_room_kind)i;
	}
	return MX_ROOM_SPACE;
}

static void print_room(struct strbuf *out, void (*build)(struct strbuf *, const struct mx_plan *))
{
	const char *invited[INVITED_MAX];
	struct mx_plan plan = {
		.kind = kind(),
		.alias = value("alias"),
		.name = text("name"),
		.topic = text("topic"),
		.version = text("version"),
		.creators_rule = value("creators_rule") != NULL,
		.federate = value("federate") != NULL,
		.bot = text("bot"),
		.ghost = value("ghost"),
		.invited = invited,
		.muted = value("muted") != NULL,
		.contact_name = value("contact_name"),
		.space = value("space"),
		.server = text("server"),
	};
	char **from = arguments;

	while (plan.invited_n < INVITED_MAX &&
	       (invited[plan.invited_n] = next_value("invited", &from)))
		plan.invited_n++;
	build(out, &plan);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	STRBUF_AUTO(out);

	arguments = argv + (argc > 1 ? 2 : 1);
	if (strcmp(what, "message") == 0)
		print_message(&out);
	else if (strcmp(what, "reaction") == 0)
		mx_build_reaction(&out, text("event_id"), text("key"));
	else if (strcmp(what, "status") == 0)
		mx_build_status(&out, text("event_id"), text("status"), value("reason"),
				value("words"));
	else if (strcmp(what, "room") == 0)
		print_room(&out, mx_build_create_room);
	else if (strcmp(what, "levels") == 0)
		print_room(&out, mx_build_power_levels);
	else if (strcmp(what, "child") == 0)
		mx_build_space_child(&out, text("server"));
	else
		return 2;
	(void)fwrite(out.buf, 1, out.len, stdout);
	return 0;
}
