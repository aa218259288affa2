/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Calls to a homeserver until they are answered: what leaves, when, and what the caller hears. */
#include "fakes/fake_http.c"
#include "fakes/fake_loop.c"

#include "chat/matrix/matrix_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define HOUR_MS INT64_C(3600000)
#define ENDED_MAX 1000

static struct {
	struct loop *loop;
	struct http_client *client;
	struct mx_http *http;
	char ended[ENDED_MAX + 1]; /* names of the calls that ended, in order */
	size_t n_ended;
	enum mx_outcome outcome; /* of the last */
	int status;
	bool gave_up;
	char error[MX_ERROR_WORDS_MAX + 1];
	char errcode[80];
	bool had_body;
	bool alive; /* the server tells its versions */
	int downs;
	char why[MX_ERROR_WORDS_MAX + 1];
	int refusals;
	void (*in_done)(void); /* what the caller does when a call ends */
	void (*in_down)(void);
	void (*in_refused)(void);
} t;

static void act(void (**what)(void))
{
	void (*fn)(void) = *what;

	*what = NULL;
	if (fn)
		fn();
}

static void on_down(const char *why, void *arg)
{
	assert_ptr_equal(arg, &t);
	t.downs++;
	(void)STR_COPY(t.why, why);
	act(&t.in_down);
}

static void on_refused(const struct mx_reply *reply, void *arg)
{
	assert_ptr_equal(arg, &t);
	assert_int_equal(reply->outcome, MX_TOKEN);
	t.refusals++;
	act(&t.in_refused);
}

static int setup(void **state)
{
	static const struct mx_http_events events = {on_down, on_refused, &t};

	(void)state;
	memset(&t, 0, sizeof(t));
	t.loop = loop_new();
	t.client = http_client_new(t.loop, NULL);
	t.http = mx_http_new(t.loop, t.client, "https://hs.example", "T0KEN", "DEV", &events);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	mx_http_free(t.http);
	http_client_free(t.client);
	loop_free(t.loop);
	return 0;
}

static void done(const struct mx_reply *reply, void *arg)
{
	assert_true(t.n_ended < ENDED_MAX);
	t.ended[t.n_ended++] = *(const char *)arg;
	t.outcome = reply->outcome;
	t.status = reply->status;
	t.gave_up = reply->gave_up;
	t.had_body = reply->body != NULL;
	(void)STR_COPY(t.error, reply->error);
	(void)STR_COPY(t.errcode, reply->errcode);
	act(&t.in_done);
}

static void start(const struct mx_call *call, const char *name)
{
	size_t before = t.n_ended;

	mx_http_call(t.http, call, done, (void *)(uintptr_t)name);
	assert_int_equal(t.n_ended, before);
}

/* A call whose path is its name. */
static void call_of(enum mx_limit limit, const char *name)
{
	STRBUF_AUTO(path);

	strbuf_addf(&path, "/%s", name);
	start(&(struct mx_call){.method = "PUT", .path = path.buf, .limit = limit}, name);
}

static void probe(const char *name)
{
	STRBUF_AUTO(path);

	strbuf_addf(&path, "/%s", name);
	start(
		&(struct mx_call){
			.method = "GET", .path = path.buf, .limit = MX_LIMIT_NONE, .probe = true},
		name);
}

static struct fake_call *sent(size_t i)
{
	return fake_http_call(t.client, i);
}

static size_t n_sent(void)
{
	return fake_http_calls(t.client);
}

/* The call that asks whether the server is there, if that was the latest. */
static void answer_feeler(void)
{
	struct fake_call *call = sent(n_sent() - 1);

	if (call->open && strcmp(call->call.url, "https://hs.example/_matrix/client/versions") == 0)
		fake_http_answer(call, t.alive ? HTTP_ANSWERED : HTTP_LOST, t.alive ? 200 : 0,
				 t.alive ? "{}" : "");
}

/* Answers the latest call. */
static void answer(int status, const char *body)
{
	fake_http_answer(sent(n_sent() - 1), HTTP_ANSWERED, status, body);
	answer_feeler();
}

static void lose(void)
{
	fake_http_answer(sent(n_sent() - 1), HTTP_LOST, 0, "");
	answer_feeler();
}

static void answer_with(size_t i, int status, const char *name, const char *value)
{
	struct fake_call *call = sent(i);
	struct http_answer http = {.fate = HTTP_ANSWERED, .status = status, .body = ""};

	http_headers_add(&http.headers, name, value);
	assert_true(call->open);
	call->open = false;
	call->done(&http, call->arg);
	http_headers_release(&http.headers);
}

/* The names of all calls that left so far, in order. */
static const char *names_sent(void)
{
	static char names[ENDED_MAX + 1];

	assert_true(n_sent() <= ENDED_MAX);
	for (size_t i = 0; i < n_sent(); i++)
		names[i] = strchr(sent(i)->call.url + 8, '/')[1];
	names[n_sent()] = '\0';
	return names;
}

static void assert_sent(const char *names)
{
	assert_string_equal(names_sent(), names);
}

static void assert_ended(const char *names)
{
	assert_string_equal(t.ended, names);
}

