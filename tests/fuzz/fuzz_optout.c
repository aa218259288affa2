/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Any bytes as an inbound text, alone and against any bytes as our last outbound one and names. */
#include "core/optout.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct optout_context context = {.opted_out = true};
	struct optout_result result;
	char *copy = malloc(size + 1);
	static const char *const keywords[] = {"STOP", "ARRÊT", NULL};

	if (!copy)
		return 0;
	for (size_t i = 0; i < size; i++)
		copy[i] = text[i];
	copy[size] = '\0';
	optout_classify(text, size, NULL, &result);
	if (!result.rule || !*optout_verdict_word(result.verdict))
		abort();
	context.last_outbound = copy + size / 2;
	context.first_name = copy + size - size / 4;
	context.last_name = copy;
	optout_classify(text, size, &context, &result);
	if (!result.rule)
		abort();
	(void)optout_is_bare_keyword(copy, keywords);
	free(copy);
	return 0;
}
