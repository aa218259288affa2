/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* From nothing to up, what stands in the way, and what becomes of all that is open when it ends. */
#include "matrix_world.c"

#define MINUTE_MS 60000
/* As long as a call is made again that the server fails on. */
#define FEW_TRIES_MS (5 * MINUTE_MS)
/* As long as one that is not answered while others are. */
#define POISON_TRIES_MS (8 * MINUTE_MS)

/* ---- settings ----------------------------------------------------------------------------------------- */

static void assert_refused(const char *key, const char *value, const char *words)
{
	static const char *const usual[][2] = {
		{"homeserver", "http://hs"},
		{"domain", "hs"},
		{"as_token", "0123456789abcdef"},
		{"hs_token", "fedcba9876543210"},
		{"user", "@bot:hs"},
	};
	struct chat_host host = {w.bridge, w.loop, w.client, w.server};
	struct settings *set = settings_new(chat_matrix.settings);
	struct error err = {0};

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		assert_int_equal(settings_put(set, usual[i][0], usual[i][1], &err), 0);
	if (strncmp(key, "bot:", 4) == 0) {
		assert_int_equal(settings_put(set, "mode", "bot", &err), 0);
		key += 4;
	}
	assert_int_equal(settings_put(set, key, value, &err), 0);
	assert_null(chat_matrix.create(&host, set, &err));
	assert_part(err.text, words);
	settings_free(set);
}

static void mx_settings__say_what_is_wrong(void **state)
{
	(void)state;
	assert_refused("homeserver", "hs.example.org", "must be like https://");
	assert_refused("homeserver", "https://", "must be like https://");
	assert_refused("homeserver", "https://hs/", "without a slash at the end");
	assert_refused("homeserver", "https://hs?x=1", "must be like https://");
	assert_refused("domain", "not a name", "matrix.domain must be a server name");
	assert_refused("as_token", "short", "openssl rand");
	assert_refused("as_token", "fedcba9876543210", "must differ");
	assert_refused("bot", "Bot", "small letters");
	assert_refused("appservice_url", "hs", "matrix.appservice_url must be like");
	assert_refused("prefix", "_SMS_", "matrix.prefix must be");
	assert_refused("bot:user", "bot", "@roomline:hs");
	assert_refused("bot:bot_name", "Texts", "cannot log in");
}

static void mx_settings__leave_room_for_what_is_made_of_them(void **state)
{
	char prefix[230];

	(void)state;
	memset(prefix, 'a', sizeof(prefix));
	prefix[sizeof(prefix) - 1] = '\0';
	assert_refused("prefix", prefix, "matrix.prefix must be");
}

/* With what the last call with that in its address was let in. */
static const char *authorization(const char *part)
{
	const char *found = NULL;

	for (size_t i = 0; i < fake_http_calls(w.client); i++) {
		const struct http_call *call = &fake_http_call(w.client, i)->call;

		if (strstr(call->url, part))
			found = http_headers_get(&call->headers, "Authorization");
	}
	return found ? found : "";
}

/* ---- the way up --------------------------------------------------------------------------------------- */

static void mx_life__way_up(void **state)
{
	char line[512];

	(void)state;
	world_create(NULL);
	chat_matrix.describe(w.self, line, sizeof(line));
	assert_string_equal(line, "off");
	world_start();
	told("up");
	fake_loop_advance(w.loop, 0);
	assert_part(fake_hs_lines(w.hs), "GET /versions\n"
					 "POST /register\n"
					 "GET /account/whoami\n"
					 "PUT /devices/ROOMLINE\n"
					 "PUT /profile/@bot:hs/displayname\n"
					 "GET /capabilities\n"
					 "POST /appservice/roomline/ping\n");
	assert_body("/register", "m.login.application_service");
	assert_string_equal(authorization("/ping"), "Bearer 0123456789abcdef");
	assert_string_equal(authorization("/sync"), "Bearer 0123456789abcdef");
	assert_body("displayname", "Roomline");
	chat_matrix.describe(w.self, line, sizeof(line));
	assert_string_equal(line, "connected to http://hs as @bot:hs");
}

static void mx_life__way_up_of_a_bot(void **state)
{
	(void)state;
	world_create("mode", "bot", "user", BOT, "password", "secret", NULL);
	world_start();
	told("up");
	assert_body("/login", "\"user\":\"@bot:hs\"},\"password\":\"secret\"");
	assert_string_equal(authorization("/login"), "");
	assert_string_equal(authorization("/capabilities"), "Bearer logged-in");
	asked("GET /versions", "POST /login", "GET /account/whoami",
	      "PUT /profile/@bot:hs/displayname", "GET /capabilities");
}

