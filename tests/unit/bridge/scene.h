/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the tests of the bridge share: a bridge over a real store, with a chat network, an HTTP
 * client, an SMS provider and a clock that the test moves. alice and bob take the inbox, olga is
 * the organizer.
 */
#ifndef SCENE_H
#define SCENE_H

#include "fakes/fake_chat.c"
#include "fakes/fake_http.c"
#include "fakes/fake_loop.c"
/* after fake_http.c, whose calls it fills */
#include "fakes/fake_driver.c"

#include "base/log.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "roomline/store.h"
#include "store/db.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ALICE "alice@example.org"
#define BOB "bob@example.org"
#define OLGA "olga@example.org"
#define MALLORY "mallory@example.org"
#define PAT "+14155550101"
#define QUINN "+14155550102"
#define RAY "+14155550103"
#define HOUR INT64_C(3600000)
#define MINUTE INT64_C(60000)

struct scene {
	struct loop *loop;
	struct store *store;
	struct http_client *client;
	struct bridge *bridge;
	struct fake_chat xmpp;
	struct fake_chat matrix; /* only with SCENE_TWO_NETWORKS */
	struct bridge_options options;
	struct sms_account accounts[2];
	struct sms_sender senders[3];
	char dir[40];
	char path[64];
	int keys;       /* of hooks */
	int events;     /* of the chat */
	char event[32]; /* the last one */
	int commits_to_fail;
	bool two_networks;
	char *log_of_sends; /* "number text|" of each hand-over */
};

static const char *const scene_inbox[] = {"xmpp:" ALICE, "xmpp:" BOB};
static const char *const scene_organizers[] = {"xmpp:" OLGA};

/* ---- time and commits ------------------------------------------------------------------------- */

static inline void scene_commit(void *arg)
{
	struct scene *s = arg;

	store_commit(s->store);
}

static inline void scene_on_batch(void *arg)
{
	struct scene *s = arg;

	loop_defer(s->loop, scene_commit, s);
}

/* As a disk that is full at the moment of the sync. */
static inline int scene_commit_hook(void *arg)
{
	struct scene *s = arg;

	if (s->commits_to_fail == 0)
		return 0;
	s->commits_to_fail--;
	return 1;
}

/* Until nobody has anything to do now. */
static inline void settle(struct scene *s)
{
	size_t did;

	do {
		fake_loop_advance(s->loop, 0);
		did = fake_chat_work(&s->xmpp);
		if (s->two_networks)
			did += fake_chat_work(&s->matrix);
	} while (did > 0 || fake_loop_deferred(s->loop) > 0);
}

static inline void wait_ms(struct scene *s, int64_t ms)
{
	settle(s);
	while (ms > 0) {
		int64_t next = fake_loop_next_in(s->loop);
		int64_t step = next > 0 && next < ms ? next : ms;

		fake_loop_advance(s->loop, step);
		settle(s);
		ms -= step;
	}
}

/* ---- life ------------------------------------------------------------------------------------- */

static inline void scene_log_send(const struct http_call *call, void *arg)
{
	struct scene *s = arg;
	struct fake_sms sms;
	STRBUF_AUTO(all);

	if (!call->body)
		return; /* it fetches a file */
	sms = fake_driver_sms(call);
	strbuf_addf(&all, "%s%s %s|", s->log_of_sends, sms.to, sms.text);
	free(s->log_of_sends);
	s->log_of_sends = strbuf_detach(&all, NULL);
}

static inline void scene_bridge_start(struct scene *s)
{
	s->client = http_client_new(s->loop, NULL);
	fake_http_watch(s->client, scene_log_send, s);
	s->bridge = bridge_new(s->loop, s->store, s->client, &s->options);
	fake_chat_join(&s->xmpp, s->bridge);
	if (s->two_networks)
		fake_chat_join(&s->matrix, s->bridge);
	assert_int_equal(0, bridge_start(s->bridge, NULL));
	bridge_chat_up(s->bridge, "xmpp");
	if (s->two_networks)
		bridge_chat_up(s->bridge, "matrix");
	settle(s);
}

static inline void scene_bridge_stop(struct scene *s)
{
	/* As the app does it. */
	store_commit(s->store);
	http_client_free(s->client);
	bridge_free(s->bridge);
	s->bridge = NULL;
}

