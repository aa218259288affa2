/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Making stanzas; see xmpp_build.h. XEP-0004, 0030, 0045, 0054, 0066, 0092, 0199, 0203, 0249, 0313,
 * 0363, 0444. */
#include "chat/xmpp/xmpp_build.h"

#include "base/civil.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "roomline/types.h"

#include <stdio.h>
#include <string.h>

#define ATTRIBUTE_MAX 4096 /* code points; addresses have at most 3,071 bytes */

static void set(xmpp_stanza_t *st, const char *key, const char *value)
{
	STRBUF_AUTO(clean);

	if (!value)
		return;
	(void)utf8_clean(&clean, value, strlen(value), ATTRIBUTE_MAX);
	if (xmpp_stanza_set_attribute(st, key, clean.buf) != XMPP_EOK)
		BUG("no attribute %s", key);
}

static xmpp_stanza_t *element(xmpp_ctx_t *ctx, const char *name, const char *ns)
{
	xmpp_stanza_t *st = xmpp_stanza_new(ctx);

	if (!st || xmpp_stanza_set_name(st, name) != XMPP_EOK)
		BUG("no element %s", name);
	if (ns)
		set(st, "xmlns", ns);
	return st;
}

/* The child belongs to its parent; the pointer is good as long as that lives. */
static xmpp_stanza_t *child(xmpp_stanza_t *parent, const char *name, const char *ns)
{
	xmpp_stanza_t *st = element(xmpp_stanza_get_context(parent), name, ns);

	if (xmpp_stanza_add_child_ex(parent, st, 0) != XMPP_EOK)
		BUG("no child %s", name);
	return st;
}

static xmpp_stanza_t *child_text(xmpp_stanza_t *parent, const char *name, const char *text)
{
	xmpp_stanza_t *st = child(parent, name, NULL);
	xmpp_stanza_t *node = xmpp_stanza_new(xmpp_stanza_get_context(parent));
	STRBUF_AUTO(clean);

	(void)utf8_clean(&clean, text, strlen(text), CHAT_TEXT_MAX);
	if (!node || xmpp_stanza_set_text(node, clean.buf) != XMPP_EOK ||
	    xmpp_stanza_add_child_ex(st, node, 0) != XMPP_EOK)
		BUG("no text in %s", name);
	return st;
}

static xmpp_stanza_t *stanza(xmpp_ctx_t *ctx, const char *name, const struct stanza_head *head)
{
	xmpp_stanza_t *st = element(ctx, name, NULL);

	set(st, "from", head->from);
	set(st, "to", head->to);
	set(st, "type", head->type);
	set(st, "id", head->id);
	return st;
}

static xmpp_stanza_t *iq(xmpp_ctx_t *ctx, const struct stanza_head *head, const char *type)
{
	struct stanza_head typed = *head;

	typed.type = type;
	return stanza(ctx, "iq", &typed);
}

/* ---- presence -------------------------------------------------------------------------------- */

xmpp_stanza_t *stanza_presence(xmpp_ctx_t *ctx, const struct stanza_head *head)
{
	return stanza(ctx, "presence", head);
}

xmpp_stanza_t *stanza_join(xmpp_ctx_t *ctx, const struct stanza_head *head)
{
	xmpp_stanza_t *st = stanza(ctx, "presence", head);

	set(child(child(st, "x", NS_MUC), "history", NULL), "maxstanzas", "0");
	return st;
}

/* ---- messages -------------------------------------------------------------------------------- */

xmpp_stanza_t *stanza_say(xmpp_ctx_t *ctx, const struct stanza_head *head, const char *text,
			  int64_t stamp)
{
	xmpp_stanza_t *st = stanza(ctx, "message", head);
	char when[CIVIL_STAMP_MAX];

	(void)child_text(st, "body", text);
	if (stamp > 0) {
		civil_stamp(stamp, when);
		set(child(st, "delay", NS_DELAY), "stamp", when);
	}
	return st;
}

/* The link is the body as well: then clients show what is there in its place. */
xmpp_stanza_t *stanza_file(xmpp_ctx_t *ctx, const struct stanza_head *head, const char *url,
			   int64_t stamp)
{
	xmpp_stanza_t *st = stanza_say(ctx, head, url, stamp);

	(void)child_text(child(st, "x", "jabber:x:oob"), "url", url);
	return st;
}

