/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Commands: found, permitted by place, explained from their tables, and forgiving of mistakes. */
#include "unit/bridge/scene.h"

#include "base/strbuf.h"
#include "cmd/families.h"
#include "cmd/words.h"

static const struct cmd *const families[] = {cmds_help, cmds_conversation, cmds_consent,
					     cmds_control, cmds_stuck};
#define FAMILIES (sizeof(families) / sizeof(families[0]))

struct asked {
	enum place_kind where;
	bool organizer;
	const char *user;
	struct conversation_row *conversation;
};

static const struct asked in_control = {PLACE_CONTROL, true, "xmpp:" OLGA, NULL};
static const struct asked volunteer = {PLACE_DIRECT, false, "xmpp:" ALICE, NULL};
static const struct asked organizer = {PLACE_DIRECT, true, "xmpp:" OLGA, NULL};

static char said[65536]; /* the answer, or why not */

/* As the bridge does it: a refusal undoes the step. */
static int ask(struct scene *s, const struct asked *asked, const char *text)
{
	STRBUF_AUTO(answer);
	struct error err = {0};
	struct cmd_context context = {
		.bridge = s->bridge,
		.actor = {asked->user, {0}, ""},
		.where = asked->where,
		.organizer = asked->organizer,
		.conversation = asked->conversation,
	};
	int rc;

	assert_int_equal(0, store_step_begin(s->store, NULL));
	rc = cmd_run(&context, text, &answer, &err);
	assert_int_equal(0, store_step_end(s->store, rc == 0, NULL));
	if (rc < 0)
		assert_int_not_equal(err.kind, ERR_NONE);
	STR_COPY(said, rc < 0 ? err.text : answer.buf);
	assert_true(utf8_valid(said, strlen(said)));
	settle(s);
	return rc;
}

#define DOES(s, asked, text, words)                                                                \
	do {                                                                                       \
		if (ask((s), (asked), (text)) != 0 || !strstr(said, (words)))                      \
			fail_msg("%s: %s", (text), said);                                          \
	} while (0)
#define REFUSES(s, asked, text, words)                                                             \
	do {                                                                                       \
		if (ask((s), (asked), (text)) == 0 || !strstr(said, (words)))                      \
			fail_msg("%s: %s", (text), said);                                          \
	} while (0)

static struct conversation_row row_of_pat;

static struct asked in_room(struct scene *s, const char *user)
{
	row_of_pat = conversation_with(s, PAT);
	return (struct asked){PLACE_CONVERSATION, false, user, &row_of_pat};
}

/* ---- the tables -------------------------------------------------------------------------------- */

static bool works(const struct cmd *cmd, unsigned where)
{
	return (cmd->where & where) != 0;
}

static bool is_of_whom(const char *args)
{
	return strncmp(args, "[CONVERSATION]", 14) == 0 || strncmp(args, "[NUMBER]", 8) == 0;
}

static void help_line(const struct cmd *cmd, bool room, char *out, size_t size)
{
	const char *args = cmd->args;

	if (room && is_of_whom(args)) {
		args += strcspn(args, " ");
		args += strspn(args, " ");
	}
	(void)snprintf(out, size, "!%s%s%s: %s\n", cmd->name, args[0] ? " " : "", args,
		       cmd->summary);
}

static void help__lists__what_works_where_it_is_asked(void **state)
{
	struct scene *s = *state;
	struct asked room;
	char line[200];
	char room_line[200];

	talk(s, PAT);
	room = in_room(s, "xmpp:" ALICE);
	for (size_t f = 0; f < FAMILIES; f++) {
		for (const struct cmd *cmd = families[f]; cmd->name; cmd++) {
			help_line(cmd, false, line, sizeof(line));
			help_line(cmd, true, room_line, sizeof(room_line));
			DOES(s, &in_control, "!help", "Commands:");
			assert_int_equal(works(cmd, CMD_CONTROL), strstr(said, line) != NULL);
			DOES(s, &room, "!help", "texted to them");
			assert_int_equal(works(cmd, CMD_ROOM), strstr(said, room_line) != NULL);
			DOES(s, &volunteer, "!help", "Commands:");
			assert_int_equal(works(cmd, CMD_DIRECT), strstr(said, line) != NULL);
			DOES(s, &organizer, "!help", "Commands:");
			assert_int_equal(works(cmd, CMD_DIRECT | CMD_CONTROL),
					 strstr(said, line) != NULL);
		}
	}
}

