/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "fakes/fake_cleared.h"

#include "base/xalloc.h"

struct cleared_sms fake_cleared_make(const char *ref, const char *to, const char *from,
				     const char *text)
{
	struct cleared_sms sms = {.validity_s = 14400};

	(void)STR_COPY(sms.ref, ref);
	(void)STR_COPY(sms.to, to);
	(void)STR_COPY(sms.from, from);
	(void)STR_COPY(sms.text, text);
	return sms;
}

const char *cleared_sms_ref(const struct cleared_sms *sms)
{
	return sms->ref;
}

const char *cleared_sms_to(const struct cleared_sms *sms)
{
	return sms->to;
}

const char *cleared_sms_from(const struct cleared_sms *sms)
{
	return sms->from;
}

const char *cleared_sms_text(const struct cleared_sms *sms)
{
	return sms->text;
}

size_t cleared_sms_media(const struct cleared_sms *sms, const char *const **urls_out)
{
	*urls_out = sms->media;
	return sms->media_n;
}

int cleared_sms_validity_s(const struct cleared_sms *sms)
{
	return sms->validity_s;
}
