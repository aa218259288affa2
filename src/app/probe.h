/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Whether something listens at an address: for `roomline check` only, as it waits for the answer. */
#ifndef PROBE_H
#define PROBE_H

#include "roomline/error.h"

#include <stddef.h>

/* 0 when a TCP connection could be made within the time; nothing is sent over it. */
int probe_tcp(const char *host, const char *port, int timeout_ms, struct error *err);
/* The host and port of an http(s) URL; -1 when it has none, or they are filled in later. */
int probe_split_url(const char *url, char *host, size_t host_size, char *port, size_t port_size);

#endif
