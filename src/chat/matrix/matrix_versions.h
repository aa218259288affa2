/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What a homeserver says it speaks: the answer to GET /_matrix/client/versions. And the one rule of
 * room versions that matters to us. */
#ifndef MATRIX_VERSIONS_H
#define MATRIX_VERSIONS_H

#include <stdbool.h>

struct cJSON;

/* The oldest that will do: since then threads and all that we send in them are Matrix. */
#define MX_VERSION_MIN 4
#define MX_VERSION_MIN_TEXT "1.4"

/* The y of the newest "v1.y" among them, 0 when there is none: "r0.6.1" and older. -1: that is no
 * such answer. */
int mx_versions_newest(const struct cJSON *answer);

/* Whether rooms of that version have creators above all power levels. */
bool mx_has_creators_rule(const char *version);

#endif
