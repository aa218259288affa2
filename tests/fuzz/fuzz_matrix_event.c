/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Any JSON as a transaction of a homeserver, or as one event: whatever is read from it is whole, clean
 * where it says so, and an id where it says so. */
#include "base/json.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "chat/matrix/matrix_event.h"
#include "chat/matrix/matrix_json.h"
#include "roomline/types.h"

#include <stdint.h>
#include <string.h>

#define REACTION_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition))                                                                  \
			BUG("not so: %s", #condition);                                             \
	} while (0)

static void check_text(const struct mx_event *event)
{
	STRBUF_AUTO(again);
	size_t max = event->kind == MX_REACTION ? REACTION_MAX : CHAT_TEXT_MAX;

	REQUIRE(event->text.buf[event->text.len] == '\0');
	REQUIRE(strlen(event->text.buf) == event->text.len);
	REQUIRE(event->text.len <= max);
	REQUIRE(utf8_valid(event->text.buf, event->text.len));
	REQUIRE(utf8_clean(&again, event->text.buf, event->text.len, CHAT_TEXT_MAX));
	REQUIRE(strcmp(again.buf, event->text.buf) == 0);
}

static bool is_none_or(bool (*check)(const char *text), const char *text)
{
	REQUIRE(strlen(text) < EVENT_ID_MAX);
	return text[0] == '\0' || check(text);
}

static void check_strings(const struct mx_event *event)
{
	const char *const strings[] = {
		event->type,   event->id,       event->room,        event->sender, event->state_key,
		event->target, event->uri,      event->mime,        event->name,   event->thread,
		event->reason, event->reply_to, event->replacement,
	};

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		REQUIRE(strings[i] && utf8_valid(strings[i], strlen(strings[i])));
	REQUIRE(event->type[0] != '\0');
	REQUIRE(mx_is_user(event->sender) && mx_is_room(event->room));
	REQUIRE(is_none_or(mx_is_event, event->id));
	REQUIRE(is_none_or(mx_is_event, event->target));
	REQUIRE(is_none_or(mx_is_event, event->thread));
	REQUIRE(is_none_or(mx_is_event, event->reply_to));
	REQUIRE(is_none_or(mx_is_room, event->replacement));
	REQUIRE(strpbrk(event->sender, " \t\n\r") == NULL && strchr(event->room, '/') == NULL);
}

static void check_kind(const struct mx_event *event)
{
	bool state = event->kind == MX_MEMBER || event->kind == MX_TOMBSTONE ||
		     event->kind == MX_ENCRYPTION || event->kind == MX_STATE;

	REQUIRE(state == event->has_state_key);
	REQUIRE(state || event->id[0] != '\0');
	REQUIRE(!state || event->text.len == 0);
	REQUIRE(event->kind != MX_MEMBER || mx_is_user(event->state_key));
	REQUIRE(event->kind != MX_REACTION || (event->text.len > 0 && event->target[0] != '\0'));
	REQUIRE(event->kind != MX_UNCARRIED || event->text.len > 0);
	REQUIRE(!event->edit || event->kind == MX_MESSAGE);
	REQUIRE(event->at >= 0 && event->size >= 0);
}

static void check_uri(const char *uri)
{
	const char *server;
	const char *id;
	size_t server_len;
	size_t id_len;

	if (uri[0] == '\0')
		return;
	REQUIRE(mx_uri_split(uri, &server, &server_len, &id, &id_len));
	REQUIRE(server == uri + 6 && id == server + server_len + 1);
	REQUIRE(strlen(uri) == 6 + server_len + 1 + id_len);
	REQUIRE(strcspn(uri, "%?#\\ \n") == strlen(uri));
}

static void read_one(const struct cJSON *json, const char *room)
{
	struct mx_event event;

	if (!mx_event_read(json, room, &event))
		return;
	check_strings(&event);
	check_text(&event);
	check_kind(&event);
	check_uri(event.uri);
	mx_event_release(&event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	JSON_AUTO json = json_parse((const char *)data, size, JSON_DEPTH_MAX, NULL);
	const struct cJSON *event;

	read_one(json, NULL);
	read_one(json, "!room:x");
	cJSON_ArrayForEach (event, mx_get(json, "events"))
		read_one(event, NULL);
	return 0;
}
