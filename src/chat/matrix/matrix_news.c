/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What an answer of /sync says, room by room: the rooms we are in, those we are asked into, and
 * those we are out of. What was said in a room before we came is not for us, though the server tells
 * it where a room's history is open.
 *
 * The first answer of all is where we begin: of it only the invitations count.
 */
#include "base/xalloc.h"
#include "chat/matrix/matrix_json.h"
#include "chat/matrix/matrix_sync.h"

#include <string.h>

/* How far a server's clock may be behind ours. Too much costs a page or two of what is known. */
#define CLOCKS_MS (60 * INT64_C(60000))

bool mx_news_is_old(const struct mx_sync *sync, const struct cJSON *event)
{
	const struct cJSON *at = mx_get(event, "origin_server_ts");

	return sync->anew && cJSON_IsNumber(at) &&
	       at->valuedouble < (double)(sync->since_at - CLOCKS_MS);
}

/* ---- us in a room -------------------------------------------------------------------------------- */

static bool is_member_event(const struct cJSON *event, const char *user)
{
	return strcmp(mx_str(event, "type"), "m.room.member") == 0 &&
	       cJSON_IsString(mx_get(event, "state_key")) &&
	       strcmp(mx_str(event, "state_key"), user) == 0;
}

/* Whether we were in the room before that change of ours. What was before is said where there was
 * anything; a server that does not say it tells at least that who leaves was there. */
static bool was_in(const struct cJSON *event)
{
	const char *now = mx_str(mx_get(event, "content"), "membership");
	const char *before =
		mx_str(mx_get(mx_get(event, "unsigned"), "prev_content"), "membership");

	if (before[0])
		return strcmp(before, "join") == 0;
	return strcmp(now, "leave") == 0 || strcmp(now, "ban") == 0;
}

static int tell(struct matrix *m, const char *room, const struct cJSON *json)
{
	struct mx_event event;
	int rc;

	if (!mx_event_read(json, room, &event))
		return 0;
	rc = mx_in_event(m, &event);
	mx_event_release(&event);
	return rc;
}

int mx_news_tell_room(struct matrix *m, const char *room, const struct cJSON *const *events,
		      size_t n)
{
	AUTO_FREE bool *ours = xcalloc(n + 1, sizeof(*ours));
	bool in = true;

	for (size_t i = n; i > 0; i--) {
		bool own = is_member_event(events[i - 1], m->cfg.bot);

		ours[i - 1] = in || own;
		in = own ? was_in(events[i - 1]) : in;
	}
	for (size_t i = 0; i < n; i++) {
		if (ours[i] && tell(m, room, events[i]) < 0)
			return -1;
	}
	return 0;
}

/* ---- rooms --------------------------------------------------------------------------------------- */

static int tell_array(struct matrix *m, const char *room, const struct cJSON *array)
{
	size_t n = cJSON_IsArray(array) ? (size_t)cJSON_GetArraySize(array) : 0;
	AUTO_FREE const struct cJSON **events = xcalloc(n + 1, sizeof(*events));
	const struct cJSON *event;
	size_t i = 0;

	if (n == 0)
		return 0;
	cJSON_ArrayForEach (event, array)
		events[i++] = event;
	return mx_news_tell_room(m, room, events, n);
}

/* Whether events are missing between where we were and this timeline. */
static bool has_gap(const struct mx_sync *sync, const struct cJSON *timeline)
{
	const struct cJSON *events = mx_get(timeline, "events");

	return cJSON_IsTrue(mx_get(timeline, "limited")) && mx_str(timeline, "prev_batch")[0] &&
	       !mx_news_is_old(sync, cJSON_IsArray(events) ? events->child : NULL);
}

static int tell_known_room(struct mx_sync *sync, const struct cJSON *room)
{
	const struct cJSON *timeline = mx_get(room, "timeline");
	const struct cJSON *events = mx_get(timeline, "events");

	if (!has_gap(sync, timeline))
		return tell_array(sync->m, room->string, events);
	mx_gap_add(sync, room->string, mx_str(timeline, "prev_batch"), events,
		   mx_get(mx_get(room, "state"), "events"));
	return 0;
}

static const struct cJSON *find_own(const struct matrix *m, const struct cJSON *events)
{
	const struct cJSON *event;
	const struct cJSON *found = NULL;

	if (!cJSON_IsArray(events))
		return NULL;
	cJSON_ArrayForEach (event, events) {
		if (is_member_event(event, m->cfg.bot))
			found = event;
	}
	return found;
}

static int tell_joined(struct mx_sync *sync, const struct cJSON *room)
{
	return sync->since[0] || sync->anew ? tell_known_room(sync, room) : 0;
}

static int tell_invited(struct mx_sync *sync, const struct cJSON *room)
{
	const struct cJSON *own = find_own(sync->m, mx_get(mx_get(room, "invite_state"), "events"));

	return own ? tell(sync->m, room->string, own) : 0;
}

static int tell_that_we_left(struct matrix *m, const char *room)
{
	struct cJSON *event = cJSON_CreateObject();
	int rc;

	(void)cJSON_AddStringToObject(event, "type", "m.room.member");
	(void)cJSON_AddStringToObject(event, "sender", m->cfg.bot);
	(void)cJSON_AddStringToObject(event, "state_key", m->cfg.bot);
	(void)cJSON_AddStringToObject(cJSON_AddObjectToObject(event, "content"), "membership",
				      "leave");
	rc = tell(m, room, event);
	cJSON_Delete(event);
	return rc;
}

/* How we left stands among the events, or before them, or nowhere. */
static int tell_left(struct mx_sync *sync, const struct cJSON *room)
{
	const struct cJSON *state = find_own(sync->m, mx_get(mx_get(room, "state"), "events"));

	if (tell_joined(sync, room) < 0)
		return -1;
	if (find_own(sync->m, mx_get(mx_get(room, "timeline"), "events")))
		return 0;
	return state ? tell(sync->m, room->string, state)
		     : tell_that_we_left(sync->m, room->string);
}

int mx_news_tell(struct mx_sync *sync, const struct cJSON *answer)
{
	static const struct {
		const char *name;
		int (*tell)(struct mx_sync *sync, const struct cJSON *room);
	} kinds[] = {{"join", tell_joined}, {"invite", tell_invited}, {"leave", tell_left}};
	const struct cJSON *rooms = mx_get(answer, "rooms");
	const struct cJSON *room;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		cJSON_ArrayForEach (room, mx_get(rooms, kinds[i].name)) {
			sync->news = true;
			if (room->string && kinds[i].tell(sync, room) < 0)
				return -1;
		}
	}
	return 0;
}
