/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Any bytes as a text, an address and an id: the stanza is well-formed XML and says the same when
 * it is read. One that is not would end the stream with all its rooms. */
#include "base/utf8.h"
#include "base/xalloc.h"
#include "chat/xmpp/xmpp_build.h"
#include "chat/xmpp/xmpp_read.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static xmpp_stanza_t *over_the_wire(xmpp_ctx_t *ctx, xmpp_stanza_t *st)
{
	char *xml;
	size_t len;
	xmpp_stanza_t *back;

	if (xmpp_stanza_to_text(st, &xml, &len) != XMPP_EOK || !utf8_valid(xml, len))
		BUG("not to be written");
	back = xmpp_stanza_new_from_string(ctx, xml);
	if (!back)
		BUG("not well-formed: %s", xml);
	xmpp_free(ctx, xml);
	(void)xmpp_stanza_release(st);
	return back;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *)data, size < 4096 ? size : 4096);
	xmpp_ctx_t *ctx = xmpp_ctx_new(NULL, NULL);
	struct stanza_head head = {.from = text, .to = text, .type = text, .id = text};
	struct form_field field = {.name = text, .value = text, .words = true};
	xmpp_stanza_t *st = over_the_wire(ctx, stanza_say(ctx, &head, text, 1));
	STRBUF_AUTO(clean);
	STRBUF_AUTO(body);

	(void)utf8_clean(&clean, text, strlen(text), 65536);
	read_text(xmpp_stanza_get_child_by_name(st, "body"), &body);
	if (strcmp(clean.buf, body.buf) != 0)
		BUG("it says something else");
	(void)xmpp_stanza_release(st);
	st = over_the_wire(ctx, stanza_form_set(ctx, &head, &field, 1));
	(void)xmpp_stanza_release(st);
	st = over_the_wire(ctx, stanza_reaction(ctx, &head, text, text));
	(void)xmpp_stanza_release(st);
	st = over_the_wire(ctx, stanza_archive_get(ctx, &head, text, text, 1));
	(void)xmpp_stanza_release(over_the_wire(ctx, stanza_error(ctx, st, text, "gone", text)));
	(void)xmpp_stanza_release(st);
	xmpp_ctx_free(ctx);
	return 0;
}
