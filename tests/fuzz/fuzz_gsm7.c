/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Any bytes as a text to count: the number of segments must be one that the units can need. */
#include "core/gsm7.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct segment_count count;
	int single;
	int each;

	gsm7_count((const char *)data, size, &count);
	single = count.encoding == SMS_GSM7 ? 160 : 70;
	each = count.encoding == SMS_GSM7 ? 153 : 67;
	if (count.units <= single) {
		if (count.segments != 1)
			abort();
		return 0;
	}
	/* Each part but the last may be one unit short. */
	if (count.segments < (count.units + each - 1) / each ||
	    count.segments > (count.units + each - 2) / (each - 1))
		abort();
	return 0;
}
