/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The steps from being in a room to having it ready: look what kind of room it is, make it private
 * where it is ours, see to its members, catch up.
 *
 *   joined -> check -> (fetch form -> configure -> check) -> list -> grant -> catch up -> ready
 *
 * A conversation's room is ours: what is wrong with it is put right. The control room may be the
 * organizers' own: whoever is in it commands us, so one that is open to anyone, or hides who speaks,
 * is refused instead of changed behind the backs of those in it; and so is one that somebody else
 * than the organizers has made, or may let people into.
 */
#include "base/log.h"
#include "base/xalloc.h"
#include "chat/xmpp/xmpp_priv.h"

#include <stdio.h>
#include <string.h>

#define FORM_MAX 32
#define SHOWN_JID 100

/* What servers call the settings of a room; a form is sent back with those of them it offers.
 * XEP-0045 10.2, Prosody 0.12 and 13, ejabberd. */
static const struct form_field private_room[] = {
	{"muc#roomconfig_persistentroom", "1", false},
	{"muc#roomconfig_membersonly", "1", false},
	{"muc#roomconfig_whois", "anyone", false},
	{"muc#roomconfig_publicroom", "0", false},
	{"public_list", "0", false},
	{"muc#roomconfig_passwordprotectedroom", "0", false},
	{"muc#roomconfig_moderatedroom", "0", false},
	{"muc#roomconfig_changesubject", "0", false},
	{"muc#roomconfig_allowinvites", "0", false},
	{"muc#roomconfig_enablelogging", "0", false},
	{"muc#roomconfig_enablearchiving", "1", false},
	{"mam", "1", false},
	{"muc#roomconfig_allowpm", "none", false},
	{"allow_private_messages", "0", false},
	/* All of them: we know who speaks only of those whose presence we see. */
	{"muc#roomconfig_presencebroadcast", "moderator participant visitor", true},
};

#define PRIVATE_N (sizeof(private_room) / sizeof(private_room[0]))

static struct stanza_head to_room(const struct xmpp_room *room)
{
	return (struct stanza_head){.from = room->x->cfg.bot_full, .to = room->jid};
}

/* A question of the opening got no answer or a refusal: give up. False when it is an answer. */
static bool refused(struct xmpp_room *room, xmpp_stanza_t *reply, const char *step)
{
	char why[200];
	const char *condition = reply ? read_error(reply) : "";

	if (reply && condition[0] == '\0')
		return false;
	(void)snprintf(why, sizeof(why), "%s: %s", step,
		       reply ? room_reason(condition) : "no answer");
	room_lose(room, why);
	return true;
}

/* ---- what kind of room ---------------------------------------------------------------------------- */

struct room_kind {
	bool private; /* members only, and everybody sees who is who */
	bool persistent;
	bool archive;
	const char *name;
};

static void read_kind(xmpp_stanza_t *reply, struct room_kind *out)
{
	xmpp_stanza_t *query = read_child(reply, "query", NS_DISCO_INFO);
	bool members_only = false;
	bool open_names = false;

	*out = (struct room_kind){.name = ""};
	for (xmpp_stanza_t *c = query ? xmpp_stanza_get_children(query) : NULL; c;
	     c = xmpp_stanza_get_next(c)) {
		const char *var = read_attr(c, "var");

		if (strcmp(read_attr(c, "category"), "conference") == 0)
			out->name = read_attr(c, "name");
		members_only |= strcmp(var, "muc_membersonly") == 0;
		open_names |= strcmp(var, "muc_nonanonymous") == 0;
		out->persistent |= strcmp(var, "muc_persistent") == 0;
		out->archive |= strcmp(var, NS_ARCHIVE) == 0;
	}
	out->private = members_only && open_names;
}

static void check(struct xmpp_room *room);
static void fetch(struct xmpp_room *room);

static void refuse_control(struct xmpp_room *room, const char *what, const char *remedy)
{
	struct xmpp *x = room->x;

	(void)snprintf(x->control_refused, sizeof(x->control_refused),
		       "the control room %.*s %s: %s, or destroy it so that it is made anew",
		       SHOWN_JID, room->jid, what, remedy);
	room_lose(room, x->control_refused);
}

static void refuse_public_control(struct xmpp_room *room)
{
	refuse_control(room, "is not private",
		       "make it members-only and let everybody see real addresses");
}

bool open_refuse_foreign(struct xmpp_room *room)
{
	if (room->kind != PLACE_CONTROL || member_is_ruled_by_us(room))
		return false;
	refuse_control(room, "belongs to others",
		       "make the bot its owner, or choose another xmpp.control_room");
	return true;
}

static void on_kind(struct xmpp *x, struct xmpp_room *room, const char *note, xmpp_stanza_t *reply)
{
	struct room_kind kind;

	(void)x;
	(void)note;
	if (refused(room, reply, "asking about the room"))
		return;
	read_kind(reply, &kind);
	free(room->name_now);
	room->name_now = xstrdup(kind.name);
	room->has_archive = kind.archive;
	if (kind.private && (kind.persistent || room->kind == PLACE_CONTROL)) {
		if (!kind.archive)
			log_warn("xmpp.no_archive room=%s what is said while we are away is lost",
				 room->jid);
		room_set_state(room, ROOM_LISTING);
		member_list(room);
	} else if (room->kind == PLACE_CONTROL && !room->created) {
		refuse_public_control(room);
	} else if (room->configured) {
		room_lose(room, "the server does not make the room private: members-only and "
				"non-anonymous rooms must be allowed");
	} else {
		fetch(room);
	}
}

