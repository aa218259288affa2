/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Desks: which one a conversation is on, its card, and when it moves. */
#include "matrix_world.c"

#define MINUTE_MS 60000
#define FORBIDDEN "{\"errcode\":\"M_FORBIDDEN\",\"error\":\"no\"}"
#define BAD "{\"errcode\":\"M_BAD_JSON\",\"error\":\"bad\"}"

static const char *const only_bob[] = {BOB};

/* A thread on Alice's desk: !1:hs/$1, beside the space !2:hs. */
static struct chat_place world_thread(void)
{
	struct chat_place a = place_of(1);

	world_create("shape", "thread", NULL);
	world_up();
	world_open(&a);
	told("ready 1 !1:hs/$1");
	a.address = "!1:hs/$1";
	return a;
}

static void world_restart(void)
{
	world_destroy();
	world_create("shape", "thread", NULL);
	world_up();
	forget_all();
}

static void give_to_bob(struct chat_place *place)
{
	place->owner = BOB;
	place->members = only_bob;
	place->topic = BOB;
}

static void give_to_inbox(struct chat_place *place)
{
	place->owner = "";
	place->members = both;
	place->member_n = 2;
	place->topic = "Inbox";
}

/* ---- made ------------------------------------------------------------------------------------------- */

static void mx_desk__made_with_a_card(void **state)
{
	struct chat_place a = world_thread();

	(void)state;
	asked("POST /createRoom", "GET /rooms/!1:hs/state", "POST /createRoom",
	      "POST /rooms/!1:hs/invite", "GET /rooms/!2:hs/state",
	      "PUT /rooms/!1:hs/send/m.room.message/card.a.0", "POST /rooms/!2:hs/invite",
	      "PUT /rooms/!2:hs/state/m.space.child/!1:hs");
	assert_part(fake_hs_state(w.hs, "!1:hs", "m.room.name", ""), "Desk of alice");
	assert_string_equal(fake_bridge_memory(w.bridge, "desk " ALICE), "1 1");
	assert_string_equal(fake_bridge_memory(w.bridge, "desk " ALICE " 1"), "!1:hs");
	assert_string_equal(fake_bridge_memory(w.bridge, "room !1:hs"), "desk " ALICE " 1");
	world_say(&a, 7, "hello");
	told("done 7 $2");
	asked("PUT /rooms/!1:hs/send/m.room.message/EPOCH.7t");
	assert_string_equal(fake_bridge_memory(w.bridge, "bound a"), "");
}

static void mx_desk__threads(void **state)
{
	struct chat_place a = world_thread();

	(void)state;
	world_say(&a, 7, "hello");
	assert_body("EPOCH.7t", "\"body\":\"Pat: hello\"");
	assert_body("EPOCH.7t", "\"user_ids\":[\"@alice:hs\"]");
	assert_body("EPOCH.7t", "\"rel_type\":\"m.thread\",\"event_id\":\"$1\"");
	assert_body("EPOCH.7t", "\"m.in_reply_to\":{\"event_id\":\"$1\"}");
	world_say(&a, 8, "more");
	assert_body("EPOCH.8t", "\"m.in_reply_to\":{\"event_id\":\"$2\"}");
	assert_int_equal(world_event("!1:hs", ALICE,
				     "{\"event_id\":\"$99\",\"content\":{\"msgtype\":\"m.text\","
				     "\"body\":\"hi\",\"m.relates_to\":{\"rel_type\":\"m.thread\","
				     "\"event_id\":\"$1\"}}}"),
			 0);
	world_say(&a, 9, "and more");
	assert_body("EPOCH.9t", "\"m.in_reply_to\":{\"event_id\":\"$99\"}");
}

/* A card that has left while its desk was not stored could be made on another desk too. */
static void mx_card__only_when_its_desk_is_stored(void **state)
{
	struct chat_place b = place_of(2);

	(void)state;
	(void)world_thread();
	forget_all();
	fake_bridge_batch(w.bridge);
	world_open(&b);
	asked_nothing();
	fake_bridge_commit(w.bridge, true);
	fake_hs_run(w.hs);
	told("ready 2 !1:hs/$2");
}

static void mx_card__whose_desk_could_not_be_stored(void **state)
{
	struct chat_place b = place_of(2);

	(void)state;
	(void)world_thread();
	forget_all();
	fake_bridge_batch(w.bridge);
	world_open(&b);
	fake_bridge_commit(w.bridge, false);
	fake_hs_run(w.hs);
	told_of("lost 2 the desk");
	asked_nothing();
	assert_string_equal(fake_bridge_memory(w.bridge, "bound b"), "desk " ALICE " 1");
	world_open(&b);
	told("ready 2 !1:hs/$2");
	/* Nothing is left of it when all goes down. */
	b = place_of(3);
	fake_bridge_batch(w.bridge);
	world_open(&b);
	world_destroy();
	fake_bridge_commit(w.bridge, true);
	world_create("shape", "thread", NULL);
}

