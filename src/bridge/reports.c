/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Delivery reports: at least once, in any order, perhaps before the answer to the send. */
#include "bridge/bridge_priv.h"

#include "base/log.h"
#include "base/xalloc.h"

#include <string.h>

static enum message_state state_of(enum sms_status status)
{
	switch (status) {
	case SMS_STATUS_QUEUED:
		return MSG_ACCEPTED;
	case SMS_STATUS_SENT:
		return MSG_SENT;
	case SMS_STATUS_DELIVERED:
		return MSG_DELIVERED;
	case SMS_STATUS_UNDELIVERED:
		return MSG_UNDELIVERED;
	case SMS_STATUS_FAILED:
		return MSG_FAILED;
	case SMS_STATUS_EXPIRED:
		return MSG_EXPIRED;
	case SMS_STATUS_CANCELLED:
		return MSG_CANCELLED;
	}
	BUG("sms status %d", (int)status);
}

static int find(struct bridge *bridge, const struct sms_account *account,
		const struct sms_event *event, struct message_row *row, struct error *err)
{
	int found = 0;

	if (event->ref[0] != '\0')
		found = store_find_message_by_ref(bridge->store, event->ref, row, err);
	if (found == 0 && event->ext_id[0] != '\0')
		found = store_find_message_by_ext_id(bridge->store, account->name, event->ext_id,
						     row, err);
	return found;
}

/* What a report says of a text that has parts: it is there when all of them are. */
static enum message_state state_with_parts(const struct sms_account *account,
					   const struct sms_event *event, struct message_row *row)
{
	enum message_state to = state_of(event->status);

	if (to == MSG_DELIVERED && (sms_account_caps(account) & SMS_CAP_PART_REPORTS) &&
	    ++row->parts_delivered < row->segments)
		return MSG_SENT;
	/* A carrier that gave up in time is no cancellation of ours. */
	return to == MSG_CANCELLED ? MSG_FAILED : to;
}

static int apply(struct bridge *bridge, const struct sms_account *account,
		 const struct sms_event *event, struct message_row *row, struct error *err)
{
	enum message_state to = state_with_parts(account, event, row);

	if (row->ext_id[0] == '\0')
		STR_COPY(row->ext_id, event->ext_id);
	if (row->state == to)
		return store_message_change(bridge->store, row, to, bridge_now(bridge), err);
	row->hopeless = message_is_hopeless(event->class);
	STR_COPY(row->code, event->code);
	STR_COPY(row->reason, event->reason);
	if (message_set_state(bridge, row, to, err) < 0)
		return -1;
	if (event->class == SMS_OPTED_OUT)
		return consent_refused(bridge, row, event->code, event->reason, err);
	return 0;
}

/* Only texts of ours, and only by the account they went to: nobody else's report moves them. */
static bool is_its_own(const struct sms_account *account, const struct message_row *row)
{
	if (row->outbound && strcmp(row->account, account->name) == 0)
		return true;
	log_warn("report.foreign account=%s message=%lld", account->name, (long long)row->id.v);
	return false;
}

int report_apply(struct bridge *bridge, const struct sms_account *account,
		 const struct sms_event *event, struct error *err)
{
	struct message_row row = {0};
	int found = find(bridge, account, event, &row, err);
	int rc = 0;

	if (found == 0)
		log_info("report.unmatched account=%s id=%s", account->name,
			 log_quote(event->ext_id));
	if (found <= 0)
		return found;
	if (is_its_own(account, &row))
		rc = apply(bridge, account, event, &row, err);
	message_row_release(&row);
	return rc < 0 ? -1 : 0;
}
