/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * How many there are. Messages are counted by reading the table once, when first asked, and kept
 * up from then on: reading millions of rows for each `!status` would hold the daemon up, and an
 * index over all states would cost four changes for each text.
 */
#include "base/xalloc.h"
#include "store/messages.h"

static const enum message_state states[TALLY_STATES] = {
	MSG_NEW,         MSG_SENDING, MSG_UNKNOWN, MSG_ACCEPTED,  MSG_SENT,     MSG_DELIVERED,
	MSG_UNDELIVERED, MSG_FAILED,  MSG_EXPIRED, MSG_CANCELLED, MSG_RECEIVED,
};

static int64_t *tally_of(struct store *store, enum message_state state)
{
	for (size_t i = 0; i < TALLY_STATES; i++) {
		if (states[i] == state)
			return &store->tally.n[i];
	}
	BUG("no message state %d", (int)state);
}

void tally_move(struct store *store, enum message_state from, enum message_state to, int64_t n)
{
	*tally_of(store, from) -= n;
	*tally_of(store, to) += n;
}

void tally_add(struct store *store, enum message_state state)
{
	*tally_of(store, state) += 1;
}

static int tally_read(struct store *store, struct error *err)
{
	SQL_AUTO(q, store, "SELECT state, count(*) FROM message GROUP BY state");
	struct tally tally = {.known = true};
	int rc;

	store->tally = tally;
	while ((rc = sql_step(&q, err)) == 1) {
		int64_t *n = tally_of(store, (enum message_state)sql_get_int(&q));

		*n = sql_get_int(&q);
	}
	store->tally.known = rc == 0;
	return rc;
}

static int count_rest(struct store *store, struct message_counts *out, struct error *err)
{
	SQL_AUTO(q, store,
		 "SELECT (SELECT count(*) FROM conversation WHERE open = 1),"
		 " (SELECT count(*) FROM conversation WHERE open = 1 AND owner = ''),"
		 " (SELECT count(*) FROM suppression), (SELECT count(*) FROM hold),"
		 " (SELECT count(*) FROM relay),"
		 " (SELECT count(*) FROM message WHERE handled = 0"
		 "  AND (state = 25 OR state = 91 OR state = 92) AND state <> 25)");

	if (sql_step(&q, err) != 1)
		return -1;
	out->conversations_open = sql_get_int(&q);
	out->conversations_waiting = sql_get_int(&q);
	out->suppressed = sql_get_int(&q);
	out->held = sql_get_int(&q);
	out->relay_pending = sql_get_int(&q);
	out->failed = sql_get_int(&q);
	return 0;
}

int store_count(struct store *store, struct message_counts *out, struct error *err)
{
	if (!store->tally.known && tally_read(store, err))
		return -1;
	out->queued = *tally_of(store, MSG_NEW);
	out->sending = *tally_of(store, MSG_SENDING);
	out->unknown = *tally_of(store, MSG_UNKNOWN);
	out->accepted = *tally_of(store, MSG_ACCEPTED);
	out->sent = *tally_of(store, MSG_SENT);
	out->delivered = *tally_of(store, MSG_DELIVERED);
	out->received = *tally_of(store, MSG_RECEIVED);
	return count_rest(store, out, err);
}
