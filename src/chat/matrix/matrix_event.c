/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Reading events; see matrix_event.h. Tables say which type is read how: there is always one more
 * type, and what is in no table is nothing that a person would see.
 */
#include "chat/matrix/matrix_event.h"

#include "base/utf8.h"
#include "chat/matrix/matrix_json.h"
#include "roomline/types.h"

#include <string.h>

#define REACTION_MAX 64                 /* bytes of a key; the longest emoji has 35 */
#define EXACT_MAX 9007199254740991.0    /* what JSON carries exactly, 2^53 - 1 */
#define AT_MAX INT64_C(253402300800000) /* the year 10000 */
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* ---- fields ------------------------------------------------------------------------------------ */

static const char *event_of(const struct cJSON *object, const char *key)
{
	const char *id = mx_str(object, key);

	return mx_is_event(id) ? id : "";
}

/* A number of bytes or ms; 0 when it is none. */
static int64_t count_of(const struct cJSON *object, const char *key)
{
	const struct cJSON *item = mx_get(object, key);

	if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= EXACT_MAX))
		return 0;
	return (int64_t)item->valuedouble;
}

static void add_clean(struct strbuf *out, const char *text, size_t max)
{
	(void)utf8_clean(out, text, strlen(text), max);
	if (out->len > max)
		strbuf_truncate(out, utf8_whole(out->buf, max));
}

static const struct cJSON *relation_of(const struct cJSON *content)
{
	return mx_get(content, "m.relates_to");
}

static bool relates_by(const struct cJSON *content, const char *type)
{
	return strcmp(mx_str(relation_of(content), "rel_type"), type) == 0;
}

static const char *answered_by(const struct cJSON *content)
{
	return event_of(mx_get(relation_of(content), "m.in_reply_to"), "event_id");
}

/* ---- what people say --------------------------------------------------------------------------- */

static void cut_front(struct strbuf *text, size_t n)
{
	memmove(text->buf, text->buf + n, text->len - n);
	strbuf_truncate(text, text->len - n);
}

/* Some clients repeat what a reply answers: lines that begin with ">", the first of which names who
 * wrote it, and a blank line. Nobody wants their own text sent back to them by SMS; but what only
 * looks a little like it was written by a person. */
static void cut_quote(struct strbuf *text)
{
	const char *p = text->buf;
	const char *end;

	if (strncmp(p, "> <@", 4) != 0 && strncmp(p, "> * <@", 6) != 0)
		return;
	while (*p == '>') {
		end = strchr(p, '\n');
		if (!end)
			return;
		p = end + 1;
	}
	if (*p == '\n')
		p++;
	cut_front(text, (size_t)(p - text->buf));
}

static void read_file(const struct cJSON *words, struct mx_event *out)
{
	const struct cJSON *info = mx_get(words, "info");
	const char *uri = mx_get(words, "file") ? "" : mx_str(words, "url");
	const char *part;
	size_t len;

	out->uri = mx_uri_split(uri, &part, &len, &part, &len) ? uri : "";
	out->mime = mx_str(info, "mimetype");
	out->size = count_of(info, "size");
	out->name = mx_str(words, "filename");
	out->captioned = out->name[0] && strcmp(out->name, mx_str(words, "body")) != 0;
	if (out->name[0] == '\0')
		out->name = mx_str(words, "body");
}

static const struct {
	const char *name;
	enum mx_msgtype msgtype;
	const char *what; /* of what an SMS cannot carry */
} msgtypes[] = {
	{"m.text", MX_MSG_TEXT, NULL},
	{"m.notice", MX_MSG_NOTICE, NULL},
	{"m.emote", MX_MSG_EMOTE, NULL},
	{"m.image", MX_MSG_FILE, NULL},
	{"m.video", MX_MSG_FILE, NULL},
	{"m.audio", MX_MSG_FILE, NULL},
	{"m.file", MX_MSG_FILE, NULL},
	{"m.location", MX_MSG_OTHER, "a location"},
	{"", MX_MSG_OTHER, "this kind of message"},
};

