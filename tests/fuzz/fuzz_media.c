/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Any bytes as a file and as a link to one: what is known has a name that is known too, and no link
 * is good that was not signed. */
#include "core/media.h"
#include "core/media_link.h"

#include "base/xalloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *)data, size);
	AUTO_FREE char *bytes =
		xmalloc(size + 1); /* of just that length, so that a step too far shows */
	const struct media_type *type;
	int64_t id = 0;

	if (size > 0)
		memcpy(bytes, data, size);
	bytes = xrealloc(bytes, size > 0 ? size : 1);
	type = media_type_of(bytes, size);
	if (type && media_type_find(type->name) != type)
		abort();
	(void)media_type_find(text);
	switch (media_link_check(text, "a secret that nobody knows", 0, &id)) {
	case MEDIA_LINK_GOOD:
	case MEDIA_LINK_EXPIRED:
		abort();
	case MEDIA_LINK_MALFORMED:
	case MEDIA_LINK_FORGED:
		break;
	}
	return 0;
}
