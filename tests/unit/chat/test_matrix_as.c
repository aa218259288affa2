/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What a homeserver calls: who may, what is answered, and that nothing is said to be stored that is
 * not. */
#include "fakes/fake_bridge.c"
#include "fakes/fake_loop.c"

#include "base/log.h"
#include "chat/matrix/matrix_priv.h"
#include "chat/matrix/matrix_transaction.h"
#include "http/exchange.h"
#include "http/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define TOKEN "hs-token-of-this-test"
#define BEARER "Bearer " TOKEN
#define TXN "/_matrix/app/v1/transactions/"

const char matrix_name[] = "matrix";

static char hs_token[] = TOKEN;
static char bot[] = "@roomline:example.org";

static struct {
	struct loop *loop;
	struct matrix m;
	struct strbuf events; /* ids of those that came in, "one two" */
	int refuse_at;        /* the event that cannot be stored, from 1; 0 none */
	int heard;
	int status; /* of the last answer, 0 while there is none */
	struct strbuf body;
} t;

/* ---- the neighbours ---------------------------------------------------------------------------- */

int mx_in_event(struct matrix *m, const struct mx_event *event)
{
	assert_ptr_equal(m, &t.m);
	if (t.refuse_at > 0 && --t.refuse_at == 0)
		return -1;
	strbuf_addf(&t.events, "%s%s", t.events.len ? " " : "", event->id);
	return 0;
}

void mx_life_heard(struct matrix *m)
{
	(void)m;
	t.heard++;
}

/* ---- asking ------------------------------------------------------------------------------------- */

static int setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	log_set_level(LOG_ERROR);
	strbuf_init(&t.events);
	strbuf_init(&t.body);
	t.loop = loop_new();
	t.m.host.loop = t.loop;
	t.m.host.bridge = fake_bridge_new(NULL, NULL);
	t.m.host.server = http_server_new(t.loop);
	t.m.cfg.hs_token = hs_token;
	t.m.cfg.bot = bot;
	t.m.life = MX_UP;
	t.m.as = mx_as_new(&t.m);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	mx_as_free(t.m.as);
	http_server_free(t.m.host.server);
	fake_bridge_free(t.m.host.bridge);
	loop_free(t.loop);
	strbuf_release(&t.events);
	strbuf_release(&t.body);
	return 0;
}

static void on_answer(const struct http_reply_text *reply, void *owner)
{
	(void)owner;
	assert_string_equal(reply->content_type, "application/json");
	t.status = reply->status;
	strbuf_reset(&t.body);
	strbuf_add(&t.body, reply->body, reply->body_len);
}

static void ask_bytes(const char *method, const char *target, const char *authorization,
		      const char *body, size_t len)
{
	struct http_incoming in = {0};

	t.status = 0;
	assert_true(http_incoming_set_target(&in, target));
	in.request.method = method;
	if (authorization)
		http_headers_add(&in.request.headers, "authorization", authorization);
	in.body = xmalloc(len + 1);
	memcpy(in.body, body, len);
	in.body[len] = '\0';
	in.request.body = in.body;
	in.request.body_len = len;
	http_exchange_run(http_exchange_new(&in, on_answer, &t),
			  http_server_router(t.m.host.server));
}

static void ask(const char *method, const char *target, const char *authorization, const char *body)
{
	ask_bytes(method, target, authorization, body, strlen(body));
}

static void assert_answer(int status, const char *part)
{
	assert_int_equal(t.status, status);
	if (!strstr(t.body.buf, part))
		print_error("%s lacks %s\n", t.body.buf, part);
	assert_non_null(strstr(t.body.buf, part));
}

#define EVENT(id)                                                                                  \
	"{\"type\":\"m.room.message\",\"event_id\":\"$" id                                         \
	"\",\"room_id\":\"!r:example.org\",\"sender\":\"@alice:example.org\","                     \
	"\"origin_server_ts\":1764000000000,\"content\":{\"msgtype\":\"m.text\",\"body\":\"hi\"}}"

/* ---- who calls ---------------------------------------------------------------------------------- */

