/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Calls of the client-server API of a Matrix homeserver, and what becomes of them.
 * https://spec.matrix.org/v1.15/client-server-api/
 *
 * A call is repeated, the same bytes under the same path, until the homeserver has answered it: our
 * paths name a transaction or a state, so that the server knows a repeated one again. An answer
 * that asks to wait (429) is waited for. Where the server itself fails (500), or what answers is no
 * JSON or breaks off, the call is made MX_FEW_TRIES times in all and then ends with MX_REFUSED; so
 * does one that goes unanswered so often and for minutes while the server answers others. Only when
 * the server has been out of reach for a while, and does not tell its versions either, the calls stay
 * open and `down` is called once; the owner then calls mx_http_void().
 *
 *  1. No function calls back before it returns.
 *  2. Each call ends in exactly one callback, or in mx_http_void() or mx_http_free().
 *  3. At most MX_AT_ONCE calls are under way; the others wait in the order they were given. Who needs
 *     an order between two calls gives the second in the callback of the first.
 *  4. Every function may be called from every callback, mx_http_free() too.
 */
#ifndef MATRIX_HTTP_H
#define MATRIX_HTTP_H

#include "base/strbuf.h"
#include "roomline/http.h"
#include "roomline/loop.h"

#include <stdbool.h>
#include <stdint.h>

struct cJSON;
struct mx_http;

/* A server is not faster with more: facts of its single writer. */
#define MX_AT_ONCE 8
#define MX_FEW_TRIES 8
/* Of an answer; the state of a large room is the longest. */
#define MX_ANSWER_MAX ((size_t)16 * 1024 * 1024)

/* What a homeserver limits separately: "wait" for one of them does not hold up the others. */
enum mx_limit {
	MX_LIMIT_NONE, /* all other calls: only the one that was told so waits */
	MX_LIMIT_SEND,
	MX_LIMIT_CREATE,
	MX_LIMIT_JOIN,
	MX_LIMIT_INVITE,
	MX_LIMIT_N
};

struct mx_call {
	const char *method; /* static */
	const char *path;   /* encoded, mx_path() makes one; may end in a query; copied */
	const char *body;   /* JSON; NULL: none; copied */
	const char *type;   /* of a body that is no JSON but `len` bytes; copied */
	size_t len;
	const char *
		as; /* user id of a ghost of ours; NULL: the bot; "": whom the token is of; copied */
	enum mx_limit limit;
	bool device;    /* say our device, so that transaction ids are known for longer than the
			server's memory lasts */
	bool probe;     /* not repeated: how the first try ended is the answer; jumps the queue, and
			   waits for nobody */
	bool held;      /* answered when there is something to tell: is none of the MX_AT_ONCE */
	bool news;      /* of its answer only what matrix_trim.h keeps is told */
	int timeout_ms; /* 0: MX_TIMEOUT_MS */
	int64_t ts;     /* of what is sent, 0: now; only an application service may */
};

#define MX_TIMEOUT_MS 30000

/* What an answer means for the caller. By `errcode` first, then by status. */
enum mx_outcome {
	MX_OK,          /* 2xx */
	MX_ALREADY,     /* it was done before: in use, duplicate annotation */
	MX_FORBIDDEN,   /* we may not: not a member, not invited, too little power */
	MX_NOT_FOUND,   /* no such room, event, alias, user */
	MX_UNSUPPORTED, /* the server does not know the endpoint, or nothing is at this path */
	MX_TOO_LARGE,
	MX_TOKEN,       /* our token is not accepted */
	MX_REFUSED,     /* our request is wrong, or the server fails on it again and again */
	MX_UNREACHABLE, /* of a probe: whatever is repeated of other calls */
};

struct mx_reply {
	enum mx_outcome outcome;
	int status;          /* 0: no answer, or a part of one */
	const char *errcode; /* "M_FORBIDDEN", "" when there is none */
	bool gave_up;        /* MX_REFUSED, not by an answer, but because there was no good one */
	const char *error;   /* the server's or our words, clean, at most 200 bytes, never NULL */
	/* An object or (the state of a room) an array; NULL when it is neither, which with MX_OK it
	 * never is. Borrowed for the callback. */
	const struct cJSON *body;
};

typedef void mx_done_fn(const struct mx_reply *reply, void *arg);

struct mx_http_events {
	/* The server has not answered anything for a while; said once until mx_http_void(). */
	void (*down)(const char *why, void *arg);
	/* The token is refused. If this calls mx_http_void(), the call that found it out is open too
	 * and ends without its callback: nothing was done, and it is to be done yet. Said once until
	 * that or mx_http_set_token(). */
	void (*token_refused)(const struct mx_reply *reply, void *arg);
	void *arg;
};

/* homeserver: "https://matrix.example.org", without a slash at the end; token may be "" until
 * mx_http_set_token(); device: "" none. All copied. */
struct mx_http *mx_http_new(struct loop *loop, struct http_client *client, const char *homeserver,
			    const char *token, const char *device,
			    const struct mx_http_events *events);
void mx_http_free(struct mx_http *http); /* open calls end without their callback */
void mx_http_set_token(struct mx_http *http, const char *token, const char *device);
/* Who makes calls that name nobody: user id, copied; "" (as at first): whom the token is of. */
void mx_http_set_bot(struct mx_http *http, const char *user);
/* What a call is let in with. */
void mx_http_authorize(const struct mx_http *http, struct http_headers *headers);
void mx_http_call(struct mx_http *http, const struct mx_call *call, mx_done_fn *done, void *arg);
/* All open calls end without their callback, and pauses are forgotten. */
void mx_http_void(struct mx_http *http);
/* Calls that wait or are under way. */
size_t mx_http_open_calls(const struct mx_http *http);
/* For how long (ms) the server wants us to wait with sending; 0: not at all. */
int64_t mx_http_paused_ms(const struct mx_http *http);

/* Appends pattern with each {} replaced by the next argument (const char *), percent-encoded as one
 * segment: mx_path(&p, "/_matrix/client/v3/rooms/{}/state", room). As many arguments as {}. */
void mx_path(struct strbuf *out, const char *pattern, ...);
/* Appends the address of a call: homeserver, path, and what the call says in its query. */
void mx_url(struct strbuf *out, const char *homeserver, const char *bot, const char *device,
	    const struct mx_call *call);

#endif
