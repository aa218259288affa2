/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The whole Matrix network between a bridge that writes down what it is told and a homeserver in
 * memory; the tests of the network include this file.
 *
 * What the bridge was told and what the homeserver was asked are compared as texts, one line each:
 * told("ready 1 !1:hs") and asked("POST /createRoom"). "keep" lines, which say what the network
 * remembers, are left out of the first. Each looks at what came since the last one of its kind.
 * Not every test uses every helper: those are inline.
 */
#include "fakes/fake_bridge.c"
#include "fakes/fake_http.c"
#include "fakes/fake_loop.c"

#include "fakes/fake_homeserver.c"

#include "base/json.h"
#include "base/log.h"
#include "chat/chat.h"
#include "chat/matrix/matrix_priv.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define BOT "@bot:hs"
#define ALICE "@alice:hs"
#define BOB "@bob:hs"
#define CAROL "@carol:hs"
#define NOW FAKE_LOOP_START
#define EPOCH "EPOCH"

static struct {
	struct loop *loop;
	struct http_client *client;
	struct http_server *server;
	struct bridge *bridge;
	struct fake_hs *hs;
	void *self;
	size_t told; /* lines of the bridge that were looked at */
	int serial;  /* of events that the tests make */
} w;

/* ---- life ------------------------------------------------------------------------------------------ */

/* More settings as "key", "value", … NULL. */
static void world_create(const char *key, ...)
{
	static const char *const usual[][2] = {
		{"homeserver", "http://hs"},
		{"domain", "hs"},
		{"bot", "bot"},
		{"as_token", "0123456789abcdef"},
		{"hs_token", "fedcba9876543210"},
	};
	struct chat_host host = {w.bridge, w.loop, w.client, w.server};
	struct settings *set = settings_new(chat_matrix.settings);
	struct error err;
	va_list ap;

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		assert_int_equal(settings_put(set, usual[i][0], usual[i][1], &err), 0);
	va_start(ap, key);
	for (; key; key = va_arg(ap, const char *))
		assert_int_equal(settings_put(set, key, va_arg(ap, const char *), &err), 0);
	va_end(ap);
	assert_int_equal(settings_finish(set, ".", &err), 0);
	w.self = chat_matrix.create(&host, set, &err);
	assert_non_null(w.self);
	settings_free(set);
}

static void world_start(void)
{
	struct error err;

	assert_int_equal(chat_matrix.start(w.self, &err), 0);
	fake_hs_run(w.hs);
}

/* As after a restart of the daemon, which the homeserver and the database outlive. */
static inline void world_destroy(void)
{
	chat_matrix.destroy(w.self);
	w.self = NULL;
	assert_int_equal(http_client_open_calls(w.client), 0);
	assert_int_equal(fake_loop_timers(w.loop), 0);
}

