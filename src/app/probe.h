/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Whether something listens at an address and takes us: for `roomline check` only, as it waits. */
#ifndef PROBE_H
#define PROBE_H

#include "roomline/error.h"
#include "roomline/settings.h"

#include <stddef.h>

/* A connection that does not block, made within the time; the caller closes it. */
int probe_open(const char *host, const char *port, int timeout_ms, int *fd_out, struct error *err);
/* 0 when a TCP connection could be made within the time; nothing is sent over it. */
int probe_tcp(const char *host, const char *port, int timeout_ms, struct error *err);
/* 0 and what was seen when an XMPP server takes us as the component of the section 'xmpp' and its
 * rooms answer; else err says what to correct. Ends the connection of a daemon that has the
 * component. */
struct strbuf;
int probe_xmpp(const struct settings *set, int timeout_ms, struct strbuf *said, struct error *err);
/* The host and port of an http(s) URL; -1 when it has none, or they are filled in later. */
int probe_split_url(const char *url, char *host, size_t host_size, char *port, size_t port_size);

#endif
