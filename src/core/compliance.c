/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The gate as a table: one row for each rule, in the order in which they object, with the kinds of
 * text that are exempt from it. A new rule is a new row and a new field of struct gate_input.
 */
#include "core/compliance.h"

#include "base/utf8.h"
#include "base/xalloc.h"
#include "core/gsm7.h"
#include "core/phone.h"

#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#define KIND(k) (1u << (k))
#define AUTOMATIC (KIND(GATE_STOP_CONFIRM) | KIND(GATE_START_CONFIRM) | KIND(GATE_HELP_ANSWER))

/* The same words again: by a slip of the finger, or as a repeated first text. */
#define REPLY_REPEAT_MS 10000
#define INITIAL_REPEAT_MS (INT64_C(30) * 24 * 3600 * 1000)
/* Two machines must not answer each other for ever. */
#define HELP_REPEAT_MS (INT64_C(3600) * 1000)

struct gate_rule {
	enum gate_code code;
	const char *word;
	unsigned exempt; /* KIND() bits */
	bool wait;
	/* Whether the rule objects; then it writes why. */
	bool (*objects)(const struct gate_input *input, char *why, size_t size);
};

static bool is_paused(const struct gate_input *input, char *why, size_t size)
{
	if (!input->paused)
		return false;
	(void)snprintf(why, size,
		       "Queued: an organizer has paused all texting. It goes out when they "
		       "resume.");
	return true;
}

static bool is_late(const struct gate_input *input, char *why, size_t size)
{
	/* Before its time can begin, the clock was set back: how late it is nobody knows. */
	if (input->not_after == 0 ||
	    (input->now <= input->not_after && input->now >= input->not_after - GATE_ANSWER_MS))
		return false;
	(void)snprintf(why, size, "Too late: it was only good for a while after they wrote.");
	return true;
}

static bool is_untextable(const struct gate_input *input, char *why, size_t size)
{
	enum phone_class class = phone_classify(&input->to);

	if (phone_is_textable(class))
		return false;
	(void)snprintf(why, size, "Not sent: %s cannot be texted.", phone_class_name(class));
	return true;
}

static bool is_suppressed(const struct gate_input *input, char *why, size_t size)
{
	if (!input->suppressed)
		return false;
	if (strcmp(input->suppressed, "wrong_number") == 0)
		(void)snprintf(why, size,
			       "Not sent: this is a wrong number. `!keep` if that is a mistake.");
	else
		(void)snprintf(why, size,
			       "Not sent: they have opted out. Only they can undo that, by "
			       "texting START.");
	return true;
}

static bool is_overtaken(const struct gate_input *input, char *why, size_t size)
{
	if (input->suppressed)
		return false;
	(void)snprintf(why, size, "Not sent: they have opted in again since.");
	return true;
}

static bool is_held(const struct gate_input *input, char *why, size_t size)
{
	if (!input->hold)
		return false;
	(void)snprintf(why, size,
		       "Not sent: they may have asked to stop. Decide first: `!optout` or "
		       "`!keep`.");
	return true;
}

static int64_t repeat_window(enum gate_kind kind)
{
	switch (kind) {
	case GATE_REPLY:
		return REPLY_REPEAT_MS;
	case GATE_INITIAL:
		return INITIAL_REPEAT_MS;
	case GATE_HELP_ANSWER:
		return HELP_REPEAT_MS;
	case GATE_STOP_CONFIRM:
	case GATE_START_CONFIRM:
		return 0;
	}
	BUG("gate kind %d", (int)kind);
}

/* Pictures without words are not the same for that. */
static bool is_wordless(const struct gate_input *input)
{
	return *gate_first_visible(input->text) == '\0';
}

static bool is_repeated(const struct gate_input *input, char *why, size_t size)
{
	if (is_wordless(input) || input->duplicate_age < 0 ||
	    input->duplicate_age >= repeat_window(input->kind))
		return false;
	(void)snprintf(why, size,
		       "Not sent: they got just these words from us %lld %s ago. Change them if "
		       "you mean it.",
		       (long long)(input->duplicate_age < 7200000 ? input->duplicate_age / 1000
								  : input->duplicate_age / 3600000),
		       input->duplicate_age < 7200000 ? "seconds" : "hours");
	return true;
}

static bool is_invisible(int32_t cp)
{
	utf8proc_category_t category = utf8proc_category(cp);

	return (category >= UTF8PROC_CATEGORY_ZS && category <= UTF8PROC_CATEGORY_CF) ||
	       (cp >= 0xFE00 && cp <= 0xFE0F);
}

const char *gate_first_visible(const char *text)
{
	const char *end = text + strlen(text);

	while (text < end) {
		int32_t cp;
		size_t n = utf8_decode(text, end, &cp);

		if (!is_invisible(cp))
			break;
		text += n;
	}
	return text;
}

