/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Addresses that strangers name; see url.h. */
#include "http/url.h"

#include "roomline/http.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define PORT_MAX 65535

static bool is_visible(const char *text)
{
	for (; *text; text++) {
		if (*text <= ' ' || *text > '~' || *text == '\\')
			return false;
	}
	return true;
}

/* The length of "https://" or "http://", 0 for anything else. */
static size_t scheme_of(const char *url, bool *tls_out)
{
	*tls_out = strncasecmp(url, "https://", 8) == 0;
	if (*tls_out)
		return 8;
	return strncasecmp(url, "http://", 7) == 0 ? 7 : 0;
}

/* Copies the host in lower case and moves *p behind it. */
static bool take_host(const char **p, char out[URL_HOST_MAX])
{
	bool literal = **p == '[';
	const char *from = *p + literal;
	size_t len = strspn(from, literal ? "0123456789abcdefABCDEF:."
					  : "0123456789abcdefghijklmnopqrstuvwxyz"
					    "ABCDEFGHIJKLMNOPQRSTUVWXYZ-._");

	if (len == 0 || len >= URL_HOST_MAX || (literal && from[len] != ']'))
		return false;
	for (size_t i = 0; i < len; i++)
		out[i] = (char)tolower((unsigned char)from[i]);
	out[len] = '\0';
	*p = from + len + literal;
	return true;
}

static bool take_port(const char **p, int *out)
{
	size_t len;

	if (**p != ':')
		return true;
	(*p)++;
	len = strspn(*p, "0123456789");
	if (len == 0 || len > 5)
		return false;
	*out = 0;
	for (size_t i = 0; i < len; i++)
		*out = *out * 10 + (*(*p)++ - '0');
	return *out >= 1 && *out <= PORT_MAX;
}

bool http_url_split(const char *url, struct http_url *out)
{
	const char *p = url;
	size_t scheme;

	*out = (struct http_url){0};
	scheme = scheme_of(url, &out->tls);
	if (scheme == 0 || strlen(url) > URL_MAX || !is_visible(url))
		return false;
	p += scheme;
	out->port = out->tls ? 443 : 80;
	return take_host(&p, out->host) && take_port(&p, &out->port) &&
	       (*p == '\0' || strchr("/?#", *p));
}

static bool is_named(const struct http_url *url, const char *name)
{
	struct http_url wanted;
	STRBUF_AUTO(address);

	strbuf_addf(&address, "%s://%s", url->tls ? "https" : "http", name);
	if (!http_url_split(address.buf, &wanted) || strcmp(wanted.host, url->host) != 0)
		return false;
	/* "[::1]" and "host" name all its ports. */
	return !strchr(name + (name[0] == '[' ? strcspn(name, "]") : 0), ':') ||
	       wanted.port == url->port;
}

bool http_url_is_of(const struct http_url *url, const char *const *hosts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (is_named(url, hosts[i]))
			return true;
	}
	return false;
}

bool http_same_origin(const char *a, const char *b)
{
	struct http_url x;
	struct http_url y;

	return http_url_split(a, &x) && http_url_split(b, &y) && x.tls == y.tls &&
	       strcmp(x.host, y.host) == 0 && x.port == y.port;
}

bool http_url_join(const char *base, const char *reference, struct strbuf *out)
{
	struct http_url url;
	bool tls;
	size_t scheme = scheme_of(base, &tls);
	size_t authority = scheme + strcspn(base + scheme, "/?#");
	size_t path = authority + strcspn(base + authority, "?#");

	if (!http_url_split(base, &url) || !is_visible(reference))
		return false;
	if (reference[0] == '/' && reference[1] == '/') {
		strbuf_add(out, base, scheme - 2);
	} else if (reference[0] == '/') {
		strbuf_add(out, base, authority);
	} else if (reference[0] == '?' || reference[0] == '\0' || reference[0] == '#') {
		strbuf_add(out, base, path);
	} else if (strcspn(reference, ":") >= strcspn(reference, "/?#")) {
		/* Relative to the last slash; "." and ".." are left to the server. */
		while (path > authority && base[path - 1] != '/')
			path--;
		strbuf_add(out, base, path);
		if (path == authority)
			strbuf_addc(out, '/');
	}
	strbuf_adds(out, reference);
	return http_url_split(out->buf, &url);
}
