/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The life of a room: queued, joined, opened (xmpp_open.c), ready, lost. We are in it twice: as the
 * bot, which owns it and hears everything, and as the ghost, the person who is texted, which joins
 * when it first has something to say. Only the bot's copy of anything is looked at.
 */
#include "base/log.h"
#include "base/xalloc.h"
#include "chat/xmpp/xmpp_nick.h"
#include "chat/xmpp/xmpp_priv.h"

#include <stdio.h>
#include <string.h>

#define NICK_ATTEMPTS 9
#define MOVES_MAX 9
#define WAYS_MAX 3
#define WAY_MS 500
#define STEADY_MS 60000 /* a room that was ready for this long was well */
#define PAUSE_MAX_S 60
#define FAILURES_SLOW 7 /* from so many on the pause is the longest */

/* ---- states ------------------------------------------------------------------------------------ */

static const char *const state_names[] = {
	[ROOM_LOST] = "lost",
	[ROOM_QUEUED] = "queued",
	[ROOM_JOINING] = "joining",
	[ROOM_CHECKING] = "checking",
	[ROOM_FETCHING] = "fetching",
	[ROOM_CONFIGURING] = "configuring",
	[ROOM_LISTING] = "listing",
	[ROOM_GRANTING] = "granting",
	[ROOM_CATCHING_UP] = "catching_up",
	[ROOM_READY] = "ready",
};

#define TO(state) (1u << (state))

static const unsigned allowed[] = {
	[ROOM_LOST] = TO(ROOM_QUEUED),
	[ROOM_QUEUED] = TO(ROOM_JOINING) | TO(ROOM_LOST),
	[ROOM_JOINING] = TO(ROOM_CHECKING) | TO(ROOM_FETCHING) | TO(ROOM_LOST),
	[ROOM_CHECKING] = TO(ROOM_FETCHING) | TO(ROOM_LISTING) | TO(ROOM_LOST),
	[ROOM_FETCHING] = TO(ROOM_CONFIGURING) | TO(ROOM_LOST),
	[ROOM_CONFIGURING] = TO(ROOM_CHECKING) | TO(ROOM_LOST),
	[ROOM_LISTING] = TO(ROOM_GRANTING) | TO(ROOM_LOST),
	[ROOM_GRANTING] = TO(ROOM_CATCHING_UP) | TO(ROOM_LOST),
	[ROOM_CATCHING_UP] = TO(ROOM_READY) | TO(ROOM_LOST),
	[ROOM_READY] = TO(ROOM_QUEUED) | TO(ROOM_LOST),
};

static bool is_opening(enum room_state state)
{
	return state > ROOM_QUEUED && state < ROOM_READY;
}

void room_set_state(struct xmpp_room *room, enum room_state state)
{
	struct xmpp *x = room->x;

	if (!(allowed[room->state] & TO(state)))
		BUG("room from %s to %s", state_names[room->state], state_names[state]);
	x->opening += is_opening(state);
	x->opening -= is_opening(room->state);
	x->queued += state == ROOM_QUEUED;
	x->queued -= room->state == ROOM_QUEUED;
	log_debug("xmpp.room room=%s from=%s to=%s", room->jid, state_names[room->state],
		  state_names[state]);
	room->state = state;
	room->since = room->heard = loop_monotonic(x->loop);
	room->checking = false;
	link_hurry(x);
}

/* ---- joining ----------------------------------------------------------------------------------- */

static void send_join(struct xmpp_room *room, const char *from, const char *nick)
{
	STRBUF_AUTO(to);

	strbuf_addf(&to, "%s/%s", room->jid, nick);
	link_send_take(room->x, stanza_join(room->x->link.ctx, &(struct stanza_head){
								       .from = from,
								       .to = to.buf,
							       }));
}

static void bot_join(struct xmpp_room *room)
{
	STRBUF_AUTO(nick);

	nick_make(&nick, room->x->cfg.nick, "roomline", room->nick_attempt);
	send_join(room, room->x->cfg.bot_full, nick.buf);
}

static void room_start(struct xmpp_room *room)
{
	ask_forget(room->x, room);
	/* Who is in there stays known when we were in it all the time and are only asked again. */
	archive_drop_held(room);
	free(room->nick);
	room->nick = NULL;
	room->pending = room->pages = room->nick_attempt = room->moves = 0;
	room->created = room->configured = room->has_archive = room->overrun = false;
	room_set_state(room, ROOM_JOINING);
	bot_join(room);
}

