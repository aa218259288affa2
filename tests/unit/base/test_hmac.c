/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Hashes against the vectors of RFC 2202, RFC 4231, FIPS 180-4 and RFC 4648. */
#include "base/hmac.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void check_hmac(enum hash_kind kind, const char *key, const char *data, const char *want)
{
	STRBUF_AUTO(hex);
	uint8_t digest[HASH_MAX];
	size_t len = hmac_digest(kind, key, strlen(key), data, strlen(data), digest);

	hex_encode(&hex, digest, len);
	assert_string_equal(hex.buf, want);
}

static void hmac_digest__agrees__with_the_rfcs(void **state)
{
	static const char long_key[] =
		"\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
		"\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
		"\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
		"\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa";

	(void)state;
	check_hmac(HASH_SHA1, "Jefe", "what do ya want for nothing?",
		   "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
	check_hmac(HASH_SHA1, long_key, "Test Using Larger Than Block-Size Key - Hash Key First",
		   "aa4ae5e15272d00e95705637ce8a3b55ed402112");
	check_hmac(HASH_SHA256, "Jefe", "what do ya want for nothing?",
		   "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	check_hmac(
		HASH_SHA256,
		"\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b",
		"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	check_hmac(HASH_SHA256, "", "",
		   "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void hash_digest__agrees__with_the_standard(void **state)
{
	STRBUF_AUTO(hex);
	uint8_t digest[HASH_MAX];

	(void)state;
	assert_int_equal(hash_digest(HASH_SHA1, "abc", 3, digest), 20);
	hex_encode(&hex, digest, 20);
	assert_string_equal(hex.buf, "a9993e364706816aba3e25717850c26c9cd0d89d");
	strbuf_reset(&hex);
	assert_int_equal(hash_digest(HASH_SHA256, "abc", 3, digest), 32);
	hex_encode(&hex, digest, 32);
	assert_string_equal(hex.buf,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void base64_encode__agrees__with_the_rfc(void **state)
{
	static const char *const table[][2] = {
		{"", ""},
		{"f", "Zg=="},
		{"fo", "Zm8="},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"},
		{"\xfb\xff\xfe", "+//+"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		STRBUF_AUTO(out);

		strbuf_addc(&out, '>');
		base64_encode(&out, table[i][0], strlen(table[i][0]));
		assert_string_equal(out.buf + 1, table[i][1]);
	}
}

static void secret_equals__tells__apart(void **state)
{
	(void)state;
	assert_true(secret_equals("s3cret", "s3cret"));
	assert_true(secret_equals("", ""));
	assert_false(secret_equals("s3cret", "s3crex"));
	assert_false(secret_equals("s3cret", "s3cre"));
	assert_false(secret_equals("s3cre", "s3cret"));
	assert_false(secret_equals("", "s3cret"));
	assert_false(secret_equals("S3cret", "s3cret"));
}

static void random_token__gives__hex_of_the_length(void **state)
{
	char a[65];
	char b[65];

	(void)state;
	random_token(a, 64);
	random_token(b, 64);
	assert_int_equal(strlen(a), 64);
	assert_int_equal(strspn(a, "0123456789abcdef"), 64);
	assert_string_not_equal(a, b);
	memset(a, 'x', sizeof(a));
	random_token(a, 8);
	assert_int_equal(strlen(a), 8);
	assert_int_equal(a[9], 'x');
}

/* They share what is fetched at a time. */
static void random_token__gives__none_twice(void **state)
{
	static char tokens[300][33];

	(void)state;
	for (size_t i = 0; i < 300; i++) {
		char shorter[21];

		random_token(shorter, i % 2 ? 20 : 18);
		random_token(tokens[i], 32);
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(tokens[i], tokens[k]);
			assert_null(strstr(tokens[k], shorter));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hmac_digest__agrees__with_the_rfcs),
		cmocka_unit_test(hash_digest__agrees__with_the_standard),
		cmocka_unit_test(base64_encode__agrees__with_the_rfc),
		cmocka_unit_test(secret_equals__tells__apart),
		cmocka_unit_test(random_token__gives__hex_of_the_length),
		cmocka_unit_test(random_token__gives__none_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
