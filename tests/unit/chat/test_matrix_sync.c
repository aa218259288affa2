/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Bot mode against a homeserver that the test plays: what is told, in which order, and from where it
 * goes on when anything goes wrong. */
#include "matrix_played.c"

#define BOT "@roomline:example.org"
#define ROOM "!r:example.org"
#define NOW FAKE_LOOP_START

static char bot[] = BOT;

static struct {
	int refuse_at; /* the event that cannot be stored, from 1; 0 none */
	bool down;
} sync_test;

/* ---- the neighbours ---------------------------------------------------------------------------- */

/* "$a $b +!r" (asked in by) "-!r" (left) */
static void tell_member(const struct mx_event *event)
{
	if (strcmp(event->state_key, BOT) != 0)
		strbuf_addf(&t.told, "%s/%s", event->id, event->state_key);
	else if (event->membership == MX_INVITE)
		strbuf_addf(&t.told, "+%s/%s/%d", event->room, event->sender, event->is_direct);
	else if (event->membership == MX_JOIN)
		strbuf_adds(&t.told, "in");
	else
		strbuf_addf(&t.told, "-%s", event->room);
}

int mx_in_event(struct matrix *m, const struct mx_event *event)
{
	assert_ptr_equal(m, &t.m);
	if (sync_test.refuse_at > 0 && --sync_test.refuse_at == 0)
		return -1;
	strbuf_adds(&t.told, t.told.len ? " " : "");
	if (event->kind == MX_MEMBER)
		tell_member(event);
	else
		strbuf_adds(&t.told, event->id);
	return 0;
}

static void see_call(const struct mx_call *call)
{
	assert_string_equal(call->method, "GET");
	assert_false(call->probe);
	assert_true(call->news);
}

void mx_as_caught_up(struct mx_as *as)
{
	(void)as;
	fail(); /* a bot is pushed nothing */
}

void mx_life_down(struct matrix *m, const char *why, bool broken)
{
	(void)why;
	assert_false(broken);
	sync_test.down = true;
	mx_sync_stop(m->sync);
}

/* ---- playing the server -------------------------------------------------------------------------- */

static int setup(void **state)
{
	(void)state;
	memset(&sync_test, 0, sizeof(sync_test));
	play(bot);
	t.m.sync = mx_sync_new(&t.m);
	return 0;
}

/* After a while: what is answered at once is not asked again at once. */
static void answer(const char *body)
{
	fake_loop_advance(t.loop, AGAIN_MS);
	answer_as(MX_OK, 200, "", body);
}

static void answer_at_once(const char *body)
{
	answer_as(MX_OK, 200, "", body);
}

/* Waits there; from nowhere ("") it is answered at once. */
static void assert_asks_from(const char *since)
{
	assert_since(since);
	assert_non_null(strstr(t.path, since[0] ? "&timeout=30000" : "&timeout=0"));
	assert_non_null(strstr(t.path, "set_presence=offline"));
}

#define SAID_AT(id, at)                                                                            \
	"{\"type\":\"m.room.message\",\"event_id\":\"$" id                                         \
	"\",\"sender\":\"@alice:example.org\",\"origin_server_ts\":" at                            \
	",\"content\":{\"msgtype\":\"m.text\",\"body\":\"hi\"}}"
#define SAID(id) SAID_AT(id, "1764000000000")
#define MEMBER(id, user, content, more)                                                            \
	"{\"type\":\"m.room.member\",\"event_id\":\"$" id "\",\"sender\":\"" user                  \
	"\",\"state_key\":\"" user "\",\"content\":{\"membership\":\"" content "\"}" more "}"
#define JOIN(id) MEMBER(id, BOT, "join", "")
#define RENAME(id)                                                                                 \
	MEMBER(id, BOT, "join", ",\"unsigned\":{\"prev_content\":{\"membership\":\"join\"}}")
#define LEAVE(id) MEMBER(id, BOT, "leave", "")
#define LEAVE_INVITE(id)                                                                           \
	MEMBER(id, BOT, "leave", ",\"unsigned\":{\"prev_content\":{\"membership\":\"invite\"}}")
#define INVITE_AGAIN(id)                                                                           \
	MEMBER(id, BOT, "invite", ",\"unsigned\":{\"prev_content\":{\"membership\":\"leave\"}}")
