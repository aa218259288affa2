/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Who must not be texted, who may have asked for it, and the evidence of how that came to be. By
 * number and not by contact: a STOP counts from a number never seen. */
#include "store/db.h"
#include "store/sql.h"

uint64_t store_consent_version(const struct store *store)
{
	return store->consent_version;
}

int store_find_suppression(struct store *store, const struct phone *phone,
			   struct suppression_row *out, struct error *err)
{
	int rc;
	SQL_AUTO(q, store,
		 "SELECT phone, reason, method, rule, actor, at FROM suppression WHERE phone = ?1");

	sql_text(&q, phone->e164);
	rc = sql_step(&q, err);
	if (rc != 1)
		return rc;
	sql_get_text(&q, out->phone.e164, sizeof(out->phone.e164));
	sql_get_text(&q, out->reason, sizeof(out->reason));
	sql_get_text(&q, out->method, sizeof(out->method));
	sql_get_text(&q, out->rule, sizeof(out->rule));
	sql_get_text(&q, out->actor, sizeof(out->actor));
	out->at = sql_get_int(&q);
	return 1;
}

int store_suppression_add(struct store *store, const struct suppression_row *row, struct error *err)
{
	SQL_AUTO(q, store,
		 "INSERT INTO suppression (phone, reason, method, rule, actor, at)"
		 " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (phone) DO NOTHING");

	store->consent_version++;
	sql_text(&q, row->phone.e164);
	sql_text(&q, row->reason);
	sql_text(&q, row->method);
	sql_text(&q, row->rule);
	sql_text(&q, row->actor);
	sql_int(&q, row->at);
	return (int)sql_run(&q, err);
}

int store_suppression_remove(struct store *store, const struct phone *phone, struct error *err)
{
	SQL_AUTO(q, store, "DELETE FROM suppression WHERE phone = ?1");

	store->consent_version++;
	sql_text(&q, phone->e164);
	return sql_run(&q, err) < 0 ? -1 : 0;
}

#define HOLD_SELECT "SELECT phone, rule, at, expires_at FROM hold "

static int read_hold(struct sql *q, struct hold_row *out, struct error *err)
{
	int rc = sql_step(q, err);

	if (rc != 1)
		return rc;
	sql_get_text(q, out->phone.e164, sizeof(out->phone.e164));
	sql_get_text(q, out->rule, sizeof(out->rule));
	out->at = sql_get_int(q);
	out->expires_at = sql_get_int(q);
	return 1;
}

int store_find_hold(struct store *store, const struct phone *phone, struct hold_row *out,
		    struct error *err)
{
	SQL_AUTO(q, store, HOLD_SELECT "WHERE phone = ?1");

	sql_text(&q, phone->e164);
	return read_hold(&q, out, err);
}

int store_hold_add(struct store *store, const struct hold_row *row, struct error *err)
{
	/* The first one stays, so that a second suggestion does not put the end off. */
	SQL_AUTO(q, store,
		 "INSERT INTO hold (phone, rule, at, expires_at) VALUES (?1, ?2, ?3, ?4)"
		 " ON CONFLICT (phone) DO NOTHING");

	store->consent_version++;
	sql_text(&q, row->phone.e164);
	sql_text(&q, row->rule);
	sql_int(&q, row->at);
	sql_int(&q, row->expires_at);
	return (int)sql_run(&q, err);
}

int store_hold_remove(struct store *store, const struct phone *phone, struct error *err)
{
	SQL_AUTO(q, store, "DELETE FROM hold WHERE phone = ?1");

	store->consent_version++;
	sql_text(&q, phone->e164);
	return sql_run(&q, err) < 0 ? -1 : 0;
}

int store_find_expired_hold(struct store *store, int64_t now, struct hold_row *out,
			    struct error *err)
{
	SQL_AUTO(q, store, HOLD_SELECT "WHERE expires_at <= ?1 ORDER BY expires_at LIMIT 1");

	sql_int(&q, now);
	return read_hold(&q, out, err);
}

int store_next_hold(struct store *store, int64_t *expires_at_out, struct error *err)
{
	SQL_AUTO(q, store, "SELECT expires_at FROM hold ORDER BY expires_at LIMIT 1");
	int rc = sql_step(&q, err);

	if (rc < 0)
		return -1;
	*expires_at_out = rc == 1 ? sql_get_int(&q) : INT64_MAX;
	return 0;
}

int store_consent_event_add(struct store *store, const struct phone *phone, const char *kind,
			    const char *method, const char *rule, const char *evidence,
			    const char *actor, int64_t now, struct error *err)
{
	SQL_AUTO(q, store,
		 "INSERT INTO consent_event (phone, kind, method, rule, evidence, actor, at)"
		 " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");

	sql_text(&q, phone->e164);
	sql_text(&q, kind);
	sql_text(&q, method);
	sql_text(&q, rule);
	sql_text(&q, evidence);
	sql_text(&q, actor);
	sql_int(&q, now);
	return sql_run(&q, err) < 0 ? -1 : 0;
}
