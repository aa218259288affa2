/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Conversations: one with each contact, open or closed. "Newest first" is by the last change, so
 * that the one somebody just wrote in is on top; open ones are few enough to be sorted when asked
 * for, which is cheaper than an index that moves with every text.
 */
#include "base/fold.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "store/sql.h"

#include <ctype.h>

#define CONVERSATION_SELECT                                                                        \
	"SELECT v.id, v.contact, v.token, v.open, v.owner, v.created_at, v.updated_at,"            \
	" v.last_in_at, c.phone, c.name FROM conversation v JOIN contact c ON c.id = v.contact "

static int read_conversation(struct sql *q, struct conversation_row *out, struct error *err)
{
	int rc = sql_step(q, err);

	if (rc != 1)
		return rc;
	out->id.v = sql_get_int(q);
	out->contact.v = sql_get_int(q);
	sql_get_text(q, out->token, sizeof(out->token));
	out->open = sql_get_int(q) != 0;
	sql_get_text(q, out->owner, sizeof(out->owner));
	out->created_at = sql_get_int(q);
	out->updated_at = sql_get_int(q);
	out->last_in_at = sql_get_int(q);
	sql_get_text(q, out->phone.e164, sizeof(out->phone.e164));
	sql_get_text(q, out->name, sizeof(out->name));
	return 1;
}

int store_get_conversation(struct store *store, struct conversation_id id,
			   struct conversation_row *out, struct error *err)
{
	SQL_AUTO(q, store, CONVERSATION_SELECT "WHERE v.id = ?1");

	sql_int(&q, id.v);
	return read_conversation(&q, out, err);
}

int store_find_conversation(struct store *store, struct contact_id contact,
			    struct conversation_row *out, struct error *err)
{
	SQL_AUTO(q, store, CONVERSATION_SELECT "WHERE v.contact = ?1");

	sql_int(&q, contact.v);
	return read_conversation(&q, out, err);
}

int store_find_person(struct store *store, const struct phone *phone, struct contact_row *contact,
		      struct conversation_row *conversation, struct error *err)
{
	int rc;
	SQL_AUTO(q, store,
		 "SELECT c.id, c.phone, c.name, c.sender, c.created_at, v.id, v.token, v.open,"
		 " v.owner, v.created_at, v.updated_at, v.last_in_at"
		 " FROM contact c LEFT JOIN conversation v ON v.contact = c.id WHERE c.phone = ?1");

	sql_text(&q, phone->e164);
	rc = sql_step(&q, err);
	if (rc != 1)
		return rc;
	contact->id.v = sql_get_int(&q);
	sql_get_text(&q, contact->phone.e164, sizeof(contact->phone.e164));
	sql_get_text(&q, contact->name, sizeof(contact->name));
	sql_get_text(&q, contact->sender, sizeof(contact->sender));
	contact->created_at = sql_get_int(&q);
	conversation->id.v = sql_get_int(&q);
	conversation->contact = contact->id;
	sql_get_text(&q, conversation->token, sizeof(conversation->token));
	conversation->open = sql_get_int(&q) != 0;
	sql_get_text(&q, conversation->owner, sizeof(conversation->owner));
	conversation->created_at = sql_get_int(&q);
	conversation->updated_at = sql_get_int(&q);
	conversation->last_in_at = sql_get_int(&q);
	conversation->phone = contact->phone;
	STR_COPY(conversation->name, contact->name);
	return 1;
}

int store_conversation_add(struct store *store, struct contact_id contact, const char *token,
			   const char *owner, int64_t now, struct conversation_row *out,
			   struct error *err)
{
	struct conversation_id id;
	SQL_AUTO(q, store,
		 "INSERT INTO conversation"
		 " (contact, token, open, owner, created_at, updated_at, last_in_at)"
		 " VALUES (?1, ?2, 1, ?3, ?4, ?4, 0)");

	sql_int(&q, contact.v);
	sql_text(&q, token);
	sql_text(&q, owner);
	sql_int(&q, now);
	if (sql_run_insert(&q, &id.v, err))
		return -1;
	return store_get_conversation(store, id, out, err) == 1 ? 0 : -1;
}

int store_conversation_update(struct store *store, const struct conversation_row *row, int64_t now,
			      struct error *err)
{
	SQL_AUTO(q, store,
		 "UPDATE conversation SET open = ?1, owner = ?2, last_in_at = ?3, updated_at = ?4"
		 " WHERE id = ?5");

	sql_int(&q, row->open);
	sql_text(&q, row->owner);
	sql_int(&q, row->last_in_at);
	sql_int(&q, now);
	sql_int(&q, row->id.v);
	return sql_must_change(&q, "conversation", row->id.v, err);
}

