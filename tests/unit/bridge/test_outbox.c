/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The way out: claimed on disk before it leaves, in order, once. */
#include "unit/bridge/scene.h"

#define NEW(s, text) assert_int_equal(MSG_NEW, state_of_text((s), (text)))
#define STATE(s, text, state) assert_int_equal((state), state_of_text((s), (text)))

static void text__leaves__only_after_its_commit(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	writes(s, room, ALICE, "Hi Pat");
	assert_int_equal(sent(s), 0);
	fake_loop_turn(s->loop); /* commits the text */
	NEW(s, "Hi Pat");
	assert_int_equal(sent(s), 0);
	settle(s);
	assert_int_equal(sent(s), 1);
	STATE(s, "Hi Pat", MSG_SENDING);
	assert_string_equal(sms(s, 0).to, PAT);
	assert_string_equal(sms(s, 0).text, "Hi Pat");
	assert_string_equal(sms(s, 0).from, "+12125550100");
	accept(s, 0);
	STATE(s, "Hi Pat", MSG_ACCEPTED);
	assert_int_equal(mark_on(s, s->event), MARK_HANDED_OVER);
	report(s, ref_of(s, 0), SMS_STATUS_DELIVERED);
	STATE(s, "Hi Pat", MSG_DELIVERED);
	assert_int_equal(mark_on(s, s->event), MARK_DELIVERED);
	assert_int_equal(fake_loop_timers(s->loop), 0);
}

static void texts__leave__in_order_per_contact(void **state)
{
	struct scene *s = *state;
	struct place_id pat = talk(s, PAT);
	struct place_id quinn = talk(s, QUINN);

	writes(s, pat, ALICE, "one");
	writes(s, pat, ALICE, "two");
	writes(s, quinn, ALICE, "other");
	writes(s, pat, ALICE, "three");
	settle(s);
	/* One at a time for each contact. */
	assert_int_equal(sent(s), 2);
	answer_class(s, 0, SMS_TEMP, SMS_SCOPE_MESSAGE);
	accept(s, 1);
	assert_int_equal(sent(s), 2);
	wait_ms(s, 5000);
	assert_int_equal(sent(s), 3);
	accept_all(s);
	assert_string_equal(s->log_of_sends,
			    PAT " one|" QUINN " other|" PAT " one|" PAT " two|" PAT " three|");
}

/* The one that waits for its second try must wake the queue, though a later one is due already. */
static void queue__wakes__for_a_try_behind_which_others_wait(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	writes(s, room, ALICE, "one");
	writes(s, room, ALICE, "two");
	settle(s);
	answer_class(s, 0, SMS_TEMP, SMS_SCOPE_MESSAGE);
	assert_int_equal(fake_loop_next_in(s->loop), 2000);
	wait_ms(s, 2000);
	assert_int_equal(sent(s), 2);
	assert_string_equal(sms(s, 1).text, "one");
}

static void temporary_trouble__is__tried_again_and_then_given_up(void **state)
{
	static const int64_t waits[] = {2000,   4000,   8000,   16000,  32000,
					64000,  128000, 256000, 300000, 300000,
					300000, 300000, 300000, 300000, 300000};
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	say_in(s, room, ALICE, "try");
	for (size_t i = 0; i < 15; i++) {
		assert_int_equal(sent(s), i + 1);
		answer_class(s, i, SMS_TEMP, SMS_SCOPE_MESSAGE);
		NEW(s, "try");
		assert_int_equal(mark_on(s, s->event), MARK_QUEUED);
		wait_ms(s, waits[i] - 1);
		assert_int_equal(sent(s), i + 1);
		wait_ms(s, 1);
	}
	answer_class(s, 15, SMS_TEMP, SMS_SCOPE_MESSAGE);
	STATE(s, "try", MSG_FAILED);
	assert_int_equal(mark_on(s, s->event), MARK_FAILED);
	ROOM_SAW(s, room, "❌ “try” did not reach them: because of that. [99]");
	assert_int_equal(fake_loop_timers(s->loop), 0);
}

