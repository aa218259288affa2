/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Calls that end inside this process: "local:/path?query" goes to our own routes without a socket,
 * and a call that cannot leave at all ends with its reason. Both are answered in a later turn, as
 * from the network.
 */
#ifndef LOCAL_H
#define LOCAL_H

#include "roomline/http.h"

#define LOCAL_SCHEME "local:"

struct local_port;

struct local_port *local_port_new(struct loop *loop, const struct http_server *server_or_null);
void local_port_free(struct local_port *port); /* open calls end without their callback */
/* Both take over what call holds and clear it; its limits are filled in (client.c). User and password do not go with a local call: they
 * are for another host, and here there is none. */
void local_port_start(struct local_port *port, struct http_call *call, http_done_fn *done,
		      void *arg);
void local_port_fail(struct local_port *port, struct http_call *call, const char *problem,
		     http_done_fn *done, void *arg);
/* Of the calls that cannot leave: the one with that callback ends without it. False: there is none. */
bool local_port_forget(struct local_port *port, http_done_fn *done, const void *arg);
size_t local_port_open_calls(const struct local_port *port);

#endif