/* In a room nobody writes whom it is about. */
static void help__speaks__as_one_writes_in_a_room(void **state)
{
	static const char *const table[][3] = {
		{"!help claim", "!claim: ", "Example: !claim"},
		{"!help assign", "!assign NAME|inbox: ", "Example: !assign alice"},
		{"!help optout", "!optout [quiet]: ", "Example: !optout"},
		{"!help keep", "!keep: ", "Example: !keep"},
		{"!help name", "!name NAME: ", "Example: !name Pat Riley"},
		{"!help retry", "!retry TEXT: ", "Example: !retry 34"},
		{"!help help", "!help [COMMAND]: ", "Example: !help assign"},
	};
	struct scene *s = *state;
	struct asked room;

	talk(s, PAT);
	room = in_room(s, "xmpp:" ALICE);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		DOES(s, &room, table[i][0], table[i][1]);
		assert_non_null(strstr(said, table[i][2]));
		assert_string_equal(strstr(said, "Example: "), table[i][2]);
	}
	REFUSES(s, &room, "!name", "`!name` wants: `!name NAME`. For example: `!name Pat Riley`");
	DOES(s, &in_control, "!help assign", "Example: !assign 12 alice");
	/* What was meant for the contact has not gone, and that is said. */
	REFUSES(s, &room, "!!! great", "There is no command `!!!`.");
	assert_non_null(strstr(said, " Nothing was texted."));
	REFUSES(s, &room, "!Yes", " Nothing was texted.");
	REFUSES(s, &room, "!claym",
		"Did you mean `!claim`? `!help` lists all. Nothing was texted.");
	REFUSES(s, &room, "! yes", "Which command? `!help` lists all. Nothing was texted.");
	REFUSES(s, &in_control, "!!! great", "There is no command `!!!`.");
	assert_null(strstr(said, "texted"));
}

static void help__tells__all_of_one_command(void **state)
{
	struct scene *s = *state;
	char text[64];

	for (size_t f = 0; f < FAMILIES; f++) {
		for (const struct cmd *cmd = families[f]; cmd->name; cmd++) {
			(void)snprintf(text, sizeof(text), "!help %s", cmd->name);
			DOES(s, &volunteer, text, cmd->summary);
			assert_non_null(strstr(said, cmd->example));
			assert_true(!cmd->detail || strstr(said, cmd->detail));
			(void)snprintf(text, sizeof(text), "!help !%s", cmd->name);
			DOES(s, &volunteer, text, cmd->summary);
		}
	}
	REFUSES(s, &volunteer, "!help nonsense", "There is no command `!nonsense`.");
}

/* What a person copies out of the help must be understood. */
static void examples__are__well_formed(void **state)
{
	struct scene *s = *state;

	for (size_t f = 0; f < FAMILIES; f++) {
		for (const struct cmd *cmd = families[f]; cmd->name; cmd++) {
			const char *rest = cmd->example + 1 + strlen(cmd->name);
			int words = 0;

			assert_int_equal(cmd->example[0], CMD_PREFIX);
			assert_memory_equal(cmd->example + 1, cmd->name, strlen(cmd->name));
			for (const char *p = rest; *p; p++)
				words += p[0] == ' ' && p[1] != ' ';
			assert_true(words >= cmd->min_args);
			(void)ask(s, &in_control, cmd->example);
			assert_null(strstr(said, "There is no command"));
			assert_null(strstr(said, " wants: "));
		}
	}
}