static void lost_answer__is__unknown_and_never_sent_again(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	say_in(s, room, ALICE, "maybe");
	answer_class(s, 0, SMS_AMBIGUOUS, SMS_SCOPE_MESSAGE);
	STATE(s, "maybe", MSG_UNKNOWN);
	ROOM_SAW(s, room, "❓ The provider did not answer about “maybe”");
	assert_int_equal(mark_on(s, s->event), MARK_UNKNOWN);
	wait_ms(s, 48 * HOUR);
	assert_int_equal(sent(s), 1);
	/* It holds nobody up. */
	say_in(s, room, ALICE, "next");
	assert_int_equal(sent(s), 2);
}

static void lost_answer__is__tried_again_where_the_provider_knows_its_ref(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	fake_driver.caps |= SMS_CAP_IDEMPOTENT;
	say_in(s, room, ALICE, "maybe");
	answer_class(s, 0, SMS_AMBIGUOUS, SMS_SCOPE_MESSAGE);
	NEW(s, "maybe");
	wait_ms(s, 2000);
	assert_int_equal(sent(s), 2);
	assert_string_equal(ref_of(s, 0), ref_of(s, 1));
}

static void unbuildable_text__fails__at_once(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	char why[400];

	/* Words longer than a reason can be, of two bytes each. */
	for (size_t i = 0; i + 2 < sizeof(why); i += 2)
		memcpy(why + i, "é", 3);
	fake_driver_refuses = why;
	say_in(s, room, ALICE, "odd");
	assert_int_equal(sent(s), 0);
	STATE(s, "odd", MSG_FAILED);
	ROOM_SAW(s, room, "❌ “odd” did not reach them: éé");
	for (size_t i = 0; i < s->xmpp.n; i++)
		assert_true(!s->xmpp.log[i].text ||
			    utf8_valid(s->xmpp.log[i].text, strlen(s->xmpp.log[i].text)));
}

static void pause__holds__everything_and_resume_lets_it_go(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	command(s, "!pause");
	assert_true(control_saw(s, "has paused everything"));
	say_in(s, room, ALICE, "later");
	NEW(s, "later");
	ROOM_SAW(s, room, "🕓 Queued: an organizer has paused all texting");
	assert_int_equal(mark_on(s, s->event), MARK_QUEUED);
	wait_ms(s, HOUR);
	assert_int_equal(sent(s), 0);
	command(s, "!resume");
	assert_int_equal(sent(s), 1);
	assert_false(bridge_is_paused(s->bridge));
}

static void last_word__counts__of_a_resume_and_a_pause_in_one_batch(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	struct chat_said resume;
	struct chat_said pause;
	char event[32];

	command(s, "!pause");
	say_in(s, room, ALICE, "wait for it");
	resume = words_of(s, control_of(s), OLGA, "!resume");
	STR_COPY(event, s->event);
	resume.event_id = event;
	pause = words_of(s, control_of(s), OLGA, "!pause");
	resume.kind = pause.kind = PLACE_CONTROL;
	resume.organizer = pause.organizer = true;
	bridge_chat_said(s->bridge, "xmpp", &resume);
	bridge_chat_said(s->bridge, "xmpp", &pause);
	settle(s);
	assert_true(bridge_is_paused(s->bridge));
	assert_int_equal(sent(s), 0);
	/* And the other way round. */
	pause.event_id = "pause again";
	resume.event_id = "resume again";
	bridge_chat_said(s->bridge, "xmpp", &pause);
	bridge_chat_said(s->bridge, "xmpp", &resume);
	settle(s);
	assert_false(bridge_is_paused(s->bridge));
	assert_int_equal(sent(s), 1);
}

/* Claimed in the same commit in which everything is paused: it must not leave any more. */
static void pause__stops__what_is_claimed_but_not_handed_over(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	struct chat_said pause = words_of(s, control_of(s), OLGA, "!pause");

	pause.kind = PLACE_CONTROL;
	writes(s, room, ALICE, "later");
	fake_loop_turn(s->loop);
	/* The next turn claims; the pause comes before the commit of that. */
	fake_loop_turn(s->loop);
	if (state_of_text(s, "later") == MSG_SENDING && sent(s) == 0) {
		pause.event_id = next_event(s);
		bridge_chat_said(s->bridge, "xmpp", &pause);
	} else {
		fail_msg("the test does not hit the gap");
	}
	settle(s);
	assert_int_equal(sent(s), 0);
	NEW(s, "later");
	command(s, "!resume");
	assert_int_equal(sent(s), 1);
}

