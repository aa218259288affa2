/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Commands: what a person writes with a "!" in front. One table per family (src/cmd/), one
 * dispatch, help generated from the table. A command runs inside the step that stored the message
 * which carried it, so that it takes effect exactly once.
 */
#ifndef ROOMLINE_CMD_H
#define ROOMLINE_CMD_H

#include "roomline/bridge.h"

struct strbuf;

#define CMD_PREFIX '!'

enum cmd_where {                  /* bits */
		 CMD_CONTROL = 1, /* in the control room, and in a 1:1 chat with an organizer */
		 CMD_ROOM = 2,    /* in a conversation's place */
		 CMD_DIRECT = 4,  /* in a 1:1 chat with anybody we know */
};

struct cmd_context {
	struct bridge *bridge;
	struct actor actor;
	enum place_kind where;
	bool organizer;
	struct conversation_row *conversation; /* in a room, else NULL */
};

struct cmd {
	const char *name; /* without the prefix */
	const char *args; /* "NUMBER message", "" */
	unsigned where;
	const char *summary; /* one line for the list */
	const char *detail;  /* what else to know; NULL */
	const char *example; /* "!text +14155550100 Hi, ..." */
	int min_args;        /* words that must be there */
	/* Appends what to say to answer, or -1 and err, which is said instead. args: what stands
	 * after the name, trimmed. */
	int (*run)(const struct cmd_context *context, const char *args, struct strbuf *answer,
		   struct error *err);
};

/* text begins with the prefix. -1: refused, err has the answer, and the step must not be kept. */
int cmd_run(const struct cmd_context *context, const char *text, struct strbuf *answer,
	    struct error *err);

#endif
