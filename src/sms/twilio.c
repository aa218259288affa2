/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Twilio: sends by the Messages resource, takes inbound texts and delivery reports as form hooks.
 * https://www.twilio.com/docs/messaging/api/message-resource
 *
 * SignalWire's Compatibility API is the same with another base_url, a signing key in auth_token and
 * the project's credentials as API key; it leaves the answer to STOP to us.
 *
 * Twilio answers the exact keywords below by itself and blocks the number, and still tells us; of
 * longer phrases it knows nothing. With Advanced Opt-Out the admin's own keywords are told apart
 * by OptOutType only, which therefore travels with the event.
 */
#include "sms/twilio.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "sms/driver.h"

#include <ctype.h>
#include <string.h>

#define API_VERSION "2010-04-01"
#define VALIDITY_MAX_S 36000
#define MEDIA_MAX 10
#define MEDIA_MAX_KB 5120

static const struct setting twilio_settings[] = {
	{.key = "account_sid",
	 .type = SETTING_TEXT,
	 .required = true,
	 .example = "ACxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
	 .help = "The account's SID, from the first page of Twilio's console."},
	{.key = "auth_token",
	 .type = SETTING_SECRET,
	 .required = true,
	 .example = "file:secrets/twilio",
	 .help = "The account's auth token. Twilio signs its hooks with it, so it is needed even "
		 "when an API key does the sending."},
	{.key = "auth_token_previous",
	 .type = SETTING_SECRET,
	 .help = "While the token is being exchanged: the other one, accepted in hooks as well."},
	{.key = "api_key_sid",
	 .type = SETTING_TEXT,
	 .help = "An API key (SK...) to send with in place of the auth token."},
	{.key = "api_key_secret", .type = SETTING_SECRET, .help = "The secret of that API key."},
	{.key = "messaging_service_sid",
	 .type = SETTING_TEXT,
	 .help = "A Messaging Service (MG...) whose settings and campaign the texts go under. The "
		 "sender's number must be in its pool."},
	{.key = "base_url",
	 .type = SETTING_TEXT,
	 .fallback = "https://api.twilio.com",
	 .help = "Where the API is. For SignalWire: https://SPACE.signalwire.com/api/laml"},
	{.key = "stop_reply_by",
	 .type = SETTING_CHOICE,
	 .choices = "provider|us|network",
	 .fallback = "provider",
	 .help = "Who answers STOP, START and HELP. Twilio does, unless its support has switched "
		 "that off; for SignalWire say us."},
	{.key = NULL},
};

static const char *const stop_keywords[] = {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END",
					    "QUIT", "REVOKE",  "OPTOUT",      NULL};
static const char *const start_keywords[] = {"START", "YES", "UNSTOP", NULL};
static const char *const help_keywords[] = {"HELP", "INFO", NULL};

/* ---- settings -------------------------------------------------------------------------------- */

static bool is_sid(const char *text)
{
	for (; *text; text++) {
		if (!isalnum((unsigned char)*text) && *text != '-')
			return false;
	}
	return true;
}

static int check(const struct settings *set, struct error *err)
{
	static const char *const sids[] = {"account_sid", "api_key_sid", "messaging_service_sid"};

	for (size_t i = 0; i < sizeof(sids) / sizeof(sids[0]); i++) {
		const char *sid = settings_text(set, sids[i]);

		if (sid && !is_sid(sid))
			return error_set(err, ERR_CONFIG,
					 "'%s' must be letters and digits as shown in the console",
					 sids[i]);
	}
	if (!settings_text(set, "api_key_sid") != !settings_text(set, "api_key_secret"))
		return error_set(err, ERR_CONFIG,
				 "'api_key_sid' and 'api_key_secret' go together: give both or "
				 "none");
	return driver_check_url("base_url", settings_text(set, "base_url"), false, err);
}

/* ---- sending --------------------------------------------------------------------------------- */

static void add_body(const struct sms_account *account, const struct cleared_sms *sms,
		     struct strbuf *body)
{
	const char *service = settings_text(account->set, "messaging_service_sid");
	int validity = cleared_sms_validity_s(sms);
	const char *const *media;
	size_t media_n = cleared_sms_media(sms, &media);
	STRBUF_AUTO(status_url);
	char seconds[16];

