/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A hook as a text: "METHOD what?query", header lines, an empty line, the body. What all drivers
 * owe for any hook is required here; what one owes besides, in its own target.
 */
#ifndef HOOK_INPUT_H
#define HOOK_INPUT_H

#include "base/strbuf.h"
#include "base/xalloc.h"
#include "roomline/sms.h"

#include <stdint.h>
#include <string.h>

#define HOOK_URL "https://bot.example.org/hook/S3CRET/a"
#define HOOK_NOW INT64_C(1719045971000)

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition))                                                                  \
			BUG("not so: %s", #condition);                                             \
	} while (0)

struct hook_input {
	struct strbuf head;
	struct strbuf url;
	struct strbuf what;
	char *body;
	struct http_request request;
	struct sms_hook hook;
};

static inline void hook_read_headers(struct hook_input *in, char *line)
{
	while (line) {
		char *next = strchr(line, '\n');
		char *colon;

		if (next)
			*next++ = '\0';
		colon = strstr(line, ": ");
		if (colon) {
			*colon = '\0';
			http_headers_add(&in->request.headers, line, colon + 2);
		}
		line = next;
	}
}

static inline void hook_input_read(struct hook_input *in, const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	size_t head_len = 0;
	char *path;
	char *query;
	char *rest;

	memset(in, 0, sizeof(*in));
	strbuf_init(&in->head);
	strbuf_init(&in->url);
	strbuf_init(&in->what);
	while (head_len < size && text[head_len] != '\0' &&
	       (text[head_len] != '\n' || head_len + 1 == size || text[head_len + 1] != '\n'))
		head_len++;
	strbuf_add(&in->head, text, head_len);
	in->request.body_len = size - head_len > 2 ? size - head_len - 2 : 0;
	/* A block of just that size and its NUL, so that the sanitizer sees reading past its end. */
	in->body = xcalloc(1, in->request.body_len + 1);
	memcpy(in->body, text + (in->request.body_len ? head_len + 2 : 0), in->request.body_len);
	rest = strchr(in->head.buf, '\n');
	if (rest)
		*rest++ = '\0';
	path = strchr(in->head.buf, ' ');
	if (path)
		*path++ = '\0';
	query = path ? strchr(path, '?') : NULL;
	strbuf_addf(&in->url, HOOK_URL "/%s", path ? path : "");
	strbuf_adds(&in->what, path ? path : "");
	if (query)
		strbuf_truncate(&in->what, (size_t)(query - path));
	in->request.method = in->head.buf;
	in->request.path = "/hook/S3CRET/a";
	in->request.target = in->request.path;
	in->request.query = query ? query + 1 : "";
	in->request.body = in->body;
	hook_read_headers(in, rest);
	in->hook = (struct sms_hook){
		.url = in->url.buf, .what = in->what.buf, .request = &in->request};
}

static inline void hook_input_release(struct hook_input *in)
{
	http_headers_release(&in->request.headers);
	strbuf_release(&in->head);
	strbuf_release(&in->url);
	strbuf_release(&in->what);
	free(in->body);
}

static inline void hook_require_event(const struct sms_event *event)
{
	REQUIRE(event->key[0] && strlen(event->key) < sizeof(event->key));
	REQUIRE(strlen(event->ref) < sizeof(event->ref));
	REQUIRE(event->media_n >= 0 && event->media_n <= SMS_MEDIA_MAX);
	REQUIRE((event->kind == SMS_EVENT_TEXT) == (event->text != NULL));
	REQUIRE(event->kind == SMS_EVENT_REPORT || event->class == SMS_OK);
	REQUIRE(event->class == SMS_OK || event->reason[0]);
}

/* Parses the hook twice: what comes out is in order, and the keys are the same. */
static inline void hook_require(const struct sms_account *account, const struct sms_hook *hook)
{
	static struct sms_event events[SMS_EVENTS_MAX];
	static struct sms_event again[SMS_EVENTS_MAX];
	struct error err = {0};
	int n = account->driver->parse_hook(account, hook, events, SMS_EVENTS_MAX, &err);
	int m = account->driver->parse_hook(account, hook, again, SMS_EVENTS_MAX, NULL);

	REQUIRE(n == m && n <= SMS_EVENTS_MAX && n >= -1);
	REQUIRE(n >= 0 || (err.kind != ERR_NONE && err.text[0]));
	for (int i = 0; i < n; i++) {
		hook_require_event(&events[i]);
		REQUIRE(strcmp(events[i].key, again[i].key) == 0);
		sms_event_release(&events[i]);
		sms_event_release(&again[i]);
	}
	REQUIRE(account->driver->parse_hook(account, hook, events, 0, NULL) <= 0);
}

#endif
