/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Places: what is said in them, in order, and the marks on what others said. */
#include "matrix_world.c"

#define MINUTE_MS 60000
#define FORBIDDEN "{\"errcode\":\"M_FORBIDDEN\",\"error\":\"no\"}"
#define BAD "{\"errcode\":\"M_BAD_JSON\",\"error\":\"bad\"}"
#define GHOST "@_sms_a:hs"
#define SEND(n) "PUT /rooms/!1:hs/send/m.room.message/EPOCH." #n "t as @_sms_a:hs"

/* A place of Alice's that is ready and was spoken in. */
static struct chat_place world_place(void)
{
	struct chat_place a = place_of(1);

	world_create(NULL);
	world_up();
	world_open(&a);
	a.address = "!1:hs";
	forget_all();
	return a;
}

/* ---- saying --------------------------------------------------------------------------------------- */

static void mx_say__in_order_and_one_at_a_time(void **state)
{
	struct chat_place a = world_place();

	(void)state;
	fake_hs_hold(w.hs, "/send/");
	world_say(&a, 7, "one");
	say_as(&a, 8, VOICE_BOT, "two");
	world_say(&a, 9, "three");
	asked(SEND(7));
	fake_hs_release(w.hs);
	fake_hs_run(w.hs);
	asked("PUT /rooms/!1:hs/send/m.room.message/EPOCH.8t", SEND(9));
	told("done 7 $1", "done 8 $2", "done 9 $3");
	assert_int_equal(w.serial, 0);
}

static void mx_say__places_do_not_wait_for_each_other(void **state)
{
	struct chat_place a = world_place();
	struct chat_place b = place_of(2);

	(void)state;
	world_open(&b);
	forget_all();
	fake_hs_hold(w.hs, "EPOCH.7t");
	world_say(&a, 7, "one");
	world_say(&b, 8, "two");
	told("done 8 $1");
}

static void mx_say__who_speaks_and_how(void **state)
{
	struct chat_place a = world_place();
	struct chat_say say = {
		.id = {9}, .place = &a, .voice = VOICE_CONTACT, .text = "late", .stamp = 1234};

	(void)state;
	world_say(&a, 7, "hello");
	assert_body("EPOCH.7t", "\"msgtype\":\"m.text\",\"body\":\"hello\"");
	assert_part(fake_http_call(w.client, fake_http_calls(w.client) - 1)->call.url,
		    "device_id=ROOMLINE");
	say_as(&a, 8, VOICE_BOT, "see `!help`");
	fake_hs_run(w.hs);
	assert_body("EPOCH.8t", "\"msgtype\":\"m.notice\"");
	assert_body("EPOCH.8t", "<code>!help</code>");
	chat_matrix.say(w.self, &say);
	fake_hs_run(w.hs);
	assert_part(fake_http_call(w.client, fake_http_calls(w.client) - 1)->call.url, "ts=1234");
}

/* The same transaction when it is asked for again: the homeserver knows it. */
static void mx_say__again_after_a_restart(void **state)
{
	struct chat_place a = world_place();

	(void)state;
	world_say(&a, 7, "hello");
	world_destroy();
	world_create(NULL);
	world_up();
	world_open(&a);
	world_say(&a, 7, "hello");
	told("ready 1 !1:hs", "done 7 $1");
}

/* The ghost is out: the room is looked at, put right, and it is said again. */
static void mx_say__forbidden_and_mended(void **state)
{
	struct chat_place a = world_place();

	(void)state;
	world_say(&a, 6, "before");
	fake_hs_member(w.hs, "!1:hs", GHOST, "ban");
	forget_all();
	world_say(&a, 7, "hello");
	told("done 7 $2");
	asked(SEND(7), "GET /rooms/!1:hs/state", "POST /rooms/!1:hs/unban",
	      "POST /rooms/!1:hs/invite", "POST /rooms/!1:hs/join as @_sms_a:hs", SEND(7));
}

