/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Reading a whole file; see file_read.h. Read to the end and not by its size, so that files under
 * /proc and secrets that a container mounts as a pipe work as well. */
#include "base/file_read.h"

#include "base/os_error.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define CHUNK 4096

static int read_to_end(int fd, size_t max, struct strbuf *out)
{
	char chunk[CHUNK];
	size_t total = 0;

	for (;;) {
		ssize_t got = read(fd, chunk, sizeof(chunk));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			return 0;
		total += (size_t)got;
		if (total > max) {
			errno = EFBIG;
			return -1;
		}
		strbuf_add(out, chunk, (size_t)got);
	}
}

int file_read(const char *path, size_t max, struct strbuf *out, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int rc;
	int why;

	if (fd < 0)
		return error_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO,
				 "cannot read %.180s: %s", path, os_error(errno));
	rc = read_to_end(fd, max, out);
	why = errno;
	(void)close(fd);
	if (rc == 0)
		return 0;
	if (why == EFBIG)
		return error_set(err, ERR_INPUT, "%.180s is larger than %zu bytes", path, max);
	return error_set(err, ERR_IO, "cannot read %.180s: %s", path, os_error(why));
}
