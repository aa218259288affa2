/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A request that came in, with the memory it points into: from a socket (reader.c) or from
 * ourselves (local.c).
 */
#ifndef INCOMING_H
#define INCOMING_H

#include "roomline/http.h"

struct http_incoming {
	struct http_request
		request; /* its headers are owned by it, the texts are in what follows */
	char *target;
	char *path;
	char *body;
};

/* Sets target, path and query from "/path?query", or from the absolute form "http://host/path".
 * Returns false for what is no target: other characters than visible ASCII, a fragment, a bad
 * percent escape, NUL or a ".." segment in the decoded path. */
bool http_incoming_set_target(struct http_incoming *in, const char *target);
void http_incoming_release(struct http_incoming *in);

#endif
