/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * X-Twilio-Signature. The URL is tried with its port taken away and with the scheme's own port put
 * in, because Twilio signs either and its own libraries accept both.
 *
 * A body that is no form is only covered when the URL carries its hash (bodySHA256); without that,
 * anybody who has seen one signed request could put another body under it, so it is refused.
 */
#include "base/hmac.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "sms/twilio.h"

#include <string.h>
#include <strings.h>

#define FORM_TYPE "application/x-www-form-urlencoded"
#define BODY_HASH "bodySHA256"

/* ---- the string that is signed --------------------------------------------------------------- */

static int compare_params(const void *left, const void *right)
{
	const struct http_header *a = *(const struct http_header *const *)left;
	const struct http_header *b = *(const struct http_header *const *)right;
	int by_name = strcmp(a->name, b->name);

	return by_name ? by_name : strcmp(a->value, b->value);
}

void twilio_sign(const char *token, const char *url, const struct http_headers *params,
		 struct strbuf *out)
{
	AUTO_FREE const struct http_header **sorted =
		xcalloc(params->n, sizeof(struct http_header *));
	uint8_t digest[HASH_MAX];
	STRBUF_AUTO(text);
	size_t len;

	for (size_t i = 0; i < params->n; i++)
		sorted[i] = &params->items[i];
	qsort(sorted, params->n, sizeof(*sorted), compare_params);
	strbuf_adds(&text, url);
	for (size_t i = 0; i < params->n; i++) {
		if (i > 0 && compare_params(&sorted[i - 1], &sorted[i]) == 0)
			continue;
		strbuf_adds(&text, sorted[i]->name);
		strbuf_adds(&text, sorted[i]->value);
	}
	len = hmac_digest(HASH_SHA1, token, strlen(token), text.buf, text.len, digest);
	base64_encode(out, digest, len);
}

/* The two URLs that Twilio may have signed. */
static void add_urls(const char *url, struct strbuf *without_port, struct strbuf *with_port)
{
	const char *scheme_end = strstr(url, "://");
	const char *authority = scheme_end ? scheme_end + 3 : url;
	const char *rest = authority + strcspn(authority, "/?#");
	const char *port = rest;

	/* A colon before '@' belongs to a password, one before ']' to an IPv6 address. */
	for (const char *p = authority; p < rest; p++) {
		if (*p == '@' || *p == ']')
			port = rest;
		else if (*p == ':' && port == rest)
			port = p;
	}
	strbuf_add(without_port, url, (size_t)(port - url));
	strbuf_adds(without_port, rest);
	strbuf_add(with_port, url, (size_t)(rest - url));
	if (port == rest && scheme_end)
		strbuf_adds(with_port, strncasecmp(url, "https:", 6) == 0 ? ":443" : ":80");
	strbuf_adds(with_port, rest);
}

/* ---- what came ------------------------------------------------------------------------------- */

static bool has_form(const struct http_request *request)
{
	const char *type = http_headers_get(&request->headers, "Content-Type");

	return request->body_len > 0 &&
	       (!type || strncasecmp(type, FORM_TYPE, strlen(FORM_TYPE)) == 0);
}

int twilio_params(const struct sms_hook *hook, struct http_headers *params_out, struct error *err)
{
	const struct http_request *request = hook->request;
	bool form = has_form(request);
	const char *text = form ? request->body : request->query;
	size_t len = form ? request->body_len : strlen(request->query);

	if (!http_form_parse(text, len, params_out))
		return error_set(err, ERR_INPUT, "the parameters cannot be read");
	return 0;
}

/* The body against the hash in the URL. Returns 1 when it is that, 0 when the URL has no hash. */
static int check_body_hash(const struct sms_hook *hook, struct error *err)
{
	const char *query = strchr(hook->url, '?');
	struct http_headers pairs = {0};
	uint8_t digest[HASH_MAX];
	const char *claimed;
	STRBUF_AUTO(ours);
	int verdict = 0;
	size_t len;

	if (!query || !strstr(query, BODY_HASH))
		return 0;
	len = hash_digest(HASH_SHA256, hook->request->body, hook->request->body_len, digest);
	hex_encode(&ours, digest, len);
	if (!http_form_parse(query + 1, strlen(query + 1), &pairs))
		verdict = error_set(err, ERR_INPUT, "the query cannot be read");
	claimed = http_headers_get(&pairs, BODY_HASH);
	if (verdict == 0 && claimed)
		verdict = secret_equals(claimed, ours.buf)
				  ? 1
				  : error_set(err, ERR_INPUT, "the body is not the one signed");
	http_headers_release(&pairs);
	return verdict;
}

/* The signed parameters: those of a form, else none. */
static int signed_params(const struct sms_hook *hook, struct http_headers *out, struct error *err)
{
	int hashed = check_body_hash(hook, err);

	if (hashed != 0)
		return hashed < 0 ? -1 : 0;
	if (hook->request->body_len == 0)
		return 0;
	if (!has_form(hook->request))
		return error_set(err, ERR_INPUT,
				 "the body is no form and the URL carries no hash of it");
	return twilio_params(hook, out, err);
}

int twilio_verify(const char *const *tokens, size_t token_n, const struct sms_hook *hook,
		  struct error *err)
{
	const char *claimed = http_headers_get(&hook->request->headers, "X-Twilio-Signature");
	struct http_headers params = {0};
	STRBUF_AUTO(without_port);
	STRBUF_AUTO(with_port);
	STRBUF_AUTO(ours);
	bool match = false;

	if (!claimed)
		claimed = http_headers_get(&hook->request->headers, "X-SignalWire-Signature");
	if (!claimed)
		return error_set(err, ERR_INPUT, "there is no X-Twilio-Signature header");
	if (signed_params(hook, &params, err) < 0) {
		http_headers_release(&params);
		return -1;
	}
	add_urls(hook->url, &without_port, &with_port);
	for (size_t i = 0; i < 2 * token_n; i++) {
		if (!tokens[i / 2])
			continue;
		strbuf_reset(&ours);
		twilio_sign(tokens[i / 2], i % 2 ? with_port.buf : without_port.buf, &params,
			    &ours);
		match |= secret_equals(claimed, ours.buf);
	}
	http_headers_release(&params);
	if (!match)
		return error_set(
			err, ERR_INPUT,
			"the signature does not fit the URL, the parameters and the token");
	return 0;
}