static void commands__work__only_where_the_table_says(void **state)
{
	struct scene *s = *state;
	struct asked room;
	char text[64];

	talk(s, PAT);
	for (size_t f = 0; f < FAMILIES; f++) {
		for (const struct cmd *cmd = families[f]; cmd->name; cmd++) {
			(void)snprintf(text, sizeof(text), "!%s x y z", cmd->name);
			room = in_room(s, "xmpp:" ALICE);
			(void)ask(s, &room, text);
			assert_int_equal(!works(cmd, CMD_ROOM), strstr(said, "` works ") != NULL);
			(void)ask(s, &in_control, text);
			assert_int_equal(!works(cmd, CMD_CONTROL),
					 strstr(said, "` works ") != NULL);
			(void)ask(s, &volunteer, text);
			assert_int_equal(!works(cmd, CMD_DIRECT), strstr(said, "` works ") != NULL);
			(void)ask(s, &organizer, text);
			assert_int_equal(!works(cmd, CMD_DIRECT | CMD_CONTROL),
					 strstr(said, "` works ") != NULL);
		}
	}
}

static void commands__want__the_words_they_need(void **state)
{
	struct scene *s = *state;
	char text[64];
	char want[64];

	for (size_t f = 0; f < FAMILIES; f++) {
		for (const struct cmd *cmd = families[f]; cmd->name; cmd++) {
			if (cmd->min_args == 0 || !works(cmd, CMD_CONTROL))
				continue;
			(void)snprintf(text, sizeof(text), "!%s", cmd->name);
			(void)snprintf(want, sizeof(want), "`!%s` wants: `!%s ", cmd->name,
				       cmd->name);
			REFUSES(s, &in_control, text, want);
			assert_non_null(strstr(said, cmd->example));
		}
	}
}

/* ---- finding a command ------------------------------------------------------------------------- */

static void command__is__found_in_any_case_and_spacing(void **state)
{
	struct scene *s = *state;

	DOES(s, &in_control, "!STATUS", "conversations: 0 open");
	DOES(s, &in_control, "!Status   ", "conversations: 0 open");
	DOES(s, &in_control, "!status\n", "conversations: 0 open");
	DOES(s, &in_control, "!status please", "conversations: 0 open");
	REFUSES(s, &in_control, "! status", "Which command?");
	REFUSES(s, &in_control, "!", "Which command?");
	REFUSES(s, &in_control, "!!!", "There is no command `!!!`.");
}

static void unknown_command__suggests__the_nearest(void **state)
{
	static const struct {
		const char *text;
		const char *near;
	} table[] = {
		{"!stauts", "Did you mean `!status`?"},    {"!clos 1", "Did you mean `!close`?"},
		{"!asign 1 x", "Did you mean `!assign`?"}, {"!hlep", "Did you mean `!help`?"},
		{"!op-tout", "Did you mean `!optout`?"},
	};
	struct scene *s = *state;
	char text[400];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		REFUSES(s, &in_control, table[i].text, table[i].near);
	REFUSES(s, &in_control, "!xyzzy", "There is no command `!xyzzy`. `!help` lists all.");
	/* None that does not work there. */
	REFUSES(s, &volunteer, "!stauts", "There is no command `!stauts`. `!help` lists all.");
	/* However long it is, and wherever it has to be cut. */
	memset(text, 'x', sizeof(text));
	text[0] = CMD_PREFIX;
	text[sizeof(text) - 1] = '\0';
	REFUSES(s, &in_control, text, "There is no command `!xxxxxx");
	for (size_t i = 1; i + 3 < sizeof(text); i += 3)
		memcpy(text + i, "€", 4);
	REFUSES(s, &in_control, text, "There is no command `!€€€€€€€€€€`.");
}

/* ---- conversations ----------------------------------------------------------------------------- */

