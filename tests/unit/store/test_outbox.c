/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What is due and in which order, also against a plain model over random queues. */
#include "fixture.h"

static char words[] = "words";
static const char *const nobody[] = {NULL};

static struct store *start(void **state)
{
	struct store *store = ((struct fixture *)*state)->store;

	must_begin(store);
	return store;
}

static struct message_id queue(struct store *store, struct conversation_id conversation,
			       const char *sender, enum message_kind kind, int64_t due_at)
{
	struct message_row row = outbound(conversation, words);

	STR_COPY(row.sender, sender);
	row.kind = kind;
	row.due_at = due_at;
	return add_message(store, row);
}

static struct seen due(struct store *store, int64_t now, const char *const *busy, int limit)
{
	struct seen seen = {0};

	OK(store_list_due(store, now, busy, limit, see_message, &seen, NULL));
	return seen;
}

static int64_t next(struct store *store, int64_t now)
{
	int64_t at;

	OK(store_next_due(store, now, &at, NULL));
	return at;
}

static struct conversation_id talk(struct store *store, int i)
{
	return add_conversation(store, numbered_phone(i).e164).id;
}

static void list_due__gives__automatic_answers_first_then_by_id(void **state)
{
	struct store *store = start(state);
	struct seen seen;

	queue(store, talk(store, 1), "main", MSGKIND_REPLY, 10);
	queue(store, talk(store, 2), "aaa", MSGKIND_INITIAL, 10);
	queue(store, talk(store, 3), "main", MSGKIND_HELP_ANSWER, 10);
	queue(store, talk(store, 4), "zzz", MSGKIND_REPLY, 10);
	queue(store, talk(store, 5), "aaa", MSGKIND_STOP_CONFIRM, 10);
	queue(store, talk(store, 6), "aaa", MSGKIND_REPLY, 10);
	queue(store, talk(store, 7), "", MSGKIND_START_CONFIRM, 10);
	seen = due(store, 10, nobody, 99);
	CHECK_SEEN(&seen, 3, 5, 7, 1, 2, 4, 6);
	seen = due(store, 10, nobody, 4);
	CHECK_SEEN(&seen, 3, 5, 7, 1);
	seen = due(store, 10, NULL, 99);
	assert_int_equal(seen.n, 7);
	seen = due(store, 9, nobody, 99);
	assert_int_equal(seen.n, 0);
	must_commit(store);
}

static void list_due__leaves_out__busy_senders(void **state)
{
	static const char *const busy[] = {"aaa", "zzz", NULL};
	static const char *const nameless[] = {"", "main", NULL};
	struct store *store = start(state);
	struct seen seen;

	queue(store, talk(store, 1), "main", MSGKIND_REPLY, 10);
	queue(store, talk(store, 2), "aaa", MSGKIND_STOP_CONFIRM, 10);
	queue(store, talk(store, 3), "zzz", MSGKIND_REPLY, 10);
	queue(store, talk(store, 4), "aaaa", MSGKIND_REPLY, 10);
	queue(store, talk(store, 5), "", MSGKIND_REPLY, 10);
	seen = due(store, 10, busy, 99);
	CHECK_SEEN(&seen, 1, 4, 5);
	seen = due(store, 10, nameless, 99);
	CHECK_SEEN(&seen, 2, 3, 4);
	must_commit(store);
}

static void list_due__keeps__the_order_within_a_conversation(void **state)
{
	struct store *store = start(state);
	struct conversation_id a = talk(store, 1);
	struct conversation_id b = talk(store, 2);
	struct message_id first = queue(store, a, "main", MSGKIND_REPLY, 50);
	struct message_id second = queue(store, a, "main", MSGKIND_REPLY, 10);
	struct message_id third = queue(store, a, "other", MSGKIND_HELP_ANSWER, 10);
	struct message_id fourth = queue(store, b, "main", MSGKIND_REPLY, 10);
	struct seen seen;

	/* The first waits, and so do those behind it, whoever sends them. */
	seen = due(store, 20, nobody, 99);
	CHECK_SEEN(&seen, fourth.v);
	move(store, first, MSG_SENDING);
	seen = due(store, 60, nobody, 99);
	CHECK_SEEN(&seen, fourth.v);
	/* Whatever becomes of it, the next may go then. */
	move(store, first, MSG_UNKNOWN);
	seen = due(store, 60, nobody, 99);
	CHECK_SEEN(&seen, second.v, fourth.v);
	move(store, second, MSG_FAILED);
	seen = due(store, 60, nobody, 99);
	CHECK_SEEN(&seen, third.v, fourth.v);
	/* One that went back to the queue is in front again. */
	move(store, second, MSG_NEW);
	seen = due(store, 60, nobody, 99);
	CHECK_SEEN(&seen, second.v, fourth.v);
	/* What they write does not hold our texts up. */
	add_message(store, inbound(b, words));
	seen = due(store, 60, nobody, 99);
	CHECK_SEEN(&seen, second.v, fourth.v);
	must_commit(store);
}