static void mx_say__forbidden_for_good(void **state)
{
	struct chat_place a = world_place();

	(void)state;
	fake_hs_fail(w.hs, "EPOCH.7t", 2, 403, FORBIDDEN);
	world_say(&a, 7, "hello");
	world_say(&a, 8, "more");
	told("failed 7 no", "done 8 $1");
	assert_int_equal(fake_hs_count(w.hs, "EPOCH.7t"), 2);
}

/* Each has its own second try. */
static void mx_say__every_text_is_tried_twice(void **state)
{
	struct chat_place a = world_place();

	(void)state;
	fake_hs_fail(w.hs, "EPOCH.7t", 1, 403, FORBIDDEN);
	fake_hs_fail(w.hs, "EPOCH.8t", 1, 403, FORBIDDEN);
	world_say(&a, 7, "hello");
	world_say(&a, 8, "more");
	told("done 7 $1", "done 8 $2");
}

static void mx_say__refused(void **state)
{
	struct chat_place a = world_place();

	(void)state;
	fake_hs_fail(w.hs, "EPOCH.7t", 1, 400, BAD);
	fake_hs_fail(w.hs, "EPOCH.8t", 1, 413, "{\"errcode\":\"M_TOO_LARGE\",\"error\":\"large\"}");
	world_say(&a, 7, "hello");
	world_say(&a, 8, "more");
	world_say(&a, 9, "and more");
	told("failed 7 bad", "failed 8 large", "done 9 $1");
}

static void mx_say__out_of_the_room(void **state)
{
	struct chat_place a = world_place();

	(void)state;
	fake_hs_member(w.hs, "!1:hs", BOT, "leave");
	say_as(&a, 7, VOICE_BOT, "hello");
	fake_hs_run(w.hs);
	told("lost 1 we are not in it any more");
	world_open(&a);
	say_as(&a, 7, VOICE_BOT, "hello");
	fake_hs_run(w.hs);
	told("ready 1 !3:hs", "done 7 $1");
}

/* What the network does not know (any more) is not its to say. */
static void mx_say__nowhere(void **state)
{
	struct chat_place b = place_of(2);

	(void)state;
	(void)world_place();
	world_say(&b, 7, "hello");
	world_mark(&b, 8, "$1", MARK_DELIVERED);
	world_update(&b);
	asked_nothing();
	told_nothing();
}

static void mx_say__files(void **state)
{
	static const struct chat_bytes picture = {
		.bytes = "GIF", .len = 3, .type = "image/gif", .name = "picture.gif"};
	static const struct chat_bytes none = {.problem = "gone", .text = "It cannot be had."};
	struct chat_place a = world_place();
	struct chat_say say = {
		.id = {7}, .place = &a, .voice = VOICE_CONTACT, .text = "a link", .file = {3}};

	(void)state;
	chat_matrix.say(w.self, &say);
	world_say(&a, 8, "after it");
	told_nothing();
	fake_bridge_bytes(w.bridge, &picture);
	fake_hs_run(w.hs);
	told("done 7 $1", "done 8 $2");
	assert_body("EPOCH.7t", "mxc://hs/file");
	say.id.v = 9;
	chat_matrix.say(w.self, &say);
	fake_hs_run(w.hs);
	fake_bridge_bytes(w.bridge, &none);
	fake_hs_run(w.hs);
	told("done 9 $3");
	assert_body("EPOCH.9t", "It cannot be had.");
}

static void mx_say__files__when_all_is_given_up(void **state)
{
	struct chat_place places[6];

	(void)state;
	world_create(NULL);
	world_up();
	for (int64_t i = 0; i < 6; i++) {
		places[i] = place_of(i + 1);
		world_open(&places[i]);
	}
	/* One more than may be under way at once waits for another to be dropped. */
	for (int64_t i = 1; i < 6; i++) {
		struct chat_say say = {.id = {100 + i},
				       .place = &places[i],
				       .voice = VOICE_CONTACT,
				       .text = "a link",
				       .file = {i}};

		chat_matrix.say(w.self, &say);
		fake_hs_run(w.hs);
	}
	say_as(&places[0], 200, VOICE_CONTACT, "hello");
	chat_matrix.stop(w.self);
}

/* ---- marks ---------------------------------------------------------------------------------------- */

