/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Any request as a hook of Twilio's: read without harm; and one that we sign ourselves over what
 * can be signed is taken, while the same signature of another token is not.
 */
#include "hook_input.h"

#include "sms/driver.h"
#include "sms/twilio.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct sms_account *account(void)
{
	static struct sms_account a = {.name = "a", .driver = &twilio_driver, .hook_url = HOOK_URL};

	if (!a.set) {
		struct settings *set = settings_new(twilio_driver.settings);

		(void)settings_put(set, "account_sid", "AC1", NULL);
		(void)settings_put(set, "auth_token", "12345", NULL);
		(void)settings_put(set, "auth_token_previous", "67890", NULL);
		REQUIRE(settings_finish(set, NULL, NULL) == 0);
		a.set = set;
	}
	return &a;
}

static void require_signature(struct hook_input *in, const char *token, bool genuine)
{
	struct http_headers params = {0};
	STRBUF_AUTO(signature);
	struct error err = {0};
	int rc;

	/* Only a form, or no body at all, is covered by the parameters alone. */
	http_headers_release(&in->request.headers);
	if (strstr(in->url.buf, "bodySHA256") || twilio_params(&in->hook, &params, NULL) < 0)
		return;
	if (in->request.body_len == 0)
		http_headers_release(&params);
	twilio_sign(token, in->url.buf, &params, &signature);
	http_headers_add(&in->request.headers, "X-Twilio-Signature", signature.buf);
	rc = account()->driver->verify_hook(account(), &in->hook, HOOK_NOW, &err);
	REQUIRE((rc == 0) == genuine);
	http_headers_release(&params);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hook_input in;
	struct error err = {0};

	hook_input_read(&in, data, size);
	hook_require(account(), &in.hook);
	/* Nobody guesses a signature. */
	REQUIRE(account()->driver->verify_hook(account(), &in.hook, HOOK_NOW, &err) < 0 ||
		http_headers_get(&in.request.headers, "X-Twilio-Signature"));
	require_signature(&in, "12345", true);
	require_signature(&in, "67890", true);
	require_signature(&in, "other", false);
	hook_input_release(&in);
	return 0;
}
