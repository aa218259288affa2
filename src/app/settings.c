/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Values checked against a table; the contract is in roomline/settings.h.
 *
 * Values stay texts: a table has a few dozen keys and is read at start and once per call to a
 * provider, so a linear look-up and reading a number again cost less than a second representation
 * that could disagree with the first.
 */
#include "roomline/settings.h"

#include "base/file_read.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "base/xalloc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SECRET_FILE_MAX 16384
#define LIST_ITEMS_MAX 1000

struct value {
	char **items; /* a list has any number, the others one or none */
	size_t n;
	bool given; /* not the fallback */
};

struct settings {
	const struct setting *table;
	size_t n;
	struct value *values; /* one for each row of the table */
};

static void value_clear(struct value *value)
{
	for (size_t i = 0; i < value->n; i++)
		free(value->items[i]);
	free(value->items);
	*value = (struct value){0};
}

static void value_append(struct value *value, const char *text)
{
	value->items = xreallocarray(value->items, value->n + 1, sizeof(*value->items));
	value->items[value->n++] = xstrdup(text);
}

static void lower(char *text)
{
	for (; *text; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
}

struct settings *settings_new(const struct setting *table)
{
	struct settings *set = xcalloc(1, sizeof(*set));

	set->table = table;
	while (table[set->n].key)
		set->n++;
	set->values = xcalloc(set->n ? set->n : 1, sizeof(*set->values));
	for (size_t i = 0; i < set->n; i++) {
		if (table[i].fallback)
			value_append(&set->values[i], table[i].fallback);
	}
	return set;
}

void settings_free(struct settings *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->n; i++)
		value_clear(&set->values[i]);
	free(set->values);
	free(set);
}

/* ---- checks ---------------------------------------------------------------------------------- */

static bool read_int(const char *text, int64_t *out)
{
	const char *digits = text[0] == '-' ? text + 1 : text;
	char *end;

	if (!digits[0] || strspn(digits, "0123456789") != strlen(digits))
		return false;
	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno == 0 && *end == '\0';
}

static bool read_bool(const char *text, bool *out)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {{"true", true},   {"yes", true}, {"on", true},
		     {"false", false}, {"no", false}, {"off", false}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(text, words[i].word) == 0) {
			*out = words[i].value;
			return true;
		}
	}
	return false;
}

static bool is_choice(const char *choices, const char *text)
{
	size_t len = strlen(text);

	for (const char *p = choices; len > 0; p += strcspn(p, "|") + 1) {
		size_t word = strcspn(p, "|");

		if (word == len && strncmp(p, text, len) == 0)
			return true;
		if (p[word] == '\0')
			return false;
	}
	return false;
}

static int check_value(const struct setting *row, const char *text, struct error *err)
{
	int64_t number;
	bool flag;

	if (!utf8_valid(text, strlen(text)))
		return error_set(err, ERR_CONFIG, "'%s' is not valid UTF-8; save the file as UTF-8",
				 row->key);
	switch (row->type) {
	case SETTING_TEXT:
	case SETTING_LIST:
		return 0;
	case SETTING_SECRET:
		if (!text[0])
			return error_set(err, ERR_CONFIG, "'%s' must not be empty", row->key);
		return 0;
	case SETTING_INT:
		if (read_int(text, &number) && number >= row->min && number <= row->max)
			return 0;
		return error_set(err, ERR_CONFIG,
				 "'%s' is '%.60s' but must be a whole number from %" PRId64
				 " to %" PRId64,
				 row->key, text, row->min, row->max);
	case SETTING_BOOL:
		if (read_bool(text, &flag))
			return 0;
		return error_set(err, ERR_CONFIG, "'%s' is '%.60s' but must be true or false",
				 row->key, text);
	case SETTING_CHOICE:
		if (is_choice(row->choices, text))
			return 0;
		return error_set(err, ERR_CONFIG, "'%s' is '%.60s' but must be one of %s", row->key,
				 text, row->choices);
	}
	BUG("setting type %d", (int)row->type);
}

static int key_index(const struct settings *set, const char *key)
{
	for (size_t i = 0; i < set->n; i++) {
		if (strcmp(set->table[i].key, key) == 0)
			return (int)i;
	}
	return -1;
}

