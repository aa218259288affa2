/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The tables, as numbered steps that only go forward: user_version says how far a database is.
 * A migration that was released is never edited; the next one changes what it made.
 *
 * Numbers of enums are those of roomline/store.h and chat.h. The words for how and why a number
 * was suppressed are not checked here: an opt-out must be stored, whatever it is called.
 * An index costs on every text, so each names the question it is there for. IN with more than two
 * values is not for what is checked on every text: SQLite makes a table of them each time.
 */
#include "store/db.h"
#include "store/sql.h"

/* clang-format off */
static const char *const tables_1[] = {
	"CREATE TABLE contact ("
	" id INTEGER PRIMARY KEY,"
	" phone TEXT NOT NULL UNIQUE CHECK (phone <> ''),"
	" name TEXT NOT NULL,"
	" name_folded TEXT NOT NULL," /* for search */
	" sender TEXT NOT NULL,"
	" created_at INTEGER NOT NULL"
	") STRICT",

	"CREATE TABLE conversation ("
	" id INTEGER PRIMARY KEY,"
	" contact INTEGER NOT NULL UNIQUE REFERENCES contact (id),"
	" token TEXT NOT NULL UNIQUE CHECK (token <> ''),"
	" open INTEGER NOT NULL CHECK (open IN (0, 1)),"
	" owner TEXT NOT NULL,"
	" created_at INTEGER NOT NULL,"
	" updated_at INTEGER NOT NULL,"
	" last_in_at INTEGER NOT NULL"
	") STRICT",
	/* store_list_conversations, store_list_places, store_count */
	"CREATE INDEX conversation_open ON conversation (owner) WHERE open = 1",

	"CREATE TABLE place ("
	" id INTEGER PRIMARY KEY,"
	" kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 2),"
	" network TEXT NOT NULL CHECK (network <> ''),"
	" conversation INTEGER REFERENCES conversation (id),"
	" token TEXT NOT NULL,"
	" address TEXT NOT NULL,"
	" cursor TEXT NOT NULL,"
	" created_at INTEGER NOT NULL,"
	" CHECK ((kind = 0) = (conversation IS NOT NULL))"
	") STRICT",
	/* store_find_place_of, store_list_places_of */
	"CREATE UNIQUE INDEX place_conversation ON place (conversation, network)"
	" WHERE conversation IS NOT NULL",
	"CREATE UNIQUE INDEX place_control ON place (network) WHERE kind = 1",
	"CREATE UNIQUE INDEX place_address ON place (network, kind, address) WHERE address <> ''",

	"CREATE TABLE message ("
	" id INTEGER PRIMARY KEY,"
	" conversation INTEGER NOT NULL REFERENCES conversation (id),"
	" outbound INTEGER NOT NULL CHECK (outbound IN (0, 1)),"
	" kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 4),"
	/* our automatic answers leave before what people say */
	" turn INTEGER NOT NULL CHECK (turn = CASE WHEN kind >= 2 THEN 0 ELSE 1 END),"
	" state INTEGER NOT NULL CHECK (state = 0 OR state = 20 OR state = 25 OR state = 30"
	"  OR state = 40 OR state BETWEEN 90 AND 94 OR state = 100),"
	" text TEXT NOT NULL,"
	" text_hash INTEGER NOT NULL," /* for store_duplicate_age */
	" ref TEXT NOT NULL,"
	" sender TEXT NOT NULL,"
	" account TEXT NOT NULL,"
	" ext_id TEXT NOT NULL,"
	" segments INTEGER NOT NULL,"
	" parts_delivered INTEGER NOT NULL,"
	" author TEXT NOT NULL,"
	" origin_place INTEGER REFERENCES place (id),"
	" origin_event TEXT NOT NULL,"
	" due_at INTEGER NOT NULL,"
	" not_after INTEGER NOT NULL,"
	" attempts INTEGER NOT NULL,"
	" code TEXT NOT NULL,"
	" reason TEXT NOT NULL,"
	" handled INTEGER NOT NULL CHECK (handled IN (0, 1)),"
	" created_at INTEGER NOT NULL,"
	" updated_at INTEGER NOT NULL,"
	" CHECK ((outbound = 0) = (state = 100))"
	") STRICT",
	"CREATE UNIQUE INDEX message_ref ON message (ref) WHERE ref <> ''",
	"CREATE UNIQUE INDEX message_ext_id ON message (account, ext_id) WHERE ext_id <> ''",
	"CREATE UNIQUE INDEX message_origin ON message (origin_place, origin_event)"
	" WHERE outbound = 1 AND origin_event <> ''",
	/* store_list_due: each sender's queue in the order it leaves, answered from the index alone;
	 * that takes the state in it, though it is always the same */
	"CREATE INDEX message_queue ON message (state, sender, turn, id, due_at, conversation)"
	" WHERE state = 0",
	/* store_next_due */
	"CREATE INDEX message_due ON message (state, due_at) WHERE state = 0",
	/* what is under way, whole or of a conversation */
	"CREATE INDEX message_live ON message (state, conversation, id) WHERE state < 30",
	/* store_list_stuck */
	"CREATE INDEX message_stuck ON message (id) "
	" WHERE handled = 0 AND (state = 25 OR state = 91 OR state = 92)",
	/* store_find_last_outbound, store_duplicate_age */
	"CREATE INDEX message_outbound ON message (conversation, id, text_hash) WHERE outbound = 1",

	"CREATE TABLE hook ("
	" id INTEGER PRIMARY KEY,"
	" account TEXT NOT NULL,"
	" key TEXT NOT NULL,"
	" kind TEXT NOT NULL,"
	" summary TEXT NOT NULL,"
	" at INTEGER NOT NULL,"
	" UNIQUE (account, key)"
	") STRICT",
	"CREATE INDEX hook_at ON hook (at)", /* store_prune */

	"CREATE TABLE chat_event ("
	" id INTEGER PRIMARY KEY,"
	" place INTEGER NOT NULL," /* 0: a 1:1 chat that has no place */
	" event_id TEXT NOT NULL,"
	" at INTEGER NOT NULL,"
	" UNIQUE (place, event_id)"
	") STRICT",
	"CREATE INDEX chat_event_at ON chat_event (at)", /* store_prune */

	"CREATE TABLE suppression ("
	" phone TEXT NOT NULL PRIMARY KEY CHECK (phone <> ''),"
	" reason TEXT NOT NULL CHECK (reason <> ''),"
	" method TEXT NOT NULL,"
	" rule TEXT NOT NULL,"
	" actor TEXT NOT NULL,"
	" at INTEGER NOT NULL"
	") STRICT",

	"CREATE TABLE hold ("
	" phone TEXT NOT NULL PRIMARY KEY CHECK (phone <> ''),"
	" rule TEXT NOT NULL,"
	" at INTEGER NOT NULL,"
	" expires_at INTEGER NOT NULL"
	") STRICT",
	"CREATE INDEX hold_expires ON hold (expires_at)",

	"CREATE TABLE consent_event ("
	" id INTEGER PRIMARY KEY,"
	" phone TEXT NOT NULL,"
	" kind TEXT NOT NULL,"
	" method TEXT NOT NULL,"
	" rule TEXT NOT NULL,"
	" evidence TEXT NOT NULL,"
	" actor TEXT NOT NULL,"
	" at INTEGER NOT NULL"
	") STRICT",
	"CREATE TRIGGER consent_event_update BEFORE UPDATE ON consent_event BEGIN"
	" SELECT RAISE(ABORT, 'evidence of consent is only added to'); END",
	"CREATE TRIGGER consent_event_delete BEFORE DELETE ON consent_event BEGIN"
	" SELECT RAISE(ABORT, 'evidence of consent is only added to'); END",

	/* The id is the network's message id, so the id of a deleted row must never come again. */
	"CREATE TABLE relay ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" place INTEGER NOT NULL REFERENCES place (id),"
	" kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 2),"
	" voice INTEGER NOT NULL CHECK (voice IN (0, 1)),"
	" text TEXT NOT NULL,"
	" target_event TEXT NOT NULL,"
	" mark INTEGER NOT NULL CHECK (mark BETWEEN 0 AND 4),"
	" message INTEGER REFERENCES message (id),"
	" at INTEGER NOT NULL,"
	" CHECK ((kind = 2) = (target_event <> ''))"
	") STRICT",
	"CREATE INDEX relay_place ON relay (place, id)",

	"CREATE TABLE kept_value ("
	" key TEXT NOT NULL PRIMARY KEY,"
	" value TEXT NOT NULL"
	") STRICT",

	"CREATE TABLE audit ("
	" id INTEGER PRIMARY KEY,"
	" actor TEXT NOT NULL,"
	" action TEXT NOT NULL,"
	" detail TEXT NOT NULL,"
	" at INTEGER NOT NULL"
	") STRICT",
	"CREATE TRIGGER audit_update BEFORE UPDATE ON audit BEGIN"
	" SELECT RAISE(ABORT, 'the audit log is only added to'); END",
	"CREATE TRIGGER audit_delete BEFORE DELETE ON audit BEGIN"
	" SELECT RAISE(ABORT, 'the audit log is only added to'); END",

	/* Belt and braces below the gate: whatever the code above gets wrong, these words do not go
	 * to a number that must not be texted. */
	"CREATE TRIGGER message_suppressed_insert BEFORE INSERT ON message"
	" WHEN NEW.state IN (0, 20) AND NEW.kind IN (0, 1) AND EXISTS ("
	"  SELECT 1 FROM conversation v JOIN contact c ON c.id = v.contact"
	"  JOIN suppression s ON s.phone = c.phone WHERE v.id = NEW.conversation) BEGIN"
	" SELECT RAISE(ABORT, 'this number must not be texted'); END",
	"CREATE TRIGGER message_suppressed_update BEFORE UPDATE OF state ON message"
	" WHEN NEW.state = 20 AND NEW.kind IN (0, 1) AND EXISTS ("
	"  SELECT 1 FROM conversation v JOIN contact c ON c.id = v.contact"
	"  JOIN suppression s ON s.phone = c.phone WHERE v.id = NEW.conversation) BEGIN"
	" SELECT RAISE(ABORT, 'this number must not be texted'); END",
	NULL,
};

