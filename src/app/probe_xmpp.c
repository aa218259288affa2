/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The handshake of a component (XEP-0114), made and closed again, and a question to the room service
 * (XEP-0030). Blocking, for `roomline check` alone, and only while no daemon has the component: the
 * server may end the older of two connections.
 *
 * What comes is looked through as text: of a server's answers we want a few names, and in XML no
 * text can hold the '<' before them.
 */
#include "app/probe.h"

#include "base/hmac.h"
#include "base/os_error.h"
#include "base/strbuf.h"
#include "base/xalloc.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MAX 262144
#define TOKEN_DIGITS 16

struct stream {
	int fd;
	int64_t deadline;
	struct strbuf in; /* all that came */
};

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the stream ------------------------------------------------------------------------------- */

static int wait_for(struct stream *s, short what, struct error *err)
{
	struct pollfd watch = {.fd = s->fd, .events = what};
	int64_t left = s->deadline - now_ms();
	int n = left > 0 ? poll(&watch, 1, (int)left) : 0;

	if (n > 0)
		return 0;
	return error_set(err, ERR_IO, "%s",
			 n < 0 ? os_error(errno) : "the server does not answer as XMPP does");
}

static int send_all(struct stream *s, const struct strbuf *text, struct error *err)
{
	for (size_t done = 0; done < text->len;) {
		ssize_t put;

		if (wait_for(s, POLLOUT, err) < 0)
			return -1;
		put = send(s->fd, text->buf + done, text->len - done, MSG_NOSIGNAL);
		if (put < 0 && errno != EAGAIN && errno != EINTR)
			return error_set(err, ERR_IO, "%s", os_error(errno));
		done += put > 0 ? (size_t)put : 0;
	}
	return 0;
}

/* One more piece; -1 when the connection ends. */
static int receive(struct stream *s, struct error *err)
{
	char part[4096];
	ssize_t got;

	if (s->in.len > ANSWER_MAX)
		return error_set(err, ERR_IO, "the server does not answer as XMPP does");
	if (wait_for(s, POLLIN, err) < 0)
		return -1;
	got = recv(s->fd, part, sizeof(part), 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got <= 0)
		return error_set(err, ERR_IO, "the server ended the connection");
	for (ssize_t i = 0; i < got; i++) /* a NUL would end the search */
		strbuf_addc(&s->in, part[i] ? part[i] : ' ');
	return 0;
}

/* ---- looking through what came ---------------------------------------------------------------- */

/* The first "<name" that is whole up to its '>', NULL while there is none. */
static const char *find_tag(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = strchr(text, '<'); p; p = strchr(p + 1, '<')) {
		if (strncmp(p + 1, name, len) == 0 && strchr(" \t\r\n/>", p[len + 1]) &&
		    p[len + 1] && strchr(p, '>'))
			return p;
	}
	return NULL;
}

/* Of a tag that is whole. */
static bool read_attribute(const char *tag, const char *name, struct strbuf *out)
{
	const char *end = strchr(tag, '>');
	size_t len = strlen(name);

	for (const char *p = tag; p < end; p++) {
		const char *value = p + 1 + len + 2;
		const char *stop;

		if (!strchr(" \t\r\n", *p) || strncmp(p + 1, name, len) != 0 || p[len + 1] != '=' ||
		    !p[len + 2] || !strchr("'\"", p[len + 2]))
			continue;
		stop = strchr(value, p[len + 2]);
		if (!stop || stop > end)
			return false;
		strbuf_add(out, value, (size_t)(stop - value));
		return true;
	}
	return false;
}

/* What a component can be told, and what its admin can do about it. */
static const struct {
	const char *condition;
	const char *words;
} refusals[] = {
	{"not-authorized", "the server does not accept the secret: xmpp.secret must be the same "
			   "there, for the component of xmpp.domain"},
	{"host-unknown", "the server knows no component of the name in xmpp.domain: correct it or "
			 "xmpp.port, or set the component up there"},
	{"conflict", "the component is connected already: is another Roomline running?"},
	{"invalid-namespace", "this is no port for components: correct xmpp.port"},
	{"remote-server-not-found", "the server knows no rooms at xmpp.muc_service: correct it, or "
				    "set the room service up there"},
	{"service-unavailable", "nobody answers at xmpp.muc_service: correct it, or set the room "
				"service up there"},
	{"not-allowed", "the server lets us reach no rooms at xmpp.muc_service: correct it, or set "
			"the room service up there"},
	{"item-not-found", "there is nothing at xmpp.muc_service: correct it"},
	{"forbidden", "the server does not let the component speak with xmpp.muc_service"},
};

static int refused(const char *text, struct error *err)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if (find_tag(text, refusals[i].condition))
			return error_set(err, ERR_CONFIG, "%s", refusals[i].words);
	}
	return error_set(err, ERR_CONFIG, "the server refuses us: %.120s", text);
}

