/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Reading what others say about files; see xmpp_read_file.h. */
#include "chat/xmpp/xmpp_read_file.h"

#include "base/utf8.h"
#include "base/xalloc.h"
#include "chat/xmpp/xmpp_build.h"
#include "chat/xmpp/xmpp_jid.h"
#include "chat/xmpp/xmpp_read.h"

#include <string.h>
#include <strings.h>

#define HEADERS_MAX 8
#define BLANKS " \t\r\n"

static bool is_named(xmpp_stanza_t *st, const char *name)
{
	const char *own = xmpp_stanza_get_name(st);

	return own && strcmp(own, name) == 0;
}

static xmpp_stanza_t *by_name(xmpp_stanza_t *st, const char *name)
{
	return st ? xmpp_stanza_get_child_by_name(st, name) : NULL;
}

/* A number of bytes; 0 for what is none, or larger than anybody means. */
static int64_t read_size(const char *text)
{
	size_t len = strlen(text);
	int64_t n = 0;

	if (len > 15 || strspn(text, "0123456789") != len)
		return 0;
	for (; *text; text++)
		n = n * 10 + (*text - '0');
	return n;
}

/* ---- a file that was said -------------------------------------------------------------------- */

/* <media-type/> and <size/>, which both XEPs have. */
static void read_metadata(xmpp_stanza_t *file, struct said_file *out)
{
	xmpp_stanza_t *type = by_name(file, "media-type");
	xmpp_stanza_t *size = by_name(file, "size");
	STRBUF_AUTO(text);

	if (type) {
		read_text(type, &text);
		if (!STR_COPY(out->type, text.buf))
			out->type[0] = '\0';
	}
	strbuf_reset(&text);
	if (size) {
		read_text(size, &text);
		out->size = read_size(text.buf);
	}
}

/* The first that is told. */
static void take_url(struct said_file *out, const char *url)
{
	if (out->url.len == 0)
		(void)utf8_clean(&out->url, url, strlen(url), MEDIA_REFERENCE_MAX);
}

/* XEP-0447: <sources/> of links, or of encrypted ones (XEP-0448). */
static bool read_sharing(xmpp_stanza_t *message, struct said_file *out)
{
	xmpp_stanza_t *sharing = read_child(message, "file-sharing", "urn:xmpp:sfs:0");
	xmpp_stanza_t *sources = by_name(sharing, "sources");

	if (!sharing)
		return false;
	read_metadata(by_name(sharing, "file"), out);
	for (xmpp_stanza_t *s = sources ? xmpp_stanza_get_children(sources) : NULL; s;
	     s = xmpp_stanza_get_next(s)) {
		if (is_named(s, "url-data"))
			take_url(out, read_attr(s, "target"));
		else if (strcmp(read_attr(s, "xmlns"), "urn:xmpp:esfs:0") == 0)
			out->encrypted = true;
	}
	return true;
}

/* XEP-0385: within a reference; its sources are references too. */
static bool read_sims(xmpp_stanza_t *message, struct said_file *out)
{
	xmpp_stanza_t *reference = read_child(message, "reference", "urn:xmpp:reference:0");
	xmpp_stanza_t *sharing =
		reference ? read_child(reference, "media-sharing", "urn:xmpp:sims:1") : NULL;
	xmpp_stanza_t *source = by_name(by_name(sharing, "sources"), "reference");

	if (!sharing)
		return false;
	read_metadata(by_name(sharing, "file"), out);
	if (source && strncmp(read_attr(source, "uri"), "http", 4) == 0)
		take_url(out, read_attr(source, "uri"));
	return true;
}

static bool read_oob(xmpp_stanza_t *message, struct said_file *out)
{
	xmpp_stanza_t *url = by_name(read_child(message, "x", "jabber:x:oob"), "url");
	STRBUF_AUTO(text);

	if (!url)
		return false;
	read_text(url, &text);
	take_url(out, text.buf);
	return true;
}

bool read_file(xmpp_stanza_t *message, struct said_file *out)
{
	bool oob;
	bool sharing;
	bool sims;

	*out = (struct said_file){.url = STRBUF_INIT};
	oob = read_oob(message, out);
	sharing = read_sharing(message, out);
	sims = read_sims(message, out);
	/* What an encrypted upload looks like to who cannot decrypt it. */
	out->encrypted |= strncasecmp(out->url.buf, "aesgcm:", 7) == 0;
	return oob || sharing || sims;
}

void said_file_release(struct said_file *file)
{
	strbuf_release(&file->url);
}

