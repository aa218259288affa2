/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The bridge's life: made, given its networks, started after a crash or a stop, drained, reloaded;
 * and the small questions that others ask it. */
#include "bridge/bridge_priv.h"

#include "base/log.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "core/phone.h"

#include <string.h>

struct bridge *bridge_new(struct loop *loop, struct store *store, struct http_client *client,
			  const struct bridge_options *options)
{
	struct bridge *bridge = xcalloc(1, sizeof(*bridge));

	bridge->loop = loop;
	bridge->store = store;
	bridge->client = client;
	bridge->options = options;
	bridge->rate = rate_new();
	bridge->media = media_loads_new(bridge);
	bridge->clock = loop_now(loop) - loop_monotonic(loop);
	return bridge;
}

void bridge_free(struct bridge *bridge)
{
	if (!bridge)
		return;
	/* Who still waits for a commit must not be told of it when we are gone. Whoever it is, the
	 * networks and the client may be gone already. */
	bridge->stopping = true;
	bridge->client = NULL;
	for (int i = 0; i < bridge->slot_n; i++)
		bridge->slots[i].up = false;
	while (store_in_batch(bridge->store))
		store_commit(bridge->store);
	outbox_release(bridge);
	media_release(bridge);
	places_release(bridge);
	loop_cancel(bridge->hold_timer);
	loop_cancel(bridge->stop_timer);
	rate_free(bridge->rate);
	free(bridge);
}

void bridge_add_network(struct bridge *bridge, const struct chat_network *network, void *self)
{
	if (bridge->slot_n == NETWORKS_MAX)
		BUG("more than %d networks", NETWORKS_MAX);
	bridge->slots[bridge->slot_n++] = (struct network_slot){.network = network, .self = self};
}

void bridge_on_broken(struct bridge *bridge, bridge_broken_fn *fn, void *arg)
{
	bridge->on_broken = fn;
	bridge->on_broken_arg = arg;
}

static bool all_are_broken(const struct bridge *bridge)
{
	for (int i = 0; i < bridge->slot_n; i++) {
		if (bridge->slots[i].was_up || !bridge->slots[i].broken)
			return false;
	}
	return true;
}

void bridge_chat_broken(struct bridge *bridge, const char *network, enum chat_broken what,
			const char *why)
{
	int index;
	struct network_slot *slot = network_slot(bridge, network, &index);
	bool told = slot && slot->broken;
	STRBUF_AUTO(words);

	if (!slot)
		return;
	slot->broken = true;
	if (all_are_broken(bridge) && bridge->on_broken) {
		bridge->on_broken(network, what, why, bridge->on_broken_arg);
	} else if (!told) {
		strbuf_addf(&words, "%s does not work, and will not by itself: %s", network, why);
		bridge_chat_alert(bridge, network, words.buf);
	}
}

struct recovery {
	struct bridge *bridge;
	struct error *err;
	int n;
	bool failed;
};

/* A text that was SENDING when we died: its request may have left. It is never sent again by
 * itself; a report that carries our ref will still tell. */
static bool recover_one(const struct message_row *found, void *arg)
{
	struct recovery *r = arg;
	struct message_row row = *found;

	STR_COPY(row.reason, "Roomline stopped while it was being sent");
	r->failed = message_set_state(r->bridge, &row, MSG_UNKNOWN, r->err) < 0;
	r->n++;
	return !r->failed;
}

#define RECOVER_AT_ONCE 500

/* The clock may have been set back since they were queued. */
static int recover_due(struct bridge *bridge, struct error *err)
{
	int rc = store_step_begin(bridge->store, err);

	if (rc == 0) {
		rc = store_limit_due(bridge->store, bridge_now(bridge) + WAIT_MAX_MS, err);
		if (store_step_end(bridge->store, rc == 0, err) < 0)
			rc = -1;
	}
	return rc;
}

static int recover(struct bridge *bridge, struct error *err)
{
	struct recovery r = {.bridge = bridge, .err = err};
	int all = 0;
	int rc;

	do {
		r.n = 0;
		if (store_step_begin(bridge->store, err) < 0)
			return -1;
		rc = store_list_messages_in_state(bridge->store, MSG_SENDING, RECOVER_AT_ONCE,
						  recover_one, &r, err);
		if (r.failed)
			rc = -1;
		if (store_step_end(bridge->store, rc == 0, err) < 0 || rc < 0)
			return -1;
		all += r.n;
	} while (r.n == RECOVER_AT_ONCE);
	if (all > 0)
		log_warn("bridge.recovered unknown=%d", all);
	return 0;
}

static int control_ensure(struct bridge *bridge, const char *network, struct error *err)
{
	struct place_row row = {.kind = PLACE_CONTROL, .created_at = bridge_now(bridge)};
	int found = store_find_control(bridge->store, network, &row, err);

	if (found != 0)
		return found < 0 ? -1 : 0;
	STR_COPY(row.network, network);
	STR_COPY(row.token, "control");
	return store_place_add(bridge->store, &row, err);
}

static void note_commit(bool committed, void *arg)
{
	bool *done = arg;

	*done = committed;
}

