/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The registry of chat networks: a new one is a folder and a line here. */
#include "chat/chat.h"

#include <string.h>

static const struct chat_network *const networks[] = {&chat_xmpp, &chat_matrix, &chat_null, NULL};

const struct chat_network *const *chat_networks(void)
{
	return networks;
}

const char *chat_network_person(const struct chat_network *network, const char *user)
{
	size_t len = strlen(network->name);
	const char *address;

	if (strncmp(user, network->name, len) != 0 || user[len] != ':' || user[len + 1] == '\0')
		return NULL;
	address = user + len + 1;
	return !network->is_user || network->is_user(address) ? address : NULL;
}

const struct chat_network *chat_network_find(const char *name)
{
	for (const struct chat_network *const *n = networks; *n; n++)
		if (strcmp((*n)->name, name) == 0)
			return *n;
	return NULL;
}
