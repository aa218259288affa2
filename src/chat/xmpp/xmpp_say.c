/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What we say, in order, until it is acknowledged. The library drops what it is given while the
 * stream is down and says nothing, so sending proves nothing. In a room the proof is the message
 * coming back to the bot with our id; to a person it is the answer to a ping that was sent after
 * it, as a stream keeps its order.
 */
#include "base/log.h"
#include "base/xalloc.h"
#include "chat/xmpp/xmpp_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A call of relay id 0 among the direct ones is a barrier: a ping was sent there. */
struct call {
	STAILQ_ENTRY(call) link;
	struct relay_id id;
	bool by_ghost;
	int64_t sent_at; /* monotonic ms, 0: not yet */
	xmpp_stanza_t *stanza;
	/* Of a file that is not yet where the room can get it; then there is no stanza. */
	struct media_id file;
	struct upload *upload; /* under way */
	char *words;           /* said in its place, if need be */
	int64_t stamp;
};

static const char *const mark_emoji[] = {
	[MARK_QUEUED] = "🕓", [MARK_HANDED_OVER] = "📨", [MARK_DELIVERED] = "✅",
	[MARK_FAILED] = "❌", [MARK_UNKNOWN] = "❓",
};

/* ---- ids ------------------------------------------------------------------------------------------ */

#define CALL_ID_MAX 32

static void call_id(struct relay_id id, char out[CALL_ID_MAX])
{
	(void)snprintf(out, CALL_ID_MAX, "r%" PRId64, id.v);
}

static bool call_id_parse(const char *id, struct relay_id *out)
{
	size_t len = strlen(id);

	if (id[0] != 'r' || len < 2 || len > 19 || strspn(id + 1, "0123456789") != len - 1)
		return false;
	out->v = 0;
	for (const char *p = id + 1; *p; p++)
		out->v = out->v * 10 + (*p - '0');
	return out->v > 0;
}

/* ---- the list ---------------------------------------------------------------------------------------- */

static void call_free(struct xmpp *x, struct call_list *list, struct call *call)
{
	STAILQ_REMOVE(list, call, call, link);
	if (call->id.v)
		x->unacknowledged--;
	if (call->stanza)
		(void)xmpp_stanza_release(call->stanza);
	if (call->upload)
		upload_free(call->upload);
	free(call->words);
	free(call);
}

void call_void_all(struct xmpp *x, struct call_list *calls)
{
	while (!STAILQ_EMPTY(calls))
		call_free(x, calls, STAILQ_FIRST(calls));
}

void call_drop_unsent(struct xmpp_room *room)
{
	struct call *next;

	for (struct call *call = STAILQ_FIRST(&room->calls); call; call = next) {
		next = STAILQ_NEXT(call, link);
		if (!call->sent_at)
			call_free(room->x, &room->calls, call);
	}
}

static struct call *call_new(struct xmpp *x, struct call_list *list, struct relay_id id)
{
	struct call *call = xcalloc(1, sizeof(*call));

	call->id = id;
	if (id.v)
		x->unacknowledged++;
	STAILQ_INSERT_TAIL(list, call, link);
	return call;
}

static struct call *call_find(struct call_list *list, const char *id)
{
	struct relay_id want;
	struct call *call;

	if (!call_id_parse(id, &want))
		return NULL;
	for (call = STAILQ_FIRST(list); call; call = STAILQ_NEXT(call, link))
		if (call->id.v == want.v)
			return call;
	return NULL;
}

static void call_send(struct xmpp *x, struct call *call)
{
	call->sent_at = loop_monotonic(x->loop);
	link_send_take(x, call->stanza);
	call->stanza = NULL;
	link_hurry(x);
}

/* ---- files --------------------------------------------------------------------------------------------- */

/* url: where it is; NULL: it is told of in words, which are the bot's. */
static void file_settle(struct xmpp_room *room, struct call *call, const char *url,
			const char *words)
{
	struct xmpp *x = room->x;
	struct stanza_head head = {.from = call->by_ghost && url ? room->ghost : x->cfg.bot_full,
				   .to = room->jid,
				   .type = "groupchat"};
	char id[CALL_ID_MAX];

	call_id(call->id, id);
	head.id = id;
	call->file = (struct media_id){0};
	call->by_ghost &= url != NULL;
	call->stanza = url ? stanza_file(x->link.ctx, &head, url, call->stamp)
			   : stanza_say(x->link.ctx, &head, words, call->stamp);
}

