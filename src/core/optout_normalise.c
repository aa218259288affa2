/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Normalisation for opt-out detection: utf8proc does the Unicode part in one call, then one pass
 * over the code points makes words, and one pass over the vocabulary gives them their classes.
 *
 * The vocabulary is walked once for each text, with the words of the text in a small hash table,
 * and not the other way round: so it can stay a readable constant without an index to build.
 */
#include "core/optout_normalise.h"

#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utf8proc.h>

struct look_alike {
	int32_t cp;
	char letter;
};

/* Letters of other alphabets, and small capitals, that pass for Latin ones. Sorted. */
static const struct look_alike look_alikes[] = {
	{0x00D8, 'o'}, {0x00F8, 'o'}, {0x0110, 'd'}, {0x0111, 'd'}, {0x0131, 'i'}, {0x0141, 'l'},
	{0x0142, 'l'}, {0x0251, 'a'}, {0x0261, 'g'}, {0x0262, 'g'}, {0x026A, 'i'}, {0x0274, 'n'},
	{0x0280, 'r'}, {0x028F, 'y'}, {0x0299, 'b'}, {0x029C, 'h'}, {0x029F, 'l'}, {0x0391, 'a'},
	{0x0392, 'b'}, {0x0395, 'e'}, {0x0396, 'z'}, {0x0397, 'h'}, {0x0399, 'i'}, {0x039A, 'k'},
	{0x039C, 'm'}, {0x039D, 'n'}, {0x039F, 'o'}, {0x03A1, 'p'}, {0x03A4, 't'}, {0x03A5, 'y'},
	{0x03A7, 'x'}, {0x03B1, 'a'}, {0x03B2, 'b'}, {0x03B3, 'y'}, {0x03B5, 'e'}, {0x03B7, 'n'},
	{0x03B9, 'i'}, {0x03BA, 'k'}, {0x03BD, 'v'}, {0x03BF, 'o'}, {0x03C1, 'p'}, {0x03C4, 't'},
	{0x03C5, 'u'}, {0x03C7, 'x'}, {0x03C9, 'w'}, {0x0405, 's'}, {0x0406, 'i'}, {0x0408, 'j'},
	{0x0410, 'a'}, {0x0412, 'b'}, {0x0415, 'e'}, {0x041A, 'k'}, {0x041C, 'm'}, {0x041D, 'h'},
	{0x041E, 'o'}, {0x0420, 'p'}, {0x0421, 'c'}, {0x0422, 't'}, {0x0423, 'y'}, {0x0425, 'x'},
	{0x0430, 'a'}, {0x0432, 'b'}, {0x0435, 'e'}, {0x043A, 'k'}, {0x043C, 'm'}, {0x043D, 'h'},
	{0x043E, 'o'}, {0x0440, 'p'}, {0x0441, 'c'}, {0x0442, 't'}, {0x0443, 'y'}, {0x0445, 'x'},
	{0x0455, 's'}, {0x0456, 'i'}, {0x0458, 'j'}, {0x04BA, 'h'}, {0x04BB, 'h'}, {0x04C0, 'l'},
	{0x04CF, 'l'}, {0x0500, 'd'}, {0x0501, 'd'}, {0x051A, 'q'}, {0x051B, 'q'}, {0x051C, 'w'},
	{0x051D, 'w'}, {0x054D, 'u'}, {0x054F, 's'}, {0x0555, 'o'}, {0x0570, 'h'}, {0x0578, 'n'},
	{0x057D, 'u'}, {0x0585, 'o'}, {0x13A0, 'd'}, {0x13A1, 'r'}, {0x13A2, 't'}, {0x13AA, 'a'},
	{0x13AB, 'j'}, {0x13AC, 'e'}, {0x13B3, 'w'}, {0x13B7, 'm'}, {0x13BB, 'h'}, {0x13BE, 'o'},
	{0x13C3, 'z'}, {0x13D9, 'v'}, {0x13DA, 's'}, {0x13DE, 'l'}, {0x13DF, 'c'}, {0x13E2, 'p'},
	{0x1D00, 'a'}, {0x1D04, 'c'}, {0x1D05, 'd'}, {0x1D07, 'e'}, {0x1D0A, 'j'}, {0x1D0B, 'k'},
	{0x1D0D, 'm'}, {0x1D0F, 'o'}, {0x1D18, 'p'}, {0x1D1B, 't'}, {0x1D1C, 'u'}, {0x1D20, 'v'},
	{0x1D21, 'w'}, {0x1D22, 'z'}, {0xA4D1, 'p'}, {0xA4D4, 't'}, {0xA4E2, 's'}, {0xA4F3, 'o'},
	{0xA730, 'f'}, {0xA731, 's'},
};

