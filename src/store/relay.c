/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What is still to be shown, place by place. */
#include "base/xalloc.h"
#include "store/db.h"
#include "store/sql.h"

#define LIST_STEP 4 /* mostly there is one */
#define RELAY_SELECT                                                                               \
	"SELECT id, place, kind, voice, text, target_event, mark, message, at, media FROM relay "

static int read_relay(struct sql *q, struct relay_row *out, struct error *err)
{
	int rc = sql_step(q, err);

	out->text = NULL;
	if (rc != 1)
		return rc;
	out->id.v = sql_get_int(q);
	out->place.v = sql_get_int(q);
	out->kind = (enum relay_kind)sql_get_int(q);
	out->voice = (enum chat_voice)sql_get_int(q);
	out->text = sql_get_text_copy(q);
	sql_get_text(q, out->target_event, sizeof(out->target_event));
	out->mark = (enum chat_mark)sql_get_int(q);
	out->message.v = sql_get_int(q);
	out->at = sql_get_int(q);
	out->media.v = sql_get_int(q);
	return 1;
}

void relay_row_release(struct relay_row *row)
{
	free(row->text);
	row->text = NULL;
}

int store_get_relay(struct store *store, struct relay_id id, struct relay_row *out,
		    struct error *err)
{
	SQL_AUTO(q, store, RELAY_SELECT "WHERE id = ?1");

	sql_int(&q, id.v);
	return read_relay(&q, out, err);
}

int store_relay_add(struct store *store, const struct relay_row *row, struct error *err)
{
	bool is_mark = row->kind == RELAY_MARK;
	SQL_AUTO(q, store,
		 "INSERT INTO relay (place, kind, voice, text, target_event, mark, message, at,"
		 " media) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");

	sql_int(&q, row->place.v);
	sql_int(&q, row->kind);
	sql_int(&q, row->voice);
	sql_text(&q, is_mark ? "" : row->text);
	sql_text(&q, is_mark ? row->target_event : "");
	sql_int(&q, row->mark);
	sql_id(&q, row->message.v);
	sql_int(&q, row->at);
	sql_id(&q, row->media.v);
	return sql_run(&q, err) < 0 ? -1 : 0;
}

struct relay_list {
	struct relay_row *v;
	size_t n;
};

static void relay_list_release(struct relay_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		relay_row_release(&list->v[i]);
	free(list->v);
}

static int read_list(struct sql *q, struct relay_list *out, struct error *err)
{
	int rc;

	do {
		if (out->n % LIST_STEP == 0)
			out->v = xreallocarray(out->v, out->n + LIST_STEP, sizeof(*out->v));
	} while ((rc = read_relay(q, &out->v[out->n], err)) == 1 && ++out->n);
	sql_end(q); /* who is called may ask again */
	return rc;
}

int store_list_relay(struct store *store, struct place_id place, struct relay_id after, int limit,
		     store_relay_fn *fn, void *arg, struct error *err)
{
	__attribute__((cleanup(relay_list_release))) struct relay_list list = {0};
	int64_t changes;
	bool more = true;
	SQL_AUTO(q, store, RELAY_SELECT "WHERE place = ?1 AND id > ?2 ORDER BY id LIMIT ?3");

	sql_int(&q, place.v);
	sql_int(&q, after.v);
	sql_int(&q, limit);
	if (read_list(&q, &list, err) < 0)
		return -1;
	/* fn may finish rows of the list. */
	changes = sqlite3_total_changes64(store->db);
	for (size_t i = 0; more && i < list.n; i++) {
		struct relay_row *row = &list.v[i];
		int found = 1;

		if (sqlite3_total_changes64(store->db) != changes) {
			relay_row_release(row);
			found = store_get_relay(store, row->id, row, err);
		}
		if (found < 0)
			return -1;
		more = found == 0 || fn(row, arg);
	}
	return 0;
}

static int delete_relay(struct store *store, struct relay_id id, struct error *err)
{
	SQL_AUTO(q, store, "DELETE FROM relay WHERE id = ?1");

	sql_int(&q, id.v);
	return sql_must_change(&q, "relay", id.v, err);
}

int store_relay_finish(struct store *store, struct relay_id id, struct place_id *place_out,
		       struct error *err)
{
	int rc;
	SQL_AUTO(q, store, "SELECT place FROM relay WHERE id = ?1");

	sql_int(&q, id.v);
	rc = sql_step(&q, err);
	if (rc != 1)
		return rc;
	place_out->v = sql_get_int(&q);
	return delete_relay(store, id, err) ? -1 : 1;
}
