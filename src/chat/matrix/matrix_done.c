/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Telling the bridge what was shown. Each time it writes that to the disk, and a homeserver on the
 * same disk waits meanwhile; so while much is under way it is told in company. What we die with
 * untold is said again under the same transaction id.
 */
#include "base/xalloc.h"
#include "chat/matrix/matrix_priv.h"

#define BUSY_CALLS 4 /* open, from which on it is worth the wait */
#define WAIT_MS 50

struct mx_shown {
	STAILQ_ENTRY(mx_shown) link;
	struct relay_id id;
	char event[EVENT_ID_MAX];
};

static void empty(struct matrix *m, bool tell)
{
	struct mx_shown *shown;

	loop_cancel(m->telling);
	m->telling = NULL;
	while ((shown = STAILQ_FIRST(&m->shown))) {
		STAILQ_REMOVE_HEAD(&m->shown, link);
		if (tell)
			bridge_relay_done(m->host.bridge, matrix_name, shown->id, shown->event);
		free(shown);
	}
}

void mx_done_tell(struct matrix *m)
{
	empty(m, true);
}

void mx_done_forget(struct matrix *m)
{
	empty(m, false);
}

static void on_time(void *arg)
{
	struct matrix *m = arg;

	m->telling = NULL;
	mx_done_tell(m);
}

void mx_done(struct matrix *m, struct relay_id id, const char *event_id)
{
	struct mx_shown *shown = xcalloc(1, sizeof(*shown));

	shown->id = id;
	(void)STR_COPY(shown->event, event_id);
	STAILQ_INSERT_TAIL(&m->shown, shown, link);
	if (mx_http_open_calls(m->http) < BUSY_CALLS)
		mx_done_tell(m);
	else if (!m->telling)
		m->telling = loop_after(m->host.loop, WAIT_MS, on_time, m);
}
