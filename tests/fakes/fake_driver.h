/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * An SMS driver whose answers the test gives as results: no provider's dialect in between. What it
 * sends is a call with the ref, the number and the text in it. A test includes
 * "fakes/fake_driver.c" after "fakes/fake_http.c".
 */
#ifndef FAKE_DRIVER_H
#define FAKE_DRIVER_H

#include "fakes/fake_http.h"
#include "roomline/sms.h"

extern struct sms_driver fake_driver;   /* caps, reply_by, max_chars and keywords may be set */
extern const char *fake_driver_refuses; /* build_send fails with these words; NULL: it does not */

struct fake_sms { /* points into the call */
	const char *ref;
	const char *to;
	const char *from;
	const char *text;
	int validity_s;
	const char *media; /* links with a space between */
};

struct fake_sms fake_driver_sms(const struct http_call *call);
/* Answers an open call, so that parse_send says this. */
void fake_driver_answer(struct fake_call *call, const struct sms_result *result);

#endif
