/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Ids, checked as strictly as the specification allows without refusing old rooms and users, and
 * digests. */
#include "chat/matrix/matrix_id.h"

#include "base/hmac.h"
#include "base/utf8.h"
#include "base/xalloc.h"

#include <string.h>

#define ID_BYTES_MAX 255
#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define URL_BASE64 LETTERS DIGITS "-_"

/* How many bytes from text on are a server name: a host or an address, perhaps with a port. */
static size_t server_span(const char *text)
{
	size_t host = strspn(text, LETTERS DIGITS "-.");
	size_t port;

	if (text[0] == '[') {
		host = 1 + strspn(text + 1, DIGITS "abcdefABCDEF:.");
		if (host == 1 || text[host++] != ']')
			return 0;
	}
	if (host == 0 || text[host] != ':')
		return host;
	port = strspn(text + host + 1, DIGITS);
	return port >= 1 && port <= 5 ? host + 1 + port : host;
}

static bool is_server(const char *text)
{
	size_t len = server_span(text);

	return len > 0 && text[len] == '\0';
}

static bool is_id(const char *text, char sigil)
{
	size_t len = strlen(text);
	const char *end = text + len;
	int32_t cp;

	if (text[0] != sigil || len > ID_BYTES_MAX)
		return false;
	for (const char *p = text; p < end;) {
		p += utf8_decode(p, end, &cp);
		if (cp <= ' ' || (cp >= 0x7F && cp <= 0x9F) || (cp >= 0xFFFD && cp <= 0xFFFF))
			return false;
	}
	return true;
}

static bool has_server(const char *id)
{
	const char *colon = strchr(id, ':');

	return colon && is_server(colon + 1);
}

bool mx_is_user(const char *text)
{
	return is_id(text, '@') && has_server(text);
}

bool mx_is_alias(const char *text)
{
	return is_id(text, '#') && text[1] != ':' && has_server(text);
}

bool mx_is_room(const char *text)
{
	size_t len = strlen(text);

	if (!is_id(text, '!') || strchr(text, '/') || len < 2 || text[1] == ':')
		return false;
	return has_server(text) || strspn(text + 1, URL_BASE64) == len - 1;
}

bool mx_is_event(const char *text)
{
	return is_id(text, '$') && text[1] != '\0';
}

bool mx_uri_split(const char *uri, const char **server, size_t *server_len, const char **id,
		  size_t *id_len)
{
	static const char scheme[] = "mxc://";
	size_t host;
	size_t media;

	if (strncmp(uri, scheme, strlen(scheme)) != 0)
		return false;
	uri += strlen(scheme);
	host = server_span(uri);
	if (host == 0 || host > ID_BYTES_MAX || uri[host] != '/')
		return false;
	media = strspn(uri + host + 1, URL_BASE64);
	if (media == 0 || media > ID_BYTES_MAX || uri[host + 1 + media] != '\0')
		return false;
	*server = uri;
	*server_len = host;
	*id = uri + host + 1;
	*id_len = media;
	return true;
}

void mx_digest(const char *text, char out[MX_DIGEST_MAX])
{
	uint8_t digest[HASH_MAX];
	STRBUF_AUTO(hex);

	(void)hash_digest(HASH_SHA256, text, strlen(text), digest);
	hex_encode(&hex, digest, (MX_DIGEST_MAX - 1) / 2);
	(void)str_copy(out, MX_DIGEST_MAX, hex.buf);
}
