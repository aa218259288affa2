/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Stop, start, help, wrong numbers, holds, and what a person may decide about them. */
#include "unit/bridge/scene.h"

#define CONFIRMATION "Riverside: you are opted out. START undoes it."
#define WELCOME "Riverside: welcome back. STOP to end."
#define HELP "Riverside: ask help@riverside.example. STOP to end."

static size_t sent_with(struct scene *s, const char *to, const char *text)
{
	size_t n = 0;

	for (size_t i = 0; i < sent(s); i++)
		n += strcmp(sms(s, i).to, to) == 0 && strcmp(sms(s, i).text, text) == 0;
	return n;
}

static int64_t evidence(struct scene *s, const char *kind)
{
	char sql[128];

	(void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM consent_event WHERE kind = '%s'",
		       kind);
	return ask_number(s, sql);
}

/* ---- stop -------------------------------------------------------------------------------------- */

static void stop__ends__everything_with_one_confirmation(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	char queued[32];

	say_in(s, room, ALICE, "one"); /* is under way */
	say_in(s, room, ALICE, "two");
	STR_COPY(queued, s->event);
	receive(s, PAT, "STOP");
	assert_true(is_suppressed(s, PAT));
	assert_int_equal(state_of_text(s, "two"), MSG_CANCELLED);
	assert_int_equal(mark_on(s, queued), MARK_FAILED);
	ROOM_SAW(s, room, "STOP");
	ROOM_SAW(s, room, "⛔ They have opted out. No more texts can be sent to them, by anybody");
	assert_string_equal(fake_chat_find(&s->xmpp, FAKE_UPDATE, room, NULL)->topic,
			    "⛔ No texts: they have opted out");
	accept_all(s);
	assert_int_equal(sent_with(s, PAT, CONFIRMATION), 1);
	assert_int_equal(sent(s), 2);
	/* And whoever tries hears why not. */
	say_in(s, room, ALICE, "please");
	ROOM_SAW(s, room, "Not sent: they have opted out.");
	command(s, "!text " PAT " please");
	assert_true(control_saw(s, "Not sent: they have opted out."));
	assert_int_equal(sent(s), 2);
	assert_int_equal(evidence(s, "opt_out"), 1);
}

static void stop__is__confirmed_once_however_often_it_is_said(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	for (int i = 0; i < 5; i++)
		receive(s, PAT, "STOP");
	accept_all(s);
	wait_ms(s, HOUR);
	receive(s, PAT, "stop texting me");
	assert_int_equal(sent_with(s, PAT, CONFIRMATION), 1);
	ROOM_SAW(s, room, "⛔ They asked to stop again.");
	assert_int_equal(evidence(s, "opt_out"), 6);
}

static void owner__hears__that_nothing_can_be_texted(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	ROOM_SAW(s, room, "What they write here is texted");
	receive(s, PAT, "STOP");
	command(s, "!assign 1 " BOB);
	ROOM_SAW(s, room,
		 "This conversation is now with " BOB ". Nothing can be texted to them: they have "
		 "opted out. `!help` lists the commands.");
	assert_int_equal(
		fake_chat_count(&s->xmpp, FAKE_SAY, room, "This conversation is now with " BOB), 1);
}

static void stop__counts__from_a_number_never_seen(void **state)
{
	struct scene *s = *state;

	fake_chat_forget(&s->xmpp);
	receive(s, PAT, "STOP");
	assert_true(is_suppressed(s, PAT));
	assert_int_equal(sent_with(s, PAT, CONFIRMATION), 1);
	/* Nobody has to look at it. */
	assert_int_equal(s->xmpp.n, 0);
	assert_false(conversation_with(s, PAT).open);
	/* But when they come back it is a conversation. */
	receive(s, PAT, "Hello after all");
	assert_true(conversation_with(s, PAT).open);
	ROOM_SAW(s, place_with(s, PAT), "Hello after all");
}

static void stop__leaves__a_closed_conversation_closed(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	say_in(s, room, ALICE, "!close");
	receive(s, PAT, "STOP");
	assert_false(conversation_with(s, PAT).open);
	ROOM_SAW(s, room, "⛔ They have opted out.");
	assert_true(is_suppressed(s, PAT));
}

