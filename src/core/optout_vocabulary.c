/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the words of a text are: several are read as one, and each gets its classes. */
#include "core/optout_normalise.h"

#include "base/xalloc.h"

#include <string.h>

enum {
	VOCABULARY_MAX = 4096,
	VOCABULARY_BUCKETS = 4096,
	MERGES_MAX = 256,
	MERGE_BUCKETS = 32 * 32,
	SPELT_MAX = 31,
	SIGNATURE_MAX = 3,
	NAME_WORDS_MAX = 8,
};

/* All words of all tables by their hash, and the merges by their first two letters. Built at first use and never changed: it holds nothing but
 * what the constant tables say, and the daemon has one thread. */
static struct vocabulary {
	bool built;
	uint16_t n;
	uint16_t head[VOCABULARY_BUCKETS]; /* 1 + entry, 0 for none */
	struct {
		const char *word; /* ends with a space or a NUL */
		uint16_t len;
		uint16_t cls;
		uint16_t next;
	} entries[VOCABULARY_MAX];
	uint16_t merges[MERGE_BUCKETS]; /* 1 + the first of the letters, 0 for none */
	uint16_t next_merge[MERGES_MAX];
} vocabulary;

static size_t word_length(const char *word)
{
	size_t len = 0;

	while ((unsigned char)word[len] > ' ')
		len++;
	return len;
}

static unsigned bucket_of(const char *word, size_t len)
{
	unsigned hash = 0;

	for (size_t i = 0; i < len; i++)
		hash = hash * 31 + (unsigned char)word[i];
	return (hash ^ hash >> 13) % VOCABULARY_BUCKETS;
}

static void vocabulary_add(const struct word_row *rows)
{
	for (; rows->words; rows++) {
		const char *word = rows->words;

		while (*word) {
			size_t len = word_length(word);
			unsigned bucket = bucket_of(word, len);

			if (vocabulary.n == VOCABULARY_MAX)
				BUG("the vocabulary is larger than %d words", VOCABULARY_MAX);
			vocabulary.entries[vocabulary.n].word = word;
			vocabulary.entries[vocabulary.n].len = (uint16_t)len;
			vocabulary.entries[vocabulary.n].cls = (uint16_t)rows->cls;
			vocabulary.entries[vocabulary.n].next = vocabulary.head[bucket];
			vocabulary.head[bucket] = ++vocabulary.n;
			word += len;
			word += *word == ' ';
		}
	}
}

/* A word of one letter is followed by a space in one and by a NUL in the other. */
static unsigned merge_bucket(const char *words)
{
	unsigned first = (unsigned char)words[0] % 32;

	return first * 32 + (first ? (unsigned char)words[1] % 32 : 0);
}

static void vocabulary_add_merges(void)
{
	size_t n = 0;

	while (optout_merges[n].words)
		n++;
	if (n > MERGES_MAX)
		BUG("more than %d merges", MERGES_MAX);
	/* From the last one: they are tried in the order of the table. */
	for (; n > 0; n--) {
		uint16_t *first = &vocabulary.merges[merge_bucket(optout_merges[n - 1].words)];

		vocabulary.next_merge[n - 1] = *first;
		*first = (uint16_t)n;
	}
}

static void vocabulary_build(void)
{
	vocabulary_add(optout_words_en);
	vocabulary_add(optout_words_es);
	vocabulary_add(optout_words_fr);
	vocabulary_add_merges();
	vocabulary.built = true;
}

/* How many tokens from i on are the words of a merge, 0 if they are not. */
static size_t merge_length(const struct optout_text *text, size_t i, const char *words)
{
	size_t n = 0;

	while (*words) {
		const char *word;

		if (i + n >= text->n || (n && text->tokens[i + n - 1].ends))
			return 0;
		for (word = optout_word(text, i + n); *word && *word == *words; word++)
			words++;
		if (*word || (*words && *words != ' '))
			return 0;
		n++;
		words += *words == ' ';
	}
	return n;
}

