/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A STOP against a queue that is being sent, a thousand times, each time interleaved otherwise with
 * turns of the loop, commits that fail, a disk that refuses, answers and more texts.
 *
 * Two witnesses that do not ask the bridge: a second connection to the database, which sees only
 * what is committed, is asked at each hand-over whether the number has stopped; and a chat server
 * that keeps an archive, repeats from the bridge's cursor when a room is opened anew, and knows
 * each row it has shown by its id and its words.
 */
#include "unit/bridge/scene.h"

#define RACES 1000
#define STEPS 60
#define CONFIRMATION "Riverside: you are opted out. START undoes it."

static uint64_t rng;

static unsigned below(unsigned n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (unsigned)(rng >> 33) % n;
}

struct race {
	struct scene *s;
	sqlite3 *witness;
	sqlite3_stmt *is_stopped;
	int number;
	char phone[24];
	struct place_id room;
	/* The STOP, and whether the provider has got its 200. */
	struct sms_event stop;
	bool stop_told;
	bool stop_committed;
	int texts; /* said by the volunteer in this race */
	/* Over all races. */
	int handed_over;
	int after_stop;
	int withdrawn;
	int confirmations;
};

/* ---- the chat server --------------------------------------------------------------------------- */

struct archived {
	char event[32];
	char *text;
	bool ours;          /* the bridge's; else the volunteer's */
	struct relay_id id; /* of ours */
};

static struct archived archive[64 * STEPS];
static size_t archive_n;

static void archive_clear(void)
{
	for (size_t i = 0; i < archive_n; i++)
		free(archive[i].text);
	archive_n = 0;
}

static struct archived *archive_add(const char *event, const char *text)
{
	struct archived *a = &archive[archive_n++];

	assert_true(archive_n < sizeof(archive) / sizeof(archive[0]));
	*a = (struct archived){.text = xstrdup(text)};
	STR_COPY(a->event, event);
	return a;
}

static void tell_said(struct race *r, const struct archived *a)
{
	struct chat_said said = {.place = r->room,
				 .user = ALICE,
				 .what = CHAT_SAID_TEXT,
				 .text = a->text,
				 .event_id = a->event,
				 .target_event = ""};

	bridge_chat_said(r->s->bridge, "xmpp", &said);
}

static void volunteer_writes(struct race *r)
{
	const struct fake_chat *chat = &r->s->xmpp;
	const struct archived *said;
	char text[64];

	(void)snprintf(text, sizeof(text), "race %d text %d", r->number, ++r->texts);
	said = archive_add(next_event(r->s), text);
	/* Until it has caught up, the archive tells. */
	for (size_t i = 0; i < chat->n; i++) {
		if (chat->log[i].kind == FAKE_OPEN && chat->log[i].place.v == r->room.v &&
		    !chat->log[i].done)
			return;
	}
	tell_said(r, said);
}

/* What was said after the cursor, oldest first, then ready. */
static void server_opens(struct race *r, struct fake_said *entry)
{
	AUTO_FREE char *cursor = xstrdup(entry->cursor);
	struct place_id place = entry->place;
	size_t n = archive_n;
	size_t from = 0;
	char address[32];

	if (place.v == r->room.v) {
		for (size_t i = 0; i < n; i++) {
			if (strcmp(archive[i].event, cursor) == 0)
				from = i + 1;
		}
		for (size_t i = from; i < n; i++) {
			if (archive[i].ours)
				bridge_relay_done(r->s->bridge, "xmpp", archive[i].id,
						  archive[i].event);
			else
				tell_said(r, &archive[i]);
		}
	}
	(void)snprintf(address, sizeof(address), "room%lld@muc", (long long)place.v);
	bridge_place_ready(r->s->bridge, "xmpp", place, address);
}

/* Shown once for each id; the words of an id never change. */
static void server_shows(struct race *r, struct fake_said *entry)
{
	char event[32];
	struct relay_id id = entry->id;

	(void)snprintf(event, sizeof(event), "shown%lld", (long long)id.v);
	for (size_t i = 0; entry->place.v == r->room.v && i < archive_n; i++) {
		if (strcmp(archive[i].event, event) != 0)
			continue;
		assert_string_equal(archive[i].text, entry->text);
		bridge_relay_done(r->s->bridge, "xmpp", id, event);
		return;
	}
	if (entry->place.v == r->room.v) {
		struct archived *a = archive_add(event, entry->text);

		a->ours = true;
		a->id = id;
	}
	bridge_relay_done(r->s->bridge, "xmpp", id, event);
}

