/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One queue of calls, in order. A call that is to be made again goes back to its place, and is not
 * taken before its time (matrix_pace.c); nothing else tells it from a new one.
 *
 * Rejected: a queue for each limit class (to scan past the calls of a paused class costs less than
 * the order between the others is worth).
 */
#include "chat/matrix/matrix_http.h"

#include "base/log.h"
#include "base/xalloc.h"
#include "chat/matrix/matrix_pace.h"
#include "chat/matrix/matrix_trim.h"

#include <string.h>
#include <sys/queue.h>

#define FEEL_MS 10000

struct mx_open {
	TAILQ_ENTRY(mx_open) link; /* in `waiting` or `running` */
	struct mx_http *http;
	uint64_t number; /* the order in `waiting`; of a probe 0 */
	const char *method;
	char *url;
	char *body;
	size_t len;
	char *type;
	int timeout_ms;
	bool held;
	bool news;
	struct mx_pace_call pace;
	mx_done_fn *done;
	void *arg;
};

TAILQ_HEAD(mx_open_queue, mx_open);

struct mx_http {
	struct loop *loop;
	struct http_client *client;
	struct mx_http_events events;
	char *homeserver;
	char *token;
	char *device;
	char *bot;
	struct mx_open_queue waiting;
	struct mx_open_queue running;
	size_t n_waiting;
	size_t n_running;
	size_t n_held; /* of these */
	uint64_t numbered;
	struct loop_timer *timer; /* for the next of those that wait for a time */
	struct mx_pace pace;
	bool feeling; /* whether it is the server that is silent */
	bool said_down;
	bool said_token;
	unsigned voided; /* how often */
	bool calling;    /* a callback runs after which there is more to do */
	bool freed;      /* in that callback */
};

static void on_answer(const struct http_answer *answer, void *arg);

static int64_t now_ms(const struct mx_http *http)
{
	return loop_monotonic(http->loop);
}

static void open_free(struct mx_open *open)
{
	free(open->url);
	free(open->body);
	free(open->type);
	free(open);
}

static void destroy(struct mx_http *http)
{
	free(http->homeserver);
	free(http->token);
	free(http->device);
	free(http->bot);
	free(http);
}

/* ---- the queue --------------------------------------------------------------------------------- */

static void enqueue(struct mx_http *http, struct mx_open *open)
{
	struct mx_open *next = TAILQ_LAST(&http->waiting, mx_open_queue);

	http->n_waiting++;
	if (!next || next->number <= open->number) {
		TAILQ_INSERT_TAIL(&http->waiting, open, link);
		return;
	}
	next = TAILQ_FIRST(&http->waiting);
	while (next->number <= open->number)
		next = TAILQ_NEXT(next, link);
	TAILQ_INSERT_BEFORE(next, open, link);
}

void mx_http_authorize(const struct mx_http *http, struct http_headers *headers)
{
	STRBUF_AUTO(bearer);

	if (!http->token[0])
		return;
	strbuf_addf(&bearer, "Bearer %s", http->token);
	http_headers_add(headers, "Authorization", bearer.buf);
}

static void make_request(const struct mx_http *http, const struct mx_open *open,
			 struct http_call *out)
{
	*out = (struct http_call){
		.method = open->method,
		.url = xstrdup(open->url),
		.timeout_ms = open->timeout_ms,
		.max_body = MX_ANSWER_MAX,
		.repeatable = true,
	};
	mx_http_authorize(http, &out->headers);
	if (open->body) {
		http_headers_add(&out->headers, "Content-Type", open->type);
		out->body = xmalloc(open->len + 1);
		memcpy(out->body, open->body, open->len + 1);
		out->body_len = open->len;
	}
}

static void begin(struct mx_http *http, struct mx_open *open)
{
	struct http_call request;

	TAILQ_REMOVE(&http->waiting, open, link);
	http->n_waiting--;
	TAILQ_INSERT_TAIL(&http->running, open, link);
	http->n_running++;
	http->n_held += open->held;
	mx_pace_begin(&http->pace, &open->pace, now_ms(http));
	make_request(http, open, &request);
	http_client_start(http->client, &request, on_answer, open);
}