int store_conversation_heard(struct store *store, struct conversation_id id, int64_t now,
			     struct error *err)
{
	SQL_AUTO(q, store,
		 "UPDATE conversation SET last_in_at = ?1, updated_at = ?1 WHERE id = ?2");

	sql_int(&q, now);
	sql_int(&q, id.v);
	return sql_must_change(&q, "conversation", id.v, err);
}

static int call_for_each(struct sql *q, store_conversation_fn *fn, void *arg, struct error *err)
{
	struct conversation_row row;
	bool more = true;
	ID_LIST_AUTO(ids);

	if (sql_read_ids(q, &ids, err))
		return -1;
	for (size_t i = 0; more && i < ids.n; i++) {
		int found = store_get_conversation(q->store, (struct conversation_id){ids.v[i]},
						   &row, err);

		if (found < 0)
			return -1;
		more = found == 0 || fn(&row, arg);
	}
	return 0;
}

#define NEWEST "ORDER BY updated_at DESC, id DESC LIMIT ?1"

static const char *filter_text(enum conversation_filter filter)
{
	switch (filter) {
	case CONVERSATIONS_OPEN:
		return "SELECT id FROM conversation WHERE open = 1 " NEWEST;
	case CONVERSATIONS_WAITING:
		return "SELECT id FROM conversation WHERE open = 1 AND owner = '' " NEWEST;
	case CONVERSATIONS_OF_OWNER:
		return "SELECT id FROM conversation WHERE open = 1 AND owner = ?2 " NEWEST;
	}
	return NULL;
}

int store_list_conversations(struct store *store, enum conversation_filter filter,
			     const char *owner, int limit, store_conversation_fn *fn, void *arg,
			     struct error *err)
{
	SQL_AUTO(q, store, filter_text(filter));

	sql_int(&q, limit);
	if (filter == CONVERSATIONS_OF_OWNER)
		sql_text(&q, owner);
	return call_for_each(&q, fn, arg, err);
}

/* The digits of a number as a person writes it; none when there is anything else in it. */
static void add_digits(struct strbuf *out, const char *words)
{
	for (const char *p = words; *p; p++) {
		if (isdigit((unsigned char)*p)) {
			strbuf_addc(out, *p);
		} else if (!strchr("+-.() /", *p)) {
			strbuf_reset(out);
			return;
		}
	}
}

/* The words without the spaces around them, as names are folded. */
static void add_folded(struct strbuf *out, const char *words)
{
	const char *start = words + strspn(words, " ");
	size_t len = strlen(start);

	while (len > 0 && start[len - 1] == ' ')
		len--;
	utf8_fold(out, start, len);
}

/* '%before needle%' for LIKE ... ESCAPE '\'. */
static void add_pattern(struct strbuf *out, const char *before, const char *needle)
{
	strbuf_addf(out, "%%%s", before);
	for (const char *p = needle; *p; p++) {
		if (strchr("%_\\", *p))
			strbuf_addc(out, '\\');
		strbuf_addc(out, *p);
	}
	strbuf_addc(out, '%');
}

int store_search_conversations(struct store *store, const char *words, int limit,
			       store_conversation_fn *fn, void *arg, struct error *err)
{
	STRBUF_AUTO(digits);
	STRBUF_AUTO(folded);
	STRBUF_AUTO(phone);
	STRBUF_AUTO(name);
	STRBUF_AUTO(owner);
	STRBUF_AUTO(at_owner);
	/* An empty pattern is none: it would fit everybody. */
	SQL_AUTO(q, store,
		 "SELECT v.id FROM conversation v JOIN contact c ON c.id = v.contact"
		 " WHERE (?2 <> '%%' AND c.phone LIKE ?2)"
		 " OR (?3 <> '%%' AND (c.name_folded LIKE ?3 ESCAPE '\\'"
		 "  OR v.owner LIKE ?4 ESCAPE '\\' OR v.owner LIKE ?5 ESCAPE '\\'))"
		 " ORDER BY v.updated_at DESC, v.id DESC LIMIT ?1");

	add_digits(&digits, words);
	add_folded(&folded, words);
	add_pattern(&phone, "", digits.buf);
	add_pattern(&name, "", folded.buf);
	add_pattern(&owner, ":", folded.buf); /* "xmpp:bob@…" */
	add_pattern(&at_owner, ":@", folded.buf);
	sql_int(&q, limit);
	sql_text(&q, phone.buf);
	sql_text(&q, name.buf);
	sql_text(&q, owner.buf);
	sql_text(&q, at_owner.buf);
	return call_for_each(&q, fn, arg, err);
}
