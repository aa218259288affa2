/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The providers and senders of the configuration.
 *
 * A provider's entry may have the keys of its own driver only. libcyaml can have one schema for all
 * entries of a list, which is the union of all drivers; the rest is checked here.
 */
#include "app/config_priv.h"

#include "base/strbuf.h"
#include "base/xalloc.h"
#include "core/phone.h"
#include "sms/sandbox.h"

#include <string.h>
#include <unistd.h>

#define LOCAL_PREFIX "local:"
#define SHORT_CODE_MAX 6 /* digits of one to text from */
#define SENDERS_MAX 256  /* the outbox keeps no more apart */

#define EXE_MAX 4096

static bool has_key(const struct setting *table, const char *key)
{
	for (const struct setting *row = table; row->key; row++) {
		if (strcmp(row->key, key) == 0)
			return true;
	}
	return false;
}

static bool is_name(const char *name)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-_";

	return name[0] && strlen(name) < SMS_NAME_MAX && strspn(name, safe) == strlen(name);
}

/* ---- one provider ---------------------------------------------------------------------------- */

struct entry {
	struct config *config;
	const struct config_doc *doc; /* the configuration */
	size_t shape;
	size_t index;
	struct settings *common;
	const struct sms_driver *driver;
	struct settings *set;
};

/* name, driver, definition; the others come when the driver is known. */
static int put_common(const char *key, const char *value, void *arg, struct error *err)
{
	struct entry *entry = arg;

	if (!has_key(config_provider_table, key))
		return 0;
	return settings_put(entry->common, key, value, err);
}

static int put_own(const char *key, const char *value, void *arg, struct error *err)
{
	struct entry *entry = arg;
	struct config_put put = {.config = entry->config, .set = entry->set};
	STRBUF_AUTO(known);

	if (has_key(config_provider_table, key))
		return 0;
	if (has_key(entry->driver->settings, key))
		return config_put(key, value, &put, err);
	for (const struct setting *row = entry->driver->settings; row->key; row++)
		strbuf_addf(&known, "%s%s", known.len ? ", " : "", row->key);
	return error_set(err, ERR_CONFIG, "key '%.40s' is not one of driver '%s'; it knows: %s",
			 key, entry->driver->name, known.len ? known.buf : "none");
}

/* A value of the definition file, unless the configuration gives its own. */
static int put_defined(const char *key, const char *value, void *arg, struct error *err)
{
	struct entry *entry = arg;

	if (doc_given(entry->doc, entry->shape, entry->index, key))
		return 0;
	return settings_put(entry->set, key, value, err);
}

/* Those that came with this program, wherever it was installed to: PREFIX/bin is beside
 * PREFIX/share. */
static void add_installed(struct strbuf *out)
{
	char exe[EXE_MAX];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe));

	while (len > 0 && exe[len - 1] != '/')
		len--;
	if (len > 0)
		strbuf_add(out, exe, (size_t)len);
	strbuf_adds(out, "../share/roomline/providers");
}

/* One's own first, so that a copy that was changed wins; in the source tree there is nothing
 * installed. */
static int find_definition(const struct config *config, const char *name, struct strbuf *path_out,
			   struct error *err)
{
	STRBUF_AUTO(installed);
	const char *folders[] = {config->folder, NULL, "config/providers"};

	add_installed(&installed);
	folders[1] = installed.buf;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		strbuf_reset(path_out);
		if (name[0] != '/')
			strbuf_addf(path_out, "%s/", folders[i]);
		strbuf_adds(path_out, name);
		if (access(path_out->buf, R_OK) == 0)
			return 0;
	}
	return error_set(err, ERR_CONFIG,
			 "'definition': there is no file %.80s that can be read beside the "
			 "configuration or in %.120s",
			 name, installed.buf);
}

static int read_definition(struct entry *entry, struct error *err)
{
	const char *name = settings_text(entry->common, "definition");
	const struct setting *const tables[] = {entry->driver->settings, NULL};
	const struct doc_shape shape = {.name = NULL, .tables = tables};
	struct config_doc *doc = NULL;
	STRBUF_AUTO(path);
	int rc;

	if (!name)
		return 0;
	if (find_definition(entry->config, name, &path, err) < 0 ||
	    doc_read(path.buf, &shape, 1, &doc, err) < 0)
		return -1;
	rc = doc_count(doc, 0) ? doc_each(doc, 0, 0, put_defined, entry, err) : 0;
	doc_free(doc);
	return rc;
}