/* One token in the place of n: what stood after the last of them stands after it. */
static struct optout_token merge_tokens(struct optout_text *text, size_t i, size_t n,
					const char *word)
{
	struct optout_token merged = text->tokens[i + n - 1];

	merged.caps = merged.caps && text->tokens[i].caps;
	merged.title = false;
	merged.at = merged.leet_at = (uint32_t)text->words.len;
	strbuf_add(&text->words, word, strlen(word) + 1);
	return merged;
}

/* How many single letters from i on spell a keyword, at least three: "s t o p"; 0 if they do not.
 * The longest that does counts. */
static size_t spelt_length(const struct optout_text *text, size_t i, char word[SPELT_MAX + 1])
{
	size_t n = 0;

	while (i + n < text->n && n < SPELT_MAX) {
		const char *letter = text->words.buf + text->tokens[i + n].leet_at;

		if (!letter[0] || letter[1])
			break;
		word[n++] = letter[0];
	}
	while (n >= 3 && !optout_list_has(optout_stop_keywords, word, n))
		n--;
	word[n] = '\0';
	return n >= 3 ? n : 0;
}

static struct optout_token next_token(struct optout_text *text, size_t *i)
{
	char spelt[SPELT_MAX + 1];
	size_t n = spelt_length(text, *i, spelt);
	const char *merged = spelt;
	unsigned bucket = merge_bucket(optout_word(text, *i));
	struct optout_token token = text->tokens[*i];

	for (unsigned m = vocabulary.merges[bucket]; !n && m; m = vocabulary.next_merge[m - 1]) {
		n = merge_length(text, *i, optout_merges[m - 1].words);
		merged = optout_merges[m - 1].merged;
	}
	if (n)
		token = merge_tokens(text, *i, n, merged);
	*i += n ? n : 1;
	return token;
}

static void merge_words(struct optout_text *text)
{
	size_t kept = 0;

	for (size_t i = 0; i < text->n;)
		text->tokens[kept++] = next_token(text, &i);
	text->n = kept;
}

static void classify_word(struct optout_token *token, const char *word)
{
	size_t len = word_length(word);
	unsigned next;

	for (unsigned e = vocabulary.head[bucket_of(word, len)]; e; e = next) {
		next = vocabulary.entries[e - 1].next;
		if (vocabulary.entries[e - 1].len == len &&
		    memcmp(vocabulary.entries[e - 1].word, word, len) == 0)
			optout_set_class(token, (enum word_class)vocabulary.entries[e - 1].cls);
	}
}

static bool has_letter(const char *word)
{
	for (; *word; word++)
		if ((unsigned char)*word >= 'a')
			return true;
	return false;
}

static void classify_words(struct optout_text *text)
{
	for (size_t i = 0; i < text->n; i++) {
		struct optout_token *token = &text->tokens[i];

		classify_word(token, optout_word(text, i));
		if (token->leet_at != token->at && has_letter(optout_word(text, i)))
			classify_word(token, text->words.buf + token->leet_at);
	}
}

/* Whether the tables know more of the word than that it is a keyword alone. */
static bool has_meaning(const struct optout_token *token)
{
	bool meaning = false;

	for (size_t w = 0; w < OPTOUT_SET_WORDS; w++)
		meaning |= (token->classes[w] &
			    ~(w == W_KEYWORD / 64 ? UINT64_C(1) << (W_KEYWORD % 64) : 0)) != 0;
	return meaning;
}

/* A misspelt word means what the right one does, but is no keyword and no filler by that. */
static void classify_misspelling(struct optout_token *token, const char *word)
{
	static const enum word_class not_given[] = {W_KEYWORD, W_STRONG, W_FILLER};
	const char *right = optout_right_spelling(word, strlen(word));
	struct optout_token fresh = {0};

	if (!right)
		return;
	classify_word(&fresh, right);
	for (size_t i = 0; i < sizeof(not_given) / sizeof(not_given[0]); i++)
		fresh.classes[not_given[i] / 64] &= ~(UINT64_C(1) << (not_given[i] % 64));
	for (size_t w = 0; w < OPTOUT_SET_WORDS; w++)
		token->classes[w] |= fresh.classes[w];
	if (optout_list_has(optout_stop_keywords, right, strlen(right)))
		optout_set_class(token, W_NEAR_KEYWORD);
}

