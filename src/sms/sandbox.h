/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the sandbox's driver and its simulated carrier agree on. */
#ifndef SANDBOX_H
#define SANDBOX_H

#include "base/strbuf.h"
#include "roomline/sms.h"

#include <stdbool.h>
#include <stddef.h>

#define SANDBOX_TIMESTAMP "X-Sandbox-Timestamp"
#define SANDBOX_SIGNATURE "X-Sandbox-Signature"

/* Appends hex(HMAC-SHA256(key, timestamp + "." + body)). */
void sandbox_sign(const char *key, const char *timestamp, const char *body, size_t body_len,
		  struct strbuf *out);

/* Appends a member to a JSON object that begins with '{'. */
void sandbox_add_member(struct strbuf *out, const char *name, const char *value);

/* Whether it is a number that nobody has (PHONE_FICTITIOUS), in international form. */
bool sandbox_is_fictitious(const char *number);
#define SANDBOX_FICTITIOUS_ONLY                                                                    \
	"beside a real provider a phone can only have a made-up number such as +12025550123 "      \
	"(555-0100 to 555-0199)"

/* Sees all accounts of the configuration together and tells those of the sandbox whether others are
 * beside them (mixed): then each must have a key. -1, err and the one that lacks it otherwise. */
int sandbox_check_mix(struct sms_account *accounts, size_t n, size_t *wrong_out, struct error *err);

#endif