static void stop__is__not_confirmed_after_five_minutes(void **state)
{
	struct scene *s = *state;

	talk(s, PAT);
	command(s, "!pause");
	receive(s, PAT, "STOP");
	wait_ms(s, 5 * MINUTE + 1);
	command(s, "!resume");
	assert_int_equal(sent(s), 0);
	assert_int_equal(state_of_text(s, CONFIRMATION), MSG_EXPIRED);
	/* Nor is it ever repeated. */
	command(s, "!retry 3");
	assert_true(control_saw(s, "Text 3 is an automatic answer"));
	assert_int_equal(sent(s), 0);
}

static void stop__is__confirmed_up_to_five_minutes(void **state)
{
	struct scene *s = *state;

	talk(s, PAT);
	command(s, "!pause");
	receive(s, PAT, "STOP");
	wait_ms(s, 5 * MINUTE);
	command(s, "!resume");
	assert_int_equal(sent_with(s, PAT, CONFIRMATION), 1);
}

static void stop_that_waits__is__confirmed_once_however_often_it_is_said(void **state)
{
	struct scene *s = *state;

	talk(s, PAT);
	command(s, "!pause");
	receive(s, PAT, "STOP");
	receive(s, PAT, "STOP");
	command(s, "!resume");
	accept_all(s);
	assert_int_equal(sent_with(s, PAT, CONFIRMATION), 1);
}

/* The provider may be busy meanwhile: what is false by then is not said. */
static void confirmation__is__not_sent_after_the_opposite(void **state)
{
	struct scene *s = *state;

	talk(s, PAT);
	command(s, "!pause");
	receive(s, PAT, "STOP");
	receive(s, PAT, "START");
	assert_int_equal(state_of_text(s, CONFIRMATION), MSG_CANCELLED);
	receive(s, PAT, "STOP");
	assert_int_equal(state_of_text(s, WELCOME), MSG_CANCELLED);
	command(s, "!resume");
	accept_all(s);
	assert_int_equal(sent(s), 1);
	assert_int_equal(sent_with(s, PAT, CONFIRMATION), 1);
}

static void confirmation__is__not_late_when_the_clock_is_set_back(void **state)
{
	struct scene *s = *state;

	talk(s, PAT);
	command(s, "!pause");
	receive(s, PAT, "STOP");
	fake_loop_set_now(s->loop, loop_now(s->loop) - HOUR);
	wait_ms(s, 5 * MINUTE + 1);
	command(s, "!resume");
	assert_int_equal(sent(s), 0);
	/* Nor when that happened while we were down. */
	command(s, "!pause");
	receive(s, QUINN, "STOP");
	scene_bridge_stop(s);
	fake_loop_set_now(s->loop, loop_now(s->loop) - 24 * HOUR);
	scene_bridge_start(s);
	command(s, "!resume");
	wait_ms(s, HOUR);
	assert_int_equal(sent(s), 0);
	assert_int_equal(state_of_text(s, CONFIRMATION), MSG_EXPIRED);
}

static void confirmation__is__not_tried_by_the_provider_for_longer(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	say_in(s, room, ALICE, "one");
	assert_int_equal(sms(s, 0).validity_s, 14400);
	accept(s, 0);
	receive(s, PAT, "STOP");
	assert_int_equal(sms(s, 1).validity_s, 300);
	command(s, "!pause");
	receive(s, QUINN, "STOP");
	wait_ms(s, 4 * MINUTE);
	command(s, "!resume");
	assert_int_equal(sms(s, 2).validity_s, 60);
}

/* A lost answer is no reason to confirm twice. */
static void confirmation__is__not_repeated_when_its_answer_is_lost(void **state)
{
	struct scene *s = *state;

	receive(s, PAT, "STOP");
	answer_class(s, 0, SMS_AMBIGUOUS, SMS_SCOPE_MESSAGE);
	wait_ms(s, HOUR);
	assert_int_equal(sent(s), 1);
}

static void stop__takes__the_place_of_a_wrong_number(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	receive(s, PAT, "wrong number");
	assert_true(is_suppressed(s, PAT));
	assert_int_equal(sent(s), 0);
	receive(s, PAT, "STOP");
	assert_int_equal(sent_with(s, PAT, CONFIRMATION), 1);
	/* A person could have undone the first, but not the second. */
	say_in(s, room, ALICE, "!keep");
	ROOM_SAW(s, room, "Only they can undo that, by texting START.");
	assert_true(is_suppressed(s, PAT));
	/* And a wrong number does not take the place of a stop. */
	say_in(s, room, ALICE, "!wrong");
	say_in(s, room, ALICE, "!keep");
	assert_true(is_suppressed(s, PAT));
}

