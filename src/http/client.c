/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The HTTP client over libcurl's multi interface; the only file that includes it.
 *
 * libcurl says which descriptors to watch and when to wake it, the loop does both. A call has a
 * connection of its own unless it says that it is repeatable: on a reused one that has died libcurl
 * repeats the request by itself, a POST too, which would text a person twice. For the same reason
 * there are no redirects and no HTTP/2.
 *
 * Whether a failed call may have been handled is not read from libcurl's error codes, of which
 * there are a hundred, but from the one fact that decides it: whether a byte of the request was
 * given to the connection.
 */
#include "roomline/http.h"

#include "base/strbuf.h"
#include "base/xalloc.h"
#include "http/address.h"
#include "http/local.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <sys/socket.h>

/* Descriptors are few: libstrophe cannot use those from 1024 on. More calls wait their turn. */
#define CALLS_AT_ONCE 256
#define IDLE_CONNECTIONS_MAX 16
#define CONNECT_TIMEOUT_MS 10000
#define ANSWER_HEADERS_MAX 65536

struct transfer {
	TAILQ_ENTRY(transfer) link; /* in the client's `waiting` or `running` */
	struct http_client *client;
	struct http_call call;
	http_done_fn *done;
	void *arg;
	int64_t give_up_at; /* while waiting */
	CURL *easy;         /* while running */
	struct curl_slist *headers;
	struct http_answer answer;
	struct strbuf body;
	size_t header_bytes;
	bool too_long;
	bool barred;
	char error[CURL_ERROR_SIZE];
};

TAILQ_HEAD(transfer_queue, transfer);

struct http_client {
	struct loop *loop;
	struct local_port *local;
	CURLM *multi;
	struct loop_timer *timer;
	struct transfer_queue waiting;
	struct transfer_queue running;
	size_t n_waiting;
	size_t n_running;
};

/* Fails only where this file and the library do not fit together. */
static void must(CURLcode code)
{
	if (code != CURLE_OK)
		BUG("libcurl refuses an option: %s", curl_easy_strerror(code));
}

static void must_multi(CURLMcode code)
{
	if (code != CURLM_OK)
		BUG("libcurl's multi interface fails: %s", curl_multi_strerror(code));
}

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	n *= size;
	if (n > t->call.max_body - t->body.len) {
		t->too_long = true;
		return 0;
	}
	strbuf_add(&t->body, bytes, n);
	return n;
}

static size_t on_header(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	AUTO_FREE char *line = NULL;
	char *value;
	size_t len;

	n *= size;
	t->header_bytes += n;
	if (t->header_bytes > ANSWER_HEADERS_MAX) {
		t->too_long = true;
		return 0;
	}
	/* Only the last block counts: "100 Continue" has one of its own. */
	if (n > 5 && memcmp(bytes, "HTTP/", 5) == 0) {
		http_headers_release(&t->answer.headers);
		return n;
	}
	line = xstrndup(bytes, n);
	value = strchr(line, ':');
	if (!value)
		return n;
	*value++ = '\0';
	value += strspn(value, " \t");
	len = strlen(value);
	while (len && strchr(" \t\r\n", value[len - 1]))
		value[--len] = '\0';
	http_headers_add(&t->answer.headers, line, value);
	return n;
}

static void transfer_free(struct transfer *t)
{
	if (t->easy) {
		(void)curl_multi_remove_handle(t->client->multi, t->easy);
		curl_easy_cleanup(t->easy);
	}
	curl_slist_free_all(t->headers);
	http_call_release(&t->call);
	http_headers_release(&t->answer.headers);
	strbuf_release(&t->body);
	free(t);
}

static void add_header(struct transfer *t, const char *line)
{
	struct curl_slist *longer = curl_slist_append(t->headers, line);

	if (!longer)
		BUG("libcurl has no memory for a header");
	t->headers = longer;
}

