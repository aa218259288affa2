/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What comes in: which place it belongs to, and what the bridge is told. */
#include "matrix_world.c"

#define HOUR_MS 3600000
#define GHOST "@_sms_a:hs"

/* Where an event may come. All are there: the control room, a conversation's room, a thread on a desk
 * (and what stands beside it), a chat with the bot. */
enum where { CONTROL, ROOM, THREAD, BESIDE, DIRECT, WHERE_N };

static const struct {
	const char *room;
	const char *root;
	const char *told; /* the beginning of the line */
} where[WHERE_N] = {
	[CONTROL] = {"!1:hs", "", "said control 100 @alice:hs 1 "},
	[ROOM] = {"!2:hs", "", "said conversation 1 @alice:hs 1 "},
	[THREAD] = {"!4:hs", "$1", "said conversation 2 @alice:hs 1 "},
	[BESIDE] = {"!4:hs", "", "said direct 0 @alice:hs 1 "},
	[DIRECT] = {"!9:hs", "", "said direct 0 @alice:hs 1 "},
};

static void world_all(void)
{
	struct chat_place control = control_of("");
	struct chat_place a = place_of(1);
	struct chat_place b = place_of(2);

	world_create("shape", "room", NULL);
	world_up();
	world_open(&control);
	world_member("!1:hs", ALICE, ALICE, "join");
	world_open(&a);
	a.address = "!2:hs";
	world_destroy();
	world_create("shape", "thread", NULL);
	world_up();
	control.address = "!1:hs";
	world_open(&control);
	world_open(&a);
	world_open(&b);
	told("ready 100 !1:hs", "ready 1 !2:hs", "ready 2 !4:hs/$1");
	w.serial = 0;
}

/* An event with that type and content in that place. */
static int world_put(enum where at, const char *sender, const char *type, const char *content)
{
	STRBUF_AUTO(json);
	const char *end = strrchr(content, '}');

	strbuf_addf(&json, "{\"type\":\"%s\",\"content\":", type);
	strbuf_add(&json, content, (size_t)(end - content));
	if (where[at].root[0] && !strstr(content, "m.relates_to"))
		strbuf_addf(&json,
			    ",\"m.relates_to\":{\"rel_type\":\"m.thread\",\"event_id\":\"%s\"}",
			    where[at].root);
	strbuf_adds(&json, "}}");
	return world_event(where[at].room, sender, json.buf);
}

static void told_said(enum where at, const char *rest)
{
	STRBUF_AUTO(want);
	STRBUF_AUTO(lines);

	told_lines(&lines);
	strbuf_addf(&want, "%s%s\n", where[at].told, rest);
	if (strcmp(lines.buf, want.buf) != 0)
		print_error("in %d told was\n%s--- and not\n%s", (int)at, lines.buf, want.buf);
	assert_string_equal(lines.buf, want.buf);
}

/* ---- what was said, everywhere ------------------------------------------------------------------------ */

static void mx_in__each_kind_in_each_place(void **state)
{
	static const struct {
		const char *type;
		const char *content;
		const char *what; /* and text */
		const char *target;
	} kinds[] = {
		{"m.room.message", "{\"msgtype\":\"m.text\",\"body\":\"hi\"}", "text hi", ""},
		{"m.room.message", "{\"msgtype\":\"m.emote\",\"body\":\"waves\"}",
		 "other an action (/me)", ""},
		{"m.room.message", "{\"msgtype\":\"m.location\",\"body\":\"here\"}",
		 "other a location", ""},
		{"m.room.message", "{\"msgtype\":\"m.odd\",\"body\":\"odd\"}",
		 "other this kind of message", ""},
		{"m.room.encrypted", "{\"algorithm\":\"m.megolm.v1.aes-sha2\"}", "encrypted ", ""},
		{"m.sticker", "{\"body\":\"smile\"}", "other a sticker", ""},
		{"m.poll.start", "{\"m.text\":\"?\"}", "other a poll", ""},
		{"m.call.invite", "{\"call_id\":\"1\"}", "other a call", ""},
	};
	int n = 0;

	(void)state;
	world_all();
	for (size_t at = 0; at < WHERE_N; at++) {
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
			STRBUF_AUTO(rest);

			assert_int_equal(
				world_put((enum where)at, ALICE, kinds[i].type, kinds[i].content),
				0);
			strbuf_addf(&rest, "%s $test%d %s %" PRId64, kinds[i].what, ++n,
				    kinds[i].target, NOW);
			told_said((enum where)at, rest.buf);
		}
	}
}