xmpp_stanza_t *stanza_subject(xmpp_ctx_t *ctx, const struct stanza_head *head, const char *subject)
{
	xmpp_stanza_t *st = stanza(ctx, "message", head);

	(void)child_text(st, "subject", subject);
	return st;
}

xmpp_stanza_t *stanza_reaction(xmpp_ctx_t *ctx, const struct stanza_head *head, const char *target,
			       const char *emoji)
{
	xmpp_stanza_t *st = stanza(ctx, "message", head);
	xmpp_stanza_t *reactions = child(st, "reactions", NS_REACTIONS);

	set(reactions, "id", target);
	(void)child_text(reactions, "reaction", emoji);
	(void)child(st, "store", "urn:xmpp:hints");
	return st;
}

xmpp_stanza_t *stanza_invite(xmpp_ctx_t *ctx, const struct stanza_head *head, const char *room,
			     const char *reason)
{
	xmpp_stanza_t *st = stanza(ctx, "message", head);
	xmpp_stanza_t *x = child(st, "x", "jabber:x:conference");

	set(x, "jid", room);
	set(x, "reason", reason);
	return st;
}

/* ---- questions ------------------------------------------------------------------------------- */

static xmpp_stanza_t *question(xmpp_ctx_t *ctx, const struct stanza_head *head, const char *name,
			       const char *ns)
{
	xmpp_stanza_t *st = iq(ctx, head, "get");

	(void)child(st, name, ns);
	return st;
}

xmpp_stanza_t *stanza_ping(xmpp_ctx_t *ctx, const struct stanza_head *head)
{
	return question(ctx, head, "ping", NS_PING);
}

xmpp_stanza_t *stanza_disco_get(xmpp_ctx_t *ctx, const struct stanza_head *head)
{
	return question(ctx, head, "query", NS_DISCO_INFO);
}

xmpp_stanza_t *stanza_items_get(xmpp_ctx_t *ctx, const struct stanza_head *head)
{
	return question(ctx, head, "query", NS_DISCO_ITEMS);
}

xmpp_stanza_t *stanza_slot_get(xmpp_ctx_t *ctx, const struct stanza_head *head, const char *name,
			       size_t size, const char *type)
{
	xmpp_stanza_t *st = iq(ctx, head, "get");
	xmpp_stanza_t *request = child(st, "request", NS_UPLOAD);
	char number[24];

	(void)snprintf(number, sizeof(number), "%zu", size);
	set(request, "filename", name);
	set(request, "size", number);
	set(request, "content-type", type);
	return st;
}

xmpp_stanza_t *stanza_form_get(xmpp_ctx_t *ctx, const struct stanza_head *head)
{
	return question(ctx, head, "query", NS_OWNER);
}

static void add_field(xmpp_stanza_t *form, const struct form_field *f)
{
	xmpp_stanza_t *field = child(form, "field", NULL);
	const char *p = f->value;

	set(field, "var", f->name);
	while (f->words && strchr(p, ' ')) {
		AUTO_FREE char *one = xstrndup(p, strcspn(p, " "));

		(void)child_text(field, "value", one);
		p += strlen(one) + 1;
	}
	(void)child_text(field, "value", p);
}

xmpp_stanza_t *stanza_form_set(xmpp_ctx_t *ctx, const struct stanza_head *head,
			       const struct form_field *fields, size_t n)
{
	static const struct form_field form_type = {
		.name = "FORM_TYPE", .value = "http://jabber.org/protocol/muc#roomconfig"};
	xmpp_stanza_t *st = iq(ctx, head, "set");
	xmpp_stanza_t *form = child(child(st, "query", NS_OWNER), "x", NS_DATA);

	set(form, "type", "submit");
	add_field(form, &form_type);
	for (size_t i = 0; i < n; i++)
		add_field(form, &fields[i]);
	return st;
}

xmpp_stanza_t *stanza_list_get(xmpp_ctx_t *ctx, const struct stanza_head *head,
			       const char *affiliation)
{
	xmpp_stanza_t *st = iq(ctx, head, "get");

	set(child(child(st, "query", NS_ADMIN), "item", NULL), "affiliation", affiliation);
	return st;
}

