/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The bytes of files: fetched when somebody asks for them, from the provider or from the chat
 * network that has them, and kept for a few minutes, because several ask one after the other (two
 * networks that show a picture; the check of a volunteer's picture and then the provider). They are
 * never on our disk.
 *
 * What is in memory is capped: few files at a time are fetched, and those kept are together no larger
 * than a few of the largest. What a file is, its bytes say, each time.
 */
#include "bridge/bridge_priv.h"

#include "base/log.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "core/media.h"

#include <string.h>

#define LOADS_AT_ONCE 4
#define KEPT_FILES 4 /* of the largest size; of smaller ones more */
#define KEEP_MS 600000
#define FETCH_MS 20000

/* After each of them another try, where it may help. */
static const int64_t pauses_ms[] = {2000, 8000};

#define TRIES_MAX (1 + (int)(sizeof(pauses_ms) / sizeof(pauses_ms[0])))

enum load_state {
	LOAD_WAITING,  /* for others to be done */
	LOAD_FETCHING, /* asked for */
	LOAD_PAUSING,  /* a timer will ask again */
	LOAD_HERE,     /* a timer will forget it */
	LOAD_FAILED,   /* those who wait are being told */
};

struct media_reader { /* somebody who wants the bytes */
	TAILQ_ENTRY(media_reader) link;
	chat_bytes_fn *fn;
	void *arg;
};

struct media_load {                   /* one file */
	TAILQ_ENTRY(media_load) link; /* of all, the one asked for last at the end */
	struct bridge *bridge;
	struct media_id id;
	enum load_state state;
	int tries;
	struct loop_timer *timer;
	struct http_fetch *fetch; /* while FETCHING */
	TAILQ_HEAD(, media_reader) readers;
	const struct media_type *type; /* while HERE, and so on */
	char *bytes;
	size_t len;
};

struct media_loads {
	struct bridge *bridge;
	TAILQ_HEAD(media_load_list, media_load) all;
	int fetching;
	size_t kept; /* bytes */
	struct loop_timer *telling;
};

/* ---- a load ------------------------------------------------------------------------------------ */

static void reader_free(struct media_load *load, struct media_reader *reader)
{
	TAILQ_REMOVE(&load->readers, reader, link);
	free(reader);
}

static void load_free(struct media_load *load)
{
	struct media_loads *loads = load->bridge->media;

	while (!TAILQ_EMPTY(&load->readers))
		reader_free(load, TAILQ_FIRST(&load->readers));
	TAILQ_REMOVE(&loads->all, load, link);
	loads->kept -= load->len;
	loop_cancel(load->timer);
	free(load->bytes);
	free(load);
}

/* Who is told may read again, which is for another turn, and may make others forget. */
static void tell_all(struct media_load *load, const struct chat_bytes *bytes)
{
	struct media_reader *reader;
	size_t n = 0;

	TAILQ_FOREACH(reader, &load->readers, link)
	n++;
	for (; n > 0 && (reader = TAILQ_FIRST(&load->readers)); n--) {
		chat_bytes_fn *fn = reader->fn;
		void *arg = reader->arg;

		reader_free(load, reader);
		fn(bytes, arg);
	}
}

static void tell_here(struct media_load *load)
{
	tell_all(load, &(struct chat_bytes){.bytes = load->bytes,
					    .len = load->len,
					    .type = load->type->name,
					    .name = load->type->file_name,
					    .problem = "",
					    .text = ""});
}

static void fetch_more(struct media_loads *loads);

static void load_fail(struct media_load *load, bool again, const char *problem)
{
	struct media_loads *loads = load->bridge->media;
	STRBUF_AUTO(text);

	log_warn("media.failed media=%lld tries=%d why=%s", (long long)load->id.v, load->tries,
		 log_quote(problem));
	load->state = LOAD_FAILED;
	media_words(load->bridge, load->id, problem, &text);
	tell_all(load, &(struct chat_bytes){.type = "",
					    .name = "",
					    .problem = problem,
					    .text = text.buf,
					    .again = again});
	load_free(load);
	fetch_more(loads);
}

/* ---- fetching ---------------------------------------------------------------------------------- */

static const struct sms_account *account_by_name(const struct bridge *bridge, const char *name)
{
	for (size_t i = 0; i < bridge->options->sender_n; i++) {
		if (strcmp(bridge->options->senders[i].account->name, name) == 0)
			return bridge->options->senders[i].account;
	}
	return NULL;
}

/* Those whose reference it is know what more is needed. */
static void locate(struct bridge *bridge, const struct media_row *row,
		   struct http_fetch_order *order)
{
	const struct sms_account *account = account_by_name(bridge, row->account);
	int index;
	const struct network_slot *slot = network_slot(bridge, row->network, &index);

	if (row->network[0] == '\0' && account && account->driver->locate)
		account->driver->locate(account, order);
	else if (slot && slot->network->locate)
		slot->network->locate(slot->self, row->reference, order);
}

static void on_kept_too_long(void *arg)
{
	struct media_load *load = arg;

	load->timer = NULL;
	if (TAILQ_EMPTY(&load->readers))
		load_free(load);
	else /* those who asked in this very turn are told in the next */
		load->timer = loop_after(load->bridge->loop, KEEP_MS, on_kept_too_long, load);
}

/* The longest unasked goes first. */
static void make_room(struct media_loads *loads)
{
	size_t max = KEPT_FILES * loads->bridge->options->file_max;
	struct media_load *next;

	for (struct media_load *l = TAILQ_FIRST(&loads->all); l && loads->kept > max; l = next) {
		next = TAILQ_NEXT(l, link);
		if (l->state == LOAD_HERE && TAILQ_EMPTY(&l->readers))
			load_free(l);
	}
}

static void load_came(struct media_load *load, const struct http_fetched *fetched)
{
	struct media_loads *loads = load->bridge->media;

	load->type = media_type_of(fetched->bytes, fetched->len);
	if (!load->type) {
		load_fail(load, false, "it is no kind of file that is passed on");
		return;
	}
	log_info("media.fetched media=%lld type=%s bytes=%zu", (long long)load->id.v,
		 load->type->name, fetched->len);
	load->bytes = xmalloc(fetched->len);
	memcpy(load->bytes, fetched->bytes, fetched->len);
	load->len = fetched->len;
	loads->kept += load->len;
	load->state = LOAD_HERE;
	load->timer = loop_after(load->bridge->loop, KEEP_MS, on_kept_too_long, load);
	tell_here(load);
	make_room(loads);
	fetch_more(loads);
}

static void on_pause_over(void *arg)
{
	struct media_load *load = arg;

	load->timer = NULL;
	load->state = LOAD_WAITING;
	fetch_more(load->bridge->media);
}

static void on_fetched(const struct http_fetched *fetched, void *arg)
{
	struct media_load *load = arg;

	load->fetch = NULL;
	load->bridge->media->fetching--;
	if (fetched->bytes) {
		load_came(load, fetched);
	} else if (fetched->again && load->tries < TRIES_MAX) {
		load->state = LOAD_PAUSING;
		load->timer = loop_after(load->bridge->loop, pauses_ms[load->tries - 1],
					 on_pause_over, load);
		fetch_more(load->bridge->media);
	} else {
		load_fail(load, fetched->again, fetched->problem);
	}
}

static void load_fetch(struct media_load *load)
{
	struct bridge *bridge = load->bridge;
	const struct bridge_options *o = bridge->options;
	struct http_fetch_order order = {.hosts = o->file_hosts, .host_n = o->file_host_n};
	struct media_row row = {0};
	struct error err = {0};

	if (store_get_media(bridge->store, load->id, &row, &err) <= 0) {
		load_fail(load, true, err.text[0] ? err.text : "nobody knows where it is");
		return;
	}
	order.call = (struct http_call){.method = "GET",
					.url = xstrdup(row.reference),
					.timeout_ms = FETCH_MS,
					.max_body = o->file_max};
	locate(bridge, &row, &order);
	media_row_release(&row);
	load->state = LOAD_FETCHING;
	load->tries++;
	bridge->media->fetching++;
	load->fetch = http_fetch_start(bridge->loop, bridge->client, &order, on_fetched, load);
}

static struct media_load *first_waiting(const struct media_loads *loads)
{
	struct media_load *load;

	TAILQ_FOREACH(load, &loads->all, link)
	{
		if (load->state == LOAD_WAITING)
			return load;
	}
	return NULL;
}

static void fetch_more(struct media_loads *loads)
{
	struct media_load *load;

	while (loads->bridge->client && loads->fetching < LOADS_AT_ONCE &&
	       (load = first_waiting(loads)))
		load_fetch(load);
}

/* ---- reading ----------------------------------------------------------------------------------- */

static struct media_load *load_find(struct media_loads *loads, struct media_id id)
{
	struct media_load *load;

	TAILQ_FOREACH(load, &loads->all, link)
	{
		if (load->id.v == id.v && load->state != LOAD_FAILED)
			return load;
	}
	return NULL;
}

static struct media_load *load_new(struct bridge *bridge, struct media_id id)
{
	struct media_load *load = xcalloc(1, sizeof(*load));

	load->bridge = bridge;
	load->id = id;
	TAILQ_INIT(&load->readers);
	TAILQ_INSERT_TAIL(&bridge->media->all, load, link);
	return load;
}

/* What is here is told in the next turn, and what is not is fetched from then on. */
static void on_telling(void *arg)
{
	struct media_loads *loads = arg;
	struct media_load *next;

	loads->telling = NULL;
	for (struct media_load *l = TAILQ_FIRST(&loads->all); l; l = next) {
		/* Telling frees none of them. */
		next = TAILQ_NEXT(l, link);
		if (l->state == LOAD_HERE)
			tell_here(l);
	}
	make_room(loads);
	fetch_more(loads);
}

void bridge_media_read(struct bridge *bridge, struct media_id id, chat_bytes_fn *fn, void *arg)
{
	struct media_loads *loads = bridge->media;
	struct media_load *load = load_find(loads, id);
	struct media_reader *reader = xcalloc(1, sizeof(*reader));

	if (!load)
		load = load_new(bridge, id);
	reader->fn = fn;
	reader->arg = arg;
	TAILQ_INSERT_TAIL(&load->readers, reader, link);
	/* The one asked for last goes last when there is too much. */
	TAILQ_REMOVE(&loads->all, load, link);
	TAILQ_INSERT_TAIL(&loads->all, load, link);
	if (!loads->telling)
		loads->telling = loop_after(bridge->loop, 0, on_telling, loads);
}

void bridge_media_forget(struct bridge *bridge, chat_bytes_fn *fn, const void *arg)
{
	struct media_load *load;
	struct media_reader *next;

	TAILQ_FOREACH(load, &bridge->media->all, link)
	{
		for (struct media_reader *r = TAILQ_FIRST(&load->readers); r; r = next) {
			next = TAILQ_NEXT(r, link);
			if (r->fn == fn && r->arg == arg)
				reader_free(load, r);
		}
	}
}

/* ---- life -------------------------------------------------------------------------------------- */

struct media_loads *media_loads_new(struct bridge *bridge)
{
	struct media_loads *loads = xcalloc(1, sizeof(*loads));

	loads->bridge = bridge;
	TAILQ_INIT(&loads->all);
	return loads;
}

void media_loads_free(struct media_loads *loads)
{
	struct media_load *load;

	while ((load = TAILQ_FIRST(&loads->all))) {
		http_fetch_free(load->fetch);
		load_free(load);
	}
	loop_cancel(loads->telling);
	free(loads);
}