	http_form_add(body, "To", cleared_sms_to(sms));
	/* With a service too: a contact is always texted from the number they know. */
	http_form_add(body, "From", cleared_sms_from(sms));
	if (service)
		http_form_add(body, "MessagingServiceSid", service);
	if (cleared_sms_text(sms)[0])
		http_form_add(body, "Body", cleared_sms_text(sms));
	for (size_t i = 0; i < media_n && i < MEDIA_MAX; i++)
		http_form_add(body, "MediaUrl", media[i]);
	sms_status_url(account, sms, &status_url);
	http_form_add(body, "StatusCallback", status_url.buf);
	if (validity <= 0)
		return;
	(void)snprintf(seconds, sizeof(seconds), "%d",
		       validity > VALIDITY_MAX_S ? VALIDITY_MAX_S : validity);
	http_form_add(body, "ValidityPeriod", seconds);
}

static void add_credentials(const struct settings *set, struct http_call *call)
{
	const char *key = settings_text(set, "api_key_sid");

	call->user = xstrdup(key ? key : settings_text(set, "account_sid"));
	call->password = xstrdup(settings_text(set, key ? "api_key_secret" : "auth_token"));
}

static int build_send(const struct sms_account *account, const struct cleared_sms *sms,
		      struct http_call *call_out, struct error *err)
{
	const struct settings *set = account->set;
	const char *base = settings_text(set, "base_url");
	const char *sid = settings_text(set, "account_sid");
	size_t base_len = strlen(base);
	STRBUF_AUTO(body);
	STRBUF_AUTO(url);

	(void)err;
	while (base_len > 0 && base[base_len - 1] == '/')
		base_len--;
	strbuf_add(&url, base, base_len);
	strbuf_addf(&url, "/" API_VERSION "/Accounts/%s/Messages.json", sid);
	add_body(account, sms, &body);
	*call_out = (struct http_call){.method = "POST"};
	add_credentials(set, call_out);
	http_headers_add(&call_out->headers, "Content-Type", "application/x-www-form-urlencoded");
	http_headers_add(&call_out->headers, "Accept", "application/json");
	call_out->url = strbuf_detach(&url, NULL);
	call_out->body = strbuf_detach(&body, &call_out->body_len);
	return 0;
}

static void parse_send(const struct sms_account *account, const struct http_answer *answer,
		       struct sms_result *result_out)
{
	JSON_AUTO json = NULL;
	STRBUF_AUTO(segments);
	STRBUF_AUTO(code);
	STRBUF_AUTO(sid);
	bool accepted;

	(void)account;
	sms_result_from_http(answer, result_out);
	if (answer->fate != HTTP_ANSWERED)
		return;
	json = json_parse(answer->body, answer->body_len, JSON_DEPTH_MAX, NULL);
	accepted = answer->status >= 200 && answer->status <= 299;
	if (accepted && json_text(json, "sid", &sid) && sid.len < SMS_EXT_ID_MAX) {
		(void)STR_COPY(result_out->ext_id, sid.buf);
		result_out->class = SMS_OK;
		result_out->reason[0] = '\0';
		if (json_text(json, "num_segments", &segments))
			result_out->segments = driver_read_count(segments.buf);
	}
	/* SignalWire has a list of errors in place of one. */
	if (json_text(json, accepted ? "error_code" : "code", &code) ||
	    json_text(json, "errors.0.code", &code))
		driver_apply_error(twilio_errors, code.buf, result_out);
}

/* ---- files ----------------------------------------------------------------------------------- */

/* Twilio's media want a login where the console says so, and lead on to a store of Amazon's. */
static void locate(const struct sms_account *account, struct http_fetch_order *order)
{
	if (!http_same_origin(order->call.url, settings_text(account->set, "base_url")))
		return;
	add_credentials(account->set, &order->call);
	order->trusted = true;
}

/* ---- hooks ----------------------------------------------------------------------------------- */

static int verify_hook(const struct sms_account *account, const struct sms_hook *hook, int64_t now,
		       struct error *err)
{
	const char *const tokens[] = {
		settings_text(account->set, "auth_token"),
		settings_text(account->set, "auth_token_previous"),
	};

	(void)now; /* Twilio signs no time; a replay has the key of an event we know */
	return twilio_verify(tokens, sizeof(tokens) / sizeof(tokens[0]), hook, err);
}

static const struct driver_word status_words[] = {
	{"accepted", SMS_STATUS_QUEUED},     {"scheduled", SMS_STATUS_QUEUED},
	{"queued", SMS_STATUS_QUEUED},       {"initiated", SMS_STATUS_QUEUED},
	{"sending", SMS_STATUS_QUEUED},      {"sent", SMS_STATUS_SENT},
	{"delivered", SMS_STATUS_DELIVERED}, {"read", SMS_STATUS_DELIVERED},
	{"failed", SMS_STATUS_FAILED},       {"undelivered", SMS_STATUS_UNDELIVERED},
	{"canceled", SMS_STATUS_CANCELLED},  {NULL, 0},
};

