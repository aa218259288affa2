/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a reload may take over and what it may not. The tables say it for the sections and the
 * senders. Of a provider everything but its name and driver can change; networks are made once and
 * need a restart, whatever their tables say.
 */
#include "app/config.h"

#include "base/strbuf.h"

#include <string.h>

static bool equal(const struct settings *a, const struct settings *b, const struct setting *row)
{
	const char *const *a_items;
	const char *const *b_items;
	size_t n = settings_list(a, row->key, &a_items);

	if (settings_list(b, row->key, &b_items) != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(a_items[i], b_items[i]) != 0)
			return false;
	}
	return true;
}

/* strict: also what the table calls reloadable. */
static void diff_sets(const struct settings *a, const struct settings *b, const char *place,
		      bool strict, struct strbuf *out)
{
	for (const struct setting *row = settings_table(a); row->key; row++) {
		if ((strict || !row->reloadable) && !equal(a, b, row))
			strbuf_addf(out, "%s: %s\n", place, row->key);
	}
}

static void diff_networks(const struct config *boot, const struct config *live, struct strbuf *out)
{
	bool same = boot->network_n == live->network_n;

	for (size_t i = 0; same && i < boot->network_n; i++)
		same = boot->networks[i].network == live->networks[i].network;
	if (!same) {
		strbuf_adds(out, "chat networks\n");
		return;
	}
	for (size_t i = 0; i < boot->network_n; i++)
		diff_sets(boot->networks[i].set, live->networks[i].set,
			  boot->networks[i].network->name, true, out);
}

static void diff_providers(const struct config *boot, const struct config *live, struct strbuf *out)
{
	bool same = boot->account_n == live->account_n;

	for (size_t i = 0; same && i < boot->account_n; i++) {
		same = strcmp(boot->accounts[i].name, live->accounts[i].name) == 0 &&
		       boot->accounts[i].driver == live->accounts[i].driver;
	}
	if (!same)
		strbuf_adds(out, "providers\n");
}

static void diff_senders(const struct config *boot, const struct config *live, struct strbuf *out)
{
	if (boot->sender_n != live->sender_n) {
		strbuf_adds(out, "senders\n");
		return;
	}
	for (size_t i = 0; i < boot->sender_n; i++)
		diff_sets(boot->sender_sets[i], live->sender_sets[i], boot->senders[i].name, false,
			  out);
}

void config_diff(const struct config *boot, const struct config *live, struct strbuf *out)
{
	for (size_t i = 0; i < SECTION_N; i++)
		diff_sets(boot->sections[i], live->sections[i], config_sections[i].name, false,
			  out);
	diff_networks(boot, live, out);
	diff_providers(boot, live, out);
	diff_senders(boot, live, out);
}

/* The provider of the same name and driver; boot's own settings where live has none. */
static const struct settings *provider_set(const struct config *boot, size_t i,
					   const struct config *live)
{
	for (size_t k = 0; k < live->account_n; k++) {
		if (strcmp(boot->accounts[i].name, live->accounts[k].name) == 0 &&
		    boot->accounts[i].driver == live->accounts[k].driver)
			return live->providers[k].set;
	}
	return boot->providers[i].set;
}

void config_take_over(struct config *boot, const struct config *live)
{
	for (size_t i = 0; i < boot->account_n; i++)
		boot->accounts[i].set = provider_set(boot, i, live);
	for (size_t i = 0; i < boot->sender_n; i++) {
		for (size_t k = 0; k < live->sender_n; k++) {
			if (strcmp(boot->senders[i].name, live->senders[k].name) == 0)
				boot->senders[i].per_minute = live->senders[k].per_minute;
		}
	}
}
