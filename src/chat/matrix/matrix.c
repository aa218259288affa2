/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Matrix: an application service with a ghost for each contact, or, for servers whose admin does
 * not help, a bot like any user. Both speak the client-server API; they differ in how events come
 * in, and in who speaks for a contact.
 * https://spec.matrix.org/v1.15/application-service-api/
 *
 * There is no archive of a room to be read: the homeserver repeats a transaction until we say that
 * it is stored (as a bot: we ask from where we were), so a room whose id is known is ready at once,
 * and looked at only when something is to be said in it.
 */
#include "base/xalloc.h"
#include "chat/chat.h"
#include "chat/matrix/matrix_priv.h"

const char matrix_name[] = "matrix";

/* ---- life ------------------------------------------------------------------------------------- */

static void on_down(const char *why, void *arg)
{
	mx_life_down(arg, why, false);
}

static void on_token_refused(const struct mx_reply *reply, void *arg)
{
	mx_life_token_refused(arg, reply);
}

static void *create(const struct chat_host *host, const struct settings *set, struct error *err)
{
	struct matrix *m = xcalloc(1, sizeof(*m));
	struct mx_http_events events = {on_down, on_token_refused, m};

	if (mx_config_read(&m->cfg, set, err) < 0) {
		free(m);
		return NULL;
	}
	m->host = *host;
	TAILQ_INIT(&m->rooms);
	TAILQ_INIT(&m->places);
	STAILQ_INIT(&m->due);
	STAILQ_INIT(&m->shown);
	m->http = mx_http_new(host->loop, host->client, m->cfg.homeserver,
			      m->cfg.appservice ? m->cfg.as_token : m->cfg.access_token, MX_DEVICE,
			      &events);
	if (m->cfg.appservice) {
		mx_http_set_bot(m->http, m->cfg.bot);
		m->as = mx_as_new(m);
	}
	m->sync = mx_sync_new(m);
	m->recent = mx_recent_new();
	return m;
}

static int start(void *self, struct error *err)
{
	(void)err;
	mx_life_start(self);
	return 0;
}

static void stop(void *self)
{
	mx_life_stop(self);
}

static void destroy(void *self)
{
	struct matrix *m = self;

	loop_cancel(m->retry);
	mx_done_forget(m);
	mx_place_free_all(m);
	mx_room_free_all(m);
	mx_people_release(&m->organizers);
	mx_people_release(&m->inbox);
	mx_recent_free(m->recent);
	mx_as_free(m->as);
	mx_sync_free(m->sync);
	mx_http_free(m->http);
	mx_config_release(&m->cfg);
	free(m);
}

/* ---- calls of the bridge ---------------------------------------------------------------------- */

static void open_place(void *self, const struct chat_place *place)
{
	mx_place_open(self, place);
}

static void update_place(void *self, const struct chat_place *place)
{
	mx_place_update(self, place);
}

static void close_place(void *self, const struct chat_place *place)
{
	mx_place_update(self, place); /* it says itself that nobody is to be asked in */
}

static void say(void *self, const struct chat_say *call)
{
	mx_say(self, call);
}

static void mark(void *self, const struct chat_mark_call *call)
{
	mx_mark(self, call);
}

static void locate(void *self, const char *reference, struct http_fetch_order *order)
{
	mx_file_locate(self, reference, order);
}

static void describe(void *self, char *out, size_t size)
{
	mx_life_describe(self, out, size);
}

const struct chat_network chat_matrix = {
	.name = matrix_name,
	.caps = CHAT_CAP_REACTIONS | CHAT_CAP_GHOSTS | CHAT_CAP_EDITS | CHAT_CAP_REDELIVERS |
		CHAT_CAP_FILES,
	.encrypted =
		"Write where it is not encrypted: in one of my own rooms, or in a chat with me "
		"that you begin without encryption.",
	.link_before = "https://matrix.to/#/",
	.link_after = "",
	.somebody = "@olga:example.org",
	.is_user = mx_is_user,
	.settings = mx_settings,
	.create = create,
	.start = start,
	.stop = stop,
	.destroy = destroy,
	.open_place = open_place,
	.update_place = update_place,
	.close_place = close_place,
	.say = say,
	.mark = mark,
	.locate = locate,
	.describe = describe,
};
