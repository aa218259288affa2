/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What a request target says, and what a request owns. */
#include "http/incoming.h"

#include "base/xalloc.h"
#include "http/percent.h"

#include <string.h>
#include <strings.h>

static bool is_target_text(const char *s)
{
	for (; *s; s++)
		if (*s <= ' ' || *s > '~' || *s == '#')
			return false;
	return true;
}

/* Where the path starts; the absolute form is for proxies, but a server has to take it too
 * (RFC 9112, 3.2.2). */
static const char *skip_authority(const char *target)
{
	static const char *const schemes[] = {"http://", "https://"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t len = strlen(schemes[i]);

		if (strncasecmp(target, schemes[i], len) == 0)
			return target + len + strcspn(target + len, "/?");
	}
	return target;
}

static bool has_dotdot_segment(const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && memcmp(path, "..", 2) == 0)
			return true;
		path += len + (path[len] == '/');
	}
	return false;
}

bool http_incoming_set_target(struct http_incoming *in, const char *target)
{
	STRBUF_AUTO(whole);
	STRBUF_AUTO(path);
	const char *local = skip_authority(target);
	size_t path_len;

	if (local != target && *local != '/')
		strbuf_addc(&whole, '/');
	strbuf_adds(&whole, local);
	path_len = strcspn(whole.buf, "?");
	if (whole.buf[0] != '/' || !is_target_text(whole.buf) ||
	    !percent_decode(&path, whole.buf, path_len, false) || strlen(path.buf) != path.len ||
	    has_dotdot_segment(path.buf))
		return false;
	in->target = strbuf_detach(&whole, NULL);
	in->path = strbuf_detach(&path, NULL);
	in->request.target = in->target;
	in->request.path = in->path;
	in->request.query = in->target + path_len + (in->target[path_len] == '?');
	return true;
}

void http_incoming_release(struct http_incoming *in)
{
	http_headers_release(&in->request.headers);
	free(in->target);
	free(in->path);
	free(in->body);
	*in = (struct http_incoming){0};
}
