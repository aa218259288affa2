/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Which places there are, by number and by address; addresses; what is kept of a place. */
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "chat/matrix/matrix_priv.h"

#include <search.h>
#include <string.h>

/* ---- addresses ----------------------------------------------------------------------------------------- */

void mx_address(struct strbuf *out, const char *room, const char *root)
{
	strbuf_addf(out, "%s%s%s", room, root[0] ? "/" : "", root);
}

bool mx_address_split(const char *address, char room[MX_ID_MAX], char root[MX_ID_MAX])
{
	size_t len = strcspn(address, "/");

	if (len == 0 || len >= MX_ID_MAX)
		return false;
	(void)memcpy(room, address, len);
	room[len] = '\0';
	return str_copy(root, MX_ID_MAX, address[len] ? address + len + 1 : "") && mx_is_room(room);
}

/* ---- what is kept of one -------------------------------------------------------------------------------- */

/* By its token, which outlives its address. */
static void keep_key(const struct mx_place *place, const char *what, struct strbuf *out)
{
	strbuf_addf(out, "%s %s", what, place->token);
}

void mx_place_keep(const struct mx_place *place, const char *what, const char *value)
{
	STRBUF_AUTO(key);

	keep_key(place, what, &key);
	(void)bridge_chat_keep(place->m->host.bridge, matrix_name, key.buf, value);
}

void mx_place_kept(const struct mx_place *place, const char *what, char *out, size_t size)
{
	STRBUF_AUTO(key);

	keep_key(place, what, &key);
	bridge_chat_kept(place->m->host.bridge, matrix_name, key.buf, out, size);
}

/* ---- the table ------------------------------------------------------------------------------------------ */

static int by_id(const void *a, const void *b)
{
	const struct mx_place *x = a;
	const struct mx_place *y = b;

	return (x->id.v > y->id.v) - (x->id.v < y->id.v);
}

static int by_address(const void *a, const void *b)
{
	const struct mx_place *x = a;
	const struct mx_place *y = b;

	return strcmp(x->at, y->at);
}

struct mx_place *mx_place_find(struct matrix *m, struct place_id id)
{
	struct mx_place key = {.id = id};
	void *found = tfind(&key, &m->places_by_id, by_id);

	return found ? *(struct mx_place **)found : NULL;
}

struct mx_place *mx_place_at(struct matrix *m, const char *room, const char *root)
{
	struct mx_place key = {0};
	STRBUF_AUTO(address);
	void *found;

	mx_address(&address, room, root);
	(void)STR_COPY(key.at, address.buf);
	found = tfind(&key, &m->places_by_address, by_address);
	return found ? *(struct mx_place **)found : NULL;
}

const char *mx_place_room_id(const struct mx_place *place)
{
	return place->room ? place->room->id : place->direct;
}

void mx_place_set_address(struct mx_place *place)
{
	struct matrix *m = place->m;
	STRBUF_AUTO(address);

	/* A desk by itself is nobody's place. */
	if (mx_place_room_id(place)[0] && (!place->threaded || place->root[0]))
		mx_address(&address, mx_place_room_id(place), place->root);
	if (strcmp(address.buf, place->at) == 0)
		return;
	if (place->at[0])
		(void)tdelete(place, &m->places_by_address, by_address);
	(void)STR_COPY(place->at, address.buf);
	if (place->at[0] && !tsearch(place, &m->places_by_address, by_address))
		BUG("no memory for a place");
}

struct mx_place *mx_place_new(struct matrix *m, const struct chat_place *from)
{
	struct mx_place *place = xcalloc(1, sizeof(*place));

	place->m = m;
	place->id = from->id;
	place->kind = from->kind;
	place->title = xstrdup("");
	place->topic = xstrdup("");
	place->contact_name = xstrdup("");
	STAILQ_INIT(&place->items);
	TAILQ_INSERT_TAIL(&m->places, place, link);
	if (!tsearch(place, &m->places_by_id, by_id))
		BUG("no memory for a place");
	return place;
}

void mx_place_free_all(struct matrix *m)
{
	struct mx_place *place;

	/* While all are there: a file that is dropped lets other places go on. */
	TAILQ_FOREACH(place, &m->places, link)
	{
		mx_items_free(place);
		mx_desk_unbind(place);
	}
	while ((place = TAILQ_FIRST(&m->places))) {
		TAILQ_REMOVE(&m->places, place, link);
		(void)tdelete(place, &m->places_by_id, by_id);
		if (place->at[0])
			(void)tdelete(place, &m->places_by_address, by_address);
		mx_people_release(&place->members);
		free(place->title);
		free(place->topic);
		free(place->contact_name);
		free(place);
	}
	STAILQ_INIT(&m->due);
	loop_cancel(m->work);
	m->work = NULL;
}

void mx_places_of_room(struct mx_room *room, void (*fn)(struct mx_place *place, const char *why),
		       const char *why)
{
	struct mx_place *place;

	TAILQ_FOREACH(place, &room->m->places, link)
	{
		if (place->room == room)
			fn(place, why);
	}
}

void mx_places_change_room(const struct mx_room *from, struct mx_room *to)
{
	struct mx_place *place;

	TAILQ_FOREACH(place, &to->m->places, link)
	{
		if (place->room == from)
			place->room = to;
	}
}
