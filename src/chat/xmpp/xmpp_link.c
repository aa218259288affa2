/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The stream to the server (XEP-0114), by libstrophe inside our loop.
 *
 * The library hides its socket and writes only inside xmpp_run_once(). So: its callback for socket
 * options tells us the descriptor, which we watch; what is sent is written once at the end of a
 * turn; and a slow tick stays, because a stanza of which a part is written is counted nowhere.
 * Nothing here runs the library while it is disconnected, and nothing reconnects from inside its
 * callbacks.
 *
 * Rejected: a thread of its own (everything else would need locks), own code for the protocol
 * (later, if the library gets in the way).
 */
#include "base/hmac.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "chat/xmpp/xmpp_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <unistd.h>

#define PUMP_MAX 8      /* passes of 4 KiB in one turn, so that a flood does not starve others */
#define TICK_MS 200     /* while something is awaited */
#define IDLE_MS 60000   /* a silent stream is asked for a sign of life */
#define STABLE_MS 60000 /* a stream that held this long was a good one */

/* The socket callback has no argument of ours, and the library calls it only from inside calls of
 * ours: whose they are stands here for as long. */
static struct xmpp *in_library;

static void link_pump(struct xmpp *x);
static void link_connect(void *arg);

/* ---- the socket -------------------------------------------------------------------------------- */

static void on_fd(int fd, unsigned what, void *arg)
{
	(void)fd;
	(void)what;
	link_pump(arg);
}

static void watch(struct xmpp *x, unsigned what)
{
	struct xmpp_link *l = &x->link;

	if (l->watched == what)
		return;
	loop_unwatch(l->watch);
	l->watch = what ? loop_watch_fd(x->loop, l->fd, what, on_fd, x) : NULL;
	l->watched = what;
}

/* Called for each address that is tried; the descriptor of an earlier one is closed by now. */
static int on_socket(xmpp_conn_t *conn, void *sock)
{
	struct xmpp *x = in_library;
	int one = 1;

	watch(x, 0);
	x->link.fd = *(const int *)sock;
	/* The library puts it into an fd_set, which has no room for more: glibc would abort us. */
	if (x->link.fd >= FD_SETSIZE) {
		x->link.fd = -1;
		(void)STR_COPY(x->link.why, "too many files are open for a new connection");
		return -1;
	}
	(void)fcntl(x->link.fd, F_SETFD, FD_CLOEXEC);
	(void)setsockopt(x->link.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)xmpp_sockopt_cb_keepalive(conn, sock);
	watch(x, LOOP_READ | LOOP_WRITE);
	return 0;
}

/* ---- state ------------------------------------------------------------------------------------- */

static void set_state(struct xmpp *x, enum link_state state)
{
	x->link.state = state;
	x->link.since = loop_monotonic(x->loop);
}

/* A descriptor with a small number is held while there is no socket, so that the next socket gets
 * it even when the rest of the program has opened thousands since. */
