/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Which edition of the time zone rules this machine has: the hours in which one may text hang on
 * it. */
#ifndef TZDATA_H
#define TZDATA_H

#include "roomline/error.h"

#include <stddef.h>

#define TZDATA_OLDEST "2026f" /* the last change of a North American zone that we know of */

/* Fills version_out ("2026f"); -1 and what to do when it is unknown or too old. */
int tzdata_check(const char *folder, char *version_out, size_t size, struct error *err);
#define TZDATA_FOLDER "/usr/share/zoneinfo"

#endif
