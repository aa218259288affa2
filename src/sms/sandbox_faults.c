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

/* What follows the name in word, if that is only digits or nothing; else NULL. */
static const char *digits_after(const char *word, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(word, name, len) != 0 || word[len + strspn(word + len, "0123456789")])
		return NULL;
	return word + len;
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
	const char *error = digits_after(word, "error");
	const char *reject = digits_after(word, "reject");
	const char *late = digits_after(word, "late");

	if (error && strlen(error) == 5) {
		(void)STR_COPY(fault->error, error);
	} else if (reject && strlen(reject) == 5) {
		(void)STR_COPY(fault->reject_code, reject);
	} else if (reject && strlen(reject) == 3 && reject[0] > '2' && reject[0] < '6') {
		fault->reject_status = (int)strtol(reject, NULL, 10);
	} else if (late && strlen(late) <= 4) {
		long s = late[0] ? strtol(late, NULL, 10) : LATE_DEFAULT_S;

		fault->late_s = s > LATE_MAX_S ? LATE_MAX_S : (int)s;
	} else {
		return read_flag(word, fault);
	}
	return true;
}

int fault_read(const char *text, struct fault *fault)
{
	char word[WORD_MAX] = "";
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
