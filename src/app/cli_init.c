/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* `roomline init`: the first configuration, and the words that lead to a running daemon. */
#include "app/cli.h"

#include "app/config.h"
#include "base/hmac.h"
#include "base/strbuf.h"

#include <stdio.h>
#include <string.h>

static void placeholder_secret(struct strbuf *out, size_t digits)
{
	(void)digits;
	strbuf_adds(out, "CHANGE-ME-CHANGE-ME-CHANGE-ME");
}

static void fresh_secret(struct strbuf *out, size_t digits)
{
	char token[HASH_MAX + 1];

	random_token(token, digits);
	strbuf_adds(out, token);
}

#define REGISTRATION "roomline-registration.yaml"

/* ---- what the chat server has to know ---------------------------------------------------------- */

static void print_prosody(const struct settings *set, const char *path)
{
	(void)path;
	(void)printf("  2. Tell the chat server of the component and its rooms, and restart it.\n"
		     "     For Prosody, this goes into a file of its own, "
		     "conf.d/roomline.cfg.lua:\n\n"
		     "     Component \"%s\" \"muc\"\n"
		     "       modules_enabled = { \"muc_mam\" }\n"
		     "       muc_log_expires_after = \"1y\"\n"
		     "       storage = \"sql\"\n"
		     "       sql = { driver = \"SQLite3\", database = \"rooms.sqlite\" }\n"
		     "       restrict_room_creation = false\n"
		     "       muc_room_cache_size = 5000\n"
		     "     Component \"%s\"\n"
		     "       component_secret = \"%s\"\n"
		     "       component_conflict_resolve = \"kick_old\"\n\n",
		     settings_text(set, "muc_service"), settings_text(set, "domain"),
		     settings_text(set, "secret"));
}

static void print_synapse(const struct settings *set, const char *path)
{
	(void)set;
	(void)printf("  2. roomline registration -c %s -o " REGISTRATION "\n"
		     "     writes what the homeserver has to know. ",
		     path);
	cli_print_synapse("     ", REGISTRATION);
}

static const struct {
	const char *network;
	const char *edit; /* the end of "Open it: say who you are, who organizes, and ..." */
	void (*print)(const struct settings *set, const char *path);
} servers[] = {
	{"xmpp", "put your chat\n     server's domain in the place of localhost", print_prosody},
	{"matrix", "what your\n     homeserver is called and where it is (matrix)", print_synapse},
};

/* Of the network that is switched on. */
static void print_server(const char *path)
{
	struct config *config = NULL;

	if (config_load(path, &config, NULL) < 0)
		return;
	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
		if (strcmp(config->networks[0].network->name, servers[i].network) != 0)
			continue;
		(void)printf("  1. Open it: say who you are (organisation), who organizes (team), "
			     "and %s.\n",
			     servers[i].edit);
		servers[i].print(config->networks[0].set, path);
	}
	config_free(config);
}

static void print_next(const char *path)
{
	(void)printf("%s is written, with fresh secrets; only you can read it.\n\nNext:\n", path);
	print_server(path);
	(void)printf(
		"  3. roomline check -c %s   tells what is still wrong\n"
		"  4. roomline run -c %s\n\n"
		"The SMS provider is the sandbox: simulated phones on a page of Roomline's own, "
		"under\n"
		"/sandbox/ at http.listen. Nothing leaves until you set up a real provider in "
		"its place.\n",
		path, path);
}

/* ---- the command ------------------------------------------------------------------------------- */

static int unknown_network(const char *name)
{
	(void)fprintf(stderr, "roomline: there is no chat network '%.60s'; there is", name);
	for (const struct chat_network *const *n = chat_networks(); *n; n++) {
		if (!(*n)->for_tests)
			(void)fprintf(stderr, " %s", (*n)->name);
	}
	(void)fprintf(stderr, "\n");
	return EXIT_USAGE;
}

int cli_init(const struct cli_options *options)
{
	const struct chat_network *network =
		options->network ? chat_network_find(options->network) : chat_networks()[0];
	struct error err = {0};
	STRBUF_AUTO(text);

	if (!network || network->for_tests)
		return unknown_network(options->network);
	config_print_example(&text, options->example ? placeholder_secret : fresh_secret, network);
	if (options->example) {
		(void)fwrite(text.buf, 1, text.len, stdout);
		return EXIT_OK;
	}
	if (cli_write_new(options->config, "-c", &text, &err) < 0)
		return cli_fail(EXIT_CONFIG, &err);
	print_next(options->config);
	return EXIT_OK;
}
