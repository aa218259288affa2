/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Chores of a room: calls that are made one after the other, before anything more is said in it, and
 * whose failure is only logged. They are in memory alone: what is lost of them is found again when
 * the room is looked at.
 */
#include "base/crash.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "chat/matrix/matrix_priv.h"

#include <string.h>

struct mx_chore {
	STAILQ_ENTRY(mx_chore) link;
	const char *method;
	char *path;
	char *body;
	char *as;
	enum mx_limit limit;
};

void mx_chore_add(struct mx_room *room, const char *method, const char *path, const char *body,
		  const char *as, enum mx_limit limit)
{
	struct mx_chore *chore = xcalloc(1, sizeof(*chore));

	chore->method = method;
	chore->path = xstrdup(path);
	chore->body = xstrdup(body);
	chore->as = xstrdup_null(as);
	chore->limit = limit;
	STAILQ_INSERT_TAIL(&room->chores, chore, link);
}

static void drop_first(struct mx_room *room)
{
	struct mx_chore *chore = STAILQ_FIRST(&room->chores);

	STAILQ_REMOVE_HEAD(&room->chores, link);
	free(chore->path);
	free(chore->body);
	free(chore->as);
	free(chore);
}

void mx_chores_free(struct mx_room *room)
{
	while (!STAILQ_EMPTY(&room->chores))
		drop_first(room);
}

static void on_done(const struct mx_reply *reply, void *arg)
{
	struct mx_room *room = arg;

	if (!mx_room_answered(room))
		return;
	if (reply->outcome != MX_OK && reply->outcome != MX_ALREADY)
		log_warn("matrix.chore_failed method=%s status=%d why=%s",
			 STAILQ_FIRST(&room->chores)->method, reply->status,
			 log_quote(reply->error));
	crash_point("matrix.room_changed");
	drop_first(room);
	mx_room_done(room);
}

void mx_chore_run(struct mx_room *room)
{
	const struct mx_chore *chore = STAILQ_FIRST(&room->chores);
	struct mx_call call = {.method = chore->method,
			       .path = chore->path,
			       .body = chore->body,
			       .as = chore->as,
			       .limit = chore->limit};

	if (strstr(chore->path, "/send/"))
		call.device = true;
	mx_room_call(room, &call, on_done);
}
