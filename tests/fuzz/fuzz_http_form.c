/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Whatever a form holds, writing its pairs again and reading that gives the same pairs. */
#include "roomline/http.h"

#include "base/strbuf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	STRBUF_AUTO(again);
	struct http_headers first;
	struct http_headers second;

	if (!http_form_parse((const char *)data, size, &first))
		return 0;
	for (size_t i = 0; i < first.n; i++)
		http_form_add(&again, first.items[i].name, first.items[i].value);
	if (!http_form_parse(again.buf, again.len, &second) || first.n != second.n)
		abort();
	for (size_t i = 0; i < first.n; i++)
		if (strcmp(first.items[i].name, second.items[i].name) != 0 ||
		    strcmp(first.items[i].value, second.items[i].value) != 0)
			abort();
	http_headers_release(&first);
	http_headers_release(&second);
	return 0;
}
