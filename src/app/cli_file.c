/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Files with secrets, which are made and never changed; see cli.h. */
#include "app/cli.h"

#include "base/os_error.h"
#include "base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

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

int cli_write_new(const char *path, const char *option, const struct strbuf *text,
		  struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int rc;
	int why;

	if (fd < 0 && errno == EEXIST)
		return error_set(err, ERR_STATE,
				 "%.200s exists and is left as it is; name another file with %s",
				 path, option);
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