void room_open_more(struct xmpp *x, int64_t now)
{
	struct xmpp_room *room;

	for (room = TAILQ_FIRST(&x->rooms); room; room = TAILQ_NEXT(room, link)) {
		if (x->opening >= XMPP_OPENING_MAX || x->queued == 0)
			return;
		if (room->state == ROOM_QUEUED && room->not_before <= now)
			room_start(room);
	}
}

void room_open(struct xmpp_room *room)
{
	int64_t now = loop_monotonic(room->x->loop);
	unsigned n = room->failures;
	int64_t pause = n == 0 ? 0 : n < FAILURES_SLOW ? INT64_C(1) << (n - 1) : PAUSE_MAX_S;

	if (room->state != ROOM_LOST && room->state != ROOM_READY) {
		room->dirty = true;
		return;
	}
	call_drop_unsent(room);
	room->not_before = now + pause * 1000;
	room_set_state(room, ROOM_QUEUED);
	room_open_more(room->x, now);
}

void room_lose(struct xmpp_room *room, const char *why)
{
	struct xmpp *x = room->x;
	int64_t now = loop_monotonic(x->loop);

	if (room->state == ROOM_LOST)
		return;
	if (room->state == ROOM_READY && now - room->since >= STEADY_MS)
		room->failures = 0;
	room->failures++;
	log_warn("xmpp.room_lost room=%s state=%s why=%s", room->jid, state_names[room->state],
		 log_quote(why));
	ask_forget(x, room);
	call_void_all(x, &room->calls);
	archive_drop_held(room);
	room->ways = 0;
	occupant_free_all(room); /* while we are out their nicknames may become others' */
	room->ghost_state = GHOST_OUT;
	room_set_state(room, ROOM_LOST);
	bridge_place_lost(x->bridge, xmpp_name, room->place, why);
	room_open_more(x, now);
}

void room_expire(struct xmpp_room *room, int64_t now)
{
	if (room->state == ROOM_JOINING && now - room->since >= XMPP_ANSWER_MS)
		room_lose(room, "the server did not let us in: no answer");
	else if (room->ghost_state == GHOST_JOINING && now - room->ghost_since >= XMPP_ANSWER_MS)
		room_lose(room, "the server did not let the contact in: no answer");
	else
		call_expire(room, now);
}

/* ---- words for what went wrong ------------------------------------------------------------------ */

static const struct {
	const char *condition;
	const char *words;
} reasons[] = {
	{"registration-required", "only members may enter, and we are none"},
	{"forbidden", "we are banned, or have no right to do this"},
	{"not-allowed", "the server does not allow it: let the component create rooms, or correct "
			"xmpp.muc_service"},
	{"item-not-found", "there is no such room"},
	{"gone", "it was destroyed, and the server lets nobody use the address again"},
	{"not-acceptable", "we are not in the room any more"},
	{"not-authorized", "the room wants a password"},
	{"conflict", "the nickname is taken"},
	{"jid-malformed", "the server does not accept the address"},
	{"service-unavailable", "the room is full, or nobody answers there"},
	{"recipient-unavailable", "the recipient cannot be reached now"},
	{"remote-server-not-found", "there is no such server: correct xmpp.muc_service"},
	{"remote-server-timeout", "the other server does not answer"},
	{"policy-violation", "the server refused it by its policy, for instance as too long"},
	{"resource-constraint",
	 "the server has reached a limit: let the bot into more rooms (max_user_conferences in "
	 "ejabberd)"},
	{"internal-server-error", "the server has an error"},
};

const char *room_reason(const char *condition)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strcmp(reasons[i].condition, condition) == 0)
			return reasons[i].words;
	return "the server refused it";
}

/* ---- presence, as the bot sees it ---------------------------------------------------------------- */

/* The address is of no use: a server remembers for weeks that a room was destroyed and lets nobody
 * make it again, or somebody else has it. False when there is no other to try. */
static bool try_elsewhere(struct xmpp_room *room)
{
	if (room->kind != PLACE_CONVERSATION || room->moves++ >= MOVES_MAX)
		return false;
	log_info("xmpp.room_moves room=%s", room->jid);
	occupant_free_all(room);
	rooms_move(room);
	bot_join(room);
	return true;
}