static int await_tag(struct stream *s, const char *name, struct error *err)
{
	const char *wrong;

	while (!find_tag(s->in.buf, name)) {
		struct error why;
		bool ended = receive(s, &why) < 0;

		wrong = find_tag(s->in.buf, "stream:error");
		if (wrong && (ended || strstr(wrong, "</stream:error>")))
			return refused(wrong, err);
		if (ended)
			return error_set(err, why.kind, "%s", why.text);
	}
	return 0;
}

/* ---- the talk --------------------------------------------------------------------------------- */

static int shake_hands(struct stream *s, const char *domain, const char *secret, struct error *err)
{
	uint8_t digest[HASH_MAX];
	size_t len;
	STRBUF_AUTO(text);

	strbuf_addf(&text,
		    "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
		    "xmlns:stream='http://etherx.jabber.org/streams' to='%s'>",
		    domain);
	if (send_all(s, &text, err) < 0 || await_tag(s, "stream:stream", err) < 0)
		return -1;
	strbuf_reset(&text);
	if (!read_attribute(find_tag(s->in.buf, "stream:stream"), "id", &text)) {
		if (await_tag(s, "stream:error", err) < 0)
			return -1;
		return refused(s->in.buf, err);
	}
	strbuf_adds(&text, secret);
	len = hash_digest(HASH_SHA1, text.buf, text.len, digest);
	strbuf_reset(&text);
	strbuf_adds(&text, "<handshake>");
	hex_encode(&text, digest, len);
	strbuf_adds(&text, "</handshake>");
	return send_all(s, &text, err) < 0 ? -1 : await_tag(s, "handshake", err);
}

/* The answer with that id, whole; NULL while it is not there. */
static const char *find_answer(const char *text, const char *id)
{
	for (const char *iq = find_tag(text, "iq"); iq; iq = find_tag(iq + 1, "iq")) {
		const char *end = strchr(iq, '>');
		STRBUF_AUTO(its);

		if (read_attribute(iq, "id", &its) && strcmp(its.buf, id) == 0)
			return end[-1] == '/' || strstr(end, "</iq>") ? iq : NULL;
	}
	return NULL;
}

static int ask_rooms(struct stream *s, const char *domain, const char *muc, struct error *err)
{
	char id[TOKEN_DIGITS + 1];
	const char *answer;
	const char *feature;
	STRBUF_AUTO(text);
	STRBUF_AUTO(type);

	random_token(id, TOKEN_DIGITS);
	strbuf_addf(&text,
		    "<iq type='get' id='%s' from='bot@%s/check' to='%s'>"
		    "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
		    id, domain, muc);
	if (send_all(s, &text, err) < 0)
		return -1;
	while (!(answer = find_answer(s->in.buf, id))) {
		if (receive(s, err) < 0)
			return error_set(err, ERR_IO, "xmpp.muc_service %.100s does not answer",
					 muc);
	}
	(void)read_attribute(answer, "type", &type);
	if (strcmp(type.buf, "result") != 0)
		return refused(answer, err);
	for (feature = find_tag(answer, "feature"); feature;
	     feature = find_tag(feature + 1, "feature")) {
		STRBUF_AUTO(var);

		if (read_attribute(feature, "var", &var) &&
		    strcmp(var.buf, "http://jabber.org/protocol/muc") == 0)
			return 0;
	}
	return error_set(err, ERR_CONFIG,
			 "xmpp.muc_service %.100s answers, but is no service for chat rooms: "
			 "correct it",
			 muc);
}

/* They come from the configuration and go into XML. */
static bool is_plain(const char *domain)
{
	return !strpbrk(domain, "<>&'\" ");
}

static int talk(const struct settings *set, int timeout_ms, struct strbuf *said, struct error *err)
{
	const char *domain = settings_text(set, "domain");
	const char *muc = settings_text(set, "muc_service");
	struct stream s = {.deadline = now_ms() + timeout_ms};
	int rc;

	if (!is_plain(domain) || !is_plain(muc))
		return error_set(err, ERR_CONFIG,
				 "xmpp.domain and xmpp.muc_service must be plain "
				 "domains such as sms.example.org");
	if (probe_open(settings_text(set, "host"), settings_text(set, "port"), timeout_ms, &s.fd,
		       err) < 0)
		return -1;
	strbuf_init(&s.in);
	rc = shake_hands(&s, domain, settings_text(set, "secret"), err) < 0 ||
			     ask_rooms(&s, domain, muc, err) < 0
		     ? -1
		     : 0;
	if (rc == 0) {
		STRBUF_AUTO(bye);

		strbuf_addf(said, "the server takes the component %s, and %s answers", domain, muc);
		strbuf_adds(&bye, "</stream:stream>");
		(void)send_all(&s, &bye, NULL);
	}
	strbuf_release(&s.in);
	(void)close(s.fd);
	return rc;
}

enum exit_code probe_xmpp(const struct probe *probe, struct strbuf *said, struct error *err)
{
	struct error why = {0};

	if (talk(probe->set, probe->timeout_ms, said, &why) == 0)
		return EXIT_OK;
	*err = why;
	return why.kind == ERR_CONFIG ? EXIT_CONFIG : EXIT_NETWORK;
}
