/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The parts of the generic driver, and the three little languages of its settings:
 *
 * Template "to=${to}&coding=${ucs2?2:0}": ${NAME} is a value, escaped by where it stands;
 *   ${NAME?YES:NO} is YES where the value is not empty. Nothing else is special.
 * Field "[query:|header:]PATH[ ~ REGEX]": where in an answer or hook a value stands. PATH is a name
 *   of a form or a path of JSON (base/json.h); "query:m" is one of the URL's query. REGEX is POSIX
 *   extended; its first group (or all that matches) is the value. "~ REGEX" reads the whole body.
 * Condition "FIELD", "PATH = VALUE" or "PATH ~ REGEX": whether it is there, equal, or matches.
 */
#ifndef GENERIC_H
#define GENERIC_H

#include "base/json.h"
#include "base/strbuf.h"
#include "roomline/sms.h"

extern const struct setting generic_settings[];

/* ---- templates (generic_template.c) ---------------------------------------------------------- */

enum escape { ESCAPE_NONE, ESCAPE_PERCENT, ESCAPE_JSON, ESCAPE_XML, ESCAPE_HEADER };

/* Appends the template with its values filled in. -1 and err when it is not well-formed or names a
 * value that is not there; key is the setting's, for err. */
int template_expand(const char *key, const char *text, enum escape escape,
		    const struct http_headers *values, struct strbuf *out, struct error *err);

/* ---- fields, conditions, maps (generic_field.c) ---------------------------------------------- */

/* What fields are read from; borrowed. */
struct field_source {
	const struct cJSON *json;           /* NULL: not JSON */
	const struct http_headers *form;    /* NULL: no form */
	const struct http_headers *query;   /* NULL: none */
	const struct http_headers *headers; /* NULL: none */
	const char *body;                   /* as it came */
};

/* NULL fields and conditions are allowed: the field is absent, the condition holds. */
bool field_read(const struct field_source *source, const char *field, struct strbuf *out);
/* All values of a field whose path holds "*" (in a form: a number from 0). Caller frees them. */
int field_read_all(const struct field_source *source, const char *text, char **values_out, int max);

enum verdict { VERDICT_NO, VERDICT_YES, VERDICT_PARTLY /* of several by "*" */ };
enum verdict condition_holds(const struct field_source *source, const char *condition);
/* Whether a field or condition is well-formed. */
int field_check(const char *key, const char *text, struct error *err);

/* Whether pattern is text; "x" stands for any digit in a pattern of digits ("4xx"), "*" for all. */
bool pattern_matches(const char *pattern, size_t len, const char *text);

/* A row of error_map: "CODE: CLASS [SCOPE] [words for the volunteer]", where CODE is a pattern of
 * the provider's code, or "http STATUS" where the pattern is of the answer's status. */
struct error_rule {
	enum sms_class class;
	enum sms_scope scope;
	const char *reason; /* borrowed, never NULL */
};
int error_rule_parse(const char *row, struct error_rule *rule_out, struct error *err);
/* The first row that fits an answer, or a report (of report_error_map, if there is one). */
bool error_rule_of_answer(const struct settings *set, const char *code, int status,
			  struct error_rule *rule_out);
bool error_rule_of_report(const struct settings *set, const char *code,
			  struct error_rule *rule_out);

/* A row of report_map: "VALUE: STATUS" or "VALUE: ignore". */
int status_rule_parse(const char *row, int *status_out, struct error *err);
#define STATUS_IGNORE (-1)
int status_rule_find(const struct settings *set, const char *value); /* STATUS_IGNORE: no row */

/* ---- sending and hooks (generic_send.c, generic_hook.c) -------------------------------------- */

/* The account's own values: base_url user password token key extra, those that are set. */
void generic_add_variables(const struct settings *set, struct http_headers *values);
/* Something for each value that a text would bring. */
void generic_add_samples(struct http_headers *values);
int generic_build(const struct settings *set, const struct http_headers *values,
		  struct http_call *call_out, struct error *err);
int generic_build_send(const struct sms_account *account, const struct cleared_sms *sms,
		       struct http_call *call_out, struct error *err);
void generic_parse_send(const struct sms_account *account, const struct http_answer *answer,
			struct sms_result *result_out);
void generic_locate(const struct sms_account *account, struct http_fetch_order *order);
int generic_parse_hook(const struct sms_account *account, const struct sms_hook *hook,
		       struct sms_event *events_out, int max, struct error *err);

/* ---- signatures (generic_verify.c) ----------------------------------------------------------- */

int generic_verify_hook(const struct sms_account *account, const struct sms_hook *hook, int64_t now,
			struct error *err);

#endif
