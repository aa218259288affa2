/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The body of a transaction: what a homeserver tells an application service at once. */
#ifndef MATRIX_TRANSACTION_H
#define MATRIX_TRANSACTION_H

#include "roomline/error.h"

#include <stddef.h>

struct matrix;

/* At most 100 events of 64 KiB each, and as many of two more kinds. */
#define MX_TRANSACTION_MAX (16 * 1024 * 1024)
/* A homeserver takes contents of about a hundred levels. */
#define MX_DEPTH_MAX 200

enum mx_taken {
	MX_TAKEN,
	MX_NOT_STORED, /* it must come again */
	MX_UNREADABLE, /* err says why; nothing was done about any of it */
};

/* Gives each event to mx_in_event(), in order. One that nobody can read is put aside alone, so that
 * it does not take the others with it; what is no event of a room is skipped. */
enum mx_taken mx_transaction_take(struct matrix *m, const char *body, size_t len,
				  struct error *err);

#endif
