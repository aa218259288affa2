/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which places there are, and how far their networks are with them. A place is opened when
 * something is to be shown there, and all open ones when a network comes up, so that nothing said
 * is missed. What is in memory is only how far we are; it can be forgotten at any time.
 */
#include "bridge/bridge_priv.h"

#include "base/log.h"
#include "base/xalloc.h"

#include <string.h>

#define REOPEN_MS 5000

struct network_slot *network_slot(struct bridge *bridge, const char *name, int *index_out)
{
	for (int i = 0; i < bridge->slot_n; i++) {
		if (strcmp(bridge->slots[i].network->name, name) == 0) {
			*index_out = i;
			return &bridge->slots[i];
		}
	}
	return NULL;
}

struct place_state *place_state_find(struct bridge *bridge, struct place_id id)
{
	struct place_state *state = bridge->places[(uint64_t)id.v % PLACE_BUCKETS];

	while (state && state->id.v != id.v)
		state = state->next;
	return state;
}

static void state_reset(struct place_state *state)
{
	state->phase = PLACE_IDLE;
	state->sent.v = 0;
	state->in_flight = 0;
	state->more = true;
}

struct place_state *place_state_of(struct bridge *bridge, const struct place_row *row)
{
	struct place_state *state = place_state_find(bridge, row->id);
	struct place_state **bucket = &bridge->places[(uint64_t)row->id.v % PLACE_BUCKETS];
	int slot = -1;

	if (!network_slot(bridge, row->network, &slot))
		return NULL;
	if (state && state->slot != slot) {
		/* A place that was never committed, and another one that got its id. */
		state_reset(state);
		state->slot = slot;
	}
	if (state)
		return state;
	state = xcalloc(1, sizeof(*state));
	state->bridge = bridge;
	state->id = row->id;
	state->slot = slot;
	state->more = true;
	state->next = *bucket;
	*bucket = state;
	return state;
}

void places_release(struct bridge *bridge)
{
	for (int i = 0; i < bridge->slot_n; i++)
		places_closed_stop(&bridge->slots[i]);
	for (size_t i = 0; i < PLACE_BUCKETS; i++) {
		while (bridge->places[i]) {
			struct place_state *state = bridge->places[i];

			bridge->places[i] = state->next;
			loop_cancel(state->reopen);
			free(state);
		}
	}
}

/* ---- opening ---------------------------------------------------------------------------------- */

static void on_reopen(void *arg)
{
	struct place_state *state = arg;

	state->reopen = NULL;
	relay_run(state);
}

void place_reopen(struct place_state *state, const char *why)
{
	log_warn("place.lost network=%s place=%lld why=%s",
		 state->bridge->slots[state->slot].network->name, (long long)state->id.v,
		 log_quote(why));
	state_reset(state);
	if (!state->reopen)
		state->reopen = loop_after(state->bridge->loop, REOPEN_MS, on_reopen, state);
}

void place_unreadable(struct place_state *state, const struct error *why)
{
	/* Its step was undone: there is no such place, and nobody waits for it. */
	if (why->kind == ERR_NOT_FOUND)
		state_reset(state);
	else
		place_reopen(state, why->text);
}

void place_open(struct place_state *state, struct network_slot *slot)
{
	struct place_view view;
	struct error err = {0};

	if (view_load(state->bridge, state->id, &view, &err) < 0) {
		place_unreadable(state, &err);
		return;
	}
	state->phase = PLACE_OPENING;
	state->stale = state->told_closed = false;
	state->closing = true; /* what is over is told so when it is ready */
	slot->network->open_place(slot->self, &view.place);
	view_release(&view);
}

/* ---- changes ---------------------------------------------------------------------------------- */

/* Set although the step may be rolled back: then the place is told what it knows. */
static bool refresh_one(const struct place_row *place, void *arg)
{
	struct bridge *bridge = arg;
	struct place_state *state = place_state_of(bridge, place);

	if (state) {
		state->stale = true;
		relay_run_after_commit(state);
	}
	return true;
}