/* Whether the call can be sent now, as far as its file is concerned. */
static bool file_is_settled(struct xmpp_room *room, struct call *call)
{
	if (call->file.v == 0)
		return true;
	if (!call->upload && upload_is_hopeless(room->x))
		file_settle(room, call, NULL, call->words);
	else if (!call->upload)
		call->upload = upload_start(room, call->file);
	return call->file.v == 0;
}

void call_uploaded(struct xmpp_room *room, const struct upload *upload, const char *url,
		   const char *words)
{
	struct call *call = STAILQ_FIRST(&room->calls);

	while (call && call->upload != upload)
		call = STAILQ_NEXT(call, link);
	if (!call)
		return;
	call->upload = NULL;
	file_settle(room, call, url, words ? words : call->words);
	call_flush(room);
}

/* ---- in rooms ------------------------------------------------------------------------------------------ */

void call_flush(struct xmpp_room *room)
{
	struct call *call;

	if (room->state != ROOM_READY)
		return;
	for (call = STAILQ_FIRST(&room->calls); call; call = STAILQ_NEXT(call, link)) {
		if (call->sent_at)
			continue;
		/* What comes later waits too: the order is the conversation. */
		if (!file_is_settled(room, call)) {
			link_hurry(room->x);
			return;
		}
		if (call->by_ghost && room->ghost_state != GHOST_IN) {
			if (room->ghost_state == GHOST_OUT)
				room_ghost_join(room);
			link_hurry(room->x);
			return;
		}
		call_send(room->x, call);
	}
}

void call_seen(struct xmpp_room *room, const char *id, const char *event_id)
{
	struct call *call = call_find(&room->calls, id);
	struct relay_id relay;

	if (call)
		call_free(room->x, &room->calls, call);
	/* In the archive it may be of an earlier life, which the bridge still waits to hear of. */
	else if (room->state != ROOM_CATCHING_UP)
		return;
	/* One that we made up is no place in the archive. */
	if (call_id_parse(id, &relay))
		bridge_relay_done(room->x->bridge, xmpp_name, relay,
				  event_id[0] == '~' ? "" : event_id);
}

/* Whether opening the room again may help, rather than the message itself being refused. */
static bool is_about_the_room(const char *condition)
{
	static const char *const conditions[] = {
		"not-acceptable",        "item-not-found",        "gone",
		"recipient-unavailable", "service-unavailable",   "remote-server-not-found",
		"remote-server-timeout", "registration-required",
	};

	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++)
		if (strcmp(conditions[i], condition) == 0)
			return true;
	return false;
}

void call_error(struct xmpp_room *room, xmpp_stanza_t *message)
{
	struct xmpp *x = room->x;
	const char *condition = read_error(message);
	struct call *call = call_find(&room->calls, read_attr(message, "id"));
	struct relay_id relay;

	if (!call) {
		log_info("xmpp.bounced room=%s why=%s", room->jid, log_quote(condition));
		return;
	}
	relay = call->id;
	/* Only once for the same message, or it would cost the room again and again. */
	if (is_about_the_room(condition) && x->blamed.v != relay.v) {
		x->blamed = relay;
		room_lose(room, room_reason(condition));
		return;
	}
	call_free(x, &room->calls, call);
	bridge_relay_failed(x->bridge, xmpp_name, relay, room_reason(condition));
}

void call_expire(struct xmpp_room *room, int64_t now)
{
	struct call *call = STAILQ_FIRST(&room->calls);

	if (room->state == ROOM_READY && call && call->sent_at &&
	    now - call->sent_at >= XMPP_ANSWER_MS)
		room_lose(room, "the room does not take what we say: no answer");
}

static struct xmpp_room *room_of(struct xmpp *x, const struct chat_place *place)
{
	struct xmpp_room *room = rooms_by_place(x, place->id);

	/* Then the bridge has been told, or is about to be, that the place is not there. */
	if (!room || room->state == ROOM_LOST) {
		log_info("xmpp.say_without_room place=%" PRId64, place->id.v);
		return NULL;
	}
	return room;
}

