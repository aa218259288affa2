/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Rooms of conversations and the control room: made, looked at, put right, followed, lost. */
#include "matrix_world.c"

#define MINUTE_MS 60000
#define FORBIDDEN "{\"errcode\":\"M_FORBIDDEN\",\"error\":\"no\"}"
#define GHOST "@_sms_a:hs"

static const char *const only_bob[] = {BOB};

/* ---- made ----------------------------------------------------------------------------------------- */

static void mx_room__made(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_create(NULL);
	world_up();
	world_open(&a);
	told("ready 1 !1:hs");
	assert_body("POST /register", "\"username\":\"_sms_a\"");
	asked("POST /register", "PUT /devices/ROOMLINE as @_sms_a:hs",
	      "PUT /profile/@_sms_a:hs/displayname as @_sms_a:hs", "POST /createRoom",
	      "POST /rooms/!1:hs/join as @_sms_a:hs", "GET /rooms/!1:hs/state",
	      /* its space, and who belongs there */
	      "POST /createRoom", "POST /rooms/!1:hs/invite", "GET /rooms/!2:hs/state",
	      "POST /rooms/!2:hs/invite", "PUT /rooms/!2:hs/state/m.space.child/!1:hs");
	assert_string_equal(fake_hs_membership(w.hs, "!1:hs", ALICE), "invite");
	assert_string_equal(fake_hs_membership(w.hs, "!1:hs", GHOST), "join");
	assert_string_equal(fake_hs_alias(w.hs, "_sms_a"), "!1:hs");
	assert_part(fake_hs_state(w.hs, "!1:hs", "m.room.name", ""), "Pat …0123");
	assert_string_equal(fake_hs_alias(w.hs, "_sms_space_" EPOCH), "!2:hs");
	world_say(&a, 7, "hello");
	told("done 7 $1");
	asked("PUT /rooms/!1:hs/send/m.room.message/EPOCH.7t as @_sms_a:hs");
}

/* Who has no account there is asked like others: it does not stop anything. */
static void mx_room__member_who_cannot_be_asked(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_create(NULL);
	world_up();
	fake_hs_fail(w.hs, "/invite", 2, 403, FORBIDDEN);
	world_open(&a);
	world_say(&a, 7, "hello");
	told("ready 1 !1:hs", "done 7 $1");
}

static void mx_room__no_ghosts_as_a_bot(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_create("mode", "bot", "user", BOT, "password", "x", NULL);
	world_up();
	world_open(&a);
	assert_int_equal(fake_hs_count(w.hs, GHOST), 0);
	world_say(&a, 7, "hello");
	told("ready 1 !1:hs", "done 7 $1");
	assert_body("EPOCH.7t", "\"body\":\"Pat: hello\"");
}

/* We died between making it and storing its id: the alias leads to it. */
static void mx_room__alias_leads_to_the_one_we_made(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_create(NULL);
	world_up();
	fake_hs_fail(w.hs, "/createRoom", 1, FAKE_HS_DROPPED_AFTER, NULL);
	world_open(&a);
	fake_hs_wait(w.hs, 5000);
	told("ready 1 !1:hs");
	assert_int_equal(fake_hs_count(w.hs, "GET /directory/room/#_sms_a:hs"), 1);
	assert_int_equal(fake_hs_rooms(w.hs), 2); /* and the space */
	assert_string_equal(fake_hs_membership(w.hs, "!1:hs", GHOST), "join");
}

/* The directory does not answer: that is no reason to take the alias away from our own room. */
static void mx_room__alias_is_kept_while_nobody_knows_whose_it_is(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_create(NULL);
	world_up();
	fake_hs_fail(w.hs, "/createRoom", 1, FAKE_HS_DROPPED_AFTER, NULL);
	fake_hs_fail(w.hs, "GET /directory/room/", 8, 500, "{}");
	world_open(&a);
	fake_hs_wait(w.hs, 5 * MINUTE_MS);
	told("ready 1 !1:hs");
	assert_int_equal(fake_hs_count(w.hs, "DELETE"), 0);
	assert_string_equal(fake_hs_alias(w.hs, "_sms_a"), "!1:hs");
}

/* Out of a room into which nobody lets us again: its alias is ours to move to the next. */
static void mx_room__alias_of_a_dead_room(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_create(NULL);
	world_up();
	world_open(&a);
	forget_all();
	world_member("!1:hs", "@admin:hs", BOT, "leave");
	told("lost 1 @admin:hs has put the bot out of it");
	a.address = "!1:hs";
	world_open(&a);
	told("ready 1 !3:hs");
	assert_int_equal(fake_hs_count(w.hs, "DELETE /directory/room/#_sms_a:hs"), 1);
	assert_string_equal(fake_hs_alias(w.hs, "_sms_a"), "!3:hs");
	assert_string_equal(fake_hs_membership(w.hs, "!3:hs", GHOST), "join");
	assert_string_equal(fake_hs_membership(w.hs, "!3:hs", ALICE), "invite");
	world_say(&a, 7, "hello");
	told("done 7 $1");
}

/* The same after a restart, when nobody remembers which one is dead. */
static void mx_room__dead_room_after_a_restart(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	fake_hs_room(w.hs, BOT, "_sms_a");
	fake_hs_member(w.hs, "!1:hs", BOT, "leave");
	world_create(NULL);
	world_up();
	a.address = "!1:hs";
	world_open(&a);
	told("ready 1 !1:hs");
	world_say(&a, 7, "hello");
	told("lost 1 we are not in it any more");
	world_open(&a);
	world_say(&a, 7, "hello");
	told("ready 1 !2:hs", "done 7 $1");
	assert_string_equal(fake_hs_alias(w.hs, "_sms_a"), "!2:hs");
}

static void mx_room__alias_that_cannot_be_freed(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_create(NULL);
	world_up();
	world_open(&a);
	forget_all();
	world_member("!1:hs", "@admin:hs", BOT, "ban");
	fake_hs_fail(w.hs, "DELETE", 1, 403, FORBIDDEN);
	world_open(&a);
	told("lost 1 @admin:hs has put the bot out of it", "ready 1 !3:hs");
	assert_string_equal(fake_hs_alias(w.hs, "_sms_a"), "!1:hs");
}

static void control_as_bot(const char *alias_leads_to)
{
	struct chat_place control = control_of("");

	world_create("mode", "bot", "user", BOT, "password", "x", NULL);
	world_up();
	assert_string_equal(fake_hs_room(w.hs, BOT, "_sms_control"), alias_leads_to);
	world_open(&control);
}

