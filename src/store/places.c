/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Where conversations are shown. */
#include "base/xalloc.h"
#include "store/sql.h"

#define LIST_STEP 2 /* a conversation has a place in each network, of which there are few */
#define PLACE_SELECT                                                                               \
	"SELECT id, kind, network, conversation, token, address, cursor, created_at FROM place "

static int read_place(struct sql *q, struct place_row *out, struct error *err)
{
	int rc = sql_step(q, err);

	if (rc != 1)
		return rc;
	out->id.v = sql_get_int(q);
	out->kind = (enum place_kind)sql_get_int(q);
	sql_get_text(q, out->network, sizeof(out->network));
	out->conversation.v = sql_get_int(q);
	sql_get_text(q, out->token, sizeof(out->token));
	sql_get_text(q, out->address, sizeof(out->address));
	sql_get_text(q, out->cursor, sizeof(out->cursor));
	out->created_at = sql_get_int(q);
	return 1;
}

int store_get_place(struct store *store, struct place_id id, struct place_row *out,
		    struct error *err)
{
	SQL_AUTO(q, store, PLACE_SELECT "WHERE id = ?1");

	sql_int(&q, id.v);
	return read_place(&q, out, err);
}

int store_find_place_by_address(struct store *store, const char *network, enum place_kind kind,
				const char *address, struct place_row *out, struct error *err)
{
	SQL_AUTO(q, store,
		 PLACE_SELECT
		 "WHERE network = ?1 AND kind = ?2 AND address = ?3 AND address <> ''");

	sql_text(&q, network);
	sql_int(&q, kind);
	sql_text(&q, address);
	return read_place(&q, out, err);
}

int store_find_place_of(struct store *store, const char *network,
			struct conversation_id conversation, struct place_row *out,
			struct error *err)
{
	SQL_AUTO(q, store, PLACE_SELECT "WHERE conversation = ?1 AND network = ?2");

	sql_int(&q, conversation.v);
	sql_text(&q, network);
	return read_place(&q, out, err);
}

int store_find_control(struct store *store, const char *network, struct place_row *out,
		       struct error *err)
{
	SQL_AUTO(q, store, PLACE_SELECT "WHERE network = ?1 AND kind = 1");

	sql_text(&q, network);
	return read_place(&q, out, err);
}

int store_place_add(struct store *store, struct place_row *row, struct error *err)
{
	SQL_AUTO(q, store,
		 "INSERT INTO place (kind, network, conversation, token, address, cursor,"
		 " created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");

	sql_int(&q, row->kind);
	sql_text(&q, row->network);
	sql_id(&q, row->conversation.v);
	sql_text(&q, row->token);
	sql_text(&q, row->address);
	sql_text(&q, row->cursor);
	sql_int(&q, row->created_at);
	return sql_run_insert(&q, &row->id.v, err);
}

int store_place_set_address(struct store *store, struct place_id id, const char *address,
			    struct error *err)
{
	SQL_AUTO(q, store, "UPDATE place SET address = ?1 WHERE id = ?2");

	sql_text(&q, address);
	sql_int(&q, id.v);
	return sql_must_change(&q, "place", id.v, err);
}

int store_place_set_cursor(struct store *store, struct place_id id, const char *cursor,
			   struct error *err)
{
	SQL_AUTO(q, store, "UPDATE place SET cursor = ?1 WHERE id = ?2");

	sql_text(&q, cursor);
	sql_int(&q, id.v);
	return sql_must_change(&q, "place", id.v, err);
}

/* For lists that may be long: the ids first, and each row when it is its turn. */
static int call_for_each(struct sql *q, store_place_fn *fn, void *arg, struct error *err)
{
	struct place_row row;
	bool more = true;
	ID_LIST_AUTO(ids);

	if (sql_read_ids(q, &ids, err))
		return -1;
	for (size_t i = 0; more && i < ids.n; i++) {
		int found = store_get_place(q->store, (struct place_id){ids.v[i]}, &row, err);

		if (found < 0)
			return -1;
		more = found == 0 || fn(&row, arg);
	}
	return 0;
}

int store_list_places(struct store *store, const char *network, store_place_fn *fn, void *arg,
		      struct error *err)
{
	/* CROSS: from the few that are open, not from all places there ever were. */
	SQL_AUTO(q, store,
		 "SELECT id FROM place WHERE network = ?1 AND kind = 1 UNION ALL"
		 " SELECT p.id FROM conversation v CROSS JOIN place p"
		 " WHERE v.open = 1 AND p.conversation = v.id AND p.network = ?1");

	sql_text(&q, network);
	return call_for_each(&q, fn, arg, err);
}

int store_list_places_closed(struct store *store, const char *network, int64_t since,
			     struct place_id *out, int max, struct error *err)
{
	int n = 0;
	int rc;
	SQL_AUTO(q, store,
		 "SELECT p.id FROM conversation v CROSS JOIN place p"
		 " WHERE v.open = 0 AND v.updated_at >= ?2 AND p.conversation = v.id"
		 " AND p.network = ?1 ORDER BY v.updated_at DESC LIMIT ?3");

	sql_text(&q, network);
	sql_int(&q, since);
	sql_int(&q, max);
	while ((rc = sql_step(&q, err)) == 1)
		out[n++].v = sql_get_int(&q);
	return rc < 0 ? -1 : n;
}

int store_list_places_of(struct store *store, struct conversation_id conversation,
			 store_place_fn *fn, void *arg, struct error *err)
{
	AUTO_FREE struct place_row *rows = NULL;
	size_t n = 0;
	int rc;
	/* By network, as the index has them: by id they would be sorted anew for each text. */
	SQL_AUTO(q, store, PLACE_SELECT "WHERE conversation = ?1 ORDER BY network");

	sql_int(&q, conversation.v);
	do {
		if (n % LIST_STEP == 0)
			rows = xreallocarray(rows, n + LIST_STEP, sizeof(*rows));
	} while ((rc = read_place(&q, &rows[n], err)) == 1 && ++n);
	sql_end(&q); /* fn may ask again */
	for (size_t i = 0; rc == 0 && i < n && fn(&rows[i], arg); i++)
		;
	return rc;
}

int store_list_places_pending(struct store *store, const char *network, int limit,
			      store_place_fn *fn, void *arg, struct error *err)
{
	/* From place to place by one step down the index each, however much is pending in one. */
	SQL_AUTO(q, store,
		 "WITH RECURSIVE pending (place) AS ("
		 " SELECT min(place) FROM relay UNION ALL"
		 " SELECT (SELECT min(r.place) FROM relay r WHERE r.place > pending.place)"
		 " FROM pending WHERE pending.place IS NOT NULL"
		 ") SELECT p.id FROM pending JOIN place p ON p.id = pending.place"
		 " WHERE p.network = ?1 LIMIT ?2");

	sql_text(&q, network);
	sql_int(&q, limit);
	return call_for_each(&q, fn, arg, err);
}