static void on_timer(void *arg);

static bool is_full(const struct mx_http *http)
{
	return http->n_running - http->n_held >= MX_AT_ONCE;
}

/* Makes all calls that may be made now, and wakes up for the next. */
static void pump(struct mx_http *http)
{
	int64_t now = now_ms(http);
	int64_t wake = INT64_MAX;
	struct mx_open *next;

	for (struct mx_open *open = TAILQ_FIRST(&http->waiting); open && !is_full(http);
	     open = next) {
		int64_t at = mx_pace_ready_at(&http->pace, &open->pace, now);

		next = TAILQ_NEXT(open, link);
		if (at <= now)
			begin(http, open);
		else if (at < wake)
			wake = at;
	}
	loop_cancel(http->timer);
	http->timer = NULL;
	if (wake < INT64_MAX && !is_full(http))
		http->timer = loop_after(http->loop, wake - now, on_timer, http);
}

static void on_timer(void *arg)
{
	struct mx_http *http = arg;

	http->timer = NULL;
	pump(http);
}

/* ---- answers ----------------------------------------------------------------------------------- */

static bool tell_refused(struct mx_http *http, const struct mx_reply *reply)
{
	unsigned voided = http->voided;

	if (reply->outcome != MX_TOKEN || http->said_token)
		return false;
	http->said_token = true;
	http->events.token_refused(reply, http->events.arg);
	return http->voided != voided;
}

static void end(struct mx_http *http, struct mx_open *open, const struct mx_reply *reply)
{
	mx_done_fn *done = open->done;
	void *arg = open->arg;

	open_free(open);
	pump(http);
	http->calling = true;
	if (!tell_refused(http, reply))
		done(reply, arg);
	http->calling = false;
	if (http->freed)
		destroy(http);
}

static void say_down(struct mx_http *http, const char *why)
{
	http->said_down = true;
	http->events.down(why, http->events.arg);
}

/* The server is silent, or is it only to these calls? It is asked something that it always answers. */
static void on_felt(const struct mx_reply *reply, void *arg)
{
	struct mx_http *http = arg;

	http->feeling = false;
	if (!http->said_down && mx_pace_is_silent(&http->pace, now_ms(http)))
		say_down(http, reply->error);
}

/* After a call that is to be made again. One that has a code tells that the server is closed. */
static void feel(struct mx_http *http, const struct mx_reply *reply)
{
	static const struct mx_call call = {.method = "GET",
					    .path = "/_matrix/client/versions",
					    .as = "",
					    .probe = true,
					    .timeout_ms = FEEL_MS};

	if (http->feeling || http->said_down || !mx_pace_is_silent(&http->pace, now_ms(http)))
		return;
	if (reply->errcode[0]) {
		say_down(http, reply->error);
		return;
	}
	http->feeling = true;
	mx_http_call(http, &call, on_felt, http);
}

static void give_up(const struct mx_open *open, struct mx_reply *reply)
{
	if (open->pace.probe) {
		if (reply->outcome == MX_REFUSED)
			reply->outcome = MX_UNREACHABLE;
		return;
	}
	reply->outcome = MX_REFUSED;
	reply->gave_up = true;
	log_warn("matrix.gave_up method=%s status=%d tries=%u why=%s", open->method, reply->status,
		 open->pace.failures, log_quote(reply->error));
}

static void settle(struct mx_http *http, struct mx_open *open, struct mx_answer *answer)
{
	bool again = mx_pace_end(&http->pace, &open->pace, answer, now_ms(http));

	if (!again) {
		if (answer->next != MX_END)
			give_up(open, &answer->reply);
		end(http, open, &answer->reply);
		return;
	}
	enqueue(http, open);
	pump(http);
	feel(http, &answer->reply);
}

