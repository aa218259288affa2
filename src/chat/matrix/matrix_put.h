/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Writing JSON member by member: the comma before one is put by itself. The outermost bracket is the
 * caller's own: strbuf_addc(out, '{').
 */
#ifndef MATRIX_PUT_H
#define MATRIX_PUT_H

#include "base/strbuf.h"

#include <stdbool.h>

/* name: of a member of an object; NULL in an array. */
void mx_put_open(struct strbuf *out, const char *name, char bracket); /* '{' or '[' */
void mx_put_text(struct strbuf *out, const char *name, const char *value);
void mx_put_number(struct strbuf *out, const char *name, int value);
void mx_put_bool(struct strbuf *out, const char *name, bool value);

#endif
