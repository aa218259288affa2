/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Reading stanzas; see xmpp_read.h. XEP-0045, 0066, 0082, 0203, 0308, 0313, 0359, 0384, 0424, 0428,
 * 0444, 0447. */
#include "chat/xmpp/xmpp_read.h"

#include "base/civil.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "chat/xmpp/xmpp_build.h"
#include "chat/xmpp/xmpp_jid.h"

#include <string.h>

const char *read_attr(xmpp_stanza_t *st, const char *key)
{
	const char *value = xmpp_stanza_get_attribute(st, key);

	return value ? value : "";
}

const char *read_type(xmpp_stanza_t *st)
{
	return read_attr(st, "type");
}

xmpp_stanza_t *read_child(xmpp_stanza_t *st, const char *name, const char *ns)
{
	return xmpp_stanza_get_child_by_name_and_ns(st, name, ns);
}

static bool is_named(xmpp_stanza_t *st, const char *name)
{
	const char *own = xmpp_stanza_get_name(st);

	return own && strcmp(own, name) == 0;
}

static const char *ns_of(xmpp_stanza_t *st)
{
	return read_attr(st, "xmlns");
}

void read_text(xmpp_stanza_t *st, struct strbuf *out)
{
	for (xmpp_stanza_t *c = xmpp_stanza_get_children(st); c; c = xmpp_stanza_get_next(c)) {
		const char *text = xmpp_stanza_get_text_ptr(c);

		if (text && out->len < CHAT_TEXT_MAX)
			(void)utf8_clean(out, text, strlen(text), CHAT_TEXT_MAX);
	}
}

/* ---- what a message says --------------------------------------------------------------------- */

/* Of the message's own namespace, so that no <body xmlns="…xhtml"> is taken for it. */
static xmpp_stanza_t *body_of(xmpp_stanza_t *message)
{
	for (xmpp_stanza_t *c = xmpp_stanza_get_children(message); c; c = xmpp_stanza_get_next(c))
		if (is_named(c, "body") && strcmp(ns_of(c), ns_of(message)) == 0)
			return c;
	return NULL;
}

/* A number of code points; fallback when the attribute is not there. False: it is no number. */
static bool read_number(xmpp_stanza_t *st, const char *key, size_t fallback, size_t *out)
{
	const char *text = xmpp_stanza_get_attribute(st, key);

	*out = text ? 0 : fallback;
	for (; text && *text; text++) {
		if (*text < '0' || *text > '9' || *out > CHAT_TEXT_MAX)
			return false;
		*out = *out * 10 + (size_t)(*text - '0');
	}
	return true;
}

/* Removes the code points from start up to end; unless nothing would be left. */
static void cut_range(struct strbuf *text, size_t start, size_t end)
{
	STRBUF_AUTO(kept);
	const char *p = text->buf;
	const char *stop = p + text->len;
	int32_t cp;

	for (size_t i = 0; p < stop; i++) {
		size_t n = utf8_decode(p, stop, &cp);

		if (i < start || i >= end)
			strbuf_add(&kept, p, n);
		p += n;
	}
	if (kept.len == 0)
		return;
	strbuf_reset(text);
	strbuf_add(text, kept.buf, kept.len);
}

/* A reply repeats what it answers for clients that do not know replies (XEP-0461): that part is not
 * what the person wrote, and nobody wants their own text sent back to them by SMS. */
static void cut_quote(xmpp_stanza_t *message, struct strbuf *text)
{
	for (xmpp_stanza_t *c = xmpp_stanza_get_children(message); c; c = xmpp_stanza_get_next(c)) {
		xmpp_stanza_t *range;
		size_t start;
		size_t end;

		if (!is_named(c, "fallback") || strcmp(ns_of(c), "urn:xmpp:fallback:0") != 0 ||
		    strcmp(read_attr(c, "for"), "urn:xmpp:reply:0") != 0)
			continue;
		range = xmpp_stanza_get_child_by_name(c, "body");
		if (range && read_number(range, "start", 0, &start) &&
		    read_number(range, "end", CHAT_TEXT_MAX, &end))
			cut_range(text, start, end);
		return;
	}
}

static bool said_reaction(xmpp_stanza_t *message, struct heard *out)
{
	xmpp_stanza_t *reactions = read_child(message, "reactions", NS_REACTIONS);

	if (!reactions)
		return false;
	out->what = CHAT_SAID_REACTION;
	(void)STR_COPY(out->target, read_attr(reactions, "id"));
	for (xmpp_stanza_t *c = xmpp_stanza_get_children(reactions); c;
	     c = xmpp_stanza_get_next(c)) {
		if (!is_named(c, "reaction"))
			continue;
		if (out->text.len > 0)
			strbuf_addc(&out->text, ' ');
		read_text(c, &out->text);
	}
	return true;
}