void read_caption(struct strbuf *words, struct said_file *file)
{
	size_t len;
	const char *url;

	if (file->url.len == 0 && strncasecmp(words->buf, "http", 4) == 0 &&
	    words->buf[strcspn(words->buf, BLANKS)] == '\0')
		take_url(file, words->buf);
	url = file->url.buf;
	len = file->url.len;
	if (len > 0 && words->len >= len && strcmp(words->buf + words->len - len, url) == 0)
		strbuf_truncate(words, words->len - len);
	while (words->len > 0 && strchr(BLANKS, words->buf[words->len - 1]))
		strbuf_truncate(words, words->len - 1);
}

/* ---- uploading ------------------------------------------------------------------------------- */

void read_items(xmpp_stanza_t *result, size_t max, read_item_fn *fn, void *arg)
{
	xmpp_stanza_t *query = read_child(result, "query", NS_DISCO_ITEMS);
	char bare[ADDRESS_MAX];

	for (xmpp_stanza_t *c = query ? xmpp_stanza_get_children(query) : NULL; c && max > 0;
	     c = xmpp_stanza_get_next(c)) {
		if (!is_named(c, "item") || !jid_bare(read_attr(c, "jid"), bare))
			continue;
		fn(bare, arg);
		max--;
	}
}

static bool has_feature(xmpp_stanza_t *query, const char *feature)
{
	for (xmpp_stanza_t *c = xmpp_stanza_get_children(query); c; c = xmpp_stanza_get_next(c))
		if (is_named(c, "feature") && strcmp(read_attr(c, "var"), feature) == 0)
			return true;
	return false;
}

static void read_max(xmpp_stanza_t *form, int64_t *max_out)
{
	for (xmpp_stanza_t *c = xmpp_stanza_get_children(form); c; c = xmpp_stanza_get_next(c)) {
		xmpp_stanza_t *value = by_name(c, "value");
		STRBUF_AUTO(text);

		if (!is_named(c, "field") || strcmp(read_attr(c, "var"), "max-file-size") != 0 ||
		    !value)
			continue;
		read_text(value, &text);
		*max_out = read_size(text.buf);
	}
}

bool read_upload_service(xmpp_stanza_t *result, int64_t *max_out)
{
	xmpp_stanza_t *query = read_child(result, "query", NS_DISCO_INFO);

	*max_out = 0;
	if (strcmp(read_type(result), "result") != 0 || !query || !has_feature(query, NS_UPLOAD))
		return false;
	/* A form for each thing it tells of itself. */
	for (xmpp_stanza_t *c = xmpp_stanza_get_children(query); c; c = xmpp_stanza_get_next(c))
		if (is_named(c, "x") && strcmp(read_attr(c, "xmlns"), NS_DATA) == 0)
			read_max(c, max_out);
	return true;
}

static char *take_address(xmpp_stanza_t *element)
{
	const char *url = element ? read_attr(element, "url") : "";

	if (strlen(url) > MEDIA_REFERENCE_MAX ||
	    (strncasecmp(url, "https://", 8) != 0 && strncasecmp(url, "http://", 7) != 0))
		return NULL;
	return xstrdup(url);
}

/* Those three alone, and on one line each, as the XEP says. */
static void read_headers(xmpp_stanza_t *put, struct http_headers *out)
{
	static const char *const allowed[] = {"Authorization", "Cookie", "Expires"};

	for (xmpp_stanza_t *c = xmpp_stanza_get_children(put); c && out->n < HEADERS_MAX;
	     c = xmpp_stanza_get_next(c)) {
		STRBUF_AUTO(value);

		if (!is_named(c, "header"))
			continue;
		read_text(c, &value);
		for (char *p = value.buf; *p; p++) {
			if (*p == '\n' || *p == '\r')
				*p = ' ';
		}
		for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
			if (strcasecmp(read_attr(c, "name"), allowed[i]) == 0)
				http_headers_add(out, allowed[i], value.buf);
	}
}

bool read_slot(xmpp_stanza_t *result, struct upload_slot *out)
{
	xmpp_stanza_t *slot = read_child(result, "slot", NS_UPLOAD);
	xmpp_stanza_t *put = by_name(slot, "put");

	*out = (struct upload_slot){.put = take_address(put),
				    .get = take_address(by_name(slot, "get"))};
	if (put)
		read_headers(put, &out->headers);
	return out->put && out->get;
}

void upload_slot_release(struct upload_slot *slot)
{
	free(slot->put);
	free(slot->get);
	http_headers_release(&slot->headers);
	*slot = (struct upload_slot){0};
}