/* One desk for several, one card for each; the next desk when it is full. */
static void mx_desk__full(void **state)
{
	struct chat_place places[5];

	(void)state;
	world_create("shape", "thread", "desk_max", "2", NULL);
	world_up();
	for (int64_t i = 0; i < 5; i++) {
		places[i] = place_of(i + 1);
		world_open(&places[i]);
	}
	told("ready 1 !1:hs/$1", "ready 2 !1:hs/$2", "ready 3 !3:hs/$3", "ready 4 !3:hs/$4",
	     "ready 5 !4:hs/$5");
	assert_part(fake_hs_state(w.hs, "!3:hs", "m.room.name", ""), "Desk of alice (2)");
	assert_string_equal(fake_bridge_memory(w.bridge, "desk " ALICE), "3 1");
	world_destroy();
	world_create("shape", "thread", "desk_max", "2", NULL);
	world_up();
	places[0] = place_of(6);
	world_open(&places[0]);
	told("ready 6 !4:hs/$6");
}

static void mx_desk__several_at_once(void **state)
{
	struct chat_place places[5];

	(void)state;
	world_create("shape", "thread", NULL);
	world_up();
	for (int64_t i = 0; i < 5; i++) {
		places[i] = place_of(i + 1);
		chat_matrix.open_place(w.self, &places[i]);
	}
	fake_hs_run(w.hs);
	told("ready 1 !1:hs/$1", "ready 2 !1:hs/$2", "ready 3 !1:hs/$3", "ready 4 !1:hs/$4",
	     "ready 5 !1:hs/$5");
	assert_int_equal(fake_hs_rooms(w.hs), 2);
}

/* While a card is on its way, the desk itself is nobody's conversation. */
static void mx_desk__is_no_conversation_by_itself(void **state)
{
	struct chat_place b = place_of(2);

	(void)state;
	(void)world_thread();
	fake_hs_hold(w.hs, "card.b.0");
	world_open(&b);
	assert_int_equal(world_said("!1:hs", ALICE, "", "what is this?"), 0);
	told("said direct 0 @alice:hs 0 text what is this? $test1  1764000000000");
}

/* We died before its card was heard of, and others have filled the desk since: it is on that one. */
static void mx_desk__full_when_we_come_back(void **state)
{
	struct chat_place a = place_of(1);
	struct chat_place b = place_of(2);

	(void)state;
	world_create("shape", "thread", "desk_max", "1", NULL);
	world_up();
	world_open(&a);
	fake_hs_hold(w.hs, "card.b.0");
	world_open(&b);
	world_destroy();
	fake_hs_release(w.hs);
	world_create("shape", "thread", "desk_max", "1", NULL);
	world_up();
	forget_all();
	world_open(&b);
	told("ready 2 !3:hs/$2");
	assert_string_equal(fake_bridge_memory(w.bridge, "desk " ALICE), "2 1");
}

static void mx_desk__of_the_inbox(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	give_to_inbox(&a);
	world_create("shape", "thread", NULL);
	world_up();
	world_open(&a);
	told("ready 1 !1:hs/$1");
	assert_part(fake_hs_state(w.hs, "!1:hs", "m.room.name", ""), "Inbox");
	assert_string_equal(fake_hs_membership(w.hs, "!1:hs", ALICE), "invite");
	assert_string_equal(fake_hs_membership(w.hs, "!1:hs", BOB), "invite");
	world_say(&a, 7, "hello");
	assert_body("EPOCH.7t", "\"m.mentions\":{}");
}

/* ---- known ---------------------------------------------------------------------------------------------- */

static void mx_desk__known_is_ready_without_a_call(void **state)
{
	struct chat_place a = world_thread();

	(void)state;
	world_restart();
	world_open(&a);
	told("ready 1 !1:hs/$1");
	asked_nothing();
	assert_int_equal(world_said("!1:hs", ALICE, "$1", "hi"), 0);
	told_of("said conversation 1 @alice:hs");
}

static void mx_desk__spoken_in_after_a_restart(void **state)
{
	struct chat_place a = world_thread();

	(void)state;
	world_restart();
	world_open(&a);
	world_say(&a, 7, "hello");
	told("ready 1 !1:hs/$1", "done 7 $2");
	assert_int_equal(fake_hs_count(w.hs, "GET /rooms/!1:hs/state"), 1);
	assert_int_equal(fake_hs_count(w.hs, "PUT /rooms/!1:hs/state"), 0);
	assert_int_equal(fake_hs_count(w.hs, "PUT /rooms/!1:hs/send"), 1);
}