static size_t server_works(struct race *r, size_t at_most)
{
	struct fake_chat *chat = &r->s->xmpp;
	size_t did = 0;

	for (size_t i = 0; i < chat->n && did < at_most; i++) {
		if (chat->log[i].done)
			continue;
		chat->log[i].done = true;
		did++;
		if (chat->log[i].kind == FAKE_OPEN)
			server_opens(r, &chat->log[i]);
		else if (chat->log[i].kind == FAKE_SAY)
			server_shows(r, &chat->log[i]);
		else
			bridge_relay_done(r->s->bridge, "xmpp", chat->log[i].id, "");
	}
	return did;
}

/* ---- the provider ------------------------------------------------------------------------------ */

static void on_hand_over(const struct http_call *call, void *arg)
{
	struct race *r = arg;
	struct fake_sms sms = fake_driver_sms(call);

	r->handed_over++;
	if (strcmp(sms.text, CONFIRMATION) == 0)
		return;
	(void)sqlite3_reset(r->is_stopped);
	(void)sqlite3_bind_text(r->is_stopped, 1, sms.to, -1, SQLITE_TRANSIENT);
	if (sqlite3_step(r->is_stopped) == SQLITE_ROW)
		r->after_stop++;
	(void)sqlite3_reset(r->is_stopped);
}

static void on_stop_committed(bool committed, void *arg)
{
	struct race *r = arg;

	/* 503: the provider repeats it. */
	r->stop_told = r->stop_committed = committed;
}

static void provider_tells_stop(struct race *r)
{
	if (r->stop_told)
		return;
	if (hook(r->s, &r->s->accounts[0], &r->stop) < 0)
		return;
	r->stop_told = true;
	store_after_commit(r->s->store, on_stop_committed, r);
}

static void provider_answers(struct race *r)
{
	static const struct sms_result results[] = {
		{.class = SMS_OK},
		{.class = SMS_OK},
		{.class = SMS_OK},
		{.class = SMS_TEMP, .reason = "busy"},
		{.class = SMS_AMBIGUOUS, .reason = "lost"},
		{.class = SMS_THROTTLE, .scope = SMS_SCOPE_SENDER, .retry_after_s = 1},
		{.class = SMS_PERM, .reason = "no"},
	};
	size_t open[256];
	size_t n = 0;
	struct sms_result result = results[below(7)];

	for (size_t i = 0; i < sent(r->s) && n < 256; i++) {
		if (fake_http_call(r->s->client, i)->open)
			open[n++] = i;
	}
	if (n > 0)
		fake_driver_answer(fake_http_call(r->s->client, open[below((unsigned)n)]), &result);
}

/* ---- a race ------------------------------------------------------------------------------------ */

static void one_step(struct race *r)
{
	switch (below(16)) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
		fake_loop_turn(r->s->loop);
		break;
	case 5:
	case 6:
		provider_answers(r);
		break;
	case 7:
	case 8:
		volunteer_writes(r);
		break;
	case 9:
		provider_tells_stop(r);
		break;
	case 10:
	case 11:
	case 12:
		(void)server_works(r, 1 + below(4));
		break;
	case 13:
		if (below(4) == 0)
			r->s->commits_to_fail = 1;
		break;
	case 14:
		if (below(4) == 0)
			disk_refuses(r->s, below(2));
		break;
	case 15:
		fake_loop_advance(r->s->loop, below(3000));
		break;
	}
}

/* Everything heals, and all that waits comes to its end. */
static void come_to_rest(struct race *r)
{
	disk_refuses(r->s, false);
	r->s->commits_to_fail = 0;
	for (int quiet = 0; quiet < 3;) {
		struct sms_result ok = {.class = SMS_OK};
		size_t did;

		if (!r->stop_committed)
			provider_tells_stop(r);
		fake_loop_advance(r->s->loop, 6000);
		did = server_works(r, SIZE_MAX);
		for (size_t i = 0; i < sent(r->s); i++) {
			struct fake_call *call = fake_http_call(r->s->client, i);

			if (call->open) {
				fake_driver_answer(call, &ok);
				did++;
			}
		}
		quiet = did == 0 && r->stop_committed ? quiet + 1 : 0;
	}
}