/* How long nothing happens before the next call leaves. */
static int64_t pause_now(void)
{
	size_t before = n_sent();
	int64_t waited = 0;

	while (n_sent() == before) {
		int64_t next = fake_loop_next_in(t.loop);

		assert_true(next > 0);
		fake_loop_advance(t.loop, next);
		waited += next;
	}
	assert_int_equal(n_sent(), before + 1);
	return waited;
}

/* ---- what leaves ------------------------------------------------------------------------------- */

static void assert_header(const struct http_call *call, const char *name, const char *value)
{
	const char *found = http_headers_get(&call->headers, name);

	if (value)
		assert_non_null(found);
	else
		assert_null(found);
	if (value)
		assert_string_equal(found, value);
}

static void mx_http_call__sends_what_it_is_given(void **state)
{
	const struct http_call *call = NULL;

	(void)state;
	start(&(struct mx_call){.method = "PUT", .path = "/p", .body = "{\"a\":1}"}, "a");
	call = &sent(0)->call;
	assert_string_equal(call->method, "PUT");
	assert_string_equal(call->url, "https://hs.example/p");
	assert_string_equal(call->body, "{\"a\":1}");
	assert_int_equal(call->body_len, 7);
	assert_header(call, "Authorization", "Bearer T0KEN");
	assert_header(call, "Content-Type", "application/json");
	assert_int_equal(call->timeout_ms, MX_TIMEOUT_MS);
	assert_int_equal(call->max_body, MX_ANSWER_MAX);
	assert_true(call->repeatable);
	assert_null(call->user);
	start(&(struct mx_call){.method = "GET", .path = "/g", .timeout_ms = 45000}, "b");
	call = &sent(1)->call;
	assert_null(call->body);
	assert_header(call, "Content-Type", NULL);
	assert_int_equal(call->timeout_ms, 45000);
	start(&(struct mx_call){.method = "POST", .path = "/p"}, "c");
	assert_string_equal(sent(2)->call.body, "{}");
	assert_int_equal(sent(2)->call.body_len, 2);
	start(&(struct mx_call){.method = "PUT", .path = "/p"}, "d");
	assert_string_equal(sent(3)->call.body, "{}");
	start(&(struct mx_call){.method = "DELETE", .path = "/p"}, "e");
	assert_null(sent(4)->call.body);
	start(&(struct mx_call){.method = "POST",
				.path = "/p",
				.body = "\xFF\0\n",
				.len = 3,
				.type = "image/jpeg"},
	      "f");
	call = &sent(5)->call;
	assert_int_equal(call->body_len, 3);
	assert_memory_equal(call->body, "\xFF\0\n", 3);
	assert_header(call, "Content-Type", "image/jpeg");
}

static void mx_http_call__says_who_speaks_and_when(void **state)
{
	struct mx_call call = {.method = "PUT", .path = "/p"};

	(void)state;
	call.device = true;
	start(&call, "a");
	assert_string_equal(sent(0)->call.url, "https://hs.example/p?device_id=DEV");
	call.as = "@_sms_+1/\xc3\xa9&a=b:hs.example";
	start(&call, "b");
	assert_string_equal(
		sent(1)->call.url,
		"https://hs.example/p?user_id=%40_sms_%2B1%2F%C3%A9%26a%3Db%3Ahs.example"
		"&device_id=DEV");
	call.ts = INT64_C(1764000000000);
	call.path = "/p?via=x";
	start(&call, "c");
	assert_string_equal(sent(2)->call.url,
			    "https://hs.example/p?via=x&user_id=%40_sms_%2B1%2F%C3%A9%26a%3Db%3Ahs."
			    "example&device_id=DEV&ts=1764000000000");
	mx_http_set_token(t.http, "", "");
	call.as = NULL;
	call.ts = 0;
	start(&call, "d");
	assert_string_equal(sent(3)->call.url, "https://hs.example/p?via=x");
	assert_header(&sent(3)->call, "Authorization", NULL);
}