/* The team has grown, and somebody has left it. */
static void mx_desk__of_the_inbox_has_the_team_in_it(void **state)
{
	static const char *const others[] = {BOB, CAROL};
	struct chat_place a = place_of(1);

	(void)state;
	give_to_inbox(&a);
	world_create("shape", "thread", NULL);
	world_up();
	world_open(&a);
	a.address = "!1:hs/$1";
	a.members = a.inbox = others;
	world_update(&a);
	assert_string_equal(fake_hs_membership(w.hs, "!1:hs", ALICE), "leave");
	assert_string_equal(fake_hs_membership(w.hs, "!1:hs", CAROL), "invite");
	a.members = a.inbox = both;
	world_restart();
	world_open(&a);
	world_say(&a, 7, "hello");
	assert_string_equal(fake_hs_membership(w.hs, "!1:hs", ALICE), "invite");
	assert_string_equal(fake_hs_membership(w.hs, "!1:hs", CAROL), "leave");
}

/* All that is on it was taken there: who leaves the team goes all the same, who comes comes. */
static void mx_desk__of_the_inbox_when_all_is_taken(void **state)
{
	static const char *const others[] = {ALICE, CAROL};
	struct chat_place a = place_of(1);

	(void)state;
	give_to_inbox(&a);
	world_create("shape", "thread", NULL);
	world_up();
	world_open(&a);
	assert_int_equal(world_said("!1:hs", ALICE, "$1", "I take it"), 0);
	a = place_of(1);
	a.address = "!1:hs/$1";
	world_update(&a);
	assert_string_equal(fake_hs_membership(w.hs, "!1:hs", BOB), "invite");
	a.inbox = others;
	world_update(&a);
	assert_string_equal(fake_hs_membership(w.hs, "!1:hs", BOB), "leave");
	assert_string_equal(fake_hs_membership(w.hs, "!1:hs", CAROL), "invite");
	/* What she has goes with her. */
	forget_all();
	a.inbox = only_bob;
	a.inbox_n = 1;
	world_update(&a);
	told_of("ready 1 !3:hs/");
	assert_string_equal(fake_hs_membership(w.hs, "!3:hs", ALICE), "invite");
}

/* Somebody of another network has one: the desk on which it is does not lose its people by that. */
static void mx_desk__of_the_inbox_while_others_have_one(void **state)
{
	struct chat_place a = place_of(1);
	struct chat_place b = place_of(2);

	(void)state;
	give_to_inbox(&a);
	b.owner = "";
	b.member_n = 0;
	world_create("shape", "thread", NULL);
	world_up();
	world_open(&a);
	world_open(&b);
	world_say(&b, 7, "hello");
	told("ready 1 !1:hs/$1", "ready 2 !1:hs/$2", "done 7 $3");
	assert_string_equal(fake_hs_membership(w.hs, "!1:hs", ALICE), "invite");
	assert_string_equal(fake_hs_membership(w.hs, "!1:hs", BOB), "invite");
}

/* Alice took one of the inbox, which was opened first after a restart: the desk is still the
 * inbox's. */
static void mx_desk__whose_it_is_does_not_hang_on_who_comes_first(void **state)
{
	struct chat_place a = place_of(1);
	struct chat_place b = place_of(2);

	(void)state;
	give_to_inbox(&a);
	give_to_inbox(&b);
	world_create("shape", "thread", NULL);
	world_up();
	world_open(&a);
	world_open(&b);
	assert_int_equal(world_said("!1:hs", ALICE, "$1", "I take it"), 0);
	a = place_of(1);
	world_update(&a);
	a.address = "!1:hs/$1";
	b.address = "!1:hs/$2";
	world_restart();
	world_open(&a);
	world_open(&b);
	fake_hs_member(w.hs, "!1:hs", BOB, "leave");
	world_say(&b, 7, "hello");
	told("ready 1 !1:hs/$1", "ready 2 !1:hs/$2", "done 7 $4");
	assert_string_equal(fake_hs_membership(w.hs, "!1:hs", BOB), "invite");
}

/* ---- cards ---------------------------------------------------------------------------------------------- */

static void mx_card__edited(void **state)
{
	struct chat_place a = world_thread();

	(void)state;
	forget_all();
	a.title = "Patricia";
	world_update(&a);
	assert_int_equal(fake_hs_count(w.hs, "PUT /rooms/!1:hs/send/m.room.message/EPOCH."), 1);
	assert_body("PUT /rooms/!1:hs/send", "\"rel_type\":\"m.replace\",\"event_id\":\"$1\"");
	assert_body("PUT /rooms/!1:hs/send", "Patricia");
	forget_all();
	world_update(&a);
	asked_nothing();
}

/* What changes while it is on its way is not lost. */
static void mx_card__changed_while_it_is_sent(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_create("shape", "thread", NULL);
	world_up();
	fake_hs_hold(w.hs, "card.a.0");
	world_open(&a);
	a.title = "Patricia";
	world_update(&a);
	fake_hs_release(w.hs);
	fake_hs_run(w.hs);
	told("ready 1 !1:hs/$1");
	assert_body("PUT /rooms/!1:hs/send", "Patricia");
}

