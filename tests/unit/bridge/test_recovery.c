/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* After a crash or a stop: what is on disk goes on, what may have left is unknown. */
#include "unit/bridge/scene.h"

#define STATE(s, text, state) assert_int_equal((state), state_of_text((s), (text)))

/* Dies and comes up again. */
static void crash(struct scene *s)
{
	scene_crash(s);
	scene_bridge_start(s);
}

static void text__that_was_only_claimed__goes_once(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	writes(s, room, ALICE, "Hi");
	fake_loop_turn(s->loop);
	fake_loop_turn(s->loop);
	STATE(s, "Hi", MSG_SENDING); /* not committed */
	crash(s);
	assert_int_equal(sent(s), 1);
	accept(s, 0);
	STATE(s, "Hi", MSG_ACCEPTED);
}

static void text__that_may_have_left__is_unknown(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	char ref[TOKEN_MAX];

	say_in(s, room, ALICE, "Hi");
	say_in(s, room, ALICE, "next");
	assert_int_equal(sent(s), 1);
	STR_COPY(ref, ref_of(s, 0));
	crash(s);
	STATE(s, "Hi", MSG_UNKNOWN);
	ROOM_SAW(s, room, "❓ The provider did not answer about “Hi”");
	assert_int_equal(mark_on(s, "event2"), MARK_UNKNOWN);
	/* The queue goes on behind it, and it is never sent again by itself. */
	assert_int_equal(sent(s), 1);
	assert_string_equal(sms(s, 0).text, "next");
	accept_all(s);
	wait_ms(s, 48 * HOUR);
	crash(s);
	assert_int_equal(sent(s), 0);
	/* A report that carries our ref still tells. */
	report(s, ref, SMS_STATUS_DELIVERED);
	STATE(s, "Hi", MSG_DELIVERED);
	ROOM_SAW(s, room, "✅ “Hi” was delivered after all.");
}

static void answer__that_was_not_stored__leaves_the_text_unknown(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	struct sms_result ok = {.class = SMS_OK, .ext_id = "e"};

	say_in(s, room, ALICE, "Hi");
	fake_driver_answer(fake_http_call(s->client, 0), &ok);
	STATE(s, "Hi", MSG_ACCEPTED); /* not committed */
	crash(s);
	STATE(s, "Hi", MSG_UNKNOWN);
	assert_int_equal(sent(s), 0);
}

static void confirmation__is__never_sent_twice(void **state)
{
	struct scene *s = *state;

	receive(s, PAT, "STOP");
	assert_int_equal(sent(s), 1);
	crash(s);
	wait_ms(s, HOUR);
	assert_int_equal(sent(s), 0);
	receive(s, PAT, "STOP");
	assert_int_equal(sent(s), 0);
}

static void text_that_came__is__shown_after_a_crash(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	struct relay_id id;

	s->xmpp.silent = true;
	receive(s, PAT, "Are you there?");
	id = fake_chat_find(&s->xmpp, FAKE_SAY, room, "Are you there?")->id;
	crash(s);
	/* Perhaps for the second time: the id tells. */
	ROOM_SAW(s, room, "Are you there?");
	assert_int_equal(fake_chat_find(&s->xmpp, FAKE_SAY, room, "Are you there?")->id.v, id.v);
	assert_int_equal(ask_number(s, "SELECT count(*) FROM relay"), 0);
}

static void words__that_were_not_stored__are_asked_for(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	char before[32];

	say_in(s, room, ALICE, "// the last that is stored");
	STR_COPY(before, s->event);
	writes(s, room, ALICE, "Hi");
	scene_crash(s);
	s->xmpp.silent = true;
	scene_bridge_start(s);
	assert_string_equal(fake_chat_find(&s->xmpp, FAKE_OPEN, room, NULL)->cursor, before);
}

static void pause__outlives__a_crash(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	command(s, "!pause");
	say_in(s, room, ALICE, "Hi");
	crash(s);
	assert_true(bridge_is_paused(s->bridge));
	wait_ms(s, HOUR);
	assert_int_equal(sent(s), 0);
	command(s, "!resume");
	assert_int_equal(sent(s), 1);
	crash(s);
	assert_false(bridge_is_paused(s->bridge));
	assert_int_equal(ask_number(s, "SELECT count(*) FROM place WHERE kind = 1"), 1);
}

/* It is not on disk: then the texts must not go either. */
static void resume__counts__when_it_is_on_disk(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	struct chat_said resume = words_of(s, control_of(s), OLGA, "!resume");

	command(s, "!pause");
	say_in(s, room, ALICE, "Hi");
	resume.kind = PLACE_CONTROL;
	resume.event_id = next_event(s);
	s->commits_to_fail = 1;
	bridge_chat_said(s->bridge, "xmpp", &resume);
	settle(s);
	assert_true(bridge_is_paused(s->bridge));
	assert_int_equal(sent(s), 0);
}

