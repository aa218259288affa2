/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The file that tells a homeserver of us: written, never read, by hand and with every value in
 * quotes, because what YAML makes of a bare word is a science of its own.
 *
 * The names of contacts and rooms are ours alone (exclusive), and in one domain: the pattern is
 * anchored, and its dots are dots. The homeserver's limits are lifted for us, as they are made
 * against people; the bot would otherwise make ten rooms and then one a minute.
 *
 * The bot is one of those names and not the service's own user (sender_localpart), because Synapse
 * lets that one ask for nothing that it was not pushed (/sync).
 */
#include "chat/matrix/matrix_registration.h"

#include <string.h>

#define LETTERS_AND_DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* Single quotes: nothing in them means anything, but a quote, which is written twice. */
static void add_quoted(struct strbuf *out, const char *text)
{
	strbuf_addc(out, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			strbuf_addc(out, '\'');
		strbuf_addc(out, *text);
	}
	strbuf_addc(out, '\'');
}

static void add_line(struct strbuf *out, const char *key, const char *value)
{
	strbuf_addf(out, "%s: ", key);
	add_quoted(out, value);
	strbuf_addc(out, '\n');
}

static void add_literally(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (!strchr(LETTERS_AND_DIGITS "_-:/=", *text))
			strbuf_addc(out, '\\');
		strbuf_addc(out, *text);
	}
}

/* ^@NAMEtail:DOMAIN$ */
static void add_names(struct strbuf *out, char sigil, const char *name, const char *tail,
		      const struct settings *set)
{
	STRBUF_AUTO(regex);

	strbuf_addf(&regex, "^%c", sigil);
	add_literally(&regex, name);
	strbuf_addf(&regex, "%s:", tail);
	add_literally(&regex, settings_text(set, "domain"));
	strbuf_addc(&regex, '$');
	strbuf_adds(out, "    - regex: ");
	add_quoted(out, regex.buf);
	strbuf_adds(out, "\n      exclusive: true\n");
}

/* Printable, and of one piece: a token goes into a header, and all of it on one line. */
static int check_plain(const struct settings *set, const char *key, struct error *err)
{
	const char *value = settings_text(set, key);

	for (const char *c = value ? value : ""; *c; c++) {
		if (*c <= ' ' || *c > '~')
			return error_set(err, ERR_CONFIG,
					 "matrix.%s must be of letters, digits and punctuation, "
					 "without blanks",
					 key);
	}
	if (value && value[0])
		return 0;
	return error_set(err, ERR_CONFIG, "matrix.%s is missing", key);
}

static int check(const struct settings *set, struct error *err)
{
	static const char *const plain[] = {
		"registration_id", "appservice_url", "as_token", "hs_token", "bot",
		"prefix",          "domain"};
	const char *bot = settings_text(set, "bot");

	if (strcmp(settings_text(set, "mode"), "appservice") != 0)
		return error_set(err, ERR_CONFIG,
				 "matrix.mode is %s: there is nothing to register; it logs in with "
				 "an account that the homeserver has",
				 settings_text(set, "mode"));
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (check_plain(set, plain[i], err) < 0)
			return -1;
	}
	/* Synapse does not start with a name that would be encoded in an address. */
	if (bot[strspn(bot, "abcdefghijklmnopqrstuvwxyz0123456789._-/")])
		return error_set(err, ERR_CONFIG,
				 "matrix.bot must be of small letters, digits, dots, _ and -, not "
				 "%.60s",
				 bot);
	return 0;
}

int mx_registration_print(const struct settings *set, struct strbuf *out, struct error *err)
{
	const char *prefix = settings_text(set, "prefix");
	const char *bot = settings_text(set, "bot");
	STRBUF_AUTO(sender);

	if (check(set, err) < 0)
		return -1;
	strbuf_adds(out, "# Roomline for a Matrix homeserver. Whoever has this file can act as "
			 "Roomline: let only\n# the homeserver read it. Made by `roomline "
			 "registration`; do not change it here.\n");
	add_line(out, "id", settings_text(set, "registration_id"));
	add_line(out, "url", settings_text(set, "appservice_url"));
	add_line(out, "as_token", settings_text(set, "as_token"));
	add_line(out, "hs_token", settings_text(set, "hs_token"));
	strbuf_addf(&sender, "%sservice", prefix);
	add_line(out, "sender_localpart", sender.buf);
	strbuf_adds(out, "rate_limited: false\n"
			 "receive_ephemeral: false\n"
			 "protocols:\n"
			 "  - sms\n"
			 "namespaces:\n");
	strbuf_adds(out, "  users:\n");
	add_names(out, '@', bot, "", set);
	add_names(out, '@', prefix, ".*", set);
	strbuf_adds(out, "  aliases:\n");
	add_names(out, '#', prefix, ".*", set);
	strbuf_adds(out, "  rooms: []\n");
	return 0;
}
