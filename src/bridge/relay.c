/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The way to the chat: rows that are to be shown, in order per place, given to the network when the
 * place is ready and deleted when the network has shown them. Places are opened when something is
 * to be shown there, and all open ones when a network comes up, so that nothing said is missed.
 */
#include "bridge/bridge_priv.h"

#include "base/crash.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "base/xalloc.h"

#include <string.h>

#define IN_FLIGHT_MAX 50
#define REOPEN_MS 5000
#define LATE_MS 60000 /* what is older is shown with the time it was said */

static struct network_slot *slot_by_name(struct bridge *bridge, const char *name, int *index_out)
{
	for (int i = 0; i < bridge->slot_n; i++) {
		if (strcmp(bridge->slots[i].network->name, name) == 0) {
			*index_out = i;
			return &bridge->slots[i];
		}
	}
	return NULL;
}

static struct place_state *state_find(struct bridge *bridge, struct place_id id)
{
	struct place_state *state = bridge->places[(uint64_t)id.v % PLACE_BUCKETS];

	while (state && state->id.v != id.v)
		state = state->next;
	return state;
}

struct place_state *place_state_of(struct bridge *bridge, const struct place_row *row)
{
	struct place_state *state = state_find(bridge, row->id);
	struct place_state **bucket = &bridge->places[(uint64_t)row->id.v % PLACE_BUCKETS];
	int slot = -1;

	/* A place of a network that is no longer configured has no state: nothing can be shown. */
	if (state || !slot_by_name(bridge, row->network, &slot))
		return state;
	state = xcalloc(1, sizeof(*state));
	state->bridge = bridge;
	state->id = row->id;
	state->slot = slot;
	state->next = *bucket;
	*bucket = state;
	return state;
}

/* ---- how a place looks now, from the tables ---------------------------------------------------
 */

struct place_view {
	struct place_row row;
	struct conversation_row conversation;
	char title[NAME_MAX_BYTES + 16];
	char topic[USER_MAX + 64];
	char contact_name[NAME_MAX_BYTES];
	const char **members;
	struct chat_place place;
};

static void view_release(struct place_view *view)
{
	free(view->members);
}

static void view_add_members(struct place_view *view, const char *const *users, size_t n)
{
	view->members = xreallocarray(view->members, view->place.member_n + n, sizeof(char *));
	for (size_t i = 0; i < n; i++) {
		const char *address = user_address(users[i], view->row.network);

		if (address && !user_in(address, view->members, view->place.member_n))
			view->members[view->place.member_n++] = address;
	}
}

static int view_conversation(struct bridge *bridge, struct place_view *view, struct error *err)
{
	const struct bridge_options *o = bridge->options;
	struct conversation_row *c = &view->conversation;
	struct suppression_row suppression;
	const char *owner = c->owner;
	int suppressed;

	if (store_get_conversation(bridge->store, view->row.conversation, c, err) <= 0)
		return -1;
	suppressed = store_find_suppression(bridge->store, &c->phone, &suppression, err);
	if (suppressed < 0)
		return -1;
	conversation_title(c, view->title, sizeof(view->title));
	(void)snprintf(view->topic, sizeof(view->topic), "%s%s%s", suppressed ? "⛔ No texts: " : "",
		       suppressed ? suppression.reason : "",
		       suppressed    ? ""
		       : c->owner[0] ? strchr(c->owner, ':') + 1
				     : "Inbox");
	if (c->name[0] != '\0')
		STR_COPY(view->contact_name, c->name);
	else
		STR_COPY(view->contact_name, view->title);
	if (c->owner[0] != '\0')
		view_add_members(view, &owner, 1);
	else if (o->inbox_n > 0)
		view_add_members(view, o->inbox, o->inbox_n);
	else
		view_add_members(view, o->organizers, o->organizer_n);
	view->place.invite = c->open;
	return 0;
}

static int view_load(struct bridge *bridge, struct place_id id, struct place_view *view,
		     struct error *err)
{
	const struct bridge_options *o = bridge->options;

