/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The gate: which rule objects, to which kind of text, and which one speaks first. */
#include "core/compliance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define KINDS 5
#define HOUR INT64_C(3600000)

/* A text that nothing speaks against. */
static struct gate_input fine(enum gate_kind kind)
{
	return (struct gate_input){
		.kind = kind,
		.to = {"+14155552671"},
		.text = "Hi, this is Alice of Riverside.",
		.now = 1000 * HOUR,
		.suppressed = kind == GATE_STOP_CONFIRM ? "opt_out" : NULL,
		.duplicate_age = -1,
		.max_segments = 6,
		.max_chars = 1600,
	};
}

static enum gate_code ask(const struct gate_input *input)
{
	struct gate_ruling ruling;

	memset(&ruling, 0x5a, sizeof(ruling));
	gate_check(input, &ruling);
	/* A refusal has its reason and a permission has none. */
	assert_int_equal(ruling.code == GATE_ALLOW, ruling.why[0] == '\0');
	assert_int_equal(ruling.wait,
			 ruling.code == GATE_PAUSED || ruling.code == GATE_FILE_UNREAD);
	return ruling.code;
}

static void gate_check__allows__what_nothing_speaks_against(void **state)
{
	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		struct gate_input input = fine((enum gate_kind)kind);

		assert_int_equal(ask(&input), GATE_ALLOW);
	}
}

/* change makes a fine text objectionable; the kinds that are not exempt must get code. */
static void check_exempt(void (*change)(struct gate_input *), enum gate_code code, unsigned exempt)
{
	for (int kind = 0; kind < KINDS; kind++) {
		struct gate_input input = fine((enum gate_kind)kind);

		change(&input);
		assert_int_equal(ask(&input), exempt >> kind & 1 ? GATE_ALLOW : code);
	}
}

#define EXEMPT(kind) (1u << (kind))
#define AUTOMATIC                                                                                  \
	(EXEMPT(GATE_STOP_CONFIRM) | EXEMPT(GATE_START_CONFIRM) | EXEMPT(GATE_HELP_ANSWER))

static void suppress(struct gate_input *input)
{
	input->suppressed = "opt_out";
}

static void hold(struct gate_input *input)
{
	input->hold = true;
}

static void pause_all(struct gate_input *input)
{
	input->paused = true;
}

static void lengthen(struct gate_input *input)
{
	input->max_segments = 0;
}

static void repeat(struct gate_input *input)
{
	input->duplicate_age = 1000;
}

static void empty(struct gate_input *input)
{
	input->text = "";
}

static void expire(struct gate_input *input)
{
	input->not_after = input->now - 1;
}

static void opt_in(struct gate_input *input)
{
	input->suppressed = NULL;
}

static void set_clock_back(struct gate_input *input)
{
	input->not_after = input->now + GATE_ANSWER_MS + 1;
}

static void call_toll_free(struct gate_input *input)
{
	input->to = (struct phone){"+18005552671"};
}

static void gate_check__exempts__only_what_it_must(void **state)
{
	(void)state;
	/* An opted-out person still gets the one confirmation, and may ask who we are. */
	check_exempt(suppress, GATE_SUPPRESSED,
		     EXEMPT(GATE_STOP_CONFIRM) | EXEMPT(GATE_HELP_ANSWER));
	/* While a stop is suspected a volunteer may answer, but nobody speaks first. */
	check_exempt(hold, GATE_HOLD, AUTOMATIC | EXEMPT(GATE_REPLY));
	check_exempt(lengthen, GATE_TOO_LONG, AUTOMATIC);
	check_exempt(repeat, GATE_DUPLICATE,
		     EXEMPT(GATE_STOP_CONFIRM) | EXEMPT(GATE_START_CONFIRM));
	check_exempt(pause_all, GATE_PAUSED, 0);
	check_exempt(empty, GATE_EMPTY, 0);
	check_exempt(expire, GATE_TOO_LATE, 0);
	check_exempt(set_clock_back, GATE_TOO_LATE, 0);
	/* What confirms an opt-out is false after an opt-in; the others say nothing of it. */
	check_exempt(opt_in, GATE_OVERTAKEN, ~EXEMPT(GATE_STOP_CONFIRM));
	check_exempt(call_toll_free, GATE_NUMBER_CLASS, 0);
}

