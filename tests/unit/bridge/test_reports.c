/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Delivery reports: at least once, in any order, perhaps before the answer to the send. */
#include "unit/bridge/scene.h"

#define STATE(s, text, state) assert_int_equal((state), state_of_text((s), (text)))

/* alice has sent "Hi" to Pat; it is call 0. */
static struct place_id hi(struct scene *s, bool accepted)
{
	struct place_id room = talk(s, PAT);

	say_in(s, room, ALICE, "Hi");
	if (accepted)
		accept(s, 0);
	return room;
}

static void reports__only__move_up(void **state)
{
	struct scene *s = *state;

	hi(s, true);
	report(s, ref_of(s, 0), SMS_STATUS_SENT);
	STATE(s, "Hi", MSG_SENT);
	report(s, ref_of(s, 0), SMS_STATUS_QUEUED);
	STATE(s, "Hi", MSG_SENT);
	report(s, ref_of(s, 0), SMS_STATUS_DELIVERED);
	STATE(s, "Hi", MSG_DELIVERED);
	report(s, ref_of(s, 0), SMS_STATUS_SENT);
	report(s, ref_of(s, 0), SMS_STATUS_FAILED);
	report(s, ref_of(s, 0), SMS_STATUS_UNDELIVERED);
	report(s, ref_of(s, 0), SMS_STATUS_EXPIRED);
	report(s, ref_of(s, 0), SMS_STATUS_CANCELLED);
	STATE(s, "Hi", MSG_DELIVERED);
	assert_int_equal(mark_on(s, s->event), MARK_DELIVERED);
	/* Sent and accepted look the same: the mark came once. */
	assert_int_equal(fake_chat_count(&s->xmpp, FAKE_MARK, (struct place_id){0}, NULL), 2);
}

static void report__may__overtake_the_answer(void **state)
{
	struct scene *s = *state;

	hi(s, false);
	say_in(s, place_with(s, PAT), ALICE, "and more");
	report(s, ref_of(s, 0), SMS_STATUS_DELIVERED);
	STATE(s, "Hi", MSG_DELIVERED);
	/* The next one need not wait for the answer. */
	assert_int_equal(sent(s), 2);
	accept(s, 0);
	STATE(s, "Hi", MSG_DELIVERED);
	assert_int_equal(
		ask_number(s, "SELECT count(*) FROM message WHERE text = 'Hi' AND ext_id = 'ext0'"),
		1);
	assert_int_equal(mark_on(s, "event2"), MARK_DELIVERED);
	/* Nor does a failed answer take it back. */
	report(s, ref_of(s, 1), SMS_STATUS_SENT);
	answer_class(s, 1, SMS_TEMP, SMS_SCOPE_MESSAGE);
	STATE(s, "and more", MSG_SENT);
	wait_ms(s, HOUR);
	assert_int_equal(sent(s), 2);
}

static void repeated_report__does__nothing(void **state)
{
	struct scene *s = *state;
	struct sms_event event;
	size_t before;

	hi(s, true);
	event = report_event(s, ref_of(s, 0), SMS_STATUS_UNDELIVERED);
	assert_int_equal(0, hook(s, &s->accounts[0], &event));
	settle(s);
	before = s->xmpp.n;
	assert_int_equal(0, hook(s, &s->accounts[0], &event));
	settle(s);
	/* The same under another key. */
	report(s, ref_of(s, 0), SMS_STATUS_UNDELIVERED);
	assert_int_equal(s->xmpp.n, before);
}

static void failure__is__told_with_reason_and_code(void **state)
{
	struct scene *s = *state;
	struct place_id room = hi(s, true);

	report(s, ref_of(s, 0), SMS_STATUS_UNDELIVERED);
	STATE(s, "Hi", MSG_UNDELIVERED);
	ROOM_SAW(s, room, "❌ “Hi” did not reach them: the phone is off. [30003] (`!retry 2`");
	assert_int_equal(mark_on(s, s->event), MARK_FAILED);
}

static void failure__without_a_reason__says_so(void **state)
{
	struct scene *s = *state;
	struct place_id room = hi(s, true);

	report(s, ref_of(s, 0), SMS_STATUS_EXPIRED);
	ROOM_SAW(s, room, "❌ “Hi” did not reach them: no reason was given. (");
}

