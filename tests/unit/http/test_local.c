/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Calls to ourselves, on a loop whose time is moved by hand: no socket is opened. */
#include "fakes/fake_loop.c" /* NOLINT(bugprone-suspicious-include): in place of the real loop */

#include "base/strbuf.h"
#include "roomline/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct {
	struct loop *loop;
	struct http_server *server;
	struct http_client *client;
	struct http_exchange *held;
	struct strbuf log;
	int again; /* calls to start from the callback */
} t;

static void echo(struct http_exchange *exchange, const struct http_request *request, void *arg)
{
	STRBUF_AUTO(text);
	const char *key = http_headers_get(&request->headers, "X-Key");

	(void)arg;
	strbuf_addf(&t.log, "handle %s;", request->path);
	strbuf_addf(&text, "%s %s?%s [%.*s] %s", request->method, request->path, request->query,
		    (int)request->body_len, request->body, key ? key : "-");
	assert_int_equal(request->body[request->body_len], '\0');
	http_reply(exchange, 201, "text/plain", text.buf, text.len);
	strbuf_adds(&t.log, "handled;");
}

static void hold(struct http_exchange *exchange, const struct http_request *request, void *arg)
{
	(void)request;
	(void)arg;
	t.held = exchange;
}

static void large(struct http_exchange *exchange, const struct http_request *request, void *arg)
{
	AUTO_FREE char *body = xcalloc(1, HTTP_ANSWER_MAX + 1);

	(void)request;
	(void)arg;
	http_reply(exchange, 200, NULL, body, HTTP_ANSWER_MAX + 1);
}

static void done(const struct http_answer *answer, void *arg);

static void start(const char *method, const char *url, const char *body)
{
	struct http_call call = {.method = method, .url = xstrdup(url)};

	if (body) {
		/* Without a NUL at its end. */
		call.body_len = strlen(body);
		call.body = xmalloc(call.body_len);
		memcpy(call.body, body, call.body_len);
	}
	http_headers_add(&call.headers, "X-Key", "k");
	http_client_start(t.client, &call, done, &t);
	assert_null(call.url);
	assert_null(call.body);
	assert_int_equal(call.headers.n, 0);
}

static void done(const struct http_answer *answer, void *arg)
{
	static const char *const fates[] = {"answered", "not_sent", "lost"};
	const char *type = http_headers_get(&answer->headers, "content-type");

	assert_ptr_equal(arg, &t);
	assert_int_equal(answer->body[answer->body_len], '\0');
	assert_true((answer->fate == HTTP_ANSWERED) == (answer->problem[0] == '\0'));
	strbuf_addf(&t.log, "%s %d %s %s;", fates[answer->fate], answer->status, type ? type : "-",
		    answer->body);
	if (t.again && t.again--)
		start("GET", "local:/echo", NULL);
}

static void assert_log(const char *expected)
{
	assert_string_equal(t.log.buf, expected);
	strbuf_reset(&t.log);
}

static int setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	strbuf_init(&t.log);
	t.loop = loop_new();
	t.server = http_server_new(t.loop);
	http_server_route(t.server, "/echo", echo, NULL);
	http_server_route(t.server, "/hold", hold, NULL);
	http_server_route(t.server, "/large", large, NULL);
	t.client = http_client_new(t.loop, t.server);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	http_client_free(t.client);
	http_server_free(t.server);
	assert_int_equal(fake_loop_timers(t.loop), 0);
	assert_int_equal(fake_loop_watches(t.loop), 0);
	loop_free(t.loop);
	strbuf_release(&t.log);
	return 0;
}

static void local_call__reaches_the_route_and_comes_back(void **state)
{
	(void)state;
	start("POST", "local:/echo/a%20b?c=%20d", "hello");
	assert_log("");
	assert_int_equal(http_client_open_calls(t.client), 1);
	fake_loop_advance(t.loop, 0);
	/* The callback does not run inside the handler's http_reply(). */
	assert_log("handle /echo/a b;handled;"
		   "answered 201 text/plain POST /echo/a b?c=%20d [hello] k;");
	assert_int_equal(http_client_open_calls(t.client), 0);
	assert_int_equal(fake_loop_next_in(t.loop), -1);
}

