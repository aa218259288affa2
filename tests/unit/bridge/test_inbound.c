/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The way in: stored once, shown, given to somebody. */
#include "unit/bridge/scene.h"

static void text__opens__a_conversation_in_the_inbox(void **state)
{
	struct scene *s = *state;
	struct conversation_row row;
	struct place_id room;
	struct fake_said *opened;

	receive(s, PAT, "Hello there");
	row = conversation_with(s, PAT);
	room = place_with(s, PAT);
	assert_true(row.open);
	assert_string_equal(row.owner, "");
	opened = fake_chat_find(&s->xmpp, FAKE_OPEN, room, "Contact …0101");
	assert_non_null(opened);
	assert_string_equal(opened->members, ALICE " " BOB);
	assert_string_equal(opened->topic, "Inbox");
	assert_string_equal(opened->contact_name, "Contact …0101");
	assert_true(opened->invite);
	assert_int_equal(opened->place_kind, PLACE_CONVERSATION);
	/* The number itself is nowhere in it. */
	assert_null(strstr(opened->token, "1415"));
	ROOM_SAW(s, room, "Hello there");
	assert_int_equal(fake_chat_find(&s->xmpp, FAKE_SAY, room, "Hello there")->voice,
			 VOICE_CONTACT);
	assert_true(control_saw(s, "📥 Contact …0101 wrote: “Hello there”"));
	assert_true(control_saw(s, "`!claim 1` takes it"));
	assert_int_equal(sent(s), 0);
}

static void later_texts__are__not_announced_again(void **state)
{
	struct scene *s = *state;

	receive(s, PAT, "one");
	receive(s, PAT, "two");
	assert_int_equal(fake_chat_count(&s->xmpp, FAKE_SAY, control_of(s), "📥"), 1);
	assert_int_equal(fake_chat_count(&s->xmpp, FAKE_OPEN, place_with(s, PAT), NULL), 1);
	ROOM_SAW(s, place_with(s, PAT), "two");
}

static void repeated_hook__changes__nothing(void **state)
{
	struct scene *s = *state;
	char text[] = "once";
	struct sms_event event = text_event(s, PAT, text);

	for (int i = 0; i < 3; i++) {
		assert_int_equal(0, hook(s, &s->accounts[0], &event));
		settle(s);
	}
	assert_int_equal(ask_number(s, "SELECT count(*) FROM message"), 1);
	assert_int_equal(fake_chat_count(&s->xmpp, FAKE_SAY, place_with(s, PAT), "once"), 1);
	/* The same key of another provider is another text. */
	assert_int_equal(0, hook(s, &s->accounts[1], &event));
	assert_int_equal(ask_number(s, "SELECT count(*) FROM message"), 2);
}

static void refused_hook__is__taken_when_it_comes_again(void **state)
{
	struct scene *s = *state;
	char text[] = "once";
	struct sms_event event = text_event(s, PAT, text);

	disk_refuses(s, true);
	assert_int_equal(-1, hook(s, &s->accounts[0], &event));
	settle(s);
	disk_refuses(s, false);
	s->commits_to_fail = 1;
	assert_int_equal(0, hook(s, &s->accounts[0], &event));
	settle(s);
	assert_int_equal(s->commits_to_fail, 0);
	assert_int_equal(ask_number(s, "SELECT count(*) FROM message"), 0);
	assert_int_equal(fake_chat_count(&s->xmpp, FAKE_SAY, (struct place_id){0}, "once"), 0);
	assert_int_equal(0, hook(s, &s->accounts[0], &event));
	settle(s);
	ROOM_SAW(s, place_with(s, PAT), "once");
}

/* An id that was rolled back is used again: its words must not be taken for known ones. */
static void rolled_back_rows__are__never_shown(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	struct fake_said *entry;

	s->xmpp.silent = true;
	texts_us(s, PAT, "first");
	fake_loop_advance(s->loop, 0);
	entry = fake_chat_find(&s->xmpp, FAKE_SAY, room, "first");
	/* In one turn: a text, and the end of the row before, which asks for the next one. */
	texts_us(s, PAT, "lost");
	fake_chat_finish(&s->xmpp, entry);
	assert_null(fake_chat_find(&s->xmpp, FAKE_SAY, room, "lost"));
	s->commits_to_fail = 1;
	fake_loop_advance(s->loop, 0);
	assert_int_equal(s->commits_to_fail, 0);
	assert_null(fake_chat_find(&s->xmpp, FAKE_SAY, room, "lost"));
	s->xmpp.silent = false;
	receive(s, PAT, "kept");
	wait_ms(s, 6000);
	ROOM_SAW(s, room, "kept");
	assert_false(room_saw(s, room, "lost"));
	for (size_t i = 0; i < s->xmpp.n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (s->xmpp.log[i].id.v && s->xmpp.log[i].id.v == s->xmpp.log[k].id.v &&
			    s->xmpp.log[i].text)
				assert_string_equal(s->xmpp.log[i].text, s->xmpp.log[k].text);
		}
	}
}

