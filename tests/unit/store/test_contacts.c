/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Contacts and conversations. */
#include "fixture.h"

static struct store *start(void **state)
{
	struct store *store = ((struct fixture *)*state)->store;

	must_begin(store);
	return store;
}

static void contact_ensure__adds__once(void **state)
{
	struct store *store = start(state);
	struct phone phone = phone_of("+14155550100");
	struct contact_row first;
	struct contact_row second;
	struct contact_row none;

	NONE(store_find_contact(store, &phone, &none, NULL));
	NONE(store_get_contact(store, (struct contact_id){1}, &none, NULL));
	OK(store_contact_ensure(store, &phone, 1000, &first, NULL));
	OK(store_contact_ensure(store, &phone, 2000, &second, NULL));
	assert_int_equal(first.id.v, second.id.v);
	assert_int_equal(second.created_at, 1000);
	assert_string_equal(second.phone.e164, "+14155550100");
	assert_string_equal(first.name, "");
	assert_string_equal(first.sender, "");
	must_commit(store);
}

static void contact_set__changes__name_and_sender(void **state)
{
	struct store *store = start(state);
	struct contact_id id = add_contact(store, "+14155550100").id;
	struct error err = {0};
	struct contact_row row;

	add_contact(store, "+14155550101");
	OK(store_contact_set_name(store, id, "Pat Ö'Riley; DROP TABLE contact", NULL));
	OK(store_contact_set_sender(store, id, "main", NULL));
	FOUND(store_get_contact(store, id, &row, NULL));
	assert_string_equal(row.name, "Pat Ö'Riley; DROP TABLE contact");
	assert_string_equal(row.sender, "main");
	FOUND(store_get_contact(store, (struct contact_id){id.v + 1}, &row, NULL));
	assert_string_equal(row.name, "");
	FAILS(store_contact_set_name(store, (struct contact_id){99}, "x", &err));
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	FAILS(store_contact_set_sender(store, (struct contact_id){99}, "x", &err));
	must_commit(store);
}

static void contact_set_name__cuts__between_characters(void **state)
{
	struct store *store = start(state);
	struct contact_id id = add_contact(store, "+14155550100").id;
	char name[400] = "";
	struct contact_row row;

	for (int i = 0; i < 126; i++)
		name[i] = 'n';
	memcpy(name + 126, "€€", 7);
	OK(store_contact_set_name(store, id, name, NULL));
	FOUND(store_get_contact(store, id, &row, NULL));
	assert_int_equal(strlen(row.name), 126);
	memcpy(name + 124, "€xx", 6);
	OK(store_contact_set_name(store, id, name, NULL));
	FOUND(store_get_contact(store, id, &row, NULL));
	assert_int_equal(strlen(row.name), 127); /* 124 and the three bytes of the sign */
	must_commit(store);
}

static void conversation_add__gives__the_row_with_its_contact(void **state)
{
	struct store *store = start(state);
	struct contact_id contact = add_contact(store, "+14155550100").id;
	struct conversation_row row;
	struct conversation_row got;

	OK(store_contact_set_name(store, contact, "Pat", NULL));
	NONE(store_find_conversation(store, contact, &row, NULL));
	NONE(store_get_conversation(store, (struct conversation_id){1}, &row, NULL));
	OK(store_conversation_add(store, contact, "t0ken", "xmpp:a@b", 5, &row, NULL));
	assert_true(row.open);
	assert_int_equal(row.contact.v, contact.v);
	assert_string_equal(row.token, "t0ken");
	assert_string_equal(row.owner, "xmpp:a@b");
	assert_string_equal(row.name, "Pat");
	assert_string_equal(row.phone.e164, "+14155550100");
	assert_int_equal(row.created_at, 5);
	assert_int_equal(row.updated_at, 5);
	assert_int_equal(row.last_in_at, 0);
	FOUND(store_find_conversation(store, contact, &got, NULL));
	assert_int_equal(got.id.v, row.id.v);
	must_commit(store);
}

