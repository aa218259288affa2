/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* An errno in words; see os_error.h. */
#include "base/os_error.h"

#include <string.h>

const char *os_error(int number)
{
	static char text[128];

	if (strerror_r(number, text, sizeof(text)) != 0)
		return "unknown error";
	return text;
}
