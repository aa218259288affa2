/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What an event means: which place it belongs to, and what to tell the bridge.
 *
 * On a desk only the thread tells whom something is for. A reply outside of a thread, an edit or a
 * reaction is for the place of the event it names, if we still know that; what is for nobody is
 * answered like a chat with the bot, and never texted.
 */
#include "base/xalloc.h"
#include "chat/matrix/matrix_priv.h"

#include <string.h>

struct where {
	enum place_kind kind;
	struct place_id place;
	const char *root; /* of a chat with the bot: the thread it is in */
};

/* ---- where it belongs ------------------------------------------------------------------------------------ */

static int find_at(struct matrix *m, const char *room, const char *root, struct place_id *out)
{
	const struct mx_place *place = mx_place_at(m, room, root);
	STRBUF_AUTO(address);

	if (place && place->kind == PLACE_CONVERSATION) {
		*out = place->id;
		return 1;
	}
	mx_address(&address, room, root);
	return bridge_place_find(m->host.bridge, matrix_name, PLACE_CONVERSATION, address.buf, out);
}

/* A conversation whose event is named, in that room. */
static int find_named(struct matrix *m, const struct mx_event *event, const char *named,
		      struct place_id *out)
{
	struct place_id place = mx_recent_find(m->recent, named);
	const struct mx_place *known = mx_place_find(m, place);

	if (!named[0])
		return 0;
	if (known && known->kind == PLACE_CONVERSATION &&
	    strcmp(mx_place_room_id(known), event->room) == 0) {
		*out = place;
		return 1;
	}
	/* After a restart too: what still waits can be taken back, what has gone is told of. */
	if (event->edit || event->kind == MX_REDACTION)
		return bridge_place_of_event(m->host.bridge, matrix_name, named, out);
	return find_at(m, event->room, named, out);
}

/* 1 found, 0 it is for nobody, -1 it cannot be told now. */
static int find_conversation(struct matrix *m, const struct mx_event *event, struct place_id *out)
{
	int found = event->thread[0] ? find_at(m, event->room, event->thread, out) : 0;

	if (found == 0)
		found = find_at(m, event->room, "", out);
	if (found == 0 && !event->thread[0])
		found = find_named(m, event, event->target[0] ? event->target : event->reply_to,
				   out);
	return found;
}

static int find_where(struct matrix *m, const struct mx_event *event, struct where *out)
{
	int found;

	*out = (struct where){.kind = PLACE_CONVERSATION, .root = event->thread};
	if (m->control && strcmp(m->control->id, event->room) == 0) {
		const struct mx_place *control = mx_place_at(m, event->room, "");

		out->kind = PLACE_CONTROL;
		out->place = control ? control->id : (struct place_id){0};
		return control ? 1 : -1;
	}
	found = find_conversation(m, event, &out->place);
	if (found == 0)
		out->kind = PLACE_DIRECT;
	return found < 0 ? -1 : 1;
}

/* ---- what was said ----------------------------------------------------------------------------------------- */

static enum chat_said_kind said_kind(const struct mx_event *event)
{
	switch (event->kind) {
	case MX_MESSAGE:
		if (event->edit)
			return CHAT_SAID_EDIT;
		if (event->msgtype == MX_MSG_FILE)
			return CHAT_SAID_FILE;
		return event->msgtype == MX_MSG_TEXT ? CHAT_SAID_TEXT : CHAT_SAID_OTHER;
	case MX_REACTION:
		return CHAT_SAID_REACTION;
	case MX_REDACTION:
		return CHAT_SAID_RETRACTED;
	case MX_ENCRYPTED:
		return CHAT_SAID_ENCRYPTED;
	case MX_UNCARRIED:
	case MX_MEMBER:
	case MX_TOMBSTONE:
	case MX_ENCRYPTION:
	case MX_STATE:
	case MX_OTHER:
		return CHAT_SAID_OTHER;
	}
	BUG("event kind %d", (int)event->kind);
}

