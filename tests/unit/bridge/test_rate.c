/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Pace: buckets, throttles by scope, blocks of which an admin hears once. */
#include "unit/bridge/scene.h"

#include "bridge/rate.h"

/* ---- the buckets ------------------------------------------------------------------------------- */

static struct sms_account acme = {.name = "acme", .driver = &fake_driver};
static struct sms_account other = {.name = "other", .driver = &fake_driver};

static struct sms_sender paced(const char *name, struct sms_account *account, int per_minute)
{
	return (struct sms_sender){.name = name, .account = account, .per_minute = per_minute};
}

static int take_all(struct rate *rate, const struct sms_sender *sender, int64_t now)
{
	int n = 0;

	while (rate_take(rate, sender, now))
		n++;
	return n;
}

static void bucket__holds__two_seconds_and_at_least_one(void **state)
{
	struct rate *rate = rate_new();
	struct sms_sender slow = paced("slow", &acme, 1);
	struct sms_sender fast = paced("fast", &acme, 600);

	(void)state;
	assert_int_equal(take_all(rate, &slow, 0), 1);
	assert_int_equal(rate_ready_at(rate, &slow, 0), 60000);
	assert_int_equal(take_all(rate, &slow, 59999), 0);
	assert_int_equal(take_all(rate, &slow, 60000), 1);
	assert_int_equal(take_all(rate, &fast, 0), 20);
	assert_int_equal(rate_ready_at(rate, &fast, 0), 100);
	assert_int_equal(take_all(rate, &fast, 1000), 10);
	assert_int_equal(take_all(rate, &fast, 100000), 20);
	rate_free(rate);
	rate_free(NULL);
}

/* Whatever it is called: every call must find the same bucket again. */
static void bucket__belongs__to_the_name(void **state)
{
	struct rate *rate = rate_new();
	struct sms_sender odd = paced("@acme", &acme, 1);
	struct sms_sender plain = paced("acme", &acme, 1);

	(void)state;
	assert_int_equal(take_all(rate, &odd, 0), 1);
	assert_int_equal(take_all(rate, &plain, 0), 1);
	assert_int_equal(take_all(rate, &odd, 1), 0);
	rate_block(rate, &plain, SMS_SCOPE_ACCOUNT, 500000, "no money");
	assert_int_equal(take_all(rate, &odd, 400000), 0);
	rate_free(rate);
}

static void throttle__pauses__by_scope(void **state)
{
	struct rate *rate = rate_new();
	struct sms_sender a = paced("a", &acme, 6000);
	struct sms_sender b = paced("b", &acme, 6000);
	struct sms_sender c = paced("c", &other, 6000);

	(void)state;
	rate_throttle(rate, &a, SMS_SCOPE_MESSAGE, 0, 5000);
	assert_true(rate_take(rate, &a, 0));
	rate_throttle(rate, &a, SMS_SCOPE_SENDER, 0, 5000);
	assert_false(rate_take(rate, &a, 4999));
	assert_string_equal(rate_blocked_why(rate, &a, 4999), "the provider asked for a pause");
	assert_true(rate_take(rate, &b, 4999));
	assert_string_equal(rate_blocked_why(rate, &a, 5000), "");
	assert_true(rate_take(rate, &a, 5000));
	rate_throttle(rate, &a, SMS_SCOPE_ACCOUNT, 5000, 5000);
	assert_false(rate_take(rate, &b, 9999));
	assert_true(rate_take(rate, &c, 9999));
	/* A shorter pause does not end a longer one. */
	rate_throttle(rate, &a, SMS_SCOPE_ACCOUNT, 9999, 10);
	rate_throttle(rate, &a, SMS_SCOPE_ACCOUNT, 6000, 60000);
	assert_false(rate_take(rate, &b, 65999));
	rate_throttle(rate, &a, SMS_SCOPE_ACCOUNT, 66000, 60000);
	rate_unblock_all(rate);
	assert_true(rate_take(rate, &b, 66000));
	rate_free(rate);
}

static void throttle__halves__the_rate_which_recovers(void **state)
{
	struct rate *rate = rate_new();
	struct sms_sender a = paced("a", &acme, 600); /* 10 a second */

	(void)state;
	assert_int_equal(take_all(rate, &a, 0), 20);
	/* Many that were under way are one time too fast. */
	for (int i = 0; i < 20; i++)
		rate_throttle(rate, &a, SMS_SCOPE_SENDER, 0, 1000);
	assert_int_equal(take_all(rate, &a, 1000), 5);
	assert_int_equal(take_all(rate, &a, 2000), 5);
	/* A tenth of the full rate a minute. */
	(void)take_all(rate, &a, 5 * 60000 + 1000);
	assert_int_equal(take_all(rate, &a, 5 * 60000 + 2000), 10);
	rate_free(rate);
}

