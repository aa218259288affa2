/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Any request as a hook of the sandbox's: read without harm; genuine only when signed with the key,
 * over this very body, about now. */
#include "hook_input.h"

#include "sms/driver.h"
#include "sms/sandbox.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEY "an unguessable key"

static const struct sms_account *account(void)
{
	static struct sms_account a = {
		.name = "a", .driver = &sandbox_driver, .hook_url = HOOK_URL};

	if (!a.set) {
		struct settings *set = settings_new(sandbox_driver.settings);

		(void)settings_put(set, "key", KEY, NULL);
		REQUIRE(settings_finish(set, NULL, NULL) == 0);
		a.set = set;
	}
	return &a;
}

static bool is_genuine(struct hook_input *in, const char *timestamp, size_t body_len)
{
	STRBUF_AUTO(signature);
	struct error err = {0};
	bool genuine;

	http_headers_release(&in->request.headers);
	sandbox_sign(KEY, timestamp, in->body, body_len, &signature);
	http_headers_add(&in->request.headers, SANDBOX_TIMESTAMP, timestamp);
	http_headers_add(&in->request.headers, SANDBOX_SIGNATURE, signature.buf);
	genuine = sandbox_driver.verify_hook(account(), &in->hook, HOOK_NOW, &err) == 0;
	REQUIRE(genuine || err.text[0]);
	return genuine;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hook_input in;

	hook_input_read(&in, data, size);
	hook_require(account(), &in.hook);
	REQUIRE(sandbox_driver.verify_hook(account(), &in.hook, HOOK_NOW, NULL) < 0);
	REQUIRE(is_genuine(&in, "1719045971", in.request.body_len));
	REQUIRE(!is_genuine(&in, "1719045000", in.request.body_len));
	REQUIRE(!is_genuine(&in, "99999999999999999999999", in.request.body_len));
	if (in.request.body_len > 0)
		REQUIRE(!is_genuine(&in, "1719045971", in.request.body_len - 1));
	hook_input_release(&in);
	return 0;
}