/* Nobody is invited to send again what cannot arrive. */
static void retry__is__offered_only_where_it_can_help(void **state)
{
	static const struct {
		enum sms_class class;
		bool offered;
	} table[] = {
		{SMS_PERM, true},      {SMS_TEMP, true},      {SMS_BAD_NUMBER, false},
		{SMS_LANDLINE, false}, {SMS_FILTERED, false}, {SMS_OPTED_OUT, false},
	};
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	char text[32];
	char told[64];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct sms_event event;
		const struct fake_said *said;

		(void)snprintf(text, sizeof(text), "text %zu", i);
		(void)snprintf(told, sizeof(told), "❌ “%s” did not reach them", text);
		say_in(s, room, ALICE, text);
		accept(s, i);
		event = report_event(s, ref_of(s, i), SMS_STATUS_UNDELIVERED);
		event.class = table[i].class;
		assert_int_equal(0, hook(s, &s->accounts[0], &event));
		settle(s);
		said = fake_chat_find(&s->xmpp, FAKE_SAY, room, told);
		assert_non_null(said);
		assert_int_equal(strstr(said->text, "`!retry ") != NULL, table[i].offered);
	}
}

static void retry__is__not_offered_after_a_refusal_for_good(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	const struct fake_said *said;

	say_in(s, room, ALICE, "one");
	answer_class(s, 0, SMS_LANDLINE, SMS_SCOPE_MESSAGE);
	said = fake_chat_find(&s->xmpp, FAKE_SAY, room, "❌ “one” did not reach them");
	assert_non_null(said);
	assert_null(strstr(said->text, "!retry"));
	say_in(s, room, ALICE, "two");
	answer_class(s, 1, SMS_PERM, SMS_SCOPE_MESSAGE);
	said = fake_chat_find(&s->xmpp, FAKE_SAY, room, "❌ “two” did not reach them");
	assert_non_null(strstr(said->text, "!retry"));
}

static void delivery__is__told_after_bad_news(void **state)
{
	static const enum sms_status bad[] = {SMS_STATUS_UNDELIVERED, SMS_STATUS_FAILED,
					      SMS_STATUS_EXPIRED, SMS_STATUS_CANCELLED};
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	char text[24];
	char want[64];

	for (size_t i = 0; i < 4; i++) {
		(void)snprintf(text, sizeof(text), "text %zu", i);
		say_in(s, room, ALICE, text);
		accept(s, i);
		report(s, ref_of(s, i), bad[i]);
		report(s, ref_of(s, i), SMS_STATUS_DELIVERED);
		STATE(s, text, MSG_DELIVERED);
		(void)snprintf(want, sizeof(want), "✅ “%s” was delivered after all.", text);
		ROOM_SAW(s, room, want);
		assert_int_equal(mark_on(s, s->event), MARK_DELIVERED);
	}
}

static void report__ends__doubt(void **state)
{
	struct scene *s = *state;
	struct place_id room = hi(s, false);

	answer_class(s, 0, SMS_AMBIGUOUS, SMS_SCOPE_MESSAGE);
	STATE(s, "Hi", MSG_UNKNOWN);
	report(s, ref_of(s, 0), SMS_STATUS_SENT);
	STATE(s, "Hi", MSG_SENT);
	ROOM_SAW(s, room, "✅ The provider has “Hi” after all.");
	assert_int_equal(mark_on(s, s->event), MARK_HANDED_OVER);
	assert_int_equal(
		ask_number(s, "SELECT count(*) FROM message WHERE text = 'Hi' AND code <> ''"), 0);
}

/* A person had it sent again in the meantime: then it is good to know that both came. */
static void report__is__told_about_a_text_that_was_sent_again(void **state)
{
	struct scene *s = *state;
	struct place_id room = hi(s, false);

	answer_class(s, 0, SMS_AMBIGUOUS, SMS_SCOPE_MESSAGE);
	say_in(s, room, ALICE, "!retry 2");
	accept(s, 1);
	report(s, ref_of(s, 0), SMS_STATUS_DELIVERED);
	ROOM_SAW(s, room, "✅ “Hi” was delivered after all.");
	assert_int_equal(
		ask_number(s, "SELECT count(*) FROM message WHERE text = 'Hi' AND state = 90"), 1);
}

/* Where the provider knows refs, a lost answer is tried again; a report tells that it need not. */
static void report__stops__a_second_try(void **state)
{
	struct scene *s = *state;

	fake_driver.caps |= SMS_CAP_IDEMPOTENT;
	hi(s, false);
	answer_class(s, 0, SMS_AMBIGUOUS, SMS_SCOPE_MESSAGE);
	STATE(s, "Hi", MSG_NEW);
	report(s, ref_of(s, 0), SMS_STATUS_SENT);
	STATE(s, "Hi", MSG_SENT);
	wait_ms(s, HOUR);
	assert_int_equal(sent(s), 1);
}

