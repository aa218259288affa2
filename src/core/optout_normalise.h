/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A text as opt-out detection reads it: a row of plain lower-case words, each with the classes it
 * belongs to and with what stood after it. Invisible characters, accents, look-alike letters, fancy
 * alphabets, emoji, trailers and quotes of our own texts are gone.
 */
#ifndef OPTOUT_NORMALISE_H
#define OPTOUT_NORMALISE_H

#include "base/strbuf.h"
#include "core/optout.h"
#include "core/optout_words.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	OPTOUT_CODE_POINTS_MAX = 1600,
	OPTOUT_TOKENS_MAX = 512, /* words beyond it are not read */
	OPTOUT_SET_WORDS = (W_COUNT + 63) / 64,
	OPTOUT_PHRASES_MAX = 512,
};

struct optout_token {
	uint32_t at;      /* of the word in optout_text.words, NUL-terminated */
	uint32_t leet_at; /* of the same with digits and signs read as letters (st0p, $top) */
	uint64_t classes[OPTOUT_SET_WORDS];
	bool caps;  /* all capitals, at least two */
	bool title; /* one capital, then small letters */
	bool comma; /* a comma, colon, dash or emoji follows */
	bool ends;  /* a sentence ends here */
	bool asks;  /* ... with a question mark */
};

/* Emoji that are no word of their own. */
enum optout_signs {
	OPTOUT_SIGN_HAND = 1,    /* raised hand: no, or "me!" */
	OPTOUT_SIGN_REFUSAL = 2, /* no entry, prohibited */
	OPTOUT_SIGN_FINGER = 4,
};

struct optout_text {
	struct strbuf words;
	struct optout_token *tokens;
	size_t n;
	size_t alloc;
	unsigned signs;                            /* of enum optout_signs */
	uint64_t present[OPTOUT_SET_WORDS];        /* the classes of all words */
	uint64_t phrases[OPTOUT_PHRASES_MAX / 64]; /* by number, those that it may hold */
};

/* Steps 1 to 6: valid UTF-8, at most OPTOUT_CODE_POINTS_MAX code points, compatibility forms,
 * accents and invisible characters gone, quotes and dashes made plain. Case stays. */
void optout_plain(struct strbuf *out, const char *text, size_t len);

/* Splits plain text into words. text need not be initialised; release it when done. */
void optout_text_read(struct optout_text *text, const char *plain, size_t len);
void optout_text_release(struct optout_text *text);

/* Reads several words as one where they mean one ("opt out"), and gives every word its classes.
 * context may not be NULL. */
void optout_text_classify(struct optout_text *text, const struct optout_context *context);

static inline const char *optout_word(const struct optout_text *text, size_t i)
{
	return text->words.buf + text->tokens[i].at;
}

static inline void optout_set_class(struct optout_token *token, enum word_class cls)
{
	token->classes[cls / 64] |= UINT64_C(1) << (cls % 64);
}

static inline bool optout_token_is(const struct optout_token *token, enum word_class cls)
{
	return token->classes[cls / 64] >> (cls % 64) & 1;
}

#endif
