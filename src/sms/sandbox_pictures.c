/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The files of texts to phones: a provider is given links to them and fetches them by itself, after
 * it has taken the text. So does the simulated carrier, by the same HTTP.
 */
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "sms/sandbox_priv.h"

#include <string.h>

#define FETCH_MS 30000

static void picture_free(struct sim_picture *picture)
{
	LIST_REMOVE(picture, link);
	for (size_t i = 0; i < picture->n; i++)
		free(picture->urls[i]);
	strbuf_release(&picture->media);
	free(picture);
}

static void add_url(struct sim_picture *picture, const char *url)
{
	strbuf_adds(&picture->media, picture->media.len > 1 ? "," : "");
	json_add_text(&picture->media, url);
}

static void fetch_next(struct sim_picture *picture);

static void keep(struct sim_picture *picture, const struct http_answer *answer)
{
	const struct sim_file *file = NULL;
	STRBUF_AUTO(url);

	if (answer->fate == HTTP_ANSWERED && answer->status == 200)
		file = file_store_add(&picture->box->files, answer->body, answer->body_len);
	if (file) {
		strbuf_addf(&url, "/sandbox/file/%s", file->id);
		add_url(picture, url.buf);
	}
	picture->failed |= !file;
}

static void on_fetched(const struct http_answer *answer, void *arg)
{
	struct sim_picture *picture = arg;

	if (picture->dropped) {
		picture_free(picture);
		return;
	}
	keep(picture, answer);
	picture->at++;
	fetch_next(picture);
}

static void end(struct sim_picture *picture)
{
	strbuf_addc(&picture->media, ']');
	picture->done(picture, picture->arg);
	picture_free(picture);
}

static void fetch_next(struct sim_picture *picture)
{
	const struct sim_line *line = picture->line;

	for (; picture->at < picture->n; picture->at++) {
		const char *url = picture->urls[picture->at];
		struct http_call call = {
			.method = "GET", .timeout_ms = FETCH_MS, .max_body = FILE_MAX};
		STRBUF_AUTO(ours);

		if (strncmp(url, line->file_url, strlen(line->file_url)) != 0) {
			add_url(picture, url);
			continue;
		}
		strbuf_addf(&ours, "%s%s", line->file_call_url, url + strlen(line->file_url));
		call.url = strbuf_detach(&ours, NULL);
		http_client_start(picture->box->client, &call, on_fetched, picture);
		return;
	}
	end(picture);
}

void sim_picture_start(struct sandbox_phones *box, const struct sim_line *line, const char *media,
		       void (*done)(struct sim_picture *picture, void *arg),
		       void (*drop)(void *arg), void *arg)
{
	struct sim_picture *picture = xcalloc(1, sizeof(*picture));
	JSON_AUTO list = json_parse(media, strlen(media), JSON_DEPTH_MAX, NULL);
	const struct cJSON *found[SMS_MEDIA_MAX];
	size_t n = json_find(list, "*", found, SMS_MEDIA_MAX);

	picture->box = box;
	picture->line = line;
	picture->done = done;
	picture->drop = drop;
	picture->arg = arg;
	strbuf_init(&picture->media);
	strbuf_addc(&picture->media, '[');
	LIST_INSERT_HEAD(&box->pictures, picture, link);
	for (size_t i = 0; i < n; i++) {
		STRBUF_AUTO(url);

		if (json_text(found[i], "", &url))
			picture->urls[picture->n++] = strbuf_detach(&url, NULL);
	}
	fetch_next(picture);
}

void sim_pictures_drop(struct sandbox_phones *box)
{
	struct sim_picture *picture;

	LIST_FOREACH(picture, &box->pictures, link)
	{
		if (!picture->dropped)
			picture->drop(picture->arg);
		picture->dropped = true;
	}
}

void sim_pictures_end(struct sandbox_phones *box)
{
	sim_pictures_drop(box);
	while (!LIST_EMPTY(&box->pictures))
		picture_free(LIST_FIRST(&box->pictures));
}
