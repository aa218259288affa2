/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The registry, what an account's settings overrule, and what HTTP alone says about a send. */
#include "fakes/fake_cleared.c" /* NOLINT(bugprone-suspicious-include): in place of the outbox */

#include "base/strbuf.h"
#include "base/xalloc.h"
#include "sms/driver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void sms_drivers__are_complete(void **state)
{
	size_t n = 0;

	(void)state;
	for (const struct sms_driver *const *d = sms_drivers(); *d; d++, n++) {
		assert_ptr_equal(sms_driver_find((*d)->name), *d);
		assert_non_null((*d)->settings);
		assert_non_null((*d)->check);
		assert_non_null((*d)->build_send);
		assert_non_null((*d)->parse_send);
		assert_non_null((*d)->verify_hook);
		assert_non_null((*d)->parse_hook);
		assert_non_null((*d)->hook_reply_type);
		assert_non_null((*d)->hook_reply_body);
		assert_true((*d)->max_chars > 0);
		/* Each setting explains itself, and what a secret is never has a default. */
		for (const struct setting *row = (*d)->settings; row->key; row++) {
			assert_true(row->help && strlen(row->help) > 8);
			assert_true(row->type != SETTING_SECRET || !row->fallback);
			assert_true((row->type == SETTING_CHOICE) == (row->choices != NULL));
			for (const struct setting *other = (*d)->settings; other != row; other++)
				assert_string_not_equal(row->key, other->key);
		}
	}
	assert_int_equal(n, 3);
	assert_null(sms_driver_find("carrier-pigeon"));
	assert_null(sms_driver_find(""));
}

static void sms_status_url__carries_the_ref(void **state)
{
	const struct sms_account account = {.hook_url = "https://h.example/hook/S/a"};
	struct cleared_sms sms = fake_cleared_make("abc", "+1", "+2", "x");
	STRBUF_AUTO(url);

	(void)state;
	sms_status_url(&account, &sms, &url);
	assert_string_equal(url.buf, "https://h.example/hook/S/a/status?m=abc");
}

static void sms_result_from_http__errs_on_the_safe_side(void **state)
{
	static const struct {
		enum http_fate fate;
		int status;
		enum sms_class class;
	} cases[] = {
		{HTTP_NOT_SENT, 0, SMS_TEMP},         {HTTP_LOST, 0, SMS_AMBIGUOUS},
		{HTTP_ANSWERED, 200, SMS_AMBIGUOUS},  {HTTP_ANSWERED, 204, SMS_AMBIGUOUS},
		{HTTP_ANSWERED, 302, SMS_CONFIG},     {HTTP_ANSWERED, 400, SMS_PERM},
		{HTTP_ANSWERED, 401, SMS_CONFIG},     {HTTP_ANSWERED, 402, SMS_CONFIG},
		{HTTP_ANSWERED, 403, SMS_CONFIG},     {HTTP_ANSWERED, 404, SMS_PERM},
		{HTTP_ANSWERED, 408, SMS_AMBIGUOUS},  {HTTP_ANSWERED, 422, SMS_PERM},
		{HTTP_ANSWERED, 429, SMS_THROTTLE},   {HTTP_ANSWERED, 500, SMS_AMBIGUOUS},
		{HTTP_ANSWERED, 502, SMS_AMBIGUOUS},  {HTTP_ANSWERED, 503, SMS_TEMP},
		{HTTP_ANSWERED, 504, SMS_AMBIGUOUS},  {HTTP_ANSWERED, 599, SMS_AMBIGUOUS},
		{HTTP_ANSWERED, 100, SMS_AMBIGUOUS},  {HTTP_ANSWERED, 0, SMS_AMBIGUOUS},
		{HTTP_ANSWERED, 1234, SMS_AMBIGUOUS}, {HTTP_ANSWERED, -1, SMS_AMBIGUOUS},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_answer answer = {
			.fate = cases[i].fate, .status = cases[i].status, .body = ""};
		struct sms_result result;

		memset(&result, 0xAA, sizeof(result));
		sms_result_from_http(&answer, &result);
		if (result.class != cases[i].class)
			fail_msg("%d is %s", cases[i].status, driver_class_word(result.class));
		assert_true(strlen(result.reason) > 10);
		assert_string_equal(result.ext_id, "");
		assert_string_equal(result.code, "");
		assert_int_equal(result.segments, 0);
	}
}

