/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Commands about texts that are stuck: unknown or failed, for a person to decide. */
#include "cmd/families.h"
#include "cmd/words.h"

#include "base/strbuf.h"
#include "base/utf8.h"

#include <string.h>

#define LIST_MAX 30
#define SHOWN_BYTES 40

struct listing {
	struct store *store;
	struct strbuf *out;
	int n;
};

static bool list_one(const struct message_row *row, void *arg)
{
	struct listing *list = arg;
	struct conversation_row conversation;
	STRBUF_AUTO(title);
	size_t shown = utf8_whole(row->text, strnlen(row->text, SHOWN_BYTES));

	if (store_get_conversation(list->store, row->conversation, &conversation, NULL) > 0)
		bridge_title(&conversation, &title);
	strbuf_addf(list->out, "%lld  %s  %s  “%.*s%s”  %s%s%s%s\n", (long long)row->id.v,
		    row->state == MSG_UNKNOWN ? "unknown" : "failed", title.buf, (int)shown,
		    row->text, row->text[shown] ? "…" : "", row->reason, row->code[0] ? " [" : "",
		    row->code, row->code[0] ? "]" : "");
	list->n++;
	return true;
}

static int run_stuck(const struct cmd_context *context, const char *args, struct strbuf *answer,
		     struct error *err)
{
	struct listing l = {bridge_store(context->bridge), answer, 0};

	(void)args;
	if (store_list_stuck(bridge_store(context->bridge), LIST_MAX, list_one, &l, err) < 0)
		return -1;
	if (l.n == LIST_MAX)
		strbuf_addf(answer, "… the oldest %d.\n", LIST_MAX);
	if (l.n == 0)
		strbuf_adds(answer, "Nothing is stuck.");
	else
		strbuf_adds(answer,
			    "`!retry N` sends one again, `!drop N` takes it off this list.");
	return 0;
}

static int read_id(const char *args, struct message_id *out, struct error *err)
{
	char word[32];
	const char *rest = word_next(args, word, sizeof(word));

	if (rest[0] != '\0' || !word_id(word, &out->v))
		return error_set(err, ERR_INPUT, "Which text? Give one number from `!stuck`.");
	return 0;
}

/* In a conversation's room only its own texts. */
static int check_room(const struct cmd_context *context, struct message_id id, struct error *err)
{
	struct message_row row = {0};
	bool foreign;
	int found;

	if (!context->conversation)
		return 0;
	found = store_get_message(bridge_store(context->bridge), id, &row, err);
	foreign = found > 0 && row.conversation.v != context->conversation->id.v;
	message_row_release(&row);
	if (foreign)
		return error_set(err, ERR_NOT_FOUND, "That text is not of this conversation.");
	return found < 0 ? -1 : 0;
}

static int run_retry(const struct cmd_context *context, const char *args, struct strbuf *answer,
		     struct error *err)
{
	struct message_id id = {0};

	if (read_id(args, &id, err) < 0 || check_room(context, id, err) < 0 ||
	    bridge_retry(context->bridge, &context->actor, id, err) < 0)
		return -1;
	strbuf_addf(answer, "Text %lld is queued again.", (long long)id.v);
	return 0;
}

static int run_drop(const struct cmd_context *context, const char *args, struct strbuf *answer,
		    struct error *err)
{
	struct message_id id = {0};

	if (read_id(args, &id, err) < 0 || check_room(context, id, err) < 0 ||
	    bridge_drop(context->bridge, &context->actor, id, err) < 0)
		return -1;
	strbuf_addf(answer, "Text %lld is let be.", (long long)id.v);
	return 0;
}

const struct cmd cmds_stuck[] = {
	{"stuck", "", CMD_CONTROL, "texts that failed or whose fate is unknown", NULL, "!stuck", 0,
	 run_stuck},
	{"retry", "TEXT", CMD_CONTROL | CMD_ROOM, "send a stuck text once more",
	 "If its fate is unknown, they may get it twice: that is for you to decide.", "!retry 34",
	 1, run_retry},
	{"drop", "TEXT", CMD_CONTROL | CMD_ROOM, "let a stuck text be", NULL, "!drop 34", 1,
	 run_drop},
	{0},
};
