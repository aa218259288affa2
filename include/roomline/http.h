/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * HTTP values and the two ends: client (src/http/client.c over libcurl, which nobody else sees) and
 * server (server.c, with the request reader of our own in reader.c).
 */
#ifndef ROOMLINE_HTTP_H
#define ROOMLINE_HTTP_H

#include "roomline/error.h"
#include "roomline/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_header {
	char *name;
	char *value;
};

struct http_headers {
	struct http_header *items;
	size_t n;
};

void http_headers_add(struct http_headers *h, const char *name, const char *value);
/* The first value under that name (case ignored), or NULL. */
const char *http_headers_get(const struct http_headers *h, const char *name);
void http_headers_release(struct http_headers *h);

/* name=value pairs of a query or an application/x-www-form-urlencoded body, decoded, in order, with
 * repeated names kept. NUL in a value becomes U+FFFD, as in JSON: some phones end a text with it,
 * and the text counts. Returns false when there are more than HTTP_PAIRS_MAX or a name holds NUL. */
#define HTTP_PAIRS_MAX 256
bool http_form_parse(const char *text, size_t len, struct http_headers *pairs_out);
struct strbuf;
void http_percent_encode(struct strbuf *out, const char *text); /* all but unreserved, RFC 3986 */
void http_form_add(struct strbuf *body, const char *name, const char *value);

/* ---- client ------------------------------------------------------------------------------- */

struct http_call {
	const char *method; /* static */
	char *url; /* http(s), or local:/path: handled by our own router without a socket */
	struct http_headers headers;
	char *body; /* NULL: none */
	size_t body_len;
	char *user; /* HTTP Basic, sent to this host only and never over a redirect */
	char *password;
	int timeout_ms;  /* of the whole call; 0: HTTP_TIMEOUT_MS */
	size_t max_body; /* of the answer; 0: HTTP_ANSWER_MAX */
	bool repeatable; /* may be handled twice without harm: see http_client_start() */
	/* Somebody else named the address: no proxy is asked, and a host that is not on the public
	 * internet is not connected to, whatever its name leads to at that moment. */
	bool public_only;
};

#define HTTP_TIMEOUT_MS 30000
#define HTTP_ANSWER_MAX 262144

void http_call_release(struct http_call *call);

enum http_fate {
	HTTP_ANSWERED, /* status and body are there */
	HTTP_NOT_SENT, /* it surely never reached the peer: resolve, connect or TLS failed */
	HTTP_LOST,     /* it may have been handled: no usable answer came */
};

struct http_answer {
	enum http_fate fate;
	int status;
	struct http_headers headers;
	const char *body; /* NUL-terminated, never NULL, borrowed for the callback */
	size_t body_len;
	char problem[160]; /* plain words when not HTTP_ANSWERED */
	bool barred;       /* HTTP_NOT_SENT because of public_only */
	bool too_long;     /* HTTP_LOST because of max_body */
};

typedef void http_done_fn(const struct http_answer *answer, void *arg);

struct http_client;
struct http_server;
struct http_client *http_client_new(struct loop *loop, struct http_server *local_or_null);
void http_client_free(struct http_client *client); /* open calls end without their callback */
/* Sends once, over a connection of its own; no redirect is ever followed. A repeatable call may go
 * over a connection that an earlier one left open, which saves a TLS handshake, and is then sent
 * again by itself where that connection has died.
 * Takes over what call holds and clears it; done is called exactly once, later. */
void http_client_start(struct http_client *client, struct http_call *call, http_done_fn *done,
		       void *arg);
size_t http_client_open_calls(const struct http_client *client);
/* Of the calls that were started with `done`, those of which no byte was given to a connection yet
 * (they wait, resolve, connect or shake hands) are offered to `unwanted` with their arg. Where it
 * returns true the call ends here, without its callback, and has surely not left. Not offered:
 * local: calls. `unwanted` must not start calls. */
typedef bool http_unwanted_fn(void *arg);
void http_client_recall(struct http_client *client, http_done_fn *done, http_unwanted_fn *unwanted);
/* The call that was started with done and arg ends here, without its callback; nobody knows whether
 * it was handled. Nothing happens when there is none (any more). Not for local: calls. */
