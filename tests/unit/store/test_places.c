/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Places, and what is to be shown in them. */
#include "fixture.h"

#include "store/db.h"

static char words[] = "Hello 👋";

static struct store *start(void **state)
{
	struct store *store = ((struct fixture *)*state)->store;

	must_begin(store);
	return store;
}

static void place_add__keeps__every_field(void **state)
{
	struct store *store = start(state);
	struct conversation_id conversation = add_conversation(store, "+14155550100").id;
	struct place_row row = {.kind = PLACE_CONVERSATION,
				.network = "xmpp",
				.conversation = conversation,
				.token = "t0ken",
				.cursor = "archive 1",
				.created_at = 9};
	struct place_row got;

	memset(row.address, 'a', ADDRESS_MAX - 1);
	NONE(store_get_place(store, (struct place_id){1}, &got, NULL));
	OK(store_place_add(store, &row, NULL));
	FOUND(store_get_place(store, row.id, &got, NULL));
	assert_int_equal(got.kind, PLACE_CONVERSATION);
	assert_string_equal(got.network, "xmpp");
	assert_int_equal(got.conversation.v, conversation.v);
	assert_string_equal(got.token, "t0ken");
	assert_string_equal(got.address, row.address);
	assert_string_equal(got.cursor, "archive 1");
	assert_int_equal(got.created_at, 9);
	must_commit(store);
}

static void find_place__keeps_apart__networks_and_kinds(void **state)
{
	struct store *store = start(state);
	struct conversation_id conversation = add_conversation(store, "+14155550100").id;
	struct conversation_id other = add_conversation(store, "+14155550101").id;
	struct conversation_id none = {0};
	struct place_id x = add_place(store, conversation, PLACE_CONVERSATION, "xmpp", "r@m");
	struct place_id m = add_place(store, conversation, PLACE_CONVERSATION, "matrix", "r@m");
	struct place_id d = add_place(store, none, PLACE_DIRECT, "xmpp", "r@m");
	struct place_id c;
	struct place_row row;

	FOUND(store_find_place_of(store, "xmpp", conversation, &row, NULL));
	assert_int_equal(row.id.v, x.v);
	FOUND(store_find_place_of(store, "matrix", conversation, &row, NULL));
	assert_int_equal(row.id.v, m.v);
	NONE(store_find_place_of(store, "xmpp", other, &row, NULL));
	NONE(store_find_place_of(store, "xmpp", none, &row, NULL));
	FOUND(store_find_place_by_address(store, "xmpp", PLACE_CONVERSATION, "r@m", &row, NULL));
	assert_int_equal(row.id.v, x.v);
	FOUND(store_find_place_by_address(store, "xmpp", PLACE_DIRECT, "r@m", &row, NULL));
	assert_int_equal(row.id.v, d.v);
	assert_int_equal(row.conversation.v, 0);
	NONE(store_find_place_by_address(store, "matrix", PLACE_DIRECT, "r@m", &row, NULL));
	NONE(store_find_control(store, "xmpp", &row, NULL));
	c = add_place(store, none, PLACE_CONTROL, "xmpp", "");
	FOUND(store_find_control(store, "xmpp", &row, NULL));
	assert_int_equal(row.id.v, c.v);
	NONE(store_find_control(store, "matrix", &row, NULL));
	NONE(store_find_place_by_address(store, "xmpp", PLACE_CONTROL, "", &row, NULL));
	must_commit(store);
}

static void place_add__refuses__two_of_what_there_is_one_of(void **state)
{
	struct store *store = start(state);
	struct conversation_id conversation = add_conversation(store, "+14155550100").id;
	struct place_row row = {.network = "xmpp", .conversation = conversation};
	struct place_id other;

	OK(store_place_add(store, &row, NULL));
	FAILS(store_place_add(store, &row, NULL)); /* one for each conversation and network */
	row = (struct place_row){.network = "xmpp", .kind = PLACE_CONTROL};
	OK(store_place_add(store, &row, NULL));
	FAILS(store_place_add(store, &row, NULL)); /* one control room */
	row.conversation = conversation;
	STR_COPY(row.network, "matrix");
	FAILS(store_place_add(store, &row, NULL)); /* that is of no conversation */
	row = (struct place_row){.network = "matrix", .kind = PLACE_CONVERSATION};
	FAILS(store_place_add(store, &row, NULL));
	add_place(store, (struct conversation_id){0}, PLACE_DIRECT, "xmpp", "a@b");
	other = add_place(store, (struct conversation_id){0}, PLACE_DIRECT, "xmpp", "");
	FAILS(store_place_set_address(store, other, "a@b", NULL));
	OK(store_place_set_address(store, other, "c@d", NULL));
	must_commit(store);
}

