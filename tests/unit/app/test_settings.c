/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Settings against a table: checks, defaults, secrets from files and the environment. */
#include "base/xalloc.h"
#include "roomline/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
/* after the four above, as it wants */
#include <cmocka.h>

static const struct setting table[] = {
	{.key = "name", .type = SETTING_TEXT, .required = true, .help = "Your name."},
	{.key = "note", .type = SETTING_TEXT},
	{.key = "token", .type = SETTING_SECRET},
	{.key = "port", .type = SETTING_INT, .min = 1, .max = 65535, .fallback = "5347"},
	{.key = "offset",
	 .type = SETTING_INT,
	 .min = INT64_MIN,
	 .max = INT64_MAX,
	 .fallback = "-1"},
	{.key = "tls", .type = SETTING_BOOL, .fallback = "yes"},
	{.key = "mode", .type = SETTING_CHOICE, .choices = "auto|us|provider", .fallback = "auto"},
	{.key = "people", .type = SETTING_LIST},
	{.key = "words", .type = SETTING_LIST, .fallback = "stop"},
	{.key = "users", .type = SETTING_LIST, .any_case = true},
	{.key = NULL},
};

struct scene {
	struct settings *set;
	char folder[32];
	char file[64];
	struct error err;
};

static int setup(void **state)
{
	struct scene *s = xcalloc(1, sizeof(*s));

	s->set = settings_new(table);
	STR_COPY(s->folder, "/tmp/test-settings-XXXXXX");
	if (!mkdtemp(s->folder))
		return -1;
	(void)snprintf(s->file, sizeof(s->file), "%s/secret", s->folder);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	(void)unlink(s->file);
	(void)rmdir(s->folder);
	settings_free(s->set);
	free(s);
	return 0;
}

static void write_secret(const struct scene *s, const void *data, size_t len)
{
	FILE *f = fopen(s->file, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void put(struct scene *s, const char *key, const char *value)
{
	if (settings_put(s->set, key, value, &s->err) < 0)
		fail_msg("%s", s->err.text);
}

static void refuse(struct scene *s, const char *key, const char *value, const char *says)
{
	s->err = (struct error){0};
	assert_int_equal(settings_put(s->set, key, value, &s->err), -1);
	assert_int_equal(s->err.kind, ERR_CONFIG);
	if (!strstr(s->err.text, says))
		fail_msg("\"%s\" does not say \"%s\"", s->err.text, says);
}

/* ---- values ---------------------------------------------------------------------------------- */

static void settings_new__holds_fallbacks(void **state)
{
	struct scene *s = *state;
	const char *const *items;

	assert_null(settings_text(s->set, "name"));
	assert_int_equal(settings_int(s->set, "port"), 5347);
	assert_int_equal(settings_int(s->set, "offset"), -1);
	assert_true(settings_bool(s->set, "tls"));
	assert_string_equal(settings_text(s->set, "mode"), "auto");
	assert_int_equal(settings_list(s->set, "people", &items), 0);
	assert_int_equal(settings_list(s->set, "words", &items), 1);
	assert_string_equal(items[0], "stop");
	assert_ptr_equal(settings_table(s->set), table);
}

static void settings_put__takes_the_last_of_a_scalar_and_all_of_a_list(void **state)
{
	struct scene *s = *state;
	const char *const *items;

	put(s, "port", "1");
	put(s, "port", "65535");
	put(s, "words", "ende");
	put(s, "words", "halt");
	assert_int_equal(settings_int(s->set, "port"), 65535);
	assert_int_equal(settings_list(s->set, "words", &items), 2);
	assert_string_equal(items[0], "ende");
	assert_string_equal(items[1], "halt");
}

static void settings_put__reads_numbers_to_the_limits(void **state)
{
	static const char *const bad[] = {"",    " 1", "1 ",  "+1",  "0x10",
					  "1.0", "-",  "1e3", "--1", "99999999999999999999"};
	struct scene *s = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuse(s, "offset", bad[i], "whole number");
	put(s, "offset", "9223372036854775807");
	assert_true(settings_int(s->set, "offset") == INT64_MAX);
	put(s, "offset", "-9223372036854775808");
	assert_true(settings_int(s->set, "offset") == INT64_MIN);
	refuse(s, "offset", "9223372036854775808", "whole number");
	refuse(s, "port", "0", "from 1 to 65535");
	refuse(s, "port", "65536", "'port' is '65536'");
	assert_int_equal(settings_int(s->set, "port"), 5347);
}

static void settings_put__reads_yes_and_no(void **state)
{
	static const char *const yes[] = {"true", "yes", "on", "True", "YES"};
	static const char *const no[] = {"false", "no", "off", "False", "OFF"};
	struct scene *s = *state;

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		put(s, "tls", yes[i]);
		assert_true(settings_bool(s->set, "tls"));
	}
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		put(s, "tls", no[i]);
		assert_false(settings_bool(s->set, "tls"));
	}
	refuse(s, "tls", "1", "true or false");
	refuse(s, "tls", "", "true or false");
}

static void settings_put__wants_one_of_the_choices(void **state)
{
	struct scene *s = *state;

	put(s, "mode", "us");
	put(s, "mode", "provider");
	put(s, "mode", "auto");
	refuse(s, "mode", "u", "one of auto|us|provider");
	refuse(s, "mode", "auto|us", "one of");
	refuse(s, "mode", "", "one of");
	refuse(s, "mode", "US", "one of");
}

