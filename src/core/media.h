/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which files are passed on, and what a file is. The bytes decide and not what a sender says of
 * them: a page that calls itself a picture must not be served as one, nor under its own name.
 * Pure. Sources: https://www.twilio.com/docs/messaging/guides/accepted-mime-types, ISO/IEC 14496-12
 * (the brands of "ftyp"), RFC 6350, RFC 4867.
 */
#ifndef MEDIA_H
#define MEDIA_H

#include <stdbool.h>
#include <stddef.h>

struct media_type {
	const char *name;      /* "image/jpeg" */
	const char *file_name; /* "picture.jpg": for who stores it */
	const char *words;     /* "JPEG picture" */
	bool mms;              /* carriers take it in an MMS; the others only come in */
};

/* What the bytes are, by how they begin; NULL: nothing that is passed on. */
const struct media_type *media_type_of(const void *bytes, size_t len);
/* The type of that name, with case ignored and parameters cut off; NULL: none that is passed on. */
const struct media_type *media_type_find(const char *name);

#endif