/* Letter emoji, which have no compatibility form. */
static const int32_t letter_emoji[] = {0x1F150, 0x1F170, 0x1F1E6};
#define REGIONAL_INDICATOR_A 0x1F1E6

static const struct {
	int32_t cp;
	enum optout_signs sign;
} signs[] = {
	{0x270B, OPTOUT_SIGN_HAND},
	{0x26D4, OPTOUT_SIGN_REFUSAL},
	{0x1F6AB, OPTOUT_SIGN_REFUSAL},
	{0x1F595, OPTOUT_SIGN_FINGER},
};
#define STOP_SIGN 0x1F6D1

/* What an apostrophe cuts off in French; elsewhere it is simply dropped. */
static const char elisions[] = "c d j l m n s t qu jusqu";

void optout_plain(struct strbuf *out, const char *text, size_t len)
{
	STRBUF_AUTO(clean);
	utf8proc_uint8_t *mapped = NULL;
	utf8proc_ssize_t n;

	(void)utf8_clean(&clean, text, len, OPTOUT_CODE_POINTS_MAX);
	n = utf8proc_map((const utf8proc_uint8_t *)clean.buf, (utf8proc_ssize_t)clean.len, &mapped,
			 UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_IGNORE |
				 UTF8PROC_STRIPMARK | UTF8PROC_LUMP);
	if (n > 0)
		strbuf_add(out, mapped, (size_t)n);
	free(mapped);
}

static char look_alike_of(int32_t cp)
{
	size_t low = 0;
	size_t high = sizeof(look_alikes) / sizeof(look_alikes[0]);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (look_alikes[middle].cp == cp)
			return look_alikes[middle].letter;
		if (look_alikes[middle].cp < cp)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t i = 0; i < sizeof(letter_emoji) / sizeof(letter_emoji[0]); i++)
		if (cp >= letter_emoji[i] && cp < letter_emoji[i] + 26)
			return (char)('a' + (cp - letter_emoji[i]));
	return '\0';
}

static char leet_of(int32_t cp)
{
	static const char from[] = "01345$@";
	static const char to[] = "oleassa";
	const char *at = cp > 0 && cp < 0x80 ? strchr(from, cp) : NULL;

	return at ? to[at - from] : '\0';
}

static bool is_word_code_point(int32_t cp)
{
	utf8proc_category_t category = utf8proc_category(cp);

	return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
	       category == UTF8PROC_CATEGORY_MC ||
	       (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO);
}

/* The word being read: as it stands, and with digits, signs and look-alikes read as letters. */
struct reader {
	struct optout_text *text;
	struct strbuf word;
	struct strbuf leet;
	size_t upper;
	size_t lower;
	bool foreign;  /* holds a look-alike */
	bool regional; /* holds a regional indicator: most likely a flag */
	bool is_leet;  /* leet differs from word */
};

static bool is_ascii(const struct strbuf *s)
{
	for (size_t i = 0; i < s->len; i++)
		if ((unsigned char)s->buf[i] >= 0x80)
			return false;
	return true;
}

/* Three or more of one letter become one: "stoooop". Two stay: "all". */
static void squeeze(struct strbuf *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->len;) {
		size_t run = 1;

		while (i + run < s->len && s->buf[i + run] == s->buf[i])
			run++;
		for (size_t k = 0; k < (run == 2 ? 2 : 1); k++)
			s->buf[kept++] = s->buf[i];
		i += run;
	}
	strbuf_truncate(s, kept);
}

