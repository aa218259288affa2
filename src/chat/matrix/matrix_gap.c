/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What an answer of /sync left out of a room: asked for backwards, from where the answer begins to
 * where we were, and told the oldest first, as it was said. One room after the other, so that what
 * is held in memory is bounded. https://spec.matrix.org/v1.15/client-server-api/#syncing
 *
 * More than EVENTS_MAX, or than BYTES_MAX, are not caught up with: somebody is told, and what is
 * newer is told all the same.
 */
#include "base/log.h"
#include "base/xalloc.h"
#include "chat/matrix/matrix_json.h"
#include "chat/matrix/matrix_sync.h"

#include <string.h>

#define EVENTS_MAX 1000
#define BYTES_MAX ((size_t)8 * 1024 * 1024)
#define NODE_BYTES 64 /* of JSON in memory, without its text */
#define PAGE 100
#define PAGES_MAX 30 /* a server may give less than a page, or nothing, and still have more */

static struct cJSON *copy_array(const struct cJSON *array)
{
	return cJSON_IsArray(array) ? cJSON_Duplicate(array, true) : cJSON_CreateArray();
}

void mx_gap_add(struct mx_sync *sync, const char *room, const char *from,
		const struct cJSON *timeline, const struct cJSON *state)
{
	struct mx_gap *gap = xcalloc(1, sizeof(*gap));

	gap->room = xstrdup(room);
	gap->from = xstrdup(from);
	gap->older = cJSON_CreateArray();
	gap->timeline = copy_array(timeline);
	gap->state = copy_array(state);
	STAILQ_INSERT_TAIL(&sync->gaps, gap, link);
}

static void drop_first(struct mx_sync *sync)
{
	struct mx_gap *gap = STAILQ_FIRST(&sync->gaps);

	STAILQ_REMOVE_HEAD(&sync->gaps, link);
	cJSON_Delete(gap->older);
	cJSON_Delete(gap->timeline);
	cJSON_Delete(gap->state);
	free(gap->room);
	free(gap->from);
	free(gap);
}

void mx_gap_drop_all(struct mx_sync *sync)
{
	while (!STAILQ_EMPTY(&sync->gaps))
		drop_first(sync);
}

/* ---- telling ------------------------------------------------------------------------------------- */

static size_t add_forwards(const struct cJSON **events, size_t n, const struct cJSON *array)
{
	const struct cJSON *event;

	cJSON_ArrayForEach (event, array)
		events[n++] = event;
	return n;
}

static size_t add_backwards(const struct cJSON **events, size_t n, const struct cJSON *array)
{
	size_t end = add_forwards(events, n, array);

	for (size_t a = n, b = end; a + 1 < b; a++, b--) {
		const struct cJSON *swapped = events[a];

		events[a] = events[b - 1];
		events[b - 1] = swapped;
	}
	return end;
}

/* whole: it was closed. Where not, the state tells who came and went in what is missing. */
static void tell_first(struct mx_sync *sync, bool whole)
{
	struct mx_gap *gap = STAILQ_FIRST(&sync->gaps);
	size_t max = (size_t)cJSON_GetArraySize(gap->older) +
		     (size_t)cJSON_GetArraySize(gap->timeline) +
		     (size_t)cJSON_GetArraySize(gap->state);
	AUTO_FREE const struct cJSON **events = xcalloc(max + 1, sizeof(*events));
	size_t n = add_backwards(events, 0, gap->older);

	if (!whole)
		n = add_forwards(events, n, gap->state);
	n = add_forwards(events, n, gap->timeline);
	log_info("matrix.caught_up events=%zu whole=%d", n, whole);
	if (mx_news_tell_room(sync->m, gap->room, events, n) < 0) {
		mx_sync_again(sync, "not stored");
		return;
	}
	drop_first(sync);
	mx_gap_next(sync);
}

static void give_up(struct mx_sync *sync, const char *why)
{
	const struct mx_gap *gap = STAILQ_FIRST(&sync->gaps);
	STRBUF_AUTO(words);

	strbuf_addf(&words,
		    "I was away, and cannot see all that was said meanwhile in a room (%s): "
		    "https://matrix.to/#/%s What I missed was not texted. Have a look there, and "
		    "say it again.",
		    why, gap->room);
	bridge_chat_alert(sync->m->host.bridge, matrix_name, words.buf);
	tell_first(sync, false);
}

/* ---- asking -------------------------------------------------------------------------------------- */

/* What an event takes in memory. */
static size_t bytes_of(const struct cJSON *json)
{
	size_t bytes = NODE_BYTES;
	const struct cJSON *child;

	if (json->string)
		bytes += strlen(json->string);
	if (json->valuestring)
		bytes += strlen(json->valuestring);
	cJSON_ArrayForEach (child, json)
		bytes += bytes_of(child);
	return bytes;
}

static void take_page(struct mx_gap *gap, const struct cJSON *chunk)
{
	const struct cJSON *event;

	if (!cJSON_IsArray(chunk))
		return;
	cJSON_ArrayForEach (event, chunk) {
		gap->bytes += bytes_of(event);
		cJSON_AddItemToArray(gap->older, cJSON_Duplicate(event, true));
	}
	gap->pages++;
}

/* Whether we are back where we were, by the time of the oldest event. */
static bool is_back(const struct mx_sync *sync, const struct mx_gap *gap)
{
	const struct cJSON *oldest = gap->older->child ? gap->older->child->prev : NULL;

	return mx_news_is_old(sync, oldest);
}

static void on_page(const struct mx_reply *reply, void *arg)
{
	struct mx_sync *sync = arg;
	struct mx_gap *gap;
	const char *end;

	if (!sync->running)
		return;
	gap = STAILQ_FIRST(&sync->gaps);
	if (reply->outcome == MX_TOKEN) {
		mx_sync_again(sync, reply->error);
		return;
	}
	if (reply->outcome != MX_OK) {
		give_up(sync, reply->error);
		return;
	}
	take_page(gap, mx_get(reply->body, "chunk"));
	end = mx_str(reply->body, "end");
	if (!end[0] || strcmp(end, gap->from) == 0 || is_back(sync, gap)) {
		tell_first(sync, true);
		return;
	}
	if (cJSON_GetArraySize(gap->older) >= EVENTS_MAX || gap->bytes >= BYTES_MAX ||
	    gap->pages >= PAGES_MAX) {
		give_up(sync, "it is too much");
		return;
	}
	free(gap->from);
	gap->from = xstrdup(end);
	mx_gap_next(sync);
}

void mx_gap_next(struct mx_sync *sync)
{
	struct mx_call call = {.method = "GET", .limit = MX_LIMIT_NONE, .news = true};
	const struct mx_gap *gap = STAILQ_FIRST(&sync->gaps);
	STRBUF_AUTO(path);

	if (!gap) {
		mx_sync_told(sync);
		return;
	}
	mx_path(&path, "/_matrix/client/v3/rooms/{}/messages?dir=b&from={}", gap->room, gap->from);
	strbuf_addf(&path, "&limit=%d", PAGE);
	if (sync->since[0])
		mx_path(&path, "&to={}", sync->since);
	call.path = path.buf;
	mx_http_call(sync->m->http, &call, on_page, sync);
}
