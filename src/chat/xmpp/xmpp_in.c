/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Sorts what comes in. From rooms only the copy to the bot counts; the ghosts get everything a
 * second time. Who speaks is the real address behind a nickname, as the room tells by presence.
 */
#include "base/log.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "chat/xmpp/xmpp_priv.h"

#include <stdio.h>
#include <string.h>

static const char write_in_room[] = "Please write in the room, so that everybody sees it.";

bool in_is_us(const struct xmpp_room *room, const char *user)
{
	size_t len = strlen(user);

	return strcmp(user, room->x->cfg.bot) == 0 ||
	       (room->ghost && strncmp(room->ghost, user, len) == 0 && room->ghost[len] == '/');
}

/* ---- what people say ------------------------------------------------------------------------------ */

/* Ids that clients choose may repeat, so one that no server vouches for is made unique; the rest
 * after the second '~' is what a mark of ours must name. */
static void made_up_event_id(struct xmpp *x, xmpp_stanza_t *message, char out[EVENT_ID_MAX])
{
	const char *own = read_attr(message, "id");

	(void)snprintf(out, EVENT_ID_MAX, "~%s-%u~", x->epoch, ++x->serial);
	if (strlen(out) + strlen(own) < EVENT_ID_MAX)
		memcpy(out + strlen(out), own, strlen(own) + 1);
}

static void event_id_of(struct xmpp_room *room, xmpp_stanza_t *message, char out[EVENT_ID_MAX])
{
	if (!str_copy(out, EVENT_ID_MAX, read_stanza_id(message, room->jid)) || out[0] == '\0')
		made_up_event_id(room->x, message, out);
}

void in_said(struct xmpp *x, struct xmpp_room *room, const char *user, xmpp_stanza_t *message,
	     const char *event_id, int64_t at)
{
	struct heard heard;

	if (read_said(message, &heard)) {
		const char *target = room ? recent_find(room, user, heard.target) : NULL;

		if (target)
			(void)STR_COPY(heard.target, target);
		/* What corrects a correction means the first words. */
		if (room)
			recent_note(room, user, message,
				    target && heard.what == CHAT_SAID_EDIT ? target : event_id);
		(void)bridge_chat_said(x->bridge, xmpp_name,
				       &(struct chat_said){
					       .kind = room ? room->kind : PLACE_DIRECT,
					       .place = room ? room->place : (struct place_id){0},
					       .address = user,
					       .user = user,
					       .organizer = member_is_organizer(x->control, user),
					       .what = heard.what,
					       .text = heard.text.buf,
					       .file = {.reference = heard.file.url.buf,
							.type = heard.file.type,
							.size = heard.file.size},
					       .event_id = event_id,
					       .fleeting = event_id[0] == '~',
					       .target_event = heard.target,
					       .at = at,
				       });
	}
	heard_release(&heard);
}

/* ---- from rooms -------------------------------------------------------------------------------------- */

/* A word of the room itself: its configuration or an affiliation changed. */
static void room_notice(struct xmpp_room *room, xmpp_stanza_t *st)
{
	struct muc_item item;

	if (read_item(st, &item) && item.user[0])
		member_affiliation(room, item.user, item.affiliation);
	if (read_has_status(st, "104") || read_has_status(st, "172") ||
	    read_has_status(st, "173") || read_has_status(st, "174"))
		open_recheck(room);
}

static void note_subject(struct xmpp_room *room, xmpp_stanza_t *subject)
{
	STRBUF_AUTO(text);

	read_text(subject, &text);
	free(room->subject_now);
	room->subject_now = strbuf_detach(&text, NULL);
}

static void room_groupchat(struct xmpp_room *room, xmpp_stanza_t *st, const char *nick)
{
	xmpp_stanza_t *subject = xmpp_stanza_get_child_by_name(st, "subject");
	struct occupant *occupant = occupant_find(room, nick);
	char event_id[EVENT_ID_MAX];

	if (subject && !xmpp_stanza_get_child_by_name(st, "body")) {
		note_subject(room, subject);
		return;
	}
	if (nick[0] == '\0') {
		room_notice(room, st);
		return;
	}
	/* History comes before the room is ready. What says so of itself later is an author's lie
	 * that ejabberd lets pass, and it was said now. */
	if (room->state != ROOM_READY && read_is_history(st, room->jid))
		return;
	event_id_of(room, st, event_id);
	if (occupant && in_is_us(room, occupant->user)) {
		call_seen(room, read_attr(st, "id"), event_id);
		return;
	}
	if (!occupant || occupant->user[0] == '\0')
		log_warn("xmpp.unknown_speaker room=%s event=%s", room->jid, log_quote(event_id));
	else if (room->state == ROOM_READY)
		in_said(room->x, room, occupant->user, st, event_id, 0);
	else
		archive_hold(room, occupant->user, st, event_id);
}

