/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Desks: rooms that hold many conversations, as threads. Each volunteer has one, the inbox team has
 * one together, and when one is full comes the next. The root of a thread is the conversation's
 * card; a message that is a relation itself cannot be one.
 *
 * Kept: "desk OWNER" is "SERIAL COUNT", "desk OWNER SERIAL" the room's id, and "room ID" says
 * which desk a room is. What is lost of it is made up for: the alias leads to the room, and the
 * count only decides when the next desk comes.
 */
#include "base/hmac.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "chat/matrix/matrix_json.h"
#include "chat/matrix/matrix_priv.h"

#include <stdio.h>
#include <string.h>

#define KEY_MAX (MX_ID_MAX + 32)
#define ALIAS_BYTES 8 /* of the hash */
#define INBOX "-"     /* as an owner's name */

/* ---- which desk ------------------------------------------------------------------------------------- */

struct desk_count {
	int serial;
	int n;
};

static const char *owner_word(const char *owner)
{
	return owner[0] ? owner : INBOX;
}

static struct desk_count count_read(struct matrix *m, const char *owner)
{
	struct desk_count count = {1, 0};
	char key[KEY_MAX];
	char value[32];

	(void)snprintf(key, sizeof(key), "desk %s", owner_word(owner));
	bridge_chat_kept(m->host.bridge, matrix_name, key, value, sizeof(value));
	if (sscanf(value, "%d %d", &count.serial, &count.n) != 2)
		count = (struct desk_count){1, 0};
	return count;
}

static void count_write(struct matrix *m, const char *owner, struct desk_count count)
{
	char key[KEY_MAX];
	char value[32];

	(void)snprintf(key, sizeof(key), "desk %s", owner_word(owner));
	(void)snprintf(value, sizeof(value), "%d %d", count.serial, count.n);
	(void)bridge_chat_keep(m->host.bridge, matrix_name, key, value);
}

/* The same for the same desk of the same database, and telling nobody whose it is. */
static void alias_of(const struct matrix *m, const char *key, char alias[MX_ID_MAX])
{
	uint8_t digest[HASH_MAX];
	STRBUF_AUTO(text);
	STRBUF_AUTO(hex);

	strbuf_addf(&text, "%s %s", m->epoch, key);
	(void)hash_digest(HASH_SHA256, text.buf, text.len, digest);
	hex_encode(&hex, digest, ALIAS_BYTES);
	(void)snprintf(alias, MX_ID_MAX, "%sdesk_%s", m->cfg.prefix, hex.buf);
}

static struct mx_room *find_kept(struct matrix *m, const char *key)
{
	struct mx_room *room;

	TAILQ_FOREACH(room, &m->rooms, link)
	{
		if (strcmp(room->keep, key) == 0)
			return room;
	}
	return NULL;
}

static void desk_want(struct mx_room *desk, const char *owner, int serial,
		      const struct mx_people *members)
{
	STRBUF_AUTO(name);
	const char *end = owner + strcspn(owner, ":");

	if (owner[0])
		strbuf_addf(&name, "Desk of %.*s", (int)(end - owner - 1), owner + 1);
	else
		strbuf_adds(&name, "Inbox");
	if (serial > 1)
		strbuf_addf(&name, " (%d)", serial);
	mx_room_want(desk, name.buf,
		     "Each thread is a conversation: what is written in it is texted. !help here "
		     "lists the commands.",
		     members, true, false);
}

static struct mx_room *desk_get(struct matrix *m, const char *owner, int serial,
				const struct mx_people *members)
{
	char key[KEY_MAX];
	char alias[MX_ID_MAX];
	char id[MX_ID_MAX];
	struct mx_room *desk;

	(void)snprintf(key, sizeof(key), "desk %s %d", owner_word(owner), serial);
	desk = find_kept(m, key);
	if (!desk) {
		alias_of(m, key, alias);
		bridge_chat_kept(m->host.bridge, matrix_name, key, id, sizeof(id));
		desk = mx_room_find(m, id);
		if (!desk)
			desk = mx_room_new(m, MX_ROOM_DESK, alias);
		(void)STR_COPY(desk->keep, key);
		(void)STR_COPY(desk->alias, alias);
		if (id[0])
			mx_room_set_id(desk, id);
	}
	desk_want(desk, owner, serial, members);
	return desk;
}

struct mx_room *mx_desk_for(struct matrix *m, const struct mx_place *place)
{
	struct desk_count count = count_read(m, place->owner);

	if (count.n >= m->cfg.desk_max)
		count = (struct desk_count){count.serial + 1, 0};
	count.n++;
	count_write(m, place->owner, count);
	return desk_get(m, place->owner, count.serial, &place->members);
}

/* "desk OWNER SERIAL" of a room's id. */
static bool desk_read(struct matrix *m, const char *id, char owner[MX_ID_MAX], int *serial_out)
{
	char key[KEY_MAX];
	char value[KEY_MAX];

	(void)snprintf(key, sizeof(key), "room %s", id);
	bridge_chat_kept(m->host.bridge, matrix_name, key, value, sizeof(value));
	return sscanf(value, "desk %255s %d", owner, serial_out) == 2;
}

