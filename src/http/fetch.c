/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Fetching what somebody named: a picture's address comes from a phone, a volunteer or a provider's
 * hook, and must not make us ask what only we can reach, nor carry our credentials off.
 *
 * Redirects are followed here and not by libcurl, because each of them is looked at anew and because
 * a provider's media server sends us on to a store of somebody else's, who must not get what we log
 * in with there. Where a name leads to is looked at by the client, when it connects.
 */
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "http/local.h"
#include "http/url.h"

#include <string.h>
#include <strings.h>

struct http_fetch {
	struct loop *loop;
	struct http_client *client;
	struct http_call first; /* what was ordered */
	bool trusted;
	char **hosts;
	size_t host_n;
	char *url; /* where we are */
	int redirects;
	int64_t deadline; /* monotonic, over all of them */
	http_fetched_fn *fn;
	void *arg;
	struct loop_timer *refused; /* nothing was asked: the reason is told in the next turn */
	char why[160];
};

void http_fetch_free(struct http_fetch *fetch)
{
	if (!fetch)
		return;
	loop_cancel(fetch->refused);
	http_call_release(&fetch->first);
	for (size_t i = 0; i < fetch->host_n; i++)
		free(fetch->hosts[i]);
	free(fetch->hosts);
	free(fetch->url);
	free(fetch);
}

static void end(struct http_fetch *fetch, const struct http_fetched *fetched)
{
	fetch->fn(fetched, fetch->arg);
	http_fetch_free(fetch);
}

static void end_without(struct http_fetch *fetch, bool again, const char *problem)
{
	struct http_fetched fetched = {.again = again};

	(void)STR_COPY(fetched.problem, problem);
	end(fetch, &fetched);
}

/* Whether it is where the first address is, and so what may be told our credentials. */
static bool is_first_origin(const struct http_fetch *fetch)
{
	return fetch->redirects == 0 || http_same_origin(fetch->url, fetch->first.url);
}

/* Whether we may ask there; what the client must take care of goes into *public_only_out. */
static bool may_ask(const struct http_fetch *fetch, bool *public_only_out)
{
	struct http_url url;
	bool named = fetch->trusted && is_first_origin(fetch);

	*public_only_out = false;
	if (strncmp(fetch->url, LOCAL_SCHEME, strlen(LOCAL_SCHEME)) == 0)
		return named;
	if (!http_url_split(fetch->url, &url))
		return false;
	named |= http_url_is_of(&url, (const char *const *)fetch->hosts, fetch->host_n);
	*public_only_out = !named;
	return named || url.tls;
}

static void on_answer(const struct http_answer *answer, void *arg);

static void copy_headers(const struct http_headers *from, struct http_headers *to)
{
	for (size_t i = 0; i < from->n; i++)
		http_headers_add(to, from->items[i].name, from->items[i].value);
}

/* Returns why it may not be asked for, or NULL. */
static const char *ask(struct http_fetch *fetch)
{
	int64_t left = fetch->deadline - loop_monotonic(fetch->loop);
	struct http_call call = {.method = "GET",
				 .max_body = fetch->first.max_body,
				 .timeout_ms = left > 1 ? (int)left : 1};

	if (!may_ask(fetch, &call.public_only))
		return "its address is none from which files are fetched";
	call.url = xstrdup(fetch->url);
	if (is_first_origin(fetch)) {
		call.user = xstrdup_null(fetch->first.user);
		call.password = xstrdup_null(fetch->first.password);
		copy_headers(&fetch->first.headers, &call.headers);
	}
	http_client_start(fetch->client, &call, on_answer, fetch);
	return NULL;
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static void redirect(struct http_fetch *fetch, const struct http_answer *answer)
{
	const char *location = http_headers_get(&answer->headers, "Location");
	STRBUF_AUTO(url);
	const char *why;

	if (!location || !http_url_join(fetch->url, location, &url)) {
		end_without(fetch, false, "the server sends us on to no usable address");
		return;
	}
	if (++fetch->redirects > HTTP_REDIRECTS_MAX) {
		end_without(fetch, false, "the server sends us on and on");
		return;
	}
	free(fetch->url);
	fetch->url = strbuf_detach(&url, NULL);
	why = ask(fetch);
	if (why)
		end_without(fetch, false, why);
}

/* A status of 5xx, of haste or of a pause may be another one soon. */
static bool may_change(int status)
{
	return status >= 500 || status == 408 || status == 425 || status == 429;
}

static void on_answer(const struct http_answer *answer, void *arg)
{
	struct http_fetch *fetch = arg;
	struct http_fetched fetched = {.again = !answer->barred && !answer->too_long};

	if (answer->fate != HTTP_ANSWERED) {
		(void)STR_COPY(fetched.problem,
			       answer->too_long ? "it is too large" : answer->problem);
	} else if (is_redirect(answer->status)) {
		redirect(fetch, answer);
		return;
	} else if (answer->status == 200) {
		fetched.bytes = answer->body;
		fetched.len = answer->body_len;
	} else {
		fetched.again = may_change(answer->status);
		(void)snprintf(fetched.problem, sizeof(fetched.problem),
			       "the server says %d when it is asked for it", answer->status);
	}
	end(fetch, &fetched);
}

static void on_refused(void *arg)
{
	struct http_fetch *fetch = arg;

	fetch->refused = NULL;
	end_without(fetch, false, fetch->why);
}

struct http_fetch *http_fetch_start(struct loop *loop, struct http_client *client,
				    struct http_fetch_order *order, http_fetched_fn *fn, void *arg)
{
	struct http_fetch *fetch = xcalloc(1, sizeof(*fetch));
	int timeout_ms = order->call.timeout_ms ? order->call.timeout_ms : HTTP_TIMEOUT_MS;
	const char *why;

	fetch->loop = loop;
	fetch->client = client;
	fetch->first = order->call;
	order->call = (struct http_call){0};
	fetch->trusted = order->trusted;
	fetch->hosts = xcalloc(order->host_n + 1, sizeof(*fetch->hosts));
	for (size_t i = 0; i < order->host_n; i++)
		fetch->hosts[i] = xstrdup(order->hosts[i]);
	fetch->host_n = order->host_n;
	fetch->url = xstrdup(fetch->first.url);
	fetch->deadline = loop_monotonic(loop) + timeout_ms;
	fetch->fn = fn;
	fetch->arg = arg;
	why = ask(fetch);
	if (why) {
		(void)STR_COPY(fetch->why, why);
		fetch->refused = loop_after(loop, 0, on_refused, fetch);
	}
	return fetch;
}