static void stop__is__stored_with_the_text_or_not_at_all(void **state)
{
	struct scene *s = *state;
	char text[] = "STOP";
	struct sms_event event = text_event(s, PAT, text);

	s->commits_to_fail = 1;
	assert_int_equal(0, hook(s, &s->accounts[0], &event));
	settle(s);
	assert_false(is_suppressed(s, PAT));
	assert_int_equal(ask_number(s, "SELECT count(*) FROM hook"), 0);
	assert_int_equal(sent(s), 0);
	assert_int_equal(0, hook(s, &s->accounts[0], &event)); /* the provider tries again */
	settle(s);
	assert_true(is_suppressed(s, PAT));
	assert_int_equal(sent_with(s, PAT, CONFIRMATION), 1);
}

/* ---- who answers ------------------------------------------------------------------------------- */

static void provider__answers__the_keywords_it_knows(void **state)
{
	static const char *const stop[] = {"STOP", NULL};
	static const char *const start[] = {"START", NULL};
	static const char *const help[] = {"HELP", NULL};
	struct scene *s = *state;

	s->senders[0].reply_by = SMS_REPLY_BY_PROVIDER;
	fake_driver.stop_keywords = stop;
	fake_driver.start_keywords = start;
	fake_driver.help_keywords = help;
	receive(s, PAT, "help");
	receive(s, PAT, "stop");
	receive(s, PAT, "start");
	assert_int_equal(sent(s), 0);
	/* What it does not know it has not answered. */
	receive(s, QUINN, "stop texting me");
	assert_int_equal(sent_with(s, QUINN, CONFIRMATION), 1);
}

static void network__answers__stop_and_start_but_not_help(void **state)
{
	struct scene *s = *state;

	s->senders[0].reply_by = SMS_REPLY_BY_NETWORK;
	receive(s, PAT, "HELP");
	assert_int_equal(sent_with(s, PAT, HELP), 1);
	receive(s, PAT, "STOP");
	receive(s, PAT, "START");
	accept_all(s);
	assert_int_equal(sent(s), 1);
}

static void receive_as(struct scene *s, const char *from, const char *text,
		       enum sms_keyword keyword)
{
	AUTO_FREE char *copy = xstrdup(text);
	struct sms_event event = text_event(s, from, copy);

	event.keyword = keyword;
	assert_int_equal(0, hook(s, &s->accounts[0], &event));
	settle(s);
}

/* Words of its own that an admin has set at the provider. */
static void what_the_provider_heard__counts__whatever_the_words_are(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	receive_as(s, PAT, "genug", SMS_KEYWORD_STOP);
	assert_true(is_suppressed(s, PAT));
	ROOM_SAW(s, room, "⛔ They have opted out.");
	receive_as(s, PAT, "doch", SMS_KEYWORD_START);
	assert_false(is_suppressed(s, PAT));
	receive_as(s, PAT, "hilfe", SMS_KEYWORD_HELP);
	assert_int_equal(sent(s), 0); /* it has answered all of them */
}

/* "Yes" is a keyword for START at some providers, and the usual answer for everybody else. */
static void yes__is__an_answer_of_who_has_not_stopped(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	wait_ms(s, 100 * HOUR);
	receive_as(s, PAT, "Yes", SMS_KEYWORD_START);
	assert_int_equal(evidence(s, "reopt_in"), 0);
	say_in(s, room, ALICE, "Great");
	assert_int_equal(ask_number(s, "SELECT kind FROM message WHERE text = 'Great'"),
			 MSGKIND_REPLY);
	receive(s, PAT, "STOP");
	receive_as(s, PAT, "Yes", SMS_KEYWORD_START);
	assert_false(is_suppressed(s, PAT));
	assert_int_equal(evidence(s, "reopt_in"), 1);
}

/* ---- start and help ---------------------------------------------------------------------------- */

