/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Any bytes as texts, names and ids: what is built from them is JSON in which the words are the same,
 * and not too large for a homeserver. */
#include "base/json.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "chat/matrix/matrix_build.h"
#include "chat/matrix/matrix_json.h"

#include <stdint.h>
#include <string.h>

#define ROOM_TEXT_MAX 256
#define EVENT_MAX 60000 /* the rest of the 65,536 is the homeserver's */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition))                                                                  \
			BUG("not so: %s", #condition);                                             \
	} while (0)

/* Takes what was built out of the buffer. */
static struct cJSON *parse(struct strbuf *out)
{
	struct cJSON *json = json_parse(out->buf, out->len, JSON_DEPTH_MAX, NULL);

	if (!json)
		BUG("no JSON: %s", out->buf);
	strbuf_reset(out);
	return json;
}

/* The text, or its beginning and "…". */
static bool is_said(const char *said, const char *text, size_t max)
{
	size_t len = strlen(said);

	if (strlen(text) <= max)
		return strcmp(said, text) == 0;
	return len <= max && len >= strlen("…") && memcmp(said, text, len - strlen("…")) == 0 &&
	       strcmp(said + len - strlen("…"), "…") == 0;
}

/* Only our own few tags, and no quote that could end an attribute. */
static void check_html(const char *html)
{
	static const char *const tags[] = {"<br>", "<code>", "</code>", "<strong>", "</strong>"};

	for (const char *p = strpbrk(html, "<\"'"); p; p = strpbrk(p + 1, "<\"'")) {
		size_t i = 0;

		while (i < sizeof(tags) / sizeof(tags[0]) &&
		       strncmp(p, tags[i], strlen(tags[i])) != 0)
			i++;
		REQUIRE(i < sizeof(tags) / sizeof(tags[0]));
	}
}

static void check_message(const struct mx_message *message)
{
	STRBUF_AUTO(out);
	JSON_AUTO json = NULL;
	const struct cJSON *words;
	const char *body;
	char *canonical;

	mx_build_message(&out, message);
	json = parse(&out);
	words = message->edits ? mx_get(json, "m.new_content") : json;
	body = mx_str(words, "body");
	if (message->name && message->name[0]) {
		size_t len = strlen(message->text);

		/* Behind the name, which may hold ": " itself. */
		REQUIRE(strlen(body) >= 2 + (len < MX_TEXT_MAX ? len : MX_TEXT_MAX - 6));
		REQUIRE(len > MX_TEXT_MAX || strcmp(body + strlen(body) - len, message->text) == 0);
	} else {
		REQUIRE(is_said(body, message->text, MX_TEXT_MAX));
	}
	REQUIRE(cJSON_IsObject(mx_get(json, "m.mentions")));
	check_html(mx_str(words, "formatted_body"));
	canonical = cJSON_PrintUnformatted(json);
	REQUIRE(strlen(canonical) < EVENT_MAX);
	cJSON_free(canonical);
}

static void check_room(const char *text, unsigned bits)
{
	STRBUF_AUTO(out);
	JSON_AUTO room = NULL;
	JSON_AUTO levels = NULL;
	struct mx_plan plan = {
		.kind = (enum mx_room_kind)(bits & 3),
		.alias = text,
		.name = text,
		.topic = text,
		.version = text,
		.creators_rule = bits & 4,
		.bot = "@bot:x",
		.ghost = bits & 8 && strcmp(text, "@bot:x") != 0 ? text : NULL,
		.muted = bits & 16,
		.contact_name = bits & 8 ? text : NULL,
		.space = bits & 32 ? text : NULL,
		.server = text,
	};

	mx_build_create_room(&out, &plan);
	room = parse(&out);
	REQUIRE(strcmp(mx_str(room, "name"), text) == 0);
	REQUIRE(strcmp(mx_str(room, "topic"), text) == 0);
	mx_build_power_levels(&out, &plan);
	levels = parse(&out);
	REQUIRE(cJSON_Compare(levels, mx_get(room, "power_level_content_override"), true));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned bits = size ? data[0] : 0;
	STRBUF_AUTO(text);
	STRBUF_AUTO(out);
	JSON_AUTO json = NULL;

	if (size)
		(void)utf8_clean(&text, (const char *)data + 1, size - 1, size);
	check_message(&(struct mx_message){.text = text.buf,
					   .name = bits & 1 ? text.buf : NULL,
					   .notice = bits & 2,
					   .markup = bits & 4,
					   .edits = bits & 8 ? "$1" : NULL,
					   .thread = "$1",
					   .mention = bits & 16 ? "@a:x" : NULL});
	strbuf_truncate(&text,
			utf8_whole(text.buf, text.len < ROOM_TEXT_MAX ? text.len : ROOM_TEXT_MAX));
	check_room(text.buf, bits);
	mx_build_reaction(&out, text.buf, text.buf);
	json = parse(&out);
	REQUIRE(strcmp(mx_str(mx_get(json, "m.relates_to"), "key"), text.buf) == 0);
	return 0;
}