static void place_set__changes__address_and_cursor(void **state)
{
	struct store *store = start(state);
	struct place_id id =
		add_place(store, (struct conversation_id){0}, PLACE_CONTROL, "xmpp", "");
	struct place_row row;

	OK(store_place_set_address(store, id, "control@muc", NULL));
	OK(store_place_set_cursor(store, id, "e9", NULL));
	FOUND(store_get_place(store, id, &row, NULL));
	assert_string_equal(row.address, "control@muc");
	assert_string_equal(row.cursor, "e9");
	OK(store_place_set_address(store, id, "", NULL));
	FAILS(store_place_set_address(store, (struct place_id){99}, "x", NULL));
	FAILS(store_place_set_cursor(store, (struct place_id){99}, "x", NULL));
	must_commit(store);
}

static int compare_ids(const void *a, const void *b)
{
	const int64_t *x = a;
	const int64_t *y = b;

	return (*x > *y) - (*x < *y);
}

static void list_places__gives__what_must_be_watched(void **state)
{
	struct store *store = start(state);
	struct conversation_row open = add_conversation(store, "+14155550100");
	struct conversation_row closed = add_conversation(store, "+14155550101");
	struct conversation_id none = {0};
	struct place_id places[6];
	struct seen seen = {0};

	places[0] = add_place(store, none, PLACE_DIRECT, "xmpp", "a@b");
	places[1] = add_place(store, open.id, PLACE_CONVERSATION, "xmpp", "1@m");
	places[2] = add_place(store, open.id, PLACE_CONVERSATION, "matrix", "!1:m");
	places[3] = add_place(store, closed.id, PLACE_CONVERSATION, "xmpp", "2@m");
	places[4] = add_place(store, none, PLACE_CONTROL, "xmpp", "c@m");
	places[5] = add_place(store, none, PLACE_CONTROL, "matrix", "!c:m");
	closed.open = false;
	OK(store_conversation_update(store, &closed, 1, NULL));
	OK(store_list_places(store, "xmpp", see_place, &seen, NULL));
	qsort(seen.id, seen.n, sizeof(seen.id[0]), compare_ids);
	CHECK_SEEN(&seen, places[1].v, places[4].v);
	seen.n = 0;
	OK(store_list_places(store, "irc", see_place, &seen, NULL));
	assert_int_equal(seen.n, 0);
	OK(store_list_places_of(store, open.id, see_place, &seen, NULL));
	CHECK_SEEN(&seen, places[2].v, places[1].v);
	seen = (struct seen){.stop_after = 1};
	OK(store_list_places_of(store, open.id, see_place, &seen, NULL));
	assert_int_equal(seen.n, 1);
	must_commit(store);
}

static void list_places_closed__gives__the_newest_first(void **state)
{
	static const char *const numbers[] = {"+14155550100", "+14155550101", "+14155550102",
					      "+14155550103"};
	struct store *store = start(state);
	struct place_id places[4];
	struct place_id found[4];

	for (int i = 0; i < 4; i++) {
		struct conversation_row row = add_conversation(store, numbers[i]);

		places[i] = add_place(store, row.id, PLACE_CONVERSATION, "xmpp", numbers[i]);
		(void)add_place(store, row.id, PLACE_CONVERSATION, "matrix", numbers[i]);
		row.open = i == 3;
		OK(store_conversation_update(store, &row, i == 0 ? 9 : i + 1, NULL));
	}
	assert_int_equal(store_list_places_closed(store, "xmpp", 2, found, 4, NULL), 3);
	assert_int_equal(found[0].v, places[0].v);
	assert_int_equal(found[1].v, places[2].v);
	assert_int_equal(found[2].v, places[1].v);
	assert_int_equal(store_list_places_closed(store, "xmpp", 3, found, 4, NULL), 2);
	assert_int_equal(found[0].v, places[0].v);
	assert_int_equal(found[1].v, places[2].v);
	found[1].v = 0;
	assert_int_equal(store_list_places_closed(store, "xmpp", 0, found, 1, NULL), 1);
	assert_int_equal(found[0].v, places[0].v);
	assert_int_equal(found[1].v, 0);
	must_commit(store);
}

/* ---- relay -------------------------------------------------------------------------------------- */

static struct relay_row say(struct place_id place, struct message_id message)
{
	return (struct relay_row){.place = place,
				  .kind = RELAY_SAY,
				  .voice = VOICE_CONTACT,
				  .text = words,
				  .message = message,
				  .at = 12};
}