static void mx_as__knows_its_homeserver_by_the_token(void **state)
{
	static const struct {
		const char *authorization;
		const char *query;
		int status;
		const char *code;
	} cases[] = {
		{NULL, "", 401, "M_MISSING_TOKEN"},
		{"", "", 401, "M_MISSING_TOKEN"},
		{"Basic " TOKEN, "", 401, "M_MISSING_TOKEN"},
		{NULL, "?other=" TOKEN, 401, "M_MISSING_TOKEN"},
		{"Bearer ", "", 403, "M_FORBIDDEN"},
		{"Bearer wrong", "", 403, "M_FORBIDDEN"},
		{BEARER "x", "", 403, "M_FORBIDDEN"},
		{"Bearer hs-token-of-this-tes", "", 403, "M_FORBIDDEN"},
		{NULL, "?access_token=", 403, "M_FORBIDDEN"},
		{NULL, "?access_token=wrong", 403, "M_FORBIDDEN"},
		{BEARER, "?access_token=wrong", 403, "M_FORBIDDEN"},
		{"Bearer wrong", "?access_token=" TOKEN, 403, "M_FORBIDDEN"},
		{BEARER, "", 200, "{}"},
		{"bearer " TOKEN, "", 200, "{}"},
		{BEARER, "?access_token=" TOKEN, 200, "{}"},
		{NULL, "?a=b&access_token=hs%2Dtoken-of-this-test", 200, "{}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		STRBUF_AUTO(target);
		int heard = t.heard;

		strbuf_addf(&target, "/_matrix/app/v1/ping%s", cases[i].query);
		ask("POST", target.buf, cases[i].authorization, "{}");
		if (t.status != cases[i].status)
			print_error("case %zu\n", i);
		assert_answer(cases[i].status, cases[i].code);
		assert_int_equal(t.heard - heard, cases[i].status == 200);
		strbuf_reset(&target);
		strbuf_addf(&target, TXN "1%s", cases[i].query);
		ask("PUT", target.buf, cases[i].authorization, "{\"events\":[" EVENT("a") "]}");
		assert_answer(cases[i].status, cases[i].code);
		assert_string_equal(t.events.buf, cases[i].status == 200 ? "$a" : "");
		strbuf_reset(&t.events);
	}
}

static void mx_as__lets_nobody_in__without_a_token_of_its_own(void **state)
{
	static char none[] = "";

	(void)state;
	t.m.cfg.hs_token = none;
	ask("POST", "/_matrix/app/v1/ping", "Bearer ", "{}");
	assert_answer(403, "M_FORBIDDEN");
	ask("POST", "/_matrix/app/v1/ping?access_token=", NULL, "{}");
	assert_answer(403, "M_FORBIDDEN");
}

static size_t max_of(const char *target, const char *authorization)
{
	struct http_incoming in = {0};
	size_t max;

	assert_true(http_incoming_set_target(&in, target));
	in.request.method = "PUT";
	in.request.body = "";
	if (authorization)
		http_headers_add(&in.request.headers, "Authorization", authorization);
	max = http_router_body_max(http_server_router(t.m.host.server), &in.request);
	http_incoming_release(&in);
	return max;
}

static void mx_as__takes_long_bodies_from_its_homeserver_alone(void **state)
{
	(void)state;
	assert_int_equal(max_of(TXN "1", BEARER), MX_TRANSACTION_MAX);
	assert_int_equal(max_of("/transactions/1", BEARER), MX_TRANSACTION_MAX);
	assert_int_equal(max_of("/transactions/1?access_token=" TOKEN, NULL), MX_TRANSACTION_MAX);
	assert_int_equal(max_of(TXN "1", NULL), HTTP_REQUEST_BODY_MAX);
	assert_int_equal(max_of(TXN "1", "Bearer wrong"), HTTP_REQUEST_BODY_MAX);
	assert_int_equal(max_of("/health", BEARER), HTTP_REQUEST_BODY_MAX);
}

/* ---- what is where ------------------------------------------------------------------------------ */

static void mx_as__answers_what_is_asked(void **state)
{
	static const struct {
		const char *method;
		const char *target;
		int status;
		const char *part;
	} cases[] = {
		{"POST", "/_matrix/app/v1/ping", 200, "{}"},
		{"GET", "/_matrix/app/v1/users/%40roomline%3Aexample.org", 200, "{}"},
		{"GET", "/users/@roomline:example.org", 200, "{}"},
		{"GET", "/_matrix/app/v1/users/%40_sms_1%3Aexample.org", 404, "M_NOT_FOUND"},
		{"GET", "/_matrix/app/v1/rooms/%23_sms_1%3Aexample.org", 404, "M_NOT_FOUND"},
		{"GET", "/rooms/%23x%3Aexample.org", 404, "M_NOT_FOUND"},
		{"GET", "/_matrix/app/v1/thirdparty/protocol/sms", 200, "\"instances\":[]"},
		{"GET", "/_matrix/app/v1/thirdparty/protocol/irc", 404, "M_NOT_FOUND"},
		{"GET", "/_matrix/app/v1/thirdparty/user/sms?phone=1", 200, "[]"},
		{"GET", "/_matrix/app/v1/thirdparty/location", 200, "[]"},
		{"GET", "/_matrix/app/v1/thirdparty/locations", 404, "M_UNRECOGNIZED"},
		{"GET", "/_matrix/app/v1/", 404, "M_UNRECOGNIZED"},
		{"GET", "/_matrix/app/v1/users/", 404, "M_UNRECOGNIZED"},
		{"GET", "/_matrix/app/v2/ping", 404, "M_UNRECOGNIZED"},
		{"PUT", TXN, 404, "M_UNRECOGNIZED"},
		{"GET", "/_matrix/app/v1/ping", 405, "M_UNRECOGNIZED"},
		{"POST", TXN "1", 405, "M_UNRECOGNIZED"},
		{"PUT", "/users/@roomline:example.org", 405, "M_UNRECOGNIZED"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ask(cases[i].method, cases[i].target, BEARER, "{}");
		if (t.status != cases[i].status)
			print_error("%s %s\n", cases[i].method, cases[i].target);
		assert_answer(cases[i].status, cases[i].part);
	}
}

static void mx_as_free__takes_its_routes_away(void **state)
{
	(void)state;
	mx_as_free(t.m.as);
	t.m.as = NULL;
	assert_int_equal(max_of(TXN "1", BEARER), HTTP_REQUEST_BODY_MAX);
}

/* ---- transactions ------------------------------------------------------------------------------- */

static void mx_as__says_that_it_is_stored__after_the_commit(void **state)
{
	static const char body[] = "{\"events\":[" EVENT("a") "," EVENT("b") "]}";

	(void)state;
	fake_bridge_batch(t.m.host.bridge);
	ask("PUT", TXN "1", BEARER, body);
	assert_string_equal(t.events.buf, "$a $b");
	assert_int_equal(t.status, 0);
	fake_bridge_commit(t.m.host.bridge, true);
	assert_answer(200, "{}");

	fake_bridge_batch(t.m.host.bridge);
	ask("PUT", TXN "2", BEARER, body);
	fake_bridge_commit(t.m.host.bridge, false);
	assert_answer(500, "M_UNKNOWN");
}

/* What is pushed first after a death is not what was said first. */
static void mx_as__waits__until_we_have_caught_up(void **state)
{
	static const enum mx_life lives[] = {MX_UP, MX_WAITING};

	(void)state;
	for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		t.m.life = lives[i];
		t.m.catching_up = lives[i] == MX_UP;
		ask("PUT", TXN "1", BEARER, "{\"events\":[" EVENT("a") "]}");
		assert_string_equal(t.events.buf, "");
		assert_int_equal(t.status, 0);
		t.m.life = MX_UP;
		t.m.catching_up = false;
		mx_as_caught_up(t.m.as);
		assert_string_equal(t.events.buf, "$a");
		assert_answer(200, "{}");
		mx_as_caught_up(t.m.as);
		assert_string_equal(t.events.buf, "$a");
		strbuf_reset(&t.events);
	}
	assert_int_equal(fake_loop_timers(t.loop), 0);
}

static void mx_as__does_not_wait__for_ever(void **state)
{
	(void)state;
	t.m.catching_up = true;
	ask("PUT", TXN "1", BEARER, "{\"events\":[" EVENT("a") "]}");
	fake_loop_advance(t.loop, 29999);
	assert_int_equal(t.status, 0);
	fake_loop_advance(t.loop, 1);
	assert_answer(503, "M_UNKNOWN");
	/* A homeserver that asks again does not wait for the first any more. */
	ask("PUT", TXN "1", BEARER, "{\"events\":[" EVENT("a") "]}");
	ask("PUT", TXN "1", BEARER, "{\"events\":[" EVENT("b") "]}");
	assert_answer(503, "M_UNKNOWN");
	t.status = 0;
	mx_as_free(t.m.as);
	t.m.as = NULL;
	assert_answer(503, "M_UNKNOWN");
	assert_string_equal(t.events.buf, "");
	assert_int_equal(fake_loop_timers(t.loop), 0);
}

static void mx_as__is_harmless__when_it_goes_before_the_commit(void **state)
{
	(void)state;
	fake_bridge_batch(t.m.host.bridge);
	ask("PUT", TXN "1", BEARER, "{\"events\":[" EVENT("a") "]}");
	mx_as_free(t.m.as);
	t.m.as = NULL;
	fake_bridge_commit(t.m.host.bridge, true);
	assert_answer(200, "{}");
}

static void mx_as__asks_for_it_again__when_an_event_could_not_be_stored(void **state)
{
	(void)state;
	t.refuse_at = 2;
	ask("PUT", TXN "1", BEARER, "{\"events\":[" EVENT("a") "," EVENT("b") "," EVENT("c") "]}");
	assert_answer(500, "M_UNKNOWN");
	assert_string_equal(t.events.buf, "$a");
}

static void mx_as__takes_what_is_there(void **state)
{
	static const struct {
		const char *body;
		const char *events;
	} cases[] = {
		{"{}", ""},
		{"{\"events\":[]}", ""},
		{" \r\n{ \"events\" : [ ] , \"ephemeral\" : [{\"a\":[\"]}\\\"\"]}] } ", ""},
		{"{\"ephemeral\":[{}],\"events\":[" EVENT("a") "],\"x\":null}", "$a"},
		{"{\"events\":[ " EVENT("a") " , " EVENT("b") "\n]}", "$a $b"},
		/* what is no event does not keep the others from being told */
		{"{\"events\":[1,null,\"x\",[],{},{\"type\":5}," EVENT("a") ",true]}", "$a"},
		{"{\"events\":[{\"events\":[]}," EVENT("a") "]}", "$a"},
		{"{\"x\":{\"events\":[" EVENT("a") "]},\"events\":[" EVENT("b") "]}", "$b"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		strbuf_reset(&t.events);
		ask("PUT", TXN "1", BEARER, cases[i].body);
		if (t.status != 200)
			print_error("%s\n", cases[i].body);
		assert_answer(200, "{}");
		assert_string_equal(t.events.buf, cases[i].events);
	}
	assert_int_equal(fake_bridge_n(t.m.host.bridge), 0);
}

static void add_deep(struct strbuf *body, const char *id, int depth)
{
	strbuf_addf(body,
		    "{\"type\":\"m.room.message\",\"event_id\":\"$%s\",\"room_id\":"
		    "\"!r:example.org\",\"sender\":\"@alice:example.org\",\"content\":",
		    id);
	for (int i = 0; i < depth - 1; i++)
		strbuf_adds(body, "{\"a\":");
	strbuf_adds(body, "{}");
	for (int i = 0; i < depth; i++)
		strbuf_addc(body, '}');
}

static void mx_as__puts_aside_alone__an_event_that_nobody_can_read(void **state)
{
	STRBUF_AUTO(body);

	(void)state;
	strbuf_adds(&body, "{\"events\":[");
	add_deep(&body, "deep", MX_DEPTH_MAX - 1);
	strbuf_addc(&body, ',');
	add_deep(&body, "deeper", MX_DEPTH_MAX);
	strbuf_adds(&body, ",{\"bad\":\"\xff\"}," EVENT("c") ",{\"a\":01}]}");
	ask("PUT", TXN "1", BEARER, body.buf);
	assert_answer(200, "{}");
	assert_string_equal(t.events.buf, "$deep $c");
	assert_int_equal(fake_bridge_n(t.m.host.bridge), 3);
	assert_non_null(strstr(fake_bridge_line(t.m.host.bridge, 0), "$deeper"));
	assert_string_equal(fake_bridge_line(t.m.host.bridge, 1),
			    "quarantine\tan event\t{\"bad\":\"\xff\"}");
	assert_string_equal(fake_bridge_line(t.m.host.bridge, 2),
			    "quarantine\tan event\t{\"a\":01}");
	fake_bridge_fail(t.m.host.bridge, true);
	ask("PUT", TXN "2", BEARER, "{\"events\":[{\"a\":01}]}");
	assert_answer(500, "M_UNKNOWN");
}

static void mx_as__refuses__what_is_no_transaction(void **state)
{
	static const char *const bodies[] = {
		"",
		" ",
		"[]",
		"5",
		"null",
		"{",
		"{\"events\":[",
		"{\"events\":[]",
		"{\"events\":[]}x",
		"{\"events\":[]}{}",
		"{\"events\":{}}",
		"{\"events\":5}",
		"{\"events\":[1,]}",
		"{\"events\":[,]}",
		"{\"events\":[1 2]}",
		"{\"events\":[\"a]}",
		"{\"events\":[{]}",
		"{\"events\":[}]}",
		"{\"events\" []}",
		"{events:[]}",
		"{\"events\":}",
		"{,}",
		"{\"a\":1,}",
		"{\"a\":\"\\",
		"\"events\":[]",
		"<html>",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		STRBUF_AUTO(target);

		strbuf_addf(&target, TXN "%zu", i);
		ask("PUT", target.buf, BEARER, bodies[i]);
		if (t.status != 400)
			print_error("%s\n", bodies[i]);
		assert_answer(400, "M_NOT_JSON");
	}
	/* A NUL ends nothing: it is a byte like others, between the events. */
	ask_bytes("PUT", TXN "nul", BEARER, "{\"events\":[]}\0", 14);
	assert_answer(400, "M_NOT_JSON");
	assert_int_equal(t.events.len, 0);
	assert_int_equal(fake_bridge_n(t.m.host.bridge), 0);
}

static void mx_as__puts_aside__what_comes_unreadable_for_the_third_time(void **state)
{
	struct bridge *bridge = t.m.host.bridge;

	(void)state;
	for (int i = 0; i < 2; i++) {
		ask("PUT", TXN "7", BEARER, "{]");
		assert_answer(400, "M_NOT_JSON");
	}
	/* Another one between begins the count anew. */
	ask("PUT", TXN "6", BEARER, "{}");
	assert_answer(200, "{}");
	for (int i = 0; i < 2; i++) {
		ask("PUT", TXN "7", BEARER, "{]");
		assert_answer(400, "M_NOT_JSON");
	}
	fake_bridge_fail(bridge, true);
	ask("PUT", TXN "7", BEARER, "{]");
	assert_answer(500, "M_UNKNOWN");
	fake_bridge_fail(bridge, false);
	fake_bridge_batch(bridge);
	ask("PUT", TXN "7", BEARER, "{]");
	assert_int_equal(t.status, 0);
	fake_bridge_commit(bridge, true);
	assert_answer(200, "{}");
	assert_int_equal(fake_bridge_n(bridge), 1);
	assert_string_equal(fake_bridge_line(bridge, 0), "quarantine\ta transaction\t{]");
	ask("PUT", TXN "7", BEARER, "{]");
	assert_answer(400, "M_NOT_JSON");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(mx_as__knows_its_homeserver_by_the_token),
		TEST(mx_as__lets_nobody_in__without_a_token_of_its_own),
		TEST(mx_as__takes_long_bodies_from_its_homeserver_alone),
		TEST(mx_as__answers_what_is_asked),
		TEST(mx_as_free__takes_its_routes_away),
		TEST(mx_as__says_that_it_is_stored__after_the_commit),
		TEST(mx_as__waits__until_we_have_caught_up),
		TEST(mx_as__does_not_wait__for_ever),
		TEST(mx_as__is_harmless__when_it_goes_before_the_commit),
		TEST(mx_as__asks_for_it_again__when_an_event_could_not_be_stored),
		TEST(mx_as__takes_what_is_there),
		TEST(mx_as__puts_aside_alone__an_event_that_nobody_can_read),
		TEST(mx_as__refuses__what_is_no_transaction),
		TEST(mx_as__puts_aside__what_comes_unreadable_for_the_third_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
