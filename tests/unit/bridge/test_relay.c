/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What is shown in places: in order, once, also when the network or the disk has trouble. */
#include "unit/bridge/scene.h"

static const struct place_id anywhere = {0};

static struct fake_said *said(struct scene *s, const char *words)
{
	return fake_chat_find(&s->xmpp, FAKE_SAY, anywhere, words);
}

static size_t times(struct scene *s, const char *words)
{
	return fake_chat_count(&s->xmpp, FAKE_SAY, anywhere, words);
}

static int64_t pending(struct scene *s)
{
	return ask_number(s, "SELECT count(*) FROM relay");
}

static void rows__are__given_when_their_place_is_ready(void **state)
{
	struct scene *s = *state;
	struct place_id room;

	s->xmpp.silent = true;
	texts_us(s, PAT, "one");
	assert_null(fake_chat_find(&s->xmpp, FAKE_OPEN, anywhere, "0101")); /* not on disk yet */
	settle(s);
	texts_us(s, PAT, "two");
	settle(s);
	room = place_with(s, PAT);
	assert_false(room_saw(s, room, "one"));
	fake_chat_finish(&s->xmpp, fake_chat_find(&s->xmpp, FAKE_OPEN, room, NULL));
	settle(s);
	assert_int_equal(fake_chat_count(&s->xmpp, FAKE_SAY, room, NULL), 2);
	assert_true(fake_chat_find(&s->xmpp, FAKE_SAY, room, "one") <
		    fake_chat_find(&s->xmpp, FAKE_SAY, room, "two"));
	/* Ready twice changes nothing. */
	bridge_place_ready(s->bridge, "xmpp", room, "elsewhere@muc");
	settle(s);
	assert_int_equal(fake_chat_count(&s->xmpp, FAKE_SAY, room, NULL), 2);
	s->xmpp.silent = false;
	settle(s);
	assert_int_equal(pending(s), 0);
}

static void place__keeps__its_address_and_cursor(void **state)
{
	struct scene *s = *state;
	struct place_row row;
	char want[32];

	receive(s, PAT, "one");
	assert_int_equal(1, store_get_place(s->store, place_with(s, PAT), &row, NULL));
	(void)snprintf(want, sizeof(want), "room%lld@muc", (long long)row.id.v);
	assert_string_equal(row.address, want);
	(void)snprintf(want, sizeof(want), "shown%lld", (long long)said(s, "one")->id.v);
	assert_string_equal(row.cursor, want);
	say_in(s, row.id, ALICE, "// a note");
	assert_int_equal(1, store_get_place(s->store, row.id, &row, NULL));
	assert_string_equal(row.cursor, s->event);
}

static void many_rows__are__given_fifty_at_a_time(void **state)
{
	struct scene *s = *state;
	char text[24];

	receive(s, PAT, "Hello");
	s->xmpp.silent = true;
	for (int i = 0; i < 200; i++) {
		(void)snprintf(text, sizeof(text), "text %03d", i);
		texts_us(s, PAT, text);
	}
	settle(s);
	assert_int_equal(times(s, "text "), 50);
	s->xmpp.silent = false;
	settle(s);
	assert_int_equal(times(s, "text "), 200);
	for (int i = 0; i < 200; i++) {
		(void)snprintf(text, sizeof(text), "text %03d", i);
		assert_int_equal(times(s, text), 1);
	}
	for (size_t i = 1, last = 0; i < s->xmpp.n; i++) {
		if (s->xmpp.log[i].kind != FAKE_SAY || !strstr(s->xmpp.log[i].text, "text "))
			continue;
		assert_true(strcmp(s->xmpp.log[i].text, s->xmpp.log[last].text) > 0 || last == 0);
		last = i;
	}
	assert_int_equal(pending(s), 0);
}

/* Each mark has an end of its own, so the count of what is under way never leaks. */
static void marks_of_one_text__do__not_clog_its_place(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	s->xmpp.silent = true;
	for (int i = 0; i < 60; i++) {
		char text[24];

		(void)snprintf(text, sizeof(text), "text %d", i);
		say_in(s, room, ALICE, text);
		accept(s, (size_t)i);
		report(s, ref_of(s, (size_t)i), SMS_STATUS_DELIVERED);
	}
	s->xmpp.silent = false;
	settle(s);
	assert_int_equal(mark_on(s, s->event), MARK_DELIVERED);
	assert_int_equal(pending(s), 0);
	receive(s, PAT, "still there?");
	assert_int_equal(times(s, "still there?"), 1);
}

