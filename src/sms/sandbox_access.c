/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Who may use the phones. Alone, the sandbox is open to whoever reaches the listener: nobody real is
 * behind it. Beside a real provider a made-up START would lift a real STOP, so the key is asked for.
 *
 * The host is checked in both cases: a page of another site whose name was turned to our address
 * (DNS rebinding) is of our own origin to a browser, and neither the JSON type nor the absence of
 * CORS keeps it out. Calls by the local road have no Host, and no browser leaves it out.
 */
#include "base/hmac.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "sms/sandbox_priv.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* The host of "host:port" or "[host]:port", without brackets; what follows a slash is none of it. */
static char *host_of(const char *authority)
{
	if (*authority == '[')
		return xstrndup(authority + 1, strcspn(authority + 1, "]"));
	return xstrndup(authority, strcspn(authority, ":/?#"));
}

char *access_public_host(const char *public_url)
{
	const char *authority = strstr(public_url, "://");

	return host_of(authority ? authority + strlen("://") : public_url);
}

static bool is_own_host(const struct sandbox_phones *box, const char *host)
{
	struct in6_addr address;

	return inet_pton(AF_INET, host, &address) == 1 ||
	       inet_pton(AF_INET6, host, &address) == 1 || strcasecmp(host, "localhost") == 0 ||
	       strcasecmp(host, box->public_host) == 0;
}

/* 0 to 63, or -1: RFC 4648, 4. */
static int base64_value(char c)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789+/";
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

/* "user:password" of a Basic header; "" when it is none. */
static void read_basic(const char *header, struct strbuf *out)
{
	static const char scheme[] = "Basic ";
	unsigned bits = 0;
	int n = 0;

	if (!header || strncasecmp(header, scheme, strlen(scheme)) != 0)
		return;
	for (const char *p = header + strlen(scheme); base64_value(*p) >= 0; p++) {
		bits = bits << 6 | (unsigned)base64_value(*p);
		n += 6;
		if (n >= 8) {
			n -= 8;
			strbuf_addc(out, (char)(bits >> n & 0xff));
		}
	}
}

/* Any user, and the key of any line as the password. */
static bool has_key(const struct sandbox_phones *box, const struct http_request *request)
{
	STRBUF_AUTO(basic);
	const char *password;
	bool known = false;

	read_basic(http_headers_get(&request->headers, "Authorization"), &basic);
	password = strchr(basic.buf, ':');
	for (size_t i = 0; password && i < box->line_n; i++) {
		const char *key = line_key(&box->lines[i]);

		known |= key && secret_equals(password + 1, key);
	}
	return known;
}

bool access_needs_key(const struct sandbox_phones *box)
{
	return box->lines[0].account->mixed; /* as is each other's */
}

int access_check(const struct sandbox_phones *box, const struct http_request *request,
		 const char **why_out)
{
	const char *authority = http_headers_get(&request->headers, "Host");
	AUTO_FREE char *host = authority ? host_of(authority) : NULL;

	*why_out = NULL;
	if (host && !is_own_host(box, host)) {
		*why_out = "come by an IP address, by localhost or by the host of http.public_url";
		return 403;
	}
	if (access_needs_key(box) && !has_key(box, request)) {
		*why_out = "beside a real provider the phones need the sandbox's 'key' as the "
			   "password; the user does not matter";
		return 401;
	}
	return 0;
}