static void many_in_flight__are__all_found(void **state)
{
	struct scene *s = *state;

	talk(s, PAT);
	say_in(s, place_with(s, PAT), ALICE, "Hi");
	assert_int_equal(0, store_step_begin(s->store, NULL));
	for (int i = 0; i < 1200; i++) {
		struct message_row row = {.conversation = conversation_with(s, PAT).id,
					  .outbound = true,
					  .state = MSG_SENDING,
					  .text = (char[]){"x"},
					  .sender = "main",
					  .account = "acme"};

		(void)snprintf(row.ref, sizeof(row.ref), "ref%d", i);
		assert_int_equal(0, store_message_add(s->store, &row, NULL));
	}
	assert_int_equal(0, store_step_end(s->store, true, NULL));
	settle(s);
	crash(s);
	assert_int_equal(ask_number(s, "SELECT count(*) FROM message WHERE state = 25"), 1201);
	assert_int_equal(ask_number(s, "SELECT count(*) FROM message WHERE state = 20"), 0);
}

static void start__fails__on_a_disk_that_refuses(void **state)
{
	struct scene *s = *state;
	struct error err = {0};

	scene_bridge_stop(s);
	s->client = http_client_new(s->loop, NULL);
	s->bridge = bridge_new(s->loop, s->store, s->client, &s->options);
	fake_chat_join(&s->xmpp, s->bridge);
	fake_chat_join(&s->matrix, s->bridge); /* whose control room is to be written */
	s->commits_to_fail = 1;
	assert_int_equal(-1, bridge_start(s->bridge, &err));
	assert_non_null(strstr(err.text, "is the disk full?"));
}

/* The app goes while a commit is still due: nobody is called after the end. */
static void end__comes__with_a_commit_still_open(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	struct sms_result temp = {.class = SMS_TEMP};

	say_in(s, room, ALICE, "one");
	fake_driver_answer(fake_http_call(s->client, 0), &temp);
	writes(s, room, ALICE, "two");
	texts_us(s, PAT, "three");
	http_client_free(s->client);
	bridge_free(s->bridge);
	s->bridge = NULL;
	assert_false(store_in_batch(s->store));
	assert_int_equal(0, fake_loop_timers(s->loop));
	STATE(s, "one", MSG_NEW);
	STATE(s, "two", MSG_NEW);
}

#define CLOSED_N 12

/* Many conversations that are over, and the bridge anew. */
static void close_many(struct scene *s, struct place_id places[CLOSED_N])
{
	char number[32];

	for (int i = 0; i < CLOSED_N; i++) {
		(void)snprintf(number, sizeof(number), "+1415555%04d", 1000 + i);
		places[i] = talk(s, number);
		say_in(s, places[i], ALICE, "!close");
		wait_ms(s, 1000);
	}
	accept_all(s);
}

static size_t opened(struct scene *s, const struct place_id places[CLOSED_N])
{
	size_t n = 0;

	for (int i = 0; i < CLOSED_N; i++)
		n += fake_chat_count(&s->xmpp, FAKE_OPEN, places[i], NULL);
	return n;
}

static void closed__are__opened_a_few_at_a_time(void **state)
{
	struct scene *s = *state;
	struct place_id places[CLOSED_N];

	close_many(s, places);
	crash(s);
	assert_int_equal(opened(s, places), 0);
	wait_ms(s, 1000);
	assert_int_equal(opened(s, places), 5);
	assert_int_equal(fake_chat_count(&s->xmpp, FAKE_OPEN, places[CLOSED_N - 1], NULL), 1);
	/* One in which something happens does not wait. */
	receive(s, "+14155551000", "Hello again?");
	assert_int_equal(opened(s, places), 6);
	wait_ms(s, 5000);
	assert_int_equal(opened(s, places), CLOSED_N);
	say_in(s, places[3], ALICE, "anybody?");
	ROOM_SAW(s, places[3], "this conversation is closed");
	/* Down in the middle of it, and up again. */
	bridge_chat_down(s->bridge, "xmpp", "test");
	bridge_chat_up(s->bridge, "xmpp");
	wait_ms(s, 1000);
	bridge_chat_down(s->bridge, "xmpp", "test");
	wait_ms(s, 5000);
	assert_int_equal(opened(s, places), CLOSED_N + 1 + 5);
}

static void closed_long_ago__are__left_alone(void **state)
{
	struct scene *s = *state;
	struct place_id places[CLOSED_N];

	close_many(s, places);
	assert_int_equal(sqlite3_exec(s->store->db,
				      "UPDATE conversation SET updated_at = updated_at - 2600000000"
				      " WHERE id > 1",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	crash(s);
	wait_ms(s, 5000);
	assert_int_equal(opened(s, places), 1);
	/* Some networks hear there all the same. */
	s->xmpp.network.caps |= CHAT_CAP_REDELIVERS;
	crash(s);
	wait_ms(s, 5000);
	assert_int_equal(opened(s, places), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(text__that_was_only_claimed__goes_once),
		SCENE(text__that_may_have_left__is_unknown),
		SCENE(answer__that_was_not_stored__leaves_the_text_unknown),
		SCENE(confirmation__is__never_sent_twice),
		SCENE(text_that_came__is__shown_after_a_crash),
		SCENE(words__that_were_not_stored__are_asked_for),
		SCENE(pause__outlives__a_crash),
		SCENE(resume__counts__when_it_is_on_disk),
		SCENE(many_in_flight__are__all_found),
		SCENE(start__fails__on_a_disk_that_refuses),
		SCENE(end__comes__with_a_commit_still_open),
		SCENE(closed__are__opened_a_few_at_a_time),
		SCENE(closed_long_ago__are__left_alone),
	};

	log_set_level(LOG_ERROR + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
