/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Commands about the whole: status, pause and resume. */
#include "cmd/families.h"

#include "base/strbuf.h"

static int run_status(const struct cmd_context *context, const char *args, struct strbuf *answer,
		      struct error *err)
{
	struct message_counts c;
	long long handed_over;

	(void)args;
	if (store_count(bridge_store(context->bridge), &c, err) < 0)
		return -1;
	handed_over = c.accepted + c.sent;
	strbuf_addf(answer, "Roomline %s, %s.\n", ROOMLINE_VERSION,
		    bridge_is_paused(context->bridge) ? "PAUSED: nothing is sent until `!resume`"
						      : "sending");
	bridge_describe(context->bridge, answer);
	strbuf_addf(answer, "conversations: %lld open, %lld of them in the inbox\n",
		    (long long)c.conversations_open, (long long)c.conversations_waiting);
	strbuf_addf(answer,
		    "texts: %lld received; %lld queued, %lld being sent, %lld handed over, %lld "
		    "delivered\n",
		    (long long)c.received, (long long)c.queued, (long long)c.sending, handed_over,
		    (long long)c.delivered);
	strbuf_addf(answer,
		    "to look at: %lld unknown, %lld failed (`!stuck`), %lld undecided hold%s\n",
		    (long long)c.unknown, (long long)c.failed, (long long)c.held,
		    c.held == 1 ? "" : "s");
	strbuf_addf(answer, "not texted any more: %lld number%s", (long long)c.suppressed,
		    c.suppressed == 1 ? "" : "s");
	return 0;
}

static int run_pause(const struct cmd_context *context, const char *args, struct strbuf *answer,
		     struct error *err)
{
	(void)args;
	(void)answer; /* the control room is told by the bridge */
	return bridge_pause(context->bridge, &context->actor, true, err);
}

static int run_resume(const struct cmd_context *context, const char *args, struct strbuf *answer,
		      struct error *err)
{
	(void)args;
	(void)answer;
	return bridge_pause(context->bridge, &context->actor, false, err);
}

const struct cmd cmds_control[] = {
	{"status", "", CMD_CONTROL, "how things stand", NULL, "!status", 0, run_status},
	{"pause", "", CMD_CONTROL, "stop everything outbound at once",
	 "Texts queue up; what comes in is still shown.", "!pause", 0, run_pause},
	{"resume", "", CMD_CONTROL, "send again", NULL, "!resume", 0, run_resume},
	{0},
};
