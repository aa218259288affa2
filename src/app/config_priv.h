/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the config_*.c files share. */
#ifndef CONFIG_PRIV_H
#define CONFIG_PRIV_H

#include "app/config.h"
#include "app/config_yaml.h"

/* A doc_value_fn that puts a value into a set. */
struct config_put {
	struct config *config;
	struct settings *set;
};
int config_put(const char *key, const char *value, void *arg, struct error *err);

/* Puts the file's name and the place in it before a sentence; returns -1. */
int config_place(const struct config *config, const char *place, const struct error *why,
		 struct error *err);

int config_read_providers(struct config *config, const struct config_doc *doc, size_t shape,
			  struct error *err);
/* After the providers and the region. */
int config_read_senders(struct config *config, const struct config_doc *doc, size_t shape,
			struct error *err);
void config_free_providers(struct config *config);

#endif