static void row_that_is_refused__holds__nobody_up(void **state)
{
	struct scene *s = *state;
	struct fake_said *entry;

	receive(s, PAT, "Hello");
	s->xmpp.silent = true;
	receive(s, PAT, "one");
	receive(s, PAT, "two");
	entry = said(s, "one");
	entry->done = true;
	bridge_relay_failed(s->bridge, "xmpp", entry->id, "too long");
	s->xmpp.silent = false;
	settle(s);
	assert_int_equal(pending(s), 0);
	receive(s, PAT, "three");
	assert_int_equal(times(s, "three"), 1);
	assert_int_equal(times(s, "one"), 1);
}

static void refused_words__are__told_to_the_organizers(void **state)
{
	struct scene *s = *state;
	struct fake_said *entry;

	receive(s, PAT, "Hello");
	for (int i = 0; i < 3; i++) {
		char text[16];

		(void)snprintf(text, sizeof(text), "refused %d", i);
		s->xmpp.silent = true;
		receive(s, PAT, text);
		entry = said(s, text);
		entry->done = true;
		bridge_relay_failed(s->bridge, "xmpp", entry->id, "not-acceptable\001");
		s->xmpp.silent = false;
		settle(s);
		if (i == 1)
			wait_ms(s, HOUR);
	}
	assert_true(control_saw(s, "⚠ The chat server does not take what Contact …0101 wrote "
				   "(conversation 1), so nobody can see it: not-acceptable. "));
	/* The second one came too soon to be told again. */
	assert_int_equal(fake_chat_count(&s->xmpp, FAKE_SAY, control_of(s), "⚠"), 2);
	/* Of our own words it is only logged: an alert about an alert would never end. */
	wait_ms(s, HOUR);
	s->xmpp.silent = true;
	command(s, "!status");
	entry = fake_chat_find(&s->xmpp, FAKE_SAY, control_of(s), "Roomline");
	assert_non_null(entry);
	entry->done = true;
	bridge_relay_failed(s->bridge, "xmpp", entry->id, "policy-violation");
	s->xmpp.silent = false;
	settle(s);
	assert_int_equal(fake_chat_count(&s->xmpp, FAKE_SAY, control_of(s), "⚠"), 2);
}

static void late_row__carries__when_it_was_said(void **state)
{
	struct scene *s = *state;
	int64_t then;

	bridge_chat_down(s->bridge, "xmpp", "gone");
	then = loop_now(s->loop);
	receive(s, PAT, "Hello");
	wait_ms(s, HOUR);
	bridge_chat_up(s->bridge, "xmpp");
	settle(s);
	assert_int_equal(said(s, "Hello")->stamp, then);
	receive(s, PAT, "now");
	assert_int_equal(said(s, "now")->stamp, 0);
}

/* ---- trouble ----------------------------------------------------------------------------------- */

static void network_that_was_down__is__given_everything(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	s->xmpp.silent = true;
	receive(s, PAT, "on its way");
	bridge_chat_down(s->bridge, "xmpp", "lost");
	for (size_t i = 0; i < s->xmpp.n; i++)
		s->xmpp.log[i].done = true;
	receive(s, PAT, "while down");
	say_in(s, room, ALICE, "nobody hears this");
	wait_ms(s, HOUR);
	fake_chat_forget(&s->xmpp);
	assert_int_equal(bridge_networks_up(s->bridge), 0);
	s->xmpp.silent = false;
	bridge_chat_up(s->bridge, "xmpp");
	settle(s);
	assert_int_equal(bridge_networks_up(s->bridge), 1);
	/* The first may have been shown before: its id tells. */
	assert_int_equal(times(s, "on its way"), 1);
	assert_int_equal(times(s, "while down"), 1);
	assert_int_equal(fake_chat_count(&s->xmpp, FAKE_OPEN, room, NULL), 1);
	assert_int_equal(pending(s), 0);
	/* What nobody heard is told by the archive, from the cursor on, which did not move. */
	assert_int_equal(state_of_text(s, "nobody hears this"), (enum message_state) - 1);
}