static void gate_check__refuses__numbers_nobody_texts(void **state)
{
	static const struct {
		const char *to;
		enum gate_code code;
	} table[] = {
		{"+14155552671", GATE_ALLOW},
		{"+14155550123", GATE_ALLOW}, /* fiction: the sandbox and tests live there */
		{"+19995552671", GATE_ALLOW}, /* an area code younger than this build */
		{"+442079460958", GATE_ALLOW},
		{"+18885552671", GATE_NUMBER_CLASS},
		{"+19005552671", GATE_NUMBER_CLASS},
		{"+15005552671", GATE_NUMBER_CLASS},
		{"+17005552671", GATE_NUMBER_CLASS},
		{"384387", GATE_NUMBER_CLASS},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct gate_input input = fine(GATE_INITIAL);

		memcpy(input.to.e164, table[i].to, strlen(table[i].to) + 1);
		assert_int_equal(ask(&input), table[i].code);
	}
}

static void gate_check__refuses__texts_without_words(void **state)
{
	static const char *const texts[] = {
		"", " ", "\n\t \n", "\u00a0", "\u2003\u3000", "\u200b\u200e\u2060", "\ufe0f",
	};
	struct gate_input input = fine(GATE_REPLY);

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		input.text = texts[i];
		assert_int_equal(ask(&input), GATE_EMPTY);
	}
	input.text = " \u00a0.";
	assert_int_equal(ask(&input), GATE_ALLOW);
	input.text = "❤\ufe0f";
	assert_int_equal(ask(&input), GATE_ALLOW);
}

static void gate_check__counts__segments_and_characters(void **state)
{
	struct gate_input input = fine(GATE_REPLY);
	struct gate_ruling ruling;
	char text[400];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[306] = '\0';
	input.text = text;
	input.max_segments = 2;
	assert_int_equal(ask(&input), GATE_ALLOW);
	text[306] = 'a';
	text[307] = '\0';
	assert_int_equal(ask(&input), GATE_TOO_LONG);
	input.max_segments = 3;
	assert_int_equal(ask(&input), GATE_ALLOW);
	input.max_chars = 306;
	assert_int_equal(ask(&input), GATE_TOO_LONG);
	gate_check(&input, &ruling);
	assert_non_null(strstr(ruling.why, "it has 307 characters and the provider takes 306."));
	input.max_segments = 2;
	gate_check(&input, &ruling);
	assert_non_null(strstr(ruling.why, "it would take 3 SMS segments (GSM-7); 2 are allowed."));
}

static void gate_check__knows__how_long_a_repeat_counts(void **state)
{
	static const struct {
		enum gate_kind kind;
		int64_t window;
	} table[] = {{GATE_REPLY, 10000}, {GATE_INITIAL, 720 * HOUR}, {GATE_HELP_ANSWER, HOUR}};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct gate_input input = fine(table[i].kind);

		input.duplicate_age = 0;
		assert_int_equal(ask(&input), GATE_DUPLICATE);
		input.duplicate_age = table[i].window - 1;
		assert_int_equal(ask(&input), GATE_DUPLICATE);
		input.duplicate_age = table[i].window;
		assert_int_equal(ask(&input), GATE_ALLOW);
	}
}

static void gate_check__ends__at_not_after(void **state)
{
	struct gate_input input = fine(GATE_STOP_CONFIRM);

	(void)state;
	input.not_after = input.now;
	assert_int_equal(ask(&input), GATE_ALLOW);
	input.not_after = input.now - 1;
	assert_int_equal(ask(&input), GATE_TOO_LATE);
	input.not_after = 0;
	assert_int_equal(ask(&input), GATE_ALLOW);
}

/* What is refused for good must not wait for the end of a pause; an opt-out is what the volunteer
 * has to hear of first. */
static void gate_check__lets__the_graver_rule_speak(void **state)
{
	struct gate_input input = fine(GATE_INITIAL);

	(void)state;
	input.paused = true;
	assert_int_equal(ask(&input), GATE_PAUSED);
	input.duplicate_age = 0;
	assert_int_equal(ask(&input), GATE_DUPLICATE);
	input.text = " ";
	assert_int_equal(ask(&input), GATE_EMPTY);
	input.hold = true;
	assert_int_equal(ask(&input), GATE_HOLD);
	input.suppressed = "opt_out";
	assert_int_equal(ask(&input), GATE_SUPPRESSED);
	input.to = (struct phone){"+19005552671"};
	assert_int_equal(ask(&input), GATE_NUMBER_CLASS);
}

static void gate_check__says__what_to_do(void **state)
{
	struct gate_input input = fine(GATE_REPLY);
	struct gate_ruling ruling;

	(void)state;
	input.suppressed = "opt_out";
	gate_check(&input, &ruling);
	assert_non_null(strstr(ruling.why, "START"));
	input.suppressed = "wrong_number";
	gate_check(&input, &ruling);
	assert_non_null(strstr(ruling.why, "wrong number"));
	input = fine(GATE_INITIAL);
	input.hold = true;
	gate_check(&input, &ruling);
	assert_non_null(strstr(ruling.why, "!optout"));
	assert_non_null(strstr(ruling.why, "!keep"));
}

