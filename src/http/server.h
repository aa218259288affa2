/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the client's local road and the tests need of the server beyond roomline/http.h. */
#ifndef SERVER_H
#define SERVER_H

#include "roomline/http.h"

struct http_router;

#define HTTP_CONNECTIONS_MAX 512
/* For a whole request to come, and for a peer to take what we send it. */
#define HTTP_PEER_TIMEOUT_MS 20000

const struct http_router *http_server_router(const struct http_server *server); /* borrowed */
/* The port of the address listened on last: where it was given as 0 the system chose one. */
int http_server_port(const struct http_server *server);
void http_server_set_peer_timeout(struct http_server *server, int ms);
size_t http_server_connections(const struct http_server *server);

#endif