/* As a bot: anybody may have made the alias, for whoever is in another room of ours to be let into
 * the control room. */
static void mx_room__alias_of_a_room_that_has_another_use(void **state)
{
	static const struct {
		const char *key, *kept;
		enum place_kind kind;
	} uses[] = {
		{.kind = PLACE_CONVERSATION},
		{.key = "room !1:hs", .kept = "desk @alice:hs 1"},
		{.key = "room !1:hs", .kept = "space"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
		if (i > 0) {
			(void)teardown(NULL);
			(void)setup(NULL);
		}
		if (uses[i].key)
			assert_int_equal(
				bridge_chat_keep(w.bridge, "matrix", uses[i].key, uses[i].kept), 0);
		else
			fake_bridge_place(w.bridge, uses[i].kind, "!1:hs", (struct place_id){1});
		control_as_bot("!1:hs");
		told("ready 100 !2:hs");
		assert_string_equal(fake_hs_alias(w.hs, "_sms_control"), "!1:hs");
	}
}

static void mx_room__alias_of_a_room_that_is_open(void **state)
{
	struct chat_place a = place_of(1);
	struct chat_place control = control_of("");

	(void)state;
	world_create("mode", "bot", "user", BOT, "password", "x", NULL);
	world_up();
	a.address = fake_hs_room(w.hs, BOT, "_sms_control");
	world_open(&a);
	world_open(&control);
	told("ready 1 !1:hs", "ready 100 !2:hs");
}

/* One that we made before we died has no other use yet. */
static void mx_room__alias_leads_a_bot_to_the_one_it_made(void **state)
{
	(void)state;
	control_as_bot("!1:hs");
	told("ready 100 !1:hs");
}

/* Users may not make any alias: then there is none. */
static void mx_room__bot_that_may_not_name_rooms(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_create("mode", "bot", "user", BOT, "password", "x", NULL);
	world_up();
	fake_hs_fail(w.hs, "/createRoom", 1, 403, FORBIDDEN);
	world_open(&a);
	told("ready 1 !1:hs");
	assert_string_equal(fake_hs_alias(w.hs, "_sms_a"), "");
}

static void mx_room__not_made_again_and_again(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_create(NULL);
	world_up();
	fake_hs_fail(w.hs, "/createRoom", 7, 403,
		     "{\"errcode\":\"M_FORBIDDEN\",\"error\":\"full\"}");
	world_open(&a);
	fake_hs_wait(w.hs, 10 * MINUTE_MS);
	told("alert The Matrix server does not let me prepare a room (creating it): full",
	     "ready 1 !1:hs");
	assert_int_equal(fake_hs_count(w.hs, "/createRoom"), 9); /* and the space */
}

static void mx_room__ghost_not_registered(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_create(NULL);
	world_up();
	fake_hs_fail(w.hs, "/register", 3, 400,
		     "{\"errcode\":\"M_EXCLUSIVE\",\"error\":\"not yours\"}");
	world_open(&a);
	fake_hs_wait(w.hs, MINUTE_MS);
	told("alert The Matrix server does not let me prepare a room (registering the contact's "
	     "user): not yours",
	     "ready 1 !1:hs");
}

/* A ghost that is there already, on a server that knows no devices and gives no names. */
static void mx_room__ghost_with_little(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_create(NULL);
	world_up();
	fake_hs_fail(w.hs, "/register", 1, 400, "{\"errcode\":\"M_USER_IN_USE\"}");
	fake_hs_fail(w.hs, "/devices/", 1, 404, "{\"errcode\":\"M_UNRECOGNIZED\"}");
	fake_hs_fail(w.hs, "/displayname", 1, 403, FORBIDDEN);
	world_open(&a);
	told("ready 1 !1:hs");
}

static void mx_room__several_at_once(void **state)
{
	struct chat_place place[5];

	(void)state;
	world_create(NULL);
	world_up();
	for (int64_t i = 0; i < 5; i++) {
		place[i] = place_of(i + 1);
		chat_matrix.open_place(w.self, &place[i]);
	}
	fake_hs_run(w.hs);
	assert_int_equal(fake_hs_rooms(w.hs), 6); /* and the space */
	for (int64_t i = 0; i < 5; i++)
		say_as(&place[i], 10 + i, VOICE_CONTACT, "hello");
	fake_hs_run(w.hs);
	assert_int_equal(fake_hs_count(w.hs, "/send/m.room.message/"), 5);
	told_of("done 14 ");
	told_nothing();
}

/* ---- known ------------------------------------------------------------------------------------------ */

/* A room as it is after everything was put right, and a daemon that starts. */
static void world_with_room(struct chat_place *a)
{
	world_create(NULL);
	world_up();
	world_open(a);
	world_say(a, 1, "before");
	world_destroy();
	a->address = "!1:hs";
	world_create(NULL);
	world_up();
	forget_all();
}

static void mx_room__known_is_ready_without_a_call(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	world_open(&a);
	told("ready 1 !1:hs");
	asked_nothing();
}

static void mx_room__no_chore_when_all_is_well(void **state)
{
	/* As what it was made, and what the server makes now. */
	static const char *const versions[][2] = {{"11", "11"}, {"12", "12"}, {"11", "12"}};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct chat_place a = place_of(1);

		fake_hs_set_version(w.hs, versions[i][0]);
		world_with_room(&a);
		world_destroy();
		fake_hs_set_version(w.hs, versions[i][1]);
		world_create(NULL);
		world_up();
		world_open(&a);
		world_say(&a, 7, "hello");
		told("ready 1 !1:hs", "done 7 $2");
		asked("GET /rooms/!1:hs/state", "PUT /rooms/!2:hs/state/m.space.child/!1:hs",
		      "PUT /rooms/!1:hs/send/m.room.message/EPOCH.7t as @_sms_a:hs",
		      "GET /rooms/!2:hs/state");
		world_say(&a, 8, "more");
		asked("PUT /rooms/!1:hs/send/m.room.message/EPOCH.8t as @_sms_a:hs");
		teardown(NULL);
		setup(NULL);
	}
}