static void gate_code_word__names__each_code(void **state)
{
	(void)state;
	assert_string_equal(gate_code_word(GATE_ALLOW), "ALLOW");
	assert_string_equal(gate_code_word(GATE_PAUSED), "E_PAUSED");
	assert_string_equal(gate_code_word(GATE_NUMBER_CLASS), "E_NUMBER_CLASS");
	assert_string_equal(gate_code_word(GATE_SUPPRESSED), "E_SUPPRESSED");
	assert_string_equal(gate_code_word(GATE_HOLD), "E_HOLD");
	assert_string_equal(gate_code_word(GATE_DUPLICATE), "E_DUP");
	assert_string_equal(gate_code_word(GATE_EMPTY), "E_EMPTY");
	assert_string_equal(gate_code_word(GATE_TOO_LONG), "E_TOO_LONG");
	assert_string_equal(gate_code_word(GATE_TOO_LATE), "E_TOO_LATE");
}

/* ---- files -------------------------------------------------------------------------------------- */

static struct gate_input with_file(void)
{
	struct gate_input input = fine(GATE_REPLY);

	input.files = (struct gate_files){
		.n = 1, .possible = true, .bytes = 300 * 1024, .max_bytes = 600 * 1024};
	return input;
}

static void gate_check__lets_files_go__with_or_without_words(void **state)
{
	struct gate_input input = with_file();

	(void)state;
	assert_int_equal(ask(&input), GATE_ALLOW);
	input.text = "";
	assert_int_equal(ask(&input), GATE_ALLOW);
	input.files.n = 0;
	input.files.bytes = 0;
	assert_int_equal(ask(&input), GATE_EMPTY);
}

static void gate_check__refuses__files_that_cannot_go(void **state)
{
	struct gate_input input = with_file();
	struct gate_ruling ruling;

	(void)state;
	input.files.bytes = input.files.max_bytes;
	assert_int_equal(ask(&input), GATE_ALLOW);
	input.files.bytes++;
	assert_int_equal(ask(&input), GATE_FILE_SIZE);
	gate_check(&input, &ruling);
	assert_non_null(strstr(ruling.why, "has 601 kB, and 600 kB can be sent"));
	input.files.untextable = "HEIC picture";
	assert_int_equal(ask(&input), GATE_FILE_TYPE);
	gate_check(&input, &ruling);
	assert_non_null(strstr(ruling.why, "(HEIC picture)"));
	input.files.possible = false;
	assert_int_equal(ask(&input), GATE_NO_FILES);
	input.suppressed = "opt_out";
	assert_int_equal(ask(&input), GATE_SUPPRESSED);
}

static void gate_check__waits__for_a_file_to_be_looked_at(void **state)
{
	struct gate_input input = with_file();

	(void)state;
	input.files.unread = true;
	assert_int_equal(ask(&input), GATE_FILE_UNREAD);
	input.paused = true;
	assert_int_equal(ask(&input), GATE_PAUSED);
	input.suppressed = "opt_out";
	assert_int_equal(ask(&input), GATE_SUPPRESSED);
}

/* Two pictures in a row have the same words: none. */
static void gate_check__tells_pictures_apart__by_words_alone(void **state)
{
	struct gate_input input = with_file();

	(void)state;
	input.duplicate_age = 1000;
	assert_int_equal(ask(&input), GATE_DUPLICATE);
	input.text = " ";
	assert_int_equal(ask(&input), GATE_ALLOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gate_check__allows__what_nothing_speaks_against),
		cmocka_unit_test(gate_check__exempts__only_what_it_must),
		cmocka_unit_test(gate_check__refuses__numbers_nobody_texts),
		cmocka_unit_test(gate_check__refuses__texts_without_words),
		cmocka_unit_test(gate_check__counts__segments_and_characters),
		cmocka_unit_test(gate_check__knows__how_long_a_repeat_counts),
		cmocka_unit_test(gate_check__ends__at_not_after),
		cmocka_unit_test(gate_check__lets__the_graver_rule_speak),
		cmocka_unit_test(gate_check__says__what_to_do),
		cmocka_unit_test(gate_code_word__names__each_code),
		cmocka_unit_test(gate_check__lets_files_go__with_or_without_words),
		cmocka_unit_test(gate_check__refuses__files_that_cannot_go),
		cmocka_unit_test(gate_check__waits__for_a_file_to_be_looked_at),
		cmocka_unit_test(gate_check__tells_pictures_apart__by_words_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
