/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Files: ours are read from the bridge, uploaded, and then said with their mxc address; those that
 * others said the bridge fetches from the homeserver, which lets nobody in without our token.
 * https://spec.matrix.org/v1.15/client-server-api/#content-repository
 *
 * What cannot be uploaded is told of in words, those that came with it: they hold a link of ours.
 * An upload that is made twice leaves a file that nobody names; the message is sent once all the
 * same, by its transaction id.
 */
#include "base/log.h"
#include "base/xalloc.h"
#include "chat/matrix/matrix_id.h"
#include "chat/matrix/matrix_json.h"
#include "chat/matrix/matrix_priv.h"

#include <string.h>

#define FILES_AT_ONCE 4
#define UPLOAD_MS 60000

static void on_bytes(const struct chat_bytes *bytes, void *arg);

static bool is_under_way(const struct mx_item_file *file)
{
	return file->step != MX_FILE_WAITING && file->step != MX_FILE_THERE;
}

/* One fewer is under way: others may begin. */
static void let_others(struct matrix *m)
{
	struct mx_place *place;

	m->files--;
	TAILQ_FOREACH(place, &m->places, link)
	{
		const struct mx_item *item = STAILQ_FIRST(&place->items);

		if (item && item->file && item->file->step == MX_FILE_WAITING)
			mx_place_run(place);
	}
}

void mx_file_drop(struct mx_place *place, struct mx_item *item)
{
	struct mx_item_file *file = item->file;

	item->file = NULL;
	if (!file)
		return;
	if (file->step == MX_FILE_READING)
		bridge_media_forget(place->m->host.bridge, on_bytes, place);
	if (is_under_way(file))
		let_others(place->m);
	free(file->bytes);
	free(file->type);
	free(file->name);
	free(file->uri);
	free(file);
}

/* words: NULL for those that came with it. */
static void become_words(struct mx_place *place, struct mx_item *item, const char *words)
{
	mx_file_drop(place, item);
	if (words) {
		free(item->text);
		item->text = xstrdup(words);
	}
	item->voice = VOICE_BOT;
	item->notice = true;
}

static void on_uploaded(const struct mx_reply *reply, void *arg)
{
	struct mx_place *place = arg;
	struct mx_item *item = STAILQ_FIRST(&place->items);
	const char *uri = mx_str(reply->body, "content_uri");
	const char *part;
	size_t len;

	if (!mx_place_answered(place))
		return;
	if (reply->outcome == MX_OK && mx_uri_split(uri, &part, &len, &part, &len)) {
		item->file->uri = xstrdup(uri);
		free(item->file->bytes);
		item->file->bytes = NULL;
		item->file->step = MX_FILE_THERE;
		let_others(place->m);
	} else {
		log_warn("matrix.not_uploaded media=%lld status=%d errcode=%s",
			 (long long)item->file->id.v, reply->status, log_quote(reply->errcode));
		become_words(place, item, NULL);
	}
	mx_place_run(place);
}

static void upload(struct mx_place *place, struct mx_item_file *file)
{
	struct mx_call call = {.method = "POST",
			       .body = file->bytes,
			       .len = file->len,
			       .type = file->type,
			       .timeout_ms = UPLOAD_MS};
	STRBUF_AUTO(path);

	mx_path(&path, "/_matrix/media/v3/upload?filename={}", file->name);
	call.path = path.buf;
	file->step = MX_FILE_UPLOADING;
	mx_place_call(place, &call, on_uploaded);
}

static void on_bytes(const struct chat_bytes *bytes, void *arg)
{
	struct mx_place *place = arg;
	struct mx_item *item = STAILQ_FIRST(&place->items);
	struct mx_item_file *file = item->file;

	file->step = MX_FILE_READ;
	if (bytes->bytes) {
		file->bytes = xmalloc(bytes->len);
		memcpy(file->bytes, bytes->bytes, bytes->len);
		file->len = bytes->len;
		file->type = xstrdup(bytes->type);
		file->name = xstrdup(bytes->name);
	} else {
		become_words(place, item, bytes->text);
	}
	mx_place_run(place);
}

bool mx_file_send(struct mx_place *place)
{
	struct matrix *m = place->m;
	struct mx_item_file *file = STAILQ_FIRST(&place->items)->file;

	if (!file)
		return true;
	switch (file->step) {
	case MX_FILE_WAITING:
		if (m->files >= FILES_AT_ONCE)
			return false; /* let_others() comes */
		m->files++;
		file->step = MX_FILE_READING;
		bridge_media_read(m->host.bridge, file->id, on_bytes, place);
		return false;
	case MX_FILE_READ:
		upload(place, file);
		return false;
	case MX_FILE_READING:
	case MX_FILE_UPLOADING:
		return false;
	case MX_FILE_THERE:
		return true;
	}
	BUG("file step %d", (int)file->step);
}

void mx_file_locate(const struct matrix *m, const char *reference, struct http_fetch_order *order)
{
	const char *server;
	const char *id;
	size_t server_len;
	size_t id_len;
	STRBUF_AUTO(url);

	if (!mx_uri_split(reference, &server, &server_len, &id, &id_len))
		return;
	strbuf_addf(&url, "%s/_matrix/client/v1/media/download/%.*s/%.*s", m->cfg.homeserver,
		    (int)server_len, server, (int)id_len, id);
	free(order->call.url);
	order->call.url = strbuf_detach(&url, NULL);
	order->trusted = true;
	mx_http_authorize(m->http, &order->call.headers);
}
