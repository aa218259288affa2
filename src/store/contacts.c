/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The people we text: one row for each number ever seen. */
#include "base/fold.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "store/sql.h"

#define CONTACT_SELECT "SELECT id, phone, name, sender, created_at FROM contact "

static int read_contact(struct sql *q, struct contact_row *out, struct error *err)
{
	int rc = sql_step(q, err);

	if (rc != 1)
		return rc;
	out->id.v = sql_get_int(q);
	sql_get_text(q, out->phone.e164, sizeof(out->phone.e164));
	sql_get_text(q, out->name, sizeof(out->name));
	sql_get_text(q, out->sender, sizeof(out->sender));
	out->created_at = sql_get_int(q);
	return 1;
}

int store_find_contact(struct store *store, const struct phone *phone, struct contact_row *out,
		       struct error *err)
{
	SQL_AUTO(q, store, CONTACT_SELECT "WHERE phone = ?1");

	sql_text(&q, phone->e164);
	return read_contact(&q, out, err);
}

int store_get_contact(struct store *store, struct contact_id id, struct contact_row *out,
		      struct error *err)
{
	SQL_AUTO(q, store, CONTACT_SELECT "WHERE id = ?1");

	sql_int(&q, id.v);
	return read_contact(&q, out, err);
}

int store_contact_ensure(struct store *store, const struct phone *phone, int64_t now,
			 struct contact_row *out, struct error *err)
{
	int found = store_find_contact(store, phone, out, err);

	if (found)
		return found < 0 ? -1 : 0;

	SQL_AUTO(q, store,
		 "INSERT INTO contact (phone, name, name_folded, sender, created_at)"
		 " VALUES (?1, '', '', '', ?2)");

	*out = (struct contact_row){.phone = *phone, .created_at = now};
	sql_text(&q, phone->e164);
	sql_int(&q, now);
	return sql_run_insert(&q, &out->id.v, err);
}

int store_contact_set_sender(struct store *store, struct contact_id id, const char *sender,
			     struct error *err)
{
	SQL_AUTO(q, store, "UPDATE contact SET sender = ?1 WHERE id = ?2");

	sql_text(&q, sender);
	sql_int(&q, id.v);
	return sql_must_change(&q, "contact", id.v, err);
}

/* What a contact_row can hold, without half a character at the end. */
static void cut_name(char out[NAME_MAX_BYTES], const char *name)
{
	size_t len = 0;
	const char *end = name + strlen(name);

	while (name + len < end) {
		int32_t cp;
		size_t n = utf8_decode(name + len, end, &cp);

		if (len + n >= NAME_MAX_BYTES)
			break;
		len += n;
	}
	memcpy(out, name, len);
	out[len] = '\0';
}

int store_contact_set_name(struct store *store, struct contact_id id, const char *name,
			   struct error *err)
{
	STRBUF_AUTO(folded);
	char kept[NAME_MAX_BYTES];
	SQL_AUTO(q, store, "UPDATE contact SET name = ?1, name_folded = ?2 WHERE id = ?3");

	cut_name(kept, name);
	utf8_fold(&folded, kept, strlen(kept));
	sql_text(&q, kept);
	sql_text(&q, folded.buf);
	sql_int(&q, id.v);
	return sql_must_change(&q, "contact", id.v, err);
}
