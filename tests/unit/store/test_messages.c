/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Texts: what is written is read again, one change wins, provider ids and the last line of defence
 * against texting somebody who must not be texted. */
#include "fixture.h"

static char words[] = "Grüße — “quoted” \U0001F600\nand a second line";
static char other_words[] = "something else";

static struct store *start(void **state)
{
	struct store *store = ((struct fixture *)*state)->store;

	must_begin(store);
	return store;
}

static struct conversation_id talk(struct store *store)
{
	return add_conversation(store, "+14155550100").id;
}

static void check_same(const struct message_row *a, const struct message_row *b)
{
	assert_int_equal(a->conversation.v, b->conversation.v);
	assert_int_equal(a->outbound, b->outbound);
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->state, b->state);
	assert_string_equal(a->text, b->text);
	assert_string_equal(a->ref, b->ref);
	assert_string_equal(a->sender, b->sender);
	assert_string_equal(a->account, b->account);
	assert_string_equal(a->ext_id, b->ext_id);
	assert_int_equal(a->segments, b->segments);
	assert_int_equal(a->parts_delivered, b->parts_delivered);
	assert_string_equal(a->author, b->author);
	assert_int_equal(a->origin_place.v, b->origin_place.v);
	assert_string_equal(a->origin_event, b->origin_event);
	assert_int_equal(a->due_at, b->due_at);
	assert_int_equal(a->not_after, b->not_after);
	assert_int_equal(a->attempts, b->attempts);
	assert_string_equal(a->code, b->code);
	assert_string_equal(a->reason, b->reason);
	assert_int_equal(a->created_at, b->created_at);
}

static void message_add__keeps__every_field(void **state)
{
	struct store *store = start(state);
	struct conversation_id conversation = talk(store);
	struct message_row row = {
		.conversation = conversation,
		.outbound = true,
		.kind = MSGKIND_INITIAL,
		.state = MSG_NEW,
		.text = words,
		.ref = "0123456789abcdef0123456789abcdef",
		.sender = "main",
		.account = "acme",
		.ext_id = "SM1",
		.segments = 2,
		.parts_delivered = 1,
		.author = "xmpp:alice@example.org",
		.origin_place = add_place(store, conversation, PLACE_CONVERSATION, "xmpp", "r@m"),
		.origin_event = "event 1",
		.due_at = INT64_C(1) << 41,
		.not_after = INT64_C(1) << 42,
		.attempts = 3,
		.code = "E_X",
		.reason = "why",
		.created_at = -5,
		.updated_at = 6,
	};
	struct message_row got;

	OK(store_message_add(store, &row, NULL));
	FOUND(store_get_message(store, row.id, &got, NULL));
	check_same(&row, &got);
	assert_int_equal(got.updated_at, 6);
	assert_string_equal(got.phone.e164, "+14155550100");
	message_row_release(&got);
	assert_null(got.text);

	FOUND(store_find_message_by_ref(store, row.ref, &got, NULL));
	check_same(&row, &got);
	message_row_release(&got);
	FOUND(store_find_message_by_ext_id(store, "acme", "SM1", &got, NULL));
	check_same(&row, &got);
	message_row_release(&got);
	FOUND(store_find_message_by_origin(store, row.origin_place, "event 1", &got, NULL));
	check_same(&row, &got);
	message_row_release(&got);
	must_commit(store);
}

static void find_message__finds__nothing_by_an_empty_name(void **state)
{
	struct store *store = start(state);
	struct conversation_id conversation = talk(store);
	struct message_row got;

	add_message(store, inbound(conversation, words)); /* no ref, no ext_id, no origin */
	add_message(store, inbound(conversation, words));
	NONE(store_get_message(store, (struct message_id){99}, &got, NULL));
	assert_null(got.text);
	NONE(store_find_message_by_ref(store, "", &got, NULL));
	NONE(store_find_message_by_ref(store, "no such", &got, NULL));
	NONE(store_find_message_by_ext_id(store, "acme", "", &got, NULL));
	NONE(store_find_message_by_ext_id(store, "acme", "no such", &got, NULL));
	NONE(store_find_message_by_origin(store, (struct place_id){0}, "", &got, NULL));
	must_commit(store);
}

