/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which place an event was in, of the last few thousand: an edit, a reaction or a reply names only
 * the event it is about, and on a desk that does not tell in which thread it is. What was forgotten
 * is explained to people and not guessed.
 */
#include "base/xalloc.h"
#include "chat/matrix/matrix_priv.h"

#define RECENT_MAX 4096

struct mx_recent {
	struct {
		uint64_t hash;
		struct place_id place;
	} ring[RECENT_MAX];
	size_t next;
};

/* FNV-1a: 64 bits are enough that two of a few thousand never meet. */
static uint64_t hash_of(const char *text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return hash;
}

struct mx_recent *mx_recent_new(void)
{
	return xcalloc(1, sizeof(struct mx_recent));
}

void mx_recent_free(struct mx_recent *recent)
{
	free(recent);
}

void mx_recent_note(struct mx_recent *recent, const char *event_id, struct place_id place)
{
	recent->ring[recent->next].hash = hash_of(event_id);
	recent->ring[recent->next].place = place;
	recent->next = (recent->next + 1) % RECENT_MAX;
}

struct place_id mx_recent_find(const struct mx_recent *recent, const char *event_id)
{
	uint64_t hash = hash_of(event_id);

	for (size_t i = 0; i < RECENT_MAX; i++) {
		size_t at = (recent->next + RECENT_MAX - 1 - i) % RECENT_MAX;

		if (recent->ring[at].place.v != 0 && recent->ring[at].hash == hash)
			return recent->ring[at].place;
	}
	return (struct place_id){0};
}