static void mx_life__bot_with_a_token_does_not_log_in(void **state)
{
	(void)state;
	world_create("mode", "bot", "user", BOT, "access_token", "given", NULL);
	world_start();
	told("up");
	asked("GET /versions", "GET /account/whoami", "PUT /profile/@bot:hs/displayname",
	      "GET /capabilities");
}

/* What an admin has to mend is said in words, and asked for again after a minute. */
static void mx_life__what_an_admin_must_mend(void **state)
{
	static const struct {
		const char *named;
		int status;
		const char *body;
		const char *what;
		const char *words;
	} cases[] = {
		{"/versions", 404, "nothing here", "broken server", "No Matrix homeserver answers"},
		{"/versions", 200, "{\"flushed\":true}", "broken server", "No Matrix homeserver"},
		{"/versions", 200, "{\"versions\":[\"r0.6.1\"]}", "broken server", "too old"},
		{"/versions", 404, "<html>", "broken server", "must be the address of its client"},
		{"/register", 403, "<html>", "broken name", "what answered is no homeserver"},
		{"/register", 401, "{\"errcode\":\"M_UNKNOWN_TOKEN\",\"error\":\"who?\"}",
		 "broken secret", "does not know matrix.as_token"},
		{"/register", 400, "{\"errcode\":\"M_EXCLUSIVE\",\"error\":\"no\"}", "broken name",
		 "write the registration anew"},
		{"/whoami", 401, "{\"errcode\":\"M_UNKNOWN_TOKEN\",\"error\":\"who?\"}",
		 "broken secret", "does not take our token"},
		{"/whoami", 200, "{}", "broken secret", "does not take our token"},
		{"/whoami", 200, "{\"user_id\":\"@else:hs\"}", "broken name",
		 "takes us for @else:hs, not for @bot:hs"},
	};
	char line[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		STRBUF_AUTO(lines);

		world_create(NULL);
		fake_hs_fail(w.hs, cases[i].named, 1, cases[i].status, cases[i].body);
		world_start();
		told_lines(&lines);
		assert_part(lines.buf, "down ");
		assert_part(lines.buf, cases[i].what);
		assert_part(lines.buf, cases[i].words);
		chat_matrix.describe(w.self, line, sizeof(line));
		assert_part(line, "next try in 60 s");
		fake_hs_wait(w.hs, MINUTE_MS - 1);
		told_nothing();
		fake_hs_wait(w.hs, 1);
		told("up");
		world_destroy();
		fake_hs_heal(w.hs);
	}
}

static void mx_life__login_refused(void **state)
{
	(void)state;
	world_create("mode", "bot", "user", BOT, "password", "wrong", NULL);
	fake_hs_fail(w.hs, "/login", 1, 403, "{\"errcode\":\"M_FORBIDDEN\",\"error\":\"no\"}");
	world_start();
	told_of("broken secret no. The bot cannot log in");
}

/* Time mends what the server or the road to it has; nobody is called for that. */
static void mx_life__what_time_mends(void **state)
{
	static const char *const steps[] = {"/versions",   "/register",    "/whoami",
					    "/devices/",   "/displayname", "/capabilities",
					    "/appservice/"};
	static const int statuses[] = {FAKE_HS_DROPPED, 500, 503, 429};
	char line[512];

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		for (size_t k = 0; k < sizeof(statuses) / sizeof(statuses[0]); k++) {
			STRBUF_AUTO(lines);

			world_create(NULL);
			fake_hs_fail(w.hs, steps[i], 1, statuses[k], "{\"error\":\"busy\"}");
			world_start();
			told_lines(&lines);
			assert_part(lines.buf, "down ");
			assert_null(strstr(lines.buf, "broken"));
			chat_matrix.describe(w.self, line, sizeof(line));
			assert_part(line, "not connected: ");
			fake_hs_wait(w.hs, 1000);
			told("up");
			world_destroy();
			fake_hs_heal(w.hs);
		}
	}
}