static void find_person__finds__the_contact_with_and_without_a_conversation(void **state)
{
	struct store *store = start(state);
	struct phone phone = phone_of("+14155550100");
	struct contact_row contact;
	struct conversation_row row;
	struct conversation_row got;
	struct contact_id id;

	NONE(store_find_person(store, &phone, &contact, &row, NULL));
	id = add_contact(store, "+14155550100").id;
	OK(store_contact_set_name(store, id, "Pat", NULL));
	OK(store_contact_set_sender(store, id, "main", NULL));
	FOUND(store_find_person(store, &phone, &contact, &row, NULL));
	assert_int_equal(contact.id.v, id.v);
	assert_string_equal(contact.sender, "main");
	assert_int_equal(row.id.v, 0);
	OK(store_conversation_add(store, id, "t0ken", "xmpp:a@b", 5, &row, NULL));
	OK(store_conversation_heard(store, row.id, 9, NULL));
	FOUND(store_get_conversation(store, row.id, &row, NULL));
	assert_int_equal(row.last_in_at, 9);
	assert_int_equal(row.updated_at, 9);
	FOUND(store_find_person(store, &phone, &contact, &got, NULL));
	assert_string_equal(contact.phone.e164, "+14155550100");
	assert_string_equal(contact.name, "Pat");
	assert_int_equal(got.id.v, row.id.v);
	assert_int_equal(got.contact.v, id.v);
	assert_true(got.open);
	assert_string_equal(got.token, "t0ken");
	assert_string_equal(got.owner, "xmpp:a@b");
	assert_int_equal(got.created_at, row.created_at);
	assert_int_equal(got.updated_at, 9);
	assert_int_equal(got.last_in_at, 9);
	assert_string_equal(got.phone.e164, "+14155550100");
	assert_string_equal(got.name, "Pat");
	must_commit(store);
}

static void conversation_add__refuses__a_second_one_and_a_used_token(void **state)
{
	struct store *store = start(state);
	struct conversation_row row = add_conversation(store, "+14155550100");
	struct contact_id other = add_contact(store, "+14155550101").id;
	struct error err = {0};

	FAILS(store_conversation_add(store, row.contact, "other", "", 5, &row, &err));
	assert_int_equal(err.kind, ERR_STATE);
	FAILS(store_conversation_add(store, other, "+14155550100", "", 5, &row, &err));
	/* Nobody there: the foreign key. */
	FAILS(store_conversation_add(store, (struct contact_id){99}, "t", "", 5, &row, &err));
	must_drop(store);
}

static void conversation_update__changes__what_can_change(void **state)
{
	struct store *store = start(state);
	struct conversation_row row = add_conversation(store, "+14155550100");
	struct conversation_row got;

	row.open = false;
	row.last_in_at = 7;
	STR_COPY(row.owner, "matrix:@a:b");
	STR_COPY(row.token, "not to be changed");
	OK(store_conversation_update(store, &row, 9, NULL));
	FOUND(store_get_conversation(store, row.id, &got, NULL));
	assert_false(got.open);
	assert_int_equal(got.last_in_at, 7);
	assert_int_equal(got.updated_at, 9);
	assert_string_equal(got.owner, "matrix:@a:b");
	assert_string_equal(got.token, "+14155550100");
	row.id.v = 99;
	FAILS(store_conversation_update(store, &row, 9, NULL));
	must_commit(store);
}

/* Five conversations, ids 1 to 5: who owns them, whether open, when changed. */
static void add_five(struct store *store)
{
	static const struct {
		const char *owner;
		bool open;
		int64_t at;
	} five[] = {
		{"a", true, 50}, {"", true, 40}, {"a", false, 60}, {"b", true, 70}, {"", true, 40}};

	for (int i = 0; i < 5; i++) {
		struct conversation_row row = add_conversation(store, numbered_phone(i).e164);

		row.open = five[i].open;
		STR_COPY(row.owner, five[i].owner);
		OK(store_conversation_update(store, &row, five[i].at, NULL));
	}
}

static struct seen list(struct store *store, enum conversation_filter filter, const char *owner,
			int limit)
{
	struct seen seen = {0};

	OK(store_list_conversations(store, filter, owner, limit, see_conversation, &seen, NULL));
	return seen;
}

static void list_conversations__filters__newest_first(void **state)
{
	struct store *store = start(state);
	struct seen seen;

	add_five(store);
	seen = list(store, CONVERSATIONS_OPEN, NULL, 10);
	CHECK_SEEN(&seen, 4, 1, 5, 2);
	seen = list(store, CONVERSATIONS_OPEN, NULL, 3);
	CHECK_SEEN(&seen, 4, 1, 5);
	seen = list(store, CONVERSATIONS_WAITING, NULL, 10);
	CHECK_SEEN(&seen, 5, 2);
	seen = list(store, CONVERSATIONS_OF_OWNER, "a", 10);
	CHECK_SEEN(&seen, 1);
	seen = list(store, CONVERSATIONS_OF_OWNER, "nobody", 10);
	assert_int_equal(seen.n, 0);
	must_commit(store);
}

static void list_conversations__stops__when_told(void **state)
{
	struct store *store = start(state);
	struct seen seen = {.stop_after = 2};

	add_five(store);
	OK(store_list_conversations(store, CONVERSATIONS_OPEN, NULL, 10, see_conversation, &seen,
				    NULL));
	CHECK_SEEN(&seen, 4, 1);
	must_commit(store);
}

