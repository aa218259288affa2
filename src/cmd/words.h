/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Reading what people write after a command. */
#ifndef WORDS_H
#define WORDS_H

#include "roomline/cmd.h"

/* Copies the next word and returns what stands after it, without leading spaces. */
const char *word_next(const char *args, char *out, size_t size);
/* "12", "#12" or "c12" -> 12; false when it is no such number. */
bool word_id(const char *word, int64_t *id_out);

/* Nothing more may stand there: what would be ignored may have been meant. usage: "!close 12". */
int word_none(const char *rest, const char *usage, struct error *err);

/* The conversation a command is about: in a conversation's place that one, elsewhere the id or the
 * number that args begin with. *rest_out is what stands after it. */
int word_conversation(const struct cmd_context *context, const char *args,
		      struct conversation_row *out, const char **rest_out, struct error *err);
/* The telephone number a command is about, the same way; it need not have a conversation. */
int word_phone(const struct cmd_context *context, const char *args, struct phone *out,
	       const char **rest_out, struct error *err);
/* "alice", "alice@example.org" or "xmpp:alice@example.org" -> a user of the team; a full address
 * may be anybody's. "" and "me" are the speaker. */
int word_user(const struct cmd_context *context, const char *word, char *out, size_t size,
	      struct error *err);
/* "alice@example.org" of "xmpp:alice@example.org", for showing. */
const char *word_address(const char *user);

#endif
