/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What we say, in order, one at a time for each place. The number of the bridge's call is the
 * transaction id, so that the homeserver knows again what it has seen, also after we died; it looks
 * at the application service and not at the user, so the number must be ours alone.
 */
#include "base/crash.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "chat/matrix/matrix_json.h"
#include "chat/matrix/matrix_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BLAME_MS 600000

void mx_txn(struct matrix *m, struct relay_id id, char letter, char out[MX_TXN_MAX])
{
	if (id.v)
		(void)snprintf(out, MX_TXN_MAX, "%s.%" PRId64 "%c", m->epoch, id.v, letter);
	else
		(void)snprintf(out, MX_TXN_MAX, "%s.%" PRId64 ".%u%c", m->epoch,
			       loop_now(m->host.loop), m->serial++, letter);
}

/* ---- the list ------------------------------------------------------------------------------------------ */

struct mx_item *mx_item_add(struct mx_place *place, struct relay_id id)
{
	struct mx_item *item = xcalloc(1, sizeof(*item));

	item->id = id;
	item->key = "";
	STAILQ_INSERT_TAIL(&place->items, item, link);
	return item;
}

static void item_drop(struct mx_place *place)
{
	struct mx_item *item = STAILQ_FIRST(&place->items);

	STAILQ_REMOVE_HEAD(&place->items, link);
	mx_file_drop(place, item);
	free(item->text);
	free(item);
	place->retried = false;
}

void mx_items_free(struct mx_place *place)
{
	while (!STAILQ_EMPTY(&place->items))
		item_drop(place);
}

void mx_item_done(struct mx_place *place, const char *event_id)
{
	struct relay_id id = STAILQ_FIRST(&place->items)->id;

	item_drop(place);
	mx_place_run(place);
	if (id.v)
		mx_done(place->m, id, event_id);
}

void mx_item_failed(struct mx_place *place, const struct mx_reply *reply)
{
	struct relay_id id = STAILQ_FIRST(&place->items)->id;

	log_warn("matrix.unsaid status=%d errcode=%s", reply->status, log_quote(reply->errcode));
	item_drop(place);
	mx_place_run(place);
	if (id.v)
		bridge_relay_failed(place->m->host.bridge, matrix_name, id, reply->error);
}

/* ---- saying --------------------------------------------------------------------------------------------- */

/* The room may have changed under us: look at it once more, and at the thread's root. */
static bool can_retry(struct mx_place *place, const struct mx_reply *reply)
{
	bool outside = reply->outcome == MX_FORBIDDEN || reply->outcome == MX_NOT_FOUND;

	if (place->retried || !place->room)
		return false;
	place->retried = true;
	if (outside) {
		mx_room_doubt(place->room);
		return true;
	}
	if (reply->status == 400 && place->threaded) {
		mx_card_drop(place);
		return true;
	}
	return false;
}

/* Does the server fail on these words (or leave them unanswered), or on all? It is asked by
 * connecting anew, which reads and writes there: if it fails again soon after that, it is the words. */
static bool blame_server(struct mx_place *place, const struct mx_reply *reply)
{
	struct matrix *m = place->m;
	int64_t now = loop_monotonic(m->host.loop);

	if (!reply->gave_up || (m->blamed_at && now - m->blamed_at < BLAME_MS))
		return false;
	m->blamed_at = now;
	mx_life_down(m, reply->error, false);
	return true;
}

static void on_said(const struct mx_reply *reply, void *arg)
{
	struct mx_place *place = arg;
	const char *id = mx_str(reply->body, "event_id");

	if (!mx_place_answered(place) || blame_server(place, reply))
		return;
	crash_point("matrix.said");
	if (reply->outcome == MX_OK && strlen(id) < MX_ID_MAX) {
		(void)STR_COPY(place->latest, id);
		mx_recent_note(place->m->recent, id, place->id);
		mx_item_done(place, id);
	} else if (can_retry(place, reply)) {
		mx_place_run(place);
	} else {
		mx_item_failed(place, reply);
	}
}

static void say_send(struct mx_place *place, const struct mx_item *item)
{
	const struct matrix *m = place->m;
	bool contact = item->voice == VOICE_CONTACT;
	bool ghost = contact && place->room && place->room->ghost[0];
	struct mx_call call = {.method = "PUT",
			       .as = ghost ? place->room->ghost : NULL,
			       .limit = MX_LIMIT_SEND,
			       .ts = m->cfg.appservice ? item->stamp : 0};
	struct mx_message message = {
		.text = item->text,
		.name = contact && !ghost ? place->contact_name : NULL,
		.notice = item->notice,
		.markup = !contact,
		.thread = place->root,
		.latest = place->latest,
		.mention = contact && place->threaded && place->owner[0] ? place->owner : NULL,
	};
	char txn[MX_TXN_MAX];
	STRBUF_AUTO(path);
	STRBUF_AUTO(body);

	mx_txn(place->m, item->id, 't', txn);
	mx_path(&path, "/_matrix/client/v3/rooms/{}/send/m.room.message/{}",
		mx_place_room_id(place), txn);
	if (item->file)
		mx_build_file(&body, &message,
			      &(struct mx_file){.uri = item->file->uri,
						.name = item->file->name,
						.type = item->file->type,
						.size = item->file->len});
	else
		mx_build_message(&body, &message);
	call.path = path.buf;
	call.body = body.buf;
	call.device = true;
	mx_place_call(place, &call, on_said);
}

void mx_item_send(struct mx_place *place)
{
	struct mx_item *item = STAILQ_FIRST(&place->items);

	if (item->is_mark)
		mx_mark_send(place, item);
	else if (mx_file_send(place))
		say_send(place, item);
}

void mx_say(struct matrix *m, const struct chat_say *say)
{
	struct mx_place *place = mx_place_find(m, say->place->id);
	struct mx_item *item;

	if (!place)
		return;
	item = mx_item_add(place, say->id);
	item->voice = say->voice;
	item->notice = say->notice;
	item->stamp = say->stamp;
	item->text = xstrdup(say->text);
	if (say->file.v) {
		item->file = xcalloc(1, sizeof(*item->file));
		item->file->id = say->file;
	}
	mx_place_run(place);
}