static void send_leave(struct xmpp_room *room, const char *from, const char *nick)
{
	STRBUF_AUTO(to);

	strbuf_addf(&to, "%s/%s", room->jid, nick);
	link_send_take(room->x, stanza_presence(room->x->link.ctx, &(struct stanza_head){
									   .from = from,
									   .to = to.buf,
									   .type = "unavailable",
								   }));
}

/* The quietest room of a conversation that is over; NULL: none. */
static struct xmpp_room *dispensable(struct xmpp *x)
{
	struct xmpp_room *found = NULL;
	struct xmpp_room *room;

	for (room = TAILQ_FIRST(&x->rooms); room; room = TAILQ_NEXT(room, link)) {
		if (room->state == ROOM_READY && room->kind == PLACE_CONVERSATION &&
		    !room->invite && STAILQ_EMPTY(&room->calls) &&
		    (!found || room->heard < found->heard))
			found = room;
	}
	return found;
}

/* A server may let us into so many rooms only: one of them gives way, and waits long before it asks
 * again. We ask a moment later: the server may still be busy with what it has refused, and would
 * not answer. */
static bool make_way(struct xmpp_room *room)
{
	int64_t now = loop_monotonic(room->x->loop);
	struct xmpp_room *other =
		room->invite && room->ways < WAYS_MAX ? dispensable(room->x) : NULL;

	if (!other)
		return false;
	room->ways++;
	send_leave(other, other->x->cfg.bot_full, other->nick);
	room_lose(other, "it gave way to another: let the bot into more rooms "
			 "(max_user_conferences in ejabberd)");
	other->failures = FAILURES_SLOW;
	room_set_state(room, ROOM_LOST);
	room->not_before = now + WAY_MS;
	room_set_state(room, ROOM_QUEUED);
	return true;
}

static void bot_refused(struct xmpp_room *room, const char *condition)
{
	if (room->state != ROOM_JOINING)
		return;
	if (strcmp(condition, "gone") == 0 && try_elsewhere(room))
		return;
	if (strcmp(condition, "conflict") == 0 && room->nick_attempt < NICK_ATTEMPTS) {
		room->nick_attempt++;
		bot_join(room);
		return;
	}
	if (strcmp(condition, "resource-constraint") == 0 && make_way(room))
		return;
	room_lose(room, room_reason(condition));
}

static void leave_foreign(struct xmpp_room *room)
{
	send_leave(room, room->x->cfg.bot_full, room->nick);
	if (!try_elsewhere(room))
		room_lose(room, "the room's address belongs to somebody else");
}

static const char *why_out(xmpp_stanza_t *st)
{
	static const struct {
		const char *status;
		const char *words;
	} causes[] = {
		{"301", "the bot was banned from the room"},
		{"307", "the bot was kicked out of the room"},
		{"321", "the bot is no member of the room any more"},
		{"322", "the room became members-only without the bot"},
		{"332", "the chat rooms are shutting down"},
	};

	if (read_is_destroyed(st))
		return "the room was destroyed";
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if (read_has_status(st, causes[i].status))
			return causes[i].words;
	return "the bot fell out of the room";
}

static void bot_out(struct xmpp_room *room, xmpp_stanza_t *st, const struct muc_item *item)
{
	if (read_has_status(st, "303")) { /* renamed by the server */
		free(room->nick);
		room->nick = xstrdup(item->nick);
		return;
	}
	/* While joining it is what was left of our last stream. */
	if (room->state != ROOM_JOINING)
		room_lose(room, why_out(st));
}

static void somebody_in(struct xmpp_room *room, const char *nick, const struct muc_item *item)
{
	const struct occupant *known = occupant_of_user(room, item->user);
	bool found = room->state == ROOM_JOINING || !item->user[0] || in_is_us(room, item->user);

	occupant_set(room, nick, item->user, known ? known->told : found);
	occupant_tell(room);
}

static void somebody_out(struct xmpp_room *room, xmpp_stanza_t *st, const char *nick,
			 const struct muc_item *item)
{
	struct occupant *occupant = occupant_find(room, nick);
	AUTO_FREE char *user = xstrdup(occupant ? occupant->user : "");
	bool told = !occupant || occupant->told;

	occupant_remove(room, nick);
	if (read_has_status(st, "303")) {
		occupant_set(room, item->nick, user, told);
		return;
	}
	if (room->state == ROOM_READY && user[0] && !in_is_us(room, user) &&
	    !occupant_of_user(room, user))
		bridge_chat_left(room->x->bridge, xmpp_name, room->place, user);
}

