/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * SIGHUP: the file is read and checked as at the start, and all of it refused when anything in it
 * is wrong. Then texts, team, policy, log level, rates and the providers' keys are taken over; what
 * else differs is named in the log and waits for a restart.
 */
#include "app/app_priv.h"

#include "base/log.h"
#include "base/strbuf.h"

#include <string.h>

static void log_differences(const struct config *boot, const struct config *fresh)
{
	STRBUF_AUTO(lines);
	char *rest;

	config_diff(boot, fresh, &lines);
	rest = lines.buf;
	for (char *line = strsep(&rest, "\n"); line && *line; line = strsep(&rest, "\n"))
		log_warn("app.restart_needed what=%s", log_quote(line));
}

static void log_refusal(struct strbuf *faults)
{
	char *rest = faults->buf;

	for (char *line = strsep(&rest, "\n"); line && *line; line = strsep(&rest, "\n"))
		log_error("app.reload_refused why=%s", log_quote(line));
}

void app_reload(void *arg)
{
	struct app *app = arg;
	struct config *old = app->live;
	struct config *fresh;
	STRBUF_AUTO(faults);
	STRBUF_AUTO(changes);

	if (app->stopping)
		return;
	if (config_load_or_list(app->boot->path, &fresh, &faults) < 0) {
		log_refusal(&faults);
		return;
	}
	log_differences(app->boot, fresh);
	app_take_log_level(fresh);
	app_log_warnings(fresh);
	config_changes(old, fresh, &changes);
	config_take_over(app->boot, fresh);
	config_bridge_options(app->boot, fresh, &app->options);
	bridge_reload(app->bridge, &app->options);
	app->live = fresh;
	if (old != app->boot)
		config_free(old);
	log_info("app.reloaded changed=%s", log_quote(changes.len ? changes.buf : "nothing"));
}
