/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Which handler a path belongs to, and how its answer gets back to where the request came from. */
#include "http/exchange.h"

#include "base/xalloc.h"

#include <string.h>

void http_router_add(struct http_router *router, const struct http_route *route)
{
	router->routes = xreallocarray(router->routes, router->n + 1, sizeof(router->routes[0]));
	router->routes[router->n++] = *route;
}

void http_router_remove(struct http_router *router, const void *arg)
{
	size_t kept = 0;

	for (size_t i = 0; i < router->n; i++) {
		if (router->routes[i].arg != arg)
			router->routes[kept++] = router->routes[i];
	}
	router->n = kept;
}

void http_router_release(struct http_router *router)
{
	free(router->routes);
	*router = (struct http_router){0};
}

static bool prefix_matches(const char *prefix, const char *path)
{
	size_t len = strlen(prefix);

	if (strncmp(path, prefix, len) != 0)
		return false;
	return (len && prefix[len - 1] == '/') || path[len] == '/' || path[len] == '\0';
}

static const struct http_route *find_route(const struct http_router *router, const char *path)
{
	const struct http_route *best = NULL;

	for (size_t i = 0; i < router->n; i++) {
		const struct http_route *route = &router->routes[i];

		if (prefix_matches(route->prefix, path) &&
		    (!best || strlen(route->prefix) > strlen(best->prefix)))
			best = route;
	}
	return best;
}

size_t http_router_body_max(const struct http_router *router, const struct http_request *head)
{
	const struct http_route *route = find_route(router, head->path);

	return route && route->body_max ? route->body_max(head, route->arg) : HTTP_REQUEST_BODY_MAX;
}

struct http_exchange *http_exchange_new(struct http_incoming *in_take, exchange_answer_fn *answer,
					void *owner)
{
	struct http_exchange *exchange = xcalloc(1, sizeof(*exchange));

	exchange->in = *in_take;
	*in_take = (struct http_incoming){0};
	exchange->answer = answer;
	exchange->owner = owner;
	return exchange;
}

void http_exchange_run(struct http_exchange *exchange, const struct http_router *router)
{
	static const char not_found[] = "There is nothing here.\n";
	const struct http_route *route = find_route(router, exchange->in.request.path);

	if (route)
		route->handler(exchange, &exchange->in.request, route->arg);
	else
		http_reply(exchange, 404, "text/plain", not_found, sizeof(not_found) - 1);
}

static void answer(struct http_exchange *exchange, const struct http_reply_text *reply)
{
	if (exchange->owner)
		exchange->answer(reply, exchange->owner);
	http_incoming_release(&exchange->in);
	free(exchange);
}

void http_reply(struct http_exchange *exchange, int status, const char *content_type,
		const char *body, size_t body_len)
{
	const struct http_reply_text reply = {status, content_type, body, body_len, NULL};

	answer(exchange, &reply);
}

void http_reply_file(struct http_exchange *exchange, const char *content_type, const char *name,
		     const char *body, size_t body_len)
{
	const struct http_reply_text reply = {200, content_type, body, body_len, name};

	answer(exchange, &reply);
}
