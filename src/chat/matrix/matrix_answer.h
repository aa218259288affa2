/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the HTTP client brings, read as an answer of a homeserver: any bytes, since proxies answer
 * too, and what an event holds may be anybody's.
 */
#ifndef MATRIX_ANSWER_H
#define MATRIX_ANSWER_H

#include "chat/matrix/matrix_error.h"

/* Of JSON; events are flatter, but may be nested in others several times. */
#define MX_DEPTH_MAX 200
#define MX_ERROR_WORDS_MAX 200 /* bytes of mx_reply.error */
#define MX_WAIT_MAX_MS INT64_C(3600000)

struct mx_answer {
	struct mx_reply reply; /* borrows from the members below */
	enum mx_next next;
	int64_t wait_ms; /* with MX_WAIT: how long, 1..MX_WAIT_MAX_MS; 0: it does not say */
	struct cJSON *json;
	struct strbuf words;
};

/* now: wall clock, ms UTC. *out must be released. */
void mx_answer_read(struct mx_answer *out, const struct http_answer *answer, int64_t now);
void mx_answer_release(struct mx_answer *answer);

#endif
