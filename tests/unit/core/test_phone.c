/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Ways of writing a telephone number, and what they must be read as. */
#include "core/phone.h"

#include "core/phone_tables.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct reading {
	const char *region;
	const char *text;
	const char *want; /* E.164, or the word of an error */
};

#define CHECK_ALL(table, parse) check_all((table), sizeof(table) / sizeof((table)[0]), (parse))

static void check_all(const struct reading *table, size_t n,
		      enum phone_error (*parse)(const char *, size_t, const char *, struct phone *))
{
	for (size_t i = 0; i < n; i++) {
		struct phone phone;
		enum phone_error error =
			parse(table[i].text, strlen(table[i].text), table[i].region, &phone);
		const char *got = error == PHONE_OK ? phone.e164 : phone_error_word(error);

		if (strcmp(got, table[i].want) != 0)
			fail_msg("\"%s\" in %s: wanted %s, got %s", table[i].text,
				 table[i].region ? table[i].region : "no region", table[i].want,
				 got);
		if (error != PHONE_OK)
			assert_string_equal(phone.e164, "");
	}
}

static void phone_parse__reads__usual_ways_of_writing(void **state)
{
	static const struct reading table[] = {
		{NULL, "+14155552671", "+14155552671"},
		{NULL, "+1 (415) 555-2671", "+14155552671"},
		{NULL, "(+1) 415 555 2671", "+14155552671"},
		{NULL, "+1.415.555.2671", "+14155552671"},
		{"US", "415.555.2671", "+14155552671"},
		{"US", "(415) 555-2671", "+14155552671"},
		{"US", "1-415-555-2671", "+14155552671"},
		{"us", "415 555 2671", "+14155552671"},
		{"US", "[415] 555~2671", "+14155552671"},
		{"US", "  415 555 2671\r\n", "+14155552671"},
		{"US", "\t4155552671\t", "+14155552671"},
		{NULL, "tel:+1-415-555-2671", "+14155552671"},
		{NULL, "TEL: +14155552671", "+14155552671"},
		{NULL, "sms:+14155552671", "+14155552671"},
		{NULL, "+44 20 7946 0958", "+442079460958"},
		{"DE", "030/1234567", "+49301234567"},
	};

	(void)state;
	CHECK_ALL(table, phone_parse);
}

static void phone_parse__reads__other_scripts_and_invisible_marks(void **state)
{
	static const struct reading table[] = {
		{NULL, "＋１（４１５）５５５－２６７１", "+14155552671"},
		{"US", "٤١٥٥٥٥٢٦٧١", "+14155552671"},
		{"IR", "۰۹۱۲۳۴۵۶۷۸۹", "+989123456789"},
		{"IN", "९८७६५४३२१०", "+919876543210"},
		{NULL, "+𝟏 𝟜𝟙𝟝 𝟻𝟻𝟻 𝟮𝟲𝟳𝟭", "+14155552671"},
		{NULL, "\u202a+1 415\u00a0555\u20112671\u202c", "+14155552671"},
		{NULL, "\u200e+1\u200b415\u2060555\u00ad2671\ufeff", "+14155552671"},
		{NULL, "\u2068+1\u2003415\u2013555\u20142671\u2069", "+14155552671"},
		{"US", "415\u00b7555\u22122671", "+14155552671"},
		{"JP", "０９０ー１２３４ー５６７８", "+819012345678"},
	};

	(void)state;
	CHECK_ALL(table, phone_parse);
}

