/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Hashes and secrets over OpenSSL, which libcurl and libstrophe bring along already. */
#include "base/hmac.h"

#include "base/xalloc.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

#define TOKEN_DIGITS_MAX 64

/* Fetched once and kept: what EVP_sha256() gives is looked up anew at each use, which takes as long
 * as to hash a secret. */
static const EVP_MD *digest_of(enum hash_kind kind)
{
	static const char *const names[] = {[HASH_SHA1] = "SHA1", [HASH_SHA256] = "SHA256"};
	static EVP_MD *fetched[sizeof(names) / sizeof(names[0])];

	if (!fetched[kind])
		fetched[kind] = EVP_MD_fetch(NULL, names[kind], NULL);
	if (!fetched[kind])
		BUG("OpenSSL has no %s", names[kind]);
	return fetched[kind];
}

size_t hmac_digest(enum hash_kind kind, const void *key, size_t key_len, const void *data,
		   size_t len, uint8_t out[HASH_MAX])
{
	unsigned int n = 0;

	if (!HMAC(digest_of(kind), key, (int)key_len, data, len, out, &n))
		BUG("HMAC failed");
	return n;
}

size_t hash_digest(enum hash_kind kind, const void *data, size_t len, uint8_t out[HASH_MAX])
{
	unsigned int n = 0;

	if (EVP_Digest(data, len, out, &n, digest_of(kind), NULL) != 1)
		BUG("EVP_Digest failed");
	return n;
}

void hex_encode(struct strbuf *out, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++)
		strbuf_addf(out, "%02x", bytes[i]);
}

void base64_encode(struct strbuf *out, const void *data, size_t len)
{
	AUTO_FREE unsigned char *text = xmalloc(4 * (len / 3 + 1) + 1);
	int n = EVP_EncodeBlock(text, data, (int)len);

	strbuf_add(out, text, (size_t)n);
}

bool secret_equals(const char *claimed, const char *ours)
{
	uint8_t a[HASH_MAX];
	uint8_t b[HASH_MAX];
	size_t n = hash_digest(HASH_SHA256, claimed, strlen(claimed), a);

	/* Hashed first, so that the lengths do not show either. */
	hash_digest(HASH_SHA256, ours, strlen(ours), b);
	return CRYPTO_memcmp(a, b, n) == 0;
}

/* A thousand digits at a time: OpenSSL takes as long for 16 as for many. None is used twice, and a
 * process that forks would have to begin anew; we do not fork. */
static const uint8_t *random_bytes(size_t n)
{
	static uint8_t pool[512];
	static size_t left;

	if (left < n) {
		if (RAND_bytes(pool, sizeof(pool)) != 1)
			BUG("no randomness");
		left = sizeof(pool);
	}
	left -= n;
	return pool + left;
}

void random_token(char *out, size_t digits)
{
	static const char hex[] = "0123456789abcdef";
	const uint8_t *bytes;

	if (digits > TOKEN_DIGITS_MAX || digits % 2 != 0)
		BUG("random_token of %zu digits", digits);
	bytes = random_bytes(digits / 2);
	for (size_t i = 0; i < digits / 2; i++) {
		out[2 * i] = hex[bytes[i] >> 4];
		out[2 * i + 1] = hex[bytes[i] & 15];
	}
	out[digits] = '\0';
}
