/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Pictures and other files. We keep where they are and not what is in them: the provider has those
 * of contacts, the chat network those of volunteers, and each gets the other's through us when it
 * asks (media_read.c): by upload, or by a link of ours that is signed and ends.
 *
 * What a volunteer sends is looked at before it leaves, because a provider takes any link and fails
 * minutes later with a number for a reason. Until then its text stands in the queue and is not due.
 * That is read from the table after a crash, so it is neither lost nor sent unseen.
 */
#include "bridge/bridge_priv.h"

#include "base/civil.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "core/media.h"
#include "core/media_link.h"

#include <string.h>

#define CHECKS_AT_ONCE 1000

/* After each of them a file that could not be had is looked for once more. */
static const int64_t check_pauses_ms[] = {15000, 60000};

#define CHECK_TRIES_MAX (1 + (int)(sizeof(check_pauses_ms) / sizeof(check_pauses_ms[0])))

/* A text is not due before it was looked at; longer than all of that. */
#define UNREAD_MS 600000

/* ---- links and words --------------------------------------------------------------------------- */

static int64_t link_end(const struct bridge *bridge, int64_t now)
{
	return now + bridge->options->link_ms;
}

void media_link(struct bridge *bridge, struct media_id id, const char *file_name,
		struct strbuf *out)
{
	const char *base = bridge->options->public_url;
	size_t len = strlen(base);

	while (len > 0 && base[len - 1] == '/')
		len--;
	strbuf_add(out, base, len);
	strbuf_adds(out, MEDIA_PATH);
	media_link_add(out, bridge->options->link_secret, id.v,
		       link_end(bridge, bridge_now(bridge)), file_name);
}

enum bridge_link bridge_media_open(struct bridge *bridge, const char *link, struct media_id *id_out)
{
	switch (media_link_check(link, bridge->options->link_secret, bridge_now(bridge),
				 &id_out->v)) {
	case MEDIA_LINK_GOOD:
		return LINK_GOOD;
	case MEDIA_LINK_MALFORMED:
		return LINK_UNKNOWN;
	case MEDIA_LINK_FORGED:
		return LINK_FORGED;
	case MEDIA_LINK_EXPIRED:
		return LINK_EXPIRED;
	}
	BUG("no verdict about a link");
}

void media_words(struct bridge *bridge, struct media_id id, const char *problem, struct strbuf *out)
{
	struct civil end;

	civil_from_ms(link_end(bridge, bridge_now(bridge)), &end);
	if (problem)
		strbuf_addf(out,
			    "🖼 They sent a picture or file that I could not get: %s. This link "
			    "tries again, until %04d-%02d-%02d %02d:%02d UTC: ",
			    problem, end.year, end.month, end.day, end.hour, end.minute);
	else
		strbuf_addf(out,
			    "🖼 They sent a picture or file. It is here until %04d-%02d-%02d "
			    "%02d:%02d UTC: ",
			    end.year, end.month, end.day, end.hour, end.minute);
	media_link(bridge, id, "file", out);
}

/* ---- theirs ------------------------------------------------------------------------------------ */

