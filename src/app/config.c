/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Reading and checking the configuration; see config.h. Providers and senders are in
 * config_providers.c.
 *
 * The list of sections that the file may have is made here from the tables, so that a new driver or
 * network needs no change in this folder.
 */
#include "app/config.h"

#include "app/config_priv.h"
#include "base/strbuf.h"
#include "base/xalloc.h"

#include <libgen.h>
#include <string.h>

#define HOUR_MS INT64_C(3600000)
#define TABLES_MAX 64

/* ---- what the file may hold ------------------------------------------------------------------ */

struct layout {
	struct doc_shape shapes[TABLES_MAX];
	const struct setting *tables[TABLES_MAX][2]; /* of sections and networks */
	const struct setting *provider_tables[TABLES_MAX];
	size_t n;
	size_t first_network;
	size_t providers;
	size_t senders;
};

static size_t layout_add(struct layout *layout, const char *name, const struct setting *table,
			 const struct setting *const *tables, bool many)
{
	size_t i = layout->n++;

	if (layout->n > TABLES_MAX)
		BUG("more than %d sections", TABLES_MAX);
	layout->tables[i][0] = table;
	layout->shapes[i] = (struct doc_shape){
		.name = name, .tables = tables ? tables : layout->tables[i], .many = many};
	return i;
}

static void layout_make(struct layout *layout)
{
	const struct sms_driver *const *drivers = sms_drivers();
	const struct chat_network *const *networks = chat_networks();
	size_t n = 0;

	*layout = (struct layout){0};
	for (size_t i = 0; i < SECTION_N; i++)
		(void)layout_add(layout, config_sections[i].name, config_sections[i].table, NULL,
				 false);
	layout->first_network = layout->n;
	for (size_t i = 0; networks[i]; i++)
		(void)layout_add(layout, networks[i]->name, networks[i]->settings, NULL, false);
	layout->provider_tables[n++] = config_provider_table;
	for (size_t i = 0; drivers[i]; i++) {
		if (n + 1 >= TABLES_MAX)
			BUG("more than %d drivers", TABLES_MAX);
		layout->provider_tables[n++] = drivers[i]->settings;
	}
	layout->providers = layout_add(layout, "providers", NULL, layout->provider_tables, true);
	layout->senders = layout_add(layout, "senders", config_sender_table, NULL, true);
}

/* ---- sections and networks ------------------------------------------------------------------- */

/* Where a secret is, so that config_warn() can see who else may read it. */
static void note_secret(struct config *config, const char *value)
{
	static const char file[] = "file:";

	if (strncmp(value, file, strlen(file)) == 0) {
		value += strlen(file);
		strbuf_addf(&config->secret_files, "%s%s%s\n",
			    value[0] == '/' ? "" : config->folder, value[0] == '/' ? "" : "/",
			    value);
	} else if (strncmp(value, "env:", 4) != 0) {
		config->plain_secrets = true;
	}
}

int config_put(const char *key, const char *value, void *arg, struct error *err)
{
	struct config_put *put = arg;

	for (const struct setting *row = settings_table(put->set); row->key; row++) {
		if (row->type == SETTING_SECRET && strcmp(row->key, key) == 0)
			note_secret(put->config, value);
	}
	return settings_put(put->set, key, value, err);
}

void config_fault(struct config *config, const char *place, const struct error *why)
{
	strbuf_addf(&config->faults, "%.90s: %.60s: %s\n", config->path, place, why->text);
}

/* Every setting of a section that is no list, or of one that the file lacks. */
static bool read_section(struct config *config, const struct config_doc *doc, size_t shape,
			 const char *name, struct settings *set)
{
	struct config_put put = {.config = config, .set = set};
	struct error why;

	if ((doc_count(doc, shape) == 0 || doc_each(doc, shape, 0, config_put, &put, &why) == 0) &&
	    settings_finish(set, config->folder, &why) == 0)
		return true;
	config_fault(config, name, &why);
	return false;
}

