/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Files for rooms (XEP-0363): they are put on the server's upload service, and what is said is the
 * link. find the service -> read the bytes -> ask for a slot -> put -> said
 *
 * The service is looked for when the first file comes, and once more a while after none was found.
 * Where a step fails the file is told of in words: in those that came with it, which hold a link of
 * ours to the same file.
 */
#include "base/log.h"
#include "base/xalloc.h"
#include "chat/xmpp/xmpp_priv.h"
#include "roomline/http.h"

#include <string.h>

#define UPLOADS_AT_ONCE 4
#define ITEMS_MAX 32 /* of a server, that are asked what they are */
#define LOOK_AGAIN_MS 600000
#define PUT_MS 60000

enum upload_step {
	UPLOAD_FINDING, /* waits for the service to be found */
	UPLOAD_READING, /* the bridge was asked for the bytes */
	UPLOAD_ASKING,  /* the service was asked for a slot */
	UPLOAD_PUTTING, /* the bytes are on their way */
	UPLOAD_ENDING,
};

struct upload {
	LIST_ENTRY(upload) link;
	struct xmpp *x;
	struct xmpp_room *room;
	struct media_id file;
	enum upload_step step;
	char *bytes; /* until they are put */
	size_t len;
	char *type;
	char *name;
	char *get; /* where it will be */
};

/* ---- one upload -------------------------------------------------------------------------------- */

static void on_bytes(const struct chat_bytes *bytes, void *arg);
static void on_put(const struct http_answer *answer, void *arg);

void upload_free(struct upload *upload)
{
	struct xmpp *x = upload->x;

	switch (upload->step) {
	case UPLOAD_FINDING:
	case UPLOAD_ASKING:
	case UPLOAD_ENDING:
		break; /* nobody finds it any more */
	case UPLOAD_READING:
		bridge_media_forget(x->bridge, on_bytes, upload);
		break;
	case UPLOAD_PUTTING:
		http_client_forget(x->client, on_put, upload);
		break;
	}
	LIST_REMOVE(upload, link);
	x->uploads.n--;
	free(upload->bytes);
	free(upload->type);
	free(upload->name);
	free(upload->get);
	free(upload);
}

/* url: where it is, or NULL and words, which may be NULL too. */
static void upload_end(struct upload *upload, const char *url, const char *words)
{
	struct xmpp *x = upload->x;
	struct xmpp_room *room;
	struct xmpp_room *next;

	call_uploaded(upload->room, upload, url, words);
	upload_free(upload);
	/* Whoever had to wait for it. */
	for (room = TAILQ_FIRST(&x->rooms); room; room = next) {
		next = TAILQ_NEXT(room, link);
		call_flush(room);
	}
}

static void give_up(struct upload *upload, const char *why)
{
	log_warn("xmpp.not_uploaded room=%s media=%lld why=%s", upload->room->jid,
		 (long long)upload->file.v, log_quote(why));
	upload_end(upload, NULL, NULL);
}

static void on_put(const struct http_answer *answer, void *arg)
{
	struct upload *upload = arg;
	STRBUF_AUTO(why);

	upload->step = UPLOAD_ENDING;
	if (answer->fate == HTTP_ANSWERED && answer->status >= 200 && answer->status <= 299) {
		upload_end(upload, upload->get, NULL);
		return;
	}
	strbuf_addf(&why, "status %d %s", answer->status, answer->problem);
	give_up(upload, why.buf);
}

static void put(struct upload *upload, struct upload_slot *slot)
{
	struct http_call call = {.method = "PUT",
				 .url = slot->put,
				 .headers = slot->headers,
				 .body = upload->bytes,
				 .body_len = upload->len,
				 .timeout_ms = PUT_MS};

	http_headers_add(&call.headers, "Content-Type", upload->type);
	upload->bytes = NULL;
	upload->get = slot->get;
	*slot = (struct upload_slot){0};
	upload->step = UPLOAD_PUTTING;
	http_client_start(upload->x->client, &call, on_put, upload);
}

static struct upload *upload_of(struct xmpp_room *room, enum upload_step step)
{
	struct upload *upload;

	LIST_FOREACH(upload, &room->x->uploads.list, link)
	{
		if (upload->room == room && upload->step == step)
			return upload;
	}
	return NULL;
}

static void on_slot(struct xmpp *x, struct xmpp_room *room, const char *note, xmpp_stanza_t *reply)
{
	struct upload *upload = upload_of(room, UPLOAD_ASKING);
	struct upload_slot slot = {0};

	(void)x;
	(void)note;
	if (!upload)
		BUG("a slot for no file");
	upload->step = UPLOAD_ENDING;
	if (!reply)
		give_up(upload, "the upload service does not answer");
	else if (read_error(reply)[0])
		give_up(upload, read_error(reply));
	else if (!read_slot(reply, &slot))
		give_up(upload, "its slot cannot be used");
	else
		put(upload, &slot);
	upload_slot_release(&slot);
}