static void mx_mark__replaces_the_one_before(void **state)
{
	static const struct {
		enum chat_mark mark;
		const char *key;
	} marks[] = {
		{MARK_QUEUED, "⏳"},
		{MARK_HANDED_OVER, "📨"},
		{MARK_UNKNOWN, "❓"},
		{MARK_DELIVERED, "✅"},
		{MARK_FAILED, "❌"},
		/* Somebody had it sent again. */
		{MARK_QUEUED, "⏳"},
		{MARK_DELIVERED, "✅"},
	};
	struct chat_place a = world_place();
	AUTO_FREE char *event = xstrdup(fake_hs_event(w.hs, "!1:hs", ALICE));

	(void)state;
	for (int64_t i = 0; i < 7; i++) {
		char txn[64];

		fake_hs_clear(w.hs);
		world_mark(&a, 10 + i, event, marks[i].mark);
		(void)snprintf(txn, sizeof(txn), "/send/m.reaction/EPOCH.%" PRId64 "m", 10 + i);
		assert_int_equal(fake_hs_count(w.hs, txn), 1);
		(void)snprintf(txn, sizeof(txn), "/EPOCH.%" PRId64 "x", 10 + i);
		assert_int_equal(fake_hs_count(w.hs, txn), i > 0);
		assert_string_equal(fake_hs_reactions(w.hs, event), marks[i].key);
	}
	told("done 10 ", "done 11 ", "done 12 ", "done 13 ", "done 14 ", "done 15 ", "done 16 ");
}

static void mx_mark__once_more_is_nothing(void **state)
{
	struct chat_place a = world_place();
	AUTO_FREE char *event = xstrdup(fake_hs_event(w.hs, "!1:hs", ALICE));

	(void)state;
	world_mark(&a, 7, event, MARK_DELIVERED);
	forget_all();
	world_mark(&a, 8, event, MARK_DELIVERED);
	told("done 8 ");
	assert_int_equal(fake_hs_count(w.hs, "/send/"), 0);
}

static void mx_mark__already_there(void **state)
{
	struct chat_place a = world_place();
	AUTO_FREE char *event = xstrdup(fake_hs_event(w.hs, "!1:hs", ALICE));

	(void)state;
	fake_hs_fail(w.hs, "/send/m.reaction", 1, 400, "{\"errcode\":\"M_DUPLICATE_ANNOTATION\"}");
	world_mark(&a, 7, event, MARK_DELIVERED);
	told("done 7 ");
}

/* Of those that wait only the last is shown. */
static void mx_mark__overtaken(void **state)
{
	struct chat_place a = world_place();
	AUTO_FREE char *event = xstrdup(fake_hs_event(w.hs, "!1:hs", ALICE));
	AUTO_FREE char *other = xstrdup(fake_hs_event(w.hs, "!1:hs", ALICE));

	(void)state;
	fake_hs_hold(w.hs, "EPOCH.6t");
	world_say(&a, 6, "hello");
	world_mark(&a, 7, event, MARK_QUEUED);
	world_mark(&a, 8, other, MARK_QUEUED);
	world_mark(&a, 9, event, MARK_HANDED_OVER);
	world_mark(&a, 10, event, MARK_DELIVERED);
	fake_hs_release(w.hs);
	fake_hs_run(w.hs);
	told("done 6 $3", "done 7 ", "done 8 ", "done 9 ", "done 10 ");
	assert_string_equal(fake_hs_reactions(w.hs, event), "✅");
	assert_string_equal(fake_hs_reactions(w.hs, other), "⏳");
	assert_int_equal(fake_hs_count(w.hs, "/send/m.reaction"), 2);
}

static void mx_mark__event_that_is_gone(void **state)
{
	struct chat_place a = world_place();

	(void)state;
	world_mark(&a, 7, "$nowhere", MARK_DELIVERED);
	world_mark(&a, 8, "$nowhere", MARK_QUEUED);
	told("done 7 ", "done 8 ");
}