static void message_add__refuses__a_repeated_ref_or_origin(void **state)
{
	struct store *store = start(state);
	struct conversation_id conversation = talk(store);
	struct message_row row = outbound(conversation, words);
	struct error err = {0};

	STR_COPY(row.ref, "ref");
	row.origin_place = add_place(store, conversation, PLACE_CONVERSATION, "xmpp", "r@m");
	STR_COPY(row.origin_event, "e");
	OK(store_message_add(store, &row, NULL));
	STR_COPY(row.origin_event, "e2");
	FAILS(store_message_add(store, &row, &err));
	assert_int_equal(err.kind, ERR_STATE);
	STR_COPY(row.ref, "ref2");
	STR_COPY(row.origin_event, "e");
	FAILS(store_message_add(store, &row, &err));
	STR_COPY(row.origin_event, "e2");
	OK(store_message_add(store, &row, NULL));
	must_commit(store);
}

static void message_add__refuses__what_makes_no_sense(void **state)
{
	struct store *store = start(state);
	struct conversation_id conversation = talk(store);
	struct message_row row = outbound(conversation, words);

	row.state = MSG_RECEIVED;
	FAILS(store_message_add(store, &row, NULL));
	row = inbound(conversation, words);
	row.state = MSG_NEW;
	FAILS(store_message_add(store, &row, NULL));
	row = outbound((struct conversation_id){99}, words);
	FAILS(store_message_add(store, &row, NULL));
	row = outbound(conversation, words);
	row.origin_place.v = 99;
	FAILS(store_message_add(store, &row, NULL));
	must_commit(store);
}

static void message_change__swaps__only_from_the_state_given(void **state)
{
	struct store *store = start(state);
	struct message_row row = outbound(talk(store), words);
	struct message_row got;

	OK(store_message_add(store, &row, NULL));
	row.state = MSG_SENDING;
	row.attempts = 1;
	FOUND(store_message_change(store, &row, MSG_NEW, 7, NULL));
	NONE(store_message_change(store, &row, MSG_NEW, 8, NULL)); /* another was first */
	row.state = MSG_FAILED;
	STR_COPY(row.ext_id, "SM9");
	STR_COPY(row.code, "30007");
	STR_COPY(row.reason, "filtered");
	STR_COPY(row.sender, "second");
	STR_COPY(row.account, "other");
	row.segments = 4;
	row.parts_delivered = 2;
	row.due_at = 77;
	row.attempts = 2;
	FOUND(store_message_change(store, &row, MSG_SENDING, 9, NULL));
	FOUND(store_get_message(store, row.id, &got, NULL));
	check_same(&row, &got);
	assert_int_equal(got.updated_at, 9);
	message_row_release(&got);
	row.id.v = 99;
	NONE(store_message_change(store, &row, MSG_FAILED, 9, NULL));
	must_commit(store);
}

