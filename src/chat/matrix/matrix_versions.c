/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Reading which versions of Matrix a homeserver speaks, and which rules rooms of a version have.
 * https://spec.matrix.org/v1.15/client-server-api/#get_matrixclientversions */
#include "chat/matrix/matrix_versions.h"

#include "chat/matrix/matrix_json.h"

#include <stdlib.h>
#include <string.h>

#define DIGITS_MAX 4
#define CREATORS_RULE_SINCE 12 /* room version */

int mx_versions_newest(const struct cJSON *answer)
{
	const struct cJSON *versions = mx_get(answer, "versions");
	const struct cJSON *version;
	int newest = 0;

	if (!cJSON_IsArray(versions))
		return -1;
	cJSON_ArrayForEach (version, versions) {
		const char *text = cJSON_IsString(version) ? version->valuestring : "";
		size_t digits = strncmp(text, "v1.", 3) == 0 ? strspn(text + 3, "0123456789") : 0;
		int minor;

		if (digits == 0 || digits > DIGITS_MAX || text[3 + digits])
			continue;
		minor = (int)strtol(text + 3, NULL, 10);
		if (minor > newest)
			newest = minor;
	}
	return newest;
}

/* Versions are names; all that are not numbers are experiments. */
bool mx_has_creators_rule(const char *version)
{
	return version[0] && strspn(version, "0123456789") == strlen(version) &&
	       strlen(version) < 6 && strtol(version, NULL, 10) >= CREATORS_RULE_SINCE;
}
