/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Pictures and other files of messages: where each is, and what is known of it. The bytes are never
 * in the database; whoever has them gives them when they are asked for. */
#include "base/xalloc.h"
#include "store/sql.h"

static int read_media(struct sql *q, struct media_row *out, struct error *err)
{
	int rc = sql_step(q, err);

	out->reference = NULL; /* so that releasing is right whatever was found */
	if (rc != 1)
		return rc;
	out->id.v = sql_get_int(q);
	out->message.v = sql_get_int(q);
	out->position = (int)sql_get_int(q);
	sql_get_text(q, out->network, sizeof(out->network));
	out->reference = sql_get_text_copy(q);
	sql_get_text(q, out->type, sizeof(out->type));
	out->size = sql_get_int(q);
	out->checked = sql_get_int(q) != 0;
	out->created_at = sql_get_int(q);
	out->outbound = sql_get_int(q) != 0;
	sql_get_text(q, out->account, sizeof(out->account));
	return 1;
}

void media_row_release(struct media_row *row)
{
	free(row->reference);
	row->reference = NULL;
}

int store_media_add(struct store *store, struct media_row *row, struct error *err)
{
	SQL_AUTO(q, store,
		 "INSERT INTO media (message, position, network, reference, type, size, checked,"
		 " created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");

	sql_int(&q, row->message.v);
	sql_int(&q, row->position);
	sql_text(&q, row->network);
	sql_text(&q, row->reference);
	sql_text(&q, row->type);
	sql_int(&q, row->size);
	sql_int(&q, row->checked);
	sql_int(&q, row->created_at);
	return sql_run_insert(&q, &row->id.v, err);
}

int store_get_media(struct store *store, struct media_id id, struct media_row *out,
		    struct error *err)
{
	SQL_AUTO(q, store,
		 "SELECT f.id, f.message, f.position, f.network, f.reference, f.type, f.size,"
		 " f.checked, f.created_at, m.outbound, m.account FROM media f"
		 " JOIN message m ON m.id = f.message WHERE f.id = ?1");

	sql_int(&q, id.v);
	return read_media(&q, out, err);
}

static int call_each(struct store *store, const struct id_list *ids, store_media_fn *fn, void *arg,
		     struct error *err)
{
	struct media_row row;
	bool more = true;

	for (size_t i = 0; more && i < ids->n; i++) {
		int found = store_get_media(store, (struct media_id){ids->v[i]}, &row, err);

		if (found < 0)
			return -1;
		more = found == 0 || fn(&row, arg);
		media_row_release(&row);
	}
	return 0;
}

int store_list_media(struct store *store, struct message_id message, store_media_fn *fn, void *arg,
		     struct error *err)
{
	ID_LIST_AUTO(ids);
	SQL_AUTO(q, store, "SELECT id FROM media WHERE message = ?1 ORDER BY position");

	sql_int(&q, message.v);
	if (sql_read_ids(&q, &ids, err))
		return -1;
	return call_each(store, &ids, fn, arg, err);
}

int store_list_unchecked_media(struct store *store, int limit, store_media_fn *fn, void *arg,
			       struct error *err)
{
	ID_LIST_AUTO(ids);
	SQL_AUTO(q, store,
		 "SELECT f.id FROM media f JOIN message m ON m.id = f.message"
		 " WHERE f.checked = 0 AND m.state = 0 ORDER BY f.id LIMIT ?1");

	sql_int(&q, limit);
	if (sql_read_ids(&q, &ids, err))
		return -1;
	return call_each(store, &ids, fn, arg, err);
}

int store_media_set_checked(struct store *store, struct media_id id, const char *type, int64_t size,
			    struct error *err)
{
	SQL_AUTO(q, store, "UPDATE media SET checked = 1, type = ?1, size = ?2 WHERE id = ?3");

	sql_text(&q, type);
	sql_int(&q, size);
	sql_int(&q, id.v);
	return sql_must_change(&q, "media", id.v, err);
}

int store_message_set_due(struct store *store, struct message_id id, int64_t due_at,
			  struct error *err)
{
	SQL_AUTO(q, store, "UPDATE message SET due_at = ?1 WHERE id = ?2 AND state = 0");

	sql_int(&q, due_at);
	sql_int(&q, id.v);
	return sql_run(&q, err) < 0 ? -1 : 0;
}
