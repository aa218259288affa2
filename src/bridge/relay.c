/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The way to the chat: rows that are to be shown, in order per place, given to the network when the
 * place is ready and deleted when the network has shown them.
 *
 * Nothing is given while a batch is open. The rows of a batch that fails are gone and their ids are
 * used again; a network that had shown them would take the next rows for known ones and drop them.
 */
#include "bridge/bridge_priv.h"

#include "base/crash.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "base/xalloc.h"

#include <string.h>

#define IN_FLIGHT_MAX 50
#define REFUSED_QUIET_MS 3600000
#define REASON_CODE_POINTS 120
#define LATE_MS 60000 /* what is older is shown with the time it was said */

/* ---- giving rows to the network --------------------------------------------------------------- */

struct giving {
	struct place_state *state;
	struct network_slot *slot;
	struct place_view *view;
	int64_t now;
	int given;
};

/* A network that shows no files is told of one in words, which are the bot's. */
static void say_row(struct giving *g, const struct relay_row *row)
{
	struct chat_say say = {.id = row->id,
			       .place = &g->view->place,
			       .voice = row->voice,
			       .text = row->text,
			       .stamp = g->now - row->at > LATE_MS ? row->at : 0,
			       .notice = row->kind == RELAY_NOTICE};
	STRBUF_AUTO(words);

	if (row->media.v != 0) {
		media_words(g->state->bridge, row->media, NULL, &words);
		say.text = words.buf;
		if (g->slot->network->caps & CHAT_CAP_FILES) {
			say.file = row->media;
		} else {
			say.voice = VOICE_BOT;
			say.notice = true;
		}
	}
	g->slot->network->say(g->slot->self, &say);
}

static bool give_row(const struct relay_row *row, void *arg)
{
	struct giving *g = arg;

	crash_point("relay.before_say");
	g->state->sent = row->id;
	g->state->in_flight++;
	g->given++;
	if (row->kind == RELAY_MARK) {
		struct chat_mark_call mark = {.id = row->id,
					      .place = &g->view->place,
					      .event_id = row->target_event,
					      .mark = row->mark};

		g->slot->network->mark(g->slot->self, &mark);
	} else {
		say_row(g, row);
	}
	crash_point("relay.said");
	return g->state->phase == PLACE_READY;
}

/* Openness is read from the table, so that no rolled back step is ever told. */
static void tell_closed(struct place_state *state, struct network_slot *slot,
			const struct place_view *view)
{
	bool over = view->row.kind == PLACE_CONVERSATION && !view->conversation.open;

	if (over && !state->told_closed && state->in_flight == 0)
		slot->network->close_place(slot->self, &view->place);
	state->told_closed = over && (state->told_closed || state->in_flight == 0);
	state->closing = over && !state->told_closed;
}

/* Whether the network has to hear anything more. */
static bool place_waits(const struct place_state *state)
{
	return state->more || state->stale || state->closing;
}

static void place_give(struct place_state *state, struct network_slot *slot)
{
	struct bridge *bridge = state->bridge;
	struct place_view view;
	struct giving g = {.state = state, .slot = slot, .view = &view, .now = bridge_now(bridge)};
	struct error err = {0};
	int room = IN_FLIGHT_MAX - state->in_flight;
	/* Else nothing of how it looks can have changed. */
	bool whole = state->stale || state->closing;

	if (!place_waits(state) || (room <= 0 && !state->stale))
		return;
	if ((whole ? view_load : view_locate)(bridge, state->id, &view, &err) < 0) {
		place_unreadable(state, &err);
		return;
	}
	if (state->stale)
		slot->network->update_place(slot->self, &view.place);
	state->stale = false;
	state->more = false;
	if (store_list_relay(bridge->store, state->id, state->sent, room, give_row, &g, &err) < 0) {
		place_unreadable(state, &err);
	} else {
		state->more |= g.given >= room;
		if (whole)
			tell_closed(state, slot, &view);
	}
	view_release(&view);
}

void relay_run(struct place_state *state)
{
	struct network_slot *slot = &state->bridge->slots[state->slot];

	state->waiting = false;
	if (!slot->up)
		return;
	if (store_in_batch(state->bridge->store)) {
		relay_run_after_commit(state);
		return;
	}
	switch (state->phase) {
	case PLACE_IDLE:
		place_open(state, slot);
		break;
	case PLACE_OPENING:
		break;
	case PLACE_READY:
		place_give(state, slot);
		break;
	}
}

/* Also when it was not committed: something older may be waiting. */
static void on_commit(bool committed, void *arg)
{
	struct place_state *state = arg;

	(void)committed;
	if (state->waiting)
		relay_run(state);
}

