/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Addresses of calls. Ids hold ! $ @ # : + and, of old events, slashes: every one is encoded as a
 * whole, so that it is one segment whatever it holds.
 */
#include "base/xalloc.h"
#include "chat/matrix/matrix_http.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void mx_path(struct strbuf *out, const char *pattern, ...)
{
	const char *hole;
	va_list ap;

	va_start(ap, pattern);
	while ((hole = strstr(pattern, "{}"))) {
		strbuf_add(out, pattern, (size_t)(hole - pattern));
		http_percent_encode(out, va_arg(ap, const char *));
		pattern = hole + 2;
	}
	va_end(ap);
	strbuf_adds(out, pattern);
}

static void add_query(struct strbuf *out, char *mark, const char *name, const char *value)
{
	strbuf_addc(out, *mark);
	strbuf_adds(out, name);
	strbuf_addc(out, '=');
	http_percent_encode(out, value);
	*mark = '&';
}

void mx_url(struct strbuf *out, const char *homeserver, const char *bot, const char *device,
	    const struct mx_call *call)
{
	const char *as = call->as ? call->as : bot;
	char mark = strchr(call->path, '?') ? '&' : '?';
	char ts[24];

	strbuf_adds(out, homeserver);
	strbuf_adds(out, call->path);
	if (as[0])
		add_query(out, &mark, "user_id", as);
	if (call->device && device[0])
		add_query(out, &mark, "device_id", device);
	if (call->ts) {
		(void)snprintf(ts, sizeof(ts), "%" PRId64, call->ts);
		add_query(out, &mark, "ts", ts);
	}
}
