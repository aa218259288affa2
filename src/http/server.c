/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The HTTP server: sockets, connections and their deadlines. What is a request is reader.c's.
 *
 * A connection is a state machine (enum below) that connection_enter() alone moves. All that wait
 * for their peer stand in one queue in the order of their deadlines, since all have the same time:
 * one timer serves them, nothing ticks while none is open, and when there are too many the one that
 * has waited longest gives way. The deadline is for a whole request, not from the last byte.
 *
 * An answer that is given later only arms the connection, which writes in its next turn: so
 * http_reply() never runs another handler, and the answers of one commit leave together.
 */
#include "http/server.h"

#include "base/log.h"
#include "base/refusals.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "http/answer.h"
#include "http/exchange.h"
#include "http/listener.h"
#include "http/reader.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_AT_ONCE 16384
/* What a refused peer may still send before it is cut off without having seen why. */
#define DRAIN_MAX 4194304

enum connection_state {
	CONNECTION_READING,  /* a request is awaited or on its way */
	CONNECTION_WORKING,  /* a handler has it */
	CONNECTION_WRITING,  /* the answer is on its way */
	CONNECTION_DRAINING, /* refused and told so; closing at once would destroy the answer */
};

struct connection {
	TAILQ_ENTRY(connection) link; /* in the server's `waiting` or `working` */
	struct http_server *server;
	int fd;
	enum connection_state state;
	int64_t deadline; /* of the peer, monotonic */
	struct loop_watch *watch;
	unsigned watched;
	struct http_reader reader;
	struct http_exchange *exchange; /* while WORKING */
	struct strbuf out;
	size_t sent;
	size_t drained;
	bool keep_alive;
	bool head_only;
	bool refused;
	bool advancing; /* connection_advance() is up the stack */
};

TAILQ_HEAD(connection_queue, connection);

struct http_server {
	struct loop *loop;
	struct http_router router;
	struct http_listener *listener;
	struct connection_queue waiting; /* for the peer, by deadline */
	struct connection_queue working;
	size_t n;
	struct loop_timer *timer; /* the first deadline; NULL while none waits */
	int peer_timeout_ms;
	struct refusals refused;
};

static void on_deadline(void *arg);
static void on_ready(int fd, unsigned what, void *arg);

static struct connection_queue *queue_of(struct connection *c)
{
	return c->state == CONNECTION_WORKING ? &c->server->working : &c->server->waiting;
}

static void arm_timer(struct http_server *server, const struct connection *first)
{
	if (first && !server->timer)
		server->timer =
			loop_after(server->loop, first->deadline - loop_monotonic(server->loop),
				   on_deadline, server);
}

static void connection_queue_in(struct connection *c, enum connection_state state)
{
	c->state = state;
	c->deadline = loop_monotonic(c->server->loop) + c->server->peer_timeout_ms;
	TAILQ_INSERT_TAIL(queue_of(c), c, link);
	arm_timer(c->server, TAILQ_FIRST(&c->server->waiting));
}

static void connection_enter(struct connection *c, enum connection_state state)
{
	TAILQ_REMOVE(queue_of(c), c, link);
	connection_queue_in(c, state);
}

/* Watches for what the state waits for. */
static void connection_watch(struct connection *c)
{
	static const unsigned what[] = {
		[CONNECTION_READING] = LOOP_READ,
		[CONNECTION_WORKING] = 0,
		[CONNECTION_WRITING] = LOOP_WRITE,
		[CONNECTION_DRAINING] = LOOP_READ,
	};

	if (c->watched == what[c->state])
		return;
	loop_unwatch(c->watch);
	c->watch = NULL;
	c->watched = what[c->state];
	if (c->watched)
		c->watch = loop_watch_fd(c->server->loop, c->fd, c->watched, on_ready, c);
}

static void connection_close(struct connection *c)
{
	TAILQ_REMOVE(queue_of(c), c, link);
	c->server->n--;
	loop_unwatch(c->watch);
	(void)close(c->fd);
	if (c->exchange)
		c->exchange->owner = NULL;
	http_reader_release(&c->reader);
	strbuf_release(&c->out);
	free(c);
}

