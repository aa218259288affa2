/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the sandbox's driver and its simulated carrier agree on. */
#ifndef SANDBOX_H
#define SANDBOX_H

#include "base/strbuf.h"

#include <stddef.h>

#define SANDBOX_TIMESTAMP "X-Sandbox-Timestamp"
#define SANDBOX_SIGNATURE "X-Sandbox-Signature"

/* Appends hex(HMAC-SHA256(key, timestamp + "." + body)). */
void sandbox_sign(const char *key, const char *timestamp, const char *body, size_t body_len,
		  struct strbuf *out);

#endif