static uint32_t keep_word(struct optout_text *text, const struct strbuf *word)
{
	uint32_t at = (uint32_t)text->words.len;

	strbuf_add(&text->words, word->buf, word->len + 1);
	return at;
}

static void add_token(struct reader *r)
{
	struct optout_text *text = r->text;
	struct optout_token *token;

	if (text->n == OPTOUT_TOKENS_MAX)
		return;
	token = &text->tokens[text->n++];
	*token = (struct optout_token){
		.caps = r->upper >= 2 && !r->lower,
		.title = r->upper == 1 && r->lower,
	};
	token->at = keep_word(text, &r->word);
	token->leet_at = r->is_leet ? keep_word(text, &r->leet) : token->at;
}

static void end_word(struct reader *r)
{
	bool keep = r->word.len || r->is_leet;

	while (r->word.len && r->word.buf[r->word.len - 1] == '*')
		strbuf_truncate(&r->word, r->word.len - 1);
	squeeze(&r->word);
	squeeze(&r->leet);
	if (r->foreign && is_ascii(&r->leet)) {
		strbuf_reset(&r->word);
		strbuf_add(&r->word, r->leet.buf, r->leet.len);
	}
	if (r->regional && !optout_list_has(optout_stop_keywords, r->word.buf, r->word.len))
		keep = false;
	if (keep)
		add_token(r);
	strbuf_reset(&r->word);
	strbuf_reset(&r->leet);
	r->upper = r->lower = 0;
	r->foreign = r->regional = r->is_leet = false;
}

static void add_literal(struct reader *r, const char *word)
{
	end_word(r);
	strbuf_adds(&r->word, word);
	strbuf_adds(&r->leet, word);
	end_word(r);
}

static void add_letter(struct reader *r, int32_t cp)
{
	char look = look_alike_of(cp);
	char leet = leet_of(cp);
	int32_t low = utf8proc_tolower(cp);

	if (utf8proc_category(cp) == UTF8PROC_CATEGORY_LU)
		r->upper++;
	else
		r->lower++;
	r->foreign |= look != '\0';
	r->regional |= cp >= REGIONAL_INDICATOR_A && cp < REGIONAL_INDICATOR_A + 26;
	r->is_leet |= leet != '\0';
	utf8_encode(&r->word, low);
	if (look || leet)
		strbuf_addc(&r->leet, look ? look : leet);
	else
		utf8_encode(&r->leet, low);
}

/* An emoji or another symbol. */
static void read_symbol(struct reader *r, int32_t cp)
{
	struct optout_text *text = r->text;

	end_word(r);
	if (text->n)
		text->tokens[text->n - 1].comma = true;
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (signs[i].cp == cp)
			text->signs |= signs[i].sign;
	if (cp == STOP_SIGN) {
		add_literal(r, "stop");
		if (text->n)
			text->tokens[text->n - 1].classes[W_STOPSIGN / 64] |= UINT64_C(1)
									      << (W_STOPSIGN % 64);
	}
}

static bool is_elision(const struct strbuf *word, int32_t next)
{
	return next > 0 && next < 0x80 && strchr("aeiouyhAEIOUYH", next) &&
	       optout_list_has(elisions, word->buf, word->len);
}

/* Punctuation ends the word, and some of it ends more. */
static void read_punctuation(struct reader *r, int32_t cp, int32_t next)
{
	struct optout_token *last;

	if (cp == '\'' && r->word.len && is_word_code_point(next)) {
		if (is_elision(&r->word, next))
			end_word(r);
		return;
	}
	if (cp == '*' && r->word.len) {
		strbuf_addc(&r->word, '*');
		r->is_leet = true;
		return;
	}
	if ((cp == '$' || cp == '@') && (r->word.len || is_word_code_point(next))) {
		strbuf_addc(&r->leet, leet_of(cp));
		r->is_leet = true;
		return;
	}
	end_word(r);
	if (cp == '&')
		add_literal(r, "and");
	if (cp == '#' && !is_word_code_point(next))
		add_literal(r, "number");
	if (!r->text->n)
		return;
	last = &r->text->tokens[r->text->n - 1];
	if (cp > 0 && cp < 0x80 && strchr(".!?;\n", cp))
		last->ends = true;
	if (cp == '?')
		last->asks = true;
	if (cp > 0 && cp < 0x80 && strchr(",:()\"/", cp))
		last->comma = true;
	if (cp == '-' && next == ' ')
		last->comma = true;
}

