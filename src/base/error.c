/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Filling a struct error; the contract is in roomline/error.h. */
#include "roomline/error.h"

#include <stdarg.h>
#include <stdio.h>

int error_set(struct error *err, enum error_kind kind, const char *fmt, ...)
{
	va_list ap;

	if (err) {
		err->kind = kind;
		va_start(ap, fmt);
		(void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
		va_end(ap);
	}
	return -1;
}
