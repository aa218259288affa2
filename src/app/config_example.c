/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The example file: every key of every table with its help, as a file that can be loaded. It is
 * what `roomline init` writes and what config/roomline.yaml.example must equal, and so also the
 * reference.
 *
 * What has a default is written out, so that a section never is empty (which YAML reads as "no
 * value") and the reader sees what holds.
 */
#include "app/config.h"

#include "base/strbuf.h"

#include <inttypes.h>
#include <string.h>

#define WIDTH 90
#define EXAMPLE_DRIVER "sandbox" /* needs no contract with anybody */
#define SECRET_DIGITS 32

struct printer {
	struct strbuf *out;
	config_secret_fn *secret;
	const char *somebody; /* a user, for CONFIG_SOMEBODY */
	const char *indent;
	bool commented; /* the whole entry is for reading only */
	bool dash;      /* the next key is the first of a list entry */
};

static void begin_line(const struct printer *p)
{
	strbuf_addf(p->out, "%s%s", p->commented ? "#" : "", p->indent);
}

/* Words of text as comment lines. */
static void print_comment(const struct printer *p, const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t word = strcspn(text, " ");

		if (column == 0 || column + 1 + word > WIDTH) {
			if (column)
				strbuf_addc(p->out, '\n');
			begin_line(p);
			strbuf_addc(p->out, '#');
			column = strlen(p->indent) + 2;
		}
		strbuf_addc(p->out, ' ');
		strbuf_add(p->out, text, word);
		column += 1 + word;
		text += word + strspn(text + word, " ");
	}
	strbuf_addc(p->out, '\n');
}

static void add_quoted(struct strbuf *out, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_./:@";

	if (text[0] && text[0] != '-' && text[0] != '@' && text[strlen(text) - 1] != ':' &&
	    strspn(text, plain) == strlen(text)) {
		strbuf_adds(out, text);
		return;
	}
	strbuf_addc(out, '"');
	for (const char *c = text; *c; c++) {
		if (*c == '\n') {
			strbuf_adds(out, "\\n");
			continue;
		}
		if (*c == '"' || *c == '\\')
			strbuf_addc(out, '\\');
		strbuf_addc(out, *c);
	}
	strbuf_addc(out, '"');
}

static void print_help(const struct printer *p, const struct setting *row)
{
	struct strbuf text = STRBUF_INIT;

	strbuf_adds(&text, row->help ? row->help : "");
	switch (row->type) {
	case SETTING_TEXT:
	case SETTING_LIST:
		break;
	case SETTING_SECRET:
		strbuf_adds(&text, " (secret)");
		break;
	case SETTING_INT:
		strbuf_addf(&text, " (%" PRId64 " to %" PRId64 ")", row->min, row->max);
		break;
	case SETTING_BOOL:
		strbuf_adds(&text, " (true or false)");
		break;
	case SETTING_CHOICE:
		strbuf_addf(&text, " (%s)", row->choices);
		break;
	}
	if (row->reloadable)
		strbuf_adds(&text, " [reload]");
	print_comment(p, text.buf);
	strbuf_release(&text);
}

static void print_key(struct printer *p, const struct setting *row, const char *value)
{
	bool secret = row->type == SETTING_SECRET && (row->required || row->made_digits > 0);
	bool off = !value && !secret && !row->required;

	begin_line(p);
	strbuf_addf(p->out, "%s%s%s:", p->dash ? "- " : "", off ? "#" : "", row->key);
	if (secret) {
		strbuf_addc(p->out, ' ');
		p->secret(p->out, row->made_digits > 0 ? row->made_digits : SECRET_DIGITS);
	} else if (value && row->type == SETTING_LIST) {
		strbuf_addc(p->out, '\n');
		begin_line(p);
		strbuf_adds(p->out, "  - ");
		add_quoted(p->out, value);
	} else if (value) {
		strbuf_addc(p->out, ' ');
		add_quoted(p->out, value);
	}
	strbuf_addc(p->out, '\n');
	if (p->dash)
		p->indent = "    ";
	p->dash = false;
}

