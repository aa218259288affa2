/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Listening sockets. When accept() has no descriptor left, the waiting connection keeps the socket
 * readable: listening then pauses for a second instead of spinning.
 */
#include "http/listener.h"

#include "base/log.h"
#include "base/os_error.h"
#include "base/xalloc.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPT_AT_ONCE 32
#define BACKLOG 128
#define PAUSE_MS 1000

struct listening {
	int fd;
	struct loop_watch *watch; /* NULL while paused */
};

struct http_listener {
	struct loop *loop;
	http_accepted_fn *fn;
	void *arg;
	struct listening *sockets;
	size_t n;
	struct loop_timer *pause;
};

/* POSIX since 2024; glibc still shows it to _GNU_SOURCE alone. */
int accept4(int fd, struct sockaddr *address, socklen_t *len, int flags);

static void on_connections(int fd, unsigned what, void *arg);

static void watch_all(void *arg)
{
	struct http_listener *listener = arg;

	listener->pause = NULL;
	for (size_t i = 0; i < listener->n; i++)
		if (!listener->sockets[i].watch)
			listener->sockets[i].watch =
				loop_watch_fd(listener->loop, listener->sockets[i].fd, LOOP_READ,
					      on_connections, listener);
}

static void unwatch_all(struct http_listener *listener)
{
	for (size_t i = 0; i < listener->n; i++) {
		loop_unwatch(listener->sockets[i].watch);
		listener->sockets[i].watch = NULL;
	}
}

static void on_connections(int fd, unsigned what, void *arg)
{
	struct http_listener *listener = arg;

	(void)what;
	for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
		int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (accepted >= 0) {
			listener->fn(accepted, listener->arg);
			continue;
		}
		if (errno == ECONNABORTED || errno == EINTR)
			continue;
		if (errno != EAGAIN) {
			log_warn("http.accept_failed error=%s pause_ms=%d",
				 log_quote(os_error(errno)), PAUSE_MS);
			unwatch_all(listener);
			listener->pause = loop_after(listener->loop, PAUSE_MS, watch_all, listener);
		}
		return;
	}
}

struct http_listener *http_listener_new(struct loop *loop, http_accepted_fn *fn, void *arg)
{
	struct http_listener *listener = xcalloc(1, sizeof(*listener));

	listener->loop = loop;
	listener->fn = fn;
	listener->arg = arg;
	return listener;
}

void http_listener_free(struct http_listener *listener)
{
	if (!listener)
		return;
	loop_cancel(listener->pause);
	unwatch_all(listener);
	for (size_t i = 0; i < listener->n; i++)
		(void)close(listener->sockets[i].fd);
	free(listener->sockets);
	free(listener);
}

/* "127.0.0.1:8080" or "[::1]:8080"; the result is the caller's to free. */
static struct addrinfo *parse_address(const char *address)
{
	static const struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
	};
	const char *colon = strrchr(address, ':');
	struct addrinfo *found = NULL;
	AUTO_FREE char *host = NULL;
	size_t len;

	if (!colon || colon == address || !colon[1])
		return NULL;
	len = (size_t)(colon - address);
	if (address[0] == '[' && len > 2 && address[len - 1] == ']')
		host = xstrndup(address + 1, len - 2);
	else
		host = xstrndup(address, len);
	if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
		return NULL;
	return found;
}

static int open_socket(const struct addrinfo *ai)
{
	static const int on = 1;
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int saved;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	saved = errno;
	(void)close(fd);
	errno = saved;
	return -1;
}

static enum error_kind kind_of_errno(int number)
{
	if (number == EADDRINUSE)
		return ERR_BUSY;
	return number == EACCES || number == EADDRNOTAVAIL ? ERR_CONFIG : ERR_IO;
}

int http_listener_add(struct http_listener *listener, const char *address, struct error *err)
{
	struct addrinfo *ai = parse_address(address);
	int fd;

	if (!ai)
		return error_set(err, ERR_CONFIG,
				 "cannot listen on \"%s\": write ADDRESS:PORT, for example "
				 "127.0.0.1:8080 or [::1]:8080",
				 address);
	fd = open_socket(ai);
	freeaddrinfo(ai);
	if (fd < 0)
		return error_set(err, kind_of_errno(errno), "cannot listen on %s: %s", address,
				 os_error(errno));
	listener->sockets =
		xreallocarray(listener->sockets, listener->n + 1, sizeof(listener->sockets[0]));
	listener->sockets[listener->n++] = (struct listening){.fd = fd};
	if (!listener->pause)
		watch_all(listener);
	return 0;
}

int http_listener_port(const struct http_listener *listener)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	if (!listener->n || getsockname(listener->sockets[listener->n - 1].fd,
					(struct sockaddr *)&address, &len) != 0)
		return 0;
	if (address.ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)&address)->sin6_port);
	return ntohs(((const struct sockaddr_in *)&address)->sin_port);
}