/* As many are known, one of them speaks: the others are left alone. */
static void mx_room__others_are_left_alone(void **state)
{
	struct chat_place a = place_of(1);
	struct chat_place b = place_of(2);
	struct chat_place c = place_of(3);

	(void)state;
	world_with_room(&a);
	world_open(&b);
	world_open(&c);
	world_destroy();
	world_create(NULL);
	world_up();
	b.address = "!3:hs";
	c.address = "!4:hs";
	world_open(&a);
	world_open(&b);
	world_open(&c);
	world_say(&a, 7, "hello");
	assert_int_equal(fake_hs_count(w.hs, "!1:hs"), 3);
	assert_int_equal(fake_hs_count(w.hs, "!3:hs"), 0);
	assert_int_equal(fake_hs_count(w.hs, "!4:hs"), 0);
}

static void mx_room__registration_that_fails_makes_no_second_room(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	a.contact_name = "Patricia";
	world_open(&a);
	fake_hs_fail(w.hs, "/register", 1, 403, FORBIDDEN);
	world_say(&a, 7, "hello");
	fake_hs_wait(w.hs, MINUTE_MS);
	told("ready 1 !1:hs", "done 7 $2");
	assert_int_equal(fake_hs_count(w.hs, "/createRoom"), 0);
	assert_part(fake_hs_state(w.hs, "!1:hs", "m.room.member", GHOST), "Patricia");
}

/* ---- compared with how it should be ------------------------------------------------------------------ */

/* Says one more thing and returns how many calls it took besides: a look, and what it led to. */
static void world_talk(const struct chat_place *place, int64_t relay)
{
	fake_hs_clear(w.hs);
	world_say(place, relay, "hello");
}

static void mx_state__wishes_are_put_right_at_once(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	world_open(&a);
	a.title = "Patricia …0123";
	a.topic = "somebody";
	world_update(&a);
	asked("GET /rooms/!1:hs/state", "PUT /rooms/!2:hs/state/m.space.child/!1:hs",
	      "PUT /rooms/!1:hs/state/m.room.name", "GET /rooms/!2:hs/state",
	      "PUT /rooms/!1:hs/state/m.room.topic");
	assert_part(fake_hs_state(w.hs, "!1:hs", "m.room.name", ""), "Patricia");
	assert_part(fake_hs_state(w.hs, "!1:hs", "m.room.topic", ""), "somebody");
	world_update(&a);
	asked_nothing();
}

static void mx_state__what_others_changed_is_put_right_with_the_next_word(void **state)
{
	static const char *const changes[][2] = {
		{"m.room.name", "{\"name\":\"Ha\"}"},
		{"m.room.topic", "{\"topic\":\"Ha\"}"},
		{"m.room.power_levels", "{\"users\":{\"@bot:hs\":100,\"@alice:hs\":100}}"},
	};
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	world_open(&a);
	for (int64_t i = 0; i < 3; i++) {
		STRBUF_AUTO(json);
		STRBUF_AUTO(before);

		strbuf_adds(&before, fake_hs_state(w.hs, "!1:hs", changes[i][0], ""));
		strbuf_addf(&json, "{\"type\":\"%s\",\"state_key\":\"\",\"content\":%s}",
			    changes[i][0], changes[i][1]);
		fake_hs_put(w.hs, "!1:hs", "@admin:hs", changes[i][0], "", changes[i][1]);
		assert_int_equal(world_event("!1:hs", "@admin:hs", json.buf), 0);
		world_talk(&a, 10 + i);
		assert_string_equal(fake_hs_state(w.hs, "!1:hs", changes[i][0], ""), before.buf);
		world_talk(&a, 20 + i);
		assert_int_equal(fake_hs_count(w.hs, "/state"), 0);
	}
}

/* Our own changes are told to us too. */
static void mx_state__own_changes_are_no_reason_to_look(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	world_open(&a);
	world_talk(&a, 7);
	assert_int_equal(world_event("!1:hs", BOT,
				     "{\"type\":\"m.room.name\",\"state_key\":\"\","
				     "\"content\":{\"name\":\"Pat\"}}"),
			 0);
	world_talk(&a, 8);
	assert_int_equal(fake_hs_count(w.hs, "/state"), 0);
}

static void mx_state__muted(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	for (int version = 0; version < 2; version++) {
		fake_hs_set_version(w.hs, version ? "12" : "11");
		a.address = "";
		world_create(NULL);
		world_up();
		world_open(&a);
		a.muted = true;
		world_update(&a);
		assert_part(fake_hs_state(w.hs, "!1:hs", "m.room.power_levels", ""),
			    "\"m.room.message\":50");
		world_talk(&a, 7);
		a.muted = false;
		world_update(&a);
		assert_part(fake_hs_state(w.hs, "!1:hs", "m.room.power_levels", ""),
			    "\"m.room.message\":0");
		world_talk(&a, 8);
		told("ready 1 !1:hs", "done 7 $1", "done 8 $2");
		assert_int_equal(fake_hs_count(w.hs, "/state"), 0);
		teardown(NULL);
		setup(NULL);
	}
}

static void mx_state__new_owner(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	world_open(&a);
	fake_hs_member(w.hs, "!1:hs", ALICE, "join");
	a.owner = BOB;
	a.members = only_bob;
	world_update(&a);
	assert_string_equal(fake_hs_membership(w.hs, "!1:hs", ALICE), "leave");
	assert_string_equal(fake_hs_membership(w.hs, "!1:hs", BOB), "invite");
	assert_body("/kick", "this conversation is with somebody else");
}

static void mx_state__banned_member_and_ghost(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	world_open(&a);
	world_member("!1:hs", "@admin:hs", ALICE, "ban");
	told("ready 1 !1:hs");
	world_member("!1:hs", "@admin:hs", GHOST, "ban");
	world_talk(&a, 7);
	assert_int_equal(fake_hs_count(w.hs, "/unban"), 2);
	assert_string_equal(fake_hs_membership(w.hs, "!1:hs", ALICE), "invite");
	assert_string_equal(fake_hs_membership(w.hs, "!1:hs", GHOST), "join");
	told("done 7 $2");
}

static void mx_state__member_who_left_is_asked_in_again(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	world_open(&a);
	world_talk(&a, 7);
	world_member("!1:hs", ALICE, ALICE, "leave");
	assert_string_equal(fake_hs_membership(w.hs, "!1:hs", ALICE), "leave");
	world_talk(&a, 8);
	assert_string_equal(fake_hs_membership(w.hs, "!1:hs", ALICE), "invite");
	/* Who does not belong there may go. */
	world_member("!1:hs", CAROL, CAROL, "leave");
	world_talk(&a, 9);
	assert_int_equal(fake_hs_count(w.hs, "/state"), 0);
}