#define ROOMS(next, kind, rooms)                                                                   \
	"{\"next_batch\":\"" next "\",\"rooms\":{\"" kind "\":{" rooms "}}}"
#define WHOLE(events) "\"" ROOM "\":{\"timeline\":{\"events\":[" events "]}}"
#define LIMITED(room, events, state)                                                               \
	"\"" room "\":{\"timeline\":{\"events\":[" events                                          \
	"],\"limited\":true,\"prev_batch\":\"p1\"},\"state\":{\"events\":[" state "]}}"
#define PAGE(events, end) "{\"chunk\":[" events "]" end "}"
#define EMPTY(next) "{\"next_batch\":\"" next "\"}"

/* Past the first answer of all, waiting with `since` s1. */
static void begin(void)
{
	mx_sync_start(t.m.sync);
	answer(EMPTY("s1"));
	assert_asks_from("s1");
	fake_bridge_clear(t.bridge);
}

/* ---- from where to where ------------------------------------------------------------------------- */

static void mx_sync__begins_with_what_is_open_now(void **state)
{
	(void)state;
	mx_sync_start(t.m.sync);
	assert_asks_from("");
	answer("{\"next_batch\":\"s1\",\"rooms\":{\"join\":{" WHOLE(SAID("old")) "," LIMITED(
		"!l:example.org", SAID("older"),
		"") "},\"invite\":{\"!i:example.org\":"
		    "{\"invite_state\":{\"events\":[{\"type\":\"m.room.name\",\"sender\":\"@a:b\","
		    "\"state_key\":\"\",\"content\":{}},"
		    "{\"type\":\"m.room.member\",\"sender\":\"@alice:example.org\",\"state_key\":"
		    "\"" BOT
		    "\",\"content\":{\"membership\":\"invite\",\"is_direct\":true}}]}}}}}");
	assert_told("+!i:example.org/@alice:example.org/1");
	assert_asks_from("s1");
	answer(ROOMS("s2", "join", WHOLE(SAID("a") "," SAID("b"))));
	assert_told("$a $b");
	assert_asks_from("s2");
}

static void mx_sync__goes_on_where_it_was(void **state)
{
	(void)state;
	begin();
	answer(ROOMS("s2", "join", WHOLE(SAID("a"))));
	mx_sync_stop(t.m.sync);
	forget_call();
	mx_sync_free(t.m.sync);
	t.m.sync = mx_sync_new(&t.m);
	mx_sync_start(t.m.sync);
	assert_asks_from("s2");
	answer(ROOMS("s3", "join", WHOLE(SAID("b"))));
	assert_told("$a $b");
}

static void mx_sync__begins_anew__as_somebody_else(void **state)
{
	static char other[] = "@other:example.org";

	(void)state;
	begin();
	mx_sync_stop(t.m.sync);
	forget_call();
	t.m.cfg.bot = other;
	mx_sync_start(t.m.sync);
	assert_asks_from("");
}

static void mx_sync__asks_for_the_next__after_the_commit(void **state)
{
	(void)state;
	begin();
	fake_bridge_batch(t.bridge);
	answer(ROOMS("s2", "join", WHOLE(SAID("a"))));
	assert_told("$a");
	assert_null(t.path);
	fake_bridge_commit(t.bridge, true);
	assert_asks_from("s2");

	fake_bridge_batch(t.bridge);
	answer(ROOMS("s3", "join", WHOLE(SAID("b"))));
	fake_bridge_commit(t.bridge, false);
	assert_null(t.path);
	fake_loop_advance(t.loop, 1000);
	assert_asks_from("s2");
	answer(ROOMS("s3", "join", WHOLE(SAID("b"))));
	assert_told("$b $b");
	assert_asks_from("s3");
}

static void mx_sync__asks_again__when_an_event_could_not_be_stored(void **state)
{
	(void)state;
	begin();
	sync_test.refuse_at = 2;
	answer(ROOMS("s2", "join", WHOLE(SAID("a") "," SAID("b") "," SAID("c"))));
	assert_told("$a");
	assert_null(t.path);
	assert_int_equal(fake_bridge_n(t.bridge), 0);
	fake_loop_advance(t.loop, 1000);
	assert_asks_from("s1");
	sync_test.refuse_at = 1;
	answer(ROOMS("s2", "join", WHOLE(SAID("a"))));
	fake_loop_advance(t.loop, 1999);
	assert_null(t.path);
	fake_loop_advance(t.loop, 1);
	assert_asks_from("s1");
	fake_bridge_fail(t.bridge, true); /* the place cannot be kept */
	answer(ROOMS("s2", "join", WHOLE(SAID("a"))));
	fake_bridge_fail(t.bridge, false);
	fake_loop_advance(t.loop, 4000);
	assert_asks_from("s1");
}

