/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Any well-formed XML as a message or presence of somebody's: all that is read from it is clean. */
#include "base/utf8.h"
#include "base/xalloc.h"
#include "chat/xmpp/xmpp_read.h"

#include <string.h>
#include <strings.h>

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
		if (!utf8_valid(heard.file.url.buf, heard.file.url.len) || heard.file.size < 0)
			BUG("not a clean file");
	}
	heard_release(&heard);
}

static void note_item(const char *jid, void *arg)
{
	if (!*jid || ++*(int *)arg > 5)
		BUG("more than were asked for");
}

static void check_uploads(xmpp_stanza_t *st)
{
	struct upload_slot slot;
	int64_t max;
	int items = 0;

	read_items(st, 5, note_item, &items);
	if (read_upload_service(st, &max) && max < 0)
		BUG("a negative limit");
	if (read_slot(st, &slot) && (strncasecmp(slot.put, "http", 4) || slot.headers.n > 8))
		BUG("not a usable slot");
	for (size_t i = 0; i < slot.headers.n; i++)
		if (strpbrk(slot.headers.items[i].value, "\r\n"))
			BUG("a header of two lines");
	upload_slot_release(&slot);
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
		check_uploads(st);
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
