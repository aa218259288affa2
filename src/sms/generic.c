/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A provider by configuration alone: a template for the request, fields for the answer and the
 * hooks, maps for codes. config/providers/ has definitions; how to write one is in the help of the
 * keys (generic_settings.c). Kannel's smsc_http and RapidPro's "external" channel are the models.
 *
 * All that can be known to be wrong is refused by check(), with sample values put through the
 * templates, so that a definition fails at start and not at the first text.
 */
#include "sms/generic.h"

#include "base/xalloc.h"
#include "sms/driver.h"

#include <string.h>

static int check_fields(const struct settings *set, struct error *err)
{
	static const char *const keys[] = {
		"ok_when",     "ok_id",     "ok_segments", "error_code",    "in_when",
		"in_id",       "in_from",   "in_to",       "in_text",       "in_media",
		"report_when", "report_id", "report_ref",  "report_status", "report_code",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *field = settings_text(set, keys[i]);

		if (field && field_check(keys[i], field, err) < 0)
			return -1;
	}
	return 0;
}

static int check_maps(const struct settings *set, struct error *err)
{
	static const char *const keys[] = {"error_map", "report_error_map"};
	struct error_rule rule;
	const char *const *rows;
	int status;
	size_t n;

	for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
		n = settings_list(set, keys[k], &rows);
		for (size_t i = 0; i < n; i++) {
			if (error_rule_parse(rows[i], &rule, err) < 0)
				return -1;
		}
	}
	n = settings_list(set, "report_map", &rows);
	for (size_t i = 0; i < n; i++) {
		if (status_rule_parse(rows[i], &status, err) < 0)
			return -1;
	}
	return 0;
}

/* Puts sample values through the templates of a send. */
static int check_send(const struct settings *set, struct error *err)
{
	bool is_json = strcmp(settings_text(set, "send_type"), "json") == 0;
	struct http_headers values = {0};
	struct http_call call = {0};
	JSON_AUTO json = NULL;
	int rc;

	generic_add_variables(set, &values);
	generic_add_samples(&values);
	rc = generic_build(set, &values, &call, err);
	if (rc == 0 && is_json) {
		json = json_parse(call.body, call.body_len, JSON_DEPTH_MAX, err);
		rc = json ? 0 : error_set(err, ERR_CONFIG, "'send_body' does not give JSON");
	}
	if (rc == 0)
		rc = driver_check_url("send_url", call.url, settings_bool(set, "allow_http"), err);
	http_call_release(&call);
	http_headers_release(&values);
	return rc;
}

static int check_hooks(const struct settings *set, struct error *err)
{
	const char *how = settings_text(set, "hook_verify");
	bool hmac = strncmp(how, "hmac_", 5) == 0;

	if ((hmac || strcmp(how, "header") == 0) && !settings_text(set, "hook_header"))
		return error_set(err, ERR_CONFIG, "'hook_verify: %s' needs 'hook_header'", how);
	if (hmac && !strstr(settings_text(set, "hook_value"), "${signature}"))
		return error_set(err, ERR_CONFIG, "'hook_value' must hold ${signature}");
	if (!hmac && strcmp(how, "none") != 0 &&
	    strcmp(settings_text(set, "hook_value"), "${signature}") == 0)
		return error_set(err, ERR_CONFIG, "'hook_verify: %s' needs 'hook_value'", how);
	if (settings_text(set, "in_from") && !settings_text(set, "in_text"))
		return error_set(err, ERR_CONFIG, "'in_from' without 'in_text'");
	return 0;
}

/* The secrets that a check of hooks names must be there, or it would refuse every hook. */
static int check_hook_secrets(const struct settings *set, struct error *err)
{
	static const char *const keys[] = {"hook_value", "hook_key"};
	bool hmac = strncmp(settings_text(set, "hook_verify"), "hmac_", 5) == 0;
	struct http_headers values = {0};
	int rc = 0;

	if (strcmp(settings_text(set, "hook_verify"), "none") == 0)
		return 0;
	generic_add_variables(set, &values);
	http_headers_add(&values, "signature", "1");
	for (size_t i = 0; rc == 0 && i < (hmac ? 2 : 1); i++) {
		STRBUF_AUTO(text);

		rc = template_expand(keys[i], settings_text(set, keys[i]), ESCAPE_NONE, &values,
				     &text, err);
	}
	http_headers_release(&values);
	return rc;
}

static int check_caps(const struct settings *set, struct error *err)
{
	const struct sms_account account = {.driver = &generic_driver, .set = set};
	bool verified = strcmp(settings_text(set, "hook_verify"), "none") != 0;
	unsigned caps = sms_account_caps(&account);
	const char *const *words;
	size_t n = settings_list(set, "caps", &words);

	if ((size_t)__builtin_popcount(caps) != n)
		return error_set(err, ERR_CONFIG,
				 "'caps' may hold, once each: media reports signed idempotent "
				 "part_reports");
	if ((caps & SMS_CAP_SIGNED) && !verified)
		return error_set(err, ERR_CONFIG, "'caps: signed' needs 'hook_verify'");
	if ((caps & SMS_CAP_REPORTS) && !settings_text(set, "report_status"))
		return error_set(err, ERR_CONFIG, "'caps: reports' needs 'report_status'");
	return 0;
}

static int check(const struct settings *set, struct error *err)
{
	static int (*const checks[])(const struct settings *set, struct error *err) = {
		check_fields, check_maps, check_send, check_hooks, check_hook_secrets, check_caps,
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		if (checks[i](set, err) < 0)
			return -1;
	}
	return 0;
}

const struct sms_driver generic_driver = {
	.name = "generic",
	.reply_by = SMS_REPLY_BY_US,
	.max_chars = 1600,
	.settings = generic_settings,
	.check = check,
	.build_send = generic_build_send,
	.parse_send = generic_parse_send,
	.verify_hook = generic_verify_hook,
	.parse_hook = generic_parse_hook,
	.locate = generic_locate,
	.hook_reply_type = "text/plain",
	.hook_reply_body = "",
};