static void claim__takes__what_it_is_told(void **state)
{
	struct scene *s = *state;
	struct asked room;

	receive(s, PAT, "Hello?");
	REFUSES(s, &in_control, "!claim", "Which conversation? Give its number");
	REFUSES(s, &in_control, "!claim 99", "There is no conversation 99. `!who` lists");
	REFUSES(s, &in_control, "!claim nobody", "“nobody” is no telephone number I can use");
	REFUSES(s, &in_control, "!claim " QUINN, "There is no conversation with " QUINN);
	REFUSES(s, &in_control, "!claim 1 2", "“2” has no place there.");
	REFUSES(s, &in_control, "!claim 99999999999999999999", "is no telephone number");
	DOES(s, &in_control, "!claim 1", "Conversation 1 is yours; its room invites you.");
	REFUSES(s, &in_control, "!claim 1", "already with " OLGA);
	assert_string_equal(conversation_with(s, PAT).owner, "xmpp:" OLGA);
	room = in_room(s, "xmpp:" ALICE);
	REFUSES(s, &room, "!claim 1", "In a conversation's room it is about that conversation");
	DOES(s, &room, "!claim", "");
	assert_string_equal(conversation_with(s, PAT).owner, "xmpp:" ALICE);
	/* In all the ways that a conversation can be named. */
	DOES(s, &in_control, "!claim #1", "is yours");
	DOES(s, &in_control, "!assign c1 bob", "is now with " BOB);
	DOES(s, &in_control, "!claim 415-555-0101", "is yours");
	DOES(s, &in_control, "!assign 4155550101 bob", "is now with " BOB);
	DOES(s, &in_control, "!close " PAT, "Conversation 1 is closed.");
	DOES(s, &in_control, "!claim " PAT, "is yours");
}

/* Where numbers are short, digits are a conversation only if there is one. */
static void short_national_numbers__are__no_conversations(void **state)
{
	struct scene *s = *state;

	s->options.region = "DK";
	DOES(s, &in_control, "!optout 32123456", "+4532123456 is opted out");
	DOES(s, &in_control, "!text 32123457 Hej", "Queued in conversation 1");
	DOES(s, &in_control, "!close 32123457", "Conversation 1 is closed.");
	DOES(s, &in_control, "!optout 1", "+4532123457 is opted out");
	REFUSES(s, &in_control, "!close 7", "There is no conversation 7.");
}

static bool is_like_mail(const char *address)
{
	return address[0] != '@' && strchr(address, '@');
}

static void assign__gives__to_whom_it_is_told(void **state)
{
	struct scene *s = *state;
	struct asked room;

	s->xmpp.network.is_user = is_like_mail;
	receive(s, PAT, "Hello?");
	REFUSES(s, &in_control, "!assign 1", "To whom? Give a name, or `inbox`.");
	REFUSES(s, &in_control, "!assign 1 zoe", "I do not know “zoe”. Give the whole address");
	REFUSES(s, &in_control, "!assign 1 alice bob", "“bob” has no place there.");
	REFUSES(s, &in_control, "!assign 1 inbox", "already in the inbox.");
	REFUSES(s, &in_control, "!assign 1 €€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€", "I do not know “€€");
	REFUSES(s, &in_control, "!assign 1 @zoe:example.org", "I do not know “@zoe:example.org”.");
	REFUSES(s, &in_control, "!assign 1 xmpp:@zoe:example.org", "is nobody whom I can reach");
	assert_string_equal(conversation_with(s, PAT).owner, "");
	DOES(s, &in_control, "!assign 1 alice", "is now with " ALICE);
	DOES(s, &in_control, "!assign 1 BOB", "is now with " BOB);
	assert_string_equal(conversation_with(s, PAT).owner, "xmpp:" BOB);
	DOES(s, &in_control, "!assign 1 Alice@Example.Org", "is now with " ALICE);
	assert_string_equal(conversation_with(s, PAT).owner, "xmpp:" ALICE);
	DOES(s, &in_control, "!assign 1 xmpp:" BOB, "is now with " BOB);
	DOES(s, &in_control, "!assign 1 me", "is now with " OLGA);
	DOES(s, &in_control, "!assign 1 inbox", "is now with nobody, in the inbox.");
	/* A guest, in any case. */
	DOES(s, &in_control, "!assign 1 Carol@Example.net", "is now with carol@example.net");
	assert_string_equal(conversation_with(s, PAT).owner, "xmpp:carol@example.net");
	room = in_room(s, "xmpp:" ALICE);
	REFUSES(s, &room, "!assign 1 bob", "“bob” has no place there.");
	REFUSES(s, &room, "!assign 1", "I do not know “1”");
	DOES(s, &room, "!assign bob", "");
	assert_string_equal(conversation_with(s, PAT).owner, "xmpp:" BOB);
	assert_int_equal(ask_number(s, "SELECT count(*) FROM audit WHERE action = 'assign'"), 8);
}

