/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What people say in places: texted, obeyed, noted, or explained. */
#include "unit/bridge/scene.h"

static void tell(struct scene *s, struct place_id place, const char *user, enum chat_said_kind what,
		 const char *text, const char *target)
{
	struct chat_said said = words_of(s, place, user, text);

	said.what = what;
	said.target_event = target;
	bridge_chat_said(s->bridge, "xmpp", &said);
	settle(s);
}

static size_t texts(struct scene *s)
{
	return (size_t)ask_number(s, "SELECT count(*) FROM message WHERE outbound = 1");
}

/* ---- whose conversation it is ------------------------------------------------------------------ */

static void first_who_writes__takes__it(void **state)
{
	struct scene *s = *state;
	struct place_id room;

	receive(s, PAT, "Hello?");
	room = place_with(s, PAT);
	say_in(s, room, BOB, "Hi Pat");
	assert_string_equal(conversation_with(s, PAT).owner, "xmpp:" BOB);
	assert_int_equal(sent(s), 1);
	say_in(s, room, ALICE, "Me too");
	ROOM_SAW(s, room, "Not texted: this conversation is with " BOB ". `!claim` takes it over.");
	assert_int_equal(texts(s), 1);
	say_in(s, room, ALICE, "!claim");
	say_in(s, room, ALICE, "Me too");
	assert_int_equal(texts(s), 2);
}

static void first_who_joins__takes__it(void **state)
{
	struct scene *s = *state;
	struct place_id room;

	receive(s, PAT, "Hello?");
	room = place_with(s, PAT);
	bridge_chat_joined(s->bridge, "xmpp", room, BOB);
	bridge_chat_joined(s->bridge, "xmpp", room, ALICE);
	settle(s);
	assert_string_equal(conversation_with(s, PAT).owner, "xmpp:" BOB);
	ROOM_SAW(s, room, "This conversation is now with " BOB);
	/* Nobody takes the control room, a room never heard of, or a closed conversation. */
	bridge_chat_joined(s->bridge, "xmpp", control_of(s), ALICE);
	bridge_chat_joined(s->bridge, "xmpp", (struct place_id){999}, ALICE);
	command(s, "!assign 1 inbox");
	command(s, "!close 1");
	bridge_chat_joined(s->bridge, "xmpp", room, ALICE);
	bridge_chat_left(s->bridge, "xmpp", room, ALICE);
	settle(s);
	assert_string_equal(conversation_with(s, PAT).owner, "");
}

static void closed_conversation__is__opened_by_claim(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	say_in(s, room, ALICE, "!close");
	say_in(s, room, ALICE, "Hello?");
	ROOM_SAW(s, room, "Not texted: this conversation is closed. `!claim` opens it again.");
	assert_int_equal(sent(s), 0);
	say_in(s, room, ALICE, "!close");
	ROOM_SAW(s, room, "Conversation 1 is not open.");
	say_in(s, room, ALICE, "!claim");
	assert_true(conversation_with(s, PAT).open);
	say_in(s, room, ALICE, "Hello?");
	assert_int_equal(sent(s), 1);
	say_in(s, room, ALICE, "!claim");
	ROOM_SAW(s, room, "This conversation is already with " ALICE ".");
}

/* ---- once -------------------------------------------------------------------------------------- */

static void event__acts__once(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	struct chat_said said = words_of(s, room, ALICE, "Hi");
	struct chat_said refused = words_of(s, room, BOB, "Hi");

	for (int i = 0; i < 3; i++) {
		bridge_chat_said(s->bridge, "xmpp", &said);
		settle(s);
	}
	assert_int_equal(texts(s), 1);
	refused.event_id = next_event(s);
	for (int i = 0; i < 3; i++) {
		bridge_chat_said(s->bridge, "xmpp", &refused);
		settle(s);
	}
	assert_int_equal(fake_chat_count(&s->xmpp, FAKE_SAY, room, "Not texted: this"), 1);
}

