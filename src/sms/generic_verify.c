/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Proof that a hook is the provider's, for the generic driver: a header that must be a given text,
 * HTTP Basic, or a header that holds an HMAC over a template of what came.
 */
#include "base/hmac.h"
#include "base/xalloc.h"
#include "sms/driver.h"
#include "sms/generic.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#define MS_FROM                                                                                    \
	INT64_C(100000000000) /* a time stamp that large counts ms (in s it is year 5138)  \
				       */

static const char *setting(const struct sms_account *account, const char *key)
{
	const char *text = settings_text(account->set, key);

	return text ? text : "";
}

/* All that the templates of a check can name. */
static void add_values(const struct sms_account *account, const struct sms_hook *hook,
		       struct http_headers *values)
{
	const struct http_headers *headers = &hook->request->headers;
	STRBUF_AUTO(path);

	generic_add_variables(account->set, values);
	strbuf_add(&path, hook->url, strcspn(hook->url, "?"));
	http_headers_add(values, "url", hook->url);
	http_headers_add(values, "url_path", path.buf);
	http_headers_add(values, "body", hook->request->body);
	for (size_t i = 0; i < headers->n; i++) {
		STRBUF_AUTO(name);

		strbuf_addf(&name, "header:%s", headers->items[i].name);
		http_headers_add(values, name.buf, headers->items[i].value);
	}
}

static int check_time(const struct sms_account *account, const struct sms_hook *hook, int64_t now,
		      struct error *err)
{
	const char *name = setting(account, "hook_time_header");
	int64_t tolerance_ms = settings_int(account->set, "hook_tolerance_s") * 1000;
	const char *text;
	int64_t at;
	char *end;

	if (!name[0])
		return 0;
	text = http_headers_get(&hook->request->headers, name);
	if (!text || !isdigit((unsigned char)text[0]))
		return error_set(err, ERR_INPUT, "there is no time in the header %s", name);
	errno = 0;
	at = strtoll(text, &end, 10);
	if (errno || *end || at > INT64_MAX / 1000)
		return error_set(err, ERR_INPUT, "there is no time in the header %s", name);
	if (at < MS_FROM)
		at *= 1000;
	if (at < now - tolerance_ms || at > now + tolerance_ms)
		return error_set(err, ERR_INPUT,
				 "it was signed at another time: a replay, or a "
				 "clock that is wrong");
	return 0;
}

static void lower_case(struct strbuf *text)
{
	for (size_t i = 0; i < text->len; i++)
		text->buf[i] = (char)tolower((unsigned char)text->buf[i]);
}

/* Appends the signature of what came, made with values' key. */
static int add_signature(const struct sms_account *account, const struct http_headers *values,
			 enum hash_kind kind, struct strbuf *out, struct error *err)
{
	uint8_t digest[HASH_MAX];
	STRBUF_AUTO(signed_text);
	STRBUF_AUTO(key);
	size_t len;

	if (template_expand("hook_key", setting(account, "hook_key"), ESCAPE_NONE, values, &key,
			    err) < 0 ||
	    template_expand("hook_signed", setting(account, "hook_signed"), ESCAPE_NONE, values,
			    &signed_text, err) < 0)
		return -1;
	len = hmac_digest(kind, key.buf, key.len, signed_text.buf, signed_text.len, digest);
	if (strcmp(setting(account, "hook_encoding"), "base64") == 0)
		base64_encode(out, digest, len);
	else
		hex_encode(out, digest, len);
	return 0;
}

/* What the header must be. Adds to values. */
static int expected_header(const struct sms_account *account, struct http_headers *values,
			   struct strbuf *out, struct error *err)
{
	const char *how = setting(account, "hook_verify");
	STRBUF_AUTO(part);

	if (strcmp(how, "basic") == 0) {
		if (template_expand("hook_value", setting(account, "hook_value"), ESCAPE_NONE,
				    values, &part, err) < 0)
			return -1;
		strbuf_adds(out, "Basic ");
		base64_encode(out, part.buf, part.len);
		return 0;
	}
	if (strncmp(how, "hmac_", 5) == 0) {
		if (add_signature(account, values,
				  strcmp(how, "hmac_sha1") == 0 ? HASH_SHA1 : HASH_SHA256, &part,
				  err) < 0)
			return -1;
		http_headers_add(values, "signature", part.buf);
	}
	return template_expand("hook_value", setting(account, "hook_value"), ESCAPE_NONE, values,
			       out, err);
}

/* 0 when the header is what it must be by these values. */
static int check_header(const struct sms_account *account, const char *claimed_text,
			struct http_headers *values, struct error *err)
{
	const char *how = setting(account, "hook_verify");
	STRBUF_AUTO(claimed);
	STRBUF_AUTO(ours);

	strbuf_adds(&claimed, claimed_text);
	if (expected_header(account, values, &ours, err) < 0)
		return -1;
	if (strncmp(how, "hmac_", 5) == 0 &&
	    strcmp(setting(account, "hook_encoding"), "hex") == 0) {
		lower_case(&claimed);
		lower_case(&ours);
	}
	if (!secret_equals(claimed.buf, ours.buf))
		return error_set(err, ERR_INPUT, "the signature or password is not right");
	return 0;
}

static int verify_with(const struct sms_account *account, const struct sms_hook *hook,
		       const char *claimed, const char *key, struct error *err)
{
	struct http_headers values = {0};
	int rc;

	if (key)
		http_headers_add(&values, "key", key); /* before the present one, so it is found */
	add_values(account, hook, &values);
	rc = check_header(account, claimed, &values, err);
	http_headers_release(&values);
	return rc;
}

int generic_verify_hook(const struct sms_account *account, const struct sms_hook *hook, int64_t now,
			struct error *err)
{
	const char *previous = settings_text(account->set, "key_previous");
	const char *header = setting(account, "hook_header");
	const char *claimed;

	if (strcmp(setting(account, "hook_verify"), "none") == 0)
		return 0;
	if (strcmp(setting(account, "hook_verify"), "basic") == 0)
		header = "Authorization";
	claimed = http_headers_get(&hook->request->headers, header);
	if (!claimed)
		return error_set(err, ERR_INPUT, "there is no header %s", header);
	if (strlen(hook->request->body) != hook->request->body_len)
		return error_set(err, ERR_INPUT, "the body holds a NUL byte");
	if (check_time(account, hook, now, err) < 0)
		return -1;
	if (previous && verify_with(account, hook, claimed, previous, NULL) == 0)
		return 0;
	return verify_with(account, hook, claimed, NULL, err);
}
