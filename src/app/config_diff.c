/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a reload may take over and what it may not. The tables say it for the sections and the
 * senders. Of a provider everything but its name and driver can change; networks are made once and
 * need a restart, whatever their tables say.
 */
#include "app/config.h"

#include "base/strbuf.h"
#include "base/xalloc.h"

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

enum rows { ROWS_ALL, ROWS_RELOADABLE, ROWS_FIXED };

static bool is_among(const struct setting *row, enum rows rows)
{
	switch (rows) {
	case ROWS_ALL:
		return true;
	case ROWS_RELOADABLE:
		return row->reloadable;
	case ROWS_FIXED:
		return !row->reloadable;
	}
	BUG("rows %d", (int)rows);
}

static void diff_sets(const struct settings *a, const struct settings *b, const char *place,
		      enum rows rows, const char *end, struct strbuf *out)
{
	for (const struct setting *row = settings_table(a); row->key; row++) {
		if (is_among(row, rows) && !equal(a, b, row))
			strbuf_addf(out, "%s: %s%s", place, row->key, end);
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
			  boot->networks[i].network->name, ROWS_ALL, "\n", out);
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
		diff_sets(boot->sender_sets[i], live->sender_sets[i], boot->senders[i].name,
			  ROWS_FIXED, "\n", out);
}

void config_diff(const struct config *boot, const struct config *live, struct strbuf *out)
{
	for (size_t i = 0; i < SECTION_N; i++)
		diff_sets(boot->sections[i], live->sections[i], config_sections[i].name, ROWS_FIXED,
			  "\n", out);
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

void config_changes(const struct config *old, const struct config *fresh, struct strbuf *out)
{
	for (size_t i = 0; i < SECTION_N; i++)
		diff_sets(old->sections[i], fresh->sections[i], config_sections[i].name,
			  ROWS_RELOADABLE, ", ", out);
	for (size_t i = 0; i < old->account_n; i++)
		diff_sets(old->providers[i].set, provider_set(old, i, fresh), old->accounts[i].name,
			  ROWS_ALL, ", ", out);
	for (size_t i = 0; i < old->sender_n; i++) {
		for (size_t k = 0; k < fresh->sender_n; k++) {
			if (strcmp(old->senders[i].name, fresh->senders[k].name) == 0)
				diff_sets(old->sender_sets[i], fresh->sender_sets[k],
					  old->senders[i].name, ROWS_RELOADABLE, ", ", out);
		}
	}
	if (out->len > 0)
		strbuf_truncate(out, out->len - strlen(", "));
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
