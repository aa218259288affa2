/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Questions (iq of type get or set) and what becomes of them: an answer, or a timeout. Own code
 * instead of the library's id handlers, which stay for ever when no answer comes and do not look at
 * who answers: an answer counts only when it comes from whom we asked.
 */
#include "base/xalloc.h"
#include "chat/xmpp/xmpp_priv.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct ask {
	TAILQ_ENTRY(ask) link;
	char id[XMPP_ID_MAX];
	char *to;
	int64_t deadline; /* all wait equally long, so the list is in this order */
	ask_fn *fn;
	struct xmpp_room *room;
	char *note;
};

void xmpp_new_id(struct xmpp *x, char out[XMPP_ID_MAX])
{
	(void)snprintf(out, XMPP_ID_MAX, "q%s-%u", x->epoch, ++x->serial);
}

static void ask_free(struct ask *ask)
{
	free(ask->to);
	free(ask->note);
	free(ask);
}

void ask_take(struct xmpp *x, xmpp_stanza_t *iq, ask_fn *fn, struct xmpp_room *room,
	      const char *note)
{
	struct ask *ask = xcalloc(1, sizeof(*ask));

	xmpp_new_id(x, ask->id);
	ask->to = xstrdup(read_attr(iq, "to"));
	ask->deadline = loop_monotonic(x->loop) + XMPP_ANSWER_MS;
	ask->fn = fn;
	ask->room = room;
	ask->note = xstrdup_null(note);
	TAILQ_INSERT_TAIL(&x->asks, ask, link);
	(void)xmpp_stanza_set_id(iq, ask->id);
	link_send_take(x, iq);
	link_hurry(x);
}

/* Out of the list first: what is called may ask, and may forget. */
static void ask_end(struct xmpp *x, struct ask *ask, xmpp_stanza_t *reply)
{
	TAILQ_REMOVE(&x->asks, ask, link);
	ask->fn(x, ask->room, ask->note, reply);
	ask_free(ask);
}

bool ask_answered(struct xmpp *x, xmpp_stanza_t *reply)
{
	const char *id = read_attr(reply, "id");
	struct ask *ask;

	for (ask = TAILQ_FIRST(&x->asks); ask; ask = TAILQ_NEXT(ask, link))
		if (strcmp(ask->id, id) == 0)
			break;
	if (!ask || strcasecmp(ask->to, read_attr(reply, "from")) != 0)
		return false;
	ask_end(x, ask, reply);
	return true;
}

void ask_expire(struct xmpp *x, int64_t now)
{
	struct ask *ask;

	while ((ask = TAILQ_FIRST(&x->asks)) && ask->deadline <= now)
		ask_end(x, ask, NULL);
}

void ask_forget(struct xmpp *x, const struct xmpp_room *room)
{
	struct ask *ask = TAILQ_FIRST(&x->asks);

	while (ask) {
		struct ask *next = TAILQ_NEXT(ask, link);

		if (ask->room == room) {
			TAILQ_REMOVE(&x->asks, ask, link);
			ask_free(ask);
		}
		ask = next;
	}
}

void ask_forget_all(struct xmpp *x)
{
	struct ask *ask;

	while ((ask = TAILQ_FIRST(&x->asks))) {
		TAILQ_REMOVE(&x->asks, ask, link);
		ask_free(ask);
	}
}