	if (store_get_place(bridge->store, id, &view->row, err) <= 0)
		return -1;
	view->place = (struct chat_place){.id = id,
					  .kind = view->row.kind,
					  .token = view->row.token,
					  .address = view->row.address,
					  .cursor = view->row.cursor,
					  .title = view->title,
					  .topic = view->topic,
					  .contact_name = view->contact_name};
	switch (view->row.kind) {
	case PLACE_CONVERSATION:
		if (view_conversation(bridge, view, err) < 0)
			return -1;
		break;
	case PLACE_CONTROL:
		STR_COPY(view->title, "Roomline control");
		(void)snprintf(view->topic, sizeof(view->topic), "!help lists the commands");
		view_add_members(view, o->organizers, o->organizer_n);
		view->place.invite = true;
		break;
	case PLACE_DIRECT:
		break;
	}
	view->place.members = view->members;
	return 0;
}

/* ---- giving rows to the network ---------------------------------------------------------------
 */

struct giving {
	struct place_state *state;
	struct network_slot *slot;
	struct place_view *view;
	int64_t now;
};

static bool give_row(const struct relay_row *row, void *arg)
{
	struct giving *g = arg;

	crash_point("relay.before_say");
	g->state->sent = row->id;
	g->state->in_flight++;
	if (row->kind == RELAY_MARK) {
		struct chat_mark_call mark = {.id = row->id,
					      .place = &g->view->place,
					      .event_id = row->target_event,
					      .mark = row->mark};

		g->slot->network->mark(g->slot->self, &mark);
	} else {
		struct chat_say say = {.id = row->id,
				       .place = &g->view->place,
				       .voice = row->voice,
				       .text = row->text,
				       .stamp = g->now - row->at > LATE_MS ? row->at : 0,
				       .notice = row->kind == RELAY_NOTICE};

		g->slot->network->say(g->slot->self, &say);
	}
	crash_point("relay.said");
	return g->state->phase == PLACE_READY;
}

static void place_open(struct place_state *state, struct network_slot *slot)
{
	struct place_view view = {0};
	struct error err = {0};

	if (view_load(state->bridge, state->id, &view, &err) < 0) {
		log_error("place.unreadable place=%lld problem=%s", (long long)state->id.v,
			  log_quote(err.text));
	} else {
		state->phase = PLACE_OPENING;
		state->stale = false;
		slot->network->open_place(slot->self, &view.place);
	}
	view_release(&view);
}

static void place_tell_changes(struct place_state *state, struct network_slot *slot,
			       struct place_view *view)
{
	state->stale = false;
	slot->network->update_place(slot->self, &view->place);
}

static void place_give(struct place_state *state, struct network_slot *slot)
{
	struct bridge *bridge = state->bridge;
	struct place_view view = {0};
	struct giving g = {.state = state, .slot = slot, .view = &view, .now = bridge_now(bridge)};
	struct error err = {0};

	if (state->in_flight >= IN_FLIGHT_MAX && !state->stale)
		return;
	if (view_load(bridge, state->id, &view, &err) == 0) {
		if (state->stale)
			place_tell_changes(state, slot, &view);
		if (store_list_relay(bridge->store, state->id, state->sent,
				     IN_FLIGHT_MAX - state->in_flight, give_row, &g, &err) == 0 &&
		    state->closing && state->in_flight == 0) {
			state->closing = false;
			slot->network->close_place(slot->self, &view.place);
		}
	}
	if (err.kind != ERR_NONE)
		log_error("relay.failed place=%lld problem=%s", (long long)state->id.v,
			  log_quote(err.text));
	view_release(&view);
}

