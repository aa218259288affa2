/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the parts of `roomline explain` share. */
#ifndef EXPLAIN_PRIV_H
#define EXPLAIN_PRIV_H

#include "base/strbuf.h"

#include <stddef.h>

enum explain_exit { EXPLAIN_OK = 0, EXPLAIN_FAILED = 1, EXPLAIN_USAGE = 2 };

/* Appends the line with its escapes \n \t \\ \uXXXX decoded. Two \u of a surrogate pair are one
 * character, a lone surrogate becomes U+FFFD; what is no escape stays as it is. */
void explain_unescape(struct strbuf *out, const char *line, size_t len);

/* One more word on stderr and how to ask right; returns EXPLAIN_USAGE. */
__attribute__((format(printf, 1, 2))) int explain_usage_error(const char *fmt, ...);

/* The sub-command "hook": argv[0] is "hook", the body comes on stdin. */
int explain_hook(int argc, char **argv);

#endif
