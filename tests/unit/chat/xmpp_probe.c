/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The XMPP network alone, on the real loop, driven by lines on stdin: what tests/e2e starts to try
 * it against real servers. What the network tells the bridge comes out on stdout as the lines of
 * fakes/fake_bridge.h.
 *
 *   xmpp_probe KEY=VALUE...                      the settings
 *
 *   start | stop | describe | quit
 *   fds N                                        opens N descriptors, to push later ones up
 *   open ID KIND TOKEN ADDRESS CURSOR TITLE TOPIC NAME INVITE MEMBER,MEMBER
 *   update (as open) | close ID
 *   say RELAY ID bot|contact STAMP TEXT
 *   mark RELAY ID EVENT MARK                     MARK is the number of enum chat_mark
 *
 * Fields have tabs between them, with \t \n \\ inside; \xHH is any byte. Ends when stdin does.
 */
#include "fakes/fake_bridge.c"

#include "base/log.h"
#include "chat/chat.h"
#include "roomline/loop.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIELDS_MAX 16
#define MEMBERS_MAX 64

struct place {
	struct place *next;
	struct chat_place chat;
	char *field[FIELDS_MAX];
	const char *members[MEMBERS_MAX];
};

static struct loop *loop;
static void *network;
static struct place *places;
static struct strbuf input = STRBUF_INIT;

static void print_line(const char *line, void *arg)
{
	(void)arg;
	(void)printf("%s\n", line);
	(void)fflush(stdout);
}

static int hex(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : 0;
}

/* In place. */
static void unescape(char *s)
{
	char *out = s;

	for (; *s; s++) {
		if (*s != '\\' || !s[1]) {
			*out++ = *s;
			continue;
		}
		s++;
		if (*s == 'x' && s[1] && s[2]) {
			*out++ = (char)(hex(s[1]) << 4 | hex(s[2]));
			s += 2;
		} else {
			*out++ = (char)(*s == 't' ? '\t' : *s == 'n' ? '\n' : *s);
		}
	}
	*out = '\0';
}

static int64_t number(const char *s)
{
	return strtoll(s, NULL, 10);
}

static struct place *place_get(int64_t id)
{
	struct place *p = places;

	while (p && p->chat.id.v != id)
		p = p->next;
	if (!p) {
		p = xcalloc(1, sizeof(*p));
		p->chat.id.v = id;
		p->next = places;
		places = p;
	}
	return p;
}

static enum place_kind kind_of(const char *word)
{
	return strcmp(word, "control") == 0  ? PLACE_CONTROL
	       : strcmp(word, "direct") == 0 ? PLACE_DIRECT
					     : PLACE_CONVERSATION;
}

static struct place *place_set(char **f)
{
	struct place *p = place_get(number(f[1]));
	char *save = NULL;

	for (int i = 0; i < FIELDS_MAX; i++) {
		free(p->field[i]);
		p->field[i] = xstrdup(f[i]);
	}
	p->chat.kind = kind_of(p->field[2]);
	p->chat.token = p->field[3];
	p->chat.address = p->field[4];
	p->chat.cursor = p->field[5];
	p->chat.title = p->field[6];
	p->chat.topic = p->field[7];
	p->chat.contact_name = p->field[8];
	p->chat.invite = number(p->field[9]) != 0;
	p->chat.members = p->members;
	p->chat.member_n = 0;
	for (char *m = strtok_r(p->field[10], ",", &save); m && p->chat.member_n < MEMBERS_MAX;
	     m = strtok_r(NULL, ",", &save))
		p->members[p->chat.member_n++] = m;
	return p;
}

static void do_say(char **f)
{
	struct chat_say say = {
		.id = {number(f[1])},
		.place = &place_get(number(f[2]))->chat,
		.voice = strcmp(f[3], "contact") == 0 ? VOICE_CONTACT : VOICE_BOT,
		.stamp = number(f[4]),
		.text = f[5],
	};

	chat_xmpp.say(network, &say);
}

static void do_mark(char **f)
{
	struct chat_mark_call mark = {
		.id = {number(f[1])},
		.place = &place_get(number(f[2]))->chat,
		.event_id = f[3],
		.mark = (enum chat_mark)number(f[4]),
	};

	chat_xmpp.mark(network, &mark);
}