static void mx_path__encodes_each_segment_whole(void **state)
{
	STRBUF_AUTO(path);
	STRBUF_AUTO(all);

	(void)state;
	mx_path(&path, "/rooms/{}/send/{}/{}?x=1", "!a:b.c", "m.room.message", "1.2~3-4_5");
	assert_string_equal(path.buf, "/rooms/%21a%3Ab.c/send/m.room.message/1.2~3-4_5?x=1");
	strbuf_reset(&path);
	mx_path(&path, "{}{}", "/?#[]@!$&'()*+,;= %{}", "\xc3\xa9\"<>\\^`|\x7f\x01");
	assert_string_equal(path.buf, "%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%20%25"
				      "%7B%7D%C3%A9%22%3C%3E%5C%5E%60%7C%7F%01");
	strbuf_reset(&path);
	mx_path(&path, "/state/{}/", "");
	assert_string_equal(path.buf, "/state//");
	mx_path(&path, "plain");
	assert_string_equal(path.buf, "/state//plain");
	for (int c = 1; c < 256; c++)
		strbuf_addc(&all, (char)c);
	strbuf_reset(&path);
	mx_path(&path, "{}", all.buf);
	assert_int_equal(strspn(path.buf, "%0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					  "abcdefghijklmnopqrstuvwxyz-._~"),
			 path.len);
}

/* ---- how a call ends --------------------------------------------------------------------------- */

static void mx_http_call__ends_with_its_answer(void **state)
{
	(void)state;
	call_of(MX_LIMIT_SEND, "a");
	assert_int_equal(mx_http_open_calls(t.http), 1);
	answer(200, "{\"event_id\":\"$1\"}");
	assert_ended("a");
	assert_int_equal(t.outcome, MX_OK);
	assert_int_equal(t.status, 200);
	assert_true(t.had_body);
	assert_string_equal(t.error, "");
	call_of(MX_LIMIT_SEND, "b");
	answer(403, "{\"errcode\":\"M_FORBIDDEN\",\"error\":\"not in the room\"}");
	assert_int_equal(t.outcome, MX_FORBIDDEN);
	assert_int_equal(t.status, 403);
	assert_string_equal(t.errcode, "M_FORBIDDEN");
	assert_string_equal(t.error, "not in the room");
	assert_ended("ab");
	assert_int_equal(mx_http_open_calls(t.http), 0);
	assert_int_equal(fake_loop_timers(t.loop), 0);
	assert_int_equal(t.refusals, 0);
}

static void assert_repeats(size_t first)
{
	const struct http_call *a = &sent(first)->call;
	const struct http_call *b = &sent(n_sent() - 1)->call;

	assert_string_equal(a->method, b->method);
	assert_string_equal(a->url, b->url);
	assert_string_equal(a->body, b->body);
}

static void mx_http_call__is_repeated__while_nobody_knows(void **state)
{
	static const int statuses[] = {408, 502, 503, 504, 401, 403, 404, 0};
	int64_t pause = 500;

	(void)state;
	start(&(struct mx_call){.method = "PUT", .path = "/a?x=1", .body = "{\"k\":2}"}, "a");
	for (int i = 0; i < 12; i++) {
		int status = statuses[i % 8];

		if (status)
			answer(status, "<html>");
		else if (i % 2)
			lose();
		else
			fake_http_answer(sent(n_sent() - 1), HTTP_NOT_SENT, 0, "");
		assert_in_range(pause_now(), pause, pause + pause / 4);
		assert_repeats(0);
		pause = pause < 16000 ? pause * 2 : 30000;
	}
	assert_ended("");
	answer(200, "{}");
	assert_ended("a");
	assert_int_equal(t.outcome, MX_OK);
	fake_loop_advance(t.loop, HOUR_MS);
	assert_int_equal(n_sent(), 14); /* with the question whether it is there */
}

static void mx_http_call__is_repeated__with_jitter(void **state)
{
	int64_t first = 0;
	bool differs = false;

	(void)state;
	for (int i = 0; i < 40; i++) {
		int64_t pause;

		call_of(MX_LIMIT_SEND, "a");
		lose();
		pause = pause_now();
		if (i == 0)
			first = pause;
		differs = differs || pause != first;
		answer(200, "{}");
	}
	assert_true(differs);
}

static void mx_http_call__is_refused__where_the_server_fails_on_it(void **state)
{
	(void)state;
	call_of(MX_LIMIT_SEND, "a");
	/* What is not its fault does not count. */
	lose();
	(void)pause_now();
	for (int i = 1; i <= 7; i++) {
		answer(500, "{\"errcode\":\"M_UNKNOWN\",\"error\":\"Internal server error\"}");
		assert_ended("");
		(void)pause_now();
		assert_repeats(0);
	}
	answer(500, "{\"errcode\":\"M_UNKNOWN\",\"error\":\"Internal server error\"}");
	assert_ended("a");
	assert_int_equal(t.outcome, MX_REFUSED);
	assert_int_equal(t.status, 500);
	assert_string_equal(t.error, "Internal server error");
	assert_int_equal(t.downs, 0);
	fake_loop_advance(t.loop, HOUR_MS);
	assert_int_equal(n_sent(), 9);
}

static void mx_http_call__is_refused__where_no_homeserver_answers(void **state)
{
	(void)state;
	call_of(MX_LIMIT_SEND, "a");
	for (int i = 1; i <= 7; i++) {
		answer(200, "<html>Welcome!</html>");
		(void)pause_now();
	}
	answer(200, "<html>Welcome!</html>");
	assert_ended("a");
	assert_int_equal(t.outcome, MX_REFUSED);
	assert_false(t.had_body);
}

/* ---- waiting ----------------------------------------------------------------------------------- */

static void mx_http__waits__as_long_as_it_is_told(void **state)
{
	static const struct {
		const char *header;
		const char *body;
		int64_t from, to;
	} cases[] = {
		{"61", "", 61000, 61000},
		{"0", "", 500, 500},
		{"1000000", "", HOUR_MS, HOUR_MS},
		{"Mon, 24 Nov 2025 16:00:09 GMT", "", 9000, 9000},
		{"Mon, 24 Nov 2025 15:00:00 GMT", "", 500, 500},
		{"-5", "", 500, 625},
		{"garbage", "", 500, 625},
		{NULL, "{\"errcode\":\"M_LIMIT_EXCEEDED\",\"retry_after_ms\":7100}", 7100, 7100},
		{NULL, "{\"errcode\":\"M_LIMIT_EXCEEDED\",\"retry_after_ms\":2}", 500, 500},
		{NULL, "", 500, 625},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t waited;

		(void)teardown(state);
		(void)setup(state);
		call_of(MX_LIMIT_CREATE, "a");
		if (cases[i].header)
			answer_with(0, 429, "Retry-After", cases[i].header);
		else
			answer(429, cases[i].body);
		waited = pause_now();
		assert_in_range(waited, cases[i].from, cases[i].to);
		assert_repeats(0);
		assert_ended("");
	}
}

static void mx_http__waits__longer_each_time_it_is_not_told(void **state)
{
	(void)state;
	call_of(MX_LIMIT_SEND, "a");
	answer(429, "");
	assert_in_range(pause_now(), 500, 625);
	answer(429, "");
	assert_in_range(pause_now(), 1000, 1250);
	answer(429, "");
	assert_in_range(pause_now(), 2000, 2500);
}

static void mx_http__waits__with_one_class_alone(void **state)
{
	(void)state;
	call_of(MX_LIMIT_SEND, "a");
	assert_int_equal(mx_http_paused_ms(t.http), 0);
	answer_with(0, 429, "Retry-After", "10");
	assert_int_equal(mx_http_paused_ms(t.http), 10000);
	call_of(MX_LIMIT_SEND, "b");
	call_of(MX_LIMIT_JOIN, "c");
	call_of(MX_LIMIT_SEND, "d");
	call_of(MX_LIMIT_NONE, "e");
	assert_sent("ace");
	fake_loop_advance(t.loop, 9999);
	assert_int_equal(mx_http_paused_ms(t.http), 1);
	assert_sent("ace");
	/* Then in order, and one at a time: where one was too much, several are. */
	fake_loop_advance(t.loop, 1);
	assert_int_equal(mx_http_paused_ms(t.http), 0);
	assert_sent("acea");
	answer(200, "{}");
	assert_sent("aceab");
	fake_loop_advance(t.loop, 60000);
	assert_sent("aceab");
	answer(200, "{}");
	assert_sent("aceabd");
	assert_ended("ab");
	fake_loop_advance(t.loop, 600000);
	call_of(MX_LIMIT_SEND, "f");
	call_of(MX_LIMIT_SEND, "g");
	assert_sent("aceabdfg");
}

static void mx_http__waits__with_one_class_for_the_longest(void **state)
{
	(void)state;
	call_of(MX_LIMIT_INVITE, "a");
	call_of(MX_LIMIT_INVITE, "b");
	answer_with(0, 429, "Retry-After", "20");
	answer_with(1, 429, "Retry-After", "5");
	assert_int_equal(mx_http_paused_ms(t.http), 0);
	assert_int_equal(pause_now(), 20000);
	assert_sent("aba");
}

/* Calls of no class have nothing in common. */
static void mx_http__waits__with_one_call_of_no_class(void **state)
{
	(void)state;
	call_of(MX_LIMIT_NONE, "a");
	answer_with(0, 429, "Retry-After", "10");
	call_of(MX_LIMIT_NONE, "b");
	call_of(MX_LIMIT_NONE, "c");
	assert_sent("abc");
	fake_loop_advance(t.loop, 10000);
	assert_sent("abca");
}

/* ---- order and number -------------------------------------------------------------------------- */

static void mx_http__makes_few_calls_at_once(void **state)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f",
					    "g", "h", "i", "j", "k", "l"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		call_of(MX_LIMIT_SEND, names[i]);
	assert_sent("abcdefgh");
	assert_int_equal(mx_http_open_calls(t.http), 12);
	assert_int_equal(http_client_open_calls(t.client), MX_AT_ONCE);
	fake_http_answer(sent(3), HTTP_ANSWERED, 200, "{}");
	assert_sent("abcdefghi");
	fake_http_answer(sent(0), HTTP_ANSWERED, 404, "{\"errcode\":\"M_NOT_FOUND\"}");
	assert_sent("abcdefghij");
	assert_ended("da");
	/* One that has to be made again comes before those that were given later. */
	fake_http_answer(sent(1), HTTP_ANSWERED, 500, "{}");
	assert_sent("abcdefghijk");
	fake_loop_advance(t.loop, 1000);
	assert_sent("abcdefghijk");
	fake_http_answer(sent(2), HTTP_ANSWERED, 200, "{}");
	assert_sent("abcdefghijkb");
	fake_http_answer(sent(4), HTTP_ANSWERED, 200, "{}");
	assert_sent("abcdefghijkbl");
	assert_int_equal(mx_http_open_calls(t.http), 8);
}

