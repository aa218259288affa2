/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Fields, conditions and maps of the generic driver; the languages are described in generic.h.
 * They are read again at each use: a provider answers a few times a second, and settings that stay
 * text need no second representation that a reload would have to rebuild.
 */
#include "base/xalloc.h"
#include "sms/driver.h"
#include "sms/generic.h"

#include <ctype.h>
#include <regex.h>
#include <string.h>
#include <strings.h>

#define PATH_MAX_LEN 160
#define FOUND_MAX 64
#define WORD_MAX 24

enum place { PLACE_BODY, PLACE_QUERY, PLACE_HEADER };

struct field {
	enum place place;
	char path[PATH_MAX_LEN]; /* "" : the whole body */
	const char *regex;       /* NULL: none */
	const char *equals;      /* NULL: none; conditions only */
};

static int field_parse(const char *text, struct field *field)
{
	static const struct {
		const char *prefix;
		enum place place;
	} places[] = {{"query:", PLACE_QUERY}, {"header:", PLACE_HEADER}, {"", PLACE_BODY}};
	const char *tilde = strncmp(text, "~ ", 2) == 0 ? text : strstr(text, " ~ ");
	const char *equals = tilde ? NULL : strstr(text, " = ");
	const char *end = tilde ? tilde : equals ? equals : text + strlen(text);
	size_t i = 0;
	size_t len;

	*field = (struct field){0};
	if (tilde)
		field->regex = tilde + (tilde == text ? 2 : 3);
	if (equals)
		field->equals = equals + 3;
	while (strncmp(text, places[i].prefix, strlen(places[i].prefix)) != 0)
		i++;
	field->place = places[i].place;
	if (end < text + strlen(places[i].prefix))
		return -1;
	text += strlen(places[i].prefix);
	len = (size_t)(end - text);
	if (len >= sizeof(field->path))
		return -1;
	memcpy(field->path, text, len);
	return 0;
}

/* Cuts value down to what the regex says; false when it does not match. */
static bool apply_regex(const char *regex, struct strbuf *value)
{
	regmatch_t match[2];
	STRBUF_AUTO(part);
	regex_t compiled;
	bool hit;

	if (!regex)
		return true;
	if (regcomp(&compiled, regex, REG_EXTENDED) != 0)
		return false;
	hit = regexec(&compiled, value->buf, 2, match, 0) == 0;
	if (hit) {
		const regmatch_t *m =
			compiled.re_nsub > 0 && match[1].rm_so >= 0 ? &match[1] : &match[0];

		strbuf_add(&part, value->buf + m->rm_so, (size_t)(m->rm_eo - m->rm_so));
		strbuf_reset(value);
		strbuf_add(value, part.buf, part.len);
	}
	regfree(&compiled);
	return hit;
}

static bool read_pair(const struct http_headers *pairs, const char *name, struct strbuf *out)
{
	const char *value = pairs ? http_headers_get(pairs, name) : NULL;

	if (!value)
		return false;
	strbuf_adds(out, value);
	return true;
}

/* The raw value, before a regex. */
static bool read_path(const struct field_source *source, const struct field *field,
		      const char *path, struct strbuf *out)
{
	switch (field->place) {
	case PLACE_QUERY:
		return read_pair(source->query, path, out);
	case PLACE_HEADER:
		return read_pair(source->headers, path, out);
	case PLACE_BODY:
		break;
	}
	if (!path[0]) {
		strbuf_adds(out, source->body);
		return true;
	}
	return source->json ? json_text(source->json, path, out)
			    : read_pair(source->form, path, out);
}

bool field_read(const struct field_source *source, const char *text, struct strbuf *out)
{
	STRBUF_AUTO(value);
	struct field field;

	if (!text || field_parse(text, &field) < 0 ||
	    !read_path(source, &field, field.path, &value) || !apply_regex(field.regex, &value))
		return false;
	strbuf_add(out, value.buf, value.len);
	return true;
}

