/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Who may act where, and which of what they say moves the cursor. */
#include "unit/bridge/scene.h"

static void only_the_team__takes__an_inbox_conversation(void **state)
{
	struct scene *s = *state;
	struct place_id room;

	receive(s, PAT, "Hello?");
	room = place_with(s, PAT);
	/* Whoever runs the server can look in, and an organizer may, without a wish to answer. */
	bridge_chat_joined(s->bridge, "xmpp", room, MALLORY);
	bridge_chat_joined(s->bridge, "xmpp", room, OLGA);
	say_in(s, room, MALLORY, "I am new here");
	say_in(s, room, MALLORY, "!claim");
	assert_int_equal(
		fake_chat_count(&s->xmpp, FAKE_SAY, room, "Not done: you are not of the team."), 2);
	assert_string_equal(conversation_with(s, PAT).owner, "");
	assert_int_equal(ask_number(s, "SELECT count(*) FROM message WHERE outbound = 1"), 0);
	say_in(s, room, OLGA, "Hi Pat");
	assert_string_equal(conversation_with(s, PAT).owner, "xmpp:" OLGA);
	/* Who was given it need not be of the team. */
	command(s, "!assign 1 " MALLORY);
	say_in(s, room, MALLORY, "I am new here");
	accept_all(s);
	assert_int_equal(sent(s), 2);
}

static void control_room__obeys__organizers_only(void **state)
{
	struct scene *s = *state;
	struct chat_said said;

	settle(s);
	said = words_of(s, control_of(s), MALLORY, "!pause");
	said.kind = PLACE_CONTROL;
	bridge_chat_said(s->bridge, "xmpp", &said);
	settle(s);
	assert_false(bridge_is_paused(s->bridge));
	assert_true(control_saw(s, "Not done: you are in this room, but no organizer."));
}

static void fleeting_event__leaves__the_cursor_alone(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	struct place_row before;
	struct place_row after;
	struct chat_said said;

	say_in(s, room, ALICE, "Hi");
	assert_int_equal(1, store_get_place(s->store, room, &before, NULL));
	s->xmpp.silent = true; /* what we say moves it too */
	said = words_of(s, room, ALICE, "👍");
	said.what = CHAT_SAID_REACTION;
	said.fleeting = true;
	bridge_chat_said(s->bridge, "xmpp", &said);
	settle(s);
	assert_int_equal(1, store_get_place(s->store, room, &after, NULL));
	assert_string_equal(after.cursor, before.cursor);
	s->xmpp.silent = false;
	wait_ms(s, MINUTE);
	ROOM_SAW(s, room, "A reaction is not texted");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(only_the_team__takes__an_inbox_conversation),
		SCENE(control_room__obeys__organizers_only),
		SCENE(fleeting_event__leaves__the_cursor_alone),
	};

	log_set_level(LOG_ERROR + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