/* What the server holds for as long as it has nothing to tell keeps nobody waiting. */
static void mx_http__makes_few_calls_at_once__besides_held_ones(void **state)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};

	(void)state;
	start(&(struct mx_call){.method = "GET", .path = "/H", .held = true}, "H");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		call_of(MX_LIMIT_SEND, names[i]);
	assert_sent("Habcdefgh");
	assert_int_equal(mx_http_open_calls(t.http), 11);
	fake_http_answer(sent(0), HTTP_ANSWERED, 200, "{}");
	assert_sent("Habcdefgh");
	fake_http_answer(sent(1), HTTP_ANSWERED, 200, "{}");
	assert_sent("Habcdefghi");
	start(&(struct mx_call){.method = "GET", .path = "/H", .held = true}, "H");
	mx_http_void(t.http);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		call_of(MX_LIMIT_SEND, names[i]);
	assert_int_equal(http_client_open_calls(t.client), MX_AT_ONCE);
}

static void start_two_more(void)
{
	call_of(MX_LIMIT_SEND, "x");
	call_of(MX_LIMIT_SEND, "y");
}

static void mx_http__takes_calls_from_callbacks(void **state)
{
	(void)state;
	call_of(MX_LIMIT_SEND, "a");
	t.in_done = start_two_more;
	answer(200, "{}");
	assert_sent("axy");
	assert_ended("a");
}

