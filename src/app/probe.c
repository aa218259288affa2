/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* One TCP connection; see probe.h. */
#include "app/probe.h"

#include "base/os_error.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* 0, or an errno. */
static int wait_connected(int fd, int timeout_ms)
{
	struct pollfd watch = {.fd = fd, .events = POLLOUT};
	int problem = 0;
	socklen_t len = sizeof(problem);

	switch (poll(&watch, 1, timeout_ms)) {
	case 0:
		return ETIMEDOUT;
	case 1:
		return getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &len) == 0 ? problem : errno;
	default:
		return errno;
	}
}

static int try_address(const struct addrinfo *address, int timeout_ms, int *fd_out)
{
	int fd = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int why = 0;

	if (fd < 0)
		return errno;
	if (connect(fd, address->ai_addr, address->ai_addrlen) < 0)
		why = errno == EINPROGRESS ? wait_connected(fd, timeout_ms) : errno;
	if (why == 0)
		*fd_out = fd;
	else
		(void)close(fd);
	return why;
}

int probe_open(const char *host, const char *port, int timeout_ms, int *fd_out, struct error *err)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	int rc = getaddrinfo(host, port, &hints, &list);
	int why = EHOSTUNREACH;

	if (rc != 0)
		return error_set(err, ERR_IO, "the name %.80s cannot be resolved: %s", host,
				 gai_strerror(rc));
	for (const struct addrinfo *a = list; a && why != 0; a = a->ai_next)
		why = try_address(a, timeout_ms, fd_out);
	freeaddrinfo(list);
	if (why == 0)
		return 0;
	return error_set(err, ERR_IO, "no connection to %.80s port %.10s: %s", host, port,
			 os_error(why));
}

int probe_tcp(const char *host, const char *port, int timeout_ms, struct error *err)
{
	int fd = -1;

	if (probe_open(host, port, timeout_ms, &fd, err) < 0)
		return -1;
	(void)close(fd);
	return 0;
}

int probe_split_url(const char *url, char *host, size_t host_size, char *port, size_t port_size)
{
	const char *start = strstr(url, "://");
	const char *end;
	const char *rest; /* behind the host: the port, or nothing */

	if (strncmp(url, "http", 4) != 0 || !start)
		return -1;
	start += strlen("://");
	end = start + strcspn(start, "/?#");
	if (memchr(start, '@', (size_t)(end - start)) || memchr(start, '{', (size_t)(end - start)))
		return -1;
	if (*start == '[') { /* an IPv6 address; getaddrinfo wants it bare */
		start++;
		rest = memchr(start, ']', (size_t)(end - start));
		if (!rest)
			return -1;
		(void)snprintf(host, host_size, "%.*s", (int)(rest - start), start);
		rest++;
	} else {
		rest = start + strcspn(start, ":/?#");
		(void)snprintf(host, host_size, "%.*s", (int)(rest - start), start);
	}
	if (rest < end && *rest == ':')
		(void)snprintf(port, port_size, "%.*s", (int)(end - rest - 1), rest + 1);
	else
		(void)snprintf(port, port_size, "%s", strncmp(url, "https", 5) == 0 ? "443" : "80");
	return host[0] && port[0] ? 0 : -1;
}
