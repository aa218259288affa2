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
#include "base/log.h"
#include "base/xalloc.h"

#include <string.h>

#define OPEN_SENDS_MAX 200
#define BATCH_MAX 200
#define ACCOUNT_SENDS_MAX 66 /* one whose provider is silent leaves room for others */
#define VALIDITY_S 14400
#define SENDERS_MAX 256

struct cleared_sms {
	char ref[TOKEN_MAX];
	struct phone to;
	const char *from;
	const char *text;
	struct media_links media;
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
	*urls_out = (const char *const *)sms->media.v;
	return sms->media.n;
}

int cleared_sms_validity_s(const struct cleared_sms *sms)
{
	return sms->validity_s;
}

/* ---- a send ----------------------------------------------------------------------------------- */

/* A text that was claimed, until its end is on disk. */
struct send {
	struct bridge *bridge;
	struct message_id message;
	const struct sms_account *account;
	const struct sms_sender *sender;
	struct cleared_sms sms;
	char *text;
	bool passing;             /* is only good for a while */
	uint64_t consent_version; /* when the gate said yes */
	struct sms_result result; /* kept here while it cannot be stored */
	bool alert;               /* the control room has to hear of it */
	bool withdrawn;           /* it must not leave after all */
	struct loop_timer *retry;
	struct send *claimed_next; /* of those that wait for the same commit */
	LIST_ENTRY(send) link;     /* of all */
};

/* What is only good for a while must not be tried for longer by the provider. */
static int validity_of(const struct message_row *row, int64_t now)
{
	int64_t left_s = (row->not_after - now) / 1000;

	if (row->not_after == 0 || left_s > VALIDITY_S)
		return VALIDITY_S;
	return left_s > 1 ? (int)left_s : 1;
}

static struct send *send_new(struct bridge *bridge, const struct message_row *row,
			     const struct sms_sender *sender)
{
	struct send *send = xcalloc(1, sizeof(*send));

	send->bridge = bridge;
	send->message = row->id;
	send->sender = sender;
	send->account = sender->account;
	send->text = xstrdup(row->text);
	send->passing = row->not_after > 0;
	send->consent_version = store_consent_version(bridge->store);
	send->sms = (struct cleared_sms){.to = row->phone,
					 .from = sender->number.e164,
					 .text = send->text,
					 .validity_s = validity_of(row, bridge_now(bridge))};
	STR_COPY(send->sms.ref, row->ref);
	LIST_INSERT_HEAD(&bridge->sends, send, link);
	bridge->open_sends++;
	return send;
}

static void send_free(struct send *send)
{
	LIST_REMOVE(send, link);
	send->bridge->open_sends--;
	loop_cancel(send->retry);
	media_links_release(&send->sms.media);
	free(send->text);
	free(send);
}

void outbox_release(struct bridge *bridge)
{
	struct send *next;

	for (struct send *send = LIST_FIRST(&bridge->sends); send; send = next) {
		next = LIST_NEXT(send, link);
		send_free(send);
	}
	loop_cancel(bridge->outbox_timer);
}

/* ---- the end of a send ------------------------------------------------------------------------ */

static void send_ended(struct send *send)
{
	struct bridge *bridge = send->bridge;

	send_free(send);
	bridge_send_ended(bridge);
	outbox_kick(bridge);
}

/* The row says SENDING until now. A report may have overtaken the answer; then only what it did not
 * know is filled in. */
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
	if (row.state != MSG_SENDING) {
		rc = store_message_change(bridge->store, &row, row.state, bridge_now(bridge), err);
	} else if (send->withdrawn) {
		rc = message_requeue(bridge, &row, 0, err);
	} else {
		STR_COPY(row.code, result->code);
		STR_COPY(row.reason, result->reason);
		rc = result_apply(bridge, send->sender, result, send->alert, &row, err);
	}
	message_row_release(&row);
	return rc < 0 ? -1 : 0;
}

static void result_store(struct send *send);

static void on_retry(void *arg)
{
	struct send *send = arg;

	send->retry = NULL;
	result_store(send);
}

static void result_keep(struct send *send, const char *problem)
{
	log_error("outbox.unstored message=%lld problem=%s", (long long)send->message.v,
		  log_quote(problem));
	send->retry = loop_after(send->bridge->loop, STORE_RETRY_MS, on_retry, send);
}

static void on_result_committed(bool committed, void *arg)
{
	struct send *send = arg;

	if (committed)
		send_ended(send);
	else
		result_keep(send, "not committed");
}

