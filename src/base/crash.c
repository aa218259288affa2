/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Crash points for tests; see crash.h. Compiled to nothing in a release build. */
#include "base/crash.h"

#ifdef ROOMLINE_CRASH_POINTS
#include <signal.h>
#include <stdlib.h>
#include <string.h>

void crash_point(const char *step)
{
	static long passed;
	const char *wanted = getenv("ROOMLINE_CRASH_AT");
	size_t len = strlen(step);
	long at = 1;

	if (!wanted || strncmp(wanted, step, len) != 0)
		return;
	if (wanted[len] == ':')
		at = strtol(wanted + len + 1, NULL, 10);
	else if (wanted[len] != '\0')
		return;
	if (++passed >= at)
		(void)raise(SIGKILL);
}
#else
/* ISO C wants a translation unit to declare something. */
typedef int crash_points_are_off;
#endif
