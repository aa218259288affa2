/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Cards: the roots of threads, which say whose conversation it is. A message that is a relation
 * itself cannot be one.
 *
 * Kept: "card TOKEN" is a digest of what the card says, so that it is edited when that has changed,
 * also while we were away, and only then.
 */
#include "base/crash.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "chat/matrix/matrix_json.h"
#include "chat/matrix/matrix_priv.h"

#include <string.h>

#define KEEP_CARD "card"

static void card_text(const struct mx_place *place, struct strbuf *out)
{
	strbuf_addf(out, "%s\n%s", place->title, place->topic);
}

void mx_card_load(struct mx_place *place)
{
	mx_place_kept(place, KEEP_CARD, place->card, sizeof(place->card));
	if (!mx_card_is_true(place)) /* the mark on it may be another, too */
		mx_mark_own(place, place->root, place->muted ? MX_KEY_MUTED : "");
}

bool mx_card_is_true(const struct mx_place *place)
{
	char digest[MX_DIGEST_MAX];
	STRBUF_AUTO(text);

	card_text(place, &text);
	mx_digest(text.buf, digest);
	return strcmp(digest, place->card) == 0;
}

void mx_card_replace(struct mx_place *place)
{
	if (place->root[0])
		mx_digest(place->root, place->replaced);
	place->root[0] = place->latest[0] = '\0';
}

void mx_card_drop(struct mx_place *place)
{
	mx_card_replace(place);
	place->opening |= place->ready;
	mx_place_set_address(place);
}

static void card_put(struct mx_place *place, const char *txn, mx_done_fn *done)
{
	struct mx_call call = {.method = "PUT", .device = true, .limit = MX_LIMIT_SEND};
	struct mx_message message = {.name = place->title,
				     .heading = true,
				     .text = place->topic,
				     .edits = place->root[0] ? place->root : NULL};
	STRBUF_AUTO(text);
	STRBUF_AUTO(path);
	STRBUF_AUTO(body);

	card_text(place, &text);
	mx_digest(text.buf, place->card);
	mx_path(&path, "/_matrix/client/v3/rooms/{}/send/m.room.message/{}", place->room->id, txn);
	mx_build_message(&body, &message);
	call.path = path.buf;
	call.body = body.buf;
	mx_place_call(place, &call, done);
}

/* ---- the first ---------------------------------------------------------------------------------------- */

static void card_stands(struct mx_place *place, const char *id)
{
	(void)STR_COPY(place->root, id);
	place->latest[0] = '\0';
	place->card_retried = false;
	mx_place_keep(place, KEEP_CARD, place->card);
	if (place->muted)
		mx_mark_own(place, id, MX_KEY_MUTED);
	mx_place_run(place);
}

/* Looked at once more; then it is the desk's fault when we may not write there, else the card's. */
static void card_refused(struct mx_place *place, const struct mx_reply *reply)
{
	log_warn("matrix.no_card status=%d why=%s", reply->status, log_quote(reply->error));
	if (!place->card_retried) {
		place->card_retried = true;
		mx_room_doubt(place->room);
		mx_place_run(place);
	} else if (reply->outcome == MX_FORBIDDEN || reply->outcome == MX_NOT_FOUND) {
		mx_room_lost(place->room, reply->error);
	} else {
		mx_place_lost(place, reply->error);
	}
}

static void on_sent(const struct mx_reply *reply, void *arg)
{
	struct mx_place *place = arg;
	const char *id = mx_str(reply->body, "event_id");

	if (!mx_place_answered(place))
		return;
	crash_point("matrix.card_sent");
	if (reply->outcome == MX_OK && id[0] && strlen(id) < MX_ID_MAX)
		card_stands(place, id);
	else
		card_refused(place, reply);
}

/* The same transaction for the same card: when we died before its id was stored, the homeserver
 * tells it again. By the token, as numbers come again for others when a backup is restored, and by
 * the card whose place it takes, which is what is stored until then. */
void mx_card_send(struct mx_place *place)
{
	STRBUF_AUTO(txn);

	strbuf_addf(&txn, "card.%s.%s", place->token, place->replaced[0] ? place->replaced : "0");
	card_put(place, txn.buf, on_sent);
}

/* ---- later ---------------------------------------------------------------------------------------------- */

static void on_edited(const struct mx_reply *reply, void *arg)
{
	struct mx_place *place = arg;

	if (!mx_place_answered(place))
		return;
	if (reply->outcome == MX_OK)
		mx_place_keep(place, KEEP_CARD, place->card);
	else
		log_warn("matrix.card_unedited why=%s", log_quote(reply->error));
	mx_place_run(place);
}

void mx_card_edit(struct mx_place *place)
{
	char txn[MX_TXN_MAX];

	mx_txn(place->m, (struct relay_id){0}, 'c', txn);
	card_put(place, txn, on_edited);
}
