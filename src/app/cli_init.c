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

static void print_next(const char *path)
{
	(void)printf(
		"%s is written, with fresh secrets; only you can read it.\n\n"
		"Next:\n"
		"  1. Open it: say who you are (organisation), who organizes (team), and how your "
		"chat\n"
		"     server is reached. The server must know the same component name and secret.\n"
		"  2. roomline check -c %s   tells what is still wrong\n"
		"  3. roomline run -c %s\n\n"
		"The SMS provider is the sandbox: simulated phones on a page of Roomline's own, "
		"under\n"
		"/sandbox/ at http.listen. Nothing leaves until you set up a real provider in its "
		"place.\n",
		path, path, path);
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