static int find_driver(struct entry *entry, struct error *err)
{
	const char *name = settings_text(entry->common, "driver");
	const struct sms_driver *const *drivers = sms_drivers();
	STRBUF_AUTO(known);

	entry->driver = sms_driver_find(name);
	if (entry->driver)
		return 0;
	for (size_t i = 0; drivers[i]; i++)
		strbuf_addf(&known, "%s%s", known.len ? ", " : "", drivers[i]->name);
	return error_set(err, ERR_CONFIG, "there is no driver '%.40s'; there are: %s", name,
			 known.buf);
}

/* Fills the entry's two sets; they belong to the configuration whatever happens. */
static int read_provider(struct entry *entry, struct config_provider *provider, struct error *err)
{
	provider->common = settings_new(config_provider_table);
	entry->common = provider->common;
	if (doc_each(entry->doc, entry->shape, entry->index, put_common, entry, err) < 0 ||
	    settings_finish(entry->common, NULL, err) < 0)
		return -1;
	if (!is_name(settings_text(entry->common, "name")))
		return error_set(
			err, ERR_CONFIG,
			"'name' must be 1 to %d letters, digits, - or _; it is part of a URL",
			SMS_NAME_MAX - 1);
	if (find_driver(entry, err) < 0)
		return -1;
	provider->set = settings_new(entry->driver->settings);
	entry->set = provider->set;
	if (read_definition(entry, err) < 0 ||
	    doc_each(entry->doc, entry->shape, entry->index, put_own, entry, err) < 0 ||
	    settings_finish(entry->set, entry->config->folder, err) < 0)
		return -1;
	return entry->driver->check ? entry->driver->check(entry->set, err) : 0;
}

/* ---- all of them ----------------------------------------------------------------------------- */

bool config_account_is_local(const struct sms_account *account)
{
	for (const struct setting *row = settings_table(account->set); row->key; row++) {
		const char *text =
			row->type == SETTING_TEXT ? settings_text(account->set, row->key) : NULL;

		if (text && strncmp(text, LOCAL_PREFIX, strlen(LOCAL_PREFIX)) == 0)
			return true;
	}
	return false;
}

static char *make_hook_url(const struct config *config, const struct sms_account *account)
{
	const struct settings *http = config->sections[SECTION_HTTP];
	const char *base = settings_text(http, "public_url");
	size_t len = strlen(base);
	STRBUF_AUTO(url);

	while (len > 0 && base[len - 1] == '/')
		len--;
	if (config_account_is_local(account))
		strbuf_adds(&url, LOCAL_PREFIX);
	else
		strbuf_add(&url, base, len);
	strbuf_addf(&url, "/hook/%s/%s", settings_text(http, "hook_secret"), account->name);
	return strbuf_detach(&url, NULL);
}

static const struct sms_account *find_account(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->account_n; i++) {
		if (strcmp(config->accounts[i].name, name) == 0)
			return &config->accounts[i];
	}
	return NULL;
}

/* "providers, entry 2 (twilio)" */
static void entry_fault(struct config *config, const char *list, size_t index,
			const struct settings *set, const struct error *why)
{
	const char *name = set ? settings_text(set, "name") : NULL;
	STRBUF_AUTO(place);

	strbuf_addf(&place, "%s, entry %zu", list, index + 1);
	if (name)
		strbuf_addf(&place, " (%.20s)", name);
	config_fault(config, place.buf, why);
}

/* An account without a driver is one whose entry is wrong: senders may still name it. */
static int add_account(struct config *config, struct entry *entry, struct error *err)
{
	struct config_provider *provider = &config->providers[entry->index];
	struct sms_account *account = &config->accounts[entry->index];
	int rc = read_provider(entry, provider, err);
	const char *name = settings_text(entry->common, "name");

	if (rc == 0 && find_account(config, name))
		rc = error_set(err, ERR_CONFIG,
			       "another provider has this name; each needs its own");
	account->name = name ? name : "";
	config->account_n++;
	if (rc < 0)
		return -1;
	account->driver = entry->driver;
	account->set = provider->set;
	provider->hook_url = make_hook_url(config, account);
	account->hook_url = provider->hook_url;
	return 0;
}

void config_read_providers(struct config *config, const struct config_doc *doc, size_t shape)
{
	size_t n = doc_count(doc, shape);
	struct error why = {0};
	bool well = true;
	size_t wrong;

	if (n == 0)
		strbuf_addf(&config->faults,
			    "%s: no SMS provider is set up; add a section 'providers:'\n",
			    config->path);
	config->accounts = xcalloc(n + 1, sizeof(*config->accounts));
	config->providers = xcalloc(n + 1, sizeof(*config->providers));
	for (size_t i = 0; i < n; i++) {
		struct entry entry = {.config = config, .doc = doc, .shape = shape, .index = i};

		if (add_account(config, &entry, &why) == 0)
			continue;
		entry_fault(config, "providers", i, entry.common, &why);
		well = false;
	}
	if (well && sandbox_check_mix(config->accounts, n, &wrong, &why) < 0)
		entry_fault(config, "providers", wrong, config->providers[wrong].common, &why);
}