/* As when a thread has moved to another desk, or the organizers' room was upgraded. */
static void event_told_again__acts__nowhere_else(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	struct chat_said said = words_of(s, room, OLGA, "!text " QUINN " Hi");
	size_t before;

	s->xmpp.network.caps |= CHAT_CAP_REDELIVERS;
	bridge_chat_said(s->bridge, "xmpp", &said);
	settle(s);
	ROOM_SAW(s, room, "`!text` works in the control room");
	before = fake_chat_count(&s->xmpp, FAKE_SAY, (struct place_id){0}, NULL);
	said.kind = PLACE_DIRECT;
	said.place = (struct place_id){0};
	said.address = "where it was";
	assert_int_equal(bridge_chat_said(s->bridge, "xmpp", &said), 0);
	settle(s);
	assert_int_equal(texts(s), 0);
	assert_int_equal(fake_chat_count(&s->xmpp, FAKE_SAY, (struct place_id){0}, NULL), before);
	assert_int_equal(ask_number(s, "SELECT count(*) FROM place WHERE kind = 2"), 0);
	/* A new one does. */
	said.event_id = next_event(s);
	assert_int_equal(bridge_chat_said(s->bridge, "xmpp", &said), 0);
	settle(s);
	assert_int_equal(texts(s), 1);
}

static void unstored_words__are__read_again(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	struct chat_said said = words_of(s, room, ALICE, "Hi");

	disk_refuses(s, true);
	bridge_chat_said(s->bridge, "xmpp", &said);
	settle(s);
	disk_refuses(s, false);
	assert_int_equal(texts(s), 0);
	s->xmpp.silent = true;
	wait_ms(s, 5000);
	assert_false(fake_chat_find(&s->xmpp, FAKE_OPEN, room, NULL)->done);
	bridge_chat_said(s->bridge, "xmpp", &said); /* caught up */
	s->xmpp.silent = false;
	settle(s);
	assert_int_equal(sent(s), 1);
	/* The same for a commit that fails. */
	said.text = "Hi again";
	said.event_id = next_event(s);
	s->commits_to_fail = 1;
	bridge_chat_said(s->bridge, "xmpp", &said);
	settle(s);
	assert_int_equal(s->commits_to_fail, 0);
	wait_ms(s, 4000);
	bridge_chat_said(s->bridge, "xmpp", &said); /* too early: what was before it comes first */
	settle(s);
	assert_int_equal(texts(s), 1);
	s->xmpp.silent = true;
	wait_ms(s, 1000);
	bridge_chat_said(s->bridge, "xmpp", &said);
	s->xmpp.silent = false;
	settle(s);
	assert_int_equal(texts(s), 2);
}

static void disk_that_refuses_at_once__harms__nobody(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	sqlite3 *other;

	/* Somebody else holds the database: no step can even begin. */
	assert_int_equal(SQLITE_OK, sqlite3_open(s->path, &other));
	assert_int_equal(SQLITE_OK, sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL));
	(void)sqlite3_busy_timeout(s->store->db, 1);
	writes(s, room, ALICE, "Hi");
	bridge_chat_joined(s->bridge, "xmpp", room, BOB);
	settle(s);
	assert_int_equal(SQLITE_OK, sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL));
	(void)sqlite3_close(other);
	wait_ms(s, 5000);
	say_in(s, room, ALICE, "Hi again");
	assert_int_equal(sent(s), 1);
}

/* ---- notes and commands ------------------------------------------------------------------------ */

static void notes_and_commands__are__not_texted(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	say_in(s, room, ALICE, "// calls back on Friday");
	say_in(s, room, ALICE, "!note calls back on Friday");
	say_in(s, room, BOB, "//me too");
	say_in(s, room, ALICE, "!nonsense");
	ROOM_SAW(s, room, "There is no command `!nonsense`.");
	say_in(s, room, ALICE, "!");
	ROOM_SAW(s, room, "Which command? `!help` lists all.");
	say_in(s, room, ALICE, "!help");
	ROOM_SAW(s, room, "What you write here is texted to them");
	assert_int_equal(texts(s), 0);
}

static void refused_command__changes__nothing(void **state)
{
	struct scene *s = *state;

	/* The number is fine and the text is not: no conversation is left behind. */
	command(s, "!text " PAT " \xe2\x80\x8b");
	assert_true(control_saw(s, "Not sent: there are no words in it."));
	assert_int_equal(ask_number(s, "SELECT count(*) FROM conversation"), 0);
	assert_int_equal(ask_number(s, "SELECT count(*) FROM contact"), 0);
	assert_int_equal(ask_number(s, "SELECT count(*) FROM audit"), 0);
}

static void control_room__lets__people_talk(void **state)
{
	struct scene *s = *state;
	size_t before;

	settle(s);
	before = s->xmpp.n;
	command(s, "Good morning everybody");
	command(s, "// a note");
	assert_int_equal(s->xmpp.n, before);
	command(s, "!status");
	assert_true(control_saw(s, "conversations: 0 open"));
}

