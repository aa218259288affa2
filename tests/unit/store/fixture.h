/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the tests of the store share: an open store, and rows to start from. */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include "roomline/store.h"

#include "base/xalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define OK(call) assert_int_equal(0, (call))
#define FOUND(call) assert_int_equal(1, (call))
#define NONE(call) assert_int_equal(0, (call))
#define FAILS(call) assert_int_equal(-1, (call))

struct fixture {
	struct store *store;
	char dir[40];
	char path[64]; /* "" in memory */
};

static inline void must_begin(struct store *store)
{
	OK(store_step_begin(store, NULL));
}

static inline void must_keep(struct store *store)
{
	OK(store_step_end(store, true, NULL));
}

static inline void must_drop(struct store *store)
{
	OK(store_step_end(store, false, NULL));
}

static inline void must_commit(struct store *store)
{
	must_keep(store);
	store_commit(store);
}

static inline int open_in_memory(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct error err = {0};

	*state = f;
	return store_open(":memory:", &f->store, &err);
}

static inline int make_folder(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	*state = f;
	STR_COPY(f->dir, "/tmp/roomline-store-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	(void)snprintf(f->path, sizeof(f->path), "%s/db", f->dir);
	return 0;
}

static inline int open_on_disk(void **state)
{
	struct fixture *f;

	if (make_folder(state))
		return -1;
	f = *state;
	return store_open(f->path, &f->store, NULL);
}

static inline void remove_file(const struct fixture *f, const char *name)
{
	char path[320];

	(void)snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	(void)unlink(path);
}

static inline int close_store(void **state)
{
	static const char *const names[] = {"db",   "db-wal",   "db-shm",  "db.lock",
					    "copy", "copy-wal", "copy-shm"};
	struct fixture *f = *state;
	int rc = 0;

	store_close(f->store);
	if (f->dir[0]) {
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			remove_file(f, names[i]);
		rc = rmdir(f->dir); /* whatever else lies there is a fault */
	}
	free(f);
	return rc;
}

static inline struct phone phone_of(const char *number)
{
	struct phone phone;

	assert_true(STR_COPY(phone.e164, number));
	return phone;
}

static inline struct phone numbered_phone(int i)
{
	char number[32];

	(void)snprintf(number, sizeof(number), "+1415555%04d", i);
	return phone_of(number);
}

static inline struct contact_row add_contact(struct store *store, const char *number)
{
	struct contact_row row;
	struct phone phone = phone_of(number);

	OK(store_contact_ensure(store, &phone, 1000, &row, NULL));
	return row;
}

/* A conversation with that number; its token is the number. */
static inline struct conversation_row add_conversation(struct store *store, const char *number)
{
	struct conversation_row row;

	OK(store_conversation_add(store, add_contact(store, number).id, number, "", 1000, &row,
				  NULL));
	return row;
}

static inline struct message_row outbound(struct conversation_id conversation, char *text)
{
	return (struct message_row){
		.conversation = conversation,
		.outbound = true,
		.text = text,
		.sender = "main",
		.account = "acme",
		.segments = 1,
		.author = "xmpp:alice@example.org",
		.due_at = 1000,
		.created_at = 1000,
		.updated_at = 1000,
	};
}

static inline struct message_row inbound(struct conversation_id conversation, char *text)
{
	struct message_row row = outbound(conversation, text);

	row.outbound = false;
	row.state = MSG_RECEIVED;
	row.author[0] = '\0';
	return row;
}

static inline struct message_id add_message(struct store *store, struct message_row row)
{
	OK(store_message_add(store, &row, NULL));
	assert_int_not_equal(0, row.id.v);
	return row.id;
}

static inline struct message_id add_text(struct store *store, struct conversation_id conversation)
{
	static char words[] = "words";

	return add_message(store, outbound(conversation, words));
}

static inline void move(struct store *store, struct message_id id, enum message_state to)
{
	struct message_row row;
	enum message_state from;

	FOUND(store_get_message(store, id, &row, NULL));
	from = row.state;
	row.state = to;
	FOUND(store_message_change(store, &row, from, 2000, NULL));
	message_row_release(&row);
}

static inline struct place_id add_place(struct store *store, struct conversation_id conversation,
					enum place_kind kind, const char *network,
					const char *address)
{
	struct place_row row = {.kind = kind, .conversation = conversation, .created_at = 1};

	STR_COPY(row.network, network);
	STR_COPY(row.address, address);
	OK(store_place_add(store, &row, NULL));
	return row.id;
}

/* The ids a list function calls with, in order. */
struct seen {
	int64_t id[256];
	size_t n;
	size_t stop_after; /* 0: never */
};

static inline bool seen_add(struct seen *seen, int64_t id)
{
	assert_true(seen->n < 256);
	seen->id[seen->n++] = id;
	return seen->n != seen->stop_after;
}

static inline bool see_message(const struct message_row *row, void *arg)
{
	return seen_add(arg, row->id.v);
}

static inline bool see_conversation(const struct conversation_row *row, void *arg)
{
	return seen_add(arg, row->id.v);
}

static inline bool see_place(const struct place_row *row, void *arg)
{
	return seen_add(arg, row->id.v);
}

static inline bool see_relay(const struct relay_row *row, void *arg)
{
	return seen_add(arg, row->id.v);
}

static inline void check_seen(const struct seen *seen, size_t n, const int64_t *ids)
{
	assert_int_equal(seen->n, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(seen->id[i], ids[i]);
}

#define CHECK_SEEN(seen, ...)                                                                      \
	check_seen((seen), sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t),               \
		   (const int64_t[]){__VA_ARGS__})

#endif
