/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* An application service against a homeserver that the test plays: from where it asks for what was
 * not pushed to it, at its start and after each death of the homeserver. */
#include "matrix_played.c"

#define WATCH "@_sms_watch:example.org"
#define PERIOD_MS (10 * INT64_C(60000))

static char bot[] = "@_sms_bot:example.org";
static char prefix[] = "_sms_";
static char server[] = "example.org";

/* ---- the neighbours ---------------------------------------------------------------------------- */

int mx_in_event(struct matrix *m, const struct mx_event *event)
{
	assert_true(m->catching_up);
	strbuf_addf(&t.told, "%s ", event->id);
	return 0;
}

static void see_call(const struct mx_call *call)
{
	(void)call; /* each is looked at when it is awaited */
}

/* What was pushed meanwhile is told after what was missed. */
void mx_as_caught_up(struct mx_as *as)
{
	(void)as;
	assert_false(t.m.catching_up);
	strbuf_adds(&t.told, "pushed ");
}

void mx_life_down(struct matrix *m, const char *why, bool broken)
{
	(void)m;
	(void)why;
	(void)broken;
	fail();
}

/* ---- playing the server -------------------------------------------------------------------------- */

static int setup(void **state)
{
	(void)state;
	play(bot);
	t.m.cfg.appservice = true;
	t.m.cfg.prefix = prefix;
	t.m.cfg.server = server;
	t.m.sync = mx_sync_new(&t.m);
	return 0;
}

static void answer(const char *body)
{
	answer_as(MX_OK, 200, "", body);
}

static void die(void)
{
	fake_loop_advance(t.loop, AGAIN_MS);
	answer_as(MX_UNREACHABLE, 0, "", "{}");
}

#define ENDS(next) "{\"next_batch\":\"" next "\"}"
#define SAYS(next, id)                                                                             \
	"{\"next_batch\":\"" next "\",\"rooms\":{\"join\":{\"!r:example.org\":{\"timeline\":{"     \
	"\"events\":[{\"type\":\"m.room.message\",\"event_id\":\"$" id                             \
	"\",\"sender\":\"@alice:example.org\",\"origin_server_ts\":1764000000000,"                 \
	"\"content\":{\"msgtype\":\"m.text\",\"body\":\"hi\"}}]}}}}}"

/* The bot asks, and is answered at once, for all that came since then; "" just where that is. */
static void assert_catches_up(const char *since)
{
	assert_since(since);
	assert_null(t.as);
	assert_false(t.held);
	assert_true(t.m.catching_up);
	assert_non_null(strstr(t.path, "&timeout=0"));
	assert_non_null(strstr(t.path, since[0] ? "\"limit\":100" : "\"rooms\":[]"));
}

/* The one who is in no room waits; "" says where it begins first. */
static void assert_watches(const char *since)
{
	assert_since(since);
	assert_string_equal(t.as, WATCH);
	assert_int_equal(t.held, since[0] != '\0');
	assert_false(t.m.catching_up);
	assert_non_null(strstr(t.path, since[0] ? "&timeout=50000" : "&timeout=0"));
	assert_non_null(strstr(t.path, "\"rooms\":[]"));
}

static void register_watch(void)
{
	assert_string_equal(t.path, "/_matrix/client/v3/register");
	assert_non_null(strstr(t.body, "\"username\":\"_sms_watch\""));
	answer_as(MX_ALREADY, 400, "M_USER_IN_USE", "{}");
	assert_watches("");
	answer(ENDS("w1"));
	assert_watches("w1");
}

/* The first start of all, up to the open question. */
static void begin(void)
{
	mx_sync_start(t.m.sync);
	assert_catches_up("");
	answer(ENDS("s1"));
	assert_told("pushed ");
	register_watch();
}

/* The open question is answered after that time, as it is when nothing happens. */
static void watch_for(int64_t ms, const char *next)
{
	fake_loop_advance(t.loop, ms);
	answer(next);
}

/* ---- tests ----------------------------------------------------------------------------------------- */

static void mx_watch__catches_up__when_the_server_died(void **state)
{
	(void)state;
	begin();
	die();
	assert_catches_up("s1");
	answer(SAYS("s2", "a"));
	assert_told("$a pushed ");
	register_watch();
	die();
	assert_catches_up("s2");
}

static void mx_watch__catches_up__after_a_restart(void **state)
{
	(void)state;
	begin();
	mx_sync_free(t.m.sync);
	forget_call();
	t.m.sync = mx_sync_new(&t.m);
	mx_sync_start(t.m.sync);
	assert_catches_up("s1");
	answer(SAYS("s2", "a"));
	assert_told("$a pushed ");
	register_watch();
}

