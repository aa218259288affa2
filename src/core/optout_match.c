/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The phrase machine; see optout_match.h for how it works. */
#include "core/optout_match.h"

#include "base/xalloc.h"

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

/* The phrases of all books, numbered, and which of them a word of a class may be the last required
 * word of: few texts hold a word for more than a few. Built at first use and never changed: it holds
 * nothing but what the constant tables say, and the daemon has one thread. */
static struct phrase_index {
	bool built;
	uint16_t n;
	uint16_t first[PHRASE_BOOKS][PHRASE_LISTS + 1];
	const struct phrase *phrases[OPTOUT_PHRASES_MAX];
	uint64_t of_class[W_COUNT][OPTOUT_PHRASES_MAX / 64];
} index_of_phrases;

static void index_phrase(struct phrase_index *index, const struct phrase *phrase)
{
	const struct phrase_element *element = NULL;
	size_t n = index->n++;

	if (n == OPTOUT_PHRASES_MAX)
		BUG("more than %d phrases", OPTOUT_PHRASES_MAX);
	index->phrases[n] = phrase;
	for (size_t s = 0; s < PHRASE_ELEMENTS_MAX; s++)
		if (phrase->elements[s].quantity == PHRASE_ONE)
			element = &phrase->elements[s];
	if (!element)
		BUG("a phrase of %s may be empty", phrase->rule);
	for (size_t c = 0; c < PHRASE_CLASSES_MAX && element->classes[c]; c++)
		index->of_class[element->classes[c]][n / 64] |= UINT64_C(1) << (n % 64);
}

static const struct phrase_index *phrase_index(void)
{
	static const struct phrase_book *const books[PHRASE_BOOKS] = {
		&optout_book_en, &optout_book_es, &optout_book_fr};
	struct phrase_index *index = &index_of_phrases;

	for (size_t b = 0; b < PHRASE_BOOKS && !index->built; b++) {
		for (size_t list = 0; list < PHRASE_LISTS; list++) {
			const struct phrase *phrase = books[b]->lists[list];

			index->first[b][list] = index->n;
			for (; phrase && phrase->rule; phrase++)
				index_phrase(index, phrase);
		}
		index->first[b][PHRASE_LISTS] = index->n;
	}
	index->built = true;
	return index;
}

static void add_phrases(struct optout_text *text, const uint64_t *phrases)
{
	for (size_t w = 0; w < OPTOUT_PHRASES_MAX / 64; w++)
		text->phrases[w] |= phrases[w];
}

void phrases_prepare(struct optout_text *text)
{
	const struct phrase_index *index = phrase_index();

	for (size_t w = 0; w < OPTOUT_SET_WORDS; w++) {
		for (size_t i = 0; i < text->n; i++)
			text->present[w] |= text->tokens[i].classes[w];
		for (uint64_t left = text->present[w]; left; left &= left - 1)
			add_phrases(text, index->of_class[w * 64 + (size_t)__builtin_ctzll(left)]);
	}
}

/* Whether there is a word for every one that the phrase must have. */
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

/* The next phrase that the text may hold, NULL after the last. */
static const struct phrase *next_phrase(struct phrase_search *search)
{
	while (search->next < search->end) {
		size_t at = search->next;
		uint64_t left = search->text->phrases[at / 64] >> (at % 64);
		const struct phrase *phrase;

		if (!left) {
			search->next = (at / 64 + 1) * 64;
			continue;
		}
		at += (size_t)__builtin_ctzll(left);
		search->next = at + 1;
		phrase = index_of_phrases.phrases[at];
		if (at < search->end && may_match(phrase, search->text->present))
			return phrase;
	}
	return NULL;
}

bool phrase_find_whole(size_t book, const struct optout_text *text, struct phrase_match *match_out)
{
	struct phrase_search search;
	const struct phrase *phrase;

	phrase_search_start(&search, book, PHRASES_WHOLE, text);
	while ((phrase = next_phrase(&search))) {
		for (size_t start = 0; start < text->n; start++) {
			size_t end = match_from(phrase, text, start, true);

			if (end > start && is_last(text, end)) {
				*match_out = (struct phrase_match){phrase->rule, start, end};
				return true;
			}
			if (!is_filler(text, start))
				break;
		}
	}
	return false;
}

void phrase_search_start(struct phrase_search *search, size_t book, enum phrase_list list,
			 const struct optout_text *text)
{
	const uint16_t *first = phrase_index()->first[book];

	*search = (struct phrase_search){.text = text, .next = first[list], .end = first[list + 1]};
}

bool phrase_search_next(struct phrase_search *search, struct phrase_match *match_out)
{
	for (;;) {
		if (!search->phrase) {
			search->phrase = next_phrase(search);
			search->start = 0;
		}
		if (!search->phrase)
			return false;
		while (search->start < search->text->n) {
			size_t start = search->start++;
			size_t end = match_from(search->phrase, search->text, start, false);

			if (end > start) {
				*match_out =
					(struct phrase_match){search->phrase->rule, start, end};
				return true;
			}
		}
		search->phrase = NULL;
	}
}