void relay_run_after_commit(struct place_state *state)
{
	state->waiting = true;
	store_after_commit(state->bridge->store, on_commit, state);
}

/* ---- queueing --------------------------------------------------------------------------------- */

/* state: NULL where no network shows it. */
static int relay_add(struct place_state *state, const struct relay_row *row, struct error *err)
{
	if (!state)
		return 0;
	if (store_relay_add(state->bridge->store, row, err) < 0)
		return -1;
	state->more = true;
	relay_run_after_commit(state);
	return 0;
}

/* What is said in one place, or the same in several. */
struct spreading {
	struct bridge *bridge;
	enum chat_voice voice;
	const char *text;
	struct media_id media; /* in place of the text */
	struct message_id message;
	int64_t at;
	struct error *err;
	bool failed;
};

static int relay_say(const struct spreading *s, const struct place_row *place)
{
	AUTO_FREE char *copy = xstrdup(s->text);
	struct relay_row row = {.place = place->id,
				.kind = s->voice == VOICE_CONTACT ? RELAY_SAY : RELAY_NOTICE,
				.voice = s->voice,
				.text = copy,
				.media = s->media,
				.message = s->message,
				.at = s->at};

	return relay_add(place_state_of(s->bridge, place), &row, s->err);
}

static struct spreading by_bot(struct bridge *bridge, const char *text, struct error *err)
{
	return (struct spreading){.bridge = bridge,
				  .voice = VOICE_BOT,
				  .text = text,
				  .at = bridge_now(bridge),
				  .err = err};
}

int relay_mark(struct bridge *bridge, struct place_id place, const char *event_id,
	       enum chat_mark mark, struct message_id message, struct error *err)
{
	struct relay_row row = {.place = place,
				.kind = RELAY_MARK,
				.mark = mark,
				.message = message,
				.at = bridge_now(bridge)};
	struct place_state *state = place_state_find(bridge, place);
	struct place_row place_row;
	int found = state ? 1 : store_get_place(bridge->store, place, &place_row, err);

	if (found <= 0 || event_id[0] == '\0')
		return found < 0 ? -1 : 0;
	if (!state)
		state = place_state_of(bridge, &place_row);
	if (!state || !(bridge->slots[state->slot].network->caps & CHAT_CAP_REACTIONS))
		return 0;
	STR_COPY(row.target_event, event_id);
	return relay_add(state, &row, err);
}

int relay_notice(struct bridge *bridge, const struct place_row *place, struct error *err,
		 const char *fmt, ...)
{
	STRBUF_AUTO(text);
	struct spreading s;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	s = by_bot(bridge, text.buf, err);
	return relay_say(&s, place);
}

static bool spread_to(const struct place_row *place, void *arg)
{
	struct spreading *s = arg;

	s->failed = relay_say(s, place) < 0;
	return !s->failed;
}

static int spread(struct spreading *s, struct conversation_id conversation)
{
	if (store_list_places_of(s->bridge->store, conversation, spread_to, s, s->err) < 0)
		return -1;
	return s->failed ? -1 : 0;
}

int relay_say_all(struct bridge *bridge, const struct conversation_row *conversation,
		  const char *text, struct message_id message, int64_t at, struct error *err)
{
	struct spreading s = {.bridge = bridge,
			      .voice = VOICE_CONTACT,
			      .text = text,
			      .message = message,
			      .at = at,
			      .err = err};

	return spread(&s, conversation->id);
}

int relay_show_all(struct bridge *bridge, const struct conversation_row *conversation,
		   struct media_id media, struct message_id message, int64_t at, struct error *err)
{
	struct spreading s = {.bridge = bridge,
			      .voice = VOICE_CONTACT,
			      .text = "",
			      .media = media,
			      .message = message,
			      .at = at,
			      .err = err};

	return spread(&s, conversation->id);
}

int relay_tell(struct bridge *bridge, struct conversation_id conversation, struct error *err,
	       const char *fmt, ...)
{
	STRBUF_AUTO(text);
	struct spreading s;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	s = by_bot(bridge, text.buf, err);
	return spread(&s, conversation);
}

static int spread_to_control(struct spreading *s)
{
	struct bridge *bridge = s->bridge;

	for (int i = 0; i < bridge->slot_n && !s->failed; i++) {
		struct place_row place;
		int found = store_find_control(bridge->store, bridge->slots[i].network->name,
					       &place, s->err);

		if (found < 0)
			return -1;
		if (found > 0)
			spread_to(&place, s);
	}
	return s->failed ? -1 : 0;
}

int relay_alert(struct bridge *bridge, struct error *err, const char *fmt, ...)
{
	STRBUF_AUTO(text);
	struct spreading s;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	s = by_bot(bridge, text.buf, err);
	return spread_to_control(&s);
}