static bool said_retraction(xmpp_stanza_t *message, struct heard *out)
{
	xmpp_stanza_t *retract = read_child(message, "retract", "urn:xmpp:message-retract:1");
	xmpp_stanza_t *apply = read_child(message, "apply-to", "urn:xmpp:fasten:0");

	if (!retract && apply && read_child(apply, "retract", "urn:xmpp:message-retract:0"))
		retract = apply;
	if (!retract)
		return false;
	out->what = CHAT_SAID_RETRACTED;
	(void)STR_COPY(out->target, read_attr(retract, "id"));
	return true;
}

static bool is_omemo(xmpp_stanza_t *st)
{
	return is_named(st, "encrypted") &&
	       (strcmp(ns_of(st), "eu.siacs.conversations.axolotl") == 0 ||
		strncmp(ns_of(st), "urn:xmpp:omemo:", 15) == 0);
}

static bool said_encrypted(xmpp_stanza_t *message, struct heard *out)
{
	for (xmpp_stanza_t *c = xmpp_stanza_get_children(message); c; c = xmpp_stanza_get_next(c)) {
		/* Without a payload it is only clients exchanging keys. */
		if ((is_omemo(c) && xmpp_stanza_get_child_by_name(c, "payload")) ||
		    strcmp(ns_of(c), "urn:xmpp:openpgp:0") == 0 ||
		    strcmp(ns_of(c), "jabber:x:encrypted") == 0) {
			out->what = CHAT_SAID_ENCRYPTED;
			return true;
		}
	}
	return false;
}

static void read_body(xmpp_stanza_t *message, struct strbuf *out)
{
	xmpp_stanza_t *body = body_of(message);

	if (!body)
		return;
	read_text(body, out);
	cut_quote(message, out);
}

static bool said_edit(xmpp_stanza_t *message, struct heard *out)
{
	xmpp_stanza_t *replace = read_child(message, "replace", "urn:xmpp:message-correct:0");

	if (!replace)
		return false;
	out->what = CHAT_SAID_EDIT;
	(void)STR_COPY(out->target, read_attr(replace, "id"));
	read_body(message, &out->text);
	return true;
}

static bool said_file(xmpp_stanza_t *message, struct heard *out)
{
	bool file = read_file(message, &out->file);

	read_body(message, &out->text);
	if (!file && strncmp(out->text.buf, "aesgcm://", 9) != 0) {
		strbuf_reset(&out->text);
		return false;
	}
	out->what = file && !out->file.encrypted ? CHAT_SAID_FILE : CHAT_SAID_ENCRYPTED;
	if (out->what == CHAT_SAID_FILE)
		read_caption(&out->text, &out->file);
	else
		strbuf_reset(&out->text);
	return true;
}

static bool said_text(xmpp_stanza_t *message, struct heard *out)
{
	out->what = CHAT_SAID_TEXT;
	read_body(message, &out->text);
	if (strncmp(out->text.buf, "?OTR", 4) == 0) {
		out->what = CHAT_SAID_ENCRYPTED;
		strbuf_reset(&out->text);
		return true;
	}
	return out->text.len > 0;
}

bool read_said(xmpp_stanza_t *message, struct heard *out)
{
	/* In this order: a reaction or retraction carries a body for clients that know neither. */
	static bool (*const readers[])(xmpp_stanza_t *, struct heard *) = {
		said_reaction, said_retraction, said_encrypted, said_edit, said_file, said_text,
	};

	*out = (struct heard){.text = STRBUF_INIT, .file = {.url = STRBUF_INIT}};
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		if (readers[i](message, out))
			return true;
	return false;
}

void heard_release(struct heard *heard)
{
	strbuf_release(&heard->text);
	said_file_release(&heard->file);
}

/* ---- what the room says about it ------------------------------------------------------------- */

const char *read_stanza_id(xmpp_stanza_t *message, const char *by)
{
	for (xmpp_stanza_t *c = xmpp_stanza_get_children(message); c; c = xmpp_stanza_get_next(c))
		if (is_named(c, "stanza-id") && strcmp(ns_of(c), "urn:xmpp:sid:0") == 0 &&
		    strcmp(read_attr(c, "by"), by) == 0)
			return read_attr(c, "id");
	return "";
}

/* Goes through the items of every muc#user element of st; before the first call both are NULL. */
static xmpp_stanza_t *next_item(xmpp_stanza_t *st, xmpp_stanza_t **x, xmpp_stanza_t *item)
{
	item = item ? xmpp_stanza_get_next(item) : NULL;
	for (;;) {
		for (; item; item = xmpp_stanza_get_next(item))
			if (is_named(item, "item"))
				return item;
		*x = *x ? xmpp_stanza_get_next(*x) : xmpp_stanza_get_children(st);
		if (!*x)
			return NULL;
		if (strcmp(ns_of(*x), NS_MUC_USER) == 0)
			item = xmpp_stanza_get_children(*x);
	}
}

