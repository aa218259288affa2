/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "fakes/fake_bridge.h"

#include "base/strbuf.h"
#include "base/xalloc.h"

#include <inttypes.h>
#include <string.h>

#define FAKE_MAX 64

struct fake_place {
	enum place_kind kind;
	char *address;
	struct place_id id;
};

struct fake_memory {
	char *key;
	char *value;
	char *on_disk;
};

struct fake_event {
	char *event_id;
	struct place_id place;
};

struct fake_waiter {
	void (*fn)(bool committed, void *arg);
	void *arg;
};

#define READERS_MAX 32

struct fake_reader {
	chat_bytes_fn *fn;
	void *arg;
};

struct bridge {
	struct fake_reader readers[READERS_MAX];
	size_t reader_n;
	void (*told)(const char *line, void *arg);
	void *arg;
	char **line;
	size_t n;
	struct fake_place places[FAKE_MAX];
	size_t place_n;
	char *users[FAKE_MAX];
	size_t user_n;
	struct fake_event events[FAKE_MAX];
	size_t events_n;
	struct fake_memory memory[FAKE_MAX];
	size_t memory_n;
	struct fake_waiter waiters[FAKE_MAX];
	size_t waiter_n;
	char *address; /* of the last that was said */
	bool batch;
	bool fail;
};

static void check_room(size_t n)
{
	if (n == FAKE_MAX)
		BUG("more than %d of a kind", FAKE_MAX);
}

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
	free(bridge->address);
	for (size_t i = 0; i < bridge->place_n; i++)
		free(bridge->places[i].address);
	for (size_t i = 0; i < bridge->user_n; i++)
		free(bridge->users[i]);
	for (size_t i = 0; i < bridge->events_n; i++)
		free(bridge->events[i].event_id);
	for (size_t i = 0; i < bridge->memory_n; i++) {
		free(bridge->memory[i].key);
		free(bridge->memory[i].value);
		free(bridge->memory[i].on_disk);
	}
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

const char *fake_bridge_address(const struct bridge *bridge)
{
	return bridge->address ? bridge->address : "";
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
	if (bridge->fail)
		return -1;
	free(bridge->address);
	bridge->address = xstrdup(said->address ? said->address : "");
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
	if (said->stale)
		add_text(&line, "stale");
	if (said->file.reference && said->file.reference[0])
		add_text(&line, said->file.reference);
	note(bridge, &line);
	return 0;
}

void bridge_media_read(struct bridge *bridge, struct media_id id, chat_bytes_fn *fn, void *arg)
{
	(void)id;
	if (bridge->reader_n == READERS_MAX)
		BUG("more than %d readers", READERS_MAX);
	bridge->readers[bridge->reader_n].fn = fn;
	bridge->readers[bridge->reader_n++].arg = arg;
}

void bridge_media_forget(struct bridge *bridge, chat_bytes_fn *fn, const void *arg)
{
	size_t kept = 0;

	for (size_t i = 0; i < bridge->reader_n; i++) {
		if (bridge->readers[i].fn != fn || bridge->readers[i].arg != arg)
			bridge->readers[kept++] = bridge->readers[i];
	}
	bridge->reader_n = kept;
}

void fake_bridge_bytes(struct bridge *bridge, const struct chat_bytes *bytes)
{
	size_t n = bridge->reader_n;

	for (; n > 0 && bridge->reader_n > 0; n--) {
		struct fake_reader first = bridge->readers[0];

		bridge_media_forget(bridge, first.fn, first.arg);
		first.fn(bytes, first.arg);
	}
}

static void note_two(struct bridge *bridge, const char *word, const char *a, const char *b)
{
	struct strbuf line = STRBUF_INIT;

	strbuf_adds(&line, word);
	add_text(&line, a);
	if (b)
		add_text(&line, b);
	note(bridge, &line);
}

void bridge_chat_alert(struct bridge *bridge, const char *network, const char *text)
{
	(void)network;
	note_two(bridge, "alert", text, NULL);
}

void bridge_chat_broken(struct bridge *bridge, const char *network, enum chat_broken what,
			const char *why)
{
	static const char *const whats[] = {
		[CHAT_BROKEN_SERVER] = "server",
		[CHAT_BROKEN_SECRET] = "secret",
		[CHAT_BROKEN_NAME] = "name",
		[CHAT_BROKEN_ROAD] = "road",
	};

	(void)network;
	note_two(bridge, "broken", whats[what], why);
}

/* ---- what it knows and remembers --------------------------------------------------------------- */

void fake_bridge_place(struct bridge *bridge, enum place_kind kind, const char *address,
		       struct place_id id)
{
	check_room(bridge->place_n);
	bridge->places[bridge->place_n++] = (struct fake_place){kind, xstrdup(address), id};
}

