/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One event of a room, read from JSON in which every field may be missing or of any type: whoever
 * is in a room can send any content. https://spec.matrix.org/v1.15/client-server-api/#events
 *
 * Strings are borrowed from the JSON tree (room perhaps from the caller) and never NULL ("" when
 * missing or no string), except `text`, which is made here. What is called an id below is one by
 * matrix_id.h or "". Only `text` is clean (utf8_clean); `type`, `state_key`, `mime`, `name` and
 * `reason` are valid UTF-8, of any length, with any characters.
 */
#ifndef MATRIX_EVENT_H
#define MATRIX_EVENT_H

#include "base/strbuf.h"
#include "chat/matrix/matrix_id.h"

#include <stdbool.h>
#include <stdint.h>

struct cJSON;

/* What has a state key is a MEMBER, TOMBSTONE, ENCRYPTION or STATE, whatever its type says; what has
 * none is one of the others. */
enum mx_kind {
	MX_MESSAGE,   /* m.room.message */
	MX_REACTION,  /* m.reaction; text is the key without U+FE0F, target what it is on */
	MX_REDACTION, /* m.room.redaction; target is what it took away (content first, then top
			  level), "" when it does not say */
	MX_ENCRYPTED, /* m.room.encrypted */
	MX_UNCARRIED, /* something for people that an SMS cannot carry; text says what: "a sticker" */
	MX_MEMBER,    /* m.room.member */
	MX_TOMBSTONE,  /* m.room.tombstone; `replacement` */
	MX_ENCRYPTION, /* m.room.encryption: somebody switched it on */
	MX_STATE,      /* other state */
	MX_OTHER,      /* nothing a person would see; also what was redacted before we saw it */
};

enum mx_msgtype {
	MX_MSG_TEXT,
	MX_MSG_NOTICE, /* what a program says: never texted */
	MX_MSG_EMOTE,  /* "/me": text says what */
	MX_MSG_FILE,   /* image, video, audio, file; uri, mime, name, size */
	MX_MSG_OTHER,  /* location and whatever comes; text says what: "a location" */
};

enum mx_membership { MX_JOIN, MX_INVITE, MX_LEAVE, MX_BAN, MX_KNOCK, MX_MEMBERSHIP_OTHER };

struct mx_event {
	enum mx_kind kind;
	const char *type;
	const char *id; /* "" in stripped state only */
	const char *room;
	const char *sender;
	bool has_state_key;
	const char *state_key;
	int64_t at; /* origin_server_ts, ms; 0 when it makes no sense */

	/* MX_MESSAGE: the body, cleaned (utf8_clean), without the fallback of a reply; of an edit its
	 * new words; of MX_MSG_OTHER what it is. At most CHAT_TEXT_MAX bytes, perhaps "". */
	struct strbuf text;
	enum mx_msgtype msgtype;
	bool edit;          /* m.replace; target is what it changes, "" when it does not say */
	const char *target; /* of an edit, reaction, redaction */

	/* Of whatever has no state key, an encrypted event too; an edit is not in a thread by itself. */
	const char *thread; /* root of the thread it is in, "" when in none */
	/* m.in_reply_to; "" also when it is only the fallback of a thread. */
	const char *reply_to;

	/* MX_MSG_FILE */
	const char *uri; /* "mxc://server/id", checked; "" when it is none or encrypted */
	const char *mime;
	const char *name; /* of the file; the body when it has no other */
	bool captioned;   /* the body is not its name but what is said with it */
	int64_t size;     /* bytes, as the sender says; 0 unknown */

	/* MX_MEMBER: state_key is whose it is, a user id. */
	enum mx_membership membership;
	enum mx_membership before; /* unsigned.prev_content, MX_MEMBERSHIP_OTHER when unknown */
	bool is_direct;
	const char *reason;

	const char *replacement; /* MX_TOMBSTONE: a room id, "" when there is none */
};

/* Whether it is an event at all: an object with a type, a sender, a room and, unless it is state, an
 * id. Only then *out is filled and must be released. room: where it was found (in a sync, where
 * events do not name it), NULL to read it from the event. */
bool mx_event_read(const struct cJSON *json, const char *room, struct mx_event *out);
void mx_event_release(struct mx_event *event);

#endif