static int read_numbered(const struct field_source *source, const struct field *field,
			 char **values_out, int max)
{
	const char *star = strchr(field->path, '*');
	int n = 0;

	for (int i = 0; i < max; i++) {
		STRBUF_AUTO(name);
		STRBUF_AUTO(value);

		strbuf_add(&name, field->path, (size_t)(star - field->path));
		strbuf_addf(&name, "%d%s", i, star + 1);
		if (read_path(source, field, name.buf, &value) && apply_regex(field->regex, &value))
			values_out[n++] = strbuf_detach(&value, NULL);
	}
	return n;
}

int field_read_all(const struct field_source *source, const char *text, char **values_out, int max)
{
	const struct cJSON *found[FOUND_MAX];
	struct field field;
	size_t found_n;
	int n = 0;

	if (!text || field_parse(text, &field) < 0)
		return 0;
	if (strchr(field.path, '*') && !(source->json && field.place == PLACE_BODY))
		return read_numbered(source, &field, values_out, max);
	found_n = source->json ? json_find(source->json, field.path, found, FOUND_MAX) : 0;
	for (size_t i = 0; i < found_n && n < max; i++) {
		STRBUF_AUTO(value);

		if (json_text(found[i], "", &value) && apply_regex(field.regex, &value))
			values_out[n++] = strbuf_detach(&value, NULL);
	}
	return n;
}

static bool value_fits(const struct field *field, struct strbuf *value)
{
	if (field->equals)
		return strcmp(value->buf, field->equals) == 0;
	return apply_regex(field->regex, value) && (field->regex || value->len > 0);
}

enum verdict condition_holds(const struct field_source *source, const char *condition)
{
	const struct cJSON *found[FOUND_MAX];
	STRBUF_AUTO(value);
	struct field field;
	size_t found_n = 0;
	size_t fits = 0;

	if (!condition)
		return VERDICT_YES;
	if (field_parse(condition, &field) < 0)
		return VERDICT_NO;
	if (!source->json || field.place != PLACE_BODY || !field.path[0])
		return read_path(source, &field, field.path, &value) && value_fits(&field, &value)
			       ? VERDICT_YES
			       : VERDICT_NO;
	found_n = json_find(source->json, field.path, found, FOUND_MAX);
	for (size_t i = 0; i < found_n; i++) {
		strbuf_reset(&value);
		if (json_text(found[i], "", &value) && value_fits(&field, &value))
			fits++;
	}
	if (fits == 0)
		return VERDICT_NO;
	return fits == found_n ? VERDICT_YES : VERDICT_PARTLY;
}

int field_check(const char *key, const char *text, struct error *err)
{
	struct field field;
	regex_t compiled;
	char why[120];
	int rc;

	if (field_parse(text, &field) < 0)
		return error_set(err, ERR_CONFIG, "'%s': the path is too long", key);
	if (!field.regex)
		return 0;
	rc = regcomp(&compiled, field.regex, REG_EXTENDED);
	if (rc != 0) {
		(void)regerror(rc, &compiled, why, sizeof(why));
		return error_set(err, ERR_CONFIG, "'%s': bad regular expression: %s", key, why);
	}
	regfree(&compiled);
	return 0;
}

/* ---- maps ------------------------------------------------------------------------------------ */