static void phone_parse__follows__exit_prefix_of_region(void **state)
{
	static const struct reading table[] = {
		{"US", "011 44 20 7946 0958", "+442079460958"},
		{"TT", "011 44 20 7946 0958", "+442079460958"},
		{"US", "0044 20 7946 0958", "+442079460958"},
		{"GB", "00 1 415 555 2671", "+14155552671"},
		{"AU", "0011 1 415 555 2671", "+14155552671"},
		{"JP", "010 1 415 555 2671", "+14155552671"},
		{"RU", "8~10 1 415 555 2671", "+14155552671"},
		{"KE", "000 1 415 555 2671", "+14155552671"},
		{"SG", "001 1 415 555 2671", "+14155552671"},
		{"BR", "0015 1 415 555 2671", "+14155552671"},
		{"BR", "00 1 415 555 2671", "+14155552671"},
		{"WS", "0 1 415 555 2671", "+14155552671"},
		{"WS", "00 1 415 555 2671", "+14155552671"},
		{NULL, "00 1 415 555 2671", "+14155552671"},
		/* Turin and Johannesburg, not abroad. */
		{"IT", "011 2345678", "+390112345678"},
		{"ZA", "011 234 5678", "+27112345678"},
		{NULL, "011 44 20 7946 0958", "bad_country"},
	};

	(void)state;
	CHECK_ALL(table, phone_parse);
}

static void phone_parse__follows__trunk_prefix_of_region(void **state)
{
	static const struct reading table[] = {
		{"GB", "020 7946 0958", "+442079460958"},
		{"JE", "07797 123456", "+447797123456"},
		{"IT", "06 698 12345", "+390669812345"},
		{"IT", "347 123 4567", "+393471234567"},
		{"VA", "06 698 12345", "+390669812345"},
		{"RU", "8 (912) 345-67-89", "+79123456789"},
		{"RU", "800 200-00-00", "+78002000000"},
		{"KZ", "8 701 123 4567", "+77011234567"},
		{"BY", "8 029 123-45-67", "+375291234567"},
		{"HU", "06 20 123 4567", "+36201234567"},
		{"MX", "55 1234 5678", "+525512345678"},
		{"MX", "01 55 1234 5678", "+525512345678"},
		{"MX", "044 55 1234 5678", "+525512345678"},
		{"MX", "045 55 1234 5678", "+525512345678"},
		{"AR", "011 15 2345-6789", "+5491123456789"},
		{"AR", "0223 15 512-3456", "+5492235123456"},
		{"AR", "02954 15 123456", "+5492954123456"},
		{"AR", "011 4321-6789", "+541143216789"},
		{"BR", "011 91234-5678", "+5511912345678"},
		{"BR", "015 11 91234-5678", "+5511912345678"},
		{"CI", "01 23 45 67 89", "+2250123456789"},
		{"BJ", "01 95 12 34 56", "+2290195123456"},
		{"FR", "06 12 34 56 78", "+33612345678"},
		{"FR", "6 12 34 56 78", "+33612345678"},
		{"TT", "622-1234", "+18686221234"},
		{"BS", "345-6789", "+12423456789"},
		{"JM", "622-1234", "too_short"}, /* two area codes: which one? */
	};

	(void)state;
	CHECK_ALL(table, phone_parse);
}

static void phone_parse__drops__trunk_prefix_after_country_code(void **state)
{
	static const struct reading table[] = {
		{NULL, "+44 (0)20 7946 0958", "+442079460958"},
		{NULL, "+44 020 7946 0958", "+442079460958"},
		{NULL, "+49 (0) 151 12345678", "+4915112345678"},
		{NULL, "+36 (06) 20 123 4567", "+36201234567"},
		{NULL, "+36 (0)20 123 4567", "+36201234567"},
		{NULL, "+39 (0)6 698 12345", "+390669812345"},
		{NULL, "+1 (0) 415 555 2671", "+14155552671"},
		{NULL, "+52 1 55 1234 5678", "+525512345678"},
		{NULL, "+54 11 15 2345 6789", "+5491123456789"},
		{NULL, "+54 9 11 2345 6789", "+5491123456789"},
		{NULL, "+54 9 223 512 3456", "+5492235123456"},
		{NULL, "+7 8 912 345 67 89", "+79123456789"},
	};

	(void)state;
	CHECK_ALL(table, phone_parse);
}

