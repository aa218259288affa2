/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Reading what people write after a command; see words.h. */
#include "cmd/words.h"

#include "base/xalloc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *word_next(const char *args, char *out, size_t size)
{
	size_t n = strcspn(args, " \t\n");
	size_t kept = n < size ? n : size - 1;

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

/* Ids are short; ten digits are a telephone number. */
#define ID_MAX 999999999

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

int word_conversation(const struct cmd_context *context, const char *args,
		      struct conversation_row *out, const char **rest_out, struct error *err)
{
	char word[64];
	int64_t id;
	int found;

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
	if (!word_id(word, &id) || id > ID_MAX)
		return find_by_number(context, word, out, err);
	found = store_get_conversation(bridge_store(context->bridge), (struct conversation_id){id},
				       out, err);
	if (found == 0)
		return error_set(err, ERR_NOT_FOUND,
				 "There is no conversation %lld. `!who` lists the open ones.",
				 (long long)id);
	return found < 0 ? -1 : 0;
}

int word_phone(const struct cmd_context *context, const char *args, struct phone *out,
	       const char **rest_out, struct error *err)
{
	char word[64];
	int64_t id;
	struct conversation_row row;

	if (context->conversation) {
		*out = context->conversation->phone;
		*rest_out = args;
		return 0;
	}
	*rest_out = word_next(args, word, sizeof(word));
	if (word[0] == '\0')
		return error_set(err, ERR_INPUT,
				 "Whom? Give a telephone number like +14155550100.");
	if (!word_id(word, &id) || id > ID_MAX)
		return bridge_read_number(context->bridge, word, out, err);
	if (word_conversation(context, args, &row, rest_out, err) < 0)
		return -1;
	*out = row.phone;
	return 0;
}

static bool named(const char *user, const char *word)
{
	const char *address = strchr(user, ':') + 1;
	const char *name = address[0] == '@' ? address + 1 : address;
	size_t n = strcspn(name, "@:");

	return strcmp(user, word) == 0 || strcmp(address, word) == 0 ||
	       (strlen(word) == n && strncmp(name, word, n) == 0);
}

int word_user(const struct cmd_context *context, const char *word, char *out, size_t size,
	      struct error *err)
{
	const struct bridge_options *o = bridge_options(context->bridge);
	const char *const *lists[] = {o->inbox, o->organizers};
	const size_t sizes[] = {o->inbox_n, o->organizer_n};

	if (word[0] == '\0' || strcmp(word, "me") == 0) {
		str_copy(out, size, context->actor.user);
		return 0;
	}
	for (int list = 0; list < 2; list++) {
		for (size_t i = 0; i < sizes[list]; i++) {
			if (named(lists[list][i], word)) {
				str_copy(out, size, lists[list][i]);
				return 0;
			}
		}
	}
	if (!strchr(word, '@'))
		return error_set(
			err, ERR_NOT_FOUND,
			"I do not know “%.60s”. Give the whole address, like alice@example.org.",
			word);
	if (strchr(word, ':')) {
		str_copy(out, size, word);
		return 0;
	}
	/* An address without its network is one of the speaker's own network. */
	(void)snprintf(out, size, "%.*s:%s", (int)strcspn(context->actor.user, ":"),
		       context->actor.user, word);
	return 0;
}
