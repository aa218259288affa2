/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What can be asked to go wrong, by words or by Twilio's numbers for tests; see sandbox_phones.h.
 * https://www.twilio.com/docs/iam/test-credentials */
#include "base/xalloc.h"
#include "sms/sandbox_priv.h"

#include <ctype.h>
#include <string.h>

#define WORD_MAX 24
#define LATE_DEFAULT_S 5
#define LATE_MAX_S 3600

/* Whether word is the name and then only digits; *digits_out is where they begin. */
static bool has_prefix(const char *word, const char *name, const char **digits_out)
{
	size_t len = strlen(name);

	*digits_out = word + len;
	return strncmp(word, name, len) == 0 &&
	       strspn(*digits_out, "0123456789") == strlen(*digits_out);
}

static bool read_flag(const char *word, struct fault *fault)
{
	const struct {
		const char *word;
		bool *flag;
	} flags[] = {
		{"lostanswer", &fault->lost_answer}, {"noanswer", &fault->no_answer},
		{"duplicate", &fault->duplicate},    {"outoforder", &fault->out_of_order},
		{"noreport", &fault->no_report},
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (strcmp(flags[i].word, word) == 0) {
			*flags[i].flag = true;
			return true;
		}
	}
	return false;
}

static bool read_word(const char *word, struct fault *fault)
{
	const char *digits = "";

	if (has_prefix(word, "error", &digits) && strlen(digits) == 5) {
		(void)STR_COPY(fault->error, digits);
		return true;
	}
	if (has_prefix(word, "reject", &digits) && strlen(digits) == 5) {
		(void)STR_COPY(fault->reject_code, digits);
		return true;
	}
	if (has_prefix(word, "reject", &digits) && strlen(digits) == 3 && digits[0] > '2' &&
	    digits[0] < '6') {
		fault->reject_status = (int)strtol(digits, NULL, 10);
		return true;
	}
	if (has_prefix(word, "late", &digits) && strlen(digits) <= 4) {
		long s = digits[0] ? strtol(digits, NULL, 10) : LATE_DEFAULT_S;

		fault->late_s = s > LATE_MAX_S ? LATE_MAX_S : (int)s;
		return true;
	}
	return read_flag(word, fault);
}

int fault_read(const char *text, struct fault *fault)
{
	char word[WORD_MAX];
	int n = 0;

	while (*text) {
		size_t len = 0;
		size_t kept = 0;

		while (isalnum((unsigned char)text[len])) {
			if (kept + 1 < sizeof(word))
				word[kept++] = (char)tolower((unsigned char)text[len]);
			len++;
		}
		word[kept] = '\0';
		/* A word that was cut is a long one, and so no fault. */
		if (kept == len && kept > 0 && read_word(word, fault))
			n++;
		text += len ? len : 1;
	}
	return n;
}

struct magic {
	const char *number;
	const char *code;
};

static const struct magic magic_to[] = {
	{"+15005550001", "21211"}, {"+15005550002", "21612"}, {"+15005550003", "21408"},
	{"+15005550004", "21610"}, {"+15005550009", "21614"}, {NULL, NULL},
};

static const struct magic magic_from[] = {
	{"+15005550001", "21212"},
	{"+15005550007", "21606"},
	{"+15005550008", "21611"},
	{NULL, NULL},
};

static void find_magic(const struct magic *rows, const char *number, struct fault *fault)
{
	for (; rows->number; rows++) {
		if (strcmp(rows->number, number) == 0)
			(void)STR_COPY(fault->reject_code, rows->code);
	}
}

void fault_of_numbers(const char *from, const char *to, struct fault *fault)
{
	find_magic(magic_from, from, fault);
	find_magic(magic_to, to, fault);
}