static void start__undoes__a_stop_with_one_answer(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	receive(s, PAT, "START"); /* nothing to undo */
	assert_int_equal(sent(s), 0);
	receive(s, PAT, "STOP");
	accept_all(s);
	receive(s, PAT, "START");
	receive(s, PAT, "START");
	accept_all(s);
	assert_int_equal(sent_with(s, PAT, WELCOME), 1);
	ROOM_SAW(s, room, "✅ They opted in again by texting START.");
	assert_false(is_suppressed(s, PAT));
	assert_string_equal(fake_chat_find(&s->xmpp, FAKE_UPDATE, room, NULL)->topic,
			    "With " ALICE);
	say_in(s, room, ALICE, "Good to have you back");
	assert_int_equal(sent(s), 3);
	/* A second stop is confirmed again. */
	accept_all(s);
	receive(s, PAT, "STOP");
	accept_all(s);
	assert_int_equal(sent_with(s, PAT, CONFIRMATION), 2);
}

static void help__is__answered_at_most_once_an_hour(void **state)
{
	struct scene *s = *state;

	for (int i = 0; i < 10; i++) { /* another machine */
		receive(s, PAT, "HELP");
		accept_all(s);
		wait_ms(s, MINUTE);
	}
	assert_int_equal(sent_with(s, PAT, HELP), 1);
	wait_ms(s, HOUR);
	receive(s, PAT, "HELP");
	assert_int_equal(sent_with(s, PAT, HELP), 2);
	accept_all(s);
	/* Also who has stopped may ask who we are. */
	receive(s, QUINN, "STOP");
	receive(s, QUINN, "HELP");
	accept_all(s);
	assert_int_equal(sent_with(s, QUINN, HELP), 1);
}

static void automatic_answers__are__no_answers_of_theirs(void **state)
{
	struct scene *s = *state;
	struct place_id room;

	receive(s, PAT, "HELP");
	room = place_with(s, PAT);
	say_in(s, room, ALICE, "Hi, we are Riverside");
	assert_int_equal(
		ask_number(s, "SELECT kind FROM message WHERE text = 'Hi, we are Riverside'"),
		MSGKIND_INITIAL);
}

/* ---- holds ------------------------------------------------------------------------------------- */

static void perhaps_stop__holds__what_we_would_say_first(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	receive(s, PAT, "I am not interested");
	assert_true(is_held(s, PAT));
	assert_false(is_suppressed(s, PAT));
	ROOM_SAW(s, room, "✋ This may be a wish not to be texted.");
	ROOM_SAW(s, room, "Undecided in 24 hours, it becomes an opt-out.");
	/* An answer to them may go. */
	say_in(s, room, ALICE, "Understood, sorry");
	assert_int_equal(sent(s), 1);
	accept_all(s);
	/* After a while it would be us who speak first. */
	s->options.reply_window_ms = HOUR;
	wait_ms(s, 2 * HOUR);
	say_in(s, room, ALICE, "Still there?");
	ROOM_SAW(s, room, "Not sent: they may have asked to stop.");
	assert_int_equal(sent(s), 1);
	say_in(s, room, ALICE, "!keep");
	ROOM_SAW(s, room, "Kept: they can be texted.");
	assert_false(is_held(s, PAT));
	assert_int_equal(evidence(s, "hold_resolved"), 1);
	say_in(s, room, ALICE, "Still there?");
	assert_int_equal(sent(s), 2);
	wait_ms(s, 48 * HOUR);
	assert_false(is_suppressed(s, PAT));
	say_in(s, room, ALICE, "!keep");
	ROOM_SAW(s, room, "There is nothing to decide about them.");
}

static void undecided_hold__becomes__an_opt_out(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	receive(s, PAT, "not interested");
	wait_ms(s, 12 * HOUR);
	receive(s, PAT, "I said not interested"); /* does not put it off */
	assert_int_equal(evidence(s, "hold"), 1);
	wait_ms(s, 12 * HOUR - 1);
	assert_false(is_suppressed(s, PAT));
	wait_ms(s, 2000);
	assert_true(is_suppressed(s, PAT));
	assert_false(is_held(s, PAT));
	ROOM_SAW(s, room, "⛔ Nobody decided in time");
	assert_int_equal(sent(s), 0); /* a confirmation would be too late */
	assert_int_equal(fake_loop_timers(s->loop), 0);
}

static void holds__end__one_after_the_other(void **state)
{
	struct scene *s = *state;

	receive(s, PAT, "not interested");
	wait_ms(s, HOUR);
	receive(s, QUINN, "not interested");
	receive(s, RAY, "not interested");
	wait_ms(s, 23 * HOUR + 2000);
	assert_true(is_suppressed(s, PAT));
	assert_false(is_suppressed(s, QUINN));
	wait_ms(s, HOUR + 2000);
	assert_true(is_suppressed(s, QUINN));
	assert_true(is_suppressed(s, RAY));
}

