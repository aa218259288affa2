/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The body of a transaction is cut into its events before any of it is parsed, and they are parsed
 * one at a time: people choose the contents of events, and a tree of all at once would take forty
 * times the memory of the text. The cut knows brackets and strings only; what is between them is for
 * the parser.
 */
#include "chat/matrix/matrix_transaction.h"

#include "base/json.h"
#include "base/log.h"
#include "chat/matrix/matrix_event.h"
#include "chat/matrix/matrix_priv.h"

#include <stdbool.h>
#include <string.h>

struct cut {
	const char *p;
	const char *end;
};

static bool is_among(char c, const char *chars)
{
	return c && strchr(chars, c);
}

static void skip_blanks(struct cut *c)
{
	while (c->p < c->end && is_among(*c->p, " \t\r\n"))
		c->p++;
}

/* Steps over that character and the blanks around it. */
static bool skip_char(struct cut *c, char what)
{
	skip_blanks(c);
	if (c->p == c->end || *c->p != what)
		return false;
	c->p++;
	skip_blanks(c);
	return true;
}

static bool skip_string(struct cut *c)
{
	for (c->p++; c->p < c->end && *c->p != '"'; c->p++) {
		if (*c->p == '\\' && ++c->p == c->end)
			return false;
	}
	if (c->p == c->end)
		return false;
	c->p++;
	return true;
}

/* To behind the value that begins here. */
static bool skip_value(struct cut *c)
{
	const char *start = c->p;
	size_t depth = 0;

	while (c->p < c->end) {
		char what = *c->p;

		if (what == '"') {
			if (!skip_string(c))
				return false;
			if (depth == 0)
				return true;
			continue;
		}
		if (depth == 0 && is_among(what, ",]} \t\r\n"))
			return c->p > start;
		if (what == '{' || what == '[')
			depth++;
		c->p++;
		if ((what == '}' || what == ']') && --depth == 0)
			return true;
	}
	return false;
}

/* The members of an object or the items of an array up to the closing bracket, one by one.
 * 1: *out is the next one's value (and *key_out its name with the quotes); 0: there are no more;
 * -1: that is no such thing. */
static int next_value(struct cut *c, char close, bool first, struct cut *key_out, struct cut *out)
{
	if (skip_char(c, close))
		return 0;
	if (!first && !skip_char(c, ','))
		return -1;
	if (key_out) {
		key_out->p = c->p;
		if (c->p == c->end || *c->p != '"' || !skip_string(c))
			return -1;
		key_out->end = c->p;
		if (!skip_char(c, ':'))
			return -1;
	}
	out->p = c->p;
	if (!skip_value(c))
		return -1;
	out->end = c->p;
	return 1;
}

/* The array of events; empty when there is none, as when only others are told. */
static bool find_events(struct cut body, struct cut *events_out)
{
	static const char name[] = "\"events\"";
	struct cut key;
	struct cut value;
	bool first = true;
	int rc = -1;

	*events_out = (struct cut){"[]", NULL};
	events_out->end = events_out->p + 2;
	if (!skip_char(&body, '{'))
		return false;
	while ((rc = next_value(&body, '}', first, &key, &value)) > 0) {
		first = false;
		if ((size_t)(key.end - key.p) == sizeof(name) - 1 &&
		    memcmp(key.p, name, sizeof(name) - 1) == 0)
			*events_out = value;
	}
	return rc == 0 && body.p == body.end;
}

/* Whether it is an array from one end to the other, so that nothing is done about half of one. */
static bool is_array(struct cut c)
{
	struct cut value;
	bool first = true;
	int rc;

	if (!skip_char(&c, '['))
		return false;
	while ((rc = next_value(&c, ']', first, NULL, &value)) > 0)
		first = false;
	return rc == 0 && c.p == c.end;
}

/* 1: done; 0: it is no event of a room; -1: not stored. */
static int take_event(struct matrix *m, struct cut text)
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
	struct cut events;
	struct cut event;
	int taken = 0;
	int all = 0;

	if (!find_events((struct cut){body, body + len}, &events) || !is_array(events)) {
		(void)error_set(err, ERR_INPUT, "this is no object with an array of events");
		return MX_UNREADABLE;
	}
	(void)skip_char(&events, '[');
	while (next_value(&events, ']', all == 0, NULL, &event) > 0) {
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
