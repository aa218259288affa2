/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * We ask the homeserver what is new, as any client does, and it answers when there is something.
 * https://spec.matrix.org/v1.15/client-server-api/#syncing
 * As an application service we ask once, for what it may not have pushed, and watch (matrix_watch.c).
 *
 * Where an answer ends is kept in the batch of what it told, and the next one is asked for after the
 * commit: so nothing is lost, and what comes twice is known by its event id. No callback comes after
 * mx_sync_stop(), because with it all calls are given up (mx_http_void()).
 */
#include "chat/matrix/matrix_sync.h"

#include "base/hmac.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "chat/matrix/matrix_json.h"

#include <inttypes.h>
#include <string.h>

#define WAIT_MS 30000         /* the server's, for something to happen */
#define CALL_MS (2 * WAIT_MS) /* ours, for its answer */
#define AGAIN_MS 1000         /* between questions without news; doubled with each failure ... */
#define AGAIN_DOUBLINGS 6     /* ... so often */
#define REFUSALS_MAX 3        /* then we say that we are down */
#define LIMIT 20
#define LIMIT_ONCE 100 /* for one answer that has to tell all */
#define TAG_DIGITS 8
#define PLACE "next_batch"
#define PLACE_MAX 2048 /* bytes of what is kept of it */

struct mx_keeping {
	struct mx_sync *sync; /* NULL: gone */
};

static void ask(struct mx_sync *sync);

static int usual_limit(const struct matrix *m)
{
	return m->cfg.appservice ? LIMIT_ONCE : LIMIT;
}

/* ---- how far we are ------------------------------------------------------------------------------ */

/* The place is good for one account on one server. */
static void add_tag(struct strbuf *out, const struct matrix *m)
{
	uint8_t digest[HASH_MAX];
	STRBUF_AUTO(whose);

	strbuf_addf(&whose, "%s %s", m->cfg.homeserver, m->cfg.bot);
	(void)hash_digest(HASH_SHA256, whose.buf, whose.len, digest);
	hex_encode(out, digest, TAG_DIGITS / 2);
}

static void set_since(struct mx_sync *sync, const char *since, int64_t at)
{
	char *copy = xstrdup(since);

	free(sync->since);
	sync->since = copy;
	sync->since_at = at;
}

/* "TAG TIME TOKEN" */
static void read_place(struct mx_sync *sync)
{
	char kept[PLACE_MAX];
	char *rest;
	STRBUF_AUTO(tag);

	set_since(sync, "", 0);
	bridge_chat_kept(sync->m->host.bridge, matrix_name, PLACE, kept, sizeof(kept));
	add_tag(&tag, sync->m);
	if (strncmp(kept, tag.buf, tag.len) == 0 && kept[tag.len] == ' ') {
		int64_t at = strtoll(kept + tag.len, &rest, 10);

		if (*rest == ' ' && rest[1])
			set_since(sync, rest + 1, at);
	}
	log_info("matrix.sync from=%s", sync->since[0] ? "where_we_were" : "now");
}

static int keep_place(struct mx_sync *sync, const char *place)
{
	STRBUF_AUTO(value);

	if (strcmp(place, sync->since) == 0)
		return 0;
	add_tag(&value, sync->m);
	strbuf_addf(&value, " %" PRId64 " %s", loop_now(sync->m->host.loop), place);
	return bridge_chat_keep(sync->m->host.bridge, matrix_name, PLACE, value.buf);
}

void mx_sync_keep(struct mx_sync *sync, const char *since)
{
	if (keep_place(sync, since) == 0)
		set_since(sync, since, loop_now(sync->m->host.loop));
}

/* ---- again --------------------------------------------------------------------------------------- */

static void on_again(void *arg)
{
	struct mx_sync *sync = arg;

	sync->again = NULL;
	sync->step(sync);
}

void mx_sync_after(struct mx_sync *sync, int64_t ms, mx_sync_step *step)
{
	sync->step = step;
	if (ms == 0)
		step(sync);
	else
		sync->again = loop_after(sync->m->host.loop, ms, on_again, sync);
}

int64_t mx_sync_floor(const struct mx_sync *sync, int64_t asked_at)
{
	int64_t over = loop_monotonic(sync->m->host.loop) - asked_at;

	return over < AGAIN_MS ? AGAIN_MS - over : 0;
}

static void forget_answer(struct mx_sync *sync)
{
	free(sync->next);
	sync->next = NULL;
	mx_gap_drop_all(sync);
}

void mx_sync_again(struct mx_sync *sync, const char *why)
{
	int64_t ms = (int64_t)AGAIN_MS << sync->failures;

	if (sync->failures < AGAIN_DOUBLINGS)
		sync->failures++;
	log_warn("matrix.sync_again why=%s in_ms=%" PRId64, log_quote(why), ms);
	forget_answer(sync);
	mx_sync_after(sync, ms, ask);
}

/* ---- an answer ------------------------------------------------------------------------------------ */

static void on_committed(bool committed, void *arg)
{
	struct mx_keeping *keeping = arg;
	struct mx_sync *sync = keeping->sync;
	bool idle;

	free(keeping);
	if (!sync)
		return;
	sync->keeping = NULL;
	if (!committed) {
		mx_sync_again(sync, "not stored");
		return;
	}
	idle = sync->since[0] && (!sync->news || strcmp(sync->since, sync->next) == 0);
	set_since(sync, sync->next, loop_now(sync->m->host.loop));
	sync->anew = false;
	sync->failures = 0;
	sync->limit = usual_limit(sync->m);
	forget_answer(sync);
	sync->m->catching_up = false;
	if (sync->m->cfg.appservice) {
		mx_as_caught_up(sync->m->as);
		mx_watch_begin(sync);
		return;
	}
	/* A server that has nothing to tell and does not wait must not be asked all the time. */
	mx_sync_after(sync, idle ? mx_sync_floor(sync, sync->asked_at) : 0, ask);
}

