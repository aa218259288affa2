/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * `roomline check`: everything that can be asked before the daemon runs, or while it does. Nothing
 * is changed and nothing is sent: a connection is made and closed again, a port is taken and given
 * back.
 */
#include "app/cli.h"

#include "app/config.h"
#include "app/probe.h"
#include "app/tzdata.h"
#include "base/json.h"
#include "base/os_error.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "roomline/http.h"
#include "roomline/loop.h"
#include "roomline/store.h"

#include <errno.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROBE_TIMEOUT_MS 5000

enum verdict { CHECK_OK, CHECK_WARN, CHECK_FAIL };

struct report {
	int code; /* of the first FAIL */
};

__attribute__((format(printf, 4, 5))) static void say(struct report *report, enum verdict verdict,
						      int code, const char *fmt, ...)
{
	static const char *const words[] = {"ok  ", "warn", "FAIL"};
	va_list ap;

	(void)printf("%s ", words[verdict]);
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	(void)printf("\n");
	if (verdict == CHECK_FAIL && report->code == EXIT_OK)
		report->code = code;
}

/* ---- on this machine -------------------------------------------------------------------------- */

static void check_warnings(struct report *report, const struct config *config)
{
	STRBUF_AUTO(lines);
	char *rest;

	config_warn(config, &lines);
	rest = lines.buf;
	for (char *line = strsep(&rest, "\n"); line && *line; line = strsep(&rest, "\n"))
		say(report, CHECK_WARN, EXIT_OK, "%s", line);
}

static void check_tzdata(struct report *report)
{
	char version[16];
	struct error err;

	if (tzdata_check(TZDATA_FOLDER, version, sizeof(version), &err) == 0)
		say(report, CHECK_OK, EXIT_OK, "time zones: tzdata %s", version);
	else
		say(report, CHECK_WARN, EXIT_OK, "time zones: %s", err.text);
}

static void check_new_database(struct report *report, const char *path)
{
	AUTO_FREE char *copy = xstrdup(path);
	const char *folder = dirname(copy);

	if (access(folder, W_OK | X_OK) == 0)
		say(report, CHECK_OK, EXIT_OK, "database: %s will be made at the first start",
		    path);
	else
		say(report, CHECK_FAIL, EXIT_DATABASE,
		    "database: cannot write in %s (%s); make the folder and give it to the user "
		    "Roomline runs as",
		    folder, os_error(errno));
}

static void check_database(struct report *report, const char *path)
{
	struct error err;

	if (access(path, F_OK) != 0 && errno == ENOENT)
		check_new_database(report, path);
	else if (store_check(path, &err) < 0)
		say(report, CHECK_FAIL, EXIT_DATABASE, "database: %s", err.text);
	else
		say(report, CHECK_OK, EXIT_OK, "database: %s (version %d)", path,
		    store_schema_version());
}

/* ---- the port, and the daemon behind it ------------------------------------------------------- */

struct asking {
	struct loop *loop;
	struct cJSON *health; /* of a Roomline, NULL when there is none */
};

static void on_answer(const struct http_answer *answer, void *arg)
{
	struct asking *asking = arg;
	STRBUF_AUTO(text);

	if (answer->fate == HTTP_ANSWERED)
		asking->health =
			json_parse(answer->body, strlen(answer->body), JSON_DEPTH_MAX, NULL);
	if (!json_text(asking->health, "networks_up", &text))
		json_auto_free(&asking->health);
	loop_stop(asking->loop);
}

static struct cJSON *ask_health(struct loop *loop, const char *listen)
{
	struct asking asking = {.loop = loop};
	struct http_call call = {.method = "GET", .timeout_ms = PROBE_TIMEOUT_MS};
	struct http_client *client = http_client_new(loop, NULL);
	STRBUF_AUTO(url);

	strbuf_adds(&url, "http://");
	cli_own_address(listen, &url);
	strbuf_adds(&url, "/health");
	call.url = strbuf_detach(&url, NULL);
	http_client_start(client, &call, on_answer, &asking);
	loop_run(loop);
	http_client_free(client);
	return asking.health;
}

/* Gives what the daemon there says of itself, NULL when there is none. */
static struct cJSON *check_port(struct report *report, const struct config *config)
{
	const char *listen = settings_text(config->sections[SECTION_HTTP], "listen");
	struct loop *loop = loop_new();
	struct http_server *server = http_server_new(loop);
	struct cJSON *health = NULL;
	struct error err;
	int rc = http_server_listen(server, listen, &err);

	http_server_free(server);
	if (rc < 0)
		health = ask_health(loop, listen);
	if (rc == 0)
		say(report, CHECK_OK, EXIT_OK, "port: %s is free", listen);
	else if (health)
		say(report, CHECK_OK, EXIT_OK, "port: a Roomline is running on %s", listen);
	else
		say(report, CHECK_FAIL, EXIT_NETWORK,
		    "port: %s; stop what uses it, or change http.listen", err.text);
	loop_free(loop);
	return health;
}

/* ---- others ----------------------------------------------------------------------------------- */

/* How a chat server is tried: by a connection of ours, which is closed again. */
static const struct {
	const char *network;
	probe_fn *probe;
	bool beside_daemon; /* may be tried while a daemon has it */
} probes[] = {{"xmpp", probe_xmpp, false}, {"matrix", probe_matrix, true}};

