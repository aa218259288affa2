/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The client of include/roomline/http.h without sockets: calls are kept until the test answers
 * them. A test includes "fakes/fake_http.c" (not this header), so that the linker leaves
 * src/http/client.c in the archive.
 */
#ifndef FAKE_HTTP_H
#define FAKE_HTTP_H

#include "roomline/http.h"

#include <stdbool.h>

struct fake_call {
	struct http_call call;
	http_done_fn *done;
	void *arg;
	bool open;   /* not answered yet */
	bool unsent; /* the test says that it has not left yet, and may be recalled */
};

/* All calls ever started, oldest first. */
size_t fake_http_calls(const struct http_client *client);
struct fake_call *fake_http_call(struct http_client *client, size_t i);
/* Called as each call is started, before anything else. */
void fake_http_watch(struct http_client *client, void (*fn)(const struct http_call *, void *),
		     void *arg);
/* Answers an open call. */
void fake_http_answer(struct fake_call *call, enum http_fate fate, int status, const char *body);

#endif
