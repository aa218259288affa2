/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Cleared texts without an outbox, for tests of the SMS drivers: the accessors of roomline/sms.h,
 * linked in place of bridge/outbox.c. Include fake_cleared.c, not this, where they are needed.
 */
#ifndef FAKE_CLEARED_H
#define FAKE_CLEARED_H

#include "roomline/sms.h"

struct cleared_sms {
	char ref[TOKEN_MAX];
	char to[64];
	char from[64];
	char text[SMS_TEXT_MAX + 1];
	const char *media[SMS_MEDIA_MAX];
	size_t media_n;
	int validity_s;
};

struct cleared_sms fake_cleared_make(const char *ref, const char *to, const char *from,
				     const char *text);

#endif