static void ended_hold__is__tried_until_it_is_on_disk(void **state)
{
	struct scene *s = *state;

	receive(s, PAT, "not interested");
	wait_ms(s, 24 * HOUR - 5000);
	disk_refuses(s, true);
	wait_ms(s, MINUTE);
	disk_refuses(s, false);
	s->commits_to_fail = 1;
	wait_ms(s, 1000);
	assert_int_equal(s->commits_to_fail, 0);
	assert_false(is_suppressed(s, PAT));
	wait_ms(s, 1000);
	assert_true(is_suppressed(s, PAT));
}

static void hold__is__watched_after_a_restart(void **state)
{
	struct scene *s = *state;

	receive(s, PAT, "not interested");
	scene_bridge_stop(s);
	scene_bridge_start(s);
	wait_ms(s, 24 * HOUR + 1000);
	assert_true(is_suppressed(s, PAT));
}

static void stop_or_start__ends__a_hold(void **state)
{
	struct scene *s = *state;
	struct place_id room;

	receive(s, PAT, "not interested");
	receive(s, PAT, "STOP");
	assert_false(is_held(s, PAT));
	assert_true(is_suppressed(s, PAT));
	receive(s, QUINN, "not interested");
	room = place_with(s, QUINN);
	receive(s, QUINN, "START");
	assert_false(is_held(s, QUINN));
	ROOM_SAW(s, room, "✅ They opted in again");
	assert_int_equal(sent_with(s, QUINN, WELCOME), 0); /* they had not stopped */
}

/* ---- what people decide ------------------------------------------------------------------------ */

static void optout__by_a_person__confirms_only_what_they_just_said(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	receive(s, PAT, "not interested");
	wait_ms(s, MINUTE);
	say_in(s, room, ALICE, "!optout");
	assert_true(is_suppressed(s, PAT));
	assert_false(is_held(s, PAT));
	ROOM_SAW(s, room, "⛔ Opted out by " ALICE);
	assert_int_equal(sent_with(s, PAT, CONFIRMATION), 1);
	say_in(s, room, ALICE, "!optout");
	assert_int_equal(sent_with(s, PAT, CONFIRMATION), 1);

	receive(s, QUINN, "not interested");
	wait_ms(s, 5 * MINUTE + 1);
	command(s, "!optout " QUINN);
	assert_true(is_suppressed(s, QUINN));
	assert_int_equal(sent_with(s, QUINN, CONFIRMATION), 0);

	receive(s, RAY, "not interested");
	command(s, "!optout " RAY " quiet");
	assert_true(is_suppressed(s, RAY));
	assert_int_equal(sent_with(s, RAY, CONFIRMATION), 0);
	/* Also whom we have never seen. */
	command(s, "!optout +14155550199");
	assert_true(is_suppressed(s, "+14155550199"));
	assert_true(control_saw(s, "+14155550199 is opted out: nobody can text them any more."));
}

/* Nothing beside it can undo an opt-out: not a sender that is gone either. */
static void optout__needs__no_sender(void **state)
{
	struct scene *s = *state;
	struct bridge_options none = s->options;

	receive(s, PAT, "not interested");
	none.senders = s->senders + 1;
	none.sender_n = 1;
	bridge_reload(s->bridge, &none);
	command(s, "!optout " PAT);
	assert_true(is_suppressed(s, PAT));
	assert_int_equal(sent(s), 0);
}

static void optout__takes__the_confirmation_in_time_or_not(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	command(s, "!pause");
	receive(s, PAT, "not interested");
	wait_ms(s, 4 * MINUTE);
	say_in(s, room, ALICE, "!optout");
	wait_ms(s, MINUTE + 1); /* since they wrote, not since it was decided */
	command(s, "!resume");
	assert_int_equal(sent(s), 0);
}

static void wrong_number__is__undone_by_keep(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	say_in(s, room, ALICE, "!wrong");
	ROOM_SAW(s, room, "☎ Marked as a wrong number");
	say_in(s, room, ALICE, "Hello");
	ROOM_SAW(s, room, "Not sent: this is a wrong number.");
	say_in(s, room, ALICE, "!keep");
	assert_false(is_suppressed(s, PAT));
	say_in(s, room, ALICE, "Hello");
	assert_int_equal(sent(s), 1);
}

