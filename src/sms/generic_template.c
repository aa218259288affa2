/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Templates of the generic driver; the language is described in generic.h. */
#include "sms/generic.h"

#include <string.h>

#define NAME_MAX_LEN 80

static void escape_xml(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("&<>\"'", *text))
			strbuf_addf(out, "&#%d;", *text);
		else
			strbuf_addc(out, *text);
	}
}

/* A header must stay one line, whatever is in the value. */
static void escape_header(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text >= 0x20 && *text != 0x7F)
			strbuf_addc(out, *text);
	}
}

static void add_escaped(struct strbuf *out, enum escape escape, const char *value)
{
	switch (escape) {
	case ESCAPE_NONE:
		strbuf_adds(out, value);
		return;
	case ESCAPE_PERCENT:
		http_percent_encode(out, value);
		return;
	case ESCAPE_JSON:
		json_escape(out, value);
		return;
	case ESCAPE_XML:
		escape_xml(out, value);
		return;
	case ESCAPE_HEADER:
		escape_header(out, value);
		return;
	}
}

/* Whether the value is written in that language already. */
static bool is_ready(const char *name, enum escape escape)
{
	return (escape == ESCAPE_PERCENT && strcmp(name, "base_url") == 0) ||
	       (escape == ESCAPE_JSON && strcmp(name, "media_json") == 0);
}

static bool is_setting(const char *name)
{
	for (const struct setting *row = generic_settings; row->key; row++)
		if (strcmp(row->key, name) == 0)
			return true;
	return false;
}

/* inside: what stands between "${" and "}". */
static int add_value(const char *key, const char *inside, size_t len, enum escape escape,
		     const struct http_headers *values, struct strbuf *out, struct error *err)
{
	const char *question = memchr(inside, '?', len);
	size_t name_len = question ? (size_t)(question - inside) : len;
	const char *end = inside + len;
	const char *value;
	const char *colon;
	char name[NAME_MAX_LEN];

	if (name_len >= sizeof(name))
		return error_set(err, ERR_CONFIG, "'%s': a name after ${ is too long", key);
	memcpy(name, inside, name_len);
	name[name_len] = '\0';
	value = http_headers_get(values, name);
	if (!question) {
		if (!value && is_setting(name))
			return error_set(err, ERR_CONFIG, "'%s' is missing: '%s' uses ${%s}", name,
					 key, name);
		if (!value)
			return error_set(err, ERR_CONFIG,
					 "'%s' uses ${%s}, which is not set or does not exist", key,
					 name);
		add_escaped(out, is_ready(name, escape) ? ESCAPE_NONE : escape, value);
		return 0;
	}
	colon = memchr(question, ':', (size_t)(end - question));
	if (!colon)
		return error_set(err, ERR_CONFIG, "'%s': ${%s?YES:NO} lacks its ':'", key, name);
	if (value && value[0])
		strbuf_add(out, question + 1, (size_t)(colon - question - 1));
	else
		strbuf_add(out, colon + 1, (size_t)(end - colon - 1));
	return 0;
}

int template_expand(const char *key, const char *text, enum escape escape,
		    const struct http_headers *values, struct strbuf *out, struct error *err)
{
	for (;;) {
		const char *open = strstr(text, "${");
		const char *close = open ? strchr(open, '}') : NULL;

		if (!open) {
			strbuf_adds(out, text);
			return 0;
		}
		if (!close)
			return error_set(err, ERR_CONFIG, "'%s': a ${ has no }", key);
		strbuf_add(out, text, (size_t)(open - text));
		if (add_value(key, open + 2, (size_t)(close - open - 2), escape, values, out, err) <
		    0)
			return -1;
		text = close + 1;
	}
}
