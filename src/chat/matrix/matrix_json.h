/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Members of JSON objects whose names hold dots, as Matrix likes them. NULL is fine as object. */
#ifndef MATRIX_JSON_H
#define MATRIX_JSON_H

#include <cjson/cJSON.h>

static inline const struct cJSON *mx_get(const struct cJSON *object, const char *key)
{
	return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, key) : NULL;
}

/* "" when there is none or it is no string. */
static inline const char *mx_str(const struct cJSON *object, const char *key)
{
	const struct cJSON *item = mx_get(object, key);

	return cJSON_IsString(item) ? item->valuestring : "";
}

#endif