/* ---- probes ------------------------------------------------------------------------------------ */

static void mx_http_probe__is_made_once(void **state)
{
	static const struct {
		enum http_fate fate;
		int status;
		const char *body;
		enum mx_outcome outcome;
	} cases[] = {
		{HTTP_NOT_SENT, 0, "", MX_UNREACHABLE},
		{HTTP_LOST, 0, "", MX_UNREACHABLE},
		{HTTP_LOST, 200, "", MX_UNREACHABLE},
		{HTTP_ANSWERED, 502, "<html>", MX_UNREACHABLE},
		{HTTP_ANSWERED, 429, "{\"errcode\":\"M_LIMIT_EXCEEDED\"}", MX_UNREACHABLE},
		{HTTP_ANSWERED, 500, "{\"errcode\":\"M_UNKNOWN\"}", MX_UNREACHABLE},
		{HTTP_ANSWERED, 200, "<html>Welcome!</html>", MX_UNREACHABLE},
		{HTTP_ANSWERED, 404, "<html>", MX_UNSUPPORTED},
		{HTTP_ANSWERED, 401, "{\"errcode\":\"M_UNKNOWN_TOKEN\"}", MX_TOKEN},
		{HTTP_ANSWERED, 502, "{\"errcode\":\"M_BAD_STATUS\"}", MX_REFUSED},
		{HTTP_ANSWERED, 200, "{}", MX_OK},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		probe("p");
		assert_int_equal(n_sent(), i + 1);
		fake_http_answer(sent(i), cases[i].fate, cases[i].status, cases[i].body);
		assert_int_equal(t.n_ended, i + 1);
		assert_int_equal(t.outcome, cases[i].outcome);
		assert_int_equal(t.status, cases[i].fate == HTTP_ANSWERED ? cases[i].status : 0);
		fake_loop_advance(t.loop, 60000);
	}
	assert_int_equal(t.downs, 0);
	assert_int_equal(t.refusals, 1);
}

static void mx_http_probe__jumps_the_queue(void **state)
{
	(void)state;
	for (int i = 0; i < MX_AT_ONCE + 1; i++)
		call_of(MX_LIMIT_SEND, "a");
	probe("p");
	probe("q");
	assert_sent("aaaaaaaa");
	fake_http_answer(sent(0), HTTP_ANSWERED, 200, "{}");
	fake_http_answer(sent(1), HTTP_ANSWERED, 200, "{}");
	fake_http_answer(sent(2), HTTP_ANSWERED, 200, "{}");
	assert_sent("aaaaaaaapqa");
}

static void mx_http_probe__waits_for_nobody(void **state)
{
	struct mx_call call = {
		.method = "GET", .path = "/p", .limit = MX_LIMIT_SEND, .probe = true};

	(void)state;
	call_of(MX_LIMIT_SEND, "a");
	answer_with(0, 429, "Retry-After", "10");
	start(&call, "p");
	assert_sent("ap");
	answer(200, "{}");
	assert_ended("p");
}

/* ---- the server is silent ---------------------------------------------------------------------- */

static void refuse_all(void)
{
	for (size_t i = 0; i < n_sent(); i++)
		if (sent(i)->open)
			fake_http_answer(sent(i), HTTP_NOT_SENT, 0, "");
}

/* Nobody is there for that long. */
static void refuse_for(int64_t ms)
{
	int64_t end = loop_monotonic(t.loop) + ms;

	refuse_all();
	while (fake_loop_next_in(t.loop) >= 0 &&
	       loop_monotonic(t.loop) + fake_loop_next_in(t.loop) <= end) {
		fake_loop_advance(t.loop, fake_loop_next_in(t.loop));
		refuse_all();
	}
	fake_loop_advance(t.loop, end - loop_monotonic(t.loop));
}

static void mx_http__says_once_that_the_server_is_down(void **state)
{
	(void)state;
	call_of(MX_LIMIT_SEND, "a");
	refuse_for(14999);
	assert_int_equal(t.downs, 0);
	refuse_for(5000);
	assert_int_equal(t.downs, 1);
	assert_string_equal(t.why, "the homeserver did not answer: nobody there");
	refuse_for(HOUR_MS);
	assert_int_equal(t.downs, 1);
	assert_ended("");
	assert_int_equal(mx_http_open_calls(t.http), 1);
	/* And it is made for as long as the owner lets it. */
	assert_int_equal(fake_loop_timers(t.loop), 1);
	mx_http_void(t.http);
	call_of(MX_LIMIT_SEND, "b");
	refuse_for(20000);
	assert_int_equal(t.downs, 2);
}