struct taker {
	struct store *store;
	struct seen seen;
};

static bool take(const struct message_row *row, void *arg)
{
	struct taker *taker = arg;
	struct message_row changed = *row;

	assert_string_equal(row->text, "words");
	changed.state = MSG_SENDING;
	FOUND(store_message_change(taker->store, &changed, MSG_NEW, 9, NULL));
	/* The same list within the list. */
	assert_true(due(taker->store, 10, nobody, 1).n <= 1);
	return seen_add(&taker->seen, row->id.v);
}

static void list_due__lets__the_called_take_and_ask_again(void **state)
{
	struct taker taker = {.store = start(state)};
	struct store *store = taker.store;

	for (int i = 0; i < 20; i++)
		queue(store, talk(store, i), i % 3 ? "main" : "other", MSGKIND_REPLY, 10);
	OK(store_list_due(store, 10, nobody, 15, take, &taker, NULL));
	assert_int_equal(taker.seen.n, 15);
	OK(store_list_due(store, 10, nobody, 15, take, &taker, NULL));
	assert_int_equal(taker.seen.n, 20);
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(taker.seen.id[i], i + 1);
	must_commit(store);
}

static void next_due__tells__the_next_one(void **state)
{
	struct store *store = start(state);
	struct message_id early;

	assert_int_equal(next(store, 0), INT64_MAX);
	queue(store, talk(store, 1), "main", MSGKIND_REPLY, 70);
	early = queue(store, talk(store, 2), "aaa", MSGKIND_REPLY, 50);
	queue(store, talk(store, 3), "main", MSGKIND_REPLY, 60);
	add_message(store, inbound(talk(store, 4), words)); /* due_at 1000 means nothing there */
	assert_int_equal(next(store, 0), 50);
	/* One that is due waits for something else than the time. */
	assert_int_equal(next(store, 50), 60);
	assert_int_equal(next(store, 70), INT64_MAX);
	move(store, early, MSG_SENDING);
	assert_int_equal(next(store, 0), 60);
	must_commit(store);
}

struct cancelling {
	struct store *store;
	struct seen seen;
};

static bool see_and_cancel(const struct message_row *row, void *arg)
{
	struct cancelling *c = arg;

	assert_int_equal(row->state, MSG_NEW);
	move(c->store, row->id, MSG_CANCELLED);
	return seen_add(&c->seen, row->id.v);
}

static void limit_due__brings__what_is_far_off_nearer(void **state)
{
	struct store *store = start(state);
	struct message_id near = queue(store, talk(store, 1), "main", MSGKIND_REPLY, 50);
	struct message_id far = queue(store, talk(store, 2), "main", MSGKIND_REPLY, 99999);
	struct seen seen;

	OK(store_limit_due(store, 60, NULL));
	seen = due(store, 50, nobody, 99);
	CHECK_SEEN(&seen, near.v);
	seen = due(store, 60, nobody, 99);
	CHECK_SEEN(&seen, near.v, far.v);
	must_commit(store);
}

static void list_queued__gives__what_has_not_left_and_may_change(void **state)
{
	struct store *store = start(state);
	struct conversation_id a = talk(store, 1);
	struct conversation_id b = talk(store, 2);
	struct phone phone = numbered_phone(1);
	struct phone stranger = numbered_phone(9);
	struct message_counts counts;
	struct cancelling cancelling = {.store = store};
	struct seen seen = {0};
	struct message_id sending = queue(store, a, "main", MSGKIND_REPLY, 10);
	struct message_id one = queue(store, a, "main", MSGKIND_REPLY, 10);
	struct message_id other = queue(store, b, "main", MSGKIND_REPLY, 10);
	struct message_id two = queue(store, a, "second", MSGKIND_HELP_ANSWER, 99999);

	OK(store_count(store, &counts, NULL));
	move(store, sending, MSG_SENDING);
	OK(store_list_queued(store, &phone, see_and_cancel, &cancelling, NULL));
	CHECK_SEEN(&cancelling.seen, one.v, two.v);
	seen = due(store, 100000, nobody, 99);
	CHECK_SEEN(&seen, other.v);
	OK(store_count(store, &counts, NULL));
	assert_int_equal(counts.queued, 1);
	assert_int_equal(counts.sending, 1);
	seen = (struct seen){0};
	OK(store_list_queued(store, &phone, see_message, &seen, NULL));
	OK(store_list_queued(store, &stranger, see_message, &seen, NULL));
	assert_int_equal(seen.n, 0);
	must_commit(store);
}

