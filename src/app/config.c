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
#include <sys/stat.h>

#define HOUR_MS INT64_C(3600000)
#define HOOK_SECRET_MIN 16
#define PUBLIC_URL_MAX 500
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

int config_put(const char *key, const char *value, void *arg, struct error *err)
{
	struct config_put *put = arg;

	for (const struct setting *row = settings_table(put->set); row->key; row++) {
		if (row->type == SETTING_SECRET && strcmp(row->key, key) == 0 &&
		    strncmp(value, "file:", 5) != 0 && strncmp(value, "env:", 4) != 0)
			put->config->plain_secrets = true;
	}
	return settings_put(put->set, key, value, err);
}

int config_place(const struct config *config, const char *place, const struct error *why,
		 struct error *err)
{
	return error_set(err, why->kind, "%.90s: %.60s: %.165s", config->path, place, why->text);
}

/* Every setting of a section that is no list, or of one that the file lacks. */
static int read_section(struct config *config, const struct config_doc *doc, size_t shape,
			const char *name, struct settings *set, struct error *err)
{
	struct config_put put = {.config = config, .set = set};
	struct error why;

	if (doc_count(doc, shape) > 0 && doc_each(doc, shape, 0, config_put, &put, &why) < 0)
		return config_place(config, name, &why, err);
	if (settings_finish(set, config->folder, &why) < 0)
		return config_place(config, name, &why, err);
	return 0;
}

static int read_networks(struct config *config, const struct config_doc *doc,
			 const struct layout *layout, struct error *err)
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
		if (read_section(config, doc, shape, networks[i]->name, slot->set, err) < 0)
			return -1;
	}
	if (config->network_n == 0)
		return error_set(err, ERR_CONFIG,
				 "%.150s: no chat network is set up; add a section such as '%s:'",
				 config->path, networks[0] ? networks[0]->name : "xmpp");
	return 0;
}

/* ---- what a table cannot say ----------------------------------------------------------------- */

static bool is_user(const struct config *config, const char *user)
{
	for (size_t i = 0; i < config->network_n; i++) {
		const char *name = config->networks[i].network->name;
		size_t len = strlen(name);

		if (strncmp(user, name, len) == 0 && user[len] == ':' && user[len + 1] &&
		    strlen(user + len + 1) < ADDRESS_MAX)
			return true;
	}
	return false;
}

static int check_users(const struct config *config, const char *key, struct error *err)
{
	const char *const *users;
	size_t n = settings_list(config->sections[SECTION_TEAM], key, &users);

	for (size_t i = 0; i < n; i++) {
		if (!is_user(config, users[i]))
			return error_set(
				err, ERR_CONFIG,
				"'%s': '%.60s' must be NETWORK:ADDRESS with a network that "
				"is set up, such as %s:olga@example.org",
				key, users[i], config->networks[0].network->name);
	}
	return 0;
}

static bool is_base_url(const char *url)
{
	const char *host = strstr(url, "://");

	if (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)
		return false;
	host += strlen("://");
	return host[0] && host[0] != '/' && strlen(url) <= PUBLIC_URL_MAX &&
	       !strpbrk(url, " ?#\\\"<>");
}

static int check_http(const struct config *config, struct error *err)
{
	const struct settings *http = config->sections[SECTION_HTTP];
	const char *url = settings_text(http, "public_url");
	const char *secret = settings_text(http, "hook_secret");
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-_";

	if (!is_base_url(url))
		return error_set(err, ERR_CONFIG,
				 "'public_url' is '%.60s' but must be like https://sms.example.org",
				 url);
	if (strlen(secret) < HOOK_SECRET_MIN || strspn(secret, safe) != strlen(secret))
		return error_set(err, ERR_CONFIG,
				 "'hook_secret' must be %d or more letters, digits, - or _; "
				 "`openssl rand -hex 16` makes one",
				 HOOK_SECRET_MIN);
	return 0;
}

static int check_together(const struct config *config, struct error *err)
{
	struct error why;

	if (check_http(config, &why) < 0)
		return config_place(config, "http", &why, err);
	if (check_users(config, "organizers", &why) < 0 || check_users(config, "inbox", &why) < 0)
		return config_place(config, "team", &why, err);
	return 0;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int read_all(struct config *config, const struct config_doc *doc,
		    const struct layout *layout, struct error *err)
{
	for (size_t i = 0; i < SECTION_N; i++) {
		config->sections[i] = settings_new(config_sections[i].table);
		if (read_section(config, doc, i, config_sections[i].name, config->sections[i],
				 err) < 0)
			return -1;
	}
	if (read_networks(config, doc, layout, err) < 0 || check_together(config, err) < 0)
		return -1;
	if (config_read_providers(config, doc, layout->providers, err) < 0)
		return -1;
	return config_read_senders(config, doc, layout->senders, err);
}

int config_load(const char *path, struct config **config_out, struct error *err)
{
	struct config *config = xcalloc(1, sizeof(*config));
	AUTO_FREE char *copy = xstrdup(path);
	struct config_doc *doc = NULL;
	struct layout layout;
	int rc;

	config->path = xstrdup(path);
	config->folder = xstrdup(dirname(copy));
	layout_make(&layout);
	rc = doc_read(path, layout.shapes, layout.n, &doc, err);
	if (rc == 0)
		rc = read_all(config, doc, &layout, err);
	doc_free(doc);
	if (rc < 0) {
		config_free(config);
		return -1;
	}
	*config_out = config;
	return 0;
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

void config_warn(const struct config *config, struct strbuf *out)
{
	const struct settings *organisation = config->sections[SECTION_ORGANISATION];
	const char *url = settings_text(config->sections[SECTION_HTTP], "public_url");
	const char *const *organizers;
	bool outside = false;
	struct stat st;

	for (size_t i = 0; i < config->account_n; i++)
		outside |= !config_account_is_local(&config->accounts[i]);
	if (outside && strncmp(url, "https://", 8) != 0)
		strbuf_adds(out,
			    "http: 'public_url' is not https, so texts and secrets can be read "
			    "on their way; put a reverse proxy with TLS in front\n");
	if (!strstr(settings_text(organisation, "stop_text"), "{organisation}"))
		strbuf_adds(out,
			    "organisation: 'stop_text' lacks {organisation}; carriers want every "
			    "confirmation to say who it is from\n");
	if (settings_list(config->sections[SECTION_TEAM], "organizers", &organizers) == 0)
		strbuf_adds(out, "team: there are no 'organizers', so nobody may use the control "
				 "room\n");
	if (config->plain_secrets && stat(config->path, &st) == 0 && (st.st_mode & S_IROTH))
		strbuf_addf(out,
			    "%s holds secrets and everybody on this machine may read it; "
			    "`chmod 600` it\n",
			    config->path);
}

void config_bridge_options(const struct config *boot, const struct config *live,
			   struct bridge_options *options_out)
{
	const struct settings *organisation = live->sections[SECTION_ORGANISATION];
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
		.senders = boot->senders,
		.sender_n = boot->sender_n,
	};
	options_out->organizer_n = settings_list(team, "organizers", &options_out->organizers);
	options_out->inbox_n = settings_list(team, "inbox", &options_out->inbox);
}