bool pattern_matches(const char *pattern, size_t len, const char *text)
{
	bool digits = true; /* only there is "x" a digit, so that "expired" is a word */

	if (len == 1 && pattern[0] == '*')
		return true;
	if (strlen(text) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		digits = digits && (isdigit((unsigned char)pattern[i]) || pattern[i] == 'x');
	for (size_t i = 0; i < len; i++) {
		if (digits && pattern[i] == 'x' && isdigit((unsigned char)text[i]))
			continue;
		if (tolower((unsigned char)pattern[i]) != tolower((unsigned char)text[i]))
			return false;
	}
	return true;
}

/* Splits "LEFT: RIGHT". Returns where RIGHT starts, or NULL. */
static const char *split_row(const char *row, size_t *left_len_out)
{
	const char *colon = strstr(row, ": ");

	if (!colon || colon == row)
		return NULL;
	*left_len_out = (size_t)(colon - row);
	return colon + 2 + strspn(colon + 2, " ");
}

/* Copies the first word of text; returns where the next begins. */
static const char *first_word(const char *text, char *word, size_t size)
{
	size_t len = strcspn(text, " ");
	STRBUF_AUTO(copy);

	strbuf_add(&copy, text, len);
	(void)str_copy(word, size, copy.buf);
	return text + len + strspn(text + len, " ");
}

int error_rule_parse(const char *row, struct error_rule *rule_out, struct error *err)
{
	static const struct driver_word scopes[] = {
		{"message", SMS_SCOPE_MESSAGE},
		{"sender", SMS_SCOPE_SENDER},
		{"account", SMS_SCOPE_ACCOUNT},
		{NULL, 0},
	};
	int scope = SMS_SCOPE_MESSAGE;
	const char *rest;
	char word[WORD_MAX];
	size_t left;
	const char *right = split_row(row, &left);

	rest = right ? first_word(right, word, sizeof(word)) : NULL;
	if (!rest || !driver_class_value(word, &rule_out->class))
		return error_set(err, ERR_CONFIG,
				 "'%.80s' must read 'CODE: CLASS', such as '21: opted_out'", row);
	right = first_word(rest, word, sizeof(word));
	if (driver_word_value(scopes, word, &scope))
		rest = right;
	rule_out->scope = (enum sms_scope)scope;
	rule_out->reason = rest[0] ? rest : driver_class_reason(rule_out->class);
	return 0;
}

static bool rule_fits(const char *row, size_t left, const char *code, int status)
{
	char digits[16];

	if (left > 5 && strncasecmp(row, "http ", 5) == 0) {
		(void)snprintf(digits, sizeof(digits), "%d", status);
		return status > 0 && pattern_matches(row + 5, left - 5, digits);
	}
	return code[0] && pattern_matches(row, left, code);
}

static bool find_rule(const char *const *rows, size_t n, const char *code, int status,
		      struct error_rule *rule_out)
{
	for (size_t i = 0; i < n; i++) {
		size_t left;

		if (split_row(rows[i], &left) && rule_fits(rows[i], left, code, status))
			return error_rule_parse(rows[i], rule_out, NULL) == 0;
	}
	return false;
}

bool error_rule_of_answer(const struct settings *set, const char *code, int status,
			  struct error_rule *rule_out)
{
	const char *const *rows;
	size_t n = settings_list(set, "error_map", &rows);

	return find_rule(rows, n, code, status, rule_out);
}

bool error_rule_of_report(const struct settings *set, const char *code, struct error_rule *rule_out)
{
	const char *const *rows;
	size_t n = settings_list(set, "report_error_map", &rows);

	if (n == 0)
		n = settings_list(set, "error_map", &rows);
	return find_rule(rows, n, code, 0, rule_out);
}

int status_rule_parse(const char *row, int *status_out, struct error *err)
{
	static const struct driver_word words[] = {
		{"queued", SMS_STATUS_QUEUED},
		{"sent", SMS_STATUS_SENT},
		{"delivered", SMS_STATUS_DELIVERED},
		{"undelivered", SMS_STATUS_UNDELIVERED},
		{"failed", SMS_STATUS_FAILED},
		{"expired", SMS_STATUS_EXPIRED},
		{"cancelled", SMS_STATUS_CANCELLED},
		{"ignore", STATUS_IGNORE},
		{NULL, 0},
	};
	char word[WORD_MAX];
	size_t left;
	const char *right = split_row(row, &left);

	if (!right || first_word(right, word, sizeof(word))[0] ||
	    !driver_word_value(words, word, status_out))
		return error_set(
			err, ERR_CONFIG,
			"'report_map': '%.80s' must read 'VALUE: STATUS' with one of "
			"queued sent delivered undelivered failed expired cancelled ignore",
			row);
	return 0;
}

int status_rule_find(const struct settings *set, const char *value)
{
	const char *const *rows;
	size_t n = settings_list(set, "report_map", &rows);
	int status = STATUS_IGNORE;

	for (size_t i = 0; i < n; i++) {
		size_t left;

		if (split_row(rows[i], &left) && pattern_matches(rows[i], left, value)) {
			(void)status_rule_parse(rows[i], &status, NULL);
			break;
		}
	}
	return status;
}