static void do_line(char *line)
{
	char *f[FIELDS_MAX] = {line};
	struct error err = {0};
	char text[300];
	int n = 1;

	for (char *p = line; *p; p++) {
		if (*p == '\t' && n < FIELDS_MAX) {
			*p = '\0';
			f[n++] = p + 1;
		}
	}
	for (; n < FIELDS_MAX; n++)
		f[n] = line + strlen(line); /* "" */
	for (int i = 0; i < FIELDS_MAX; i++)
		unescape(f[i]);
	if (strcmp(f[0], "start") == 0) {
		if (chat_xmpp.start(network, &err) < 0)
			print_line(err.text, NULL);
	} else if (strcmp(f[0], "stop") == 0) {
		chat_xmpp.stop(network);
	} else if (strcmp(f[0], "describe") == 0) {
		chat_xmpp.describe(network, text, sizeof(text));
		(void)printf("describe\t%s\n", text);
		(void)fflush(stdout);
	} else if (strcmp(f[0], "fds") == 0) {
		for (int64_t i = number(f[1]); i > 0; i--)
			(void)open("/dev/null", O_RDONLY | O_CLOEXEC);
	} else if (strcmp(f[0], "open") == 0) {
		chat_xmpp.open_place(network, &place_set(f)->chat);
	} else if (strcmp(f[0], "update") == 0) {
		chat_xmpp.update_place(network, &place_set(f)->chat);
	} else if (strcmp(f[0], "close") == 0) {
		chat_xmpp.close_place(network, &place_get(number(f[1]))->chat);
	} else if (strcmp(f[0], "say") == 0) {
		do_say(f);
	} else if (strcmp(f[0], "mark") == 0) {
		do_mark(f);
	} else if (strcmp(f[0], "quit") == 0) {
		loop_stop(loop);
	}
}

static void on_stdin(int fd, unsigned what, void *arg)
{
	char buf[65536];
	ssize_t n = read(fd, buf, sizeof(buf));
	char *end;
	char *start;

	(void)what;
	(void)arg;
	if (n <= 0) {
		loop_stop(loop);
		return;
	}
	strbuf_add(&input, buf, (size_t)n);
	start = input.buf;
	while ((end = strchr(start, '\n'))) {
		*end = '\0';
		do_line(start);
		start = end + 1;
	}
	{
		AUTO_FREE char *rest = xstrdup(start);

		strbuf_reset(&input);
		strbuf_adds(&input, rest);
	}
}

static void free_places(void)
{
	struct place *p;

	while ((p = places)) {
		places = p->next;
		for (int i = 0; i < FIELDS_MAX; i++)
			free(p->field[i]);
		free(p);
	}
}

int main(int argc, char **argv)
{
	struct settings *set = settings_new(chat_xmpp.settings);
	struct error err = {0};
	struct bridge *bridge = fake_bridge_new(print_line, NULL);
	struct loop_watch *watch;
	struct chat_host host;

	(void)signal(SIGPIPE, SIG_IGN);
	if (getenv("PROBE_DEBUG"))
		log_set_level(LOG_DEBUG);
	for (int i = 1; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (!value)
			return 2;
		*value++ = '\0';
		if (settings_put(set, argv[i], value, &err) < 0) {
			print_line(err.text, NULL);
			return 2;
		}
	}
	loop = loop_new();
	host = (struct chat_host){.bridge = bridge, .loop = loop};
	network = settings_finish(set, ".", &err) < 0 ? NULL : chat_xmpp.create(&host, set, &err);
	if (!network) {
		(void)printf("refused\t%s\n", err.text);
	} else {
		watch = loop_watch_fd(loop, STDIN_FILENO, LOOP_READ, on_stdin, NULL);
		loop_run(loop);
		loop_unwatch(watch);
		chat_xmpp.destroy(network);
	}
	loop_free(loop);
	settings_free(set);
	fake_bridge_free(bridge);
	free_places();
	strbuf_release(&input);
	return network ? 0 : 1;
}
