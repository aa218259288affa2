/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Cutting what the sender did not write; see optout_quotes.h. */
#include "core/optout_quotes.h"

#include "base/utf8.h"
#include "base/xalloc.h"
#include "core/optout_words.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <utf8proc.h>

enum {
	REACTION_HEAD_MAX = 96, /* bytes before the quote, or of a reaction without one */
	OWN_RUN = 20,
	OWN_BYTES_MAX = 6000,
	OWN_SLOTS = 8192, /* a power of two over OWN_BYTES_MAX */
	TRAILER_TAIL_MAX = 60,
};

/* What stands before the quote, in lower case and without punctuation; # is a run of emoji and *
 * any words. iMessage (Messages for Android and carriers pass it on), then Google Messages. */
static const char *const reaction_heads[] = {
	"liked",
	"loved",
	"disliked",
	"laughed at",
	"emphasized",
	"emphasised",
	"questioned",
	"reacted * to",
	"removed * from",
	"# to",
	"# from",
	/* Spanish */
	"le gusta",
	"le gusto",
	"me gusta",
	"te gusta",
	"no le gusta",
	"no le gusto",
	"le encanta",
	"le encanto",
	"me encanta",
	"se rio de",
	"se rio con",
	"se rio por",
	"enfatizo",
	"destaco",
	"cuestiono",
	"pregunto por",
	"reacciono * a",
	"elimino * de",
	"quito * de",
	"# a",
	"# de",
	/* French */
	"a aime",
	"j aime",
	"a adore",
	"j adore",
	"n a pas aime",
	"je n aime pas",
	"a ri de",
	"a ri a",
	"a mis l accent sur",
	"a insiste sur",
	"a souligne",
	"a questionne",
	"a mis en doute",
	"a reagi * a",
	"a reagi * par",
	"a retire * de",
	"a supprime * de",
};

static const char *const reaction_objects[] = {
	"an image",         "a photo",   "a picture",    "a video",    "a movie",
	"an attachment",    "a message", "your message", "a gif",      "a sticker",
	"an audio message", "a link",    "un mensaje",   "una imagen", "una foto",
	"un message",       "une image", "une photo",
};

static const char *const removal_starts[] = {"removed", "elimino", "quito", "a retire",
					     "a supprime"};

static const int32_t stop_emoji[] = {0x1F6D1, 0x270B, 0x26D4, 0x1F6AB};

/* Marks that open and close a quote; where both are one, the last one closes. */
static const struct quote_marks {
	int32_t open;
	int32_t close;
} quote_marks[] = {
	{0x201C, 0x201D}, /* “ ” */
	{0x201E, 0x201C}, /* „ “ */
	{0x00AB, 0x00BB}, /* « » */
	{'"', '"'},       {'\'', '\''},
};

struct head {
	char words[REACTION_HEAD_MAX * 2];
	size_t len;
	int32_t emoji; /* the first, 0 if there is none */
};

static void head_add(struct head *head, char c)
{
	if (head->len < sizeof(head->words) - 1)
		head->words[head->len++] = c;
	head->words[head->len] = '\0';
}

static void head_end_word(struct head *head)
{
	if (head->len && head->words[head->len - 1] != ' ')
		head_add(head, ' ');
}

static void head_read(struct head *head, const char *p, const char *end)
{
	head->len = 0;
	head->words[0] = '\0';
	head->emoji = 0;
	while (p < end) {
		int32_t cp;
		utf8proc_category_t category;

		p += utf8_decode(p, end, &cp);
		if (cp < 0x80 && isalpha(cp)) {
			head_add(head, (char)tolower(cp));
			continue;
		}
		category = utf8proc_category(cp);
		if (category == UTF8PROC_CATEGORY_SO || category == UTF8PROC_CATEGORY_SK ||
		    category == UTF8PROC_CATEGORY_SM || cp == '!' || cp == '?') {
			if (!head->emoji)
				head->emoji = cp;
			if (head->len < 2 || strcmp(head->words + head->len - 2, "# ") != 0) {
				head_end_word(head);
				head_add(head, '#');
				head_add(head, ' ');
			}
		} else {
			head_end_word(head);
		}
	}
	while (head->len && head->words[head->len - 1] == ' ')
		head->words[--head->len] = '\0';
}

static bool head_fits(const char *pattern, const char *words, size_t len)
{
	const char *star = strchr(pattern, '*');
	size_t before = star ? (size_t)(star - pattern) : strlen(pattern);
	size_t after = star ? strlen(star + 1) : 0;

	if (!star)
		return len == before && memcmp(words, pattern, len) == 0;
	return len > before + after && memcmp(words, pattern, before) == 0 &&
	       memcmp(words + len - after, star + 1, after) == 0;
}

static enum optout_reaction head_reaction(const struct head *head, size_t len)
{
	bool fits = false;

