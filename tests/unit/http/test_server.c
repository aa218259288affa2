/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The server over real sockets: both ends run on the loop of the test. */
#include "http/server.h"

#include "base/log.h"
#include "base/strbuf.h"
#include "base/xalloc.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define HOST "Host: h\r\n"
#define ANSWER_MS 3000
#define QUIET_MS 80

static struct {
	struct loop *loop;
	struct http_server *server;
	struct http_exchange *held[8]; /* of /hold, not answered yet */
	size_t n_held;
	int handled;
} t;

/* One raw client. */
struct raw {
	int fd;
	struct loop_watch *watch;
	struct strbuf got;
	bool closed;
	struct loop_timer *quiet;
};

static void echo(struct http_exchange *exchange, const struct http_request *request, void *arg)
{
	STRBUF_AUTO(text);

	(void)arg;
	t.handled++;
	strbuf_addf(&text, "%s %s?%s [%s]", request->method, request->path, request->query,
		    request->body);
	http_reply(exchange, 200, "text/plain", text.buf, text.len);
}

static void hold(struct http_exchange *exchange, const struct http_request *request, void *arg)
{
	(void)request;
	(void)arg;
	t.held[t.n_held++] = exchange;
}

static void page(struct http_exchange *exchange, const struct http_request *request, void *arg)
{
	(void)request;
	http_reply(exchange, 200, "text/html; charset=utf-8", arg, strlen(arg));
}

static void empty(struct http_exchange *exchange, const struct http_request *request, void *arg)
{
	(void)request;
	(void)arg;
	http_reply(exchange, 204, NULL, "", 0);
}

static void large(struct http_exchange *exchange, const struct http_request *request, void *arg)
{
	const size_t size = 8 * 1024 * 1024;
	AUTO_FREE char *body = xcalloc(1, size);

	(void)request;
	(void)arg;
	http_reply(exchange, 200, "application/octet-stream", body, size);
}

static void stranger(struct http_exchange *exchange, const struct http_request *request, void *arg)
{
	(void)request;
	(void)arg;
	http_reply(exchange, 401, NULL, "", 0);
}

#define LONG_BODY 1000000

static void count(struct http_exchange *exchange, const struct http_request *request, void *arg)
{
	STRBUF_AUTO(text);

	(void)arg;
	strbuf_addf(&text, "%zu bytes", request->body_len);
	http_reply(exchange, 200, "text/plain", text.buf, text.len);
}

static size_t friends_send_more(const struct http_request *head, void *arg)
{
	(void)arg;
	return http_headers_get(&head->headers, "X-Friend") ? LONG_BODY : HTTP_REQUEST_BODY_MAX;
}

static char page_text[] = "<p>hello";

static int setup(void **state)
{
	struct error err;

	(void)state;
	memset(&t, 0, sizeof(t));
	log_set_level(LOG_ERROR);
	t.loop = loop_new();
	t.server = http_server_new(t.loop);
	http_server_route(t.server, "/echo", echo, NULL);
	http_server_route(t.server, "/hold", hold, NULL);
	http_server_route(t.server, "/page/", page, page_text);
	http_server_route(t.server, "/page/empty", empty, NULL);
	http_server_route(t.server, "/stranger", stranger, NULL);
	http_server_route(t.server, "/large", large, NULL);
	http_server_route_large(t.server, "/count", count, friends_send_more, &t);
	assert_int_equal(http_server_listen(t.server, "127.0.0.1:0", &err), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	http_server_free(t.server);
	for (size_t i = 0; i < t.n_held; i++)
		http_reply(t.held[i], 200, NULL, "", 0);
	loop_free(t.loop);
	return 0;
}

static void stop(void *arg)
{
	if (arg)
		((struct raw *)arg)->quiet = NULL;
	loop_stop(t.loop);
}

static void run_for(int64_t ms)
{
	loop_after(t.loop, ms, stop, NULL);
	loop_run(t.loop);
}

/* Until so many requests are held or connections open; a loaded machine takes its time. */
static void wait_held(size_t n)
{
	for (int i = 0; i < 1000 && t.n_held != n; i++)
		run_for(5);
	assert_int_equal(t.n_held, n);
}

static void wait_connections(size_t n)
{
	for (int i = 0; i < 1000 && http_server_connections(t.server) != n; i++)
		run_for(5);
	assert_int_equal(http_server_connections(t.server), n);
}

static void on_bytes(int fd, unsigned what, void *arg)
{
	struct raw *raw = arg;
	char bytes[65536];
	ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	(void)what;
	loop_cancel(raw->quiet);
	raw->quiet = NULL;
	if (n > 0) {
		strbuf_add(&raw->got, bytes, (size_t)n);
		raw->quiet = loop_after(t.loop, QUIET_MS, stop, raw);
		return;
	}
	raw->closed = true;
	loop_unwatch(raw->watch);
	raw->watch = NULL;
	loop_stop(t.loop);
}

static void raw_open(struct raw *raw)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)http_server_port(t.server)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	*raw = (struct raw){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	strbuf_init(&raw->got);
	assert_true(raw->fd >= 0);
	assert_int_equal(connect(raw->fd, (struct sockaddr *)&to, sizeof(to)), 0);
}