static void names__of_two_people__are_ambiguous(void **state)
{
	static const char *const two[] = {"xmpp:" ALICE, "xmpp:alice@other.example"};
	struct scene *s = *state;

	s->options.inbox = two;
	receive(s, PAT, "Hello?");
	REFUSES(s, &in_control, "!assign 1 alice", "There is more than one “alice”.");
	DOES(s, &in_control, "!assign 1 alice@other.example", "with alice@other.example");
	/* One and the same in both lists is one. */
	s->options.organizers = two;
	s->options.inbox_n = 1;
	DOES(s, &in_control, "!assign 1 alice", "with " ALICE);
}

/* Nobody could read what is given to a network that is not there. */
static void users__of_other_networks__are_understood(void **state)
{
	struct scene *s = *state;
	struct asked matrix = {PLACE_CONTROL, true, "matrix:@olga:example.org", NULL};

	receive(s, PAT, "Hello?");
	DOES(s, &matrix, "!assign 1 @Bob:example.org", "is now with @bob:example.org.");
	assert_string_equal(conversation_with(s, PAT).owner, "matrix:@bob:example.org");
	DOES(s, &in_control, "!assign 1 matrix:@zoe:example.org", "is now with @zoe:example.org.");
	s->xmpp.network.is_user = is_like_mail;
	DOES(s, &in_control, "!assign 1 @Carol:example.org", "is now with @carol:example.org.");
	assert_string_equal(conversation_with(s, PAT).owner, "matrix:@carol:example.org");
	DOES(s, &matrix, "!assign 1 xmpp:" ALICE, "is now with " ALICE);
	REFUSES(s, &in_control, "!assign 1 irc:zoe@example.org",
		"“irc:zoe@example.org” is nobody whom I can reach");
	assert_int_equal(-1, bridge_assign(s->bridge, &(struct actor){"xmpp:" OLGA, {0}, ""},
					   conversation_with(s, PAT).id, "irc:zoe", NULL));
}

static void lists__show__who_has_what(void **state)
{
	struct scene *s = *state;
	struct asked room;

	DOES(s, &in_control, "!who", "No conversation is open.");
	DOES(s, &in_control, "!who inbox", "Nobody waits in the inbox.");
	DOES(s, &in_control, "!who alice", "They have no open conversation.");
	REFUSES(s, &in_control, "!who zoe", "I do not know “zoe”.");
	DOES(s, &volunteer, "!mine", "You have no open conversation.");
	DOES(s, &in_control, "!find 0101", "Nobody found.");
	talk(s, PAT);
	receive(s, QUINN, "Hello?");
	DOES(s, &in_control, "!name 2  Quinn \t Ré ", "Conversation 2 is with Quinn Ré …0102.");
	DOES(s, &in_control, "!who", "1  Contact …0101  open  " ALICE " xmpp:room");
	assert_non_null(strstr(said, "2  Quinn Ré …0102  open  in the inbox xmpp:room"));
	assert_non_null(strstr(said, "@muc?join\n"));
	DOES(s, &in_control, "!who inbox", "2  Quinn Ré");
	assert_null(strstr(said, "0101"));
	DOES(s, &in_control, "!who alice", "1  Contact …0101");
	DOES(s, &volunteer, "!mine", "1  Contact …0101");
	DOES(s, &in_control, "!find quinn", "2  Quinn Ré …0102");
	DOES(s, &in_control, "!find 555-0101", "1  Contact …0101");
	DOES(s, &in_control, "!find Alice", "1  Contact …0101");
	assert_null(strstr(said, "Quinn"));
	DOES(s, &in_control, "!find example", "Nobody found.");
	DOES(s, &in_control, "!find 100%", "Nobody found.");
	room = in_room(s, "xmpp:" ALICE);
	DOES(s, &room, "!close", "");
	DOES(s, &in_control, "!find 0101", "1  Contact …0101  closed  " ALICE);
	REFUSES(s, &in_control, "!close 1", "Conversation 1 is not open.");
}