static void mx_state__closed_conversation_asks_nobody_in(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	world_open(&a);
	world_member("!1:hs", ALICE, ALICE, "leave");
	a.invite = false;
	chat_matrix.close_place(w.self, &a);
	fake_hs_run(w.hs);
	assert_int_equal(fake_hs_count(w.hs, "!1:hs/invite"), 0);
	a.invite = true;
	world_update(&a);
	assert_int_equal(fake_hs_count(w.hs, "!1:hs/invite"), 1);
}

static void mx_state__new_name_of_the_contact(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	world_open(&a);
	world_talk(&a, 6);
	a.contact_name = "Patricia";
	world_update(&a);
	assert_part(fake_hs_state(w.hs, "!1:hs", "m.room.member", GHOST), "Patricia");
	world_talk(&a, 7);
	asked("PUT /rooms/!1:hs/send/m.room.message/EPOCH.7t as @_sms_a:hs");
}

/* A chore that is refused is not tried for ever. */
static void mx_state__chore_refused(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	world_open(&a);
	fake_hs_fail(w.hs, "m.room.name", 100, 403, FORBIDDEN);
	a.title = "Patricia";
	world_update(&a);
	world_say(&a, 7, "hello");
	told("ready 1 !1:hs", "done 7 $2");
	assert_int_equal(fake_hs_count(w.hs, "m.room.name"), 1);
}

/* It changes while we look: what we see may be what was before. */
static void mx_state__changed_while_we_look(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	world_open(&a);
	fake_hs_hold(w.hs, "GET /rooms/!1:hs/state");
	world_say(&a, 7, "hello");
	assert_int_equal(world_event("!1:hs", "@admin:hs",
				     "{\"type\":\"m.room.name\",\"state_key\":\"\","
				     "\"content\":{\"name\":\"Ha\"}}"),
			 0);
	fake_hs_release(w.hs);
	fake_hs_run(w.hs);
	assert_int_equal(fake_hs_count(w.hs, "GET /rooms/!1:hs/state"), 2);
	told("ready 1 !1:hs", "done 7 $2");
}

/* The state cannot be had: what is to be said is said. */
static void mx_state__not_to_be_seen(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	world_open(&a);
	fake_hs_fail(w.hs, "GET /rooms/!1:hs/state", 100, 400, "{\"errcode\":\"M_UNKNOWN\"}");
	world_say(&a, 7, "hello");
	told("ready 1 !1:hs", "done 7 $2");
}

/* ---- the control room --------------------------------------------------------------------------------- */

static void world_with_control(struct chat_place *control)
{
	world_create(NULL);
	world_up();
	world_open(control);
	fake_hs_member(w.hs, "!1:hs", ALICE, "join");
	control->address = "!1:hs";
}

static void mx_control__looked_at_before_it_is_ready(void **state)
{
	struct chat_place control = control_of("");

	(void)state;
	world_with_control(&control);
	told("ready 100 !1:hs");
	asked("POST /createRoom", "GET /rooms/!1:hs/state", "POST /rooms/!1:hs/invite");
	world_destroy();
	world_create(NULL);
	world_up();
	world_open(&control);
	asked("GET /rooms/!1:hs/state");
	told("ready 100 !1:hs");
	assert_string_equal(fake_bridge_memory(w.bridge, "organizers"), ALICE " ");
}

static void mx_control__guests_of_organizers_stay(void **state)
{
	struct chat_place control = control_of("");

	(void)state;
	world_with_control(&control);
	world_member("!1:hs", ALICE, CAROL, "invite");
	world_member("!1:hs", CAROL, CAROL, "join");
	assert_string_equal(fake_bridge_memory(w.bridge, "organizers"), CAROL " ");
	control.topic = "look again";
	world_update(&control);
	assert_int_equal(fake_hs_count(w.hs, "/kick"), 0);
	assert_string_equal(fake_hs_membership(w.hs, "!1:hs", CAROL), "join");
	assert_string_equal(fake_bridge_memory(w.bridge, "organizers"), ALICE " " CAROL " ");
}

static void mx_control__who_is_named_no_more_has_to_leave(void **state)
{
	struct chat_place control = control_of("");

	(void)state;
	world_with_control(&control);
	control.members = only_bob;
	world_update(&control);
	assert_string_equal(fake_hs_membership(w.hs, "!1:hs", ALICE), "leave");
	assert_string_equal(fake_hs_membership(w.hs, "!1:hs", BOB), "invite");
	assert_body("/kick", "no organizer any more");
	/* Who comes back because somebody let them in may stay. */
	world_member("!1:hs", BOT, ALICE, "leave");
	world_say(&control, 7, "hello");
	world_member("!1:hs", BOB, ALICE, "join");
	control.topic = "look again";
	world_update(&control);
	assert_string_equal(fake_hs_membership(w.hs, "!1:hs", ALICE), "join");
}

#define TEAM_N 80
#define NAME_64 "a_name_of_four_and_sixty_letters_which_some_servers_give_people_"

/* What is kept of many is longer than of few. */
static void mx_control__many_organizers(void **state)
{
	struct chat_place control = control_of("");
	const char *team[TEAM_N];
	char names[TEAM_N][96];

	(void)state;
	for (int i = 0; i < TEAM_N; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "@%d_%s:hs", i, NAME_64);
		team[i] = names[i];
	}
	control.members = team;
	control.member_n = TEAM_N;
	world_with_control(&control);
	for (int i = 0; i < TEAM_N; i++)
		world_member("!1:hs", team[i], team[i], "join");
	for (int i = 0; i < TEAM_N; i++)
		fake_hs_member(w.hs, "!1:hs", team[i], "join");
	world_destroy();
	world_create(NULL);
	world_up();
	for (int i = 0; i < TEAM_N; i++)
		assert_true(mx_is_organizer(w.self, team[i]));
	control.members = only_bob;
	control.member_n = 1;
	world_open(&control);
	for (int i = 0; i < TEAM_N; i++)
		assert_string_equal(fake_hs_membership(w.hs, "!1:hs", team[i]), "leave");
}

/* We die before it is done, or it fails: it is done the next time. */
static void mx_control__kick_that_fails_is_not_forgotten(void **state)
{
	struct chat_place control = control_of("");

	(void)state;
	world_with_control(&control);
	control.members = only_bob;
	fake_hs_hold(w.hs, "/kick");
	world_update(&control);
	world_destroy();
	fake_hs_release(w.hs);
	world_create(NULL);
	world_up();
	world_open(&control);
	assert_string_equal(fake_hs_membership(w.hs, "!1:hs", ALICE), "leave");
}

