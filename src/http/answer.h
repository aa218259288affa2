/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* An answer as it goes over the wire (RFC 9112). */
#ifndef ANSWER_H
#define ANSWER_H

#include "base/strbuf.h"
#include "http/exchange.h"

/* Appends status line, headers and, unless head_only (a HEAD request), the body. now is for the
 * Date. */
void http_answer_format(struct strbuf *out, const struct http_reply_text *reply, int64_t now,
			bool keep_alive, bool head_only);

#endif