/* The one person all items name; false when they name none or several. */
static bool one_person(xmpp_stanza_t *st, char out[ADDRESS_MAX])
{
	char bare[ADDRESS_MAX];
	xmpp_stanza_t *x = NULL;
	xmpp_stanza_t *item = NULL;

	out[0] = '\0';
	while ((item = next_item(st, &x, item))) {
		if (!jid_bare(read_attr(item, "jid"), bare))
			return false;
		if (out[0] == '\0')
			(void)str_copy(out, ADDRESS_MAX, bare);
		if (strcmp(out, bare) != 0)
			return false;
	}
	return out[0] != '\0';
}

bool read_archived_user(xmpp_stanza_t *message, char out[ADDRESS_MAX])
{
	return one_person(message, out);
}

bool read_item(xmpp_stanza_t *st, struct muc_item *out)
{
	xmpp_stanza_t *x = NULL;
	xmpp_stanza_t *item = next_item(st, &x, NULL);

	if (!item)
		return false;
	*out = (struct muc_item){.affiliation = read_attr(item, "affiliation"),
				 .role = read_attr(item, "role"),
				 .nick = read_attr(item, "nick")};
	if (!one_person(st, out->user))
		out->user[0] = '\0';
	return true;
}

static xmpp_stanza_t *muc_user(xmpp_stanza_t *st)
{
	return read_child(st, "x", NS_MUC_USER);
}

bool read_has_status(xmpp_stanza_t *st, const char *code)
{
	xmpp_stanza_t *x = muc_user(st);

	for (xmpp_stanza_t *c = x ? xmpp_stanza_get_children(x) : NULL; c;
	     c = xmpp_stanza_get_next(c))
		if (is_named(c, "status") && strcmp(read_attr(c, "code"), code) == 0)
			return true;
	return false;
}

bool read_is_destroyed(xmpp_stanza_t *st)
{
	xmpp_stanza_t *x = muc_user(st);

	return x && xmpp_stanza_get_child_by_name(x, "destroy");
}

const char *read_error(xmpp_stanza_t *st)
{
	xmpp_stanza_t *error = xmpp_stanza_get_child_by_name(st, "error");

	if (strcmp(read_type(st), "error") != 0)
		return "";
	for (xmpp_stanza_t *c = error ? xmpp_stanza_get_children(error) : NULL; c;
	     c = xmpp_stanza_get_next(c))
		if (strcmp(ns_of(c), NS_STANZA_ERROR) == 0 && !is_named(c, "text"))
			return xmpp_stanza_get_name(c);
	return "undefined-condition";
}

bool read_is_history(xmpp_stanza_t *message, const char *room)
{
	for (xmpp_stanza_t *c = xmpp_stanza_get_children(message); c; c = xmpp_stanza_get_next(c))
		/* A client that was offline stamps what it sends late, but in its own name. */
		if (is_named(c, "delay") && strcmp(ns_of(c), NS_DELAY) == 0 &&
		    strcmp(read_attr(c, "from"), room) == 0)
			return true;
	return false;
}

/* ---- time ------------------------------------------------------------------------------------ */

/* Reads exactly n digits; -1 when they are not. */
static int digits(const char **p, int n)
{
	int value = 0;

	for (; n > 0; n--, (*p)++) {
		if (**p < '0' || **p > '9')
			return -1;
		value = value * 10 + (**p - '0');
	}
	return value;
}

static bool skip(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

/* "Z", "+02:00" or "-05:30" at the end: minutes east of UTC. */
static bool read_offset(const char *p, int *minutes_out)
{
	int sign = *p == '-' ? -1 : 1;
	int hours;
	int minutes;

	*minutes_out = 0;
	if (strcmp(p, "Z") == 0)
		return true;
	if (*p != '+' && *p != '-')
		return false;
	p++;
	hours = digits(&p, 2);
	if (hours < 0 || !skip(&p, ':'))
		return false;
	minutes = digits(&p, 2);
	if (minutes < 0 || *p != '\0')
		return false;
	*minutes_out = sign * (hours * 60 + minutes);
	return true;
}

int64_t read_stamp(const char *text)
{
	const char *p = text;
	struct civil c = {0};
	int offset;

	c.year = digits(&p, 4);
	if (c.year < 1970 || !skip(&p, '-'))
		return 0;
	c.month = digits(&p, 2);
	if (c.month < 1 || c.month > 12 || !skip(&p, '-'))
		return 0;
	c.day = digits(&p, 2);
	if (c.day < 1 || c.day > 31 || !skip(&p, 'T'))
		return 0;
	c.hour = digits(&p, 2);
	if (c.hour < 0 || c.hour > 23 || !skip(&p, ':'))
		return 0;
	c.minute = digits(&p, 2);
	if (c.minute < 0 || c.minute > 59 || !skip(&p, ':'))
		return 0;
	c.second = digits(&p, 2);
	if (c.second < 0 || c.second > 60)
		return 0;
	if (skip(&p, '.')) {
		for (int scale = 100; *p >= '0' && *p <= '9'; p++, scale /= 10)
			c.millis += (*p - '0') * scale;
	}
	if (!read_offset(p, &offset))
		return 0;
	return civil_to_ms(&c) - (int64_t)offset * 60000;
}
