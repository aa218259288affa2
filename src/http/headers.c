/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Names with values (headers, forms), percent-encoding, and what a call owns. */
#include "roomline/http.h"

#include "base/strbuf.h"
#include "base/xalloc.h"
#include "http/percent.h"

#include <string.h>
#include <strings.h>

static void headers_add_take(struct http_headers *h, char *name_take, char *value_take)
{
	/* Doubled when n reaches a power of two. */
	if ((h->n & (h->n - 1)) == 0)
		h->items = xreallocarray(h->items, h->n ? h->n * 2 : 1, sizeof(struct http_header));
	h->items[h->n].name = name_take;
	h->items[h->n].value = value_take;
	h->n++;
}

void http_headers_add(struct http_headers *h, const char *name, const char *value)
{
	headers_add_take(h, xstrdup(name), xstrdup(value));
}

const char *http_headers_get(const struct http_headers *h, const char *name)
{
	for (size_t i = 0; i < h->n; i++)
		if (strcasecmp(h->items[i].name, name) == 0)
			return h->items[i].value;
	return NULL;
}

void http_headers_release(struct http_headers *h)
{
	for (size_t i = 0; i < h->n; i++) {
		free(h->items[i].name);
		free(h->items[i].value);
	}
	free(h->items);
	*h = (struct http_headers){0};
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool percent_decode(struct strbuf *out, const char *s, size_t len, bool form)
{
	bool clean = true;

	for (size_t i = 0; i < len; i++) {
		int high = s[i] == '%' && len - i > 2 ? hex_value(s[i + 1]) : -1;
		int low = high >= 0 ? hex_value(s[i + 2]) : -1;

		if (low >= 0) {
			strbuf_addc(out, (char)(high * 16 + low));
			i += 2;
		} else if (form && s[i] == '+') {
			strbuf_addc(out, ' ');
		} else {
			strbuf_addc(out, s[i]);
			clean = clean && s[i] != '%';
		}
	}
	return clean;
}

/* The decoded text with U+FFFD for NUL, or NULL where it is a name that holds NUL. */
static char *form_decode(const char *s, size_t len, bool is_name)
{
	STRBUF_AUTO(raw);
	STRBUF_AUTO(out);

	(void)percent_decode(&raw, s, len, true);
	for (size_t i = 0; i < raw.len; i++) {
		if (raw.buf[i])
			strbuf_addc(&out, raw.buf[i]);
		else if (is_name)
			return NULL;
		else
			strbuf_adds(&out, "\xEF\xBF\xBD");
	}
	return strbuf_detach(&out, NULL);
}

static bool form_add_pair(struct http_headers *pairs, const char *s, size_t len)
{
	const char *equals = memchr(s, '=', len);
	size_t name_len = equals ? (size_t)(equals - s) : len;
	AUTO_FREE char *name = form_decode(s, name_len, true);
	char *value = equals ? form_decode(equals + 1, len - name_len - 1, false) : xstrdup("");

	if (!name || pairs->n == HTTP_PAIRS_MAX) {
		free(value);
		return false;
	}
	headers_add_take(pairs, name, value);
	name = NULL;
	return true;
}

bool http_form_parse(const char *text, size_t len, struct http_headers *pairs_out)
{
	const char *end = text + len;

	*pairs_out = (struct http_headers){0};
	while (text < end) {
		const char *amp = memchr(text, '&', (size_t)(end - text));
		const char *stop = amp ? amp : end;

		if (stop > text && !form_add_pair(pairs_out, text, (size_t)(stop - text))) {
			http_headers_release(pairs_out);
			return false;
		}
		text = stop + 1;
	}
	return true;
}

static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

void http_percent_encode(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (is_unreserved(*text))
			strbuf_addc(out, *text);
		else
			strbuf_addf(out, "%%%02X", (unsigned char)*text);
	}
}

void http_form_add(struct strbuf *body, const char *name, const char *value)
{
	if (body->len)
		strbuf_addc(body, '&');
	http_percent_encode(body, name);
	strbuf_addc(body, '=');
	http_percent_encode(body, value);
}

void http_call_release(struct http_call *call)
{
	free(call->url);
	http_headers_release(&call->headers);
	free(call->body);
	free(call->user);
	free(call->password);
	*call = (struct http_call){0};
}
