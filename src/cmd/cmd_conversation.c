/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Commands about conversations: who has them, finding and beginning one. */
#include "cmd/families.h"
#include "cmd/words.h"

#include "base/strbuf.h"
#include "base/xalloc.h"

#include <string.h>

#define LIST_MAX 50

static int run_claim(const struct cmd_context *context, const char *args, struct strbuf *answer,
		     struct error *err)
{
	struct conversation_row row;
	const char *rest;

	if (word_conversation(context, args, &row, &rest, err) < 0 ||
	    word_none(rest, "!claim 12", err) < 0 ||
	    bridge_assign(context->bridge, &context->actor, row.id, context->actor.user, err) < 0)
		return -1;
	if (!context->conversation)
		strbuf_addf(answer, "Conversation %lld is yours; its room invites you.",
			    (long long)row.id.v);
	return 0;
}

static int run_assign(const struct cmd_context *context, const char *args, struct strbuf *answer,
		      struct error *err)
{
	struct conversation_row row;
	const char *rest;
	char word[USER_MAX];
	char user[USER_MAX] = "";

	if (word_conversation(context, args, &row, &rest, err) < 0)
		return -1;
	rest = word_next(rest, word, sizeof(word));
	if (word[0] == '\0')
		return error_set(err, ERR_INPUT, "To whom? Give a name, or `inbox`.");
	if (word_none(rest, "!assign 12 alice", err) < 0)
		return -1;
	if (strcmp(word, "inbox") != 0 && word_user(context, word, user, sizeof(user), err) < 0)
		return -1;
	if (bridge_assign(context->bridge, &context->actor, row.id, user, err) < 0)
		return -1;
	if (!context->conversation)
		strbuf_addf(answer, "Conversation %lld is now with %s.", (long long)row.id.v,
			    user[0] ? word_address(user) : "nobody, in the inbox");
	return 0;
}

static int run_close(const struct cmd_context *context, const char *args, struct strbuf *answer,
		     struct error *err)
{
	struct conversation_row row;
	const char *rest;

	if (word_conversation(context, args, &row, &rest, err) < 0 ||
	    word_none(rest, "!close 12", err) < 0 ||
	    bridge_close(context->bridge, &context->actor, row.id, err) < 0)
		return -1;
	if (!context->conversation)
		strbuf_addf(answer, "Conversation %lld is closed.", (long long)row.id.v);
	return 0;
}

static int run_note(const struct cmd_context *context, const char *args, struct strbuf *answer,
		    struct error *err)
{
	(void)context;
	(void)args;
	(void)answer;
	(void)err;
	return 0; /* it stands in the room; that is all a note is */
}

static int run_text(const struct cmd_context *context, const char *args, struct strbuf *answer,
		    struct error *err)
{
	char number[64];
	const char *text = word_next(args, number, sizeof(number));
	struct conversation_row row;

	if (bridge_text_number(context->bridge, &context->actor, number, text, &row, err) < 0)
		return -1;
	strbuf_addf(answer, "Queued in conversation %lld, which is with %s.", (long long)row.id.v,
		    strcmp(row.owner, context->actor.user) == 0 ? "you" : word_address(row.owner));
	bridge_place_links(context->bridge, row.id, answer);
	return 0;
}

static int run_name(const struct cmd_context *context, const char *args, struct strbuf *answer,
		    struct error *err)
{
	struct conversation_row row;
	const char *rest;

	if (word_conversation(context, args, &row, &rest, err) < 0 ||
	    bridge_name(context->bridge, &context->actor, row.id, rest, err) < 0)
		return -1;
	if (context->conversation)
		return 0;
	if (store_get_conversation(bridge_store(context->bridge), row.id, &row, err) <= 0)
		return -1;
	strbuf_addf(answer, "Conversation %lld is with ", (long long)row.id.v);
	bridge_title(&row, answer);
	strbuf_addc(answer, '.');
	return 0;
}

struct listing {
	struct bridge *bridge;
	struct strbuf *out;
	int n;
};