/* The classes that no table can give. */
static void classify_shape(struct optout_text *text)
{
	static const uint64_t none[OPTOUT_SET_WORDS];
	bool shouting = true;

	for (size_t i = 0; i < text->n; i++)
		shouting &= text->tokens[i].caps || !optout_word(text, i)[0] ||
			    !optout_word(text, i)[1];
	for (size_t i = 0; i < text->n; i++) {
		struct optout_token *token = &text->tokens[i];
		const char *word = optout_word(text, i);

		if (!has_meaning(token))
			classify_misspelling(token, word);
		if (optout_token_is(token, W_UNSUB))
			optout_set_class(token, W_KEYWORD);
		if (memcmp(token->classes, none, sizeof(none)) == 0)
			optout_set_class(token,
					 *word >= '0' && *word <= '9' ? W_NUMERAL : W_UNKNOWN);
		if (token->caps && !shouting && optout_token_is(token, W_STRONG))
			optout_set_class(token, W_SHOUTED);
		optout_set_class(token, W_ANY);
	}
}

static bool starts_sentence(const struct optout_text *text, size_t i)
{
	return i == 0 || text->tokens[i - 1].ends;
}

/* A capital makes a name of a word we do not know, unless a sentence starts with it or the writer
 * starts every word so. */
static void classify_titles(struct optout_text *text)
{
	size_t titles = 0;
	size_t small = 0;

	for (size_t i = 0; i < text->n; i++) {
		titles += text->tokens[i].title && !starts_sentence(text, i);
		small += !text->tokens[i].title && optout_word(text, i)[0] &&
			 optout_word(text, i)[1];
	}
	for (size_t i = 0; i < text->n && titles <= small; i++) {
		struct optout_token *token = &text->tokens[i];

		if (token->title && !starts_sentence(text, i) && optout_token_is(token, W_UNKNOWN))
			optout_set_class(token, W_NAME);
	}
}

static void classify_own_name(struct optout_text *text, const char *name)
{
	struct optout_text words;
	STRBUF_AUTO(plain);

	if (!name || !name[0])
		return;
	optout_plain(&plain, name, strlen(name));
	optout_text_read(&words, plain.buf, plain.len);
	for (size_t i = 0; i < text->n; i++)
		for (size_t k = 0; k < words.n && k < NAME_WORDS_MAX; k++)
			if (strcmp(optout_word(text, i), optout_word(&words, k)) == 0)
				optout_set_class(&text->tokens[i], W_NAME);
	optout_text_release(&words);
}

static bool may_be_name(const struct optout_token *token)
{
	return optout_token_is(token, W_NAME) ||
	       (token->title && optout_token_is(token, W_UNKNOWN));
}

/* A name that stands apart at the end is a signature. */
static void classify_signature(struct optout_text *text)
{
	size_t i = text->n;

	while (i > 0 && text->n - i < SIGNATURE_MAX && may_be_name(&text->tokens[i - 1]))
		i--;
	if (i == text->n || i == 0 || optout_token_is(&text->tokens[i - 1], W_TITLE))
		return;
	if (text->tokens[i - 1].ends || text->tokens[i - 1].comma)
		for (; i < text->n; i++)
			optout_set_class(&text->tokens[i], W_FILLER);
}

void optout_text_classify(struct optout_text *text, const struct optout_context *context)
{
	if (!vocabulary.built)
		vocabulary_build();
	merge_words(text);
	classify_words(text);
	classify_shape(text);
	classify_titles(text);
	classify_own_name(text, context->first_name);
	classify_own_name(text, context->last_name);
	classify_signature(text);
}
