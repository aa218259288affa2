/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Any bytes as an address, and as where a redirect leads: what is taken has one reading, and is taken
 * again as the same when its parts are put together anew. */
#include "http/url.h"

#include "base/xalloc.h"
#include "roomline/http.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *url)
{
	struct http_url parts;
	struct http_url again;
	STRBUF_AUTO(built);

	if (!http_url_split(url, &parts))
		return;
	if (parts.host[0] == '\0' || strpbrk(parts.host, "@/\\?# []") || parts.port < 1 ||
	    parts.port > 65535)
		abort();
	strbuf_addf(&built, strchr(parts.host, ':') ? "%s://[%s]:%d/" : "%s://%s:%d/",
		    parts.tls ? "https" : "http", parts.host, parts.port);
	if (!http_url_split(built.buf, &again) || strcmp(parts.host, again.host) != 0 ||
	    parts.port != again.port || !http_same_origin(url, built.buf))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *)data, size);
	char *second = strchr(text, '\n');
	STRBUF_AUTO(joined);
	struct http_url url;

	if (second)
		*second++ = '\0';
	check(text);
	if (second && http_url_join(text, second, &joined)) {
		if (!http_url_split(joined.buf, &url))
			abort();
		check(joined.buf);
	}
	return 0;
}
