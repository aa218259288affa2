/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Whether we are still in a room in which nothing happens: a service of rooms that was restarted, or
 * lost its connection to our server, may have forgotten us and tell nobody. Then what people write
 * there would not reach us, so we ask (XEP-0410): by a ping to ourselves through the room, which
 * only somebody in it may send.
 */
#include "base/log.h"
#include "chat/xmpp/xmpp_priv.h"

#include <string.h>

#define CHECKS_MAX 5   /* that wait for an answer at the same time */
#define AGAIN_MS 60000 /* after none has come */

static void on_answer(struct xmpp *x, struct xmpp_room *room, const char *note,
		      xmpp_stanza_t *reply)
{
	const char *condition = reply ? read_error(reply) : "";

	(void)note;
	room->checking = false;
	room->heard = loop_monotonic(x->loop);
	if (!reply)
		room->heard += AGAIN_MS - x->cfg.check_ms;
	/* All else is said by ourselves, or by somebody on the way who does not know. */
	if (strcmp(condition, "not-acceptable") == 0 || strcmp(condition, "item-not-found") == 0)
		room_lose(room, "we fell out of the room and were not told");
}

static void ask(struct xmpp_room *room)
{
	struct xmpp *x = room->x;
	STRBUF_AUTO(self);

	strbuf_addf(&self, "%s/%s", room->jid, room->nick);
	room->checking = true;
	ask_take(x,
		 stanza_ping(x->link.ctx,
			     &(struct stanza_head){.from = x->cfg.bot_full, .to = self.buf}),
		 on_answer, room, NULL);
}

void check_rooms(struct xmpp *x, int64_t now)
{
	struct xmpp_room *room;
	unsigned n = 0;

	if (x->cfg.check_ms == 0)
		return;
	for (room = TAILQ_FIRST(&x->rooms); room; room = TAILQ_NEXT(room, link))
		n += room->checking;
	for (room = TAILQ_FIRST(&x->rooms); room && n < CHECKS_MAX; room = TAILQ_NEXT(room, link)) {
		if (room->state == ROOM_READY && !room->checking &&
		    now - room->heard >= x->cfg.check_ms) {
			ask(room);
			n++;
		}
	}
}
