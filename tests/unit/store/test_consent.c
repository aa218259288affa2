/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Suppressions, holds and their evidence. */
#include "fixture.h"

#include "store/db.h"

static struct store *start(void **state)
{
	struct store *store = ((struct fixture *)*state)->store;

	must_begin(store);
	return store;
}

static void suppression_add__keeps__the_first(void **state)
{
	struct store *store = start(state);
	struct suppression_row row = {.phone = phone_of("+14155550100"),
				      .reason = "opt_out",
				      .method = "sms_reply",
				      .rule = "A.exact",
				      .actor = "",
				      .at = 5};
	struct suppression_row got;

	NONE(store_find_suppression(store, &row.phone, &got, NULL));
	FOUND(store_suppression_add(store, &row, NULL)); /* from a number never seen */
	FOUND(store_find_suppression(store, &row.phone, &got, NULL));
	assert_string_equal(got.phone.e164, "+14155550100");
	assert_string_equal(got.reason, "opt_out");
	assert_string_equal(got.method, "sms_reply");
	assert_string_equal(got.rule, "A.exact");
	assert_string_equal(got.actor, "");
	assert_int_equal(got.at, 5);
	STR_COPY(row.reason, "wrong_number");
	STR_COPY(row.actor, "xmpp:a@b");
	NONE(store_suppression_add(store, &row, NULL));
	FOUND(store_find_suppression(store, &row.phone, &got, NULL));
	assert_string_equal(got.reason, "opt_out");
	must_commit(store);
}

/* Whatever it is called, an opt-out is stored. */
static void suppression_add__takes__any_word(void **state)
{
	struct store *store = start(state);
	struct suppression_row row = {.phone = phone_of("38438"),
				      .reason = "a reason of the future"};

	FOUND(store_suppression_add(store, &row, NULL));
	must_commit(store);
}

static void suppression_remove__is__not_surprised(void **state)
{
	struct store *store = start(state);
	struct suppression_row row = {.phone = phone_of("+14155550100"), .reason = "opt_out"};
	struct phone other = phone_of("+14155550101");

	FOUND(store_suppression_add(store, &row, NULL));
	OK(store_suppression_remove(store, &other, NULL));
	FOUND(store_find_suppression(store, &row.phone, &row, NULL));
	OK(store_suppression_remove(store, &row.phone, NULL));
	NONE(store_find_suppression(store, &row.phone, &row, NULL));
	OK(store_suppression_remove(store, &row.phone, NULL));
	must_commit(store);
}

static void hold__ends__at_its_first_date(void **state)
{
	struct store *store = start(state);
	struct hold_row late = {
		.phone = phone_of("+14155550100"), .rule = "T2.x", .at = 1, .expires_at = 90};
	struct hold_row early = {
		.phone = phone_of("+14155550101"), .rule = "T2.y", .at = 2, .expires_at = 50};
	struct hold_row got;
	int64_t at;

	OK(store_next_hold(store, &at, NULL));
	assert_int_equal(at, INT64_MAX);
	FOUND(store_hold_add(store, &late, NULL));
	FOUND(store_hold_add(store, &early, NULL));
	OK(store_next_hold(store, &at, NULL));
	assert_int_equal(at, 50);
	/* A second suggestion does not put it off. */
	early.expires_at = 500;
	NONE(store_hold_add(store, &early, NULL));
	FOUND(store_find_hold(store, &early.phone, &got, NULL));
	assert_string_equal(got.phone.e164, "+14155550101");
	assert_string_equal(got.rule, "T2.y");
	assert_int_equal(got.at, 2);
	assert_int_equal(got.expires_at, 50);

	NONE(store_find_expired_hold(store, 49, &got, NULL));
	FOUND(store_find_expired_hold(store, 50, &got, NULL));
	assert_string_equal(got.phone.e164, "+14155550101");
	FOUND(store_find_expired_hold(store, 1000, &got, NULL)); /* the one that ended first */
	assert_string_equal(got.phone.e164, "+14155550101");
	OK(store_hold_remove(store, &early.phone, NULL));
	OK(store_hold_remove(store, &early.phone, NULL));
	NONE(store_find_hold(store, &early.phone, &got, NULL));
	OK(store_next_hold(store, &at, NULL));
	assert_int_equal(at, 90);
	must_commit(store);
}

static void check_refused(struct store *store, const char *sql, const char *words)
{
	assert_int_not_equal(sqlite3_exec(store->db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_non_null(strstr(sqlite3_errmsg(store->db), words));
}

static void consent_event__is__only_added_to(void **state)
{
	struct store *store = start(state);
	struct phone phone = phone_of("+14155550100");
	sqlite3_stmt *stmt;

	OK(store_consent_event_add(store, &phone, "opt_out", "sms_reply", "A.exact",
				   "  STOP it\n\u200bnow 🛑", "", 5, NULL));
	OK(store_consent_event_add(store, &phone, "reopt_in", "sms_reply", "START", "start", "", 6,
				   NULL));
	must_commit(store);
	check_refused(store, "UPDATE consent_event SET evidence = ''", "only added to");
	check_refused(store, "DELETE FROM consent_event", "only added to");
	check_refused(store,
		      "REPLACE INTO consent_event VALUES (1, '+1', 'k', 'm', 'r', '', 'a', 1)",
		      "only added to");
	OK(sqlite3_prepare_v2(store->db,
			      "SELECT phone, kind, method, rule, evidence, actor, at FROM"
			      " consent_event ORDER BY id",
			      -1, &stmt, NULL));
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_string_equal(sqlite3_column_text(stmt, 0), "+14155550100");
	assert_string_equal(sqlite3_column_text(stmt, 1), "opt_out");
	assert_string_equal(sqlite3_column_text(stmt, 2), "sms_reply");
	assert_string_equal(sqlite3_column_text(stmt, 3), "A.exact");
	assert_string_equal(sqlite3_column_text(stmt, 4),
			    "  STOP it\n\u200bnow 🛑"); /* as it came */
	assert_int_equal(sqlite3_column_int64(stmt, 6), 5);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
	(void)sqlite3_finalize(stmt);
}

static void audit__is__only_added_to(void **state)
{
	struct store *store = start(state);

	OK(store_audit_add(store, "xmpp:a@b", "pause", "everything", 5, NULL));
	must_commit(store);
	check_refused(store, "UPDATE audit SET actor = 'nobody'", "only added to");
	check_refused(store, "DELETE FROM audit WHERE id = 1", "only added to");
}

#define IN_MEMORY(test) cmocka_unit_test_setup_teardown(test, open_in_memory, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_MEMORY(suppression_add__keeps__the_first),
		IN_MEMORY(suppression_add__takes__any_word),
		IN_MEMORY(suppression_remove__is__not_surprised),
		IN_MEMORY(hold__ends__at_its_first_date),
		IN_MEMORY(consent_event__is__only_added_to),
		IN_MEMORY(audit__is__only_added_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
