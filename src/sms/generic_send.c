/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Sending of the generic driver: templates into a request, an answer into a class. */
#include "base/xalloc.h"
#include "core/gsm7.h"
#include "sms/driver.h"
#include "sms/generic.h"

#include <string.h>
#include <strings.h>

#define VALIDITY_DEFAULT_S 86400

/* ---- what templates can name ----------------------------------------------------------------- */

void generic_add_variables(const struct settings *set, struct http_headers *values)
{
	static const char *const names[] = {"base_url", "user", "password",
					    "token",    "key",  "extra"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (settings_text(set, names[i]))
			http_headers_add(values, names[i], settings_text(set, names[i]));
	}
}

static const char *digits_of(const char *number)
{
	return number[0] == '+' ? number + 1 : number;
}

static void add_number(struct http_headers *values, const char *name, int64_t number)
{
	char digits[24];

	(void)snprintf(digits, sizeof(digits), "%lld", (long long)number);
	http_headers_add(values, name, digits);
}

static void add_media(const struct cleared_sms *sms, struct http_headers *values)
{
	const char *const *urls;
	size_t n = cleared_sms_media(sms, &urls);
	STRBUF_AUTO(json);

	strbuf_addc(&json, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			strbuf_addc(&json, ',');
		json_add_text(&json, urls[i]);
	}
	strbuf_addc(&json, ']');
	http_headers_add(values, "media", n > 0 ? urls[0] : "");
	http_headers_add(values, "media_json", json.buf);
}

static void add_sms(const struct sms_account *account, const struct cleared_sms *sms,
		    struct http_headers *values)
{
	const char *add = settings_text(account->set, "status_url_add");
	const char *text = cleared_sms_text(sms);
	int64_t validity = cleared_sms_validity_s(sms);
	struct segment_count count;
	STRBUF_AUTO(status_url);

	if (validity <= 0)
		validity = VALIDITY_DEFAULT_S;
	gsm7_count(text, strlen(text), &count);
	sms_status_url(account, sms, &status_url);
	if (add)
		strbuf_adds(&status_url, add);
	http_headers_add(values, "ref", cleared_sms_ref(sms));
	http_headers_add(values, "to", cleared_sms_to(sms));
	http_headers_add(values, "to_digits", digits_of(cleared_sms_to(sms)));
	http_headers_add(values, "from", cleared_sms_from(sms));
	http_headers_add(values, "from_digits", digits_of(cleared_sms_from(sms)));
	http_headers_add(values, "text", text);
	http_headers_add(values, "ucs2", count.encoding == SMS_UCS2 ? "1" : "");
	http_headers_add(values, "status_url", status_url.buf);
	add_number(values, "validity_s", validity);
	add_number(values, "validity_ms", validity * 1000);
	add_number(values, "validity_min", (validity + 59) / 60);
	add_media(sms, values);
}

/* ---- building -------------------------------------------------------------------------------- */

struct send_type {
	const char *name;
	enum escape escape;
	const char *content_type; /* NULL: no body */
};

static const struct send_type send_types[] = {
	{"json", ESCAPE_JSON, "application/json"},
	{"form", ESCAPE_PERCENT, "application/x-www-form-urlencoded"},
	{"xml", ESCAPE_XML, "text/xml; charset=utf-8"},
	{"text", ESCAPE_NONE, "text/plain; charset=utf-8"},
	{"query", ESCAPE_NONE, NULL},
};

static const struct send_type *send_type_of(const struct settings *set)
{
	const struct send_type *type = send_types;

	while (strcmp(type->name, settings_text(set, "send_type")) != 0)
		type++;
	return type;
}

static const char *method_of(const struct settings *set)
{
	const char *method = settings_text(set, "send_method");

	return strcmp(method, "GET") == 0 ? "GET" : strcmp(method, "PUT") == 0 ? "PUT" : "POST";
}

static int add_headers(const struct settings *set, const struct http_headers *values,
		       struct http_call *call, struct error *err)
{
	const char *const *lines;
	size_t n = settings_list(set, "send_header", &lines);

	for (size_t i = 0; i < n; i++) {
		const char *colon = strchr(lines[i], ':');
		STRBUF_AUTO(name);
		STRBUF_AUTO(value);

		if (!colon || colon == lines[i])
			return error_set(err, ERR_CONFIG,
					 "'send_header': '%.80s' must read 'Name: value'",
					 lines[i]);
		strbuf_add(&name, lines[i], (size_t)(colon - lines[i]));
		if (template_expand("send_header", colon + 1 + strspn(colon + 1, " "),
				    ESCAPE_HEADER, values, &value, err) < 0)
			return -1;
		http_headers_add(&call->headers, name.buf, value.buf);
	}
	return 0;
}

static int add_credentials(const struct settings *set, const struct http_headers *values,
			   struct http_call *call, struct error *err)
{
	const char *user = settings_text(set, "send_user");
	const char *password = settings_text(set, "send_password");
	STRBUF_AUTO(text);

	if (!user)
		return 0;
	if (template_expand("send_user", user, ESCAPE_NONE, values, &text, err) < 0)
		return -1;
	call->user = strbuf_detach(&text, NULL);
	if (template_expand("send_password", password ? password : "", ESCAPE_NONE, values, &text,
			    err) < 0)
		return -1;
	call->password = strbuf_detach(&text, NULL);
	return 0;
}

int generic_build(const struct settings *set, const struct http_headers *values,
		  struct http_call *call_out, struct error *err)
{
	const struct send_type *type = send_type_of(set);
	const char *body_text = settings_text(set, "send_body");
	STRBUF_AUTO(url);
	STRBUF_AUTO(body);

