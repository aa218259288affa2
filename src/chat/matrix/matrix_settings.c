/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The settings: their table, and what has to be true of them. */
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "chat/matrix/matrix_priv.h"

#include <string.h>

#define MINUTE_MS INT64_C(60000)

const struct setting mx_settings[] = {
	{.key = "mode",
	 .type = SETTING_CHOICE,
	 .choices = "appservice|bot",
	 .fallback = "appservice",
	 .help = "appservice: the homeserver's admin installs the file that `roomline "
		 "registration` writes; every contact is a user of its own. bot: an account like "
		 "any other, without that."},
	{.key = "homeserver",
	 .type = SETTING_TEXT,
	 .required = true,
	 .fallback = "http://127.0.0.1:8008",
	 .help = "How we reach the homeserver's client API, without a slash at the end."},
	{.key = "domain",
	 .type = SETTING_TEXT,
	 .required = true,
	 .example = "example.org",
	 .help = "The server name: what stands behind the colon in @olga:example.org."},
	{.key = "shape",
	 .type = SETTING_CHOICE,
	 .choices = "room|thread",
	 .fallback = "room",
	 .help = "room: each conversation is a room. thread: each volunteer has a desk, a room in "
		 "which each conversation is a thread; lighter on the server by far."},
	{.key = "bot",
	 .type = SETTING_TEXT,
	 .fallback = "roomline",
	 .help = "appservice: the bot's user name, without @ and domain."},
	{.key = "bot_name",
	 .type = SETTING_TEXT,
	 .fallback = "Roomline",
	 .help = "What the bot is called in rooms."},
	{.key = "as_token",
	 .type = SETTING_SECRET,
	 .made_digits = 64,
	 .help = "appservice: what we show the homeserver. `roomline registration` puts it into "
		 "the file."},
	{.key = "hs_token",
	 .type = SETTING_SECRET,
	 .made_digits = 64,
	 .help = "appservice: what the homeserver shows us."},
	{.key = "appservice_url",
	 .type = SETTING_TEXT,
	 .fallback = "http://127.0.0.1:8080",
	 .help = "appservice: how the homeserver reaches http.listen, without a slash at the end."},
	{.key = "registration_id",
	 .type = SETTING_TEXT,
	 .fallback = "roomline",
	 .help = "appservice: our name among the homeserver's application services."},
	{.key = "prefix",
	 .type = SETTING_TEXT,
	 .fallback = "_sms_",
	 .help = "What the names of contacts' users and of our room aliases begin with."},
	{.key = "user",
	 .type = SETTING_TEXT,
	 .example = "@roomline:example.org",
	 .help = "bot: the account."},
	{.key = "password", .type = SETTING_SECRET, .help = "bot: its password."},
	{.key = "access_token",
	 .type = SETTING_SECRET,
	 .help = "bot: a token in place of the password, for servers where nobody logs in with "
		 "one."},
	{.key = "room_version",
	 .type = SETTING_TEXT,
	 .fallback = "",
	 .help = "Version of new rooms, such as 11 or 12. Empty: the homeserver's default."},
	{.key = "federate",
	 .type = SETTING_BOOL,
	 .fallback = "no",
	 .help = "Whether people of other homeservers may be in our rooms."},
	{.key = "desk_max",
	 .type = SETTING_INT,
	 .min = 1,
	 .max = 5000,
	 .fallback = "500",
	 .help = "thread: so many conversations go on one desk, then comes the next."},
	{.key = "stale_minutes",
	 .type = SETTING_INT,
	 .min = 1,
	 .max = 10080,
	 .fallback = "60",
	 .help = "What reaches us later than that is not texted, and its author is told."},
	{.key = "status_events",
	 .type = SETTING_BOOL,
	 .fallback = "no",
	 .help = "Also send com.beeper.message_send_status, for the clients that draw it."},
	{.key = NULL},
};

/* ---- settings --------------------------------------------------------------------------------- */

static char *text_of(const struct settings *set, const char *key)
{
	const char *text = settings_text(set, key);

	return xstrdup(text ? text : "");
}