static void read_networks(struct config *config, const struct config_doc *doc,
			  const struct layout *layout)
{
	const struct chat_network *const *networks = chat_networks();
	size_t n = layout->providers - layout->first_network;

	config->networks = xcalloc(n + 1, sizeof(*config->networks));
	for (size_t i = 0; i < n; i++) {
		struct config_network *slot = &config->networks[config->network_n];
		size_t shape = layout->first_network + i;

		if (doc_count(doc, shape) == 0)
			continue;
		slot->network = networks[i];
		slot->set = settings_new(networks[i]->settings);
		config->network_n++;
		(void)read_section(config, doc, shape, networks[i]->name, slot->set);
	}
	if (config->network_n == 0)
		strbuf_addf(&config->faults,
			    "%.150s: no chat network is set up; add a section such as '%s:'\n",
			    config->path, networks[0] ? networks[0]->name : "xmpp");
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void read_all(struct config *config, const struct config_doc *doc,
		     const struct layout *layout)
{
	bool well[SECTION_N];
	struct error why;

	for (size_t i = 0; i < SECTION_N; i++) {
		config->sections[i] = settings_new(config_sections[i].table);
		well[i] =
			read_section(config, doc, i, config_sections[i].name, config->sections[i]);
	}
	read_networks(config, doc, layout);
	for (size_t i = 0; i < SECTION_N; i++) {
		if (well[i] && config_check_section(config, (enum config_section)i, &why) < 0)
			config_fault(config, config_sections[i].name, &why);
	}
	config_read_providers(config, doc, layout->providers);
	config_read_senders(config, doc, layout->senders);
}

int config_load_or_list(const char *path, struct config **config_out, struct strbuf *faults)
{
	struct config *config = xcalloc(1, sizeof(*config));
	AUTO_FREE char *copy = xstrdup(path);
	struct config_doc *doc = NULL;
	struct layout layout;
	struct error why;

	config->path = xstrdup(path);
	config->folder = xstrdup(dirname(copy));
	strbuf_init(&config->secret_files);
	strbuf_init(&config->faults);
	layout_make(&layout);
	if (doc_read(path, layout.shapes, layout.n, &doc, &why) == 0)
		read_all(config, doc, &layout);
	else
		strbuf_addf(&config->faults, "%s\n", why.text);
	doc_free(doc);
	if (config->faults.len > 0) {
		strbuf_add(faults, config->faults.buf, config->faults.len);
		config_free(config);
		return -1;
	}
	*config_out = config;
	return 0;
}

int config_load(const char *path, struct config **config_out, struct error *err)
{
	STRBUF_AUTO(faults);

	if (config_load_or_list(path, config_out, &faults) == 0)
		return 0;
	return error_set(err, ERR_CONFIG, "%.*s", (int)strcspn(faults.buf, "\n"), faults.buf);
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < SECTION_N; i++)
		settings_free(config->sections[i]);
	for (size_t i = 0; i < config->network_n; i++)
		settings_free(config->networks[i].set);
	free(config->networks);
	config_free_providers(config);
	strbuf_release(&config->secret_files);
	strbuf_release(&config->faults);
	free(config->path);
	free(config->folder);
	free(config);
}

char *config_store_path(const struct config *config)
{
	const char *path = settings_text(config->sections[SECTION_STORE], "path");
	STRBUF_AUTO(full);

	if (path[0] != '/')
		strbuf_addf(&full, "%s/", config->folder);
	strbuf_adds(&full, path);
	return strbuf_detach(&full, NULL);
}

void config_bridge_options(const struct config *boot, const struct config *live,
			   struct bridge_options *options_out)
{
	const struct settings *organisation = live->sections[SECTION_ORGANISATION];
	const struct settings *http = boot->sections[SECTION_HTTP];
	const struct settings *policy = live->sections[SECTION_POLICY];
	const struct settings *team = live->sections[SECTION_TEAM];

	*options_out = (struct bridge_options){
		.organisation = settings_text(organisation, "name"),
		.help_contact = settings_text(organisation, "help_contact"),
		.region = settings_text(organisation, "region"),
		.stop_text = settings_text(organisation, "stop_text"),
		.start_text = settings_text(organisation, "start_text"),
		.help_text = settings_text(organisation, "help_text"),
		.hold_ms = settings_int(policy, "hold_hours") * HOUR_MS,
		.reply_window_ms = settings_int(policy, "reply_window_hours") * HOUR_MS,
		.max_segments = (int)settings_int(policy, "max_segments"),
		.public_url = settings_text(http, "public_url"),
		.link_secret = settings_text(http, "hook_secret"),
		.link_ms = settings_int(policy, "file_link_hours") * HOUR_MS,
		.file_max = (size_t)settings_int(policy, "file_kb") * 1024,
		.senders = boot->senders,
		.sender_n = boot->sender_n,
	};
	options_out->organizer_n = settings_list(team, "organizers", &options_out->organizers);
	options_out->inbox_n = settings_list(team, "inbox", &options_out->inbox);
	options_out->file_host_n = settings_list(policy, "file_hosts", &options_out->file_hosts);
}
