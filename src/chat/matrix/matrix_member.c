/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Who comes and goes: us, ghosts, organizers, volunteers. */
#include "base/log.h"
#include "base/xalloc.h"
#include "chat/matrix/matrix_priv.h"

#include <string.h>

/* ---- lists of people ---------------------------------------------------------------------------- */

void mx_people_release(struct mx_people *people)
{
	for (size_t i = 0; i < people->n; i++)
		free(people->user[i]);
	free(people->user);
	*people = (struct mx_people){0};
}

bool mx_people_has(const struct mx_people *people, const char *user)
{
	for (size_t i = 0; i < people->n; i++) {
		if (strcmp(people->user[i], user) == 0)
			return true;
	}
	return false;
}

void mx_people_add(struct mx_people *people, const char *user)
{
	if (mx_people_has(people, user))
		return;
	people->user = xreallocarray(people->user, people->n + 1, sizeof(char *));
	people->user[people->n++] = xstrdup(user);
}

void mx_people_remove(struct mx_people *people, const char *user)
{
	for (size_t i = 0; i < people->n; i++) {
		if (strcmp(people->user[i], user) != 0)
			continue;
		free(people->user[i]);
		people->user[i] = people->user[--people->n];
		return;
	}
}

void mx_people_set(struct mx_people *people, const char *const *users, size_t n)
{
	struct mx_people before = *people;

	*people = (struct mx_people){0};
	for (size_t i = 0; i < n; i++) {
		if (mx_is_user(users[i]))
			mx_people_add(people, users[i]);
		else
			log_warn("matrix.no_user user=%s", log_quote(users[i]));
	}
	mx_people_release(&before);
}

bool mx_people_same(const struct mx_people *people, const char *const *users, size_t n)
{
	if (people->n != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!mx_people_has(people, users[i]))
			return false;
	}
	return true;
}

void mx_people_keep(struct matrix *m, const char *key, const struct mx_people *people)
{
	STRBUF_AUTO(all);

	for (size_t i = 0; i < people->n; i++) {
		if (all.len + strlen(people->user[i]) + 1 < CHAT_MEMORY_MAX)
			strbuf_addf(&all, "%s ", people->user[i]);
		else
			log_warn("matrix.not_kept key=%s user=%s", key, log_quote(people->user[i]));
	}
	(void)bridge_chat_keep(m->host.bridge, matrix_name, key, all.len > 0 ? all.buf : "");
}

void mx_people_kept(struct matrix *m, const char *key, struct mx_people *people_out)
{
	AUTO_FREE char *kept = xmalloc(CHAT_MEMORY_MAX);
	char *rest = kept;

	bridge_chat_kept(m->host.bridge, matrix_name, key, kept, CHAT_MEMORY_MAX);
	for (char *user = strsep(&rest, " "); user; user = strsep(&rest, " ")) {
		if (mx_is_user(user))
			mx_people_add(people_out, user);
	}
}

/* ---- who is who ----------------------------------------------------------------------------------- */

bool mx_is_us(const struct matrix *m, const char *user)
{
	size_t n = strlen(m->cfg.prefix);
	const char *colon = strchr(user, ':');

	if (strcmp(user, m->cfg.bot) == 0)
		return true;
	return m->cfg.appservice && colon && strncmp(user + 1, m->cfg.prefix, n) == 0 &&
	       strcmp(colon + 1, m->cfg.server) == 0;
}

bool mx_is_organizer(const struct matrix *m, const char *user)
{
	return mx_people_has(&m->organizers, user);
}

#define ORGANIZERS_KEY "organizers"

void mx_organizers_load(struct matrix *m)
{
	mx_people_kept(m, ORGANIZERS_KEY, &m->organizers);
}

void mx_organizers_keep(struct matrix *m)
{
	mx_people_keep(m, ORGANIZERS_KEY, &m->organizers);
}

/* ---- invitations to us ------------------------------------------------------------------------------ */

static void on_answered(const struct mx_reply *reply, void *arg)
{
	(void)arg;
	if (reply->outcome != MX_OK)
		log_warn("matrix.invitation why=%s", log_quote(reply->error));
}

static void answer_invitation(struct matrix *m, const char *room, bool accept)
{
	struct mx_call call = {.method = "POST", .limit = MX_LIMIT_JOIN};
	STRBUF_AUTO(path);

	mx_path(&path,
		accept ? "/_matrix/client/v3/rooms/{}/join" : "/_matrix/client/v3/rooms/{}/leave",
		room);
	call.path = path.buf;
	mx_http_call(m->http, &call, on_answered, m);
}

/* Strangers could fill us with rooms. */
static void invited(struct matrix *m, const struct mx_event *event)
{
	bool known = mx_is_organizer(m, event->sender) ||
		     bridge_chat_knows(m->host.bridge, matrix_name, event->sender);

	if (mx_upgrade_invited(m, event->room))
		return;
	log_info("matrix.invited user=%s accepted=%d", log_quote(event->sender), known);
	answer_invitation(m, event->room, known);
}

/* ---- comings and goings ------------------------------------------------------------------------------ */

static bool is_gone(const struct mx_event *event)
{
	return event->membership == MX_LEAVE || event->membership == MX_BAN;
}

static void one_of_us(struct matrix *m, const struct mx_event *event)
{
	struct mx_room *room = mx_room_find(m, event->room);
	bool bot = strcmp(event->state_key, m->cfg.bot) == 0;

	if (bot && event->membership == MX_INVITE) {
		invited(m, event);
	} else if (room && is_gone(event)) {
		STRBUF_AUTO(why);

		strbuf_addf(&why, "%s has put the bot out of it", event->sender);
		log_warn("matrix.put_out user=%s by=%s", log_quote(event->state_key),
			 log_quote(event->sender));
		if (bot)
			mx_room_lost(room, why.buf);
		else
			mx_room_doubt(room); /* the next thing to be said brings it back */
	}
}

static void place_member(struct matrix *m, const struct mx_event *event)
{
	struct mx_room *room = mx_room_find(m, event->room);
	struct place_id place;

	/* Who belongs there is asked in again, with the next thing to be said. */
	if (room && is_gone(event) && mx_people_has(&room->members, event->state_key))
		mx_room_doubt(room);
	if (event->membership != MX_JOIN && !is_gone(event))
		return;
	if (bridge_place_find(m->host.bridge, matrix_name, PLACE_CONVERSATION, event->room,
			      &place) <= 0)
		return;
	if (event->membership != MX_JOIN)
		bridge_chat_left(m->host.bridge, matrix_name, place, event->state_key);
	else if (event->before != MX_JOIN && !m->catching_up) /* a new name is no coming */
		bridge_chat_joined(m->host.bridge, matrix_name, place, event->state_key);
}

static void organizer(struct matrix *m, const struct mx_event *event)
{
	const char *user = event->state_key;

	if (event->membership == MX_JOIN)
		mx_people_add(&m->organizers, user);
	else
		mx_people_remove(&m->organizers, user);
	mx_organizers_keep(m);
	/* Who had to leave has left: see remove_others(). */
	if (is_gone(event) && !mx_people_has(&m->control->members, user))
		mx_room_doubt(m->control);
}

void mx_member_event(struct matrix *m, const struct mx_event *event)
{
	if (mx_is_us(m, event->state_key)) {
		one_of_us(m, event);
		return;
	}
	if (m->control && strcmp(m->control->id, event->room) == 0)
		organizer(m, event);
	else
		place_member(m, event);
}
