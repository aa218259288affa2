/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The order in which an inbound text is judged. Each rule looks at the same words and the first that
 * speaks decides: a keyword alone is final, HELP and START only count alone, then phrases that are
 * the whole message, phrases that cannot be mistaken anywhere, wrong numbers, and at last what only
 * suggests a stop. A substring or prefix test for "stop" was rejected: on ordinary chat it is wrong
 * far more often than right.
 */
#include "core/optout.h"

#include "base/utf8.h"
#include "core/optout_match.h"
#include "core/optout_normalise.h"
#include "core/optout_quotes.h"

#include <string.h>
#include <utf8proc.h>

enum {
	JOINED_MAX = 32,      /* longer than any keyword */
	SUBJECT_DISTANCE = 3, /* words in which "he" can still be who is to stop */
};

static bool decide(struct optout_result *result, enum optout_verdict verdict, const char *rule)
{
	result->verdict = verdict;
	result->rule = rule;
	return true;
}

static bool is_filler(const struct optout_text *text, size_t i)
{
	return optout_token_is(&text->tokens[i], W_FILLER);
}

/* The words from start to end without spaces; false where that is longer than any keyword. */
static bool join_words(const struct optout_text *text, size_t start, size_t end, bool leet,
		       char joined[JOINED_MAX])
{
	size_t len = 0;

	for (size_t i = start; i < end; i++) {
		const struct optout_token *token = &text->tokens[i];
		const char *word = text->words.buf + (leet ? token->leet_at : token->at);
		size_t n = strlen(word);

		if (len + n >= JOINED_MAX)
			return false;
		memcpy(joined + len, word, n);
		len += n;
	}
	joined[len] = '\0';
	return len > 0;
}

static bool joined_is(const struct optout_text *text, size_t start, size_t end, const char *list)
{
	char joined[JOINED_MAX];

	return join_words(text, start, end, false, joined) &&
	       optout_list_has(list, joined, strlen(joined));
}

static bool is_leet_keyword(const struct optout_text *text, size_t start, size_t end)
{
	char joined[JOINED_MAX];

	return join_words(text, start, end, true, joined) &&
	       optout_list_has(optout_stop_keywords, joined, strlen(joined));
}

static bool all_keywords(const struct optout_text *text, size_t start, size_t end)
{
	for (size_t i = start; i < end; i++)
		if (!optout_token_is(&text->tokens[i], W_KEYWORD))
			return false;
	return start < end;
}

/* Spanish: "no pares" asks to go on, "no, pare" does not. */
static bool is_turned_round(const struct optout_text *text, size_t start)
{
	const struct optout_token *before = start ? &text->tokens[start - 1] : NULL;

	return before && optout_token_is(&text->tokens[start], W_ES_KEYWORD) &&
	       optout_token_is(before, W_NO) && !before->ends && !before->comma;
}

static bool rule_keyword(const struct optout_text *text, struct optout_result *result)
{
	size_t start = 0;
	size_t end = text->n;

	if (joined_is(text, 0, end, optout_stop_keywords) || is_leet_keyword(text, 0, end))
		return decide(result, OPTOUT_STOP, "A.exact");
	if (joined_is(text, 0, end, optout_stop_typos))
		return decide(result, OPTOUT_STOP, "A.typo");
	while (start < end && is_filler(text, start))
		start++;
	while (end > start && is_filler(text, end - 1))
		end--;
	if (start == end || is_turned_round(text, start))
		return false;
	if (end == start + 1 && optout_token_is(&text->tokens[start], W_NEAR_KEYWORD))
		return decide(result, OPTOUT_STOP, "A.typo");
	if (all_keywords(text, start, end) || joined_is(text, start, end, optout_stop_keywords) ||
	    is_leet_keyword(text, start, end))
		return decide(result, OPTOUT_STOP, "A.core");
	return false;
}