/* ---- the model ---------------------------------------------------------------------------------- */

#define MODEL_TEXTS 120
#define MODEL_CONVERSATIONS 25

struct model_text {
	int conversation;
	int sender;
	enum message_kind kind;
	enum message_state state;
	int64_t due_at;
};

static const char *const model_senders[] = {"a", "b", "c", ""};

static unsigned roll(unsigned *seed, unsigned n)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 16) % n;
}

static bool model_due(const struct model_text *texts, size_t i, int64_t now, unsigned busy)
{
	if (texts[i].state != MSG_NEW || texts[i].due_at > now || (busy >> texts[i].sender & 1))
		return false;
	for (size_t j = 0; j < i; j++) {
		if (texts[j].conversation == texts[i].conversation &&
		    (texts[j].state == MSG_NEW || texts[j].state == MSG_SENDING))
			return false;
	}
	return true;
}

static size_t model_list(const struct model_text *texts, int64_t now, unsigned busy, size_t limit,
			 int64_t *ids_out)
{
	size_t n = 0;

	for (int automatic = 1; automatic >= 0; automatic--) {
		for (size_t i = 0; i < MODEL_TEXTS && n < limit; i++) {
			if ((texts[i].kind >= MSGKIND_STOP_CONFIRM) == (automatic == 1) &&
			    model_due(texts, i, now, busy))
				ids_out[n++] = (int64_t)i + 1;
		}
	}
	return n;
}

static void fill_model(struct store *store, struct model_text *texts, unsigned *seed)
{
	static const enum message_state states[] = {MSG_NEW,     MSG_NEW,      MSG_NEW,
						    MSG_SENDING, MSG_SENT,     MSG_UNKNOWN,
						    MSG_FAILED,  MSG_CANCELLED};
	struct conversation_id conversations[MODEL_CONVERSATIONS];

	for (int i = 0; i < MODEL_CONVERSATIONS; i++)
		conversations[i] = talk(store, i);
	for (size_t i = 0; i < MODEL_TEXTS; i++) {
		struct message_id id;

		texts[i] = (struct model_text){
			.conversation = (int)roll(seed, MODEL_CONVERSATIONS),
			.sender = (int)roll(seed, 4),
			.kind = (enum message_kind)roll(seed, 5),
			.state = states[roll(seed, 8)],
			.due_at = roll(seed, 10),
		};
		id = queue(store, conversations[texts[i].conversation],
			   model_senders[texts[i].sender], texts[i].kind, texts[i].due_at);
		assert_int_equal(id.v, i + 1);
		move(store, id, texts[i].state);
	}
}

static void list_due__agrees__with_a_plain_model(void **state)
{
	static struct model_text texts[MODEL_TEXTS];
	size_t listed = 0;

	(void)state;
	for (unsigned seed = 1; seed <= 40; seed++) {
		unsigned dice = seed;
		struct store *store;

		OK(store_open(":memory:", &store, NULL));
		must_begin(store);
		fill_model(store, texts, &dice);
		for (int64_t now = 0; now < 12; now++) {
			unsigned busy = roll(&dice, 16);
			size_t limit = 1 + roll(&dice, 40);
			const char *names[5] = {0};
			int64_t expected[MODEL_TEXTS];
			size_t n = model_list(texts, now, busy, limit, expected);
			struct seen seen;
			size_t name_n = 0;

			for (int i = 0; i < 4; i++) {
				if (busy >> i & 1)
					names[name_n++] = model_senders[i];
			}
			seen = due(store, now, names, (int)limit);
			check_seen(&seen, n, expected);
			listed += n;
		}
		must_commit(store);
		store_close(store);
	}
	assert_true(listed > 1000);
}

#define IN_MEMORY(test) cmocka_unit_test_setup_teardown(test, open_in_memory, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_MEMORY(list_due__gives__automatic_answers_first_then_by_id),
		IN_MEMORY(list_due__leaves_out__busy_senders),
		IN_MEMORY(list_due__keeps__the_order_within_a_conversation),
		IN_MEMORY(list_due__lets__the_called_take_and_ask_again),
		IN_MEMORY(next_due__tells__the_next_one),
		IN_MEMORY(list_queued__gives__what_has_not_left_and_may_change),
		IN_MEMORY(limit_due__brings__what_is_far_off_nearer),
		cmocka_unit_test(list_due__agrees__with_a_plain_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