/* An organizer who does not want to be there is not called back with every word. */
static void mx_control__organizer_who_left(void **state)
{
	struct chat_place control = control_of("");

	(void)state;
	world_with_control(&control);
	world_member("!1:hs", ALICE, ALICE, "leave");
	fake_hs_clear(w.hs);
	world_say(&control, 7, "hello");
	assert_int_equal(fake_hs_count(w.hs, "/invite"), 0);
}

static void mx_control__organizers_come_and_go(void **state)
{
	struct chat_place control = control_of("");

	(void)state;
	world_with_control(&control);
	world_member("!1:hs", ALICE, ALICE, "join");
	assert_true(mx_is_organizer(w.self, ALICE));
	world_member("!1:hs", BOB, BOB, "join");
	world_member("!1:hs", ALICE, BOB, "ban");
	assert_false(mx_is_organizer(w.self, BOB));
	assert_string_equal(fake_bridge_memory(w.bridge, "organizers"), ALICE " ");
}

/* ---- rooms that others upgraded ------------------------------------------------------------------------- */

static const char *world_successor(const char *old)
{
	const char *id = fake_hs_room(w.hs, "@admin:hs", NULL);
	STRBUF_AUTO(create);

	strbuf_addf(&create, "{\"room_version\":\"12\",\"predecessor\":{\"room_id\":\"%s\"}}", old);
	fake_hs_put(w.hs, id, "@admin:hs", "m.room.create", "", create.buf);
	fake_hs_put(w.hs, id, "@admin:hs", "m.room.power_levels", "",
		    "{\"users\":{\"@bot:hs\":100},\"state_default\":50,\"kick\":50}");
	return id;
}

static void world_tombstone(const char *room, const char *replacement)
{
	STRBUF_AUTO(content);
	STRBUF_AUTO(json);

	strbuf_addf(&content, "{\"body\":\"gone\",\"replacement_room\":\"%s\"}", replacement);
	fake_hs_put(w.hs, room, "@admin:hs", "m.room.tombstone", "", content.buf);
	strbuf_addf(&json, "{\"type\":\"m.room.tombstone\",\"state_key\":\"\",\"content\":%s}",
		    content.buf);
	assert_int_equal(world_event(room, "@admin:hs", json.buf), 0);
}

static void mx_upgrade__let_in(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	world_open(&a);
	(void)world_successor("!1:hs");
	fake_hs_member(w.hs, "!3:hs", BOT, "invite");
	world_tombstone("!1:hs", "!3:hs");
	told("ready 1 !1:hs", "ready 1 !3:hs");
	/* It is put right at once, as far as our power goes. */
	assert_string_equal(fake_hs_membership(w.hs, "!3:hs", GHOST), "join");
	assert_string_equal(fake_hs_membership(w.hs, "!3:hs", ALICE), "invite");
	assert_part(fake_hs_state(w.hs, "!3:hs", "m.room.power_levels", ""), "\"@bot:hs\":100");
	world_talk(&a, 7);
	asked("PUT /rooms/!3:hs/send/m.room.message/EPOCH.7t as @_sms_a:hs");
	told("done 7 $2");
	assert_int_equal(world_said("!3:hs", ALICE, "", "hi"), 0);
	told_of("said conversation 1 @alice:hs");
}

static void mx_upgrade__asked_in_later(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	world_open(&a);
	(void)world_successor("!1:hs");
	world_tombstone("!1:hs", "!3:hs");
	world_say(&a, 7, "hello");
	told("ready 1 !1:hs");
	world_member("!3:hs", "@admin:hs", BOT, "invite");
	told("ready 1 !3:hs", "done 7 $2");
	assert_int_equal(fake_hs_count(w.hs, "!3:hs/leave"), 0);
}

/* The invitation comes while we are at the door. */
static void mx_upgrade__asked_in_meanwhile(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	world_open(&a);
	(void)world_successor("!1:hs");
	fake_hs_hold(w.hs, "!3:hs/join");
	fake_hs_fail(w.hs, "!3:hs/join", 1, 403, FORBIDDEN);
	world_tombstone("!1:hs", "!3:hs");
	world_member("!3:hs", "@admin:hs", BOT, "invite");
	fake_hs_release(w.hs);
	fake_hs_run(w.hs);
	told("ready 1 !1:hs", "ready 1 !3:hs");
}

static void mx_upgrade__never_let_in(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	world_open(&a);
	(void)world_successor("!1:hs");
	world_tombstone("!1:hs", "!3:hs");
	fake_hs_wait(w.hs, 10 * MINUTE_MS);
	told("ready 1 !1:hs",
	     "alert The room “Pat …0123” was replaced by another, into which nobody has let me. "
	     "I make a new one.",
	     "lost 1 it was replaced by a room into which we are not let");
	world_open(&a);
	told("ready 1 !4:hs");
	assert_string_equal(fake_hs_alias(w.hs, "_sms_a"), "!4:hs");
	/* It is too late for that now. */
	world_member("!3:hs", "@admin:hs", BOT, "invite");
	assert_int_equal(fake_hs_count(w.hs, "POST /rooms/!3:hs/leave"), 1);
	told_nothing();
}

static void mx_upgrade__twice(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	world_open(&a);
	(void)world_successor("!1:hs");
	fake_hs_member(w.hs, "!3:hs", BOT, "invite");
	world_tombstone("!1:hs", "!3:hs");
	(void)world_successor("!3:hs");
	fake_hs_member(w.hs, "!4:hs", BOT, "invite");
	world_tombstone("!3:hs", "!4:hs");
	told("ready 1 !1:hs", "ready 1 !3:hs", "ready 1 !4:hs");
}

/* What is said in the new room meanwhile is for the same conversation. */
static void mx_upgrade__with_a_text_under_way(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	world_open(&a);
	fake_hs_hold(w.hs, "EPOCH.7t");
	world_say(&a, 7, "hello");
	(void)world_successor("!1:hs");
	fake_hs_member(w.hs, "!3:hs", BOT, "invite");
	world_tombstone("!1:hs", "!3:hs");
	assert_int_equal(world_said("!3:hs", ALICE, "", "hi"), 0);
	told_of("said conversation 1 @alice:hs");
}

