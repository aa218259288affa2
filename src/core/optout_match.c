/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The phrase machine; see optout_match.h for how it works. */
#include "core/optout_match.h"

static bool is_filler(const struct optout_text *text, size_t i)
{
	return optout_token_is(&text->tokens[i], W_FILLER);
}

/* What may stand before a beginning. */
static bool is_opener(const struct optout_text *text, size_t i)
{
	return is_filler(text, i) || optout_token_is(&text->tokens[i], W_JOKE);
}

static bool is_start(const struct optout_text *text, size_t i)
{
	while (i > 0 && !text->tokens[i - 1].ends && !text->tokens[i - 1].comma &&
	       is_opener(text, i - 1))
		i--;
	return i == 0 || text->tokens[i - 1].ends || text->tokens[i - 1].comma;
}

static bool is_sentence(const struct optout_text *text, size_t i)
{
	while (i > 0 && !text->tokens[i - 1].ends && is_opener(text, i - 1))
		i--;
	return i == 0 || text->tokens[i - 1].ends;
}

static bool is_last(const struct optout_text *text, size_t i)
{
	while (i < text->n && is_filler(text, i))
		i++;
	return i == text->n;
}

static bool is_end(const struct optout_text *text, size_t i)
{
	if (i == text->n || optout_token_is(&text->tokens[i], W_CLAUSE) ||
	    optout_token_is(&text->tokens[i], W_AGAIN))
		return true;
	return (i > 0 && (text->tokens[i - 1].ends || text->tokens[i - 1].comma)) ||
	       is_last(text, i);
}

/* Whether an element can be passed at word i without taking it. */
static bool is_passable(const struct phrase_element *element, const struct optout_text *text,
			size_t i)
{
	switch ((enum phrase_quantity)element->quantity) {
	case PHRASE_DONE:
	case PHRASE_ONE:
		return false;
	case PHRASE_OPTIONAL:
	case PHRASE_REPEATED:
		return true;
	case PHRASE_AT_SENTENCE:
		return is_sentence(text, i);
	case PHRASE_AT_START:
		return is_start(text, i);
	case PHRASE_AT_END:
		return is_end(text, i);
	case PHRASE_AT_LAST:
		return is_last(text, i);
	}
	return false;
}

static bool takes(const struct phrase_element *element, const struct optout_token *token)
{
	for (size_t c = 0; c < PHRASE_CLASSES_MAX && element->classes[c]; c++)
		if (optout_token_is(token, (enum word_class)element->classes[c]))
			return true;
	return false;
}

static unsigned pass_on(const struct phrase *phrase, const struct optout_text *text,
			unsigned states, size_t i)
{
	for (unsigned s = 0; s < PHRASE_ELEMENTS_MAX; s++)
		if (states >> s & 1 && is_passable(&phrase->elements[s], text, i))
			states |= 2U << s;
	return states;
}

static unsigned take_word(const struct phrase *phrase, const struct optout_token *token,
			  unsigned states)
{
	unsigned next = 0;

	for (unsigned s = 0; s < PHRASE_ELEMENTS_MAX; s++) {
		const struct phrase_element *element = &phrase->elements[s];

		if (states >> s & 1 && takes(element, token))
			next |= element->quantity == PHRASE_REPEATED ? 1U << s : 2U << s;
	}
	return next;
}

static bool is_accepting(const struct phrase *phrase, unsigned states)
{
	for (unsigned s = 0; s < PHRASE_ELEMENTS_MAX; s++)
		if (states >> s & 1 && phrase->elements[s].quantity == PHRASE_DONE)
			return true;
	return states >> PHRASE_ELEMENTS_MAX & 1;
}

/* Where the longest match from start on ends; start where there is none. across: also over the
 * ends of sentences. */
static size_t match_from(const struct phrase *phrase, const struct optout_text *text, size_t start,
			 bool across)
{
	unsigned states = 1;
	size_t longest = start;

	for (size_t i = start; states; i++) {
		const struct optout_token *token = &text->tokens[i];

		states = pass_on(phrase, text, states, i);
		if (i > start && is_accepting(phrase, states))
			longest = i;
		if (i == text->n || i - start == PHRASE_SPAN_MAX)
			break;
		if (i > start && text->tokens[i - 1].ends && !across)
			break;
		states = take_word(phrase, token, states) |
			 (i > start && optout_token_is(token, W_NOISE) ? states : 0);
	}
	return longest;
}

/* A quick no: the first word that the phrase must have is nowhere in the text. */
static bool may_match(const struct phrase *phrase, const uint64_t *present)
{
	for (size_t s = 0; s < PHRASE_ELEMENTS_MAX; s++) {
		const struct phrase_element *element = &phrase->elements[s];
		bool found = false;

		if (element->quantity != PHRASE_ONE)
			continue;
		for (size_t c = 0; c < PHRASE_CLASSES_MAX && element->classes[c]; c++)
			found |=
				present[element->classes[c] / 64] >> (element->classes[c] % 64) & 1;
		if (!found)
			return false;
	}
	return true;
}

static void collect_classes(const struct optout_text *text, uint64_t *present)
{
	for (size_t w = 0; w < OPTOUT_SET_WORDS; w++) {
		present[w] = 0;
		for (size_t i = 0; i < text->n; i++)
			present[w] |= text->tokens[i].classes[w];
	}
}

bool phrase_find_whole(const struct phrase *phrases, const struct optout_text *text,
		       struct phrase_match *match_out)
{
	uint64_t present[OPTOUT_SET_WORDS];

	collect_classes(text, present);
	for (; phrases->rule; phrases++) {
		if (!may_match(phrases, present))
			continue;
		for (size_t start = 0; start < text->n; start++) {
			size_t end = match_from(phrases, text, start, true);

			if (end > start && is_last(text, end)) {
				*match_out = (struct phrase_match){phrases->rule, start, end};
				return true;
			}
			if (!is_filler(text, start))
				break;
		}
	}
	return false;
}

void phrase_search_start(struct phrase_search *search, const struct phrase *phrases,
			 const struct optout_text *text)
{
	search->phrase = phrases;
	search->text = text;
	search->start = 0;
	collect_classes(text, search->present);
}

bool phrase_search_next(struct phrase_search *search, struct phrase_match *match_out)
{
	for (; search->phrase && search->phrase->rule; search->phrase++, search->start = 0) {
		if (!may_match(search->phrase, search->present))
			continue;
		while (search->start < search->text->n) {
			size_t start = search->start++;
			size_t end = match_from(search->phrase, search->text, start, false);

			if (end > start) {
				*match_out =
					(struct phrase_match){search->phrase->rule, start, end};
				return true;
			}
		}
	}
	return false;
}
