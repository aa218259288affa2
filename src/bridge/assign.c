/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Conversations: opened, given to somebody, closed; and in which networks they are shown. */
#include "bridge/bridge_priv.h"

#include "base/hmac.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "base/xalloc.h"

#include <string.h>

#define TOKEN_DIGITS 16
#define NAME_CODE_POINTS_MAX 40
#define BLANKS " \t\n"

bool user_in(const char *user, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(user, list[i]) == 0)
			return true;
	}
	return false;
}

bool user_is_organizer(const struct bridge *bridge, const char *user)
{
	return user_in(user, bridge->options->organizers, bridge->options->organizer_n);
}

const char *const *inbox_users(const struct bridge *bridge, size_t *n_out)
{
	const struct bridge_options *o = bridge->options;

	*n_out = o->inbox_n > 0 ? o->inbox_n : o->organizer_n;
	return o->inbox_n > 0 ? o->inbox : o->organizers;
}

bool user_takes_inbox(const struct bridge *bridge, const char *user)
{
	size_t n;
	const char *const *users = inbox_users(bridge, &n);

	return user_in(user, users, n);
}

const char *user_address(const char *user, const char *network)
{
	size_t n = strlen(network);

	return strncmp(user, network, n) == 0 && user[n] == ':' ? user + n + 1 : NULL;
}

const char *user_shown(const char *user)
{
	const char *colon = strchr(user, ':');

	return colon ? colon + 1 : user;
}

void bridge_title(const struct conversation_row *row, struct strbuf *out)
{
	size_t n = strlen(row->phone.e164);
	const char *tail = row->phone.e164 + (n > 4 ? n - 4 : 0);

	strbuf_addf(out, "%s …%s", row->name[0] ? row->name : "Contact", tail);
}

static bool anybody_of(const char *network, const char *const *users, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (user_address(users[i], network))
			return true;
	}
	return false;
}

/* Whether somebody of that network shall see the conversation: its owner, else who takes the inbox. */
static bool network_wanted(const struct bridge *bridge, const struct conversation_row *row,
			   const char *network)
{
	size_t n;
	const char *const *users = inbox_users(bridge, &n);

	if (row->owner[0] != '\0')
		return user_address(row->owner, network) != NULL;
	return anybody_of(network, users, n) ||
	       (bridge->options->inbox_n == 0 && bridge->slot_n == 1);
}

/* Sees to it that there is a place in each network where somebody shall see the conversation. */
static int conversation_show(struct bridge *bridge, const struct conversation_row *row,
			     struct error *err)
{
	for (int i = 0; i < bridge->slot_n; i++) {
		const char *network = bridge->slots[i].network->name;
		struct place_row place = {.kind = PLACE_CONVERSATION, .conversation = row->id};
		int found;

		if (!network_wanted(bridge, row, network))
			continue;
		found = store_find_place_of(bridge->store, network, row->id, &place, err);
		if (found < 0)
			return -1;
		if (found == 0) {
			STR_COPY(place.network, network);
			STR_COPY(place.token, row->token);
			place.created_at = bridge_now(bridge);
			if (store_place_add(bridge->store, &place, err) < 0)
				return -1;
		}
	}
	return place_refresh(bridge, row->id, err);
}

static int conversation_begin(struct bridge *bridge, const struct contact_row *contact,
			      const char *owner, struct conversation_row *out, struct error *err)
{
	char token[TOKEN_MAX];

	random_token(token, TOKEN_DIGITS);
	return store_conversation_add(bridge->store, contact->id, token, owner, bridge_now(bridge),
				      out, err);
}

/* It goes on with whom they know. */
static int conversation_resume(struct bridge *bridge, const char *owner,
			       struct conversation_row *row, struct error *err)
{
	row->open = true;
	if (owner[0] != '\0')
		STR_COPY(row->owner, owner);
	return store_conversation_update(bridge->store, row, bridge_now(bridge), err);
}

bool conversation_is_open(const struct bridge *bridge, const struct conversation_row *row)
{
	return row->open && (row->owner[0] == '\0' || bridge_is_user(bridge, row->owner));
}

int conversation_open(struct bridge *bridge, const struct contact_row *contact, const char *owner,
		      struct conversation_row *out, bool *opened_out, struct error *err)
{
	int found = store_find_conversation(bridge->store, contact->id, out, err);

	*opened_out = false;
	if (found < 0 || (found > 0 && conversation_is_open(bridge, out)))
		return found < 0 ? -1 : 0;
	*opened_out = true;
	if (found > 0 &&
	    !bridge_is_user(bridge, out->owner)) /* of a network that is no longer configured */
		out->owner[0] = '\0';
	if ((found > 0 ? conversation_resume(bridge, owner, out, err)
		       : conversation_begin(bridge, contact, owner, out, err)) < 0)
		return -1;
	log_info("conversation.opened conversation=%lld contact=%s", (long long)out->id.v,
		 log_phone(contact->phone.e164));
	return conversation_show(bridge, out, err);
}

int conversation_add_closed(struct bridge *bridge, const struct contact_row *contact,
			    struct conversation_row *out, struct error *err)
{
	if (conversation_begin(bridge, contact, "", out, err) < 0)
		return -1;
	out->open = false;
	return store_conversation_update(bridge->store, out, bridge_now(bridge), err);
}

static int tell_assigned(struct bridge *bridge, const struct conversation_row *row,
			 struct error *err)
{
	struct suppression_row suppression;
	int suppressed = store_find_suppression(bridge->store, &row->phone, &suppression, err);

