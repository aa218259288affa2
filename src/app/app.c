/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The daemon's life: start in the order in which the parts need each other, run, and go down so
 * that nothing that was promised is lost.
 *
 * Down is: no new sends, what is in flight may end (10 s), the networks say goodbye, commit, close.
 * A second signal does not wait; whatever was in flight then is found as UNKNOWN at the next start.
 */
#include "app/app.h"

#include "app/app_priv.h"
#include "app/cli.h"
#include "app/notify.h"
#include "app/tzdata.h"
#include "base/json.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "base/xalloc.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define STOP_PATIENCE_MS 10000
#define GOODBYE_TICK_MS 50
#define GOODBYE_TICKS 40
#define DAY_MS INT64_C(86400000)
/* Providers repeat a hook for two days at most; a server's archive may be read weeks later. */
#define DEDUPE_DAYS 90
#define FDS_MAX 1024 /* libstrophe watches with select() and aborts above */

/* ---- the process ------------------------------------------------------------------------------ */

static void prepare_process(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct rlimit files;

	(void)sigaction(SIGPIPE, &ignore, NULL);
	/* A file that may not grow is an error like a full disk, and no reason to die. */
	(void)sigaction(SIGXFSZ, &ignore, NULL);
	/* Until there is something to reload; the configuration is being read anyway. */
	(void)sigaction(SIGHUP, &ignore, NULL);
	(void)umask(077);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur > FDS_MAX) {
		files.rlim_cur = FDS_MAX;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

void app_take_log_level(const struct config *config)
{
	enum log_level level = LOG_INFO;

	(void)log_parse_level(settings_text(config->sections[SECTION_LOG], "level"), &level);
	log_set_level(level);
}

void app_log_warnings(const struct config *config)
{
	STRBUF_AUTO(warnings);
	char *rest;

	config_warn(config, &warnings);
	rest = warnings.buf;
	for (char *line = strsep(&rest, "\n"); line && *line; line = strsep(&rest, "\n"))
		log_warn("config.warning text=%s", log_quote(line));
}

/* ---- commits and housekeeping ----------------------------------------------------------------- */

static void commit(void *arg)
{
	struct app *app = arg;

	store_commit(app->store);
}

/* The steps of one turn of the loop are made durable with one sync. */
static void on_batch(void *arg)
{
	struct app *app = arg;

	loop_defer(app->loop, commit, app);
}

static int prune_step(struct app *app, struct error *err)
{
	int rc;

	if (store_step_begin(app->store, err) < 0)
		return -1;
	rc = store_prune(app->store, loop_now(app->loop) - DEDUPE_DAYS * DAY_MS, err);
	if (rc < 0) {
		(void)store_step_end(app->store, false, NULL);
		return -1;
	}
	return store_step_end(app->store, true, err);
}

static void prune(void *arg)
{
	struct app *app = arg;
	struct error err = {0};

	if (prune_step(app, &err) < 0)
		log_error("store.not_pruned why=%s", log_quote(err.text));
	app->prune_timer = loop_after(app->loop, DAY_MS, prune, app);
}

/* ---- health ----------------------------------------------------------------------------------- */

static void add_network_health(struct app *app, const struct app_network *network,
			       struct strbuf *body)
{
	char state[200] = "";

	network->network->describe(network->self, state, sizeof(state));
	strbuf_addf(body, "{\"name\":\"%s\",\"up\":%s,\"state\":", network->network->name,
		    bridge_network_is_up(app->bridge, network->network->name) ? "true" : "false");
	json_add_text(body, state);
	strbuf_addc(body, '}');
}

static void on_health(struct http_exchange *exchange, const struct http_request *request, void *arg)
{
	struct app *app = arg;
	struct error err = {0};
	char paused[8];
	bool store_ok = store_get_value(app->store, "paused", paused, sizeof(paused), &err) == 0;
	int up = bridge_networks_up(app->bridge);
	bool ok = store_ok && up > 0;
	STRBUF_AUTO(body);

	(void)request;
	strbuf_addf(&body, "{\"status\":\"%s\",\"store\":%s,\"networks_up\":%d,\"networks\":[",
		    ok ? "ok" : "failing", store_ok ? "true" : "false", up);
	for (size_t i = 0; i < app->network_n; i++) {
		if (i > 0)
			strbuf_addc(&body, ',');
		add_network_health(app, &app->networks[i], &body);
	}
	strbuf_addf(&body, "],\"paused\":%s}\n", bridge_is_paused(app->bridge) ? "true" : "false");
	http_reply(exchange, ok ? 200 : 503, "application/json", body.buf, body.len);
}

/* ---- down ------------------------------------------------------------------------------------- */

static void wait_for_goodbye(void *arg)
{
	struct app *app = arg;

	app->stop_timer = NULL;
	if (bridge_networks_up(app->bridge) == 0 || app->goodbye_ticks++ >= GOODBYE_TICKS) {
		loop_stop(app->loop);
		return;
	}
	app->stop_timer = loop_after(app->loop, GOODBYE_TICK_MS, wait_for_goodbye, app);
}

static void on_bridge_stopped(void *arg)
{
	struct app *app = arg;

	for (size_t i = 0; i < app->network_n; i++)
		app->networks[i].network->stop(app->networks[i].self);
	wait_for_goodbye(app);
}

static void on_stop_signal(void *arg)
{
	struct app *app = arg;

	if (app->stopping) {
		log_warn("app.stopping_at_once");
		app->exit_code = EXIT_OTHER;
		loop_stop(app->loop);
		return;
	}
	app->stopping = true;
	log_info("app.stopping");
	notify_send("STOPPING=1");
	bridge_stop(app->bridge, STOP_PATIENCE_MS, on_bridge_stopped, app);
}

/* Nothing is lost by trying again later, but nobody would see why nothing works. */
static void on_broken(const char *network, enum chat_broken what, const char *why, void *arg)
{
	struct app *app = arg;
	struct error err;

	if (app->stopping)
		return;
	(void)error_set(&err, ERR_CONFIG, "%s: %s", network, why);
	app->exit_code = cli_fail(cli_code_of(what), &err);
	log_error("app.broken network=%s code=%d", network, app->exit_code);
	on_stop_signal(app);
}

static void app_release(struct app *app)
{
	loop_cancel(app->stop_timer);
	loop_cancel(app->prune_timer);
	if (app->store)
		store_commit(app->store);
	for (size_t i = 0; i < app->network_n; i++)
		app->networks[i].network->destroy(app->networks[i].self);
	free(app->networks);
	http_client_free(app->client);
	sandbox_phones_free(app->sandbox);
	media_door_free(app->media);
	http_server_free(app->server);
	webhook_free(app->webhook);
	bridge_free(app->bridge);
	store_close(app->store);
	loop_free(app->loop);
	if (app->live != app->boot)
		config_free(app->live);
	config_free(app->boot);
}

/* ---- up --------------------------------------------------------------------------------------- */

static int open_store(struct app *app, struct error *err)
{
	AUTO_FREE char *path = config_store_path(app->boot);

	if (store_open(path, &app->store, err) < 0)
		return err->kind == ERR_BUSY ? EXIT_RUNNING : EXIT_DATABASE;
	store_on_batch(app->store, on_batch, app);
	return EXIT_OK;
}

static int make_networks(struct app *app, struct error *err)
{
	struct chat_host host = {app->bridge, app->loop, app->client, app->server};

	app->networks = xcalloc(app->boot->network_n, sizeof(*app->networks));
	for (size_t i = 0; i < app->boot->network_n; i++) {
		const struct config_network *from = &app->boot->networks[i];
		void *self = from->network->create(&host, from->set, err);

		if (!self)
			return EXIT_CONFIG;
		app->networks[app->network_n++] = (struct app_network){from->network, self};
		bridge_add_network(app->bridge, from->network, self);
	}
	return EXIT_OK;
}

static void make_parts(struct app *app)
{
	const struct config *config = app->boot;

	app->server = http_server_new(app->loop);
	app->client = http_client_new(app->loop, app->server);
	config_bridge_options(config, config, &app->options);
	app->bridge = bridge_new(app->loop, app->store, app->client, &app->options);
	bridge_on_broken(app->bridge, on_broken, app);
	app->webhook = webhook_new(app->loop, app->store, app->bridge,
				   settings_text(config->sections[SECTION_HTTP], "hook_secret"),
				   config->accounts, config->account_n);
	webhook_mount(app->webhook, app->server);
	app->media = media_door_new(app->loop, app->server, app->bridge);
	http_server_route(app->server, "/health", on_health, app);
	app->sandbox = sandbox_phones_new(
		app->loop, app->server, app->client, config->senders, config->sender_n,
		settings_text(config->sections[SECTION_HTTP], "public_url"));
}

static int start_parts(struct app *app, struct error *err)
{
	const char *listen = settings_text(app->boot->sections[SECTION_HTTP], "listen");
	struct error why;

	if (http_server_listen(app->server, listen, &why) < 0) {
		(void)error_set(err, why.kind,
				"%.200s; stop what uses the port, or change http.listen", why.text);
		return EXIT_NETWORK;
	}
	if (bridge_start(app->bridge, err) < 0)
		return EXIT_DATABASE;
	for (size_t i = 0; i < app->network_n; i++) {
		if (app->networks[i].network->start(app->networks[i].self, err) < 0)
			return EXIT_NETWORK;
	}
	(void)loop_on_signal(app->loop, SIGTERM, on_stop_signal, app);
	(void)loop_on_signal(app->loop, SIGINT, on_stop_signal, app);
	(void)loop_on_signal(app->loop, SIGHUP, app_reload, app);
	prune(app);
	log_info("app.started version=%s listen=%s senders=%zu", ROOMLINE_VERSION, listen,
		 app->boot->sender_n);
	notify_send("READY=1");
	return EXIT_OK;
}

static int start(struct app *app, struct error *err)
{
	char version[16];
	struct error old;
	int code;

	app->live = app->boot;
	app_take_log_level(app->boot);
	app_log_warnings(app->boot);
	if (tzdata_check(TZDATA_FOLDER, version, sizeof(version), &old) < 0)
		log_warn("tzdata.old why=%s", log_quote(old.text));
	app->loop = loop_new();
	code = open_store(app, err);
	if (code != EXIT_OK)
		return code;
	make_parts(app);
	code = make_networks(app, err);
	return code == EXIT_OK ? start_parts(app, err) : code;
}

int app_run(const char *config_path)
{
	struct app app = {.exit_code = EXIT_OK};
	struct error err = {0};
	int code;

	prepare_process();
	code = cli_load(config_path, &app.boot);
	if (code != EXIT_OK)
		return code;
	code = start(&app, &err);
	if (code == EXIT_OK) {
		loop_run(app.loop);
		code = app.exit_code;
		log_info("app.stopped");
	} else {
		(void)cli_fail(code, &err);
	}
	app_release(&app);
	return code;
}