static void set_headers(struct transfer *t)
{
	STRBUF_AUTO(line);

	for (size_t i = 0; i < t->call.headers.n; i++) {
		const struct http_header *h = &t->call.headers.items[i];

		strbuf_reset(&line);
		strbuf_adds(&line, h->name);
		/* "Name:" would be libcurl's word for leaving the header out. */
		strbuf_adds(&line, *h->value ? ": " : ";");
		strbuf_adds(&line, h->value);
		add_header(t, line.buf);
	}
	/* What libcurl would add by itself. */
	if (!http_headers_get(&t->call.headers, "Content-Type"))
		add_header(t, "Content-Type:");
	if (!http_headers_get(&t->call.headers, "Expect"))
		add_header(t, "Expect:");
	must(curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers));
}

static void set_number(struct transfer *t, CURLoption option, long value)
{
	must(curl_easy_setopt(t->easy, option, value));
}

static void set_text(struct transfer *t, CURLoption option, const char *value)
{
	must(curl_easy_setopt(t->easy, option, value));
}

static void set_pointer(struct transfer *t, CURLoption option, void *value)
{
	must(curl_easy_setopt(t->easy, option, value));
}

static void set_request(struct transfer *t)
{
	const struct http_call *call = &t->call;

	set_text(t, CURLOPT_URL, call->url);
	if (call->body || strcmp(call->method, "POST") == 0 || strcmp(call->method, "PUT") == 0) {
		must(curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE,
				      (curl_off_t)call->body_len));
		set_text(t, CURLOPT_POSTFIELDS, call->body ? call->body : "");
	}
	if (strcmp(call->method, "HEAD") == 0)
		set_number(t, CURLOPT_NOBODY, 1);
	else
		set_text(t, CURLOPT_CUSTOMREQUEST, call->method);
	if (call->user) {
		set_text(t, CURLOPT_USERNAME, call->user);
		set_text(t, CURLOPT_PASSWORD, call->password ? call->password : "");
	}
	set_headers(t);
}

static void set_rules(struct transfer *t)
{
	static const struct {
		CURLoption option;
		long value;
	} rules[] = {
		{CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
		{CURLOPT_FOLLOWLOCATION, 0},
		{CURLOPT_HTTPAUTH, CURLAUTH_BASIC},
		{CURLOPT_PATH_AS_IS, 1},
		{CURLOPT_NOSIGNAL, 1},
		/* A name server that does not answer must not hold us when the call is over. */
		{CURLOPT_QUICK_EXIT, 1},
		{CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		set_number(t, rules[i].option, rules[i].value);
	set_number(t, CURLOPT_FRESH_CONNECT, !t->call.repeatable);
	set_number(t, CURLOPT_FORBID_REUSE, !t->call.repeatable);
	set_number(t, CURLOPT_TIMEOUT_MS, t->call.timeout_ms);
	set_text(t, CURLOPT_PROTOCOLS_STR, "http,https");
	set_text(t, CURLOPT_USERAGENT, "roomline/" ROOMLINE_VERSION);
	must(curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body));
	must(curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_header));
	set_pointer(t, CURLOPT_WRITEDATA, t);
	set_pointer(t, CURLOPT_HEADERDATA, t);
	set_pointer(t, CURLOPT_ERRORBUFFER, t->error);
	set_pointer(t, CURLOPT_PRIVATE, t);
}

/* Asked for each address just before it is connected to, so that a name which leads elsewhere by
 * then than when it was looked at gains nothing. */
static curl_socket_t open_public_socket(void *arg, curlsocktype purpose,
					struct curl_sockaddr *address)
{
	struct transfer *t = arg;

	(void)purpose;
	if (address_is_public(&address->addr))
		return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	t->barred = true;
	return CURL_SOCKET_BAD;
}

static void set_public_only(struct transfer *t)
{
	if (t->call.repeatable)
		BUG("a connection that is kept was not looked at");
	must(curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETFUNCTION, open_public_socket));
	set_pointer(t, CURLOPT_OPENSOCKETDATA, t);
	set_text(t, CURLOPT_PROXY, ""); /* it would go there in our place */
}

static void transfer_run(struct transfer *t)
{
	struct http_client *client = t->client;

	t->easy = curl_easy_init();
	if (!t->easy)
		BUG("libcurl has no memory for a call");
	set_request(t);
	set_rules(t);
	if (t->call.public_only)
		set_public_only(t);
	TAILQ_INSERT_TAIL(&client->running, t, link);
	client->n_running++;
	must_multi(curl_multi_add_handle(client->multi, t->easy));
}

