/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Links to files that anybody may follow who has them, until they end: ID/EXPIRY/SIGNATURE/NAME.
 * The signature is HMAC-SHA256 over id and expiry, cut to 128 bits, with a key that is made from a
 * secret of ours, so that no other use of that secret can be turned into a link. The name is for
 * who receives the file and proves nothing. Pure: time and secret are parameters.
 */
#ifndef MEDIA_LINK_H
#define MEDIA_LINK_H

#include "base/strbuf.h"

#include <stdint.h>

enum media_link_verdict {
	MEDIA_LINK_GOOD,
	MEDIA_LINK_MALFORMED,
	MEDIA_LINK_FORGED,
	MEDIA_LINK_EXPIRED, /* of those only that were ours */
};

/* name: letters, digits, '.', '-'; expires_at: ms UTC. */
void media_link_add(struct strbuf *out, const char *secret, int64_t id, int64_t expires_at,
		    const char *name);
/* link is as media_link_add() made it, and a stranger's. */
enum media_link_verdict media_link_check(const char *link, const char *secret, int64_t now,
					 int64_t *id_out);

#endif