static void take_spare(struct xmpp_link *l)
{
	if (l->spare_fd < 0)
		l->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void give_spare(struct xmpp_link *l)
{
	if (l->spare_fd >= 0)
		(void)close(l->spare_fd);
	l->spare_fd = -1;
}

/* Where every stream ends, whatever ended it. */
static void went_down(struct xmpp *x, const char *condition, int error)
{
	struct xmpp_link *l = &x->link;
	bool was_up = l->state == LINK_UP || l->state == LINK_CLOSING;
	int64_t now = loop_monotonic(x->loop);
	int64_t delay;

	watch(x, 0);
	l->fd = -1;
	take_spare(l);
	loop_cancel(l->flush);
	loop_cancel(l->tick);
	l->flush = l->tick = NULL;
	down_explain(x, condition, error);
	if (was_up && now - l->up_since >= STABLE_MS)
		l->failures = 0;
	if (l->stopping) {
		set_state(x, LINK_OFF);
		xmpp_went_down(x, "stopped");
		return;
	}
	delay = down_pause_ms(l, condition);
	l->failures++;
	l->retry_at = now + delay;
	set_state(x, LINK_WAITING);
	l->retry = loop_after(x->loop, delay, link_connect, x);
	log_warn("xmpp.down why=%s retry_in_ms=%lld", log_quote(l->why), (long long)delay);
	if (was_up)
		xmpp_went_down(x, l->why);
}

static void on_event(xmpp_conn_t *conn, xmpp_conn_event_t event, int error,
		     xmpp_stream_error_t *stream_error, void *arg)
{
	struct xmpp *x = arg;
	struct xmpp_link *l = &x->link;

	(void)conn;
	if (event == XMPP_CONN_CONNECT && l->stopping) {
		set_state(x, LINK_CLOSING);
		xmpp_disconnect(l->conn);
		return;
	}
	if (event == XMPP_CONN_CONNECT) {
		set_state(x, LINK_UP);
		l->heard = l->up_since = l->since;
		l->why[0] = '\0';
		random_token(x->epoch, sizeof(x->epoch) - 1);
		log_info("xmpp.up server=%s:%d domain=%s", x->cfg.host, x->cfg.port, x->cfg.domain);
		xmpp_came_up(x);
		return;
	}
	went_down(x, down_condition(stream_error), error);
}

/* ---- running the library ------------------------------------------------------------------------ */

static void on_tick(void *arg);

static int64_t slow_tick_ms(const struct xmpp *x)
{
	return x->cfg.check_ms > 0 && x->cfg.check_ms < IDLE_MS ? x->cfg.check_ms : IDLE_MS;
}

/* The tick writes what is left of a stanza of which a part was written, and lets timeouts of the
 * library and of ours happen. It is slow while nothing is awaited. */
static void arm_tick(struct xmpp *x)
{
	struct xmpp_link *l = &x->link;
	bool slow = l->state == LINK_UP && !xmpp_is_busy(x);

	if (l->tick && l->tick_is_slow && !slow) {
		loop_cancel(l->tick);
		l->tick = NULL;
	}
	if (!l->tick) {
		l->tick = loop_after(x->loop, slow ? slow_tick_ms(x) : TICK_MS, on_tick, x);
		l->tick_is_slow = slow;
	}
}

static bool has_socket(const struct xmpp_link *l)
{
	return l->state == LINK_CONNECTING || l->state == LINK_UP || l->state == LINK_CLOSING;
}

static bool is_writable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT);
}

static void link_pump(struct xmpp *x)
{
	struct xmpp_link *l = &x->link;
	int waiting = 0;

	if (l->running || !has_socket(l))
		return;
	l->running = true;
	in_library = x;
	for (int i = 0; i < PUMP_MAX && has_socket(l); i++) {
		if (l->state == LINK_UP)
			xmpp_before_write(x);
		xmpp_run_once(l->ctx, 0);
		if (l->fd < 0 || ioctl(l->fd, FIONREAD, &waiting) != 0)
			break;
		if (waiting == 0 && xmpp_conn_send_queue_len(l->conn) == 0)
			break;
	}
	in_library = NULL;
	l->running = false;
	if (!has_socket(l) || l->fd < 0)
		return;
	watch(x, l->state == LINK_CONNECTING || xmpp_conn_send_queue_len(l->conn) > 0 ||
				 !is_writable(l->fd)
			 ? LOOP_READ | LOOP_WRITE
			 : LOOP_READ);
	arm_tick(x);
}

static void on_flush(void *arg)
{
	struct xmpp *x = arg;

	x->link.flush = NULL;
	link_pump(x);
}

static void on_pong(struct xmpp *x, struct xmpp_room *room, const char *note, xmpp_stanza_t *reply)
{
	(void)room;
	(void)note;
	if (!reply)
		link_restart(x, "the server does not answer");
}

