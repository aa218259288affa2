/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Words as a person searches for them: case, accents and width forgiven. */
#ifndef FOLD_H
#define FOLD_H

#include "base/strbuf.h"

/* Appends text case-folded and decomposed (NFKD) without its marks, so that "Jose" finds "JOSÉ". */
void utf8_fold(struct strbuf *out, const char *s, size_t len);

#endif