static void mx_sync__is_harmless__when_it_goes_before_the_commit(void **state)
{
	(void)state;
	begin();
	fake_bridge_batch(t.bridge);
	answer(ROOMS("s2", "join", WHOLE(SAID("a"))));
	mx_sync_stop(t.m.sync);
	mx_sync_free(t.m.sync);
	t.m.sync = NULL;
	fake_bridge_commit(t.bridge, true);
	assert_null(t.path);
}

static void mx_sync__does_not_race__with_a_server_that_has_nothing(void **state)
{
	(void)state;
	begin();
	answer_at_once(EMPTY("s1"));
	assert_null(t.path);
	/* Nothing has changed, so nothing is written. */
	assert_int_equal(fake_bridge_n(t.bridge), 0);
	fake_loop_advance(t.loop, AGAIN_MS);
	assert_asks_from("s1");
	fake_loop_advance(t.loop, 30000);
	answer_at_once(EMPTY("s1"));
	assert_asks_from("s1");
	/* It moves on, and tells nothing all the same. */
	fake_loop_advance(t.loop, 300);
	answer_at_once(EMPTY("s2"));
	fake_loop_advance(t.loop, AGAIN_MS - 301);
	assert_null(t.path);
	fake_loop_advance(t.loop, 1);
	assert_asks_from("s2");
	answer_at_once("{\"next_batch\":\"s3\",\"rooms\":{\"join\":{}}}");
	assert_null(t.path);
	fake_loop_advance(t.loop, AGAIN_MS);
	/* News are no idle talk, unless they are the same again. */
	answer_at_once(ROOMS("s4", "join", WHOLE(SAID("a"))));
	assert_asks_from("s4");
	answer_at_once(ROOMS("s4", "join", WHOLE(SAID("a"))));
	assert_null(t.path);
}

/* ---- what goes wrong ------------------------------------------------------------------------------ */

static void mx_sync__says_that_it_is_down__when_the_server_refuses(void **state)
{
	static const int64_t pauses[] = {1000, 2000, 4000};

	(void)state;
	begin();
	for (size_t i = 0; i < 3; i++) {
		answer_as(MX_REFUSED, 500, "M_UNKNOWN", "{}");
		assert_false(sync_test.down);
		fake_loop_advance(t.loop, pauses[i]);
		assert_asks_from("s1");
	}
	answer_as(MX_REFUSED, 500, "M_UNKNOWN", "{}");
	assert_true(sync_test.down);
	assert_null(t.path);
}

static void mx_sync__asks_for_less__when_it_was_too_much_to_read(void **state)
{
	(void)state;
	begin();
	assert_non_null(strstr(t.path, "\"timeline\":{\"limit\":20,"));
	answer_as(MX_REFUSED, 0, "", "{}");
	fake_loop_advance(t.loop, 1000);
	assert_non_null(strstr(t.path, "\"timeline\":{\"limit\":1,"));
	answer(EMPTY("s2"));
	assert_non_null(strstr(t.path, "\"timeline\":{\"limit\":20,"));
}

static void mx_sync__takes_no_answer__that_does_not_say_where_it_ends(void **state)
{
	(void)state;
	begin();
	answer("{\"rooms\":{\"join\":{" WHOLE(SAID("a")) "}}}");
	assert_told("");
	fake_loop_advance(t.loop, 1000);
	assert_asks_from("s1");
	answer("{\"next_batch\":5}");
	fake_loop_advance(t.loop, 2000);
	assert_asks_from("s1");
}