static int setup(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	log_set_level(LOG_ERROR);
	w.loop = loop_new();
	w.client = http_client_new(w.loop, NULL);
	w.server = http_server_new(w.loop);
	w.bridge = fake_bridge_new(NULL, NULL);
	w.hs = fake_hs_new(w.loop, w.client, BOT);
	assert_int_equal(bridge_chat_keep(w.bridge, "matrix", "epoch", EPOCH), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (w.self)
		world_destroy();
	fake_hs_free(w.hs);
	http_client_free(w.client);
	http_server_free(w.server);
	fake_bridge_free(w.bridge);
	loop_free(w.loop);
	return 0;
}

/* ---- what came of it --------------------------------------------------------------------------------- */

static void expect(const char *what, const char *is, const char *first, va_list ap)
{
	STRBUF_AUTO(want);

	for (const char *line = first; line; line = va_arg(ap, const char *))
		strbuf_addf(&want, "%s\n", line);
	if (strcmp(is, want.buf) != 0)
		print_error("%s was\n%s--- and not\n%s", what, is, want.buf);
	assert_string_equal(is, want.buf);
}

static void told_lines(struct strbuf *out)
{
	for (; w.told < fake_bridge_n(w.bridge); w.told++) {
		const char *line = fake_bridge_line(w.bridge, w.told);

		if (strncmp(line, "keep\t", 5) == 0)
			continue;
		for (; *line; line++)
			strbuf_addc(out, *line == '\t' ? ' ' : *line);
		strbuf_addc(out, '\n');
	}
}

static inline void told_exactly(const char *first, ...)
{
	STRBUF_AUTO(lines);
	va_list ap;

	told_lines(&lines);
	va_start(ap, first);
	expect("told", lines.buf, first, ap);
	va_end(ap);
}

#define told(...) told_exactly(__VA_ARGS__, NULL)
#define told_nothing() told_exactly(NULL)

/* One line somewhere among those that came. */
static inline void told_of(const char *part)
{
	STRBUF_AUTO(lines);

	told_lines(&lines);
	if (!strstr(lines.buf, part))
		print_error("told was\n%s--- without %s\n", lines.buf, part);
	assert_non_null(strstr(lines.buf, part));
}

static inline void asked_exactly(const char *first, ...)
{
	va_list ap;

	va_start(ap, first);
	expect("asked", fake_hs_lines(w.hs), first, ap);
	va_end(ap);
	fake_hs_clear(w.hs);
}

#define asked(...) asked_exactly(__VA_ARGS__, NULL)
#define asked_nothing() asked_exactly(NULL)

static inline void forget_all(void)
{
	STRBUF_AUTO(lines);

	told_lines(&lines);
	fake_hs_clear(w.hs);
}

static inline void assert_part(const char *text, const char *part)
{
	if (!strstr(text, part))
		print_error("%s\n--- lacks %s\n", text, part);
	assert_non_null(strstr(text, part));
}

static inline void assert_body(const char *named, const char *part)
{
	assert_part(fake_hs_body(w.hs, named), part);
}

/* Up, and nothing of the way there is left to be looked at. */
static inline void world_up(void)
{
	world_start();
	told_of("up\n");
	fake_hs_clear(w.hs);
}

/* ---- the bridge's calls ------------------------------------------------------------------------------- */

static const char *const only_alice[] = {ALICE};
static const char *const both[] = {ALICE, BOB};

/* Of Alice's, as the bridge would describe it; the token is "a" for 1, "b" for 2 … */
static inline struct chat_place place_of(int64_t id)
{
	static const char *const tokens[] = {"0", "a", "b", "c", "d", "e", "f", "g", "h"};

	return (struct chat_place){
		.id = {id},
		.kind = PLACE_CONVERSATION,
		.token = tokens[id],
		.address = "",
		.cursor = "",
		.title = "Pat …0123",
		.topic = ALICE,
		.contact_name = "Pat",
		.owner = ALICE,
		.members = only_alice,
		.member_n = 1,
		.inbox = both,
		.inbox_n = 2,
		.invite = true,
	};
}

static inline struct chat_place control_of(const char *address)
{
	struct chat_place place = place_of(0);

	place.id.v = 100;
	place.kind = PLACE_CONTROL;
	place.token = "control";
	place.address = address;
	place.title = "Control";
	place.topic = "!help";
	place.contact_name = "";
	place.owner = "";
	return place;
}

static inline void world_open(const struct chat_place *place)
{
	chat_matrix.open_place(w.self, place);
	fake_hs_run(w.hs);
}

static inline void world_update(const struct chat_place *place)
{
	chat_matrix.update_place(w.self, place);
	fake_hs_run(w.hs);
}

static inline void say_as(const struct chat_place *place, int64_t relay, enum chat_voice voice,
			  const char *text)
{
	struct chat_say say = {.id = {relay},
			       .place = place,
			       .voice = voice,
			       .text = text,
			       .notice = voice == VOICE_BOT};

	chat_matrix.say(w.self, &say);
}

/* The contact says something. */
static inline void world_say(const struct chat_place *place, int64_t relay, const char *text)
{
	say_as(place, relay, VOICE_CONTACT, text);
	fake_hs_run(w.hs);
}

static inline void world_mark(const struct chat_place *place, int64_t relay, const char *event,
			      enum chat_mark mark)
{
	struct chat_mark_call call = {
		.id = {relay}, .place = place, .event_id = event, .mark = mark};

	chat_matrix.mark(w.self, &call);
	fake_hs_run(w.hs);
}

/* ---- events --------------------------------------------------------------------------------------------- */

/* An event as the homeserver tells it; what it lacks is added. Returns what mx_in_event() does. */
static inline int world_event(const char *room, const char *sender, const char *json)
{
	cJSON *event = cJSON_Parse(json);
	struct mx_event read;
	char id[32];
	int rc;

	assert_non_null(event);
	(void)snprintf(id, sizeof(id), "$test%d", ++w.serial);
	if (!cJSON_GetObjectItemCaseSensitive(event, "event_id"))
		cJSON_AddStringToObject(event, "event_id", id);
	if (!cJSON_GetObjectItemCaseSensitive(event, "type"))
		cJSON_AddStringToObject(event, "type", "m.room.message");
	if (!cJSON_GetObjectItemCaseSensitive(event, "origin_server_ts"))
		cJSON_AddNumberToObject(event, "origin_server_ts", (double)loop_now(w.loop));
	cJSON_AddStringToObject(event, "room_id", room);
	cJSON_AddStringToObject(event, "sender", sender);
	assert_true(mx_event_read(event, NULL, &read));
	rc = mx_in_event(w.self, &read);
	mx_event_release(&read);
	cJSON_Delete(event);
	fake_hs_run(w.hs);
	return rc;
}

/* Words, in a thread (root) or not (""). */
static inline int world_said(const char *room, const char *sender, const char *root,
			     const char *words)
{
	STRBUF_AUTO(json);

	strbuf_addf(&json, "{\"content\":{\"msgtype\":\"m.text\",\"body\":\"%s\"", words);
	if (root[0])
		strbuf_addf(&json,
			    ",\"m.relates_to\":{\"rel_type\":\"m.thread\",\"event_id\":\"%s\"}",
			    root);
	strbuf_adds(&json, "}}");
	return world_event(room, sender, json.buf);
}

static inline int world_member(const char *room, const char *sender, const char *user,
			       const char *membership)
{
	STRBUF_AUTO(json);

	fake_hs_member(w.hs, room, user, membership);
	strbuf_addf(&json,
		    "{\"type\":\"m.room.member\",\"state_key\":\"%s\","
		    "\"content\":{\"membership\":\"%s\"}}",
		    user, membership);
	return world_event(room, sender, json.buf);
}
