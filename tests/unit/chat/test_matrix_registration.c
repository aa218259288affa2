/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The file for the homeserver: that it says what the settings say, whatever they hold. */
#include "chat/chat.h"
#include "chat/matrix/matrix_registration.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define TOKEN "0123456789abcdef0123456789abcdef"

static struct settings *settings_with(const char *key, const char *value)
{
	static const char *const given[][2] = {
		{"domain", "example.org"},
		{"as_token", "a" TOKEN},
		{"hs_token", "h" TOKEN},
	};
	struct settings *set = settings_new(chat_matrix.settings);

	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		if (!key || strcmp(key, given[i][0]) != 0)
			assert_int_equal(settings_put(set, given[i][0], given[i][1], NULL), 0);
	}
	if (key && value)
		assert_int_equal(settings_put(set, key, value, NULL), 0);
	return set;
}

static void assert_line(const char *key, const char *value, const char *line)
{
	struct settings *set = settings_with(key, value);
	STRBUF_AUTO(out);
	STRBUF_AUTO(whole);

	assert_int_equal(mx_registration_print(set, &out, NULL), 0);
	strbuf_addf(&whole, "\n%s\n", line);
	if (!strstr(out.buf, whole.buf))
		fail_msg("%s lacks %s", out.buf, line);
	settings_free(set);
}

static void mx_registration_print__says_it_all(void **state)
{
	static const char expected[] = "id: 'roomline'\n"
				       "url: 'http://127.0.0.1:8080'\n"
				       "as_token: 'a" TOKEN "'\n"
				       "hs_token: 'h" TOKEN "'\n"
				       "sender_localpart: '_sms_service'\n"
				       "rate_limited: false\n"
				       "receive_ephemeral: false\n"
				       "protocols:\n"
				       "  - sms\n"
				       "namespaces:\n"
				       "  users:\n"
				       "    - regex: '^@roomline:example\\.org$'\n"
				       "      exclusive: true\n"
				       "    - regex: '^@_sms_.*:example\\.org$'\n"
				       "      exclusive: true\n"
				       "  aliases:\n"
				       "    - regex: '^#_sms_.*:example\\.org$'\n"
				       "      exclusive: true\n"
				       "  rooms: []\n";
	struct settings *set = settings_with(NULL, NULL);
	STRBUF_AUTO(out);

	(void)state;
	assert_int_equal(mx_registration_print(set, &out, NULL), 0);
	assert_memory_equal(out.buf, "# ", 2);
	assert_string_equal(strstr(out.buf, "id: "), expected);
	settings_free(set);
}

static void mx_registration_print__takes_names_literally(void **state)
{
	(void)state;
	assert_line("domain", "a.b-c.example:8448",
		    "    - regex: '^@_sms_.*:a\\.b-c\\.example:8448$'");
	assert_line("domain", "[2001:db8::1]", "    - regex: '^#_sms_.*:\\[2001:db8::1\\]$'");
	assert_line("prefix", "_s.m+s_", "    - regex: '^@_s\\.m\\+s_.*:example\\.org$'");
	assert_line("as_token", "it's'':{#}", "as_token: 'it''s'''':{#}'");
}

static void mx_registration_print__refuses__what_a_homeserver_would(void **state)
{
	static const struct {
		const char *key;
		const char *value;
		const char *says;
	} cases[] = {
		{"mode", "bot", "nothing to register"},
		{"as_token", NULL, "matrix.as_token is missing"},
		{"hs_token", "two words", "matrix.hs_token must be"},
		{"hs_token", "a\nb", "matrix.hs_token must be"},
		{"as_token", "\xc3\xa9", "matrix.as_token must be"},
		{"registration_id", "", "matrix.registration_id is missing"},
		{"bot", "room+line", "matrix.bot must be"},
		{"bot", "Roomline", "matrix.bot must be"},
		{"domain", "example.org\nx: y", "matrix.domain must be"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct settings *set = settings_with(cases[i].key, cases[i].value);
		struct error err = {0};
		STRBUF_AUTO(out);

		assert_int_equal(mx_registration_print(set, &out, &err), -1);
		if (!strstr(err.text, cases[i].says))
			fail_msg("%s lacks %s", err.text, cases[i].says);
		assert_int_equal(out.len, 0);
		settings_free(set);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mx_registration_print__says_it_all),
		cmocka_unit_test(mx_registration_print__takes_names_literally),
		cmocka_unit_test(mx_registration_print__refuses__what_a_homeserver_would),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