/* What changed while we were away is put on the card. */
static void mx_card__changed_while_we_were_away(void **state)
{
	struct chat_place a = world_thread();

	(void)state;
	a.title = "Patricia";
	a.muted = true;
	world_restart();
	world_open(&a);
	assert_body("PUT /rooms/!1:hs/send/m.room.message", "Patricia");
	assert_string_equal(fake_hs_reactions(w.hs, "$1"), "⛔");
	world_restart();
	world_open(&a);
	asked_nothing();
}

/* Each has its second try. */
static void mx_card__refused_once_and_later_again(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_create("shape", "thread", NULL);
	world_up();
	fake_hs_fail(w.hs, "card.a.0", 1, 400, BAD);
	world_open(&a);
	fake_hs_fail(w.hs, "/card.a.", 1, 400, BAD);
	fake_hs_fail(w.hs, "EPOCH.7t", 1, 400, BAD);
	world_say(&a, 7, "hello");
	told("ready 1 !1:hs/$1", "ready 1 !1:hs/$2", "done 7 $3");
}

/* The bot has read what is said in a thread there. */
static void mx_card__receipt_in_its_thread(void **state)
{
	struct chat_place a = world_thread();

	(void)state;
	world_mark(&a, 7, fake_hs_event(w.hs, "!1:hs", ALICE), MARK_HANDED_OVER);
	assert_body("/receipt/", "{\"thread_id\":\"$1\"}");
}

static void mx_card__muted(void **state)
{
	struct chat_place a = world_thread();

	(void)state;
	a.muted = true;
	world_update(&a);
	assert_string_equal(fake_hs_reactions(w.hs, "$1"), "⛔");
	world_update(&a);
	assert_string_equal(fake_hs_reactions(w.hs, "$1"), "⛔");
	a.muted = false;
	world_update(&a);
	assert_string_equal(fake_hs_reactions(w.hs, "$1"), "");
	told_nothing();
	world_say(&a, 7, "hello");
	told_of("done 7 ");
}

static void mx_card__of_a_muted_contact(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	a.muted = true;
	world_create("shape", "thread", NULL);
	world_up();
	world_open(&a);
	told("ready 1 !1:hs/$1");
	assert_string_equal(fake_hs_reactions(w.hs, "$1"), "⛔");
}

/* We died before its id was stored: the same transaction tells it again. */
static void mx_card__once_though_we_died(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	(void)world_thread();
	world_restart();
	world_open(&a);
	told("ready 1 !1:hs/$1");
	assert_int_equal(fake_hs_count(w.hs, "card.a.0"), 1);
}

static size_t line_of(const char *line)
{
	size_t i = 0;

	while (i < fake_bridge_n(w.bridge) && strcmp(fake_bridge_line(w.bridge, i), line) != 0)
		i++;
	assert_true(i < fake_bridge_n(w.bridge));
	return i;
}

/* Where a card is bound for is kept until it is known where it is. */
static void mx_card__bound_until_it_is_known(void **state)
{
	struct chat_place b = place_of(2);

	(void)state;
	(void)world_thread();
	fake_bridge_clear(w.bridge);
	world_open(&b);
	assert_true(line_of("ready\t2\t!1:hs/$2") < line_of("keep\tbound b\t"));
	assert_string_equal(fake_bridge_memory(w.bridge, "bound b"), "");
}

/* The room is looked at and it is tried once more; a desk on which we may not write is none. */
static void mx_card__forbidden(void **state)
{
	struct chat_place b = place_of(2);

	(void)state;
	(void)world_thread();
	fake_hs_fail(w.hs, "card.b.0", 1, 403, FORBIDDEN);
	forget_all();
	world_open(&b);
	told("ready 2 !1:hs/$2");
	assert_int_equal(fake_hs_count(w.hs, "GET /rooms/!1:hs/state"), 1);
	fake_hs_fail(w.hs, "card.c.0", 2, 403, FORBIDDEN);
	b = place_of(3);
	world_open(&b);
	told("lost 1 no", "lost 2 no", "lost 3 no");
	world_open(&b);
	told("ready 3 !3:hs/$3");
}

/* One card that the server does not take is no reason to leave the desk. */
static void mx_card__refused(void **state)
{
	struct chat_place a = world_thread();
	struct chat_place b = place_of(2);

	(void)state;
	fake_hs_fail(w.hs, "card.b.", 2, 400, BAD);
	world_open(&b);
	told("lost 2 bad");
	world_say(&a, 7, "hello");
	told("done 7 $2");
	world_open(&b);
	told("ready 2 !1:hs/$3");
}

/* The thread's root is not there any more: another card, and the same words again. */
static void mx_card__gone(void **state)
{
	struct chat_place a = world_thread();

	(void)state;
	a.address = "!1:hs/$77";
	world_restart();
	world_open(&a);
	world_say(&a, 7, "hello");
	told("ready 1 !1:hs/$77", "ready 1 !1:hs/$2", "done 7 $3");
	world_say(&a, 8, "more");
	told("done 8 $4");
	assert_body("EPOCH.8t", "\"event_id\":\"$2\"");
}

