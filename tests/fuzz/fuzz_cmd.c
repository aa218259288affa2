/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Lines of commands, run against a small team with conversations, a hold and a failed text. The
 * first byte of a line says where and by whom. Whatever is written, there is an answer or a reason,
 * in clean UTF-8, and a refusal leaves nothing behind.
 */
#include "base/log.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "roomline/cmd.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINES_MAX 24

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition))                                                                  \
			BUG("not so: %s", #condition);                                             \
	} while (0)

static void on_place(void *self, const struct chat_place *place)
{
	(void)self;
	(void)place;
}

static void on_say(void *self, const struct chat_say *say)
{
	(void)self;
	(void)say;
}

static void on_mark(void *self, const struct chat_mark_call *mark)
{
	(void)self;
	(void)mark;
}

static void describe(void *self, char *out, size_t size)
{
	(void)self;
	str_copy(out, size, "well");
}

static const struct chat_network networks[] = {
	{.name = "xmpp",
	 .caps = CHAT_CAP_REACTIONS,
	 .open_place = on_place,
	 .update_place = on_place,
	 .close_place = on_place,
	 .say = on_say,
	 .mark = on_mark,
	 .describe = describe},
	{.name = "matrix",
	 .open_place = on_place,
	 .update_place = on_place,
	 .close_place = on_place,
	 .say = on_say,
	 .mark = on_mark,
	 .describe = describe},
};

static const struct sms_driver driver = {.name = "none", .max_chars = 1600};
static const struct sms_account account = {.name = "acme", .driver = &driver};
static const struct sms_sender sender = {"main", &account, {"+12125550100"}, SMS_REPLY_BY_US, 60};
static const char *const team[] = {"xmpp:alice@example.org", "xmpp:bob@example.org",
				   "matrix:@alice:example.org"};

static const struct bridge_options options = {
	.organisation = "Riverside",
	.help_contact = "help@riverside.example",
	.region = "US",
	.stop_text = "{organisation}: stopped",
	.start_text = "{organisation}: started",
	.help_text = "{organisation}: {help_contact}",
	.hold_ms = 86400000,
	.reply_window_ms = 86400000,
	.max_segments = 10,
	.senders = &sender,
	.sender_n = 1,
	.organizers = team,
	.organizer_n = 1,
	.inbox = team,
	.inbox_n = 3,
};

static void receive(struct bridge *bridge, const char *from, const char *text)
{
	static int keys;
	struct sms_event event = {.kind = SMS_EVENT_TEXT, .text = xstrdup(text)};

	(void)snprintf(event.key, sizeof(event.key), "%d", ++keys);
	STR_COPY(event.from, from);
	REQUIRE(bridge_sms_event(bridge, &account, &event, NULL) == 0);
	sms_event_release(&event);
}

/* A text that nobody could deliver: conversation 1 has it as text 4. */
static void fail_a_text(struct store *store)
{
	struct message_row row = {.conversation = {1},
				  .outbound = true,
				  .state = MSG_FAILED,
				  .text = xstrdup("Hi Pat"),
				  .ref = "ref",
				  .sender = "main",
				  .account = "acme",
				  .author = "xmpp:alice@example.org"};

	REQUIRE(store_step_begin(store, NULL) == 0);
	REQUIRE(store_message_add(store, &row, NULL) == 0);
	REQUIRE(store_step_end(store, true, NULL) == 0);
	message_row_release(&row);
}

static bool check_owner(const struct conversation_row *row, void *arg)
{
	REQUIRE(row->owner[0] == '\0' || bridge_is_user(arg, row->owner));
	return true;
}

static void run_line(struct bridge *bridge, struct store *store, const char *line)
{
	STRBUF_AUTO(answer);
	struct error err = {0};
	struct conversation_row room;
	struct cmd_context context = {
		.bridge = bridge,
		.actor = {team[(unsigned char)line[0] / 4 % 3], {0}, ""},
		.organizer = (unsigned char)line[0] % 2 == 0,
	};
	int rc;

	switch ((unsigned char)line[0] % 4) {
	case 0:
	case 1:
		context.where = PLACE_CONTROL;
		context.organizer = true;
		break;
	case 2:
		REQUIRE(store_get_conversation(store, (struct conversation_id){1}, &room, NULL) ==
			1);
		context.where = PLACE_CONVERSATION;
		context.conversation = &room;
		break;
	default:
		context.where = PLACE_DIRECT;
		break;
	}
	REQUIRE(store_step_begin(store, NULL) == 0);
	rc = cmd_run(&context, line + 1, &answer, &err);
	REQUIRE(store_step_end(store, rc == 0, NULL) == 0);
	REQUIRE(rc == 0 || rc == -1);
	REQUIRE((rc == 0) == (err.kind == ERR_NONE));
	REQUIRE(rc == 0 || err.text[0] != '\0');
	REQUIRE(utf8_valid(err.text, strlen(err.text)));
	REQUIRE(utf8_valid(answer.buf, answer.len) && strlen(answer.buf) == answer.len);
	REQUIRE(store_list_conversations(store, CONVERSATIONS_OPEN, "", 100, check_owner, bridge,
					 NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	STRBUF_AUTO(text);
	struct loop *loop;
	struct store *store;
	struct bridge *bridge;
	char *rest;
	char *line;

	if (size > CHAT_TEXT_MAX)
		return 0;
	log_set_level((enum log_level)(LOG_ERROR + 1));
	loop = loop_new();
	REQUIRE(store_open(":memory:", &store, NULL) == 0);
	bridge = bridge_new(loop, store, NULL, &options);
	bridge_add_network(bridge, &networks[0], NULL);
	bridge_add_network(bridge, &networks[1], NULL);
	REQUIRE(bridge_start(bridge, NULL) == 0);
	receive(bridge, "+14155550101", "Hello?");
	receive(bridge, "+14155550102", "I am not interested");
	receive(bridge, "+14155550103", "STOP");
	fail_a_text(store);
	/* As a network hands it up. */
	(void)utf8_clean(&text, (const char *)data, size, CHAT_TEXT_MAX);
	rest = text.buf;
	for (int i = 0; i < LINES_MAX && (line = strsep(&rest, "\f\n")); i++) {
		/* A command begins with the prefix, or it would not be one. */
		if (strlen(line) >= 2 && line[1] == CMD_PREFIX)
			run_line(bridge, store, line);
	}
	bridge_free(bridge);
	store_close(store);
	loop_free(loop);
	return 0;
}
