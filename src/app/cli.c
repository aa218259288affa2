/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The small commands and what all of them share; see cli.h. */
#include "app/cli.h"

#include "app/app.h"
#include "app/config.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "roomline/http.h"
#include "roomline/loop.h"

#include <stdio.h>
#include <string.h>

#define HEALTH_TIMEOUT_MS 5000

enum exit_code cli_code_of(enum chat_broken what)
{
	switch (what) {
	case CHAT_BROKEN_SERVER:
		return EXIT_SERVER;
	case CHAT_BROKEN_SECRET:
		return EXIT_SECRET;
	case CHAT_BROKEN_NAME:
		return EXIT_NAME;
	case CHAT_BROKEN_ROAD:
		return EXIT_ROAD;
	}
	BUG("chat_broken %d", (int)what);
}

int cli_fail(int code, const struct error *err)
{
	(void)fprintf(stderr, "roomline: %s\n", err->text);
	return code;
}

int cli_load(const char *path, struct config **config_out)
{
	STRBUF_AUTO(faults);
	char *rest;

	if (config_load_or_list(path, config_out, &faults) == 0)
		return EXIT_OK;
	rest = faults.buf;
	for (char *line = strsep(&rest, "\n"); line && *line; line = strsep(&rest, "\n"))
		(void)fprintf(stderr, "roomline: %s\n", line);
	return EXIT_CONFIG;
}

int cli_try_network(const struct config_network *network, struct error *err)
{
	struct loop *loop = loop_new();
	struct http_client *client = http_client_new(loop, NULL);
	struct http_server *server = http_server_new(loop);
	struct chat_host host = {NULL, loop, client, server};
	void *self = network->network->create(&host, network->set, err);

	if (self)
		network->network->destroy(self);
	http_server_free(server);
	http_client_free(client);
	loop_free(loop);
	return self ? 0 : -1;
}

int cli_run(const struct cli_options *options)
{
	return app_run(options->config);
}

int cli_backup(const struct cli_options *options)
{
	struct config *config = NULL;
	struct error err = {0};
	char *path;
	int rc;

	if (cli_load(options->config, &config) != EXIT_OK)
		return EXIT_CONFIG;
	path = config_store_path(config);
	rc = store_backup(path, options->operand, &err);
	free(path);
	config_free(config);
	if (rc < 0)
		return cli_fail(EXIT_DATABASE, &err);
	(void)printf("%s holds a complete copy of the database\n", options->operand);
	return EXIT_OK;
}

void cli_own_address(const char *listen, struct strbuf *out)
{
	static const struct {
		const char *any;
		const char *own;
	} hosts[] = {{"0.0.0.0:", "127.0.0.1:"}, {"[::]:", "[::1]:"}};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		size_t len = strlen(hosts[i].any);

		if (strncmp(listen, hosts[i].any, len) == 0) {
			strbuf_addf(out, "%s%s", hosts[i].own, listen + len);
			return;
		}
	}
	strbuf_adds(out, listen);
}

/* ---- health ----------------------------------------------------------------------------------- */

struct asking {
	struct loop *loop;
	int code;
};

static void on_answer(const struct http_answer *answer, void *arg)
{
	struct asking *asking = arg;

	if (answer->fate == HTTP_ANSWERED)
		(void)printf("%s", answer->body);
	else
		(void)fprintf(stderr, "roomline: no answer: %s\n", answer->problem);
	asking->code =
		answer->fate == HTTP_ANSWERED && answer->status == 200 ? EXIT_OK : EXIT_NETWORK;
	loop_stop(asking->loop);
}

int cli_health(const struct cli_options *options)
{
	struct asking asking = {.code = EXIT_OTHER};
	struct http_call call = {.method = "GET", .timeout_ms = HEALTH_TIMEOUT_MS};
	struct config *config = NULL;
	struct http_client *client;
	STRBUF_AUTO(url);

	if (cli_load(options->config, &config) != EXIT_OK)
		return EXIT_CONFIG;
	strbuf_adds(&url, "http://");
	cli_own_address(settings_text(config->sections[SECTION_HTTP], "listen"), &url);
	strbuf_adds(&url, "/health");
	call.url = strbuf_detach(&url, NULL);
	asking.loop = loop_new();
	client = http_client_new(asking.loop, NULL);
	http_client_start(client, &call, on_answer, &asking);
	loop_run(asking.loop);
	http_client_free(client);
	loop_free(asking.loop);
	config_free(config);
	return asking.code;
}