static void phone_parse__takes__own_country_code_without_plus(void **state)
{
	static const struct reading table[] = {
		{"US", "14155552671", "+14155552671"},
		{"GB", "447911123456", "+447911123456"},
		{"DE", "4915112345678", "+4915112345678"},
		{"IN", "919876543210", "+919876543210"},
		{"BR", "5511912345678", "+5511912345678"},
		/* An area code that looks like the country code. */
		{"BR", "55 99123 4567", "+5555991234567"},
		{"DE", "0491 555123", "+49491555123"},
		/* Somebody else's country code needs a plus. */
		{"US", "447911123456", "too_long"},
		{NULL, "14155552671", "bad_country"},
	};

	(void)state;
	CHECK_ALL(table, phone_parse);
}

static void phone_parse__refuses__what_is_no_number(void **state)
{
	static const struct reading table[] = {
		{"US", "", "empty"},
		{"US", "   ", "empty"},
		{"US", "+", "empty"},
		{"US", "--", "empty"},
		{"US", "\u200e", "empty"},
		{"US", "N/A", "bad_character"},
		{"US", "1-800-FLOWERS", "bad_character"},
		{"US", "mobile: 415 555 2671", "bad_character"},
		{"US", "+1 415 555 2671 (home)", "bad_character"},
		{"US", "415-555-2671, 415-555-2672", "bad_character"},
		{"US", "415-555-2671/415-555-2672", "bad_character"},
		{"US", "415-555-2671; 415-555-2672", "bad_character"},
		{"US", "415-555-2671 or 415-555-2672", "bad_character"},
		{"US", "415-555-2671\n415-555-2672", "bad_character"},
		{"US", "+14155552671 +14155552672", "bad_character"},
		{"US", "++14155552671", "bad_character"},
		{"US", "1+4155552671", "bad_character"},
		{"US", "415555267\xb9", "bad_character"},
		{"US", "41555526\xe2\x82", "bad_character"},
		{"US", "415555267¹", "bad_character"},
		{"US", "415555267①", "bad_character"},
		{"US", "tel:", "empty"},
		{"US", "12345", "too_short"},
		{"US", "555-2671", "too_short"},
		{"US", "415 555 267", "too_short"},
		{"US", "415 555 26711", "too_long"},
		{NULL, "+1", "too_short"},
		{NULL, "+1415555267", "too_short"},
		{NULL, "+141555526711", "too_long"},
		{NULL, "+44 1", "too_short"},
		{NULL, "+1234567890123456789012345678901234567890", "too_long"},
		{NULL, "+0123456789", "bad_country"},
		{NULL, "+00 1 415 555 2671", "bad_country"},
		{NULL, "+999 123456", "bad_country"},
		{NULL, "415 555 2671", "bad_country"},
		{"ZZ", "415 555 2671", "bad_country"},
		{"USA", "415 555 2671", "bad_country"},
		{"", "415 555 2671", "bad_country"},
		{"S ", "415 555 2671", "bad_country"},
		{"US", "011 999 123456", "bad_country"},
		{"FI", "00 1 100 111 671", "too_short"},
	};

	(void)state;
	CHECK_ALL(table, phone_parse);
}

static void phone_parse__refuses__nul_inside(void **state)
{
	struct phone phone;

	(void)state;
	assert_int_equal(phone_parse("+1415555\0002671", 13, NULL, &phone), PHONE_BAD_CHARACTER);
	assert_int_equal(phone_parse("+14155552671\0", 13, NULL, &phone), PHONE_BAD_CHARACTER);
}

static void phone_parse__reads__no_further_than_len(void **state)
{
	struct phone phone;

	(void)state;
	assert_int_equal(phone_parse("+141555526719", 12, NULL, &phone), PHONE_OK);
	assert_string_equal(phone.e164, "+14155552671");
}

static void phone_parse__refuses__extensions(void **state)
{
	static const struct reading table[] = {
		{NULL, "+1 415 555 2671 ext. 12", "extension"},
		{NULL, "+1 415 555 2671 Ext:12", "extension"},
		{NULL, "+1 415 555 2671 extension 12", "extension"},
		{"US", "415-555-2671x12", "extension"},
		{"US", "415-555-2671 (x12)", "extension"},
		{"US", "415-555-2671 #12", "extension"},
		{NULL, "tel:+14155552671;ext=12", "extension"},
		{"RU", "8 495 123-45-67 доб. 5", "extension"},
		{"US", "415x5552671", "bad_character"},
		{"US", "415-555-2671 x", "bad_character"},
		{"US", "415-555-2671 x12 y", "bad_character"},
		{"US", "415-555-2671 x 415-555-2672", "bad_character"},
	};

	(void)state;
	CHECK_ALL(table, phone_parse);
}