/* words: where msgtype, body and the like stand. */
static void read_words(const struct cJSON *words, struct mx_event *out)
{
	const char *msgtype = mx_str(words, "msgtype");
	size_t i = 0;

	while (i < LENGTH(msgtypes) - 1 && strcmp(msgtypes[i].name, msgtype) != 0)
		i++;
	out->msgtype = msgtypes[i].msgtype;
	if (msgtypes[i].what)
		strbuf_adds(&out->text, msgtypes[i].what);
	else
		add_clean(&out->text, mx_str(words, "body"), CHAT_TEXT_MAX);
	if (out->msgtype == MX_MSG_FILE)
		read_file(words, out);
}

static void read_message(const struct cJSON *content, struct mx_event *out)
{
	const struct cJSON *words = content;
	bool is_body;

	out->kind = MX_MESSAGE;
	out->edit = relates_by(content, "m.replace");
	if (out->edit) {
		out->target = event_of(relation_of(content), "event_id");
		if (cJSON_IsString(mx_get(mx_get(content, "m.new_content"), "body")))
			words = mx_get(content, "m.new_content");
	}
	read_words(words, out);
	is_body = out->msgtype != MX_MSG_OTHER;
	if (is_body && answered_by(content)[0] != '\0')
		cut_quote(&out->text);
	if (is_body && out->edit && words == content && strncmp(out->text.buf, "* ", 2) == 0)
		cut_front(&out->text, 2);
}

static void read_reaction(const struct cJSON *content, struct mx_event *out)
{
	const struct cJSON *relation = relation_of(content);
	STRBUF_AUTO(key);
	const char *p;
	const char *end;
	int32_t cp;

	if (!relates_by(content, "m.annotation"))
		return;
	add_clean(&key, mx_str(relation, "key"), REACTION_MAX);
	end = key.buf + key.len;
	for (p = key.buf; p < end;) {
		p += utf8_decode(p, end, &cp);
		if (cp != 0xFE0F)
			utf8_encode(&out->text, cp);
	}
	out->target = event_of(relation, "event_id");
	if (out->text.len > 0 && out->target[0] != '\0')
		out->kind = MX_REACTION;
}

static void read_redaction(const struct cJSON *json, const struct cJSON *content,
			   struct mx_event *out)
{
	out->kind = MX_REDACTION;
	out->target = event_of(content, "redacts");
	if (out->target[0] == '\0')
		out->target = event_of(json, "redacts");
}

static void read_encrypted(const struct cJSON *content, struct mx_event *out)
{
	(void)content;
	out->kind = MX_ENCRYPTED;
}

/* "*" at the end: whatever begins like that. */
static bool fits(const char *pattern, const char *type)
{
	size_t len = strlen(pattern);

	if (len > 0 && pattern[len - 1] == '*')
		return strncmp(pattern, type, len - 1) == 0;
	return strcmp(pattern, type) == 0;
}

/* What a call or a poll goes on with (answers, candidates, votes) says nothing new to anybody. */
static void read_uncarried(const char *type, struct mx_event *out)
{
	static const char *const uncarried[][2] = {
		{"m.sticker", "a sticker"},
		{"m.poll.start", "a poll"},
		{"org.matrix.msc3381.poll.start", "a poll"},
		{"m.call", "a call"},
		{"m.call.invite", "a call"},
		{"m.call.member", "a call"},
		{"m.call.notify", "a call"},
		{"m.rtc.notification", "a call"},
		{"org.matrix.msc3401.call*", "a call"},
		{"org.matrix.msc4075.*", "a call"},
		{"m.beacon*", "a live location"},
		{"org.matrix.msc3672.beacon*", "a live location"},
		{"m.location", "a location"},
	};

	for (size_t i = 0; i < LENGTH(uncarried); i++) {
		if (!fits(uncarried[i][0], type))
			continue;
		out->kind = MX_UNCARRIED;
		strbuf_adds(&out->text, uncarried[i][1]);
		return;
	}
}

/* ---- state ------------------------------------------------------------------------------------- */

static enum mx_membership membership_of(const struct cJSON *content)
{
	static const char *const names[] = {
		[MX_JOIN] = "join", [MX_INVITE] = "invite", [MX_LEAVE] = "leave",
		[MX_BAN] = "ban",   [MX_KNOCK] = "knock",
	};
	const char *name = mx_str(content, "membership");

	for (size_t i = 0; i < LENGTH(names); i++) {
		if (strcmp(names[i], name) == 0)
			return (enum mx_membership)i;
	}
	return MX_MEMBERSHIP_OTHER;
}

