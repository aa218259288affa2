/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The pictures and other files of the simulated phones, in memory and bounded: the oldest goes. */
#include "base/hmac.h"
#include "base/xalloc.h"
#include "sms/sandbox_priv.h"

#include <string.h>

static void file_drop(struct file_store *store, struct sim_file *file)
{
	TAILQ_REMOVE(&store->files, file, link);
	store->n--;
	store->bytes -= file->len;
	free(file->bytes);
	free(file);
}

void file_store_init(struct file_store *store)
{
	*store = (struct file_store){0};
	TAILQ_INIT(&store->files);
}

void file_store_release(struct file_store *store)
{
	while (!TAILQ_EMPTY(&store->files))
		file_drop(store, TAILQ_FIRST(&store->files));
}

const struct sim_file *file_store_add(struct file_store *store, const char *bytes, size_t len)
{
	const struct media_type *type = media_type_of(bytes, len);
	struct sim_file *file;

	if (!type || len > FILE_MAX)
		return NULL;
	file = xcalloc(1, sizeof(*file));
	random_token(file->id, TOKEN_MAX - 1);
	file->type = type;
	file->bytes = xmalloc(len);
	memcpy(file->bytes, bytes, len);
	file->len = len;
	TAILQ_INSERT_TAIL(&store->files, file, link);
	store->n++;
	store->bytes += len;
	while (store->n > FILES_MAX || store->bytes > FILES_BYTES_MAX)
		file_drop(store, TAILQ_FIRST(&store->files));
	return file;
}

const struct sim_file *file_store_find(const struct file_store *store, const char *id)
{
	const struct sim_file *file;

	TAILQ_FOREACH(file, &store->files, link)
	{
		if (secret_equals(id, file->id))
			return file;
	}
	return NULL;
}
