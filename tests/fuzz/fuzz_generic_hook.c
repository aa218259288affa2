/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Any request as a hook of a provider by configuration: one that sends forms and signs them, and one
 * that sends lists of JSON and proves itself by Basic. Read without harm, and never taken for
 * genuine by guessing.
 */
#include "hook_input.h"

#include "sms/driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const form_settings[] = {
	"send_url",
	"https://h.example/",
	"send_type",
	"query",
	"hook_type",
	"form",
	"in_id",
	"MessageUUID",
	"in_from",
	"From",
	"in_to",
	"To",
	"in_text",
	"Text",
	"in_media",
	"Media*",
	"in_plus",
	"yes",
	"in_to_default",
	"${extra}",
	"extra",
	"+15555550100",
	"report_id",
	"MessageUUID",
	"report_status",
	"Status",
	"report_code",
	"ErrorCode ~ NACK/0x0*([0-9a-f]+)",
	"report_map",
	"delivered: delivered",
	"report_map",
	"failed: failed",
	"report_map",
	"8: sent",
	"error_map",
	"b: bad_number",
	"error_map",
	"5xx: temp",
	"error_map",
	"*: perm",
	"hook_verify",
	"hmac_sha256",
	"hook_header",
	"X-Sig",
	"hook_signed",
	"${body}${url_path}${header:X-Time}",
	"hook_time_header",
	"X-Time",
	"key",
	"an unguessable key",
	"key_previous",
	"another",
	NULL,
};

static const char *const json_settings[] = {
	"send_url",
	"https://h.example/",
	"send_type",
	"query",
	"hook_type",
	"json",
	"hook_list",
	"results",
	"in_when",
	"type = message-received",
	"in_id",
	"message.id",
	"in_from",
	"message.from",
	"in_to",
	"to",
	"in_text",
	"message.text",
	"in_media",
	"message.media.*",
	"report_when",
	"type ~ ^message-(sent|delivered|failed)$",
	"report_id",
	"message.id",
	"report_ref",
	"message.tag",
	"report_status",
	"type",
	"report_code",
	"errorCode",
	"report_map",
	"message-delivered: delivered",
	"report_map",
	"message-failed: undelivered",
	"error_map",
	"4775: opted_out",
	"hook_verify",
	"basic",
	"hook_value",
	"roomline:${password}",
	"password",
	"an unguessable password",
	NULL,
};

static void set_up(struct sms_account *account, const char *const *pairs)
{
	struct settings *set = settings_new(generic_driver.settings);
	struct error err = {0};

	for (; pairs[0]; pairs += 2)
		REQUIRE(settings_put(set, pairs[0], pairs[1], &err) == 0);
	REQUIRE(settings_finish(set, NULL, &err) == 0);
	REQUIRE(generic_driver.check(set, &err) == 0);
	*account = (struct sms_account){
		.name = "a", .driver = &generic_driver, .set = set, .hook_url = HOOK_URL};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sms_account accounts[2];
	struct hook_input in;

	if (!accounts[0].set) {
		set_up(&accounts[0], form_settings);
		set_up(&accounts[1], json_settings);
	}
	hook_input_read(&in, data, size);
	for (int i = 0; i < 2; i++) {
		struct error err = {0};

		hook_require(&accounts[i], &in.hook);
		REQUIRE(generic_driver.verify_hook(&accounts[i], &in.hook, HOOK_NOW, &err) < 0);
		REQUIRE(err.text[0]);
	}
	hook_input_release(&in);
	return 0;
}