static void mx_life__pauses_grow_to_a_minute(void **state)
{
	int64_t pause = 0;

	(void)state;
	world_create(NULL);
	fake_hs_fail(w.hs, "/versions", 100, FAKE_HS_DROPPED, NULL);
	world_start();
	for (int i = 0; i < 12; i++) {
		int64_t next = fake_loop_next_in(w.loop);

		assert_true(next >= pause && next <= MINUTE_MS);
		pause = next;
		fake_hs_wait(w.hs, next);
	}
	assert_int_equal(pause, MINUTE_MS);
	assert_int_equal(fake_hs_count(w.hs, "GET /versions"), 13);
	/* Once it was up they begin anew. */
	fake_hs_heal(w.hs);
	fake_hs_wait(w.hs, MINUTE_MS);
	told_of("up\n");
	mx_life_down(w.self, "test", false);
	assert_true(fake_loop_next_in(w.loop) < 1000);
}

/* What is of use, and not needed, does not keep us down. */
static void mx_life__goes_on_without(void **state)
{
	(void)state;
	world_create(NULL);
	fake_hs_fail(w.hs, "/devices/", 1, 404, "{\"errcode\":\"M_UNRECOGNIZED\"}");
	fake_hs_fail(w.hs, "/displayname", 1, 403, "{\"errcode\":\"M_FORBIDDEN\"}");
	fake_hs_fail(w.hs, "/capabilities", 1, 404, "{\"errcode\":\"M_UNRECOGNIZED\"}");
	fake_hs_fail(w.hs, "/register", 1, 400, "{\"errcode\":\"M_USER_IN_USE\"}");
	fake_hs_fail(w.hs, "/appservice/", 1, 502, "{\"errcode\":\"M_CONNECTION_FAILED\"}");
	world_start();
	told("up");
}

static void mx_life__strangers_are_not_told_the_versions(void **state)
{
	(void)state;
	world_create(NULL);
	fake_hs_fail(w.hs, "/versions", 1, 401, "{\"errcode\":\"M_UNKNOWN_TOKEN\"}");
	world_start();
	told("up");
}

static void mx_life__homeserver_that_calls_ends_the_pause(void **state)
{
	(void)state;
	world_create(NULL);
	fake_hs_fail(w.hs, "/versions", 1, 404, "nothing");
	world_start();
	told_of("broken server");
	mx_life_heard(w.self);
	fake_hs_run(w.hs);
	told("up");
	mx_life_heard(w.self); /* of no use now */
	fake_hs_run(w.hs);
	told_nothing();
	mx_life_down(w.self, "test", false);
	mx_life_heard(w.self);
	fake_hs_run(w.hs);
	told("down test", "up");
}

static void mx_life__stopped_in_a_pause(void **state)
{
	char line[512];

	(void)state;
	world_create(NULL);
	fake_hs_hold(w.hs, "/versions");
	world_start();
	chat_matrix.describe(w.self, line, sizeof(line));
	assert_string_equal(line, "connecting to http://hs");
	fake_hs_release(w.hs);
	fake_hs_fail(w.hs, "/versions", 1, FAKE_HS_DROPPED, NULL);
	fake_hs_run(w.hs);
	told_of("down ");
	chat_matrix.stop(w.self);
	fake_hs_wait(w.hs, 10 * MINUTE_MS);
	told("down stopped");
	assert_int_equal(fake_hs_count(w.hs, "/versions"), 1);
}

static void mx_life__database_that_cannot_be_written(void **state)
{
	(void)state;
	assert_int_equal(bridge_chat_keep(w.bridge, "matrix", "epoch", ""), 0);
	world_create(NULL);
	fake_bridge_fail(w.bridge, true);
	world_start();
	told("down the database cannot be written");
	fake_bridge_fail(w.bridge, false);
	fake_hs_wait(w.hs, 1000);
	told("up");
	assert_int_equal(strlen(fake_bridge_memory(w.bridge, "epoch")), 8);
}

/* ---- down with calls under way ------------------------------------------------------------------------- */

/* A conversation whose text is under way and not answered. */
static void world_with_a_call(const struct chat_place *a)
{
	world_create(NULL);
	world_up();
	world_open(a);
	forget_all();
	fake_hs_hold(w.hs, "/send/m.room.message");
	world_say(a, 7, "hello");
	assert_int_equal(fake_hs_count(w.hs, "EPOCH.7t"), 1);
}

