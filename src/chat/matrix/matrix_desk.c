/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Desks: rooms that hold many conversations, as threads. Each volunteer has one, the inbox team has
 * one together, and when one is full comes the next.
 *
 * A thread follows its owner to the owner's desk, unless the owner took it where it is, by writing in
 * it: nobody's thread shall go away under their hands. Where nobody of this network has it, it stays.
 *
 * Kept: "desk OWNER" is "SERIAL COUNT", "desk OWNER SERIAL" (which is the room's `keep`) the room's
 * id, "room ID" which desk a room is, "seat TOKEN" the owner for whom a thread is where it is,
 * "spoke TOKEN" who last wrote in it, and "bound TOKEN" on which desk the card is to be that was not
 * heard of yet, so that it is not made on another one when we died meanwhile; that is on the disk
 * before the card is sent. What is lost of the rest is made up for: the alias leads to the room, the
 * count only decides when the next desk comes, and a thread of which nothing is known stays.
 */
#include "base/xalloc.h"
#include "chat/matrix/matrix_priv.h"

#include <stdio.h>
#include <string.h>

#define KEY_MAX (MX_ID_MAX + 32)
#define INBOX "-" /* as an owner's name */
#define KEEP_SEAT "seat"
#define KEEP_SPOKE "spoke"
#define KEEP_BOUND "bound"

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
	struct desk_count count;
	char key[KEY_MAX];
	char value[32];
	char *rest;

	(void)snprintf(key, sizeof(key), "desk %s", owner_word(owner));
	bridge_chat_kept(m->host.bridge, matrix_name, key, value, sizeof(value));
	count.serial = (int)strtol(value, &rest, 10);
	count.n = (int)strtol(rest, NULL, 10);
	return count.serial > 0 && count.n >= 0 ? count : (struct desk_count){1, 0};
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
	char digest[MX_DIGEST_MAX];
	STRBUF_AUTO(text);

	strbuf_addf(&text, "%s %s", m->epoch, key);
	mx_digest(text.buf, digest);
	(void)snprintf(alias, MX_ID_MAX, "%sdesk_%s", m->cfg.prefix, digest);
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

/* By its key, "desk OWNER SERIAL". */
static struct mx_room *desk_get(struct matrix *m, const char *key)
{
	struct mx_room *desk = find_kept(m, key);
	char alias[MX_ID_MAX];
	char id[MX_ID_MAX];

	if (desk)
		return desk;
	alias_of(m, key, alias);
	desk = mx_room_new(m, MX_ROOM_DESK, alias);
	(void)STR_COPY(desk->keep, key);
	bridge_chat_kept(m->host.bridge, matrix_name, key, id, sizeof(id));
	if (id[0])
		mx_room_set_id(desk, id);
	return desk;
}

static bool read_key(const char *key, char owner[MX_ID_MAX], int *serial_out)
{
	const char *name = key + strlen("desk ");
	size_t len;

	if (strncmp(key, "desk ", strlen("desk ")) != 0)
		return false;
	len = strcspn(name, " ");
	if (len == 0 || len >= MX_ID_MAX || name[len] != ' ')
		return false;
	(void)memcpy(owner, name, len);
	owner[len] = '\0';
	*serial_out = (int)strtol(name + len, NULL, 10);
	return *serial_out > 0;
}

static bool is_of(const struct mx_room *desk, const char *owner, int *serial_out)
{
	char of[MX_ID_MAX];

	return read_key(desk->keep, of, serial_out) && strcmp(of, owner_word(owner)) == 0;
}

struct mx_room *mx_desk_at(struct matrix *m, const char *id)
{
	struct mx_room *desk = mx_room_find(m, id);
	char key[KEY_MAX];
	char kept[KEY_MAX];
	char owner[MX_ID_MAX];
	int serial;

	if (desk)
		return desk;
	(void)snprintf(key, sizeof(key), "room %s", id);
	bridge_chat_kept(m->host.bridge, matrix_name, key, kept, sizeof(kept));
	if (read_key(kept, owner, &serial))
		desk = desk_get(m, kept);
	else /* whose it is was forgotten: it can be spoken in as it is */
		desk = mx_room_new(m, MX_ROOM_DESK, "");
	if (!desk->id[0])
		mx_room_set_id(desk, id);
	return desk;
}

void mx_desk_want(const struct mx_place *place)
{
	struct mx_room *desk = place->room;
	const char *owner = place->owner;
	int serial;
	/* There a conversation stays that one of them has taken. */
	bool inbox = is_of(desk, "", &serial);
	const struct mx_people *people = inbox ? &place->m->inbox : &place->members;
	STRBUF_AUTO(name);

	if (!inbox && !is_of(desk, owner, &serial))
		return;
	if (inbox)
		strbuf_adds(&name, "Inbox");
	else
		strbuf_addf(&name, "Desk of %.*s", (int)strcspn(owner, ":") - 1, owner + 1);
	if (serial > 1)
		strbuf_addf(&name, " (%d)", serial);
	mx_room_want(desk, name.buf,
		     "Each thread is a conversation: what is written in it is texted. !help here "
		     "lists the commands.",
		     people, true, false);
}

/* ---- where a thread is ---------------------------------------------------------------------------------- */

/* It is where it is for the present owner. */
static void seat(struct mx_place *place)
{
	if (strcmp(place->seated, owner_word(place->owner)) == 0)
		return;
	(void)STR_COPY(place->seated, owner_word(place->owner));
	mx_place_keep(place, KEEP_SEAT, place->seated);
}

/* Whether it is bound for a desk of its owner's. */
static bool is_bound(const struct mx_place *place, char desk_out[KEY_MAX])
{
	char owner[MX_ID_MAX];
	int serial;

	mx_place_kept(place, KEEP_BOUND, desk_out, KEY_MAX);
	return read_key(desk_out, owner, &serial) && strcmp(owner, owner_word(place->owner)) == 0;
}

struct mx_binding {
	struct mx_place *place; /* NULL: does not wait any more */
};

void mx_desk_unbind(struct mx_place *place)
{
	if (place->binding)
		place->binding->place = NULL;
	place->binding = NULL;
}

static void on_bound(bool committed, void *arg)
{
	struct mx_binding *binding = arg;
	struct mx_place *place = binding->place;

	free(binding);
	if (!place)
		return;
	place->binding = NULL;
	if (committed) {
		mx_place_run(place);
	} else if (place->opening || place->ready) {
		mx_place_lost(place, "the desk it is bound for could not be stored");
		mx_desk_choose(place);
	}
}

static void wait_bound(struct mx_place *place)
{
	struct mx_binding *binding = xmalloc(sizeof(*binding));

	mx_desk_unbind(place);
	binding->place = place;
	place->binding = binding;
	bridge_after_commit(place->m->host.bridge, on_bound, binding);
}

/* One more on the newest desk, or the first on the next. */
static void bind_to_desk(struct mx_place *place, char desk_out[KEY_MAX])
{
	struct matrix *m = place->m;
	struct desk_count count = count_read(m, place->owner);

	if (count.n >= m->cfg.desk_max)
		count = (struct desk_count){count.serial + 1, 0};
	count.n++;
	count_write(m, place->owner, count);
	(void)snprintf(desk_out, KEY_MAX, "desk %s %d", owner_word(place->owner), count.serial);
	mx_place_keep(place, KEEP_BOUND, desk_out);
	wait_bound(place);
}

void mx_desk_arrived(struct mx_place *place)
{
	if (!place->bound)
		return;
	place->bound = false;
	mx_place_keep(place, KEEP_SEAT, place->seated);
	mx_place_keep(place, KEEP_BOUND, "");
}

void mx_desk_choose(struct mx_place *place)
{
	char desk[KEY_MAX];

	if (!is_bound(place, desk))
		bind_to_desk(place, desk);
	place->bound = true;
	place->room = desk_get(place->m, desk);
	/* Kept when it is there, or after a death on the way it would stay where it was. */
	(void)STR_COPY(place->seated, owner_word(place->owner));
	mx_desk_want(place);
}

void mx_desk_spoke(struct mx_place *place, const char *user)
{
	if (!place->threaded || strcmp(place->speaker, user) == 0)
		return;
	(void)STR_COPY(place->speaker, user);
	mx_place_keep(place, KEEP_SPOKE, user);
}

static bool has_spoken(struct mx_place *place, const char *user)
{
	if (!place->speaker[0])
		mx_place_kept(place, KEEP_SPOKE, place->speaker, sizeof(place->speaker));
	return user[0] && strcmp(place->speaker, user) == 0;
}

/* An owner who is not (any more) of the inbox may not be on its desks. */
static bool is_shut_out(const struct mx_place *place)
{
	int serial;

	return place->owner[0] && is_of(place->room, "", &serial) &&
	       !mx_people_has(&place->m->inbox, place->owner);
}

static bool must_move(struct mx_place *place)
{
	int serial;

	if (!place->root[0])
		return !is_of(place->room, place->owner, &serial);
	if (is_shut_out(place))
		return true;
	if (!place->seated[0])
		mx_place_kept(place, KEEP_SEAT, place->seated, sizeof(place->seated));
	if (!place->seated[0] && !place->room->keep[0])
		return false;
	if (strcmp(place->seated, owner_word(place->owner)) == 0)
		return false;
	if (has_spoken(place, place->owner))
		return false;
	return !is_of(place->room, place->owner, &serial);
}

static void say_moved(struct mx_place *place)
{
	struct mx_message message = {
		.text = "This conversation is now on another desk. Nothing that is written here is "
			"texted any more.",
		.notice = true,
		.thread = place->root,
		.latest = place->latest};
	char txn[MX_TXN_MAX];
	STRBUF_AUTO(path);
	STRBUF_AUTO(body);

	mx_txn(place->m, (struct relay_id){0}, 'd', txn);
	mx_path(&path, "/_matrix/client/v3/rooms/{}/send/m.room.message/{}", place->room->id, txn);
	mx_build_message(&body, &message);
	mx_chore_add(place->room, "PUT", path.buf, body.buf, NULL, MX_LIMIT_SEND);
	(void)mx_room_run(place->room);
}

void mx_desk_follow(struct mx_place *place)
{
	if (!place->threaded || (place->root[0] && place->members.n == 0))
		return;
	if (!must_move(place)) {
		if (place->root[0])
			seat(place);
		return;
	}
	if (place->root[0])
		say_moved(place);
	mx_desk_choose(place);
	mx_card_drop(place);
}
