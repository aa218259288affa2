/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * How a function says why it failed: it returns -1 and fills a struct error with a kind, for the
 * caller to branch on, and one plain sentence, for a person, that says what to do where it can.
 * On success the struct is left alone. `err` may be NULL where the caller does not care.
 * A verdict (stop, refused, not yet) is not an error: those are enums of their own.
 */
#ifndef ROOMLINE_ERROR_H
#define ROOMLINE_ERROR_H

enum error_kind {
	ERR_NONE,
	ERR_INPUT,     /* what a person or a peer gave is wrong: refuse it */
	ERR_CONFIG,    /* an admin has to change something */
	ERR_IO,        /* disk, socket, peer: may work later */
	ERR_BUSY,      /* somebody else holds it: may work later */
	ERR_NOT_FOUND, /* there is no such thing */
	ERR_STATE,     /* not possible in the present state */
};

struct error {
	enum error_kind kind;
	char text[320];
};

/* Fills *err (if any) and returns -1, so that `return error_set(...)` reads well. */
__attribute__((format(printf, 3, 4))) int error_set(struct error *err, enum error_kind kind,
						    const char *fmt, ...);

#endif
