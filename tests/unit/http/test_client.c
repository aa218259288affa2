/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What becomes of a call, against a peer of raw sockets in the same loop that answers, lies, hangs
 * up or stays silent as each test says.
 */
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "roomline/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum peer_act {
	PEER_ANSWER,           /* and keep the connection */
	PEER_ANSWER_AND_CLOSE, /* the answer may be empty */
	PEER_ANSWER_ONCE,      /* and close at the second request of a connection */
	PEER_RESET,            /* after the request */
	PEER_SILENCE,
	PEER_TALKS_FIRST, /* and closes, whatever is asked */
};

struct peer_connection {
	LIST_ENTRY(peer_connection) link;
	int fd;
	struct loop_watch *watch;
	struct strbuf got;
	int requests;
};

static struct {
	struct loop *loop;
	struct http_client *client;
	int listener;
	struct loop_watch *listen_watch;
	int port;
	LIST_HEAD(, peer_connection) connections;
	enum peer_act act;
	const char *answer;
	size_t answer_len;
	struct strbuf request; /* the last one */
	int requests;
	int accepted;
	int open;
	int most_open;

	int wanted; /* calls to end before the loop stops */
	int ended;
	enum http_fate fate; /* of the last one */
	int fates[HTTP_LOST + 1];
	int status;
	struct strbuf body;
	struct strbuf headers;
	char problem[160];
	int order[512];
} t;

static void peer_close(struct peer_connection *p)
{
	LIST_REMOVE(p, link);
	loop_unwatch(p->watch);
	strbuf_release(&p->got);
	(void)close(p->fd);
	free(p);
	t.open--;
}

static void peer_answer(struct peer_connection *p)
{
	static const struct linger reset = {.l_onoff = 1};

	if (t.act == PEER_SILENCE)
		return;
	if (t.act == PEER_ANSWER_ONCE && p->requests > 1) {
		peer_close(p);
		return;
	}
	if (t.act == PEER_RESET)
		(void)setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	else
		(void)send(p->fd, t.answer, t.answer_len, MSG_NOSIGNAL);
	if (t.act == PEER_ANSWER || t.act == PEER_ANSWER_ONCE)
		strbuf_reset(&p->got);
	else
		peer_close(p);
}

/* A request is whole when it holds what its Content-Length says. */
static bool is_whole(const char *request, size_t len)
{
	const char *end = strstr(request, "\r\n\r\n");
	const char *length = strstr(request, "Content-Length: ");

	if (!end)
		return false;
	return len - (size_t)(end + 4 - request) >= (length ? strtoul(length + 16, NULL, 10) : 0);
}

static void on_peer_bytes(int fd, unsigned what, void *arg)
{
	struct peer_connection *p = arg;
	char bytes[65536];
	ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

	(void)what;
	if (n <= 0) {
		peer_close(p);
		return;
	}
	strbuf_add(&p->got, bytes, (size_t)n);
	if (!is_whole(p->got.buf, p->got.len))
		return;
	t.requests++;
	p->requests++;
	strbuf_reset(&t.request);
	strbuf_add(&t.request, p->got.buf, p->got.len);
	peer_answer(p);
}

static void on_peer_connect(int fd, unsigned what, void *arg)
{
	struct peer_connection *p = xcalloc(1, sizeof(*p));

	(void)what;
	(void)arg;
	p->fd = accept(fd, NULL, NULL);
	assert_true(p->fd >= 0);
	strbuf_init(&p->got);
	p->watch = loop_watch_fd(t.loop, p->fd, LOOP_READ, on_peer_bytes, p);
	LIST_INSERT_HEAD(&t.connections, p, link);
	t.accepted++;
	if (++t.open > t.most_open)
		t.most_open = t.open;
	if (t.act == PEER_TALKS_FIRST)
		peer_answer(p);
}

static void peer_says(enum peer_act act, const char *answer)
{
	t.act = act;
	t.answer = answer;
	t.answer_len = strlen(answer);
}

static int listen_somewhere(int backlog, int *port_out)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*port_out = ntohs(at.sin_port);
	return fd;
}