static const char *const tables_2[] = {
	"CREATE TABLE quarantine ("
	" id INTEGER PRIMARY KEY,"
	" network TEXT NOT NULL,"
	" what TEXT NOT NULL,"
	" bytes BLOB NOT NULL,"
	" at INTEGER NOT NULL"
	") STRICT",
	NULL,
};
static const char *const tables_3[] = {
	"ALTER TABLE message ADD COLUMN files INTEGER NOT NULL DEFAULT 0",
	"CREATE TABLE media ("
	" id INTEGER PRIMARY KEY,"
	" message INTEGER NOT NULL REFERENCES message (id),"
	" position INTEGER NOT NULL,"
	" network TEXT NOT NULL,"
	" reference TEXT NOT NULL CHECK (reference <> ''),"
	" type TEXT NOT NULL,"
	" size INTEGER NOT NULL CHECK (size >= 0),"
	" checked INTEGER NOT NULL CHECK (checked IN (0, 1)),"
	" created_at INTEGER NOT NULL,"
	" UNIQUE (message, position)"
	") STRICT",
	/* store_list_unchecked_media */
	"CREATE INDEX media_unchecked ON media (id) WHERE checked = 0",
	/* NULL but for a say of a file */
	"ALTER TABLE relay ADD COLUMN media INTEGER REFERENCES media (id)",
	NULL,
};
static const char *const tables_4[] = {
	/* store_list_places_closed; of open ones updated_at changes with each text */
	"CREATE INDEX conversation_closed ON conversation (updated_at) WHERE open = 0",
	NULL,
};
static const char *const tables_5[] = {
	/* The same, found by the event alone: store_chat_event_seen. place 0: one that is not known
	 * here, of an event that a restore has carried over. */
	"CREATE TABLE chat_event_by_id ("
	" id INTEGER PRIMARY KEY,"
	" place INTEGER NOT NULL,"
	" event_id TEXT NOT NULL,"
	" at INTEGER NOT NULL,"
	" UNIQUE (event_id, place)"
	") STRICT",
	"INSERT INTO chat_event_by_id SELECT id, place, event_id, at FROM chat_event",
	"DROP TABLE chat_event",
	"ALTER TABLE chat_event_by_id RENAME TO chat_event",
	"CREATE INDEX chat_event_at ON chat_event (at)", /* store_prune */
	NULL,
};
static const char *const tables_6[] = {
	/* The same, with numbers that are never given again: they are in links. Rows of relay lead
	 * to it, also while it is made anew. */
	"PRAGMA defer_foreign_keys = ON",
	"CREATE TABLE media_before AS SELECT * FROM media",
	"DROP TABLE media",
	"CREATE TABLE media ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" message INTEGER NOT NULL REFERENCES message (id),"
	" position INTEGER NOT NULL,"
	" network TEXT NOT NULL,"
	" reference TEXT NOT NULL CHECK (reference <> ''),"
	" type TEXT NOT NULL,"
	" size INTEGER NOT NULL CHECK (size >= 0),"
	" checked INTEGER NOT NULL CHECK (checked IN (0, 1)),"
	" created_at INTEGER NOT NULL,"
	" UNIQUE (message, position)"
	") STRICT",
	"INSERT INTO media SELECT * FROM media_before",
	"DROP TABLE media_before",
	"CREATE INDEX media_unchecked ON media (id) WHERE checked = 0",
	NULL,
};
/* clang-format on */

