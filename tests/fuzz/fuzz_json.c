/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Any bytes as JSON: refused with a reason, or a value whose texts are valid UTF-8 without NUL,
 * survive being written and read again, and are found by "*" as well.
 */
#include "base/json.h"
#include "base/utf8.h"
#include "base/xalloc.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FOUND_MAX 256

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition))                                                                  \
			BUG("not so: %s", #condition);                                             \
	} while (0)

static void require_round_trip(const char *text)
{
	STRBUF_AUTO(written);
	STRBUF_AUTO(back);
	JSON_AUTO json = NULL;

	json_add_text(&written, text);
	json = json_parse(written.buf, written.len, 1, NULL);
	REQUIRE(json && json_text(json, "", &back));
	REQUIRE(strcmp(back.buf, text) == 0);
}

static void look_at(const struct cJSON *value, const char *path)
{
	const struct cJSON *found[FOUND_MAX];
	size_t n = json_find(value, path, found, FOUND_MAX);

	for (size_t i = 0; i < n; i++) {
		STRBUF_AUTO(text);

		if (!json_text(found[i], "", &text))
			continue;
		REQUIRE(strlen(text.buf) == text.len);
		REQUIRE(utf8_valid(text.buf, text.len));
		require_round_trip(text.buf);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {"", "*", "*.*", "*.*.*", "a.b", "messages.0.id"};
	struct error err = {0};
	JSON_AUTO json = json_parse((const char *)data, size, JSON_DEPTH_MAX, &err);

	REQUIRE(json || err.text[0]);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		look_at(json, paths[i]);
	return 0;
}