static void name__is__shown_everywhere(void **state)
{
	struct scene *s = *state;
	struct place_id place = talk(s, PAT);
	struct asked room = in_room(s, "xmpp:" ALICE);
	const struct fake_said *update;
	char text[400];

	REFUSES(s, &room, "!name", "`!name` wants: ");
	REFUSES(s, &room, "!name \001\r", "What are they called?");
	REFUSES(s, &in_control, "!name 1", "What are they called?");
	REFUSES(s, &in_control, "!name 77 Pat", "There is no conversation 77.");
	DOES(s, &room, "!name Pat\nR.", "");
	ROOM_SAW(s, place, ALICE " calls them “Pat R.” from now on.");
	update = fake_chat_find(&s->xmpp, FAKE_UPDATE, place, NULL);
	assert_string_equal(update->text, "Pat R. …0101");
	DOES(s, &in_control, "!find pat r", "1  Pat R. …0101");
	/* It cannot grow without end, and no character is cut. */
	(void)snprintf(text, sizeof(text), "!name ");
	for (int i = 0; i < 90; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "é");
	DOES(s, &room, text, "");
	assert_int_equal(strlen(conversation_with(s, PAT).name), 80);
}

static void long_lists__say__that_they_are_cut(void **state)
{
	struct scene *s = *state;
	char number[24];

	for (int i = 0; i < 51; i++) {
		(void)snprintf(number, sizeof(number), "+1415556%04d", i);
		texts_us(s, number, "Hello?");
	}
	settle(s);
	DOES(s, &in_control, "!who", "… the newest 50; `!find` looks among all.");
	DOES(s, &in_control, "!find 415556",
	     "… the newest 50; ask for more of the name or number.");
}

static void text__needs__a_number_and_words(void **state)
{
	struct scene *s = *state;

	REFUSES(s, &in_control, "!text " PAT, "`!text` wants: `!text NUMBER message`.");
	REFUSES(s, &in_control, "!text Pat Hello", "“Pat” is no telephone number I can use");
	REFUSES(s, &in_control, "!text +1900555 Hello",
		"“+1900555” is no telephone number I can use (it is too short).");
	REFUSES(s, &in_control, "!text +9991234567 Hello", "(there is no such country code)");
	REFUSES(s, &in_control, "!text +19005550100 Hello",
		"Not sent: premium-rate numbers cannot be texted.");
	REFUSES(s, &in_control, "!text 😀😀😀😀😀😀😀😀😀😀😀😀😀😀 Hello", "“😀😀😀");
	assert_int_equal(ask_number(s, "SELECT count(*) FROM contact"), 0);
	DOES(s, &in_control, "!text " PAT " Hello", "Queued in conversation 1, which is with you.");
}

/* ---- consent ----------------------------------------------------------------------------------- */

static void consent_commands__say__what_they_did(void **state)
{
	struct scene *s = *state;
	struct asked room;

	REFUSES(s, &in_control, "!optout", "Whom? Give a telephone number");
	REFUSES(s, &in_control, "!optout " PAT " now", "Only `quiet` may stand there");
	REFUSES(s, &in_control, "!optout quiet", "“quiet” is no telephone number I can use");
	REFUSES(s, &in_control, "!keep " PAT, "There is nothing to decide about them.");
	REFUSES(s, &in_control, "!keep " PAT " x", "“x” has no place there.");
	REFUSES(s, &in_control, "!wrong " PAT " x", "“x” has no place there.");
	DOES(s, &in_control, "!wrong " PAT, PAT " is a wrong number");
	DOES(s, &in_control, "!keep " PAT, PAT " can be texted.");
	DOES(s, &in_control, "!optout " PAT " quiet", PAT " is opted out");
	REFUSES(s, &in_control, "!keep " PAT, "Only they can undo that, by texting START.");
	receive(s, QUINN, "Hello?");
	DOES(s, &in_control, "!optout 1", QUINN " is opted out");
	talk(s, RAY);
	row_of_pat = conversation_with(s, RAY);
	room = (struct asked){PLACE_CONVERSATION, false, "xmpp:" ALICE, &row_of_pat};
	REFUSES(s, &room, "!optout " PAT, "Only `quiet` may stand there: `!optout quiet`.");
	REFUSES(s, &room, "!wrong " PAT, "has no place there.");
	DOES(s, &room, "!optout quiet", "");
	assert_true(is_suppressed(s, RAY));
	assert_int_equal(sent(s), 1); /* the confirmation to Quinn, who had just written */
}

