/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Taking steps back without a savepoint. The witness is a second store in which the dropped steps
 * were never begun: after each commit both must hold the same rows with the same ids, and count the
 * same.
 */
#include "fixture.h"

#include "base/log.h"
#include "store/db.h"

#define BATCHES 300
#define STEPS_MAX 12
#define PEOPLE 20
#define HASHED_MAX 100
#define BLOB_MAX 1500000 /* more than is kept for doing again */

static uint64_t rng;

static unsigned below(unsigned n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (unsigned)(rng >> 33) % n;
}

/* ---- what both hold ------------------------------------------------------------------------------ */

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ p[i]) * 0x100000001B3u;
	return hash;
}

static uint64_t hash_rows(sqlite3 *db, const char *table, uint64_t hash)
{
	char text[128];
	sqlite3_stmt *stmt;

	(void)snprintf(text, sizeof(text), "SELECT * FROM %s", table);
	OK(sqlite3_prepare_v2(db, text, -1, &stmt, NULL));
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		for (int c = 0; c < sqlite3_column_count(stmt); c++) {
			int type = sqlite3_column_type(stmt, c);
			const void *bytes = sqlite3_column_blob(stmt, c);
			int len = sqlite3_column_bytes(stmt, c);

			hash = hash_bytes(hash, &type, sizeof(type));
			hash = hash_bytes(hash, &len, sizeof(len));
			hash = hash_bytes(hash, bytes,
					  (size_t)(len < HASHED_MAX ? len : HASHED_MAX));
		}
	}
	(void)sqlite3_finalize(stmt);
	return hash;
}

static uint64_t hash_of(struct store *store)
{
	static const char *const tables[] = {
		"contact",    "conversation", "place", "message",       "hook",
		"chat_event", "suppression",  "relay", "kept_value",    "audit",
		"quarantine", "hold",         "media", "consent_event", "sqlite_sequence",
	};
	uint64_t hash = 0xCBF29CE484222325u;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		hash = hash_rows(store->db, tables[i], hash);
	return hash;
}

static void check_same(struct store *store, struct store *witness)
{
	struct message_counts a;
	struct message_counts b;

	assert_true(hash_of(store) == hash_of(witness));
	OK(store_count(store, &a, NULL));
	OK(store_count(witness, &b, NULL));
	assert_memory_equal(&a, &b, sizeof(a));
}

/* ---- what a step may do ---------------------------------------------------------------------------- */

static void add_person(struct store *s)
{
	struct phone phone = numbered_phone((int)below(PEOPLE));
	struct contact_row contact;
	struct conversation_row row;

	OK(store_contact_ensure(s, &phone, below(9), &contact, NULL));
	/* Refused for whom there is one already. */
	(void)store_conversation_add(s, contact.id, phone.e164, "", below(9), &row, NULL);
}

static void write_text(struct store *s)
{
	struct message_row row = {0};
	char words[] = "words";

	row = outbound((struct conversation_id){1 + below(PEOPLE)}, words);
	row.state = below(2) ? MSG_NEW : MSG_ACCEPTED;
	row.origin_place.v = below(3);
	/* Repeated ones are added without; nobody's are refused. */
	(void)snprintf(row.ext_id, sizeof(row.ext_id), "%u", below(40));
	(void)store_message_add(s, &row, NULL);
}

static void move_text(struct store *s)
{
	struct message_row row = {0};
	enum message_state from;

	if (store_get_message(s, (struct message_id){1 + below(60)}, &row, NULL) == 1) {
		from = row.state;
		row.state = from < MSG_DELIVERED ? MSG_DELIVERED : MSG_FAILED;
		if (below(2))
			row.ext_id[0] = '\0';
		FOUND(store_message_change(s, &row, from, below(9), NULL));
	}
	message_row_release(&row);
}

static void show(struct store *s)
{
	struct place_row place = {.kind = PLACE_DIRECT, .network = "xmpp"};
	char words[] = "shown";
	struct relay_row row = {.kind = RELAY_NOTICE, .text = words};

	(void)snprintf(place.address, sizeof(place.address), "a%u@b", below(10));
	if (store_place_add(s, &place, NULL) < 0)
		place.id.v = 1 + below(10);
	row.place = place.id;
	(void)store_relay_add(s, &row, NULL);
	(void)store_chat_event_add(s, place.id, place.address, 1, NULL);
}

static void finish(struct store *s)
{
	struct place_id place;

	(void)store_relay_finish(s, (struct relay_id){1 + below(60)}, &place, NULL);
}

