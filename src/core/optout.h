/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What an inbound text means for consent: stop, start, help, wrong number, or nothing.
 *
 * Two tiers. Tier 1 acts by itself (STOP, START, HELP); tier 2 only suggests (SUGGEST_STOP) and puts
 * a hold until a person decides. Pure: text in, verdict and the id of the rule that decided out.
 * Sources: 47 CFR 64.1200(a)(10), CTIA Messaging Principles 5.1.3, providers' keyword lists.
 */
#ifndef OPTOUT_H
#define OPTOUT_H

#include <stdbool.h>
#include <stddef.h>

enum optout_verdict {
	OPTOUT_NONE,
	OPTOUT_STOP,         /* suppress at once */
	OPTOUT_START,        /* consent given again */
	OPTOUT_HELP,         /* asks who we are */
	OPTOUT_SUGGEST_STOP, /* may be a stop: hold and ask a person */
	OPTOUT_WRONG_NUMBER, /* the number belongs to somebody else */
};

/* What is known about the conversation; any pointer may be NULL. Borrowed for the call. */
struct optout_context {
	const char *last_outbound; /* our last text to them: quotes of it are not their words */
	const char *first_name;    /* of the contact, to cut a signature */
	const char *last_name;
	bool opted_out; /* they are suppressed now, so a bare "yes" means START */
};

struct optout_result {
	enum optout_verdict verdict;
	const char *rule; /* static, never NULL, such as "A.exact" */
};

/* text may be any bytes, also invalid UTF-8 or with NULs; only the first 1,600 code points count. */
void optout_classify(const char *text, size_t len, const struct optout_context *context,
		     struct optout_result *result_out);

/* "stop" "start" "help" "suggest_stop" "wrong_number" "none" */
const char *optout_verdict_word(enum optout_verdict verdict);

/* Whether the whole text, with case and outer spaces ignored and nothing else forgiven, is one of
 * the words of a NULL-terminated list: how a provider matches its own keywords, and so whether it
 * has answered already. */
bool optout_is_bare_keyword(const char *text, const char *const *keywords);

#endif
