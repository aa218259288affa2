/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A chat network in memory; see fake_chat.h. */
#include "fakes/fake_chat.h"

#include "base/strbuf.h"
#include "base/xalloc.h"

#include <string.h>

static struct fake_said *fake_chat_add(struct fake_chat *chat, enum fake_chat_kind kind,
				       const struct chat_place *place)
{
	struct fake_said *entry;
	STRBUF_AUTO(members);

	chat->log = xreallocarray(chat->log, chat->n + 1, sizeof(*chat->log));
	entry = &chat->log[chat->n++];
	for (size_t i = 0; i < place->member_n; i++)
		strbuf_addf(&members, "%s%s", i ? " " : "", place->members[i]);
	*entry = (struct fake_said){
		.kind = kind,
		.place = place->id,
		.place_kind = place->kind,
		.topic = xstrdup(place->topic),
		.members = strbuf_detach(&members, NULL),
		.cursor = xstrdup(place->cursor),
		.token = xstrdup(place->token),
		.address = xstrdup(place->address),
		.contact_name = xstrdup(place->contact_name),
		.invite = place->invite,
	};
	return entry;
}

static void fake_chat_open_place(void *self, const struct chat_place *place)
{
	fake_chat_add(self, FAKE_OPEN, place)->text = xstrdup(place->title);
}

static void fake_chat_update_place(void *self, const struct chat_place *place)
{
	struct fake_said *entry = fake_chat_add(self, FAKE_UPDATE, place);

	entry->text = xstrdup(place->title);
	entry->done = true; /* nothing comes back */
}

static void fake_chat_close_place(void *self, const struct chat_place *place)
{
	struct fake_said *entry = fake_chat_add(self, FAKE_CLOSE, place);

	entry->text = xstrdup(place->title);
	entry->done = true;
}

static void fake_chat_say(void *self, const struct chat_say *say)
{
	struct fake_said *entry = fake_chat_add(self, FAKE_SAY, say->place);

	entry->id = say->id;
	entry->voice = say->voice;
	entry->notice = say->notice;
	entry->stamp = say->stamp;
	entry->text = xstrdup(say->text);
	entry->file = say->file;
}

static void fake_chat_mark(void *self, const struct chat_mark_call *mark)
{
	struct fake_said *entry = fake_chat_add(self, FAKE_MARK, mark->place);

	entry->id = mark->id;
	entry->event_id = xstrdup(mark->event_id);
	entry->mark = mark->mark;
}

static void fake_chat_describe(void *self, char *out, size_t size)
{
	(void)self;
	str_copy(out, size, "connected to nothing");
}

void fake_chat_init(struct fake_chat *chat, const char *name, unsigned caps)
{
	*chat = (struct fake_chat){.network = {.name = name,
					       .caps = caps,
					       .link_before = "xmpp:",
					       .link_after = "?join",
					       .open_place = fake_chat_open_place,
					       .update_place = fake_chat_update_place,
					       .close_place = fake_chat_close_place,
					       .say = fake_chat_say,
					       .mark = fake_chat_mark,
					       .describe = fake_chat_describe}};
}

static void fake_said_release(struct fake_said *entry)
{
	free(entry->text);
	free(entry->topic);
	free(entry->members);
	free(entry->cursor);
	free(entry->token);
	free(entry->address);
	free(entry->contact_name);
	free(entry->event_id);
}

void fake_chat_forget(struct fake_chat *chat)
{
	for (size_t i = 0; i < chat->n; i++) {
		if (!chat->log[i].done)
			BUG("entry %zu is still open", i);
		fake_said_release(&chat->log[i]);
	}
	chat->n = 0;
}

void fake_chat_release(struct fake_chat *chat)
{
	for (size_t i = 0; i < chat->n; i++)
		fake_said_release(&chat->log[i]);
	free(chat->log);
}

void fake_chat_join(struct fake_chat *chat, struct bridge *bridge)
{
	chat->bridge = bridge;
	bridge_add_network(bridge, &chat->network, chat);
}

void fake_chat_finish(struct fake_chat *chat, struct fake_said *entry)
{
	char name[64];
	char address[ADDRESS_MAX];

	if (entry->done)
		BUG("finished twice");
	entry->done = true; /* before the log may move */
	if (entry->kind == FAKE_OPEN) {
		(void)snprintf(name, sizeof(name), "room%lld@muc", (long long)entry->place.v);
		/* A copy: the log may move. */
		STR_COPY(address, entry->address[0] ? entry->address : name);
		bridge_place_ready(chat->bridge, chat->network.name, entry->place, address);
	} else {
		(void)snprintf(name, sizeof(name), "shown%lld", (long long)entry->id.v);
		bridge_relay_done(chat->bridge, chat->network.name, entry->id,
				  entry->kind == FAKE_MARK ? "" : name);
	}
}

size_t fake_chat_work(struct fake_chat *chat)
{
	size_t did = 0;

	for (size_t i = 0; !chat->silent && i < chat->n; i++) {
		if (chat->log[i].done)
			continue;
		fake_chat_finish(chat, &chat->log[i]);
		did++;
	}
	return did;
}

static bool fake_said_is(const struct fake_said *entry, enum fake_chat_kind kind,
			 struct place_id place, const char *words)
{
	return entry->kind == kind && (place.v == 0 || entry->place.v == place.v) &&
	       (!words || (entry->text && strstr(entry->text, words)));
}

struct fake_said *fake_chat_find(struct fake_chat *chat, enum fake_chat_kind kind,
				 struct place_id place, const char *words)
{
	for (size_t i = chat->n; i > 0; i--) {
		if (fake_said_is(&chat->log[i - 1], kind, place, words))
			return &chat->log[i - 1];
	}
	return NULL;
}

size_t fake_chat_count(const struct fake_chat *chat, enum fake_chat_kind kind,
		       struct place_id place, const char *words)
{
	size_t n = 0;

	for (size_t i = 0; i < chat->n; i++)
		n += fake_said_is(&chat->log[i], kind, place, words);
	return n;
}