static void lost_place__is__asked_for_again(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	s->xmpp.silent = true;
	receive(s, PAT, "one");
	said(s, "one")->done = true;
	fake_chat_forget(&s->xmpp);
	bridge_place_lost(s->bridge, "xmpp", room, "destroyed");
	bridge_place_lost(s->bridge, "xmpp", room, "destroyed");
	/* Of another network, or never heard of. */
	bridge_place_lost(s->bridge, "matrix", room, "destroyed");
	bridge_place_lost(s->bridge, "xmpp", (struct place_id){999}, "destroyed");
	s->xmpp.silent = false;
	wait_ms(s, 4999);
	assert_int_equal(s->xmpp.n, 0);
	wait_ms(s, 1);
	assert_int_equal(fake_chat_count(&s->xmpp, FAKE_OPEN, room, NULL), 1);
	assert_int_equal(times(s, "one"), 1);
	assert_int_equal(pending(s), 0);
	assert_int_equal(fake_loop_timers(s->loop), 0);
}

/* The end of a row could not be stored: it is given again, and known by its id. */
static void unstored_end__is__made_good(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	struct relay_id id;

	s->xmpp.silent = true;
	receive(s, PAT, "one");
	id = said(s, "one")->id;
	disk_refuses(s, true);
	fake_chat_finish(&s->xmpp, said(s, "one"));
	fake_loop_advance(s->loop, 0);
	disk_refuses(s, false);
	assert_int_equal(pending(s), 1);
	wait_ms(s, 5000);
	s->xmpp.silent = false;
	s->commits_to_fail = 1;
	settle(s); /* ready, given again, ended, and not committed */
	assert_int_equal(s->commits_to_fail, 0);
	wait_ms(s, 6000);
	assert_int_equal(pending(s), 0);
	assert_int_equal(said(s, "one")->id.v, id.v);
	receive(s, PAT, "two");
	assert_int_equal(times(s, "two"), 1);
	assert_int_equal(said(s, "two")->place.v, room.v);
}

/* The cursor must not pass what was said before and could not be stored. */
static void cursor__stays__behind_what_is_unstored(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	struct place_row before;
	struct place_row after;
	struct chat_said words = words_of(s, room, ALICE, "Hi Pat");

	s->xmpp.silent = true;
	receive(s, PAT, "one");
	assert_int_equal(1, store_get_place(s->store, room, &before, NULL));
	disk_refuses(s, true);
	bridge_chat_said(s->bridge, "xmpp", &words);
	disk_refuses(s, false);
	/* What comes after it is left to the archive too. */
	writes(s, room, ALICE, "and this");
	fake_chat_finish(&s->xmpp, said(s, "one"));
	fake_loop_advance(s->loop, 0);
	assert_int_equal(1, store_get_place(s->store, room, &after, NULL));
	assert_string_equal(before.cursor, after.cursor);
	wait_ms(s, 5000);
	assert_string_equal(fake_chat_find(&s->xmpp, FAKE_OPEN, room, NULL)->cursor, before.cursor);
	bridge_chat_said(s->bridge, "xmpp", &words); /* caught up */
	s->xmpp.silent = false;
	settle(s);
	assert_int_equal(sent(s), 1);
	assert_string_equal(sms(s, 0).text, "Hi Pat");
}

static void ends__of_unknown_rows__are__ignored(void **state)
{
	struct scene *s = *state;

	bridge_relay_done(s->bridge, "xmpp", (struct relay_id){4711}, "x");
	bridge_relay_failed(s->bridge, "xmpp", (struct relay_id){4712}, "x");
	bridge_chat_up(s->bridge, "irc");
	bridge_chat_down(s->bridge, "irc", "x");
	bridge_place_ready(s->bridge, "xmpp", (struct place_id){4713}, "x");
	settle(s);
	receive(s, PAT, "Hello");
	assert_int_equal(times(s, "Hello"), 2); /* in the room and in the announcement */
}

/* ---- how places look --------------------------------------------------------------------------- */

