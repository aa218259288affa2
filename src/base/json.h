/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * JSON from outside, over cJSON, with its traps closed: trailing garbage, invalid UTF-8, NUL bytes,
 * bad escapes and deep nesting are refused; "\u0000" and lone surrogates, which phones do produce,
 * become U+FFFD; a number that a double does not hold as written (a fraction, an exponent, more
 * than 15 digits) is kept as the string of its digits. RFC 8259.
 */
#ifndef JSON_H
#define JSON_H

#include "base/strbuf.h"
#include "roomline/error.h"

#include <stdbool.h>
#include <stddef.h>

#define JSON_DEPTH_MAX 32

struct cJSON; /* <cjson/cJSON.h> for those who need more than the paths below */

/* NULL and err when it is not one well-formed value, or nested deeper than max_depth. The caller
 * caps len. */
struct cJSON *json_parse(const char *text, size_t len, int max_depth, struct error *err);
void json_auto_free(struct cJSON **value); /* NULL is fine */
#define JSON_AUTO __attribute__((cleanup(json_auto_free))) struct cJSON *

/* What stands at a path such as "messages.0.id": names of objects, indices of arrays, "*" for every
 * member; "" is the value itself. Fills found (in order, at most max) and returns how many. value
 * may be NULL. */
size_t json_find(const struct cJSON *value, const char *path, const struct cJSON **found,
		 size_t max);
/* Appends the first match as text: a string's contents, digits, "true" or "false". False, and
 * nothing appended, when there is none or it is null, an array or an object. */
bool json_text(const struct cJSON *value, const char *path, struct strbuf *out);

/* Appends text as the inside of a JSON string; invalid UTF-8 becomes U+FFFD. */
void json_escape(struct strbuf *out, const char *text);
void json_add_text(struct strbuf *out, const char *text); /* the same, in quotes */

#endif