static void on_deadline(void *arg)
{
	struct http_server *server = arg;
	int64_t now = loop_monotonic(server->loop);
	struct connection *c;
	struct connection *next;

	server->timer = NULL;
	for (c = TAILQ_FIRST(&server->waiting); c && c->deadline <= now; c = next) {
		next = TAILQ_NEXT(c, link);
		connection_close(c);
	}
	arm_timer(server, c);
}

static void connection_answer(const struct http_reply_text *reply, void *owner)
{
	struct connection *c = owner;

	c->exchange = NULL;
	http_answer_format(&c->out, reply, loop_now(c->server->loop), c->keep_alive, c->head_only);
	connection_enter(c, CONNECTION_WRITING);
	if (!c->advancing)
		connection_watch(c);
}

static void connection_refuse(struct connection *c)
{
	STRBUF_AUTO(body);
	struct http_reply_text reply = {.status = c->reader.status, .content_type = "text/plain"};

	if (refusals_note(&c->server->refused, loop_monotonic(c->server->loop)))
		log_info("http.refused status=%d why=%s total=%lu", reply.status,
			 log_quote(c->reader.why), c->server->refused.total);
	strbuf_addf(&body, "Refused: %s.\n", c->reader.why);
	reply.body = body.buf;
	reply.body_len = body.len;
	c->refused = true;
	c->keep_alive = false;
	c->head_only = false;
	connection_answer(&reply, c);
}

static void connection_dispatch(struct connection *c)
{
	struct http_incoming in;

	http_reader_take(&c->reader, &in);
	c->keep_alive = c->reader.keep_alive;
	c->head_only = strcmp(in.request.method, "HEAD") == 0;
	c->exchange = http_exchange_new(&in, connection_answer, c);
	connection_enter(c, CONNECTION_WORKING);
	http_exchange_run(c->exchange, &c->server->router);
}

enum advance {
	ADVANCE_MORE, /* the next state may go on at once */
	ADVANCE_WAIT,
	ADVANCE_CLOSE,
};

static enum advance send_continue(struct connection *c)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

	if (!c->reader.wants_continue)
		return ADVANCE_WAIT;
	c->reader.wants_continue = false;
	/* Nothing else is in the socket's buffer now: less than all of it means it is broken. */
	if (send(c->fd, text, sizeof(text) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(text) - 1)
		return ADVANCE_CLOSE;
	return ADVANCE_WAIT;
}

static enum advance advance_reading(struct connection *c)
{
	enum http_progress p = http_reader_run(&c->reader);

	if (p == HTTP_MORE)
		return send_continue(c);
	if (p == HTTP_REFUSED)
		connection_refuse(c);
	else
		connection_dispatch(c);
	return ADVANCE_MORE;
}