/* A provider that gives one id to two texts must not make us forget either. */
static void repeated_ext_id__stays__with_the_first(void **state)
{
	struct store *store = start(state);
	struct conversation_id conversation = talk(store);
	struct message_row first = outbound(conversation, words);
	struct message_row second = outbound(conversation, other_words);
	struct message_row got;

	STR_COPY(first.ext_id, "SM1");
	OK(store_message_add(store, &first, NULL));
	OK(store_message_add(store, &second, NULL));
	second.state = MSG_SENDING;
	FOUND(store_message_change(store, &second, MSG_NEW, 5, NULL));
	second.state = MSG_ACCEPTED;
	STR_COPY(second.ext_id, "SM1");
	FOUND(store_message_change(store, &second, MSG_SENDING, 6, NULL));
	FOUND(store_get_message(store, second.id, &got, NULL));
	assert_int_equal(got.state, MSG_ACCEPTED);
	assert_string_equal(got.ext_id, "");
	message_row_release(&got);

	second = inbound(conversation, words);
	STR_COPY(second.ext_id, "SM1");
	OK(store_message_add(store, &second, NULL));
	assert_string_equal(second.ext_id, "");
	FOUND(store_find_message_by_ext_id(store, "acme", "SM1", &got, NULL));
	assert_int_equal(got.id.v, first.id.v);
	message_row_release(&got);

	/* Another account's ids are other ids. */
	second = inbound(conversation, words);
	STR_COPY(second.ext_id, "SM1");
	STR_COPY(second.account, "other");
	OK(store_message_add(store, &second, NULL));
	assert_string_equal(second.ext_id, "SM1");
	must_commit(store);
}

/* ---- what must not be texted ------------------------------------------------------------------ */

static void suppress(struct store *store, const char *number)
{
	struct suppression_row row = {.phone = phone_of(number), .reason = "opt_out", .at = 1};

	FOUND(store_suppression_add(store, &row, NULL));
}

static void suppressed_number__gets__no_new_text(void **state)
{
	static const enum message_kind spoken[] = {MSGKIND_REPLY, MSGKIND_INITIAL};
	static const enum message_kind automatic[] = {MSGKIND_STOP_CONFIRM, MSGKIND_START_CONFIRM,
						      MSGKIND_HELP_ANSWER};
	struct store *store = start(state);
	struct conversation_id conversation = talk(store);
	struct conversation_id other = add_conversation(store, "+14155550101").id;
	struct message_row row;

	suppress(store, "+14155550100");
	for (size_t i = 0; i < 2; i++) {
		struct error err = {0};

		row = outbound(conversation, words);
		row.kind = spoken[i];
		FAILS(store_message_add(store, &row, &err));
		assert_int_equal(err.kind, ERR_STATE);
		assert_non_null(strstr(err.text, "must not be texted"));
		row.state = MSG_SENDING;
		FAILS(store_message_add(store, &row, NULL));
		row.state = MSG_CANCELLED; /* the record of one that was refused */
		OK(store_message_add(store, &row, NULL));
	}
	for (size_t i = 0; i < 3; i++) {
		row = outbound(conversation, words);
		row.kind = automatic[i];
		OK(store_message_add(store, &row, NULL));
		move(store, row.id, MSG_SENDING);
	}
	add_message(store, inbound(conversation, words)); /* they may write to us */
	add_text(store, other);
	must_commit(store);
}

static void suppressed_number__gets__no_queued_text(void **state)
{
	struct store *store = start(state);
	struct conversation_id conversation = talk(store);
	struct message_row row = outbound(conversation, words);
	struct message_row sent = outbound(conversation, other_words);

	OK(store_message_add(store, &row, NULL));
	OK(store_message_add(store, &sent, NULL));
	move(store, sent.id, MSG_SENDING);
	suppress(store, "+14155550100");
	row.state = MSG_SENDING;
	FAILS(store_message_change(store, &row, MSG_NEW, 9, NULL));
	/* Retrying a failed one is no way round. */
	move(store, sent.id, MSG_FAILED);
	move(store, sent.id, MSG_NEW);
	sent.state = MSG_SENDING;
	FAILS(store_message_change(store, &sent, MSG_NEW, 9, NULL));
	row.state = MSG_CANCELLED;
	FOUND(store_message_change(store, &row, MSG_NEW, 9, NULL));
	must_commit(store);
}

/* ---- questions about texts --------------------------------------------------------------------- */

