/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Keyed hashes, encodings, comparison in constant time and random tokens, over OpenSSL. */
#ifndef HMAC_H
#define HMAC_H

#include "base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_MAX 64

enum hash_kind { HASH_SHA1, HASH_SHA256 };

/* Both return the length of the digest. */
size_t hmac_digest(enum hash_kind kind, const void *key, size_t key_len, const void *data,
		   size_t len, uint8_t out[HASH_MAX]);
size_t hash_digest(enum hash_kind kind, const void *data, size_t len, uint8_t out[HASH_MAX]);

void hex_encode(struct strbuf *out, const void *data, size_t len); /* lower case */
void base64_encode(struct strbuf *out, const void *data, size_t len);

/* Whether a claimed secret equals ours, without telling by time where they differ. */
bool secret_equals(const char *claimed, const char *ours);

/* `digits` random hex digits (even, at most 64) and a NUL. */
void random_token(char *out, size_t digits);

#endif