static bool close_and_list_again(const struct conversation_row *row, void *arg)
{
	struct store *store = arg;
	struct conversation_row closed = *row;
	struct seen seen = {0};
	size_t before;

	OK(store_list_conversations(store, CONVERSATIONS_OPEN, NULL, 99, see_conversation, &seen,
				    NULL));
	before = seen.n;
	closed.open = false;
	OK(store_conversation_update(store, &closed, 99, NULL));
	seen.n = 0;
	OK(store_list_conversations(store, CONVERSATIONS_OPEN, NULL, 99, see_conversation, &seen,
				    NULL));
	assert_int_equal(seen.n, before - 1);
	return true;
}

static void list_conversations__lets__the_called_change_rows(void **state)
{
	struct store *store = start(state);
	struct seen seen;

	add_five(store);
	OK(store_list_conversations(store, CONVERSATIONS_OPEN, NULL, 10, close_and_list_again,
				    store, NULL));
	seen = list(store, CONVERSATIONS_OPEN, NULL, 10);
	assert_int_equal(seen.n, 0);
	must_commit(store);
}

static void check_search(struct store *store, const char *words, size_t n, int64_t first)
{
	struct seen seen = {0};

	OK(store_search_conversations(store, words, 10, see_conversation, &seen, NULL));
	if (seen.n != n || (n && seen.id[0] != first))
		fail_msg("\"%s\": %zu found, the first is %lld", words, seen.n,
			 (long long)(seen.n ? seen.id[0] : 0));
}

static void search__finds__names_and_numbers_as_people_write_them(void **state)
{
	static const char *const names[] = {"Pat RILEY", "José Ángel", "100% Sure_Thing",
					    "Straße \\ 7", ""};
	struct store *store = start(state);

	for (int i = 0; i < 5; i++) {
		struct conversation_row row = add_conversation(store, numbered_phone(i).e164);

		OK(store_contact_set_name(store, row.contact, names[i], NULL));
	}
	check_search(store, "riley", 1, 1);
	check_search(store, "PAT", 1, 1);
	check_search(store, "  pat  ", 1, 1);
	check_search(store, "pat riley", 1, 1);
	check_search(store, "jose angel", 1, 2);
	check_search(store, "JOSÉ", 1, 2);
	check_search(store, "Jose\xCC\x81", 1, 2); /* e and a combining acute */
	check_search(store, "STRASSE", 1, 4);
	/* Wildcards are plain characters. */
	check_search(store, "%", 1, 3);
	check_search(store, "_", 1, 3);
	check_search(store, "\\", 1, 4);
	check_search(store, "p%t", 0, 0);
	check_search(store, "p_t", 0, 0);
	/* Numbers: all but the last name have no digits in common with it. */
	check_search(store, "+1 (415) 555-0002", 1, 3);
	check_search(store, "415.555.0004", 1, 5);
	check_search(store, "0003", 1, 4);
	check_search(store, "4155550", 5, 5);
	check_search(store, "100%", 1, 3);
	check_search(store, "7", 1, 4); /* in a name */
	/* A digit among letters asks for no number. */
	check_search(store, "x0003", 0, 0);
	/* Nothing asked, nothing found. */
	check_search(store, "", 0, 0);
	check_search(store, "   ", 0, 0);
	check_search(store, "'; --", 0, 0);
	check_search(store, "nobody", 0, 0);
	must_commit(store);
}

static void search__limits__and_shows_the_newest_first(void **state)
{
	struct store *store = start(state);
	struct seen seen = {0};

	add_five(store);
	OK(store_search_conversations(store, "415", 3, see_conversation, &seen, NULL));
	CHECK_SEEN(&seen, 4, 3, 1);
	must_commit(store);
}

#define IN_MEMORY(test) cmocka_unit_test_setup_teardown(test, open_in_memory, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_MEMORY(contact_ensure__adds__once),
		IN_MEMORY(contact_set__changes__name_and_sender),
		IN_MEMORY(contact_set_name__cuts__between_characters),
		IN_MEMORY(conversation_add__gives__the_row_with_its_contact),
		IN_MEMORY(find_person__finds__the_contact_with_and_without_a_conversation),
		IN_MEMORY(conversation_add__refuses__a_second_one_and_a_used_token),
		IN_MEMORY(conversation_update__changes__what_can_change),
		IN_MEMORY(list_conversations__filters__newest_first),
		IN_MEMORY(list_conversations__stops__when_told),
		IN_MEMORY(list_conversations__lets__the_called_change_rows),
		IN_MEMORY(search__finds__names_and_numbers_as_people_write_them),
		IN_MEMORY(search__limits__and_shows_the_newest_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
