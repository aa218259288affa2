/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The way out: a queued text is taken when it is due and its sender may send, asked about once
 * more, committed as SENDING, and only then handed to the provider. This file alone can make a
 * struct cleared_sms.
 *
 * Kept in the table and not in memory, so that what is left after a crash can be read: NEW rows go
 * on, a SENDING row is one whose request may have left, and becomes UNKNOWN. A retry loop inside
 * the HTTP client was rejected: it cannot know what the provider has done.
 */
#include "bridge/bridge_priv.h"

#include "base/crash.h"
#include "base/hmac.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "core/gsm7.h"

#include <string.h>

#define OPEN_SENDS_MAX 200
#define BATCH_MAX 200
#define ATTEMPTS_MAX 8
#define BACKOFF_FIRST_MS 2000
#define BACKOFF_MAX_MS 300000
#define THROTTLE_DEFAULT_MS 2000
#define CONFIG_RETRY_MS 300000
#define STORE_RETRY_MS 1000
#define VALIDITY_S 14400
#define SENDERS_MAX 256

struct cleared_sms {
	char ref[TOKEN_MAX];
	struct phone to;
	const char *from;
	const char *text;
	int validity_s;
};

const char *cleared_sms_ref(const struct cleared_sms *sms)
{
	return sms->ref;
}

const char *cleared_sms_to(const struct cleared_sms *sms)
{
	return sms->to.e164;
}

const char *cleared_sms_from(const struct cleared_sms *sms)
{
	return sms->from;
}

const char *cleared_sms_text(const struct cleared_sms *sms)
{
	return sms->text;
}

size_t cleared_sms_media(const struct cleared_sms *sms, const char *const **urls_out)
{
	(void)sms;
	*urls_out = NULL;
	return 0;
}

int cleared_sms_validity_s(const struct cleared_sms *sms)
{
	return sms->validity_s;
}

/* ---- senders ----------------------------------------------------------------------------------
 */

const struct sms_sender *sender_by_name(const struct bridge *bridge, const char *name)
{
	for (size_t i = 0; i < bridge->options->sender_n; i++) {
		if (strcmp(bridge->options->senders[i].name, name) == 0)
			return &bridge->options->senders[i];
	}
	return NULL;
}

/* A number of ours in the contact's area, else the first one configured. */
static const struct sms_sender *sender_choose(const struct bridge *bridge, const struct phone *to)
{
	for (size_t i = 0; i < bridge->options->sender_n; i++) {
		const struct sms_sender *sender = &bridge->options->senders[i];

		if (strncmp(to->e164, "+1", 2) == 0 &&
		    strncmp(sender->number.e164, to->e164, 5) == 0)
			return sender;
	}
	return bridge->options->sender_n ? &bridge->options->senders[0] : NULL;
}

int sender_for(struct bridge *bridge, const struct contact_row *contact,
	       const struct sms_sender **out, struct error *err)
{
	if (contact->sender[0] != '\0') {
		*out = sender_by_name(bridge, contact->sender);
		/* Never silently from another number: people would not know who is texting. */
		if (!*out)
			return error_set(
				err, ERR_CONFIG,
				"They were texted from the sender “%s”, which is no longer "
				"configured. An admin has to bring it back.",
				contact->sender);
		return 0;
	}
	*out = sender_choose(bridge, &contact->phone);
	if (!*out)
		return error_set(err, ERR_CONFIG, "No sender is configured.");
	return store_contact_set_sender(bridge->store, contact->id, (*out)->name, err);
}

/* ---- in ---------------------------------------------------------------------------------------
 */

static void kick_after_commit(bool committed, void *arg)
{
	if (committed)
		outbox_kick(arg);
}

int outbox_add(struct bridge *bridge, struct message_row *row, const struct phone *to,
	       struct error *err)
{
	const struct sms_sender *sender = sender_by_name(bridge, row->sender);
	struct gate_ruling ruling;
	struct segment_count count;

	if (!sender)
		BUG("outbox_add with the unknown sender %s", row->sender);
	row->phone = *to;
	row->outbound = true;
	row->state = MSG_NEW;
	if (gate_ask(bridge, row, sender, &ruling, err) < 0)
		return -1;
	if (ruling.code != GATE_ALLOW && !ruling.wait) {
		log_info("gate.refused code=%s to=%s", gate_code_word(ruling.code),
			 log_phone(to->e164));
		return error_set(err, ERR_STATE, "%s", ruling.why);
	}
	gsm7_count(row->text, strlen(row->text), &count);
	random_token(row->ref, 32);
	STR_COPY(row->account, sender->account->name);
	row->segments = count.segments;
	row->created_at = bridge_now(bridge);
	row->updated_at = row->created_at;
	row->due_at = row->created_at;
	if (store_message_add(bridge->store, row, err) < 0)
		return -1;
	store_after_commit(bridge->store, kick_after_commit, bridge);
	if (ruling.code == GATE_ALLOW || row->origin_place.v == 0)
		return 0;
	if (relay_mark(bridge, row->origin_place, row->origin_event, MARK_QUEUED, row->id, err) < 0)
		return -1;
	return relay_tell(bridge, row->conversation, err, "🕓 %s", ruling.why);
}