static enum advance advance_writing(struct connection *c)
{
	ssize_t n = send(c->fd, c->out.buf + c->sent, c->out.len - c->sent, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? ADVANCE_WAIT : ADVANCE_CLOSE;
	c->sent += (size_t)n;
	if (c->sent < c->out.len) {
		/* It took some: its time starts anew. */
		connection_enter(c, CONNECTION_WRITING);
		return ADVANCE_WAIT;
	}
	strbuf_release(&c->out);
	c->sent = 0;
	if (c->refused) {
		(void)shutdown(c->fd, SHUT_WR);
		connection_enter(c, CONNECTION_DRAINING);
		return ADVANCE_WAIT;
	}
	if (!c->keep_alive)
		return ADVANCE_CLOSE;
	connection_enter(c, CONNECTION_READING);
	return ADVANCE_MORE;
}

static enum advance advance_state(struct connection *c)
{
	switch (c->state) {
	case CONNECTION_READING:
		return advance_reading(c);
	case CONNECTION_WRITING:
		return advance_writing(c);
	case CONNECTION_WORKING:
	case CONNECTION_DRAINING:
		break;
	}
	return ADVANCE_WAIT;
}

static void connection_advance(struct connection *c)
{
	enum advance next;

	c->advancing = true;
	do
		next = advance_state(c);
	while (next == ADVANCE_MORE);
	c->advancing = false;
	if (next == ADVANCE_CLOSE)
		connection_close(c);
	else
		connection_watch(c);
}

/* Takes what came. Returns false when the connection is over. */
static bool connection_receive(struct connection *c)
{
	char bytes[READ_AT_ONCE];
	ssize_t n = recv(c->fd, bytes, sizeof(bytes), 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	if (c->state == CONNECTION_READING)
		http_reader_feed(&c->reader, bytes, (size_t)n);
	else
		c->drained += (size_t)n;
	return c->drained <= DRAIN_MAX;
}

static void on_ready(int fd, unsigned what, void *arg)
{
	struct connection *c = arg;

	(void)fd;
	if (what & LOOP_READ && !connection_receive(c))
		connection_close(c);
	else
		connection_advance(c);
}

static size_t body_max_of(const struct http_request *head, void *arg)
{
	const struct http_server *server = arg;

	return http_router_body_max(&server->router, head);
}

static void on_accepted(int fd, void *arg)
{
	static const int on = 1;
	struct http_server *server = arg;
	struct connection *c;

	if (server->n == HTTP_CONNECTIONS_MAX) {
		c = TAILQ_FIRST(&server->waiting);
		log_warn("http.crowded connections=%zu closed=%s", server->n,
			 c ? "oldest" : "newest");
		if (!c) {
			(void)close(fd);
			return;
		}
		connection_close(c);
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c = xcalloc(1, sizeof(*c));
	c->server = server;
	c->fd = fd;
	http_reader_init(&c->reader);
	c->reader.body_max_of = body_max_of;
	c->reader.body_max_arg = server;
	strbuf_init(&c->out);
	server->n++;
	connection_queue_in(c, CONNECTION_READING);
	connection_watch(c);
}

struct http_server *http_server_new(struct loop *loop)
{
	struct http_server *server = xcalloc(1, sizeof(*server));

	server->loop = loop;
	server->peer_timeout_ms = HTTP_PEER_TIMEOUT_MS;
	TAILQ_INIT(&server->waiting);
	TAILQ_INIT(&server->working);
	server->listener = http_listener_new(loop, on_accepted, server);
	return server;
}

static void close_all(struct connection_queue *queue)
{
	struct connection *next;

	for (struct connection *c = TAILQ_FIRST(queue); c; c = next) {
		next = TAILQ_NEXT(c, link);
		connection_close(c);
	}
}

void http_server_free(struct http_server *server)
{
	if (!server)
		return;
	http_listener_free(server->listener);
	close_all(&server->waiting);
	close_all(&server->working);
	loop_cancel(server->timer);
	http_router_release(&server->router);
	free(server);
}

int http_server_listen(struct http_server *server, const char *address, struct error *err)
{
	return http_listener_add(server->listener, address, err);
}

void http_server_route(struct http_server *server, const char *prefix, http_handler_fn *handler,
		       void *arg)
{
	const struct http_route route = {prefix, handler, NULL, arg};

	http_router_add(&server->router, &route);
}

void http_server_route_large(struct http_server *server, const char *prefix,
			     http_handler_fn *handler, http_body_max_fn *body_max, void *arg)
{
	const struct http_route route = {prefix, handler, body_max, arg};

	http_router_add(&server->router, &route);
}

void http_server_unroute(struct http_server *server, const void *arg)
{
	http_router_remove(&server->router, arg);
}

const struct http_router *http_server_router(const struct http_server *server)
{
	return &server->router;
}

int http_server_port(const struct http_server *server)
{
	return http_listener_port(server->listener);
}

void http_server_set_peer_timeout(struct http_server *server, int ms)
{
	server->peer_timeout_ms = ms;
}

size_t http_server_unsent(const struct http_server *server)
{
	const struct connection *c;
	size_t bytes = 0;

	TAILQ_FOREACH(c, &server->waiting, link)
	bytes += c->out.len;
	return bytes;
}

size_t http_server_connections(const struct http_server *server)
{
	return server->n;
}