static struct relay_row mark(struct place_id place, const char *event, enum chat_mark what)
{
	struct relay_row row = {.place = place, .kind = RELAY_MARK, .mark = what, .at = 13};

	STR_COPY(row.target_event, event);
	return row;
}

static void add_relay(struct store *store, struct relay_row row)
{
	OK(store_relay_add(store, &row, NULL));
}

static struct seen pending(struct store *store, struct place_id place, int64_t after, int limit)
{
	struct seen seen = {0};

	OK(store_list_relay(store, place, (struct relay_id){after}, limit, see_relay, &seen, NULL));
	return seen;
}

static void relay_add__keeps__every_field(void **state)
{
	struct store *store = start(state);
	struct conversation_id conversation = add_conversation(store, "+14155550100").id;
	struct place_id place = add_place(store, conversation, PLACE_CONVERSATION, "xmpp", "");
	struct message_id message = add_message(store, inbound(conversation, words));
	struct relay_row row;

	NONE(store_get_relay(store, (struct relay_id){1}, &row, NULL));
	assert_null(row.text);
	add_relay(store, say(place, message));
	FOUND(store_get_relay(store, (struct relay_id){1}, &row, NULL));
	assert_int_equal(row.id.v, 1);
	assert_int_equal(row.place.v, place.v);
	assert_int_equal(row.kind, RELAY_SAY);
	assert_int_equal(row.voice, VOICE_CONTACT);
	assert_string_equal(row.text, words);
	assert_string_equal(row.target_event, "");
	assert_int_equal(row.message.v, message.v);
	assert_int_equal(row.at, 12);
	relay_row_release(&row);
	assert_null(row.text);
	add_relay(store, mark(place, "e", MARK_UNKNOWN));
	FOUND(store_get_relay(store, (struct relay_id){2}, &row, NULL));
	assert_int_equal(row.kind, RELAY_MARK);
	assert_string_equal(row.target_event, "e");
	assert_int_equal(row.mark, MARK_UNKNOWN);
	assert_int_equal(row.message.v, 0);
	relay_row_release(&row);
	must_commit(store);
}

static void list_relay__gives__a_places_own_in_order(void **state)
{
	struct store *store = start(state);
	struct conversation_id none = {0};
	struct place_id a = add_place(store, none, PLACE_CONTROL, "xmpp", "");
	struct place_id b = add_place(store, none, PLACE_CONTROL, "matrix", "");
	struct seen seen;

	for (int i = 0; i < 6; i++)
		add_relay(store, say(i % 2 ? b : a, (struct message_id){0}));
	seen = pending(store, a, 0, 99);
	CHECK_SEEN(&seen, 1, 3, 5);
	seen = pending(store, a, 1, 99);
	CHECK_SEEN(&seen, 3, 5);
	seen = pending(store, b, 0, 2);
	CHECK_SEEN(&seen, 2, 4);
	seen = pending(store, b, 6, 99);
	assert_int_equal(seen.n, 0);
	must_commit(store);
}

/* One that is under way has an end of its own, so none takes the place of another. */
static void relay_add__keeps__each_mark_in_order(void **state)
{
	struct store *store = start(state);
	struct conversation_id none = {0};
	struct place_id a = add_place(store, none, PLACE_CONTROL, "xmpp", "");
	struct place_id finished;
	struct relay_row row;
	struct seen seen;

	add_relay(store, mark(a, "e1", MARK_QUEUED));
	add_relay(store, mark(a, "e1", MARK_HANDED_OVER));
	add_relay(store, mark(a, "e1", MARK_DELIVERED));
	seen = pending(store, a, 0, 99);
	CHECK_SEEN(&seen, 1, 2, 3);
	FOUND(store_relay_finish(store, (struct relay_id){1}, &finished, NULL));
	seen = pending(store, a, 0, 99);
	CHECK_SEEN(&seen, 2, 3);
	FOUND(store_get_relay(store, (struct relay_id){3}, &row, NULL));
	assert_int_equal(row.mark, MARK_DELIVERED);
	relay_row_release(&row);
	must_commit(store);
}

/* The id is the network's message id: one that was used must never come again. */
static void relay_ids__are__never_used_again(void **state)
{
	struct store *store = start(state);
	struct place_id a =
		add_place(store, (struct conversation_id){0}, PLACE_CONTROL, "xmpp", "");
	struct place_id finished;
	struct seen seen;

	for (int64_t i = 1; i <= 3; i++) {
		add_relay(store, say(a, (struct message_id){0}));
		seen = pending(store, a, 0, 99);
		CHECK_SEEN(&seen, i);
		FOUND(store_relay_finish(store, (struct relay_id){i}, &finished, NULL));
	}
	must_commit(store);
}