static void assignment__changes__the_members(void **state)
{
	struct scene *s = *state;
	struct place_id room;

	receive(s, PAT, "Hello");
	room = place_with(s, PAT);
	assert_string_equal(fake_chat_find(&s->xmpp, FAKE_OPEN, room, NULL)->members,
			    ALICE " " BOB);
	say_in(s, room, BOB, "!claim");
	assert_string_equal(fake_chat_find(&s->xmpp, FAKE_UPDATE, room, NULL)->members, BOB);
	assert_string_equal(fake_chat_find(&s->xmpp, FAKE_UPDATE, room, NULL)->topic, "With " BOB);
	ROOM_SAW(s, room, "This conversation is now with " BOB);
	command(s, "!assign 1 inbox");
	assert_string_equal(fake_chat_find(&s->xmpp, FAKE_UPDATE, room, NULL)->members,
			    ALICE " " BOB);
	ROOM_SAW(s, room, "This conversation is back in the inbox");
}

static void nobody_in_the_inbox__leaves__it_to_the_organizers(void **state)
{
	struct scene *s = *state;
	struct bridge_options options = s->options;

	options.inbox_n = 0;
	bridge_reload(s->bridge, &options);
	receive(s, PAT, "Hello");
	assert_string_equal(fake_chat_find(&s->xmpp, FAKE_OPEN, place_with(s, PAT), NULL)->members,
			    OLGA);
}

static void reload__tells__places_who_may_be_in_them(void **state)
{
	static const char *const others[] = {"xmpp:carol@example.org"};
	struct scene *s = *state;
	struct bridge_options options = s->options;

	receive(s, PAT, "Hello");
	options.inbox = options.organizers = others;
	options.inbox_n = 1;
	bridge_reload(s->bridge, &options);
	settle(s);
	assert_string_equal(
		fake_chat_find(&s->xmpp, FAKE_UPDATE, place_with(s, PAT), NULL)->members,
		"carol@example.org");
	assert_string_equal(fake_chat_find(&s->xmpp, FAKE_UPDATE, control_of(s), NULL)->members,
			    "carol@example.org");
}

static void closed_place__is__told_so_after_its_last_words(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	fake_chat_forget(&s->xmpp);
	s->xmpp.silent = true;
	say_in(s, room, ALICE, "!close");
	assert_int_equal(times(s, "Closed."), 1);
	assert_null(fake_chat_find(&s->xmpp, FAKE_CLOSE, room, NULL));
	s->xmpp.silent = false;
	settle(s);
	assert_int_equal(fake_chat_count(&s->xmpp, FAKE_CLOSE, room, NULL), 1);
	/* Once, whatever else is told to it. */
	receive(s, PAT, "STOP");
	assert_int_equal(fake_chat_count(&s->xmpp, FAKE_CLOSE, room, NULL), 1);
	say_in(s, room, BOB, "!claim");
	assert_true(fake_chat_find(&s->xmpp, FAKE_UPDATE, room, NULL)->invite);
	say_in(s, room, BOB, "!close");
	assert_int_equal(fake_chat_count(&s->xmpp, FAKE_CLOSE, room, NULL), 2);
}

static void place_closed_before_a_restart__is__told_so_after_it(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	s->xmpp.silent = true;
	say_in(s, room, ALICE, "!close");
	assert_null(fake_chat_find(&s->xmpp, FAKE_CLOSE, room, NULL));
	scene_bridge_stop(s);
	for (size_t i = 0; i < s->xmpp.n; i++)
		s->xmpp.log[i].done = true;
	s->xmpp.silent = false;
	scene_bridge_start(s);
	settle(s);
	assert_int_equal(fake_chat_count(&s->xmpp, FAKE_CLOSE, room, NULL), 1);
}

/* A close that is rolled back must never be told. */
static void undone_close__is__not_told(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	fake_chat_forget(&s->xmpp);
	s->commits_to_fail = 1;
	writes(s, room, ALICE, "!close");
	settle(s);
	assert_int_equal(s->commits_to_fail, 0);
	wait_ms(s, 6000);
	receive(s, PAT, "Hello?");
	assert_null(fake_chat_find(&s->xmpp, FAKE_CLOSE, room, NULL));
	assert_true(conversation_with(s, PAT).open);
}