/* The reactions of others, and of ours that are no marks, stay. */
static void mx_mark__leaves_others_alone(void **state)
{
	struct chat_place a = world_place();
	AUTO_FREE char *event = xstrdup(fake_hs_event(w.hs, "!1:hs", ALICE));

	(void)state;
	fake_hs_fail(
		w.hs, "/relations/", 1, 200,
		"{\"chunk\":[{\"event_id\":\"$x\",\"sender\":\"@alice:hs\",\"content\":"
		"{\"m.relates_to\":{\"key\":\"⏳\"}}},{\"event_id\":\"$y\",\"sender\":\"@bot:hs\","
		"\"content\":{\"m.relates_to\":{\"key\":\"👍\"}}},7,{\"content\":5}]}");
	world_mark(&a, 7, event, MARK_DELIVERED);
	assert_int_equal(fake_hs_count(w.hs, "/redact/"), 0);
	told("done 7 ");
}

/* One receipt for what is read, and not one for each mark. */
static void mx_mark__receipt(void **state)
{
	struct chat_place a = world_place();
	AUTO_FREE char *event = xstrdup(fake_hs_event(w.hs, "!1:hs", ALICE));

	(void)state;
	world_mark(&a, 7, event, MARK_HANDED_OVER);
	world_mark(&a, 8, event, MARK_DELIVERED);
	assert_int_equal(fake_hs_count(w.hs, "POST /rooms/!1:hs/receipt/m.read/$1"), 1);
}

static void mx_mark__status_events(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_create("status_events", "yes", NULL);
	world_up();
	world_open(&a);
	world_mark(&a, 7, fake_hs_event(w.hs, "!1:hs", ALICE), MARK_FAILED);
	assert_body("com.beeper.message_send_status/EPOCH.7s", "FAIL_PERMANENT");
	assert_body("com.beeper.message_send_status", "m.foreign_network_error");
	told("ready 1 !1:hs", "done 7 ");
}

/* ---- a chat with the bot ----------------------------------------------------------------------------- */

static struct chat_place direct_of(const char *address)
{
	struct chat_place place = place_of(3);

	place.kind = PLACE_DIRECT;
	place.address = address;
	place.owner = "";
	place.member_n = 0;
	return place;
}

static void mx_direct__answers_where_it_was_asked(void **state)
{
	AUTO_FREE char *thread = NULL;
	struct chat_place direct;

	(void)state;
	world_create(NULL);
	world_up();
	(void)fake_hs_room(w.hs, ALICE, NULL);
	fake_hs_member(w.hs, "!1:hs", BOT, "join");
	direct = direct_of("!1:hs");
	world_open(&direct);
	say_as(&direct, 7, VOICE_BOT, "hello");
	fake_hs_run(w.hs);
	thread = xstrdup(fake_hs_event(w.hs, "!1:hs", ALICE));
	told("ready 3 !1:hs", "done 7 $1");
	world_destroy();
	world_create(NULL);
	world_up();
	direct = direct_of("!1:hs/$2");
	world_open(&direct);
	world_update(&direct);
	forget_all();
	say_as(&direct, 8, VOICE_BOT, "hello");
	fake_hs_run(w.hs);
	assert_body("EPOCH.8t", "\"rel_type\":\"m.thread\",\"event_id\":\"$2\"");
	asked("PUT /rooms/!1:hs/send/m.room.message/EPOCH.8t");
}

static void mx_direct__the_bot_was_put_out(void **state)
{
	struct chat_place direct;

	(void)state;
	world_create(NULL);
	world_up();
	(void)fake_hs_room(w.hs, ALICE, NULL);
	direct = direct_of("!1:hs");
	world_open(&direct);
	say_as(&direct, 7, VOICE_BOT, "hello");
	fake_hs_run(w.hs);
	told("ready 3 !1:hs", "failed 7 you may not say that");
}

/* ---- addresses ---------------------------------------------------------------------------------------- */

static void mx_place__address_that_is_none(void **state)
{
	char room[300];
	char root[600];
	const char *const addresses[] = {"/", "!", "room", "/$1", "#1:hs", "!a b:hs", room, root};

	(void)state;
	memset(room, 'a', sizeof(room));
	(void)snprintf(room + sizeof(room) - 4, 4, ":hs");
	room[0] = '!';
	memset(root, 'a', sizeof(root));
	memcpy(root, "!1:hs/$", 7);
	root[sizeof(root) - 1] = '\0';
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		struct chat_place a = place_of(1);

		a.address = addresses[i];
		world_create(NULL);
		world_up();
		world_open(&a);
		told("ready 1 !1:hs");
		teardown(NULL);
		setup(NULL);
	}
}