static void sms_result_from_http__reads_retry_after(void **state)
{
	static const struct {
		const char *value;
		int want;
	} cases[] = {{"7", 7},
		     {"0", 0},
		     {"999999999999999999999", 0},
		     {"100000", 86400},
		     {"-3", 0},
		     {"", 0},
		     {"5s", 0},
		     {"Wed, 21 Oct 2026 07:28:00 GMT", 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_answer answer = {.fate = HTTP_ANSWERED, .status = 429, .body = ""};
		struct sms_result result;

		http_headers_add(&answer.headers, "retry-after", cases[i].value);
		sms_result_from_http(&answer, &result);
		assert_int_equal(result.retry_after_s, cases[i].want);
		assert_int_equal(result.scope, SMS_SCOPE_ACCOUNT);
		http_headers_release(&answer.headers);
	}
}

static void sms_account__is_as_its_settings_say(void **state)
{
	struct settings *set = settings_new(generic_driver.settings);
	const struct sms_account account = {.driver = &generic_driver, .set = set};
	const struct sms_account twilio = {.driver = &twilio_driver};

	(void)state;
	assert_int_equal(sms_account_caps(&account), 0);
	assert_int_equal(sms_account_reply_by(&account), SMS_REPLY_BY_US);
	assert_int_equal(sms_account_max_chars(&account), 1600);
	assert_string_equal(sms_account_hook_reply_type(&account), "text/plain");
	assert_string_equal(sms_account_hook_reply_body(&account), "");
	assert_int_equal(sms_account_keyword(&account, "STOP"), SMS_KEYWORD_NONE);
	assert_int_equal(settings_put(set, "caps", "reports", NULL), 0);
	assert_int_equal(settings_put(set, "caps", "part_reports", NULL), 0);
	assert_int_equal(settings_put(set, "stop_reply_by", "network", NULL), 0);
	assert_int_equal(settings_put(set, "max_chars", "160", NULL), 0);
	assert_int_equal(settings_put(set, "hook_reply_body", "ACK/Jasmin", NULL), 0);
	assert_int_equal(settings_put(set, "stop_keywords", "STOP ALL", NULL), 0);
	assert_int_equal(settings_put(set, "help_keywords", "AIDE", NULL), 0);
	assert_int_equal(sms_account_caps(&account), SMS_CAP_REPORTS | SMS_CAP_PART_REPORTS);
	assert_int_equal(sms_account_reply_by(&account), SMS_REPLY_BY_NETWORK);
	assert_int_equal(sms_account_max_chars(&account), 160);
	assert_string_equal(sms_account_hook_reply_body(&account), "ACK/Jasmin");
	assert_int_equal(sms_account_keyword(&account, "stop all"), SMS_KEYWORD_STOP);
	assert_int_equal(sms_account_keyword(&account, "stop"), SMS_KEYWORD_NONE);
	assert_int_equal(sms_account_keyword(&account, "aide\n"), SMS_KEYWORD_HELP);
	settings_free(set);
	/* Without settings the driver's table holds. */
	assert_int_equal(sms_account_reply_by(&twilio), SMS_REPLY_BY_PROVIDER);
	assert_int_equal(sms_account_keyword(&twilio, "stop"), SMS_KEYWORD_STOP);
	assert_string_equal(sms_account_hook_reply_body(&twilio), "<Response/>");
}

static void driver_check_url__keeps_secrets_off_the_wire(void **state)
{
	static const char *const good[] = {"https://h.example/x",  "HTTPS://h",
					   "local:/sandbox",       "http://127.0.0.1",
					   "http://127.0.0.1:1/x", "http://localhost/",
					   "http://[::1]:8080",    "HTTP://LOCALHOST"};
	static const char *const bad[] = {
		"",
		"h.example",
		"ftp://h",
		"http://h.example",
		"http://127.0.0.1.h.example",
		"http://localhost.h",
		"http://127.0.0.1@h.ex",
		"http://[::1]x",
		"local:sandbox",
		"javascript:alert(1)",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(driver_check_url("k", good[i], false, NULL), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (driver_check_url("k", bad[i], false, NULL) == 0)
			fail_msg("took %s", bad[i]);
	}
	assert_int_equal(driver_check_url("k", "http://kannel:13013/", true, NULL), 0);
	assert_int_equal(driver_check_url("k", "ftp://h", true, NULL), -1);
}

static void driver_class_word__is_read_back(void **state)
{
	(void)state;
	for (int i = SMS_OK; i <= SMS_AMBIGUOUS; i++) {
		enum sms_class class = SMS_OK;

		assert_true(driver_class_value(driver_class_word((enum sms_class)i), &class));
		assert_int_equal(class, i);
	}
	assert_false(driver_class_value("great", &(enum sms_class){SMS_OK}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sms_drivers__are_complete),
		cmocka_unit_test(sms_status_url__carries_the_ref),
		cmocka_unit_test(sms_result_from_http__errs_on_the_safe_side),
		cmocka_unit_test(sms_result_from_http__reads_retry_after),
		cmocka_unit_test(sms_account__is_as_its_settings_say),
		cmocka_unit_test(driver_check_url__keeps_secrets_off_the_wire),
		cmocka_unit_test(driver_class_word__is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