static void block__is__news_once(void **state)
{
	struct rate *rate = rate_new();
	struct sms_sender a = paced("a", &acme, 6000);
	struct sms_sender b = paced("b", &acme, 6000);

	(void)state;
	assert_true(rate_block(rate, &a, SMS_SCOPE_ACCOUNT, 1000, "bad password"));
	assert_false(rate_block(rate, &b, SMS_SCOPE_ACCOUNT, 1000, "bad password"));
	assert_string_equal(rate_blocked_why(rate, &b, 999), "bad password");
	assert_true(rate_block(rate, &a, SMS_SCOPE_ACCOUNT, 1000, "no money"));
	assert_true(rate_block(rate, &a, SMS_SCOPE_SENDER, 1000, ""));
	assert_false(rate_block(rate, &a, SMS_SCOPE_SENDER, 1000, ""));
	assert_string_equal(rate_blocked_why(rate, &a, 999), "no money");
	/* The same trouble after the block is no news, until a text went. */
	assert_false(rate_block(rate, &b, SMS_SCOPE_ACCOUNT, 3000, "no money"));
	rate_went_well(rate, &b, 2000); /* one that was under way */
	assert_false(rate_block(rate, &b, SMS_SCOPE_ACCOUNT, 3000, "no money"));
	rate_went_well(rate, &b, 3000);
	assert_true(rate_block(rate, &b, SMS_SCOPE_ACCOUNT, 5000, "no money"));
	rate_unblock_all(rate);
	assert_true(rate_block(rate, &b, SMS_SCOPE_ACCOUNT, 5000, "no money"));
	/* One text alone holds nobody up, and is news once too. */
	rate_unblock_all(rate);
	assert_true(rate_block(rate, &b, SMS_SCOPE_MESSAGE, 9000, "that country is off"));
	assert_true(rate_take(rate, &b, 4000));
	rate_went_well(rate, &b, 4000);
	assert_false(rate_block(rate, &b, SMS_SCOPE_MESSAGE, 9000, "that country is off"));
	rate_free(rate);
}

/* ---- in the bridge ----------------------------------------------------------------------------- */

static void busy_sender__holds__only_its_own_up(void **state)
{
	struct scene *s = *state;
	struct sms_event event;

	s->senders[0].per_minute = 1;
	for (int i = 0; i < 3; i++) {
		char number[24];

		(void)snprintf(number, sizeof(number), "+1415556%04d", i);
		receive(s, number, "Hello?");
		say_in(s, place_with(s, number), ALICE, "Hi");
	}
	assert_int_equal(sent(s), 1);
	event = text_event(s, PAT, (char[]){"Hello?"});
	STR_COPY(event.to, "+12145550100");
	assert_int_equal(0, hook(s, &s->accounts[1], &event));
	settle(s);
	say_in(s, place_with(s, PAT), ALICE, "Hi Pat");
	assert_int_equal(sent(s), 2);
	wait_ms(s, 59999);
	assert_int_equal(sent(s), 2);
	wait_ms(s, 1);
	assert_int_equal(sent(s), 3);
	wait_ms(s, 60000);
	assert_int_equal(sent(s), 4);
	assert_int_equal(fake_loop_timers(s->loop), 0);
}

static void throttled_text__goes__when_the_pause_is_over(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	struct sms_result slow = {
		.class = SMS_THROTTLE, .scope = SMS_SCOPE_SENDER, .retry_after_s = 30};

	say_in(s, room, ALICE, "Hi");
	for (size_t i = 0; i < 20; i++) { /* it was turned away, not tried: that never ends it */
		answer_with(s, i, slow);
		assert_int_equal(state_of_text(s, "Hi"), MSG_NEW);
		wait_ms(s, 29999);
		assert_int_equal(sent(s), i + 1);
		wait_ms(s, 1);
		assert_int_equal(sent(s), i + 2);
	}
	accept(s, 20);
	assert_int_equal(state_of_text(s, "Hi"), MSG_ACCEPTED);
}

static void throttle__of_one_text__holds_no_other_up(void **state)
{
	struct scene *s = *state;
	struct place_id pat = talk(s, PAT);
	struct place_id quinn = talk(s, QUINN);
	struct sms_result slow = {
		.class = SMS_THROTTLE, .scope = SMS_SCOPE_MESSAGE, .retry_after_s = 30};

	say_in(s, pat, ALICE, "Hi Pat");
	answer_with(s, 0, slow);
	say_in(s, quinn, ALICE, "Hi Quinn");
	assert_int_equal(sent(s), 2);
	wait_ms(s, 30000);
	assert_int_equal(sent(s), 3);
	assert_string_equal(sms(s, 2).text, "Hi Pat");
}

static void throttle__is__bounded(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);
	struct sms_result slow = {
		.class = SMS_THROTTLE, .scope = SMS_SCOPE_ACCOUNT, .retry_after_s = INT32_MAX};

	say_in(s, room, ALICE, "Hi");
	answer_with(s, 0, slow);
	wait_ms(s, HOUR);
	assert_int_equal(sent(s), 2);
}

