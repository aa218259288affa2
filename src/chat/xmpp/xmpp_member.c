/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Who may be in a room, and who is. Affiliations are the server's list of who may; we ask for it
 * when opening, change it to what the bridge wants, and follow the room's notices about it. For the
 * control room it says who is an organizer. Occupants tell which person is behind a nickname: only
 * that, never the nickname, says who spoke.
 */
#include "base/log.h"
#include "base/xalloc.h"
#include "chat/xmpp/xmpp_priv.h"

#include <string.h>

/* ---- lists of users ------------------------------------------------------------------------------ */

void members_set(struct members *m, const char *const *users, size_t n)
{
	members_release(m);
	m->user = xcalloc(n ? n : 1, sizeof(*m->user));
	for (size_t i = 0; i < n; i++) {
		char bare[ADDRESS_MAX];

		if (jid_is_user(users[i]) && jid_bare(users[i], bare))
			m->user[m->n++] = xstrdup(bare);
		else
			log_warn("xmpp.bad_member address=%s", log_quote(users[i]));
	}
}

void members_release(struct members *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->user[i]);
	free(m->user);
	*m = (struct members){0};
}

bool members_has(const struct members *m, const char *user)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->user[i], user) == 0)
			return true;
	return false;
}

/* ---- affiliations ---------------------------------------------------------------------------------- */

static struct affiliate *affiliate_find(const struct xmpp_room *room, const char *user)
{
	struct affiliate *a;

	for (a = LIST_FIRST(&room->affiliates); a; a = LIST_NEXT(a, link))
		if (strcmp(a->user, user) == 0)
			return a;
	return NULL;
}

bool member_is_ruled_by_us(const struct xmpp_room *room)
{
	struct affiliate *a;

	if (room->owned)
		return true;
	for (a = LIST_FIRST(&room->affiliates); a; a = LIST_NEXT(a, link))
		if (a->admin && !in_is_us(room, a->user) && !members_has(&room->wanted, a->user))
			return false;
	return !room->unlisted;
}

bool member_is_organizer(const struct xmpp_room *control, const char *user)
{
	if (!control || control->state <= ROOM_LISTING)
		return false;
	/* In a room of the organizers' own they decide who else is one. */
	return members_has(&control->wanted, user) ||
	       (!control->owned && affiliate_find(control, user));
}

void member_affiliation(struct xmpp_room *room, const char *user, const char *affiliation)
{
	bool admin = strcmp(affiliation, "owner") == 0 || strcmp(affiliation, "admin") == 0;
	struct affiliate *a = affiliate_find(room, user);

	if (!admin && strcmp(affiliation, "member") != 0) {
		if (a) {
			LIST_REMOVE(a, link);
			free(a);
		}
		return;
	}
	if (!a) {
		a = xcalloc(1, sizeof(*a) + strlen(user) + 1);
		memcpy(a->user, user, strlen(user) + 1);
		LIST_INSERT_HEAD(&room->affiliates, a, link);
	}
	a->admin = admin;
}

static void read_list(struct xmpp_room *room, xmpp_stanza_t *reply)
{
	xmpp_stanza_t *query = read_child(reply, "query", NS_ADMIN);

	for (xmpp_stanza_t *c = query ? xmpp_stanza_get_children(query) : NULL; c;
	     c = xmpp_stanza_get_next(c)) {
		char bare[ADDRESS_MAX];

		if (jid_bare(read_attr(c, "jid"), bare))
			member_affiliation(room, bare, read_attr(c, "affiliation"));
	}
}

static void step_done(struct xmpp_room *room)
{
	room->pending--;
	if (room->pending > 0)
		return;
	if (room->state == ROOM_LISTING) {
		if (open_refuse_foreign(room))
			return;
		room_set_state(room, ROOM_GRANTING);
		member_sync(room, NULL);
	} else if (room->state == ROOM_GRANTING) {
		open_granted(room);
	}
}

static void on_list(struct xmpp *x, struct xmpp_room *room, const char *note, xmpp_stanza_t *reply)
{
	(void)x;
	if (reply && read_error(reply)[0] == '\0') {
		read_list(room, reply);
	} else {
		log_warn("xmpp.no_list room=%s affiliation=%s why=%s", room->jid, note,
			 reply ? read_error(reply) : "no answer");
		room->unlisted = true;
	}
	step_done(room);
}

void member_list(struct xmpp_room *room)
{
	static const char *const lists[] = {"member", "admin", "owner"};
	size_t n = sizeof(lists) / sizeof(lists[0]);
	struct stanza_head head = {.from = room->x->cfg.bot_full, .to = room->jid};

	/* By presence the server's admins look like owners, which nobody can change. */
	affiliate_free_all(room);
	room->unlisted = false;
	room->pending = (unsigned)n;
	for (size_t i = 0; i < n; i++)
		ask_take(room->x, stanza_list_get(room->x->link.ctx, &head, lists[i]), on_list,
			 room, lists[i]);
}

/* ---- making them what is wanted ----------------------------------------------------------------------- */

static void invite(struct xmpp_room *room, const char *user)
{
	struct stanza_head head = {.from = room->x->cfg.bot, .to = user};

	if (room->invite && !in_is_us(room, user))
		link_send_take(room->x,
			       stanza_invite(room->x->link.ctx, &head, room->jid, room->title));
}

