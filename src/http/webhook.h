/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What SMS providers call: /hook/SECRET/ACCOUNT/WHAT.
 *
 * Each request is proven genuine and understood by the account's driver, stored by the bridge, and
 * answered only when what it brought is committed: a provider that was told 200 never repeats it.
 *   404 wrong secret or no such account, the same for both   403 not genuine
 *   400 not understood    503 could not be stored, come again    200 stored
 */
#ifndef WEBHOOK_H
#define WEBHOOK_H

#include "roomline/bridge.h"

struct webhook;

/* All is borrowed and must live until webhook_free(), which comes after the server's end. */
struct webhook *webhook_new(struct loop *loop, struct store *store, struct bridge *bridge,
			    const char *secret, const struct sms_account *accounts,
			    size_t account_n);
void webhook_free(struct webhook *webhook);
void webhook_mount(struct webhook *webhook, struct http_server *server);

#endif