int bridge_start(struct bridge *bridge, struct error *err)
{
	char paused[8];
	bool done = false;
	int rc = 0;

	if (store_get_value(bridge->store, "paused", paused, sizeof(paused), err) < 0 ||
	    recover(bridge, err) < 0 || recover_due(bridge, err) < 0)
		return -1;
	bridge->paused = strcmp(paused, "yes") == 0;
	if (store_step_begin(bridge->store, err) < 0)
		return -1;
	for (int i = 0; rc == 0 && i < bridge->slot_n; i++)
		rc = control_ensure(bridge, bridge->slots[i].network->name, err);
	if (store_step_end(bridge->store, rc == 0, err) < 0 || rc < 0)
		return -1;
	store_after_commit(bridge->store, note_commit, &done);
	store_commit(bridge->store);
	if (!done)
		return error_set(err, ERR_IO, "the database cannot be written: is the disk full?");
	holds_watch(bridge);
	outbox_kick(bridge);
	return media_start(bridge, err);
}

static void on_stop_timer(void *arg)
{
	struct bridge *bridge = arg;

	bridge->stop_timer = NULL;
	if (bridge->open_sends > 0)
		log_warn("bridge.impatient in_flight=%d", bridge->open_sends);
	bridge->stopped(bridge->stopped_arg);
}

void bridge_stop(struct bridge *bridge, int64_t patience_ms, loop_fn *stopped, void *arg)
{
	bridge->stopping = true;
	bridge->stopped = stopped;
	bridge->stopped_arg = arg;
	bridge->stop_timer = loop_after(bridge->loop, bridge->open_sends ? patience_ms : 0,
					on_stop_timer, bridge);
}

void bridge_send_ended(struct bridge *bridge)
{
	if (!bridge->stop_timer || bridge->open_sends > 0)
		return;
	loop_cancel(bridge->stop_timer);
	bridge->stop_timer = loop_after(bridge->loop, 0, on_stop_timer, bridge);
}

void bridge_reload(struct bridge *bridge, const struct bridge_options *options)
{
	bridge->options = options;
	rate_unblock_all(bridge->rate);
	places_refresh_all(bridge);
	outbox_kick(bridge);
}

int bridge_sms_event(struct bridge *bridge, const struct sms_account *account,
		     const struct sms_event *event, struct error *err)
{
	static const char *const kinds[] = {"text", "report", "ignored"};
	int rc;

	if (store_step_begin(bridge->store, err) < 0)
		return -1;
	rc = store_hook_add(bridge->store, account->name, event->key, kinds[event->kind],
			    event->ext_id, bridge_now(bridge), err);
	if (rc == 0)
		log_info("hook.repeated account=%s kind=%s", account->name, kinds[event->kind]);
	if (rc > 0 && event->kind == SMS_EVENT_TEXT)
		rc = inbound_text(bridge, account, event, err);
	else if (rc > 0 && event->kind == SMS_EVENT_REPORT)
		rc = report_apply(bridge, account, event, err);
	if (store_step_end(bridge->store, rc >= 0, err) < 0)
		rc = -1;
	return rc < 0 ? -1 : 0;
}

/* ---- questions -------------------------------------------------------------------------------- */

struct store *bridge_store(struct bridge *bridge)
{
	return bridge->store;
}

/* The wall clock, which we follow forward only. When it is set back, what waits would wait as long
 * again, and what is only good for minutes would leave late. */
int64_t bridge_now(struct bridge *bridge)
{
	int64_t monotonic = loop_monotonic(bridge->loop);
	int64_t clock = loop_now(bridge->loop) - monotonic;

	if (clock > bridge->clock)
		bridge->clock = clock;
	return monotonic + bridge->clock;
}

const struct bridge_options *bridge_options(struct bridge *bridge)
{
	return bridge->options;
}

bool bridge_is_paused(struct bridge *bridge)
{
	return bridge->paused;
}

int bridge_networks_up(const struct bridge *bridge)
{
	int n = 0;

	for (int i = 0; i < bridge->slot_n; i++)
		n += bridge->slots[i].up;
	return n;
}

bool bridge_network_is_up(const struct bridge *bridge, const char *network)
{
	for (int i = 0; i < bridge->slot_n; i++) {
		if (strcmp(bridge->slots[i].network->name, network) == 0)
			return bridge->slots[i].up;
	}
	return false;
}

bool bridge_is_user(const struct bridge *bridge, const char *user)
{
	for (int i = 0; i < bridge->slot_n; i++) {
		if (chat_network_person(bridge->slots[i].network, user))
			return true;
	}
	return false;
}

#define SHOWN_BYTES 40

int bridge_read_number(struct bridge *bridge, const char *text, struct phone *out,
		       struct error *err)
{
	enum phone_error e = phone_parse(text, strlen(text), bridge->options->region, out);

	if (e == PHONE_OK)
		return 0;
	return error_set(
		err, ERR_INPUT,
		"“%.*s” is no telephone number I can use (%s). Write it like +14155550100.",
		(int)utf8_whole(text, strnlen(text, SHOWN_BYTES)), text, phone_error_reason(e));
}

void bridge_describe(struct bridge *bridge, struct strbuf *out)
{
	for (int i = 0; i < bridge->slot_n; i++) {
		char line[512] = "";

		bridge->slots[i].network->describe(bridge->slots[i].self, line, sizeof(line));
		strbuf_addf(out, "%s: %s\n", bridge->slots[i].network->name, line);
	}
	for (size_t i = 0; i < bridge->options->sender_n; i++) {
		const struct sms_sender *sender = &bridge->options->senders[i];
		const char *why =
			rate_blocked_why(bridge->rate, sender, loop_monotonic(bridge->loop));

		strbuf_addf(out, "sender %s (%s by %s): %s\n", sender->name, sender->number.e164,
			    sender->account->name, why[0] ? why : "ready");
	}
}