static bool list_one(const struct conversation_row *row, void *arg)
{
	struct listing *list = arg;

	strbuf_addf(list->out, "%lld  ", (long long)row->id.v);
	bridge_title(row, list->out);
	strbuf_addf(list->out, "  %s  %s", row->open ? "open" : "closed",
		    row->owner[0] ? word_address(row->owner) : "in the inbox");
	bridge_place_links(list->bridge, row->id, list->out);
	strbuf_addc(list->out, '\n');
	list->n++;
	return true;
}

static int list(const struct cmd_context *context, enum conversation_filter filter,
		const char *owner, const char *none, struct strbuf *answer, struct error *err)
{
	struct listing l = {context->bridge, answer, 0};

	if (store_list_conversations(bridge_store(context->bridge), filter, owner, LIST_MAX,
				     list_one, &l, err) < 0)
		return -1;
	if (l.n == 0)
		strbuf_adds(answer, none);
	else if (l.n == LIST_MAX)
		strbuf_addf(answer, "… the newest %d; `!find` looks among all.", LIST_MAX);
	return 0;
}

static int run_who(const struct cmd_context *context, const char *args, struct strbuf *answer,
		   struct error *err)
{
	char user[USER_MAX];

	if (strcmp(args, "inbox") == 0)
		return list(context, CONVERSATIONS_WAITING, "", "Nobody waits in the inbox.",
			    answer, err);
	if (args[0] == '\0')
		return list(context, CONVERSATIONS_OPEN, "", "No conversation is open.", answer,
			    err);
	if (word_user(context, args, user, sizeof(user), err) < 0)
		return -1;
	return list(context, CONVERSATIONS_OF_OWNER, user, "They have no open conversation.",
		    answer, err);
}

static int run_mine(const struct cmd_context *context, const char *args, struct strbuf *answer,
		    struct error *err)
{
	(void)args;
	return list(context, CONVERSATIONS_OF_OWNER, context->actor.user,
		    "You have no open conversation.", answer, err);
}

static int run_find(const struct cmd_context *context, const char *args, struct strbuf *answer,
		    struct error *err)
{
	struct listing l = {context->bridge, answer, 0};

	if (store_search_conversations(bridge_store(context->bridge), args, LIST_MAX, list_one, &l,
				       err) < 0)
		return -1;
	if (l.n == 0)
		strbuf_adds(answer, "Nobody found. `!text NUMBER message` begins a conversation.");
	else if (l.n == LIST_MAX)
		strbuf_addf(answer, "… the newest %d; ask for more of the name or number.",
			    LIST_MAX);
	return 0;
}

const struct cmd cmds_conversation[] = {
	{"claim", "[CONVERSATION]", CMD_ROOM | CMD_CONTROL, "take a conversation",
	 "Whoever had it before has it no longer.", "!claim 12", 0, run_claim},
	{"assign", "[CONVERSATION] NAME|inbox", CMD_ROOM | CMD_CONTROL,
	 "give a conversation to somebody", "NAME is a team member's name or a whole address.",
	 "!assign 12 alice", 1, run_assign},
	{"close", "[CONVERSATION]", CMD_ROOM | CMD_CONTROL, "end a conversation",
	 "It opens by itself when they write again.", "!close 12", 0, run_close},
	{"note", "words", CMD_ROOM, "a note that is not texted",
	 "A line that begins with // is one too.", "!note calls back on Friday", 1, run_note},
	{"text", "NUMBER message", CMD_CONTROL, "text a number, in a conversation of yours", NULL,
	 "!text +14155550100 Hi Pat, this is Alice of the food bank.", 2, run_text},
	{"name", "[CONVERSATION] NAME", CMD_ROOM | CMD_CONTROL, "say what they are called",
	 "It stands in the title of the room and in lists, and `!find` finds it.",
	 "!name 12 Pat Riley", 1, run_name},
	{"find", "NUMBER|NAME", CMD_CONTROL, "find conversations",
	 "A part of the number or of the contact's name is enough, or who has it.", "!find 0100", 1,
	 run_find},
	{"who", "[inbox|NAME]", CMD_CONTROL, "open conversations and who has them", NULL,
	 "!who inbox", 0, run_who},
	{"mine", "", CMD_DIRECT | CMD_CONTROL, "your open conversations", NULL, "!mine", 0,
	 run_mine},
	{0},
};
