/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What came in (and came before), small switches, and who did what. */
#include "base/xalloc.h"
#include "store/sql.h"

int store_hook_add(struct store *store, const char *account, const char *key, const char *kind,
		   const char *summary, int64_t now, struct error *err)
{
	SQL_AUTO(q, store,
		 "INSERT INTO hook (account, key, kind, summary, at) VALUES (?1, ?2, ?3, ?4, ?5)"
		 " ON CONFLICT (account, key) DO NOTHING");

	sql_text(&q, account);
	sql_text(&q, key);
	sql_text(&q, kind);
	sql_text(&q, summary);
	sql_int(&q, now);
	return (int)sql_run(&q, err);
}

int store_chat_event_add(struct store *store, struct place_id place, const char *event_id,
			 int64_t now, struct error *err)
{
	int64_t added;
	SQL_AUTO(q, store,
		 "INSERT INTO chat_event (place, event_id, at) VALUES (?1, ?2, ?3)"
		 " ON CONFLICT (place, event_id) DO NOTHING");

	if (!event_id[0])
		return 1; /* without a name it cannot be seen twice */
	sql_int(&q, place.v);
	sql_text(&q, event_id);
	sql_int(&q, now);
	added = sql_run(&q, err);
	/* One seen before is behind the cursor. */
	if (added == 1 && place.v && store_place_set_cursor(store, place, event_id, err))
		return -1;
	return (int)added;
}

int store_chat_event_seen(struct store *store, const char *network, const char *event_id,
			  struct error *err)
{
	SQL_AUTO(q, store,
		 "SELECT 1 FROM chat_event e LEFT JOIN place p ON p.id = e.place"
		 " WHERE e.event_id = ?1 AND (e.place = 0 OR p.network = ?2) LIMIT 1");

	sql_text(&q, event_id);
	sql_text(&q, network);
	return sql_step(&q, err);
}

int store_chat_event_place(struct store *store, const char *network, const char *event_id,
			   struct place_id *out, struct error *err)
{
	SQL_AUTO(q, store,
		 "SELECT p.id FROM chat_event e JOIN place p ON p.id = e.place"
		 " WHERE e.event_id = ?1 AND p.network = ?2 AND p.kind = ?3 LIMIT 1");
	int rc;

	sql_text(&q, event_id);
	sql_text(&q, network);
	sql_int(&q, PLACE_CONVERSATION);
	rc = sql_step(&q, err);
	if (rc > 0)
		out->v = sql_get_int(&q);
	return rc;
}

static int prune_hooks(struct store *store, int64_t before, struct error *err)
{
	SQL_AUTO(q, store, "DELETE FROM hook WHERE at < ?1");

	sql_int(&q, before);
	return sql_run(&q, err) < 0 ? -1 : 0;
}

static int prune_chat_events(struct store *store, int64_t before, struct error *err)
{
	SQL_AUTO(q, store, "DELETE FROM chat_event WHERE at < ?1");

	sql_int(&q, before);
	return sql_run(&q, err) < 0 ? -1 : 0;
}

int store_prune(struct store *store, int64_t before, struct error *err)
{
	return prune_hooks(store, before, err) || prune_chat_events(store, before, err) ? -1 : 0;
}

int store_get_value(struct store *store, const char *key, char *out, size_t size, struct error *err)
{
	SQL_AUTO(q, store, "SELECT value FROM kept_value WHERE key = ?1");
	int rc;

	sql_text(&q, key);
	rc = sql_step(&q, err);
	if (rc < 0)
		return -1;
	out[0] = '\0';
	if (rc == 1 && !sql_get_text(&q, out, size))
		return error_set(err, ERR_STATE, "the value %s is longer than expected", key);
	return 0;
}

int store_set_value(struct store *store, const char *key, const char *value, struct error *err)
{
	SQL_AUTO(q, store,
		 "INSERT INTO kept_value (key, value) VALUES (?1, ?2)"
		 " ON CONFLICT (key) DO UPDATE SET value = excluded.value");

	sql_text(&q, key);
	sql_text(&q, value);
	return sql_run(&q, err) < 0 ? -1 : 0;
}

int store_forget_value(struct store *store, const char *key, struct error *err)
{
	SQL_AUTO(q, store, "DELETE FROM kept_value WHERE key = ?1");

	sql_text(&q, key);
	return sql_run(&q, err) < 0 ? -1 : 0;
}

static int quarantine_prune(struct store *store, struct error *err)
{
	SQL_AUTO(q, store,
		 "DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ?1");

	sql_int(&q, QUARANTINE_MAX);
	return sql_run(&q, err) < 0 ? -1 : 0;
}

int store_quarantine_add(struct store *store, const char *network, const char *what,
			 const char *bytes, size_t len, int64_t now, struct error *err)
{
	SQL_AUTO(q, store,
		 "INSERT INTO quarantine (network, what, bytes, at) VALUES (?1, ?2, ?3, ?4)");

	sql_text(&q, network);
	sql_text(&q, what);
	sql_blob(&q, bytes, len);
	sql_int(&q, now);
	return sql_run(&q, err) < 0 ? -1 : quarantine_prune(store, err);
}

int store_audit_add(struct store *store, const char *actor, const char *action, const char *detail,
		    int64_t now, struct error *err)
{
	SQL_AUTO(q, store, "INSERT INTO audit (actor, action, detail, at) VALUES (?1, ?2, ?3, ?4)");

	sql_text(&q, actor);
	sql_text(&q, action);
	sql_text(&q, detail);
	sql_int(&q, now);
	return sql_run(&q, err) < 0 ? -1 : 0;
}