static void find_last_outbound__skips__what_was_not_handed_over(void **state)
{
	static const enum message_state not_over[] = {MSG_NEW, MSG_SENDING, MSG_FAILED,
						      MSG_CANCELLED};
	static const enum message_state over[] = {MSG_UNKNOWN,   MSG_ACCEPTED,    MSG_SENT,
						  MSG_DELIVERED, MSG_UNDELIVERED, MSG_EXPIRED};
	struct store *store = start(state);
	struct conversation_id conversation = talk(store);
	struct conversation_id other = add_conversation(store, "+14155550101").id;
	struct message_row got;
	struct message_id id;

	NONE(store_find_last_outbound(store, conversation, &got, NULL));
	for (size_t i = 0; i < sizeof(over) / sizeof(over[0]); i++) {
		id = add_text(store, conversation);
		move(store, id, over[i]);
		for (size_t j = 0; j < 4; j++)
			move(store, add_text(store, conversation), not_over[j]);
		add_message(store, inbound(conversation, words));
		move(store, add_text(store, other), MSG_DELIVERED);
		FOUND(store_find_last_outbound(store, conversation, &got, NULL));
		assert_int_equal(got.id.v, id.v);
		message_row_release(&got);
	}
	must_commit(store);
}

static int64_t age(struct store *store, const char *text, struct message_id except, int64_t now)
{
	struct phone phone = phone_of("+14155550100");
	struct contact_row contact;
	struct conversation_row row;
	int64_t out;

	FOUND(store_find_person(store, &phone, &contact, &row, NULL));
	OK(store_duplicate_age(store, row.id, text, except, now, &out, NULL));
	return out;
}

static void duplicate_age__finds__the_newest_same_words(void **state)
{
	struct store *store = start(state);
	struct conversation_id conversation = talk(store);
	struct conversation_id other = add_conversation(store, "+14155550101").id;
	struct message_id none = {0};
	struct message_row row = outbound(conversation, words);
	struct message_id first;
	struct message_id second;

	assert_int_equal(age(store, words, none, 5000), -1);
	add_message(store, inbound(conversation, words));
	add_message(store, outbound(other, words));
	add_message(store, outbound(conversation, other_words));
	assert_int_equal(age(store, words, none, 5000), -1);
	first = add_message(store, row);
	row.created_at = 3000;
	second = add_message(store, row);
	assert_int_equal(age(store, words, none, 5000), 2000);
	assert_int_equal(age(store, words, second, 5000), 4000);
	assert_int_equal(age(store, words, none, 2000), 0); /* a clock set back */
	/* Later ones do not count against an earlier one. */
	assert_int_equal(age(store, words, first, 5000), -1);
	move(store, second, MSG_CANCELLED);
	assert_int_equal(age(store, words, none, 5000), 4000);
	/* They did not get it: no repeat then. */
	for (size_t i = 0; i < 3; i++) {
		static const enum message_state missed[] = {MSG_FAILED, MSG_UNDELIVERED,
							    MSG_EXPIRED};

		move(store, first, missed[i]);
		assert_int_equal(age(store, words, none, 5000), -1);
	}
	assert_int_equal(age(store, "never said", none, 5000), -1);
	must_commit(store);
}

static void duplicate_age__forgives__case_accents_and_blanks(void **state)
{
	static const char *const same[] = {
		"Hi José, are  you\ncoming?",
		"hi jose, are you coming?",
		" HI JOSÉ,\u00a0ARE YOU\tCOMING? \n",
		"Hi Jose\u0301, are\u3000you coming?",
	};
	static const char *const others[] = {"Hi José, are you coming", "Hi José areyou coming?",
					     "Hi Josef, are you coming?", ""};
	struct store *store = start(state);
	struct conversation_id conversation = talk(store);
	struct message_id none = {0};

	AUTO_FREE char *first = xstrdup(same[0]);

	add_message(store, outbound(conversation, first));
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		assert_true(age(store, same[i], none, 5000) >= 0);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(age(store, others[i], none, 5000), -1);
	must_commit(store);
}