	for (size_t i = 0; i < sizeof(reaction_heads) / sizeof(reaction_heads[0]); i++)
		fits |= head_fits(reaction_heads[i], head->words, len);
	if (!fits)
		return REACTION_NONE;
	for (size_t i = 0; i < sizeof(removal_starts) / sizeof(removal_starts[0]); i++)
		if (strncmp(head->words, removal_starts[i], strlen(removal_starts[i])) == 0)
			return REACTION_ANY;
	for (size_t i = 0; i < sizeof(stop_emoji) / sizeof(stop_emoji[0]); i++)
		if (head->emoji == stop_emoji[i])
			return REACTION_STOP;
	return REACTION_ANY;
}

static const struct quote_marks *opening_mark(int32_t cp, int32_t before)
{
	for (size_t i = 0; i < sizeof(quote_marks) / sizeof(quote_marks[0]); i++)
		if (quote_marks[i].open == cp && (cp != '\'' || before == ' '))
			return &quote_marks[i];
	return NULL;
}

/* One after the closing mark; end where there is none. */
static const char *quote_end(const struct quote_marks *marks, const char *p, const char *end)
{
	const char *last = end;
	unsigned depth = 1;

	while (p < end) {
		int32_t cp;

		p += utf8_decode(p, end, &cp);
		if (cp == marks->close && marks->open == marks->close)
			last = p;
		else if (cp == marks->close && --depth == 0)
			return p;
		else if (cp == marks->open)
			depth++;
	}
	return last;
}

static void keep_from(struct strbuf *s, const char *from)
{
	size_t kept = s->len - (size_t)(from - s->buf);

	memmove(s->buf, from, kept);
	strbuf_truncate(s, kept);
}

/* "Reacted 🛑 to an image": the object stands in the place of the quote. */
static enum optout_reaction cut_quoteless(struct strbuf *plain)
{
	struct head head;
	enum optout_reaction reaction = REACTION_NONE;

	if (plain->len > REACTION_HEAD_MAX)
		return REACTION_NONE;
	head_read(&head, plain->buf, plain->buf + plain->len);
	for (size_t i = 0; !reaction && i < sizeof(reaction_objects) / sizeof(reaction_objects[0]);
	     i++) {
		size_t len = strlen(reaction_objects[i]) + 1;

		if (head.len > len && head.words[head.len - len] == ' ' &&
		    strcmp(head.words + head.len - len + 1, reaction_objects[i]) == 0)
			reaction = head_reaction(&head, head.len - len);
	}
	if (reaction)
		strbuf_reset(plain);
	return reaction;
}

enum optout_reaction optout_cut_reaction(struct strbuf *plain)
{
	const char *p = plain->buf;
	const char *end = p + plain->len;
	int32_t before = 0;

	while (p < end && p - plain->buf < REACTION_HEAD_MAX) {
		int32_t cp;
		const char *at = p;
		const struct quote_marks *marks;

		p += utf8_decode(p, end, &cp);
		marks = cp < 0x80 && isalnum(cp) ? NULL : opening_mark(cp, before);
		if (marks) {
			struct head head;
			enum optout_reaction reaction;

			head_read(&head, plain->buf, at);
			reaction = head_reaction(&head, head.len);
			if (reaction)
				keep_from(plain, quote_end(marks, p, end));
			return reaction;
		}
		before = cp;
	}
	return cut_quoteless(plain);
}

/* Hashes of all runs of OWN_RUN bytes of ours, by open addressing: 1 + where the run starts. */
struct own_runs {
	uint16_t slots[OWN_SLOTS];
	const char *text;
};

#define ROLL_FACTOR 0x01000193U

static uint32_t roll_first(const char *p)
{
	uint32_t hash = 0;

	for (size_t i = 0; i < OWN_RUN; i++)
		hash = hash * ROLL_FACTOR + (unsigned char)p[i];
	return hash;
}

static uint32_t roll_next(uint32_t hash, unsigned char out, unsigned char in)
{
	uint32_t power = 1;

	for (size_t i = 0; i < OWN_RUN - 1; i++)
		power *= ROLL_FACTOR;
	return (hash - out * power) * ROLL_FACTOR + in;
}

/* The slot that holds the run at p, or the free one where it belongs. */
static size_t own_slot(const struct own_runs *runs, uint32_t hash, const char *p)
{
	size_t slot = (hash ^ hash >> 15) % OWN_SLOTS;

	while (runs->slots[slot] && memcmp(runs->text + runs->slots[slot] - 1, p, OWN_RUN) != 0)
		slot = (slot + 1) % OWN_SLOTS;
	return slot;
}

static struct own_runs *own_index(const struct strbuf *ours)
{
	struct own_runs *runs = xcalloc(1, sizeof(*runs));
	size_t len = ours->len < OWN_BYTES_MAX ? ours->len : OWN_BYTES_MAX;
	uint32_t hash = roll_first(ours->buf);