static void mx_place__opened_again(void **state)
{
	struct chat_place a = world_place();

	(void)state;
	world_open(&a);
	asked_nothing();
	told("ready 1 !1:hs");
}

/* Nothing is opened before we are up; the bridge asks again then. */
static void mx_place__opened_too_early(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_create(NULL);
	chat_matrix.open_place(w.self, &a);
	world_start();
	told("up");
	world_open(&a);
	told("ready 1 !1:hs");
}

/* ---- telling what was shown ----------------------------------------------------------------------- */

/* Five threads: in the first something was said and shown, in the others it is under way. */
static void world_busy(struct chat_place places[5])
{
	world_create("shape", "thread", NULL);
	world_up();
	for (int64_t i = 0; i < 5; i++) {
		places[i] = place_of(i + 1);
		world_open(&places[i]);
	}
	forget_all();
	fake_hs_hold(w.hs, "EPOCH.2");
	for (int64_t i = 1; i < 5; i++)
		world_say(&places[i], 20 + i, "on its way");
	world_say(&places[0], 7, "one");
	told_nothing();
}

static void mx_done__told_in_company_while_much_is_under_way(void **state)
{
	struct chat_place places[5];

	(void)state;
	world_busy(places);
	fake_hs_wait(w.hs, 20);
	world_say(&places[0], 8, "two");
	fake_hs_wait(w.hs, 29);
	told_nothing();
	fake_hs_wait(w.hs, 1);
	told("done 7 $6", "done 8 $7");
	fake_hs_release(w.hs);
	fake_hs_run(w.hs);
	told("done 21 $8", "done 22 $9", "done 23 $10", "done 24 $11");
}

static void mx_done__told_before_we_stop(void **state)
{
	struct chat_place places[5];

	(void)state;
	world_busy(places);
	chat_matrix.stop(w.self);
	told("done 7 $6", "down stopped");
}

/* Or it would be given to us once more. */
static void mx_done__told_before_the_place_is_ready_again(void **state)
{
	struct chat_place places[5];

	(void)state;
	world_busy(places);
	places[0].address = "!1:hs/$1";
	world_open(&places[0]);
	told("done 7 $6", "ready 1 !1:hs/$1");
}

static void mx_done__told_before_the_place_is_lost(void **state)
{
	struct chat_place places[5];

	(void)state;
	world_busy(places);
	world_member("!1:hs", "@admin:hs", BOT, "leave");
	told_of("done 7 $6\nlost 1 @admin:hs has put the bot out of it\nlost 2 ");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(mx_say__in_order_and_one_at_a_time),
		T(mx_say__places_do_not_wait_for_each_other),
		T(mx_say__who_speaks_and_how),
		T(mx_say__again_after_a_restart),
		T(mx_say__forbidden_and_mended),
		T(mx_say__forbidden_for_good),
		T(mx_say__every_text_is_tried_twice),
		T(mx_say__refused),
		T(mx_say__out_of_the_room),
		T(mx_say__nowhere),
		T(mx_say__files),
		T(mx_say__files__when_all_is_given_up),
		T(mx_mark__replaces_the_one_before),
		T(mx_mark__once_more_is_nothing),
		T(mx_mark__already_there),
		T(mx_mark__overtaken),
		T(mx_mark__event_that_is_gone),
		T(mx_mark__leaves_others_alone),
		T(mx_mark__receipt),
		T(mx_mark__status_events),
		T(mx_direct__answers_where_it_was_asked),
		T(mx_direct__the_bot_was_put_out),
		T(mx_place__address_that_is_none),
		T(mx_place__opened_again),
		T(mx_place__opened_too_early),
		T(mx_done__told_in_company_while_much_is_under_way),
		T(mx_done__told_before_we_stop),
		T(mx_done__told_before_the_place_is_ready_again),
		T(mx_done__told_before_the_place_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