static int64_t count_of(struct race *r, const char *what)
{
	char sql[300];

	(void)snprintf(sql, sizeof(sql),
		       "SELECT count(*) FROM message m JOIN conversation v ON v.id = "
		       "m.conversation JOIN contact c ON c.id = v.contact WHERE c.phone = '%s' AND "
		       "%s",
		       r->phone, what);
	return ask_number(r->s, sql);
}

static int shown_that_begin(const char *words)
{
	int n = 0;

	for (size_t i = 0; i < archive_n; i++)
		n += archive[i].ours && strncmp(archive[i].text, words, strlen(words)) == 0;
	return n;
}

/* Nothing is lost: each text has a row that has come to its end, or was refused in words. */
static void check(struct race *r)
{
	int refused = shown_that_begin("Not sent: they have opted out");

	assert_true(is_suppressed(r->s, r->phone));
	assert_int_equal(count_of(r, "m.outbound = 0 AND m.text = 'STOP'"), 1);
	assert_int_equal(shown_that_begin("STOP"), 1);
	assert_int_equal(shown_that_begin("⛔ They have opted out."), 1);
	assert_int_equal(count_of(r, "m.state IN (0, 20)"), 0);
	assert_int_equal(count_of(r, "m.outbound = 1 AND m.kind < 2") + refused, r->texts);
	assert_int_equal(count_of(r, "m.kind = 2"), 1);
	r->confirmations += (int)count_of(r, "m.kind = 2 AND m.state = 30");
	r->withdrawn += (int)count_of(r, "m.code = 'E_SUPPRESSED'") > 0;
}

static void run_race(struct race *r, int number)
{
	struct scene *s = r->s;
	char stop[] = "STOP";
	struct sms_event event;

	rng = 0x9E3779B97F4A7C15u * (unsigned)(number + 1);
	r->number = number;
	r->texts = 0;
	r->stop_told = r->stop_committed = false;
	archive_clear();
	(void)snprintf(r->phone, sizeof(r->phone), "+1415557%04d", number);
	r->room.v = 0;
	texts_us(s, r->phone, "Hello?");
	settle(s);
	(void)server_works(r, SIZE_MAX);
	settle(s);
	(void)server_works(r, SIZE_MAX);
	settle(s);
	r->room = place_with(s, r->phone);
	for (unsigned i = 1 + below(5); i > 0; i--)
		volunteer_writes(r);
	event = text_event(s, r->phone, stop);
	r->stop = event;
	for (int i = 0; i < STEPS; i++)
		one_step(r);
	come_to_rest(r);
	check(r);
	fake_chat_forget(&s->xmpp);
}

static void stop__wins__every_race(void **state)
{
	struct scene *s = *state;
	struct race r = {.s = s};

	s->xmpp.silent = true;
	assert_int_equal(SQLITE_OK,
			 sqlite3_exec(s->store->db, "PRAGMA synchronous = OFF", NULL, NULL, NULL));
	assert_int_equal(SQLITE_OK,
			 sqlite3_open_v2(s->path, &r.witness, SQLITE_OPEN_READONLY, NULL));
	assert_int_equal(SQLITE_OK,
			 sqlite3_prepare_v2(r.witness, "SELECT 1 FROM suppression WHERE phone = ?1",
					    -1, &r.is_stopped, NULL));
	fake_http_watch(s->client, on_hand_over, &r);
	for (int i = 0; i < RACES; i++)
		run_race(&r, i);
	print_message("%d races, %d texts handed over, %d of them after the commit of the STOP; "
		      "%d races with texts cancelled by it, %d confirmations\n",
		      RACES, r.handed_over, r.after_stop, r.withdrawn, r.confirmations);
	assert_int_equal(r.after_stop, 0);
	/* It was a race: often there was something left to cancel, and often not. */
	assert_in_range(r.withdrawn, RACES / 10, RACES);
	assert_in_range(r.confirmations, RACES / 2, RACES);
	archive_clear();
	(void)sqlite3_finalize(r.is_stopped);
	(void)sqlite3_close(r.witness);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(stop__wins__every_race),
	};

	log_set_level(LOG_ERROR + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
