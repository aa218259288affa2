/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The table of rooms, found by address (for what comes in) and by place (for what goes out). Two
 * search trees of libc, because a thousand rooms are usual. A room stays until the stream ends, so
 * that a pointer to one is good for a whole turn of the loop.
 */
#include "base/log.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "chat/xmpp/xmpp_nick.h"
#include "chat/xmpp/xmpp_priv.h"

#include <search.h>
#include <string.h>

static int compare_jid(const void *a, const void *b)
{
	const struct xmpp_room *left = a;
	const struct xmpp_room *right = b;

	return strcmp(left->jid, right->jid);
}

static int compare_place(const void *a, const void *b)
{
	const struct xmpp_room *left = a;
	const struct xmpp_room *right = b;

	return (left->place.v > right->place.v) - (left->place.v < right->place.v);
}

struct xmpp_room *rooms_by_jid(struct xmpp *x, const char *bare)
{
	AUTO_FREE char *copy = xstrdup(bare);
	struct xmpp_room key = {.jid = copy};
	struct xmpp_room **found = tfind(&key, &x->rooms_by_jid, compare_jid);

	return found ? *found : NULL;
}

struct xmpp_room *rooms_by_place(struct xmpp *x, struct place_id place)
{
	struct xmpp_room key = {.place = place};
	struct xmpp_room **found = tfind(&key, &x->rooms_by_place, compare_place);

	return found ? *found : NULL;
}

/* Tokens are ours, but an address with a stray character would end the stream. */
static bool is_token(const char *token)
{
	size_t len = strspn(token, "abcdefghijklmnopqrstuvwxyz0123456789");

	return len > 0 && token[len] == '\0' && len < TOKEN_MAX && strcmp(token, "bot") != 0;
}

/* The address that was told before stays the room's, unless it is of another service now. */
static char *room_address(const struct xmpp *x, const struct chat_place *place)
{
	STRBUF_AUTO(jid);
	char bare[ADDRESS_MAX];
	struct jid parts;

	if (place->kind == PLACE_CONTROL)
		return xstrdup(x->cfg.control);
	if (jid_bare(place->address, bare) && jid_split(bare, &parts) && parts.local_len > 0 &&
	    jid_domain_is(&parts, x->cfg.muc))
		return xstrdup(bare);
	strbuf_addf(&jid, "c%s@%s", place->token, x->cfg.muc);
	return strbuf_detach(&jid, NULL);
}

static struct xmpp_room *room_new(struct xmpp *x, const struct chat_place *place)
{
	AUTO_FREE char *jid = room_address(x, place);
	struct xmpp_room *room;
	STRBUF_AUTO(ghost);

	if (rooms_by_jid(x, jid)) {
		log_error("xmpp.room_twice room=%s place=%lld", jid, (long long)place->id.v);
		return NULL;
	}
	room = xcalloc(1, sizeof(*room));
	room->x = x;
	room->place = place->id;
	room->kind = place->kind;
	room->jid = xstrdup(jid);
	if (place->kind == PLACE_CONVERSATION) {
		strbuf_addf(&ghost, "%s@%s/sms", place->token, x->cfg.domain);
		room->ghost = strbuf_detach(&ghost, NULL);
	}
	LIST_INIT(&room->occupants);
	LIST_INIT(&room->affiliates);
	STAILQ_INIT(&room->calls);
	STAILQ_INIT(&room->held);
	TAILQ_INIT(&room->recent);
	TAILQ_INSERT_TAIL(&x->rooms, room, link);
	if (!tsearch(room, &x->rooms_by_jid, compare_jid) ||
	    !tsearch(room, &x->rooms_by_place, compare_place))
		BUG("no memory for a room");
	if (place->kind == PLACE_CONTROL)
		x->control = room;
	return room;
}

/* "ctoken@rooms" becomes "ctoken-2@rooms", and that "ctoken-3@rooms". */
void rooms_move(struct xmpp_room *room)
{
	struct xmpp *x = room->x;
	size_t local = strcspn(room->jid, "@");
	size_t stem = local;
	unsigned number = 1;
	STRBUF_AUTO(jid);

	while (stem > 0 && room->jid[stem - 1] >= '0' && room->jid[stem - 1] <= '9')
		stem--;
	if (stem > 1 && stem < local && room->jid[stem - 1] == '-' && local - stem < 6) {
		for (number = 0; stem < local; stem++)
			number = number * 10 + (unsigned)(room->jid[stem] - '0');
		local = strcspn(room->jid, "-");
	}
	strbuf_add(&jid, room->jid, local);
	strbuf_addf(&jid, "-%u@%s", number + 1, x->cfg.muc);
	(void)tdelete(room, &x->rooms_by_jid, compare_jid);
	free(room->jid);
	room->jid = strbuf_detach(&jid, NULL);
	if (!tsearch(room, &x->rooms_by_jid, compare_jid))
		BUG("no memory for a room");
}

static void replace(char **field, const char *value)
{
	free(*field);
	*field = xstrdup(value);
}

struct xmpp_room *rooms_take(struct xmpp *x, const struct chat_place *place)
{
	struct xmpp_room *room = rooms_by_place(x, place->id);

	if (!room && place->kind == PLACE_CONVERSATION && !is_token(place->token)) {
		log_error("xmpp.bad_token place=%lld", (long long)place->id.v);
		return NULL;
	}
	if (!room)
		room = room_new(x, place);
	if (!room)
		return NULL;
	replace(&room->title, place->title);
	replace(&room->topic, place->topic);
	replace(&room->ghost_name, place->contact_name);
	room->invite = place->invite;
	return room;
}

static void room_free(struct xmpp_room *room)
{
	(void)tdelete(room, &room->x->rooms_by_jid, compare_jid);
	(void)tdelete(room, &room->x->rooms_by_place, compare_place);
	affiliate_free_all(room);
	occupant_free_all(room);
	members_release(&room->wanted);
	call_void_all(room->x, &room->calls);
	archive_drop_held(room);
	recent_free_all(room);
	free(room->jid);
	free(room->ghost);
	free(room->ghost_name);
	free(room->title);
	free(room->topic);
	free(room->nick);
	free(room->ghost_nick);
	free(room->name_now);
	free(room->subject_now);
	free(room);
}

void rooms_free_all(struct xmpp *x)
{
	struct xmpp_room *room;

	while ((room = TAILQ_FIRST(&x->rooms))) {
		TAILQ_REMOVE(&x->rooms, room, link);
		room_free(room);
	}
	x->control = NULL;
	x->opening = x->queued = 0;
}