/* Words that the server never takes do not fill the desk with cards. */
static void mx_card__not_for_words_that_are_refused(void **state)
{
	struct chat_place a = world_thread();

	(void)state;
	fake_hs_fail(w.hs, "EPOCH.7t", 10, 400, BAD);
	fake_hs_fail(w.hs, "EPOCH.8t", 1, 413, "{\"errcode\":\"M_TOO_LARGE\",\"error\":\"large\"}");
	world_say(&a, 7, "hello");
	world_say(&a, 8, "hello");
	world_say(&a, 9, "hello");
	told_of("failed 7 bad\nfailed 8 large\ndone 9 ");
	assert_true(fake_hs_count(w.hs, "/card.") <= 2);
}

/* ---- moved ---------------------------------------------------------------------------------------------- */

static void mx_move__to_the_new_owners_desk(void **state)
{
	struct chat_place a = world_thread();

	(void)state;
	forget_all();
	give_to_bob(&a);
	world_update(&a);
	told("ready 1 !3:hs/$3");
	assert_body("!1:hs/send/m.room.message/EPOCH.", "This conversation is now on another desk");
	assert_body("!1:hs/send/m.room.message", "\"rel_type\":\"m.thread\",\"event_id\":\"$1\"");
	assert_string_equal(fake_hs_membership(w.hs, "!3:hs", BOB), "invite");
	assert_string_equal(fake_hs_membership(w.hs, "!1:hs", ALICE), "invite");
	world_say(&a, 7, "hello");
	told("done 7 $4");
	assert_body("EPOCH.7t", "\"m.in_reply_to\":{\"event_id\":\"$3\"}");
	/* What is still written in the old thread is for nobody. */
	assert_int_equal(world_said("!1:hs", ALICE, "$1", "and me?"), 0);
	told_of("said direct 0 @alice:hs");
	world_update(&a);
	told_nothing();
}

static void mx_move__while_we_were_away(void **state)
{
	struct chat_place a = world_thread();

	(void)state;
	give_to_bob(&a);
	world_restart();
	world_open(&a);
	told("ready 1 !3:hs/$3");
	world_restart();
	a.address = "!3:hs/$3";
	world_open(&a);
	told("ready 1 !3:hs/$3");
	asked_nothing();
}

/* To and fro with restarts between: each time a new card, none of those from before. */
static void mx_move__back_to_a_desk_after_restarts(void **state)
{
	struct chat_place a = world_thread();

	(void)state;
	world_restart();
	a.address = "!1:hs/$1";
	give_to_bob(&a);
	world_open(&a);
	told("ready 1 !3:hs/$3");
	world_restart();
	a = place_of(1);
	a.address = "!3:hs/$3";
	world_open(&a);
	told("ready 1 !1:hs/$5");
	fake_loop_advance(w.loop, 1); /* as to what is said besides cards */
	world_restart();
	a.address = "!1:hs/$5";
	give_to_bob(&a);
	world_open(&a);
	told("ready 1 !3:hs/$7");
}

/* We died when we had put its new card and not heard of it: it moves all the same, to that one. */
static void mx_move__though_we_died_on_the_way(void **state)
{
	struct chat_place a = world_thread();

	(void)state;
	give_to_bob(&a);
	fake_hs_hold(w.hs, "/card.a.");
	world_update(&a);
	world_restart();
	a.address = "!1:hs/$1";
	world_open(&a);
	fake_hs_release(w.hs);
	fake_hs_run(w.hs);
	told("ready 1 !3:hs/$3");
	assert_string_equal(fake_hs_membership(w.hs, "!3:hs", BOB), "invite");
}

/* Who took it by writing in it keeps it where it is, for good. */
static void mx_move__not_under_the_hands_of_who_took_it(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	give_to_inbox(&a);
	world_create("shape", "thread", NULL);
	world_up();
	world_open(&a);
	assert_int_equal(world_said("!1:hs", ALICE, "$1", "hi"), 0);
	a = place_of(1);
	forget_all();
	world_update(&a);
	told_nothing();
	world_say(&a, 7, "hello");
	told("done 7 $3");
	a.address = "!1:hs/$1";
	world_restart();
	world_open(&a);
	told("ready 1 !1:hs/$1");
	assert_int_equal(fake_hs_rooms(w.hs), 2);
}

/* We died when it was theirs and before we were told so. */
static void mx_move__not_under_the_hands_after_a_death(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	give_to_inbox(&a);
	world_create("shape", "thread", NULL);
	world_up();
	world_open(&a);
	assert_int_equal(world_said("!1:hs", ALICE, "$1", "hi"), 0);
	a = place_of(1);
	a.address = "!1:hs/$1";
	world_restart();
	world_open(&a);
	told("ready 1 !1:hs/$1");
	assert_int_equal(fake_hs_rooms(w.hs), 2);
}

