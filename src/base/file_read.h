/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A whole file into memory, with a cap: for settings, secrets and tables, not for traffic. */
#ifndef FILE_READ_H
#define FILE_READ_H

#include "base/strbuf.h"
#include "roomline/error.h"

#include <stddef.h>

/* Appends the contents. -1 and a sentence with the path when it cannot be read (ERR_NOT_FOUND when
 * there is no such file) or is larger than max bytes. */
int file_read(const char *path, size_t max, struct strbuf *out, struct error *err);

#endif