/* ---- what an SMS cannot do --------------------------------------------------------------------- */

static void what_an_sms_cannot_carry__is__explained(void **state)
{
	static const struct {
		enum chat_said_kind what;
		const char *text;
		const char *answer;
	} table[] = {
		{CHAT_SAID_ENCRYPTED, "", "Not texted: I cannot read encrypted messages."},
		{CHAT_SAID_REACTION, "👍", "A reaction is not texted"},
		{CHAT_SAID_FILE, "", "Not texted: I cannot get that picture or file."},
		{CHAT_SAID_OTHER, "a poll", "Not texted: an SMS cannot carry a poll."},
	};
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		tell(s, room, ALICE, table[i].what, table[i].text, "event1");
		ROOM_SAW(s, room, table[i].answer);
	}
	/* A reaction that was taken back needs no words. */
	fake_chat_forget(&s->xmpp);
	tell(s, room, ALICE, CHAT_SAID_REACTION, "", "event1");
	assert_int_equal(s->xmpp.n, 0);
	assert_int_equal(texts(s), 0);
}

static void long_and_empty_texts__are__refused(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	AUTO_FREE char *text = xcalloc(1, CHAT_TEXT_MAX + 1);

	for (size_t i = 0; i + 4 <= CHAT_TEXT_MAX; i += 4)
		memcpy(text + i, "😀", 4);
	say_in(s, room, ALICE, text);
	ROOM_SAW(s, room, "Not sent: too long, it would take");
	text[SMS_TEXT_MAX] = '\0';
	say_in(s, room, ALICE, text);
	assert_int_equal(fake_chat_count(&s->xmpp, FAKE_SAY, room, "Not sent: too long"), 2);
	say_in(s, room, ALICE, "  \n\t ");
	ROOM_SAW(s, room, "Not sent: there are no words in it.");
	assert_int_equal(texts(s), 0);
	/* As long as it may be. */
	s->options.max_segments = 50;
	text[1600] = '\0';
	say_in(s, room, ALICE, text);
	assert_int_equal(sent(s), 1);
	assert_string_equal(sms(s, 0).text, text);
}

static void same_words__at_once__are_a_slip(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	say_in(s, room, ALICE, "ok");
	accept_all(s);
	say_in(s, room, ALICE, "ok");
	ROOM_SAW(s, room, "Not sent: they got just these words from us 0 seconds ago.");
	wait_ms(s, 10000);
	say_in(s, room, ALICE, "ok");
	assert_int_equal(sent(s), 2);
}

/* Said twice with time between, and both queued: neither is a slip when they leave. */
static void same_words__queued__are_both_sent(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	command(s, "!pause");
	say_in(s, room, ALICE, "ok");
	wait_ms(s, 11000);
	say_in(s, room, ALICE, "ok");
	wait_ms(s, 1000);
	command(s, "!resume");
	accept_all(s);
	assert_int_equal(sent(s), 2);
}

/* ---- edits and retractions --------------------------------------------------------------------- */

static void queued_text__can_be__edited(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	char first[32];

	command(s, "!pause");
	say_in(s, room, ALICE, "Helo");
	STR_COPY(first, s->event);
	say_in(s, room, ALICE, "second");
	tell(s, room, ALICE, CHAT_SAID_EDIT, "Hello", first);
	ROOM_SAW(s, room, "✎ Changed in time");
	tell(s, room, ALICE, CHAT_SAID_EDIT, "Hello Pat", first); /* and once more */
	assert_int_equal(texts(s), 2);
	/* Not by others, and not into what may not be sent: the old words stay. */
	tell(s, room, BOB, CHAT_SAID_EDIT, "evil", first);
	ROOM_SAW(s, room, "Not changed: only " ALICE " can edit that text");
	tell(s, room, ALICE, CHAT_SAID_EDIT, "  ", first);
	ROOM_SAW(s, room, "there are no words in it. Your first words stay queued.");
	command(s, "!resume");
	accept_all(s);
	/* It kept its place, and its mark. */
	assert_string_equal(s->log_of_sends, PAT " Hello Pat|" PAT " second|");
	assert_int_equal(mark_on(s, first), MARK_HANDED_OVER);
	tell(s, room, ALICE, CHAT_SAID_EDIT, "too late", first);
	ROOM_SAW(s, room, "Not texted: only a text that is still queued can be edited.");
	assert_int_equal(texts(s), 2);
}