static void parts__are__counted(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	char text[401];

	fake_driver.caps |= SMS_CAP_PART_REPORTS;
	memset(text, 'a', 400); /* three segments */
	text[400] = '\0';
	say_in(s, room, ALICE, text);
	report(s, ref_of(s, 0), SMS_STATUS_DELIVERED); /* one before the answer */
	STATE(s, text, MSG_SENT);
	accept(s, 0);
	STATE(s, text, MSG_SENT);
	report(s, ref_of(s, 0), SMS_STATUS_DELIVERED);
	STATE(s, text, MSG_SENT);
	report(s, ref_of(s, 0), SMS_STATUS_DELIVERED);
	STATE(s, text, MSG_DELIVERED);
	/* The provider knows better how many there are. */
	say_in(s, room, ALICE, "short");
	{
		struct sms_result result = {.class = SMS_OK, .segments = 2, .ext_id = "x"};

		answer_with(s, 1, result);
	}
	report(s, ref_of(s, 1), SMS_STATUS_DELIVERED);
	STATE(s, "short", MSG_SENT);
	report(s, ref_of(s, 1), SMS_STATUS_DELIVERED);
	STATE(s, "short", MSG_DELIVERED);
	/* One lost part loses the text. */
	text[399] = '\0';
	say_in(s, room, ALICE, text);
	accept(s, 2);
	report(s, ref_of(s, 2), SMS_STATUS_DELIVERED);
	report(s, ref_of(s, 2), SMS_STATUS_UNDELIVERED);
	report(s, ref_of(s, 2), SMS_STATUS_DELIVERED);
	STATE(s, text, MSG_UNDELIVERED);
}

static void report__finds__its_text_by_the_providers_id(void **state)
{
	struct scene *s = *state;
	struct sms_event event;

	hi(s, true);
	event = report_event(s, "", SMS_STATUS_DELIVERED);
	STR_COPY(event.ext_id, "ext0");
	assert_int_equal(0, hook(s, &s->accounts[1], &event)); /* another account's */
	STATE(s, "Hi", MSG_ACCEPTED);
	assert_int_equal(0, hook(s, &s->accounts[0], &event));
	settle(s);
	STATE(s, "Hi", MSG_DELIVERED);
}

static void foreign_report__moves__nothing(void **state)
{
	struct scene *s = *state;
	struct sms_event event;

	hi(s, true);
	event = report_event(s, ref_of(s, 0), SMS_STATUS_FAILED);
	event.class = SMS_OPTED_OUT;
	assert_int_equal(0, hook(s, &s->accounts[1], &event));
	settle(s);
	STATE(s, "Hi", MSG_ACCEPTED);
	assert_false(is_suppressed(s, PAT));
	report(s, "nobody's ref", SMS_STATUS_DELIVERED);
	report(s, "", SMS_STATUS_DELIVERED);
}

/* The id of a text that came in is no text of ours. */
static void report__about_an_inbound_text__is__foreign(void **state)
{
	struct scene *s = *state;
	struct sms_event event = text_event(s, PAT, (char[]){"Hello?"});

	STR_COPY(event.ext_id, "in1");
	assert_int_equal(0, hook(s, &s->accounts[0], &event));
	event = report_event(s, "", SMS_STATUS_FAILED);
	STR_COPY(event.ext_id, "in1");
	event.class = SMS_OPTED_OUT;
	assert_int_equal(0, hook(s, &s->accounts[0], &event));
	settle(s);
	assert_false(is_suppressed(s, PAT));
	assert_int_equal(ask_number(s, "SELECT count(*) FROM message WHERE state = 100"), 1);
}

static void refused_report__is__taken_when_it_comes_again(void **state)
{
	struct scene *s = *state;
	struct sms_event event;

	hi(s, true);
	event = report_event(s, ref_of(s, 0), SMS_STATUS_DELIVERED);
	disk_refuses(s, true);
	assert_int_equal(-1, hook(s, &s->accounts[0], &event));
	disk_refuses(s, false);
	s->commits_to_fail = 1;
	assert_int_equal(0, hook(s, &s->accounts[0], &event));
	settle(s);
	STATE(s, "Hi", MSG_ACCEPTED);
	assert_int_equal(0, hook(s, &s->accounts[0], &event));
	settle(s);
	STATE(s, "Hi", MSG_DELIVERED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(reports__only__move_up),
		SCENE(report__may__overtake_the_answer),
		SCENE(repeated_report__does__nothing),
		SCENE(failure__is__told_with_reason_and_code),
		SCENE(failure__without_a_reason__says_so),
		SCENE(retry__is__offered_only_where_it_can_help),
		SCENE(retry__is__not_offered_after_a_refusal_for_good),
		SCENE(delivery__is__told_after_bad_news),
		SCENE(report__ends__doubt),
		SCENE(report__is__told_about_a_text_that_was_sent_again),
		SCENE(report__stops__a_second_try),
		SCENE(parts__are__counted),
		SCENE(report__finds__its_text_by_the_providers_id),
		SCENE(foreign_report__moves__nothing),
		SCENE(report__about_an_inbound_text__is__foreign),
		SCENE(refused_report__is__taken_when_it_comes_again),
	};

	log_set_level(LOG_ERROR + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