int media_take(struct bridge *bridge, const struct sms_event *event,
	       const struct conversation_row *conversation, struct message_id message, int64_t at,
	       struct error *err)
{
	for (int i = 0; i < event->media_n; i++) {
		/* A longer address cannot be right, and is told as one that does not work. */
		AUTO_FREE char *reference = xstrndup(event->media[i], MEDIA_REFERENCE_MAX);
		struct media_row row = {.message = message,
					.position = i,
					.reference = reference,
					.checked = true,
					.created_at = at};

		if (reference[0] == '\0')
			continue;
		if (store_media_add(bridge->store, &row, err) < 0 ||
		    relay_show_all(bridge, conversation, row.id, message, at, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- ours: into the queue ---------------------------------------------------------------------- */

static bool ask_one(const struct media_row *row, void *arg)
{
	struct gate_files *files = arg;
	const struct media_type *type = media_type_find(row->type);

	files->n++;
	files->bytes += row->size;
	files->unread |= !row->checked;
	if (!files->untextable && type && !type->mms)
		files->untextable = type->words;
	else if (!files->untextable && !type && row->checked)
		files->untextable = "unknown";
	return true;
}

int media_ask(struct bridge *bridge, const struct message_row *row, const struct sms_sender *sender,
	      struct gate_files *out, struct error *err)
{
	int64_t max;

	*out = (struct gate_files){0};
	if (row->files == 0)
		return 0;
	max = (int64_t)sms_account_max_media_kb(sender->account) * 1024;
	if (max > (int64_t)bridge->options->file_max)
		max = (int64_t)bridge->options->file_max;
	out->possible = (sms_account_caps(sender->account) & SMS_CAP_MEDIA) != 0;
	out->max_bytes = max;
	if (row->id.v != 0)
		return store_list_media(bridge->store, row->id, ask_one, out, err);
	for (int i = 0; i < row->files; i++)
		(void)ask_one(&row->added[i], out);
	return 0;
}

static void on_added(bool committed, void *arg);

int media_add(struct bridge *bridge, const struct message_row *row, struct error *err)
{
	if (row->files == 0)
		return 0;
	for (int i = 0; i < row->files; i++) {
		struct media_row *file = &row->added[i];

		file->message = row->id;
		file->position = i;
		file->created_at = row->created_at;
		if (store_media_add(bridge->store, file, err) < 0)
			return -1;
	}
	store_after_commit(bridge->store, on_added, bridge);
	return store_message_set_due(bridge->store, row->id, row->created_at + UNREAD_MS, err);
}

static bool copy_one(const struct media_row *row, void *arg)
{
	struct media_copies *copies = arg;
	struct media_row *copy = &copies->v[copies->n++];

	*copy = *row;
	copy->reference = xstrdup(row->reference);
	copy->checked = false;
	return copies->n < SMS_MEDIA_MAX;
}

int media_copy(struct bridge *bridge, const struct message_row *row, struct media_copies *out,
	       struct error *err)
{
	if (row->files == 0)
		return 0;
	return store_list_media(bridge->store, row->id, copy_one, out, err);
}

void media_copies_release(struct media_copies *copies)
{
	for (int i = 0; i < copies->n; i++)
		media_row_release(&copies->v[i]);
	copies->n = 0;
}

/* ---- ours: looked at --------------------------------------------------------------------------- */

struct media_check {
	LIST_ENTRY(media_check) link;
	struct bridge *bridge;
	struct media_id media;
	struct message_id message;
	int tries;
	struct loop_timer *timer;
};

static void check_free(struct media_check *check)
{
	LIST_REMOVE(check, link);
	loop_cancel(check->timer);
	free(check);
}

static void on_bytes(const struct chat_bytes *bytes, void *arg);

static void check_run(void *arg)
{
	struct media_check *check = arg;

	check->timer = NULL;
	bridge_media_read(check->bridge, check->media, on_bytes, check);
}

static void check_again(struct media_check *check, int64_t ms)
{
	check->timer = loop_after(check->bridge->loop, ms, check_run, check);
}

static int give_up(struct bridge *bridge, struct message_row *row, const char *code,
		   const char *reason, struct error *err)
{
	STR_COPY(row->code, code);
	STR_COPY(row->reason, reason);
	return message_set_state(bridge, row, MSG_CANCELLED, err) < 0 ? -1 : 0;
}

static int give_up_unread(struct bridge *bridge, struct message_row *row, const char *problem,
			  struct error *err)
{
	char why[REASON_MAX];

	(void)snprintf(why, sizeof(why), "I could not get the file from the chat: %s.", problem);
	return give_up(bridge, row, "E_FILE", why, err);
}

/* The gate knows now what the files are. */
static int rule(struct bridge *bridge, struct message_row *row, struct error *err)
{
	const struct sms_sender *sender = sender_by_name(bridge, row->sender);
	struct gate_ruling ruling;

	/* Of one that is gone the outbox tells. */
	if (sender && gate_ask(bridge, row, sender, &ruling, err) < 0)
		return -1;
	if (sender && ruling.code != GATE_ALLOW && !ruling.wait)
		return give_up(bridge, row, gate_code_word(ruling.code), ruling.why, err);
	if (sender && ruling.code == GATE_FILE_UNREAD)
		return 0; /* another one is still to be looked at */
	if (store_message_set_due(bridge->store, row->id, bridge_now(bridge), err) < 0)
		return -1;
	outbox_kick_after_commit(bridge);
	return 0;
}

static int check_in_step(struct media_check *check, const struct chat_bytes *bytes,
			 struct error *err)
{
	struct bridge *bridge = check->bridge;
	struct message_row row = {0};
	int found = store_get_message(bridge->store, check->message, &row, err);
	int rc = found < 0 ? -1 : 0;

	if (found > 0 && row.state == MSG_NEW && bytes->bytes) {
		rc = store_media_set_checked(bridge->store, check->media, bytes->type,
					     (int64_t)bytes->len, err);
		if (rc == 0)
			rc = rule(bridge, &row, err);
	} else if (found > 0 && row.state == MSG_NEW) {
		rc = give_up_unread(bridge, &row, bytes->problem, err);
	}
	message_row_release(&row);
	return rc;
}

static int check_store(struct media_check *check, const struct chat_bytes *bytes, struct error *err)
{
	struct store *store = check->bridge->store;
	int rc = store_step_begin(store, err);

	if (rc == 0) {
		rc = check_in_step(check, bytes, err);
		if (store_step_end(store, rc == 0, err) < 0)
			rc = -1;
	}
	return rc;
}

static void on_bytes(const struct chat_bytes *bytes, void *arg)
{
	struct media_check *check = arg;
	struct bridge *bridge = check->bridge;
	struct error err = {0};

	if (!bytes->bytes && bytes->again && ++check->tries < CHECK_TRIES_MAX) {
		check_again(check, check_pauses_ms[check->tries - 1]);
		return;
	}
	if (check_store(check, bytes, &err) < 0) {
		log_error("media.unstored media=%lld problem=%s", (long long)check->media.v,
			  log_quote(err.text));
		check_again(check, STORE_RETRY_MS);
		return;
	}
	check_free(check);
	/* There may be more than were taken at once. */
	if (LIST_EMPTY(&bridge->media_checks) && media_start(bridge, &err) < 0)
		log_error("media.unlisted problem=%s", log_quote(err.text));
}

static bool start_one(const struct media_row *row, void *arg)
{
	struct bridge *bridge = arg;
	struct media_check *check;

	LIST_FOREACH(check, &bridge->media_checks, link)
	{
		if (check->media.v == row->id.v)
			return true;
	}
	check = xcalloc(1, sizeof(*check));
	check->bridge = bridge;
	check->media = row->id;
	check->message = row->message;
	LIST_INSERT_HEAD(&bridge->media_checks, check, link);
	check_run(check);
	return true;
}

int media_start(struct bridge *bridge, struct error *err)
{
	return store_list_unchecked_media(bridge->store, CHECKS_AT_ONCE, start_one, bridge, err);
}

/* Read from the table, as at the start: a step that was rolled back has left nothing there. */
static void on_added(bool committed, void *arg)
{
	struct bridge *bridge = arg;
	struct error err = {0};

	if (committed && bridge->client && media_start(bridge, &err) < 0)
		log_error("media.unlisted problem=%s", log_quote(err.text));
}

void media_release(struct bridge *bridge)
{
	while (!LIST_EMPTY(&bridge->media_checks))
		check_free(LIST_FIRST(&bridge->media_checks));
	media_loads_free(bridge->media);
}

/* ---- ours: to the provider --------------------------------------------------------------------- */

struct linking {
	struct bridge *bridge;
	struct media_links *links;
};

static bool link_one(const struct media_row *row, void *arg)
{
	struct linking *l = arg;
	const struct media_type *type = media_type_find(row->type);
	STRBUF_AUTO(link);

	media_link(l->bridge, row->id, type ? type->file_name : "file", &link);
	l->links->v[l->links->n++] = strbuf_detach(&link, NULL);
	return l->links->n < SMS_MEDIA_MAX;
}

int media_links_of(struct bridge *bridge, struct message_id message, struct media_links *out,
		   struct error *err)
{
	struct linking l = {bridge, out};

	return store_list_media(bridge->store, message, link_one, &l, err);
}

void media_links_release(struct media_links *links)
{
	for (size_t i = 0; i < links->n; i++)
		free(links->v[i]);
	links->n = 0;
}