/* What an SMS cannot carry, in words. */
static const char *said_text(const struct mx_event *event)
{
	if (event->kind != MX_MESSAGE || event->edit)
		return event->text.buf;
	switch (event->msgtype) {
	case MX_MSG_NOTICE:
		return "what a program says (m.notice)";
	case MX_MSG_EMOTE:
		return "an action (/me)";
	case MX_MSG_FILE:
		return event->captioned ? event->text.buf : "";
	case MX_MSG_TEXT:
	case MX_MSG_OTHER:
		return event->text.buf;
	}
	BUG("message type %d", (int)event->msgtype);
}

static struct chat_file said_file(const struct mx_event *event)
{
	if (event->kind != MX_MESSAGE || event->msgtype != MX_MSG_FILE)
		return (struct chat_file){0};
	return (struct chat_file){
		.reference = event->uri, .type = event->mime, .size = event->size};
}

/* Programs may talk to each other; answering them could go on for ever. */
static bool is_for_people_only(const struct mx_event *event, const struct where *where)
{
	return event->kind == MX_MESSAGE && event->msgtype == MX_MSG_NOTICE &&
	       where->kind != PLACE_CONVERSATION;
}

static int said(struct matrix *m, const struct mx_event *event)
{
	int64_t now = loop_now(m->host.loop);
	struct where where;
	STRBUF_AUTO(address);
	struct mx_place *place;

	mx_done_tell(m); /* it may be about what was shown just now */
	if (find_where(m, event, &where) < 0)
		return -1;
	if (is_for_people_only(event, &where))
		return 0;
	place = mx_place_find(m, where.place);
	if (place && place->threaded && strcmp(place->root, event->thread) == 0)
		(void)STR_COPY(place->latest, event->id);
	if (place && event->kind == MX_MESSAGE)
		mx_desk_spoke(place, event->sender);
	if (where.place.v)
		mx_recent_note(m->recent, event->id, where.place);
	mx_address(&address, event->room, where.root);
	return bridge_chat_said(m->host.bridge, matrix_name,
				&(struct chat_said){
					.kind = where.kind,
					.place = where.place,
					.address = address.buf,
					.user = event->sender,
					.organizer = mx_is_organizer(m, event->sender),
					.what = said_kind(event),
					.text = said_text(event),
					.file = said_file(event),
					.event_id = event->id,
					.target_event = event->target,
					.at = event->at,
					.stale = event->at > 0 && now - event->at > m->cfg.stale_ms,
				});
}

/* ---- state ---------------------------------------------------------------------------------------------------- */

static void encryption(struct matrix *m, const struct mx_event *event)
{
	STRBUF_AUTO(words);
	const struct mx_room *room = mx_room_find(m, event->room);

	if (!room)
		return;
	strbuf_addf(&words,
		    "%s has switched on encryption in the room “%s”. I cannot read what is "
		    "encrypted, so nothing from there is texted; it cannot be switched off again.",
		    event->sender, room->name);
	bridge_chat_alert(m->host.bridge, matrix_name, words.buf);
}

static void tombstone(struct matrix *m, const struct mx_event *event)
{
	struct mx_room *room = mx_room_find(m, event->room);

	if (room)
		mx_upgrade_begin(room, event->replacement);
}

/* Somebody may have changed what is ours to decide. */
static void state(struct matrix *m, const struct mx_event *event)
{
	struct mx_room *room = mx_room_find(m, event->room);

	if (room && !mx_is_us(m, event->sender))
		mx_room_doubt(room);
}

int mx_in_event(struct matrix *m, const struct mx_event *event)
{
	/* Who is who is not known yet. */
	if (m->life != MX_UP)
		return -1;
	switch (event->kind) {
	case MX_MEMBER:
		mx_member_event(m, event);
		return 0;
	case MX_TOMBSTONE:
		tombstone(m, event);
		return 0;
	case MX_ENCRYPTION:
		encryption(m, event);
		return 0;
	case MX_STATE:
		state(m, event);
		return 0;
	case MX_OTHER:
		return 0;
	case MX_MESSAGE:
	case MX_REACTION:
	case MX_REDACTION:
	case MX_ENCRYPTED:
	case MX_UNCARRIED:
		return mx_is_us(m, event->sender) ? 0 : said(m, event);
	}
	BUG("event kind %d", (int)event->kind);
}