static void gone_sender__fails__the_text_and_not_the_daemon(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	struct bridge_options fewer = s->options;

	command(s, "!pause");
	say_in(s, room, ALICE, "orphan");
	fewer.senders = s->senders + 1;
	fewer.sender_n = 2;
	bridge_reload(s->bridge, &fewer);
	command(s, "!resume");
	STATE(s, "orphan", MSG_FAILED);
	ROOM_SAW(s, room, "its sender is no longer configured");
	assert_int_equal(sent(s), 0);
	/* Nor is anything sent from another number, not even when a person asks for it. */
	say_in(s, room, ALICE, "again");
	ROOM_SAW(s, room, "Not sent: they are texted from the sender “main”");
	command(s, "!stuck");
	say_in(s, room, ALICE, "!retry 2");
	assert_int_equal(fake_chat_count(&s->xmpp, FAKE_SAY, room,
					 "Not sent: they are texted from the sender “main”"),
			 2);
	assert_int_equal(sent(s), 0);
}

/* ---- the disk ---------------------------------------------------------------------------------- */

static void claim__is__repeated_when_it_was_not_committed(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	writes(s, room, ALICE, "hello");
	fake_loop_turn(s->loop);
	NEW(s, "hello");
	s->commits_to_fail = 1;
	settle(s);
	assert_int_equal(s->commits_to_fail, 0);
	assert_int_equal(sent(s), 0);
	NEW(s, "hello");
	wait_ms(s, 1000);
	assert_int_equal(sent(s), 1);
}

static void queue__waits__for_a_disk_that_refuses(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	writes(s, room, ALICE, "hello");
	fake_loop_turn(s->loop);
	disk_refuses(s, true);
	wait_ms(s, 10000);
	assert_int_equal(sent(s), 0);
	disk_refuses(s, false);
	wait_ms(s, 1000);
	assert_int_equal(sent(s), 1);
	accept(s, 0);
	STATE(s, "hello", MSG_ACCEPTED);
}

static void result__is__kept_until_it_is_on_disk(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	say_in(s, room, ALICE, "one");
	say_in(s, room, ALICE, "two");
	disk_refuses(s, true);
	accept(s, 0);
	wait_ms(s, 3000);
	STATE(s, "one", MSG_SENDING);
	disk_refuses(s, false);
	/* Now the step is kept, but the commit fails. */
	s->commits_to_fail = 1;
	wait_ms(s, 1000);
	assert_int_equal(s->commits_to_fail, 0);
	STATE(s, "one", MSG_SENDING);
	assert_int_equal(sent(s), 1);
	wait_ms(s, 1000);
	STATE(s, "one", MSG_ACCEPTED);
	assert_int_equal(sent(s), 2);
	assert_string_equal(sms(s, 1).text, "two");
}

/* ---- stopping ---------------------------------------------------------------------------------- */

static void note_stopped(void *arg)
{
	int *n = arg;

	(*n)++;
}

static void stop__waits__for_what_is_under_way(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	int stopped = 0;

	say_in(s, room, ALICE, "one");
	say_in(s, room, ALICE, "two");
	bridge_stop(s->bridge, 10000, note_stopped, &stopped);
	wait_ms(s, 5000);
	assert_int_equal(stopped, 0);
	accept(s, 0);
	assert_int_equal(stopped, 1);
	STATE(s, "one", MSG_ACCEPTED);
	wait_ms(s, HOUR);
	assert_int_equal(stopped, 1);
	NEW(s, "two");
	assert_int_equal(sent(s), 1);
}

