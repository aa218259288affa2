/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The version stands in the first line of tzdata.zi: "# version 2026f". */
#include "app/tzdata.h"

#include "base/file_read.h"
#include "base/strbuf.h"

#include <stdio.h>
#include <string.h>

#define ZI_MAX 1048576 /* bytes; it has about a tenth of that */
#define ADVICE "update it, or calling hours may be wrong: apt-get install --only-upgrade tzdata"

int tzdata_check(const char *folder, char *version_out, size_t size, struct error *err)
{
	static const char mark[] = "# version ";
	struct error why;
	STRBUF_AUTO(path);
	STRBUF_AUTO(text);

	(void)snprintf(version_out, size, "unknown");
	strbuf_addf(&path, "%s/tzdata.zi", folder);
	if (file_read(path.buf, ZI_MAX, &text, &why) < 0)
		return error_set(err, why.kind, "%.160s; " ADVICE, why.text);
	if (strncmp(text.buf, mark, strlen(mark)) != 0)
		return error_set(err, ERR_CONFIG, "%.160s does not tell its version; " ADVICE,
				 path.buf);
	(void)snprintf(version_out, size, "%.*s", (int)strcspn(text.buf + strlen(mark), " \r\n"),
		       text.buf + strlen(mark));
	/* Years have four digits and releases one letter: the order of the text is that of time. */
	if (strcmp(version_out, TZDATA_OLDEST) < 0)
		return error_set(err, ERR_CONFIG,
				 "tzdata %.20s is older than " TZDATA_OLDEST "; " ADVICE,
				 version_out);
	return 0;
}