static void raw_close(struct raw *raw)
{
	loop_unwatch(raw->watch);
	loop_cancel(raw->quiet);
	strbuf_release(&raw->got);
	(void)close(raw->fd);
}

static void raw_send(struct raw *raw, const char *bytes)
{
	size_t len = strlen(bytes);

	assert_int_equal(send(raw->fd, bytes, len, MSG_NOSIGNAL), len);
}

/* Until the server has closed, or has sent nothing for a while. */
static void raw_wait(struct raw *raw)
{
	if (!raw->watch)
		raw->watch = loop_watch_fd(t.loop, raw->fd, LOOP_READ, on_bytes, raw);
	raw->quiet = loop_after(t.loop, ANSWER_MS, stop, raw);
	loop_run(t.loop);
}

static void raw_ask(struct raw *raw, const char *bytes)
{
	strbuf_reset(&raw->got);
	raw_send(raw, bytes);
	raw_wait(raw);
}

/* The statuses of all answers in a row: "200 400", and " closed". */
static void assert_answers(const char *bytes, const char *expected)
{
	STRBUF_AUTO(shown);
	struct raw raw;

	raw_open(&raw);
	raw_ask(&raw, bytes);
	for (const char *at = raw.got.buf; (at = strstr(at, "HTTP/1.1 ")); at += 9)
		strbuf_addf(&shown, "%.3s ", at + 9);
	strbuf_adds(&shown, raw.closed ? "closed" : "open");
	raw_close(&raw);
	if (strcmp(shown.buf, expected) != 0)
		print_error("%s\n", bytes);
	assert_string_equal(shown.buf, expected);
}