/* What programs say is explained where it would be texted, and nowhere else. */
static void mx_in__programs(void **state)
{
	(void)state;
	world_all();
	for (size_t at = 0; at < WHERE_N; at++) {
		STRBUF_AUTO(rest);

		assert_int_equal(world_put((enum where)at, ALICE, "m.room.message",
					   "{\"msgtype\":\"m.notice\",\"body\":\"beep\"}"),
				 0);
		strbuf_addf(&rest, "other what a program says (m.notice) $test%zu  %" PRId64,
			    at + 1, NOW);
		if (at == ROOM || at == THREAD)
			told_said((enum where)at, rest.buf);
		else
			told_nothing();
	}
}

/* What nobody would see is not told: state, and what an unknown type may mean. */
static void mx_in__what_is_nothing(void **state)
{
	static const char *const events[] = {
		"{\"type\":\"m.room.avatar\",\"state_key\":\"\",\"content\":{\"url\":\"mxc://x/"
		"y\"}}",
		"{\"type\":\"m.room.message\",\"state_key\":\"\",\"content\":{\"msgtype\":\"m."
		"text\","
		"\"body\":\"sneaky\"}}",
		"{\"type\":\"m.room.message\",\"content\":{}}",
		"{\"type\":\"m.call.candidates\",\"content\":{\"x\":1}}",
		"{\"type\":\"org.example.odd\",\"content\":{\"body\":\"x\"}}",
	};

	(void)state;
	world_all();
	for (size_t at = 0; at < WHERE_N; at++) {
		for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
			assert_int_equal(world_event(where[at].room, ALICE, events[i]), 0);
	}
	told_nothing();
}

static void mx_in__files(void **state)
{
	(void)state;
	world_all();
	assert_int_equal(
		world_put(ROOM, ALICE, "m.room.message",
			  "{\"msgtype\":\"m.image\",\"body\":\"cat.jpg\",\"url\":\"mxc://hs/c\"}"),
		0);
	told_said(ROOM, "file  $test1  1764000000000 mxc://hs/c");
	assert_int_equal(
		world_put(THREAD, ALICE, "m.room.message",
			  "{\"msgtype\":\"m.image\",\"body\":\"my cat\",\"filename\":\"cat.jpg\","
			  "\"url\":\"mxc://hs/c\"}"),
		0);
	told_said(THREAD, "file my cat $test2  1764000000000 mxc://hs/c");
}

static void mx_in__ours_is_not_told(void **state)
{
	static const char *const ours[] = {BOT, GHOST, "@_sms_whoever:hs"};

	(void)state;
	world_all();
	for (size_t at = 0; at < WHERE_N; at++) {
		for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
			assert_int_equal(world_said(where[at].room, ours[i], where[at].root, "hi"),
					 0);
	}
	told_nothing();
	/* One of another server only looks like one of ours. */
	assert_int_equal(world_said("!2:hs", "@_sms_a:evil", "", "hi"), 0);
	told("said conversation 1 @_sms_a:evil 0 text hi $test16  1764000000000");
}

static void mx_in__stale(void **state)
{
	(void)state;
	world_all();
	fake_loop_set_now(w.loop, NOW + HOUR_MS);
	assert_int_equal(world_event("!2:hs", ALICE,
				     "{\"origin_server_ts\":1764000000000,\"content\":"
				     "{\"msgtype\":\"m.text\",\"body\":\"hi\"}}"),
			 0);
	assert_int_equal(world_event("!2:hs", ALICE,
				     "{\"origin_server_ts\":1763999999999,\"content\":"
				     "{\"msgtype\":\"m.text\",\"body\":\"hi\"}}"),
			 0);
	told("said conversation 1 @alice:hs 1 text hi $test1  1764000000000",
	     "said conversation 1 @alice:hs 1 text hi $test2  1763999999999 stale");
}

/* ---- which conversation --------------------------------------------------------------------------------- */

