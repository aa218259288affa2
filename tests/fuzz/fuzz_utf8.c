/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Any bytes through utf8_clean(): what comes out is valid, free of controls, within the cap, and
 * cleaning it again changes nothing. The first byte is the cap. */
#include "base/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_clean(const struct strbuf *clean, size_t cap)
{
	STRBUF_AUTO(again);
	STRBUF_AUTO(encoded);
	const char *p = clean->buf;
	const char *end = p + clean->len;

	if (!utf8_valid(clean->buf, clean->len) || utf8_count(clean->buf, clean->len) > cap)
		abort();
	while (p < end) {
		int32_t cp;

		p += utf8_decode(p, end, &cp);
		if ((cp < 0x20 && cp != '\t' && cp != '\n') || (cp >= 0x7F && cp <= 0x9F))
			abort();
		utf8_encode(&encoded, cp);
	}
	if (encoded.len != clean->len || memcmp(encoded.buf, clean->buf, clean->len) != 0)
		abort();
	if (!utf8_clean(&again, clean->buf, clean->len, cap) || again.len != clean->len ||
	    memcmp(again.buf, clean->buf, clean->len) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	STRBUF_AUTO(clean);
	size_t cap;

	if (size == 0)
		return 0;
	cap = data[0];
	(void)utf8_clean(&clean, (const char *)data + 1, size - 1, cap);
	check_clean(&clean, cap);
	return 0;
}