static void mx_down__silent_server(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_a_call(&a);
	fake_hs_release(w.hs);
	fake_hs_fail(w.hs, "/", 1000, FAKE_HS_DROPPED, NULL);
	fake_hs_wait(w.hs, MINUTE_MS);
	told_of("down the homeserver did not answer");
	fake_hs_heal(w.hs);
	fake_hs_wait(w.hs, MINUTE_MS);
	told_of("up\n");
	a.address = "!1:hs";
	world_open(&a);
	fake_hs_clear(w.hs);
	world_say(&a, 7, "hello");
	told("ready 1 !1:hs", "done 7 $1");
	assert_int_equal(fake_hs_count(w.hs, "EPOCH.7t as @_sms_a:hs"), 1);
}

/* It was said, and the answer was lost: the same transaction makes it known again. */
static void mx_down__answer_lost(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_a_call(&a);
	fake_hs_release(w.hs);
	fake_hs_fail(w.hs, "EPOCH.7t", 1, FAKE_HS_DROPPED_AFTER, NULL);
	fake_hs_wait(w.hs, MINUTE_MS);
	told("done 7 $1");
	assert_int_equal(fake_hs_count(w.hs, "EPOCH.7t"), 2);
}

/* The text is not at fault: it is not given up, whichever call hears of it first. */
static void mx_down__token_refused(void **state)
{
	static const char *const calls[] = {"/send/m.room.message", "/state", "/join",
					    "/createRoom", "/register"};
	struct chat_place a = place_of(1);

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		STRBUF_AUTO(lines);

		world_create("prefix", i % 2 ? "_x_" : "_y_", NULL);
		world_up();
		forget_all();
		fake_hs_fail(w.hs, calls[i], 1, 401,
			     "{\"errcode\":\"M_UNKNOWN_TOKEN\",\"error\":\"who are you?\"}");
		a.address = "";
		world_open(&a);
		world_say(&a, 7, "hello");
		told_lines(&lines);
		assert_part(lines.buf, "down who are you?");
		assert_null(strstr(lines.buf, "failed"));
		assert_null(strstr(lines.buf, "lost"));
		assert_null(strstr(lines.buf, "alert"));
		fake_hs_wait(w.hs, 2000);
		told_of("up\n");
		world_destroy();
		fake_hs_heal(w.hs);
	}
}

/* Does it fail on these words or on all? It has to come up again to be believed. */
static void mx_down__server_that_fails_on_a_text(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_a_call(&a);
	fake_hs_release(w.hs);
	fake_hs_fail(w.hs, "EPOCH.7t", 1000, 500, "{\"error\":\"sick\"}");
	fake_hs_wait(w.hs, FEW_TRIES_MS);
	told("down sick", "up");
	assert_int_equal(fake_hs_count(w.hs, "EPOCH.7t"), MX_FEW_TRIES);
	a.address = "!1:hs";
	world_open(&a);
	world_say(&a, 7, "hello");
	world_say(&a, 8, "and this?");
	fake_hs_wait(w.hs, FEW_TRIES_MS);
	told("ready 1 !1:hs", "failed 7 sick", "done 8 $1");
}

/* It is there, and drops the connection on these words alone, or its proxy has a page for them. */
static void mx_down__text_that_is_never_answered(void **state)
{
	static const int statuses[] = {FAKE_HS_DROPPED, 504, 403};
	struct chat_place a = place_of(1);

	(void)state;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		STRBUF_AUTO(lines);

		a.address = "";
		world_with_a_call(&a);
		fake_hs_release(w.hs);
		fake_hs_fail(w.hs, "EPOCH.7t", 1000, statuses[i], "<html>");
		fake_hs_wait(w.hs, POISON_TRIES_MS);
		told_lines(&lines);
		assert_part(lines.buf, "down ");
		assert_part(lines.buf, "up\n");
		assert_null(strstr(lines.buf, "failed"));
		a.address = "!1:hs";
		world_open(&a);
		world_say(&a, 7, "hello");
		world_say(&a, 8, "and this?");
		fake_hs_wait(w.hs, POISON_TRIES_MS);
		strbuf_reset(&lines);
		told_lines(&lines);
		assert_part(lines.buf, "failed 7 ");
		assert_part(lines.buf, "done 8 $1");
		assert_null(strstr(lines.buf, "down"));
		assert_null(strstr(lines.buf, "lost"));
		teardown(NULL);
		setup(NULL);
	}
}