static void http_server__answers_in_a_row_on_one_connection(void **state)
{
	struct raw raw;

	(void)state;
	raw_open(&raw);
	raw_ask(&raw, "GET /echo?a=%20b HTTP/1.1\r\n" HOST "\r\n");
	assert_non_null(strstr(raw.got.buf, "\r\n\r\nGET /echo?a=%20b []"));
	raw_ask(&raw, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi");
	assert_non_null(strstr(raw.got.buf, "\r\n\r\nPOST /echo? [hi]"));
	assert_false(raw.closed);
	assert_int_equal(http_server_connections(t.server), 1);
	raw_close(&raw);
	wait_connections(0);
}

static void http_server__asks_who_it_is__with_a_401_only(void **state)
{
	static const char asks[] = "\r\nWWW-Authenticate: Basic realm=\"Roomline\"\r\n";
	struct raw raw;

	(void)state;
	raw_open(&raw);
	raw_ask(&raw, "GET /stranger HTTP/1.1\r\n" HOST "\r\n");
	assert_non_null(strstr(raw.got.buf, asks));
	raw_ask(&raw, "GET /echo HTTP/1.1\r\n" HOST "\r\n");
	assert_null(strstr(raw.got.buf, "WWW-Authenticate"));
	raw_close(&raw);
}

static void http_server__answers_pipelined_requests_in_order(void **state)
{
	struct raw raw;
	char *second;

	(void)state;
	raw_open(&raw);
	raw_send(&raw, "GET /hold HTTP/1.1\r\n" HOST "\r\nGET /echo HTTP/1.1\r\n" HOST "\r\n");
	wait_held(1);
	assert_int_equal(t.handled, 0);
	http_reply(t.held[--t.n_held], 202, "text/plain", "first", 5);
	/* Giving an answer runs no other handler. */
	assert_int_equal(t.handled, 0);
	raw_wait(&raw);
	assert_int_equal(t.handled, 1);
	second = strstr(raw.got.buf, "HTTP/1.1 200");
	assert_non_null(second);
	assert_true(strstr(raw.got.buf, "first") < second);
	raw_close(&raw);
}

static void http_server__closes_or_keeps_as_the_request_says(void **state)
{
	(void)state;
	assert_answers("GET /echo HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", "200 closed");
	assert_answers("GET /echo HTTP/1.0\r\n\r\n", "200 closed");
	assert_answers("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "200 open");
	assert_answers("GET /echo HTTP/1.1\r\n" HOST "\r\n", "200 open");
	assert_answers("GET /echo/x HTTP/1.1\r\n" HOST "\r\n", "200 open");
	assert_answers("GET /echox HTTP/1.1\r\n" HOST "\r\n", "404 open");
	assert_answers("GET / HTTP/1.1\r\n" HOST "\r\n", "404 open");
}

static void http_server__refuses__odd_framing_and_closes(void **state)
{
	static const char *const bad[] = {
		"POST /echo HTTP/1.1\r\n" HOST
		"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
		"POST /echo HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\nhello",
		"POST /echo HTTP/1.1\r\n" HOST
		"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"GET /echo HTTP/1.1\r\n\r\n",
		"GET /echo HTTP/1.1\r\n" HOST HOST "\r\n",
		"GET /echo/%2e%2e/x HTTP/1.1\r\n" HOST "\r\n",
		"GET /echo/%00 HTTP/1.1\r\n" HOST "\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_answers(bad[i], "400 closed");
	assert_answers("DELETE /echo HTTP/1.1\r\n" HOST "\r\n", "501 closed");
	assert_int_equal(t.handled, 0);
}

static void http_server__serves_nothing__after_a_refusal(void **state)
{
	(void)state;
	assert_answers("GET /echo HTTP/1.1\r\n\r\nGET /echo HTTP/1.1\r\n" HOST "\r\n",
		       "400 closed");
	assert_int_equal(t.handled, 0);
}

static void http_server__shows_the_refusal__to_a_peer_that_sends_on(void **state)
{
	AUTO_FREE char *megabyte = xmalloc(1024 * 1024 + 1);
	struct raw raw;
	size_t sent = 0;

	(void)state;
	memset(megabyte, 'x', 1024 * 1024);
	megabyte[1024 * 1024] = '\0';
	raw_open(&raw);
	raw_send(&raw, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1048576\r\n\r\n");
	while (sent < 1024 * 1024) {
		ssize_t n = send(raw.fd, megabyte + sent, 1024 * 1024 - sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0)
			sent += (size_t)n;
		run_for(1);
	}
	(void)shutdown(raw.fd, SHUT_WR);
	raw_wait(&raw);
	assert_true(raw.closed);
	assert_memory_equal(raw.got.buf, "HTTP/1.1 413 ", 13);
	assert_non_null(strstr(raw.got.buf, "\r\nConnection: close\r\n"));
	raw_close(&raw);
}

/* The status of a request with that head and a body of so many bytes, sent as far as it is read. */
static void assert_body(const char *head, size_t len, const char *expected)
{
	AUTO_FREE char *bytes = xmalloc(len);
	STRBUF_AUTO(request);
	struct raw raw;

	memset(bytes, 'x', len);
	strbuf_addf(&request, "PUT %sContent-Length: %zu\r\n\r\n", head, len);
	strbuf_add(&request, bytes, len);
	raw_open(&raw);
	for (size_t sent = 0; sent < request.len;) {
		ssize_t n = send(raw.fd, request.buf + sent, request.len - sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		sent += n > 0 ? (size_t)n : 0;
		run_for(1);
	}
	(void)shutdown(raw.fd, SHUT_WR);
	while (!raw.closed)
		raw_wait(&raw);
	assert_memory_equal(raw.got.buf + strlen("HTTP/1.1 "), expected, 3);
	if (strlen(expected) > 3)
		assert_non_null(strstr(raw.got.buf, expected + 4));
	raw_close(&raw);
}

static void http_server_route_large__takes_more_where_the_head_allows_it(void **state)
{
	static const char stranger_head[] = "/count HTTP/1.1\r\n" HOST;
	static const char friend_head[] = "/count/x HTTP/1.1\r\n" HOST "X-Friend: yes\r\n";

	(void)state;
	assert_body(friend_head, LONG_BODY, "200 1000000 bytes");
	assert_body(friend_head, LONG_BODY + 1, "413");
	assert_body(stranger_head, HTTP_REQUEST_BODY_MAX, "200 65536 bytes");
	assert_body(stranger_head, HTTP_REQUEST_BODY_MAX + 1, "413");
	assert_body("/echo HTTP/1.1\r\n" HOST "X-Friend: yes\r\n", HTTP_REQUEST_BODY_MAX + 1,
		    "413");
}

static void http_server_unroute__leaves_the_others(void **state)
{
	(void)state;
	assert_answers("GET /count HTTP/1.1\r\n" HOST "\r\n", "200 open");
	http_server_unroute(t.server, &t);
	assert_answers("GET /count HTTP/1.1\r\n" HOST "\r\n", "404 open");
	assert_answers("GET /echo HTTP/1.1\r\n" HOST "\r\n", "200 open");
	assert_answers("GET /page/ HTTP/1.1\r\n" HOST "\r\n", "200 open");
}

static void http_server__tells_headers(void **state)
{
	struct raw raw;

	(void)state;
	raw_open(&raw);
	raw_ask(&raw, "GET /page/a HTTP/1.1\r\n" HOST "\r\n");
	assert_memory_equal(raw.got.buf, "HTTP/1.1 200 OK\r\nDate: ", 23);
	assert_non_null(strstr(raw.got.buf, " GMT\r\nContent-Type: text/html; charset=utf-8\r\n"
					    "Content-Length: 8\r\n"));
	assert_non_null(strstr(raw.got.buf, "\r\nX-Content-Type-Options: nosniff\r\n"));
	assert_non_null(strstr(raw.got.buf, "\r\nX-Frame-Options: DENY\r\n"));
	assert_null(strstr(raw.got.buf, "\r\nServer:"));
	assert_non_null(strstr(raw.got.buf, "\r\n\r\n<p>hello"));
	raw_ask(&raw, "HEAD /page/a HTTP/1.1\r\n" HOST "\r\n");
	assert_non_null(strstr(raw.got.buf, "\r\nContent-Length: 8\r\n"));
	assert_string_equal(raw.got.buf + raw.got.len - 4, "\r\n\r\n");
	raw_ask(&raw, "GET /page/empty HTTP/1.1\r\n" HOST "\r\n");
	assert_memory_equal(raw.got.buf, "HTTP/1.1 204 No Content\r\n", 25);
	assert_null(strstr(raw.got.buf, "Content-Length"));
	raw_ask(&raw, "GET /echo HTTP/1.1\r\n" HOST "\r\n");
	assert_null(strstr(raw.got.buf, "X-Frame-Options"));
	raw_close(&raw);
}

static void http_server__lets_a_waiting_peer_go_on(void **state)
{
	struct raw raw;

	(void)state;
	raw_open(&raw);
	raw_ask(&raw,
		"POST /echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	assert_string_equal(raw.got.buf, "HTTP/1.1 100 Continue\r\n\r\n");
	raw_ask(&raw, "ok");
	assert_memory_equal(raw.got.buf, "HTTP/1.1 200 OK\r\n", 17);
	assert_non_null(strstr(raw.got.buf, "[ok]"));
	raw_close(&raw);
}

static void http_server__answers_a_peer_that_has_stopped_sending(void **state)
{
	struct raw raw;

	(void)state;
	raw_open(&raw);
	raw_send(&raw, "GET /echo HTTP/1.1\r\n" HOST "\r\n");
	(void)shutdown(raw.fd, SHUT_WR);
	raw_wait(&raw);
	raw_wait(&raw);
	assert_memory_equal(raw.got.buf, "HTTP/1.1 200 OK\r\n", 17);
	assert_true(raw.closed);
	raw_close(&raw);
}

static void http_reply__is_harmless__when_the_peer_is_gone(void **state)
{
	static const struct linger reset = {.l_onoff = 1};
	struct raw raw[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		raw_open(&raw[i]);
		raw_send(&raw[i], "GET /hold HTTP/1.1\r\n" HOST "\r\n");
	}
	wait_held(2);
	(void)setsockopt(raw[1].fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	raw_close(&raw[0]);
	raw_close(&raw[1]);
	run_for(20);
	http_reply(t.held[0], 200, "text/plain", "late", 4);
	http_reply(t.held[1], 200, "text/plain", "late", 4);
	t.n_held = 0;
	wait_connections(0);
}

static void http_reply__is_harmless__when_the_server_is_gone(void **state)
{
	struct raw raw;

	(void)state;
	raw_open(&raw);
	raw_send(&raw, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
	wait_held(1);
	http_server_free(t.server);
	t.server = NULL;
	http_reply(t.held[--t.n_held], 200, NULL, "", 0);
	raw_close(&raw);
}

static void http_server__sends_more_than_the_socket_takes(void **state)
{
	struct raw raw;

	(void)state;
	raw_open(&raw);
	raw_send(&raw, "GET /large HTTP/1.1\r\n" HOST "\r\n");
	run_for(20); /* its buffers are full now, and nobody reads */
	assert_int_equal(http_server_connections(t.server), 1);
	raw_wait(&raw);
	assert_true(raw.got.len > 8 * 1024 * 1024);
	assert_true(raw.got.len < 8 * 1024 * 1024 + 500);
	raw_ask(&raw, "GET /echo HTTP/1.1\r\n" HOST "\r\n");
	assert_memory_equal(raw.got.buf, "HTTP/1.1 200 OK\r\n", 17);
	raw_close(&raw);
}

/* A byte now and then does not buy time: the deadline is for the whole request. */
static void http_server__cuts_off_slow_peers(void **state)
{
	struct raw slow;
	struct raw idle;
	struct raw deaf;
	struct raw held;
	int64_t start;

	(void)state;
	http_server_set_peer_timeout(t.server, 150);
	raw_open(&held);
	raw_send(&held, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
	raw_open(&idle);
	raw_open(&deaf);
	raw_send(&deaf, "GET /large HTTP/1.1\r\n" HOST "\r\n");
	raw_open(&slow);
	raw_send(&slow, "GET /echo HTTP/1.1\r\n");
	start = loop_monotonic(t.loop);
	while (loop_monotonic(t.loop) - start < 300) {
		(void)send(slow.fd, "X: a\r\n", 6, MSG_NOSIGNAL);
		run_for(10);
	}
	/* Only the one that waits for us is left. */
	assert_int_equal(http_server_connections(t.server), 1);
	http_reply(t.held[--t.n_held], 200, NULL, "", 0);
	raw_wait(&held);
	assert_memory_equal(held.got.buf, "HTTP/1.1 200 OK\r\n", 17);
	raw_close(&slow);
	raw_close(&idle);
	raw_close(&deaf);
	raw_close(&held);
}

static void http_server__lets_the_oldest_give_way__when_crowded(void **state)
{
	struct rlimit files;
	struct raw held;
	struct raw *crowd = xcalloc(HTTP_CONNECTIONS_MAX, sizeof(*crowd));

	(void)state;
	/* Both ends are here. */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = files.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	raw_open(&held);
	raw_send(&held, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
	wait_held(1);
	for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
		raw_open(&crowd[i]);
		if (i % 32 == 31)
			run_for(1);
	}
	wait_connections(HTTP_CONNECTIONS_MAX);
	raw_wait(&crowd[0]);
	assert_true(crowd[0].closed);
	raw_ask(&crowd[HTTP_CONNECTIONS_MAX - 1], "GET /echo HTTP/1.1\r\n" HOST "\r\n");
	assert_memory_equal(crowd[HTTP_CONNECTIONS_MAX - 1].got.buf, "HTTP/1.1 200 OK\r\n", 17);
	http_reply(t.held[--t.n_held], 200, NULL, "", 0);
	raw_wait(&held);
	assert_memory_equal(held.got.buf, "HTTP/1.1 200 OK\r\n", 17);
	for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++)
		raw_close(&crowd[i]);
	raw_close(&held);
	free(crowd);
}

static int64_t cpu_us(void)
{
	struct rusage use;

	assert_int_equal(getrusage(RUSAGE_SELF, &use), 0);
	return (int64_t)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000 +
	       use.ru_utime.tv_usec + use.ru_stime.tv_usec;
}

static void http_server__pauses__without_descriptors(void **state)
{
	struct rlimit full;
	struct rlimit none;
	struct raw raw;
	int64_t cpu;

	(void)state;
	raw_open(&raw);
	raw_send(&raw, "GET /echo HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &full), 0);
	none = full;
	none.rlim_cur = (rlim_t)raw.fd + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	cpu = cpu_us();
	run_for(300);
	assert_true(cpu_us() - cpu < 50000);
	assert_int_equal(http_server_connections(t.server), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &full), 0);
	run_for(900);
	raw_wait(&raw);
	assert_memory_equal(raw.got.buf, "HTTP/1.1 200 OK\r\n", 17);
	raw_close(&raw);
}

static void http_server_listen__says_what_is_wrong(void **state)
{
	static const char *const bad[] = {
		"",           "8080",         ":8080",       "127.0.0.1",
		"127.0.0.1:", "localhost:80", "127.0.0.1:x", "1.2.3.4.5:80",
		"[::1",       "[::1]",
	};
	struct error err = {ERR_NONE, ""};
	char taken[32];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err.kind = ERR_NONE;
		assert_int_equal(http_server_listen(t.server, bad[i], &err), -1);
		assert_int_equal(err.kind, ERR_CONFIG);
	}
	(void)snprintf(taken, sizeof(taken), "127.0.0.1:%d", http_server_port(t.server));
	assert_int_equal(http_server_listen(t.server, taken, &err), -1);
	assert_int_equal(err.kind, ERR_BUSY);
	assert_non_null(strstr(err.text, taken));
	assert_int_equal(http_server_listen(t.server, "192.0.2.1:0", &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	/* A second address beside the first. */
	assert_int_equal(http_server_listen(t.server, "127.0.0.2:0", &err), 0);
	assert_true(http_server_port(t.server) > 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(http_server__answers_in_a_row_on_one_connection),
		TEST(http_server__asks_who_it_is__with_a_401_only),
		TEST(http_server__answers_pipelined_requests_in_order),
		TEST(http_server__closes_or_keeps_as_the_request_says),
		TEST(http_server__refuses__odd_framing_and_closes),
		TEST(http_server__serves_nothing__after_a_refusal),
		TEST(http_server__shows_the_refusal__to_a_peer_that_sends_on),
		TEST(http_server_route_large__takes_more_where_the_head_allows_it),
		TEST(http_server_unroute__leaves_the_others),
		TEST(http_server__tells_headers),
		TEST(http_server__lets_a_waiting_peer_go_on),
		TEST(http_server__answers_a_peer_that_has_stopped_sending),
		TEST(http_reply__is_harmless__when_the_peer_is_gone),
		TEST(http_reply__is_harmless__when_the_server_is_gone),
		TEST(http_server__sends_more_than_the_socket_takes),
		TEST(http_server__cuts_off_slow_peers),
		TEST(http_server__lets_the_oldest_give_way__when_crowded),
		TEST(http_server__pauses__without_descriptors),
		TEST(http_server_listen__says_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
