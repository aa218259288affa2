/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Levenshtein's distance with one row of the table, for the names of commands. */
#include "base/likeness.h"

#include <string.h>

size_t word_distance(const char *a, const char *b)
{
	size_t row[LIKENESS_MAX + 1];
	size_t n = strnlen(b, LIKENESS_MAX);

	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			best = row[j] + 1 < best ? row[j] + 1 : best;
			row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
		}
	}
	return row[n];
}
