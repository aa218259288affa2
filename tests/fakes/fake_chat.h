/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A chat network in memory: it writes down what it is told, and does what the test lets it. Nothing
 * goes back to the bridge until the test calls fake_chat_work() or answers by itself. A test
 * includes "fakes/fake_chat.c".
 */
#ifndef FAKE_CHAT_H
#define FAKE_CHAT_H

#include "roomline/bridge.h"

#include <stdbool.h>

enum fake_chat_kind { FAKE_OPEN, FAKE_UPDATE, FAKE_CLOSE, FAKE_SAY, FAKE_MARK };

struct fake_said {
	enum fake_chat_kind kind;
	struct place_id place;
	struct relay_id id; /* say, mark */
	enum place_kind place_kind;
	enum chat_voice voice;
	bool notice;
	int64_t stamp;
	char *text; /* say: the words; open, update: the title */
	struct media_id file;
	char *topic;
	char *members; /* "a@x b@x" */
	char *cursor;
	char *token;
	char *address;
	char *contact_name;
	bool invite;
	char *event_id; /* mark */
	enum chat_mark mark;
	bool done; /* the bridge was told its end */
};

struct fake_chat {
	struct chat_network network;
	struct bridge *bridge;
	struct fake_said *log;
	size_t n;
	bool silent; /* fake_chat_work() does nothing */
};

void fake_chat_init(struct fake_chat *chat, const char *name, unsigned caps);
void fake_chat_release(struct fake_chat *chat);
void fake_chat_join(struct fake_chat *chat, struct bridge *bridge); /* bridge_add_network */
/* Opens what was asked for and shows what was said, in order. Returns how much that was. */
size_t fake_chat_work(struct fake_chat *chat);
/* The same for one entry. */
void fake_chat_finish(struct fake_chat *chat, struct fake_said *entry);
/* The last one of that kind in a place (v == 0: in any) whose text holds words; NULL: none. */
struct fake_said *fake_chat_find(struct fake_chat *chat, enum fake_chat_kind kind,
				 struct place_id place, const char *words);
size_t fake_chat_count(const struct fake_chat *chat, enum fake_chat_kind kind,
		       struct place_id place, const char *words);
void fake_chat_forget(struct fake_chat *chat); /* empties the log; all of it must be done */

#endif
