/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The provider for training, demos and tests: a simulated carrier (sandbox_carrier.c) that is part
 * of the daemon, reached over HTTP like any other, so that all between is the real thing.
 *
 * Send:   POST BASE/provider/send {"ref","from","to","text","media":[],"status_url"}, with
 *         Authorization: Bearer KEY when there is a key
 *         202 {"id":"SB…","segments":1}, or 4xx {"code":"21610"} with a code of Twilio's
 * Hooks:  {"type":"text","id","from","to","text","media":[]} to HOOK/in
 *         {"type":"report","id","ref","status","code"} to the status_url
 *         with X-Sandbox-Timestamp (seconds) and X-Sandbox-Signature: hex(HMAC-SHA256(key,
 *         timestamp + "." + body)), when there is a key
 */
#include "sms/sandbox.h"

#include "base/hmac.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "core/phone.h"
#include "sms/driver.h"
#include "sms/twilio.h"

#include <string.h>

#define TOLERANCE_S 300

static const struct setting sandbox_settings[] = {
	{.key = "base_url",
	 .type = SETTING_TEXT,
	 .fallback = "local:/sandbox",
	 .help = "Where the simulated carrier is. local: is this daemon itself; another daemon "
		 "with "
		 "the same providers can be it too, such as http://127.0.0.1:8099/sandbox"},
	{.key = "key",
	 .type = SETTING_SECRET,
	 .help = "What both sides sign with. Without one, anybody who knows the hook's URL can "
		 "text "
		 "as a contact, and anybody who reaches the carrier can send through it. Beside a "
		 "real provider it is required, and also is the password of the page."},
	{.key = "stop_reply_by",
	 .type = SETTING_CHOICE,
	 .choices = "us|provider|network",
	 .fallback = "us",
	 .help = "Who answers STOP, START and HELP. The sandbox itself never does."},
	{.key = NULL},
};

static int check(const struct settings *set, struct error *err)
{
	return driver_check_url("base_url", settings_text(set, "base_url"), false, err);
}

int sandbox_check_mix(struct sms_account *accounts, size_t n, size_t *wrong_out, struct error *err)
{
	bool others = false;

	for (size_t i = 0; i < n; i++)
		others |= accounts[i].driver != &sandbox_driver;
	for (size_t i = 0; i < n; i++) {
		if (accounts[i].driver != &sandbox_driver)
			continue;
		accounts[i].mixed = others;
		*wrong_out = i;
		if (others && !settings_text(accounts[i].set, "key"))
			return error_set(
				err, ERR_CONFIG,
				"'key' is missing: beside a real provider, whoever reaches "
				"the sandbox's page could undo people's opt-outs; set a "
				"key, or take the sandbox out");
	}
	return 0;
}

bool sandbox_is_fictitious(const char *number)
{
	struct phone phone;

	/* Other forms could be read as another number where a region is assumed. */
	return number[0] == '+' && phone_parse(number, strlen(number), NULL, &phone) == PHONE_OK &&
	       phone_classify(&phone) == PHONE_FICTITIOUS;
}

void sandbox_sign(const char *key, const char *timestamp, const char *body, size_t body_len,
		  struct strbuf *out)
{
	uint8_t digest[HASH_MAX];
	STRBUF_AUTO(text);
	size_t len;

	strbuf_addf(&text, "%s.", timestamp);
	strbuf_add(&text, body, body_len);
	len = hmac_digest(HASH_SHA256, key, strlen(key), text.buf, text.len, digest);
	hex_encode(out, digest, len);
}

/* ---- sending --------------------------------------------------------------------------------- */

void sandbox_add_member(struct strbuf *out, const char *name, const char *value)
{
	if (out->len > 1)
		strbuf_addc(out, ',');
	json_add_text(out, name);
	strbuf_addc(out, ':');
	json_add_text(out, value);
}

static int build_send(const struct sms_account *account, const struct cleared_sms *sms,
		      struct http_call *call_out, struct error *err)
{
	const char *key = settings_text(account->set, "key");
	const char *const *media;
	size_t media_n = cleared_sms_media(sms, &media);
	STRBUF_AUTO(status_url);
	STRBUF_AUTO(body);
	STRBUF_AUTO(url);

