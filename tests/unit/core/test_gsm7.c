/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Segments as providers bill them. */
#include "core/gsm7.h"

#include "base/strbuf.h"
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct run {
	const char *text;
	int times;
};

static void check_runs(const struct run *runs, enum sms_encoding encoding, int segments, int units)
{
	STRBUF_AUTO(text);
	struct segment_count count;

	for (; runs->text; runs++) {
		for (int i = 0; i < runs->times; i++)
			strbuf_adds(&text, runs->text);
	}
	gsm7_count(text.buf, text.len, &count);
	assert_string_equal(sms_encoding_word(count.encoding), sms_encoding_word(encoding));
	assert_int_equal(count.segments, segments);
	assert_int_equal(count.units, units);
}

#define CHECK(encoding, segments, units, ...)                                                      \
	check_runs((const struct run[]){__VA_ARGS__, {NULL, 0}}, (encoding), (segments), (units))

static void gsm7_count__counts__septets(void **state)
{
	(void)state;
	CHECK(SMS_GSM7, 1, 0, {"", 1});
	CHECK(SMS_GSM7, 1, 1, {"a", 1});
	CHECK(SMS_GSM7, 1, 160, {"a", 160});
	CHECK(SMS_GSM7, 2, 161, {"a", 161});
	CHECK(SMS_GSM7, 2, 306, {"a", 306});
	CHECK(SMS_GSM7, 3, 307, {"a", 307});
	CHECK(SMS_GSM7, 10, 1530, {"a", 1530});
	CHECK(SMS_GSM7, 11, 1600, {"a", 1600});
	CHECK(SMS_GSM7, 1, 4, {"\r\n", 2});
}

static void gsm7_count__keeps__escape_pairs_whole(void **state)
{
	(void)state;
	CHECK(SMS_GSM7, 1, 160, {"€", 80});
	CHECK(SMS_GSM7, 2, 162, {"€", 81});
	/* A part holds 76 pairs and one septet stays empty. */
	CHECK(SMS_GSM7, 2, 304, {"€", 152});
	CHECK(SMS_GSM7, 3, 306, {"€", 153});
	CHECK(SMS_GSM7, 3, 306, {"a", 152}, {"€", 1}, {"a", 152});
	CHECK(SMS_GSM7, 2, 306, {"a", 153}, {"€", 1}, {"a", 151});
	CHECK(SMS_GSM7, 2, 306, {"a", 151}, {"€", 1}, {"a", 153});
	CHECK(SMS_GSM7, 2, 161, {"a", 159}, {"[", 1});
	CHECK(SMS_GSM7, 1, 160, {"a", 158}, {"[", 1});
}

static void gsm7_count__counts__utf16_units(void **state)
{
	(void)state;
	CHECK(SMS_UCS2, 1, 1, {"á", 1});
	CHECK(SMS_UCS2, 1, 70, {"á", 70});
	CHECK(SMS_UCS2, 2, 71, {"á", 71});
	CHECK(SMS_UCS2, 2, 134, {"á", 134});
	CHECK(SMS_UCS2, 3, 135, {"á", 135});
	CHECK(SMS_UCS2, 1, 2, {"😀", 1});
	CHECK(SMS_UCS2, 1, 11, {"👨‍👩‍👧‍👦", 1});
	/* What costs two septets costs one unit here. */
	CHECK(SMS_UCS2, 1, 70, {"á", 1}, {"€", 69});
}

static void gsm7_count__keeps__surrogate_pairs_whole(void **state)
{
	(void)state;
	CHECK(SMS_UCS2, 1, 70, {"😀", 35});
	CHECK(SMS_UCS2, 2, 72, {"😀", 36});
	CHECK(SMS_UCS2, 2, 132, {"😀", 66});
	CHECK(SMS_UCS2, 3, 134, {"😀", 67});
	CHECK(SMS_UCS2, 3, 134, {"á", 1}, {"x", 65}, {"😀", 1}, {"x", 66});
	CHECK(SMS_UCS2, 2, 134, {"á", 1}, {"x", 66}, {"😀", 1}, {"x", 65});
}

static void gsm7_count__knows__whole_alphabet(void **state)
{
	/* One character in each of its places, in the order of 3GPP TS 23.038, table 6.2.1. */
	static const char basic[] =
		"@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
	static const char extension[] = "\f^{}\\[~]|€";

	(void)state;
	assert_int_equal(utf8_count(basic, strlen(basic)), 127);
	CHECK(SMS_GSM7, 1, 127, {basic, 1});
	assert_int_equal(utf8_count(extension, strlen(extension)), 10);
	CHECK(SMS_GSM7, 1, 20, {extension, 1});
}

/* Every code point of the first planes that a text may hold: 137 are in the alphabet, no more. */
static void gsm7_count__knows__nothing_but_the_alphabet(void **state)
{
	int in_alphabet = 0;
	int in_extension = 0;

	(void)state;
	for (int32_t cp = 0; cp < 0x20000; cp++) {
		STRBUF_AUTO(text);
		struct segment_count count;

		utf8_encode(&text, cp);
		gsm7_count(text.buf, text.len, &count);
		in_alphabet += count.encoding == SMS_GSM7;
		in_extension += count.encoding == SMS_GSM7 && count.units == 2;
	}
	assert_int_equal(in_alphabet, 137);
	assert_int_equal(in_extension, 10);
}

static void gsm7_count__refuses__look_alikes(void **state)
{
	static const char *const foreign[] = {"ç", "á", "í", "ê", "`", "\t", "\u00a0", "’",
					      "“", "–", "…", "•", "₤", "Α",  "Β",      "\033"};

	(void)state;
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		CHECK(SMS_UCS2, 1, 1, {foreign[i], 1});
}

static void gsm7_count__takes__any_bytes(void **state)
{
	struct segment_count count;

	(void)state;
	CHECK(SMS_UCS2, 1, 3, {"a\xff", 1}, {"b", 1});
	/* A surrogate in UTF-8 is three invalid bytes. */
	CHECK(SMS_UCS2, 1, 3, {"\xed\xa0\xbd", 1});
	gsm7_count("a\0b", 3, &count);
	assert_int_equal(count.encoding, SMS_UCS2);
	assert_int_equal(count.units, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gsm7_count__counts__septets),
		cmocka_unit_test(gsm7_count__keeps__escape_pairs_whole),
		cmocka_unit_test(gsm7_count__counts__utf16_units),
		cmocka_unit_test(gsm7_count__keeps__surrogate_pairs_whole),
		cmocka_unit_test(gsm7_count__knows__whole_alphabet),
		cmocka_unit_test(gsm7_count__knows__nothing_but_the_alphabet),
		cmocka_unit_test(gsm7_count__refuses__look_alikes),
		cmocka_unit_test(gsm7_count__takes__any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