static void mx_http__says_that_the_server_is_down__behind_a_proxy(void **state)
{
	(void)state;
	call_of(MX_LIMIT_SEND, "a");
	for (int i = 0; i < 5; i++) {
		answer(502, "<html>");
		assert_int_equal(t.downs, 0);
		(void)pause_now();
	}
	answer(502, "<html>");
	assert_int_equal(t.downs, 1);
}

/* Each try ends only when the time to connect is over. */
static void mx_http__says_that_the_server_is_down__when_it_swallows_all(void **state)
{
	(void)state;
	call_of(MX_LIMIT_SEND, "a");
	fake_loop_advance(t.loop, 10000);
	lose();
	(void)pause_now();
	fake_loop_advance(t.loop, 10000);
	assert_int_equal(t.downs, 0);
	lose();
	assert_int_equal(t.downs, 1);
}

static void mx_http__is_not_down__as_long_as_anything_is_answered(void **state)
{
	(void)state;
	call_of(MX_LIMIT_SEND, "a");
	for (int i = 0; i < 20; i++) {
		refuse_for(14000);
		call_of(MX_LIMIT_JOIN, "b");
		fake_loop_advance(t.loop, 1000);
		/* A refusal is an answer, and so is a fault of the server. */
		for (size_t k = 0; k < n_sent(); k++)
			if (sent(k)->open && strstr(sent(k)->call.url, "/b"))
				fake_http_answer(sent(k), HTTP_ANSWERED, 403,
						 "{\"errcode\":\"M_FORBIDDEN\"}");
	}
	assert_int_equal(t.downs, 0);
}

/* Fails until it ends; returns after how long. */
static int64_t fail_for_ever(void (*once)(void))
{
	int64_t before = loop_monotonic(t.loop);
	size_t ended = t.n_ended;

	for (int i = 0; i < 100; i++) {
		once();
		if (t.n_ended > ended)
			return loop_monotonic(t.loop) - before;
		(void)pause_now();
	}
	return INT64_MAX;
}

static void answer_504(void)
{
	answer(504, "<html>");
}

static void answer_page(void)
{
	answer(403, "<html>");
}

/* The server is there and drops the connection on this call, or its proxy gives up on it. */
static void mx_http__gives_up_a_call__that_alone_is_not_answered(void **state)
{
	static void (*const ways[])(void) = {lose, answer_504, answer_page};
	static const int statuses[] = {0, 504, 403};

	(void)state;
	t.alive = true;
	for (size_t i = 0; i < 3; i++) {
		call_of(MX_LIMIT_SEND, "a");
		assert_in_range(fail_for_ever(ways[i]), 5 * 60000, 8 * 60000);
		assert_int_equal(t.outcome, MX_REFUSED);
		assert_true(t.gave_up);
		assert_int_equal(t.status, statuses[i]);
		fake_loop_advance(t.loop, 1000);
	}
	assert_int_equal(t.downs, 0);
	call_of(MX_LIMIT_SEND, "b");
	answer(403, "{\"errcode\":\"M_FORBIDDEN\"}");
	assert_false(t.gave_up);
}

static void mx_http__gives_up_a_call__while_others_are_answered(void **state)
{
	int64_t begun = loop_monotonic(t.loop);

	(void)state;
	call_of(MX_LIMIT_SEND, "a");
	while (t.n_ended == 0 || t.ended[t.n_ended - 1] != 'a') {
		for (size_t i = 0; i < n_sent(); i++) {
			bool it = strstr(sent(i)->call.url, "/a") != NULL;

			if (sent(i)->open)
				fake_http_answer(sent(i), it ? HTTP_LOST : HTTP_ANSWERED,
						 it ? 0 : 200, it ? "" : "{}");
		}
		call_of(MX_LIMIT_JOIN, "b");
		fake_loop_advance(t.loop, 1000);
		assert_true(loop_monotonic(t.loop) - begun < 8 * 60000);
	}
	assert_true(loop_monotonic(t.loop) - begun >= 5 * 60000);
	assert_int_equal(t.outcome, MX_REFUSED);
	assert_int_equal(t.downs, 0);
}

/* A server that is away costs nothing, however long: its owner decides. */
static void mx_http__gives_up_nothing__while_the_server_is_away(void **state)
{
	(void)state;
	call_of(MX_LIMIT_SEND, "a");
	for (int i = 0; i < 3; i++) {
		refuse_for(HOUR_MS);
		assert_int_equal(t.downs, 1);
		probe("p");
		lose();
	}
	assert_ended("ppp");
	assert_int_equal(mx_http_open_calls(t.http), 1);
}