static void message_rewrite__changes__only_what_is_queued(void **state)
{
	struct store *store = start(state);
	struct conversation_id conversation = talk(store);
	struct message_id none = {0};
	struct message_row row = outbound(conversation, words);
	struct message_row got;

	row.id = add_message(store, row);
	row.text = other_words;
	row.segments = 3;
	FOUND(store_message_rewrite(store, &row, 2500, NULL));
	FOUND(store_get_message(store, row.id, &got, NULL));
	assert_string_equal(got.text, other_words);
	assert_int_equal(got.segments, 3);
	assert_int_equal(got.updated_at, 2500);
	assert_int_equal(got.state, MSG_NEW);
	message_row_release(&got);
	assert_int_equal(age(store, words, none, 5000), -1);
	assert_int_equal(age(store, other_words, none, 5000), 4000);
	move(store, row.id, MSG_SENDING);
	row.text = words;
	NONE(store_message_rewrite(store, &row, 2600, NULL));
	FOUND(store_get_message(store, row.id, &got, NULL));
	assert_string_equal(got.text, other_words);
	assert_false(got.handled);
	message_row_release(&got);
	OK(store_message_set_handled(store, row.id, NULL));
	FOUND(store_get_message(store, row.id, &got, NULL));
	assert_true(got.handled);
	message_row_release(&got);
	must_commit(store);
}

static void list_stuck__shows__what_no_human_has_dealt_with(void **state)
{
	static const enum message_state all[] = {
		MSG_NEW,       MSG_SENDING,     MSG_UNKNOWN, MSG_ACCEPTED, MSG_SENT,
		MSG_DELIVERED, MSG_UNDELIVERED, MSG_FAILED,  MSG_EXPIRED,  MSG_CANCELLED};
	struct store *store = start(state);
	struct conversation_id conversation = talk(store);
	struct seen seen = {0};

	for (size_t i = 0; i < 10; i++)
		move(store, add_text(store, conversation), all[i]);
	add_message(store, inbound(conversation, words));
	OK(store_list_stuck(store, 10, see_message, &seen, NULL));
	CHECK_SEEN(&seen, 3, 7, 8);
	seen.n = 0;
	OK(store_list_stuck(store, 2, see_message, &seen, NULL));
	CHECK_SEEN(&seen, 3, 7);
	OK(store_message_set_handled(store, (struct message_id){7}, NULL));
	FAILS(store_message_set_handled(store, (struct message_id){99}, NULL));
	seen.n = 0;
	OK(store_list_stuck(store, 10, see_message, &seen, NULL));
	CHECK_SEEN(&seen, 3, 8);
	/* Tried again and failed again: a human has to look again. */
	move(store, (struct message_id){7}, MSG_NEW);
	move(store, (struct message_id){7}, MSG_SENDING);
	move(store, (struct message_id){7}, MSG_FAILED);
	seen.n = 0;
	OK(store_list_stuck(store, 10, see_message, &seen, NULL));
	CHECK_SEEN(&seen, 3, 7, 8);
	must_commit(store);
}

static void list_messages_in_state__gives__each_state_oldest_first(void **state)
{
	static const enum message_state all[] = {
		MSG_NEW,       MSG_SENDING,     MSG_UNKNOWN, MSG_ACCEPTED, MSG_SENT,
		MSG_DELIVERED, MSG_UNDELIVERED, MSG_FAILED,  MSG_EXPIRED,  MSG_CANCELLED};
	struct store *store = start(state);
	/* The second conversation gets the older texts. */
	struct conversation_id second = talk(store);
	struct conversation_id first = add_conversation(store, "+14155550101").id;

	for (size_t i = 0; i < 10; i++)
		move(store, add_text(store, first), all[i]);
	for (size_t i = 0; i < 10; i++)
		move(store, add_text(store, second), all[i]);
	for (size_t i = 0; i < 10; i++) {
		struct seen seen = {0};

		OK(store_list_messages_in_state(store, all[i], 10, see_message, &seen, NULL));
		CHECK_SEEN(&seen, (int64_t)i + 1, (int64_t)i + 11);
		seen.n = 0;
		OK(store_list_messages_in_state(store, all[i], 1, see_message, &seen, NULL));
		CHECK_SEEN(&seen, (int64_t)i + 1);
	}
	must_commit(store);
}

