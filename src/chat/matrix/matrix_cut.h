/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Cutting JSON into its parts before any of it is parsed: people choose the contents of events, and
 * a tree of all at once would take forty times the memory of the text.
 */
#ifndef MATRIX_CUT_H
#define MATRIX_CUT_H

#include <stdbool.h>

struct mx_cut { /* a part of a text; p moves on while it is read */
	const char *p;
	const char *end;
};

/* Steps over that character and the blanks around it. */
bool mx_cut_char(struct mx_cut *c, char what);
/* The members of an object or the items of an array up to the closing bracket, one by one.
 * 1: *out is the next one's value (and *key_out its name with the quotes); 0: there are no more;
 * -1: that is no such thing. */
int mx_cut_next(struct mx_cut *c, char close, bool first, struct mx_cut *key_out,
		struct mx_cut *out);

#endif