/* Given back: the team has to see it, whoever wrote last. */
static void mx_move__back_to_the_inbox(void **state)
{
	struct chat_place a = world_thread();

	(void)state;
	give_to_inbox(&a);
	world_update(&a);
	told("ready 1 !3:hs/$3");
	assert_part(fake_hs_state(w.hs, "!3:hs", "m.room.name", ""), "Inbox");
}

/* Somebody of another network has it: it stays, and comes along when one of ours has it again. */
static void mx_move__by_way_of_another_network(void **state)
{
	struct chat_place a = world_thread();

	(void)state;
	a.owner = "";
	a.member_n = 0;
	world_update(&a);
	told_nothing();
	world_update(&a);
	a = place_of(1);
	world_update(&a);
	told_nothing();
	give_to_bob(&a);
	world_update(&a);
	told("ready 1 !3:hs/$3");
}

/* Nobody of ours had it, so that it is on the inbox's desk: whoever gets it has to see it. */
static void mx_move__from_nobody(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	a.owner = "";
	a.member_n = 0;
	world_create("shape", "thread", NULL);
	world_up();
	world_open(&a);
	told("ready 1 !1:hs/$1");
	a = place_of(1);
	world_update(&a);
	told("ready 1 !3:hs/$3");
}

/* It is given away while its first card is on its way. */
static void mx_move__while_the_card_is_sent(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_create("shape", "thread", NULL);
	world_up();
	fake_hs_hold(w.hs, "card.a.0");
	world_open(&a);
	give_to_bob(&a);
	world_update(&a);
	fake_hs_release(w.hs);
	fake_hs_run(w.hs);
	told_of("ready 1 !3:hs/$3\n");
	assert_part(fake_hs_state(w.hs, "!3:hs", "m.room.name", ""), "Desk of bob");
	world_say(&a, 7, "hello");
	told("done 7 $4");
}

/* While it moves, its old thread is nobody's any more. */
static void mx_move__old_thread_while_the_card_is_sent(void **state)
{
	struct chat_place a = world_thread();
	struct chat_place b = place_of(2);

	(void)state;
	give_to_bob(&b);
	world_open(&b);
	told("ready 2 !3:hs/$2");
	give_to_bob(&a);
	fake_hs_hold(w.hs, "/card.a.");
	world_update(&a);
	assert_int_equal(world_said("!1:hs", ALICE, "$1", "and me?"), 0);
	told_of("said direct 0 @alice:hs");
	/* And back before it is there. */
	a = place_of(1);
	world_update(&a);
	fake_hs_release(w.hs);
	fake_hs_run(w.hs);
	told("ready 1 !1:hs/$6");
}

/* And before its desk is there. */
static void mx_move__while_the_desk_is_made(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	world_create("shape", "thread", NULL);
	world_up();
	fake_hs_hold(w.hs, "/createRoom");
	world_open(&a);
	give_to_bob(&a);
	world_update(&a);
	fake_hs_release(w.hs);
	fake_hs_run(w.hs);
	told_of("ready 1 !2:hs/$1\n");
	assert_part(fake_hs_state(w.hs, "!2:hs", "m.room.name", ""), "Desk of bob");
}

/* A text is under way to the old thread, and arrives there. */
static void mx_move__with_a_text_under_way(void **state)
{
	struct chat_place a = world_thread();

	(void)state;
	fake_hs_hold(w.hs, "EPOCH.7t");
	world_say(&a, 7, "hello");
	world_say(&a, 8, "more");
	give_to_bob(&a);
	world_update(&a);
	fake_hs_release(w.hs);
	fake_hs_run(w.hs);
	told_of("done 8 ");
	assert_body("EPOCH.8t", "\"rel_type\":\"m.thread\",\"event_id\":\"$4\"");
	assert_body("EPOCH.8t", "\"m.in_reply_to\":{\"event_id\":\"$4\"}");
	assert_int_equal(fake_hs_count(w.hs, "!3:hs/send/m.room.message/EPOCH.8t"), 1);
}

/* ---- what is kept is lost ------------------------------------------------------------------------------ */

