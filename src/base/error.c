/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Filling a struct error; the contract is in roomline/error.h. */
#include "roomline/error.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>

int error_set(struct error *err, enum error_kind kind, const char *fmt, ...)
{
	va_list ap;
	int len;

	if (err) {
		err->kind = kind;
		va_start(ap, fmt);
		len = vsnprintf(err->text, sizeof(err->text), fmt, ap);
		va_end(ap);
		/* It is shown to people: half a character would be refused on the way to them. */
		if (len >= (int)sizeof(err->text))
			err->text[utf8_whole(err->text, sizeof(err->text) - 1)] = '\0';
	}
	return -1;
}
