/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The local road. Starting a call and answering it each put it in a queue that one timer of 0 ms
 * empties in the next turn: a handler never runs inside http_client_start(), nor a callback inside
 * http_reply(). A timer and not loop_defer(), because it can be cancelled with the port, and because
 * requests and answers that arrive belong before the work of a turn's end.
 */
#include "http/local.h"

#include "base/strbuf.h"
#include "base/xalloc.h"
#include "http/exchange.h"
#include "http/server.h"

#include <string.h>
#include <sys/queue.h>

struct local_call {
	TAILQ_ENTRY(local_call)
	link; /* in the port's `queued`, `now` or, while a handler has it, `open` */
	struct local_port *port;
	struct http_call call;
	http_done_fn *done;
	void *arg;
	struct http_exchange *exchange; /* while a handler has it */
	struct loop_timer *timeout;
	bool ended; /* answer is filled in */
	struct http_answer answer;
	struct strbuf body;
};

TAILQ_HEAD(local_queue, local_call);

struct local_port {
	struct loop *loop;
	const struct http_server *server;
	struct local_queue queued;
	struct local_queue now; /* of `queued`, those whose turn it is */
	struct local_queue open;
	struct loop_timer *timer; /* NULL: nothing is queued */
	size_t n;
};

static void run_queue(void *arg);

static void enqueue(struct local_call *c)
{
	struct local_port *port = c->port;

	TAILQ_INSERT_TAIL(&port->queued, c, link);
	if (!port->timer)
		port->timer = loop_after(port->loop, 0, run_queue, port);
}

static void local_call_free(struct local_call *c)
{
	c->port->n--;
	loop_cancel(c->timeout);
	if (c->exchange)
		c->exchange->owner = NULL;
	http_call_release(&c->call);
	http_headers_release(&c->answer.headers);
	strbuf_release(&c->body);
	free(c);
}

static void end_call(struct local_call *c, enum http_fate fate, const char *problem)
{
	c->ended = true;
	c->answer.fate = fate;
	(void)STR_COPY(c->answer.problem, problem);
	enqueue(c);
}

/* A handler had it: it may have done something. */
static void end_open_call(struct local_call *c, enum http_fate fate, const char *problem)
{
	loop_cancel(c->timeout);
	c->timeout = NULL;
	TAILQ_REMOVE(&c->port->open, c, link);
	end_call(c, fate, problem);
}

static void on_timeout(void *arg)
{
	struct local_call *c = arg;

	c->timeout = NULL;
	c->exchange->owner = NULL;
	c->exchange = NULL;
	end_open_call(c, HTTP_LOST, "no answer came in time");
}

static void on_reply(const struct http_reply_text *reply, void *owner)
{
	struct local_call *c = owner;
	c->exchange = NULL;
	c->answer.status = reply->status;
	if (reply->content_type)
		http_headers_add(&c->answer.headers, "Content-Type", reply->content_type);
	if (reply->body_len > c->call.max_body) {
		c->answer.too_long = true;
		end_open_call(c, HTTP_LOST, "the answer is too long");
		return;
	}
	strbuf_add(&c->body, reply->body, reply->body_len);
	end_open_call(c, HTTP_ANSWERED, "");
}

static void hand_over(struct local_call *c)
{
	struct local_port *port = c->port;
	struct http_incoming in = {0};
	struct http_exchange *exchange;

	if (!port->server || !http_incoming_set_target(&in, c->call.url + strlen(LOCAL_SCHEME))) {
		end_call(c, HTTP_NOT_SENT, "this is no address of ours");
		return;
	}
	in.request.method = c->call.method;
	in.request.headers = c->call.headers;
	c->call.headers = (struct http_headers){0};
	in.body = xrealloc(c->call.body, c->call.body_len + 1);
	in.body[c->call.body_len] = '\0';
	c->call.body = NULL;
	in.request.body = in.body;
	in.request.body_len = c->call.body_len;
	exchange = http_exchange_new(&in, on_reply, c);
	c->exchange = exchange;
	TAILQ_INSERT_TAIL(&port->open, c, link);
	http_exchange_run(exchange, http_server_router(port->server));
	if (!c->ended)
		c->timeout = loop_after(port->loop, c->call.timeout_ms, on_timeout, c);
}

static void deliver(struct local_call *c)
{
	c->answer.body = c->body.buf;
	c->answer.body_len = c->body.len;
	c->done(&c->answer, c->arg);
	local_call_free(c);
}

static void run_queue(void *arg)
{
	struct local_port *port = arg;
	struct local_call *c;

	port->timer = NULL;
	TAILQ_CONCAT(&port->now, &port->queued, link);
	while ((c = TAILQ_FIRST(&port->now))) {
		TAILQ_REMOVE(&port->now, c, link);
		if (c->ended)
			deliver(c);
		else
			hand_over(c);
	}
}

struct local_port *local_port_new(struct loop *loop, const struct http_server *server_or_null)
{
	struct local_port *port = xcalloc(1, sizeof(*port));

	port->loop = loop;
	port->server = server_or_null;
	TAILQ_INIT(&port->queued);
	TAILQ_INIT(&port->now);
	TAILQ_INIT(&port->open);
	return port;
}

static void queue_free(struct local_queue *queue)
{
	struct local_call *c;

	while ((c = TAILQ_FIRST(queue))) {
		TAILQ_REMOVE(queue, c, link);
		local_call_free(c);
	}
}

void local_port_free(struct local_port *port)
{
	if (!port)
		return;
	loop_cancel(port->timer);
	queue_free(&port->queued);
	queue_free(&port->open);
	free(port);
}

static struct local_call *local_call_new(struct local_port *port, struct http_call *call,
					 http_done_fn *done, void *arg)
{
	struct local_call *c = xcalloc(1, sizeof(*c));

	c->port = port;
	c->call = *call;
	*call = (struct http_call){0};
	c->done = done;
	c->arg = arg;
	strbuf_init(&c->body);
	port->n++;
	return c;
}

void local_port_start(struct local_port *port, struct http_call *call, http_done_fn *done,
		      void *arg)
{
	enqueue(local_call_new(port, call, done, arg));
}

void local_port_fail(struct local_port *port, struct http_call *call, const char *problem,
		     http_done_fn *done, void *arg)
{
	end_call(local_call_new(port, call, done, arg), HTTP_NOT_SENT, problem);
}

static bool forget_in(struct local_queue *queue, http_done_fn *done, const void *arg)
{
	struct local_call *c;

	TAILQ_FOREACH(c, queue, link)
	{
		if (c->ended && c->done == done && c->arg == arg) {
			TAILQ_REMOVE(queue, c, link);
			local_call_free(c);
			return true;
		}
	}
	return false;
}

bool local_port_forget(struct local_port *port, http_done_fn *done, const void *arg)
{
	return forget_in(&port->queued, done, arg) || forget_in(&port->now, done, arg);
}

size_t local_port_open_calls(const struct local_port *port)
{
	return port->n;
}