static void room_to_ghost(struct xmpp_room *room, xmpp_stanza_t *st)
{
	const char *type = read_type(st);

	if (strcmp(type, "error") == 0)
		call_error(room, st);
	else if (strcmp(type, "groupchat") != 0 && xmpp_stanza_get_child_by_name(st, "body"))
		answer_refuse(room->x, st, "cancel", "not-acceptable", write_in_room);
}

static void room_to_bot(struct xmpp_room *room, xmpp_stanza_t *st, const char *nick)
{
	const char *type = read_type(st);
	xmpp_stanza_t *result = read_child(st, "result", NS_ARCHIVE);

	if (strcmp(type, "error") == 0)
		call_error(room, st);
	else if (strcmp(type, "groupchat") == 0)
		room_groupchat(room, st, nick);
	else if (nick[0] == '\0' && result)
		archive_result(room, result);
	else if (nick[0] == '\0')
		room_notice(room, st);
	else if (xmpp_stanza_get_child_by_name(st, "body"))
		answer_refuse(room->x, st, "cancel", "not-acceptable", write_in_room);
}

static bool is_joined(const struct xmpp_room *room)
{
	return room->state != ROOM_LOST && room->state != ROOM_QUEUED;
}

/* ---- from people ---------------------------------------------------------------------------------------- */

static void from_person(struct xmpp *x, xmpp_stanza_t *st, bool to_bot)
{
	char user[ADDRESS_MAX];
	char event_id[EVENT_ID_MAX];

	if (strcmp(read_type(st), "error") == 0) {
		call_direct_error(x, st);
		return;
	}
	/* A server announces privileges (XEP-0356) that nobody asked it for, and hosts speak. */
	if (!jid_bare(read_attr(st, "from"), user) || !strchr(user, '@'))
		return;
	if (!to_bot) {
		if (xmpp_stanza_get_child_by_name(st, "body"))
			answer_refuse(x, st, "cancel", "not-acceptable", write_in_room);
		return;
	}
	made_up_event_id(x, st, event_id);
	in_said(x, NULL, user, st, event_id, 0);
}

/* ---- by the link ------------------------------------------------------------------------------------------ */

struct route {
	struct jid from;
	bool from_rooms;
	bool to_bot;
	struct xmpp_room *room; /* NULL: none that we know */
};

static bool find_route(struct xmpp *x, xmpp_stanza_t *st, struct route *out)
{
	char bare[ADDRESS_MAX];
	struct jid to;

	*out = (struct route){0};
	if (!jid_split(read_attr(st, "to"), &to) || !jid_split(read_attr(st, "from"), &out->from) ||
	    !jid_bare(read_attr(st, "from"), bare))
		return false;
	out->to_bot = jid_local_is(&to, "bot");
	out->from_rooms = jid_domain_is(&out->from, x->cfg.muc);
	if (out->from_rooms)
		out->room = rooms_by_jid(x, bare);
	/* Of the ghosts in a room only its own is of interest. */
	if (out->room && !out->to_bot &&
	    (!out->room->ghost || strcmp(out->room->ghost, read_attr(st, "to")) != 0))
		out->room = NULL;
	return true;
}

void in_message(struct xmpp *x, xmpp_stanza_t *st)
{
	struct route r;

	if (!find_route(x, st, &r))
		return;
	if (!r.from_rooms) {
		from_person(x, st, r.to_bot);
	} else if (!r.room || !is_joined(r.room)) {
		return;
	} else if (r.to_bot) {
		r.room->heard = x->link.heard;
		room_to_bot(r.room, st, r.from.resource);
	} else {
		room_to_ghost(r.room, st);
	}
}

void in_presence(struct xmpp *x, xmpp_stanza_t *st)
{
	struct route r;

	if (!find_route(x, st, &r))
		return;
	if (!r.from_rooms)
		answer_presence(x, st);
	else if (!r.room || !is_joined(r.room))
		return;
	else if (r.to_bot)
		room_presence(r.room, st, r.from.resource);
	else
		room_ghost_presence(r.room, st, r.from.resource);
}

void in_iq(struct xmpp *x, xmpp_stanza_t *st)
{
	const char *type = read_type(st);

	if (strcmp(type, "result") == 0 || strcmp(type, "error") == 0)
		(void)ask_answered(x, st);
	else
		answer_iq(x, st);
}
