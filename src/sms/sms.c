/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The registry of SMS drivers and what they share; the contract is in roomline/sms.h. */
#include "roomline/sms.h"

#include "base/strbuf.h"
#include "base/xalloc.h"
#include "core/optout.h"
#include "sms/driver.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const struct sms_driver *const drivers[] = {
	&generic_driver,
	&twilio_driver,
	&sandbox_driver,
	NULL,
};

const struct sms_driver *const *sms_drivers(void)
{
	return drivers;
}

const struct sms_driver *sms_driver_find(const char *name)
{
	for (size_t i = 0; drivers[i]; i++) {
		if (strcmp(drivers[i]->name, name) == 0)
			return drivers[i];
	}
	return NULL;
}

void sms_event_release(struct sms_event *event)
{
	free(event->text);
	for (int i = 0; i < event->media_n; i++)
		free(event->media[i]);
	*event = (struct sms_event){0};
}

/* ---- what holds for an account --------------------------------------------------------------- */

static bool has_setting(const struct sms_account *account, const char *key)
{
	if (!account->set)
		return false;
	for (const struct setting *row = settings_table(account->set); row->key; row++) {
		if (strcmp(row->key, key) == 0)
			return true;
	}
	return false;
}

static const char *own_text(const struct sms_account *account, const char *key,
			    const char *otherwise)
{
	const char *text = has_setting(account, key) ? settings_text(account->set, key) : NULL;

	return text ? text : otherwise;
}

static const struct driver_word cap_words[] = {
	{"media", SMS_CAP_MEDIA},
	{"reports", SMS_CAP_REPORTS},
	{"signed", SMS_CAP_SIGNED},
	{"idempotent", SMS_CAP_IDEMPOTENT},
	{"part_reports", SMS_CAP_PART_REPORTS},
	{NULL, 0},
};

unsigned sms_account_caps(const struct sms_account *account)
{
	const char *const *words;
	unsigned caps = 0;
	size_t n;

	if (!has_setting(account, "caps"))
		return account->driver->caps;
	n = settings_list(account->set, "caps", &words);
	for (size_t i = 0; i < n; i++) {
		int cap = 0;

		if (driver_word_value(cap_words, words[i], &cap))
			caps |= (unsigned)cap;
	}
	return caps;
}

enum sms_reply_by sms_account_reply_by(const struct sms_account *account)
{
	static const struct driver_word words[] = {
		{"us", SMS_REPLY_BY_US},
		{"provider", SMS_REPLY_BY_PROVIDER},
		{"network", SMS_REPLY_BY_NETWORK},
		{NULL, 0},
	};
	int by = (int)account->driver->reply_by;

	(void)driver_word_value(words, own_text(account, "stop_reply_by", ""), &by);
	return (enum sms_reply_by)by;
}

int sms_account_max_chars(const struct sms_account *account)
{
	if (!has_setting(account, "max_chars"))
		return account->driver->max_chars;
	return (int)settings_int(account->set, "max_chars");
}

int sms_account_max_media_kb(const struct sms_account *account)
{
	if (!has_setting(account, "max_media_kb"))
		return account->driver->max_media_kb;
	return (int)settings_int(account->set, "max_media_kb");
}

const char *sms_account_hook_reply_type(const struct sms_account *account)
{
	return own_text(account, "hook_reply_type", account->driver->hook_reply_type);
}

const char *sms_account_hook_reply_body(const struct sms_account *account)
{
	return own_text(account, "hook_reply_body", account->driver->hook_reply_body);
}

static bool is_keyword(const struct sms_account *account, const char *key,
		       const char *const *driver_list, const char *text)
{
	const char *const *items;
	size_t n;

	if (!has_setting(account, key))
		return driver_list && optout_is_bare_keyword(text, driver_list);
	n = settings_list(account->set, key, &items);
	for (size_t i = 0; i < n; i++) {
		if (optout_is_bare_keyword(text, (const char *const[]){items[i], NULL}))
			return true;
	}
	return false;
}

enum sms_keyword sms_account_keyword(const struct sms_account *account, const char *text)
{
	const struct sms_driver *driver = account->driver;

	if (is_keyword(account, "stop_keywords", driver->stop_keywords, text))
		return SMS_KEYWORD_STOP;
	if (is_keyword(account, "start_keywords", driver->start_keywords, text))
		return SMS_KEYWORD_START;
	if (is_keyword(account, "help_keywords", driver->help_keywords, text))
		return SMS_KEYWORD_HELP;
	return SMS_KEYWORD_NONE;
}

/* ---- URLs and refs --------------------------------------------------------------------------- */

void sms_status_url(const struct sms_account *account, const struct cleared_sms *sms,
		    struct strbuf *out)
{
	strbuf_addf(out, "%s/status?m=%s", account->hook_url, cleared_sms_ref(sms));
}

static bool host_is(const char *host, const char *name)
{
	size_t len = strlen(name);

	return strncasecmp(host, name, len) == 0 && (host[len] == '\0' || strchr(":/?", host[len]));
}

int driver_check_url(const char *key, const char *url, bool plain_ok, struct error *err)
{
	const char *host = url + strlen("http://");

	if (strncasecmp(url, "https://", 8) == 0 || strncmp(url, "local:/", 7) == 0)
		return 0;
	if (strncasecmp(url, "http://", 7) != 0)
		return error_set(err, ERR_CONFIG, "'%s' must be an https:// address", key);
	if (plain_ok || host_is(host, "127.0.0.1") || host_is(host, "localhost") ||
	    host_is(host, "[::1]"))
		return 0;
	return error_set(err, ERR_CONFIG,
			 "'%s' would send secrets in clear to another machine; use https://", key);
}

void driver_take_ref(const char *text, char out[TOKEN_MAX])
{
	size_t len = strlen(text);

	out[0] = '\0';
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)text[i]) && text[i] != '-' && text[i] != '_')
			return;
	}
	if (len < TOKEN_MAX)
		(void)str_copy(out, TOKEN_MAX, text);
}

void driver_take_number(const char *text, char out[SMS_ADDRESS_MAX])
{
	if (!str_copy(out, SMS_ADDRESS_MAX, text))
		out[0] = '\0';
}

bool driver_word_value(const struct driver_word *words, const char *text, int *value_out)
{
	for (; words->word; words++) {
		if (strcasecmp(words->word, text) == 0) {
			*value_out = words->value;
			return true;
		}
	}
	return false;
}
