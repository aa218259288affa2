/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * cJSON behind a scanner. The scanner copies the text, so that what cJSON would misread is refused
 * or written as something it reads right; the grammar itself stays cJSON's business.
 */
#include "base/json.h"

#include "base/utf8.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdint.h>
#include <string.h>

#define EXACT_DIGITS 15 /* a double holds any integer of so many digits */
#define REPLACEMENT "\\ufffd"

struct scan {
	const char *p;
	const char *end;
	const char *kept; /* from here to p it is right as it stands, and not copied yet */
	struct strbuf *out;
	int depth;
	int max_depth;
	struct error *err;
};

/* Writes instead of the next bytes. */
static void scan_replace(struct scan *s, size_t bytes, const char *by)
{
	strbuf_add(s->out, s->kept, (size_t)(s->p - s->kept));
	strbuf_adds(s->out, by);
	s->p += bytes;
	s->kept = s->p;
}

/* The code unit of an escape "\uXXXX" at p, or -1. */
static int32_t read_unit(const char *p, const char *end)
{
	int32_t unit = 0;

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		unsigned char c = (unsigned char)p[i];

		if (!isxdigit(c))
			return -1;
		unit = unit * 16 + (isdigit(c) ? c - '0' : tolower(c) - 'a' + 10);
	}
	return unit;
}

static int scan_unit_escape(struct scan *s)
{
	int32_t unit = read_unit(s->p, s->end);
	int32_t low;

	if (unit < 0)
		return error_set(s->err, ERR_INPUT, "JSON: bad \\u escape");
	if (unit >= 0xD800 && unit <= 0xDBFF) {
		low = read_unit(s->p + 6, s->end);
		if (low >= 0xDC00 && low <= 0xDFFF) {
			s->p += 12;
			return 0;
		}
	}
	if (unit == 0 || (unit >= 0xD800 && unit <= 0xDFFF))
		scan_replace(s, 6, REPLACEMENT);
	else
		s->p += 6;
	return 0;
}

static int scan_string(struct scan *s)
{
	s->p++;
	for (;;) {
		while (s->p < s->end && *s->p != '"' && *s->p != '\\')
			s->p++;
		if (s->p == s->end)
			break;
		if (*s->p == '"') {
			s->p++;
			return 0;
		}
		if (s->end - s->p < 2) {
			break;
		} else if (s->p[1] == 'u') {
			if (scan_unit_escape(s) < 0)
				return -1;
		} else {
			s->p += 2;
		}
	}
	return error_set(s->err, ERR_INPUT, "JSON: a string does not end");
}

static const char *skip_digits(const char *p, const char *end)
{
	while (p < end && isdigit((unsigned char)*p))
		p++;
	return p;
}

static int scan_number(struct scan *s)
{
	const char *start = s->p;
	const char *first = *start == '-' ? start + 1 : start;
	const char *p = skip_digits(first, s->end);
	const char *mark;
	bool exact = p - first <= EXACT_DIGITS;
	bool good = p > first && (*first != '0' || p - first == 1);

	if (p < s->end && *p == '.') {
		mark = p + 1;
		p = skip_digits(mark, s->end);
		good = good && p > mark;
		exact = false;
	}
	if (p < s->end && (*p == 'e' || *p == 'E')) {
		mark = p + 1;
		if (mark < s->end && (*mark == '+' || *mark == '-'))
			mark++;
		p = skip_digits(mark, s->end);
		good = good && p > mark;
		exact = false;
	}
	if (!good)
		return error_set(s->err, ERR_INPUT, "JSON: bad number");
	if (!exact)
		scan_replace(s, 0, "\"");
	s->p = p;
	if (!exact)
		scan_replace(s, 0, "\"");
	return 0;
}

static int scan_all(struct scan *s)
{
	while (s->p < s->end) {
		char c = *s->p;

		if (c == '"') {
			if (scan_string(s) < 0)
				return -1;
			continue;
		}
		if (c == '-' || isdigit((unsigned char)c)) {
			if (scan_number(s) < 0)
				return -1;
			continue;
		}
		if (c == '[' || c == '{')
			s->depth++;
		if (c == ']' || c == '}')
			s->depth--;
		if (s->depth > s->max_depth)
			return error_set(s->err, ERR_INPUT, "JSON: nested deeper than %d",
					 s->max_depth);
		s->p++;
	}
	scan_replace(s, 0, "");
	return 0;
}

