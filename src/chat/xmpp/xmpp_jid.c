/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Splitting and checking addresses; see xmpp_jid.h. Own code, because libstrophe's returns copies
 * that have to be freed and takes "@" and "/x" for addresses. */
#include "chat/xmpp/xmpp_jid.h"

#include <string.h>
#include <strings.h>

#define PART_MAX 1023 /* bytes of each part, RFC 7622 3.2 */

bool jid_split(const char *text, struct jid *out)
{
	size_t bare_len = strcspn(text, "/");
	const char *at = memchr(text, '@', bare_len);

	*out = (struct jid){.local = text, .domain = text, .domain_len = bare_len, .resource = ""};
	if (text[bare_len] == '/')
		out->resource = text + bare_len + 1;
	if (at) {
		out->local_len = (size_t)(at - text);
		out->domain = at + 1;
		out->domain_len = bare_len - out->local_len - 1;
		if (out->local_len == 0)
			return false;
	}
	return out->domain_len > 0 && out->domain_len <= PART_MAX && out->local_len <= PART_MAX &&
	       strnlen(out->resource, PART_MAX + 1) <= PART_MAX;
}

static const char lower_case[] = "abcdefghijklmnopqrstuvwxyz";

bool jid_bare(const char *text, char out[ADDRESS_MAX])
{
	struct jid jid;
	size_t len = strcspn(text, "/");

	out[0] = '\0';
	if (!jid_split(text, &jid) || len >= ADDRESS_MAX)
		return false;
	memcpy(out, text, len);
	for (size_t i = 0; i < len; i++)
		if (text[i] >= 'A' && text[i] <= 'Z')
			out[i] = lower_case[text[i] - 'A'];
	out[len] = '\0';
	return true;
}

bool jid_is_domain(const char *text)
{
	if (text[0] == '\0' || text[0] == '.' || text[0] == '-' || strlen(text) > PART_MAX)
		return false;
	for (const char *p = text; *p; p++) {
		bool word = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			    (*p >= '0' && *p <= '9') || (*p & 0x80) != 0;

		if (!word && *p != '-' && (*p != '.' || p[1] == '.'))
			return false;
	}
	return true;
}

bool jid_is_user(const char *text)
{
	struct jid jid;

	if (!jid_split(text, &jid) || jid.local_len == 0 || jid.resource[0] != '\0' ||
	    strchr(text, '/') || strlen(text) >= ADDRESS_MAX || !jid_is_domain(jid.domain))
		return false;
	for (size_t i = 0; i < jid.local_len; i++)
		if ((unsigned char)jid.local[i] <= ' ' || jid.local[i] == 0x7F ||
		    strchr("\"&'/:<>@", jid.local[i]))
			return false;
	return true;
}

bool jid_local_is(const struct jid *jid, const char *local)
{
	return strlen(local) == jid->local_len &&
	       strncasecmp(jid->local, local, jid->local_len) == 0;
}

bool jid_domain_is(const struct jid *jid, const char *domain)
{
	return strlen(domain) == jid->domain_len &&
	       strncasecmp(jid->domain, domain, jid->domain_len) == 0;
}
