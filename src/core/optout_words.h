/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The vocabulary of opt-out detection: which classes a word belongs to, and the words that are a
 * verdict when they are the whole message. Words are as the normaliser leaves them: lower case,
 * no accents, no apostrophes. A word may be in several classes; the phrases speak of classes only,
 * so a new spelling is one word here and nothing else.
 */
#ifndef OPTOUT_WORDS_H
#define OPTOUT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum word_class {
	W_NONE, /* ends the list of an element */
	/* Given by the normaliser, not by the tables. */
	W_ANY,          /* every word */
	W_UNKNOWN,      /* in no table */
	W_NEAR_KEYWORD, /* a misspelt long keyword: a stop if nothing else is said */
	W_KEYWORD,      /* would be a stop on its own */
	W_STOPSIGN,     /* the emoji */
	W_SHOUTED,      /* a strong keyword in capitals in a message that is not */
	W_NAME,         /* a first name, by the table, the context or its capital */
	W_NUMERAL,
	/* Small words. */
	W_FILLER, /* may stand around a keyword: please, thanks, hello */
	W_NOISE,  /* may stand inside a phrase: just, damn */
	W_ASK,    /* builds a request: i would like you to */
	W_I,
	W_YOU,
	W_WE,
	W_THEY, /* he she they who people: not the two who are talking */
	W_EM_TEXTS,
	W_EM, /* what "stop ..." may end with: it, this */
	W_ME,
	W_MY,
	W_MINE,
	W_THEIR,
	W_KIND, /* call list, text messages */
	W_YOUR,
	W_DET, /* the these your all, and what is said of unwanted texts */
	W_THATS,
	W_IT,
	W_THIS,
	W_FROM,
	W_OFF,
	W_OUT,
	W_OF,
	W_TO,
	W_SO,
	W_FOR,
	W_BY,
	W_AND,
	W_OR,
	W_WITH,
	W_IF,
	W_INSTEAD, /* another way is wanted */
	W_BOUND,
	W_HIRE,
	W_UNWANTED,
	W_HAVENT,
	W_LOST,
	W_INCLUDE,
	W_STOPPED,
	W_REACH,
	W_DAY,
	W_REPORTED,
	W_SUED,
	W_SUING,
	W_PREFER,
	W_BEG,
	W_WORK,
	W_REMEMBER,
	W_REMOVAL,
	W_TODAY,
	W_REPLY,
	W_GUARD, /* until, instead, unless: bounds a request in time or kind */
	W_BACK,
	W_AT,
	W_PLACE,
	W_LATE,
	W_DRIVING,
	W_LESS,
	W_TAIL,   /* may follow "do not text me" without naming what is not to be texted */
	W_CLAUSE, /* begins a new clause: i, you, we */
	W_AGAIN,
	W_EVER,
	W_BE_SO, /* be removed, not: been removed */
	W_REQUEST,
	W_BE,
	W_IS,
	W_DO,
	W_CAN,
	W_DID,
	W_HAVE,
	W_GET,
	W_HOW,
	W_WHY,
	W_WHO,
	W_WHAT,
	W_NO,
	W_NOT,
	W_DONT,
	W_DIDNT,
	W_NEVER,
	W_NEG, /* turns what follows round: dont, cant, wont, never */
	W_ISNT,
	W_DOESNT,
	W_NOLONGER,
	W_MORE,
	W_ONE,
	W_TOO,
	W_MANY,
	W_ENOUGH,
	W_STILL,
	W_ALREADY,
	W_KEEP,
	W_HERE,
	W_IN,
	W_PLEASE,
	/* What opting out is said with. */
	W_STOP,
	W_STRONG, /* keywords that mean nothing else: stop, unsubscribe, opt out */
	W_END,
	W_TEXTING,
	W_SENDING,
	W_CALLING,
	W_EMAILING,
	W_TEXT,
	W_BOTHER,
	W_SEND,
	W_CALL,
	W_EMAIL,
	W_TEXTED,
	W_TEXTS,
	W_CALLS,
	W_MAKE,
	W_JUNK,
	W_ANYTHING,
	W_NUMBER,
	W_PHONE,
	W_DATA,
	W_PLAIN_LIST,
	W_LIST,
	W_REMOVE,
	W_REMOVED,
	W_TAKE,
	W_UNSUB,
	W_UNSUBBED,
	W_OPTOUT,
	W_OPT,
	W_LOSE,
	W_LEAVE,
	W_LET,
	W_ALONE,
	W_REVOKE,
	W_CONSENT,
	W_SUBSCRIPTION,
	W_WANT,
	W_RECEIVE,
	W_HEAR,

	/* Cues. */
	W_INTERESTED,
	W_INTEREST,
	W_UNINTERESTED,
	W_GAVE,
	W_FIND,
	W_SIGNUP,
	W_SAID,
	W_TOLD,
	W_TIMES,
	W_SPAM,
	W_FOLDER,
	W_HARASS,
	W_REPORT,
	W_BLOCK,
	W_BLOCK_INF,
	W_SUE,
	W_LAWYER,
	W_POLICE,
	W_ILLEGAL,
	W_FCC,
	W_TCPA,
	W_FILE,
	W_COMPLAINT,
	W_FUCK,
	W_PISS,
	W_GO,
	W_HELL,
	W_INSULT,
	W_RUDE, /* a complete rude message: stfu, gtfo */

	W_GETLOST,
	W_AWAY,
	W_DNC,
	W_SICK,
	W_ANNOYING,
	W_NEED,
	W_LIKE,
	W_GETTING,
	W_MISS,
	W_PUT,
	W_REVOKED,
	W_WAY,
	W_VERY,
	W_HAD,
	W_LAWSUIT,
	W_COURT,
	W_VIOLATING,
	W_LOOKING,
	W_SOMEBODY_ELSE,
	W_USE,
	W_REASSIGNED,
	W_CHANGED,
	W_OWNER,
	W_ALIVE,
	W_JOKE, /* haha, lol, omg: takes the weight off a keyword */
	/* Wrong number. */
	W_WRONG_NUMBER,
	W_WRONG,
	W_RIGHT,
	W_PERSON,
	W_TITLE,
	W_RELATIVE,
	W_PASSED,
	W_DIED,
	W_DEAD,
	W_DECEASED,
	W_SHE,
	W_TIME,
	W_LIVE,
	W_KNOW,
	W_CONFUSED,
	W_BELONG,
	W_JUST,
	W_ANYONE,
	W_NOBODY,
	W_NAMED,
	W_NAME_WORD,
	W_HIM,
	W_ORDINARY, /* what is usually said after "I'm not" and "this isn't": no name */
	/* Spanish forms that carry their own grammar. */
	W_ES_KEYWORD, /* turned round by a "no" before it */
	W_ES_STOP,
	W_ES_WRITE,     /* escriban */
	W_ES_WRITE_INF, /* escribir */
	W_ES_WRITE_ME,  /* escribirme */
	W_ES_CALL,
	W_ES_SEND,
	W_ES_REMOVE,
	W_ES_REMOVE_ME,
	W_ES_GIVE,
	W_ES_LOSE,
	W_ES_LOW,
	W_ES_LEAVE_ME,
	W_ES_PEACE,
	W_ES_MORE,
	W_ES_THAT,
	W_ES_AM,
	W_ES_I_AM,
	W_ES_HAVE,
	W_ES_I_CANCEL,
	W_ES_INTERESTS,
	W_ES_MISTAKEN,
	W_ES_WRONG,
	W_ES_HALT,
	W_ES_REFLEXIVE,
	W_ES_SE,
	W_ES_LIVES,
	W_ES_DIED,
	W_ES_MANY,
	W_ES_IS,
	W_ES_SIGNED,
	W_ES_REPORT,
	W_ES_WITHOUT,
	W_ES_RETURN,
	W_ES_SAID,
	W_ES_SER,
	/* French ones. */
	W_FR_STOP,
	W_FR_WRITE,
	W_FR_WRITE_INF,
	W_FR_CALL,
	W_FR_SEND,
	W_FR_REMOVE,
	W_FR_REMOVE_INF,
	W_FR_UNSUB,
	W_FR_UNSUB_INF,
	W_FR_NE,
	W_FR_PLUS,
	W_FR_PAS,
	W_FR_I,
	W_FR_LEAVE,
	W_FR_PEACE,
	W_FR_BE,
	W_FR_MISTAKEN,
	W_FR_DIED,
	W_FR_DEAD,
	W_FR_SIGNED,
	W_FR_NONE,
	W_FR_TOO,
	W_FR_SE,
	W_FR_CALL_INF,
	W_FR_REMOVED,
	W_FR_DENOUNCE,
	W_FR_ASKED,

	W_COUNT,
};

/* Rows of "class, its words with a space between"; several rows may name one class. */
struct word_row {
	enum word_class cls;
	const char *words;
};

/* Several words read as one: "do not" is "dont". Longer ones first. */
struct word_merge {
	const char *words;
	const char *merged;
};

/* Each ends with a NULL. */
extern const struct word_row optout_words_en[];
extern const struct word_row optout_words_es[];
extern const struct word_row optout_words_fr[];
extern const struct word_merge optout_merges[];

/* Whole messages, joined without spaces. */
extern const char optout_stop_keywords[];
extern const char optout_stop_typos[];
extern const char optout_help_keywords[];
extern const char optout_start_keywords[];
extern const char optout_yes_keywords[]; /* START only for somebody who is opted out */

/* Whether word is one of the space-separated words of list. */
bool optout_list_has(const char *list, const char *word, size_t len);

/* The long word that a word in no table is a misspelling of, or NULL. Long words only: with them one
 * or two edits meet no other word, or only such as the tables know. */
const char *optout_right_spelling(const char *word, size_t len);

#endif
