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

static void check_database(struct report *report, const struct config *config)
{
	AUTO_FREE char *path = config_store_path(config);
	struct error err;

	if (access(path, F_OK) != 0 && errno == ENOENT)
		check_new_database(report, path);
	else if (store_check(path, &err) < 0)
		say(report, CHECK_FAIL, EXIT_DATABASE, "database: %s", err.text);
	else
		say(report, CHECK_OK, EXIT_OK, "database: %s (version %d)", path,
		    store_schema_version());
}

/* ---- the port --------------------------------------------------------------------------------- */

struct asking {
	struct loop *loop;
	bool ours;
};

static void on_answer(const struct http_answer *answer, void *arg)
{
	struct asking *asking = arg;

	asking->ours = answer->fate == HTTP_ANSWERED && strstr(answer->body, "\"networks_up\":");
	loop_stop(asking->loop);
}

static bool is_ours(struct loop *loop, const char *listen)
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
	return asking.ours;
}

static void check_port(struct report *report, const struct config *config)
{
	const char *listen = settings_text(config->sections[SECTION_HTTP], "listen");
	struct loop *loop = loop_new();
	struct http_server *server = http_server_new(loop);
	struct error err;
	int rc = http_server_listen(server, listen, &err);

	http_server_free(server);
	if (rc == 0)
		say(report, CHECK_OK, EXIT_OK, "port: %s is free", listen);
	else if (is_ours(loop, listen))
		say(report, CHECK_OK, EXIT_OK, "port: a Roomline is running on %s", listen);
	else
		say(report, CHECK_FAIL, EXIT_NETWORK,
		    "port: %s; stop what uses it, or change http.listen", err.text);
	loop_free(loop);
}

/* ---- others ----------------------------------------------------------------------------------- */

static bool has_key(const struct settings *set, const char *key)
{
	for (const struct setting *row = settings_table(set); row->key; row++) {
		if (strcmp(row->key, key) == 0)
			return true;
	}
	return false;
}

/* A network that is reached by a connection of ours names where to by these two keys. */
static void check_network(struct report *report, const struct config_network *network)
{
	const char *name = network->network->name;
	const char *host;
	const char *port;
	struct error err;

	if (!has_key(network->set, "host") || !has_key(network->set, "port"))
		return;
	host = settings_text(network->set, "host");
	port = settings_text(network->set, "port");
	if (!host || !port)
		return;
	if (probe_tcp(host, port, PROBE_TIMEOUT_MS, &err) == 0)
		say(report, CHECK_OK, EXIT_OK, "%s: %s port %s answers", name, host, port);
	else
		say(report, CHECK_FAIL, EXIT_NETWORK,
		    "%s: %s; is the chat server running, and does it listen there for us?", name,
		    err.text);
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

int cli_check(const struct cli_options *options)
{
	struct report report = {.code = EXIT_OK};
	struct config *config = NULL;
	struct error err = {0};

	if (config_load(options->config, &config, &err) < 0) {
		say(&report, CHECK_FAIL, EXIT_CONFIG, "configuration: %s", err.text);
		return report.code;
	}
	say(&report, CHECK_OK, EXIT_OK, "configuration: %s", config->path);
	check_warnings(&report, config);
	check_tzdata(&report);
	check_database(&report, config);
	check_port(&report, config);
	for (size_t i = 0; i < config->network_n; i++)
		check_network(&report, &config->networks[i]);
	for (size_t i = 0; i < config->account_n; i++)
		check_provider(&report, &config->accounts[i]);
	config_free(config);
	return report.code;
}