static bool rule_help_or_start(const struct optout_text *text, bool opted_out,
			       struct optout_result *result)
{
	if (joined_is(text, 0, text->n, optout_help_keywords))
		return decide(result, OPTOUT_HELP, "H.exact");
	if (joined_is(text, 0, text->n, optout_start_keywords))
		return decide(result, OPTOUT_START, "S.exact");
	if (opted_out && joined_is(text, 0, text->n, optout_yes_keywords))
		return decide(result, OPTOUT_START, "S.yes");
	return false;
}

static bool rule_whole(const struct optout_text *text, struct optout_result *result)
{
	struct phrase_match match;

	for (size_t b = 0; b < PHRASE_BOOKS; b++) {
		if (!phrase_find_whole(b, text, &match) || is_turned_round(text, match.start))
			continue;
		for (size_t i = 0; i < text->n; i++)
			if (text->tokens[i].asks)
				return decide(result, OPTOUT_SUGGEST_STOP, "T2.question");
		return decide(result, OPTOUT_STOP, match.rule);
	}
	return false;
}

/* Words that are part of "don't stop", "opt out of the raffle" and the like say nothing further. */
static void raise_shields(struct optout_text *text)
{
	for (size_t b = 0; b < PHRASE_BOOKS; b++) {
		struct phrase_search search;
		struct phrase_match match;

		phrase_search_start(&search, b, PHRASES_SHIELDS, text);
		while (phrase_search_next(&search, &match)) {
			bool comma = false;

			for (size_t i = match.start; i + 1 < match.end; i++)
				comma |= text->tokens[i].comma;
			for (size_t i = match.start; !comma && i < match.end; i++) {
				memset(text->tokens[i].classes, 0, sizeof(text->tokens[i].classes));
				optout_set_class(&text->tokens[i], W_ANY);
			}
		}
	}
}

static bool has_in(const struct optout_text *text, size_t start, size_t end, enum word_class cls)
{
	for (size_t i = start; i < end; i++)
		if (optout_token_is(&text->tokens[i], cls))
			return true;
	return false;
}

static bool has_pair(const struct optout_text *text, size_t start, size_t end,
		     enum word_class first, enum word_class second)
{
	for (size_t i = start; i + 1 < end; i++)
		if (optout_token_is(&text->tokens[i], first) &&
		    optout_token_is(&text->tokens[i + 1], second))
			return true;
	return false;
}

/* "... and call me", "... email is fine": texts are not wanted, the rest may be. */
static bool asks_for_other_channel(const struct optout_text *text, size_t from)
{
	for (size_t i = from; i < text->n; i++)
		if ((optout_token_is(&text->tokens[i], W_CALL) ||
		     optout_token_is(&text->tokens[i], W_EMAIL)) &&
		    (i + 1 == text->n || optout_token_is(&text->tokens[i + 1], W_ME)))
			return true;
	return false;
}

/* Whether what surrounds an unmistakable phrase limits it: a question, a time, a place, another
 * channel, somebody else who is to stop. */
static bool is_guarded(const struct optout_text *text, const struct phrase_match *match)
{
	size_t start = match->start;
	size_t end = match->end;
	size_t near;

	while (start > 0 && !text->tokens[start - 1].ends)
		start--;
	while (end < text->n && !text->tokens[end - 1].ends)
		end++;
	near = match->start > start + SUBJECT_DISTANCE ? match->start - SUBJECT_DISTANCE : start;
	for (size_t i = start; i < end; i++)
		if (optout_token_is(&text->tokens[i], W_GUARD) &&
		    !(i >= match->start && i < match->end &&
		      optout_token_is(&text->tokens[i], W_DET)))
			return true;
	if (text->tokens[end - 1].asks || has_in(text, start, end, W_IF))
		return true;
	if (has_in(text, near, match->start, W_THEY) || has_in(text, start, end, W_LATE) ||
	    has_pair(text, start, end, W_AT, W_PLACE))
		return true;
	if (match->end < end && (optout_token_is(&text->tokens[match->end], W_BACK) ||
				 (optout_token_is(&text->tokens[match->end], W_FOR) &&
				  optout_token_is(&text->tokens[match->end - 1], W_LIST))))
		return true;
	return has_in(text, 0, text->n, W_INSTEAD) || asks_for_other_channel(text, match->end);
}

