/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Normalisation for opt-out detection: utf8proc does the Unicode part in one call, then one pass
 * over the code points makes words. utf8proc does not fold case here, because capitals still tell
 * names and shouting apart; the reader does that letter by letter.
 */
#include "core/optout_normalise.h"

#include "base/utf8.h"
#include "base/xalloc.h"
#include "core/optout_letters.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utf8proc.h>

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

static const char abbreviations[] = "mr mrs ms dr jr sr st";

/* What an apostrophe cuts off in French; elsewhere it is simply dropped. */
static const char elisions[] = "c d j l m n s t qu jusqu";

static bool is_ascii(const struct strbuf *s)
{
	for (size_t i = 0; i < s->len; i++)
		if ((unsigned char)s->buf[i] >= 0x80)
			return false;
	return true;
}

void optout_plain(struct strbuf *out, const char *text, size_t len)
{
	STRBUF_AUTO(clean);
	utf8proc_uint8_t *mapped = NULL;
	utf8proc_ssize_t n;

	(void)utf8_clean(&clean, text, len, OPTOUT_CODE_POINTS_MAX);
	if (is_ascii(&clean)) { /* is as plain as it gets */
		strbuf_add(out, clean.buf, clean.len);
		return;
	}
	n = utf8proc_map((const utf8proc_uint8_t *)clean.buf, (utf8proc_ssize_t)clean.len, &mapped,
			 UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_IGNORE |
				 UTF8PROC_STRIPMARK | UTF8PROC_LUMP);
	if (n > 0)
		strbuf_add(out, mapped, (size_t)n);
	free(mapped);
}

static bool is_word_code_point(int32_t cp)
{
	utf8proc_category_t category;

	if (cp >= 0 && cp < 0x80)
		return isalnum(cp);
	category = utf8proc_category(cp);
	return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
	       category == UTF8PROC_CATEGORY_MC ||
	       (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO);
}

/* The word being read: as it stands, and with digits, signs and look-alikes read as letters. */
struct reader {
	struct optout_text *text;
	struct strbuf word;
	struct strbuf leet; /* only filled when apart */
	bool apart;         /* leet differs from word, or may come to */
	size_t upper;
	size_t lower;
	bool foreign;  /* holds a look-alike */
	bool regional; /* holds a regional indicator: most likely a flag */
	bool is_leet;  /* holds a digit or a sign read as a letter */
};

/* Three or more of one letter become one: "stoooop". Two stay: "all". */
static void squeeze(struct strbuf *s)
{
	size_t kept = 0;
	size_t same = 2;

	while (same < s->len &&
	       (s->buf[same] != s->buf[same - 1] || s->buf[same] != s->buf[same - 2]))
		same++;
	if (same >= s->len)
		return;
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
	if (text->n == text->alloc) {
		text->alloc = text->alloc ? 2 * text->alloc : 32;
		text->tokens = xreallocarray(text->tokens, text->alloc, sizeof(*text->tokens));
	}
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
	if (r->apart)
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
	r->apart = r->foreign = r->regional = r->is_leet = false;
}

static void set_apart(struct reader *r)
{
	if (!r->apart)
		strbuf_add(&r->leet, r->word.buf, r->word.len);
	r->apart = true;
}

static void add_literal(struct reader *r, const char *word)
{
	end_word(r);
	strbuf_adds(&r->word, word);
	end_word(r);
}

/* What most texts are made of. */
static size_t count_plain_letters(const char *p, const char *end)
{
	size_t n = 0;

	while (p + n < end && ((p[n] >= 'a' && p[n] <= 'z') || (p[n] >= 'A' && p[n] <= 'Z')))
		n++;
	return n;
}

static void add_plain_letters(struct reader *r, const char *letters, size_t n)
{
	size_t start = r->word.len;

	strbuf_add(&r->word, letters, n);
	for (char *p = r->word.buf + start; *p; p++) {
		if (*p >= 'a')
			continue;
		*p = (char)(*p + ('a' - 'A'));
		r->upper++;
		n--;
	}
	r->lower += n;
	if (r->apart)
		strbuf_add(&r->leet, r->word.buf + start, r->word.len - start);
}

static void add_letter(struct reader *r, int32_t cp)
{
	char look = optout_look_alike(cp);
	char leet = optout_leet(cp);
	int32_t low = cp < 0x80 ? tolower(cp) : utf8proc_tolower(cp);

	if (cp < 0x80 ? low != cp : utf8proc_category(cp) == UTF8PROC_CATEGORY_LU)
		r->upper++;
	else
		r->lower++;
	r->foreign |= look != '\0';
	r->regional |= cp >= REGIONAL_INDICATOR_A && cp < REGIONAL_INDICATOR_A + 26;
	r->is_leet |= leet != '\0';
	if (look || leet)
		set_apart(r);
	utf8_encode(&r->word, low);
	if (look || leet)
		strbuf_addc(&r->leet, look ? look : leet);
	else if (r->apart)
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

/* The full stop of "Mr." ends no sentence. */
static bool is_abbreviation(const struct optout_text *text)
{
	const char *word = optout_word(text, text->n - 1);

	return optout_list_has(abbreviations, word, strlen(word));
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
		set_apart(r);
		strbuf_addc(&r->word, '*');
		r->is_leet = true;
		return;
	}
	if ((cp == '$' || cp == '@') && (r->word.len || is_word_code_point(next))) {
		set_apart(r);
		strbuf_addc(&r->leet, optout_leet(cp));
		r->is_leet = true;
		return;
	}
	end_word(r);
	if (cp == ' ')
		return;
	if (cp == '&')
		add_literal(r, "and");
	if (cp == '#' && !is_word_code_point(next))
		add_literal(r, "number");
	if (!r->text->n)
		return;
	last = &r->text->tokens[r->text->n - 1];
	if (cp > 0 && cp < 0x80 && strchr(".!?;\n", cp) && !(cp == '.' && is_abbreviation(r->text)))
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

		if (tolower((unsigned char)*p) == starts[i][0] && (size_t)(end - p) >= len &&
		    strncasecmp(p, starts[i], len) == 0)
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
		size_t letters;
		int32_t cp;
		int32_t next = 0;

		if (!r.word.len && is_link(plain, end)) {
			plain = skip_link(plain, end);
			continue;
		}
		letters = count_plain_letters(plain, end);
		if (letters > 0) {
			add_plain_letters(&r, plain, letters);
			plain += letters;
			continue;
		}
		plain += utf8_decode(plain, end, &cp);
		if (plain < end)
			(void)utf8_decode(plain, end, &next);
		if (is_word_code_point(cp) || optout_look_alike(cp))
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

void optout_text_read(struct optout_text *text, const char *plain, size_t len)
{
	*text = (struct optout_text){0};
	strbuf_init(&text->words);
	read_words(text, plain, len);
}

void optout_text_release(struct optout_text *text)
{
	strbuf_release(&text->words);
	free(text->tokens);
	text->tokens = NULL;
	text->n = text->alloc = 0;
}