static void mx_watch__is_no_death__when_nothing_happened(void **state)
{
	(void)state;
	begin();
	watch_for(50000, ENDS("w2"));
	assert_watches("w2");
	/* One that fails is alive. */
	fake_loop_advance(t.loop, 50000);
	answer_as(MX_REFUSED, 500, "M_UNKNOWN", "{}");
	assert_null(t.path);
	fake_loop_advance(t.loop, 1000);
	assert_watches("");
	answer("{\"next_batch\":5}");
	fake_loop_advance(t.loop, 1000);
	assert_watches("");
	/* Nothing was left open that could have ended. */
	die();
	assert_null(t.path);
	fake_loop_advance(t.loop, 1000);
	assert_watches("");
}

/* What was said just before a place was asked for may not be pushed yet: it is good a period later. */
static void mx_watch__moves_on__a_period_late(void **state)
{
	(void)state;
	begin();
	watch_for(PERIOD_MS - 1, ENDS("w2"));
	assert_watches("w2");
	watch_for(1, ENDS("w3"));
	fake_loop_advance(t.loop, AGAIN_MS);
	assert_since("s1");
	assert_null(t.as);
	answer(ENDS("s2"));
	assert_watches("w3");
	die();
	assert_catches_up("s1");
	answer(ENDS("s3"));

	register_watch();
	watch_for(PERIOD_MS, ENDS("w2"));
	answer(ENDS("s4"));
	watch_for(PERIOD_MS - 1, ENDS("w3"));
	watch_for(1, ENDS("w4"));
	fake_loop_advance(t.loop, AGAIN_MS);
	assert_since("s3");
	answer(ENDS("s5"));
	assert_watches("w4");
	die();
	assert_catches_up("s4");
}

static void mx_watch__stays__where_the_next_place_is_not_told(void **state)
{
	(void)state;
	begin();
	watch_for(PERIOD_MS, ENDS("w2"));
	answer_as(MX_REFUSED, 500, "M_UNKNOWN", "{}");
	assert_watches("w2");
	watch_for(1000, ENDS("w3"));
	assert_since("s1"); /* is due still */
	answer("{\"next_batch\":\"\"}");
	assert_watches("w3");
	die();
	assert_catches_up("s1");
}

/* Most was pushed, and what is old would be taken for new. */
static void mx_watch__begins_at_now__when_the_server_forgot_where_we_were(void **state)
{
	(void)state;
	begin();
	die();
	answer_as(MX_REFUSED, 400, "M_UNKNOWN", "{}");
	assert_catches_up("");
	answer(SAYS("s2", "old"));
	assert_told("pushed ");
	register_watch();
	die();
	assert_catches_up("s2");
}

static void mx_watch__does_without__when_it_may_not(void **state)
{
	(void)state;
	mx_sync_start(t.m.sync);
	answer(ENDS("s1"));
	answer_as(MX_FORBIDDEN, 403, "M_FORBIDDEN", "{}");
	assert_null(t.path);
	assert_false(t.m.catching_up);
}

/* A proxy may answer for the server, or cut off what would wait. */
static void mx_watch__does_not_race__with_what_does_not_wait(void **state)
{
	(void)state;
	begin();
	for (int i = 0; i < 3; i++) {
		watch_for(300, ENDS("w2"));
		fake_loop_advance(t.loop, AGAIN_MS - 301);
		assert_null(t.path);
		fake_loop_advance(t.loop, 1);
		assert_watches("w2");
	}
	answer_as(MX_UNREACHABLE, 502, "", "{}");
	answer(ENDS("s2"));
	register_watch();
	answer_as(MX_UNREACHABLE, 502, "", "{}");
	assert_null(t.path);
	fake_loop_advance(t.loop, AGAIN_MS);
	assert_catches_up("s2");
}

static void mx_watch__is_quiet__when_stopped(void **state)
{
	(void)state;
	begin();
	mx_sync_stop(t.m.sync);
	die();
	assert_null(t.path);
	mx_sync_start(t.m.sync);
	assert_catches_up("s1");
	answer(ENDS("s2"));
	mx_sync_stop(t.m.sync);
	answer_as(MX_OK, 200, "", "{}");
	assert_null(t.path);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(mx_watch__catches_up__when_the_server_died),
		TEST(mx_watch__catches_up__after_a_restart),
		TEST(mx_watch__is_no_death__when_nothing_happened),
		TEST(mx_watch__moves_on__a_period_late),
		TEST(mx_watch__stays__where_the_next_place_is_not_told),
		TEST(mx_watch__begins_at_now__when_the_server_forgot_where_we_were),
		TEST(mx_watch__does_without__when_it_may_not),
		TEST(mx_watch__does_not_race__with_what_does_not_wait),
		TEST(mx_watch__is_quiet__when_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