int place_refresh(struct bridge *bridge, struct conversation_id conversation, struct error *err)
{
	return store_list_places_of(bridge->store, conversation, refresh_one, bridge, err);
}

void places_refresh_all(struct bridge *bridge)
{
	for (size_t i = 0; i < PLACE_BUCKETS; i++) {
		for (struct place_state *s = bridge->places[i]; s; s = s->next) {
			/* The others are told how they look when they are opened. */
			if (s->phase == PLACE_IDLE)
				continue;
			s->stale = true;
			relay_run(s);
		}
	}
}

/* ---- what the network says --------------------------------------------------------------------- */

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
	struct network_slot *slot = network_slot(bridge, network, &index);
	struct error err = {0};

	if (!slot || slot->up)
		return;
	slot->up = slot->was_up = true;
	slot->broken = false;
	log_info("chat.up network=%s", network);
	if (store_list_places(bridge->store, network, open_one, bridge, &err) < 0 ||
	    store_list_places_pending(bridge->store, network, INT32_MAX, open_one, bridge, &err) <
		    0)
		log_error("chat.unopened network=%s problem=%s", network, log_quote(err.text));
	places_closed_open(bridge, slot);
}

void bridge_chat_down(struct bridge *bridge, const char *network, const char *why)
{
	int index;
	struct network_slot *slot = network_slot(bridge, network, &index);

	if (!slot)
		return;
	if (slot->up)
		log_warn("chat.down network=%s why=%s", network, log_quote(why));
	slot->up = false;
	places_closed_stop(slot);
	for (size_t i = 0; i < PLACE_BUCKETS; i++) {
		for (struct place_state *s = bridge->places[i]; s; s = s->next) {
			if (s->slot == index)
				state_reset(s);
		}
	}
}

/* The state of one of that network's places, if we know it. */
static struct place_state *state_in(struct bridge *bridge, const char *network, struct place_id id)
{
	struct place_state *state = place_state_find(bridge, id);
	int index;

	return state && network_slot(bridge, network, &index) && index == state->slot ? state
										      : NULL;
}

static int place_ready(struct bridge *bridge, struct place_id id, const char *address,
		       struct error *err)
{
	struct place_row row;
	int rc = store_get_place(bridge->store, id, &row, err);

	if (rc <= 0 || strcmp(row.address, address) == 0)
		return rc < 0 ? -1 : 0;
	if (store_step_begin(bridge->store, err) < 0)
		return -1;
	rc = store_place_set_address(bridge->store, id, address, err);
	return store_step_end(bridge->store, rc == 0, err) < 0 || rc < 0 ? -1 : 0;
}

void bridge_place_ready(struct bridge *bridge, const char *network, struct place_id id,
			const char *address)
{
	struct place_state *state = state_in(bridge, network, id);
	struct error err = {0};

	/* Given up in the meantime: it will be asked for again. */
	if (!state || state->phase == PLACE_IDLE)
		return;
	state->phase = PLACE_READY;
	if (place_ready(bridge, id, address, &err) < 0)
		log_error("place.unstored network=%s problem=%s", network, log_quote(err.text));
	relay_run(state);
}

void bridge_place_lost(struct bridge *bridge, const char *network, struct place_id id,
		       const char *why)
{
	struct place_state *state = state_in(bridge, network, id);

	if (state)
		place_reopen(state, why);
}

int bridge_place_find(struct bridge *bridge, const char *network, enum place_kind kind,
		      const char *address, struct place_id *out)
{
	struct place_row row;
	struct error err = {0};
	int found = store_find_place_by_address(bridge->store, network, kind, address, &row, &err);

	if (found < 0)
		log_error("place.unread network=%s problem=%s", network, log_quote(err.text));
	if (found > 0)
		*out = row.id;
	return found;
}

int bridge_place_of_event(struct bridge *bridge, const char *network, const char *event_id,
			  struct place_id *out)
{
	struct error err = {0};
	int found = store_chat_event_place(bridge->store, network, event_id, out, &err);

	if (found < 0)
		log_error("place.unread network=%s problem=%s", network, log_quote(err.text));
	return found;
}