static bool desk_is_of(struct matrix *m, const char *id, const char *owner)
{
	char of[MX_ID_MAX];
	int serial;

	return desk_read(m, id, of, &serial) && strcmp(of, owner_word(owner)) == 0;
}

/* ---- whether a thread stays --------------------------------------------------------------------------- */

static void seat_key(const struct mx_place *place, char key[KEY_MAX])
{
	(void)snprintf(key, KEY_MAX, "seat %s", place->token);
}

void mx_desk_seat(struct mx_place *place)
{
	char key[KEY_MAX];

	if (strcmp(place->seated, owner_word(place->owner)) == 0)
		return;
	(void)STR_COPY(place->seated, owner_word(place->owner));
	seat_key(place, key);
	(void)bridge_chat_keep(place->m->host.bridge, matrix_name, key, place->seated);
}

/* It follows its owner to the owner's desk, unless the owner took it where it is, by writing in it:
 * nobody's thread shall go away under their hands. Where nobody of this network has it, it stays. */
bool mx_desk_must_move(struct mx_place *place)
{
	char key[KEY_MAX];

	if (!place->threaded || !place->root[0] || !place->room->id[0] || place->members.n == 0)
		return false;
	if (!place->seated[0]) {
		seat_key(place, key);
		bridge_chat_kept(place->m->host.bridge, matrix_name, key, place->seated,
				 sizeof(place->seated));
	}
	if (strcmp(place->seated, owner_word(place->owner)) == 0)
		return false;
	return strcmp(place->speaker, place->owner) != 0 &&
	       !desk_is_of(place->m, place->room->id, place->owner);
}

struct mx_room *mx_desk_at(struct matrix *m, const char *id, const struct mx_place *place)
{
	struct mx_room *room = mx_room_find(m, id);
	char owner[MX_ID_MAX];
	int serial;

	if (room)
		return room;
	if (desk_read(m, id, owner, &serial) && strcmp(owner, owner_word(place->owner)) == 0)
		return desk_get(m, place->owner, serial, &place->members);
	/* Whose it is was forgotten or has changed: it can be spoken in as it is. */
	room = mx_room_new(m, MX_ROOM_DESK, "");
	mx_room_set_id(room, id);
	return room;
}

/* ---- cards ------------------------------------------------------------------------------------------- */

static void card_text(const struct mx_place *place, struct strbuf *out)
{
	strbuf_addf(out, "%s\n%s", place->title, place->topic);
}

static void card_sent(const struct mx_reply *reply, void *arg)
{
	struct mx_place *place = arg;
	const char *id = mx_str(reply->body, "event_id");

	if (!mx_place_answered(place))
		return;
	if (reply->outcome == MX_OK && id[0] && strlen(id) < MX_ID_MAX) {
		mx_place_set_root(place, id);
	} else if (place->retried) {
		log_warn("matrix.no_card status=%d why=%s", reply->status, log_quote(reply->error));
		mx_room_lost(place->room, reply->error);
		return;
	} else {
		place->retried = true;
		place->room->checked = false;
	}
	mx_place_run(place);
}

static void card_put(struct mx_place *place, const struct mx_message *message, const char *txn,
		     mx_done_fn *done)
{
	struct mx_call call = {.method = "PUT", .limit = MX_LIMIT_SEND};
	STRBUF_AUTO(path);
	STRBUF_AUTO(body);

	mx_path(&path, "/_matrix/client/v3/rooms/{}/send/m.room.message/{}", place->room->id, txn);
	mx_build_message(&body, message);
	call.path = path.buf;
	call.body = body.buf;
	mx_call_durable(place->m, &call);
	mx_place_call(place, &call, done);
}

/* The same transaction for the same card: when we died before its id was stored, the homeserver
 * tells it again. By the token, as numbers come again for others when a backup is restored. */
void mx_card_send(struct mx_place *place)
{
	STRBUF_AUTO(text);
	STRBUF_AUTO(txn);

	card_text(place, &text);
	strbuf_addf(&txn, "card.%s.%u", place->token, place->cards);
	card_put(place, &(struct mx_message){.text = text.buf, .mention = NULL}, txn.buf,
		 card_sent);
}

static void card_edited(const struct mx_reply *reply, void *arg)
{
	struct mx_place *place = arg;

	if (!mx_place_answered(place))
		return;
	if (reply->outcome != MX_OK)
		log_warn("matrix.card_unedited why=%s", log_quote(reply->error));
	mx_place_run(place);
}

void mx_card_edit(struct mx_place *place)
{
	STRBUF_AUTO(text);
	char txn[MX_TXN_MAX];

	place->card_stale = false;
	card_text(place, &text);
	mx_txn(place->m, (struct relay_id){0}, 'c', txn);
	card_put(place, &(struct mx_message){.text = text.buf, .edits = place->root}, txn,
		 card_edited);
}
