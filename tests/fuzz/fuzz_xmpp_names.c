/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Any bytes as an address and as a person's name: what is accepted is safe in a stanza. */
#include "base/utf8.h"
#include "base/xalloc.h"
#include "chat/xmpp/xmpp_jid.h"
#include "chat/xmpp/xmpp_nick.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_jid(const char *text)
{
	char bare[ADDRESS_MAX];
	char again[ADDRESS_MAX];
	struct jid jid;

	if (!jid_bare(text, bare))
		return;
	if (!jid_split(text, &jid) || strlen(bare) + 1 > ADDRESS_MAX)
		BUG("an address without parts");
	/* Lowering twice changes nothing, and a bare address has no resource. */
	if (!jid_bare(bare, again) || strcmp(bare, again) != 0 || strchr(bare, '/'))
		BUG("not bare: %s", bare);
	if (jid_is_user(text) && (strpbrk(text, " \t\n\"&'<>/") || !strchr(text, '@')))
		BUG("taken for a person: %s", text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *)data, size);
	STRBUF_AUTO(nick);

	check_jid(text);
	nick_make(&nick, text, "Contact 1", 0);
	if (nick.len == 0 || nick.len > NICK_BYTES_MAX || !utf8_valid(nick.buf, nick.len))
		BUG("bad nickname");
	if (nick.buf[0] == ' ' || nick.buf[nick.len - 1] == ' ' || strpbrk(nick.buf, "/@<>&\n\t"))
		BUG("unsafe nickname: %s", nick.buf);
	return 0;
}