static bool granted(struct xmpp_room *room, const char *user, xmpp_stanza_t *reply)
{
	const char *condition = reply ? read_error(reply) : "no answer";

	if (condition[0] == '\0') {
		member_affiliation(room, user, "member");
		return true;
	}
	/* Prosody's own admins, who own every room there, and so are more than members already. */
	if (strcmp(condition, "not-acceptable") == 0) {
		log_info("xmpp.grant_not_needed room=%s user=%s", room->jid, log_quote(user));
		return false;
	}
	log_warn("xmpp.not_granted room=%s user=%s why=%s", room->jid, log_quote(user), condition);
	return false;
}

/* Somebody who was no member until now. */
static void on_granted(struct xmpp *x, struct xmpp_room *room, const char *user,
		       xmpp_stanza_t *reply)
{
	(void)x;
	if (granted(room, user, reply))
		invite(room, user);
	step_done(room);
}

/* Somebody who is wanted from now on: asked in even when the server refuses the membership, as
 * Prosody does for its own admins, who may enter any room. */
static void on_granted_new(struct xmpp *x, struct xmpp_room *room, const char *user,
			   xmpp_stanza_t *reply)
{
	(void)x;
	(void)granted(room, user, reply);
	invite(room, user);
	step_done(room);
}

static void on_revoked(struct xmpp *x, struct xmpp_room *room, const char *user,
		       xmpp_stanza_t *reply)
{
	(void)x;
	if (reply && read_error(reply)[0] == '\0')
		member_affiliation(room, user, "none");
	else
		log_warn("xmpp.not_revoked room=%s user=%s why=%s", room->jid, log_quote(user),
			 reply ? read_error(reply) : "no answer");
	step_done(room);
}

static void change(struct xmpp_room *room, const char *user, const char *affiliation, ask_fn *fn)
{
	struct stanza_head head = {.from = room->x->cfg.bot_full, .to = room->jid};

	room->pending++;
	ask_take(room->x, stanza_affiliation_set(room->x->link.ctx, &head, user, affiliation), fn,
		 room, user);
}

static void grant_missing(struct xmpp_room *room, const struct members *before)
{
	for (size_t i = 0; i < room->wanted.n; i++) {
		const char *user = room->wanted.user[i];
		bool is_new = before ? !members_has(before, user) : room->created;

		if (!affiliate_find(room, user))
			change(room, user, "member", is_new ? on_granted_new : on_granted);
		else if (before && is_new)
			invite(room, user);
	}
}

/* In a control room of the organizers' own only who was wanted by us until now: others were let in
 * by them. */
static bool is_unwanted(const struct xmpp_room *room, const struct affiliate *a,
			const struct members *before)
{
	if (in_is_us(room, a->user) || members_has(&room->wanted, a->user))
		return false;
	return room->owned || (before && members_has(before, a->user));
}

void member_sync(struct xmpp_room *room, const struct members *before)
{
	struct affiliate *a;
	char ghost[ADDRESS_MAX];

	/* Held open until all are sent, so that the first answer cannot end the step. */
	room->pending++;
	if (room->ghost && jid_bare(room->ghost, ghost) && !affiliate_find(room, ghost))
		change(room, ghost, "member", on_granted);
	grant_missing(room, before);
	for (a = LIST_FIRST(&room->affiliates); a; a = LIST_NEXT(a, link))
		if (is_unwanted(room, a, before))
			change(room, a->user, "none", on_revoked);
	step_done(room);
}

/* ---- occupants ---------------------------------------------------------------------------------------- */

struct occupant *occupant_find(struct xmpp_room *room, const char *nick)
{
	struct occupant *o;

	for (o = LIST_FIRST(&room->occupants); o; o = LIST_NEXT(o, link))
		if (strcmp(o->nick, nick) == 0)
			return o;
	return NULL;
}

void occupant_remove(struct xmpp_room *room, const char *nick)
{
	struct occupant *o = occupant_find(room, nick);

	if (!o)
		return;
	LIST_REMOVE(o, link);
	free(o->user);
	free(o);
}

void occupant_set(struct xmpp_room *room, const char *nick, const char *user, bool told)
{
	struct occupant *o;

	occupant_remove(room, nick);
	o = xcalloc(1, sizeof(*o) + strlen(nick) + 1);
	memcpy(o->nick, nick, strlen(nick) + 1);
	o->user = xstrdup(user);
	o->told = told;
	LIST_INSERT_HEAD(&room->occupants, o, link);
}

struct occupant *occupant_of_user(const struct xmpp_room *room, const char *user)
{
	struct occupant *o;

	for (o = LIST_FIRST(&room->occupants); o; o = LIST_NEXT(o, link))
		if (strcmp(o->user, user) == 0)
			return o;
	return NULL;
}

/* The bridge may change the room while it hears, so each is looked for anew. */
void occupant_tell(struct xmpp_room *room)
{
	struct occupant *o = LIST_FIRST(&room->occupants);

	while (o && room->state == ROOM_READY) {
		if (o->told) {
			o = LIST_NEXT(o, link);
			continue;
		}
		o->told = true;
		bridge_chat_joined(room->x->bridge, xmpp_name, room->place, o->user);
		o = LIST_FIRST(&room->occupants);
	}
}

void affiliate_free_all(struct xmpp_room *room)
{
	struct affiliate *a;

	while ((a = LIST_FIRST(&room->affiliates))) {
		LIST_REMOVE(a, link);
		free(a);
	}
}

void occupant_free_all(struct xmpp_room *room)
{
	struct occupant *o;

	while ((o = LIST_FIRST(&room->occupants))) {
		LIST_REMOVE(o, link);
		free(o->user);
		free(o);
	}
}
