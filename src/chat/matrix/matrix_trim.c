/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A table of what is read, and one walk along it over the text. Whoever is in a room can put 64 KiB
 * of zeros into an event, which take 2 MB as a tree, and an answer has hundreds of events.
 */
#include "chat/matrix/matrix_trim.h"

#include "chat/matrix/matrix_cut.h"

#include <stdint.h>
#include <string.h>

struct keep {
	const char *name;          /* "" any; NULL ends the table */
	const struct keep *inside; /* NULL: a string, a number or the like */
	bool array;                /* of objects */
};

static const struct keep info[] = {{"mimetype", NULL, false}, {"size", NULL, false}, {0}};

static const struct keep answered[] = {{"event_id", NULL, false}, {0}};

static const struct keep relation[] = {
	{"rel_type", NULL, false},        {"event_id", NULL, false},          {"key", NULL, false},
	{"is_falling_back", NULL, false}, {"m.in_reply_to", answered, false}, {0},
};

#define WORDS                                                                                      \
	{"msgtype", NULL, false}, {"body", NULL, false}, {"url", NULL, false},                     \
		{"file", NULL, false}, {"filename", NULL, false},                                  \
	{                                                                                          \
		"info", info, false                                                                \
	}

static const struct keep new_words[] = {WORDS, {0}};

static const struct keep content[] = {
	WORDS,
	{"m.relates_to", relation, false},
	{"m.new_content", new_words, false},
	{"membership", NULL, false},
	{"is_direct", NULL, false},
	{"reason", NULL, false},
	{"redacts", NULL, false},
	{"replacement_room", NULL, false},
	{0},
};

static const struct keep before[] = {{"membership", NULL, false}, {0}};

static const struct keep aside[] = {
	{"prev_content", before, false}, {"redacted_because", NULL, false}, {0}};

static const struct keep event[] = {
	{"type", NULL, false},      {"event_id", NULL, false},
	{"sender", NULL, false},    {"room_id", NULL, false},
	{"state_key", NULL, false}, {"origin_server_ts", NULL, false},
	{"redacts", NULL, false},   {"content", content, false},
	{"unsigned", aside, false}, {0},
};

static const struct keep part[] = {
	{"events", event, true}, {"limited", NULL, false}, {"prev_batch", NULL, false}, {0}};

static const struct keep room[] = {
	{"timeline", part, false}, {"state", part, false}, {"invite_state", part, false}, {0}};

static const struct keep rooms[] = {{"", room, false}, {0}};

static const struct keep kinds[] = {
	{"join", rooms, false}, {"invite", rooms, false}, {"leave", rooms, false}, {0}};

static const struct keep answer[] = {
	{"next_batch", NULL, false},
	{"rooms", kinds, false}, /* of /sync */
	{"end", NULL, false},
	{"chunk", event, true}, /* of /messages */
	{0},
};

/* key: with its quotes. NULL: not kept. */
static const struct keep *find(const struct keep *table, struct mx_cut key)
{
	size_t len = (size_t)(key.end - key.p) - 2;

	for (; table->name; table++) {
		if (table->name[0] == '\0')
			return table;
		if (strlen(table->name) == len && memcmp(table->name, key.p + 1, len) == 0)
			return table;
	}
	return NULL;
}

static bool trim_object(struct strbuf *out, struct mx_cut c, const struct keep *table);

static bool trim_array(struct strbuf *out, struct mx_cut c, const struct keep *table)
{
	struct mx_cut item;
	bool first = true;
	int rc;

	(void)mx_cut_char(&c, '[');
	strbuf_addc(out, '[');
	while ((rc = mx_cut_next(&c, ']', first, NULL, &item)) > 0) {
		if (!first)
			strbuf_addc(out, ',');
		first = false;
		if (*item.p != '{')
			strbuf_adds(out, "null");
		else if (!trim_object(out, item, table))
			return false;
	}
	strbuf_addc(out, ']');
	return rc == 0 && c.p == c.end;
}

static bool trim_value(struct strbuf *out, struct mx_cut value, const struct keep *keep)
{
	if (*value.p == '{' && keep->inside && !keep->array)
		return trim_object(out, value, keep->inside);
	if (*value.p == '[' && keep->inside && keep->array)
		return trim_array(out, value, keep->inside);
	if (*value.p == '{' || *value.p == '[')
		strbuf_adds(out, "null");
	else
		strbuf_add(out, value.p, (size_t)(value.end - value.p));
	return true;
}

static bool trim_object(struct strbuf *out, struct mx_cut c, const struct keep *table)
{
	struct mx_cut key;
	struct mx_cut value;
	uint32_t seen = 0;
	bool first = true;
	bool all = true;
	size_t start;
	int rc;

	(void)mx_cut_char(&c, '{');
	strbuf_addc(out, '{');
	start = out->len;
	while ((rc = mx_cut_next(&c, '}', first, &key, &value)) > 0) {
		const struct keep *keep = find(table, key);
		uint32_t bit = keep && keep->name[0] ? UINT32_C(1) << (keep - table) : 0;

		first = false;
		if (!keep || seen & bit) {
			all = false;
			continue;
		}
		seen |= bit;
		if (out->len > start)
			strbuf_addc(out, ',');
		strbuf_add(out, key.p, (size_t)(key.end - key.p));
		strbuf_addc(out, ':');
		if (!trim_value(out, value, keep))
			return false;
	}
	if (!all)
		strbuf_adds(out, out->len > start ? ",\"_\":0" : "\"_\":0");
	strbuf_addc(out, '}');
	return rc == 0 && c.p == c.end;
}

bool mx_trim(struct strbuf *out, const char *body, size_t len)
{
	struct mx_cut c = {body, body + len};
	struct mx_cut start = c;

	return mx_cut_char(&start, '{') && trim_object(out, c, answer);
}
