/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What messages.c and outbox.c share. */
#ifndef MESSAGES_H
#define MESSAGES_H

#include "store/db.h"
#include "store/sql.h"

/* Calls fn for each as it is now, until it returns false. fn may be NULL. */
int messages_call(struct store *store, const struct id_list *ids, store_message_fn *fn, void *arg,
		  struct error *err);

/* n messages have gone from one state to another. */
void tally_move(struct store *store, enum message_state from, enum message_state to, int64_t n);
void tally_add(struct store *store, enum message_state state);

#endif