static void count__follows__every_change(void **state)
{
	struct store *store = start(state);
	struct conversation_id conversation = talk(store);
	struct message_counts c;
	struct conversation_row row;

	for (int i = 0; i < 9; i++)
		add_text(store, conversation);
	OK(store_count(store, &c, NULL)); /* from the table */
	assert_int_equal(c.queued, 9);
	move(store, (struct message_id){1}, MSG_SENDING);
	move(store, (struct message_id){2}, MSG_UNKNOWN);
	move(store, (struct message_id){3}, MSG_ACCEPTED);
	move(store, (struct message_id){4}, MSG_SENT);
	move(store, (struct message_id){5}, MSG_DELIVERED);
	move(store, (struct message_id){6}, MSG_UNDELIVERED);
	move(store, (struct message_id){7}, MSG_FAILED);
	move(store, (struct message_id){8}, MSG_EXPIRED);
	move(store, (struct message_id){9}, MSG_CANCELLED);
	add_message(store, inbound(conversation, words));
	add_text(store, conversation);
	row = add_conversation(store, "+14155550101");
	STR_COPY(row.owner, "a");
	OK(store_conversation_update(store, &row, 1, NULL));
	row = add_conversation(store, "+14155550102");
	row.open = false;
	OK(store_conversation_update(store, &row, 1, NULL));
	suppress(store, "+14155550199");
	OK(store_count(store, &c, NULL));
	assert_int_equal(c.failed, 2);
	OK(store_message_set_handled(store, (struct message_id){7}, NULL));
	for (int again = 0; again < 2; again++) {
		OK(store_count(store, &c, NULL));
		assert_int_equal(c.queued, 1);
		assert_int_equal(c.sending, 1);
		assert_int_equal(c.unknown, 1);
		assert_int_equal(c.accepted, 1);
		assert_int_equal(c.sent, 1);
		assert_int_equal(c.delivered, 1);
		assert_int_equal(c.failed, 1);
		assert_int_equal(c.received, 1);
		assert_int_equal(c.conversations_open, 2);
		assert_int_equal(c.conversations_waiting, 1);
		assert_int_equal(c.suppressed, 1);
		assert_int_equal(c.held, 0);
		assert_int_equal(c.relay_pending, 0);
		if (again == 0) {
			struct fixture *f = *state;

			must_commit(store);
			store_close(store);
			OK(store_open(f->path, &f->store, NULL));
			store = f->store;
		}
	}
}

#define IN_MEMORY(test) cmocka_unit_test_setup_teardown(test, open_in_memory, close_store)
#define ON_DISK(test) cmocka_unit_test_setup_teardown(test, open_on_disk, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_MEMORY(message_add__keeps__every_field),
		IN_MEMORY(find_message__finds__nothing_by_an_empty_name),
		IN_MEMORY(message_add__refuses__a_repeated_ref_or_origin),
		IN_MEMORY(message_add__refuses__what_makes_no_sense),
		IN_MEMORY(message_change__swaps__only_from_the_state_given),
		IN_MEMORY(repeated_ext_id__stays__with_the_first),
		IN_MEMORY(suppressed_number__gets__no_new_text),
		IN_MEMORY(suppressed_number__gets__no_queued_text),
		IN_MEMORY(find_last_outbound__skips__what_was_not_handed_over),
		IN_MEMORY(duplicate_age__finds__the_newest_same_words),
		IN_MEMORY(duplicate_age__forgives__case_accents_and_blanks),
		IN_MEMORY(message_rewrite__changes__only_what_is_queued),
		IN_MEMORY(list_stuck__shows__what_no_human_has_dealt_with),
		IN_MEMORY(list_messages_in_state__gives__each_state_oldest_first),
		ON_DISK(count__follows__every_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