static int setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	strbuf_init(&t.request);
	strbuf_init(&t.body);
	strbuf_init(&t.headers);
	LIST_INIT(&t.connections);
	t.loop = loop_new();
	t.client = http_client_new(t.loop, NULL);
	t.listener = listen_somewhere(1024, &t.port);
	t.listen_watch = loop_watch_fd(t.loop, t.listener, LOOP_READ, on_peer_connect, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	http_client_free(t.client);
	while (!LIST_EMPTY(&t.connections))
		peer_close(LIST_FIRST(&t.connections));
	loop_unwatch(t.listen_watch);
	(void)close(t.listener);
	loop_free(t.loop);
	strbuf_release(&t.request);
	strbuf_release(&t.body);
	strbuf_release(&t.headers);
	return 0;
}

static void done(const struct http_answer *answer, void *arg)
{
	t.order[t.ended] = arg ? *(int *)arg : 0;
	t.fate = answer->fate;
	t.fates[answer->fate]++;
	t.status = answer->status;
	strbuf_reset(&t.body);
	strbuf_add(&t.body, answer->body, answer->body_len);
	assert_int_equal(answer->body[answer->body_len], '\0');
	strbuf_reset(&t.headers);
	for (size_t i = 0; i < answer->headers.n; i++)
		strbuf_addf(&t.headers, "%s=%s;", answer->headers.items[i].name,
			    answer->headers.items[i].value);
	(void)STR_COPY(t.problem, answer->problem);
	assert_true((answer->fate == HTTP_ANSWERED) == (answer->problem[0] == '\0'));
	if (++t.ended == t.wanted)
		loop_stop(t.loop);
}

static char *peer_url(const char *scheme, int port, const char *rest)
{
	STRBUF_AUTO(url);

	strbuf_addf(&url, "%s://127.0.0.1:%d%s", scheme, port, rest);
	return strbuf_detach(&url, NULL);
}

static struct http_call post(const char *path, const char *body)
{
	return (struct http_call){
		.method = "POST",
		.url = peer_url("http", t.port, path),
		.body = xstrdup(body),
		.body_len = strlen(body),
		.timeout_ms = 3000,
	};
}

static void run_call(struct http_call *call)
{
	t.ended = 0;
	t.wanted = 1;
	http_client_start(t.client, call, done, NULL);
	assert_int_equal(t.ended, 0);
	assert_int_equal(http_client_open_calls(t.client), 1);
	loop_run(t.loop);
	assert_int_equal(t.ended, 1);
	assert_int_equal(http_client_open_calls(t.client), 0);
}

static void stop(void *arg)
{
	(void)arg;
	loop_stop(t.loop);
}

static void run_for(int64_t ms)
{
	(void)loop_after(t.loop, ms, stop, NULL);
	loop_run(t.loop);
}

static void run_post(void)
{
	struct http_call call = post("/", "a=1");

	run_call(&call);
}

static void assert_request(const char *part)
{
	if (!strstr(t.request.buf, part))
		print_error("%s\n", t.request.buf);
	assert_non_null(strstr(t.request.buf, part));
}

static void http_client_start__sends_what_it_is_given(void **state)
{
	struct http_call call = post("/a/../b?c=%20d", "x=\xc3\xa9&y=2");

	(void)state;
	peer_says(PEER_ANSWER, "HTTP/1.1 201 Created\r\nX-A: 1\r\nx-a:  2 \r\nContent-Length: 2"
			       "\r\n\r\nok");
	call.user = xstrdup("AC1");
	call.password = xstrdup("secret");
	http_headers_add(&call.headers, "Content-Type", "application/json");
	http_headers_add(&call.headers, "X-Empty", "");
	run_call(&call);
	assert_int_equal(t.fate, HTTP_ANSWERED);
	assert_int_equal(t.status, 201);
	assert_string_equal(t.body.buf, "ok");
	assert_string_equal(t.headers.buf, "X-A=1;x-a=2;Content-Length=2;");
	assert_memory_equal(t.request.buf, "POST /a/../b?c=%20d HTTP/1.1\r\n", 30);
	assert_request("\r\nAuthorization: Basic QUMxOnNlY3JldA==\r\n");
	assert_request("\r\nContent-Type: application/json\r\n");
	assert_request("\r\nX-Empty:\r\n");
	assert_request("\r\nContent-Length: 8\r\n");
	assert_request("\r\n\r\nx=\xc3\xa9&y=2");
	assert_null(strstr(t.request.buf, "Expect"));
}

