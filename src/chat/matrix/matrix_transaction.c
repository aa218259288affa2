/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The body of a transaction is cut into its events before any of it is parsed, and they are parsed
 * one at a time.
 */
#include "chat/matrix/matrix_transaction.h"

#include "base/json.h"
#include "base/log.h"
#include "chat/matrix/matrix_cut.h"
#include "chat/matrix/matrix_event.h"
#include "chat/matrix/matrix_priv.h"

#include <stdbool.h>
#include <string.h>

/* The array of events; empty when there is none, as when only others are told. */
static bool find_events(struct mx_cut body, struct mx_cut *events_out)
{
	static const char name[] = "\"events\"";
	struct mx_cut key;
	struct mx_cut value;
	bool first = true;
	int rc = -1;

	*events_out = (struct mx_cut){"[]", NULL};
	events_out->end = events_out->p + 2;
	if (!mx_cut_char(&body, '{'))
		return false;
	while ((rc = mx_cut_next(&body, '}', first, &key, &value)) > 0) {
		first = false;
		if ((size_t)(key.end - key.p) == sizeof(name) - 1 &&
		    memcmp(key.p, name, sizeof(name) - 1) == 0)
			*events_out = value;
	}
	return rc == 0 && body.p == body.end;
}

/* Whether it is an array from one end to the other, so that nothing is done about half of one. */
static bool is_array(struct mx_cut c)
{
	struct mx_cut value;
	bool first = true;
	int rc;

	if (!mx_cut_char(&c, '['))
		return false;
	while ((rc = mx_cut_next(&c, ']', first, NULL, &value)) > 0)
		first = false;
	return rc == 0 && c.p == c.end;
}

/* 1: done; 0: it is no event of a room; -1: not stored. */
static int take_event(struct matrix *m, struct mx_cut text)
{
	size_t len = (size_t)(text.end - text.p);
	JSON_AUTO json = json_parse(text.p, len, MX_DEPTH_MAX, NULL);
	struct mx_event event;
	int rc;

	if (!json)
		return bridge_chat_quarantine(m->host.bridge, matrix_name, "an event", text.p, len);
	if (!mx_event_read(json, NULL, &event))
		return 0;
	rc = mx_in_event(m, &event);
	mx_event_release(&event);
	return rc < 0 ? -1 : 1;
}

enum mx_taken mx_transaction_take(struct matrix *m, const char *body, size_t len, struct error *err)
{
	struct mx_cut events;
	struct mx_cut event;
	int taken = 0;
	int all = 0;

	if (!find_events((struct mx_cut){body, body + len}, &events) || !is_array(events)) {
		(void)error_set(err, ERR_INPUT, "this is no object with an array of events");
		return MX_UNREADABLE;
	}
	(void)mx_cut_char(&events, '[');
	while (mx_cut_next(&events, ']', all == 0, NULL, &event) > 0) {
		int rc = take_event(m, event);

		if (rc < 0)
			return MX_NOT_STORED;
		taken += rc;
		all++;
	}
	if (taken < all)
		log_warn("matrix.skipped events=%d of=%d", all - taken, all);
	return MX_TAKEN;
}