/* Returns whether there was a phrase without a guard; guarded_out tells of the others. */
static bool find_unguarded(const struct optout_text *text, const char **rule_out, bool *guarded_out)
{
	for (size_t b = 0; b < PHRASE_BOOKS; b++) {
		struct phrase_search search;
		struct phrase_match match;

		phrase_search_start(&search, b, PHRASES_ANYWHERE, text);
		while (phrase_search_next(&search, &match)) {
			if (!is_guarded(text, &match)) {
				*rule_out = match.rule;
				return true;
			}
			*guarded_out = true;
		}
	}
	return false;
}

static const char *find_in_books(const struct optout_text *text, enum phrase_list list)
{
	for (size_t b = 0; b < PHRASE_BOOKS; b++) {
		struct phrase_search search;
		struct phrase_match match;

		phrase_search_start(&search, b, list, text);
		if (phrase_search_next(&search, &match))
			return match.rule;
	}
	return NULL;
}

enum keyword_clause {
	KEYWORD_NONE,
	KEYWORD_LOOSE,    /* after a "please" */
	KEYWORD_SENTENCE, /* a sentence, or what stands between commas */
};

static enum keyword_clause clause_start(const struct optout_text *text, size_t i)
{
	bool please = i > 0 && optout_token_is(&text->tokens[i - 1], W_PLEASE);

	while (i > 0 && !text->tokens[i - 1].ends && !text->tokens[i - 1].comma &&
	       is_filler(text, i - 1))
		i--;
	if (i == 0 || text->tokens[i - 1].ends || text->tokens[i - 1].comma)
		return KEYWORD_SENTENCE;
	return please ? KEYWORD_LOOSE : KEYWORD_NONE;
}

static bool is_clause_end(const struct optout_text *text, size_t i)
{
	while (!text->tokens[i - 1].ends && !text->tokens[i - 1].comma && i < text->n &&
	       is_filler(text, i))
		i++;
	return (i == text->n || text->tokens[i - 1].ends || text->tokens[i - 1].comma) &&
	       !text->tokens[i - 1].asks;
}

/* A clause that is nothing but keywords: "STOP. I already voted", "wrong number please stop". Words
 * that are keywords only by rule (end, cancel) must be a first sentence of their own. */
static enum keyword_clause find_keyword_clause(const struct optout_text *text)
{
	for (size_t i = 0; i < text->n; i++) {
		enum keyword_clause clause = clause_start(text, i);
		size_t end = i;
		bool strong = false;

		for (; end < text->n && optout_token_is(&text->tokens[end], W_KEYWORD); end++)
			strong |= optout_token_is(&text->tokens[end], W_STRONG);
		if (end == i || !clause)
			continue;
		if (strong && is_clause_end(text, end))
			return clause;
		if (strong && i == 0 && end < text->n &&
		    optout_token_is(&text->tokens[end], W_CLAUSE))
			return KEYWORD_LOOSE;
		if (i == 0 && text->tokens[end - 1].ends && !text->tokens[end - 1].asks)
			return clause;
	}
	return KEYWORD_NONE;
}

static bool rule_sign(const struct optout_text *text, struct optout_result *result)
{
	bool alone = true;
	bool stop_sign = false;

	for (size_t i = 0; i < text->n; i++) {
		alone &= is_filler(text, i);
		stop_sign |= optout_token_is(&text->tokens[i], W_STOPSIGN);
	}
	if (stop_sign || text->signs & (OPTOUT_SIGN_FINGER | OPTOUT_SIGN_REFUSAL) ||
	    (alone && text->signs & OPTOUT_SIGN_HAND))
		return decide(result, OPTOUT_SUGGEST_STOP, "T2.sign");
	return false;
}