static void http_client_start__adds_no_content_type_of_its_own(void **state)
{
	(void)state;
	peer_says(PEER_ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	run_post();
	assert_null(strstr(t.request.buf, "Content-Type"));
}

static void http_client_start__knows_the_other_methods(void **state)
{
	struct http_call get = {.method = "GET", .url = peer_url("http", t.port, "/g")};
	struct http_call put = {.method = "PUT", .url = peer_url("http", t.port, "/p")};
	struct http_call head = {.method = "HEAD", .url = peer_url("http", t.port, "/h")};
	struct http_call delete = {.method = "DELETE", .url = peer_url("http", t.port, "/d")};

	(void)state;
	peer_says(PEER_ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	run_call(&get);
	assert_memory_equal(t.request.buf, "GET /g HTTP/1.1\r\n", 17);
	assert_null(strstr(t.request.buf, "Content-Length"));
	run_call(&put);
	assert_memory_equal(t.request.buf, "PUT /p HTTP/1.1\r\n", 17);
	assert_request("\r\nContent-Length: 0\r\n");
	run_call(&delete);
	assert_memory_equal(t.request.buf, "DELETE /d HTTP/1.1\r\n", 20);
	peer_says(PEER_ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n");
	run_call(&head);
	assert_memory_equal(t.request.buf, "HEAD /h HTTP/1.1\r\n", 18);
	assert_int_equal(t.fate, HTTP_ANSWERED);
}

struct answer_case {
	enum peer_act act;
	const char *answer;
	enum http_fate fate;
	int status;
};

static void http_client__tells_the_fate_of_an_answer(void **state)
{
	static const struct answer_case cases[] = {
		{PEER_ANSWER,
		 "HTTP/1.1 429 Too Many\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n",
		 HTTP_ANSWERED, 429},
		{PEER_ANSWER, "HTTP/1.1 500 No\r\nContent-Length: 1\r\n\r\nx", HTTP_ANSWERED, 500},
		{PEER_ANSWER, "HTTP/1.1 204 Nothing\r\n\r\n", HTTP_ANSWERED, 204},
		{PEER_ANSWER,
		 "HTTP/1.1 302 Away\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
		 HTTP_ANSWERED, 302},
		{PEER_ANSWER_AND_CLOSE, "HTTP/1.0 200 OK\r\n\r\nuntil the end", HTTP_ANSWERED, 200},
		{PEER_ANSWER,
		 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
		 HTTP_ANSWERED, 200},
		/* It was there, and may have done what it was asked. */
		{PEER_ANSWER_AND_CLOSE, "", HTTP_LOST, 0},
		{PEER_RESET, "", HTTP_LOST, 0},
		{PEER_ANSWER_AND_CLOSE, "HTTP/1.1 2", HTTP_LOST, 0},
		{PEER_ANSWER_AND_CLOSE, "garbage\r\n\r\n", HTTP_LOST, 0},
		{PEER_ANSWER_AND_CLOSE, "SSH-2.0-OpenSSH_9.2\r\n", HTTP_LOST, 0},
		{PEER_ANSWER_AND_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
		 HTTP_LOST, 200},
		{PEER_ANSWER_AND_CLOSE,
		 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", HTTP_LOST, 200},
		{PEER_ANSWER_AND_CLOSE,
		 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab", HTTP_LOST, 200},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		peer_says(cases[i].act, cases[i].answer);
		t.requests = 0;
		run_post();
		if (t.fate != cases[i].fate)
			print_error("%s: %s\n", cases[i].answer, t.problem);
		assert_int_equal(t.fate, cases[i].fate);
		assert_int_equal(t.status, cases[i].status);
		assert_int_equal(t.requests, 1);
	}
}

static void http_client__keeps_the_headers_of_the_last_answer_alone(void **state)
{
	(void)state;
	peer_says(PEER_ANSWER, "HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n"
			       "HTTP/1.1 200 OK\r\nX-Late: 2\r\nContent-Length: 0\r\n\r\n");
	run_post();
	assert_int_equal(t.status, 200);
	assert_string_equal(t.headers.buf, "X-Late=2;Content-Length=0;");
}

static void http_client__keeps_nul_in_a_body(void **state)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na\0b";

	(void)state;
	peer_says(PEER_ANSWER, "");
	t.answer = answer;
	t.answer_len = sizeof(answer) - 1;
	run_post();
	assert_int_equal(t.body.len, 3);
	assert_memory_equal(t.body.buf, "a\0b", 3);
}

/* libcurl by itself sends a POST again when a connection it kept has died: see client.c. */
static void http_client__never_repeats_a_request(void **state)
{
	(void)state;
	peer_says(PEER_ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	run_post();
	assert_int_equal(t.fate, HTTP_ANSWERED);
	peer_says(PEER_ANSWER_AND_CLOSE, "");
	run_post();
	assert_int_equal(t.fate, HTTP_LOST);
	assert_int_equal(t.requests, 2);
	assert_int_equal(t.accepted, 2);
}

static const char empty_answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

static void run_repeatable(void)
{
	struct http_call call = post("/", "a=1");

	call.repeatable = true;
	run_call(&call);
	assert_int_equal(t.fate, HTTP_ANSWERED);
}

static void http_client__keeps_connections__for_repeatable_calls_alone(void **state)
{
	(void)state;
	peer_says(PEER_ANSWER, empty_answer);
	run_repeatable();
	run_repeatable();
	assert_int_equal(t.requests, 2);
	assert_int_equal(t.accepted, 1);
	run_post();
	run_post();
	assert_int_equal(t.requests, 4);
	assert_int_equal(t.accepted, 3);
	run_for(20);
	assert_int_equal(t.open, 1);
	run_repeatable();
	assert_int_equal(t.requests, 5);
	assert_int_equal(t.accepted, 3);
}

/* The connection dies as the second request arrives on it: libcurl asks again on a new one. */
static void http_client__survives_a_kept_connection_that_has_died(void **state)
{
	(void)state;
	peer_says(PEER_ANSWER_ONCE, empty_answer);
	run_repeatable();
	run_repeatable();
	assert_int_equal(t.requests, 3);
	assert_int_equal(t.accepted, 2);
	peer_says(PEER_ANSWER_AND_CLOSE, empty_answer);
	run_repeatable();
	run_for(20);
	run_repeatable();
	assert_int_equal(t.open, 0);
}

static void http_client__keeps_few_connections(void **state)
{
	enum { CALLS = 60 };

	(void)state;
	peer_says(PEER_ANSWER, empty_answer);
	t.wanted = CALLS;
	for (int i = 0; i < CALLS; i++) {
		struct http_call call = post("/", "a=1");

		call.repeatable = true;
		http_client_start(t.client, &call, done, NULL);
	}
	loop_run(t.loop);
	run_for(50);
	assert_int_equal(t.fates[HTTP_ANSWERED], CALLS);
	assert_true(t.accepted > 16);
	assert_in_range(t.open, 1, 16);
}

static int64_t cpu_ns(void)
{
	struct timespec now;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static long sleeps(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_nvcsw;
}

/* Also when the peer has closed it, which makes it readable for ever. */
static void http_client__is_idle_with_an_idle_connection(void **state)
{
	static const enum peer_act acts[] = {PEER_ANSWER, PEER_ANSWER_AND_CLOSE};

	(void)state;
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		int64_t cpu;
		long slept;

		peer_says(acts[i], empty_answer);
		run_repeatable();
		run_for(50);
		cpu = cpu_ns();
		slept = sleeps();
		run_for(400);
		assert_true(cpu_ns() - cpu < 100000000);
		assert_true(sleeps() - slept < 20);
	}
}

static void http_client__loses__a_long_answer(void **state)
{
	AUTO_FREE char *body = xcalloc(1, 2001);
	STRBUF_AUTO(answer);
	struct http_call call = post("/", "");

	(void)state;
	memset(body, 'x', 2000);
	strbuf_addf(&answer, "HTTP/1.1 200 OK\r\n\r\n%s", body);
	peer_says(PEER_ANSWER_AND_CLOSE, answer.buf);
	call.max_body = 1999;
	run_call(&call);
	assert_int_equal(t.fate, HTTP_LOST);
	assert_int_equal(t.status, 200);
	assert_string_equal(t.problem, "the answer is too long");
	call = post("/", "");
	call.max_body = 2000;
	run_call(&call);
	assert_int_equal(t.fate, HTTP_ANSWERED);
	assert_int_equal(t.body.len, 2000);
}

static void http_client__loses__an_answer_of_endless_headers(void **state)
{
	STRBUF_AUTO(answer);

	(void)state;
	strbuf_adds(&answer, "HTTP/1.1 200 OK\r\n");
	while (answer.len < 80 * 1024)
		strbuf_addf(&answer, "X-%zu: %0500d\r\n", answer.len, 0);
	strbuf_adds(&answer, "\r\n");
	peer_says(PEER_ANSWER_AND_CLOSE, answer.buf);
	run_post();
	assert_int_equal(t.fate, HTTP_LOST);
	assert_string_equal(t.problem, "the answer is too long");
}

static void http_client__loses__a_call_without_an_answer_in_time(void **state)
{
	struct http_call call = post("/", "a=1");
	int64_t start = loop_monotonic(t.loop);

	(void)state;
	peer_says(PEER_SILENCE, "");
	call.timeout_ms = 200;
	run_call(&call);
	assert_int_equal(t.fate, HTTP_LOST);
	assert_int_equal(t.requests, 1);
	assert_true(loop_monotonic(t.loop) - start >= 190);
	assert_true(loop_monotonic(t.loop) - start < 1500);
}

static void run_get(char *url_take)
{
	struct http_call call = {.method = "GET", .url = url_take, .timeout_ms = 400};

	run_call(&call);
}

static void http_client__does_not_send__where_it_cannot_connect(void **state)
{
	int port;
	int fd = listen_somewhere(0, &port);

	(void)state;
	(void)close(fd);
	run_get(peer_url("http", port, "/"));
	assert_int_equal(t.fate, HTTP_NOT_SENT);
	run_get(xstrdup("http://no..such..name/"));
	assert_int_equal(t.fate, HTTP_NOT_SENT);
	run_get(xstrdup("http://[::1/"));
	assert_int_equal(t.fate, HTTP_NOT_SENT);
	run_get(xstrdup("http://127.0.0.1:99999/"));
	assert_int_equal(t.fate, HTTP_NOT_SENT);
	run_get(xstrdup("http:///"));
	assert_int_equal(t.fate, HTTP_NOT_SENT);
	assert_int_equal(t.accepted, 0);
}

/* The kernel drops what it cannot queue: to the client the peer is a black hole. */
static void http_client__does_not_send__into_a_black_hole(void **state)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int port;
	int fd = listen_somewhere(0, &port);
	int fill[4];

	(void)state;
	to.sin_port = htons((uint16_t)port);
	for (int i = 0; i < 4; i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)connect(fill[i], (struct sockaddr *)&to, sizeof(to));
	}
	run_get(peer_url("http", port, "/"));
	assert_int_equal(t.fate, HTTP_NOT_SENT);
	for (int i = 0; i < 4; i++)
		(void)close(fill[i]);
	(void)close(fd);
}

/* The peer says nothing to the greeting, something else than TLS, or goodbye. */
static void http_client__does_not_send__without_tls(void **state)
{
	(void)state;
	peer_says(PEER_SILENCE, "");
	run_get(peer_url("https", t.port, "/"));
	assert_int_equal(t.fate, HTTP_NOT_SENT);
	peer_says(PEER_TALKS_FIRST, "HTTP/1.1 400 No\r\n\r\n");
	run_get(peer_url("https", t.port, "/"));
	assert_int_equal(t.fate, HTTP_NOT_SENT);
	peer_says(PEER_TALKS_FIRST, "");
	run_get(peer_url("https", t.port, "/"));
	assert_int_equal(t.fate, HTTP_NOT_SENT);
	assert_int_equal(t.accepted, 3);
}

static int recall_asked;
static bool recall_wanted;

static bool is_unwanted(void *arg)
{
	(void)arg;
	recall_asked++;
	return !recall_wanted;
}

static void note_done(const struct http_answer *answer, void *arg)
{
	(void)answer;
	(void)arg;
}

static int recall(void)
{
	recall_asked = 0;
	http_client_recall(t.client, done, is_unwanted);
	return recall_asked;
}

/* The peer takes the connection and says nothing: over TLS the request cannot have left, in the
 * open it has. */
static void http_client_recall__ends__only_what_has_not_left(void **state)
{
	struct http_call shaking = {
		.method = "POST", .url = peer_url("https", t.port, "/"), .timeout_ms = 3000};
	struct http_call others = {
		.method = "POST", .url = peer_url("https", t.port, "/"), .timeout_ms = 3000};
	struct http_call asked = post("/", "a=1");

	(void)state;
	peer_says(PEER_SILENCE, "");
	t.wanted = 0;
	asked.timeout_ms = 3000;
	http_client_start(t.client, &shaking, done, NULL);
	http_client_start(t.client, &others, note_done, NULL);
	http_client_start(t.client, &asked, done, NULL);
	for (int i = 0; i < 200 && (t.accepted < 3 || t.requests < 1); i++)
		run_for(10);
	assert_int_equal(t.accepted, 3);
	assert_int_equal(t.requests, 1);
	recall_wanted = true;
	assert_int_equal(recall(), 1);
	assert_int_equal(http_client_open_calls(t.client), 3);
	recall_wanted = false;
	assert_int_equal(recall(), 1);
	assert_int_equal(recall(), 0);
	assert_int_equal(http_client_open_calls(t.client), 2);
	run_for(3200);
	/* It ended without its callback; the other one has its answer lost. */
	assert_int_equal(t.ended, 1);
	assert_int_equal(t.fate, HTTP_LOST);
	assert_int_equal(t.requests, 1);
	assert_int_equal(t.open, 0);
}

static void http_client_recall__ends__what_waits_for_its_turn(void **state)
{
	(void)state;
	peer_says(PEER_SILENCE, "");
	for (int i = 0; i < 300; i++) {
		struct http_call call = post("/", "a=1");

		call.timeout_ms = 1500;
		http_client_start(t.client, &call, done, NULL);
	}
	for (int i = 0; i < 200 && t.requests < 256; i++)
		run_for(10);
	assert_int_equal(t.requests, 256);
	recall_wanted = false;
	assert_int_equal(recall(), 44);
	assert_int_equal(http_client_open_calls(t.client), 256);
	run_for(1700);
	assert_int_equal(t.ended, 256);
	assert_int_equal(t.requests, 256);
}

static void http_client_forget__ends__what_is_under_way(void **state)
{
	struct http_call forgotten = post("/", "a=1");
	struct http_call other = post("/", "a=1");
	int number = 1;

	(void)state;
	peer_says(PEER_SILENCE, "");
	forgotten.timeout_ms = other.timeout_ms = 400;
	t.wanted = 1;
	http_client_start(t.client, &forgotten, done, NULL);
	http_client_start(t.client, &other, done, &number);
	for (int i = 0; i < 200 && t.requests < 2; i++)
		run_for(10);
	assert_int_equal(t.requests, 2);
	http_client_forget(t.client, note_done, NULL);
	assert_int_equal(http_client_open_calls(t.client), 2);
	http_client_forget(t.client, done, NULL);
	http_client_forget(t.client, done, NULL);
	assert_int_equal(http_client_open_calls(t.client), 1);
	run_for(50);
	assert_int_equal(t.open, 1);
	run_for(500);
	assert_int_equal(t.ended, 1);
	assert_int_equal(t.order[0], 1);
}

static void http_client_forget__ends__what_waits(void **state)
{
	static int last;

	(void)state;
	peer_says(PEER_SILENCE, "");
	for (int i = 0; i < 257; i++) {
		struct http_call call = post("/", "a=1");

		call.timeout_ms = 400;
		http_client_start(t.client, &call, i < 256 ? note_done : done, &last);
	}
	http_client_forget(t.client, done, &last);
	assert_int_equal(http_client_open_calls(t.client), 256);
	run_for(600);
	assert_int_equal(t.ended, 0);
}

static int forget_too;

static void forget_the_other(const struct http_answer *answer, void *arg)
{
	done(answer, NULL);
	http_client_forget(t.client, done, arg);
}

/* A call that cannot leave at all, forgotten before its turn and in the turn of another. */
static void http_client_forget__ends__what_cannot_leave(void **state)
{
	struct http_call first = {.method = "GET", .url = xstrdup("ftp://h/")};
	struct http_call second = {.method = "GET", .url = xstrdup("ftp://h/")};
	struct http_call third = {.method = "GET", .url = xstrdup("ftp://h/")};

	(void)state;
	http_client_start(t.client, &first, done, &t);
	http_client_start(t.client, &second, forget_the_other, &forget_too);
	http_client_start(t.client, &third, done, &forget_too);
	http_client_forget(t.client, done, &t);
	assert_int_equal(http_client_open_calls(t.client), 2);
	run_for(20);
	assert_int_equal(t.ended, 1);
	assert_int_equal(t.fate, HTTP_NOT_SENT);
	assert_int_equal(http_client_open_calls(t.client), 0);
}

static void http_client__lets_calls_wait_for_their_turn(void **state)
{
	enum { CALLS = 400 };
	static int numbers[CALLS];

	(void)state;
	peer_says(PEER_ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	t.wanted = CALLS;
	for (int i = 0; i < CALLS; i++) {
		struct http_call call = post("/", "a=1");

		numbers[i] = i;
		call.timeout_ms = 20000;
		http_client_start(t.client, &call, done, &numbers[i]);
	}
	assert_int_equal(http_client_open_calls(t.client), CALLS);
	loop_run(t.loop);
	assert_int_equal(t.ended, CALLS);
	assert_int_equal(t.requests, CALLS);
	assert_true(t.most_open <= 256);
	assert_int_equal(http_client_open_calls(t.client), 0);
	/* Who waited came after who did not. */
	for (int i = 0; i < CALLS - 256; i++)
		assert_true(t.order[i] < CALLS - 1);
}

static void http_client__does_not_send__what_has_waited_too_long(void **state)
{
	(void)state;
	peer_says(PEER_SILENCE, "");
	t.wanted = 257;
	for (int i = 0; i < 257; i++) {
		struct http_call call = post("/", "a=1");

		call.timeout_ms = i < 256 ? 900 : 300;
		http_client_start(t.client, &call, done, NULL);
	}
	loop_run(t.loop);
	assert_int_equal(t.requests, 256);
	assert_int_equal(t.fates[HTTP_LOST], 256);
	assert_int_equal(t.fates[HTTP_NOT_SENT], 1);
}

static void http_client_free__ends_open_calls_in_silence(void **state)
{
	(void)state;
	peer_says(PEER_SILENCE, "");
	for (int i = 0; i < 300; i++) {
		struct http_call call = post("/", "a=1");

		http_client_start(t.client, &call, done, NULL);
	}
	for (int i = 0; i < 1000 && t.requests < 256; i++) {
		loop_after(t.loop, 10, stop, NULL);
		loop_run(t.loop);
	}
	assert_int_equal(t.requests, 256);
	http_client_free(t.client);
	t.client = NULL;
	for (int i = 0; i < 1000 && t.open; i++) {
		loop_after(t.loop, 10, stop, NULL);
		loop_run(t.loop);
	}
	assert_int_equal(t.ended, 0);
	assert_int_equal(t.open, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(http_client_start__sends_what_it_is_given),
		TEST(http_client_start__adds_no_content_type_of_its_own),
		TEST(http_client_start__knows_the_other_methods),
		TEST(http_client__tells_the_fate_of_an_answer),
		TEST(http_client__keeps_the_headers_of_the_last_answer_alone),
		TEST(http_client__keeps_nul_in_a_body),
		TEST(http_client__never_repeats_a_request),
		TEST(http_client__keeps_connections__for_repeatable_calls_alone),
		TEST(http_client__survives_a_kept_connection_that_has_died),
		TEST(http_client__keeps_few_connections),
		TEST(http_client__is_idle_with_an_idle_connection),
		TEST(http_client__loses__a_long_answer),
		TEST(http_client__loses__an_answer_of_endless_headers),
		TEST(http_client__loses__a_call_without_an_answer_in_time),
		TEST(http_client__does_not_send__where_it_cannot_connect),
		TEST(http_client__does_not_send__into_a_black_hole),
		TEST(http_client__does_not_send__without_tls),
		TEST(http_client_recall__ends__only_what_has_not_left),
		TEST(http_client_recall__ends__what_waits_for_its_turn),
		TEST(http_client_forget__ends__what_is_under_way),
		TEST(http_client_forget__ends__what_waits),
		TEST(http_client_forget__ends__what_cannot_leave),
		TEST(http_client__lets_calls_wait_for_their_turn),
		TEST(http_client__does_not_send__what_has_waited_too_long),
		TEST(http_client_free__ends_open_calls_in_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
