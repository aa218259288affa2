/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Texts, one row each. The compare-and-swap of store_message_change() is what keeps two events
 * about one text from both winning.
 */
#include "store/messages.h"

#include "base/fold.h"
#include "base/log.h"
#include "base/xalloc.h"

#define BLANKS " \t\r\n" /* what folding leaves of them */

#define MESSAGE_SELECT                                                                             \
	"SELECT m.id, m.conversation, m.outbound, m.kind, m.state, m.text, m.ref, m.sender,"       \
	" m.account, m.ext_id, m.segments, m.parts_delivered, m.author, m.origin_place,"           \
	" m.origin_event, m.due_at, m.not_after, m.attempts, m.code, m.reason, m.handled,"         \
	" m.created_at, m.updated_at, m.files, c.phone FROM message m"                             \
	" JOIN conversation v ON v.id = m.conversation JOIN contact c ON c.id = v.contact "

static int read_message(struct sql *q, struct message_row *out, struct error *err)
{
	int rc = sql_step(q, err);

	out->text = NULL; /* so that releasing is right whatever was found */
	if (rc != 1)
		return rc;
	out->id.v = sql_get_int(q);
	out->conversation.v = sql_get_int(q);
	out->outbound = sql_get_int(q) != 0;
	out->kind = (enum message_kind)sql_get_int(q);
	out->state = (enum message_state)sql_get_int(q);
	out->text = sql_get_text_copy(q);
	sql_get_text(q, out->ref, sizeof(out->ref));
	sql_get_text(q, out->sender, sizeof(out->sender));
	sql_get_text(q, out->account, sizeof(out->account));
	sql_get_text(q, out->ext_id, sizeof(out->ext_id));
	out->segments = (int)sql_get_int(q);
	out->parts_delivered = (int)sql_get_int(q);
	sql_get_text(q, out->author, sizeof(out->author));
	out->origin_place.v = sql_get_int(q);
	sql_get_text(q, out->origin_event, sizeof(out->origin_event));
	out->due_at = sql_get_int(q);
	out->not_after = sql_get_int(q);
	out->attempts = (int)sql_get_int(q);
	sql_get_text(q, out->code, sizeof(out->code));
	sql_get_text(q, out->reason, sizeof(out->reason));
	out->handled = sql_get_int(q) != 0;
	out->hopeless = false;
	out->added = NULL;
	out->created_at = sql_get_int(q);
	out->updated_at = sql_get_int(q);
	out->files = (int)sql_get_int(q);
	sql_get_text(q, out->phone.e164, sizeof(out->phone.e164));
	return 1;
}

void message_row_release(struct message_row *row)
{
	free(row->text);
	row->text = NULL;
}

int store_get_message(struct store *store, struct message_id id, struct message_row *out,
		      struct error *err)
{
	SQL_AUTO(q, store, MESSAGE_SELECT "WHERE m.id = ?1");

	sql_int(&q, id.v);
	return read_message(&q, out, err);
}

int store_find_message_by_ref(struct store *store, const char *ref, struct message_row *out,
			      struct error *err)
{
	SQL_AUTO(q, store, MESSAGE_SELECT "WHERE m.ref = ?1 AND m.ref <> ''");

	sql_text(&q, ref);
	return read_message(&q, out, err);
}

int store_find_message_by_ext_id(struct store *store, const char *account, const char *ext_id,
				 struct message_row *out, struct error *err)
{
	SQL_AUTO(q, store,
		 MESSAGE_SELECT "WHERE m.account = ?1 AND m.ext_id = ?2 AND m.ext_id <> ''");

	sql_text(&q, account);
	sql_text(&q, ext_id);
	return read_message(&q, out, err);
}

int store_find_message_by_origin(struct store *store, struct place_id place, const char *event_id,
				 struct message_row *out, struct error *err)
{
	SQL_AUTO(q, store,
		 MESSAGE_SELECT "WHERE m.origin_place = ?1 AND m.origin_event = ?2"
				" AND m.outbound = 1 AND m.origin_event <> ''");

	sql_int(&q, place.v);
	sql_text(&q, event_id);
	return read_message(&q, out, err);
}

int store_find_last_outbound(struct store *store, struct conversation_id conversation,
			     struct message_row *out, struct error *err)
{
	/* UNKNOWN to EXPIRED without FAILED: what the phone may have. */
	SQL_AUTO(q, store,
		 MESSAGE_SELECT "WHERE m.conversation = ?1 AND m.outbound = 1"
				" AND m.state BETWEEN 25 AND 93 AND m.state <> 92"
				" ORDER BY m.id DESC LIMIT 1");

	sql_int(&q, conversation.v);
	return read_message(&q, out, err);
}

