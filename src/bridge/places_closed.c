/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Places of conversations that were closed lately. Where a network hears only what is said in places
 * that are open, somebody who writes there would wait for an answer in vain. So they are opened too,
 * a few at a time, so that a conversation of now never stands in a queue behind them. What was closed
 * longer ago is left alone: such rooms only become more.
 */
#include "bridge/bridge_priv.h"

#include "base/log.h"
#include "base/xalloc.h"

#define CLOSED_LATELY_MS (30 * INT64_C(86400000))
#define CLOSED_MAX 1000
#define AT_ONCE 5
#define EVERY_MS 1000

static void open_one(struct network_slot *slot, struct place_id id)
{
	struct place_row row;
	struct error err = {0};
	int found = store_get_place(slot->bridge->store, id, &row, &err);
	struct place_state *state = found > 0 ? place_state_of(slot->bridge, &row) : NULL;

	if (found < 0)
		log_error("place.unread network=%s problem=%s", slot->network->name,
			  log_quote(err.text));
	/* Else something is to be shown there, and it is on its way already. */
	if (state && state->phase == PLACE_IDLE)
		relay_run(state);
}

static void open_some(void *arg)
{
	struct network_slot *slot = arg;

	slot->closed_timer = NULL;
	for (int i = 0; i < AT_ONCE && slot->closed_at < slot->closed_n; i++)
		open_one(slot, slot->closed[slot->closed_at++]);
	if (slot->closed_at < slot->closed_n)
		slot->closed_timer = loop_after(slot->bridge->loop, EVERY_MS, open_some, slot);
	else
		places_closed_stop(slot);
}

void places_closed_open(struct bridge *bridge, struct network_slot *slot)
{
	int64_t since = bridge_now(bridge) - CLOSED_LATELY_MS;
	struct error err = {0};
	int n;

	if (slot->network->caps & CHAT_CAP_REDELIVERS)
		return;
	slot->bridge = bridge;
	slot->closed = xcalloc(CLOSED_MAX, sizeof(*slot->closed));
	n = store_list_places_closed(bridge->store, slot->network->name, since, slot->closed,
				     CLOSED_MAX, &err);
	if (n < 0)
		log_error("chat.unopened network=%s problem=%s", slot->network->name,
			  log_quote(err.text));
	if (n <= 0) {
		places_closed_stop(slot);
		return;
	}
	slot->closed_n = n;
	log_debug("chat.opening_closed network=%s places=%d", slot->network->name, n);
	slot->closed_timer = loop_after(bridge->loop, EVERY_MS, open_some, slot);
}

void places_closed_stop(struct network_slot *slot)
{
	loop_cancel(slot->closed_timer);
	slot->closed_timer = NULL;
	free(slot->closed);
	slot->closed = NULL;
	slot->closed_n = slot->closed_at = 0;
}