static void closed_conversation__opens__with_whom_they_know(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	say_in(s, room, ALICE, "!close");
	assert_false(conversation_with(s, PAT).open);
	assert_non_null(fake_chat_find(&s->xmpp, FAKE_CLOSE, room, NULL));
	fake_chat_forget(&s->xmpp);
	receive(s, PAT, "One more thing");
	assert_true(conversation_with(s, PAT).open);
	assert_string_equal(conversation_with(s, PAT).owner, "xmpp:" ALICE);
	assert_true(fake_chat_find(&s->xmpp, FAKE_UPDATE, room, NULL)->invite);
	ROOM_SAW(s, room, "One more thing");
	assert_false(control_saw(s, "📥"));
}

static void conversation__goes__back_to_the_inbox_when_its_network_is_gone(void **state)
{
	struct scene *s = *state;
	struct conversation_row row;

	receive(s, PAT, "Hello?");
	row = conversation_with(s, PAT);
	STR_COPY(row.owner, "irc:alice");
	assert_int_equal(0, store_step_begin(s->store, NULL));
	assert_int_equal(0, store_conversation_update(s->store, &row, 1, NULL));
	assert_int_equal(0, store_step_end(s->store, true, NULL));
	settle(s);
	fake_chat_forget(&s->xmpp);
	receive(s, PAT, "Anybody?");
	assert_string_equal(conversation_with(s, PAT).owner, "");
	assert_true(control_saw(s, "📥 Contact …0101 wrote: “Anybody?”"));
}

static void nameless_sender__is__shown_in_the_control_room(void **state)
{
	struct scene *s = *state;
	static const char *const names[] = {"BigBank", "", "not a number\n\x01", "12"};

	for (size_t i = 0; i < 4; i++) {
		fake_chat_forget(&s->xmpp);
		receive(s, names[i], "Your code is 123");
		assert_true(control_saw(s, "which is no number one could answer:\nYour code is "
					   "123"));
	}
	assert_int_equal(ask_number(s, "SELECT count(*) FROM contact"), 0);
}

static void short_code__is__heard_and_never_texted(void **state)
{
	struct scene *s = *state;
	struct place_id room;

	receive(s, "384387", "HELP");
	receive(s, "384387", "STOP");
	assert_true(is_suppressed(s, "384387"));
	receive(s, "384388", "Your code is 123");
	room = place_with(s, "384388");
	say_in(s, room, ALICE, "thanks");
	ROOM_SAW(s, room, "Not sent: short codes cannot be texted.");
	assert_int_equal(sent(s), 0);
}

/* ---- what comes in ----------------------------------------------------------------------------- */

static void text_without_words__is__said_to_be_one(void **state)
{
	struct scene *s = *state;
	struct sms_event event = text_event(s, PAT, NULL);

	assert_int_equal(0, hook(s, &s->accounts[0], &event));
	settle(s);
	ROOM_SAW(s, place_with(s, PAT), "(a text without words)");
	receive(s, PAT, "");
	assert_int_equal(
		fake_chat_count(&s->xmpp, FAKE_SAY, place_with(s, PAT), "(a text without words)"),
		2);
}

static void bytes__are__cleaned(void **state)
{
	struct scene *s = *state;

	receive(s, PAT, "bad \xff\xc0\xaf and \x07 bell\r\nline");
	ROOM_SAW(s, place_with(s, PAT), "bad \ufffd\ufffd\ufffd and  bell\nline");
}

static void longest_text__comes__whole(void **state)
{
	struct scene *s = *state;
	char text[SMS_TEXT_MAX + 1];
	struct fake_said *said;

	for (size_t i = 0; i < SMS_TEXT_MAX; i += 4)
		memcpy(text + i, "😀", 5);
	receive(s, PAT, text);
	said = fake_chat_find(&s->xmpp, FAKE_SAY, place_with(s, PAT), "😀");
	assert_string_equal(said->text, text);
	/* Announced only by its start, cut between two characters. */
	said = fake_chat_find(&s->xmpp, FAKE_SAY, control_of(s), "📥");
	assert_true(strlen(said->text) < 1000);
	assert_true(utf8_valid(said->text, strlen(said->text)));
	assert_non_null(strstr(said->text, "😀…”"));
}

/* ---- senders ----------------------------------------------------------------------------------- */