static void settings_put__refuses_unknown_keys_and_bad_utf8(void **state)
{
	struct scene *s = *state;

	refuse(s, "nmae", "x", "no key 'nmae'");
	refuse(s, "name", "caf\xe9", "UTF-8");
	put(s, "name", "caf\xc3\xa9");
}

static void settings_put__lowers__what_means_the_same_in_any_case(void **state)
{
	struct scene *s = *state;
	const char *const *items;

	put(s, "users", "xmpp:Åsa.B@Example.ORG");
	put(s, "people", "Åsa B");
	assert_int_equal(settings_list(s->set, "users", &items), 1);
	assert_string_equal(items[0], "xmpp:Åsa.b@example.org");
	assert_int_equal(settings_list(s->set, "people", &items), 1);
	assert_string_equal(items[0], "Åsa B");
}

static void settings_put__caps_a_list(void **state)
{
	struct scene *s = *state;

	for (int i = 0; i < 1000; i++)
		put(s, "people", "x");
	refuse(s, "people", "x", "more than 1000");
}

/* ---- finish ---------------------------------------------------------------------------------- */

static void finish(struct scene *s)
{
	if (settings_finish(s->set, s->folder, &s->err) < 0)
		fail_msg("%s", s->err.text);
}

static void finish_refused(struct scene *s, const char *says)
{
	assert_int_equal(settings_finish(s->set, s->folder, &s->err), -1);
	assert_int_equal(s->err.kind, ERR_CONFIG);
	if (!strstr(s->err.text, says))
		fail_msg("\"%s\" does not say \"%s\"", s->err.text, says);
}

static void settings_finish__names_what_is_missing(void **state)
{
	struct scene *s = *state;

	finish_refused(s, "'name' is missing: Your name.");
	put(s, "name", "");
	finish_refused(s, "'name' is missing");
	put(s, "name", "x");
	finish(s);
}

static void settings_finish__reads_a_secret_beside_the_configuration(void **state)
{
	struct scene *s = *state;

	put(s, "name", "x");
	put(s, "token", "file:secret");
	write_secret(s, " s3cret \r\n", 10);
	finish(s);
	assert_string_equal(settings_text(s->set, "token"), " s3cret ");
}

static void settings_finish__cuts_one_newline_only(void **state)
{
	struct scene *s = *state;
	char value[80];

	put(s, "name", "x");
	(void)snprintf(value, sizeof(value), "file:%s", s->file);
	put(s, "token", value);
	write_secret(s, "a\nb\n\n", 5);
	finish(s);
	assert_string_equal(settings_text(s->set, "token"), "a\nb\n");
}

static void settings_finish__refuses_bad_secret_files(void **state)
{
	struct scene *s = *state;
	char *large = xmalloc(20000);

	memset(large, 'x', 20000);
	put(s, "name", "x");
	put(s, "token", "file:secret");
	finish_refused(s, "'token': cannot read");
	write_secret(s, "\n", 1);
	finish_refused(s, "is empty");
	write_secret(s, "a\0b", 3);
	finish_refused(s, "is not a text");
	write_secret(s, "\xff\xfe", 2);
	finish_refused(s, "is not a text");
	write_secret(s, large, 20000);
	finish_refused(s, "larger than 16384");
	free(large);
	put(s, "token", "file:.");
	finish_refused(s, "'token': cannot read");
}

static void settings_finish__reads_the_environment(void **state)
{
	struct scene *s = *state;
	const char *path = getenv("PATH");

	assert_non_null(path);
	put(s, "name", "x");
	put(s, "token", "env:PATH");
	finish(s);
	assert_string_equal(settings_text(s->set, "token"), path);
	put(s, "token", "env:ROOMLINE_NO_SUCH_VARIABLE");
	finish_refused(s, "ROOMLINE_NO_SUCH_VARIABLE is not set");
}

static void settings_finish__never_says_a_secret(void **state)
{
	struct scene *s = *state;

	refuse(s, "token", "", "must not be empty");
	refuse(s, "token", "hush\xff", "UTF-8");
	assert_null(strstr(s->err.text, "hush"));
}

static void settings_finish__leaves_texts_with_a_prefix_alone(void **state)
{
	struct scene *s = *state;

	put(s, "name", "x");
	put(s, "note", "file:/etc/hostname");
	put(s, "token", "plain");
	finish(s);
	assert_string_equal(settings_text(s->set, "note"), "file:/etc/hostname");
	assert_string_equal(settings_text(s->set, "token"), "plain");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(settings_new__holds_fallbacks),
		T(settings_put__takes_the_last_of_a_scalar_and_all_of_a_list),
		T(settings_put__reads_numbers_to_the_limits),
		T(settings_put__reads_yes_and_no),
		T(settings_put__wants_one_of_the_choices),
		T(settings_put__refuses_unknown_keys_and_bad_utf8),
		T(settings_put__lowers__what_means_the_same_in_any_case),
		T(settings_put__caps_a_list),
		T(settings_finish__names_what_is_missing),
		T(settings_finish__reads_a_secret_beside_the_configuration),
		T(settings_finish__cuts_one_newline_only),
		T(settings_finish__refuses_bad_secret_files),
		T(settings_finish__reads_the_environment),
		T(settings_finish__never_says_a_secret),
		T(settings_finish__leaves_texts_with_a_prefix_alone),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
