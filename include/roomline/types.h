/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Value types that every part shares.
 *
 * Each kind of id is a struct of its own, so that the compiler refuses to text the wrong person:
 * a contact id cannot be passed where a message id is wanted. An id with v == 0 is "none".
 * All times are int64_t milliseconds since 1970 in UTC.
 */
#ifndef ROOMLINE_TYPES_H
#define ROOMLINE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct contact_id {
	int64_t v;
};

struct conversation_id {
	int64_t v;
};

struct message_id {
	int64_t v;
};

struct place_id {
	int64_t v;
};

struct relay_id {
	int64_t v;
};

struct media_id {
	int64_t v;
};

#define PHONE_MAX 17 /* '+', up to 15 digits (E.164), NUL */

/* A telephone number in E.164 ("+15551234567") or a short code ("384387", digits only).
 * Only phone_parse() makes one out of foreign text. */
struct phone {
	char e164[PHONE_MAX];
};

/* Caps of what comes from outside. A longer thing is refused or cut where the constant is used. */
#define SMS_TEXT_MAX 6400        /* bytes of UTF-8: 1,600 code points */
#define CHAT_TEXT_MAX 65536      /* bytes of a chat message's body */
#define ADDRESS_MAX 1024         /* bytes of a JID or a Matrix id */
#define EVENT_ID_MAX 256         /* bytes of an event id of a chat network */
#define MEDIA_REFERENCE_MAX 4096 /* bytes of where a file is: a URL, an mxc:// one */
#define MEDIA_TYPE_MAX 64        /* "image/jpeg" */
#define TOKEN_MAX 33             /* our opaque tokens: up to 32 hex digits, NUL */

#endif
