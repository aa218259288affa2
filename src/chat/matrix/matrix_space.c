/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The space that all rooms of conversations and all desks are in, so that a volunteer's room list
 * stays in order. It is a convenience: nothing waits for it.
 */
#include "base/xalloc.h"
#include "chat/matrix/matrix_priv.h"

#define KEEP "space"

static struct mx_room *space(struct matrix *m)
{
	STRBUF_AUTO(alias);
	char id[MX_ID_MAX];

	if (m->space)
		return m->space;
	/* As a bot: nobody shall have taken it before us, or guess it. */
	strbuf_addf(&alias, "%sspace_%s", m->cfg.prefix, m->epoch);
	m->space = mx_room_new(m, MX_ROOM_SPACE, alias.buf);
	(void)STR_COPY(m->space->keep, KEEP);
	bridge_chat_kept(m->host.bridge, matrix_name, KEEP, id, sizeof(id));
	if (id[0])
		mx_room_set_id(m->space, id);
	return m->space;
}

static bool belongs(const struct mx_room *room)
{
	return room->kind == MX_ROOM_CONVERSATION || room->kind == MX_ROOM_DESK;
}

/* Whoever may be in one of its rooms may see the space. */
static void want(struct mx_room *s, const struct mx_room *room)
{
	struct mx_people all = {0};

	mx_people_set(&all, (const char *const *)s->members.user, s->members.n);
	for (size_t i = 0; i < room->members.n; i++)
		mx_people_add(&all, room->members.user[i]);
	mx_room_want(s, "Texting", "Conversations of the team", &all, true, false);
	mx_people_release(&all);
}

static void add_child(struct mx_room *s, struct mx_room *room)
{
	STRBUF_AUTO(path);
	STRBUF_AUTO(body);

	mx_path(&path, "/_matrix/client/v3/rooms/{}/state/m.space.child/{}", s->id, room->id);
	mx_build_space_child(&body, s->m->cfg.server);
	mx_chore_add(s, "PUT", path.buf, body.buf, NULL, MX_LIMIT_SEND);
	room->in_space = true;
}

void mx_space_add(struct mx_room *room)
{
	struct mx_room *s;

	if (!belongs(room))
		return;
	s = space(room->m);
	want(s, room);
	if (s->state == MX_ROOM_READY && !room->in_space)
		add_child(s, room);
	(void)mx_room_run(s);
}

void mx_space_ready(struct matrix *m)
{
	struct mx_room *room;
	bool more = false;

	TAILQ_FOREACH(room, &m->rooms, link)
	{
		if (!belongs(room) || room->in_space || !room->checked)
			continue;
		add_child(m->space, room);
		more = true;
	}
	if (more)
		(void)mx_room_run(m->space);
}

void mx_space_lost(struct matrix *m)
{
	struct mx_room *room;

	TAILQ_FOREACH(room, &m->rooms, link)
	{
		room->in_space = false;
	}
}
