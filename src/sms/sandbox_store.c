/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The simulated phones and their texts, in memory and bounded: the phone that was used least lately
 * goes first, and of each phone the oldest text. */
#include "base/xalloc.h"
#include "sms/sandbox_priv.h"

#include <string.h>

static size_t bucket_of(const char *number)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (; *number; number++)
		hash = (hash ^ (unsigned char)*number) * 16777619u;
	return hash % PHONE_BUCKETS;
}

static void text_drop(struct sim_phone *phone, struct phone_text *text)
{
	TAILQ_REMOVE(&phone->texts, text, link);
	phone->text_n--;
	free(text->text);
	free(text->media);
	free(text);
}

static void phone_drop(struct phone_store *store, struct sim_phone *phone)
{
	struct sim_phone **at = &store->buckets[bucket_of(phone->number)];

	while (*at != phone)
		at = &(*at)->next;
	*at = phone->next;
	TAILQ_REMOVE(&store->phones, phone, link);
	store->n--;
	while (!TAILQ_EMPTY(&phone->texts))
		text_drop(phone, TAILQ_FIRST(&phone->texts));
	free(phone);
}

void phone_store_init(struct phone_store *store)
{
	*store = (struct phone_store){0};
	TAILQ_INIT(&store->phones);
}

void phone_store_release(struct phone_store *store)
{
	while (!TAILQ_EMPTY(&store->phones))
		phone_drop(store, TAILQ_FIRST(&store->phones));
}

struct sim_phone *phone_store_find(const struct phone_store *store, const char *number)
{
	struct sim_phone *phone = store->buckets[bucket_of(number)];

	while (phone && strcmp(phone->number, number) != 0)
		phone = phone->next;
	return phone;
}

static struct sim_phone *phone_use(struct phone_store *store, const char *number)
{
	struct sim_phone *phone = phone_store_find(store, number);
	struct sim_phone **bucket = &store->buckets[bucket_of(number)];

	if (phone) {
		TAILQ_REMOVE(&store->phones, phone, link);
	} else {
		if (store->n >= PHONES_MAX)
			phone_drop(store, TAILQ_LAST(&store->phones, phone_list));
		phone = xcalloc(1, sizeof(*phone));
		(void)STR_COPY(phone->number, number);
		TAILQ_INIT(&phone->texts);
		phone->next = *bucket;
		*bucket = phone;
		store->n++;
	}
	TAILQ_INSERT_HEAD(&store->phones, phone, link);
	return phone;
}

int64_t phone_store_add(struct phone_store *store, const char *number, struct phone_text *text_take)
{
	struct sim_phone *phone = phone_use(store, number);
	struct phone_text *text = xmalloc(sizeof(*text));

	*text = *text_take;
	*text_take = (struct phone_text){0};
	text->seq = ++store->last_seq;
	if (!text->out)
		phone->received++;
	TAILQ_INSERT_TAIL(&phone->texts, text, link);
	if (++phone->text_n > TEXTS_MAX)
		text_drop(phone, TAILQ_FIRST(&phone->texts));
	return text->seq;
}

void phone_store_set_state(struct phone_store *store, const char *number, int64_t seq,
			   const char *state)
{
	struct sim_phone *phone = phone_store_find(store, number);
	struct phone_text *text;

	if (!phone)
		return;
	TAILQ_FOREACH_REVERSE(text, &phone->texts, phone_texts, link)
	{
		if (text->seq == seq) {
			(void)STR_COPY(text->state, state);
			break;
		}
	}
}