static void mx_upgrade__wrong_predecessor(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	world_open(&a);
	(void)world_successor("!2:hs");
	fake_hs_member(w.hs, "!3:hs", BOT, "invite");
	world_tombstone("!1:hs", "!3:hs");
	told("ready 1 !1:hs", "lost 1 it was replaced by a room that is not its successor");
}

static void mx_upgrade__closed_without_a_successor(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	world_open(&a);
	world_tombstone("!1:hs", "");
	told("ready 1 !1:hs", "lost 1 it was closed, and nothing is named in its place");
}

/* The same, found when it is looked at. */
static void mx_upgrade__seen_later(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	world_open(&a);
	(void)world_successor("!1:hs");
	fake_hs_member(w.hs, "!3:hs", BOT, "invite");
	fake_hs_put(w.hs, "!1:hs", "@admin:hs", "m.room.tombstone", "",
		    "{\"replacement_room\":\"!3:hs\"}");
	world_say(&a, 7, "hello");
	told("ready 1 !1:hs", "ready 1 !3:hs", "done 7 $2");
}

static void mx_upgrade__closed_is_seen_later(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	world_open(&a);
	fake_hs_put(w.hs, "!1:hs", "@admin:hs", "m.room.tombstone", "", "{\"body\":\"bye\"}");
	world_say(&a, 7, "hello");
	told("ready 1 !1:hs", "lost 1 it was closed, and nothing is named in its place");
}

/* A call is under way in the room, or a text in its place. */
static void mx_upgrade__while_busy(void **state)
{
	static const char *const held[] = {"GET /rooms/!1:hs/state", "m.room.name",
					   "/send/m.room.message"};

	(void)state;
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++) {
		struct chat_place a = place_of(1);

		world_with_room(&a);
		world_open(&a);
		a.title = "Patricia";
		chat_matrix.update_place(w.self, &a);
		say_as(&a, 7, VOICE_CONTACT, "hello");
		fake_hs_hold(w.hs, held[i]);
		fake_hs_run(w.hs);
		(void)world_successor("!1:hs");
		fake_hs_member(w.hs, "!3:hs", BOT, "invite");
		world_tombstone("!1:hs", "!3:hs");
		fake_hs_release(w.hs);
		fake_hs_run(w.hs);
		told_of("ready 1 !3:hs\n");
		assert_part(fake_hs_state(w.hs, "!3:hs", "m.room.name", ""), "Patricia");
		teardown(NULL);
		setup(NULL);
	}
}

static void mx_upgrade__while_busy_and_refused_there(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	world_open(&a);
	fake_hs_hold(w.hs, "/send/m.room.message");
	world_say(&a, 7, "hello");
	(void)world_successor("!1:hs");
	fake_hs_member(w.hs, "!3:hs", BOT, "invite");
	fake_hs_member(w.hs, "!1:hs", GHOST, "leave");
	world_tombstone("!1:hs", "!3:hs");
	told("ready 1 !1:hs");
	fake_hs_release(w.hs);
	fake_hs_run(w.hs);
	told("ready 1 !3:hs", "done 7 $2");
}

static void mx_upgrade__given_up_while_joining(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	world_open(&a);
	(void)world_successor("!1:hs");
	fake_hs_member(w.hs, "!3:hs", BOT, "invite");
	fake_hs_hold(w.hs, "/join");
	world_tombstone("!1:hs", "!3:hs");
	fake_hs_wait(w.hs, 10 * MINUTE_MS);
	told_of("lost 1 it was replaced");
	world_open(&a);
	told_nothing(); /* the answer has to come first */
	fake_hs_release(w.hs);
	fake_hs_run(w.hs);
	told("ready 1 !4:hs");
}

/* ---- lost --------------------------------------------------------------------------------------------------- */

/* With a call under way whose answer comes when nobody waits for it any more. */
static void mx_lost__late_answer_harms_nothing(void **state)
{
	static const char *const held[] = {"GET /rooms/!1:hs/state", "m.room.name",
					   "/send/m.room.message"};

	(void)state;
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++) {
		struct chat_place a = place_of(1);

		world_with_room(&a);
		world_open(&a);
		forget_all();
		a.title = "Patricia";
		chat_matrix.update_place(w.self, &a);
		say_as(&a, 7, VOICE_CONTACT, "hello");
		fake_hs_hold(w.hs, held[i]);
		fake_hs_run(w.hs);
		world_member("!1:hs", "@admin:hs", BOT, "leave");
		told("lost 1 @admin:hs has put the bot out of it");
		world_open(&a);
		world_say(&a, 7, "hello");
		fake_hs_release(w.hs);
		fake_hs_run(w.hs);
		told_of("ready 1 !3:hs\ndone 7 ");
		teardown(NULL);
		setup(NULL);
	}
}

/* A name to change, marks, words, a card: all that a room and its places do. */
static void work_in(struct chat_place *a)
{
	struct chat_mark_call mark = {
		.id = {8}, .place = a, .event_id = "$1", .mark = MARK_DELIVERED};

	a->title = "Patricia";
	a->contact_name = "Patricia";
	a->muted = !a->muted;
	chat_matrix.update_place(w.self, a);
	say_as(a, 7, VOICE_CONTACT, "hello");
	chat_matrix.mark(w.self, &mark);
}

/* One event after so many answers to that work; false: there were fewer. */
static bool event_after(int served, const char *json)
{
	struct mx_event read;
	cJSON *event = cJSON_Parse(json);
	bool more = true;

	while (more && served-- > 0) {
		fake_loop_advance(w.loop, 0);
		more = fake_hs_serve_one(w.hs);
	}
	assert_true(mx_event_read(event, NULL, &read));
	assert_int_equal(mx_in_event(w.self, &read), 0);
	mx_event_release(&read);
	cJSON_Delete(event);
	return more;
}

static void lose_at_every_step(const char *shape)
{
	bool more = true;

	for (int served = 0; more; served++) {
		struct chat_place a = place_of(1);

		world_create("shape", shape, NULL);
		world_up();
		world_open(&a);
		world_say(&a, 1, "before");
		work_in(&a);
		fake_hs_member(w.hs, "!1:hs", BOT, "leave");
		more = event_after(served, "{\"type\":\"m.room.member\",\"event_id\":\"$x\","
					   "\"room_id\":\"!1:hs\",\"sender\":\"@admin:hs\","
					   "\"state_key\":\"@bot:hs\","
					   "\"content\":{\"membership\":\"leave\"}}");
		told_of("lost 1 ");
		fake_hs_clear(w.hs);
		chat_matrix.open_place(w.self, &a);
		fake_hs_wait(w.hs, MINUTE_MS);
		assert_int_equal(fake_hs_count(w.hs, "/rooms/!1:hs/"), 0);
		told_of("ready 1 !");
		world_say(&a, 9, "after");
		told_of("done 9 ");
		assert_part(fake_hs_body(w.hs, "EPOCH.9t"), "after");
		assert_int_equal(fake_hs_count(w.hs, "!1:hs/send/m.room.message/EPOCH.9t"), 0);
		teardown(NULL);
		setup(NULL);
	}
}

