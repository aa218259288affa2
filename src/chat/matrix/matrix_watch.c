/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Application service: notices that the homeserver went away, even for a moment while nothing was
 * asked of it. Synapse forgets what it has not pushed to us yet when it dies, though it told the
 * people that it was sent; so after each death we ask for what we missed (matrix_sync.c).
 *
 * We notice by a question that a living server leaves open: what is new for a user of ours who is in
 * no room. It costs nothing, and ends at once when the server does.
 *
 * Where to ask from moves on while all is well, a period late: what was said before the period began
 * has been pushed by its end.
 */
#include "base/json.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "chat/matrix/matrix_json.h"
#include "chat/matrix/matrix_sync.h"

#include <string.h>

#define WAIT_MS 50000 /* proxies cut off what takes a minute */
#define CALL_MS (WAIT_MS + 30000)
#define PERIOD_MS (10 * INT64_C(60000))
#define AGAIN_MS 1000

static void watch(struct mx_sync *sync);

static void user_of(const struct matrix *m, char user[MX_ID_MAX])
{
	(void)snprintf(user, MX_ID_MAX, "@%swatch:%s", m->cfg.prefix, m->cfg.server);
}

/* ---- moving on ------------------------------------------------------------------------------------ */

static void on_place(const struct mx_reply *reply, void *arg)
{
	struct mx_sync *sync = arg;
	const char *next = mx_str(reply->body, "next_batch");

	if (!sync->running)
		return;
	if (reply->outcome == MX_OK && next[0]) {
		if (sync->later)
			mx_sync_keep(sync, sync->later);
		free(sync->later);
		sync->later = xstrdup(next);
		sync->later_at = loop_monotonic(sync->m->host.loop);
	}
	watch(sync);
}

static void ask_place(struct mx_sync *sync)
{
	struct mx_call call = {.method = "GET", .probe = true};
	STRBUF_AUTO(path);

	mx_path(&path, "/_matrix/client/v3/sync?set_presence=offline&timeout=0&filter={}&since={}",
		MX_SYNC_NOTHING, sync->since);
	call.path = path.buf;
	mx_http_call(sync->m->http, &call, on_place, sync);
}

/* ---- watching --------------------------------------------------------------------------------------- */

static void go_on(struct mx_sync *sync)
{
	if (loop_monotonic(sync->m->host.loop) - sync->later_at < PERIOD_MS)
		watch(sync);
	else
		ask_place(sync);
}

static void on_end(const struct mx_reply *reply, void *arg)
{
	struct mx_sync *sync = arg;
	const char *next = mx_str(reply->body, "next_batch");
	bool first = sync->watched == NULL;

	if (!sync->running)
		return;
	free(sync->watched);
	sync->watched = NULL;
	if (reply->outcome == MX_OK && next[0]) {
		sync->watched = xstrdup(next);
		if (first)
			watch(sync);
		else
			mx_sync_after(sync, mx_sync_floor(sync, sync->watched_at), go_on);
	} else if (reply->outcome == MX_UNREACHABLE && !first) {
		log_info("matrix.server_away why=%s", log_quote(reply->error));
		sync->m->catching_up = true;
		mx_sync_after(sync, mx_sync_floor(sync, sync->asked_at), mx_sync_catch_up);
	} else {
		mx_sync_after(sync, AGAIN_MS, watch);
	}
}

static void watch(struct mx_sync *sync)
{
	struct mx_call call = {.method = "GET",
			       .probe = true,
			       .held = sync->watched != NULL,
			       .timeout_ms = CALL_MS};
	char user[MX_ID_MAX];
	STRBUF_AUTO(path);

	user_of(sync->m, user);
	mx_path(&path, "/_matrix/client/v3/sync?set_presence=offline&filter={}", MX_SYNC_NOTHING);
	strbuf_addf(&path, "&timeout=%d", sync->watched ? WAIT_MS : 0);
	if (sync->watched)
		mx_path(&path, "&since={}", sync->watched);
	call.path = path.buf;
	call.as = user;
	sync->watched_at = loop_monotonic(sync->m->host.loop);
	mx_http_call(sync->m->http, &call, on_end, sync);
}

static void on_registered(const struct mx_reply *reply, void *arg)
{
	struct mx_sync *sync = arg;

	if (reply->outcome != MX_OK && reply->outcome != MX_ALREADY)
		log_warn("matrix.no_watch why=%s", log_quote(reply->error));
	else if (sync->running)
		watch(sync);
}

void mx_watch_begin(struct mx_sync *sync)
{
	struct mx_call call = {.method = "POST", .path = "/_matrix/client/v3/register", .as = ""};
	STRBUF_AUTO(body);

	sync->later_at = loop_monotonic(sync->m->host.loop);
	strbuf_adds(&body, "{\"type\":\"m.login.application_service\",\"inhibit_login\":true,"
			   "\"username\":\"");
	json_escape(&body, sync->m->cfg.prefix);
	strbuf_adds(&body, "watch\"}");
	call.body = body.buf;
	mx_http_call(sync->m->http, &call, on_registered, sync);
}

void mx_watch_end(struct mx_sync *sync)
{
	free(sync->watched);
	free(sync->later);
	sync->watched = sync->later = NULL;
}