static void mx_sync__survives_nonsense(void **state)
{
	static const char *const bodies[] = {
		"{\"next_batch\":\"s1\",\"rooms\":5}",
		"{\"next_batch\":\"s1\",\"rooms\":{\"join\":[{}],\"invite\":5,\"leave\":null}}",
		ROOMS("s1", "join", "\"" ROOM "\":5"),
		ROOMS("s1", "join", "\"" ROOM "\":{\"timeline\":[]}"),
		ROOMS("s1", "join", "\"" ROOM "\":{\"timeline\":{\"events\":{\"a\":{}}}}"),
		ROOMS("s1", "join", "\"" ROOM "\":{\"timeline\":{\"events\":[1,null,[],{}]}}"),
		ROOMS("s1", "join", "\"no room\":{\"timeline\":{\"events\":[" SAID("a") "]}}"),
		ROOMS("s1", "join", "\"" ROOM "\":{\"timeline\":{\"limited\":true}}"),
		ROOMS("s1", "invite", "\"" ROOM "\":{\"invite_state\":{\"events\":5}}"),
		ROOMS("s1", "invite", "\"" ROOM "\":{\"invite_state\":{\"events\":[1,{}]}}"),
	};

	(void)state;
	begin();
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		answer(bodies[i]);
		assert_told("");
		fake_loop_advance(t.loop, 1000);
		assert_asks_from("s1");
	}
}

static void mx_sync__loses_nothing__when_the_server_forgot_where_we_were(void **state)
{
	static const char *const codes[] = {"M_UNKNOWN", "M_INVALID_PARAM", "M_UNKNOWN_POS"};

	(void)state;
	begin();
	for (size_t i = 0; i < 3; i++) {
		answer_as(MX_REFUSED, 400, codes[i], "{}");
		assert_asks_from("");
		/* The first answer is not where it begins: what was said since then is new. */
		answer(ROOMS("s1", "join", WHOLE(SAID("a"))));
		assert_told("$a");
		assert_asks_from("s1");
	}
	answer_as(MX_REFUSED, 400, "M_UNKNOWN", "{}");
	answer(ROOMS("s2", "join", LIMITED(ROOM, SAID("c"), "")));
	/* Back to where we were by the clock, as the place is no use. */
	assert_string_equal(t.path,
			    "/_matrix/client/v3/rooms/" ROOM "/messages?dir=b&from=p1&limit=100");
	answer(PAGE(SAID("b"), ",\"end\":\"p2\""));
	answer(PAGE(SAID("a") "," SAID_AT("old", "1763990000000"), ",\"end\":\"p3\""));
	assert_told("$old $a $b $c");
	assert_asks_from("s2");
	answer_as(MX_REFUSED, 400, "M_UNKNOWN", "{}");
	answer(ROOMS("s3", "join",
		     LIMITED(ROOM, SAID_AT("old", "1763990000000") "," SAID("c"), "")));
	assert_told("$old $c");
	assert_asks_from("s3");
}

static void mx_sync__does_not_begin_anew_again_and_again(void **state)
{
	(void)state;
	begin();
	answer_as(MX_REFUSED, 400, "M_UNKNOWN", "{}");
	assert_asks_from("");
	answer_as(MX_REFUSED, 400, "M_UNKNOWN", "{}");
	assert_null(t.path);
}

/* ---- gaps ------------------------------------------------------------------------------------------ */

static void mx_sync__fills_gaps__oldest_first(void **state)
{
	(void)state;
	begin();
	answer("{\"next_batch\":\"s2\",\"rooms\":{\"join\":{" LIMITED(
		"!a:example.org", SAID("a5"),
		"") ",\"!b:example.org\":{\"timeline\":{"
		    "\"events\":[" SAID("b1") "],\"limited\":false}}," LIMITED(
			    "!c:example.org", SAID("c2"),
			    MEMBER("m", "@bob:example.org", "join", "")) "}}}");
	assert_told("$b1");
	assert_int_equal(fake_bridge_n(t.bridge), 0);
	assert_string_equal(t.path, "/_matrix/client/v3/rooms/!a:example.org"
				    "/messages?dir=b&from=p1&limit=100&to=s1");
	answer(PAGE(SAID("a4") "," SAID("a3"), ",\"end\":\"p2\""));
	assert_string_equal(t.path, "/_matrix/client/v3/rooms/!a:example.org"
				    "/messages?dir=b&from=p2&limit=100&to=s1");
	assert_told("");
	answer(PAGE("", ",\"end\":\"p3\""));
	answer(PAGE(SAID("a2") "," SAID("a1"), ""));
	assert_told("$a1 $a2 $a3 $a4 $a5");
	assert_memory_equal(t.path, "/_matrix/client/v3/rooms/!c", 27);
	/* Back at its own beginning: that was all. What came and went is among the events. */
	answer(PAGE(SAID("c1"), ",\"end\":\"p1\""));
	assert_told("$c1 $c2");
	assert_asks_from("s2");
	assert_int_equal(fake_bridge_n(t.bridge), 1);
}

