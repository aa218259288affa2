/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the networks ask the bridge to remember, and what comes too late or twice. */
#include "unit/bridge/scene.h"

static void value__is_kept__until_it_is_forgotten(void **state)
{
	struct scene *s = *state;
	char value[32];

	bridge_chat_kept(s->bridge, "xmpp", "next", value, sizeof(value));
	assert_string_equal(value, "");
	assert_int_equal(bridge_chat_keep(s->bridge, "xmpp", "next", "s1"), 0);
	assert_int_equal(bridge_chat_keep(s->bridge, "matrix", "next", "s2"), 0);
	settle(s);
	bridge_chat_kept(s->bridge, "xmpp", "next", value, sizeof(value));
	assert_string_equal(value, "s1");
	bridge_chat_keep(s->bridge, "xmpp", "next", "");
	settle(s);
	bridge_chat_kept(s->bridge, "xmpp", "next", value, sizeof(value));
	assert_string_equal(value, "");
	/* One that does not fit is none, and not half a one. */
	bridge_chat_keep(s->bridge, "xmpp", "next", "12345678");
	bridge_chat_kept(s->bridge, "xmpp", "next", value, 4);
	assert_string_equal(value, "");
}

static void value__of_a_batch_that_fails__is_not_kept(void **state)
{
	struct scene *s = *state;
	char value[8];

	settle(s);
	bridge_chat_keep(s->bridge, "xmpp", "next", "s1");
	s->commits_to_fail = 1;
	settle(s);
	bridge_chat_kept(s->bridge, "xmpp", "next", value, sizeof(value));
	assert_string_equal(value, "");
}

static void unreadable_bytes__are_put_aside__and_told(void **state)
{
	struct scene *s = *state;

	for (int i = 0; i < QUARANTINE_MAX + 3; i++)
		assert_int_equal(
			bridge_chat_quarantine(s->bridge, "xmpp", "a transaction", "\0\xff{", 3),
			0);
	settle(s);
	ROOM_SAW(s, control_of(s), "something I cannot read (a transaction)");
	assert_int_equal(ask_number(s, "SELECT count(*) FROM quarantine WHERE bytes = x'00ff7b'"),
			 QUARANTINE_MAX);
}

static void words_that_come_too_late__are_not_texted(void **state)
{
	struct scene *s = *state;
	struct place_id room;
	struct chat_said said;

	receive(s, PAT, "Hello?");
	room = place_with(s, PAT);
	said = words_of(s, room, ALICE, "Good morning");
	said.stale = true;
	bridge_chat_said(s->bridge, "xmpp", &said);
	settle(s);
	assert_int_equal(sent(s), 0);
	ROOM_SAW(s, room, "so late");
	/* Nor is a command obeyed. */
	said = words_of(s, control_of(s), OLGA, "!pause");
	said.kind = PLACE_CONTROL;
	said.stale = true;
	bridge_chat_said(s->bridge, "xmpp", &said);
	settle(s);
	assert_false(bridge_is_paused(s->bridge));
}

static void place__is_found__by_its_address(void **state)
{
	struct scene *s = *state;
	struct place_id room;
	struct place_id found;
	char address[64];

	receive(s, PAT, "Hello?");
	room = place_with(s, PAT);
	(void)snprintf(address, sizeof(address), "moved-%lld", (long long)room.v);
	/* A place may move while it is ready. */
	bridge_place_ready(s->bridge, "xmpp", room, address);
	settle(s);
	assert_int_equal(bridge_place_find(s->bridge, "xmpp", PLACE_CONVERSATION, address, &found),
			 1);
	assert_int_equal(found.v, room.v);
	command(s, "!close 1");
	assert_int_equal(bridge_place_find(s->bridge, "xmpp", PLACE_CONVERSATION, address, &found),
			 1);
	assert_int_equal(
		bridge_place_find(s->bridge, "xmpp", PLACE_CONVERSATION, "nowhere", &found), 0);
}

static void strangers__are_not_known(void **state)
{
	struct scene *s = *state;

	assert_true(bridge_chat_knows(s->bridge, "xmpp", OLGA));
	assert_true(bridge_chat_knows(s->bridge, "xmpp", ALICE));
	assert_false(bridge_chat_knows(s->bridge, "xmpp", MALLORY));
	receive(s, PAT, "Hello?");
	command(s, "!assign 1 " MALLORY);
	assert_true(bridge_chat_knows(s->bridge, "xmpp", MALLORY));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(value__is_kept__until_it_is_forgotten),
		SCENE(value__of_a_batch_that_fails__is_not_kept),
		SCENE(unreadable_bytes__are_put_aside__and_told),
		SCENE(words_that_come_too_late__are_not_texted),
		SCENE(place__is_found__by_its_address),
		SCENE(strangers__are_not_known),
	};

	log_set_level(LOG_ERROR + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
