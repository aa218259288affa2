/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Catching up from the room's archive (XEP-0313 with XEP-0059): what was said since the cursor,
 * oldest first, a page at a time. Our own messages in it are acknowledgements that came late.
 *
 * What is said meanwhile is held, so that the bridge hears all in order. Asking for a page lets go
 * of what the page will tell; what is held when the last page is in comes after it. Some of that may
 * have been in the page as well: the bridge knows events by their ids.
 */
#include "base/log.h"
#include "base/xalloc.h"
#include "chat/xmpp/xmpp_priv.h"

#include <string.h>

#define PAGE 50
#define HELD_MAX 500
#define PAGES_MAX 2000 /* more than that is a server that sends us in circles */

struct held {
	STAILQ_ENTRY(held) link;
	xmpp_stanza_t *message;
	char *user;
	char *event_id;
};

static void ask_page(struct xmpp_room *room, bool newest);

/* ---- what is said meanwhile ---------------------------------------------------------------------- */

void archive_hold(struct xmpp_room *room, const char *user, xmpp_stanza_t *message,
		  const char *event_id)
{
	struct held *held;

	if (room->held_n >= HELD_MAX) {
		room->overrun = true;
		return;
	}
	held = xcalloc(1, sizeof(*held));
	held->message = xmpp_stanza_clone(message);
	held->user = xstrdup(user);
	held->event_id = xstrdup(event_id);
	STAILQ_INSERT_TAIL(&room->held, held, link);
	room->held_n++;
}

static void held_free(struct held *held)
{
	(void)xmpp_stanza_release(held->message);
	free(held->user);
	free(held->event_id);
	free(held);
}

/* Hands over, or not, all that is held; keep_unarchived: but for what no archive will tell. */
static void let_go(struct xmpp_room *room, bool tell, bool keep_unarchived)
{
	struct held_list kept = STAILQ_HEAD_INITIALIZER(kept);
	struct held *held;

	while ((held = STAILQ_FIRST(&room->held))) {
		STAILQ_REMOVE_HEAD(&room->held, link);
		room->held_n--;
		if (keep_unarchived && held->event_id[0] == '~') {
			STAILQ_INSERT_TAIL(&kept, held, link);
			continue;
		}
		if (tell)
			in_said(room->x, room, held->user, held->message, held->event_id, 0);
		held_free(held);
	}
	while ((held = STAILQ_FIRST(&kept))) {
		STAILQ_REMOVE_HEAD(&kept, link);
		STAILQ_INSERT_TAIL(&room->held, held, link);
		room->held_n++;
	}
}

void archive_drop_held(struct xmpp_room *room)
{
	let_go(room, false, false);
}

static void caught_up(struct xmpp_room *room)
{
	let_go(room, true, false);
	open_caught_up(room);
}

/* ---- pages ------------------------------------------------------------------------------------------ */

/* Ids of ours for messages the room gave none start like that; no archive knows them. */
static bool has_place_in_archive(const struct xmpp_room *room)
{
	return room->cursor[0] && room->cursor[0] != '~';
}

/* The control room's commands of the time before we knew the room are nobody's business, and where
 * we do not know how far we got, carrying out old ones again would be worse than missing one. */
static bool starts_at_the_end(const struct xmpp_room *room)
{
	return room->cursor[0] == '~' || (room->kind == PLACE_CONTROL && !room->cursor[0]);
}

static void on_page(struct xmpp *x, struct xmpp_room *room, const char *note, xmpp_stanza_t *reply)
{
	xmpp_stanza_t *fin = reply ? read_child(reply, "fin", NS_ARCHIVE) : NULL;

	(void)x;
	(void)note;
	if (!reply) {
		room_lose(room, "the room's archive does not answer");
		return;
	}
	if (strcmp(read_error(reply), "item-not-found") == 0 && has_place_in_archive(room)) {
		/* Archives forget after a while: all they still have is newer than the cursor. */
		log_info("xmpp.cursor_expired room=%s", room->jid);
		room->cursor[0] = '\0';
		ask_page(room, false);
		return;
	}
	if (!fin) {
		log_warn("xmpp.archive_refused room=%s why=%s", room->jid, read_error(reply));
		caught_up(room);
		return;
	}
	if (!room->newest && strcmp(read_attr(fin, "complete"), "true") != 0 && room->page_n > 0 &&
	    room->pages < PAGES_MAX) {
		ask_page(room, false);
		return;
	}
	if (room->overrun && room->pages < PAGES_MAX) {
		ask_page(room, false);
		return;
	}
	caught_up(room);
}

static void ask_page(struct xmpp_room *room, bool newest)
{
	struct xmpp *x = room->x;
	struct stanza_head head = {.from = x->cfg.bot_full, .to = room->jid};

	xmpp_new_id(x, room->query);
	room->pages++;
	room->page_n = 0;
	room->newest = newest;
	room->overrun = false;
	let_go(room, false, true);
	ask_take(x,
		 stanza_archive_get(x->link.ctx, &head, room->query, newest ? NULL : room->cursor,
				    newest ? 1 : PAGE),
		 on_page, room, NULL);
}

void archive_start(struct xmpp_room *room)
{
	if (room->has_archive)
		ask_page(room, starts_at_the_end(room));
	else
		caught_up(room);
}

static int64_t archived_at(xmpp_stanza_t *forwarded)
{
	xmpp_stanza_t *delay = read_child(forwarded, "delay", NS_DELAY);

	return delay ? read_stamp(read_attr(delay, "stamp")) : 0;
}

static void take_message(struct xmpp_room *room, xmpp_stanza_t *forwarded, const char *id)
{
	xmpp_stanza_t *message = xmpp_stanza_get_child_by_name(forwarded, "message");
	char user[ADDRESS_MAX];

	if (!message || strcmp(read_type(message), "groupchat") != 0)
		return;
	if (!read_archived_user(message, user)) {
		if (xmpp_stanza_get_child_by_name(message, "body"))
			log_warn("xmpp.unknown_speaker room=%s event=%s", room->jid, log_quote(id));
		return;
	}
	if (in_is_us(room, user))
		call_seen(room, read_attr(message, "id"), id);
	else
		in_said(room->x, room, user, message, id, archived_at(forwarded));
}

void archive_result(struct xmpp_room *room, xmpp_stanza_t *result)
{
	xmpp_stanza_t *forwarded = read_child(result, "forwarded", "urn:xmpp:forward:0");
	const char *id = read_attr(result, "id");

	if (room->state != ROOM_CATCHING_UP ||
	    strcmp(read_attr(result, "queryid"), room->query) != 0)
		return;
	room->page_n++;
	if (!room->newest && forwarded)
		take_message(room, forwarded, id);
	/* The bridge may have had the room closed or opened anew while it heard. */
	if (room->state == ROOM_CATCHING_UP && !STR_COPY(room->cursor, id))
		log_warn("xmpp.long_event_id room=%s", room->jid);
}
