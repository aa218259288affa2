/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* How much two short words differ, to suggest what somebody may have meant. */
#ifndef LIKENESS_H
#define LIKENESS_H

#include <stddef.h>

#define LIKENESS_MAX 40 /* bytes of b that are looked at */
#define LIKENESS_FAR 3  /* words that differ by this much are no suggestion */

/* Levenshtein's distance: how many letters are to be changed, put in or left out. */
size_t word_distance(const char *a, const char *b);

#endif