/* Blanks that nobody sees do not make a text of a note or a command. */
static void blanks_in_front__do_not__hide_what_is_meant(void **state)
{
	static const char *const blanks[] = {" ",       "\t",      "\n \n",  "\u00a0",
					     "\u3000",  "\u200b",  "\ufeff", "\u200e\u2060",
					     " \u202f", "\u00ad ", "\u2028"};
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	char text[64];

	for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++) {
		(void)snprintf(text, sizeof(text), "%s//calls back", blanks[i]);
		say_in(s, room, ALICE, text);
		(void)snprintf(text, sizeof(text), "%s!note calls back", blanks[i]);
		say_in(s, room, ALICE, text);
	}
	assert_int_equal(texts(s), 0);
	(void)snprintf(text, sizeof(text), "\u00a0 !pause");
	command(s, text);
	assert_true(bridge_is_paused(s->bridge));
	say_in(s, room, ALICE, "\u200b!optout quiet");
	assert_true(is_suppressed(s, PAT));
	assert_int_equal(texts(s), 0);
}

/* Clients eat a slash, or have commands of their own that they did not know after all. */
static void notes_gone_wrong__are__refused(void **state)
{
	static const char *const slashes[] = {"/ calls back", "/me waves", "/", " /note calls back",
					      "\u00a0/x"};
	static const char *const lines[] = {
		"Hi Pat\n// she is deaf",
		"Hi Pat\n\n !note she is deaf",
		"Hi\n!NOTE: x\nbye",
		"Hi\n\u00a0//x",
		"Hi\r\n//x",
		"Hi\n!note",
	};
	static const char *const fine[] = {"and/or", "Hi\n/ or so", "1 // 2",
					   "see http://a.example", "Hi\n!notebook"};
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	for (size_t i = 0; i < sizeof(slashes) / sizeof(slashes[0]); i++) {
		say_in(s, room, ALICE, slashes[i]);
		assert_int_equal(fake_chat_count(&s->xmpp, FAKE_SAY, room,
						 "Not texted: it begins with “/”, which clients"),
				 i + 1);
	}
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		say_in(s, room, ALICE, lines[i]);
		assert_int_equal(fake_chat_count(&s->xmpp, FAKE_SAY, room,
						 "Not texted: one of its lines is a note."),
				 i + 1);
	}
	assert_int_equal(texts(s), 0);
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		say_in(s, room, ALICE, fine[i]);
	assert_int_equal(texts(s), sizeof(fine) / sizeof(fine[0]));
}

static void queued_text__edited_into_a_note__is_not_texted(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	char first[32];

	command(s, "!pause");
	say_in(s, room, ALICE, "calls back");
	STR_COPY(first, s->event);
	tell(s, room, ALICE, CHAT_SAID_EDIT, "/ calls back", first);
	ROOM_SAW(s, room, "Not texted: it begins with “/”");
	ROOM_SAW(s, room, "begin with a word. Your first words stay queued.");
	tell(s, room, ALICE, CHAT_SAID_EDIT, "\u00a0// calls back", first);
	assert_int_equal(state_of_text(s, "calls back"), MSG_CANCELLED);
	say_in(s, room, ALICE, "close");
	STR_COPY(first, s->event);
	tell(s, room, ALICE, CHAT_SAID_EDIT, "!close", first);
	assert_int_equal(state_of_text(s, "close"), MSG_CANCELLED);
	assert_false(conversation_with(s, PAT).open);
	command(s, "!resume");
	assert_int_equal(sent(s), 0);
	/* Notes may be edited at will. */
	fake_chat_forget(&s->xmpp);
	tell(s, room, ALICE, CHAT_SAID_EDIT, "// calls back on Friday", "event1");
	assert_int_equal(s->xmpp.n, 0);
}

static void queued_text__can_be__taken_back(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	char first[32];
	char second[32];

	command(s, "!pause");
	say_in(s, room, ALICE, "oops");
	STR_COPY(first, s->event);
	say_in(s, room, ALICE, "fine");
	STR_COPY(second, s->event);
	tell(s, room, BOB, CHAT_SAID_RETRACTED, "", first);
	ROOM_SAW(s, room, "Not taken back: only " ALICE " can do that");
	assert_int_equal(state_of_text(s, "oops"), MSG_NEW);
	tell(s, room, ALICE, CHAT_SAID_RETRACTED, "", first);
	assert_int_equal(state_of_text(s, "oops"), MSG_CANCELLED);
	assert_int_equal(mark_on(s, first), MARK_FAILED);
	ROOM_SAW(s, room, "✖ “oops” was not sent: it was taken back in time. [RETRACTED]");
	tell(s, room, ALICE, CHAT_SAID_RETRACTED, "", first);
	command(s, "!resume");
	assert_int_equal(sent(s), 1);
	tell(s, room, ALICE, CHAT_SAID_RETRACTED, "", second);
	ROOM_SAW(s, room, "A text that has gone cannot be taken back from their phone.");
	/* A note was never texted. */
	fake_chat_forget(&s->xmpp);
	tell(s, room, ALICE, CHAT_SAID_RETRACTED, "", "event1");
	assert_int_equal(s->xmpp.n, 0);
}