	(void)err;
	sms_status_url(account, sms, &status_url);
	strbuf_addc(&body, '{');
	sandbox_add_member(&body, "ref", cleared_sms_ref(sms));
	sandbox_add_member(&body, "from", cleared_sms_from(sms));
	sandbox_add_member(&body, "to", cleared_sms_to(sms));
	sandbox_add_member(&body, "text", cleared_sms_text(sms));
	sandbox_add_member(&body, "status_url", status_url.buf);
	strbuf_adds(&body, ",\"media\":[");
	for (size_t i = 0; i < media_n; i++) {
		if (i > 0)
			strbuf_addc(&body, ',');
		json_add_text(&body, media[i]);
	}
	strbuf_adds(&body, "]}");
	strbuf_addf(&url, "%s/provider/send", settings_text(account->set, "base_url"));
	*call_out = (struct http_call){.method = "POST", .url = strbuf_detach(&url, NULL)};
	http_headers_add(&call_out->headers, "Content-Type", "application/json");
	/* By hand, as user and password mean nothing on the local road. */
	if (key) {
		STRBUF_AUTO(bearer);

		strbuf_addf(&bearer, "Bearer %s", key);
		http_headers_add(&call_out->headers, "Authorization", bearer.buf);
	}
	call_out->body = strbuf_detach(&body, &call_out->body_len);
	return 0;
}

static void parse_send(const struct sms_account *account, const struct http_answer *answer,
		       struct sms_result *result_out)
{
	JSON_AUTO json = NULL;
	STRBUF_AUTO(code);
	STRBUF_AUTO(id);
	STRBUF_AUTO(segments);

	(void)account;
	sms_result_from_http(answer, result_out);
	if (answer->fate != HTTP_ANSWERED)
		return;
	json = json_parse(answer->body, answer->body_len, JSON_DEPTH_MAX, NULL);
	if (answer->status == 202 && json_text(json, "id", &id) && id.len < SMS_EXT_ID_MAX) {
		*result_out = (struct sms_result){.class = SMS_OK};
		(void)STR_COPY(result_out->ext_id, id.buf);
		if (json_text(json, "segments", &segments))
			result_out->segments = driver_read_count(segments.buf);
	} else if (json_text(json, "code", &code)) {
		driver_apply_error(twilio_errors, code.buf, result_out);
	}
}

/* ---- files ----------------------------------------------------------------------------------- */

/* Of the carrier itself: what a phone has sent. All else is a stranger's. */
static void locate(const struct sms_account *account, struct http_fetch_order *order)
{
	STRBUF_AUTO(files);

	strbuf_addf(&files, "%s/file/", settings_text(account->set, "base_url"));
	order->trusted = strncmp(order->call.url, files.buf, files.len) == 0 &&
			 !strstr(order->call.url, "..");
}

/* ---- hooks ----------------------------------------------------------------------------------- */

static int verify_hook(const struct sms_account *account, const struct sms_hook *hook, int64_t now,
		       struct error *err)
{
	const struct http_request *request = hook->request;
	const char *key = settings_text(account->set, "key");
	const char *timestamp = http_headers_get(&request->headers, SANDBOX_TIMESTAMP);
	const char *claimed = http_headers_get(&request->headers, SANDBOX_SIGNATURE);
	STRBUF_AUTO(ours);
	int64_t at;

	if (!key && account->mixed)
		return error_set(err, ERR_INPUT, "beside a real provider the sandbox needs a key");
	if (!key)
		return 0;
	if (!timestamp || !claimed)
		return error_set(err, ERR_INPUT,
				 "there is no " SANDBOX_TIMESTAMP " or " SANDBOX_SIGNATURE
				 " header");
	sandbox_sign(key, timestamp, request->body, request->body_len, &ours);
	if (!secret_equals(claimed, ours.buf))
		return error_set(err, ERR_INPUT, "the signature does not fit the body and the key");
	/* Signed with our key, so it is a number; one too large saturates and is refused. */
	at = strtoll(timestamp, NULL, 10);
	if (at < now / 1000 - TOLERANCE_S || at > now / 1000 + TOLERANCE_S)
		return error_set(err, ERR_INPUT,
				 "it was signed at another time: a replay, or a "
				 "clock that is wrong");
	return 0;
}

