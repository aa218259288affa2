/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Listening sockets: from "ADDRESS:PORT" to accepted connections. */
#ifndef LISTENER_H
#define LISTENER_H

#include "roomline/error.h"
#include "roomline/loop.h"

struct http_listener;

/* fd is non-blocking and close-on-exec, and fn's to close. */
typedef void http_accepted_fn(int fd, void *arg);

struct http_listener *http_listener_new(struct loop *loop, http_accepted_fn *fn, void *arg);
void http_listener_free(struct http_listener *listener); /* NULL is fine */
int http_listener_add(struct http_listener *listener, const char *address, struct error *err);
int http_listener_port(const struct http_listener *listener); /* of the one added last, or 0 */

#endif
