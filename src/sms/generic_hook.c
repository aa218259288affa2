/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Hooks of the generic driver: a request into events.
 *
 * The key of an event is the provider's id of it. Where there is none it is a hash of all that
 * came: a repetition has the same, and two equal texts differ as long as anything in the request
 * does (a time, a counter).
 */
#include "base/hmac.h"
#include "base/xalloc.h"
#include "sms/driver.h"
#include "sms/generic.h"

#include <cjson/cJSON.h>
#include <string.h>

#define INTERNATIONAL_MIN 9 /* digits; fewer are a short code */

struct hook_read {
	const struct sms_account *account;
	const struct sms_hook *hook;
	struct field_source source; /* of the event at hand */
	int index;                  /* which event of the request */
	struct error *err;
};

static const char *setting(const struct hook_read *in, const char *key)
{
	return settings_text(in->account->set, key);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void hash_all(const struct hook_read *in, struct strbuf *out)
{
	const struct http_request *request = in->hook->request;
	uint8_t digest[HASH_MAX];
	STRBUF_AUTO(all);
	size_t len;

	strbuf_addf(&all, "%d\n%s\n%s\n", in->index, in->hook->what, request->query);
	strbuf_add(&all, request->body, request->body_len);
	len = hash_digest(HASH_SHA256, all.buf, all.len, digest);
	hex_encode(out, digest, len);
}

/* id: what the provider calls it, "" when it does not. */
static void set_key(const struct hook_read *in, const char *prefix, const char *id,
		    struct sms_event *event)
{
	STRBUF_AUTO(hash);

	if (id[0] && (size_t)snprintf(event->key, sizeof(event->key), "%s:%s", prefix, id) <
			     sizeof(event->key))
		return;
	hash_all(in, &hash);
	(void)snprintf(event->key, sizeof(event->key), "%s:hash:%s", prefix, hash.buf);
}

/* ---- texts ----------------------------------------------------------------------------------- */

static void read_number(const struct hook_read *in, const char *key, char out[SMS_ADDRESS_MAX])
{
	STRBUF_AUTO(raw);
	STRBUF_AUTO(number);
	const char *p;

	(void)field_read(&in->source, setting(in, key), &raw);
	p = raw.buf + strspn(raw.buf, " ");
	if (settings_bool(in->account->set, "in_plus") && strlen(p) >= INTERNATIONAL_MIN &&
	    strspn(p, "0123456789") == strlen(p))
		strbuf_addc(&number, '+');
	strbuf_adds(&number, p);
	driver_take_number(number.buf, out);
}

static void read_to(const struct hook_read *in, char out[SMS_ADDRESS_MAX])
{
	const char *otherwise = setting(in, "in_to_default");
	struct http_headers values = {0};
	STRBUF_AUTO(text);

	read_number(in, "in_to", out);
	if (out[0] || !otherwise)
		return;
	generic_add_variables(in->account->set, &values);
	if (template_expand("in_to_default", otherwise, ESCAPE_NONE, &values, &text, NULL) == 0)
		driver_take_number(text.buf, out);
	http_headers_release(&values);
}

static int fill_text(const struct hook_read *in, struct sms_event *event)
{
	STRBUF_AUTO(text);
	STRBUF_AUTO(id);
	bool has_text = field_read(&in->source, setting(in, "in_text"), &text);

	event->kind = SMS_EVENT_TEXT;
	read_number(in, "in_from", event->from);
	read_to(in, event->to);
	event->media_n =
		field_read_all(&in->source, setting(in, "in_media"), event->media, SMS_MEDIA_MAX);
	event->text = xstrdup(text.buf);
	if (!event->from[0])
		return error_set(in->err, ERR_INPUT, "there is no number in '%s'",
				 setting(in, "in_from"));
	/* Not taken for an empty text: it may say STOP where we do not look. */
	if (!has_text && event->media_n == 0)
		return error_set(in->err, ERR_INPUT, "there is no text in '%s'",
				 setting(in, "in_text"));
	if (field_read(&in->source, setting(in, "in_id"), &id) && id.len < SMS_EXT_ID_MAX)
		(void)STR_COPY(event->ext_id, id.buf);
	set_key(in, "in", id.buf, event);
	return 0;
}

/* ---- reports --------------------------------------------------------------------------------- */

static void fill_error(const struct hook_read *in, struct sms_event *event)
{
	struct error_rule rule = {.class = SMS_PERM, .reason = driver_class_reason(SMS_PERM)};
	STRBUF_AUTO(code);

	(void)field_read(&in->source, setting(in, "report_code"), &code);
	(void)STR_COPY(event->code, code.buf);
	if (!driver_status_is_failure(event->status))
		return;
	if (!error_rule_of_report(in->account->set, code.buf, &rule) || rule.class == SMS_OK)
		rule = (struct error_rule){.class = SMS_PERM,
					   .reason = "The carrier did not deliver this text."};
	event->class = rule.class;
	event->scope = rule.scope;
	(void)STR_COPY(event->reason, rule.reason);
}

static int fill_report(const struct hook_read *in, struct sms_event *event)
{
	STRBUF_AUTO(status);
	STRBUF_AUTO(ref);
	STRBUF_AUTO(id);
	STRBUF_AUTO(whole);
	int value;

	if (!field_read(&in->source, setting(in, "report_status"), &status))
		return error_set(in->err, ERR_INPUT, "there is no status in '%s'",
				 setting(in, "report_status"));
	(void)field_read(&in->source, setting(in, "report_ref"), &ref);
	driver_take_ref(ref.buf, event->ref);
	if (field_read(&in->source, setting(in, "report_id"), &id) && id.len < SMS_EXT_ID_MAX)
		(void)STR_COPY(event->ext_id, id.buf);
	if (event->ref[0] || id.len > 0)
		strbuf_addf(&whole, "%s:%s:%s", event->ref, id.buf, status.buf);
	set_key(in, "st", whole.buf, event);
	value = status_rule_find(in->account->set, status.buf);
	if (value == STATUS_IGNORE)
		return 0;
	event->kind = SMS_EVENT_REPORT;
	event->status = (enum sms_status)value;
	fill_error(in, event);
	return 0;
}

/* ---- which is it ----------------------------------------------------------------------------- */

/* Whether a hook of this kind is expected here: its path says so, or its condition, or, failing
 * both, that its first field is there. */
static bool is_kind(const struct hook_read *in, const char *what, const char *when_key,
		    const char *field_key)
{
	const char *when = setting(in, when_key);
	const char *field = setting(in, field_key);
	STRBUF_AUTO(value);

	if (!field || condition_holds(&in->source, when) != VERDICT_YES)
		return false;
	if (in->hook->what[0])
		return strcmp(in->hook->what, what) == 0;
	return when || field_read(&in->source, field, &value);
}

static int fill_event(const struct hook_read *in, struct sms_event *event)
{
	*event = (struct sms_event){.kind = SMS_EVENT_IGNORED};
	if (is_kind(in, "in", "in_when", "in_from"))
		return fill_text(in, event);
	if (is_kind(in, "status", "report_when", "report_status"))
		return fill_report(in, event);
	set_key(in, "ig", "", event);
	return 0;
}

/* The events of a JSON body: the members of a list, or the one that it is. -1 and err when what
 * hook_list names is not there. */
static int list_items(struct hook_read *in, const struct cJSON *root, const struct cJSON **items,
		      size_t max)
{
	const char *path = setting(in, "hook_list");
	const struct cJSON *list;

	if (json_find(root, path ? path : "", &list, 1) == 0)
		return error_set(in->err, ERR_INPUT, "there is no '%s' in the JSON", path);
	if (cJSON_IsArray(list))
		return (int)json_find(list, "*", items, max);
	items[0] = list;
	return 1;
}

static int fill_events(struct hook_read *in, const struct cJSON *root, struct sms_event *events,
		       int max)
{
	size_t most = max < SMS_EVENTS_MAX ? (size_t)max : SMS_EVENTS_MAX;
	const struct cJSON *items[SMS_EVENTS_MAX] = {NULL};
	int n = root ? list_items(in, root, items, most) : 1;

	for (int i = 0; i < n; i++) {
		in->index = i;
		in->source.json = items[i];
		if (fill_event(in, &events[i]) == 0)
			continue;
		while (i >= 0)
			sms_event_release(&events[i--]);
		return -1;
	}
	return n;
}

int generic_parse_hook(const struct sms_account *account, const struct sms_hook *hook,
		       struct sms_event *events_out, int max, struct error *err)
{
	const struct http_request *request = hook->request;
	bool is_json = strcmp(settings_text(account->set, "hook_type"), "json") == 0;
	bool is_form = strcmp(settings_text(account->set, "hook_type"), "form") == 0;
	struct http_headers query = {0};
	struct http_headers form = {0};
	struct hook_read in = {.account = account, .hook = hook, .err = err};
	JSON_AUTO root = NULL;
	int n = -1;

	if (max <= 0)
		return 0;
	in.source = (struct field_source){.query = &query,
					  .form = &query,
					  .headers = &request->headers,
					  .body = request->body};
	if (!http_form_parse(request->query, strlen(request->query), &query))
		return error_set(err, ERR_INPUT, "the query cannot be read");
	/* Providers that send forms send a query when they are told to use GET. */
	if (is_form && request->body_len > 0) {
		in.source.form = &form;
		if (!http_form_parse(request->body, request->body_len, &form)) {
			http_headers_release(&query);
			return error_set(err, ERR_INPUT, "the form cannot be read");
		}
	}
	if (is_json)
		root = json_parse(request->body, request->body_len, JSON_DEPTH_MAX, err);
	if (!is_json || root)
		n = fill_events(&in, root, events_out, max);
	http_headers_release(&query);
	http_headers_release(&form);
	return n;
}