/* Whether an address of the web stands at p; what it is made of are no words. */
static bool is_link(const char *p, const char *end)
{
	static const char *const starts[] = {"http://", "https://", "www."};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		size_t len = strlen(starts[i]);

		if ((size_t)(end - p) >= len && strncasecmp(p, starts[i], len) == 0)
			return true;
	}
	return false;
}

static const char *skip_link(const char *p, const char *end)
{
	while (p < end && *p != ' ' && *p != '\n')
		p++;
	return p;
}

static void read_words(struct optout_text *text, const char *plain, size_t len)
{
	struct reader r = {.text = text};
	const char *end = plain + len;

	strbuf_init(&r.word);
	strbuf_init(&r.leet);
	while (plain < end) {
		int32_t cp;
		int32_t next = 0;

		if (!r.word.len && is_link(plain, end)) {
			plain = skip_link(plain, end);
			continue;
		}
		plain += utf8_decode(plain, end, &cp);
		if (plain < end)
			(void)utf8_decode(plain, end, &next);
		if (is_word_code_point(cp) || look_alike_of(cp))
			add_letter(&r, cp);
		else if (utf8proc_category(cp) == UTF8PROC_CATEGORY_SO)
			read_symbol(&r, cp);
		else
			read_punctuation(&r, cp, next);
	}
	end_word(&r);
	strbuf_release(&r.word);
	strbuf_release(&r.leet);
}

const char *optout_word(const struct optout_text *text, size_t i)
{
	return text->words.buf + text->tokens[i].at;
}

/* How many tokens from i on are the words of a merge, 0 if they are not. */
static size_t merge_length(const struct optout_text *text, size_t i, const char *words)
{
	size_t n = 0;

	while (*words) {
		size_t len = strcspn(words, " ");
		const char *word;

		if (i + n >= text->n || (n && text->tokens[i + n - 1].ends))
			return 0;
		word = optout_word(text, i + n);
		if (strncmp(word, words, len) != 0 || word[len])
			return 0;
		n++;
		words += len;
		words += *words == ' ';
	}
	return n;
}

static void replace_tokens(struct optout_text *text, size_t i, size_t n, const char *word)
{
	struct optout_token merged = text->tokens[i + n - 1];

	merged.caps = merged.caps && text->tokens[i].caps;
	merged.title = false;
	merged.at = merged.leet_at = (uint32_t)text->words.len;
	strbuf_add(&text->words, word, strlen(word) + 1);
	text->tokens[i] = merged;
	for (size_t k = i + n; k < text->n; k++)
		text->tokens[k - n + 1] = text->tokens[k];
	text->n -= n - 1;
}

/* A run of at least three single letters is a word spelt out, if it is a keyword: "s t o p". */
static void join_spelt_word(struct optout_text *text, size_t i)
{
	char word[32];
	size_t n = 0;

	while (i + n < text->n && n < sizeof(word) - 1) {
		const char *letter = text->words.buf + text->tokens[i + n].leet_at;

		if (!letter[0] || letter[1])
			break;
		word[n++] = letter[0];
	}
	word[n] = '\0';
	if (n >= 3 && optout_list_has(optout_stop_keywords, word, n))
		replace_tokens(text, i, n, word);
}

static void merge_words(struct optout_text *text)
{
	for (size_t i = 0; i < text->n; i++) {
		join_spelt_word(text, i);
		for (const struct word_merge *m = optout_merges; m->words; m++) {
			size_t n = merge_length(text, i, m->words);

			if (n) {
				replace_tokens(text, i, n, m->merged);
				break;
			}
		}
	}
}