/* It tells its versions all the same. */
static void mx_http__gives_up_nothing__while_the_server_is_closed(void **state)
{
	(void)state;
	t.alive = true;
	call_of(MX_LIMIT_SEND, "a");
	for (int i = 0; i < 50; i++) {
		answer(403, "{\"errcode\":\"M_RESOURCE_LIMIT_EXCEEDED\"}");
		if (i > 10) {
			probe("p");
			answer(200, "{}");
		}
		(void)pause_now();
	}
	assert_null(strchr(t.ended, 'a'));
	assert_int_equal(t.downs, 1);
}

/* One that takes long and is lost is no sign, when nothing else was asked. */
static void mx_http__is_not_down__by_one_slow_call(void **state)
{
	(void)state;
	call_of(MX_LIMIT_JOIN, "a");
	fake_loop_advance(t.loop, 30000);
	lose();
	assert_int_equal(t.downs, 0);
	/* Nor does it hold up the others for long. */
	call_of(MX_LIMIT_SEND, "b");
	call_of(MX_LIMIT_SEND, "c");
	fake_loop_advance(t.loop, 999);
	assert_sent("aa");
	fake_loop_advance(t.loop, 1);
	assert_sent("aab");
	answer(200, "{}");
	assert_sent("aabc");
	fake_loop_advance(t.loop, 30000);
	fake_http_answer(sent(1), HTTP_LOST, 0, "");
	assert_int_equal(t.downs, 0);
}

static void mx_http__does_not_run_a_queue_against_a_dead_server(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++)
		call_of(MX_LIMIT_SEND, "a");
	refuse_for(15900);
	assert_int_equal(t.downs, 1);
	/* Eight at the start, five times more each, one new each second, and those again. */
	assert_true(n_sent() < 120);
	/* When it is back, so are we. */
	for (size_t i = 0; t.n_ended < 200; i++) {
		int64_t next = fake_loop_next_in(t.loop);

		for (size_t k = 0; k < n_sent(); k++)
			if (sent(k)->open)
				fake_http_answer(sent(k), HTTP_ANSWERED, 200, "{}");
		if (next >= 0)
			fake_loop_advance(t.loop, next);
		assert_true(i < 1000);
	}
}

static void mx_http__ignores_probes__when_it_counts_silence(void **state)
{
	(void)state;
	for (int i = 0; i < 60; i++) {
		probe("p");
		lose();
		fake_loop_advance(t.loop, 1000);
	}
	assert_int_equal(t.downs, 0);
	/* Nor do they hold up anything. */
	call_of(MX_LIMIT_SEND, "a");
	call_of(MX_LIMIT_SEND, "b");
	assert_int_equal(n_sent(), 62);
}

/* ---- the token --------------------------------------------------------------------------------- */

#define UNKNOWN_TOKEN "{\"errcode\":\"M_UNKNOWN_TOKEN\",\"error\":\"who?\"}"

static void mx_http__tells_once_that_the_token_is_refused(void **state)
{
	(void)state;
	call_of(MX_LIMIT_SEND, "a");
	call_of(MX_LIMIT_SEND, "b");
	fake_http_answer(sent(0), HTTP_ANSWERED, 401, UNKNOWN_TOKEN);
	assert_ended("a");
	assert_int_equal(t.outcome, MX_TOKEN);
	assert_string_equal(t.error, "who?");
	assert_int_equal(t.refusals, 1);
	fake_http_answer(sent(1), HTTP_ANSWERED, 403,
			 "{\"errcode\":\"M_MISSING_TOKEN\",\"error\":\"none\"}");
	assert_ended("ab");
	assert_int_equal(t.outcome, MX_TOKEN);
	assert_int_equal(t.refusals, 1);
	mx_http_set_token(t.http, "NEW", "DEV2");
	call_of(MX_LIMIT_SEND, "c");
	assert_header(&sent(2)->call, "Authorization", "Bearer NEW");
	answer(401, UNKNOWN_TOKEN);
	assert_int_equal(t.refusals, 2);
	mx_http_void(t.http);
	call_of(MX_LIMIT_SEND, "d");
	answer(401, UNKNOWN_TOKEN);
	assert_int_equal(t.refusals, 3);
}

/* A call that was begun with the old token. */
static void mx_http__repeats_with_the_new_token(void **state)
{
	(void)state;
	call_of(MX_LIMIT_SEND, "a");
	mx_http_set_token(t.http, "NEW", "");
	lose();
	(void)pause_now();
	assert_repeats(0);
	assert_header(&sent(0)->call, "Authorization", "Bearer T0KEN");
	assert_header(&sent(1)->call, "Authorization", "Bearer NEW");
}

/* ---- the end ----------------------------------------------------------------------------------- */

static void void_all(void)
{
	mx_http_void(t.http);
}

static void free_all(void)
{
	mx_http_free(t.http);
	t.http = NULL;
}

static void mx_http_void__ends_all_calls_in_silence(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		call_of(MX_LIMIT_SEND, "a");
	fake_http_answer(sent(0), HTTP_LOST, 0, "");
	answer_with(1, 429, "Retry-After", "100");
	assert_true(http_client_open_calls(t.client) > 0);
	mx_http_void(t.http);
	assert_int_equal(mx_http_open_calls(t.http), 0);
	assert_int_equal(mx_http_paused_ms(t.http), 0);
	/* What was under way can never come back. */
	assert_int_equal(http_client_open_calls(t.client), 0);
	assert_int_equal(fake_loop_timers(t.loop), 0);
	fake_loop_advance(t.loop, HOUR_MS);
	assert_ended("");
	call_of(MX_LIMIT_SEND, "b");
	call_of(MX_LIMIT_SEND, "c");
	answer(200, "{}");
	assert_ended("c");
}

