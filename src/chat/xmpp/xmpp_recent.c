/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which message a correction or a retraction means. It names the id that the sender's client gave
 * the message (XEP-0308; XEP-0424 before version 0.4), while the bridge knows a message by the id
 * that the room gave it. Only the same person's messages are looked at, because everybody may choose
 * any id. Kept for as many of the last messages as somebody may still want to change, and only while
 * the stream lives: afterwards the archive tells again what the bridge has not heard yet.
 */
#include "base/xalloc.h"
#include "chat/xmpp/xmpp_priv.h"

#include <string.h>

#define RECENT_MAX 50 /* of a room */

struct recent {
	TAILQ_ENTRY(recent) link;
	char *user;
	char *id;
	char *event_id;
};

static void recent_free(struct xmpp_room *room, struct recent *recent)
{
	TAILQ_REMOVE(&room->recent, recent, link);
	room->recent_n--;
	free(recent->user);
	free(recent->id);
	free(recent->event_id);
	free(recent);
}

static void recent_add(struct xmpp_room *room, const char *user, const char *id,
		       const char *event_id)
{
	struct recent *recent;

	if (id[0] == '\0' || strlen(id) >= EVENT_ID_MAX)
		return;
	if (room->recent_n >= RECENT_MAX)
		recent_free(room, TAILQ_LAST(&room->recent, recent_list));
	recent = xcalloc(1, sizeof(*recent));
	recent->user = xstrdup(user);
	recent->id = xstrdup(id);
	recent->event_id = xstrdup(event_id);
	TAILQ_INSERT_HEAD(&room->recent, recent, link);
	room->recent_n++;
}

void recent_note(struct xmpp_room *room, const char *user, xmpp_stanza_t *message,
		 const char *event_id)
{
	xmpp_stanza_t *origin = read_child(message, "origin-id", "urn:xmpp:sid:0");
	const char *id = read_attr(message, "id");

	recent_add(room, user, id, event_id);
	if (origin && strcmp(read_attr(origin, "id"), id) != 0)
		recent_add(room, user, read_attr(origin, "id"), event_id);
}

const char *recent_find(const struct xmpp_room *room, const char *user, const char *id)
{
	struct recent *recent;

	for (recent = TAILQ_FIRST(&room->recent); recent; recent = TAILQ_NEXT(recent, link))
		if (strcmp(recent->id, id) == 0 && strcmp(recent->user, user) == 0)
			return recent->event_id;
	return NULL;
}

void recent_free_all(struct xmpp_room *room)
{
	while (!TAILQ_EMPTY(&room->recent))
		recent_free(room, TAILQ_FIRST(&room->recent));
}