static void local_call__is_answered_with_404__without_a_route(void **state)
{
	(void)state;
	start("GET", "local:/nothing", NULL);
	fake_loop_advance(t.loop, 0);
	assert_log("answered 404 text/plain There is nothing here.\n;");
}

static void local_call__is_not_sent__to_a_bad_address(void **state)
{
	static const char *const bad[] = {
		"local:",     "local:echo", "local:/echo/../x",  "local:/%00", "local:/a b",
		"local:/a#b", "ftp://h/",   "example.test/path", "",           "file:///etc/passwd",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		start("GET", bad[i], NULL);
		assert_log("");
		fake_loop_advance(t.loop, 0);
		assert_log("not_sent 0 - ;");
	}
}

static void local_call__is_not_sent__with_a_line_break_in_a_header(void **state)
{
	static const char *const bad[][2] = {
		{"X", "a\r\nY: b"}, {"X\n", "a"}, {"X: y", "a"}, {"", "a"}, {"X", "\x01"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct http_call call = {.method = "GET", .url = xstrdup("local:/echo")};

		http_headers_add(&call.headers, bad[i][0], bad[i][1]);
		http_client_start(t.client, &call, done, &t);
		fake_loop_advance(t.loop, 0);
		assert_log("not_sent 0 - ;");
	}
}

static void local_call__waits_for_a_late_answer(void **state)
{
	(void)state;
	start("GET", "local:/hold", NULL);
	fake_loop_advance(t.loop, HTTP_TIMEOUT_MS - 1);
	assert_log("");
	http_reply(t.held, 200, "a/b", "late", 4);
	assert_log("");
	fake_loop_advance(t.loop, 10);
	assert_log("answered 200 a/b late;");
}

static void local_call__is_lost__without_an_answer_in_time(void **state)
{
	(void)state;
	start("GET", "local:/hold", NULL);
	fake_loop_advance(t.loop, HTTP_TIMEOUT_MS);
	assert_log("lost 0 - ;");
	http_reply(t.held, 200, "a/b", "too late", 8);
	fake_loop_advance(t.loop, HTTP_TIMEOUT_MS);
	assert_log("");
}

static void local_call__is_lost__when_the_answer_is_too_long(void **state)
{
	(void)state;
	start("GET", "local:/large", NULL);
	fake_loop_advance(t.loop, 0);
	assert_log("lost 200 - ;");
}

static void local_call__can_start_another_from_its_callback(void **state)
{
	(void)state;
	t.again = 2;
	start("GET", "local:/echo", NULL);
	fake_loop_advance(t.loop, 0);
	assert_log("handle /echo;handled;answered 201 text/plain GET /echo? [] k;"
		   "handle /echo;handled;answered 201 text/plain GET /echo? [] k;"
		   "handle /echo;handled;answered 201 text/plain GET /echo? [] k;");
}

static void http_client_free__ends_open_calls_in_silence(void **state)
{
	(void)state;
	start("GET", "local:/hold", NULL);
	fake_loop_advance(t.loop, 0);
	start("GET", "local:/echo", NULL); /* not handed over yet */
	start("GET", "ftp://h/", NULL);
	assert_int_equal(http_client_open_calls(t.client), 3);
	http_client_free(t.client);
	t.client = NULL;
	http_reply(t.held, 200, NULL, "", 0);
	fake_loop_advance(t.loop, HTTP_TIMEOUT_MS);
	assert_log("");
}

static void local_call__is_not_sent__without_a_server(void **state)
{
	(void)state;
	http_client_free(t.client);
	t.client = http_client_new(t.loop, NULL);
	start("GET", "local:/echo", NULL);
	fake_loop_advance(t.loop, 0);
	assert_log("not_sent 0 - ;");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(local_call__reaches_the_route_and_comes_back),
		TEST(local_call__is_answered_with_404__without_a_route),
		TEST(local_call__is_not_sent__to_a_bad_address),
		TEST(local_call__is_not_sent__with_a_line_break_in_a_header),
		TEST(local_call__waits_for_a_late_answer),
		TEST(local_call__is_lost__without_an_answer_in_time),
		TEST(local_call__is_lost__when_the_answer_is_too_long),
		TEST(local_call__can_start_another_from_its_callback),
		TEST(http_client_free__ends_open_calls_in_silence),
		TEST(local_call__is_not_sent__without_a_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