/* The statements of each step, up to NULL. */
static const char *const *const migrations[] = {
	tables_1, tables_2, tables_3, tables_4, tables_5, tables_6,
};

#define VERSION ((int)(sizeof(migrations) / sizeof(migrations[0])))

int store_schema_version(void)
{
	return VERSION;
}

static int read_int(sqlite3 *db, const char *text, int *out, struct error *err)
{
	sqlite3_stmt *stmt;
	int rc = sqlite3_prepare_v2(db, text, -1, &stmt, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int(stmt, 0);
	else
		(void)sql_error(db, rc, err);
	(void)sqlite3_finalize(stmt);
	return rc == SQLITE_ROW ? 0 : -1;
}

int schema_check(sqlite3 *db, const char *where, int *version_out, struct error *err)
{
	int tables = 0;

	if (read_int(db, "PRAGMA user_version", version_out, err) ||
	    read_int(db, "SELECT count(*) FROM sqlite_schema", &tables, err))
		return -1;
	if (*version_out > VERSION)
		return error_set(err, ERR_CONFIG,
				 "the database %s was written by a newer Roomline (its version is "
				 "%d, this one knows %d): install that Roomline again",
				 where, *version_out, VERSION);
	if (*version_out < 0 || (*version_out == 0 && tables > 0))
		return error_set(err, ERR_CONFIG,
				 "%s is a database of some other program: name another file",
				 where);
	return 0;
}

static int migrate_one(sqlite3 *db, int version, struct error *err)
{
	char done[48];
	int rc;

	(void)snprintf(done, sizeof(done), "PRAGMA user_version = %d; COMMIT", version);
	rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	for (const char *const *s = migrations[version - 1]; rc == SQLITE_OK && *s; s++)
		rc = sqlite3_exec(db, *s, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, done, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		return 0;
	(void)sql_error(db, rc, err);
	(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

int schema_migrate(sqlite3 *db, const char *where, struct error *err)
{
	int version;

	if (schema_check(db, where, &version, err))
		return -1;
	while (version < VERSION) {
		if (migrate_one(db, ++version, err))
			return -1;
	}
	return 0;
}