static void stop__loses__patience(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	int stopped = 0;

	say_in(s, room, ALICE, "one");
	bridge_stop(s->bridge, 10000, note_stopped, &stopped);
	wait_ms(s, 9999);
	assert_int_equal(stopped, 0);
	wait_ms(s, 1);
	assert_int_equal(stopped, 1);
	STATE(s, "one", MSG_SENDING);
	accept(s, 0); /* too late to be told, but true */
	STATE(s, "one", MSG_ACCEPTED);
	assert_int_equal(stopped, 1);
}

static void stop__is__at_once_when_nothing_is_under_way(void **state)
{
	struct scene *s = *state;
	int stopped = 0;

	bridge_stop(s->bridge, 10000, note_stopped, &stopped);
	assert_int_equal(stopped, 0); /* never from inside the call */
	wait_ms(s, 0);
	assert_int_equal(stopped, 1);
}

/* Claimed, and then the daemon is asked to go: it goes back into the queue. */
static void stop__returns__what_has_not_left(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	int stopped = 0;

	writes(s, room, ALICE, "one");
	fake_loop_turn(s->loop);
	fake_loop_turn(s->loop);
	STATE(s, "one", MSG_SENDING);
	bridge_stop(s->bridge, 10000, note_stopped, &stopped);
	wait_ms(s, 1);
	assert_int_equal(sent(s), 0);
	NEW(s, "one");
	assert_int_equal(stopped, 1);
}

/* ---- more than fits ---------------------------------------------------------------------------- */

static void many_contacts__are__served_in_turn(void **state)
{
	struct scene *s = *state;
	char number[24];

	for (int i = 0; i < 450; i++) {
		(void)snprintf(number, sizeof(number), "+1415556%04d", i);
		receive(s, number, "Hello?");
		writes(s, place_with(s, number), ALICE, "Welcome");
	}
	settle(s);
	wait_ms(s, 60000);
	assert_int_equal(sent(s), 66); /* that many at a time */
	for (size_t i = 0; i < 450; i++) {
		accept(s, i);
		wait_ms(s, 20);
	}
	assert_int_equal(sent(s), 450);
	assert_int_equal(
		ask_number(s, "SELECT count(DISTINCT conversation) FROM message WHERE state = 30"),
		450);
}

static void silent_provider__leaves__room_for_others(void **state)
{
	struct scene *s = *state;
	char number[24];
	char text[64];
	int others = 0;

	command(s, "!pause");
	/* The first hundred texts are to go by "acme", the last by "other". */
	for (int i = 0; i < 110; i++) {
		(void)snprintf(number, sizeof(number), "+1%s556%04d", i < 100 ? "212" : "214", i);
		(void)snprintf(text, sizeof(text), "!text %s Hi", number);
		command(s, text);
	}
	command(s, "!resume");
	wait_ms(s, MINUTE);
	assert_int_equal(sent(s), 66 + 10);
	for (size_t i = 0; i < 66 + 10; i++) {
		if (strcmp(sms(s, i).from, "+12145550100") == 0)
			others++;
	}
	assert_int_equal(others, 10);
	/* It waits for an end, and not for time to pass. */
	assert_true(fake_loop_next_in(s->loop) < 0 || fake_loop_next_in(s->loop) > 1000);
	accept(s, 0);
	assert_int_equal(sent(s), 66 + 10 + 1);
}

/* ---- clocks ------------------------------------------------------------------------------------ */

static void clock_that_is_set_back__delays__nothing(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	int64_t now = loop_now(s->loop);
	int64_t before = bridge_now(s->bridge);

	say_in(s, room, ALICE, "one");
	answer_class(s, 0, SMS_TEMP, SMS_SCOPE_MESSAGE); /* again in two seconds */
	fake_loop_set_now(s->loop, now - 24 * HOUR);
	wait_ms(s, 2000);
	assert_int_equal(sent(s), 2);
	assert_true(bridge_now(s->bridge) >= before + 2000);
	/* And what is true again is followed. */
	fake_loop_set_now(s->loop, now + 24 * HOUR);
	assert_int_equal(bridge_now(s->bridge), now + 24 * HOUR);
}