void fake_bridge_user(struct bridge *bridge, const char *user)
{
	check_room(bridge->user_n);
	bridge->users[bridge->user_n++] = xstrdup(user);
}

int bridge_place_find(struct bridge *bridge, const char *network, enum place_kind kind,
		      const char *address, struct place_id *out)
{
	(void)network;
	for (size_t i = 0; i < bridge->place_n; i++) {
		if (bridge->places[i].kind == kind &&
		    strcmp(bridge->places[i].address, address) == 0) {
			*out = bridge->places[i].id;
			return 1;
		}
	}
	return 0;
}

bool bridge_chat_knows(struct bridge *bridge, const char *network, const char *user)
{
	(void)network;
	for (size_t i = 0; i < bridge->user_n; i++) {
		if (strcmp(bridge->users[i], user) == 0)
			return true;
	}
	return false;
}

void fake_bridge_event(struct bridge *bridge, const char *event_id, struct place_id place)
{
	check_room(bridge->events_n);
	bridge->events[bridge->events_n++] = (struct fake_event){xstrdup(event_id), place};
}

int bridge_place_of_event(struct bridge *bridge, const char *network, const char *event_id,
			  struct place_id *out)
{
	(void)network;
	for (size_t i = 0; i < bridge->events_n; i++) {
		if (strcmp(bridge->events[i].event_id, event_id) == 0) {
			*out = bridge->events[i].place;
			return 1;
		}
	}
	return 0;
}

static struct fake_memory *memory_of(struct bridge *bridge, const char *key)
{
	for (size_t i = 0; i < bridge->memory_n; i++) {
		if (strcmp(bridge->memory[i].key, key) == 0)
			return &bridge->memory[i];
	}
	check_room(bridge->memory_n);
	bridge->memory[bridge->memory_n] =
		(struct fake_memory){xstrdup(key), xstrdup(""), xstrdup("")};
	return &bridge->memory[bridge->memory_n++];
}

static void memory_set(char **value, const char *to)
{
	char *copy = xstrdup(to);

	free(*value);
	*value = copy;
}

int bridge_chat_keep(struct bridge *bridge, const char *network, const char *key, const char *value)
{
	struct fake_memory *memory = memory_of(bridge, key);

	(void)network;
	if (bridge->fail)
		return -1;
	note_two(bridge, "keep", key, value);
	memory_set(&memory->value, value);
	if (!bridge->batch)
		memory_set(&memory->on_disk, value);
	return 0;
}

void bridge_chat_kept(struct bridge *bridge, const char *network, const char *key, char *out,
		      size_t size)
{
	(void)network;
	(void)str_copy(out, size, fake_bridge_memory(bridge, key));
}

const char *fake_bridge_memory(const struct bridge *bridge, const char *key)
{
	for (size_t i = 0; i < bridge->memory_n; i++) {
		if (strcmp(bridge->memory[i].key, key) == 0)
			return bridge->memory[i].value;
	}
	return "";
}

int bridge_chat_quarantine(struct bridge *bridge, const char *network, const char *what,
			   const char *bytes, size_t len)
{
	AUTO_FREE char *text = xstrndup(bytes, len);

	(void)network;
	if (bridge->fail)
		return -1;
	note_two(bridge, "quarantine", what, text);
	return 0;
}

/* ---- commits ------------------------------------------------------------------------------------ */

void fake_bridge_fail(struct bridge *bridge, bool fail)
{
	bridge->fail = fail;
}

void fake_bridge_batch(struct bridge *bridge)
{
	bridge->batch = true;
}

void fake_bridge_commit(struct bridge *bridge, bool committed)
{
	size_t n = bridge->waiter_n;
	struct fake_waiter waiters[FAKE_MAX];

	memcpy(waiters, bridge->waiters, sizeof(waiters));
	bridge->waiter_n = 0;
	bridge->batch = false;
	for (size_t i = 0; i < bridge->memory_n; i++) {
		struct fake_memory *memory = &bridge->memory[i];

		if (committed)
			memory_set(&memory->on_disk, memory->value);
		else
			memory_set(&memory->value, memory->on_disk);
	}
	for (size_t i = 0; i < n; i++)
		waiters[i].fn(committed, waiters[i].arg);
}

void bridge_after_commit(struct bridge *bridge, void (*fn)(bool committed, void *arg), void *arg)
{
	if (!bridge->batch) {
		fn(true, arg);
		return;
	}
	check_room(bridge->waiter_n);
	bridge->waiters[bridge->waiter_n++] = (struct fake_waiter){fn, arg};
}
