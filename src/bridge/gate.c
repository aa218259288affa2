/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the gate wants to know about a text, collected from the store. The rules are in
 * core/compliance.c. */
#include "bridge/bridge_priv.h"

static enum gate_kind gate_kind_of(enum message_kind kind)
{
	switch (kind) {
	case MSGKIND_REPLY:
		return GATE_REPLY;
	case MSGKIND_INITIAL:
		return GATE_INITIAL;
	case MSGKIND_STOP_CONFIRM:
		return GATE_STOP_CONFIRM;
	case MSGKIND_START_CONFIRM:
		return GATE_START_CONFIRM;
	case MSGKIND_HELP_ANSWER:
		return GATE_HELP_ANSWER;
	}
	__builtin_unreachable();
}

int gate_ask(struct bridge *bridge, const struct message_row *row, const struct sms_sender *sender,
	     struct gate_ruling *ruling_out, struct error *err)
{
	struct suppression_row suppression;
	struct hold_row hold;
	struct gate_input input = {
		.kind = gate_kind_of(row->kind),
		.to = row->phone,
		.text = row->text,
		.now = bridge_now(bridge),
		.not_after = row->not_after,
		.paused = bridge->paused,
		.max_segments = bridge->options->max_segments,
		.max_chars = sms_account_max_chars(sender->account),
	};
	int suppressed = store_find_suppression(bridge->store, &row->phone, &suppression, err);
	int held = store_find_hold(bridge->store, &row->phone, &hold, err);

	if (suppressed < 0 || held < 0 || media_ask(bridge, row, sender, &input.files, err) < 0 ||
	    store_duplicate_age(bridge->store, row->conversation, row->text, row->id, input.now,
				&input.duplicate_age, err) < 0)
		return -1;
	input.suppressed = suppressed ? suppression.reason : NULL;
	input.hold = held != 0;
	gate_check(&input, ruling_out);
	return 0;
}