/* What is too old when its turn comes ends unsent: begun with little time left it might be lost. */
static void run_waiting(struct http_client *client)
{
	struct transfer *t;

	while (client->n_running < CALLS_AT_ONCE && (t = TAILQ_FIRST(&client->waiting))) {
		TAILQ_REMOVE(&client->waiting, t, link);
		client->n_waiting--;
		if (t->give_up_at > loop_monotonic(client->loop)) {
			transfer_run(t);
			continue;
		}
		local_port_fail(client->local, &t->call, "too many calls were open for too long",
				t->done, t->arg);
		transfer_free(t);
	}
}

/* Bytes of the request that the connection has got. */
static long bytes_sent(const struct transfer *t)
{
	long sent = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &sent);
	return sent;
}

static void explain(struct transfer *t, CURLcode result)
{
	struct http_answer *answer = &t->answer;

	answer->too_long = answer->fate == HTTP_LOST && t->too_long;
	answer->barred = answer->fate == HTTP_NOT_SENT && t->barred;
	if (answer->too_long)
		(void)STR_COPY(answer->problem, "the answer is too long");
	else if (answer->barred)
		(void)STR_COPY(answer->problem, "the host has no public address");
	else
		(void)STR_COPY(answer->problem,
			       t->error[0] ? t->error : curl_easy_strerror(result));
}

static void transfer_end(struct transfer *t, CURLcode result)
{
	struct http_answer *answer = &t->answer;
	long status = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	answer->status = (int)status;
	answer->body = t->body.buf;
	answer->body_len = t->body.len;
	if (result == CURLE_OK && status > 0)
		answer->fate = HTTP_ANSWERED;
	else
		answer->fate = bytes_sent(t) > 0 ? HTTP_LOST : HTTP_NOT_SENT;
	if (answer->fate != HTTP_ANSWERED)
		explain(t, result);
	TAILQ_REMOVE(&t->client->running, t, link);
	t->client->n_running--;
	t->done(answer, t->arg);
	transfer_free(t);
}

static void collect(struct http_client *client)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(client->multi, &left))) {
		struct transfer *t = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
		transfer_end(t, message->data.result);
	}
	run_waiting(client);
}

static void on_ready(int fd, unsigned what, void *arg)
{
	struct http_client *client = arg;
	int events = (what & LOOP_READ ? CURL_CSELECT_IN : 0) |
		     (what & LOOP_WRITE ? CURL_CSELECT_OUT : 0);
	int running;

	(void)curl_multi_socket_action(client->multi, fd, events, &running);
	collect(client);
}

static void on_timer(void *arg)
{
	struct http_client *client = arg;
	int running;

	client->timer = NULL;
	(void)curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(client);
}

static int on_socket_wish(CURL *easy, curl_socket_t fd, int what, void *arg, void *watch)
{
	static const unsigned wishes[] = {
		[CURL_POLL_NONE] = 0,         [CURL_POLL_IN] = LOOP_READ,
		[CURL_POLL_OUT] = LOOP_WRITE, [CURL_POLL_INOUT] = LOOP_READ | LOOP_WRITE,
		[CURL_POLL_REMOVE] = 0,
	};
	struct http_client *client = arg;
	struct loop_watch *now = NULL;

	(void)easy;
	loop_unwatch(watch);
	if (wishes[what])
		now = loop_watch_fd(client->loop, fd, wishes[what], on_ready, client);
	(void)curl_multi_assign(client->multi, fd, now);
	return 0;
}

static int on_timer_wish(CURLM *multi, long ms, void *arg)
{
	struct http_client *client = arg;

	(void)multi;
	loop_cancel(client->timer);
	client->timer = ms < 0 ? NULL : loop_after(client->loop, ms, on_timer, client);
	return 0;
}

struct http_client *http_client_new(struct loop *loop, struct http_server *local_or_null)
{
	struct http_client *client = xcalloc(1, sizeof(*client));

	client->loop = loop;
	client->local = local_port_new(loop, local_or_null);
	TAILQ_INIT(&client->waiting);
	TAILQ_INIT(&client->running);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    !(client->multi = curl_multi_init()))
		BUG("libcurl does not start");
	must_multi(curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wish));
	must_multi(curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client));
	must_multi(curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timer_wish));
	must_multi(curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client));
	must_multi(
		curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS_MAX));
	return client;
}