void mx_sync_told(struct mx_sync *sync)
{
	if (keep_place(sync, sync->next) < 0) {
		mx_sync_again(sync, "not stored");
		return;
	}
	sync->keeping = xmalloc(sizeof(*sync->keeping));
	sync->keeping->sync = sync;
	bridge_after_commit(sync->m->host.bridge, on_committed, sync->keeping);
}

/* Nobody says how long a server knows where we were. */
static bool is_since_refused(const struct mx_sync *sync, const struct mx_reply *reply)
{
	return sync->since[0] && reply->status == 400 &&
	       (strcmp(reply->errcode, "M_UNKNOWN") == 0 ||
		strcmp(reply->errcode, "M_INVALID_PARAM") == 0 ||
		strcmp(reply->errcode, "M_UNKNOWN_POS") == 0);
}

static void on_refused(struct mx_sync *sync, const struct mx_reply *reply)
{
	if (is_since_refused(sync, reply)) {
		log_warn("matrix.sync_anew why=%s", log_quote(reply->error));
		sync->anew = !sync->m->cfg.appservice; /* most of it was pushed */
		set_since(sync, "", sync->since_at);
		ask(sync);
		return;
	}
	if (reply->status == 0 && sync->limit > 1)
		sync->limit = 1; /* it may have been too long to be read */
	else if (sync->failures >= REFUSALS_MAX) {
		mx_life_down(sync->m, reply->error, false);
		return;
	}
	mx_sync_again(sync, reply->error);
}

static void on_answer(const struct mx_reply *reply, void *arg)
{
	struct mx_sync *sync = arg;
	const char *next = mx_str(reply->body, "next_batch");

	if (!sync->running)
		return;
	if (reply->outcome != MX_OK) {
		on_refused(sync, reply);
		return;
	}
	if (!next[0] || strlen(next) > PLACE_MAX / 2) {
		mx_sync_again(sync, "the answer does not say where it ends");
		return;
	}
	sync->next = xstrdup(next);
	sync->news = false;
	if (mx_news_tell(sync, reply->body) < 0)
		mx_sync_again(sync, "not stored");
	else
		mx_gap_next(sync);
}

/* The filter goes with each question: one that is kept on the server can be lost there. */
static void add_filter(struct strbuf *out, int limit)
{
	strbuf_addf(
		out,
		"{\"presence\":{\"not_types\":[\"*\"]},\"account_data\":{\"not_types\":[\"*\"]},"
		"\"room\":{\"account_data\":{\"not_types\":[\"*\"]},"
		"\"ephemeral\":{\"not_types\":[\"*\"]},"
		"\"state\":{\"lazy_load_members\":true,\"types\":[\"m.room.member\","
		"\"m.room.tombstone\",\"m.room.encryption\"]},"
		"\"timeline\":{\"limit\":%d,\"lazy_load_members\":true}}}",
		limit);
}

static void ask(struct mx_sync *sync)
{
	bool held = sync->since[0] && !sync->m->cfg.appservice;
	struct mx_call call = {
		.method = "GET",
		.limit = MX_LIMIT_NONE,
		.held = held,
		.news = true,
		.timeout_ms = CALL_MS,
	};
	STRBUF_AUTO(filter);
	STRBUF_AUTO(path);

	/* Of the first answer of all only invitations count, which are pushed to a service. */
	if (sync->m->cfg.appservice && !sync->since[0])
		strbuf_adds(&filter, MX_SYNC_NOTHING);
	else
		add_filter(&filter, sync->since[0] || sync->anew ? sync->limit : 1);
	mx_path(&path, "/_matrix/client/v3/sync?set_presence=offline&filter={}", filter.buf);
	strbuf_addf(&path, "&timeout=%d", held ? WAIT_MS : 0);
	if (sync->since[0])
		mx_path(&path, "&since={}", sync->since);
	call.path = path.buf;
	sync->asked_at = loop_monotonic(sync->m->host.loop);
	mx_http_call(sync->m->http, &call, on_answer, sync);
}

/* ---- life ----------------------------------------------------------------------------------------- */

struct mx_sync *mx_sync_new(struct matrix *m)
{
	struct mx_sync *sync = xcalloc(1, sizeof(*sync));

	sync->m = m;
	sync->since = xstrdup("");
	sync->limit = usual_limit(sync->m);
	STAILQ_INIT(&sync->gaps);
	return sync;
}

void mx_sync_start(struct mx_sync *sync)
{
	sync->running = true;
	sync->failures = 0;
	sync->anew = false;
	read_place(sync);
	mx_sync_catch_up(sync);
}

void mx_sync_catch_up(struct mx_sync *sync)
{
	mx_watch_end(sync);
	sync->m->catching_up = sync->m->cfg.appservice;
	ask(sync);
}

void mx_sync_stop(struct mx_sync *sync)
{
	sync->running = false;
	loop_cancel(sync->again);
	sync->again = NULL;
	if (sync->keeping)
		sync->keeping->sync = NULL;
	sync->keeping = NULL;
	mx_watch_end(sync);
	sync->m->catching_up = false;
	forget_answer(sync);
}

void mx_sync_free(struct mx_sync *sync)
{
	if (!sync)
		return;
	mx_sync_stop(sync);
	free(sync->since);
	free(sync);
}