static void bot_in(struct xmpp_room *room, xmpp_stanza_t *st, const char *nick, bool owner)
{
	bool was_owner = room->owned;

	room->owned = owner;
	if (room->state != ROOM_JOINING) {
		if (was_owner && !owner)
			room_lose(room, "the bot is no owner of the room any more");
		return;
	}
	free(room->nick);
	room->nick = xstrdup(nick);
	if (room->kind == PLACE_CONVERSATION && !owner)
		leave_foreign(room);
	else
		open_joined(room, read_has_status(st, "201"));
}

void room_presence(struct xmpp_room *room, xmpp_stanza_t *st, const char *nick)
{
	struct muc_item item = {.affiliation = "", .role = "", .nick = ""};
	bool has_item = read_item(st, &item);
	/* Some servers leave out the code when the room ends. */
	bool self = read_has_status(st, "110") || (room->nick && strcmp(nick, room->nick) == 0);

	if (strcmp(read_type(st), "error") == 0) {
		bot_refused(room, read_error(st));
		return;
	}
	if (has_item && item.user[0])
		member_affiliation(room, item.user, item.affiliation);
	if (strcmp(read_type(st), "unavailable") == 0) {
		if (self)
			bot_out(room, st, &item);
		else
			somebody_out(room, st, nick, &item);
		return;
	}
	if (!has_item || nick[0] == '\0' || read_type(st)[0])
		return;
	somebody_in(room, nick, &item);
	if (self)
		bot_in(room, st, nick, strcmp(item.affiliation, "owner") == 0);
}

/* ---- the ghost ---------------------------------------------------------------------------------- */

void room_ghost_join(struct xmpp_room *room)
{
	char fallback[32];
	STRBUF_AUTO(nick);

	/* The start of the token tells contacts apart who have no usable name. */
	(void)snprintf(fallback, sizeof(fallback), "Contact %.4s", room->ghost);
	nick_make(&nick, room->ghost_plain ? "" : room->ghost_name, fallback, room->ghost_attempt);
	room->ghost_state = GHOST_JOINING;
	room->ghost_since = loop_monotonic(room->x->loop);
	send_join(room, room->ghost, nick.buf);
}

void room_ghost_rename(struct xmpp_room *room)
{
	if (room->ghost_state == GHOST_OUT)
		return; /* it will come in under its new name */
	room->ghost_plain = false;
	room->ghost_attempt = 0;
	room_ghost_join(room);
}

void room_ghost_leave(struct xmpp_room *room)
{
	if (room->ghost_state != GHOST_IN)
		return;
	send_leave(room, room->ghost, room->ghost_nick);
	room->ghost_state = GHOST_OUT;
}

static void ghost_refused(struct xmpp_room *room, const char *condition)
{
	bool taken = strcmp(condition, "conflict") == 0 || strcmp(condition, "not-acceptable") == 0;
	bool bad_name = strcmp(condition, "jid-malformed") == 0 ||
			strcmp(condition, "bad-request") == 0 ||
			strcmp(condition, "not-allowed") == 0;

	if (room->ghost_state != GHOST_JOINING)
		return;
	if (taken && room->ghost_attempt < NICK_ATTEMPTS) {
		room->ghost_attempt++;
		room_ghost_join(room);
	} else if (bad_name && !room->ghost_plain) {
		room->ghost_plain = true;
		room->ghost_attempt = 0;
		room_ghost_join(room);
	} else {
		room->ghost_state = GHOST_OUT;
		room_lose(room, room_reason(condition));
	}
}

void room_ghost_presence(struct xmpp_room *room, xmpp_stanza_t *st, const char *nick)
{
	const char *type = read_type(st);

	if (strcmp(type, "error") == 0) {
		ghost_refused(room, read_error(st));
		return;
	}
	if (!read_has_status(st, "110"))
		return; /* the ghost's copy of others */
	if (strcmp(type, "unavailable") == 0) {
		if (!read_has_status(st, "303") && room->ghost_state == GHOST_IN)
			room->ghost_state = GHOST_OUT;
		return;
	}
	free(room->ghost_nick);
	room->ghost_nick = xstrdup(nick);
	room->ghost_state = GHOST_IN;
	call_flush(room);
}