static void relay_finish__tells__the_place_once(void **state)
{
	struct store *store = start(state);
	struct conversation_id conversation = add_conversation(store, "+14155550100").id;
	struct place_id x = add_place(store, conversation, PLACE_CONVERSATION, "xmpp", "");
	struct place_id m = add_place(store, conversation, PLACE_CONVERSATION, "matrix", "");
	struct message_id message = add_message(store, inbound(conversation, words));
	struct place_id finished;

	add_relay(store, say(x, message));
	add_relay(store, say(m, message));
	FOUND(store_relay_finish(store, (struct relay_id){2}, &finished, NULL));
	assert_int_equal(finished.v, m.v);
	FOUND(store_relay_finish(store, (struct relay_id){1}, &finished, NULL));
	assert_int_equal(finished.v, x.v);
	NONE(store_relay_finish(store, (struct relay_id){1}, &finished, NULL));
	must_commit(store);
}

static bool finish_all(const struct relay_row *row, void *arg)
{
	struct store *store = arg;
	struct place_id finished;

	/* The next one too: it is then not shown any more. */
	FOUND(store_relay_finish(store, row->id, &finished, NULL));
	assert_true(store_relay_finish(store, (struct relay_id){row->id.v + 1}, &finished, NULL) >=
		    0);
	return true;
}

static void list_relay__lets__the_called_finish_rows(void **state)
{
	struct store *store = start(state);
	struct place_id a =
		add_place(store, (struct conversation_id){0}, PLACE_CONTROL, "xmpp", "");
	struct seen seen;

	for (int i = 0; i < 5; i++)
		add_relay(store, say(a, (struct message_id){0}));
	OK(store_list_relay(store, a, (struct relay_id){0}, 99, finish_all, store, NULL));
	seen = pending(store, a, 0, 99);
	assert_int_equal(seen.n, 0);
	must_commit(store);
}

static void list_places_pending__names__each_place_once(void **state)
{
	struct store *store = start(state);
	struct place_id places[5];
	struct seen seen = {0};
	struct message_counts counts;

	OK(store_list_places_pending(store, "xmpp", 99, see_place, &seen, NULL));
	assert_int_equal(seen.n, 0);
	for (int i = 0; i < 5; i++) {
		char address[32];

		(void)snprintf(address, sizeof(address), "%d@example.org", i);
		places[i] = add_place(store, (struct conversation_id){0}, PLACE_DIRECT,
				      i == 3 ? "matrix" : "xmpp", address);
		for (int n = 0; n < 4 && i != 1; n++)
			add_relay(store, say(places[i], (struct message_id){0}));
	}
	OK(store_list_places_pending(store, "xmpp", 99, see_place, &seen, NULL));
	CHECK_SEEN(&seen, places[0].v, places[2].v, places[4].v);
	seen.n = 0;
	OK(store_list_places_pending(store, "xmpp", 2, see_place, &seen, NULL));
	CHECK_SEEN(&seen, places[0].v, places[2].v);
	seen.n = 0;
	OK(store_list_places_pending(store, "matrix", INT32_MAX, see_place, &seen, NULL));
	CHECK_SEEN(&seen, places[3].v);
	OK(store_count(store, &counts, NULL));
	assert_int_equal(counts.relay_pending, 16);
	must_commit(store);
}

#define IN_MEMORY(test) cmocka_unit_test_setup_teardown(test, open_in_memory, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_MEMORY(place_add__keeps__every_field),
		IN_MEMORY(find_place__keeps_apart__networks_and_kinds),
		IN_MEMORY(place_add__refuses__two_of_what_there_is_one_of),
		IN_MEMORY(place_set__changes__address_and_cursor),
		IN_MEMORY(list_places__gives__what_must_be_watched),
		IN_MEMORY(list_places_closed__gives__the_newest_first),
		IN_MEMORY(relay_add__keeps__every_field),
		IN_MEMORY(list_relay__gives__a_places_own_in_order),
		IN_MEMORY(relay_add__keeps__each_mark_in_order),
		IN_MEMORY(relay_ids__are__never_used_again),
		IN_MEMORY(relay_finish__tells__the_place_once),
		IN_MEMORY(list_relay__lets__the_called_finish_rows),
		IN_MEMORY(list_places_pending__names__each_place_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