int settings_put(struct settings *set, const char *key, const char *value, struct error *err)
{
	int i = key_index(set, key);
	struct value *slot;

	if (i < 0)
		return error_set(err, ERR_CONFIG, "there is no key '%.60s' here", key);
	slot = &set->values[i];
	if (check_value(&set->table[i], value, err) < 0)
		return -1;
	if (!slot->given || set->table[i].type != SETTING_LIST)
		value_clear(slot);
	if (slot->n >= LIST_ITEMS_MAX)
		return error_set(err, ERR_CONFIG, "'%s' has more than %d items", key,
				 LIST_ITEMS_MAX);
	slot->given = true;
	value_append(slot, value);
	if (set->table[i].any_case)
		lower(slot->items[slot->n - 1]);
	return 0;
}

/* ---- secrets --------------------------------------------------------------------------------- */

static int read_secret_file(const char *key, const char *path, struct strbuf *out,
			    struct error *err)
{
	struct error why;

	if (file_read(path, SECRET_FILE_MAX, out, &why) < 0)
		return error_set(err, ERR_CONFIG, "'%s': %.250s", key, why.text);
	if (out->len > 0 && out->buf[out->len - 1] == '\n')
		strbuf_truncate(out, out->len - 1);
	if (out->len > 0 && out->buf[out->len - 1] == '\r')
		strbuf_truncate(out, out->len - 1);
	if (out->len == 0)
		return error_set(err, ERR_CONFIG, "'%s': the file %.150s is empty", key, path);
	if (strlen(out->buf) != out->len || !utf8_valid(out->buf, out->len))
		return error_set(err, ERR_CONFIG, "'%s': the file %.150s is not a text", key, path);
	return 0;
}

static int resolve_secret(const char *key, const char *text, const char *folder, struct strbuf *out,
			  struct error *err)
{
	STRBUF_AUTO(path);

	if (strncmp(text, "env:", 4) == 0) {
		const char *value = getenv(text + 4); /* NOLINT(concurrency-mt-unsafe): setenv
							 is banned, so nothing can change it */
		if (!value || !value[0])
			return error_set(err, ERR_CONFIG,
					 "'%s': the environment variable %.60s is not set", key,
					 text + 4);
		strbuf_adds(out, value);
		return 0;
	}
	if (strncmp(text, "file:", 5) != 0) {
		strbuf_adds(out, text);
		return 0;
	}
	if (text[5] != '/' && folder && folder[0])
		strbuf_addf(&path, "%s/", folder);
	strbuf_adds(&path, text + 5);
	return read_secret_file(key, path.buf, out, err);
}

int settings_finish(struct settings *set, const char *folder, struct error *err)
{
	for (size_t i = 0; i < set->n; i++) {
		const struct setting *row = &set->table[i];
		struct value *value = &set->values[i];
		STRBUF_AUTO(secret);

		if (row->required && (value->n == 0 || !value->items[0][0]))
			return error_set(err, ERR_CONFIG, "'%s' is missing: %s", row->key,
					 row->help);
		if (row->type != SETTING_SECRET || value->n == 0)
			continue;
		if (resolve_secret(row->key, value->items[0], folder, &secret, err) < 0)
			return -1;
		free(value->items[0]);
		value->items[0] = strbuf_detach(&secret, NULL);
	}
	return 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

static const struct value *value_of(const struct settings *set, const char *key)
{
	int i = key_index(set, key);

	if (i < 0)
		BUG("no setting '%s' in the table", key);
	return &set->values[i];
}

const char *settings_text(const struct settings *set, const char *key)
{
	const struct value *value = value_of(set, key);

	return value->n ? value->items[0] : NULL;
}

int64_t settings_int(const struct settings *set, const char *key)
{
	const char *text = settings_text(set, key);
	int64_t number = 0;

	if (text && !read_int(text, &number))
		BUG("setting '%s' is no number", key);
	return number;
}

bool settings_bool(const struct settings *set, const char *key)
{
	const char *text = settings_text(set, key);
	bool flag = false;

	if (text && !read_bool(text, &flag))
		BUG("setting '%s' is no yes or no", key);
	return flag;
}

size_t settings_list(const struct settings *set, const char *key, const char *const **items_out)
{
	const struct value *value = value_of(set, key);

	*items_out = (const char *const *)value->items;
	return value->n;
}

const struct setting *settings_table(const struct settings *set)
{
	return set->table;
}