/* ---- the whole --------------------------------------------------------------------------------- */

static void status__counts__everything(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	say_in(s, room, ALICE, "one");
	say_in(s, room, ALICE, "two");
	accept(s, 0);
	receive(s, QUINN, "not interested");
	receive(s, RAY, "STOP");
	DOES(s, &in_control, "!status",
	     "Roomline " ROOMLINE_VERSION ", sending.\nxmpp: connected to nothing\n");
	assert_non_null(strstr(said, "sender main (+12125550100 by acme): ready\n"));
	assert_non_null(strstr(said, "conversations: 2 open, 1 of them in the inbox\n"));
	assert_non_null(strstr(said, "texts: 3 received; 0 queued, 2 being sent, 1 handed over, 0 "
				     "delivered\n"));
	assert_non_null(strstr(said, "0 unknown, 0 failed (`!stuck`), 1 undecided hold\n"));
	assert_non_null(strstr(said, "not texted any more: 1 number"));
	assert_null(strstr(said, "1 numbers"));
	DOES(s, &in_control, "!pause", "");
	DOES(s, &in_control, "!status", "PAUSED: nothing is sent until `!resume`");
	DOES(s, &in_control, "!resume", "");
	DOES(s, &in_control, "!status", "sending.");
}

static void stuck_texts__are__decided_by_people(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	struct asked in;

	DOES(s, &in_control, "!stuck", "Nothing is stuck.");
	REFUSES(s, &in_control, "!retry x", "Which text? Give one number from `!stuck`.");
	REFUSES(s, &in_control, "!drop 2 3", "Which text? Give one number from `!stuck`.");
	REFUSES(s, &in_control, "!retry 99", "There is no text 99 of ours.");
	REFUSES(s, &in_control, "!retry 1", "There is no text 1 of ours."); /* theirs */
	say_in(s, room, ALICE, "Ein Text, der nach vierzig Zeichen ü zu Ende ist");
	REFUSES(s, &in_control, "!retry 2", "Text 2 is not stuck: it is sending.");
	answer_class(s, 0, SMS_AMBIGUOUS, SMS_SCOPE_MESSAGE);
	say_in(s, room, ALICE, "two");
	answer_class(s, 1, SMS_PERM, SMS_SCOPE_MESSAGE);
	DOES(s, &in_control, "!stuck",
	     "2  unknown  Contact …0101  “Ein Text, der nach vierzig Zeichen ü ");
	assert_non_null(strstr(said, "3  failed  Contact …0101  “two”  because of that. [99]\n"));
	DOES(s, &in_control, "!drop 3", "Text 3 is let be.");
	REFUSES(s, &in_control, "!retry 3", "Somebody has decided about text 3 already.");
	in = in_room(s, "xmpp:" ALICE);
	DOES(s, &in, "!retry 2", "Text 2 is queued again.");
	REFUSES(s, &in, "!retry 2", "Somebody has decided about text 2 already.");
	DOES(s, &in_control, "!stuck", "Nothing is stuck.");
	assert_int_equal(sent(s), 3);
	/* That a person lets it be tells the room nothing untrue. */
	assert_false(room_saw(s, room, "✖"));
	/* A room is about its own texts. */
	talk(s, QUINN);
	row_of_pat = conversation_with(s, QUINN);
	in.conversation = &row_of_pat;
	REFUSES(s, &in, "!drop 2", "That text is not of this conversation.");
	accept(s, 2);
	REFUSES(s, &in_control, "!drop 4", "Text 4 is not stuck: it is accepted.");
}

