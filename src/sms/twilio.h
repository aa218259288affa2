/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The parts of the Twilio driver; the sandbox speaks its error codes too. */
#ifndef TWILIO_H
#define TWILIO_H

#include "roomline/sms.h"

struct strbuf;

/* Twilio's error codes as data; https://www.twilio.com/docs/api/errors */
extern const struct sms_error_row twilio_errors[];

/* Appends base64(HMAC-SHA1(token, url + each parameter's name and value, sorted)): what the header
 * X-Twilio-Signature must be. A value that is repeated under one name counts once.
 * https://www.twilio.com/docs/usage/security#validating-requests */
void twilio_sign(const char *token, const char *url, const struct http_headers *params,
		 struct strbuf *out);

/* 0 when one of the tokens (NULL ones are skipped) signed this hook; -1 and err otherwise. */
int twilio_verify(const char *const *tokens, size_t token_n, const struct sms_hook *hook,
		  struct error *err);

/* The parameters of a hook: of the form in the body, or of the query where there is none. */
int twilio_params(const struct sms_hook *hook, struct http_headers *params_out, struct error *err);

#endif