static void mx_in__reaction_is_for_the_place_of_what_it_is_on(void **state)
{
	static const char reaction[] = "{\"m.relates_to\":{\"rel_type\":\"m.annotation\","
				       "\"event_id\":\"%s\",\"key\":\"👍\"}}";
	static const struct {
		const char *on;
		const char *told;
	} cases[] = {
		{"$1", "said conversation 2 "},     /* the card */
		{"$test1", "said conversation 2 "}, /* what she said in the thread */
		{"$test2", "said direct 0 "},       /* beside it */
		{"$long_ago", "said direct 0 "},
	};

	(void)state;
	world_all();
	assert_int_equal(world_said("!4:hs", ALICE, "$1", "hi"), 0);
	assert_int_equal(world_said("!4:hs", ALICE, "", "hi"), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char content[256];

		forget_all();
		(void)snprintf(content, sizeof(content), reaction, cases[i].on);
		assert_int_equal(world_put(BESIDE, ALICE, "m.reaction", content), 0);
		told_of(cases[i].told);
	}
}

/* Also on what we said ourselves. */
static void mx_in__reply_outside_of_the_thread(void **state)
{
	static const char reply[] = "{\"msgtype\":\"m.text\",\"body\":\"yes\",\"m.relates_to\":"
				    "{\"m.in_reply_to\":{\"event_id\":\"%s\"}}}";
	struct chat_place b = place_of(2);
	char content[256];
	const char *said;

	(void)state;
	world_all();
	b.address = "!4:hs/$1";
	world_say(&b, 7, "hello");
	told("done 7 $2");
	said = "$2";
	(void)snprintf(content, sizeof(content), reply, said);
	assert_int_equal(world_put(BESIDE, ALICE, "m.room.message", content), 0);
	told("said conversation 2 @alice:hs 1 text yes $test1  1764000000000");
	(void)snprintf(content, sizeof(content), reply, "$1");
	assert_int_equal(world_put(BESIDE, ALICE, "m.room.message", content), 0);
	told("said conversation 2 @alice:hs 1 text yes $test2  1764000000000");
	(void)snprintf(content, sizeof(content), reply, "$long_ago");
	assert_int_equal(world_put(BESIDE, ALICE, "m.room.message", content), 0);
	told("said direct 0 @alice:hs 1 text yes $test3  1764000000000");
}

/* A thread that somebody began under something else is for nobody, whatever it answers. */
static void mx_in__thread_of_others(void **state)
{
	(void)state;
	world_all();
	assert_int_equal(world_said("!4:hs", ALICE, "$other", "hi"), 0);
	told("said direct 0 @alice:hs 1 text hi $test1  1764000000000");
	/* In a room of its own everything is for the one conversation. */
	assert_int_equal(world_said("!2:hs", ALICE, "$other", "hi"), 0);
	told("said conversation 1 @alice:hs 1 text hi $test2  1764000000000");
}

/* An event of another room is named: nobody reaches a conversation from where they are not in it. */
static void mx_in__named_from_another_room(void **state)
{
	(void)state;
	world_all();
	assert_int_equal(world_said("!2:hs", ALICE, "", "hi"), 0);
	forget_all();
	assert_int_equal(
		world_event("!9:hs", CAROL,
			    "{\"content\":{\"msgtype\":\"m.text\",\"body\":\"yes\","
			    "\"m.relates_to\":{\"m.in_reply_to\":{\"event_id\":\"$test1\"}}}}"),
		0);
	told("said direct 0 @carol:hs 0 text yes $test2  1764000000000");
}

/* A chat with the bot that the bridge has opened, to answer in it, is no conversation; its address
 * leads back to where it was said. */
static void mx_in__chat_that_is_open(void **state)
{
	struct chat_place direct = place_of(3);

	(void)state;
	world_all();
	direct.kind = PLACE_DIRECT;
	direct.address = "!9:hs";
	world_open(&direct);
	direct.id.v = 4;
	direct.address = "!9:hs/$8";
	world_open(&direct);
	forget_all();
	assert_int_equal(world_said("!9:hs", ALICE, "", "hi"), 0);
	told("said direct 0 @alice:hs 1 text hi $test1  1764000000000");
	assert_string_equal(fake_bridge_address(w.bridge), "!9:hs");
	assert_int_equal(world_said("!9:hs", ALICE, "$8", "hi"), 0);
	told("said direct 0 @alice:hs 1 text hi $test2  1764000000000");
	assert_string_equal(fake_bridge_address(w.bridge), "!9:hs/$8");
}