/* They did not get it: the same words may go again, also as a first text. */
static void retry__of_a_first_text__is_no_repeat(void **state)
{
	struct scene *s = *state;

	DOES(s, &in_control, "!text " PAT " Hi, this is Riverside", "Queued");
	accept(s, 0);
	report(s, ref_of(s, 0), SMS_STATUS_UNDELIVERED);
	DOES(s, &in_control, "!retry 1", "Text 1 is queued again.");
	assert_int_equal(sent(s), 2);
	accept(s, 1);
	REFUSES(s, &in_control, "!text " PAT " Hi, this is Riverside", "they got just these words");
	/* The gate is asked about it as about any other. */
	report(s, ref_of(s, 1), SMS_STATUS_FAILED);
	receive(s, PAT, "STOP");
	REFUSES(s, &in_control, "!retry 2", "Not sent: they have opted out.");
	DOES(s, &in_control, "!stuck", "2  failed"); /* the refusal undid all of it */
	DOES(s, &in_control, "!drop 2", "Text 2 is let be.");
}

static void long_stuck_list__says__that_it_is_cut(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	char text[24];

	for (size_t i = 0; i < 31; i++) {
		(void)snprintf(text, sizeof(text), "text %zu", i);
		say_in(s, room, ALICE, text);
		answer_class(s, i, SMS_PERM, SMS_SCOPE_MESSAGE);
	}
	DOES(s, &in_control, "!stuck", "… the oldest 30.\n");
}

/* ---- words ------------------------------------------------------------------------------------- */

static void word_next__cuts__between_characters(void **state)
{
	char word[8];
	const char *rest;

	(void)state;
	rest = word_next("one  two\nthree", word, sizeof(word));
	assert_string_equal(word, "one");
	rest = word_next(rest, word, sizeof(word));
	assert_string_equal(word, "two");
	rest = word_next(rest, word, sizeof(word));
	assert_string_equal(word, "three");
	assert_string_equal(rest, "");
	rest = word_next("€€€€ x", word, sizeof(word));
	assert_string_equal(word, "€€");
	assert_string_equal(rest, "x");
	(void)word_next("", word, sizeof(word));
	assert_string_equal(word, "");
}

static void word_id__reads__ids(void **state)
{
	static const struct {
		const char *word;
		bool is;
		int64_t id;
	} table[] = {
		{"12", true, 12},   {"#12", true, 12},
		{"c12", true, 12},  {"0", true, 0},
		{"-1", false, 0},   {"+1", false, 0},
		{"", false, 0},     {"#", false, 0},
		{"1x", false, 0},   {"##1", false, 0},
		{" 1", false, 0},   {"9223372036854775807", true, INT64_MAX},
		{"0x10", false, 0}, {"9223372036854775808", false, 0},
	};
	int64_t id;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(word_id(table[i].word, &id), table[i].is);
		assert_true(!table[i].is || id == table[i].id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(help__lists__what_works_where_it_is_asked),
		SCENE(help__tells__all_of_one_command),
		SCENE(help__speaks__as_one_writes_in_a_room),
		SCENE(examples__are__well_formed),
		SCENE(commands__work__only_where_the_table_says),
		SCENE(commands__want__the_words_they_need),
		SCENE(command__is__found_in_any_case_and_spacing),
		SCENE(unknown_command__suggests__the_nearest),
		SCENE(claim__takes__what_it_is_told),
		SCENE(short_national_numbers__are__no_conversations),
		SCENE(assign__gives__to_whom_it_is_told),
		SCENE(names__of_two_people__are_ambiguous),
		SCENE_TWO(users__of_other_networks__are_understood),
		SCENE(lists__show__who_has_what),
		SCENE(name__is__shown_everywhere),
		SCENE(long_lists__say__that_they_are_cut),
		SCENE(text__needs__a_number_and_words),
		SCENE(consent_commands__say__what_they_did),
		SCENE(status__counts__everything),
		SCENE(stuck_texts__are__decided_by_people),
		SCENE(retry__of_a_first_text__is_no_repeat),
		SCENE(long_stuck_list__says__that_it_is_cut),
		cmocka_unit_test(word_next__cuts__between_characters),
		cmocka_unit_test(word_id__reads__ids),
	};

	log_set_level(LOG_ERROR + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