static void read_member(const struct cJSON *content, struct mx_event *out)
{
	if (!mx_is_user(out->state_key))
		return;
	out->kind = MX_MEMBER;
	out->membership = membership_of(content);
	out->is_direct = cJSON_IsTrue(mx_get(content, "is_direct"));
	out->reason = mx_str(content, "reason");
}

static void read_tombstone(const struct cJSON *content, struct mx_event *out)
{
	const char *room = mx_str(content, "replacement_room");

	if (out->state_key[0] != '\0')
		return;
	out->kind = MX_TOMBSTONE;
	out->replacement = mx_is_room(room) ? room : "";
}

static void read_encryption(const struct cJSON *content, struct mx_event *out)
{
	(void)content;
	if (out->state_key[0] == '\0')
		out->kind = MX_ENCRYPTION;
}

/* ---- events ------------------------------------------------------------------------------------ */

struct reader {
	const char *type;
	void (*read)(const struct cJSON *content, struct mx_event *out);
};

static const struct reader state_readers[] = {
	{"m.room.member", read_member},
	{"m.room.tombstone", read_tombstone},
	{"m.room.encryption", read_encryption},
};

static const struct reader said_readers[] = {
	{"m.room.message", read_message},
	{"m.reaction", read_reaction},
	{"m.room.encrypted", read_encrypted},
};

static void read_by(const struct reader *readers, size_t n, const struct cJSON *content,
		    struct mx_event *out)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(readers[i].type, out->type) == 0)
			readers[i].read(content, out);
	}
}

static void read_state(const struct cJSON *json, const struct cJSON *content, struct mx_event *out)
{
	out->kind = MX_STATE;
	out->before = membership_of(mx_get(mx_get(json, "unsigned"), "prev_content"));
	read_by(state_readers, LENGTH(state_readers), content, out);
}

static void read_said(const struct cJSON *json, const struct cJSON *content, struct mx_event *out)
{
	const struct cJSON *relation = relation_of(content);

	/* Its content may be empty, and what it took away stays away when it is redacted itself. */
	if (strcmp(out->type, "m.room.redaction") == 0) {
		read_redaction(json, content, out);
		return;
	}
	if (!content || !content->child || mx_get(mx_get(json, "unsigned"), "redacted_because"))
		return;
	if (relates_by(content, "m.thread"))
		out->thread = event_of(relation, "event_id");
	if (!cJSON_IsTrue(mx_get(relation, "is_falling_back")))
		out->reply_to = answered_by(content);
	read_by(said_readers, LENGTH(said_readers), content, out);
	read_uncarried(out->type, out);
}

/* The envelope, which the homeserver vouches for. */
static bool read_head(const struct cJSON *json, const char *room, struct mx_event *out)
{
	const struct cJSON *id = mx_get(json, "event_id");
	int64_t at = count_of(json, "origin_server_ts");

	out->type = mx_str(json, "type");
	out->sender = mx_str(json, "sender");
	out->room = room ? room : mx_str(json, "room_id");
	out->id = event_of(json, "event_id");
	out->has_state_key = mx_get(json, "state_key") != NULL;
	out->state_key = mx_str(json, "state_key");
	out->at = at < AT_MAX ? at : 0;
	return out->type[0] != '\0' && mx_is_user(out->sender) && mx_is_room(out->room) &&
	       (out->id[0] != '\0' || (out->has_state_key && !id));
}

bool mx_event_read(const struct cJSON *json, const char *room, struct mx_event *out)
{
	const struct cJSON *content = mx_get(json, "content");

	*out = (struct mx_event){
		.kind = MX_OTHER,
		.text = STRBUF_INIT,
		.msgtype = MX_MSG_OTHER,
		.target = "",
		.thread = "",
		.reply_to = "",
		.uri = "",
		.mime = "",
		.name = "",
		.membership = MX_MEMBERSHIP_OTHER,
		.before = MX_MEMBERSHIP_OTHER,
		.reason = "",
		.replacement = "",
	};
	if (!read_head(json, room, out))
		return false;
	content = cJSON_IsObject(content) ? content : NULL;
	if (out->has_state_key)
		read_state(json, content, out);
	else
		read_said(json, content, out);
	return true;
}

void mx_event_release(struct mx_event *event)
{
	strbuf_release(&event->text);
}