static void forget_memory(void)
{
	static const char *const keys[] = {"desk " ALICE, "desk " ALICE " 1", "room !1:hs",
					   "seat a", "space"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_int_equal(bridge_chat_keep(w.bridge, "matrix", keys[i], ""), 0);
}

/* The alias leads to the desk, and there are not two of it. */
static void mx_desk__memory_lost(void **state)
{
	struct chat_place a = world_thread();
	struct chat_place b = place_of(2);

	(void)state;
	forget_memory();
	world_restart();
	world_open(&a);
	told("ready 1 !1:hs/$1");
	asked_nothing();
	world_open(&b);
	told("ready 2 !1:hs/$2");
	world_say(&a, 7, "hello");
	told("done 7 $3");
	/* News of the room reaches all that is in it. */
	world_member("!1:hs", "@admin:hs", BOT, "leave");
	told("lost 1 @admin:hs has put the bot out of it",
	     "lost 2 @admin:hs has put the bot out of it");
}

/* What is left of it is enough to see that it belongs elsewhere. */
static void mx_desk__half_of_the_memory_lost(void **state)
{
	static const char *const lost[] = {"room !1:hs", "seat a"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct chat_place a = world_thread();

		assert_int_equal(bridge_chat_keep(w.bridge, "matrix", lost[i], ""), 0);
		give_to_bob(&a);
		world_restart();
		world_open(&a);
		told("ready 1 !3:hs/$3");
		teardown(NULL);
		setup(NULL);
	}
}

static void mx_desk__unreadable_memory(void **state)
{
	static const char *const values[] = {"x", "1", "-1 7"};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct chat_place a = place_of(1);

		assert_int_equal(bridge_chat_keep(w.bridge, "matrix", "desk " ALICE, values[i]), 0);
		world_create("shape", "thread", NULL);
		world_up();
		world_open(&a);
		told("ready 1 !1:hs/$1");
		assert_string_equal(fake_bridge_memory(w.bridge, "desk " ALICE), "1 1");
		teardown(NULL);
		setup(NULL);
	}
}

/* ---- lost and replaced ------------------------------------------------------------------------------------ */

static void mx_desk__lost(void **state)
{
	struct chat_place a = world_thread();
	struct chat_place b = place_of(2);

	(void)state;
	world_open(&b);
	told("ready 2 !1:hs/$2");
	world_member("!1:hs", "@admin:hs", BOT, "leave");
	told("lost 1 @admin:hs has put the bot out of it",
	     "lost 2 @admin:hs has put the bot out of it");
	b.address = "!1:hs/$2";
	world_open(&a);
	world_open(&b);
	told("ready 1 !3:hs/$3", "ready 2 !3:hs/$4");
	world_say(&a, 7, "hello");
	assert_body("EPOCH.7t", "\"event_id\":\"$3\"");
	assert_string_equal(fake_bridge_memory(w.bridge, "desk " ALICE " 1"), "!3:hs");
	assert_string_equal(fake_bridge_memory(w.bridge, "room !1:hs"), "");
}

/* Of the inbox's desk only one that Alice took is open: she gets it on her own, and not on a desk of
 * which nobody says how it should look. */
static void mx_desk__lost_with_one_that_was_taken(void **state)
{
	struct chat_place a = place_of(1);

	(void)state;
	give_to_inbox(&a);
	world_create("shape", "thread", NULL);
	world_up();
	world_open(&a);
	assert_int_equal(world_said("!1:hs", ALICE, "$1", "I take it"), 0);
	a = place_of(1);
	world_update(&a);
	a.address = "!1:hs/$1";
	world_restart();
	fake_hs_member(w.hs, "!1:hs", BOT, "leave");
	world_open(&a);
	world_say(&a, 7, "hello");
	told("ready 1 !1:hs/$1", "lost 1 we are not in it any more");
	world_open(&a);
	told_of("ready 1 !3:hs/");
	assert_part(fake_hs_state(w.hs, "!3:hs", "m.room.name", ""), "Desk of alice");
	assert_string_equal(fake_hs_membership(w.hs, "!3:hs", ALICE), "invite");
}

/* The same with one that somebody of another network has. */
static void mx_desk__lost_with_one_of_nobody(void **state)
{
	struct chat_place a = world_thread();

	(void)state;
	a.owner = "";
	a.member_n = 0;
	world_restart();
	world_open(&a);
	world_member("!1:hs", "@admin:hs", BOT, "leave");
	told_of("lost 1 ");
	world_open(&a);
	told("ready 1 !3:hs/$2");
	assert_part(fake_hs_state(w.hs, "!3:hs", "m.room.name", ""), "Inbox");
}

/* While a card is on its way there. */
static void mx_desk__lost_with_a_card_under_way(void **state)
{
	struct chat_place b = place_of(2);

	(void)state;
	(void)world_thread();
	fake_hs_hold(w.hs, "card.b.0");
	world_open(&b);
	world_member("!1:hs", "@admin:hs", BOT, "leave");
	told_of("lost 2 ");
	world_open(&b);
	fake_hs_release(w.hs);
	fake_hs_run(w.hs);
	told("ready 2 !3:hs/$2");
}

static void world_upgrade(void)
{
	const char *id = fake_hs_room(w.hs, "@admin:hs", NULL);

	fake_hs_put(w.hs, id, "@admin:hs", "m.room.create", "",
		    "{\"room_version\":\"12\",\"predecessor\":{\"room_id\":\"!1:hs\"}}");
	fake_hs_put(w.hs, id, "@admin:hs", "m.room.power_levels", "",
		    "{\"users\":{\"@bot:hs\":100}}");
	fake_hs_member(w.hs, id, BOT, "invite");
	fake_hs_put(w.hs, "!1:hs", "@admin:hs", "m.room.tombstone", "",
		    "{\"replacement_room\":\"!3:hs\"}");
	assert_int_equal(world_event("!1:hs", "@admin:hs",
				     "{\"type\":\"m.room.tombstone\",\"state_key\":\"\","
				     "\"content\":{\"replacement_room\":\"!3:hs\"}}"),
			 0);
}

