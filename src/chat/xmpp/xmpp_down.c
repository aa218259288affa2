/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Why a stream ended, in words that say what to do, and how long to wait before the next. */
#include "base/os_error.h"
#include "base/xalloc.h"
#include "chat/xmpp/xmpp_priv.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define PAUSE_MAX_S 60

const char *down_condition(const xmpp_stream_error_t *se)
{
	/* se->type is UNDEFINED_CONDITION for what RFC 6120 added (not-well-formed among them). */
	for (xmpp_stanza_t *c = se && se->stanza ? xmpp_stanza_get_children(se->stanza) : NULL; c;
	     c = xmpp_stanza_get_next(c)) {
		const char *name = xmpp_stanza_get_name(c);

		if (name && strcmp(name, "text") != 0)
			return name;
	}
	return "";
}

void down_explain(struct xmpp *x, const char *condition, int error)
{
	struct xmpp_link *l = &x->link;

	if (strcmp(condition, "not-authorized") == 0)
		(void)snprintf(l->why, sizeof(l->why),
			       "the server refused our secret: make xmpp.secret the same as the "
			       "secret of component %s in the server's configuration",
			       x->cfg.domain);
	else if (strcmp(condition, "host-unknown") == 0)
		(void)snprintf(l->why, sizeof(l->why),
			       "the server does not know component %s: add it to the server's "
			       "configuration, or correct xmpp.domain",
			       x->cfg.domain);
	else if (strcmp(condition, "conflict") == 0)
		(void)snprintf(l->why, sizeof(l->why),
			       "another program is connected as %s, or the server still holds our "
			       "old connection",
			       x->cfg.domain);
	else if (condition[0])
		(void)snprintf(l->why, sizeof(l->why), "the server closed the stream: %s",
			       condition);
	else if (l->state == LINK_CONNECTING && l->why[0] == '\0')
		(void)snprintf(l->why, sizeof(l->why), "cannot connect to %s:%d: %s", x->cfg.host,
			       x->cfg.port, error ? os_error(error) : "refused");
	else if (l->why[0] == '\0')
		(void)STR_COPY(l->why, "the connection broke");
}

/* 1, 2, 4 .. 60 s, and up to a quarter more, so that many do not come back at once. */
int64_t down_pause_ms(const struct xmpp_link *l, const char *condition)
{
	/* These need a person; trying often only fills the server's log. */
	bool slow =
		strcmp(condition, "not-authorized") == 0 || strcmp(condition, "host-unknown") == 0;
	int64_t s = slow || l->failures >= 6 ? PAUSE_MAX_S : INT64_C(1) << l->failures;
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		random = 0;
	return s * 1000 + (int64_t)(random % (uint32_t)(s * 250));
}