/* In a thread of somebody's the thread counts, and not what is answered in it. */
static void mx_in__reply_in_a_thread_of_others(void **state)
{
	(void)state;
	world_all();
	assert_int_equal(world_put(BESIDE, ALICE, "m.room.message",
				   "{\"msgtype\":\"m.text\",\"body\":\"yes\",\"m.relates_to\":"
				   "{\"rel_type\":\"m.thread\",\"event_id\":\"$other\","
				   "\"m.in_reply_to\":{\"event_id\":\"$1\"}}}"),
			 0);
	told_of("said direct 0 ");
}

/* Down and up again: before the control room is opened anew, nothing is known of it. */
static void mx_in__control_room_after_a_fall(void **state)
{
	(void)state;
	world_all();
	mx_life_down(w.self, "test", false);
	fake_hs_wait(w.hs, 1000);
	told("down test", "up");
	assert_int_equal(world_said("!1:hs", ALICE, "", "!status"), 0);
	told("said direct 0 @alice:hs 1 text !status $test1  1764000001000");
}

static void mx_in__edits(void **state)
{
	static const char edit[] = "{\"msgtype\":\"m.text\",\"body\":\"* yes\",\"m.new_content\":"
				   "{\"msgtype\":\"m.text\",\"body\":\"yes\"},\"m.relates_to\":"
				   "{\"rel_type\":\"m.replace\",\"event_id\":\"%s\"}}";
	char content[256];

	(void)state;
	world_all();
	assert_int_equal(world_said("!4:hs", ALICE, "$1", "yse"), 0);
	fake_bridge_event(w.bridge, "$before", (struct place_id){7});
	forget_all();
	(void)snprintf(content, sizeof(content), edit, "$test1");
	assert_int_equal(world_put(BESIDE, ALICE, "m.room.message", content), 0);
	told("said conversation 2 @alice:hs 1 edit yes $test2 $test1 1764000000000");
	(void)snprintf(content, sizeof(content), edit, "$before");
	assert_int_equal(world_put(BESIDE, ALICE, "m.room.message", content), 0);
	told("said conversation 7 @alice:hs 1 edit yes $test3 $before 1764000000000");
	(void)snprintf(content, sizeof(content), edit, "$long_ago");
	assert_int_equal(world_put(BESIDE, ALICE, "m.room.message", content), 0);
	told("said direct 0 @alice:hs 1 edit yes $test4 $long_ago 1764000000000");
}

static void mx_in__redactions(void **state)
{
	(void)state;
	world_all();
	assert_int_equal(world_said("!4:hs", ALICE, "$1", "oops"), 0);
	forget_all();
	assert_int_equal(world_event("!4:hs", ALICE,
				     "{\"type\":\"m.room.redaction\",\"redacts\":\"$test1\","
				     "\"content\":{}}"),
			 0);
	told("said conversation 2 @alice:hs 1 retracted  $test2 $test1 1764000000000");
	assert_int_equal(
		world_event("!2:hs", ALICE,
			    "{\"type\":\"m.room.redaction\",\"content\":{\"redacts\":\"$x\"}}"),
		0);
	told("said conversation 1 @alice:hs 1 retracted  $test3 $x 1764000000000");
	assert_int_equal(
		world_event("!4:hs", ALICE, "{\"type\":\"m.room.redaction\",\"content\":{}}"), 0);
	told("said direct 0 @alice:hs 1 retracted  $test4  1764000000000");
	/* One that waits, said before we were restarted. */
	fake_bridge_event(w.bridge, "$before", (struct place_id){7});
	assert_int_equal(world_event("!4:hs", ALICE,
				     "{\"type\":\"m.room.redaction\",\"redacts\":\"$before\","
				     "\"content\":{}}"),
			 0);
	told("said conversation 7 @alice:hs 1 retracted  $test5 $before 1764000000000");
}

