/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Which versions of Matrix a homeserver speaks, by what it says. */
#include "chat/matrix/matrix_versions.h"

#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void mx_versions_newest__reads_what_there_is(void **state)
{
	static const struct {
		const char *answer;
		int newest;
	} cases[] = {
		{"{\"versions\":[\"r0.6.1\",\"v1.1\",\"v1.11\",\"v1.9\"]}", 11},
		{"{\"versions\":[\"v1.4\"],\"unstable_features\":{}}", 4},
		{"{\"versions\":[\"r0.6.1\"]}", 0},
		{"{\"versions\":[]}", 0},
		{"{\"versions\":[5,null,\"v1.\",\"v1.x\",\"v1.4x\",\"v2.9\",\"1.9\",\"v1.99999\"]}",
		 0},
		{"{\"versions\":{}}", -1},
		{"{\"versions\":\"v1.4\"}", -1},
		{"{}", -1},
		{"[]", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		JSON_AUTO answer = json_parse(cases[i].answer, strlen(cases[i].answer), 8, NULL);

		if (mx_versions_newest(answer) != cases[i].newest)
			fail_msg("%s: %d", cases[i].answer, mx_versions_newest(answer));
	}
	assert_int_equal(mx_versions_newest(NULL), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mx_versions_newest__reads_what_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
