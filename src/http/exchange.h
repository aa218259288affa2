/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A request on its way to a handler and its answer on the way back, and the table of handlers.
 * The same for a request from a socket (server.c) and from ourselves (local.c).
 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "http/incoming.h"

struct http_reply_text {
	int status;
	const char *content_type; /* NULL: none */
	const char *body;
	size_t body_len;
	const char *file_name; /* NULL: it is no file */
};

typedef void exchange_answer_fn(const struct http_reply_text *reply, void *owner);

struct http_exchange {
	struct http_incoming in;
	exchange_answer_fn *answer;
	void *owner; /* set to NULL when it goes away: the reply is then dropped */
};

struct http_route {
	const char *prefix;
	http_handler_fn *handler;
	http_body_max_fn *body_max; /* NULL: HTTP_REQUEST_BODY_MAX */
	void *arg;
};

struct http_router {
	struct http_route *routes;
	size_t n;
};

void http_router_add(struct http_router *router, const struct http_route *route);
void http_router_remove(struct http_router *router, const void *arg);
void http_router_release(struct http_router *router);
size_t http_router_body_max(const struct http_router *router, const struct http_request *head);

/* Takes over what in holds. The exchange lives until http_reply(). */
struct http_exchange *http_exchange_new(struct http_incoming *in_take, exchange_answer_fn *answer,
					void *owner);
/* Calls the handler of its path; it may have been answered, and be gone, on return. */
void http_exchange_run(struct http_exchange *exchange, const struct http_router *router);

#endif