/* ---- to people ----------------------------------------------------------------------------------------- */

static void direct_send(struct xmpp *x, struct relay_id id, xmpp_stanza_t *st)
{
	struct call *call = call_new(x, &x->direct, id);

	call->stanza = st;
	call_send(x, call);
	x->barrier_due = true;
}

static void on_barrier(struct xmpp *x, struct xmpp_room *room, const char *note,
		       xmpp_stanza_t *reply)
{
	struct call *call;
	struct relay_id id;
	char event_id[CALL_ID_MAX];

	(void)room;
	(void)note;
	if (!reply) {
		link_restart(x, "the server does not answer");
		return;
	}
	/* An error is as good an answer: what was sent before it has been dealt with. */
	while ((call = STAILQ_FIRST(&x->direct))) {
		id = call->id;
		call_free(x, &x->direct, call);
		if (id.v == 0)
			return;
		call_id(id, event_id);
		bridge_relay_done(x->bridge, xmpp_name, id, event_id);
	}
}

void call_barrier(struct xmpp *x)
{
	struct stanza_head head = {.from = x->cfg.domain, .to = x->cfg.server};

	if (!x->barrier_due)
		return;
	x->barrier_due = false;
	(void)call_new(x, &x->direct, (struct relay_id){0});
	ask_take(x, stanza_ping(x->link.ctx, &head), on_barrier, NULL, NULL);
}

void call_direct_error(struct xmpp *x, xmpp_stanza_t *message)
{
	struct call *call = call_find(&x->direct, read_attr(message, "id"));
	struct relay_id id;

	if (!call)
		return;
	id = call->id;
	call_free(x, &x->direct, call);
	bridge_relay_failed(x->bridge, xmpp_name, id, room_reason(read_error(message)));
}

/* ---- the operations ------------------------------------------------------------------------------------- */

void call_say(struct xmpp *x, const struct chat_say *say)
{
	struct stanza_head head = {.from = x->cfg.bot};
	char id[CALL_ID_MAX];
	struct xmpp_room *room;
	struct call *call;

	if (!link_is_up(x))
		return;
	call_id(say->id, id);
	head.id = id;
	if (say->place->kind == PLACE_DIRECT) {
		head.to = say->place->address;
		head.type = "chat";
		direct_send(x, say->id, stanza_say(x->link.ctx, &head, say->text, say->stamp));
		return;
	}
	room = room_of(x, say->place);
	if (!room)
		return;
	call = call_new(x, &room->calls, say->id);
	call->by_ghost = say->voice == VOICE_CONTACT && room->ghost;
	head.from = call->by_ghost ? room->ghost : x->cfg.bot_full;
	head.to = room->jid;
	head.type = "groupchat";
	call->file = say->file;
	call->stamp = say->stamp;
	call->words = xstrdup(say->text);
	if (say->file.v == 0)
		call->stanza = stanza_say(x->link.ctx, &head, say->text, say->stamp);
	call_flush(room);
}

/* The id the network knows the message by, in an event id that in_event_id() made. */
static const char *target_of(const char *event_id)
{
	const char *rest = event_id[0] == '~' ? strchr(event_id + 1, '~') : NULL;

	return rest ? rest + 1 : event_id;
}

void call_mark(struct xmpp *x, const struct chat_mark_call *mark)
{
	struct stanza_head head = {.from = x->cfg.bot};
	const char *target = target_of(mark->event_id);
	const char *emoji = mark_emoji[mark->mark];
	char id[CALL_ID_MAX];
	struct xmpp_room *room;

	if (!link_is_up(x))
		return;
	call_id(mark->id, id);
	head.id = id;
	if (mark->place->kind == PLACE_DIRECT) {
		head.to = mark->place->address;
		head.type = "chat";
		direct_send(x, mark->id, stanza_reaction(x->link.ctx, &head, target, emoji));
		return;
	}
	room = room_of(x, mark->place);
	if (!room)
		return;
	head.from = x->cfg.bot_full;
	head.to = room->jid;
	head.type = "groupchat";
	call_new(x, &room->calls, mark->id)->stanza =
		stanza_reaction(x->link.ctx, &head, target, emoji);
	call_flush(room);
}