/* ---- out --------------------------------------------------------------------------------------
 */

struct send { /* one request under way */
	struct bridge *bridge;
	struct message_id message;
	const struct sms_account *account;
	const struct sms_sender *sender;
	struct cleared_sms sms;
	char *text;
	struct sms_result result; /* kept here while it cannot be stored */
	struct send *next;        /* while it waits for the commit */
};

static void send_free(struct send *send)
{
	free(send->text);
	free(send);
}

static void send_ended(struct send *send)
{
	struct bridge *bridge = send->bridge;

	bridge->open_sends--;
	send_free(send);
	if (bridge->stopping && bridge->open_sends == 0 && bridge->stopped) {
		loop_fn *stopped = bridge->stopped;

		bridge->stopped = NULL;
		loop_cancel(bridge->stop_timer);
		bridge->stop_timer = NULL;
		stopped(bridge->stopped_arg);
		return;
	}
	outbox_kick(bridge);
}

static int64_t backoff_ms(int attempts)
{
	int64_t ms = BACKOFF_FIRST_MS;

	for (int i = 1; i < attempts && ms < BACKOFF_MAX_MS; i++)
		ms *= 2;
	return ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS;
}

/* Not sent now, for sure: back to the queue. */
static int requeue(struct bridge *bridge, struct message_row *row, int64_t wait_ms,
		   struct error *err)
{
	row->due_at = bridge_now(bridge) + wait_ms;
	return message_set_state(bridge, row, MSG_NEW, err);
}

static int block_sender(struct bridge *bridge, const struct send *send, struct message_row *row,
			struct error *err)
{
	const struct sms_result *result = &send->result;
	int64_t now = loop_monotonic(bridge->loop);
	bool known = rate_blocked_why(bridge->rate, send->sender, now)[0] != '\0';

	rate_block(bridge->rate, send->sender, result->scope, now + CONFIG_RETRY_MS,
		   result->reason);
	if (requeue(bridge, row, CONFIG_RETRY_MS, err) < 0)
		return -1;
	if (known)
		return 0;
	log_error("sender.blocked sender=%s code=%s", send->sender->name, result->code);
	return relay_alert(
		bridge, err,
		"⚠ The provider “%s” refuses to send from “%s”: %s%s%s%s Texts wait. An admin has "
		"to look at it; I try again in 5 minutes, or after `!resume`.",
		send->account->name, send->sender->name, result->reason,
		result->code[0] ? " [" : "", result->code, result->code[0] ? "]" : "");
}

/* What a result means for the text; the row is as stored now. */
static int result_apply(struct bridge *bridge, const struct send *send, struct message_row *row,
			struct error *err)
{
	const struct sms_result *result = &send->result;
	int64_t wait = result->retry_after_s > 0 ? INT64_C(1000) * result->retry_after_s
						 : THROTTLE_DEFAULT_MS;
	struct consent_source source = {"provider_error", result->code, result->reason, ""};
	bool added;

	switch (result->class) {
	case SMS_OK:
		return message_set_state(bridge, row, MSG_ACCEPTED, err);
	case SMS_TEMP:
		if (row->attempts >= ATTEMPTS_MAX)
			return message_set_state(bridge, row, MSG_FAILED, err);
		return requeue(bridge, row, backoff_ms(row->attempts), err);
	case SMS_THROTTLE:
		rate_throttle(bridge->rate, send->sender, result->scope,
			      loop_monotonic(bridge->loop), wait);
		row->attempts--; /* it was not tried, it was turned away */
		return requeue(bridge, row, wait, err);
	case SMS_CONFIG:
		row->attempts--;
		return block_sender(bridge, send, row, err);
	case SMS_OPTED_OUT:
		if (message_set_state(bridge, row, MSG_FAILED, err) < 0)
			return -1;
		return consent_suppress(bridge, &row->phone, "provider_opt_out", &source, &added,
					err);
	case SMS_AMBIGUOUS:
		return message_set_state(bridge, row, MSG_UNKNOWN, err);
	case SMS_PERM:
	case SMS_BAD_NUMBER:
	case SMS_LANDLINE:
	case SMS_FILTERED:
		return message_set_state(bridge, row, MSG_FAILED, err);
	}
	BUG("sms class %d", (int)result->class);
}

