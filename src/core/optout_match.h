/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Phrases of word classes and the machine that finds them. A phrase is a row of elements; each takes
 * one word of one of its classes, at most one, or any number. The machine follows all ways through a
 * phrase at once (a set of states in one integer), so there is no backtracking and no recursion, and
 * a match is at most PHRASE_SPAN_MAX words, so a text is read in linear time.
 */
#ifndef OPTOUT_MATCH_H
#define OPTOUT_MATCH_H

#include "core/optout_normalise.h"
#include "core/optout_words.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	PHRASE_ELEMENTS_MAX = 14,
	PHRASE_CLASSES_MAX = 12,
	PHRASE_SPAN_MAX = 24,
};

enum phrase_quantity {
	PHRASE_DONE, /* after the last element */
	PHRASE_ONE,
	PHRASE_OPTIONAL,
	PHRASE_REPEATED,    /* none or more */
	PHRASE_AT_SENTENCE, /* takes no word: a sentence starts here, but for fillers */
	PHRASE_AT_START,    /* takes no word: a sentence or what follows a comma starts here */
	PHRASE_AT_END,      /* takes no word: a sentence or clause ends here */
	PHRASE_AT_LAST,     /* takes no word: nothing but fillers follows in the text */
};

struct phrase_element {
	uint16_t quantity;
	uint16_t classes[PHRASE_CLASSES_MAX];
};

struct phrase {
	const char *rule;
	struct phrase_element elements[PHRASE_ELEMENTS_MAX];
};

/* clang-format off */
#define ONE(...) {PHRASE_ONE, {__VA_ARGS__}}
#define OPT(...) {PHRASE_OPTIONAL, {__VA_ARGS__}}
#define REP(...) {PHRASE_REPEATED, {__VA_ARGS__}}
#define SENTENCE {PHRASE_AT_SENTENCE, {W_NONE}}
#define START {PHRASE_AT_START, {W_NONE}}
#define END {PHRASE_AT_END, {W_NONE}}
#define LAST {PHRASE_AT_LAST, {W_NONE}}
#define GAP OPT(W_ANY)
/* clang-format on */

/* What a match means. */
enum phrase_list {
	PHRASES_WHOLE,    /* a stop if it is the whole message */
	PHRASES_RAW_CUES, /* suggest a stop; looked for before shields are raised */
	PHRASES_SHIELDS,  /* what these match, nothing below may match */
	PHRASES_ANYWHERE, /* a stop anywhere, unless it is guarded */
	PHRASES_WRONG,    /* wrong number */
	PHRASES_IF_WRONG, /* a stop where the number is wrong as well */
	PHRASES_CUES,     /* suggest a stop */
	PHRASES_HINTS,    /* as cues, but they add nothing to a keyword */
	PHRASE_LISTS,
};

/* The phrases of one language; each list ends with a NULL rule, and may be NULL itself. */
struct phrase_book {
	const struct phrase *lists[PHRASE_LISTS];
};

/* The parts of the English book that stand in another file. */
extern const struct phrase optout_raw_cues_en[];
extern const struct phrase optout_wrong_en[];
extern const struct phrase optout_if_wrong_en[];
extern const struct phrase optout_cues_en[];
extern const struct phrase optout_hints_en[];

extern const struct phrase_book optout_book_en;
extern const struct phrase_book optout_book_es;
extern const struct phrase_book optout_book_fr;

enum { PHRASE_BOOKS = 3 }; /* a book is told by its number, from 0 */

struct phrase_match {
	const char *rule;
	size_t start;
	size_t end; /* one after the last word */
};

/* What the searches have to know of a text; to be called when its words have their classes. They may
 * lose classes later, but not gain any. */
void phrases_prepare(struct optout_text *text);

/* The first phrase of a book's PHRASES_WHOLE that is the whole text but for fillers. */
bool phrase_find_whole(size_t book, const struct optout_text *text, struct phrase_match *match_out);

/* All matches within sentences: phrase by phrase, and for each from the left. */
struct phrase_search {
	const struct optout_text *text;
	size_t next; /* the number of the next phrase, and that after the last of the list */
	size_t end;
	const struct phrase *phrase; /* NULL: the next one is not looked for yet */
	size_t start;
};

void phrase_search_start(struct phrase_search *search, size_t book, enum phrase_list list,
			 const struct optout_text *text);
bool phrase_search_next(struct phrase_search *search, struct phrase_match *match_out);

#endif