void http_client_forget(struct http_client *client, http_done_fn *done, const void *arg);

/* ---- fetching what somebody named (src/http/fetch.c) ------------------------------------------ */

/* hosts: named by an admin, as "host" or "host:port"; they may have a private address, and no TLS.
 * trusted: the origin of the address itself is of that kind, and may be local: too. */
struct http_fetch_order {
	struct http_call call; /* a GET; user, password and headers go to its origin alone */
	bool trusted;
	const char *const *hosts; /* copied */
	size_t host_n;
};

struct http_fetched {
	const char *bytes; /* NULL: there are none; borrowed for the callback */
	size_t len;
	bool again;        /* another try may help */
	char problem[160]; /* plain words */
};

typedef void http_fetched_fn(const struct http_fetched *fetched, void *arg);

struct http_fetch;
/* Gets it with at most HTTP_REDIRECTS_MAX redirects, each address looked at as the first: https
 * and public, or named by an admin. Takes over what order->call holds; fn is called exactly once,
 * later, and the fetch is gone then. */
#define HTTP_REDIRECTS_MAX 3
struct http_fetch *http_fetch_start(struct loop *loop, struct http_client *client,
				    struct http_fetch_order *order, http_fetched_fn *fn, void *arg);
/* Only when the client is gone, which calls nobody back any more. */
void http_fetch_free(struct http_fetch *fetch);
/* Whether scheme, host and port of two addresses are the same, and both can be read at all. */
bool http_same_origin(const char *a, const char *b);

/* ---- server ------------------------------------------------------------------------------- */

#define HTTP_REQUEST_BODY_MAX 65536
#define HTTP_REQUEST_HEADERS_MAX 16384

struct http_request {
	const char *method; /* "GET" ... */
	const char *path;   /* decoded, without the query, no NUL, no "..": "/hook/x" */
	const char *query;  /* raw, "" when none */
	const char *target; /* raw path and query as they came */
	struct http_headers headers;
	const char *body; /* NUL-terminated, never NULL; bytes */
	size_t body_len;
};

struct http_exchange; /* one request that waits for its answer */

/* May answer at once or later, but exactly once. request is borrowed until http_reply(). */
typedef void http_handler_fn(struct http_exchange *exchange, const struct http_request *request,
			     void *arg);
/* How long the body may be of a request of which only the head has come: its body is "". */
typedef size_t http_body_max_fn(const struct http_request *head, void *arg);

struct http_server *http_server_new(struct loop *loop);
void http_server_free(struct http_server *server);
/* "127.0.0.1:8080" or "[::]:8080" or "0.0.0.0:8080"; may be called again for another address.
 * Odd framing is refused: repeated or non-digit Content-Length, Transfer-Encoding other than
 * chunked, no Host, bodies or headers above the caps. */
int http_server_listen(struct http_server *server, const char *address, struct error *err);
/* Longest prefix wins. prefix is static. "/hook/" is all below it; "/health" is that path and all
 * below it, not "/healthy". A path without a route is answered with 404. */
void http_server_route(struct http_server *server, const char *prefix, http_handler_fn *handler,
		       void *arg);
/* A route with bodies above HTTP_REQUEST_BODY_MAX. body_max is asked before anything of the body is
 * taken. It must look at who calls: what it allows to strangers, each of them may fill. */
void http_server_route_large(struct http_server *server, const char *prefix,
			     http_handler_fn *handler, http_body_max_fn *body_max, void *arg);
/* Takes away all routes with that arg. Requests that wait for their answer still get it. */
void http_server_unroute(struct http_server *server, const void *arg);
/* A 401 asks for HTTP Basic. */
void http_reply(struct http_exchange *exchange, int status, const char *content_type,
		const char *body, size_t body_len);
/* 200 with a file of somebody else's making: shown or saved, but never run as a page of ours.
 * name: letters, digits, '.', '-'. */
void http_reply_file(struct http_exchange *exchange, const char *content_type, const char *name,
		     const char *body, size_t body_len);
/* Bytes of answers that are held because their peers have not taken all of them yet. */
size_t http_server_unsent(const struct http_server *server);

#endif