static bool is_empty(const struct gate_input *input, char *why, size_t size)
{
	if (!is_wordless(input) || input->files.n > 0)
		return false;
	(void)snprintf(why, size, "Not sent: there are no words in it.");
	return true;
}

static bool is_too_long(const struct gate_input *input, char *why, size_t size)
{
	size_t len = strlen(input->text);
	struct segment_count count;

	gsm7_count(input->text, len, &count);
	if (count.segments > input->max_segments)
		(void)snprintf(why, size,
			       "Not sent: too long, it would take %d SMS segments (%s); %d are "
			       "allowed. Shorten it or send it in parts.",
			       count.segments, sms_encoding_word(count.encoding),
			       input->max_segments);
	else if (count.units > input->max_chars)
		(void)snprintf(why, size,
			       "Not sent: too long, it has %d characters and the provider takes "
			       "%d. Shorten it or send it in parts.",
			       count.units, input->max_chars);
	return count.segments > input->max_segments || count.units > input->max_chars;
}

static bool is_filed_in_vain(const struct gate_input *input, char *why, size_t size)
{
	if (input->files.n == 0 || input->files.possible)
		return false;
	(void)snprintf(why, size,
		       "Not sent: the provider of this number takes no pictures or files. Send "
		       "words, or a link.");
	return true;
}

static bool is_file_untextable(const struct gate_input *input, char *why, size_t size)
{
	if (!input->files.untextable)
		return false;
	(void)snprintf(why, size,
		       "Not sent: phones cannot be sent this kind of file (%s). JPEG, PNG and GIF "
		       "pictures, MP4 and 3GP videos and contact cards can be sent.",
		       input->files.untextable);
	return true;
}

static bool is_file_large(const struct gate_input *input, char *why, size_t size)
{
	if (input->files.n == 0 || input->files.bytes <= input->files.max_bytes)
		return false;
	(void)snprintf(why, size,
		       "Not sent: the file has %lld kB, and %lld kB can be sent. Make it smaller, "
		       "or send a link.",
		       (long long)((input->files.bytes + 1023) / 1024),
		       (long long)(input->files.max_bytes / 1024));
	return true;
}

static bool is_file_unread(const struct gate_input *input, char *why, size_t size)
{
	if (!input->files.unread)
		return false;
	(void)snprintf(why, size, "Queued: the file is being looked at.");
	return true;
}

static const struct gate_rule rules[] = {
	{GATE_TOO_LATE, "E_TOO_LATE", 0, false, is_late},
	{GATE_NUMBER_CLASS, "E_NUMBER_CLASS", 0, false, is_untextable},
	{GATE_SUPPRESSED, "E_SUPPRESSED", KIND(GATE_STOP_CONFIRM) | KIND(GATE_HELP_ANSWER), false,
	 is_suppressed},
	{GATE_OVERTAKEN, "E_OVERTAKEN", ~KIND(GATE_STOP_CONFIRM), false, is_overtaken},
	{GATE_HOLD, "E_HOLD", AUTOMATIC | KIND(GATE_REPLY), false, is_held},
	{GATE_NO_FILES, "E_NO_MMS", 0, false, is_filed_in_vain},
	{GATE_FILE_TYPE, "E_FILE_TYPE", 0, false, is_file_untextable},
	{GATE_FILE_SIZE, "E_FILE_SIZE", 0, false, is_file_large},
	{GATE_EMPTY, "E_EMPTY", 0, false, is_empty},
	{GATE_TOO_LONG, "E_TOO_LONG", AUTOMATIC, false, is_too_long},
	{GATE_DUPLICATE, "E_DUP", 0, false, is_repeated},
	/* Last, because they only wait: what is refused for good is refused at once. */
	{GATE_PAUSED, "E_PAUSED", 0, true, is_paused},
	{GATE_FILE_UNREAD, "E_FILE_UNREAD", 0, true, is_file_unread},
};

#define RULES (sizeof(rules) / sizeof(rules[0]))

void gate_check(const struct gate_input *input, struct gate_ruling *ruling_out)
{
	for (size_t i = 0; i < RULES; i++) {
		const struct gate_rule *rule = &rules[i];

		if ((rule->exempt & KIND(input->kind)) ||
		    !rule->objects(input, ruling_out->why, sizeof(ruling_out->why)))
			continue;
		ruling_out->code = rule->code;
		ruling_out->wait = rule->wait;
		return;
	}
	*ruling_out = (struct gate_ruling){.code = GATE_ALLOW};
}

const char *gate_code_word(enum gate_code code)
{
	for (size_t i = 0; i < RULES; i++) {
		if (rules[i].code == code)
			return rules[i].word;
	}
	return "ALLOW";
}
