/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a homeserver calls at an application service.
 * https://spec.matrix.org/v1.15/application-service-api/
 *
 * A transaction is answered when all that follows from it is on disk: until then the homeserver
 * repeats it. One that comes before we have caught up waits for that: a homeserver that died begins
 * with the newest, and what it did not push before would be texted after it.
 *
 * Users and aliases are never made because the homeserver asks for them, as it stands still while it
 * waits for us: they are there before.
 */
#include "base/crash.h"
#include "base/hmac.h"
#include "base/json.h"
#include "base/log.h"
#include "base/refusals.h"
#include "base/xalloc.h"
#include "chat/matrix/matrix_priv.h"
#include "chat/matrix/matrix_transaction.h"

#include <string.h>
#include <strings.h>

/* A transaction that cannot be read is the same at the next try; but a proxy may have spoilt it. */
#define TRIES 3
#define HOLD_MS 30000 /* homeservers and proxies wait a minute */

struct mx_as {
	struct matrix *m;
	struct { /* a transaction that came too early; the homeserver sends one at a time */
		struct http_exchange *exchange; /* NULL: none */
		const struct http_request *request;
		const char *id;
		struct loop_timer *timer;
	} held;
	char *unreadable; /* id of the transaction that was the last, NULL when it was another */
	int tries;
	struct refusals refused;
};

/* ---- answers ---------------------------------------------------------------------------------- */

static void reply(struct http_exchange *exchange, int status, const char *json)
{
	http_reply(exchange, status, "application/json", json, strlen(json));
}

static void reply_error(struct http_exchange *exchange, int status, const char *code,
			const char *words)
{
	STRBUF_AUTO(body);

	strbuf_addf(&body, "{\"errcode\":\"%s\",\"error\":", code);
	json_add_text(&body, words);
	strbuf_addc(&body, '}');
	reply(exchange, status, body.buf);
}

static void answer(bool committed, void *arg)
{
	if (committed) {
		crash_point("matrix.committed");
		reply(arg, 200, "{}");
	} else {
		reply_error(arg, 500, "M_UNKNOWN", "not stored, try again");
	}
}

/* ---- who calls -------------------------------------------------------------------------------- */

enum caller { CALLER_HOMESERVER, CALLER_UNNAMED, CALLER_WRONG };

/* The token in the header is what the specification wants; old servers put it into the query, and
 * one that puts it into both means both. */
static enum caller who_calls(const struct matrix *m, const struct http_request *request)
{
	static const char scheme[] = "Bearer ";
	const char *header = http_headers_get(&request->headers, "Authorization");
	struct http_headers query;
	const char *token;
	bool named = false;
	bool right = m->cfg.hs_token[0] != '\0';

	if (header && strncasecmp(header, scheme, strlen(scheme)) == 0) {
		named = true;
		right = secret_equals(header + strlen(scheme), m->cfg.hs_token) && right;
	}
	if (!http_form_parse(request->query, strlen(request->query), &query))
		return CALLER_WRONG;
	token = http_headers_get(&query, "access_token");
	if (token) {
		named = true;
		right = secret_equals(token, m->cfg.hs_token) && right;
	}
	http_headers_release(&query);
	if (!named)
		return CALLER_UNNAMED;
	return right ? CALLER_HOMESERVER : CALLER_WRONG;
}

static size_t body_max(const struct http_request *head, void *arg)
{
	const struct mx_as *as = arg;

	return who_calls(as->m, head) == CALLER_HOMESERVER ? MX_TRANSACTION_MAX
							   : HTTP_REQUEST_BODY_MAX;
}

static void refuse(struct mx_as *as, struct http_exchange *exchange, enum caller caller)
{
	bool unnamed = caller == CALLER_UNNAMED;

	if (refusals_note(&as->refused, loop_monotonic(as->m->host.loop)))
		log_warn("matrix.refused status=%d total=%lu advice=\"if this is the homeserver: "
			 "its hs_token must be that of matrix.hs_token\"",
			 unnamed ? 401 : 403, as->refused.total);
	if (unnamed)
		reply_error(exchange, 401, "M_MISSING_TOKEN", "a token is missing");
	else
		reply_error(exchange, 403, "M_FORBIDDEN", "this is not the token");
}