/* What is known of it is forgotten after a while, and then said so, not guessed. */
static void mx_in__long_ago(void **state)
{
	(void)state;
	world_all();
	assert_int_equal(world_said("!4:hs", ALICE, "$1", "first"), 0);
	for (int i = 0; i < 4096; i++)
		assert_int_equal(world_said("!2:hs", ALICE, "", "more"), 0);
	forget_all();
	assert_int_equal(world_put(BESIDE, ALICE, "m.reaction",
				   "{\"m.relates_to\":{\"rel_type\":\"m.annotation\","
				   "\"event_id\":\"$test1\",\"key\":\"👍\"}}"),
			 0);
	told_of("said direct 0 ");
}

/* Places that the bridge knows and has not asked us to open. */
static void mx_in__place_that_is_not_open(void **state)
{
	(void)state;
	world_all();
	fake_bridge_place(w.bridge, PLACE_CONVERSATION, "!7:hs", (struct place_id){5});
	fake_bridge_place(w.bridge, PLACE_CONVERSATION, "!4:hs/$8", (struct place_id){6});
	assert_int_equal(world_said("!7:hs", BOB, "", "hi"), 0);
	assert_int_equal(world_said("!4:hs", BOB, "$8", "hi"), 0);
	told("said conversation 5 @bob:hs 0 text hi $test1  1764000000000",
	     "said conversation 6 @bob:hs 0 text hi $test2  1764000000000");
}

/* ---- when it cannot be taken ------------------------------------------------------------------------------ */

static void mx_in__before_we_are_up(void **state)
{
	(void)state;
	world_create(NULL);
	assert_int_equal(world_said("!2:hs", ALICE, "", "hi"), -1);
	fake_hs_hold(w.hs, "/whoami");
	world_start();
	assert_int_equal(world_said("!2:hs", ALICE, "", "hi"), -1);
	fake_hs_release(w.hs);
	fake_hs_run(w.hs);
	assert_int_equal(world_said("!2:hs", ALICE, "", "hi"), 0);
	told("up", "said direct 0 @alice:hs 0 text hi $test3  1764000000000");
}

static void mx_in__not_stored(void **state)
{
	(void)state;
	world_all();
	fake_bridge_fail(w.bridge, true);
	for (size_t at = 0; at < WHERE_N; at++)
		assert_int_equal(world_said(where[at].room, ALICE, where[at].root, "hi"), -1);
	fake_bridge_fail(w.bridge, false);
	assert_int_equal(world_said("!2:hs", ALICE, "", "hi"), 0);
	told_of("said conversation 1 ");
}

/* Who is an organizer is remembered: nobody is refused before the control room was looked at. */
static void mx_in__control_room_before_it_was_looked_at(void **state)
{
	struct chat_place control = control_of("!1:hs");

	(void)state;
	world_all();
	world_destroy();
	world_create(NULL);
	world_up();
	fake_hs_hold(w.hs, "GET /rooms/!1:hs/state");
	world_open(&control);
	assert_int_equal(world_said("!1:hs", ALICE, "", "!status"), 0);
	told("said control 100 @alice:hs 1 text !status $test1  1764000000000");
	fake_hs_release(w.hs);
	fake_hs_run(w.hs);
	told("ready 100 !1:hs");
}

/* A new one is not answered before we know who is in it. */
static void mx_in__control_room_that_is_being_made(void **state)
{
	struct chat_place control = control_of("");

	(void)state;
	world_create(NULL);
	world_up();
	fake_hs_hold(w.hs, "GET /rooms/!1:hs/state");
	world_open(&control);
	assert_int_equal(world_said("!1:hs", ALICE, "", "!status"), -1);
	fake_hs_release(w.hs);
	fake_hs_run(w.hs);
	assert_int_equal(world_said("!1:hs", ALICE, "", "!status"), 0);
	told("ready 100 !1:hs", "said control 100 @alice:hs 0 text !status $test2  1764000000000");
}

/* ---- who comes and goes -------------------------------------------------------------------------------------- */

