/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Any well-formed XML as a message or presence of somebody's: all that is read from it is clean. */
#include "base/utf8.h"
#include "base/xalloc.h"
#include "chat/xmpp/xmpp_read.h"

#include <string.h>

#define SIZE_MAX_READ 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_said(xmpp_stanza_t *st)
{
	struct heard heard;
	STRBUF_AUTO(again);

	if (read_said(st, &heard)) {
		if (!utf8_clean(&again, heard.text.buf, heard.text.len, SIZE_MAX_READ) ||
		    strcmp(again.buf, heard.text.buf) != 0)
			BUG("not clean");
		if (heard.what == CHAT_SAID_TEXT && heard.text.len == 0)
			BUG("an empty text");
	}
	heard_release(&heard);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *)data, size < SIZE_MAX_READ ? size : 0);
	xmpp_ctx_t *ctx = xmpp_ctx_new(NULL, NULL);
	xmpp_stanza_t *st = xmpp_stanza_new_from_string(ctx, text);
	char user[ADDRESS_MAX];
	struct muc_item item;

	if (st) {
		check_said(st);
		(void)read_archived_user(st, user);
		(void)read_item(st, &item);
		(void)read_error(st);
		(void)read_stanza_id(st, "r@m");
		(void)read_is_history(st, "r@m");
		(void)read_is_destroyed(st);
		(void)read_has_status(st, "110");
		(void)xmpp_stanza_release(st);
	}
	(void)read_stamp(text);
	xmpp_ctx_free(ctx);
	return 0;
}
