/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Signs as the driver computes it, for tests/e2e/test_twilio_validator.py: arguments are the token
 * and the URL, standard input is the form's body; prints the signature. No test by itself.
 */
#include "base/strbuf.h"
#include "sms/twilio.h"

#include <stdio.h>

#define BODY_MAX 65536

int main(int argc, char **argv)
{
	static char body[BODY_MAX];
	size_t len = fread(body, 1, sizeof(body), stdin);
	struct http_headers params = {0};
	STRBUF_AUTO(signature);

	if (argc != 3 || !http_form_parse(body, len, &params))
		return 2;
	twilio_sign(argv[1], argv[2], &params, &signature);
	http_headers_release(&params);
	return puts(signature.buf) < 0;
}
