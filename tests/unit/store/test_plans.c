/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * No statement reads a whole table: each public function is called once, and then the plan of
 * every statement that was prepared is looked at.
 */
#include "fixture.h"

#include "store/db.h"

static bool stop_at_once(const struct message_row *row, void *arg)
{
	(void)row;
	(void)arg;
	return false;
}

static void use_people(struct store *s)
{
	struct phone phone = phone_of("+14155550100");
	struct contact_row contact;
	struct conversation_row row;
	struct seen seen = {0};

	OK(store_contact_ensure(s, &phone, 1, &contact, NULL));
	FOUND(store_get_contact(s, contact.id, &contact, NULL));
	OK(store_contact_set_name(s, contact.id, "Pat", NULL));
	OK(store_contact_set_sender(s, contact.id, "main", NULL));
	OK(store_conversation_add(s, contact.id, "token", "", 1, &row, NULL));
	FOUND(store_find_conversation(s, contact.id, &row, NULL));
	FOUND(store_find_person(s, &phone, &contact, &row, NULL));
	OK(store_conversation_update(s, &row, 2, NULL));
	OK(store_conversation_heard(s, row.id, 3, NULL));
	for (int i = CONVERSATIONS_OPEN; i <= CONVERSATIONS_OF_OWNER; i++)
		OK(store_list_conversations(s, (enum conversation_filter)i, "", 9, see_conversation,
					    &seen, NULL));
	OK(store_search_conversations(s, "pat", 9, see_conversation, &seen, NULL));
}

static void use_messages(struct store *s, struct place_id place)
{
	struct phone phone = phone_of("+14155550100");
	struct message_row row = outbound((struct conversation_id){1}, NULL);
	struct message_row got;
	struct message_counts counts;
	int64_t number;

	row.text = xstrdup("words");
	OK(store_message_add(s, &row, NULL));
	NONE(store_find_message_by_ref(s, "r", &got, NULL));
	NONE(store_find_message_by_ext_id(s, "acme", "x", &got, NULL));
	NONE(store_find_message_by_origin(s, place, "e", &got, NULL));
	NONE(store_find_last_outbound(s, row.conversation, &got, NULL));
	FOUND(store_message_change(s, &row, MSG_NEW, 2, NULL));
	FOUND(store_message_rewrite(s, &row, 2, NULL));
	OK(store_message_set_handled(s, row.id, NULL));
	OK(store_duplicate_age(s, row.conversation, "words", row.id, 5, &number, NULL));
	OK(store_list_due(s, 9999, NULL, 9, stop_at_once, NULL, NULL));
	OK(store_next_due(s, 9999, &number, NULL));
	OK(store_list_messages_in_state(s, MSG_SENDING, 9, stop_at_once, NULL, NULL));
	OK(store_list_messages_in_state(s, MSG_DELIVERED, 9, stop_at_once, NULL, NULL));
	OK(store_list_stuck(s, 9, stop_at_once, NULL, NULL));
	OK(store_list_queued(s, &phone, stop_at_once, NULL, NULL));
	OK(store_limit_due(s, 9999, NULL));
	OK(store_count(s, &counts, NULL));
	message_row_release(&row);
}

static struct place_id use_places(struct store *s)
{
	struct conversation_id conversation = {1};
	struct place_id id = add_place(s, conversation, PLACE_CONVERSATION, "xmpp", "a@b");
	struct place_row row;
	struct place_id found;
	struct seen seen = {0};

	FOUND(store_get_place(s, id, &row, NULL));
	FOUND(store_find_place_by_address(s, "xmpp", PLACE_CONVERSATION, "a@b", &row, NULL));
	FOUND(store_find_place_of(s, "xmpp", conversation, &row, NULL));
	NONE(store_find_control(s, "xmpp", &row, NULL));
	OK(store_place_set_address(s, id, "c@d", NULL));
	OK(store_list_places(s, "xmpp", see_place, &seen, NULL));
	OK(store_list_places_closed(s, "xmpp", 1, &found, 1, NULL));
	OK(store_list_places_of(s, conversation, see_place, &seen, NULL));
	OK(store_list_places_pending(s, "xmpp", 9, see_place, &seen, NULL));
	FOUND(store_chat_event_add(s, id, "e", 1, NULL)); /* sets the cursor too */
	FOUND(store_chat_event_seen(s, "xmpp", "e", NULL));
	FOUND(store_chat_event_place(s, "xmpp", "e", &found, NULL));
	return id;
}

static void use_relay(struct store *s, struct place_id place)
{
	struct relay_row row = {.place = place, .kind = RELAY_MARK, .target_event = "e"};
	struct place_id finished;
	struct seen seen = {0};

	OK(store_relay_add(s, &row, NULL));
	OK(store_list_relay(s, place, (struct relay_id){0}, 9, see_relay, &seen, NULL));
	row.kind = RELAY_SAY;
	row.text = xstrdup("hello");
	row.message.v = 1;
	OK(store_relay_add(s, &row, NULL));
	FOUND(store_relay_finish(s, (struct relay_id){2}, &finished, NULL));
	relay_row_release(&row);
}

