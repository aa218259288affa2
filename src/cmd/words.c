/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Reading what people write after a command; see words.h. */
#include "cmd/words.h"

#include "base/utf8.h"
#include "base/xalloc.h"
#include "roomline/chat.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SHOWN_BYTES 60
#define NETWORK_NAME_MAX 32 /* store.h */

const char *word_next(const char *args, char *out, size_t size)
{
	size_t n = strcspn(args, " \t\n");
	size_t kept = n < size ? n : utf8_whole(args, size - 1);

	memcpy(out, args, kept);
	out[kept] = '\0';
	return args + n + strspn(args + n, " \t\n");
}

bool word_id(const char *word, int64_t *id_out)
{
	const char *digits = word[0] == '#' || word[0] == 'c' ? word + 1 : word;
	char *end;

	if (digits[0] < '0' || digits[0] > '9')
		return false;
	errno = 0;
	*id_out = strtoll(digits, &end, 10);
	return errno == 0 && *end == '\0';
}

int word_none(const char *rest, const char *usage, struct error *err)
{
	if (rest[0] == '\0')
		return 0;
	return error_set(err, ERR_INPUT,
			 "“%.*s” has no place there. In a conversation's room it is about that "
			 "conversation; elsewhere write `%s`.",
			 (int)utf8_whole(rest, strnlen(rest, SHOWN_BYTES)), rest, usage);
}

static int find_by_number(const struct cmd_context *context, const char *word,
			  struct conversation_row *out, struct error *err)
{
	struct store *store = bridge_store(context->bridge);
	struct contact_row contact;
	struct phone phone;
	int found;

	if (bridge_read_number(context->bridge, word, &phone, err) < 0)
		return -1;
	found = store_find_contact(store, &phone, &contact, err);
	if (found > 0)
		found = store_find_conversation(store, contact.id, out, err);
	if (found == 0)
		return error_set(err, ERR_NOT_FOUND,
				 "There is no conversation with %s. `!text %s "
				 "message` begins one.",
				 phone.e164, phone.e164);
	return found < 0 ? -1 : 0;
}

/* Conversations are few and telephone numbers long, so bare digits are a number where no
 * conversation has them. */
static int find_conversation(const struct cmd_context *context, const char *word,
			     struct conversation_row *out, struct error *err)
{
	struct phone phone;
	int64_t id;
	int found;

	if (!word_id(word, &id))
		return find_by_number(context, word, out, err);
	found = store_get_conversation(bridge_store(context->bridge), (struct conversation_id){id},
				       out, err);
	if (found != 0)
		return found < 0 ? -1 : 0;
	if (bridge_read_number(context->bridge, word, &phone, NULL) == 0)
		return find_by_number(context, word, out, err);
	return error_set(err, ERR_NOT_FOUND,
			 "There is no conversation %lld. `!who` lists the open ones.",
			 (long long)id);
}

int word_conversation(const struct cmd_context *context, const char *args,
		      struct conversation_row *out, const char **rest_out, struct error *err)
{
	char word[64];

	*rest_out = args;
	if (context->conversation) {
		*out = *context->conversation;
		return 0;
	}
	*rest_out = word_next(args, word, sizeof(word));
	if (word[0] == '\0')
		return error_set(
			err, ERR_INPUT,
			"Which conversation? Give its number from `!who` or a telephone number.");
	return find_conversation(context, word, out, err);
}

int word_phone(const struct cmd_context *context, const char *args, struct phone *out,
	       const char **rest_out, struct error *err)
{
	char word[64];
	int64_t id;
	struct conversation_row row;
	int found;

	if (context->conversation) {
		*out = context->conversation->phone;
		*rest_out = args;
		return 0;
	}
	*rest_out = word_next(args, word, sizeof(word));
	if (word[0] == '\0')
		return error_set(err, ERR_INPUT,
				 "Whom? Give a telephone number like +14155550100.");
	if (word_id(word, &id)) {
		found = store_get_conversation(bridge_store(context->bridge),
					       (struct conversation_id){id}, &row, err);
		if (found > 0)
			*out = row.phone;
		if (found != 0)
			return found < 0 ? -1 : 0;
	}
	return bridge_read_number(context->bridge, word, out, err);
}

static bool named(const char *user, const char *word)
{
	const char *address = word_address(user);
	const char *name = address[0] == '@' ? address + 1 : address;
	size_t n = strcspn(name, "@:");

	return strcasecmp(user, word) == 0 || strcasecmp(address, word) == 0 ||
	       (strlen(word) == n && strncasecmp(name, word, n) == 0);
}

/* The one of the team who is called so; NULL for nobody, and *several_out when it could be two. */
static const char *find_named(const struct bridge_options *o, const char *word, bool *several_out)
{
	const char *const *lists[] = {o->inbox, o->organizers};
	const size_t sizes[] = {o->inbox_n, o->organizer_n};
	const char *found = NULL;

	for (int list = 0; list < 2; list++) {
		for (size_t i = 0; i < sizes[list]; i++) {
			const char *user = lists[list][i];

			if (!named(user, word) || (found && strcmp(found, user) == 0))
				continue;
			*several_out = found != NULL;
			if (found)
				return NULL;
			found = user;
		}
	}
	return found;
}

/* Addresses are written in any case and meant in lower case. */
static void lower(char *text)
{
	for (; *text; text++)
		*text = (char)tolower((unsigned char)*text);
}

static bool is_address_of(const struct cmd_context *context, const char *network, const char *word,
			  char *out, size_t size)
{
	(void)snprintf(out, size, "%s:%s", network, word);
	lower(out);
	return bridge_is_user(context->bridge, out);
}

/* Without its network it is one of the speaker's own, or else of another that has such. */
static bool find_address(const struct cmd_context *context, const char *own, const char *word,
			 char *out, size_t size)
{
	if (is_address_of(context, own, word, out, size))
		return true;
	for (const struct chat_network *const *n = chat_networks(); *n; n++) {
		if (is_address_of(context, (*n)->name, word, out, size))
			return true;
	}
	return false;
}

static int refuse_user(const char *network, const char *word, bool several, struct error *err)
{
	const struct chat_network *known = chat_network_find(network);

	return error_set(err, several ? ERR_INPUT : ERR_NOT_FOUND,
			 "%s “%.*s”. Give the whole address, like %s.",
			 several ? "There is more than one" : "I do not know",
			 (int)utf8_whole(word, strnlen(word, SHOWN_BYTES)), word,
			 known && known->somebody ? known->somebody : "alice@example.org");
}

int word_user(const struct cmd_context *context, const char *word, char *out, size_t size,
	      struct error *err)
{
	char network[NETWORK_NAME_MAX];
	bool several = false;
	const char *found;

	if (word[0] == '\0' || strcmp(word, "me") == 0) {
		str_copy(out, size, context->actor.user);
		return 0;
	}
	found = find_named(bridge_options(context->bridge), word, &several);
	if (found) {
		str_copy(out, size, found);
		return 0;
	}
	if (word[strcspn(word, ":@")] == ':') { /* "@bob:host" has no network in front */
		str_copy(out, size, word);
		lower(out);
		return 0;
	}
	(void)snprintf(network, sizeof(network), "%.*s", (int)strcspn(context->actor.user, ":"),
		       context->actor.user);
	if (several || !strchr(word, '@') || !find_address(context, network, word, out, size))
		return refuse_user(network, word, several, err);
	return 0;
}

const char *word_address(const char *user)
{
	const char *colon = strchr(user, ':');

	return colon ? colon + 1 : user;
}
