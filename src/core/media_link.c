/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Signed links; see media_link.h. */
#include "core/media_link.h"

#include "base/hmac.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define SIGNATURE_BYTES 16
#define SIGNATURE_DIGITS ((size_t)2 * SIGNATURE_BYTES)
#define NUMBER_DIGITS_MAX 18 /* so that none overflows */

static const char purpose[] = "roomline: links to files";

static void sign(struct strbuf *out, const char *secret, int64_t id, int64_t expires_s)
{
	uint8_t key[HASH_MAX];
	uint8_t digest[HASH_MAX];
	STRBUF_AUTO(what);
	size_t key_len =
		hmac_digest(HASH_SHA256, secret, strlen(secret), purpose, strlen(purpose), key);

	strbuf_addf(&what, "%" PRId64 "/%" PRId64, id, expires_s);
	(void)hmac_digest(HASH_SHA256, key, key_len, what.buf, what.len, digest);
	hex_encode(out, digest, SIGNATURE_BYTES);
}

void media_link_add(struct strbuf *out, const char *secret, int64_t id, int64_t expires_at,
		    const char *name)
{
	strbuf_addf(out, "%" PRId64 "/%" PRId64 "/", id, expires_at / 1000);
	sign(out, secret, id, expires_at / 1000);
	strbuf_addf(out, "/%s", name);
}

/* A number in the one way that we write it, and the slash after it. */
static bool take_number(const char **p, int64_t *out)
{
	size_t len = strspn(*p, "0123456789");

	if (len == 0 || len > NUMBER_DIGITS_MAX || (*p)[0] == '0' || (*p)[len] != '/')
		return false;
	*out = 0;
	for (size_t i = 0; i < len; i++)
		*out = *out * 10 + ((*p)[i] - '0');
	*p += len + 1;
	return true;
}

enum media_link_verdict media_link_check(const char *link, const char *secret, int64_t now,
					 int64_t *id_out)
{
	char claimed[SIGNATURE_DIGITS + 1];
	STRBUF_AUTO(ours);
	int64_t expires_s;

	if (!take_number(&link, id_out) || !take_number(&link, &expires_s) ||
	    strcspn(link, "/") != SIGNATURE_DIGITS || link[SIGNATURE_DIGITS] != '/')
		return MEDIA_LINK_MALFORMED;
	memcpy(claimed, link, SIGNATURE_DIGITS);
	claimed[SIGNATURE_DIGITS] = '\0';
	sign(&ours, secret, *id_out, expires_s);
	if (!secret_equals(claimed, ours.buf))
		return MEDIA_LINK_FORGED;
	return now / 1000 < expires_s ? MEDIA_LINK_GOOD : MEDIA_LINK_EXPIRED;
}
