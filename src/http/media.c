/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Files by signed links; see media.h. */
#include "http/media.h"

#include "base/log.h"
#include "base/refusals.h"
#include "base/strbuf.h"
#include "base/xalloc.h"

#include <string.h>
#include <sys/queue.h>

#define WAITING_MAX 32
#define UNSENT_FILES 8 /* of the largest size */

struct media_door {
	struct loop *loop;
	struct http_server *server;
	struct bridge *bridge;
	LIST_HEAD(, waiting) waiting;
	size_t waiting_n;
	struct refusals refused;
};

/* A request whose file is being read. */
struct waiting {
	LIST_ENTRY(waiting) link;
	struct media_door *door;
	struct http_exchange *exchange;
};

static void reply_text(struct http_exchange *exchange, int status, const char *text)
{
	http_reply(exchange, status, "text/plain; charset=utf-8", text, strlen(text));
}

static void waiting_free(struct waiting *w)
{
	LIST_REMOVE(w, link);
	w->door->waiting_n--;
	free(w);
}

static void on_bytes(const struct chat_bytes *bytes, void *arg)
{
	struct waiting *w = arg;
	struct http_exchange *exchange = w->exchange;
	STRBUF_AUTO(text);

	waiting_free(w);
	if (bytes->bytes) {
		http_reply_file(exchange, bytes->type, bytes->name, bytes->bytes, bytes->len);
		return;
	}
	strbuf_addf(&text, "The file cannot be had%s: %s.\n", bytes->again ? " now" : "",
		    bytes->problem);
	reply_text(exchange, 502, text.buf);
}

static bool is_crowded(const struct media_door *door)
{
	size_t most = UNSENT_FILES * bridge_options(door->bridge)->file_max;

	return door->waiting_n >= WAITING_MAX || http_server_unsent(door->server) > most;
}

static void serve(struct media_door *door, struct http_exchange *exchange, struct media_id id)
{
	struct waiting *w;

	if (is_crowded(door)) {
		log_warn("media.crowded waiting=%zu", door->waiting_n);
		reply_text(exchange, 503, "Too many files are under way; try again soon.\n");
		return;
	}
	w = xcalloc(1, sizeof(*w));
	w->door = door;
	w->exchange = exchange;
	LIST_INSERT_HEAD(&door->waiting, w, link);
	door->waiting_n++;
	bridge_media_read(door->bridge, id, on_bytes, w);
}

static void refuse(struct media_door *door, struct http_exchange *exchange, int status,
		   const char *text)
{
	if (refusals_note(&door->refused, loop_monotonic(door->loop)))
		log_info("media.refused status=%d total=%lu", status, door->refused.total);
	reply_text(exchange, status, text);
}

static void on_request(struct http_exchange *exchange, const struct http_request *request,
		       void *arg)
{
	struct media_door *door = arg;
	struct media_id id;

	if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0) {
		refuse(door, exchange, 405, "Files are only given out here.\n");
		return;
	}
	switch (bridge_media_open(door->bridge, request->path + strlen(MEDIA_PATH), &id)) {
	case LINK_GOOD:
		serve(door, exchange, id);
		break;
	case LINK_UNKNOWN:
		refuse(door, exchange, 404, "There is nothing here.\n");
		break;
	case LINK_FORGED:
		refuse(door, exchange, 403, "This link is not one of ours.\n");
		break;
	case LINK_EXPIRED:
		refuse(door, exchange, 410, "This link has ended. Ask for the file once more.\n");
		break;
	}
}

struct media_door *media_door_new(struct loop *loop, struct http_server *server,
				  struct bridge *bridge)
{
	struct media_door *door = xcalloc(1, sizeof(*door));

	door->loop = loop;
	door->server = server;
	door->bridge = bridge;
	LIST_INIT(&door->waiting);
	http_server_route(server, MEDIA_PATH, on_request, door);
	return door;
}

void media_door_free(struct media_door *door)
{
	struct waiting *w;

	if (!door)
		return;
	http_server_unroute(door->server, door);
	while ((w = LIST_FIRST(&door->waiting))) {
		struct http_exchange *exchange = w->exchange;

		bridge_media_forget(door->bridge, on_bytes, w);
		waiting_free(w);
		reply_text(exchange, 503, "Roomline stops.\n");
	}
	free(door);
}