static void note(struct store *s)
{
	char key[16];

	(void)snprintf(key, sizeof(key), "%u", below(30));
	OK(store_set_value(s, key, key, NULL));
	assert_true(store_hook_add(s, "acme", key, "text", "", 1, NULL) >= 0);
	OK(store_audit_add(s, "a", "b", "", 1, NULL));
}

static void suppress(struct store *s)
{
	struct suppression_row row = {.phone = numbered_phone((int)below(PEOPLE)),
				      .reason = "opt_out"};

	if (below(2))
		assert_true(store_suppression_add(s, &row, NULL) >= 0);
	else
		OK(store_suppression_remove(s, &row.phone, NULL));
}

static void quarantine(struct store *s)
{
	static char bytes[BLOB_MAX];
	size_t len = below(4) ? below(200) : below(BLOB_MAX);

	OK(store_quarantine_add(s, "xmpp", "", bytes, len, 1, NULL));
}

static void do_step(struct store *s, uint64_t seed)
{
	static void (*const acts[])(struct store * s) = {
		add_person, write_text, write_text, move_text, show,
		show,       finish,     note,       suppress,  quarantine,
	};

	rng = seed;
	for (unsigned n = below(5); n > 0; n--)
		acts[below(sizeof(acts) / sizeof(acts[0]))](s);
}

/* ---- tests ----------------------------------------------------------------------------------------- */

static void dropped_steps__leave__nothing(void **state)
{
	struct store *store = ((struct fixture *)*state)->store;
	struct store *witness;
	uint64_t seed = 1;
	int redone = 0;
	int full = 0;

	OK(store_open(":memory:", &witness, NULL));
	for (int batch = 0; batch < BATCHES; batch++) {
		unsigned steps;
		bool dropped = false;

		rng = seed = seed * 6364136223846793005u + 1442695040888963407u;
		steps = 1 + below(STEPS_MAX);
		must_begin(witness);
		for (unsigned i = 0; i < steps; i++) {
			bool keep;

			rng = seed = seed * 6364136223846793005u + 1442695040888963407u;
			keep = below(4) != 0;
			must_begin(store);
			do_step(store, seed);
			OK(store_step_end(store, keep, NULL));
			full += store->guarded && !dropped && keep;
			redone += store->guarded && !dropped && !keep;
			dropped |= !keep;
			if (keep)
				do_step(witness, seed);
		}
		store_commit(store);
		must_commit(witness);
		check_same(store, witness);
	}
	/* That it was put to the test. */
	assert_true(redone > BATCHES / 4);
	assert_true(full > 5);
	store_close(witness);
}

/* Not for a step that wrote nothing: refusals that look first are the most frequent ones. */
static void step_without_rows__is_dropped__for_nothing(void **state)
{
	struct store *store = ((struct fixture *)*state)->store;

	must_begin(store);
	add_contact(store, "+14155550101");
	must_keep(store);
	must_begin(store);
	must_drop(store);
	assert_false(store->guarded);
	store_commit(store);
}

/* Somebody who writes with the sqlite3 shell at the wrong moment: the ids would be others. */
static void what_comes_out_otherwise__fails__the_batch(void **state)
{
	struct fixture *f = *state;
	struct store *store = f->store;
	struct error err = {0};
	sqlite3 *intruder;
	struct phone phone = phone_of("+14155550101");
	struct contact_row row;

	must_begin(store);
	add_contact(store, "+14155550101");
	must_keep(store);
	must_begin(store);
	add_contact(store, "+14155550102");
	/* As if the intruder came between the rollback and the new beginning. */
	OK(sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL));
	OK(sqlite3_open(f->path, &intruder));
	OK(sqlite3_exec(intruder,
			"INSERT INTO contact (phone, name, name_folded, sender, created_at)"
			" VALUES ('+1', '', '', '', 1)",
			NULL, NULL, NULL));
	OK(sqlite3_close(intruder));
	OK(sqlite3_exec(store->db, "BEGIN", NULL, NULL, NULL));
	FAILS(store_step_end(store, false, &err));
	assert_int_equal(err.kind, ERR_IO);
	FAILS(store_step_begin(store, &err));
	store_commit(store);
	NONE(store_find_contact(store, &phone, &row, NULL));
}

#define ON_DISK(test) cmocka_unit_test_setup_teardown(test, open_on_disk, close_store)
#define IN_MEMORY(test) cmocka_unit_test_setup_teardown(test, open_in_memory, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_MEMORY(dropped_steps__leave__nothing),
		IN_MEMORY(step_without_rows__is_dropped__for_nothing),
		ON_DISK(what_comes_out_otherwise__fails__the_batch),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
