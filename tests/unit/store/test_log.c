/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What came in and came before, and the small values. */
#include "fixture.h"

static struct store *start(void **state)
{
	struct store *store = ((struct fixture *)*state)->store;

	must_begin(store);
	return store;
}

static int hook(struct store *store, const char *account, const char *key, int64_t now)
{
	return store_hook_add(store, account, key, "text", "from=+1******0100", now, NULL);
}

static void hook_add__knows__what_came_before(void **state)
{
	struct store *store = start(state);

	FOUND(hook(store, "acme", "SM1", 1));
	NONE(hook(store, "acme", "SM1", 2));
	FOUND(hook(store, "acme", "SM2", 2));
	FOUND(hook(store, "other", "SM1", 2));
	must_commit(store);
	must_begin(store);
	NONE(hook(store, "acme", "SM1", 3)); /* also in a later batch */
	FOUND(hook(store, "acme", "SM3", 3));
	must_drop(store);
	must_begin(store);
	FOUND(hook(store, "acme", "SM3", 3)); /* one that was taken back has not come */
	must_commit(store);
}

static void check_cursor(struct store *store, struct place_id place, const char *cursor)
{
	struct place_row row;

	FOUND(store_get_place(store, place, &row, NULL));
	assert_string_equal(row.cursor, cursor);
}

static void chat_event_add__moves__the_cursor_forward_only(void **state)
{
	struct store *store = start(state);
	struct conversation_id none = {0};
	struct place_id a = add_place(store, none, PLACE_CONTROL, "xmpp", "");
	struct place_id b = add_place(store, none, PLACE_CONTROL, "matrix", "");

	FOUND(store_chat_event_add(store, a, "e1", 1, NULL));
	check_cursor(store, a, "e1");
	FOUND(store_chat_event_add(store, a, "e2", 2, NULL));
	check_cursor(store, a, "e2");
	NONE(store_chat_event_add(store, a, "e1", 3, NULL)); /* caught up with again */
	check_cursor(store, a, "e2");
	FOUND(store_chat_event_add(store, b, "e1", 3, NULL));
	check_cursor(store, b, "e1");
	FAILS(store_chat_event_add(store, (struct place_id){99}, "e1", 3, NULL));
	must_drop(store);
}

static void chat_event_add__takes__what_has_no_place_or_name(void **state)
{
	struct store *store = start(state);
	struct place_id none = {0};
	struct place_id a =
		add_place(store, (struct conversation_id){0}, PLACE_CONTROL, "xmpp", "");

	FOUND(store_chat_event_add(store, none, "e1", 1, NULL));
	NONE(store_chat_event_add(store, none, "e1", 1, NULL));
	FOUND(store_chat_event_add(store, a, "e1", 1, NULL));
	/* Without a name nobody can say that it came before. */
	FOUND(store_chat_event_add(store, a, "", 1, NULL));
	FOUND(store_chat_event_add(store, a, "", 1, NULL));
	check_cursor(store, a, "e1");
	must_commit(store);
}

static void chat_event_seen__asks__the_whole_network(void **state)
{
	struct store *store = start(state);
	struct conversation_id none = {0};
	struct place_id a = add_place(store, none, PLACE_CONTROL, "xmpp", "");
	struct place_id b = add_place(store, none, PLACE_CONTROL, "matrix", "");

	struct conversation_row talk = add_conversation(store, "+14155550100");
	struct place_id c = add_place(store, talk.id, PLACE_CONVERSATION, "matrix", "!c");
	struct place_id found = {0};

	NONE(store_chat_event_seen(store, "matrix", "e1", NULL));
	FOUND(store_chat_event_add(store, a, "e1", 1, NULL));
	NONE(store_chat_event_seen(store, "matrix", "e1", NULL));
	FOUND(store_chat_event_add(store, b, "e1", 1, NULL));
	FOUND(store_chat_event_seen(store, "matrix", "e1", NULL));
	/* Of a conversation it is told where. */
	NONE(store_chat_event_place(store, "matrix", "e1", &found, NULL));
	FOUND(store_chat_event_add(store, c, "e3", 1, NULL));
	FOUND(store_chat_event_place(store, "matrix", "e3", &found, NULL));
	assert_int_equal(found.v, c.v);
	NONE(store_chat_event_place(store, "xmpp", "e3", &found, NULL));
	/* Of a place that is not known here. */
	FOUND(store_chat_event_add(store, (struct place_id){0}, "e2", 1, NULL));
	FOUND(store_chat_event_seen(store, "matrix", "e2", NULL));
	must_commit(store);
}

static void prune__forgets__only_what_is_older(void **state)
{
	struct store *store = start(state);
	struct place_id none = {0};

	for (int64_t at = 9; at >= 0; at--) { /* also where a clock ran backwards */
		char name[2] = {(char)('a' + at), '\0'};

		FOUND(hook(store, "acme", name, at));
		FOUND(store_chat_event_add(store, none, name, at, NULL));
	}
	OK(store_prune(store, 5, NULL));
	OK(store_prune(store, 5, NULL));
	for (int64_t at = 0; at < 10; at++) {
		char name[2] = {(char)('a' + at), '\0'};

		assert_int_equal(hook(store, "acme", name, at), at < 5);
		assert_int_equal(store_chat_event_add(store, none, name, at, NULL), at < 5);
	}
	must_commit(store);
}

static void value__is__what_was_set_last(void **state)
{
	struct fixture *f = *state;
	struct store *store = start(state);
	char out[8] = "before";

	OK(store_get_value(store, "paused", out, sizeof(out), NULL));
	assert_string_equal(out, "");
	OK(store_set_value(store, "paused", "yes", NULL));
	OK(store_set_value(store, "other", "x", NULL));
	OK(store_set_value(store, "paused", "no", NULL));
	OK(store_get_value(store, "paused", out, sizeof(out), NULL));
	assert_string_equal(out, "no");
	OK(store_set_value(store, "long", "1234567", NULL));
	OK(store_get_value(store, "long", out, sizeof(out), NULL));
	assert_string_equal(out, "1234567");
	/* Half a value is none. */
	OK(store_set_value(store, "long", "12345678", NULL));
	FAILS(store_get_value(store, "long", out, sizeof(out), NULL));
	must_commit(store);
	store_close(store);
	OK(store_open(f->path, &f->store, NULL));
	OK(store_get_value(f->store, "paused", out, sizeof(out), NULL));
	assert_string_equal(out, "no");
}

#define ON_DISK(test) cmocka_unit_test_setup_teardown(test, open_on_disk, close_store)
#define IN_MEMORY(test) cmocka_unit_test_setup_teardown(test, open_in_memory, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_MEMORY(hook_add__knows__what_came_before),
		IN_MEMORY(chat_event_add__moves__the_cursor_forward_only),
		IN_MEMORY(chat_event_add__takes__what_has_no_place_or_name),
		IN_MEMORY(chat_event_seen__asks__the_whole_network),
		IN_MEMORY(prune__forgets__only_what_is_older),
		ON_DISK(value__is__what_was_set_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
