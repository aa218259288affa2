/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What app.c and reload.c share. */
#ifndef APP_PRIV_H
#define APP_PRIV_H

#include "app/config.h"
#include "http/media.h"
#include "http/webhook.h"
#include "roomline/bridge.h"
#include "sms/sandbox_phones.h"

struct app_network {
	const struct chat_network *network;
	void *self;
};

struct app {
	struct config *boot; /* what the parts were made from: theirs until the end */
	struct config *live; /* what a reload took over last; boot when none did */
	struct bridge_options options;
	struct loop *loop;
	struct store *store;
	struct http_server *server;
	struct http_client *client;
	struct bridge *bridge;
	struct webhook *webhook;
	struct media_door *media;
	struct sandbox_phones *sandbox;
	struct app_network *networks;
	size_t network_n;
	struct loop_timer *prune_timer;
	struct loop_timer *stop_timer;
	int goodbye_ticks;
	bool stopping;
	int exit_code;
};

void app_take_log_level(const struct config *config);
void app_log_warnings(const struct config *config);
void app_reload(void *arg); /* a loop_fn, at SIGHUP */

#endif