static int fill_text(const struct cJSON *json, struct sms_event *event, struct error *err)
{
	const struct cJSON *media[SMS_MEDIA_MAX];
	size_t media_n = json_find(json, "media.*", media, SMS_MEDIA_MAX);
	STRBUF_AUTO(text);

	if (!json_text(json, "text", &text))
		return error_set(err, ERR_INPUT, "there is no text");
	event->kind = SMS_EVENT_TEXT;
	event->text = strbuf_detach(&text, NULL);
	for (size_t i = 0; i < media_n; i++) {
		STRBUF_AUTO(url);

		if (json_text(media[i], "", &url))
			event->media[event->media_n++] = strbuf_detach(&url, NULL);
	}
	(void)snprintf(event->key, sizeof(event->key), "in:%s", event->ext_id);
	return 0;
}

static void fill_report(const struct cJSON *json, struct sms_event *event)
{
	static const struct driver_word words[] = {
		{"sent", SMS_STATUS_SENT},
		{"delivered", SMS_STATUS_DELIVERED},
		{"undelivered", SMS_STATUS_UNDELIVERED},
		{"failed", SMS_STATUS_FAILED},
		{NULL, 0},
	};
	int value = SMS_STATUS_QUEUED;
	STRBUF_AUTO(status);
	STRBUF_AUTO(code);
	STRBUF_AUTO(ref);

	(void)json_text(json, "status", &status);
	(void)json_text(json, "code", &code);
	(void)json_text(json, "ref", &ref);
	(void)snprintf(event->key, sizeof(event->key), "st:%s:%.32s", event->ext_id, status.buf);
	if (!driver_word_value(words, status.buf, &value))
		return;
	event->kind = SMS_EVENT_REPORT;
	event->status = (enum sms_status)value;
	driver_take_ref(ref.buf, event->ref);
	driver_report_error(twilio_errors, code.buf, event);
}

static int fill_event(const struct sms_account *account, const struct cJSON *json,
		      struct sms_event *event, struct error *err)
{
	STRBUF_AUTO(type);
	STRBUF_AUTO(id);
	STRBUF_AUTO(from);
	STRBUF_AUTO(to);

	if (!json_text(json, "type", &type) || !json_text(json, "id", &id) || id.len == 0 ||
	    id.len >= sizeof(event->ext_id))
		return error_set(err, ERR_INPUT, "there is no type or no id");
	event->kind = SMS_EVENT_IGNORED;
	(void)STR_COPY(event->ext_id, id.buf);
	(void)json_text(json, "from", &from);
	(void)json_text(json, "to", &to);
	driver_take_number(from.buf, event->from);
	driver_take_number(to.buf, event->to);
	if (strcmp(type.buf, "text") == 0) {
		if (account->mixed && !sandbox_is_fictitious(event->from))
			return error_set(err, ERR_INPUT, "%s", SANDBOX_FICTITIOUS_ONLY);
		return fill_text(json, event, err);
	}
	if (strcmp(type.buf, "report") == 0)
		fill_report(json, event);
	else
		(void)snprintf(event->key, sizeof(event->key), "ig:%s", event->ext_id);
	return 0;
}

static int parse_hook(const struct sms_account *account, const struct sms_hook *hook,
		      struct sms_event *events_out, int max, struct error *err)
{
	const struct http_request *request = hook->request;
	JSON_AUTO json = json_parse(request->body, request->body_len, JSON_DEPTH_MAX, err);

	if (!json)
		return -1;
	if (max <= 0)
		return 0;
	events_out[0] = (struct sms_event){0};
	return fill_event(account, json, &events_out[0], err) < 0 ? -1 : 1;
}

const struct sms_driver sandbox_driver = {
	.name = "sandbox",
	.caps = SMS_CAP_MEDIA | SMS_CAP_REPORTS | SMS_CAP_SIGNED,
	.reply_by = SMS_REPLY_BY_US,
	.max_chars = 1600,
	.max_media_kb = 5120,
	.settings = sandbox_settings,
	.errors = twilio_errors,
	.check = check,
	.build_send = build_send,
	.parse_send = parse_send,
	.verify_hook = verify_hook,
	.parse_hook = parse_hook,
	.locate = locate,
	.hook_reply_type = "application/json",
	.hook_reply_body = "{}",
};
