/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Any answer to a send, by every driver: the first line is the HTTP status. It ends in one class
 * with words for it, a cut success is never a success, and a success never needs words.
 */
#include "hook_input.h"

#include "sms/driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const generic_settings_used[] = {
	"send_url",    "https://h.example/",
	"send_type",   "query",
	"ok_status",   "200 2x2",
	"ok_when",     "messages.*.status = 0",
	"ok_id",       "messages.0.message-id",
	"ok_segments", "message-count",
	"error_code",  "messages.0.status",
	"error_map",   "1: throttle account",
	"error_map",   "4xx: config",
	"error_map",   "http 409: ok",
	"error_map",   "http 5xx: ambiguous",
	NULL,
};

static struct settings *settings_of(const struct sms_driver *driver)
{
	struct settings *set = settings_new(driver->settings);
	const char *const *pairs = generic_settings_used;

	for (; driver == &generic_driver && pairs[0]; pairs += 2)
		REQUIRE(settings_put(set, pairs[0], pairs[1], NULL) == 0);
	return set;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sms_account accounts[8];
	struct hook_input in;
	size_t n = 0;

	hook_input_read(&in, data, size);
	for (const struct sms_driver *const *d = sms_drivers(); *d; d++, n++) {
		struct http_answer answer = {.fate = HTTP_ANSWERED,
					     .status = (int)strtol(in.head.buf, NULL, 10),
					     .headers = in.request.headers,
					     .body = in.body,
					     .body_len = in.request.body_len};
		struct sms_result result;

		if (!accounts[n].set)
			accounts[n] = (struct sms_account){
				.name = "a", .driver = *d, .set = settings_of(*d)};
		(*d)->parse_send(&accounts[n], &answer, &result);
		REQUIRE(result.class >= SMS_OK && result.class <= SMS_AMBIGUOUS);
		REQUIRE(result.class == SMS_OK || result.reason[0]);
		REQUIRE(result.segments >= 0 && result.retry_after_s >= 0);
		REQUIRE(result.class != SMS_OK || answer.body_len > 0 || answer.status == 409);
	}
	hook_input_release(&in);
	return 0;
}