#define BUCKETS 256

/* The words of the text by a cheap hash, chained through next. */
struct word_index {
	uint16_t head[BUCKETS]; /* 1 + entry, 0 for none */
	struct {
		const char *word;
		uint16_t len;
		uint16_t token;
		uint16_t next;
	} entries[2 * OPTOUT_TOKENS_MAX];
	uint16_t n;
};

static unsigned bucket_of(const char *word, size_t len)
{
	return ((unsigned char)word[0] * 7U + (unsigned char)word[len - 1] * 31U +
		(unsigned char)word[len / 2] * 3U + (unsigned)len) %
	       BUCKETS;
}

static void index_add(struct word_index *index, const char *word, size_t token)
{
	size_t len = strlen(word);
	unsigned bucket;

	if (!len || len > UINT16_MAX)
		return;
	bucket = bucket_of(word, len);
	index->entries[index->n].word = word;
	index->entries[index->n].len = (uint16_t)len;
	index->entries[index->n].token = (uint16_t)token;
	index->entries[index->n].next = index->head[bucket];
	index->head[bucket] = ++index->n;
}

static void classify_rows(struct optout_text *text, const struct word_index *index,
			  const struct word_row *rows)
{
	for (; rows->words; rows++) {
		for (const char *word = rows->words; *word;) {
			size_t len = 1;
			unsigned e;

			while (word[len] && word[len] != ' ')
				len++;
			for (e = index->head[bucket_of(word, len)]; e;
			     e = index->entries[e - 1].next)
				if (index->entries[e - 1].len == len &&
				    memcmp(index->entries[e - 1].word, word, len) == 0)
					optout_set_class(&text->tokens[index->entries[e - 1].token],
							 rows->cls);
			word += len;
			word += *word == ' ';
		}
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
	struct word_index index;

	memset(index.head, 0, sizeof(index.head));
	index.n = 0;
	for (size_t i = 0; i < text->n; i++) {
		const struct optout_token *token = &text->tokens[i];

		index_add(&index, optout_word(text, i), i);
		if (token->leet_at != token->at && has_letter(optout_word(text, i)))
			index_add(&index, text->words.buf + token->leet_at, i);
	}
	classify_rows(text, &index, optout_words_en);
	classify_rows(text, &index, optout_words_es);
	classify_rows(text, &index, optout_words_fr);
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
			optout_set_class(token, optout_misspelt_class(word, strlen(word)));
		token->classes[0] &= ~(UINT64_C(1) << W_NONE);
		if (optout_token_is(token, W_UNSUB))
			optout_set_class(token, W_KEYWORD);
		if (memcmp(token->classes, none, sizeof(none)) == 0)
			optout_set_class(token,
					 *word >= '0' && *word <= '9' ? W_NUMERAL : W_UNKNOWN);
		if (token->caps && !shouting)
			optout_set_class(token, W_CAPS);
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
	struct optout_text words = {.n = 0};
	STRBUF_AUTO(plain);

	if (!name)
		return;
	strbuf_init(&words.words);
	optout_plain(&plain, name, strlen(name));
	read_words(&words, plain.buf, plain.len);
	for (size_t i = 0; i < text->n; i++)
		for (size_t k = 0; k < words.n; k++)
			if (strcmp(optout_word(text, i), optout_word(&words, k)) == 0)
				optout_set_class(&text->tokens[i], W_NAME);
	optout_text_release(&words);
}

enum { SIGNATURE_MAX = 3 };

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

void optout_text_read(struct optout_text *text, const char *plain, size_t len,
		      const struct optout_context *context)
{
	strbuf_init(&text->words);
	text->n = 0;
	text->signs = 0;
	read_words(text, plain, len);
	merge_words(text);
	classify_words(text);
	classify_shape(text);
	classify_titles(text);
	classify_own_name(text, context->first_name);
	classify_own_name(text, context->last_name);
	classify_signature(text);
}

void optout_text_release(struct optout_text *text)
{
	strbuf_release(&text->words);
	text->n = 0;
}
