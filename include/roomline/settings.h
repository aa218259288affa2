/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Settings: a const table per part says which keys there are; values are texts checked against it.
 * The table also prints the example file and the reference, so neither can be out of date.
 *
 * A secret may be given as "file:PATH" (contents, last newline cut) or "env:NAME"; by the time
 * anybody reads it, it is resolved. Asking for a key that the table lacks is a BUG().
 */
#ifndef ROOMLINE_SETTINGS_H
#define ROOMLINE_SETTINGS_H

#include "roomline/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum setting_type {
	SETTING_TEXT,
	SETTING_SECRET, /* never logged or printed */
	SETTING_INT,    /* min..max */
	SETTING_BOOL,   /* true false yes no on off */
	SETTING_CHOICE, /* one of the words in `choices`, separated by '|' */
	SETTING_LIST,   /* a YAML sequence of texts */
};

struct setting {
	const char *key; /* lower_case; NULL ends the table */
	enum setting_type type;
	bool required;
	bool any_case;        /* upper case means the same: kept in ASCII lower case */
	bool reloadable;      /* SIGHUP takes it over; others need a restart */
	const char *fallback; /* NULL: no value when not given */
	const char *help;     /* one or two sentences for the admin */
	const char *choices;  /* SETTING_CHOICE */
	int64_t min, max;     /* SETTING_INT */
	const char *example;  /* for the example file, where there is no fallback */
	/* SETTING_SECRET: `roomline init` makes one up of so many hex digits; 0: only if it is
	 * required, of 32. */
	size_t made_digits;
};

struct settings;

struct settings *settings_new(const struct setting *table); /* all fallbacks; table is borrowed */
void settings_free(struct settings *set);
/* Checks and stores one value (a list: adds one item); err names the key and what is wanted. */
int settings_put(struct settings *set, const char *key, const char *value, struct error *err);
/* Every required key there, every secret resolved; relative "file:" paths are under `folder`. */
int settings_finish(struct settings *set, const char *folder, struct error *err);

const char *settings_text(const struct settings *set, const char *key); /* NULL when not given */
int64_t settings_int(const struct settings *set, const char *key);
bool settings_bool(const struct settings *set, const char *key);
size_t settings_list(const struct settings *set, const char *key, const char *const **items_out);
const struct setting *settings_table(const struct settings *set);

#endif