/* A file that no proxy lets through becomes words, and the others go on. */
static void mx_down__upload_that_is_never_answered(void **state)
{
	static const struct chat_bytes picture = {
		.bytes = "GIF", .len = 3, .type = "image/gif", .name = "picture.gif"};
	struct chat_place a = place_of(1);
	struct chat_say file = {.id = {9}, .place = &a, .text = "a link", .file = {3}};

	(void)state;
	world_create(NULL);
	world_up();
	world_open(&a);
	forget_all();
	fake_hs_fail(w.hs, "/upload", 1000, 504, "<html>");
	chat_matrix.say(w.self, &file);
	fake_hs_run(w.hs);
	fake_bridge_bytes(w.bridge, &picture);
	fake_hs_wait(w.hs, POISON_TRIES_MS);
	told("done 9 $1");
	assert_body("EPOCH.9t", "a link");
}

/* A proxy's page for everything is no reason for an admin, once we were up, nor to give up a text. */
static void mx_down__page_of_a_proxy(void **state)
{
	static const int statuses[] = {401, 403, 404};
	struct chat_place a = place_of(1);

	(void)state;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		STRBUF_AUTO(lines);

		a.address = "";
		world_with_a_call(&a);
		fake_hs_release(w.hs);
		fake_hs_fail(w.hs, "/", 100000, statuses[i], "<html>");
		fake_hs_wait(w.hs, 60 * MINUTE_MS);
		told_lines(&lines);
		assert_part(lines.buf, "down what answered is no homeserver");
		assert_null(strstr(lines.buf, "broken"));
		assert_null(strstr(lines.buf, "failed"));
		fake_hs_heal(w.hs);
		fake_hs_wait(w.hs, MINUTE_MS);
		told_of("up\n");
		teardown(NULL);
		setup(NULL);
	}
}

/* Two at a time do not blame the server in turns. */
static void mx_down__server_that_fails_on_two_texts(void **state)
{
	struct chat_place a = place_of(1);
	struct chat_place b = place_of(2);
	STRBUF_AUTO(lines);

	(void)state;
	world_create(NULL);
	world_up();
	world_open(&a);
	world_open(&b);
	fake_hs_fail(w.hs, "/send/m.room.message", 100000, 500, "{\"error\":\"sick\"}");
	forget_all();
	world_say(&a, 7, "hello");
	world_say(&b, 8, "hello");
	fake_hs_wait(w.hs, FEW_TRIES_MS);
	told("down sick", "up");
	a.address = "!1:hs";
	b.address = "!3:hs";
	world_open(&a);
	world_open(&b);
	forget_all();
	world_say(&a, 7, "hello");
	world_say(&b, 8, "hello");
	fake_hs_wait(w.hs, FEW_TRIES_MS);
	told_lines(&lines);
	assert_part(lines.buf, "failed 7 sick");
	assert_part(lines.buf, "failed 8 sick");
	assert_null(strstr(lines.buf, "down"));
}

/* ---- stop and destroy at any moment --------------------------------------------------------------------- */

/* So many calls, and whoever asks for a file's bytes gets some. */
static bool serve_some(int n)
{
	static const struct chat_bytes picture = {
		.bytes = "GIF", .len = 3, .type = "image/gif", .name = "picture.gif"};

	while (n-- > 0) {
		fake_loop_advance(w.loop, 0);
		fake_bridge_bytes(w.bridge, &picture);
		if (!fake_hs_serve_one(w.hs))
			return false;
	}
	return true;
}

/* Two places in the given shape, one muted, with something to say, a file and a mark. */
static void make_work(const char *shape)
{
	struct chat_place a = place_of(1);
	struct chat_place b = place_of(2);
	struct chat_place control = control_of("");
	struct chat_say file = {.id = {9}, .place = &a, .text = "a link", .file = {3}};
	struct chat_mark_call mark = {
		.id = {10}, .place = &b, .event_id = "$1", .mark = MARK_DELIVERED};

	b.muted = strcmp(shape, "thread") == 0;
	chat_matrix.open_place(w.self, &control);
	chat_matrix.open_place(w.self, &a);
	chat_matrix.open_place(w.self, &b);
	say_as(&a, 7, VOICE_CONTACT, "hello");
	chat_matrix.say(w.self, &file);
	say_as(&b, 8, VOICE_CONTACT, "hello");
	chat_matrix.mark(w.self, &mark);
	b.title = "Somebody else";
	chat_matrix.update_place(w.self, &b);
}

