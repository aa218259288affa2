/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Messages and what hangs on them; see matrix_build.h. Everything is in the plain body, too: HTML is
 * there only for what it can show and plain text cannot, and is left out where the event would
 * become too large with it.
 */
#include "chat/matrix/matrix_build.h"

#include "base/utf8.h"
#include "chat/matrix/matrix_put.h"

#include <string.h>

/* Of the 65,536 bytes of an event about 6,000 may be the homeserver's and ours (ids, hashes,
 * signatures, relations), and up to 5,200 the words of an edit for clients that know no edits. */
#define WORDS_MAX 54000
#define FALLBACK_MAX 2048

/* ---- words ------------------------------------------------------------------------------------- */

static void add_cut(struct strbuf *out, const char *text, size_t max)
{
	static const char dots[] = "…";
	size_t len = strlen(text);

	if (len <= max) {
		strbuf_add(out, text, len);
		return;
	}
	strbuf_add(out, text, utf8_whole(text, max - strlen(dots)));
	strbuf_adds(out, dots);
}

static void add_html(struct strbuf *out, const char *text, size_t len)
{
	for (const char *p = text; p < text + len; p++) {
		switch (*p) {
		case '<':
			strbuf_adds(out, "&lt;");
			break;
		case '>':
			strbuf_adds(out, "&gt;");
			break;
		case '&':
			strbuf_adds(out, "&amp;");
			break;
		case '"':
			strbuf_adds(out, "&quot;");
			break;
		case '\'':
			strbuf_adds(out, "&#39;");
			break;
		case '\n':
			strbuf_adds(out, "<br>");
			break;
		default:
			strbuf_addc(out, *p);
		}
	}
}

/* How long the code is whose opening backtick stands before text; 0: none begins there. */
static size_t code_span(const char *text)
{
	size_t len = strcspn(text, "`\n");

	return text[len] == '`' ? len : 0;
}

/* True when there was some markup. */
static bool add_markup(struct strbuf *out, const char *text)
{
	bool any = false;

	while (*text) {
		size_t plain = strcspn(text, "`");
		size_t code = text[plain] ? code_span(text + plain + 1) : 0;

		if (code == 0) { /* a backtick is a character like others */
			plain += text[plain] ? 1 : 0;
			add_html(out, text, plain);
			text += plain;
			continue;
		}
		any = true;
		add_html(out, text, plain);
		strbuf_adds(out, "<code>");
		add_html(out, text + plain + 1, code);
		strbuf_adds(out, "</code>");
		text += plain + code + 2;
	}
	return any;
}

/* How many bytes a clean text takes in an event. */
static size_t weigh(const char *text)
{
	size_t weight = 0;

	for (; *text; text++)
		weight += strchr("\"\\\n\t", *text) ? 2 : 1;
	return weight;
}

/* msgtype, body and formatted_body. name and text are cut already. */
static void put_words(struct strbuf *out, const struct mx_message *m, const char *name,
		      const char *text)
{
	STRBUF_AUTO(body);
	STRBUF_AUTO(html);
	bool rich = name[0] != '\0';

	if (rich) {
		strbuf_addf(&body, "%s%s", name, m->heading ? "\n" : ": ");
		strbuf_adds(&html, "<strong>");
		add_html(&html, name, strlen(name));
		strbuf_adds(&html, m->heading ? "</strong><br>" : ":</strong> ");
	}
	strbuf_adds(&body, text);
	if (m->markup)
		rich = add_markup(&html, text) || rich;
	else
		add_html(&html, text, strlen(text));
	mx_put_text(out, "msgtype", m->notice ? "m.notice" : "m.text");
	mx_put_text(out, "body", body.buf);
	if (!rich || weigh(body.buf) + weigh(html.buf) > WORDS_MAX)
		return;
	mx_put_text(out, "format", "org.matrix.custom.html");
	mx_put_text(out, "formatted_body", html.buf);
}

static void put_mentions(struct strbuf *out, const char *user)
{
	mx_put_open(out, "m.mentions", '{');
	if (user) {
		mx_put_open(out, "user_ids", '[');
		mx_put_text(out, NULL, user);
		strbuf_addc(out, ']');
	}
	strbuf_addc(out, '}');
}

/* ---- relations --------------------------------------------------------------------------------- */

static void put_relation(struct strbuf *out, const char *type, const char *event_id)
{
	mx_put_open(out, "m.relates_to", '{');
	mx_put_text(out, "rel_type", type);
	mx_put_text(out, "event_id", event_id);
}

