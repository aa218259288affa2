/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The configuration: one YAML file, read and checked as a whole, so that the daemon either starts
 * with all of it or says what to change.
 *
 * Which keys there are is said by tables alone: those of config_tables.c, of the chat networks and
 * of the SMS drivers. The example file is printed from the same tables (config_example.c).
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "base/strbuf.h"
#include "roomline/bridge.h"
#include "roomline/chat.h"
#include "roomline/error.h"
#include "roomline/settings.h"
#include "roomline/sms.h"

#include <stddef.h>

enum config_section { /* those that everybody has, in the order of the file */
		      SECTION_ORGANISATION,
		      SECTION_STORE,
		      SECTION_HTTP,
		      SECTION_LOG,
		      SECTION_TEAM,
		      SECTION_POLICY,
		      SECTION_N
};

struct config_network { /* a chat network that has a section */
	const struct chat_network *network;
	struct settings *set;
};

struct config_provider {         /* what belongs to the account of the same index */
	struct settings *common; /* name, driver, definition */
	struct settings *set;    /* by the driver's table */
	char *hook_url;
};

struct config {
	char *path;
	char *folder;               /* relative paths in the file start here */
	bool plain_secrets;         /* some are written in the file itself */
	struct strbuf secret_files; /* the others' paths, one a line */
	struct strbuf faults;       /* one sentence a line; empty once it is loaded */
	struct settings *sections[SECTION_N];
	struct config_network *networks;
	size_t network_n;
	struct sms_account *accounts; /* never moves: senders and the bridge point to them */
	struct config_provider *providers;
	size_t account_n;
	struct sms_sender *senders;
	struct settings **sender_sets;
	size_t sender_n;
};

/* Everything in its place and every secret read; err says file, place and what to do. */
int config_load(const char *path, struct config **config_out, struct error *err);
/* The same; -1 appends all that is wrong as far as it can be told at once, one sentence a line. */
int config_load_or_list(const char *path, struct config **config_out, struct strbuf *faults);
void config_free(struct config *config); /* NULL is fine */

/* Whether the provider is a part of this process, so that its hooks need no public address. */
bool config_account_is_local(const struct sms_account *account);

/* Where the database is, as an absolute path or one relative to where we run; caller frees. */
char *config_store_path(const struct config *config);
/* What works but should not stay so: one sentence a line. */
void config_warn(const struct config *config, struct strbuf *out);

/* The bridge's view of `live`, with the senders of `boot`; both must outlive it. */
void config_bridge_options(const struct config *boot, const struct config *live,
			   struct bridge_options *options_out);
/* Takes over what may change while running: the rates of senders, and the settings of providers,
 * which their pure drivers read anew for each call (a token that is exchanged). They stay live's. */
void config_take_over(struct config *boot, const struct config *live);
/* Names what differs and needs a restart, one "section: key" a line. */
void config_diff(const struct config *boot, const struct config *live, struct strbuf *out);
/* Names what differs and may change while running: "team: inbox, tw: auth_token". */
void config_changes(const struct config *old, const struct config *fresh, struct strbuf *out);

/* ---- tables (config_tables.c) ---------------------------------------------------------------- */

struct config_section_info {
	const char *name;
	const char *help;
	const struct setting *table;
};

extern const struct config_section_info config_sections[SECTION_N];
extern const struct setting config_provider_table[]; /* before the driver's own */
extern const struct setting config_sender_table[];

/* ---- the example file (config_example.c) ------------------------------------------------------
 */

/* Stands in a table for a user of the network that is switched on. */
#define CONFIG_SOMEBODY "{somebody}"
/* Appends such a user: "xmpp:olga@example.org". */
void config_add_somebody(struct strbuf *out, const struct chat_network *network);
/* Gives the value of a secret that must be there. */
typedef void config_secret_fn(struct strbuf *out, size_t digits);
/* network: the one that is switched on; the others are there as comments. */
void config_print_example(struct strbuf *out, config_secret_fn *secret,
			  const struct chat_network *network);

#endif