	runs->text = ours->buf;
	for (size_t i = 0; i + OWN_RUN <= len; i++) {
		if (i)
			hash = roll_next(hash, (unsigned char)ours->buf[i - 1],
					 (unsigned char)ours->buf[i + OWN_RUN - 1]);
		runs->slots[own_slot(runs, hash, ours->buf + i)] = (uint16_t)(i + 1);
	}
	return runs;
}

bool optout_cut_own(struct strbuf *plain, const struct strbuf *ours)
{
	AUTO_FREE struct own_runs *runs = NULL;
	STRBUF_AUTO(kept);
	size_t cut_until = 0;
	uint32_t hash = 0;

	if (ours->len < OWN_RUN || plain->len < OWN_RUN)
		return false;
	runs = own_index(ours);
	for (size_t i = 0; i < plain->len; i++) {
		if (i + OWN_RUN <= plain->len) {
			hash = i ? roll_next(hash, (unsigned char)plain->buf[i - 1],
					     (unsigned char)plain->buf[i + OWN_RUN - 1])
				 : roll_first(plain->buf);
			if (runs->slots[own_slot(runs, hash, plain->buf + i)])
				cut_until = i + OWN_RUN;
		}
		if (i >= cut_until)
			strbuf_addc(&kept, plain->buf[i]);
		else if (i + 1 == cut_until)
			strbuf_addc(&kept, '\n');
	}
	if (!cut_until)
		return false;
	strbuf_reset(plain);
	strbuf_add(plain, kept.buf, kept.len);
	return true;
}

static const char *const mail_trailers[] = {
	"sent from ",          "sent via ",          "sent using ",          "get outlook for",
	"envoye de mon ",      "envoye depuis mon ", "envoye a partir de ",  "enviado desde mi ",
	"enviado de mi ",      "enviado desde ",     "obtener outlook para", "obtenez outlook pour",
	"telecharger outlook",
};

static const char devices[] =
	"iphone ipad ipod android samsung galaxy verizon tmobile t-mobile att at&t sprint motorola "
	"moto "
	"lg htc pixel google phone mobile cell cellphone smartphone blackberry huawei u.s. cricket "
	"metro metropcs boost windows apple watch mac tablet ios telephone telefono celular "
	"cellulaire";

static const char *const effect_trailers[] = {"sent with ", "enviado con ", "envoye avec "};
static const char *const effect_words[] = {"effect",          "invisible ink", "efecto",
					   "tinta invisible", "effet",         "encre invisible"};

/* Whether one of the next words is a device or a carrier. */
static bool names_device(const char *words)
{
	for (unsigned n = 0; n < 4 && *words; n++) {
		size_t len = strcspn(words, " ,.\n");

		if (optout_list_has(devices, words, len))
			return true;
		words += len;
		words += *words != '\0';
	}
	return false;
}

/* The length of what text starts with, 0 when it does not. */
static size_t starts_with(const char *text, const char *start)
{
	size_t len = 0;

	while (start[len] && start[len] == text[len])
		len++;
	return start[len] ? 0 : len;
}

static bool is_line_start(const char *text, size_t at)
{
	while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '-' || text[at - 1] == '('))
		at--;
	return at == 0 || text[at - 1] == '\n';
}

static bool is_mail_trailer(const char *text, size_t at)
{
	for (size_t i = 0; i < sizeof(mail_trailers) / sizeof(mail_trailers[0]); i++) {
		size_t len = starts_with(text + at, mail_trailers[i]);

		if (len)
			return is_line_start(text, at) || names_device(text + at + len);
	}
	return false;
}

static bool is_effect_trailer(const char *text, size_t at)
{
	bool starts = false;
	bool ends = at > 0 && text[at - 1] == '(';

	for (size_t i = 0; i < sizeof(effect_trailers) / sizeof(effect_trailers[0]); i++)
		starts |= starts_with(text + at, effect_trailers[i]) > 0;
	for (size_t i = 0; starts && i < sizeof(effect_words) / sizeof(effect_words[0]); i++)
		ends |= strstr(text + at, effect_words[i]) != NULL;
	return starts && ends;
}

void optout_cut_trailers(struct strbuf *plain)
{
	STRBUF_AUTO(low);
	size_t first;

	strbuf_add(&low, plain->buf, plain->len);
	for (size_t i = 0; i < low.len; i++)
		if (low.buf[i] >= 'A' && low.buf[i] <= 'Z')
			low.buf[i] = (char)(low.buf[i] + ('a' - 'A'));
	/* Only near the end: what comes before is the message. */
	first = low.len > TRAILER_TAIL_MAX + 20 ? low.len - (TRAILER_TAIL_MAX + 20) : 0;
	for (size_t at = first; at < low.len; at++) {
		if (at > 0 && low.buf[at - 1] != ' ' && low.buf[at - 1] != '\n' &&
		    low.buf[at - 1] != '(')
			continue;
		if (is_mail_trailer(low.buf, at) || is_effect_trailer(low.buf, at)) {
			strbuf_truncate(plain, at);
			return;
		}
	}
}