/* Threads do not come along: each conversation gets its card in the new room. */
static void mx_desk__upgraded(void **state)
{
	struct chat_place a = world_thread();
	struct chat_place b = place_of(2);

	(void)state;
	world_open(&b);
	forget_all();
	world_upgrade();
	told("ready 1 !3:hs/$3", "ready 2 !3:hs/$4");
	assert_string_equal(fake_bridge_memory(w.bridge, "desk " ALICE " 1"), "!3:hs");
	world_say(&a, 7, "hello");
	told("done 7 $5");
	assert_body("EPOCH.7t", "\"event_id\":\"$3\"");
}

/* A text is under way to the old one. */
static void mx_desk__upgraded_with_a_text_under_way(void **state)
{
	struct chat_place a = world_thread();

	(void)state;
	fake_hs_hold(w.hs, "EPOCH.7t");
	world_say(&a, 7, "hello");
	world_upgrade();
	fake_hs_release(w.hs);
	fake_hs_run(w.hs);
	told("done 7 $2", "ready 1 !3:hs/$3");
	world_say(&a, 8, "more");
	assert_body("EPOCH.8t", "\"m.in_reply_to\":{\"event_id\":\"$3\"}");
}

/* The daemon was restarted before a place of it was opened. */
static void mx_desk__upgraded_before_a_restart(void **state)
{
	struct chat_place a = world_thread();
	struct chat_place b = place_of(2);

	(void)state;
	world_open(&b);
	world_destroy();
	world_create("shape", "thread", NULL);
	world_up();
	b.address = "!1:hs/$2";
	world_open(&b);
	forget_all();
	world_upgrade();
	told("ready 2 !3:hs/$3");
	world_restart();
	world_open(&a);
	told("ready 1 !3:hs/$4");
	world_say(&a, 7, "hello");
	told_of("done 7 ");
	assert_int_equal(fake_hs_count(w.hs, "!3:hs/send/m.room.message/EPOCH.7t"), 1);
	assert_int_equal(fake_hs_count(w.hs, "/createRoom"), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(mx_desk__made_with_a_card),
		T(mx_desk__threads),
		T(mx_desk__full),
		T(mx_desk__several_at_once),
		T(mx_desk__is_no_conversation_by_itself),
		T(mx_desk__full_when_we_come_back),
		T(mx_desk__of_the_inbox),
		T(mx_desk__known_is_ready_without_a_call),
		T(mx_desk__spoken_in_after_a_restart),
		T(mx_desk__of_the_inbox_has_the_team_in_it),
		T(mx_desk__of_the_inbox_when_all_is_taken),
		T(mx_desk__of_the_inbox_while_others_have_one),
		T(mx_desk__whose_it_is_does_not_hang_on_who_comes_first),
		T(mx_card__only_when_its_desk_is_stored),
		T(mx_card__whose_desk_could_not_be_stored),
		T(mx_card__edited),
		T(mx_card__changed_while_it_is_sent),
		T(mx_card__changed_while_we_were_away),
		T(mx_card__refused_once_and_later_again),
		T(mx_card__receipt_in_its_thread),
		T(mx_card__muted),
		T(mx_card__of_a_muted_contact),
		T(mx_card__once_though_we_died),
		T(mx_card__bound_until_it_is_known),
		T(mx_card__forbidden),
		T(mx_card__refused),
		T(mx_card__gone),
		T(mx_card__not_for_words_that_are_refused),
		T(mx_move__to_the_new_owners_desk),
		T(mx_move__while_we_were_away),
		T(mx_move__back_to_a_desk_after_restarts),
		T(mx_move__though_we_died_on_the_way),
		T(mx_move__not_under_the_hands_of_who_took_it),
		T(mx_move__not_under_the_hands_after_a_death),
		T(mx_move__back_to_the_inbox),
		T(mx_move__by_way_of_another_network),
		T(mx_move__from_nobody),
		T(mx_move__while_the_card_is_sent),
		T(mx_move__old_thread_while_the_card_is_sent),
		T(mx_move__while_the_desk_is_made),
		T(mx_move__with_a_text_under_way),
		T(mx_desk__memory_lost),
		T(mx_desk__half_of_the_memory_lost),
		T(mx_desk__unreadable_memory),
		T(mx_desk__lost),
		T(mx_desk__lost_with_one_that_was_taken),
		T(mx_desk__lost_with_one_of_nobody),
		T(mx_desk__lost_with_a_card_under_way),
		T(mx_desk__upgraded),
		T(mx_desk__upgraded_with_a_text_under_way),
		T(mx_desk__upgraded_before_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