/* ---- senders --------------------------------------------------------------------------------- */

static enum sms_reply_by read_reply_by(const struct settings *set,
				       const struct sms_account *account)
{
	static const struct {
		const char *word;
		enum sms_reply_by by;
	} words[] = {{"us", SMS_REPLY_BY_US},
		     {"provider", SMS_REPLY_BY_PROVIDER},
		     {"network", SMS_REPLY_BY_NETWORK}};
	const char *text = settings_text(set, "reply_by");

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i].word) == 0)
			return words[i].by;
	}
	return sms_account_reply_by(account);
}

/* Without a plus only short codes: a national number would be another one in another region. */
static int read_number(const char *text, struct phone *out, struct error *err)
{
	bool plus = strchr(text, '+') != NULL;
	enum phone_error why = phone_parse_sender(text, strlen(text), NULL, out);

	if (why == PHONE_OK && (plus || strlen(out->e164) <= SHORT_CODE_MAX))
		return 0;
	if (!plus)
		return error_set(err, ERR_CONFIG,
				 "'number' is '%.40s' but must begin with + and the country code, "
				 "like \"+14155550100\", or be a short code of 3 to %d digits",
				 text, SHORT_CODE_MAX);
	return error_set(err, ERR_CONFIG,
			 "'number' is '%.40s' which is no number to text from (%s); write it like "
			 "\"+14155550100\"",
			 text, phone_error_word(why));
}

static int check_unlike(const struct config *config, const struct sms_sender *sender,
			struct error *err)
{
	for (size_t i = 0; i < config->sender_n; i++) {
		const struct sms_sender *other = &config->senders[i];

		if (strcmp(other->name, sender->name) == 0)
			return error_set(err, ERR_CONFIG,
					 "another sender has this name; each needs its own");
		if (other->account == sender->account &&
		    phone_equal(&other->number, &sender->number))
			return error_set(err, ERR_CONFIG,
					 "sender '%.40s' has the same provider and number",
					 other->name);
	}
	return 0;
}

static int read_sender(const struct config *config, const struct settings *set,
		       struct sms_sender *sender, struct error *err)
{
	const char *provider = settings_text(set, "provider");

	sender->name = settings_text(set, "name");
	if (!is_name(sender->name))
		return error_set(err, ERR_CONFIG, "'name' must be 1 to %d letters, digits, - or _",
				 SMS_NAME_MAX - 1);
	sender->account = find_account(config, provider);
	if (!sender->account)
		return error_set(err, ERR_CONFIG, "there is no provider named '%.40s' above",
				 provider);
	if (read_number(settings_text(set, "number"), &sender->number, err) < 0)
		return -1;
	if (!sender->account->driver)
		return 0; /* told already */
	sender->reply_by = read_reply_by(set, sender->account);
	sender->per_minute = (int)settings_int(set, "per_minute");
	return check_unlike(config, sender, err);
}

void config_read_senders(struct config *config, const struct config_doc *doc, size_t shape)
{
	size_t n = doc_count(doc, shape);

	if (n == 0)
		strbuf_addf(&config->faults,
			    "%s: no number to text from is set up; add a section 'senders:'\n",
			    config->path);
	if (n > SENDERS_MAX) {
		strbuf_addf(&config->faults, "%s: more than %d senders\n", config->path,
			    SENDERS_MAX);
		return;
	}
	config->senders = xcalloc(n + 1, sizeof(*config->senders));
	config->sender_sets = xcalloc(n + 1, sizeof(struct settings *));
	for (size_t i = 0; i < n; i++) {
		struct config_put put = {.config = config};
		struct sms_sender sender = {.name = ""};
		struct error why = {0};

		put.set = settings_new(config_sender_table);
		config->sender_sets[i] = put.set;
		if (doc_each(doc, shape, i, config_put, &put, &why) < 0 ||
		    settings_finish(put.set, NULL, &why) < 0 ||
		    read_sender(config, put.set, &sender, &why) < 0)
			entry_fault(config, "senders", i, put.set, &why);
		if (!sender.name)
			sender.name = "";
		config->senders[i] = sender;
		config->sender_n = i + 1;
	}
}

void config_free_providers(struct config *config)
{
	for (size_t i = 0; i < config->account_n; i++) {
		settings_free(config->providers[i].common);
		settings_free(config->providers[i].set);
		free(config->providers[i].hook_url);
	}
	free(config->providers);
	free(config->accounts);
	for (size_t i = 0; i < config->sender_n; i++)
		settings_free(config->sender_sets[i]);
	free(config->sender_sets);
	free(config->senders);
}
