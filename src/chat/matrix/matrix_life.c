/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Up and down again. When anything stands in the way all begins anew after a pause, which grows; what
 * an admin must mend is asked for less often. Down, everything is given up: the bridge asks again.
 */
#include "base/hmac.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "chat/matrix/matrix_priv.h"

#include <inttypes.h>

#define RETRY_MAX_MS 60000
#define EPOCH_DIGITS 8

static void life_set(struct matrix *m, enum mx_life life)
{
	m->life = life;
	m->since = loop_monotonic(m->host.loop);
}

/* ---- up ------------------------------------------------------------------------------------------- */

/* Of this database: what another one sent under the same numbers is not taken for ours. */
static int epoch_ensure(struct matrix *m)
{
	bridge_chat_kept(m->host.bridge, matrix_name, "epoch", m->epoch, sizeof(m->epoch));
	if (m->epoch[0])
		return 0;
	random_token(m->epoch, EPOCH_DIGITS);
	return bridge_chat_keep(m->host.bridge, matrix_name, "epoch", m->epoch);
}

void mx_life_up(struct matrix *m)
{
	if (epoch_ensure(m) < 0) {
		mx_life_down(m, "the database cannot be written", false);
		return;
	}
	mx_organizers_load(m);
	life_set(m, MX_UP);
	m->been_up = true;
	m->failures = 0;
	log_info("matrix.up homeserver=%s user=%s", log_quote(m->cfg.homeserver),
		 log_quote(m->cfg.bot));
	mx_sync_start(m->sync);
	bridge_chat_up(m->host.bridge, matrix_name);
}

static void begin(void *arg)
{
	struct matrix *m = arg;

	m->retry = NULL;
	life_set(m, MX_STARTING);
	mx_way_begin(m);
}

void mx_life_start(struct matrix *m)
{
	begin(m);
}

/* ---- down ---------------------------------------------------------------------------------------- */

static void give_up(struct matrix *m)
{
	mx_done_tell(m);
	mx_http_void(m->http);
	mx_sync_stop(m->sync);
	mx_place_free_all(m);
	mx_room_free_all(m);
	mx_people_release(&m->organizers);
	loop_cancel(m->retry);
	m->retry = NULL;
}

void mx_life_down(struct matrix *m, const char *why, bool broken)
{
	int64_t pause = RETRY_MAX_MS;

	if (m->life != MX_STARTING && m->life != MX_UP)
		return;
	for (unsigned i = m->failures; !broken && i < 6; i++)
		pause /= 2;
	m->failures += m->failures < 6;
	(void)STR_COPY(m->why, why);
	give_up(m);
	log_warn("matrix.down why=%s retry_ms=%" PRId64, log_quote(m->why), pause);
	life_set(m, broken ? MX_BROKEN : MX_WAITING);
	m->retry_at = m->since + pause;
	m->retry = loop_after(m->host.loop, pause, begin, m);
	bridge_chat_down(m->host.bridge, matrix_name, m->why);
}

void mx_life_token_refused(struct matrix *m, const struct mx_reply *reply)
{
	/* On the way up the step says what it means. */
	if (m->life == MX_UP)
		mx_life_down(m, reply->error, false);
}

void mx_life_stop(struct matrix *m)
{
	if (m->life == MX_OFF)
		return;
	give_up(m);
	life_set(m, MX_OFF);
	bridge_chat_down(m->host.bridge, matrix_name, "stopped");
}

void mx_life_heard(struct matrix *m)
{
	if (m->life != MX_WAITING && m->life != MX_BROKEN)
		return;
	loop_cancel(m->retry);
	begin(m);
}

/* ---- for showing ----------------------------------------------------------------------------------- */

void mx_life_describe(const struct matrix *m, char *out, size_t size)
{
	int64_t left = m->retry_at - loop_monotonic(m->host.loop);
	int64_t paused = mx_http_paused_ms(m->http);
	STRBUF_AUTO(text);

	switch (m->life) {
	case MX_OFF:
		strbuf_adds(&text, "off");
		break;
	case MX_STARTING:
		strbuf_addf(&text, "connecting to %s", m->cfg.homeserver);
		break;
	case MX_UP:
		strbuf_addf(&text, "connected to %s as %s", m->cfg.homeserver, m->cfg.bot);
		if (paused > 0)
			strbuf_addf(&text, ", which makes us wait for %" PRId64 " s",
				    paused / 1000 + 1);
		break;
	case MX_WAITING:
	case MX_BROKEN:
		strbuf_addf(&text, "not connected: %s; next try in %" PRId64 " s", m->why,
			    left > 0 ? left / 1000 : 0);
		break;
	}
	(void)str_copy(out, size, text.buf);
}
