/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Percent-decoding, shared by forms and request targets. */
#ifndef PERCENT_H
#define PERCENT_H

#include "base/strbuf.h"

#include <stdbool.h>

/* Appends s decoded; in a form + is a space. A % without two hex digits is kept as it is and makes
 * the result false: a path is then refused, a form takes it, as browsers do (WHATWG URL, 1.3). */
bool percent_decode(struct strbuf *out, const char *s, size_t len, bool form);

#endif