static void mx_sync__fills_gaps_again__when_they_could_not_be_stored(void **state)
{
	(void)state;
	begin();
	answer(ROOMS("s2", "join", LIMITED(ROOM, SAID("b"), "")));
	sync_test.refuse_at = 2;
	answer(PAGE(SAID("a"), ""));
	assert_told("$a");
	fake_loop_advance(t.loop, 1000);
	assert_asks_from("s1");
	answer(ROOMS("s2", "join", LIMITED(ROOM, SAID("b"), "")));
	/* No token is no reason to leave anything out. */
	answer_as(MX_TOKEN, 401, "M_UNKNOWN_TOKEN", "{}");
	fake_loop_advance(t.loop, 2000);
	assert_asks_from("s1");
	assert_told("");
	assert_int_equal(fake_bridge_n(t.bridge), 0);
}

static void mx_sync__says_so__when_a_gap_cannot_be_filled(void **state)
{
	(void)state;
	begin();
	answer(ROOMS("s2", "join",
		     LIMITED(ROOM, SAID("b"), MEMBER("m", "@bob:example.org", "join", ""))));
	answer(PAGE(SAID("a"), ",\"end\":\"p2\""));
	answer_as(MX_FORBIDDEN, 403, "M_FORBIDDEN", "{}");
	assert_told("$a $m/@bob:example.org $b");
	assert_int_equal(fake_bridge_n(t.bridge), 2);
	assert_memory_equal(fake_bridge_line(t.bridge, 0), "alert\t", 6);
	assert_non_null(strstr(fake_bridge_line(t.bridge, 0), "https://matrix.to/#/" ROOM));
	assert_asks_from("s2");
}

static void mx_sync__has_enough_of_a_gap__after_a_thousand(void **state)
{
	STRBUF_AUTO(page);
	int pages = 0;

	(void)state;
	begin();
	answer(ROOMS("s2", "join", LIMITED(ROOM, SAID("b"), "")));
	strbuf_adds(&page, "{\"chunk\":[" SAID("x"));
	for (int i = 1; i < 100; i++)
		strbuf_adds(&page, "," SAID("x"));
	while (strstr(t.path, "/messages")) {
		STRBUF_AUTO(body);

		strbuf_addf(&body, "%s],\"end\":\"e%d\"}", page.buf, pages++);
		answer(body.buf);
	}
	assert_int_equal(pages, 10);
	assert_memory_equal(fake_bridge_line(t.bridge, 0), "alert\t", 6);
	assert_asks_from("s2");
	answer(ROOMS("s3", "join", LIMITED(ROOM, SAID("b"), "")));
	/* One that gives nothing but always has more. */
	for (pages = 0; strstr(t.path, "/messages"); pages++) {
		STRBUF_AUTO(body);

		strbuf_addf(&body, "{\"chunk\":[],\"end\":\"e%d\"}", pages);
		answer(body.buf);
	}
	assert_int_equal(pages, 30);
	assert_asks_from("s3");
}

/* Few, but long ones. */
static void mx_sync__has_enough_of_a_gap__after_eight_megabytes(void **state)
{
	static char words[60000];
	STRBUF_AUTO(events);
	int pages = 0;

	(void)state;
	begin();
	answer(ROOMS("s2", "join", LIMITED(ROOM, SAID("b"), "")));
	memset(words, 'x', sizeof(words) - 1);
	for (int i = 0; i < 20; i++)
		strbuf_addf(&events,
			    "%s{\"type\":\"m.room.message\",\"event_id\":\"$l%d\","
			    "\"sender\":\"@bob:example.org\",\"content\":{\"body\":\"%s\"}}",
			    i ? "," : "", i, words);
	while (strstr(t.path, "/messages")) {
		STRBUF_AUTO(body);

		assert_true(pages < 10);
		strbuf_addf(&body, "{\"chunk\":[%s],\"end\":\"e%d\"}", events.buf, pages++);
		answer(body.buf);
	}
	assert_int_equal(pages, 7);
	assert_memory_equal(fake_bridge_line(t.bridge, 0), "alert\t", 6);
	assert_asks_from("s2");
}