static void put_thread(struct strbuf *out, const struct mx_message *m)
{
	put_relation(out, "m.thread", m->thread);
	mx_put_bool(out, "is_falling_back", true);
	mx_put_open(out, "m.in_reply_to", '{');
	mx_put_text(out, "event_id", m->latest && m->latest[0] ? m->latest : m->thread);
	strbuf_adds(out, "}}");
}

/* What clients show that know no edits: the beginning. */
static void put_fallback(struct strbuf *out, const struct mx_message *m, const char *name,
			 const char *text)
{
	STRBUF_AUTO(body);

	strbuf_adds(&body, "* ");
	if (name[0] != '\0')
		strbuf_addf(&body, "%s%s", name, m->heading ? "\n" : ": ");
	add_cut(&body, text, FALLBACK_MAX);
	mx_put_text(out, "msgtype", m->notice ? "m.notice" : "m.text");
	mx_put_text(out, "body", body.buf);
}

void mx_build_message(struct strbuf *out, const struct mx_message *message)
{
	STRBUF_AUTO(name);
	STRBUF_AUTO(text);

	if (message->name)
		add_cut(&name, message->name, MX_NAME_MAX);
	add_cut(&text, message->text, MX_TEXT_MAX);
	strbuf_addc(out, '{');
	if (message->edits) {
		put_fallback(out, message, name.buf, text.buf);
		mx_put_open(out, "m.new_content", '{');
	}
	put_words(out, message, name.buf, text.buf);
	put_mentions(out, message->mention);
	if (message->edits) {
		strbuf_addc(out, '}');
		put_mentions(out, message->mention);
		put_relation(out, "m.replace", message->edits);
		strbuf_addc(out, '}');
	} else if (message->thread && message->thread[0]) {
		put_thread(out, message);
	}
	strbuf_addc(out, '}');
}

/* The name of whom the bot speaks for is the caption, where clients show one. */
void mx_build_file(struct strbuf *out, const struct mx_message *message, const struct mx_file *file)
{
	static const char *const kinds[] = {"image", "video", "audio"};
	const char *kind = "file";
	STRBUF_AUTO(body);
	STRBUF_AUTO(msgtype);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(file->type, kinds[i], strlen(kinds[i])) == 0)
			kind = kinds[i];
	strbuf_addf(&msgtype, "m.%s", kind);
	if (message->name)
		add_cut(&body, message->name, MX_NAME_MAX);
	strbuf_adds(&body, message->name ? " sent this" : file->name);
	strbuf_addc(out, '{');
	mx_put_text(out, "msgtype", msgtype.buf);
	mx_put_text(out, "body", body.buf);
	mx_put_text(out, "filename", file->name);
	mx_put_text(out, "url", file->uri);
	mx_put_open(out, "info", '{');
	mx_put_text(out, "mimetype", file->type);
	mx_put_number(out, "size", (int)file->size);
	strbuf_addc(out, '}');
	put_mentions(out, message->mention);
	if (message->thread && message->thread[0])
		put_thread(out, message);
	strbuf_addc(out, '}');
}

void mx_build_one(struct strbuf *out, const char *key, const char *text)
{
	strbuf_addc(out, '{');
	mx_put_text(out, key, text);
	strbuf_addc(out, '}');
}

/* Without a login: each would be one more device. */
void mx_build_register(struct strbuf *out, const char *user)
{
	STRBUF_AUTO(local);

	strbuf_add(&local, user + 1, strcspn(user + 1, ":"));
	strbuf_addc(out, '{');
	mx_put_text(out, "type", "m.login.application_service");
	mx_put_bool(out, "inhibit_login", true);
	mx_put_text(out, "username", local.buf);
	strbuf_addc(out, '}');
}

void mx_build_reaction(struct strbuf *out, const char *event_id, const char *key)
{
	strbuf_addc(out, '{');
	put_relation(out, "m.annotation", event_id);
	mx_put_text(out, "key", key);
	strbuf_adds(out, "}}");
}

void mx_build_status(struct strbuf *out, const char *event_id, const char *status,
		     const char *reason, const char *words)
{
	strbuf_addc(out, '{');
	mx_put_text(out, "network", "sms");
	mx_put_text(out, "status", status);
	if (reason && reason[0])
		mx_put_text(out, "reason", reason);
	if (words && words[0])
		mx_put_text(out, "message", words);
	put_relation(out, "m.reference", event_id);
	strbuf_adds(out, "}}");
}