/* Stores the result; when that is not possible now (disk full), keeps it and tries again: the text
 * stays SENDING, which is the truth a crash would leave. */
static void result_store(struct send *send)
{
	struct bridge *bridge = send->bridge;
	struct error err = {0};
	int rc = store_step_begin(bridge->store, &err);

	if (rc == 0) {
		rc = bridge_sms_result(bridge, send, &err);
		if (rc == 0)
			store_after_commit(bridge->store, on_result_committed, send);
		if (store_step_end(bridge->store, rc == 0, &err) < 0)
			rc = -1;
	}
	crash_point("send.stored");
	if (rc < 0)
		result_keep(send, err.text);
}

static void on_answer(const struct http_answer *answer, void *arg)
{
	struct send *send = arg;

	crash_point("send.answered");
	send->account->driver->parse_send(send->account, answer, &send->result);
	if (send->result.class == SMS_AMBIGUOUS &&
	    (sms_account_caps(send->account) & SMS_CAP_IDEMPOTENT))
		send->result.class = SMS_TEMP;
	send->alert = result_pace(send->bridge, send->sender, &send->result);
	result_store(send);
}

/* ---- the hand-over ---------------------------------------------------------------------------- */

/* It has not left and shall not. */
static void send_withdraw(struct send *send)
{
	send->withdrawn = true;
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

/* Whether nothing that was stored since the text was claimed speaks against it: a STOP, a hold or a
 * pause may stand in the same commit. */
static bool send_may_leave(const struct send *send)
{
	struct bridge *bridge = send->bridge;
	struct message_row row = {0};
	struct gate_ruling ruling = {.code = GATE_PAUSED};
	struct error err = {0};

	if (bridge->stopping)
		return false;
	/* What the gate said then still holds. */
	if (!bridge->paused && !send->passing &&
	    send->consent_version == store_consent_version(bridge->store))
		return true;
	if (store_get_message(bridge->store, send->message, &row, &err) <= 0 ||
	    gate_ask(bridge, &row, send->sender, &ruling, &err) < 0)
		log_error("outbox.unasked message=%lld problem=%s", (long long)send->message.v,
			  log_quote(err.text));
	message_row_release(&row);
	return ruling.code == GATE_ALLOW;
}

static bool is_unwanted(void *arg)
{
	struct send *send = arg;

	if (send_may_leave(send))
		return false;
	log_info("outbox.recalled message=%lld", (long long)send->message.v);
	send_withdraw(send);
	return true;
}

static void on_recall(bool committed, void *arg)
{
	struct bridge *bridge = arg;

	(void)committed; /* a pause holds anyway, and of the rest is_unwanted() finds nothing */
	if (bridge->client)
		http_client_recall(bridge->client, on_answer, is_unwanted);
}

void outbox_recall_after_commit(struct bridge *bridge)
{
	store_after_commit(bridge->store, on_recall, bridge);
}

static void outbox_wake_in(struct bridge *bridge, int64_t ms);

static void sends_drop(struct bridge *bridge, struct send *claimed)
{
	while (claimed) {
		struct send *send = claimed;

		claimed = send->claimed_next;
		send_free(send);
	}
	outbox_wake_in(bridge, STORE_RETRY_MS);
}

/* The rows are SENDING on disk: now, and only now, the requests may leave. */
static void sends_start(bool committed, void *arg)
{
	struct send *claimed = arg;

	if (!committed) {
		sends_drop(claimed->bridge, claimed);
		return;
	}
	crash_point("outbox.committed");
	while (claimed) {
		struct send *send = claimed;

		claimed = send->claimed_next;
		if (send_may_leave(send))
			send_start(send);
		else
			send_withdraw(send);
	}
}

/* ---- taking what is due ----------------------------------------------------------------------- */

struct taking {
	struct bridge *bridge;
	struct error *err;
	const char *busy[SENDERS_MAX + 1]; /* senders that must wait */
	size_t busy_n;
	struct send *claimed; /* in order */
	struct send **last;
	int seen;
	bool failed;
};

static int take(struct taking *t, struct message_row *row, const struct sms_sender *sender)
{
	struct bridge *bridge = t->bridge;
	struct gate_ruling ruling;
	struct send *send;
	int moved;

	if (gate_ask(bridge, row, sender, &ruling, t->err) < 0)
		return -1;
	if (ruling.wait)
		return 0;
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
	*t->last = send_new(bridge, row, sender);
	send = *t->last;
	t->last = &send->claimed_next;
	return row->files > 0 ? media_links_of(bridge, row->id, &send->sms.media, t->err) : 0;
}

static bool is_only_account(const struct bridge *bridge, const struct sms_account *account)
{
	for (size_t i = 0; i < bridge->options->sender_n; i++) {
		if (bridge->options->senders[i].account != account)
			return false;
	}
	return true;
}

/* Whether as many texts of that account are under way as may be while there are others. */
static bool is_full(const struct bridge *bridge, const struct sms_sender *sender)
{
	const struct send *send;
	int n = 0;

	if (bridge->open_sends < ACCOUNT_SENDS_MAX || is_only_account(bridge, sender->account))
		return false;
	LIST_FOREACH(send, &bridge->sends, link)
	n += strcmp(send->account->name, sender->account->name) == 0;
	return n >= ACCOUNT_SENDS_MAX;
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
	} else if (is_full(bridge, sender) ||
		   !rate_take(bridge->rate, sender, loop_monotonic(bridge->loop))) {
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

/* Also when it was not committed, but later: what was cancelled is then still in the queue. */
static void on_commit(bool committed, void *arg)
{
	struct bridge *bridge = arg;

	if (committed)
		outbox_kick(bridge);
	else
		outbox_wake_in(bridge, STORE_RETRY_MS);
}

void outbox_kick_after_commit(struct bridge *bridge)
{
	store_after_commit(bridge->store, on_commit, bridge);
}

/* Sleeps until a waiting sender is ready or the next text is due. One that is due and was not taken
 * waits for its sender, or for an earlier one of the same contact, whose end kicks. */
static void outbox_sleep(struct bridge *bridge, const struct taking *t)
{
	int64_t now = loop_monotonic(bridge->loop);
	int64_t wait = INT64_MAX;
	int64_t due;

	for (size_t i = 0; i < t->busy_n; i++) {
		const struct sms_sender *sender = sender_by_name(bridge, t->busy[i]);
		int64_t ready = rate_ready_at(bridge->rate, sender, now) - now;

		/* Of a full account the end of any send kicks. */
		if (ready < wait && !is_full(bridge, sender))
			wait = ready;
	}
	if (store_next_due(bridge->store, bridge_now(bridge), &due, NULL) < 0)
		due = bridge_now(bridge) + STORE_RETRY_MS;
	if (due != INT64_MAX && due - bridge_now(bridge) < wait)
		wait = due - bridge_now(bridge);
	if (wait != INT64_MAX)
		outbox_wake_in(bridge, wait);
}

static int take_all_due(struct taking *t)
{
	struct bridge *bridge = t->bridge;
	const char *busy[SENDERS_MAX + 1] = {0};
	int rc;

	/* A copy, because take_due() adds to the list. */
	memcpy(busy, t->busy, t->busy_n * sizeof(busy[0]));
	rc = store_list_due(bridge->store, bridge_now(bridge), busy, BATCH_MAX, take_due, t,
			    t->err);
	if (rc < 0 || t->failed)
		return -1;
	if (t->claimed)
		store_after_commit(bridge->store, sends_start, t->claimed);
	return 0;
}

static void outbox_run(void *arg)
{
	struct bridge *bridge = arg;
	struct error err = {0};
	struct taking t = {.bridge = bridge, .err = &err};
	int64_t now = loop_monotonic(bridge->loop);
	int rc;

	t.last = &t.claimed;
	bridge->outbox_deferred = false;
	if (bridge->stopping || bridge->paused || bridge->open_sends >= OPEN_SENDS_MAX)
		return;
	for (size_t i = 0; i < bridge->options->sender_n && t.busy_n < SENDERS_MAX; i++) {
		const struct sms_sender *sender = &bridge->options->senders[i];

		if (is_full(bridge, sender) || rate_ready_at(bridge->rate, sender, now) > now)
			t.busy[t.busy_n++] = sender->name;
	}
	rc = store_step_begin(bridge->store, &err);
	if (rc == 0) {
		rc = take_all_due(&t);
		if (store_step_end(bridge->store, rc == 0, &err) < 0)
			rc = -1;
	}
	if (rc < 0) {
		log_error("outbox.failed problem=%s", log_quote(err.text));
		sends_drop(bridge, t.claimed);
	} else if (t.seen == BATCH_MAX && t.claimed) {
		outbox_kick(bridge);
	} else {
		outbox_sleep(bridge, &t);
	}
}