static void mx_sync__voids_a_gap__when_stopped(void **state)
{
	(void)state;
	begin();
	answer(ROOMS("s2", "join", LIMITED(ROOM, SAID("b"), "")));
	mx_sync_stop(t.m.sync);
	forget_call();
	mx_sync_start(t.m.sync);
	assert_asks_from("s1");
	answer(ROOMS("s2", "join", LIMITED(ROOM, SAID("b"), "")));
	answer(PAGE(SAID("a"), ""));
	assert_told("$a $b");
	assert_asks_from("s2");
}

/* ---- coming and going ------------------------------------------------------------------------------ */

static void mx_sync__leaves_out__what_was_said_without_us(void **state)
{
	static const struct {
		const char *events;
		const char *told;
	} cases[] = {
		{SAID("a") "," JOIN("j") "," SAID("b"), "in $b"},
		{SAID("a") "," RENAME("j") "," SAID("b"), "$a in $b"},
		{SAID("a") "," LEAVE("l") "," SAID("b") "," JOIN("j") "," SAID("c"),
		 "$a -" ROOM " in $c"},
		{SAID("a") "," MEMBER("i", BOT, "invite", "") "," SAID("b") "," JOIN("j"),
		 "+" ROOM "/" BOT "/0 in"},
		{SAID("a") "," LEAVE_INVITE("l"), "-" ROOM},
		{SAID("a") "," INVITE_AGAIN("i") "," SAID("b") "," JOIN("j"),
		 "+" ROOM "/" BOT "/0 in"},
		{SAID("a") "," MEMBER("j", "@bob:example.org", "join", "") "," SAID("b"),
		 "$a $j/@bob:example.org $b"},
		{SAID("a") "," LEAVE("l"), "$a -" ROOM},
	};

	(void)state;
	begin();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		STRBUF_AUTO(body);

		strbuf_addf(&body, ROOMS("s1", "join", WHOLE("%s")), cases[i].events);
		answer(body.buf);
		assert_told(cases[i].told);
		fake_loop_advance(t.loop, 1000);
	}
}

static void mx_sync__tells_that_we_are_out(void **state)
{
	(void)state;
	begin();
	answer(ROOMS("s2", "leave", WHOLE(SAID("a") "," LEAVE("l"))));
	assert_told("$a -" ROOM);
	answer(ROOMS("s3", "leave", "\"" ROOM "\":{\"state\":{\"events\":[" LEAVE("l") "]}}"));
	assert_told("-" ROOM);
	answer(ROOMS("s4", "leave", "\"" ROOM "\":{}"));
	assert_told("-" ROOM);
	answer(ROOMS("s5", "leave", LIMITED(ROOM, SAID("b") "," LEAVE("l"), "")));
	assert_told("");
	answer(PAGE(SAID("a"), ""));
	assert_told("$a $b -" ROOM);
	assert_asks_from("s5");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(mx_sync__begins_with_what_is_open_now),
		TEST(mx_sync__goes_on_where_it_was),
		TEST(mx_sync__begins_anew__as_somebody_else),
		TEST(mx_sync__asks_for_the_next__after_the_commit),
		TEST(mx_sync__asks_again__when_an_event_could_not_be_stored),
		TEST(mx_sync__is_harmless__when_it_goes_before_the_commit),
		TEST(mx_sync__does_not_race__with_a_server_that_has_nothing),
		TEST(mx_sync__says_that_it_is_down__when_the_server_refuses),
		TEST(mx_sync__asks_for_less__when_it_was_too_much_to_read),
		TEST(mx_sync__takes_no_answer__that_does_not_say_where_it_ends),
		TEST(mx_sync__survives_nonsense),
		TEST(mx_sync__loses_nothing__when_the_server_forgot_where_we_were),
		TEST(mx_sync__does_not_begin_anew_again_and_again),
		TEST(mx_sync__fills_gaps__oldest_first),
		TEST(mx_sync__fills_gaps_again__when_they_could_not_be_stored),
		TEST(mx_sync__says_so__when_a_gap_cannot_be_filled),
		TEST(mx_sync__has_enough_of_a_gap__after_a_thousand),
		TEST(mx_sync__has_enough_of_a_gap__after_eight_megabytes),
		TEST(mx_sync__voids_a_gap__when_stopped),
		TEST(mx_sync__leaves_out__what_was_said_without_us),
		TEST(mx_sync__tells_that_we_are_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