/* ---- what the network says --------------------------------------------------------------------- */

/* When it is not on disk it stays pending; the network knows it again by its id when the place is
 * opened anew. */
static void on_ended(bool committed, void *arg)
{
	struct place_state *state = arg;

	if (!committed) {
		place_reopen(state, "what was shown could not be stored");
		return;
	}
	if (state->in_flight > 0)
		state->in_flight--;
	if (state->phase == PLACE_READY &&
	    (state->in_flight == 0 || state->in_flight == IN_FLIGHT_MAX / 2))
		relay_run(state);
}

static int relay_finish(struct bridge *bridge, struct relay_id id, const char *event_id,
			struct error *err)
{
	struct place_state *state;
	struct place_id place;
	int found = store_relay_finish(bridge->store, id, &place, err);

	if (found <= 0)
		return found; /* 0: told twice */
	state = place_state_find(bridge, place);
	/* While a place is given up or opened anew, what was said before this may be unstored. */
	if (event_id[0] != '\0' && state && state->phase == PLACE_READY &&
	    store_place_set_cursor(bridge->store, place, event_id, err) < 0)
		return -1;
	if (state)
		store_after_commit(bridge->store, on_ended, state);
	return 0;
}

static void relay_unstored(struct bridge *bridge, struct relay_id id, const struct error *why)
{
	struct relay_row row;
	struct place_state *state;

	log_error("relay.unstored relay=%lld problem=%s", (long long)id.v, log_quote(why->text));
	if (store_get_relay(bridge->store, id, &row, NULL) <= 0)
		return;
	state = place_state_find(bridge, row.place);
	relay_row_release(&row);
	if (state)
		place_reopen(state, "what was shown could not be stored");
}

/* A contact's words that nobody will see. Once per place for a while: what is refused once is often
 * refused again. */
static int alert_refused(struct bridge *bridge, const struct relay_row *row, const char *why,
			 struct error *err)
{
	struct place_state *state = place_state_find(bridge, row->place);
	struct place_row place;
	struct conversation_row conversation;
	int64_t now = loop_monotonic(bridge->loop);
	STRBUF_AUTO(title);
	STRBUF_AUTO(words);
	int found;

	if (row->kind != RELAY_SAY || (state && now < state->quiet_until))
		return 0;
	found = store_get_place(bridge->store, row->place, &place, err);
	if (found > 0)
		found = store_get_conversation(bridge->store, place.conversation, &conversation,
					       err);
	if (found <= 0)
		return found;
	if (state)
		state->quiet_until = now + REFUSED_QUIET_MS;
	bridge_title(&conversation, &title);
	(void)utf8_clean(&words, why, strlen(why), REASON_CODE_POINTS);
	return relay_alert(bridge, err,
			   "⚠ The chat server does not take what %s wrote (conversation %lld), so "
			   "nobody can see it: %s. Whoever has the conversation should ask them "
			   "to write it again, in other words.",
			   title.buf, (long long)conversation.id.v, words.buf);
}

/* refused: why the network did not show it, NULL when it did. */
static int relay_end_in_step(struct bridge *bridge, struct relay_id id, const char *event_id,
			     const char *refused, struct error *err)
{
	struct relay_row row = {0};
	int found = refused ? store_get_relay(bridge->store, id, &row, err) : 0;

	if (found > 0)
		found = alert_refused(bridge, &row, refused, err);
	relay_row_release(&row);
	return found < 0 ? -1 : relay_finish(bridge, id, event_id, err);
}

/* The row is done with; its place goes on. */
static void relay_end(struct bridge *bridge, struct relay_id id, const char *event_id,
		      const char *refused)
{
	struct error err = {0};
	int rc = store_step_begin(bridge->store, &err);

	if (rc == 0) {
		rc = relay_end_in_step(bridge, id, event_id, refused, &err);
		if (store_step_end(bridge->store, rc == 0, &err) < 0)
			rc = -1;
	}
	crash_point("relay.finished");
	if (rc < 0)
		relay_unstored(bridge, id, &err);
}

void bridge_relay_done(struct bridge *bridge, const char *network, struct relay_id id,
		       const char *event_id)
{
	log_debug("relay.done network=%s relay=%lld", network, (long long)id.v);
	relay_end(bridge, id, event_id, NULL);
}

void bridge_relay_failed(struct bridge *bridge, const char *network, struct relay_id id,
			 const char *why)
{
	log_warn("relay.refused network=%s relay=%lld why=%s", network, (long long)id.v,
		 log_quote(why));
	relay_end(bridge, id, "", why);
}
