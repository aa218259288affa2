/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * libcyaml 1.3.1 tells what is wrong through its log: one line with the cause, then a backtrace of
 * "  in mapping field 'KEY' (line: N, column: M)" from the inside out. The line is that of the last
 * thing it read, which for an unknown key is the one before; so the key itself is looked for from
 * there on.
 */
#include "app/config_yaml_say.h"

#include "base/strbuf.h"
#include "base/xalloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *after(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

/* The word in the first pair of quotes. */
static void copy_quoted(char *out, size_t size, const char *text)
{
	const char *start = strchr(text, '\'');
	const char *end = start ? strchr(start + 1, '\'') : NULL;

	if (end)
		(void)snprintf(out, size, "%.*s", (int)(end - start - 1), start + 1);
}

static void hear_place(struct doc_trouble *trouble, const char *line)
{
	const char *number = strstr(line, "(line: ");

	if (number && trouble->line == 0)
		trouble->line = strtol(number + strlen("(line: "), NULL, 10);
	if (!after(line, "mapping field"))
		return;
	if (!trouble->field[0])
		copy_quoted(trouble->field, sizeof(trouble->field), line);
	copy_quoted(trouble->section, sizeof(trouble->section), line);
}

void doc_trouble_hear(struct doc_trouble *trouble, const char *line)
{
	const char *said = after(line, "Load: ");
	const char *place;

	if (!said)
		said = line;
	place = after(said, "  in ");
	if (place) {
		hear_place(trouble, place);
		return;
	}
	if (strncmp(said, "Backtrace", strlen("Backtrace")) == 0 || trouble->cause[0])
		return;
	(void)snprintf(trouble->cause, sizeof(trouble->cause), "%.*s", (int)strcspn(said, "\n"),
		       said);
}

/* ---- places in the text ---------------------------------------------------------------------- */

static const char *skip_lines(const char *text, long lines)
{
	while (lines-- > 0 && *text) {
		text += strcspn(text, "\n");
		if (*text)
			text++;
	}
	return text;
}

/* The line, not before `from`, in which `key:` stands; `from` when there is none. */
static long find_key(const char *text, const char *key, long from)
{
	size_t len = strlen(key);
	long number = from > 0 ? from : 1;

	for (const char *p = skip_lines(text, number - 1); *p; p = skip_lines(p, 1), number++) {
		const char *word = p + strspn(p, " -{,\"'");

		if (strncmp(word, key, len) == 0 && strspn(word + len, "\"' ") <= 2 &&
		    word[len + strspn(word + len, "\"' ")] == ':')
			return number;
	}
	return from;
}

/* The line, not before `from`, that is indented with a tab; 0 when there is none. */
static long find_tab(const char *text, long from)
{
	long number = from > 0 ? from : 1;

	for (const char *p = skip_lines(text, number - 1); *p; p = skip_lines(p, 1), number++) {
		if (memchr(p, '\t', strspn(p, " \t")))
			return number;
	}
	return 0;
}

/* ---- sentences ------------------------------------------------------------------------------- */

/* "a, b, c": the keys of the section, or the sections where it is none. */
static void list_known(struct strbuf *out, const struct doc_trouble *trouble,
		       const struct doc_shape *shapes, size_t shape_n)
{
	const char *comma = "";

	for (size_t i = 0; i < shape_n; i++) {
		if (!trouble->section[0] && shapes[i].name) {
			strbuf_addf(out, "%s%s", comma, shapes[i].name);
			comma = ", ";
			continue;
		}
		if (shapes[i].name && strcmp(shapes[i].name, trouble->section) != 0)
			continue;
		for (const struct setting *const *t = shapes[i].tables; *t; t++) {
			for (const struct setting *row = *t; row->key; row++) {
				strbuf_addf(out, "%s%s", comma, row->key);
				comma = ", ";
			}
		}
	}
}

static int say_unknown(const struct doc_trouble *trouble, const char *key,
		       const struct doc_shape *shapes, size_t shape_n, struct error *err)
{
	STRBUF_AUTO(known);
	/* In front of the first key, the last thing read is the section's own. */
	long line = find_key(trouble->text, key, trouble->line);

	list_known(&known, trouble, shapes, shape_n);
	return error_set(err, ERR_CONFIG,
			 "%.80s line %ld: there is no key '%.40s'%s%.30s; there are: %.120s%s",
			 trouble->path, line, key, trouble->section[0] ? " in " : "",
			 trouble->section, known.buf, known.len > 120 ? " ..." : "");
}

/* What libcyaml's cause begins with, and what the person can do about it. */
static const struct {
	const char *cause;
	const char *advice;
} advices[] = {
	{"Mapping field already seen", "is given twice; keep one of them"},
	{"Expecting MAPPING", "must hold indented lines of the form 'key: value'"},
	{"Expecting SEQUENCE", "must be a list: one line '- item' for each"},
	{"Expecting STRING", "must be one value; put it in quotes if it begins with [ { & or *"},
	{"Excessive entries", "has too many entries"},
	{"YAML alias unsupported", "uses an alias (*name); write the value itself"},
	{"Ignoring documents", "holds more than one document; remove the line '---'"},
};

static int say_other(const struct doc_trouble *trouble, struct error *err)
{
	const char *yaml = after(trouble->cause, "libyaml: ");
	long tab = yaml ? find_tab(trouble->text, trouble->line) : 0;

	if (tab > 0)
		return error_set(err, ERR_CONFIG,
				 "%.120s line %ld is indented with a tab; YAML wants spaces",
				 trouble->path, tab);
	if (trouble->line == 0)
		return error_set(err, ERR_CONFIG, "%.120s is not a YAML file of settings: %.100s",
				 trouble->path, yaml ? yaml : trouble->cause);
	return error_set(err, ERR_CONFIG,
			 "%.120s near line %ld: %.100s; look for a missing quote, colon or space",
			 trouble->path, trouble->line, yaml ? yaml : trouble->cause);
}

int doc_trouble_say(const struct doc_trouble *trouble, const struct doc_shape *shapes,
		    size_t shape_n, struct error *err)
{
	const char *unknown = after(trouble->cause, "Unexpected key: ");

	if (unknown)
		return say_unknown(trouble, unknown, shapes, shape_n, err);
	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
		if (!after(trouble->cause, advices[i].cause))
			continue;
		if (trouble->line == 0)
			return error_set(err, ERR_CONFIG, "%.120s: the file %s", trouble->path,
					 advices[i].advice);
		return error_set(err, ERR_CONFIG, "%.120s line %ld: '%.40s' %s", trouble->path,
				 trouble->line, trouble->field, advices[i].advice);
	}
	return say_other(trouble, err);
}
