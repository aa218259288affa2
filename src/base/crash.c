/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Crash points for tests; see crash.h. Compiled to nothing in a release build. */
#include "base/crash.h"

#ifdef ROOMLINE_CRASH_POINTS
#include <signal.h>
#include <stdlib.h>
#include <string.h>

void crash_point(const char *step)
{
	static const char *wanted;
	static long passed;
	size_t len = strlen(step);
	const char *rest;
	long at = 1;

	if (!wanted)
		wanted = getenv("ROOMLINE_CRASH_AT");
	if (!wanted || strncmp(wanted, step, len) != 0)
		return;
	rest = wanted + len;
	if (*rest == ':') {
		at = strtol(rest + 1, NULL, 10);
		rest += 1 + strspn(rest + 1, "0123456789");
	}
	if ((*rest != '\0' && *rest != ',') || ++passed < at)
		return;
	if (*rest == '\0')
		(void)raise(SIGKILL);
	wanted = rest + 1;
	passed = 0;
}
#else
/* ISO C wants a translation unit to declare something. */
typedef int crash_points_are_off;
#endif