/* Everything but keywords and whole messages. */
static bool rule_inside(struct optout_text *text, struct optout_result *result)
{
	const char *raw_cue = find_in_books(text, PHRASES_RAW_CUES);
	const char *wrong;
	const char *cue;
	const char *hint;
	const char *rule;
	bool guarded = false;
	enum keyword_clause keyword;
	raise_shields(text);
	if (find_unguarded(text, &rule, &guarded))
		return decide(result, OPTOUT_STOP, rule);
	wrong = find_in_books(text, PHRASES_WRONG);
	cue = find_in_books(text, PHRASES_CUES);
	keyword = find_keyword_clause(text);
	if (wrong && (keyword || find_in_books(text, PHRASES_IF_WRONG)))
		return decide(result, OPTOUT_STOP, "A.with_wrong_number");
	if (keyword == KEYWORD_SENTENCE && (cue || raw_cue))
		return decide(result, OPTOUT_STOP, "A.with_cue");
	if (wrong)
		return decide(result, OPTOUT_WRONG_NUMBER, wrong);
	if (guarded)
		return decide(result, OPTOUT_SUGGEST_STOP, "T2.guarded");
	if (raw_cue || cue)
		return decide(result, OPTOUT_SUGGEST_STOP, raw_cue ? raw_cue : cue);
	if (keyword)
		return decide(result, OPTOUT_SUGGEST_STOP, "T2.stop_sentence");
	hint = find_in_books(text, PHRASES_HINTS);
	if (hint)
		return decide(result, OPTOUT_SUGGEST_STOP, hint);
	return rule_sign(text, result);
}

static bool judge(struct optout_text *text, const struct optout_context *context,
		  struct optout_result *result)
{
	return rule_keyword(text, result) || rule_help_or_start(text, context->opted_out, result) ||
	       rule_whole(text, result) || rule_inside(text, result);
}

void optout_classify(const char *text, size_t len, const struct optout_context *context,
		     struct optout_result *result_out)
{
	static const struct optout_context nothing;
	STRBUF_AUTO(plain);
	STRBUF_AUTO(ours);
	struct optout_text words;
	enum optout_reaction reaction;
	bool quoted;

	if (!context)
		context = &nothing;
	optout_plain(&plain, text, len);
	if (context->last_outbound)
		optout_plain(&ours, context->last_outbound, strlen(context->last_outbound));
	reaction = optout_cut_reaction(&plain);
	quoted = optout_cut_own(&plain, &ours);
	optout_cut_trailers(&plain);
	optout_text_read(&words, plain.buf, plain.len);
	optout_text_classify(&words, context);
	phrases_prepare(&words);
	if (!judge(&words, context, result_out)) {
		if (reaction == REACTION_STOP)
			(void)decide(result_out, OPTOUT_SUGGEST_STOP, "R.stop_sign");
		else
			(void)decide(result_out, OPTOUT_NONE,
				     reaction ? "R.reaction"
				     : quoted ? "R.quote"
					      : "none");
	}
	optout_text_release(&words);
}

const char *optout_verdict_word(enum optout_verdict verdict)
{
	switch (verdict) {
	case OPTOUT_NONE:
		return "none";
	case OPTOUT_STOP:
		return "stop";
	case OPTOUT_START:
		return "start";
	case OPTOUT_HELP:
		return "help";
	case OPTOUT_SUGGEST_STOP:
		return "suggest_stop";
	case OPTOUT_WRONG_NUMBER:
		return "wrong_number";
	}
	return "none";
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool equals_ignoring_case(const char *text, size_t len, const char *keyword)
{
	const char *end = text + len;
	const char *keyword_end = keyword + strlen(keyword);

	while (text < end && keyword < keyword_end) {
		int32_t a;
		int32_t b;

		text += utf8_decode(text, end, &a);
		keyword += utf8_decode(keyword, keyword_end, &b);
		if (utf8proc_tolower(a) != utf8proc_tolower(b))
			return false;
	}
	return text == end && keyword == keyword_end;
}

bool optout_is_bare_keyword(const char *text, const char *const *keywords)
{
	size_t len;

	while (is_space(*text))
		text++;
	len = strlen(text);
	while (len > 0 && is_space(text[len - 1]))
		len--;
	for (; *keywords; keywords++)
		if (equals_ignoring_case(text, len, *keywords))
			return true;
	return false;
}