static void mx_http__may_be_voided_from_every_callback(void **state)
{
	(void)state;
	call_of(MX_LIMIT_SEND, "a");
	call_of(MX_LIMIT_SEND, "b");
	t.in_done = void_all;
	answer(200, "{}");
	assert_ended("b");
	assert_int_equal(mx_http_open_calls(t.http), 0);

	call_of(MX_LIMIT_SEND, "c");
	call_of(MX_LIMIT_SEND, "d");
	t.in_refused = void_all;
	answer(401, UNKNOWN_TOKEN);
	assert_ended("b");
	assert_int_equal(t.refusals, 1);
	assert_int_equal(http_client_open_calls(t.client), 0);

	call_of(MX_LIMIT_SEND, "e");
	t.in_down = void_all;
	refuse_for(30000);
	assert_int_equal(t.downs, 1);
	assert_int_equal(mx_http_open_calls(t.http), 0);
	assert_int_equal(fake_loop_timers(t.loop), 0);
	assert_ended("b");
}

static void mx_http__may_be_freed_when_a_call_ends(void **state)
{
	(void)state;
	for (int i = 0; i < 12; i++)
		call_of(MX_LIMIT_SEND, "a");
	t.in_done = free_all;
	fake_http_answer(sent(0), HTTP_ANSWERED, 401, UNKNOWN_TOKEN);
	assert_ended("a");
	assert_int_equal(t.refusals, 1);
	assert_int_equal(http_client_open_calls(t.client), 0);
	assert_int_equal(fake_loop_timers(t.loop), 0);
}

static void mx_http__may_be_freed_when_the_token_is_refused(void **state)
{
	(void)state;
	call_of(MX_LIMIT_SEND, "a");
	t.in_refused = free_all;
	answer(401, UNKNOWN_TOKEN);
	assert_ended("");
	assert_int_equal(t.refusals, 1);
}

static void mx_http__may_be_freed_when_the_server_is_down(void **state)
{
	(void)state;
	call_of(MX_LIMIT_SEND, "a");
	t.in_down = free_all;
	refuse_for(30000);
	assert_int_equal(t.downs, 1);
	assert_null(t.http);
	assert_int_equal(fake_loop_timers(t.loop), 0);
	mx_http_free(NULL);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(mx_http_call__sends_what_it_is_given),
		TEST(mx_http_call__says_who_speaks_and_when),
		TEST(mx_path__encodes_each_segment_whole),
		TEST(mx_http_call__ends_with_its_answer),
		TEST(mx_http_call__is_repeated__while_nobody_knows),
		TEST(mx_http_call__is_repeated__with_jitter),
		TEST(mx_http_call__is_refused__where_the_server_fails_on_it),
		TEST(mx_http_call__is_refused__where_no_homeserver_answers),
		TEST(mx_http__waits__as_long_as_it_is_told),
		TEST(mx_http__waits__longer_each_time_it_is_not_told),
		TEST(mx_http__waits__with_one_class_alone),
		TEST(mx_http__waits__with_one_class_for_the_longest),
		TEST(mx_http__waits__with_one_call_of_no_class),
		TEST(mx_http__makes_few_calls_at_once),
		TEST(mx_http__makes_few_calls_at_once__besides_held_ones),
		TEST(mx_http__takes_calls_from_callbacks),
		TEST(mx_http_probe__is_made_once),
		TEST(mx_http_probe__jumps_the_queue),
		TEST(mx_http_probe__waits_for_nobody),
		TEST(mx_http__says_once_that_the_server_is_down),
		TEST(mx_http__says_that_the_server_is_down__behind_a_proxy),
		TEST(mx_http__says_that_the_server_is_down__when_it_swallows_all),
		TEST(mx_http__is_not_down__as_long_as_anything_is_answered),
		TEST(mx_http__is_not_down__by_one_slow_call),
		TEST(mx_http__does_not_run_a_queue_against_a_dead_server),
		TEST(mx_http__gives_up_a_call__that_alone_is_not_answered),
		TEST(mx_http__gives_up_a_call__while_others_are_answered),
		TEST(mx_http__gives_up_nothing__while_the_server_is_away),
		TEST(mx_http__gives_up_nothing__while_the_server_is_closed),
		TEST(mx_http__ignores_probes__when_it_counts_silence),
		TEST(mx_http__tells_once_that_the_token_is_refused),
		TEST(mx_http__repeats_with_the_new_token),
		TEST(mx_http_void__ends_all_calls_in_silence),
		TEST(mx_http__may_be_voided_from_every_callback),
		TEST(mx_http__may_be_freed_when_a_call_ends),
		TEST(mx_http__may_be_freed_when_the_token_is_refused),
		TEST(mx_http__may_be_freed_when_the_server_is_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