/* ---- transactions ----------------------------------------------------------------------------- */

static void forget_unreadable(struct mx_as *as)
{
	free(as->unreadable);
	as->unreadable = NULL;
	as->tries = 0;
}

/* How often this transaction could not be read, in a row. */
static int count_try(struct mx_as *as, const char *id)
{
	if (!as->unreadable || strcmp(as->unreadable, id) != 0) {
		forget_unreadable(as);
		as->unreadable = xstrdup(id);
	}
	return ++as->tries;
}

/* The homeserver tells nothing else before it has got rid of this one. */
static void put_aside(struct mx_as *as, struct http_exchange *exchange,
		      const struct http_request *request)
{
	struct bridge *bridge = as->m->host.bridge;

	if (bridge_chat_quarantine(bridge, matrix_name, "a transaction", request->body,
				   request->body_len) < 0) {
		answer(false, exchange);
		return;
	}
	forget_unreadable(as);
	bridge_after_commit(bridge, answer, exchange);
}

static void take(struct mx_as *as, struct http_exchange *exchange,
		 const struct http_request *request, const char *id)
{
	struct error err;

	switch (mx_transaction_take(as->m, request->body, request->body_len, &err)) {
	case MX_TAKEN:
		forget_unreadable(as);
		crash_point("matrix.stored");
		bridge_after_commit(as->m->host.bridge, answer, exchange);
		return;
	case MX_NOT_STORED:
		answer(false, exchange);
		return;
	case MX_UNREADABLE:
		log_warn("matrix.unreadable transaction=%s bytes=%zu why=%s", log_quote(id),
			 request->body_len, log_quote(err.text));
		if (count_try(as, id) >= TRIES)
			put_aside(as, exchange, request);
		else
			reply_error(exchange, 400, "M_NOT_JSON", err.text);
		return;
	}
}

/* NULL: none. */
static struct http_exchange *take_held(struct mx_as *as)
{
	struct http_exchange *exchange = as->held.exchange;

	loop_cancel(as->held.timer);
	as->held.timer = NULL;
	as->held.exchange = NULL;
	return exchange;
}

static void drop_held(struct mx_as *as)
{
	struct http_exchange *exchange = take_held(as);

	if (exchange)
		reply_error(exchange, 503, "M_UNKNOWN", "not yet, try again");
}

static void on_held_too_long(void *arg)
{
	struct mx_as *as = arg;

	as->held.timer = NULL;
	drop_held(as);
}

static void on_transaction(struct mx_as *as, struct http_exchange *exchange,
			   const struct http_request *request, const char *id)
{
	const struct matrix *m = as->m;

	crash_point("matrix.received");
	if (m->life == MX_UP && !m->catching_up) {
		take(as, exchange, request, id);
		return;
	}
	drop_held(as);
	as->held.exchange = exchange;
	as->held.request = request;
	as->held.id = id;
	as->held.timer = loop_after(m->host.loop, HOLD_MS, on_held_too_long, as);
}

void mx_as_caught_up(struct mx_as *as)
{
	struct http_exchange *exchange = take_held(as);

	if (exchange)
		take(as, exchange, as->held.request, as->held.id);
}

/* ---- questions -------------------------------------------------------------------------------- */

static void on_user(struct mx_as *as, struct http_exchange *exchange,
		    const struct http_request *request, const char *id)
{
	(void)request;
	if (strcmp(id, as->m->cfg.bot) == 0)
		reply(exchange, 200, "{}");
	else
		reply_error(exchange, 404, "M_NOT_FOUND", "there is no such user");
}

static void on_alias(struct mx_as *as, struct http_exchange *exchange,
		     const struct http_request *request, const char *alias)
{
	(void)as;
	(void)request;
	(void)alias;
	reply_error(exchange, 404, "M_NOT_FOUND", "there is no such room");
}

