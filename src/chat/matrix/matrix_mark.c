/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Marks on what people said: the bot's reaction on it, which takes the place of the one before. What
 * the one before was is asked of the homeserver, so that nothing has to be remembered.
 */
#include "base/crash.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "chat/matrix/matrix_json.h"
#include "chat/matrix/matrix_priv.h"

#include <string.h>

static const char *const mark_key[] = {
	[MARK_QUEUED] = "⏳", [MARK_HANDED_OVER] = "📨", [MARK_DELIVERED] = "✅",
	[MARK_FAILED] = "❌", [MARK_UNKNOWN] = "❓",
};

static bool is_mark(const char *key)
{
	for (size_t i = 0; i < sizeof(mark_key) / sizeof(mark_key[0]); i++) {
		if (strcmp(mark_key[i], key) == 0)
			return true;
	}
	return strcmp(key, MX_KEY_MUTED) == 0;
}

/* ---- what is asked of the homeserver ------------------------------------------------------------------- */

static void status_sent(const struct mx_reply *reply, void *arg)
{
	(void)arg;
	if (reply->outcome != MX_OK)
		log_debug("matrix.no_status status=%d", reply->status);
}

/* For clients that draw it; nobody waits for it. */
static void send_status(struct mx_place *place, const struct mx_item *item)
{
	static const char *const words[] = {
		[MARK_QUEUED] = "PENDING",         [MARK_HANDED_OVER] = "SUCCESS",
		[MARK_DELIVERED] = "SUCCESS",      [MARK_FAILED] = "FAIL_PERMANENT",
		[MARK_UNKNOWN] = "FAIL_PERMANENT",
	};
	struct mx_call call = {.method = "PUT", .limit = MX_LIMIT_SEND};
	char txn[MX_TXN_MAX];
	STRBUF_AUTO(path);
	STRBUF_AUTO(body);
	bool failed = item->mark == MARK_FAILED || item->mark == MARK_UNKNOWN;

	mx_txn(place->m, item->id, 's', txn);
	mx_path(&path, "/_matrix/client/v3/rooms/{}/send/com.beeper.message_send_status/{}",
		mx_place_room_id(place), txn);
	mx_build_status(&body, item->event, words[item->mark],
			failed ? "m.foreign_network_error" : NULL, NULL);
	call.path = path.buf;
	call.body = body.buf;
	call.device = true;
	mx_http_call(place->m->http, &call, status_sent, NULL);
}

/* The bot has read it. */
static void send_receipt(struct mx_place *place, const struct mx_item *item)
{
	struct mx_call call = {.method = "POST", .limit = MX_LIMIT_NONE};
	STRBUF_AUTO(path);
	STRBUF_AUTO(body);

	mx_path(&path, "/_matrix/client/v3/rooms/{}/receipt/m.read/{}", mx_place_room_id(place),
		item->event);
	if (place->root[0])
		mx_build_one(&body, "thread_id", place->root);
	call.path = path.buf;
	call.body = body.len ? body.buf : "{}";
	mx_http_call(place->m->http, &call, status_sent, NULL);
}

static void on_marked(const struct mx_reply *reply, void *arg)
{
	struct mx_place *place = arg;

	if (!mx_place_answered(place))
		return;
	crash_point("matrix.marked");
	/* One on an event that is gone is of no use to anybody. */
	if (reply->outcome != MX_OK && reply->outcome != MX_ALREADY)
		log_warn("matrix.unmarked status=%d why=%s", reply->status,
			 log_quote(reply->error));
	mx_item_done(place, "");
}

static void react(struct mx_place *place, struct mx_item *item)
{
	struct mx_call call = {.method = "PUT", .limit = MX_LIMIT_SEND};
	char txn[MX_TXN_MAX];
	STRBUF_AUTO(path);
	STRBUF_AUTO(body);

	if (!item->key[0]) {
		mx_item_done(place, "");
		return;
	}
	mx_txn(place->m, item->id, 'm', txn);
	mx_path(&path, "/_matrix/client/v3/rooms/{}/send/m.reaction/{}", mx_place_room_id(place),
		txn);
	mx_build_reaction(&body, item->event, item->key);
	call.path = path.buf;
	call.body = body.buf;
	call.device = true;
	mx_place_call(place, &call, on_marked);
}

