/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Finding and running a command, and the help that is generated from the tables. */
#include "roomline/cmd.h"

#include "base/likeness.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "cmd/families.h"
#include "cmd/words.h"

#include <ctype.h>
#include <string.h>

#define NAME_BYTES 32

static const struct cmd *const families[] = {cmds_help, cmds_conversation, cmds_consent,
					     cmds_control, cmds_stuck};
#define FAMILIES (sizeof(families) / sizeof(families[0]))

static unsigned where_of(const struct cmd_context *context)
{
	switch (context->where) {
	case PLACE_CONVERSATION:
		return CMD_ROOM;
	case PLACE_CONTROL:
		return CMD_CONTROL;
	case PLACE_DIRECT:
		return context->organizer ? CMD_DIRECT | CMD_CONTROL : CMD_DIRECT;
	}
	BUG("place kind %d", (int)context->where);
}

static const struct cmd *find(const char *name)
{
	for (size_t f = 0; f < FAMILIES; f++) {
		for (const struct cmd *cmd = families[f]; cmd->name; cmd++) {
			if (strcmp(cmd->name, name) == 0)
				return cmd;
		}
	}
	return NULL;
}

static const struct cmd *nearest(const char *name, unsigned where)
{
	const struct cmd *best = NULL;
	size_t best_distance = LIKENESS_FAR;

	for (size_t f = 0; f < FAMILIES; f++) {
		for (const struct cmd *cmd = families[f]; cmd->name; cmd++) {
			size_t d =
				cmd->where & where ? word_distance(name, cmd->name) : best_distance;

			if (d < best_distance) {
				best = cmd;
				best_distance = d;
			}
		}
	}
	return best;
}

static int count_words(const char *args)
{
	int n = 0;

	while (*args) {
		n++;
		args += strcspn(args, " \t\n");
		args += strspn(args, " \t\n");
	}
	return n;
}

/* Who wrote words that happened to begin with "!" must hear that they did not go. */
static int unknown(const char *name, unsigned where, struct error *err)
{
	const struct cmd *near = nearest(name, where);
	const char *untexted = where & CMD_ROOM ? " Nothing was texted." : "";

	if (name[0] == '\0')
		return error_set(err, ERR_INPUT, "Which command? `!help` lists all.%s", untexted);
	if (near)
		return error_set(
			err, ERR_INPUT,
			"There is no command `!%s`. Did you mean `!%s`? `!help` lists all.%s", name,
			near->name, untexted);
	return error_set(err, ERR_INPUT, "There is no command `!%s`. `!help` lists all.%s", name,
			 untexted);
}

/* "[CONVERSATION]" or "[NUMBER]" in front: not written in a room, which says whom it is about. */
static bool has_whom(const struct cmd *cmd)
{
	return strncmp(cmd->args, "[CONVERSATION]", 14) == 0 ||
	       strncmp(cmd->args, "[NUMBER]", 8) == 0;
}

static const char *args_in(const struct cmd *cmd, unsigned where)
{
	const char *args = cmd->args;

	if (!has_whom(cmd) || !(where & CMD_ROOM))
		return args;
	args += strcspn(args, " ");
	return args + strspn(args, " ");
}

static void add_example(struct strbuf *out, const struct cmd *cmd, unsigned where)
{
	const char *rest = cmd->example;

	if (!has_whom(cmd) || !(where & CMD_ROOM)) {
		strbuf_adds(out, rest);
		return;
	}
	strbuf_addf(out, "!%s", cmd->name);
	rest += strcspn(rest, " ");
	rest += strspn(rest, " ");
	strbuf_adds(out, rest + strcspn(rest, " "));
}

static int misplaced(const struct cmd *cmd, struct error *err)
{
	return error_set(
		err, ERR_STATE, "`!%s` works %s.", cmd->name,
		cmd->where & CMD_CONTROL
			? cmd->where & CMD_ROOM
				  ? "in the room of a conversation, or in the control room"
				  : "in the control room, or in an organizer's chat with me"
		: cmd->where & CMD_ROOM ? "in the room of a conversation"
					: "in a chat with me alone");
}

static int too_few(const struct cmd *cmd, unsigned where, struct error *err)
{
	STRBUF_AUTO(example);

	add_example(&example, cmd, where);
	return error_set(err, ERR_INPUT, "`!%s` wants: `!%s %s`. For example: `%s`", cmd->name,
			 cmd->name, args_in(cmd, where), example.buf);
}

int cmd_run(const struct cmd_context *context, const char *text, struct strbuf *answer,
	    struct error *err)
{
	char name[NAME_BYTES];
	const char *args = word_next(text + 1, name, sizeof(name));
	unsigned where = where_of(context);
	const struct cmd *cmd;
	AUTO_FREE char *trimmed = xstrdup(args);
	size_t n = strlen(trimmed);

	while (n > 0 && strchr(" \t\n", trimmed[n - 1]))
		trimmed[--n] = '\0';
	for (char *p = name; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	cmd = find(name);
	if (!cmd)
		return unknown(name, where, err);
	if (!(cmd->where & where))
		return misplaced(cmd, err);
	if (count_words(trimmed) < cmd->min_args)
		return too_few(cmd, where, err);
	return cmd->run(context, trimmed, answer, err);
}

/* ---- !help ------------------------------------------------------------------------------------
 */

static void help_line(struct strbuf *answer, const struct cmd *cmd, unsigned where)
{
	const char *args = args_in(cmd, where);

	strbuf_addf(answer, "!%s%s%s: %s\n", cmd->name, args[0] ? " " : "", args, cmd->summary);
}

static int help_all(unsigned where, struct strbuf *answer)
{
	strbuf_adds(
		answer,
		where & CMD_ROOM
			? "What you write here is texted to them, but for lines that begin with "
			  "! (a command) or // (a note).\n"
			: "Commands:\n");
	for (size_t f = 0; f < FAMILIES; f++) {
		for (const struct cmd *cmd = families[f]; cmd->name; cmd++) {
			if (cmd->where & where)
				help_line(answer, cmd, where);
		}
	}
	strbuf_adds(answer, "!help COMMAND tells more of one.");
	return 0;
}

static int run_help(const struct cmd_context *context, const char *args, struct strbuf *answer,
		    struct error *err)
{
	char name[NAME_BYTES];
	const struct cmd *cmd;

	word_next(args[0] == CMD_PREFIX ? args + 1 : args, name, sizeof(name));
	if (name[0] == '\0')
		return help_all(where_of(context), answer);
	cmd = find(name);
	if (!cmd)
		return unknown(name, where_of(context), err);
	help_line(answer, cmd, where_of(context));
	if (cmd->detail)
		strbuf_addf(answer, "%s\n", cmd->detail);
	strbuf_adds(answer, "Example: ");
	add_example(answer, cmd, where_of(context));
	return 0;
}

const struct cmd cmds_help[] = {
	{"help", "[COMMAND]", CMD_CONTROL | CMD_ROOM | CMD_DIRECT, "what I can do", NULL,
	 "!help assign", 0, run_help},
	{0},
};