/* As after a kill: what was not committed is gone. */
static inline void scene_crash(struct scene *s)
{
	s->commits_to_fail = 1000;
	scene_bridge_stop(s);
	store_close(s->store);
	s->commits_to_fail = 0;
	loop_free(s->loop);
	s->loop = loop_new();
	assert_int_equal(0, store_open(s->path, &s->store, NULL));
	store_on_batch(s->store, scene_on_batch, s);
	(void)sqlite3_commit_hook(s->store->db, scene_commit_hook, s);
	fake_chat_release(&s->xmpp);
	fake_chat_init(&s->xmpp, "xmpp", s->xmpp.network.caps);
}

static inline int scene_make(struct scene *s)
{
	s->loop = loop_new();
	s->log_of_sends = xstrdup("");
	if (s->path[0] == '\0') {
		STR_COPY(s->dir, "/tmp/roomline-bridge-XXXXXX");
		if (!mkdtemp(s->dir))
			return -1;
		(void)snprintf(s->path, sizeof(s->path), "%s/db", s->dir);
	}
	if (store_open(s->path, &s->store, NULL) < 0)
		return -1;
	store_on_batch(s->store, scene_on_batch, s);
	(void)sqlite3_commit_hook(s->store->db, scene_commit_hook, s);
	s->accounts[0] = (struct sms_account){.name = "acme", .driver = &fake_driver};
	s->accounts[1] = (struct sms_account){.name = "other", .driver = &fake_driver};
	s->senders[0] = (struct sms_sender){
		"main", &s->accounts[0], {"+12125550100"}, SMS_REPLY_BY_US, 6000};
	s->senders[1] = (struct sms_sender){
		"second", &s->accounts[0], {"+12135550100"}, SMS_REPLY_BY_US, 6000};
	s->senders[2] = (struct sms_sender){
		"third", &s->accounts[1], {"+12145550100"}, SMS_REPLY_BY_US, 6000};
	s->options = (struct bridge_options){
		.organisation = "Riverside",
		.help_contact = "help@riverside.example",
		.region = "US",
		.stop_text = "{organisation}: you are opted out. START undoes it.",
		.start_text = "{organisation}: welcome back. STOP to end.",
		.help_text = "{organisation}: ask {help_contact}. STOP to end.",
		.hold_ms = 24 * HOUR,
		.reply_window_ms = 72 * HOUR,
		.max_segments = 10,
		.public_url = "https://sms.example.org/",
		.link_secret = "hook-secret-0123456789",
		.link_ms = 24 * HOUR,
		.file_max = 1024 * 1024,
		.senders = s->senders,
		.sender_n = 3,
		.organizers = scene_organizers,
		.organizer_n = 1,
		.inbox = scene_inbox,
		.inbox_n = 2,
	};
	fake_chat_init(&s->xmpp, "xmpp", CHAT_CAP_REACTIONS | CHAT_CAP_GHOSTS | CHAT_CAP_EDITS);
	fake_chat_init(&s->matrix, "matrix", CHAT_CAP_REACTIONS);
	fake_driver.caps = SMS_CAP_REPORTS;
	fake_driver.max_media_kb = 600;
	fake_driver.locate = NULL;
	fake_driver.max_chars = 1600;
	fake_driver.stop_keywords = fake_driver.start_keywords = fake_driver.help_keywords = NULL;
	fake_driver_refuses = NULL;
	scene_bridge_start(s);
	return 0;
}

static inline int scene_setup(void **state)
{
	struct scene *s = xcalloc(1, sizeof(*s));

	*state = s;
	return scene_make(s);
}

static inline int scene_setup_two(void **state)
{
	struct scene *s = xcalloc(1, sizeof(*s));

	*state = s;
	s->two_networks = true;
	return scene_make(s);
}