	if (suppressed < 0)
		return -1;
	if (row->owner[0] == '\0')
		return relay_tell(bridge, row->id, err,
				  "This conversation is back in the inbox: `!claim` takes it.");
	if (suppressed)
		return relay_tell(bridge, row->id, err,
				  "This conversation is now with %s. Nothing can be texted to "
				  "them: %s. `!help` lists the commands.",
				  user_shown(row->owner), suppression_words(suppression.reason));
	return relay_tell(bridge, row->id, err,
			  "This conversation is now with %s. What they write here is texted; "
			  "`!help` lists the commands.",
			  user_shown(row->owner));
}

int bridge_assign(struct bridge *bridge, const struct actor *actor, struct conversation_id id,
		  const char *owner, struct error *err)
{
	struct conversation_row row;
	int found = store_get_conversation(bridge->store, id, &row, err);

	if (found < 0)
		return -1;
	if (found == 0)
		return error_set(err, ERR_NOT_FOUND, "There is no conversation %lld.",
				 (long long)id.v);
	if (owner[0] != '\0' && !bridge_is_user(bridge, owner))
		return error_set(err, ERR_INPUT,
				 "“%s” is nobody whom I can reach: no chat network that is "
				 "configured has such addresses.",
				 owner);
	if (row.open && strcmp(row.owner, owner) == 0)
		return error_set(err, ERR_STATE, "This conversation is already %s%s.",
				 owner[0] ? "with " : "in the inbox", user_shown(owner));
	STR_COPY(row.owner, owner);
	row.open = true;
	if (store_conversation_update(bridge->store, &row, bridge_now(bridge), err) < 0 ||
	    conversation_show(bridge, &row, err) < 0 || tell_assigned(bridge, &row, err) < 0)
		return -1;
	return audit(bridge, actor, "assign", err, "conversation=%lld owner=%s", (long long)id.v,
		     owner[0] ? owner : "-");
}

int bridge_close(struct bridge *bridge, const struct actor *actor, struct conversation_id id,
		 struct error *err)
{
	struct conversation_row row;
	int found = store_get_conversation(bridge->store, id, &row, err);

	if (found < 0)
		return -1;
	if (found == 0 || !row.open)
		return error_set(err, ERR_STATE, "Conversation %lld is not open.", (long long)id.v);
	row.open = false;
	if (store_conversation_update(bridge->store, &row, bridge_now(bridge), err) < 0 ||
	    relay_tell(bridge, id, err,
		       "Closed. If they write again it opens by itself, with the same person.") <
		    0 ||
	    place_refresh(bridge, id, err) < 0)
		return -1;
	return audit(bridge, actor, "close", err, "conversation=%lld", (long long)id.v);
}

struct linking {
	struct bridge *bridge;
	struct strbuf *out;
};

static bool link_one(const struct place_row *place, void *arg)
{
	struct linking *l = arg;
	int index;
	const struct network_slot *slot = network_slot(l->bridge, place->network, &index);

	if (slot && slot->network->link_before && place->address[0] != '\0')
		strbuf_addf(l->out, " %s%s%s", slot->network->link_before, place->address,
			    slot->network->link_after);
	return true;
}

void bridge_place_links(struct bridge *bridge, struct conversation_id id, struct strbuf *out)
{
	struct linking l = {bridge, out};

	/* Where it cannot be read it is not known. */
	(void)store_list_places_of(bridge->store, id, link_one, &l, NULL);
}

/* On one line, without blanks around it. */
static void name_clean(struct strbuf *out, const char *name)
{
	STRBUF_AUTO(clean);

	(void)utf8_clean(&clean, name, strlen(name), NAME_CODE_POINTS_MAX);
	for (const char *p = clean.buf + strspn(clean.buf, BLANKS); *p;) {
		size_t n = strcspn(p, BLANKS);

		strbuf_add(out, p, n);
		p += n + strspn(p + n, BLANKS);
		if (*p)
			strbuf_addc(out, ' ');
	}
}

int bridge_name(struct bridge *bridge, const struct actor *actor, struct conversation_id id,
		const char *name, struct error *err)
{
	STRBUF_AUTO(clean);
	struct conversation_row row;

	name_clean(&clean, name);
	if (clean.len == 0)
		return error_set(err, ERR_INPUT, "What are they called? The name is missing.");
	if (store_get_conversation(bridge->store, id, &row, err) <= 0 ||
	    store_contact_set_name(bridge->store, row.contact, clean.buf, err) < 0 ||
	    store_get_conversation(bridge->store, id, &row, err) <= 0 ||
	    relay_tell(bridge, id, err, "%s calls them “%s” from now on.", user_shown(actor->user),
		       row.name) < 0 ||
	    place_refresh(bridge, id, err) < 0)
		return -1;
	return audit(bridge, actor, "name", err, "conversation=%lld name=%s", (long long)id.v,
		     row.name);
}

int audit(struct bridge *bridge, const struct actor *actor, const char *action, struct error *err,
	  const char *fmt, ...)
{
	STRBUF_AUTO(detail);
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&detail, fmt, ap);
	va_end(ap);
	/* Without the detail, which may be a number. */
	log_info("audit action=%s actor=%s", action, log_quote(actor->user));
	return store_audit_add(bridge->store, actor->user, action, detail.buf, bridge_now(bridge),
			       err);
}