/* A report may have overtaken the answer; then only what it did not know is filled in. */
static int bridge_sms_result(struct bridge *bridge, const struct send *send, struct error *err)
{
	const struct sms_result *result = &send->result;
	struct message_row row = {0};
	int found = store_get_message(bridge->store, send->message, &row, err);
	int rc;

	if (found <= 0)
		return found;
	if (result->ext_id[0] != '\0')
		STR_COPY(row.ext_id, result->ext_id);
	if (result->segments > 0)
		row.segments = result->segments;
	if (row.state == MSG_SENDING || row.state == MSG_UNKNOWN) {
		STR_COPY(row.code, result->code);
		STR_COPY(row.reason, result->reason);
		rc = result_apply(bridge, send, &row, err);
	} else {
		rc = store_message_change(bridge->store, &row, row.state, bridge_now(bridge), err);
	}
	message_row_release(&row);
	return rc < 0 ? -1 : 0;
}

/* Stores the result; when that is not possible now (disk full), keeps it and tries again: the text
 * stays SENDING, which is the truth a crash would leave. */
static void result_store(void *arg)
{
	struct send *send = arg;
	struct bridge *bridge = send->bridge;
	struct error err = {0};
	int rc = store_step_begin(bridge->store, &err);

	if (rc == 0) {
		rc = bridge_sms_result(bridge, send, &err);
		if (store_step_end(bridge->store, rc == 0, &err) < 0)
			rc = -1;
	}
	crash_point("send.stored");
	if (rc < 0) {
		log_error("outbox.unstored message=%lld problem=%s", (long long)send->message.v,
			  log_quote(err.text));
		(void)loop_after(bridge->loop, STORE_RETRY_MS, result_store, send);
		return;
	}
	send_ended(send);
}

static void on_answer(const struct http_answer *answer, void *arg)
{
	struct send *send = arg;

	crash_point("send.answered");
	send->account->driver->parse_send(send->account, answer, &send->result);
	if (send->result.class == SMS_AMBIGUOUS &&
	    (sms_account_caps(send->account) & SMS_CAP_IDEMPOTENT))
		send->result.class = SMS_TEMP;
	result_store(send);
}

static void send_start(struct send *send)
{
	struct http_call call = {0};
	struct error err = {0};

	if (send->account->driver->build_send(send->account, &send->sms, &call, &err) < 0) {
		http_call_release(&call);
		send->result.class = SMS_PERM;
		STR_COPY(send->result.reason, err.text);
		result_store(send);
		return;
	}
	http_client_start(send->bridge->client, &call, on_answer, send);
	crash_point("outbox.requested");
}

static void sends_drop(struct send *sends)
{
	while (sends) {
		struct send *send = sends;

		sends = send->next;
		send->bridge->open_sends--;
		send_free(send);
	}
}

/* The rows are SENDING on disk: now, and only now, the requests may leave. */
static void sends_start(bool committed, void *arg)
{
	struct send *sends = arg;

	if (!committed) {
		sends_drop(sends);
		return;
	}
	crash_point("outbox.committed");
	while (sends) {
		struct send *send = sends;

		sends = send->next;
		send_start(send);
	}
}

/* ---- taking what is due -----------------------------------------------------------------------
 */

struct taking {
	struct bridge *bridge;
	struct error *err;
	const char *busy[SENDERS_MAX + 1]; /* senders that must wait */
	size_t busy_n;
	struct send *sends; /* taken, in order */
	struct send **last;
	int seen;
	bool failed;
};

static int take(struct taking *t, struct message_row *row, const struct sms_sender *sender)
{
	struct bridge *bridge = t->bridge;
	struct send *send;
	struct gate_ruling ruling;
	int moved;

	if (gate_ask(bridge, row, sender, &ruling, t->err) < 0)
		return -1;
	if (ruling.code != GATE_ALLOW) {
		STR_COPY(row->code, gate_code_word(ruling.code));
		STR_COPY(row->reason, ruling.why);
		return message_set_state(bridge, row,
					 ruling.code == GATE_TOO_LATE ? MSG_EXPIRED : MSG_CANCELLED,
					 t->err);
	}
	row->attempts++;
	row->code[0] = '\0';
	row->reason[0] = '\0';
	moved = message_set_state(bridge, row, MSG_SENDING, t->err);
	if (moved <= 0)
		return moved;
	crash_point("outbox.claimed");
	send = xcalloc(1, sizeof(*send));
	send->bridge = bridge;
	send->message = row->id;
	send->sender = sender;
	send->account = sender->account;
	send->text = xstrdup(row->text);
	send->sms = (struct cleared_sms){.to = row->phone,
					 .from = sender->number.e164,
					 .text = send->text,
					 .validity_s = VALIDITY_S};
	STR_COPY(send->sms.ref, row->ref);
	bridge->open_sends++;
	*t->last = send;
	t->last = &send->next;
	return 0;
}

