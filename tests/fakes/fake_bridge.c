/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "fakes/fake_bridge.h"

#include "base/strbuf.h"
#include "base/xalloc.h"

#include <inttypes.h>

struct bridge {
	void (*told)(const char *line, void *arg);
	void *arg;
	char **line;
	size_t n;
};

struct bridge *fake_bridge_new(void (*told)(const char *line, void *arg), void *arg)
{
	struct bridge *bridge = xcalloc(1, sizeof(*bridge));

	bridge->told = told;
	bridge->arg = arg;
	return bridge;
}

void fake_bridge_clear(struct bridge *bridge)
{
	for (size_t i = 0; i < bridge->n; i++)
		free(bridge->line[i]);
	free(bridge->line);
	bridge->line = NULL;
	bridge->n = 0;
}

void fake_bridge_free(struct bridge *bridge)
{
	fake_bridge_clear(bridge);
	free(bridge);
}

size_t fake_bridge_n(const struct bridge *bridge)
{
	return bridge->n;
}

const char *fake_bridge_line(const struct bridge *bridge, size_t i)
{
	return i < bridge->n ? bridge->line[i] : "";
}

static void add_text(struct strbuf *line, const char *text)
{
	strbuf_addc(line, '\t');
	for (const char *p = text; *p; p++) {
		if (*p == '\t')
			strbuf_adds(line, "\\t");
		else if (*p == '\n')
			strbuf_adds(line, "\\n");
		else if (*p == '\\')
			strbuf_adds(line, "\\\\");
		else
			strbuf_addc(line, *p);
	}
}

static void add_number(struct strbuf *line, int64_t n)
{
	strbuf_addf(line, "\t%" PRId64, n);
}

/* Takes over the line. */
static void note(struct bridge *bridge, struct strbuf *line)
{
	bridge->line = xreallocarray(bridge->line, bridge->n + 1, sizeof(*bridge->line));
	bridge->line[bridge->n++] = strbuf_detach(line, NULL);
	if (bridge->told)
		bridge->told(bridge->line[bridge->n - 1], bridge->arg);
}

static void note_text(struct bridge *bridge, const char *word, int64_t id, const char *text)
{
	struct strbuf line = STRBUF_INIT;

	strbuf_adds(&line, word);
	add_number(&line, id);
	add_text(&line, text);
	note(bridge, &line);
}

void bridge_chat_up(struct bridge *bridge, const char *network)
{
	struct strbuf line = STRBUF_INIT;

	(void)network;
	strbuf_adds(&line, "up");
	note(bridge, &line);
}

void bridge_chat_down(struct bridge *bridge, const char *network, const char *why)
{
	struct strbuf line = STRBUF_INIT;

	(void)network;
	strbuf_adds(&line, "down");
	add_text(&line, why);
	note(bridge, &line);
}

void bridge_place_ready(struct bridge *bridge, const char *network, struct place_id id,
			const char *address)
{
	(void)network;
	note_text(bridge, "ready", id.v, address);
}

void bridge_place_lost(struct bridge *bridge, const char *network, struct place_id id,
		       const char *why)
{
	(void)network;
	note_text(bridge, "lost", id.v, why);
}

void bridge_relay_done(struct bridge *bridge, const char *network, struct relay_id id,
		       const char *event_id)
{
	(void)network;
	note_text(bridge, "done", id.v, event_id);
}

void bridge_relay_failed(struct bridge *bridge, const char *network, struct relay_id id,
			 const char *why)
{
	(void)network;
	note_text(bridge, "failed", id.v, why);
}

void bridge_chat_joined(struct bridge *bridge, const char *network, struct place_id place,
			const char *user)
{
	(void)network;
	note_text(bridge, "joined", place.v, user);
}

void bridge_chat_left(struct bridge *bridge, const char *network, struct place_id place,
		      const char *user)
{
	(void)network;
	note_text(bridge, "left", place.v, user);
}

int bridge_chat_said(struct bridge *bridge, const char *network, const struct chat_said *said)
{
	static const char *const kinds[] = {
		[PLACE_CONVERSATION] = "conversation",
		[PLACE_CONTROL] = "control",
		[PLACE_DIRECT] = "direct",
	};
	static const char *const whats[] = {
		[CHAT_SAID_TEXT] = "text",           [CHAT_SAID_EDIT] = "edit",
		[CHAT_SAID_ENCRYPTED] = "encrypted", [CHAT_SAID_REACTION] = "reaction",
		[CHAT_SAID_RETRACTED] = "retracted", [CHAT_SAID_FILE] = "file",
		[CHAT_SAID_OTHER] = "other",
	};
	struct strbuf line = STRBUF_INIT;

	(void)network;
	strbuf_adds(&line, "said");
	add_text(&line, kinds[said->kind]);
	add_number(&line, said->place.v);
	add_text(&line, said->user);
	add_number(&line, said->organizer);
	add_text(&line, whats[said->what]);
	add_text(&line, said->text);
	add_text(&line, said->event_id);
	add_text(&line, said->target_event);
	add_number(&line, said->at);
	note(bridge, &line);
	return 0;
}