static void on_tick(void *arg)
{
	struct xmpp *x = arg;
	struct xmpp_link *l = &x->link;

	l->tick = NULL;
	if (l->state == LINK_UP) {
		xmpp_tick(x);
		if (l->state == LINK_UP && loop_monotonic(x->loop) - l->heard >= IDLE_MS &&
		    TAILQ_EMPTY(&x->asks))
			ask_take(x,
				 stanza_ping(l->ctx, &(struct stanza_head){.from = x->cfg.domain,
									   .to = x->cfg.server}),
				 on_pong, NULL, NULL);
	}
	link_pump(x);
}

static void link_connect(void *arg)
{
	struct xmpp *x = arg;
	struct xmpp_link *l = &x->link;
	int rc;

	l->retry = NULL;
	l->why[0] = '\0';
	set_state(x, LINK_CONNECTING);
	give_spare(l);
	in_library = x;
	rc = xmpp_connect_component(l->conn, x->cfg.host, x->cfg.port, on_event, x);
	in_library = NULL;
	if (rc != XMPP_EOK)
		went_down(x, "", errno);
	else
		arm_tick(x);
}

/* ---- for the rest of the network ----------------------------------------------------------------- */

bool link_is_up(const struct xmpp *x)
{
	return x->link.state == LINK_UP;
}

void link_hurry(struct xmpp *x)
{
	if (!x->link.running && x->link.state == LINK_UP)
		arm_tick(x);
}

void link_send_take(struct xmpp *x, xmpp_stanza_t *st)
{
	struct xmpp_link *l = &x->link;

	if (l->state == LINK_UP) {
		xmpp_send(l->conn, st);
		if (!l->flush && !l->running)
			l->flush = loop_after(x->loop, 0, on_flush, x);
	}
	(void)xmpp_stanza_release(st);
}

void link_restart(struct xmpp *x, const char *why)
{
	struct xmpp_link *l = &x->link;

	if (l->state != LINK_UP)
		return;
	(void)STR_COPY(l->why, why);
	set_state(x, LINK_CLOSING);
	xmpp_disconnect(l->conn);
	arm_tick(x);
}

void link_init(struct xmpp *x, const char *secret)
{
	struct xmpp_link *l = &x->link;

	l->fd = l->spare_fd = -1;
	library_init(x, secret, on_socket);
	take_spare(l);
}

/* xmpp_shutdown() is not called: it would take OpenSSL down under others who use it. */
void link_release(struct xmpp *x)
{
	struct xmpp_link *l = &x->link;

	watch(x, 0);
	loop_cancel(l->retry);
	loop_cancel(l->flush);
	loop_cancel(l->tick);
	l->retry = l->flush = l->tick = NULL;
	l->state = LINK_OFF;
	l->stopping = true;
	(void)xmpp_conn_release(l->conn);
	xmpp_ctx_free(l->ctx);
	give_spare(l);
}

void link_start(struct xmpp *x)
{
	if (x->link.state != LINK_OFF)
		return;
	x->link.stopping = false;
	set_state(x, LINK_WAITING);
	x->link.retry = loop_after(x->loop, 0, link_connect, x);
}

static void on_stopped(void *arg)
{
	struct xmpp *x = arg;

	x->link.retry = NULL;
	set_state(x, LINK_OFF);
	xmpp_went_down(x, "stopped");
}

void link_stop(struct xmpp *x)
{
	struct xmpp_link *l = &x->link;

	l->stopping = true;
	switch (l->state) {
	case LINK_OFF:
	case LINK_WAITING:
		loop_cancel(l->retry);
		l->retry = loop_after(x->loop, 0, on_stopped, x);
		break;
	case LINK_UP:
		set_state(x, LINK_CLOSING);
		xmpp_disconnect(l->conn);
		if (!l->flush)
			l->flush = loop_after(x->loop, 0, on_flush, x);
		arm_tick(x);
		break;
	case LINK_CONNECTING: /* ends by itself, in five seconds at most */
	case LINK_CLOSING:
		break;
	}
}