static bool take_due(const struct message_row *due, void *arg)
{
	struct taking *t = arg;
	struct bridge *bridge = t->bridge;
	const struct sms_sender *sender = sender_by_name(bridge, due->sender);
	struct message_row row = *due; /* its text stays borrowed */
	int rc;

	t->seen++;
	for (size_t i = 0; i < t->busy_n; i++) {
		if (strcmp(t->busy[i], due->sender) == 0)
			return true;
	}
	if (!sender) {
		STR_COPY(row.code, "E_SENDER");
		STR_COPY(row.reason,
			 "its sender is no longer configured; an admin has to bring it back.");
		rc = message_set_state(bridge, &row, MSG_FAILED, t->err);
	} else if (!rate_take(bridge->rate, sender, loop_monotonic(bridge->loop))) {
		if (t->busy_n < SENDERS_MAX)
			t->busy[t->busy_n++] = sender->name;
		return true;
	} else {
		rc = take(t, &row, sender);
	}
	t->failed = rc < 0;
	return !t->failed && bridge->open_sends < OPEN_SENDS_MAX;
}

static void outbox_run(void *arg);

static void on_outbox_timer(void *arg)
{
	struct bridge *bridge = arg;

	bridge->outbox_timer = NULL;
	outbox_kick(bridge);
}

static void outbox_wake_in(struct bridge *bridge, int64_t ms)
{
	loop_cancel(bridge->outbox_timer);
	bridge->outbox_timer = loop_after(bridge->loop, ms < 1 ? 1 : ms, on_outbox_timer, bridge);
}

void outbox_kick(struct bridge *bridge)
{
	if (bridge->outbox_deferred || bridge->stopping || bridge->paused)
		return;
	bridge->outbox_deferred = true;
	loop_defer(bridge->loop, outbox_run, bridge);
}

/* Sleeps until a waiting sender is ready or the next text is due. */
static void outbox_sleep(struct bridge *bridge, const struct taking *t)
{
	int64_t now = loop_monotonic(bridge->loop);
	int64_t wait = INT64_MAX;
	int64_t due;

	for (size_t i = 0; i < t->busy_n; i++) {
		const struct sms_sender *sender = sender_by_name(bridge, t->busy[i]);
		int64_t ready = rate_ready_at(bridge->rate, sender, now) - now;

		wait = ready < wait ? ready : wait;
	}
	if (store_next_due(bridge->store, bridge_now(bridge), &due, NULL) == 0 && due != INT64_MAX) {
		int64_t until = due - bridge_now(bridge);

		/* One that is due and was not taken waits for a sender or for an earlier text of
		 * the same contact, whose end will kick. */
		if (until > 0 && until < wait)
			wait = until;
	}
	if (wait != INT64_MAX)
		outbox_wake_in(bridge, wait);
}

static void outbox_run(void *arg)
{
	struct bridge *bridge = arg;
	struct error err = {0};
	struct taking t = {.bridge = bridge, .err = &err};
	int64_t now = loop_monotonic(bridge->loop);
	int rc;

	t.last = &t.sends;
	bridge->outbox_deferred = false;
	if (bridge->stopping || bridge->paused || bridge->open_sends >= OPEN_SENDS_MAX)
		return;
	for (size_t i = 0; i < bridge->options->sender_n && t.busy_n < SENDERS_MAX; i++) {
		const struct sms_sender *sender = &bridge->options->senders[i];

		if (rate_ready_at(bridge->rate, sender, now) > now)
			t.busy[t.busy_n++] = sender->name;
	}
	rc = store_step_begin(bridge->store, &err);
	if (rc == 0) {
		const char *busy[SENDERS_MAX + 1] = {0};

		memcpy(busy, t.busy, t.busy_n * sizeof(busy[0]));
		rc = store_list_due(bridge->store, bridge_now(bridge), busy, BATCH_MAX, take_due,
				    &t, &err);
		if (t.failed)
			rc = -1;
		if (rc >= 0 && t.sends)
			store_after_commit(bridge->store, sends_start, t.sends);
		if (store_step_end(bridge->store, rc >= 0, &err) < 0)
			rc = -1;
	}
	if (rc < 0) {
		sends_drop(t.sends);
		log_error("outbox.failed problem=%s", log_quote(err.text));
		outbox_wake_in(bridge, STORE_RETRY_MS);
		return;
	}
	if (t.seen == BATCH_MAX && t.sends)
		outbox_kick(bridge);
	else
		outbox_sleep(bridge, &t);
}