	*call_out = (struct http_call){.method = method_of(set)};
	if (template_expand("send_url", settings_text(set, "send_url"), ESCAPE_PERCENT, values,
			    &url, err) < 0 ||
	    add_headers(set, values, call_out, err) < 0 ||
	    add_credentials(set, values, call_out, err) < 0)
		return -1;
	call_out->url = strbuf_detach(&url, NULL);
	if (!type->content_type)
		return 0;
	if (template_expand("send_body", body_text ? body_text : "", type->escape, values, &body,
			    err) < 0)
		return -1;
	call_out->body = strbuf_detach(&body, &call_out->body_len);
	if (!http_headers_get(&call_out->headers, "Content-Type"))
		http_headers_add(&call_out->headers, "Content-Type", type->content_type);
	return 0;
}

int generic_build_send(const struct sms_account *account, const struct cleared_sms *sms,
		       struct http_call *call_out, struct error *err)
{
	struct http_headers values = {0};
	int rc;

	generic_add_variables(account->set, &values);
	add_sms(account, sms, &values);
	rc = generic_build(account->set, &values, call_out, err);
	http_headers_release(&values);
	return rc;
}

/* ---- files ----------------------------------------------------------------------------------- */

void generic_add_samples(struct http_headers *values)
{
	static const char *const names[] = {
		"to",   "to_digits",  "from",       "from_digits", "text",         "ref",
		"ucs2", "status_url", "validity_s", "validity_ms", "validity_min", "media",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		http_headers_add(values, names[i], "1");
	http_headers_add(values, "media_json", "[]");
}

/* What a send would be given goes with a file that is on the same host, as with Bandwidth's. */
void generic_locate(const struct sms_account *account, struct http_fetch_order *order)
{
	struct http_headers values = {0};
	struct http_call send = {0};

	generic_add_variables(account->set, &values);
	generic_add_samples(&values);
	if (generic_build(account->set, &values, &send, NULL) == 0 &&
	    http_same_origin(order->call.url, send.url)) {
		order->trusted = true;
		order->call.user = xstrdup_null(send.user);
		order->call.password = xstrdup_null(send.password);
		for (size_t i = 0; i < send.headers.n; i++) {
			const struct http_header *h = &send.headers.items[i];

			if (strcasecmp(h->name, "Content-Type") != 0)
				http_headers_add(&order->call.headers, h->name, h->value);
		}
	}
	http_call_release(&send);
	http_headers_release(&values);
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* Whether status is in a list such as "200 202 3xx". */
static bool status_in(const char *list, int status)
{
	char digits[16];

	(void)snprintf(digits, sizeof(digits), "%d", status);
	for (const char *p = list + strspn(list, " ,"); *p; p += strspn(p, " ,")) {
		size_t len = strcspn(p, " ,");

		if (pattern_matches(p, len, digits))
			return true;
		p += len;
	}
	return false;
}

static void take_ids(const struct settings *set, const struct field_source *source,
		     struct sms_result *result)
{
	STRBUF_AUTO(id);
	STRBUF_AUTO(segments);

	/* A cut id would match nothing, or somebody else's. */
	if (field_read(source, settings_text(set, "ok_id"), &id) && id.len < SMS_EXT_ID_MAX)
		(void)STR_COPY(result->ext_id, id.buf);
	if (field_read(source, settings_text(set, "ok_segments"), &segments))
		result->segments = driver_read_count(segments.buf);
}

static void set_class(struct sms_result *result, enum sms_class class, enum sms_scope scope,
		      const char *reason)
{
	result->class = class;
	result->scope = scope;
	(void)STR_COPY(result->reason, reason);
}

static void take_error(const struct settings *set, const struct field_source *source,
		       const struct http_answer *answer, struct sms_result *result)
{
	struct error_rule rule;
	STRBUF_AUTO(code);

	(void)field_read(source, settings_text(set, "error_code"), &code);
	(void)STR_COPY(result->code, code.buf);
	/* A success that carries an error code is a refusal, if of an unknown kind. */
	if (code.len > 0 && status_in("2xx", answer->status))
		set_class(result, SMS_PERM, SMS_SCOPE_MESSAGE, driver_class_reason(SMS_PERM));
	if (error_rule_of_answer(set, code.buf, answer->status, &rule))
		set_class(result, rule.class, rule.scope, rule.reason);
}

void generic_parse_send(const struct sms_account *account, const struct http_answer *answer,
			struct sms_result *result_out)
{
	const struct settings *set = account->set;
	enum verdict verdict = VERDICT_NO;
	JSON_AUTO json = NULL;
	struct field_source source;

	sms_result_from_http(answer, result_out);
	if (answer->fate != HTTP_ANSWERED)
		return;
	json = json_parse(answer->body, answer->body_len, JSON_DEPTH_MAX, NULL);
	source = (struct field_source){
		.json = json, .headers = &answer->headers, .body = answer->body};
	if (status_in(settings_text(set, "ok_status"), answer->status))
		verdict = condition_holds(&source, settings_text(set, "ok_when"));
	switch (verdict) {
	case VERDICT_YES:
		set_class(result_out, SMS_OK, SMS_SCOPE_MESSAGE, "");
		break;
	case VERDICT_PARTLY:
		set_class(result_out, SMS_AMBIGUOUS, SMS_SCOPE_MESSAGE,
			  "The provider took only some parts of this long text.");
		break;
	case VERDICT_NO:
		take_error(set, &source, answer, result_out);
		break;
	}
	if (result_out->class == SMS_OK || verdict == VERDICT_PARTLY)
		take_ids(set, &source, result_out);
}
