/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Reading what others say about files: pure functions over a stanza, as xmpp_read.h. XEP-0066 (a
 * link), 0363 (uploading), 0385 and 0447 (what the file is).
 */
#ifndef XMPP_READ_FILE_H
#define XMPP_READ_FILE_H

#include "base/strbuf.h"
#include "roomline/http.h"
#include "roomline/types.h"

#include <stdbool.h>
#include <stdint.h>
#include <strophe.h>

struct said_file {
	struct strbuf url; /* clean; "" when it is told in no way that we know */
	char type[MEDIA_TYPE_MAX];
	int64_t size;   /* 0: not told */
	bool encrypted; /* only its readers can tell what it is */
};

/* False: it says nothing of a file. */
bool read_file(xmpp_stanza_t *message, struct said_file *out);
void said_file_release(struct said_file *file);
/* Takes the link of a file off the words that came with it: most clients write it there too, some
 * only there. */
void read_caption(struct strbuf *words, struct said_file *file);

/* Calls fn with the address of each item of a disco#items result; at most max. */
typedef void read_item_fn(const char *jid, void *arg);
void read_items(xmpp_stanza_t *result, size_t max, read_item_fn *fn, void *arg);

/* Whether a disco#info result is of an upload service; *max_out: bytes of a file, 0 when it does not
 * tell. */
bool read_upload_service(xmpp_stanza_t *result, int64_t *max_out);

struct upload_slot {
	char *put;
	char *get;
	struct http_headers headers; /* of the PUT */
};
/* False: it is none that can be used. */
bool read_slot(xmpp_stanza_t *result, struct upload_slot *out);
void upload_slot_release(struct upload_slot *slot);

#endif