static void on_redacted(const struct mx_reply *reply, void *arg)
{
	struct mx_place *place = arg;

	if (!mx_place_answered(place))
		return;
	if (reply->outcome != MX_OK)
		log_warn("matrix.unredacted status=%d", reply->status);
	crash_point("matrix.mark_taken_away");
	react(place, STAILQ_FIRST(&place->items));
}

static void redact(struct mx_place *place, struct mx_item *item, const char *reaction)
{
	struct mx_call call = {.method = "PUT", .body = "{}", .limit = MX_LIMIT_SEND};
	char txn[MX_TXN_MAX];
	STRBUF_AUTO(path);

	mx_txn(place->m, item->id, 'x', txn);
	mx_path(&path, "/_matrix/client/v3/rooms/{}/redact/{}/{}", mx_place_room_id(place),
		reaction, txn);
	call.path = path.buf;
	call.device = true;
	mx_place_call(place, &call, on_redacted);
}

/* The bot's present mark among the reactions to an event: its id, and its key. */
static const char *find_ours(const struct matrix *m, const struct cJSON *body, const char **key_out)
{
	const struct cJSON *chunk = mx_get(body, "chunk");
	const struct cJSON *event;

	cJSON_ArrayForEach (event, chunk) {
		const char *key = mx_str(mx_get(mx_get(event, "content"), "m.relates_to"), "key");

		if (strcmp(mx_str(event, "sender"), m->cfg.bot) != 0 || !is_mark(key))
			continue;
		*key_out = key;
		return mx_str(event, "event_id");
	}
	*key_out = "";
	return "";
}

static void on_reactions(const struct mx_reply *reply, void *arg)
{
	struct mx_place *place = arg;
	struct mx_item *item;
	const char *key;
	const char *ours;

	if (!mx_place_answered(place))
		return;
	item = STAILQ_FIRST(&place->items);
	ours = find_ours(place->m, reply->body, &key);
	if (!ours[0] && item->id.v) /* it is the first */
		send_receipt(place, item);
	if (strcmp(key, item->key) == 0)
		mx_item_done(place, "");
	else if (ours[0])
		redact(place, item, ours);
	else
		react(place, item);
}

static void ask_reactions(struct mx_place *place, const struct mx_item *item)
{
	struct mx_call call = {.method = "GET"};
	STRBUF_AUTO(path);

	mx_path(&path, "/_matrix/client/v1/rooms/{}/relations/{}/m.annotation/m.reaction?limit=50",
		mx_place_room_id(place), item->event);
	call.path = path.buf;
	mx_place_call(place, &call, on_reactions);
}

/* ---- items ------------------------------------------------------------------------------------------- */

/* A later mark on the same event waits behind this one: it says all that matters. */
static bool is_overtaken(const struct mx_item *item)
{
	const struct mx_item *later = item;

	while ((later = STAILQ_NEXT(later, link))) {
		if (strcmp(later->event, item->event) == 0)
			return true;
	}
	return false;
}

void mx_mark_send(struct mx_place *place, struct mx_item *item)
{
	if (is_overtaken(item)) {
		mx_item_done(place, "");
		return;
	}
	if (item->id.v && place->m->cfg.status_events)
		send_status(place, item);
	ask_reactions(place, item);
}

void mx_mark(struct matrix *m, const struct chat_mark_call *mark)
{
	struct mx_place *place = mx_place_find(m, mark->place->id);
	struct mx_item *item;

	if (!place)
		return;
	item = mx_item_add(place, mark->id);
	item->is_mark = true;
	item->mark = mark->mark;
	item->key = mark_key[mark->mark];
	(void)STR_COPY(item->event, mark->event_id);
	mx_place_run(place);
}

void mx_mark_own(struct mx_place *place, const char *event_id, const char *key)
{
	struct mx_item *item = mx_item_add(place, (struct relay_id){0});

	item->is_mark = true;
	item->key = key;
	(void)STR_COPY(item->event, event_id);
}
