/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * libstrophe as we want it: allocation that does not fail, a log without stanzas in it, handlers
 * for everything that comes in, the workaround without which it crashes as a component, and an XML
 * parser that does not keep stanzas back.
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "base/log.h"
#include "base/xalloc.h"
#include "chat/xmpp/xmpp_priv.h"

#include <dlfcn.h>
#include <expat.h>
#include <string.h>

static void *lib_alloc(size_t size, void *userdata)
{
	(void)userdata;
	return xmalloc(size);
}

static void lib_free(void *p, void *userdata)
{
	(void)userdata;
	free(p);
}

static void *lib_realloc(void *p, size_t size, void *userdata)
{
	(void)userdata;
	return xrealloc(p, size);
}

/* Only what it warns of: below that it writes whole stanzas and the handshake. */
static void lib_log(void *userdata, xmpp_log_level_t level, const char *area, const char *msg)
{
	(void)userdata;
	if (level >= XMPP_LEVEL_WARN)
		log_warn("xmpp.library area=%s says=%s", area, log_quote(msg));
}

static const xmpp_mem_t lib_mem = {lib_alloc, lib_free, lib_realloc, NULL};
static const xmpp_log_t lib_logger = {lib_log, NULL};

static int refuse_socket(xmpp_conn_t *conn, void *sock)
{
	(void)conn;
	(void)sock;
	return -1;
}

static void ignore_event(xmpp_conn_t *conn, xmpp_conn_event_t event, int error,
			 xmpp_stream_error_t *stream_error, void *arg)
{
	(void)conn;
	(void)event;
	(void)error;
	(void)stream_error;
	(void)arg;
}

/* libstrophe 0.12 to 0.14 allocate conn->sm_state only when connecting as a client, but use it on
 * every connection: as a component they crash at the first stanza or disconnect. An attempt as a
 * client that refuses each socket does no I/O and leaves it allocated. */
static void prime_library(xmpp_conn_t *conn)
{
	xmpp_conn_set_sockopt_callback(conn, refuse_socket);
	(void)xmpp_connect_client(conn, "127.0.0.1", 1, ignore_event, NULL);
}

/* As dlsym() wants it: POSIX lets a data pointer hold a function, ISO C does not. */
static void find_next(const char *name, void *function, size_t size)
{
	void *found = dlsym(RTLD_NEXT, name);

	memcpy(function, &found, size);
}

/* Since 2.6, and in Debian 12 since 2.5.0-1+deb12u2, expat does not look at a tag that came in parts
 * until twice as much is there: a stanza waits for the next one, however long that takes.
 * libstrophe cannot tell it not to, and calls this for each parser and after each reset of one; the
 * linker gives it ours. What expat guards against costs quadratic time in the length of one tag,
 * which servers limit. */
void XML_SetElementHandler(XML_Parser parser, XML_StartElementHandler start,
			   XML_EndElementHandler end)
{
	void (*set_handler)(XML_Parser, XML_StartElementHandler, XML_EndElementHandler);
	XML_Bool (*set_deferral)(XML_Parser, XML_Bool);

	find_next("XML_SetElementHandler", &set_handler, sizeof(set_handler));
	find_next("XML_SetReparseDeferralEnabled", &set_deferral, sizeof(set_deferral));
	set_handler(parser, start, end);
	if (set_deferral)
		(void)set_deferral(parser, XML_FALSE);
}

static void heard(struct xmpp *x)
{
	x->link.heard = loop_monotonic(x->loop);
}

static int on_message(xmpp_conn_t *conn, xmpp_stanza_t *st, void *arg)
{
	(void)conn;
	heard(arg);
	in_message(arg, st);
	return 1;
}

static int on_presence(xmpp_conn_t *conn, xmpp_stanza_t *st, void *arg)
{
	(void)conn;
	heard(arg);
	in_presence(arg, st);
	return 1;
}

static int on_iq(xmpp_conn_t *conn, xmpp_stanza_t *st, void *arg)
{
	(void)conn;
	heard(arg);
	in_iq(arg, st);
	return 1;
}

void library_init(struct xmpp *x, const char *secret, xmpp_sockopt_callback on_socket)
{
	struct xmpp_link *l = &x->link;

	xmpp_initialize();
	l->ctx = xmpp_ctx_new(&lib_mem, &lib_logger);
	l->conn = xmpp_conn_new(l->ctx);
	xmpp_conn_set_jid(l->conn, x->cfg.domain);
	xmpp_conn_set_pass(l->conn, secret);
	prime_library(l->conn);
	xmpp_conn_set_sockopt_callback(l->conn, on_socket);
	/* One of each: the library goes through all it has for every stanza. */
	xmpp_handler_add(l->conn, on_message, NULL, "message", NULL, x);
	xmpp_handler_add(l->conn, on_presence, NULL, "presence", NULL, x);
	xmpp_handler_add(l->conn, on_iq, NULL, "iq", NULL, x);
}