static size_t alerts(struct scene *s)
{
	return fake_chat_count(&s->xmpp, FAKE_SAY, control_of(s), "⚠ The provider “acme” refuses");
}

static void misconfiguration__is__told_once_and_tried_again(void **state)
{
	struct scene *s = *state;
	struct place_id pat = talk(s, PAT);
	struct place_id quinn = talk(s, QUINN);

	say_in(s, pat, ALICE, "Hi Pat");
	say_in(s, quinn, ALICE, "Hi Quinn");
	assert_int_equal(sent(s), 2);
	answer_class(s, 0, SMS_CONFIG, SMS_SCOPE_ACCOUNT);
	answer_class(s, 1, SMS_CONFIG, SMS_SCOPE_ACCOUNT);
	assert_int_equal(alerts(s), 1);
	assert_true(control_saw(s, "from “main”: because of that. [99] All texts by it wait."));
	command(s, "!status");
	assert_true(control_saw(s, "sender main (+12125550100 by acme): because of that."));
	assert_int_equal(state_of_text(s, "Hi Pat"), MSG_NEW);
	wait_ms(s, 5 * MINUTE - 1);
	assert_int_equal(sent(s), 2);
	/* All night long. */
	for (size_t i = 2; i < 22; i += 2) {
		wait_ms(s, 5 * MINUTE);
		assert_int_equal(sent(s), i + 2);
		answer_class(s, i, SMS_CONFIG, SMS_SCOPE_ACCOUNT);
		answer_class(s, i + 1, SMS_CONFIG, SMS_SCOPE_ACCOUNT);
	}
	assert_int_equal(alerts(s), 1);
	/* The admin has mended it: nobody needs to wait. */
	command(s, "!resume");
	assert_int_equal(sent(s), 24);
	accept_all(s);
	assert_int_equal(state_of_text(s, "Hi Pat"), MSG_ACCEPTED);
	assert_int_equal(state_of_text(s, "Hi Quinn"), MSG_ACCEPTED);
	wait_ms(s, MINUTE);
	say_in(s, pat, ALICE, "And again");
	answer_class(s, 24, SMS_CONFIG, SMS_SCOPE_ACCOUNT);
	assert_int_equal(alerts(s), 2);
}

/* The alert is as durable as the rest of the answer. */
static void misconfiguration__is__told_though_the_disk_was_full(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	say_in(s, room, ALICE, "Hi");
	s->commits_to_fail = 2;
	answer_class(s, 0, SMS_CONFIG, SMS_SCOPE_SENDER);
	wait_ms(s, 2000);
	assert_int_equal(s->commits_to_fail, 0);
	assert_int_equal(alerts(s), 1);
	assert_int_equal(state_of_text(s, "Hi"), MSG_NEW);
}

static void misconfiguration__of_one_text__holds_no_other_up(void **state)
{
	struct scene *s = *state;
	struct place_id pat = talk(s, PAT);
	struct place_id quinn = talk(s, QUINN);

	say_in(s, pat, ALICE, "Hi Pat");
	answer_class(s, 0, SMS_CONFIG, SMS_SCOPE_MESSAGE);
	say_in(s, quinn, ALICE, "Hi Quinn");
	assert_int_equal(sent(s), 2);
	accept(s, 1);
	wait_ms(s, 5 * MINUTE);
	assert_int_equal(sent(s), 3);
	answer_class(s, 2, SMS_CONFIG, SMS_SCOPE_MESSAGE);
	assert_int_equal(alerts(s), 1);
	assert_true(control_saw(s, "That text waits."));
}

static void reload__takes__new_rates_and_lifts_blocks(void **state)
{
	struct scene *s = *state;
	struct place_id room = talk(s, PAT);

	say_in(s, room, ALICE, "Hi");
	answer_class(s, 0, SMS_CONFIG, SMS_SCOPE_SENDER);
	assert_int_equal(sent(s), 1);
	bridge_reload(s->bridge, &s->options);
	settle(s);
	assert_int_equal(sent(s), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bucket__holds__two_seconds_and_at_least_one),
		cmocka_unit_test(bucket__belongs__to_the_name),
		cmocka_unit_test(throttle__pauses__by_scope),
		cmocka_unit_test(throttle__halves__the_rate_which_recovers),
		cmocka_unit_test(block__is__news_once),
		SCENE(busy_sender__holds__only_its_own_up),
		SCENE(throttled_text__goes__when_the_pause_is_over),
		SCENE(throttle__of_one_text__holds_no_other_up),
		SCENE(throttle__is__bounded),
		SCENE(misconfiguration__is__told_once_and_tried_again),
		SCENE(misconfiguration__is__told_though_the_disk_was_full),
		SCENE(misconfiguration__of_one_text__holds_no_other_up),
		SCENE(reload__takes__new_rates_and_lifts_blocks),
	};

	log_set_level(LOG_ERROR + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
