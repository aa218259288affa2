/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A client that keeps its calls for the test; see fake_http.h. */
#include "fakes/fake_http.h"

#include "base/xalloc.h"

#include <string.h>

struct http_client {
	struct fake_call **calls;
	size_t n;
	void (*watch)(const struct http_call *call, void *arg);
	void *watch_arg;
};

struct http_client *http_client_new(struct loop *loop, struct http_server *local_or_null)
{
	(void)loop;
	(void)local_or_null;
	return xcalloc(1, sizeof(struct http_client));
}

void http_client_free(struct http_client *client)
{
	if (!client)
		return;
	for (size_t i = 0; i < client->n; i++) {
		http_call_release(&client->calls[i]->call);
		free(client->calls[i]);
	}
	free(client->calls);
	free(client);
}

void http_client_start(struct http_client *client, struct http_call *call, http_done_fn *done,
		       void *arg)
{
	struct fake_call *kept = xcalloc(1, sizeof(*kept));

	if (client->watch)
		client->watch(call, client->watch_arg);
	*kept = (struct fake_call){.call = *call, .done = done, .arg = arg, .open = true};
	*call = (struct http_call){0};
	client->calls = xreallocarray(client->calls, client->n + 1, sizeof(struct fake_call *));
	client->calls[client->n++] = kept;
}

void http_client_recall(struct http_client *client, http_done_fn *done, http_unwanted_fn *unwanted)
{
	for (size_t i = 0; i < client->n; i++) {
		struct fake_call *call = client->calls[i];

		if (call->open && call->unsent && call->done == done)
			call->open = !unwanted(call->arg);
	}
}

void http_client_forget(struct http_client *client, http_done_fn *done, const void *arg)
{
	for (size_t i = 0; i < client->n; i++) {
		struct fake_call *call = client->calls[i];

		if (call->done == done && call->arg == arg)
			call->open = false;
	}
}

size_t http_client_open_calls(const struct http_client *client)
{
	size_t open = 0;

	for (size_t i = 0; i < client->n; i++)
		open += client->calls[i]->open;
	return open;
}

size_t fake_http_calls(const struct http_client *client)
{
	return client->n;
}

struct fake_call *fake_http_call(struct http_client *client, size_t i)
{
	if (i >= client->n)
		BUG("call %zu of %zu", i, client->n);
	return client->calls[i];
}

void fake_http_watch(struct http_client *client, void (*fn)(const struct http_call *, void *),
		     void *arg)
{
	client->watch = fn;
	client->watch_arg = arg;
}

void fake_http_answer(struct fake_call *call, enum http_fate fate, int status, const char *body)
{
	struct http_answer answer = {
		.fate = fate, .status = status, .body = body, .body_len = strlen(body)};

	if (!call->open)
		BUG("answered twice");
	call->open = false;
	STR_COPY(answer.problem, fate == HTTP_ANSWERED ? "" : "nobody there");
	call->done(&answer, call->arg);
}