static void read_all(struct mx_config *cfg, const struct settings *set)
{
	STRBUF_AUTO(bot);

	cfg->appservice = strcmp(settings_text(set, "mode"), "appservice") == 0;
	cfg->threads = strcmp(settings_text(set, "shape"), "thread") == 0;
	cfg->homeserver = text_of(set, "homeserver");
	cfg->server = text_of(set, "domain");
	cfg->bot_name = text_of(set, "bot_name");
	cfg->prefix = text_of(set, "prefix");
	cfg->id = text_of(set, "registration_id");
	cfg->as_token = text_of(set, "as_token");
	cfg->hs_token = text_of(set, "hs_token");
	cfg->user = text_of(set, "user");
	cfg->password = text_of(set, "password");
	cfg->access_token = text_of(set, "access_token");
	cfg->room_version = text_of(set, "room_version");
	cfg->federate = settings_bool(set, "federate");
	cfg->status_events = settings_bool(set, "status_events");
	cfg->desk_max = (int)settings_int(set, "desk_max");
	cfg->stale_ms = settings_int(set, "stale_minutes") * MINUTE_MS;
	strbuf_addf(&bot, "@%s:%s", settings_text(set, "bot"), cfg->server);
	cfg->bot = xstrdup(cfg->appservice ? bot.buf : cfg->user);
}

void mx_config_release(struct mx_config *cfg)
{
	char *all[] = {cfg->homeserver, cfg->server,   cfg->bot,          cfg->bot_name,
		       cfg->prefix,     cfg->id,       cfg->as_token,     cfg->hs_token,
		       cfg->user,       cfg->password, cfg->access_token, cfg->room_version};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		free(all[i]);
}

static bool is_base_url(const char *url)
{
	const char *host = strstr(url, "://");

	return (strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0) && host[3] &&
	       host[3] != '/' && url[strlen(url) - 1] != '/' && !strpbrk(url, " ?#\\\"<>");
}

static bool is_localpart(const char *text)
{
	return text[0] &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._=/+-") == strlen(text);
}

#define TOKEN_MIN 16
/* Of prefix and domain, so that a token and the rest of a user id or an alias fit in with them. */
#define NAMES_MAX (MX_ID_MAX - 2 - TOKEN_MAX - 1)

static int check_appservice(const struct mx_config *cfg, const struct settings *set,
			    struct error *err)
{
	if (strlen(cfg->as_token) < TOKEN_MIN || strlen(cfg->hs_token) < TOKEN_MIN)
		return error_set(err, ERR_CONFIG,
				 "matrix.as_token and matrix.hs_token must be %d or more "
				 "characters; `openssl rand -hex 32` makes one",
				 TOKEN_MIN);
	if (strcmp(cfg->as_token, cfg->hs_token) == 0)
		return error_set(err, ERR_CONFIG,
				 "matrix.as_token and matrix.hs_token must differ");
	if (!is_localpart(settings_text(set, "bot")))
		return error_set(err, ERR_CONFIG,
				 "matrix.bot must be a user name in small letters, such as "
				 "roomline, not %.60s",
				 settings_text(set, "bot"));
	if (!is_base_url(settings_text(set, "appservice_url")))
		return error_set(err, ERR_CONFIG,
				 "matrix.appservice_url must be like http://127.0.0.1:8080, "
				 "without a slash at the end");
	return 0;
}

static int check_bot(const struct mx_config *cfg, struct error *err)
{
	if (!mx_is_user(cfg->user))
		return error_set(err, ERR_CONFIG,
				 "matrix.user must be the bot's whole name, such as "
				 "@roomline:%.60s",
				 cfg->server);
	if (!cfg->password[0] && !cfg->access_token[0])
		return error_set(err, ERR_CONFIG,
				 "matrix.password or matrix.access_token is missing: the bot "
				 "cannot log in");
	return 0;
}

static int check_config(const struct mx_config *cfg, const struct settings *set, struct error *err)
{
	if (!is_base_url(cfg->homeserver))
		return error_set(err, ERR_CONFIG,
				 "matrix.homeserver must be like https://matrix.example.org, "
				 "without a slash at the end, not %.100s",
				 cfg->homeserver);
	if (!mx_is_user(cfg->bot) && cfg->appservice)
		return error_set(err, ERR_CONFIG,
				 "matrix.domain must be a server name such as example.org, not "
				 "%.60s",
				 cfg->server);
	if (!is_localpart(cfg->prefix) || strlen(cfg->prefix) + strlen(cfg->server) > NAMES_MAX)
		return error_set(err, ERR_CONFIG,
				 "matrix.prefix must be a few small letters, digits or _, such as "
				 "_sms_");
	return cfg->appservice ? check_appservice(cfg, set, err) : check_bot(cfg, err);
}

int mx_config_read(struct mx_config *cfg, const struct settings *set, struct error *err)
{
	read_all(cfg, set);
	if (check_config(cfg, set, err) == 0)
		return 0;
	mx_config_release(cfg);
	return -1;
}