/* One item in each: Prosody 0.12 looks at the first only. */
xmpp_stanza_t *stanza_affiliation_set(xmpp_ctx_t *ctx, const struct stanza_head *head,
				      const char *jid, const char *affiliation)
{
	xmpp_stanza_t *st = iq(ctx, head, "set");
	xmpp_stanza_t *item = child(child(st, "query", NS_ADMIN), "item", NULL);

	set(item, "affiliation", affiliation);
	set(item, "jid", jid);
	return st;
}

xmpp_stanza_t *stanza_archive_get(xmpp_ctx_t *ctx, const struct stanza_head *head,
				  const char *query, const char *after, unsigned max)
{
	xmpp_stanza_t *st = iq(ctx, head, "set");
	xmpp_stanza_t *q = child(st, "query", NS_ARCHIVE);
	xmpp_stanza_t *page = child(q, "set", NS_RSM);
	char number[16];

	set(q, "queryid", query);
	(void)snprintf(number, sizeof(number), "%u", max);
	(void)child_text(page, "max", number);
	if (!after)
		(void)child(page, "before", NULL);
	else if (after[0])
		(void)child_text(page, "after", after);
	return st;
}

/* ---- answers --------------------------------------------------------------------------------- */

static xmpp_stanza_t *answer(xmpp_ctx_t *ctx, xmpp_stanza_t *asked, const char *type)
{
	return stanza(ctx, xmpp_stanza_get_name(asked),
		      &(struct stanza_head){.from = xmpp_stanza_get_to(asked),
					    .to = xmpp_stanza_get_from(asked),
					    .type = type,
					    .id = xmpp_stanza_get_id(asked)});
}

xmpp_stanza_t *stanza_error(xmpp_ctx_t *ctx, xmpp_stanza_t *asked, const char *type,
			    const char *condition, const char *text)
{
	xmpp_stanza_t *st = answer(ctx, asked, "error");
	xmpp_stanza_t *error = child(st, "error", NULL);

	set(error, "type", type);
	(void)child(error, condition, NS_STANZA_ERROR);
	if (text)
		set(child_text(error, "text", text), "xmlns", NS_STANZA_ERROR);
	return st;
}

xmpp_stanza_t *stanza_result(xmpp_ctx_t *ctx, xmpp_stanza_t *asked)
{
	return answer(ctx, asked, "result");
}

xmpp_stanza_t *stanza_disco_result(xmpp_ctx_t *ctx, xmpp_stanza_t *asked,
				   const struct identity *who)
{
	xmpp_stanza_t *st = answer(ctx, asked, "result");
	xmpp_stanza_t *query = child(st, "query", NS_DISCO_INFO);
	xmpp_stanza_t *identity = child(query, "identity", NULL);

	set(identity, "category", who->category);
	set(identity, "type", who->type);
	set(identity, "name", who->name);
	for (const char *const *f = who->features; *f; f++)
		set(child(query, "feature", NULL), "var", *f);
	return st;
}

xmpp_stanza_t *stanza_items_result(xmpp_ctx_t *ctx, xmpp_stanza_t *asked, const char *item,
				   const char *name)
{
	xmpp_stanza_t *st = answer(ctx, asked, "result");
	xmpp_stanza_t *query = child(st, "query", NS_DISCO_ITEMS);

	if (item) {
		xmpp_stanza_t *i = child(query, "item", NULL);

		set(i, "jid", item);
		set(i, "name", name);
	}
	return st;
}

xmpp_stanza_t *stanza_version_result(xmpp_ctx_t *ctx, xmpp_stanza_t *asked, const char *name,
				     const char *version)
{
	xmpp_stanza_t *st = answer(ctx, asked, "result");
	xmpp_stanza_t *query = child(st, "query", NS_VERSION);

	(void)child_text(query, "name", name);
	(void)child_text(query, "version", version);
	return st;
}

xmpp_stanza_t *stanza_vcard_result(xmpp_ctx_t *ctx, xmpp_stanza_t *asked, const char *name)
{
	xmpp_stanza_t *st = answer(ctx, asked, "result");

	(void)child_text(child(st, "vCard", NS_VCARD), "FN", name);
	return st;
}
