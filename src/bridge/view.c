/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* How a place looks now: title, topic and members, always from the tables. */
#include "bridge/bridge_priv.h"

#include "base/strbuf.h"
#include "base/xalloc.h"

#include <stdio.h>
#include <string.h>

void view_release(struct place_view *view)
{
	free(view->members);
	free(view->inbox);
	view->members = view->inbox = NULL;
}

/* Those of the place's network. */
static const char **people_of(const struct place_view *view, const char *const *users, size_t n,
			      size_t *n_out)
{
	const char **people = xcalloc(n + 1, sizeof(*people));

	*n_out = 0;
	for (size_t i = 0; i < n; i++) {
		const char *address = user_address(users[i], view->row.network);

		if (address && !user_in(address, people, *n_out))
			people[(*n_out)++] = address;
	}
	return people;
}

static void set_members(struct place_view *view, const char *const *users, size_t n)
{
	view->members = people_of(view, users, n, &view->place.member_n);
	view->place.members = view->members;
}

const char *suppression_words(const char *reason)
{
	static const char *const words[][2] = {
		{"opt_out", "they have opted out"},
		{"provider_opt_out", "they have opted out at the provider"},
		{"wrong_number", "it is a wrong number"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i][0], reason) == 0)
			return words[i][1];
	}
	return reason;
}

static int load_conversation(struct bridge *bridge, struct place_view *view, struct error *err)
{
	struct conversation_row *c = &view->conversation;
	struct suppression_row suppression;
	const char *owner = c->owner;
	size_t inbox_n;
	const char *const *inbox = inbox_users(bridge, &inbox_n);
	STRBUF_AUTO(title);
	int found = store_get_conversation(bridge->store, view->row.conversation, c, err);
	const char *owned_here;
	int suppressed;

	if (found <= 0)
		return found;
	suppressed = store_find_suppression(bridge->store, &c->phone, &suppression, err);
	if (suppressed < 0)
		return -1;
	bridge_title(c, &title);
	STR_COPY(view->title, title.buf);
	if (suppressed)
		(void)snprintf(view->topic, sizeof(view->topic), "⛔ No texts: %s",
			       suppression_words(suppression.reason));
	else if (c->owner[0])
		(void)snprintf(view->topic, sizeof(view->topic), "With %s", user_shown(c->owner));
	else
		STR_COPY(view->topic, "Inbox");
	STR_COPY(view->contact_name, c->name[0] ? c->name : view->title);
	owned_here = user_address(owner, view->row.network);
	view->place.owner = owned_here ? owned_here : "";
	view->place.muted = suppressed > 0;
	if (c->owner[0] != '\0')
		set_members(view, &owner, 1);
	else
		set_members(view, inbox, inbox_n);
	view->inbox = people_of(view, inbox, inbox_n, &view->place.inbox_n);
	view->place.inbox = view->inbox;
	view->place.invite = c->open;
	return 1;
}

static int load_row(struct bridge *bridge, struct place_id id, struct place_view *view,
		    struct error *err)
{
	int found = store_get_place(bridge->store, id, &view->row, err);

	if (found <= 0)
		return found;
	view->place = (struct chat_place){.id = id,
					  .kind = view->row.kind,
					  .token = view->row.token,
					  .address = view->row.address,
					  .cursor = view->row.cursor,
					  .title = view->title,
					  .topic = view->topic,
					  .contact_name = view->contact_name,
					  .owner = ""};
	return 1;
}

static int load_looks(struct bridge *bridge, struct place_view *view, struct error *err)
{
	const struct bridge_options *o = bridge->options;
	int found = 1;

	switch (view->row.kind) {
	case PLACE_CONVERSATION:
		found = load_conversation(bridge, view, err);
		break;
	case PLACE_CONTROL:
		STR_COPY(view->title, "Roomline control");
		STR_COPY(view->topic, "!help lists the commands");
		set_members(view, o->organizers, o->organizer_n);
		view->place.invite = true;
		break;
	case PLACE_DIRECT:
		break;
	}
	return found;
}

static int load_failed(struct place_id id, struct place_view *view, int found, struct error *err)
{
	view_release(view);
	return found < 0 ? -1
			 : error_set(err, ERR_NOT_FOUND, "there is no place %lld", (long long)id.v);
}

int view_locate(struct bridge *bridge, struct place_id id, struct place_view *view,
		struct error *err)
{
	int found;

	*view = (struct place_view){0};
	found = load_row(bridge, id, view, err);
	return found > 0 ? 0 : load_failed(id, view, found, err);
}

int view_load(struct bridge *bridge, struct place_id id, struct place_view *view, struct error *err)
{
	int found;

	*view = (struct place_view){0};
	found = load_row(bridge, id, view, err);
	if (found > 0)
		found = load_looks(bridge, view, err);
	return found > 0 ? 0 : load_failed(id, view, found, err);
}
