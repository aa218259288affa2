/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A driver that speaks in results; see fake_driver.h. */
#include "fakes/fake_driver.h"

#include "base/strbuf.h"
#include "base/xalloc.h"

#include <string.h>

static const struct sms_result *fake_driver_result;
const char *fake_driver_refuses;

static int fake_driver_check(const struct settings *set, struct error *err)
{
	(void)set;
	(void)err;
	return 0;
}

/* The parts of the body, each with a NUL. */
static int fake_driver_build_send(const struct sms_account *account, const struct cleared_sms *sms,
				  struct http_call *call_out, struct error *err)
{
	const char *const *media;
	size_t media_n = cleared_sms_media(sms, &media);
	STRBUF_AUTO(body);

	(void)account;
	if (fake_driver_refuses)
		return error_set(err, ERR_INPUT, "%s", fake_driver_refuses);
	strbuf_add(&body, cleared_sms_ref(sms), strlen(cleared_sms_ref(sms)) + 1);
	strbuf_add(&body, cleared_sms_to(sms), strlen(cleared_sms_to(sms)) + 1);
	strbuf_add(&body, cleared_sms_from(sms), strlen(cleared_sms_from(sms)) + 1);
	strbuf_add(&body, cleared_sms_text(sms), strlen(cleared_sms_text(sms)) + 1);
	strbuf_addf(&body, "%d", cleared_sms_validity_s(sms));
	strbuf_addc(&body, '\0');
	for (size_t i = 0; i < media_n; i++)
		strbuf_addf(&body, "%s%s", i ? " " : "", media[i]);
	call_out->method = "POST";
	call_out->url = xstrdup("https://sms.example.org/");
	call_out->body = strbuf_detach(&body, &call_out->body_len);
	return 0;
}

static void fake_driver_parse_send(const struct sms_account *account,
				   const struct http_answer *answer, struct sms_result *result_out)
{
	(void)account;
	(void)answer;
	*result_out = *fake_driver_result;
}

static int fake_driver_verify_hook(const struct sms_account *account, const struct sms_hook *hook,
				   int64_t now, struct error *err)
{
	(void)account;
	(void)hook;
	(void)now;
	(void)err;
	return 0;
}

static int fake_driver_parse_hook(const struct sms_account *account, const struct sms_hook *hook,
				  struct sms_event *events_out, int max, struct error *err)
{
	(void)account;
	(void)hook;
	(void)events_out;
	(void)max;
	(void)err;
	return 0;
}

struct sms_driver fake_driver = {
	.name = "fake",
	.caps = SMS_CAP_REPORTS,
	.max_chars = 1600,
	.check = fake_driver_check,
	.build_send = fake_driver_build_send,
	.parse_send = fake_driver_parse_send,
	.verify_hook = fake_driver_verify_hook,
	.parse_hook = fake_driver_parse_hook,
	.hook_reply_type = "",
	.hook_reply_body = "",
};

struct fake_sms fake_driver_sms(const struct http_call *call)
{
	struct fake_sms sms = {.ref = call->body};

	sms.to = sms.ref + strlen(sms.ref) + 1;
	sms.from = sms.to + strlen(sms.to) + 1;
	sms.text = sms.from + strlen(sms.from) + 1;
	sms.media = sms.text + strlen(sms.text) + 1;
	sms.validity_s = (int)strtol(sms.media, NULL, 10);
	sms.media += strlen(sms.media) + 1;
	return sms;
}

void fake_driver_answer(struct fake_call *call, const struct sms_result *result)
{
	fake_driver_result = result;
	fake_http_answer(call, HTTP_ANSWERED, 200, "");
	fake_driver_result = NULL;
}
