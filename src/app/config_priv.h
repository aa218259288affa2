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

/* Notes what is wrong and where: the reading goes on, to find more. */
void config_fault(struct config *config, const char *place, const struct error *why);

void config_read_providers(struct config *config, const struct config_doc *doc, size_t shape);
/* After the providers and the region. */
void config_read_senders(struct config *config, const struct config_doc *doc, size_t shape);
void config_free_providers(struct config *config);

/* What a table cannot say of a section that is well by itself: 0/-1 (config_check.c). */
int config_check_section(const struct config *config, enum config_section section,
			 struct error *err);

#endif
