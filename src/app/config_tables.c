/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The keys of the configuration that belong to no chat network and no SMS driver. */
#include "app/config.h"

static const struct setting organisation_table[] = {
	{.key = "name",
	 .type = SETTING_TEXT,
	 .required = true,
	 .reloadable = true,
	 .example = "Riverside Neighbors",
	 .help = "How you name yourselves in automatic answers. People who get a text must be able "
		 "to "
		 "tell who it is from."},
	{.key = "help_contact",
	 .type = SETTING_TEXT,
	 .required = true,
	 .reloadable = true,
	 .example = "help@example.org",
	 .help = "A telephone number, mail address or link; given in the answer to HELP."},
	{.key = "region",
	 .type = SETTING_TEXT,
	 .required = true,
	 .fallback = "US",
	 .reloadable = true,
	 .help = "Country, as two letters of ISO 3166. Numbers without a country code are read as "
		 "of "
		 "there."},
	{.key = "stop_text",
	 .type = SETTING_TEXT,
	 .required = true,
	 .fallback =
		 "{organisation}: You are unsubscribed and will get no more texts from us. Reply "
		 "START to undo.",
	 .reloadable = true,
	 .help = "The one answer to STOP. {organisation} stands for the name."},
	{.key = "start_text",
	 .type = SETTING_TEXT,
	 .required = true,
	 .fallback =
		 "{organisation}: You can get texts from us again. Reply HELP for help, STOP to "
		 "unsubscribe.",
	 .reloadable = true,
	 .help = "The answer to START."},
	{.key = "help_text",
	 .type = SETTING_TEXT,
	 .required = true,
	 .fallback =
		 "{organisation}: Reach us at {help_contact}. Msg & data rates may apply. Reply "
		 "STOP to unsubscribe.",
	 .reloadable = true,
	 .help = "The answer to HELP. {help_contact} stands for the contact above."},
	{.key = NULL},
};

static const struct setting store_table[] = {
	{.key = "path",
	 .type = SETTING_TEXT,
	 .required = true,
	 .fallback = "roomline.db",
	 .help = "The SQLite database. A relative path starts at the folder of this file. It holds "
		 "personal data: keep it on a disk of your own and back it up with `roomline "
		 "backup`."},
	{.key = NULL},
};

static const struct setting http_table[] = {
	{.key = "listen",
	 .type = SETTING_TEXT,
	 .required = true,
	 .fallback = "127.0.0.1:8080",
	 .help = "Address and port for the providers' hooks. Put a reverse proxy with TLS in "
		 "front."},
	{.key = "public_url",
	 .type = SETTING_TEXT,
	 .required = true,
	 .fallback = "http://127.0.0.1:8080",
	 .help = "How the providers reach that address from outside, without a slash at the end, "
		 "such "
		 "as https://sms.example.org. Signatures are made over it."},
	{.key = "hook_secret",
	 .type = SETTING_SECRET,
	 .required = true,
	 .help = "Part of the path of every hook: 16 or more letters, digits, - or _. Whoever "
		 "knows it "
		 "can pretend to be a provider that signs nothing."},
	{.key = NULL},
};

static const struct setting log_table[] = {
	{.key = "level",
	 .type = SETTING_CHOICE,
	 .choices = "debug|info|warn|error",
	 .fallback = "info",
	 .reloadable = true,
	 .help = "How much is logged to standard error. No level shows texts or whole numbers."},
	{.key = NULL},
};

static const struct setting team_table[] = {
	{.key = "organizers",
	 .type = SETTING_LIST,
	 .any_case = true,
	 .reloadable = true,
	 .example = CONFIG_SOMEBODY,
	 .help = "Who may use the control room, as NETWORK:ADDRESS."},
	{.key = "inbox",
	 .type = SETTING_LIST,
	 .any_case = true,
	 .reloadable = true,
	 .example = CONFIG_SOMEBODY,
	 .help = "Who is asked to take texts that nobody is assigned to."},
	{.key = NULL},
};