static void on_bytes(const struct chat_bytes *bytes, void *arg)
{
	struct upload *upload = arg;
	struct xmpp *x = upload->x;
	struct stanza_head head = {.from = x->cfg.bot_full, .to = x->uploads.service};

	upload->step = UPLOAD_ENDING;
	if (!bytes->bytes) {
		upload_end(upload, NULL, bytes->text);
		return;
	}
	if (x->uploads.max > 0 && (int64_t)bytes->len > x->uploads.max) {
		give_up(upload, "the upload service takes no files as large");
		return;
	}
	upload->bytes = xmalloc(bytes->len);
	memcpy(upload->bytes, bytes->bytes, bytes->len);
	upload->len = bytes->len;
	upload->type = xstrdup(bytes->type);
	upload->name = xstrdup(bytes->name);
	upload->step = UPLOAD_ASKING;
	ask_take(x, stanza_slot_get(x->link.ctx, &head, upload->name, upload->len, upload->type),
		 on_slot, upload->room, NULL);
}

static void upload_read(struct upload *upload)
{
	upload->step = UPLOAD_READING;
	bridge_media_read(upload->x->bridge, upload->file, on_bytes, upload);
}

/* ---- the service ------------------------------------------------------------------------------- */

static struct upload *first_finding(const struct xmpp *x)
{
	struct upload *upload;

	LIST_FOREACH(upload, &x->uploads.list, link)
	{
		if (upload->step == UPLOAD_FINDING)
			return upload;
	}
	return NULL;
}

static void found(struct xmpp *x)
{
	struct upload *upload;
	bool there = x->uploads.service != NULL;

	x->uploads.looking = 0;
	x->uploads.looked_at = loop_monotonic(x->loop);
	x->uploads.looked = true;
	if (there)
		log_info("xmpp.uploads service=%s max=%lld", log_quote(x->uploads.service),
			 (long long)x->uploads.max);
	else
		log_warn("xmpp.no_uploads server=%s", x->cfg.server);
	while ((upload = first_finding(x))) {
		if (there)
			upload_read(upload);
		else
			give_up(upload, "the server has no upload service for us");
	}
}

static void on_info(struct xmpp *x, struct xmpp_room *room, const char *note, xmpp_stanza_t *reply)
{
	int64_t max;

	(void)room;
	if (reply && !x->uploads.service && read_upload_service(reply, &max)) {
		x->uploads.service = xstrdup(note);
		x->uploads.max = max;
	}
	if (--x->uploads.looking == 0)
		found(x);
}

static void ask_info(const char *jid, void *arg)
{
	struct xmpp *x = arg;
	struct stanza_head head = {.from = x->cfg.bot_full, .to = jid};

	x->uploads.looking++;
	ask_take(x, stanza_disco_get(x->link.ctx, &head), on_info, NULL, jid);
}

static void on_items(struct xmpp *x, struct xmpp_room *room, const char *note, xmpp_stanza_t *reply)
{
	(void)room;
	(void)note;
	if (reply)
		read_items(reply, ITEMS_MAX, ask_info, x);
	/* Itself is counted until now, so that an early answer is not taken for the last. */
	if (--x->uploads.looking == 0)
		found(x);
}

static void look(struct xmpp *x)
{
	struct stanza_head head = {.from = x->cfg.bot_full, .to = x->cfg.server};

	if (x->uploads.looking > 0)
		return;
	if (x->cfg.upload) {
		ask_info(x->cfg.upload, x);
		return;
	}
	x->uploads.looking = 1;
	ask_take(x, stanza_items_get(x->link.ctx, &head), on_items, NULL, NULL);
}

static bool has_looked(const struct xmpp *x)
{
	return x->uploads.looked &&
	       (x->uploads.service ||
		loop_monotonic(x->loop) - x->uploads.looked_at < LOOK_AGAIN_MS);
}

/* ---- for xmpp_say.c ---------------------------------------------------------------------------- */

struct upload *upload_start(struct xmpp_room *room, struct media_id file)
{
	struct xmpp *x = room->x;
	struct upload *upload;

	if (x->uploads.n >= UPLOADS_AT_ONCE)
		return NULL;
	upload = xcalloc(1, sizeof(*upload));
	upload->x = x;
	upload->room = room;
	upload->file = file;
	LIST_INSERT_HEAD(&x->uploads.list, upload, link);
	x->uploads.n++;
	if (has_looked(x) && x->uploads.service)
		upload_read(upload);
	else if (!has_looked(x))
		look(x);
	return upload;
}

bool upload_is_hopeless(const struct xmpp *x)
{
	return has_looked(x) && !x->uploads.service;
}

void upload_forget_service(struct xmpp *x)
{
	free(x->uploads.service);
	x->uploads.service = NULL;
	x->uploads.looked = false;
	x->uploads.looking = 0;
}