/* The words as a person tells them apart: case, accents, width and the blanks between forgiven. */
static void add_same_words(struct strbuf *out, const char *text)
{
	STRBUF_AUTO(folded);

	utf8_fold(&folded, text, strlen(text));
	for (const char *p = folded.buf + strspn(folded.buf, BLANKS); *p;) {
		size_t n = strcspn(p, BLANKS);

		strbuf_add(out, p, n);
		p += n + strspn(p + n, BLANKS);
		if (*p)
			strbuf_addc(out, ' ');
	}
}

/* FNV-1a; only to find the few rows whose text is worth comparing. */
static int64_t hash_words(const char *same)
{
	uint64_t hash = 0xCBF29CE484222325u;

	for (const char *p = same; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 0x100000001B3u;
	return (int64_t)hash;
}

static int64_t hash_text(const char *text)
{
	STRBUF_AUTO(same);

	add_same_words(&same, text);
	return hash_words(same.buf);
}

int store_duplicate_age(struct store *store, struct conversation_id conversation, const char *text,
			struct message_id before, int64_t now, int64_t *age_out, struct error *err)
{
	STRBUF_AUTO(wanted);
	int64_t at;
	int rc;
	SQL_AUTO(q, store,
		 "SELECT created_at, text FROM message"
		 " WHERE conversation = ?1 AND outbound = 1 AND text_hash = ?2"
		 " AND (?3 = 0 OR id < ?3) AND state < 91 ORDER BY id DESC");

	add_same_words(&wanted, text);
	sql_int(&q, conversation.v);
	sql_int(&q, hash_words(wanted.buf));
	sql_int(&q, before.v);
	*age_out = -1;
	while (*age_out < 0 && (rc = sql_step(&q, err)) == 1) {
		STRBUF_AUTO(found);
		AUTO_FREE char *stored = NULL;

		at = sql_get_int(&q);
		stored = sql_get_text_copy(&q);
		add_same_words(&found, stored);
		if (strcmp(found.buf, wanted.buf) == 0)
			*age_out = now > at ? now - at : 0; /* a clock that was set back */
	}
	return *age_out < 0 && rc < 0 ? -1 : 0;
}

static void log_repeated(const struct message_row *row)
{
	log_warn("store.ext_id_repeated account=%s ext_id=%s ref=%s", log_quote(row->account),
		 log_quote(row->ext_id), row->ref);
}

static int insert_message(struct store *store, struct message_row *row, const char *ext_id,
			  bool *conflict_out, struct error *err)
{
	int rc;
	SQL_AUTO(q, store,
		 "INSERT INTO message (conversation, outbound, kind, turn, state, text, text_hash, "
		 "ref,"
		 " sender, account, ext_id, segments, parts_delivered, author, origin_place,"
		 " origin_event, due_at, not_after, attempts, code, reason, handled, created_at,"
		 " updated_at, files) VALUES (?1, ?2, ?3,"
		 " CASE WHEN ?3 >= 2 THEN 0 ELSE 1 END, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
		 "?12, ?13, ?14,"
		 " ?15, ?16, ?17, ?18, ?19, ?20, 0, ?21, ?22, ?23)");

	sql_int(&q, row->conversation.v);
	sql_int(&q, row->outbound);
	sql_int(&q, row->kind);
	sql_int(&q, row->state);
	sql_text(&q, row->text);
	sql_int(&q, row->outbound ? hash_text(row->text) : 0);
	sql_text(&q, row->ref);
	sql_text(&q, row->sender);
	sql_text(&q, row->account);
	sql_text(&q, ext_id);
	sql_int(&q, row->segments);
	sql_int(&q, row->parts_delivered);
	sql_text(&q, row->author);
	sql_id(&q, row->origin_place.v);
	sql_text(&q, row->origin_event);
	sql_int(&q, row->due_at);
	sql_int(&q, row->not_after);
	sql_int(&q, row->attempts);
	sql_text(&q, row->code);
	sql_text(&q, row->reason);
	sql_int(&q, row->created_at);
	sql_int(&q, row->updated_at);
	sql_int(&q, row->files);
	rc = sql_run_insert(&q, &row->id.v, err);
	*conflict_out = sql_is_unique_conflict(&q);
	return rc;
}

int store_message_add(struct store *store, struct message_row *row, struct error *err)
{
	bool conflict;
	int rc = insert_message(store, row, row->ext_id, &conflict, err);

	/* A provider that gives one id to two texts: the first keeps it, and no text is lost. */
	if (rc && conflict && row->ext_id[0]) {
		rc = insert_message(store, row, "", &conflict, err);
		if (rc == 0) {
			log_repeated(row);
			row->ext_id[0] = '\0';
		}
	}
	if (rc == 0)
		tally_add(store, row->state);
	return rc;
}

/* Writes a change that leaves alone what stands in an index beside the state, as most do: SQLite
 * takes out of an index and puts in again whatever a statement names. 0: it is to change too, or the
 * state was another. */
static int64_t update_rest(struct store *store, const struct message_row *row,
			   enum message_state from, int64_t now, struct error *err)
{
	SQL_AUTO(q, store,
		 "UPDATE message SET state = ?1, segments = ?2, parts_delivered = ?3,"
		 " attempts = ?4, code = ?5, reason = ?6, updated_at = ?7,"
		 " handled = CASE WHEN ?1 = 0 THEN 0 ELSE handled END"
		 " WHERE id = ?8 AND state = ?9 AND ext_id = ?10 AND account = ?11"
		 " AND sender = ?12 AND due_at = ?13");

	sql_int(&q, row->state);
	sql_int(&q, row->segments);
	sql_int(&q, row->parts_delivered);
	sql_int(&q, row->attempts);
	sql_text(&q, row->code);
	sql_text(&q, row->reason);
	sql_int(&q, now);
	sql_int(&q, row->id.v);
	sql_int(&q, from);
	sql_text(&q, row->ext_id);
	sql_text(&q, row->account);
	sql_text(&q, row->sender);
	sql_int(&q, row->due_at);
	return sql_run(&q, err);
}

static int64_t update_message(struct store *store, const struct message_row *row,
			      enum message_state from, const char *ext_id, int64_t now,
			      bool *conflict_out, struct error *err)
{
	int64_t changed;
	/* One that is queued again is new to the humans too. */
	SQL_AUTO(q, store,
		 "UPDATE message SET state = ?1, ext_id = ?2, segments = ?3, parts_delivered = ?4,"
		 " due_at = ?5, attempts = ?6, code = ?7, reason = ?8, sender = ?9, account = ?10,"
		 " updated_at = ?11, handled = CASE WHEN ?1 = 0 THEN 0 ELSE handled END"
		 " WHERE id = ?12 AND state = ?13");

	sql_int(&q, row->state);
	sql_text(&q, ext_id);
	sql_int(&q, row->segments);
	sql_int(&q, row->parts_delivered);
	sql_int(&q, row->due_at);
	sql_int(&q, row->attempts);
	sql_text(&q, row->code);
	sql_text(&q, row->reason);
	sql_text(&q, row->sender);
	sql_text(&q, row->account);
	sql_int(&q, now);
	sql_int(&q, row->id.v);
	sql_int(&q, from);
	changed = sql_run(&q, err);
	*conflict_out = sql_is_unique_conflict(&q);
	return changed;
}

int store_message_change(struct store *store, const struct message_row *row,
			 enum message_state from, int64_t now, struct error *err)
{
	bool conflict = false;
	/* The answer to a send brings the provider's id. */
	int64_t changed = from == MSG_SENDING ? 0 : update_rest(store, row, from, now, err);

	if (changed == 0)
		changed = update_message(store, row, from, row->ext_id, now, &conflict, err);
	if (changed < 0 && conflict && row->ext_id[0]) {
		changed = update_message(store, row, from, "", now, &conflict, err);
		if (changed > 0)
			log_repeated(row);
	}
	if (changed > 0)
		tally_move(store, from, row->state, 1);
	return (int)changed;
}

int store_message_rewrite(struct store *store, const struct message_row *row, int64_t now,
			  struct error *err)
{
	SQL_AUTO(q, store,
		 "UPDATE message SET text = ?1, text_hash = ?2, segments = ?3, updated_at = ?4"
		 " WHERE id = ?5 AND state = 0");

	sql_text(&q, row->text);
	sql_int(&q, hash_text(row->text));
	sql_int(&q, row->segments);
	sql_int(&q, now);
	sql_int(&q, row->id.v);
	return (int)sql_run(&q, err);
}

int store_message_set_handled(struct store *store, struct message_id id, struct error *err)
{
	SQL_AUTO(q, store, "UPDATE message SET handled = 1 WHERE id = ?1");

	sql_int(&q, id.v);
	return sql_must_change(&q, "message", id.v, err);
}

int messages_call(struct store *store, const struct id_list *ids, store_message_fn *fn, void *arg,
		  struct error *err)
{
	struct message_row row;
	bool more = fn != NULL;

	for (size_t i = 0; more && i < ids->n; i++) {
		int found = store_get_message(store, (struct message_id){ids->v[i]}, &row, err);

		if (found < 0)
			return -1;
		more = found == 0 || fn(&row, arg);
		message_row_release(&row);
	}
	return 0;
}