static void end_at_every_step(const char *shape, void (*end)(void))
{
	bool more = true;

	for (int served = 0; more; served++) {
		struct error err;

		world_create("shape", shape, "status_events", "yes", NULL);
		assert_int_equal(chat_matrix.start(w.self, &err), 0);
		fake_hs_run(w.hs);
		make_work(shape);
		more = serve_some(served);
		end();
		teardown(NULL);
		setup(NULL);
	}
}

static void end_by_destroy(void)
{
	size_t n;

	world_destroy();
	n = fake_bridge_n(w.bridge);
	fake_hs_wait(w.hs, MINUTE_MS);
	assert_int_equal(fake_bridge_n(w.bridge), n);
}

static void end_by_stop(void)
{
	size_t n;

	chat_matrix.stop(w.self);
	n = fake_bridge_n(w.bridge);
	assert_string_equal(fake_bridge_line(w.bridge, n - 1), "down\tstopped");
	assert_int_equal(http_client_open_calls(w.client), 0);
	fake_hs_wait(w.hs, 60 * MINUTE_MS);
	assert_int_equal(fake_bridge_n(w.bridge), n);
	assert_int_equal(world_said("!1:hs", ALICE, "", "too late"), -1);
}

static void mx_end__at_every_step(void **state)
{
	(void)state;
	end_at_every_step("room", end_by_destroy);
	end_at_every_step("room", end_by_stop);
	end_at_every_step("thread", end_by_destroy);
	end_at_every_step("thread", end_by_stop);
}

static void mx_end__on_the_way_up(void **state)
{
	struct error err;

	(void)state;
	for (int served = 0; served < 9; served++) {
		world_create(NULL);
		assert_int_equal(chat_matrix.start(w.self, &err), 0);
		(void)serve_some(served);
		end_by_stop();
		world_destroy();
		world_create(NULL);
		assert_int_equal(chat_matrix.start(w.self, &err), 0);
		(void)serve_some(served);
		world_destroy();
	}
}

static void mx_end__started_again(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_a_call(&a);
	chat_matrix.stop(w.self);
	told("down stopped");
	fake_hs_release(w.hs);
	world_start();
	told("up");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(mx_settings__say_what_is_wrong, setup, teardown),
		cmocka_unit_test_setup_teardown(mx_settings__leave_room_for_what_is_made_of_them,
						setup, teardown),
		cmocka_unit_test_setup_teardown(mx_life__way_up, setup, teardown),
		cmocka_unit_test_setup_teardown(mx_life__way_up_of_a_bot, setup, teardown),
		cmocka_unit_test_setup_teardown(mx_life__bot_with_a_token_does_not_log_in, setup,
						teardown),
		cmocka_unit_test_setup_teardown(mx_life__what_an_admin_must_mend, setup, teardown),
		cmocka_unit_test_setup_teardown(mx_life__login_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(mx_life__what_time_mends, setup, teardown),
		cmocka_unit_test_setup_teardown(mx_life__pauses_grow_to_a_minute, setup, teardown),
		cmocka_unit_test_setup_teardown(mx_life__goes_on_without, setup, teardown),
		cmocka_unit_test_setup_teardown(mx_life__strangers_are_not_told_the_versions, setup,
						teardown),
		cmocka_unit_test_setup_teardown(mx_life__homeserver_that_calls_ends_the_pause,
						setup, teardown),
		cmocka_unit_test_setup_teardown(mx_life__stopped_in_a_pause, setup, teardown),
		cmocka_unit_test_setup_teardown(mx_life__database_that_cannot_be_written, setup,
						teardown),
		cmocka_unit_test_setup_teardown(mx_down__silent_server, setup, teardown),
		cmocka_unit_test_setup_teardown(mx_down__answer_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(mx_down__token_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(mx_down__server_that_fails_on_a_text, setup,
						teardown),
		cmocka_unit_test_setup_teardown(mx_down__text_that_is_never_answered, setup,
						teardown),
		cmocka_unit_test_setup_teardown(mx_down__upload_that_is_never_answered, setup,
						teardown),
		cmocka_unit_test_setup_teardown(mx_down__page_of_a_proxy, setup, teardown),
		cmocka_unit_test_setup_teardown(mx_down__server_that_fails_on_two_texts, setup,
						teardown),
		cmocka_unit_test_setup_teardown(mx_end__at_every_step, setup, teardown),
		cmocka_unit_test_setup_teardown(mx_end__on_the_way_up, setup, teardown),
		cmocka_unit_test_setup_teardown(mx_end__started_again, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
