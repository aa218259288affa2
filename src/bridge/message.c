/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The life of a text: which state may follow which, and the one function that moves it while we run
 * (a restore makes rows that may have left SENDING before). Everything that a volunteer sees of a
 * text's fate is queued here, in the step that changes it.
 */
#include "bridge/bridge_priv.h"

#include "base/log.h"
#include "base/utf8.h"
#include "base/xalloc.h"

#include <string.h>

#define SNIPPET_BYTES 40

const char *message_state_word(enum message_state state)
{
	switch (state) {
	case MSG_NEW:
		return "queued";
	case MSG_SENDING:
		return "sending";
	case MSG_UNKNOWN:
		return "unknown";
	case MSG_ACCEPTED:
		return "accepted";
	case MSG_SENT:
		return "sent";
	case MSG_DELIVERED:
		return "delivered";
	case MSG_UNDELIVERED:
		return "undelivered";
	case MSG_FAILED:
		return "failed";
	case MSG_EXPIRED:
		return "expired";
	case MSG_CANCELLED:
		return "cancelled";
	case MSG_RECEIVED:
		return "received";
	}
	BUG("message state %d", (int)state);
}

/* Up in rank only, since reports come repeated and out of order, with these exceptions: what was
 * surely not sent is queued again; only what is queued, or in doubt for a person to decide, can be
 * cancelled; and a delivery is a fact whenever it is told, also of a text that had been given up. A
 * report may even prove that a text left which we had queued for another try. */
static bool transition_allowed(enum message_state from, enum message_state to)
{
	if (from == to || from == MSG_RECEIVED || to == MSG_RECEIVED)
		return false;
	if (to == MSG_DELIVERED)
		return true;
	if (to == MSG_NEW || to == MSG_UNKNOWN)
		return from == MSG_SENDING;
	if (to == MSG_CANCELLED)
		return from == MSG_NEW || from == MSG_UNKNOWN;
	return from < MSG_DELIVERED && to > from;
}

bool message_is_hopeless(enum sms_class class)
{
	switch (class) {
	case SMS_BAD_NUMBER:
	case SMS_LANDLINE:
	case SMS_OPTED_OUT:
	case SMS_FILTERED:
		return true;
	case SMS_OK:
	case SMS_TEMP:
	case SMS_THROTTLE:
	case SMS_PERM:
	case SMS_CONFIG:
	case SMS_AMBIGUOUS:
		return false;
	}
	BUG("sms class %d", (int)class);
}

/* The first words of a text, to recognise it by. */
static void snippet(const char *text, char out[SNIPPET_BYTES + 8])
{
	size_t n;

	if (text[0] == '\0')
		text = "a picture or file";
	n = utf8_whole(text, strnlen(text, SNIPPET_BYTES));
	(void)snprintf(out, SNIPPET_BYTES + 8, "%.*s%s", (int)n, text, text[n] ? "…" : "");
	for (char *p = out; *p; p++) {
		if (*p == '\n')
			*p = ' ';
	}
}

/* Good news are only worth words where we had told bad ones. */
static int tell_good(struct bridge *bridge, const struct message_row *row,
		     enum message_state before, const char *words, struct error *err)
{
	if (before != MSG_UNKNOWN && before < MSG_DELIVERED)
		return 0;
	return relay_tell(bridge, row->conversation, err,
			  row->state == MSG_DELIVERED ? "✅ “%s” was delivered after all."
						      : "✅ The provider has “%s” after all.",
			  words);
}

static int tell_bad(struct bridge *bridge, const struct message_row *row, enum message_state before,
		    const char *words, struct error *err)
{
	static const char told[] =
		"Not sent: "; /* the gate's words begin so where they stand alone */
	const char *reason = row->reason[0] ? row->reason : "no reason was given.";
	char code[SMS_CODE_MAX + 8] = "";

	if (strncmp(reason, told, strlen(told)) == 0)
		reason += strlen(told);
	if (row->code[0])
		(void)snprintf(code, sizeof(code), " [%s]", row->code);
	if (before == MSG_NEW)
		return relay_tell(bridge, row->conversation, err, "✖ “%s” was not sent: %s%s",
				  words, reason, code);
	if (row->hopeless)
		return relay_tell(bridge, row->conversation, err, "❌ “%s” did not reach them: %s%s",
				  words, reason, code);
	return relay_tell(bridge, row->conversation, err,
			  "❌ “%s” did not reach them: %s%s (`!retry %lld` tries again.)", words,
			  reason, code, (long long)row->id.v);
}

/* In words, in the conversation's places. */
static int tell(struct bridge *bridge, const struct message_row *row, enum message_state before,
		struct error *err)
{
	char words[SNIPPET_BYTES + 8];
	long long id = (long long)row->id.v;