static bool see_media(const struct media_row *row, void *arg)
{
	return seen_add(arg, row->id.v);
}

static void use_media(struct store *s)
{
	struct media_row row = {.message = {1}, .reference = xstrdup("https://a.example/b")};
	struct seen seen = {0};

	OK(store_media_add(s, &row, NULL));
	OK(store_list_media(s, row.message, see_media, &seen, NULL));
	OK(store_list_unchecked_media(s, 9, see_media, &seen, NULL));
	OK(store_media_set_checked(s, row.id, "image/png", 1, NULL));
	OK(store_message_set_due(s, row.message, 1, NULL));
	media_row_release(&row);
}

static void use_consent_and_log(struct store *s)
{
	struct phone phone = phone_of("+14155550199");
	struct suppression_row suppression = {.phone = phone, .reason = "opt_out"};
	struct hold_row hold = {.phone = phone};
	int64_t number;
	char value[8];

	FOUND(store_suppression_add(s, &suppression, NULL));
	FOUND(store_find_suppression(s, &phone, &suppression, NULL));
	OK(store_suppression_remove(s, &phone, NULL));
	FOUND(store_hold_add(s, &hold, NULL));
	FOUND(store_find_hold(s, &phone, &hold, NULL));
	FOUND(store_find_expired_hold(s, 9, &hold, NULL));
	OK(store_next_hold(s, &number, NULL));
	OK(store_hold_remove(s, &phone, NULL));
	OK(store_consent_event_add(s, &phone, "opt_out", "m", "r", "e", "a", 1, NULL));
	FOUND(store_hook_add(s, "acme", "k", "text", "s", 1, NULL));
	OK(store_prune(s, 0, NULL));
	OK(store_set_value(s, "paused", "1", NULL));
	OK(store_get_value(s, "paused", value, sizeof(value), NULL));
	OK(store_audit_add(s, "a", "b", "c", 1, NULL));
}

/* Scans that are meant: of an index that holds only the few rows in question, of steps of our own,
 * and the rare question a human asks about everything. */
static bool scan_is_meant(const char *sql, const char *step)
{
	static const char *const small[] = {"CONSTANT ROW",       "SCAN queue",
					    "SCAN pending",       "INDEX message_stuck",
					    "INDEX hold_expires", "INDEX conversation_open"};
	static const char *const rare[] = {"name_folded LIKE", "GROUP BY state", "count(*)",
					   "FROM message WHERE state = ?1 ORDER BY id"};

	for (size_t i = 0; i < sizeof(small) / sizeof(small[0]); i++) {
		if (strstr(step, small[i]))
			return true;
	}
	for (size_t i = 0; i < sizeof(rare) / sizeof(rare[0]); i++) {
		if (strstr(sql, rare[i]))
			return true;
	}
	return false;
}

static void check_plan(sqlite3 *db, const char *sql)
{
	char explain[2048];
	sqlite3_stmt *stmt;

	assert_true((size_t)snprintf(explain, sizeof(explain), "EXPLAIN QUERY PLAN %s", sql) <
		    sizeof(explain));
	OK(sqlite3_prepare_v2(db, explain, -1, &stmt, NULL));
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		const char *step = (const char *)sqlite3_column_text(stmt, 3);

		if (getenv("SHOW_PLANS"))
			(void)printf("%-60s | %.90s\n", step, sql);
		/* What an INSERT lists is for foreign keys that are violated for a while: never. */
		if (strncmp(step, "SCAN", 4) == 0 && strncmp(sql, "INSERT", 6) != 0 &&
		    !scan_is_meant(sql, step))
			fail_msg("%s: %s", step, sql);
	}
	(void)sqlite3_finalize(stmt);
}

static void store__never_scans__a_table(void **state)
{
	struct store *s = ((struct fixture *)*state)->store;
	struct place_id place;
	size_t n = 0;

	must_begin(s);
	use_people(s);
	place = use_places(s);
	use_messages(s, place);
	use_media(s);
	use_relay(s, place);
	use_consent_and_log(s);
	must_commit(s);
	for (size_t i = 0; i < STATEMENTS_MAX; i++) {
		if (s->statements[i].text) {
			check_plan(s->db, s->statements[i].text);
			n++;
		}
	}
	/* Else some function is not called above. Twice as many as the table holds would be slow. */
	if (getenv("SHOW_PLANS"))
		(void)printf("%zu statements\n", n);
	assert_in_range(n, 70, STATEMENTS_MAX / 2);
}