static void on_ping(struct mx_as *as, struct http_exchange *exchange,
		    const struct http_request *request, const char *rest)
{
	(void)as;
	(void)request;
	(void)rest;
	reply(exchange, 200, "{}");
}

/* Rooms and people on the other side are not for looking up: whom we text is nobody's business. */
static void on_protocol(struct mx_as *as, struct http_exchange *exchange,
			const struct http_request *request, const char *name)
{
	(void)as;
	(void)request;
	if (strcmp(name, "sms") == 0)
		reply(exchange, 200,
		      "{\"user_fields\":[],\"location_fields\":[],\"icon\":\"\",\"field_types\":{},"
		      "\"instances\":[]}");
	else
		reply_error(exchange, 404, "M_NOT_FOUND", "there is no such protocol");
}

static void on_lookup(struct mx_as *as, struct http_exchange *exchange,
		      const struct http_request *request, const char *rest)
{
	(void)as;
	(void)request;
	(void)rest;
	reply(exchange, 200, "[]");
}

/* ---- routes ----------------------------------------------------------------------------------- */

#define PREFIX "/_matrix/app/v1"

static const struct route {
	const char *path; /* with a slash at the end there is something after it */
	const char *method;
	void (*answer)(struct mx_as *as, struct http_exchange *exchange,
		       const struct http_request *request, const char *rest);
	bool old; /* also without the prefix, for servers that know no other way */
} routes[] = {
	{"/transactions/", "PUT", on_transaction, true},
	{"/users/", "GET", on_user, true},
	{"/rooms/", "GET", on_alias, true},
	{"/ping", "POST", on_ping, false},
	{"/thirdparty/protocol/", "GET", on_protocol, false},
	{"/thirdparty/user", "GET", on_lookup, false},
	{"/thirdparty/location", "GET", on_lookup, false},
};

#define ROUTE_N (sizeof(routes) / sizeof(routes[0]))

static const struct route *find_route(const char *path, const char **rest_out)
{
	bool prefixed = strncmp(path, PREFIX "/", strlen(PREFIX "/")) == 0;

	if (prefixed)
		path += strlen(PREFIX);
	for (size_t i = 0; i < ROUTE_N; i++) {
		const struct route *route = &routes[i];
		size_t len = strlen(route->path);
		bool open = route->path[len - 1] == '/';

		if (strncmp(path, route->path, len) != 0 || (!prefixed && !route->old))
			continue;
		*rest_out = path + len;
		if (open ? path[len] != '\0' : path[len] == '\0' || path[len] == '/')
			return route;
	}
	return NULL;
}

static void on_request(struct http_exchange *exchange, const struct http_request *request,
		       void *arg)
{
	struct mx_as *as = arg;
	const char *rest = "";
	const struct route *route = find_route(request->path, &rest);
	enum caller caller;

	if (!route) {
		reply_error(exchange, 404, "M_UNRECOGNIZED", "there is nothing here");
		return;
	}
	if (strcmp(request->method, route->method) != 0) {
		reply_error(exchange, 405, "M_UNRECOGNIZED", "not with this method");
		return;
	}
	caller = who_calls(as->m, request);
	if (caller != CALLER_HOMESERVER) {
		refuse(as, exchange, caller);
		return;
	}
	mx_life_heard(as->m);
	route->answer(as, exchange, request, rest);
}

struct mx_as *mx_as_new(struct matrix *m)
{
	struct mx_as *as = xcalloc(1, sizeof(*as));
	struct http_server *server = m->host.server;

	as->m = m;
	http_server_route_large(server, "/_matrix/app/", on_request, body_max, as);
	for (size_t i = 0; i < ROUTE_N; i++) {
		if (routes[i].old)
			http_server_route_large(server, routes[i].path, on_request, body_max, as);
	}
	return as;
}

void mx_as_free(struct mx_as *as)
{
	if (!as)
		return;
	http_server_unroute(as->m->host.server, as);
	drop_held(as);
	forget_unreadable(as);
	free(as);
}