	snippet(row->text, words);
	switch (row->state) {
	case MSG_UNKNOWN:
		return relay_tell(
			bridge, row->conversation, err,
			"❓ The provider did not answer about “%s”. It may or may not have "
			"gone. I wait for its report and do not send it again by myself. "
			"(`!retry %lld` sends it again, `!drop %lld` lets it be.)",
			words, id, id);
	case MSG_UNDELIVERED:
	case MSG_FAILED:
	case MSG_EXPIRED:
	case MSG_CANCELLED:
		return tell_bad(bridge, row, before, words, err);
	case MSG_ACCEPTED:
	case MSG_SENT:
	case MSG_DELIVERED:
		return tell_good(bridge, row, before, words, err);
	case MSG_NEW:
	case MSG_SENDING:
	case MSG_RECEIVED:
		return 0;
	}
	BUG("message state %d", (int)row->state);
}

/* Which mark a state shows; false when it shows none of its own. */
static bool mark_of(enum message_state state, enum chat_mark *mark_out)
{
	switch (state) {
	case MSG_NEW:
		*mark_out = MARK_QUEUED;
		return true;
	case MSG_UNKNOWN:
		*mark_out = MARK_UNKNOWN;
		return true;
	case MSG_ACCEPTED:
	case MSG_SENT:
		*mark_out = MARK_HANDED_OVER;
		return true;
	case MSG_DELIVERED:
		*mark_out = MARK_DELIVERED;
		return true;
	case MSG_UNDELIVERED:
	case MSG_FAILED:
	case MSG_EXPIRED:
	case MSG_CANCELLED:
		*mark_out = MARK_FAILED;
		return true;
	case MSG_SENDING:
	case MSG_RECEIVED:
		return false;
	}
	BUG("message state %d", (int)state);
}

static int show(struct bridge *bridge, const struct message_row *row, enum message_state before,
		struct error *err)
{
	enum chat_mark mark;
	enum chat_mark shown;
	bool has_mark = mark_of(row->state, &mark) && row->origin_place.v != 0;

	/* What a person decided about a text in doubt tells nothing new about it. */
	if (before == MSG_UNKNOWN && row->state == MSG_CANCELLED)
		return 0;
	if (has_mark && !(mark_of(before, &shown) && shown == mark) &&
	    relay_mark(bridge, row->origin_place, row->origin_event, mark, row->id, err) < 0)
		return -1;
	/* Our automatic answers are nobody's words: their failure is logged, not discussed. */
	if (row->author[0] == '\0')
		return 0;
	return tell(bridge, row, before, err);
}

int message_set_state(struct bridge *bridge, struct message_row *row, enum message_state to,
		      struct error *err)
{
	enum message_state from = row->state;
	int done;

	if (!transition_allowed(from, to)) {
		log_debug("message.unmoved message=%lld from=%s to=%s", (long long)row->id.v,
			  message_state_word(from), message_state_word(to));
		return 0;
	}
	row->state = to;
	done = store_message_change(bridge->store, row, from, bridge_now(bridge), err);
	if (done <= 0) {
		row->state = from;
		return done;
	}
	log_info("message.%s message=%lld to=%s sender=%s%s%s", message_state_word(to),
		 (long long)row->id.v, log_phone(row->phone.e164), row->sender,
		 row->code[0] ? " code=" : "", row->code);
	/* It no longer stands before the contact's next one. */
	if (from <= MSG_SENDING && to > MSG_SENDING)
		outbox_kick_after_commit(bridge);
	return show(bridge, row, from, err) < 0 ? -1 : 1;
}

int message_requeue(struct bridge *bridge, struct message_row *row, int64_t wait_ms,
		    struct error *err)
{
	row->due_at = bridge_now(bridge) + wait_ms;
	return message_set_state(bridge, row, MSG_NEW, err);
}

struct cancelling {
	struct bridge *bridge;
	unsigned kinds;
	const char *code;
	const char *reason;
	struct error *err;
	bool failed;
};

static bool cancel_one(const struct message_row *queued, void *arg)
{
	struct cancelling *c = arg;
	struct message_row row = *queued; /* its text stays borrowed */

	if (!(c->kinds & MESSAGE_KIND(row.kind)))
		return true;
	STR_COPY(row.code, c->code);
	STR_COPY(row.reason, c->reason);
	c->failed = message_set_state(c->bridge, &row, MSG_CANCELLED, c->err) < 0;
	return !c->failed;
}

int message_cancel_queued(struct bridge *bridge, const struct phone *phone, unsigned kinds,
			  const char *code, const char *reason, struct error *err)
{
	struct cancelling c = {bridge, kinds, code, reason, err, false};

	if (store_list_queued(bridge->store, phone, cancel_one, &c, err) < 0)
		return -1;
	return c.failed ? -1 : 0;
}