static const struct setting policy_table[] = {
	{.key = "hold_hours",
	 .type = SETTING_INT,
	 .min = 1,
	 .max = 72,
	 .fallback = "24",
	 .reloadable = true,
	 .help = "A text that may mean STOP holds all texts to that number; if nobody decides "
		 "within "
		 "these hours, it counts as STOP."},
	{.key = "reply_window_hours",
	 .type = SETTING_INT,
	 .min = 1,
	 .max = 720,
	 .fallback = "24",
	 .reloadable = true,
	 .help = "What we text within these hours after theirs is an answer."},
	{.key = "max_segments",
	 .type = SETTING_INT,
	 .min = 1,
	 .max = 10,
	 .fallback = "6",
	 .reloadable = true,
	 .help = "A longer text is refused; every segment is paid for."},
	{.key = "file_kb",
	 .type = SETTING_INT,
	 .min = 100,
	 .max = 20480,
	 .fallback = "5120",
	 .reloadable = true,
	 .help = "A larger picture or file is not passed on, in either direction; each provider "
		 "has limits of its own beside it."},
	{.key = "file_link_hours",
	 .type = SETTING_INT,
	 .min = 6,
	 .max = 168,
	 .fallback = "24",
	 .reloadable = true,
	 .help = "How long our links to pictures and files work: a provider gets one for each file "
		 "that is sent, and a room one where a picture cannot be shown."},
	{.key = "file_hosts",
	 .type = SETTING_LIST,
	 .reloadable = true,
	 .help = "Hosts, as HOST or HOST:PORT, from which files are fetched although they have a "
		 "private address or no TLS, such as the chat server's upload service in your own "
		 "network. All others must be public and have TLS."},
	{.key = NULL},
};

const struct config_section_info config_sections[SECTION_N] = {
	[SECTION_ORGANISATION] = {"organisation", "Who you are to those who get texts.",
				  organisation_table},
	[SECTION_STORE] = {"store", "Where everything is kept.", store_table},
	[SECTION_HTTP] = {"http", "Where SMS providers reach Roomline.", http_table},
	[SECTION_LOG] = {"log", "What is written to the log.", log_table},
	[SECTION_TEAM] = {"team", "The people.", team_table},
	[SECTION_POLICY] = {"policy", "Limits.", policy_table},
};

const struct setting config_provider_table[] = {
	{.key = "name",
	 .type = SETTING_TEXT,
	 .required = true,
	 .help = "Your name for it, part of its hook URL: letters, digits, - and _."},
	{.key = "driver",
	 .type = SETTING_TEXT,
	 .required = true,
	 .help = "Which program part speaks with it."},
	{.key = "definition",
	 .type = SETTING_TEXT,
	 .help = "A YAML file with more keys of the driver, such as kannel.yaml; keys given here "
		 "win. "
		 "It is looked for beside this file and then among those that came with Roomline."},
	{.key = NULL},
};

const struct setting config_sender_table[] = {
	{.key = "name",
	 .type = SETTING_TEXT,
	 .required = true,
	 .example = "main",
	 .help = "Your name for it, shown to the team."},
	{.key = "provider",
	 .type = SETTING_TEXT,
	 .required = true,
	 .example = "sandbox",
	 .help = "The name of one of the providers above."},
	{.key = "number",
	 .type = SETTING_TEXT,
	 .required = true,
	 .example = "+15555550100",
	 .help = "The number, with + and country code, or a short code."},
	{.key = "reply_by",
	 .type = SETTING_CHOICE,
	 .choices = "auto|us|provider|network",
	 .fallback = "auto",
	 .help = "Who answers STOP, START and HELP. auto: what the provider does by default; say "
		 "otherwise if you changed it in its console. Never two of them."},
	{.key = "per_minute",
	 .type = SETTING_INT,
	 .min = 1,
	 .max = 100000,
	 .fallback = "60",
	 .reloadable = true,
	 .help = "At most this many texts a minute leave from this number."},
	{.key = NULL},
};