static void refusal_of_the_provider__is__an_opt_out(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	say_in(s, room, ALICE, "one");
	say_in(s, room, ALICE, "two");
	answer_class(s, 0, SMS_OPTED_OUT, SMS_SCOPE_MESSAGE);
	assert_true(is_suppressed(s, PAT));
	assert_int_equal(state_of_text(s, "one"), MSG_FAILED);
	assert_int_equal(state_of_text(s, "two"), MSG_CANCELLED);
	ROOM_SAW(s, room, "⛔ The provider says that they have opted out.");
	assert_int_equal(sent(s), 1); /* no confirmation */
	assert_int_equal(evidence(s, "provider_opt_out"), 1);
	/* By a report too. */
	room = talk(s, QUINN);
	say_in(s, room, ALICE, "three");
	accept_all(s);
	{
		struct sms_event event = report_event(s, ref_of(s, 1), SMS_STATUS_FAILED);

		event.class = SMS_OPTED_OUT;
		assert_int_equal(0, hook(s, &s->accounts[0], &event));
		settle(s);
	}
	assert_true(is_suppressed(s, QUINN));
}

/* The text that a hold catches between claim and hand-over. */
static void hold__catches__a_first_text_before_it_leaves(void **state)
{
	struct scene *s = *state;

	command(s, "!text " PAT " Hi, this is Riverside");
	assert_int_equal(sent(s), 1);
	accept_all(s);
	{
		struct chat_said said = words_of(s, place_with(s, PAT), OLGA, "And one more");

		bridge_chat_said(s->bridge, "xmpp", &said);
	}
	fake_loop_turn(s->loop);
	fake_loop_turn(s->loop);
	assert_int_equal(state_of_text(s, "And one more"), MSG_SENDING);
	texts_us(s, PAT, "not interested");
	settle(s);
	assert_int_equal(sent(s), 1);
	assert_int_equal(state_of_text(s, "And one more"), MSG_CANCELLED);
	ROOM_SAW(s, place_with(s, PAT), "✖ “And one more” was not sent: they may have");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(stop__ends__everything_with_one_confirmation),
		SCENE(stop__is__confirmed_once_however_often_it_is_said),
		SCENE(owner__hears__that_nothing_can_be_texted),
		SCENE(stop__counts__from_a_number_never_seen),
		SCENE(stop__leaves__a_closed_conversation_closed),
		SCENE(stop__is__not_confirmed_after_five_minutes),
		SCENE(stop__is__confirmed_up_to_five_minutes),
		SCENE(stop_that_waits__is__confirmed_once_however_often_it_is_said),
		SCENE(confirmation__is__not_sent_after_the_opposite),
		SCENE(confirmation__is__not_late_when_the_clock_is_set_back),
		SCENE(confirmation__is__not_tried_by_the_provider_for_longer),
		SCENE(confirmation__is__not_repeated_when_its_answer_is_lost),
		SCENE(stop__takes__the_place_of_a_wrong_number),
		SCENE(stop__is__stored_with_the_text_or_not_at_all),
		SCENE(provider__answers__the_keywords_it_knows),
		SCENE(network__answers__stop_and_start_but_not_help),
		SCENE(what_the_provider_heard__counts__whatever_the_words_are),
		SCENE(yes__is__an_answer_of_who_has_not_stopped),
		SCENE(start__undoes__a_stop_with_one_answer),
		SCENE(help__is__answered_at_most_once_an_hour),
		SCENE(automatic_answers__are__no_answers_of_theirs),
		SCENE(perhaps_stop__holds__what_we_would_say_first),
		SCENE(undecided_hold__becomes__an_opt_out),
		SCENE(holds__end__one_after_the_other),
		SCENE(ended_hold__is__tried_until_it_is_on_disk),
		SCENE(hold__is__watched_after_a_restart),
		SCENE(stop_or_start__ends__a_hold),
		SCENE(optout__by_a_person__confirms_only_what_they_just_said),
		SCENE(optout__needs__no_sender),
		SCENE(optout__takes__the_confirmation_in_time_or_not),
		SCENE(wrong_number__is__undone_by_keep),
		SCENE(refusal_of_the_provider__is__an_opt_out),
		SCENE(hold__catches__a_first_text_before_it_leaves),
	};

	log_set_level(LOG_ERROR + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
