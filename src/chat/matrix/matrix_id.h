/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Ids of users, rooms, aliases and events, mxc:// addresses of files, and digests. What passes here is at
 * most 255 bytes of valid UTF-8 without control characters, blanks and U+FFFD (which stands for
 * what JSON could not carry, so that two ids would look like one). Ids are compared byte by byte.
 * https://spec.matrix.org/v1.15/appendices/#identifier-grammar
 */
#ifndef MATRIX_ID_H
#define MATRIX_ID_H

#include <stdbool.h>
#include <stddef.h>

/* "@local:server"; old users may have any local part, even an empty one. */
bool mx_is_user(const char *text);
bool mx_is_alias(const char *text); /* "#local:server" */
/* "!id:server", or "!id" since room version 12; never with a slash. */
bool mx_is_room(const char *text);
/* "$" and anything: "$id:server" in rooms of version 1 and 2, base64 since version 3. */
bool mx_is_event(const char *text);
/* Server and id of "mxc://server/id" if both consist of what they may: points into uri and gives
 * their lengths. False, and nothing set, otherwise. */
bool mx_uri_split(const char *uri, const char **server, size_t *server_len, const char **id,
		  size_t *id_len);

/* 16 hex digits that tell texts apart. */
#define MX_DIGEST_MAX 17
void mx_digest(const char *text, char out[MX_DIGEST_MAX]);

#endif
