/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* `roomline init`: the first configuration, and the words that lead to a running daemon. */
#include "app/cli.h"

#include "app/config.h"
#include "base/hmac.h"
#include "base/os_error.h"
#include "base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SECRET_DIGITS 32

static void placeholder_secret(struct strbuf *out)
{
	strbuf_adds(out, "CHANGE-ME-CHANGE-ME-CHANGE-ME");
}

static void fresh_secret(struct strbuf *out)
{
	char token[SECRET_DIGITS + 1];

	random_token(token, SECRET_DIGITS);
	strbuf_adds(out, token);
}

static int write_whole(int fd, const struct strbuf *text)
{
	for (size_t done = 0; done < text->len;) {
		ssize_t put = write(fd, text->buf + done, text->len - done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		done += (size_t)put;
	}
	return fsync(fd);
}

static int write_new_file(const char *path, const struct strbuf *text, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int rc;
	int why;

	if (fd < 0 && errno == EEXIST)
		return error_set(err, ERR_STATE,
				 "%.200s exists and is left as it is; name another file with -c",
				 path);
	if (fd < 0)
		return error_set(err, ERR_IO, "cannot write %.200s: %s", path, os_error(errno));
	rc = write_whole(fd, text);
	why = errno;
	(void)close(fd);
	if (rc == 0)
		return 0;
	(void)unlink(path);
	return error_set(err, ERR_IO, "cannot write %.200s: %s", path, os_error(why));
}

/* What the chat server has to know, by the name of the network. */
static void print_prosody(const struct settings *set)
{
	(void)printf("     Component \"%s\" \"muc\"\n"
		     "       modules_enabled = { \"muc_mam\" }\n"
		     "       muc_log_expires_after = \"1y\"\n"
		     "       storage = \"sql\"\n"
		     "       sql = { driver = \"SQLite3\", database = \"rooms.sqlite\" }\n"
		     "       restrict_room_creation = false\n"
		     "       muc_room_cache_size = 5000\n"
		     "     Component \"%s\"\n"
		     "       component_secret = \"%s\"\n"
		     "       component_conflict_resolve = \"kick_old\"\n",
		     settings_text(set, "muc_service"), settings_text(set, "domain"),
		     settings_text(set, "secret"));
}

static const struct {
	const char *network;
	const char *server;
	void (*print)(const struct settings *set);
} servers[] = {{"xmpp", "Prosody", print_prosody}};

static void print_servers(const char *path)
{
	struct config *config = NULL;

	if (config_load(path, &config, NULL) < 0)
		return;
	for (size_t i = 0; i < config->network_n; i++) {
		for (size_t k = 0; k < sizeof(servers) / sizeof(servers[0]); k++) {
			if (strcmp(config->networks[i].network->name, servers[k].network) != 0)
				continue;
			(void)printf("     For %s, this goes into a file of its own, "
				     "conf.d/roomline.cfg.lua:\n\n",
				     servers[k].server);
			servers[k].print(config->networks[i].set);
			(void)printf("\n");
		}
	}
	config_free(config);
}

static void print_next(const char *path)
{
	(void)printf("%s is written, with fresh secrets; only you can read it.\n\n"
		     "Next:\n"
		     "  1. Open it: say who you are (organisation), who organizes (team), and put "
		     "your chat\n"
		     "     server's domain in the place of localhost.\n"
		     "  2. Tell the chat server of the component and its rooms, and restart it.\n",
		     path);
	print_servers(path);
	(void)printf(
		"  3. roomline check -c %s   tells what is still wrong\n"
		"  4. roomline run -c %s\n\n"
		"The SMS provider is the sandbox: simulated phones on a page of Roomline's own, "
		"under\n"
		"/sandbox/ at http.listen. Nothing leaves until you set up a real provider in "
		"its place.\n",
		path, path);
}

int cli_init(const struct cli_options *options)
{
	struct error err = {0};
	STRBUF_AUTO(text);

	config_print_example(&text, options->example ? placeholder_secret : fresh_secret);
	if (options->example) {
		(void)fwrite(text.buf, 1, text.len, stdout);
		return EXIT_OK;
	}
	if (write_new_file(options->config, &text, &err) < 0)
		return cli_fail(EXIT_CONFIG, &err);
	print_next(options->config);
	return EXIT_OK;
}
