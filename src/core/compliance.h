/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The gate: may this text go to this number now? One function, asked when a text is queued and
 * again when it is handed over. Rules are rows of one table, in the order of their codes; the first
 * that objects wins. Pure: all that a rule looks at is in struct gate_input.
 */
#ifndef COMPLIANCE_H
#define COMPLIANCE_H

#include "roomline/types.h"

enum gate_kind {               /* what sort of text asks */
		 GATE_REPLY,   /* a volunteer answers in a conversation the contact has spoken in */
		 GATE_INITIAL, /* we speak first */
		 GATE_STOP_CONFIRM, /* the one answer to an opt-out */
		 GATE_START_CONFIRM,
		 GATE_HELP_ANSWER,
};

enum gate_code {
	GATE_ALLOW,
	GATE_PAUSED,       /* E_PAUSED: everything outbound is paused; waits */
	GATE_NUMBER_CLASS, /* E_NUMBER_CLASS */
	GATE_SUPPRESSED,   /* E_SUPPRESSED */
	GATE_HOLD,         /* E_HOLD: an unresolved suggestion of an opt-out */
	GATE_NO_FILES,     /* E_NO_MMS */
	GATE_FILE_TYPE,    /* E_FILE_TYPE */
	GATE_FILE_SIZE,    /* E_FILE_SIZE */
	GATE_FILE_UNREAD,  /* E_FILE_UNREAD: nobody has looked at the file yet; waits */
	GATE_DUPLICATE,    /* E_DUP */
	GATE_EMPTY,        /* E_EMPTY */
	GATE_TOO_LONG,     /* E_TOO_LONG */
	GATE_TOO_LATE,     /* E_TOO_LATE: past its not_after */
	GATE_OVERTAKEN,    /* E_OVERTAKEN: confirms what is no longer so */
};

/* FCC: a confirmation within five minutes counts as consented. */
#define GATE_ANSWER_MS (INT64_C(5) * 60 * 1000)

struct gate_files { /* pictures and other files that go with the text */
	int n;
	bool possible; /* the provider takes some */
	bool unread;   /* of one of them we do not know yet what it is */
	const char
		*untextable; /* what the first is that no MMS carries: "PDF document"; NULL none */
	int64_t bytes;       /* of all, as far as it is known */
	int64_t max_bytes;
};

struct gate_input {
	enum gate_kind kind;
	struct phone to;
	const char *text;
	struct gate_files files;
	int64_t now;
	int64_t not_after; /* 0: no end; else at most GATE_ANSWER_MS off when it was set */
	bool paused;
	const char *suppressed; /* reason ("opt_out", "wrong_number", ...), NULL when not */
	bool hold;
	int64_t duplicate_age; /* ms since the same text went to the same number, -1: never */
	int max_segments;
	int max_chars; /* of the provider */
};

struct gate_ruling {
	enum gate_code code;
	bool wait;     /* not now, but perhaps later: keep it queued */
	char why[240]; /* for the volunteer: what is the matter and what to do; "" when allowed */
};

/* Skips blanks of any width, line ends, and what only steers how others are shown. */
const char *gate_first_visible(const char *text);

void gate_check(const struct gate_input *input, struct gate_ruling *ruling_out);
const char *gate_code_word(enum gate_code code); /* "ALLOW" "E_PAUSED" ... */

#endif