static void check(struct xmpp_room *room)
{
	struct stanza_head head = to_room(room);

	room_set_state(room, ROOM_CHECKING);
	ask_take(room->x, stanza_disco_get(room->x->link.ctx, &head), on_kind, room, NULL);
}

/* ---- making it private ------------------------------------------------------------------------------ */

static void on_configured(struct xmpp *x, struct xmpp_room *room, const char *note,
			  xmpp_stanza_t *reply)
{
	(void)x;
	(void)note;
	if (refused(room, reply, "configuring the room"))
		return;
	room->configured = true;
	check(room);
}

static const struct form_field *known_field(const char *name)
{
	for (size_t i = 0; i < PRIVATE_N; i++)
		if (strcmp(private_room[i].name, name) == 0)
			return &private_room[i];
	return NULL;
}

static void on_form(struct xmpp *x, struct xmpp_room *room, const char *note, xmpp_stanza_t *reply)
{
	struct form_field fields[FORM_MAX];
	struct stanza_head head = to_room(room);
	xmpp_stanza_t *form = NULL;
	size_t n = 0;

	(void)note;
	if (refused(room, reply, "asking for the room's form"))
		return;
	form = read_child(reply, "query", NS_OWNER);
	form = form ? read_child(form, "x", NS_DATA) : NULL;
	for (xmpp_stanza_t *c = form ? xmpp_stanza_get_children(form) : NULL; c;
	     c = xmpp_stanza_get_next(c)) {
		const char *name = read_attr(c, "var");
		const struct form_field *known = known_field(name);

		if (strcmp(name, "muc#roomconfig_roomname") == 0 && n < FORM_MAX)
			fields[n++] = (struct form_field){.name = "muc#roomconfig_roomname",
							  .value = room->title};
		else if (known && n < FORM_MAX)
			fields[n++] = *known;
	}
	room_set_state(room, ROOM_CONFIGURING);
	ask_take(x, stanza_form_set(x->link.ctx, &head, fields, n), on_configured, room, NULL);
}

static void fetch(struct xmpp_room *room)
{
	struct stanza_head head = to_room(room);

	room_set_state(room, ROOM_FETCHING);
	ask_take(room->x, stanza_form_get(room->x->link.ctx, &head), on_form, room, NULL);
}

/* ---- the steps ---------------------------------------------------------------------------------------- */

void open_joined(struct xmpp_room *room, bool created)
{
	room->created = created;
	if (created)
		fetch(room);
	else
		check(room);
}

void open_granted(struct xmpp_room *room)
{
	room_set_state(room, ROOM_CATCHING_UP);
	archive_start(room);
}

void open_caught_up(struct xmpp_room *room)
{
	struct xmpp *x = room->x;

	if (open_refuse_foreign(room)) /* who is an organizer may have changed meanwhile */
		return;
	room_set_state(room, ROOM_READY);
	if (room->kind == PLACE_CONTROL)
		x->control_refused[0] = '\0';
	bridge_place_ready(x->bridge, xmpp_name, room->place, room->jid);
	if (room->state == ROOM_READY && room->dirty)
		member_sync(room, NULL);
	room->dirty = false;
	if (room->state == ROOM_READY)
		open_show_title(room);
	call_flush(room);
	occupant_tell(room);
	room_open_more(x, loop_monotonic(x->loop));
}

/* ---- in a room that is ready ---------------------------------------------------------------------------- */

static void on_named(struct xmpp *x, struct xmpp_room *room, const char *note, xmpp_stanza_t *reply)
{
	(void)x;
	if (reply && read_error(reply)[0] == '\0') {
		free(room->name_now);
		room->name_now = xstrdup(note);
	} else {
		log_warn("xmpp.not_named room=%s why=%s", room->jid,
			 reply ? read_error(reply) : "no answer");
	}
}

void open_show_title(struct xmpp_room *room)
{
	struct stanza_head head = to_room(room);
	struct form_field name = {.name = "muc#roomconfig_roomname", .value = room->title};

	if (room->kind == PLACE_CONVERSATION && room->title[0] &&
	    strcmp(room->title, room->name_now) != 0)
		ask_take(room->x, stanza_form_set(room->x->link.ctx, &head, &name, 1), on_named,
			 room, room->title);
	if (room->topic[0] && (!room->subject_now || strcmp(room->topic, room->subject_now) != 0)) {
		head.type = "groupchat";
		link_send_take(room->x, stanza_subject(room->x->link.ctx, &head, room->topic));
	}
}

static void on_rechecked(struct xmpp *x, struct xmpp_room *room, const char *note,
			 xmpp_stanza_t *reply)
{
	struct room_kind kind;

	(void)x;
	(void)note;
	if (!reply || read_error(reply)[0])
		return; /* not a reason to stop talking; the next opening asks again */
	read_kind(reply, &kind);
	if (kind.private)
		return;
	if (room->kind == PLACE_CONTROL)
		refuse_public_control(room);
	else
		room_lose(room, "somebody made the room public");
}

void open_recheck(struct xmpp_room *room)
{
	struct stanza_head head = to_room(room);

	if (room->state == ROOM_READY)
		ask_take(room->x, stanza_disco_get(room->x->link.ctx, &head), on_rechecked, room,
			 NULL);
}