static void on_answer(const struct http_answer *http_answer, void *arg)
{
	struct mx_open *open = arg;
	struct mx_http *http = open->http;
	struct http_answer trimmed = *http_answer;
	struct mx_answer answer;
	STRBUF_AUTO(text);

	TAILQ_REMOVE(&http->running, open, link);
	http->n_running--;
	http->n_held -= open->held;
	if (open->news && http_answer->fate == HTTP_ANSWERED && http_answer->status == 200 &&
	    mx_trim(&text, http_answer->body, http_answer->body_len)) {
		trimmed.body = text.buf;
		trimmed.body_len = text.len;
	}
	mx_answer_read(&answer, &trimmed, loop_now(http->loop));
	settle(http, open, &answer);
	mx_answer_release(&answer);
}

/* ---- for the owner ------------------------------------------------------------------------------ */

struct mx_http *mx_http_new(struct loop *loop, struct http_client *client, const char *homeserver,
			    const char *token, const char *device,
			    const struct mx_http_events *events)
{
	struct mx_http *http = xcalloc(1, sizeof(*http));

	http->loop = loop;
	http->client = client;
	http->events = *events;
	http->homeserver = xstrdup(homeserver);
	TAILQ_INIT(&http->waiting);
	TAILQ_INIT(&http->running);
	mx_http_set_token(http, token, device);
	http->bot = xstrdup("");
	return http;
}

void mx_http_free(struct mx_http *http)
{
	if (!http)
		return;
	mx_http_void(http);
	if (http->calling)
		http->freed = true;
	else
		destroy(http);
}

void mx_http_set_token(struct mx_http *http, const char *token, const char *device)
{
	char *old_token = http->token;
	char *old_device = http->device;

	http->token = xstrdup(token);
	http->device = xstrdup(device);
	http->said_token = false;
	free(old_token);
	free(old_device);
}

/* Who posts or puts nothing says so in JSON. */
static void take_body(struct mx_open *open, const struct mx_call *call)
{
	bool wants_one = strcmp(call->method, "POST") == 0 || strcmp(call->method, "PUT") == 0;
	const char *body = call->body ? call->body : wants_one ? "{}" : NULL;

	if (!body)
		return;
	open->type = xstrdup(call->type ? call->type : "application/json");
	open->len = call->type ? call->len : strlen(body);
	open->body = xmalloc(open->len + 1);
	memcpy(open->body, body, open->len);
	open->body[open->len] = '\0';
}

void mx_http_set_bot(struct mx_http *http, const char *user)
{
	char *old = http->bot;

	http->bot = xstrdup(user);
	free(old);
}

void mx_http_call(struct mx_http *http, const struct mx_call *call, mx_done_fn *done, void *arg)
{
	struct mx_open *open = xcalloc(1, sizeof(*open));
	STRBUF_AUTO(url);

	mx_url(&url, http->homeserver, http->bot, http->device, call);
	open->http = http;
	open->number = call->probe ? 0 : ++http->numbered;
	open->method = call->method;
	open->url = strbuf_detach(&url, NULL);
	take_body(open, call);
	open->timeout_ms = call->timeout_ms ? call->timeout_ms : MX_TIMEOUT_MS;
	open->held = call->held;
	open->news = call->news;
	open->pace = (struct mx_pace_call){.limit = call->limit, .probe = call->probe};
	open->done = done;
	open->arg = arg;
	enqueue(http, open);
	pump(http);
}

void mx_http_void(struct mx_http *http)
{
	struct mx_open *open;

	while ((open = TAILQ_FIRST(&http->running))) {
		TAILQ_REMOVE(&http->running, open, link);
		http_client_forget(http->client, on_answer, open);
		open_free(open);
	}
	while ((open = TAILQ_FIRST(&http->waiting))) {
		TAILQ_REMOVE(&http->waiting, open, link);
		open_free(open);
	}
	http->n_running = http->n_held = http->n_waiting = 0;
	loop_cancel(http->timer);
	http->timer = NULL;
	http->pace = (struct mx_pace){0};
	http->feeling = http->said_down = http->said_token = false;
	http->voided++;
}

size_t mx_http_open_calls(const struct mx_http *http)
{
	return http->n_waiting + http->n_running;
}

int64_t mx_http_paused_ms(const struct mx_http *http)
{
	int64_t left = http->pace.paused_until[MX_LIMIT_SEND] - now_ms(http);

	return left > 0 ? left : 0;
}