static void mx_member__comes_and_goes(void **state)
{
	(void)state;
	world_all();
	fake_bridge_place(w.bridge, PLACE_CONVERSATION, "!2:hs", (struct place_id){1});
	assert_int_equal(world_member("!2:hs", ALICE, BOB, "invite"), 0);
	told_nothing();
	assert_int_equal(world_member("!2:hs", BOB, BOB, "join"), 0);
	told("joined 1 @bob:hs");
	/* A new name is no coming. */
	assert_int_equal(world_event("!2:hs", BOB,
				     "{\"type\":\"m.room.member\",\"state_key\":\"@bob:hs\","
				     "\"content\":{\"membership\":\"join\",\"displayname\":\"B\"},"
				     "\"unsigned\":{\"prev_content\":{\"membership\":\"join\"}}}"),
			 0);
	told_nothing();
	assert_int_equal(world_member("!2:hs", BOB, BOB, "leave"), 0);
	assert_int_equal(world_member("!2:hs", ALICE, BOB, "ban"), 0);
	told("left 1 @bob:hs", "left 1 @bob:hs");
	/* On a desk nobody comes for one conversation. */
	assert_int_equal(world_member("!4:hs", BOB, BOB, "join"), 0);
	told_nothing();
}

static void mx_member__invitations(void **state)
{
	(void)state;
	world_all();
	for (int i = 0; i < 4; i++)
		(void)fake_hs_room(w.hs, CAROL, NULL);
	fake_bridge_user(w.bridge, BOB);
	forget_all();
	world_member("!5:hs", CAROL, BOT, "invite"); /* a stranger */
	asked("POST /rooms/!5:hs/leave");
	world_member("!6:hs", BOB, BOT, "invite"); /* of the team */
	asked("POST /rooms/!6:hs/join");
	world_member("!7:hs", ALICE, BOT, "invite"); /* an organizer */
	asked("POST /rooms/!7:hs/join");
	world_member("!8:hs", BOB, GHOST, "invite"); /* not for us to answer */
	asked_nothing();
	told_nothing();
}

static void mx_member__invitation_that_is_gone(void **state)
{
	(void)state;
	world_all();
	fake_bridge_user(w.bridge, BOB);
	(void)fake_hs_room(w.hs, CAROL, NULL);
	fake_hs_fail(w.hs, "/join", 1, 403, "{\"errcode\":\"M_FORBIDDEN\"}");
	world_member("!5:hs", BOB, BOT, "invite");
	told_nothing();
}

/* Out of a room that is none of ours. */
static void mx_member__put_out_of_a_chat(void **state)
{
	(void)state;
	world_all();
	(void)fake_hs_room(w.hs, CAROL, NULL);
	world_member("!5:hs", CAROL, BOT, "leave");
	world_member("!5:hs", CAROL, GHOST, "ban");
	told_nothing();
}

/* ---- encryption ------------------------------------------------------------------------------------------------ */

static void mx_in__encryption_switched_on(void **state)
{
	static const char event[] = "{\"type\":\"m.room.encryption\",\"state_key\":\"\","
				    "\"content\":{\"algorithm\":\"m.megolm.v1.aes-sha2\"}}";

	(void)state;
	world_all();
	assert_int_equal(world_event("!2:hs", "@admin:hs", event), 0);
	told("alert @admin:hs has switched on encryption in the room “Pat …0123”. I cannot read "
	     "what "
	     "is encrypted, so nothing from there is texted; it cannot be switched off again.");
	assert_int_equal(world_event("!9:hs", "@admin:hs", event), 0);
	told_nothing();
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(mx_in__each_kind_in_each_place),
		T(mx_in__programs),
		T(mx_in__what_is_nothing),
		T(mx_in__files),
		T(mx_in__ours_is_not_told),
		T(mx_in__stale),
		T(mx_in__reaction_is_for_the_place_of_what_it_is_on),
		T(mx_in__reply_outside_of_the_thread),
		T(mx_in__thread_of_others),
		T(mx_in__named_from_another_room),
		T(mx_in__chat_that_is_open),
		T(mx_in__reply_in_a_thread_of_others),
		T(mx_in__control_room_after_a_fall),
		T(mx_in__edits),
		T(mx_in__redactions),
		T(mx_in__long_ago),
		T(mx_in__place_that_is_not_open),
		T(mx_in__before_we_are_up),
		T(mx_in__not_stored),
		T(mx_in__control_room_before_it_was_looked_at),
		T(mx_in__control_room_that_is_being_made),
		T(mx_member__comes_and_goes),
		T(mx_member__invitations),
		T(mx_member__invitation_that_is_gone),
		T(mx_member__put_out_of_a_chat),
		T(mx_in__encryption_switched_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