static void print_row(struct printer *p, const struct setting *row, const char *value)
{
	print_help(p, row);
	print_key(p, row, value);
}

static const char *row_value(const struct printer *p, const struct setting *row)
{
	const char *value = row->fallback ? row->fallback : row->example;

	return value && strcmp(value, CONFIG_SOMEBODY) == 0 ? p->somebody : value;
}

static void print_table(struct printer *p, const struct setting *table)
{
	for (const struct setting *row = table; row->key; row++)
		print_row(p, row, row_value(p, row));
}

/* p: where, as what, and what its secrets are. */
static void print_section(struct printer p, const char *name, const char *help,
			  const struct setting *table)
{
	struct printer top = {.out = p.out, .indent = ""};

	strbuf_addc(p.out, '\n');
	print_comment(&top, help);
	strbuf_addf(p.out, "%s%s:%s\n", p.commented ? "#" : "", name, table->key ? "" : " {}");
	print_table(&p, table);
}

static void print_networks(struct printer p, const struct chat_network *live)
{
	const struct chat_network *const *networks = chat_networks();

	for (size_t i = 0; networks[i]; i++) {
		STRBUF_AUTO(help);

		if (networks[i]->for_tests && networks[i] != live)
			continue;
		strbuf_addf(&help, "The chat network %s. Without this section it is off.",
			    networks[i]->name);
		p.commented = networks[i] != live;
		print_section(p, networks[i]->name, help.buf, networks[i]->settings);
	}
}

static void print_provider(struct strbuf *out, config_secret_fn *secret,
			   const struct sms_driver *driver, bool commented)
{
	struct printer p = {
		.out = out, .secret = secret, .indent = "  ", .commented = commented, .dash = true};

	for (const struct setting *row = config_provider_table; row->key; row++) {
		if (!commented) /* said once is enough */
			print_help(&p, row);
		print_key(&p, row, row->required ? driver->name : NULL);
	}
	print_table(&p, driver->settings);
}

void config_add_somebody(struct strbuf *out, const struct chat_network *network)
{
	strbuf_addf(out, "%s:%s", network->name,
		    network->somebody ? network->somebody : "olga@example.org");
}

void config_print_example(struct strbuf *out, config_secret_fn *secret,
			  const struct chat_network *network)
{
	const struct sms_driver *const *drivers = sms_drivers();
	const struct sms_driver *shown = sms_driver_find(EXAMPLE_DRIVER);
	struct printer top = {.out = out, .indent = ""};
	struct printer p = {.out = out, .secret = secret, .indent = "  "};
	STRBUF_AUTO(somebody);

	config_add_somebody(&somebody, network);
	p.somebody = somebody.buf;
	print_comment(&top,
		      "The configuration of Roomline, with every key there is. `roomline check` "
		      "tells what is wrong with it and what to do.");
	print_comment(&top,
		      "A secret may stand here as it is, or as file:PATH or env:NAME; a relative "
		      "PATH starts at the folder of this file.");
	print_comment(&top,
		      "[reload] marks what SIGHUP takes over while Roomline runs; anything else "
		      "needs a restart.");
	for (size_t i = 0; i < SECTION_N; i++)
		print_section(p, config_sections[i].name, config_sections[i].help,
			      config_sections[i].table);
	print_networks(p, network);
	strbuf_addc(out, '\n');
	print_comment(&top,
		      "SMS providers; any number of them, each with the keys of its driver. The "
		      "commented ones show what the other drivers want. A reload takes over all "
		      "but names and drivers.");
	strbuf_adds(out, "providers:\n");
	if (shown)
		print_provider(out, secret, shown, false);
	for (size_t i = 0; drivers[i]; i++) {
		if (drivers[i] == shown)
			continue;
		strbuf_addc(out, '\n');
		print_provider(out, secret, drivers[i], true);
	}
	strbuf_addc(out, '\n');
	print_comment(&top,
		      "The numbers we text from; the first is the default. A contact keeps the "
		      "one it was first texted from.");
	strbuf_adds(out, "senders:\n");
	p.dash = true;
	print_table(&p, config_sender_table);
}