static inline int scene_teardown(void **state)
{
	static const char *const names[] = {"db", "db-wal", "db-shm", "db.lock"};
	struct scene *s = *state;
	char file[80];

	if (s->bridge)
		scene_bridge_stop(s);
	store_close(s->store);
	loop_free(s->loop);
	fake_chat_release(&s->xmpp);
	fake_chat_release(&s->matrix);
	for (size_t i = 0; s->dir[0] && i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(file, sizeof(file), "%s/%s", s->dir, names[i]);
		(void)unlink(file);
	}
	if (s->dir[0])
		(void)rmdir(s->dir);
	free(s->log_of_sends);
	free(s);
	return 0;
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
#define SCENE_TWO(test) cmocka_unit_test_setup_teardown(test, scene_setup_two, scene_teardown)

/* ---- a disk that refuses ---------------------------------------------------------------------- */

static inline void disk_refuses(struct scene *s, bool refuses)
{
	assert_int_equal(SQLITE_OK,
			 sqlite3_exec(s->store->db,
				      refuses ? "PRAGMA query_only = 1" : "PRAGMA query_only = 0",
				      NULL, NULL, NULL));
}

/* ---- what contacts, providers and people do ---------------------------------------------------- */

static inline int hook(struct scene *s, const struct sms_account *account,
		       const struct sms_event *event)
{
	return bridge_sms_event(s->bridge, account, event, NULL);
}

static inline struct sms_event text_event(struct scene *s, const char *from, char *text)
{
	struct sms_event event = {.kind = SMS_EVENT_TEXT, .text = text, .to = "+12125550100"};

	(void)snprintf(event.key, sizeof(event.key), "key%d", ++s->keys);
	STR_COPY(event.from, from);
	return event;
}

/* A contact texts us; the step is kept but not settled. */
static inline void texts_us(struct scene *s, const char *from, const char *text)
{
	AUTO_FREE char *copy = xstrdup(text);
	struct sms_event event = text_event(s, from, copy);

	assert_int_equal(0, hook(s, &s->accounts[0], &event));
}

static inline void receive(struct scene *s, const char *from, const char *text)
{
	texts_us(s, from, text);
	settle(s);
}

static inline const char *next_event(struct scene *s)
{
	(void)snprintf(s->event, sizeof(s->event), "event%d", ++s->events);
	return s->event;
}

static inline struct chat_said words_of(struct scene *s, struct place_id place, const char *user,
					const char *text)
{
	return (struct chat_said){.place = place,
				  .user = user,
				  .what = CHAT_SAID_TEXT,
				  .text = text,
				  .event_id = next_event(s),
				  .target_event = ""};
}

/* Somebody writes in a conversation's place; not settled. */
static inline void writes(struct scene *s, struct place_id place, const char *user,
			  const char *text)
{
	struct chat_said said = words_of(s, place, user, text);

	bridge_chat_said(s->bridge, "xmpp", &said);
}

static inline void say_in(struct scene *s, struct place_id place, const char *user,
			  const char *text)
{
	writes(s, place, user, text);
	settle(s);
}

static inline struct place_id control_of(struct scene *s)
{
	struct place_row row;

	assert_int_equal(1, store_find_control(s->store, "xmpp", &row, NULL));
	return row.id;
}

static inline void command(struct scene *s, const char *text)
{
	struct chat_said said = words_of(s, control_of(s), OLGA, text);

	said.kind = PLACE_CONTROL;
	said.organizer = true;
	bridge_chat_said(s->bridge, "xmpp", &said);
	settle(s);
}

static inline void direct(struct scene *s, const char *user, const char *text)
{
	struct chat_said said = words_of(s, (struct place_id){0}, user, text);

	said.kind = PLACE_DIRECT;
	said.address = said.user;
	bridge_chat_said(s->bridge, "xmpp", &said);
	settle(s);
}

/* ---- asking ----------------------------------------------------------------------------------- */

static inline struct conversation_row conversation_with(struct scene *s, const char *number)
{
	struct phone phone;
	struct contact_row contact;
	struct conversation_row row;

	STR_COPY(phone.e164, number);
	assert_int_equal(1, store_find_contact(s->store, &phone, &contact, NULL));
	assert_int_equal(1, store_find_conversation(s->store, contact.id, &row, NULL));
	return row;
}

static inline struct place_id place_in(struct scene *s, const char *network, const char *number)
{
	struct place_row row;

	assert_int_equal(1, store_find_place_of(s->store, network, conversation_with(s, number).id,
						&row, NULL));
	return row.id;
}

static inline struct place_id place_with(struct scene *s, const char *number)
{
	return place_in(s, "xmpp", number);
}

/* The newest outbound text with these words; v == 0: there is none. */
static inline enum message_state state_of_text(struct scene *s, const char *text)
{
	sqlite3_stmt *stmt;
	int state;

	assert_int_equal(SQLITE_OK,
			 sqlite3_prepare_v2(s->store->db,
					    "SELECT state FROM message WHERE text = ?1 AND "
					    "outbound = 1 ORDER BY id DESC LIMIT 1",
					    -1, &stmt, NULL));
	(void)sqlite3_bind_text(stmt, 1, text, -1, SQLITE_STATIC);
	state = sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_int(stmt, 0) : -1;
	(void)sqlite3_finalize(stmt);
	return (enum message_state)state;
}

static inline int64_t ask_number(struct scene *s, const char *sql)
{
	sqlite3_stmt *stmt;
	int64_t n;

	assert_int_equal(SQLITE_OK, sqlite3_prepare_v2(s->store->db, sql, -1, &stmt, NULL));
	assert_int_equal(SQLITE_ROW, sqlite3_step(stmt));
	n = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	return n;
}

static inline bool is_suppressed(struct scene *s, const char *number)
{
	struct phone phone;
	struct suppression_row row;

	STR_COPY(phone.e164, number);
	return store_find_suppression(s->store, &phone, &row, NULL) == 1;
}

static inline bool is_held(struct scene *s, const char *number)
{
	struct phone phone;
	struct hold_row row;

	STR_COPY(phone.e164, number);
	return store_find_hold(s->store, &phone, &row, NULL) == 1;
}

static inline bool room_saw(struct scene *s, struct place_id place, const char *words)
{
	return fake_chat_count(&s->xmpp, FAKE_SAY, place, words) > 0;
}

static inline bool control_saw(struct scene *s, const char *words)
{
	return room_saw(s, control_of(s), words);
}

#define ROOM_SAW(s, place, words)                                                                  \
	do {                                                                                       \
		if (!room_saw((s), (place), (words)))                                              \
			fail_msg("nothing like “%s” was said", (words));                           \
	} while (0)

/* The last mark on an event; -1: none. */
static inline int mark_on(struct scene *s, const char *event)
{
	for (size_t i = s->xmpp.n; i > 0; i--) {
		const struct fake_said *entry = &s->xmpp.log[i - 1];

		if (entry->kind == FAKE_MARK && strcmp(entry->event_id, event) == 0)
			return (int)entry->mark;
	}
	return -1;
}

/* ---- the provider ----------------------------------------------------------------------------- */

static inline size_t sent(struct scene *s)
{
	return fake_http_calls(s->client);
}

static inline struct fake_sms sms(struct scene *s, size_t i)
{
	return fake_driver_sms(&fake_http_call(s->client, i)->call);
}

static inline const char *ref_of(struct scene *s, size_t i)
{
	return sms(s, i).ref;
}

static inline void answer_with(struct scene *s, size_t i, struct sms_result result)
{
	fake_driver_answer(fake_http_call(s->client, i), &result);
	settle(s);
}

static inline void accept(struct scene *s, size_t i)
{
	struct sms_result result = {.class = SMS_OK};

	(void)snprintf(result.ext_id, sizeof(result.ext_id), "ext%zu", i);
	answer_with(s, i, result);
}

static inline void answer_class(struct scene *s, size_t i, enum sms_class class,
				enum sms_scope scope)
{
	struct sms_result result = {.class = class, .scope = scope, .code = "99"};

	STR_COPY(result.reason, "because of that.");
	answer_with(s, i, result);
}

/* Accepts whatever is sent until nothing more is. */
static inline void accept_all(struct scene *s)
{
	for (size_t i = 0; i < sent(s); i++) {
		if (fake_http_call(s->client, i)->open)
			accept(s, i);
	}
}

static inline struct sms_event report_event(struct scene *s, const char *ref,
					    enum sms_status status)
{
	struct sms_event event = {.kind = SMS_EVENT_REPORT, .status = status};

	(void)snprintf(event.key, sizeof(event.key), "key%d", ++s->keys);
	STR_COPY(event.ref, ref);
	return event;
}

static inline void report(struct scene *s, const char *ref, enum sms_status status)
{
	struct sms_event event = report_event(s, ref, status);

	if (status == SMS_STATUS_UNDELIVERED || status == SMS_STATUS_FAILED) {
		STR_COPY(event.code, "30003");
		STR_COPY(event.reason, "the phone is off.");
	}
	assert_int_equal(0, hook(s, &s->accounts[0], &event));
	settle(s);
}

/* alice has a conversation with somebody who has written. */
static inline struct place_id talk(struct scene *s, const char *number)
{
	struct place_id place;

	receive(s, number, "Hello?");
	place = place_with(s, number);
	say_in(s, place, ALICE, "!claim");
	assert_string_equal(conversation_with(s, number).owner, "xmpp:" ALICE);
	return place;
}

#endif