struct cJSON *json_parse(const char *text, size_t len, int max_depth, struct error *err)
{
	STRBUF_AUTO(copy);
	struct scan s = {.p = text,
			 .end = text + len,
			 .kept = text,
			 .out = &copy,
			 .max_depth = max_depth,
			 .err = err};
	struct cJSON *value;

	if (memchr(text, '\0', len) || !utf8_valid(text, len)) {
		(void)error_set(err, ERR_INPUT, "JSON: not valid UTF-8");
		return NULL;
	}
	if (scan_all(&s) < 0)
		return NULL;
	value = cJSON_ParseWithOpts(copy.buf, NULL, true);
	if (!value)
		(void)error_set(err, ERR_INPUT, "JSON: not well-formed");
	return value;
}

void json_auto_free(struct cJSON **value)
{
	cJSON_Delete(*value);
}

/* ---- paths ----------------------------------------------------------------------------------- */

static bool is_member(const struct cJSON *parent, const struct cJSON *child, size_t index,
		      const char *name, size_t len)
{
	char digits[24];

	if (len == 1 && name[0] == '*')
		return true;
	if (cJSON_IsObject(parent))
		return strlen(child->string) == len && memcmp(child->string, name, len) == 0;
	(void)snprintf(digits, sizeof(digits), "%zu", index);
	return strlen(digits) == len && memcmp(digits, name, len) == 0;
}

size_t json_find(const struct cJSON *value, const char *path, const struct cJSON **found,
		 size_t max)
{
	size_t len = strcspn(path, ".");
	const char *rest = path[len] ? path + len + 1 : "";
	const struct cJSON *child;
	size_t index = 0;
	size_t n = 0;

	if (!value || max == 0)
		return 0;
	if (!path[0]) {
		found[0] = value;
		return 1;
	}
	if (!cJSON_IsArray(value) && !cJSON_IsObject(value))
		return 0;
	cJSON_ArrayForEach (child, value) {
		if (n < max && is_member(value, child, index, path, len))
			n += json_find(child, rest, found + n, max - n);
		index++;
	}
	return n;
}

bool json_text(const struct cJSON *value, const char *path, struct strbuf *out)
{
	const struct cJSON *at;

	if (json_find(value, path, &at, 1) == 0)
		return false;
	if (cJSON_IsString(at))
		strbuf_adds(out, at->valuestring);
	else if (cJSON_IsNumber(at))
		strbuf_addf(out, "%.0f", at->valuedouble);
	else if (cJSON_IsBool(at))
		strbuf_adds(out, cJSON_IsTrue(at) ? "true" : "false");
	else
		return false;
	return true;
}

/* ---- writing --------------------------------------------------------------------------------- */

static size_t plain_ascii(const char *s, const char *end)
{
	const char *p = s;

	while (p < end && *p >= 0x20 && *p < 0x7F && *p != '"' && *p != '\\')
		p++;
	return (size_t)(p - s);
}

void json_escape(struct strbuf *out, const char *text)
{
	const char *end = text + strlen(text);
	int32_t cp;

	for (const char *p = text; p < end;) {
		size_t plain = plain_ascii(p, end);

		strbuf_add(out, p, plain);
		p += plain;
		if (p == end)
			break;
		p += utf8_decode(p, end, &cp);
		if (cp == '"' || cp == '\\')
			strbuf_addf(out, "\\%c", (char)cp);
		else if (cp < 0x20 || cp == 0x7F)
			strbuf_addf(out, "\\u%04x", (unsigned)cp);
		else
			utf8_encode(out, cp);
	}
}

void json_add_text(struct strbuf *out, const char *text)
{
	strbuf_addc(out, '"');
	json_escape(out, text);
	strbuf_addc(out, '"');
}