/* The first place of a step that is undone; then its id goes to a place of the other network. */
static void undone_place__does__not_mislead_the_next_one(void **state)
{
	static const char *const there[] = {"matrix:@bob:example.org"};
	struct scene *s = *state;
	struct bridge_options options = s->options;
	struct place_id room;

	s->commits_to_fail = 1;
	receive(s, PAT, "lost"); /* which had a place in the one network */
	assert_int_equal(s->commits_to_fail, 0);
	options.inbox = there;
	options.inbox_n = 1;
	bridge_reload(s->bridge, &options);
	receive(s, QUINN, "Hello?");
	room = place_in(s, "matrix", QUINN);
	assert_non_null(fake_chat_find(&s->matrix, FAKE_OPEN, room, NULL));
	assert_null(fake_chat_find(&s->xmpp, FAKE_OPEN, room, NULL));
	receive(s, QUINN, "Hello");
	assert_non_null(fake_chat_find(&s->matrix, FAKE_SAY, room, "Hello"));
}

/* Nor is anybody asked for it again and again. */
static void undone_place__is__forgotten(void **state)
{
	struct scene *s = *state;

	s->commits_to_fail = 1;
	receive(s, PAT, "lost");
	assert_int_equal(s->commits_to_fail, 0);
	assert_int_equal(ask_number(s, "SELECT count(*) FROM place WHERE kind = 0"), 0);
	wait_ms(s, HOUR);
	assert_int_equal(fake_loop_timers(s->loop), 0);
	receive(s, PAT, "kept");
	assert_int_equal(times(s, "kept"), 2);
}

static void network_without_reactions__gets__no_marks(void **state)
{
	struct scene *s = *state;
	struct place_id room;

	s->xmpp.network.caps = 0;
	room = talk(s, PAT);
	say_in(s, room, ALICE, "Hi");
	answer_class(s, 0, SMS_PERM, SMS_SCOPE_MESSAGE);
	assert_int_equal(fake_chat_count(&s->xmpp, FAKE_MARK, anywhere, NULL), 0);
	ROOM_SAW(s, room, "❌ “Hi” did not reach them");
}

static void description__names__networks_and_senders(void **state)
{
	struct scene *s = *state;
	STRBUF_AUTO(out);
	STRBUF_AUTO(links);

	bridge_describe(s->bridge, &out);
	assert_non_null(strstr(out.buf, "xmpp: connected to nothing\n"));
	assert_non_null(strstr(out.buf, "sender main (+12125550100 by acme): ready\n"));
	receive(s, PAT, "Hello");
	bridge_place_links(s->bridge, conversation_with(s, PAT).id, &links);
	assert_memory_equal(links.buf, " xmpp:room", 10);
	assert_non_null(strstr(links.buf, "@muc?join"));
	bridge_place_links(s->bridge, (struct conversation_id){99}, &links);
	assert_null(strchr(links.buf + 1, ' '));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(rows__are__given_when_their_place_is_ready),
		SCENE(place__keeps__its_address_and_cursor),
		SCENE(many_rows__are__given_fifty_at_a_time),
		SCENE(marks_of_one_text__do__not_clog_its_place),
		SCENE(row_that_is_refused__holds__nobody_up),
		SCENE(refused_words__are__told_to_the_organizers),
		SCENE(late_row__carries__when_it_was_said),
		SCENE(network_that_was_down__is__given_everything),
		SCENE(lost_place__is__asked_for_again),
		SCENE(unstored_end__is__made_good),
		SCENE(cursor__stays__behind_what_is_unstored),
		SCENE(ends__of_unknown_rows__are__ignored),
		SCENE(assignment__changes__the_members),
		SCENE(nobody_in_the_inbox__leaves__it_to_the_organizers),
		SCENE(reload__tells__places_who_may_be_in_them),
		SCENE(closed_place__is__told_so_after_its_last_words),
		SCENE(place_closed_before_a_restart__is__told_so_after_it),
		SCENE(undone_close__is__not_told),
		SCENE_TWO(undone_place__does__not_mislead_the_next_one),
		SCENE(undone_place__is__forgotten),
		SCENE(network_without_reactions__gets__no_marks),
		SCENE(description__names__networks_and_senders),
	};

	log_set_level(LOG_ERROR + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