static const char *param(const struct http_headers *params, const char *name)
{
	const char *value = http_headers_get(params, name);

	return value ? value : "";
}

static void add_media(const struct http_headers *params, struct sms_event *event)
{
	int n = driver_read_count(param(params, "NumMedia"));
	char name[24];

	for (int i = 0; i < n && event->media_n < SMS_MEDIA_MAX; i++) {
		(void)snprintf(name, sizeof(name), "MediaUrl%d", i);
		if (param(params, name)[0])
			event->media[event->media_n++] = xstrdup(param(params, name));
	}
}

static void parse_text(const struct http_headers *params, struct sms_event *event)
{
	static const struct driver_word keywords[] = {
		{"STOP", SMS_KEYWORD_STOP},
		{"START", SMS_KEYWORD_START},
		{"HELP", SMS_KEYWORD_HELP},
		{NULL, 0},
	};
	int keyword = SMS_KEYWORD_NONE;

	event->kind = SMS_EVENT_TEXT;
	event->text = xstrdup(param(params, "Body"));
	add_media(params, event);
	(void)driver_word_value(keywords, param(params, "OptOutType"), &keyword);
	event->keyword = (enum sms_keyword)keyword;
	(void)snprintf(event->key, sizeof(event->key), "in:%s", event->ext_id);
}

static void parse_report(const struct sms_hook *hook, const struct http_headers *params,
			 const char *status, struct sms_event *event)
{
	struct http_headers query = {0};
	int value = SMS_STATUS_QUEUED;

	(void)snprintf(event->key, sizeof(event->key), "st:%s:%.32s", event->ext_id, status);
	if (!driver_word_value(status_words, status, &value))
		return; /* a status made up since: not worth a refusal */
	event->kind = SMS_EVENT_REPORT;
	event->status = (enum sms_status)value;
	if (http_form_parse(hook->request->query, strlen(hook->request->query), &query))
		driver_take_ref(param(&query, "m"), event->ref);
	http_headers_release(&query);
	driver_report_error(twilio_errors, param(params, "ErrorCode"), event);
}

static int fill_event(const struct sms_hook *hook, const struct http_headers *params,
		      struct sms_event *event, struct error *err)
{
	const char *sid = param(params, "MessageSid");
	const char *status = param(params, "MessageStatus");

	if (!sid[0])
		sid = param(params, "SmsSid");
	if (!sid[0] || strlen(sid) >= sizeof(event->ext_id))
		return error_set(err, ERR_INPUT, "there is no MessageSid");
	event->kind = SMS_EVENT_IGNORED;
	(void)STR_COPY(event->ext_id, sid);
	driver_take_number(param(params, "From"), event->from);
	driver_take_number(param(params, "To"), event->to);
	/* SmsStatus alone is "received" in an inbound text and old-style in a report. */
	if (!status[0] && strcmp(param(params, "SmsStatus"), "received") != 0)
		status = param(params, "SmsStatus");
	if (status[0])
		parse_report(hook, params, status, event);
	else
		parse_text(params, event);
	return 1;
}

static int parse_hook(const struct sms_account *account, const struct sms_hook *hook,
		      struct sms_event *events_out, int max, struct error *err)
{
	struct http_headers params = {0};
	int n = 0;

	(void)account;
	if (max > 0) {
		events_out[0] = (struct sms_event){0};
		n = twilio_params(hook, &params, err);
		if (n == 0)
			n = fill_event(hook, &params, &events_out[0], err);
	}
	http_headers_release(&params);
	return n;
}

const struct sms_driver twilio_driver = {
	.name = "twilio",
	.caps = SMS_CAP_MEDIA | SMS_CAP_REPORTS | SMS_CAP_SIGNED,
	.reply_by = SMS_REPLY_BY_PROVIDER,
	.max_chars = 1600,
	.max_media_kb = MEDIA_MAX_KB,
	.settings = twilio_settings,
	.stop_keywords = stop_keywords,
	.start_keywords = start_keywords,
	.help_keywords = help_keywords,
	.errors = twilio_errors,
	.check = check,
	.build_send = build_send,
	.parse_send = parse_send,
	.verify_hook = verify_hook,
	.parse_hook = parse_hook,
	.locate = locate,
	.hook_reply_type = "text/xml",
	.hook_reply_body = "<Response/>",
};