/* Whether the plan of the one statement that contains `part` contains each word. */
static void check_uses(struct store *s, const char *part, const char *const *words)
{
	char plan[1024] = "";
	char explain[2048] = "";
	sqlite3_stmt *stmt;

	for (size_t i = 0; i < STATEMENTS_MAX; i++) {
		if (s->statements[i].text && strstr(s->statements[i].text, part))
			(void)snprintf(explain, sizeof(explain), "EXPLAIN QUERY PLAN %s",
				       s->statements[i].text);
	}
	OK(sqlite3_prepare_v2(s->db, explain, -1, &stmt, NULL));
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		size_t n = strlen(plan);

		(void)snprintf(plan + n, sizeof(plan) - n, "%s\n", sqlite3_column_text(stmt, 3));
	}
	(void)sqlite3_finalize(stmt);
	assert_null(strstr(plan, "TEMP B-TREE"));
	for (; *words; words++) {
		if (!strstr(plan, *words))
			fail_msg("no %s in:\n%s", *words, plan);
	}
}

static void hot_statements__use__their_index_without_sorting(void **state)
{
	static const char *const due[] = {
		"m USING COVERING INDEX message_queue (state=? AND sender=?)",
		"e USING COVERING INDEX message_live (state=? AND "
		"conversation=? AND id<?)",
		NULL};
	static const char *const next[] = {"COVERING INDEX message_due (state=? AND due_at>?)",
					   NULL};
	static const char *const last[] = {"INDEX message_outbound (conversation=?)", NULL};
	static const char *const relay[] = {"INDEX relay_place (place=? AND id>?)", NULL};
	static const char *const stuck[] = {"INDEX message_stuck", NULL};
	static const char *const closed[] = {"INDEX conversation_closed (updated_at>?)", NULL};
	struct store *s = ((struct fixture *)*state)->store;
	struct place_id place;

	must_begin(s);
	use_people(s);
	place = use_places(s);
	use_messages(s, place);
	use_media(s);
	use_relay(s, place);
	check_uses(s, "m.due_at <= ?2", due);
	check_uses(s, "ORDER BY due_at", next);
	check_uses(s, "m.state BETWEEN 25", last);
	check_uses(s, "AND text_hash = ?2", last);
	check_uses(s, "FROM relay WHERE place = ?1 AND id > ?2", relay);
	check_uses(s, "state = 25 OR", stuck);
	check_uses(s, "v.open = 0", closed);
	must_commit(s);
}

/* How many temporary tables the one statement that contains `part` makes each time it runs. */
static int temporary_tables(struct store *s, const char *part)
{
	char explain[2048] = "";
	sqlite3_stmt *stmt;
	int n = 0;

	for (size_t i = 0; i < STATEMENTS_MAX; i++) {
		if (s->statements[i].text && strstr(s->statements[i].text, part))
			(void)snprintf(explain, sizeof(explain), "EXPLAIN %s",
				       s->statements[i].text);
	}
	assert_int_not_equal(explain[0], '\0');
	OK(sqlite3_prepare_v2(s->db, explain, -1, &stmt, NULL));
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		if (strcmp((const char *)sqlite3_column_text(stmt, 1), "OpenEphemeral") == 0)
			n++;
	}
	(void)sqlite3_finalize(stmt);
	return n;
}

/* A CHECK or a partial index with a long IN costs more than all the rest of an INSERT. */
static void hot_writes__make__no_temporary_tables(void **state)
{
	struct store *s = ((struct fixture *)*state)->store;
	struct place_id place;

	must_begin(s);
	use_people(s);
	place = use_places(s);
	use_messages(s, place);
	use_media(s);
	use_relay(s, place);
	use_consent_and_log(s);
	must_commit(s);
	assert_int_equal(temporary_tables(s, "INSERT INTO message "), 0);
	assert_int_equal(temporary_tables(s, "UPDATE message SET state = ?1"), 0);
	assert_int_equal(temporary_tables(s, "INSERT INTO relay "), 0);
	assert_int_equal(temporary_tables(s, "DELETE FROM relay "), 0);
	assert_int_equal(temporary_tables(s, "INSERT INTO hook "), 0);
	assert_int_equal(temporary_tables(s, "INSERT INTO chat_event "), 0);
	assert_int_equal(temporary_tables(s, "UPDATE conversation "), 0);
	assert_int_equal(temporary_tables(s, "m.state BETWEEN 25 AND 93"), 0);
	assert_int_equal(temporary_tables(s, "AND text_hash = ?2"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(store__never_scans__a_table, open_in_memory,
						close_store),
		cmocka_unit_test_setup_teardown(hot_statements__use__their_index_without_sorting,
						open_in_memory, close_store),
		cmocka_unit_test_setup_teardown(hot_writes__make__no_temporary_tables,
						open_in_memory, close_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
