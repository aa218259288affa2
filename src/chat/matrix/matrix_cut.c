/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The cut knows brackets and strings only; what is between them is for the parser. It keeps nothing,
 * and no depth is too deep for it.
 */
#include "chat/matrix/matrix_cut.h"

#include <string.h>

static bool is_among(char c, const char *chars)
{
	return c && strchr(chars, c);
}

static void skip_blanks(struct mx_cut *c)
{
	while (c->p < c->end && is_among(*c->p, " \t\r\n"))
		c->p++;
}

bool mx_cut_char(struct mx_cut *c, char what)
{
	skip_blanks(c);
	if (c->p == c->end || *c->p != what)
		return false;
	c->p++;
	skip_blanks(c);
	return true;
}

static bool skip_string(struct mx_cut *c)
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
static bool skip_value(struct mx_cut *c)
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

int mx_cut_next(struct mx_cut *c, char close, bool first, struct mx_cut *key_out,
		struct mx_cut *out)
{
	if (mx_cut_char(c, close))
		return 0;
	if (!first && !mx_cut_char(c, ','))
		return -1;
	if (key_out) {
		key_out->p = c->p;
		if (c->p == c->end || *c->p != '"' || !skip_string(c))
			return -1;
		key_out->end = c->p;
		if (!mx_cut_char(c, ':'))
			return -1;
	}
	out->p = c->p;
	if (!skip_value(c))
		return -1;
	out->end = c->p;
	return 1;
}
