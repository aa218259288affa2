/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Asking what is new (matrix_sync.h) of a homeserver that the test plays, one call at a time; the
 * tests of it include this file. A test says by see_call() what each call has to be like, and by
 * mx_in_event() and mx_life_down() what becomes of what is told.
 */
#include "fakes/fake_bridge.c"
#include "fakes/fake_loop.c"

#include "base/json.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "chat/matrix/matrix_priv.h"
#include "chat/matrix/matrix_trim.h"
#include "http/percent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define AGAIN_MS 1000

const char matrix_name[] = "matrix";

static char homeserver[] = "https://matrix.example.org";

static struct {
	struct loop *loop;
	struct bridge *bridge;
	struct matrix m;
	struct strbuf told;
	char *path; /* of the open call, decoded; NULL: none is open */
	char *as;
	char *body;
	bool held;
	bool news;
	mx_done_fn *done;
	void *arg;
} t;

static void see_call(const struct mx_call *call);

void mx_http_call(struct mx_http *http, const struct mx_call *call, mx_done_fn *done, void *arg)
{
	STRBUF_AUTO(decoded);

	(void)http;
	assert_null(t.path); /* one at a time */
	see_call(call);
	assert_true(percent_decode(&decoded, call->path, strlen(call->path), false));
	t.path = strbuf_detach(&decoded, NULL);
	t.as = xstrdup_null(call->as);
	t.body = xstrdup_null(call->body);
	t.held = call->held;
	t.news = call->news;
	t.done = done;
	t.arg = arg;
}

static void forget_call(void)
{
	free(t.path);
	free(t.as);
	free(t.body);
	t.path = t.as = t.body = NULL;
}

static void play(char *bot)
{
	memset(&t, 0, sizeof(t));
	log_set_level(LOG_ERROR);
	strbuf_init(&t.told);
	t.loop = loop_new();
	t.bridge = fake_bridge_new(NULL, NULL);
	t.m.host.loop = t.loop;
	t.m.host.bridge = t.bridge;
	t.m.cfg.homeserver = homeserver;
	t.m.cfg.bot = bot;
}

static int teardown(void **state)
{
	(void)state;
	mx_sync_free(t.m.sync);
	assert_int_equal(fake_loop_timers(t.loop), 0);
	fake_bridge_free(t.bridge);
	loop_free(t.loop);
	strbuf_release(&t.told);
	forget_call();
	return 0;
}

static void answer_as(enum mx_outcome outcome, int status, const char *errcode, const char *text)
{
	STRBUF_AUTO(trimmed);
	JSON_AUTO body = NULL;
	struct mx_reply reply = {
		.outcome = outcome, .status = status, .errcode = errcode, .error = "so"};

	assert_non_null(t.path);
	if (t.news)
		assert_true(mx_trim(&trimmed, text, strlen(text)));
	else
		strbuf_adds(&trimmed, text);
	body = json_parse(trimmed.buf, trimmed.len, 200, NULL);
	assert_non_null(body);
	reply.body = body;
	forget_call();
	t.done(&reply, t.arg);
}

static void assert_told(const char *expected)
{
	assert_string_equal(t.told.buf, expected);
	strbuf_reset(&t.told);
}

/* Whether the open call is a sync from there ("" from nowhere). */
static void assert_since(const char *since)
{
	const char *at;

	assert_non_null(t.path);
	assert_memory_equal(t.path, "/_matrix/client/v3/sync?", 24);
	at = strstr(t.path, "&since=");
	assert_string_equal(at ? at + 7 : "", since);
}
