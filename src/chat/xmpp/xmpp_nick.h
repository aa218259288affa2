/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Nicknames that a room takes: servers refuse emoji, direction marks, blanks and long ones. */
#ifndef XMPP_NICK_H
#define XMPP_NICK_H

#include "base/strbuf.h"

#define NICK_BYTES_MAX 60 /* without the suffix of a later attempt */

/* Appends a nickname made of what people call the person. fallback, which is plain ASCII, is taken
 * when nothing of the name is left. attempt 0 is the name itself; when it was taken, attempt 1 is
 * "Pat R. 2", and so on. */
void nick_make(struct strbuf *out, const char *name, const char *fallback, unsigned attempt);

#endif