static void mx_lost__at_every_step(void **state)
{
	(void)state;
	lose_at_every_step("room");
	lose_at_every_step("thread");
}

static void upgrade_at_every_step(const char *shape)
{
	bool more = true;

	for (int served = 0; more; served++) {
		struct chat_place a = place_of(1);

		world_create("shape", shape, NULL);
		world_up();
		world_open(&a);
		world_say(&a, 1, "before");
		(void)world_successor("!1:hs");
		fake_hs_member(w.hs, "!3:hs", BOT, "invite");
		work_in(&a);
		fake_hs_put(w.hs, "!1:hs", "@admin:hs", "m.room.tombstone", "",
			    "{\"replacement_room\":\"!3:hs\"}");
		more = event_after(served, "{\"type\":\"m.room.tombstone\",\"event_id\":\"$x\","
					   "\"room_id\":\"!1:hs\",\"sender\":\"@admin:hs\","
					   "\"state_key\":\"\","
					   "\"content\":{\"replacement_room\":\"!3:hs\"}}");
		fake_hs_wait(w.hs, MINUTE_MS);
		told_of("ready 1 !3:hs");
		world_say(&a, 9, "after");
		told_of("done 9 ");
		assert_int_equal(fake_hs_count(w.hs, "!3:hs/send/m.room.message/EPOCH.9t"), 1);
		assert_part(fake_hs_state(w.hs, "!3:hs", "m.room.name", ""),
			    shape[0] == 'r' ? "Patricia" : "Desk of alice");
		teardown(NULL);
		setup(NULL);
	}
}

static void mx_upgrade__at_every_step(void **state)
{
	(void)state;
	upgrade_at_every_step("room");
	upgrade_at_every_step("thread");
}

static void mx_lost__while_it_is_made(void **state)
{
	struct chat_place a = place_of(1);
	struct chat_place control = control_of("");

	(void)state;
	world_create(NULL);
	world_up();
	world_open(&control);
	fake_hs_hold(w.hs, "/createRoom");
	world_open(&a);
	chat_matrix.stop(w.self);
	world_start();
	forget_all();
	world_open(&a);
	fake_hs_release(w.hs);
	fake_hs_run(w.hs);
	told("ready 1 !2:hs");
}

/* In again by an invitation that we never heard of, or because the room is open. */
static void mx_lost__out_and_let_in_again(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	world_open(&a);
	fake_hs_member(w.hs, "!1:hs", BOT, "invite");
	world_say(&a, 7, "hello");
	told("ready 1 !1:hs", "done 7 $2");
	assert_int_equal(fake_hs_count(w.hs, "!1:hs/join"), 1);
	fake_hs_member(w.hs, "!1:hs", BOT, "invite");
	fake_hs_member(w.hs, "!1:hs", GHOST, "leave");
	world_say(&a, 8, "hello");
	told("done 8 $3");
	assert_int_equal(fake_hs_count(w.hs, "!1:hs/join"), 3); /* the ghost's, too */
}

/* A room that the server has forgotten. */
static void mx_lost__unknown_to_the_server(void **state)
{
	static const char gone[] = "{\"errcode\":\"M_NOT_FOUND\",\"error\":\"no such room\"}";
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	world_open(&a);
	fake_hs_fail(w.hs, "!1:hs", 100, 404, gone);
	world_say(&a, 7, "hello");
	told("ready 1 !1:hs", "lost 1 we are not in it any more");
}

/* A server that says that we are in and shows nothing: not asked for ever. */
static void mx_lost__in_and_yet_not(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	world_open(&a);
	fake_hs_fail(w.hs, "GET /rooms/!1:hs/state", 100, 403, FORBIDDEN);
	fake_hs_fail(w.hs, "/send/m.room.message", 1, 403, FORBIDDEN);
	world_say(&a, 7, "hello");
	assert_int_equal(fake_hs_count(w.hs, "GET /rooms/!1:hs/state"), 2);
	told("ready 1 !1:hs", "lost 1 we are in it and see nothing of it");
}

/* The server has a bad time: a second room would be wrong. */
static void mx_lost__not_because_the_server_fails(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_with_room(&a);
	world_open(&a);
	fake_hs_fail(w.hs, "GET /rooms/!1:hs/state", 1, 403, FORBIDDEN);
	fake_hs_fail(w.hs, "!1:hs/join", 8, 500, "{}");
	world_say(&a, 7, "hello");
	fake_hs_wait(w.hs, 10 * MINUTE_MS);
	told("ready 1 !1:hs", "done 7 $2");
	assert_int_equal(fake_hs_rooms(w.hs), 2);
}

/* A proxy's page in its place, or an account that is locked, say nothing of the room. */
static void mx_lost__not_because_of_a_page(void **state)
{
	static const char locked[] = "{\"errcode\":\"M_USER_LOCKED\",\"error\":\"locked\"}";
	static const int statuses[] = {401, 403, 404};
	struct chat_place a = place_of(1);

	(void)state;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		a.address = "";
		world_with_room(&a);
		world_open(&a);
		fake_hs_fail(w.hs, "!1:hs", 8, statuses[i], "<html>");
		world_say(&a, 7, "hello");
		fake_hs_wait(w.hs, MINUTE_MS);
		fake_hs_fail(w.hs, "/send/m.room.message", 1, 403, FORBIDDEN);
		fake_hs_fail(w.hs, "/state", 1, 403, FORBIDDEN);
		fake_hs_fail(w.hs, "!1:hs/join", 3, 403, i ? "<html>" : locked);
		world_say(&a, 8, "hello");
		fake_hs_wait(w.hs, 10 * MINUTE_MS);
		told("ready 1 !1:hs", "done 7 $2", "done 8 $3");
		assert_int_equal(fake_hs_rooms(w.hs), 2);
		teardown(NULL);
		setup(NULL);
	}
}

/* ---- the space ------------------------------------------------------------------------------------------------ */