static void phone_parse__checks__north_american_form(void **state)
{
	static const struct reading table[] = {
		{"US", "115 555 2671", "bad_area"},
		{"US", "015 555 2671", "bad_area"},
		{"US", "911 555 2671", "bad_area"},
		{NULL, "+1 211 555 2671", "bad_area"},
		{"US", "415 155 2671", "bad_exchange"},
		{"US", "415 055 2671", "bad_exchange"},
		{"US", "415 911 2671", "bad_exchange"},
		{NULL, "+1 800 411 2671", "bad_exchange"},
		{NULL, "+1 412 212 2671", "+14122122671"},
		{"US", "999 555 2671", "+19995552671"},
	};

	(void)state;
	CHECK_ALL(table, phone_parse);
}

static void phone_parse_sender__takes__short_codes(void **state)
{
	static const struct reading table[] = {
		{"US", "384387", "384387"},
		{NULL, "384-387", "384387"},
		{NULL, "123", "123"},
		{"US", "5552671", "5552671"},
		{NULL, "12345678", "12345678"},
		{"DK", "20 12 34 56", "+4520123456"}, /* eight digits are a number there */
		{"DE", "12345", "12345"},
		{NULL, "+14155552671", "+14155552671"},
		{"US", "4155552671", "+14155552671"},
		{"US", "+12345", "too_short"},
		{"US", "12", "too_short"},
		{NULL, "12", "bad_country"},
		{"US", "123456789", "too_short"},
		{"US", "VERIFY", "bad_character"},
		{"US", "", "empty"},
	};

	(void)state;
	CHECK_ALL(table, phone_parse_sender);
}

static enum phone_class class_of(const char *text)
{
	struct phone phone;

	assert_int_equal(phone_parse_sender(text, strlen(text), NULL, &phone), PHONE_OK);
	return phone_classify(&phone);
}

