/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Addresses of XMPP ("local@domain/resource", RFC 7622), as far as a component needs to take them
 * apart. Preparing them (case, Unicode) is the server's work: what comes from it is prepared, and
 * what a person typed is only checked for shape and put in ASCII lower case, so that it compares.
 */
#ifndef XMPP_JID_H
#define XMPP_JID_H

#include "roomline/types.h"

#include <stdbool.h>
#include <stddef.h>

struct jid { /* points into the text it was split from */
	const char *local;
	size_t local_len; /* 0: none */
	const char *domain;
	size_t domain_len;
	const char *resource; /* "" when there is none */
};

/* False when it is no address at all: empty domain, "@x", or longer than XMPP allows. */
bool jid_split(const char *text, struct jid *out);
/* The address without its resource, in ASCII lower case. False, and out is "", when text is not an
 * address or is too long for the rest of the program. */
bool jid_bare(const char *text, char out[ADDRESS_MAX]);
/* Whether it is a person's address as people write it: local@domain, and nothing a server refuses
 * at sight. */
bool jid_is_user(const char *text);
bool jid_is_domain(const char *text); /* letters, digits, '-', '.', or non-ASCII */
/* "bot@sms.example.org" has local "bot" and domain "sms.example.org". */
bool jid_local_is(const struct jid *jid, const char *local);
bool jid_domain_is(const struct jid *jid, const char *domain);

#endif
