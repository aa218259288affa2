/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The queue of texts that are to leave, and the lists and counts of where texts are.
 *
 * A queue can be long while its sender is slow, so what is due is read sender by sender, each in
 * its order from message_queue, and only as many as are wanted; one query over all senders would
 * wade through the whole queue of a busy one to reach a text of another.
 */
#include "base/xalloc.h"
#include "store/messages.h"

struct due {
	int64_t turn;
	int64_t id;
};

struct due_list {
	struct due *v;
	size_t n;
	size_t alloc;
};

static void due_list_release(struct due_list *list)
{
	free(list->v);
}

static int compare_due(const void *left, const void *right)
{
	const struct due *a = left;
	const struct due *b = right;

	if (a->turn != b->turn)
		return a->turn < b->turn ? -1 : 1;
	return (a->id > b->id) - (a->id < b->id);
}

static bool is_busy(const char *const *busy, const char *sender)
{
	for (; busy && *busy; busy++) {
		if (strcmp(*busy, sender) == 0)
			return true;
	}
	return false;
}

static int read_due_of(struct store *store, const char *sender, int64_t now, int limit,
		       struct due_list *out, struct error *err)
{
	int rc;
	SQL_AUTO(q, store,
		 "SELECT m.id, m.turn FROM message m"
		 " WHERE m.state = 0 AND m.sender = ?1 AND m.due_at <= ?2 AND NOT EXISTS ("
		 "  SELECT 1 FROM message e WHERE e.state < 30 AND e.state IN (0, 20)"
		 "  AND e.conversation = m.conversation AND e.id < m.id)"
		 " ORDER BY m.turn, m.id LIMIT ?3");

	sql_text(&q, sender);
	sql_int(&q, now);
	sql_int(&q, limit);
	while ((rc = sql_step(&q, err)) == 1) {
		if (out->n == out->alloc) {
			out->alloc = out->alloc ? out->alloc * 2 : 16;
			out->v = xreallocarray(out->v, out->alloc, sizeof(*out->v));
		}
		out->v[out->n].id = sql_get_int(&q);
		out->v[out->n++].turn = sql_get_int(&q);
	}
	return rc;
}

int store_list_due(struct store *store, int64_t now, const char *const *busy, int limit,
		   store_message_fn *fn, void *arg, struct error *err)
{
	__attribute__((cleanup(due_list_release))) struct due_list due = {0};
	char sender[SMS_NAME_MAX];
	ID_LIST_AUTO(ids);
	int rc;
	/* The senders that have a queue, each found by one step down the index. */
	SQL_AUTO(q, store,
		 "WITH RECURSIVE queue (sender) AS ("
		 " SELECT min(sender) FROM message WHERE state = 0 UNION ALL"
		 " SELECT (SELECT min(m.sender) FROM message m"
		 "  WHERE m.state = 0 AND m.sender > queue.sender)"
		 " FROM queue WHERE queue.sender IS NOT NULL"
		 ") SELECT sender FROM queue WHERE sender IS NOT NULL");

	while ((rc = sql_step(&q, err)) == 1) {
		sql_get_text(&q, sender, sizeof(sender));
		if (!is_busy(busy, sender) && read_due_of(store, sender, now, limit, &due, err))
			return -1;
	}
	if (rc < 0)
		return -1;
	sql_end(&q); /* fn may ask again */
	if (due.n == 0)
		return 0;
	qsort(due.v, due.n, sizeof(*due.v), compare_due);
	for (size_t i = 0; i < due.n && (int64_t)i < limit; i++)
		id_list_add(&ids, due.v[i].id);
	return messages_call(store, &ids, fn, arg, err);
}

int store_next_due(struct store *store, int64_t now, int64_t *due_at_out, struct error *err)
{
	SQL_AUTO(q, store,
		 "SELECT due_at FROM message WHERE state = 0 AND due_at > ?1 ORDER BY due_at LIMIT "
		 "1");
	int rc;

	sql_int(&q, now);
	rc = sql_step(&q, err);
	if (rc < 0)
		return -1;
	*due_at_out = rc == 1 ? sql_get_int(&q) : INT64_MAX;
	return 0;
}

int store_limit_due(struct store *store, int64_t latest, struct error *err)
{
	SQL_AUTO(q, store, "UPDATE message SET due_at = ?1 WHERE state = 0 AND due_at > ?1");

	sql_int(&q, latest);
	return sql_run(&q, err) < 0 ? -1 : 0;
}

int store_list_queued(struct store *store, const struct phone *phone, store_message_fn *fn,
		      void *arg, struct error *err)
{
	ID_LIST_AUTO(ids);
	SQL_AUTO(q, store,
		 "SELECT id FROM message WHERE state < 30 AND state = 0 AND conversation IN ("
		 "  SELECT v.id FROM conversation v JOIN contact c ON c.id = v.contact"
		 "  WHERE c.phone = ?1) ORDER BY id");

	sql_text(&q, phone->e164);
	if (sql_read_ids(&q, &ids, err))
		return -1;
	return messages_call(store, &ids, fn, arg, err);
}

int store_list_messages_in_state(struct store *store, enum message_state state, int limit,
				 store_message_fn *fn, void *arg, struct error *err)
{
	ID_LIST_AUTO(ids);
	/* What is under way has an index; the rest is asked for by nobody in a hurry. */
	SQL_AUTO(q, store,
		 state < MSG_ACCEPTED
			 ? "SELECT id FROM message WHERE state < 30 AND state = ?1 ORDER BY id "
			   "LIMIT ?2"
			 : "SELECT id FROM message WHERE state = ?1 ORDER BY id LIMIT ?2");

	sql_int(&q, state);
	sql_int(&q, limit);
	if (sql_read_ids(&q, &ids, err))
		return -1;
	return messages_call(store, &ids, fn, arg, err);
}

int store_list_stuck(struct store *store, int limit, store_message_fn *fn, void *arg,
		     struct error *err)
{
	ID_LIST_AUTO(ids);
	SQL_AUTO(q, store,
		 "SELECT id FROM message WHERE handled = 0"
		 " AND (state = 25 OR state = 91 OR state = 92)"
		 " ORDER BY id LIMIT ?1");

	sql_int(&q, limit);
	if (sql_read_ids(&q, &ids, err))
		return -1;
	return messages_call(store, &ids, fn, arg, err);
}
