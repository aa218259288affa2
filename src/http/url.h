/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Addresses that strangers name (RFC 3986), read strictly: what two readers could take for two
 * different hosts is refused, so that what is checked here is where the client goes.
 */
#ifndef URL_H
#define URL_H

#include "base/strbuf.h"

#include <stdbool.h>

#define URL_MAX 4096
#define URL_HOST_MAX 256

struct http_url {
	bool tls;
	char host[URL_HOST_MAX]; /* lower case; an IPv6 address without its brackets */
	int port;
};

/* False for all but "http(s)://HOST[:PORT][/PATH]" in visible ASCII, without user and password. */
bool http_url_split(const char *url, struct http_url *out);
/* Whether it is one of the hosts that an admin named, as "host" or "host:port". */
bool http_url_is_of(const struct http_url *url, const char *const *hosts, size_t n);
/* Appends where `reference`, found at base, leads to. False when that is no such address. */
bool http_url_join(const char *base, const char *reference, struct strbuf *out);

#endif