static void phone_classify__tells__classes(void **state)
{
	static const struct {
		const char *text;
		enum phone_class class;
	} table[] = {
		{"+14155552671", PHONE_GEOGRAPHIC},
		{"+12275552671", PHONE_GEOGRAPHIC}, /* Maryland, 2023 */
		{"+12635552671", PHONE_GEOGRAPHIC}, /* Montreal, 2022 */
		{"+18765552671", PHONE_GEOGRAPHIC}, /* Jamaica */
		{"+19995552671", PHONE_UNKNOWN_AREA},
		{"+15555552671", PHONE_UNKNOWN_AREA},
		{"+442079460958", PHONE_INTERNATIONAL},
		{"+881612345678", PHONE_INTERNATIONAL},
		{"+18005552671", PHONE_TOLL_FREE},
		{"+18005550123", PHONE_TOLL_FREE},
		{"+18335552671", PHONE_TOLL_FREE},
		{"+19005552671", PHONE_PREMIUM},
		{"+979123456789", PHONE_PREMIUM},
		{"+15005552671", PHONE_PERSONAL},
		{"+15335550123", PHONE_PERSONAL},
		{"+15665552671", PHONE_PERSONAL},
		{"+16005552671", PHONE_SPECIAL},
		{"+16225552671", PHONE_SPECIAL},
		{"+17005552671", PHONE_SPECIAL},
		{"+17105552671", PHONE_SPECIAL},
		{"+80012345678", PHONE_SPECIAL},
		{"+14155550100", PHONE_FICTITIOUS},
		{"+14155550199", PHONE_FICTITIOUS},
		{"+15555550123", PHONE_FICTITIOUS},
		{"+15005550006", PHONE_FICTITIOUS},
		{"+14155550099", PHONE_GEOGRAPHIC},
		{"+14155550200", PHONE_GEOGRAPHIC},
		{"384387", PHONE_SHORT_CODE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (class_of(table[i].text) != table[i].class)
			fail_msg("%s is %s", table[i].text,
				 phone_class_word(class_of(table[i].text)));
	}
}

static void phone_is_textable__refuses__what_is_nobodys_mobile(void **state)
{
	(void)state;
	assert_true(phone_is_textable(PHONE_GEOGRAPHIC));
	assert_true(phone_is_textable(PHONE_UNKNOWN_AREA));
	assert_true(phone_is_textable(PHONE_INTERNATIONAL));
	assert_true(phone_is_textable(PHONE_FICTITIOUS));
	assert_false(phone_is_textable(PHONE_TOLL_FREE));
	assert_false(phone_is_textable(PHONE_PREMIUM));
	assert_false(phone_is_textable(PHONE_PERSONAL));
	assert_false(phone_is_textable(PHONE_SPECIAL));
	assert_false(phone_is_textable(PHONE_SHORT_CODE));
}

static void phone_tables__know__every_region(void **state)
{
	/* ISO 3166-1 as of 2026 but the uninhabited (HM and BV have a code all the same). */
	static const char regions[] =
		"AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN "
		"BO BQ BR BS BT BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ "
		"DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI "
		"GL GM GN GP GQ GR GS GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE "
		"JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC "
		"MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI "
		"NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW "
		"SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ "
		"TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT "
		"ZA ZM ZW AQ BV HM";

	(void)state;
	for (const char *r = regions; *r; r += r[2] ? 3 : 2) {
		char region[3] = {r[0], r[1], '\0'};
		const struct phone_country *country = phone_country_of_region(region);
		char digits[16];
		size_t len;

		if (!country) {
			fail_msg("%s has no country code", region);
			return;
		}
		/* A code that begins another would hide it. */
		(void)snprintf(digits, sizeof(digits), "%u", country->code);
		assert_ptr_equal(phone_country_of_digits(digits, &len), country);
		assert_int_equal(len, strlen(digits));
	}
}

static void phone_tables__keep__numbers_within_e164(void **state)
{
	(void)state;
	for (unsigned code = 1; code <= 999; code++) {
		char digits[16];
		size_t len = 0;
		const struct phone_country *country;

		(void)snprintf(digits, sizeof(digits), "%u", code);
		country = phone_country_of_digits(digits, &len);
		if (!country)
			continue;
		assert_true(country->lengths != 0);
		/* Fifteen digits at most with the country code. */
		assert_true(country->lengths < 1u << (16 - len));
	}
}

static void phone_equal__compares__numbers(void **state)
{
	struct phone a = {"+14155552671"};
	struct phone b = {"+14155552672"};

	(void)state;
	assert_true(phone_equal(&a, &a));
	assert_false(phone_equal(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(phone_parse__reads__usual_ways_of_writing),
		cmocka_unit_test(phone_parse__reads__other_scripts_and_invisible_marks),
		cmocka_unit_test(phone_parse__follows__exit_prefix_of_region),
		cmocka_unit_test(phone_parse__follows__trunk_prefix_of_region),
		cmocka_unit_test(phone_parse__drops__trunk_prefix_after_country_code),
		cmocka_unit_test(phone_parse__takes__own_country_code_without_plus),
		cmocka_unit_test(phone_parse__refuses__what_is_no_number),
		cmocka_unit_test(phone_parse__refuses__nul_inside),
		cmocka_unit_test(phone_parse__reads__no_further_than_len),
		cmocka_unit_test(phone_parse__refuses__extensions),
		cmocka_unit_test(phone_parse__checks__north_american_form),
		cmocka_unit_test(phone_parse_sender__takes__short_codes),
		cmocka_unit_test(phone_classify__tells__classes),
		cmocka_unit_test(phone_is_textable__refuses__what_is_nobodys_mobile),
		cmocka_unit_test(phone_tables__know__every_region),
		cmocka_unit_test(phone_tables__keep__numbers_within_e164),
		cmocka_unit_test(phone_equal__compares__numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