static void mx_space__cannot_be_made(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_create(NULL);
	world_up();
	fake_hs_fail(w.hs, "m.space\"", 2, 400, "{\"errcode\":\"M_UNKNOWN\",\"error\":\"no\"}");
	world_open(&a);
	fake_hs_wait(w.hs, 10 * MINUTE_MS);
	told("ready 1 !1:hs");
	assert_part(fake_hs_state(w.hs, "!2:hs", "m.space.child", "!1:hs"), "via");
}

static void mx_space__lost_and_made_anew(void **state)
{
	struct chat_place a = place_of(1);
	struct chat_place b = place_of(2);

	(void)state;
	world_create(NULL);
	world_up();
	world_open(&a);
	world_member("!2:hs", "@admin:hs", BOT, "leave");
	world_open(&b);
	assert_string_equal(fake_bridge_memory(w.bridge, "space"), "!4:hs");
	assert_part(fake_hs_state(w.hs, "!4:hs", "m.space.child", "!1:hs"), "via");
	assert_part(fake_hs_state(w.hs, "!4:hs", "m.space.child", "!3:hs"), "via");
	assert_int_equal(fake_hs_rooms(w.hs), 4);
}

/* A convenience that somebody does not want. */
static void mx_space__who_left_is_left_alone(void **state)
{
	struct chat_place a = place_of(1);
	struct chat_place b = place_of(2);

	(void)state;
	world_create(NULL);
	world_up();
	world_open(&a);
	world_member("!2:hs", ALICE, ALICE, "leave");
	b.owner = BOB;
	b.members = only_bob;
	world_open(&b);
	assert_string_equal(fake_hs_membership(w.hs, "!2:hs", ALICE), "leave");
	assert_string_equal(fake_hs_membership(w.hs, "!2:hs", BOB), "invite");
	assert_string_equal(fake_hs_membership(w.hs, "!1:hs", ALICE), "invite");
}

/* After a restart nobody knows who else is in it for good reason. */
static void mx_space__puts_nobody_out(void **state)
{
	struct chat_place a = place_of(1);
	struct chat_place b = place_of(2);

	(void)state;
	world_create(NULL);
	world_up();
	world_open(&a);
	fake_hs_member(w.hs, "!2:hs", ALICE, "join");
	world_destroy();
	world_create(NULL);
	world_up();
	b.owner = BOB;
	b.members = only_bob;
	world_open(&b);
	assert_string_equal(fake_hs_membership(w.hs, "!2:hs", ALICE), "join");
	assert_string_equal(fake_hs_membership(w.hs, "!2:hs", BOB), "invite");
}

/* Whoever guesses its name must not get the team's rooms into a room of theirs. */
static void mx_space__name_that_others_took(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	fake_hs_room(w.hs, "@mallory:hs", "_sms_space");
	fake_hs_member(w.hs, "!1:hs", BOT, "invite");
	world_create("mode", "bot", "user", BOT, "password", "x", NULL);
	world_up();
	world_open(&a);
	assert_int_equal(fake_hs_count(w.hs, "!1:hs"), 0);
	assert_string_equal(fake_hs_membership(w.hs, "!3:hs", ALICE), "invite");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(mx_room__made),
		T(mx_room__member_who_cannot_be_asked),
		T(mx_room__no_ghosts_as_a_bot),
		T(mx_room__alias_leads_to_the_one_we_made),
		T(mx_room__alias_is_kept_while_nobody_knows_whose_it_is),
		T(mx_room__alias_of_a_room_that_has_another_use),
		T(mx_room__alias_of_a_room_that_is_open),
		T(mx_room__alias_leads_a_bot_to_the_one_it_made),
		T(mx_room__alias_of_a_dead_room),
		T(mx_room__dead_room_after_a_restart),
		T(mx_room__alias_that_cannot_be_freed),
		T(mx_room__bot_that_may_not_name_rooms),
		T(mx_room__not_made_again_and_again),
		T(mx_room__ghost_not_registered),
		T(mx_room__ghost_with_little),
		T(mx_room__several_at_once),
		T(mx_room__known_is_ready_without_a_call),
		T(mx_room__no_chore_when_all_is_well),
		T(mx_room__others_are_left_alone),
		T(mx_room__registration_that_fails_makes_no_second_room),
		T(mx_state__wishes_are_put_right_at_once),
		T(mx_state__what_others_changed_is_put_right_with_the_next_word),
		T(mx_state__own_changes_are_no_reason_to_look),
		T(mx_state__muted),
		T(mx_state__new_owner),
		T(mx_state__banned_member_and_ghost),
		T(mx_state__member_who_left_is_asked_in_again),
		T(mx_state__closed_conversation_asks_nobody_in),
		T(mx_state__new_name_of_the_contact),
		T(mx_state__chore_refused),
		T(mx_state__changed_while_we_look),
		T(mx_state__not_to_be_seen),
		T(mx_control__looked_at_before_it_is_ready),
		T(mx_control__guests_of_organizers_stay),
		T(mx_control__who_is_named_no_more_has_to_leave),
		T(mx_control__many_organizers),
		T(mx_control__kick_that_fails_is_not_forgotten),
		T(mx_control__organizer_who_left),
		T(mx_control__organizers_come_and_go),
		T(mx_upgrade__let_in),
		T(mx_upgrade__asked_in_later),
		T(mx_upgrade__asked_in_meanwhile),
		T(mx_upgrade__never_let_in),
		T(mx_upgrade__twice),
		T(mx_upgrade__with_a_text_under_way),
		T(mx_upgrade__wrong_predecessor),
		T(mx_upgrade__closed_without_a_successor),
		T(mx_upgrade__seen_later),
		T(mx_upgrade__closed_is_seen_later),
		T(mx_upgrade__while_busy),
		T(mx_upgrade__while_busy_and_refused_there),
		T(mx_upgrade__given_up_while_joining),
		T(mx_lost__late_answer_harms_nothing),
		T(mx_lost__at_every_step),
		T(mx_upgrade__at_every_step),
		T(mx_lost__while_it_is_made),
		T(mx_lost__out_and_let_in_again),
		T(mx_lost__unknown_to_the_server),
		T(mx_lost__in_and_yet_not),
		T(mx_lost__not_because_the_server_fails),
		T(mx_lost__not_because_of_a_page),
		T(mx_space__cannot_be_made),
		T(mx_space__lost_and_made_anew),
		T(mx_space__who_left_is_left_alone),
		T(mx_space__puts_nobody_out),
		T(mx_space__name_that_others_took),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