/* The one before it is taken back while it waits: the next one must not wait for ever. */
static void retraction__lets__the_next_one_go(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	char first[32];

	say_in(s, room, ALICE, "one");
	STR_COPY(first, s->event);
	say_in(s, room, ALICE, "two");
	answer_class(s, 0, SMS_TEMP, SMS_SCOPE_MESSAGE); /* "one" waits for its second try */
	tell(s, room, ALICE, CHAT_SAID_RETRACTED, "", first);
	assert_int_equal(sent(s), 2);
	assert_string_equal(sms(s, 1).text, "two");
}

/* ---- 1:1 chats --------------------------------------------------------------------------------- */

static void stranger__is__not_answered(void **state)
{
	struct scene *s = *state;

	fake_chat_forget(&s->xmpp);
	for (int i = 0; i < 10; i++)
		direct(s, MALLORY, "!help");
	assert_int_equal(s->xmpp.n, 0);
	assert_int_equal(ask_number(s, "SELECT count(*) FROM place WHERE kind = 2"), 0);
	assert_int_equal(ask_number(s, "SELECT count(*) FROM chat_event"), 0);
}

static void volunteer__may__ask_in_a_direct_chat(void **state)
{
	struct scene *s = *state;
	struct place_row row;

	direct(s, ALICE, "!help");
	assert_int_equal(
		1, store_find_place_by_address(s->store, "xmpp", PLACE_DIRECT, ALICE, &row, NULL));
	ROOM_SAW(s, row.id, "!mine: your open conversations");
	assert_false(room_saw(s, row.id, "!text"));
	direct(s, ALICE, "Hi Pat");
	ROOM_SAW(s, row.id, "Nothing that is written here is texted to anybody.");
	direct(s, ALICE, "!text " PAT " Hi");
	ROOM_SAW(s, row.id,
		 "`!text` works in the control room, or in an organizer's chat with me.");
	talk(s, PAT);
	direct(s, ALICE, "!mine");
	ROOM_SAW(s, row.id, "1  Contact …0101  open  " ALICE);
	/* Once she is nobody to us any more she is a stranger. */
	{
		struct bridge_options options = s->options;
		size_t before;

		options.inbox = scene_inbox + 1;
		options.inbox_n = 1;
		bridge_reload(s->bridge, &options);
		direct(s, ALICE, "!mine"); /* she still has a conversation */
		command(s, "!assign 1 bob");
		before = fake_chat_count(&s->xmpp, FAKE_SAY, row.id, NULL);
		direct(s, ALICE, "!mine");
		assert_int_equal(fake_chat_count(&s->xmpp, FAKE_SAY, row.id, NULL), before);
	}
}

static void organizer__may__command_in_a_direct_chat(void **state)
{
	struct scene *s = *state;
	struct chat_said said;

	direct(s, OLGA, "!text " PAT " Hi Pat");
	assert_int_equal(sent(s), 1);
	/* By membership of the control room too, as the network tells. */
	said = words_of(s, (struct place_id){0}, "carol@example.org", "!text " QUINN " Hi Quinn");
	said.kind = PLACE_DIRECT;
	said.address = said.user;
	said.organizer = true;
	bridge_chat_said(s->bridge, "xmpp", &said);
	settle(s);
	assert_int_equal(sent(s), 2);
}

static void direct_chat__without_ids__still_works(void **state)
{
	struct scene *s = *state;

	for (int i = 0; i < 2; i++) {
		struct chat_said said = words_of(s, (struct place_id){0}, OLGA, "!pause");

		said.kind = PLACE_DIRECT;
		said.address = said.user;
		said.event_id = "";
		bridge_chat_said(s->bridge, "xmpp", &said);
		settle(s);
	}
	assert_true(bridge_is_paused(s->bridge));
	assert_int_equal(ask_number(s, "SELECT count(*) FROM audit WHERE action = 'pause'"), 2);
}