static void queue_free(struct transfer_queue *queue)
{
	struct transfer *t;

	while ((t = TAILQ_FIRST(queue))) {
		TAILQ_REMOVE(queue, t, link);
		transfer_free(t);
	}
}

void http_client_free(struct http_client *client)
{
	if (!client)
		return;
	queue_free(&client->waiting);
	queue_free(&client->running);
	(void)curl_multi_cleanup(client->multi);
	curl_global_cleanup();
	loop_cancel(client->timer);
	local_port_free(client->local);
	free(client);
}

static bool has_control(const char *s)
{
	for (; *s; s++)
		if (((unsigned char)*s < ' ' && *s != '\t') || *s == 0x7f)
			return true;
	return false;
}

/* A line break in a header would end it and begin another, of somebody else's wording. */
static bool has_bad_header(const struct http_headers *h)
{
	for (size_t i = 0; i < h->n; i++)
		if (!*h->items[i].name || strchr(h->items[i].name, ':') ||
		    has_control(h->items[i].name) || has_control(h->items[i].value))
			return true;
	return false;
}

static bool starts_with(const char *s, const char *prefix)
{
	return strncasecmp(s, prefix, strlen(prefix)) == 0;
}

void http_client_start(struct http_client *client, struct http_call *call, http_done_fn *done,
		       void *arg)
{
	struct transfer *t;

	if (!call->timeout_ms)
		call->timeout_ms = HTTP_TIMEOUT_MS;
	if (!call->max_body)
		call->max_body = HTTP_ANSWER_MAX;
	if (has_bad_header(&call->headers)) {
		local_port_fail(client->local, call, "a header holds a control character", done,
				arg);
		return;
	}
	if (starts_with(call->url, LOCAL_SCHEME)) {
		local_port_start(client->local, call, done, arg);
		return;
	}
	if (!starts_with(call->url, "http://") && !starts_with(call->url, "https://")) {
		local_port_fail(client->local, call, "the address is neither http nor https", done,
				arg);
		return;
	}
	t = xcalloc(1, sizeof(*t));
	t->client = client;
	t->call = *call;
	*call = (struct http_call){0};
	t->done = done;
	t->arg = arg;
	strbuf_init(&t->body);
	t->give_up_at = loop_monotonic(client->loop) + t->call.timeout_ms;
	TAILQ_INSERT_TAIL(&client->waiting, t, link);
	client->n_waiting++;
	run_waiting(client);
}

static void recall_from(struct transfer_queue *queue, size_t *n, http_done_fn *done,
			http_unwanted_fn *unwanted)
{
	struct transfer *next;

	for (struct transfer *t = TAILQ_FIRST(queue); t; t = next) {
		next = TAILQ_NEXT(t, link);
		if (t->done != done || (t->easy && bytes_sent(t) > 0) || !unwanted(t->arg))
			continue;
		TAILQ_REMOVE(queue, t, link);
		(*n)--;
		transfer_free(t);
	}
}

void http_client_recall(struct http_client *client, http_done_fn *done, http_unwanted_fn *unwanted)
{
	recall_from(&client->waiting, &client->n_waiting, done, unwanted);
	recall_from(&client->running, &client->n_running, done, unwanted);
	run_waiting(client);
}

static bool forget_in(struct transfer_queue *queue, size_t *n, http_done_fn *done, const void *arg)
{
	struct transfer *t;

	TAILQ_FOREACH(t, queue, link)
	{
		if (t->done == done && t->arg == arg) {
			TAILQ_REMOVE(queue, t, link);
			(*n)--;
			transfer_free(t);
			return true;
		}
	}
	return false;
}

void http_client_forget(struct http_client *client, http_done_fn *done, const void *arg)
{
	if (forget_in(&client->waiting, &client->n_waiting, done, arg) ||
	    local_port_forget(client->local, done, arg))
		return;
	if (forget_in(&client->running, &client->n_running, done, arg))
		run_waiting(client);
}

size_t http_client_open_calls(const struct http_client *client)
{
	return client->n_waiting + client->n_running + local_port_open_calls(client->local);
}
