/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Commands about consent: what a person decides when a contact may have asked to stop. */
#include "cmd/families.h"
#include "cmd/words.h"

#include "base/strbuf.h"

#include <string.h>

static void said(const struct cmd_context *context, struct strbuf *answer,
		 const struct phone *phone, const char *words)
{
	if (!context->conversation) /* in its room the notice says it */
		strbuf_addf(answer, "%s %s", phone->e164, words);
}

static int run_optout(const struct cmd_context *context, const char *args, struct strbuf *answer,
		      struct error *err)
{
	struct phone phone;
	const char *rest;
	bool quiet;

	if (word_phone(context, args, &phone, &rest, err) < 0)
		return -1;
	quiet = strcmp(rest, "quiet") == 0;
	if (rest[0] != '\0' && !quiet)
		return error_set(err, ERR_INPUT, "Only `quiet` may stand there: `!optout quiet`.");
	if (bridge_optout(context->bridge, &context->actor, &phone, quiet, err) < 0)
		return -1;
	said(context, answer, &phone, "is opted out: nobody can text them any more.");
	return 0;
}

static int run_keep(const struct cmd_context *context, const char *args, struct strbuf *answer,
		    struct error *err)
{
	struct phone phone;
	const char *rest;

	if (word_phone(context, args, &phone, &rest, err) < 0 ||
	    word_none(rest, "!keep +14155550100", err) < 0 ||
	    bridge_keep(context->bridge, &context->actor, &phone, err) < 0)
		return -1;
	said(context, answer, &phone, "can be texted.");
	return 0;
}

static int run_wrong(const struct cmd_context *context, const char *args, struct strbuf *answer,
		     struct error *err)
{
	struct phone phone;
	const char *rest;

	if (word_phone(context, args, &phone, &rest, err) < 0 ||
	    word_none(rest, "!wrong +14155550100", err) < 0 ||
	    bridge_wrong_number(context->bridge, &context->actor, &phone, err) < 0)
		return -1;
	said(context, answer, &phone, "is a wrong number: it is not texted any more.");
	return 0;
}

const struct cmd cmds_consent[] = {
	{"optout", "[NUMBER] [quiet]", CMD_ROOM | CMD_CONTROL, "nobody texts them any more",
	 "Also for numbers never seen. They get one confirmation if they wrote within the last "
	 "five "
	 "minutes; `quiet`: none. Only they can undo it, by texting START.",
	 "!optout +14155550100", 0, run_optout},
	{"keep", "[NUMBER]", CMD_ROOM | CMD_CONTROL, "it was no opt-out, or no wrong number", NULL,
	 "!keep +14155550100", 0, run_keep},
	{"wrong", "[NUMBER]", CMD_ROOM | CMD_CONTROL, "it is a wrong number", NULL,
	 "!wrong +14155550100", 0, run_wrong},
	{0},
};