static void contact__is__answered_from_the_number_they_wrote_to(void **state)
{
	struct scene *s = *state;
	char text[] = "Hello?";
	struct sms_event event = text_event(s, PAT, text);

	STR_COPY(event.to, "(213) 555-0100");
	assert_int_equal(0, hook(s, &s->accounts[0], &event));
	settle(s);
	receive(s, PAT, "and here"); /* to the other number */
	say_in(s, place_with(s, PAT), ALICE, "Hi");
	assert_string_equal(sms(s, 0).from, "+12135550100");
}

static void unknown_number_of_ours__is__the_accounts_first(void **state)
{
	struct scene *s = *state;
	char text[] = "Hello?";
	struct sms_event event = text_event(s, PAT, text);

	STR_COPY(event.to, "service SM123");
	assert_int_equal(0, hook(s, &s->accounts[1], &event));
	settle(s);
	say_in(s, place_with(s, PAT), ALICE, "Hi");
	assert_string_equal(sms(s, 0).from, "+12145550100");
}

/* Nothing is lost and a stop is heard, though nobody can be answered from there. */
static void account_without_sender__is__heard(void **state)
{
	struct scene *s = *state;
	struct bridge_options fewer = s->options;
	struct sms_event event;

	fewer.sender_n = 2;
	bridge_reload(s->bridge, &fewer);
	event = text_event(s, PAT, (char[]){"Hello?"});
	assert_int_equal(0, hook(s, &s->accounts[1], &event));
	settle(s);
	ROOM_SAW(s, place_with(s, PAT), "Hello?");
	assert_true(control_saw(s, "⚠ A text came by “other”, for which no sender is configured"));
	event = text_event(s, QUINN, (char[]){"STOP"});
	assert_int_equal(0, hook(s, &s->accounts[1], &event));
	settle(s);
	assert_true(is_suppressed(s, QUINN));
	assert_int_equal(sent(s), 0);
}

static void ignored_event__is__only_remembered(void **state)
{
	struct scene *s = *state;
	struct sms_event event = {.kind = SMS_EVENT_IGNORED, .key = "k"};

	fake_chat_forget(&s->xmpp);
	assert_int_equal(0, hook(s, &s->accounts[0], &event));
	settle(s);
	assert_int_equal(ask_number(s, "SELECT count(*) FROM hook"), 1);
	assert_int_equal(s->xmpp.n, 0);
}

static void two_networks__both__show_what_is_in_the_inbox(void **state)
{
	static const char *const both[] = {"xmpp:" ALICE, "matrix:@bob:example.org"};
	struct scene *s = *state;
	struct bridge_options options = s->options;
	struct place_id there;

	options.inbox = both;
	bridge_reload(s->bridge, &options);
	receive(s, PAT, "Hello?");
	there = place_in(s, "matrix", PAT);
	assert_string_equal(fake_chat_find(&s->matrix, FAKE_OPEN, there, NULL)->members,
			    "@bob:example.org");
	assert_string_equal(fake_chat_find(&s->xmpp, FAKE_OPEN, place_with(s, PAT), NULL)->members,
			    ALICE);
	assert_non_null(fake_chat_find(&s->matrix, FAKE_SAY, there, "Hello?"));
	/* Only the network of whoever takes it keeps members. */
	say_in(s, place_with(s, PAT), ALICE, "!claim");
	assert_string_equal(fake_chat_find(&s->matrix, FAKE_UPDATE, there, NULL)->members, "");
	/* One that nobody of a network can see is not shown there. */
	options.inbox = scene_inbox;
	bridge_reload(s->bridge, &options);
	receive(s, QUINN, "Hello?");
	assert_int_equal(ask_number(s, "SELECT count(*) FROM place WHERE network = 'matrix' AND "
				       "kind = 0"),
			 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(text__opens__a_conversation_in_the_inbox),
		SCENE(later_texts__are__not_announced_again),
		SCENE(repeated_hook__changes__nothing),
		SCENE(refused_hook__is__taken_when_it_comes_again),
		SCENE(rolled_back_rows__are__never_shown),
		SCENE(closed_conversation__opens__with_whom_they_know),
		SCENE(conversation__goes__back_to_the_inbox_when_its_network_is_gone),
		SCENE(nameless_sender__is__shown_in_the_control_room),
		SCENE(short_code__is__heard_and_never_texted),
		SCENE(text_without_words__is__said_to_be_one),
		SCENE(bytes__are__cleaned),
		SCENE(longest_text__comes__whole),
		SCENE(contact__is__answered_from_the_number_they_wrote_to),
		SCENE(unknown_number_of_ours__is__the_accounts_first),
		SCENE(account_without_sender__is__heard),
		SCENE(ignored_event__is__only_remembered),
		SCENE_TWO(two_networks__both__show_what_is_in_the_inbox),
	};

	log_set_level(LOG_ERROR + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
