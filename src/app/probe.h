/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Whether something listens at an address and takes us: for `roomline check` only, as it waits. */
#ifndef PROBE_H
#define PROBE_H

#include "app/cli.h"
#include "roomline/error.h"
#include "roomline/settings.h"

#include <stdbool.h>
#include <stddef.h>

/* A connection that does not block, made within the time; the caller closes it. */
int probe_open(const char *host, const char *port, int timeout_ms, int *fd_out, struct error *err);
/* 0 when a TCP connection could be made within the time; nothing is sent over it. */
int probe_tcp(const char *host, const char *port, int timeout_ms, struct error *err);
/* The host and port of an http(s) URL; -1 when it has none, or they are filled in later. */
int probe_split_url(const char *url, char *host, size_t host_size, char *port, size_t port_size);

struct probe {
	const struct settings *set; /* the section of the network */
	const char *listen;         /* where we are reached, http.listen */
	bool daemon_answers;        /* there: a daemon of ours */
	int timeout_ms;             /* for each question */
};

/* EXIT_OK and what was seen when the chat server takes us; else err says what to correct. */
struct strbuf;
typedef enum exit_code probe_fn(const struct probe *probe, struct strbuf *said, struct error *err);
/* Ends the connection of a daemon that has the component. */
probe_fn probe_xmpp;
/* Disturbs no daemon. Where none answers at `listen` we listen there for the moment, as the
 * homeserver must reach us. */
probe_fn probe_matrix;

#endif