static void encrypted_and_edited__in_a_direct_chat__is_explained(void **state)
{
	struct scene *s = *state;
	struct chat_said said = words_of(s, (struct place_id){0}, OLGA, "");

	said.kind = PLACE_DIRECT;
	said.address = said.user;
	said.what = CHAT_SAID_ENCRYPTED;
	bridge_chat_said(s->bridge, "xmpp", &said);
	settle(s);
	ROOM_SAW(s, ((struct place_id){0}), "I cannot read encrypted messages.");
	said.what = CHAT_SAID_EDIT;
	said.text = "!pause";
	said.event_id = next_event(s);
	bridge_chat_said(s->bridge, "xmpp", &said);
	settle(s);
	assert_false(bridge_is_paused(s->bridge));
	ROOM_SAW(s, ((struct place_id){0}), "An edit changes nothing here");
}

/* ---- texting by number ------------------------------------------------------------------------- */

static void text_to_a_number__opens__a_conversation(void **state)
{
	struct scene *s = *state;
	struct conversation_row row;

	command(s, "!text +1-415-555-0101 Hi, this is Riverside.\nHow are you?");
	row = conversation_with(s, PAT);
	assert_string_equal(row.owner, "xmpp:" OLGA);
	assert_int_equal(sent(s), 1);
	assert_string_equal(sms(s, 0).text, "Hi, this is Riverside.\nHow are you?");
	assert_true(control_saw(s, "Queued in conversation 1, which is with you."));
	ROOM_SAW(s, place_with(s, PAT), OLGA " texted: Hi, this is Riverside.");
	/* The mark stands where it was said. */
	assert_int_equal(mark_on(s, s->event), -1);
	accept(s, 0);
	assert_int_equal(mark_on(s, s->event), MARK_HANDED_OVER);
	/* Once more to the same: the same conversation. */
	wait_ms(s, HOUR);
	command(s, "!text " PAT " Another");
	assert_int_equal(ask_number(s, "SELECT count(*) FROM conversation"), 1);
}

static void text_to_a_number__leaves__a_conversation_with_its_owner(void **state)
{
	struct scene *s = *state;

	talk(s, PAT);
	command(s, "!text " PAT " From olga");
	assert_string_equal(conversation_with(s, PAT).owner, "xmpp:" ALICE);
	assert_true(control_saw(s, "which is with " ALICE "."));
	/* In the inbox it is taken. */
	receive(s, QUINN, "Hello?");
	command(s, "!text " QUINN " From olga");
	assert_string_equal(conversation_with(s, QUINN).owner, "xmpp:" OLGA);
	/* Closed, it is opened by who texts. */
	command(s, "!close " PAT);
	command(s, "!text " PAT " Again");
	assert_true(conversation_with(s, PAT).open);
	assert_string_equal(conversation_with(s, PAT).owner, "xmpp:" OLGA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(first_who_writes__takes__it),
		SCENE(first_who_joins__takes__it),
		SCENE(closed_conversation__is__opened_by_claim),
		SCENE(event__acts__once),
		SCENE(event_told_again__acts__nowhere_else),
		SCENE(unstored_words__are__read_again),
		SCENE(disk_that_refuses_at_once__harms__nobody),
		SCENE(notes_and_commands__are__not_texted),
		SCENE(refused_command__changes__nothing),
		SCENE(control_room__lets__people_talk),
		SCENE(what_an_sms_cannot_carry__is__explained),
		SCENE(long_and_empty_texts__are__refused),
		SCENE(same_words__at_once__are_a_slip),
		SCENE(same_words__queued__are_both_sent),
		SCENE(queued_text__can_be__edited),
		SCENE(blanks_in_front__do_not__hide_what_is_meant),
		SCENE(notes_gone_wrong__are__refused),
		SCENE(queued_text__edited_into_a_note__is_not_texted),
		SCENE(queued_text__can_be__taken_back),
		SCENE(retraction__lets__the_next_one_go),
		SCENE(stranger__is__not_answered),
		SCENE(volunteer__may__ask_in_a_direct_chat),
		SCENE(organizer__may__command_in_a_direct_chat),
		SCENE(direct_chat__without_ids__still_works),
		SCENE(encrypted_and_edited__in_a_direct_chat__is_explained),
		SCENE(text_to_a_number__opens__a_conversation),
		SCENE(text_to_a_number__leaves__a_conversation_with_its_owner),
	};

	log_set_level(LOG_ERROR + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
