/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Any bytes as a telephone number: what is accepted is E.164 and reads as itself again. The first
 * two bytes are the region, so that every plan is reached. */
#include "core/phone.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_accepted(const struct phone *phone)
{
	const char *digits = phone->e164 + (phone->e164[0] == '+');
	struct phone again;

	if (strspn(digits, "0123456789") != strlen(digits) || strlen(phone->e164) >= PHONE_MAX)
		abort();
	if (phone_parse_sender(phone->e164, strlen(phone->e164), NULL, &again) != PHONE_OK ||
	    !phone_equal(phone, &again))
		abort();
	if (phone_class_word(phone_classify(phone))[0] == '\0')
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char region[3] = "";
	char text[512];
	size_t len;
	struct phone phone;

	if (size < 2)
		return 0;
	memcpy(region, data, 2);
	len = size - 2 < sizeof(text) ? size - 2 : sizeof(text);
	memcpy(text, data + 2, len);
	if (phone_parse(text, len, region, &phone) == PHONE_OK)
		check_accepted(&phone);
	if (phone_parse(text, len, NULL, &phone) == PHONE_OK)
		check_accepted(&phone);
	if (phone_parse_sender(text, len, region, &phone) == PHONE_OK)
		check_accepted(&phone);
	return 0;
}