static void clock_that_was_set_back_while_we_were_down__delays__by_an_hour(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	say_in(s, room, ALICE, "one");
	answer_class(s, 0, SMS_TEMP, SMS_SCOPE_MESSAGE);
	scene_bridge_stop(s);
	fake_loop_set_now(s->loop, loop_now(s->loop) - 24 * HOUR);
	scene_bridge_start(s);
	wait_ms(s, HOUR);
	assert_int_equal(sent(s), 1); /* by the new client */
}

/* ---- recalling --------------------------------------------------------------------------------- */

/* Its connection is not up yet when the STOP comes. */
static void stop__recalls__what_has_not_left(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	struct place_id other = talk(s, QUINN);

	say_in(s, room, ALICE, "one");
	say_in(s, other, ALICE, "two");
	fake_http_call(s->client, 0)->unsent = true;
	fake_http_call(s->client, 1)->unsent = true;
	receive(s, PAT, "STOP");
	assert_int_equal(state_of_text(s, "one"), MSG_CANCELLED);
	assert_false(fake_http_call(s->client, 0)->open);
	ROOM_SAW(s, room, "✖ “one” was not sent: ");
	assert_int_equal(state_of_text(s, "two"), MSG_SENDING);
	assert_true(fake_http_call(s->client, 1)->open);
	accept(s, 1);
	assert_int_equal(state_of_text(s, "two"), MSG_ACCEPTED);
}

static void stop__leaves__what_may_have_left(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	say_in(s, room, ALICE, "one");
	receive(s, PAT, "STOP");
	assert_int_equal(state_of_text(s, "one"), MSG_SENDING);
	accept(s, 0);
	assert_int_equal(state_of_text(s, "one"), MSG_ACCEPTED);
}

static void stop_in_the_last_commit__asks__no_client_that_is_gone(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	say_in(s, room, ALICE, "one");
	fake_http_call(s->client, 0)->unsent = true;
	texts_us(s, PAT, "STOP");
	http_client_free(s->client);
	bridge_free(s->bridge);
	s->bridge = NULL;
	assert_true(is_suppressed(s, PAT));
}

static void pause__recalls__what_has_not_left(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	say_in(s, room, ALICE, "one");
	fake_http_call(s->client, 0)->unsent = true;
	command(s, "!pause");
	NEW(s, "one");
	command(s, "!resume");
	assert_int_equal(sent(s), 2);
	accept(s, 1);
	assert_int_equal(state_of_text(s, "one"), MSG_ACCEPTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(text__leaves__only_after_its_commit),
		SCENE(texts__leave__in_order_per_contact),
		SCENE(queue__wakes__for_a_try_behind_which_others_wait),
		SCENE(temporary_trouble__is__tried_again_and_then_given_up),
		SCENE(lost_answer__is__unknown_and_never_sent_again),
		SCENE(lost_answer__is__tried_again_where_the_provider_knows_its_ref),
		SCENE(unbuildable_text__fails__at_once),
		SCENE(pause__holds__everything_and_resume_lets_it_go),
		SCENE(last_word__counts__of_a_resume_and_a_pause_in_one_batch),
		SCENE(silent_provider__leaves__room_for_others),
		SCENE(clock_that_is_set_back__delays__nothing),
		SCENE(clock_that_was_set_back_while_we_were_down__delays__by_an_hour),
		SCENE(stop__recalls__what_has_not_left),
		SCENE(stop__leaves__what_may_have_left),
		SCENE(stop_in_the_last_commit__asks__no_client_that_is_gone),
		SCENE(pause__recalls__what_has_not_left),
		SCENE(pause__stops__what_is_claimed_but_not_handed_over),
		SCENE(gone_sender__fails__the_text_and_not_the_daemon),
		SCENE(claim__is__repeated_when_it_was_not_committed),
		SCENE(queue__waits__for_a_disk_that_refuses),
		SCENE(result__is__kept_until_it_is_on_disk),
		SCENE(stop__waits__for_what_is_under_way),
		SCENE(stop__loses__patience),
		SCENE(stop__is__at_once_when_nothing_is_under_way),
		SCENE(stop__returns__what_has_not_left),
		SCENE(many_contacts__are__served_in_turn),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