/* Opens the place or gives it what is pending. */
static void relay_run(struct place_state *state)
{
	struct network_slot *slot = &state->bridge->slots[state->slot];

	if (!slot->up)
		return;
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

static void run_after_commit(bool committed, void *arg)
{
	if (committed)
		relay_run(arg);
}

/* ---- queueing ---------------------------------------------------------------------------------
 */

static int relay_add(struct bridge *bridge, const struct place_row *place,
		     const struct relay_row *row, struct error *err)
{
	struct place_state *state = place_state_of(bridge, place);

	if (!state)
		return 0;
	if (store_relay_add(bridge->store, row, err) < 0)
		return -1;
	store_after_commit(bridge->store, run_after_commit, state);
	return 0;
}

int relay_say(struct bridge *bridge, const struct place_row *place, enum chat_voice voice,
	      const char *text, struct message_id message, int64_t at, struct error *err)
{
	AUTO_FREE char *copy = xstrdup(text);
	struct relay_row row = {.place = place->id,
				.kind = voice == VOICE_CONTACT ? RELAY_SAY : RELAY_NOTICE,
				.voice = voice,
				.text = copy,
				.message = message,
				.at = at};

	return relay_add(bridge, place, &row, err);
}

int relay_mark(struct bridge *bridge, struct place_id place, const char *event_id,
	       enum chat_mark mark, struct message_id message, struct error *err)
{
	struct relay_row row = {.place = place,
				.kind = RELAY_MARK,
				.mark = mark,
				.message = message,
				.at = bridge_now(bridge)};
	struct place_row place_row;
	int found = store_get_place(bridge->store, place, &place_row, err);
	int slot;

	if (found <= 0 || event_id[0] == '\0')
		return found < 0 ? -1 : 0;
	if (!slot_by_name(bridge, place_row.network, &slot) ||
	    !(bridge->slots[slot].network->caps & CHAT_CAP_REACTIONS))
		return 0;
	STR_COPY(row.target_event, event_id);
	return relay_add(bridge, &place_row, &row, err);
}

static const struct message_id no_message = {0};

int relay_notice(struct bridge *bridge, const struct place_row *place, struct error *err,
		 const char *fmt, ...)
{
	STRBUF_AUTO(text);
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	return relay_say(bridge, place, VOICE_BOT, text.buf, no_message, bridge_now(bridge), err);
}

struct spreading { /* the same words into several places */
	struct bridge *bridge;
	enum chat_voice voice;
	const char *text;
	struct message_id message;
	int64_t at;
	struct error *err;
	bool failed;
};

static bool spread_to(const struct place_row *place, void *arg)
{
	struct spreading *s = arg;

	s->failed = relay_say(s->bridge, place, s->voice, s->text, s->message, s->at, s->err) < 0;
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
	struct spreading s = {bridge, VOICE_CONTACT, text, message, at, err, false};

	return spread(&s, conversation->id);
}

int relay_tell(struct bridge *bridge, struct conversation_id conversation, struct error *err,
	       const char *fmt, ...)
{
	STRBUF_AUTO(text);
	struct spreading s = {.bridge = bridge, .voice = VOICE_BOT, .err = err};
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	s.text = text.buf;
	s.at = bridge_now(bridge);
	return spread(&s, conversation);
}

int relay_alert(struct bridge *bridge, struct error *err, const char *fmt, ...)
{
	STRBUF_AUTO(text);
	struct spreading s = {.bridge = bridge, .voice = VOICE_BOT, .err = err};
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	s.text = text.buf;
	s.at = bridge_now(bridge);
	for (int i = 0; i < bridge->slot_n && !s.failed; i++) {
		struct place_row place;
		int found = store_find_control(bridge->store, bridge->slots[i].network->name,
					       &place, err);

		if (found < 0)
			return -1;
		if (found > 0)
			spread_to(&place, &s);
	}
	return s.failed ? -1 : 0;
}

struct refreshing {
	struct bridge *bridge;
	bool closed;
};

static bool refresh_one(const struct place_row *place, void *arg)
{
	struct refreshing *r = arg;
	struct place_state *state = place_state_of(r->bridge, place);

	if (!state)
		return true;
	/* Set although the step may be rolled back: then the place is told what it knows. */
	state->stale = true;
	state->closing = r->closed;
	store_after_commit(r->bridge->store, run_after_commit, state);
	return true;
}

int place_refresh(struct bridge *bridge, struct conversation_id conversation, bool closed,
		  struct error *err)
{
	struct refreshing r = {bridge, closed};

	return store_list_places_of(bridge->store, conversation, refresh_one, &r, err);
}

/* ---- what the network says ---------------------------------------------------------------------
 */

static bool open_one(const struct place_row *row, void *arg)
{
	struct place_state *state = place_state_of(arg, row);

	if (state)
		relay_run(state);
	return true;
}

void bridge_chat_up(struct bridge *bridge, const char *network)
{
	int index;
	struct network_slot *slot = slot_by_name(bridge, network, &index);
	struct error err = {0};

	if (!slot || slot->up)
		return;
	slot->up = true;
	log_info("chat.up network=%s", network);
	if (store_list_places(bridge->store, network, open_one, bridge, &err) < 0 ||
	    store_list_places_pending(bridge->store, network, INT32_MAX, open_one, bridge, &err) <
		    0)
		log_error("chat.unopened network=%s problem=%s", network, log_quote(err.text));
}

static void state_reset(struct place_state *state)
{
	state->phase = PLACE_IDLE;
	state->sent.v = 0;
	state->in_flight = 0;
}

void bridge_chat_down(struct bridge *bridge, const char *network, const char *why)
{
	int index;
	struct network_slot *slot = slot_by_name(bridge, network, &index);

	if (!slot)
		return;
	if (slot->up)
		log_warn("chat.down network=%s why=%s", network, log_quote(why));
	slot->up = false;
	for (size_t i = 0; i < PLACE_BUCKETS; i++) {
		for (struct place_state *s = bridge->places[i]; s; s = s->next) {
			if (s->slot == index)
				state_reset(s);
		}
	}
}

void bridge_place_ready(struct bridge *bridge, const char *network, struct place_id id,
			const char *address)
{
	struct place_state *state = state_find(bridge, id);
	struct place_row row;
	struct error err = {0};
	int rc = -1;

	if (!state || store_get_place(bridge->store, id, &row, &err) <= 0)
		return;
	state->phase = PLACE_READY;
	if (strcmp(row.address, address) != 0 && store_step_begin(bridge->store, &err) == 0) {
		rc = store_place_set_address(bridge->store, id, address, &err);
		if (store_step_end(bridge->store, rc == 0, &err) < 0 || rc < 0)
			log_error("place.unstored network=%s problem=%s", network,
				  log_quote(err.text));
	}
	relay_run(state);
}

static void on_reopen(void *arg)
{
	struct place_state *state = arg;

	state->retry_queued = false;
	relay_run(state);
}

void place_reopen(struct place_state *state, const char *why)
{
	log_warn("place.lost network=%s place=%lld why=%s",
		 state->bridge->slots[state->slot].network->name, (long long)state->id.v,
		 log_quote(why));
	state_reset(state);
	if (!state->retry_queued) {
		state->retry_queued = true;
		(void)loop_after(state->bridge->loop, REOPEN_MS, on_reopen, state);
	}
}

void bridge_place_lost(struct bridge *bridge, const char *network, struct place_id id,
		       const char *why)
{
	struct place_state *state = state_find(bridge, id);
	int slot;

	if (state && slot_by_name(bridge, network, &slot) && slot == state->slot)
		place_reopen(state, why);
}

/* The row is done with; its place goes on. */
static void relay_end(struct bridge *bridge, struct relay_id id, const char *event_id)
{
	struct relay_row row = {0};
	struct place_state *state = NULL;
	struct error err = {0};
	int rc = store_step_begin(bridge->store, &err);

	if (rc == 0) {
		rc = store_get_relay(bridge->store, id, &row, &err);
		if (rc > 0) {
			state = state_find(bridge, row.place);
			rc = store_relay_finish(bridge->store, id, event_id, &err);
		}
		/* A place that is being given up may have events before this one unstored. */
		if (rc >= 0 && event_id[0] != '\0' && state && state->phase != PLACE_IDLE)
			rc = store_place_set_cursor(bridge->store, row.place, event_id, &err);
		if (store_step_end(bridge->store, rc >= 0, &err) < 0)
			rc = -1;
	}
	crash_point("relay.finished");
	relay_row_release(&row);
	if (rc < 0)
		log_error("relay.unstored relay=%lld problem=%s", (long long)id.v,
			  log_quote(err.text));
	if (!state)
		return;
	if (rc <
	    0) { /* it stays pending, and is known again by its id when the place is reopened */
		place_reopen(state, "what was shown could not be stored");
		return;
	}
	if (state->in_flight > 0)
		state->in_flight--;
	if (state->phase == PLACE_READY &&
	    (state->in_flight == 0 || state->in_flight == IN_FLIGHT_MAX / 2))
		relay_run(state);
}

void bridge_relay_done(struct bridge *bridge, const char *network, struct relay_id id,
		       const char *event_id)
{
	log_debug("relay.done network=%s relay=%lld", network, (long long)id.v);
	relay_end(bridge, id, event_id);
}

void bridge_relay_failed(struct bridge *bridge, const char *network, struct relay_id id,
			 const char *why)
{
	log_warn("relay.refused network=%s relay=%lld why=%s", network, (long long)id.v,
		 log_quote(why));
	relay_end(bridge, id, "");
}
