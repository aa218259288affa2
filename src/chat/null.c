/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A network in which nobody is: every place is ready and every call done at the end of the turn. It
 * stands in for a chat server where the rest is measured, and lets a daemon run without one.
 */
#include "base/xalloc.h"
#include "chat/chat.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/queue.h>

enum news_kind { CAME_UP, WENT_DOWN, PLACE_READY, CALL_DONE };

struct news {
	STAILQ_ENTRY(news) link;
	enum news_kind kind;
	struct relay_id relay;
	struct place_id place;
};

STAILQ_HEAD(news_list, news);

struct null_network {
	struct bridge *bridge;
	struct loop *loop;
	struct news_list news;
	bool deferred;
	bool gone; /* destroyed while deferred */
	int64_t place_n, say_n, mark_n;
};

static const char name[] = "null";
static const struct setting settings[] = {{.key = NULL}};

static void tell(struct null_network *n, const struct news *news)
{
	char id[32];

	switch (news->kind) {
	case CAME_UP:
		bridge_chat_up(n->bridge, name);
		break;
	case WENT_DOWN:
		bridge_chat_down(n->bridge, name, "stopped");
		break;
	case PLACE_READY:
		(void)snprintf(id, sizeof(id), "null-%" PRId64, news->place.v);
		bridge_place_ready(n->bridge, name, news->place, id);
		break;
	case CALL_DONE:
		(void)snprintf(id, sizeof(id), "null-%" PRId64, news->relay.v);
		bridge_relay_done(n->bridge, name, news->relay, id);
		break;
	}
}

static void on_deferred(void *arg)
{
	struct null_network *n = arg;
	struct news_list now = STAILQ_HEAD_INITIALIZER(now);
	struct news *news;

	/* What is asked for meanwhile is for the next turn. */
	STAILQ_CONCAT(&now, &n->news);
	n->deferred = false;
	while ((news = STAILQ_FIRST(&now))) {
		STAILQ_REMOVE_HEAD(&now, link);
		if (!n->gone)
			tell(n, news);
		free(news);
	}
	if (n->gone)
		free(n);
}

static void add(struct null_network *n, struct news what)
{
	struct news *news = xmalloc(sizeof(*news));

	*news = what;
	STAILQ_INSERT_TAIL(&n->news, news, link);
	if (!n->deferred)
		loop_defer(n->loop, on_deferred, n);
	n->deferred = true;
}

static void *create(const struct chat_host *host, const struct settings *set, struct error *err)
{
	struct null_network *n = xcalloc(1, sizeof(*n));

	(void)set;
	(void)err;
	n->bridge = host->bridge;
	n->loop = host->loop;
	STAILQ_INIT(&n->news);
	return n;
}

static int start(void *self, struct error *err)
{
	(void)err;
	add(self, (struct news){.kind = CAME_UP});
	return 0;
}

static void stop(void *self)
{
	add(self, (struct news){.kind = WENT_DOWN});
}

static void destroy(void *self)
{
	struct null_network *n = self;

	if (n->deferred)
		n->gone = true;
	else
		free(n);
}

static void open_place(void *self, const struct chat_place *place)
{
	struct null_network *n = self;

	n->place_n++;
	add(n, (struct news){.kind = PLACE_READY, .place = place->id});
}

static void ignore_place(void *self, const struct chat_place *place)
{
	(void)self;
	(void)place;
}

static void say(void *self, const struct chat_say *call)
{
	struct null_network *n = self;

	n->say_n++;
	add(n, (struct news){.kind = CALL_DONE, .relay = call->id});
}

static void mark(void *self, const struct chat_mark_call *call)
{
	struct null_network *n = self;

	n->mark_n++;
	add(n, (struct news){.kind = CALL_DONE, .relay = call->id});
}

static void describe(void *self, char *out, size_t size)
{
	const struct null_network *n = self;

	(void)snprintf(out, size,
		       "nobody is here; %" PRId64 " places, %" PRId64 " says, %" PRId64 " marks",
		       n->place_n, n->say_n, n->mark_n);
}

const struct chat_network chat_null = {
	.name = name,
	.for_tests = true,
	.caps = CHAT_CAP_REACTIONS | CHAT_CAP_GHOSTS,
	.settings = settings,
	.create = create,
	.start = start,
	.stop = stop,
	.destroy = destroy,
	.open_place = open_place,
	.update_place = ignore_place,
	.close_place = ignore_place,
	.say = say,
	.mark = mark,
	.describe = describe,
};
