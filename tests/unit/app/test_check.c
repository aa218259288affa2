/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Which edition of the time zones counts as new enough; and how a URL is split for a probe. */
#include "app/probe.h"
#include "app/tzdata.h"
#include "base/xalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
/* after the four above, as it wants */
#include <cmocka.h>

static char folder[32];
static char file[64];

static int setup(void **state)
{
	(void)state;
	STR_COPY(folder, "/tmp/test-tzdata-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(file, sizeof(file), "%s/tzdata.zi", folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)unlink(file);
	return rmdir(folder);
}

/* Writes the first lines of a tzdata.zi and checks it. */
static int check(const char *lines, char *version, size_t size, struct error *err)
{
	FILE *f = fopen(file, "we");

	assert_non_null(f);
	assert_true(fputs(lines, f) >= 0);
	assert_int_equal(fclose(f), 0);
	return tzdata_check(folder, version, size, err);
}

static void tzdata_check__compares_years_and_releases(void **state)
{
	static const struct {
		const char *lines;
		const char *version;
		int rc;
	} cases[] = {
		{"# version 2026f\n# This zic input\n", "2026f", 0},
		{"# version 2026g\n", "2026g", 0},
		{"# version 2027a\n", "2027a", 0},
		{"# version 2026e\n", "2026e", -1},
		{"# version 2025z\n", "2025z", -1},
		{"# version 2026f-dirty\n", "2026f-dirty", 0},
		{"# version 2026f", "2026f", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char version[16];
		struct error err = {0};

		assert_int_equal(check(cases[i].lines, version, sizeof(version), &err),
				 cases[i].rc);
		assert_string_equal(version, cases[i].version);
		if (cases[i].rc < 0)
			assert_non_null(strstr(err.text, "apt-get install --only-upgrade tzdata"));
	}
}

static void tzdata_check__says_when_nothing_is_known(void **state)
{
	char version[16];
	struct error err = {0};

	(void)state;
	assert_int_equal(tzdata_check(folder, version, sizeof(version), &err), -1);
	assert_string_equal(version, "unknown");
	assert_non_null(strstr(err.text, "cannot read"));
	assert_int_equal(check("R d 1916 o - Jun 14 23s 1 S\n", version, sizeof(version), &err),
			 -1);
	assert_non_null(strstr(err.text, "does not tell its version"));
}

static void probe_split_url__finds_host_and_port(void **state)
{
	static const struct {
		const char *url;
		const char *host; /* NULL: none */
		const char *port;
	} cases[] = {
		{"https://api.twilio.com", "api.twilio.com", "443"},
		{"http://127.0.0.1:13013/cgi-bin/sendsms?x=http://y", "127.0.0.1", "13013"},
		{"https://h/x:y", "h", "443"},
		{"http://[::1]:8080/x", "::1", "8080"},
		{"http://[::1]/x", "::1", "80"},
		{"https://h?a:b", "h", "443"},
		{"http://h", "h", "80"},
		{"local:/sandbox", NULL, NULL},
		{"https://${host}/x", NULL, NULL},
		{"https://user:pw@h/x", NULL, NULL},
		{"https://", NULL, NULL},
		{"http://[", NULL, NULL},
		{"http://[::1/]", NULL, NULL},
		{"http://[]:80", NULL, NULL},
		{"http://:80", NULL, NULL},
		{"http://h:", NULL, NULL},
		{"http", NULL, NULL},
		{"", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char host[64];
		char port[16];
		int rc = probe_split_url(cases[i].url, host, sizeof(host), port, sizeof(port));

		if ((rc == 0) != (cases[i].host != NULL))
			fail_msg("%s: %d", cases[i].url, rc);
		if (rc < 0)
			continue;
		assert_string_equal(host, cases[i].host);
		assert_string_equal(port, cases[i].port);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tzdata_check__compares_years_and_releases, setup,
						teardown),
		cmocka_unit_test_setup_teardown(tzdata_check__says_when_nothing_is_known, setup,
						teardown),
		cmocka_unit_test(probe_split_url__finds_host_and_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