static bool network_is_sane(struct report *report, const struct config_network *network)
{
	struct error err;

	if (cli_try_network(network, &err) == 0)
		return true;
	say(report, CHECK_FAIL, EXIT_CONFIG, "%s: %s", network->network->name, err.text);
	return false;
}

static void check_running_network(struct report *report, const char *name,
				  const struct cJSON *health)
{
	bool found = false;

	for (int i = 0; !found; i++) {
		STRBUF_AUTO(path);
		STRBUF_AUTO(its_name);
		STRBUF_AUTO(up);
		STRBUF_AUTO(state);

		strbuf_addf(&path, "networks.%d.name", i);
		if (!json_text(health, path.buf, &its_name))
			break;
		found = strcmp(its_name.buf, name) == 0;
		strbuf_truncate(&path, path.len - strlen("name"));
		strbuf_adds(&path, "up");
		(void)json_text(health, path.buf, &up);
		strbuf_truncate(&path, path.len - strlen("up"));
		strbuf_adds(&path, "state");
		(void)json_text(health, path.buf, &state);
		if (found && strcmp(up.buf, "true") == 0)
			say(report, CHECK_OK, EXIT_OK, "%s: the running daemon is %s", name,
			    state.buf);
		else if (found)
			say(report, CHECK_FAIL, EXIT_NETWORK,
			    "%s: the running daemon is %s; its log says more", name, state.buf);
	}
	if (!found)
		say(report, CHECK_WARN, EXIT_OK,
		    "%s: the running daemon does not have it yet; restart it", name);
}

static void try_server(struct report *report, const struct config_network *network, probe_fn *probe,
		       const char *listen, bool daemon_answers)
{
	const char *name = network->network->name;
	const struct probe how = {network->set, listen, daemon_answers, PROBE_TIMEOUT_MS};
	STRBUF_AUTO(said);
	struct error err = {0};
	enum exit_code code = probe(&how, &said, &err);

	if (code == EXIT_OK)
		say(report, CHECK_OK, EXIT_OK, "%s: %s", name, said.buf);
	else
		say(report, CHECK_FAIL, code, "%s: %s", name, err.text);
}

/* health: what a daemon says of itself, NULL when none answers; running: there is one. */
static void check_network(struct report *report, const struct config_network *network,
			  const char *listen, const struct cJSON *health, bool running)
{
	const char *name = network->network->name;

	if (!network_is_sane(report, network))
		return;
	if (health)
		check_running_network(report, name, health);
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		if (strcmp(probes[i].network, name) != 0)
			continue;
		if (probes[i].beside_daemon || (!health && !running))
			try_server(report, network, probes[i].probe, listen, health != NULL);
		else if (!health)
			say(report, CHECK_WARN, EXIT_OK,
			    "%s: not tried, because a daemon runs on this database but does not "
			    "answer at http.listen",
			    name);
	}
}

static void check_provider(struct report *report, const struct sms_account *account)
{
	for (const struct setting *row = settings_table(account->set); row->key; row++) {
		const char *url =
			row->type == SETTING_TEXT ? settings_text(account->set, row->key) : NULL;
		char host[256];
		char port[16];
		struct error err;

		if (!url || probe_split_url(url, host, sizeof(host), port, sizeof(port)) < 0)
			continue;
		if (probe_tcp(host, port, PROBE_TIMEOUT_MS, &err) == 0)
			say(report, CHECK_OK, EXIT_OK, "provider %s: %s port %s answers",
			    account->name, host, port);
		else
			say(report, CHECK_FAIL, EXIT_NETWORK, "provider %s: %s; look at its '%s'",
			    account->name, err.text, row->key);
	}
	if (config_account_is_local(account))
		say(report, CHECK_OK, EXIT_OK, "provider %s: a part of this daemon", account->name);
	else
		say(report, CHECK_OK, EXIT_OK,
		    "provider %s: its hook is %s/in for texts, %s/status for reports",
		    account->name, account->hook_url, account->hook_url);
}

static void check_all(struct report *report, const struct config *config)
{
	AUTO_FREE char *path = config_store_path(config);
	bool running = store_is_running(path);
	JSON_AUTO health = NULL;

	check_warnings(report, config);
	check_tzdata(report);
	check_database(report, path);
	health = check_port(report, config);
	for (size_t i = 0; i < config->network_n; i++)
		check_network(report, &config->networks[i],
			      settings_text(config->sections[SECTION_HTTP], "listen"), health,
			      running);
	for (size_t i = 0; i < config->account_n; i++)
		check_provider(report, &config->accounts[i]);
}

int cli_check(const struct cli_options *options)
{
	struct report report = {.code = EXIT_OK};
	struct config *config = NULL;
	STRBUF_AUTO(faults);
	char *rest;

	if (config_load_or_list(options->config, &config, &faults) < 0) {
		rest = faults.buf;
		for (char *line = strsep(&rest, "\n"); line && *line; line = strsep(&rest, "\n"))
			say(&report, CHECK_FAIL, EXIT_CONFIG, "configuration: %s", line);
		return report.code;
	}
	say(&report, CHECK_OK, EXIT_OK, "configuration: %s", config->path);
	check_all(&report, config);
	config_free(config);
	return report.code;
}
