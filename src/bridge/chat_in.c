/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What people say in places: a text for the contact, a command, a note, or something that an SMS
 * cannot carry and that is explained. The event is remembered in the same step as what it causes,
 * so that a network may tell it twice.
 */
#include "bridge/bridge_priv.h"

#include "base/crash.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "core/media.h"
#include "roomline/cmd.h"

#include <string.h>
#include <strings.h>

struct speech { /* one thing that was said, with all that is known about it */
	struct bridge *bridge;
	const char *network;
	const struct chat_said *said;
	const char *words; /* from the first that can be seen: what decides how it is meant */
	struct place_row place;
	struct conversation_row conversation;
	char user[USER_MAX];
	struct actor actor;
};

static bool is_organizer(const struct speech *s)
{
	return s->said->organizer || user_is_organizer(s->bridge, s->user);
}

static bool is_of_the_team(const struct speech *s)
{
	return is_organizer(s) || user_takes_inbox(s->bridge, s->user);
}

/* ---- texting ---------------------------------------------------------------------------------- */

static int may_text(const struct speech *s, struct error *err)
{
	const struct conversation_row *c = &s->conversation;

	if (!c->open)
		return error_set(
			err, ERR_STATE,
			"Not texted: this conversation is closed. `!claim` opens it again.");
	if (c->owner[0] != '\0' && strcmp(c->owner, s->user) != 0)
		return error_set(
			err, ERR_STATE,
			"Not texted: this conversation is with %s. `!claim` takes it over.",
			user_shown(c->owner));
	return 0;
}

/* file: NULL for words alone. */
static int said_text(struct speech *s, struct media_row *file, struct error *err)
{
	if (may_text(s, err) < 0)
		return -1;
	/* The first who answers takes it. */
	if (s->conversation.owner[0] == '\0' &&
	    bridge_assign(s->bridge, &s->actor, s->conversation.id, s->user, err) < 0)
		return -1;
	return text_with_file(s->bridge, &s->actor, s->conversation.id, s->said->text, file, err);
}

static int said_command(struct speech *s, struct error *err)
{
	STRBUF_AUTO(answer);
	struct cmd_context context = {
		.bridge = s->bridge,
		.actor = s->actor,
		.where = s->place.kind,
		.organizer = is_organizer(s),
		.conversation = s->place.kind == PLACE_CONVERSATION ? &s->conversation : NULL,
	};

	if (cmd_run(&context, s->words, &answer, err) < 0)
		return -1;
	if (answer.len == 0)
		return 0;
	return relay_notice(s->bridge, &s->place, err, "%s", answer.buf);
}

static bool is_note(const char *text)
{
	return strncmp(text, "//", 2) == 0;
}

static bool begins_a_note(const char *line)
{
	return is_note(line) || (strncasecmp(line, "!note", 5) == 0 &&
				 (line[5] == '\0' || strchr(" \t\n:", line[5])));
}

/* What looks like a note that went wrong must not reach the contact's phone. */
static int check_words(const struct speech *s, struct error *err)
{
	if (s->words[0] == '/')
		return error_set(err, ERR_STATE,
				 "Not texted: it begins with “/”, which clients take for a command "
				 "of theirs. A note begins with `!note`; to text it, begin with a "
				 "word.");
	for (const char *end = strchr(s->words, '\n'); end; end = strchr(end + 1, '\n')) {
		if (begins_a_note(gate_first_visible(end)))
			return error_set(err, ERR_STATE,
					 "Not texted: one of its lines is a note. Send the note by "
					 "itself, and the rest without it.");
	}
	return 0;
}

/* Whoever runs the server can look into any room. */
static int may_act(const struct speech *s, struct error *err)
{
	if (is_of_the_team(s) || strcmp(s->conversation.owner, s->user) == 0)
		return 0;
	return error_set(err, ERR_STATE,
			 "Not done: you are not of the team. Only who has this "
			 "conversation, the inbox team and the organizers act here.");
}

/* What was written in the room of a conversation. */
static int said_words(struct speech *s, struct error *err)
{
	if (is_note(s->words))
		return 0;
	if (may_act(s, err) < 0)
		return -1;
	if (s->words[0] == CMD_PREFIX)
		return said_command(s, err);
	return check_words(s, err) < 0 ? -1 : said_text(s, NULL, err);
}

/* A picture or another file, with or without words. */
static int said_file(struct speech *s, struct error *err)
{
	const struct chat_file *said = &s->said->file;
	const struct media_type *type = said->type ? media_type_find(said->type) : NULL;
	AUTO_FREE char *reference = xstrdup_null(said->reference);
	struct media_row file = {.reference = reference, .size = said->size > 0 ? said->size : 0};

	if (is_note(s->words))
		return 0;
	if (may_act(s, err) < 0)
		return -1;
	if (s->words[0] == CMD_PREFIX)
		return error_set(err, ERR_STATE,
				 "Not done: a command takes no picture or file. Send them apart.");
	if (!reference || !*reference || strlen(reference) > MEDIA_REFERENCE_MAX)
		return error_set(err, ERR_STATE,
				 "Not texted: I cannot get that picture or file. Send words or a "
				 "link.");
	STR_COPY(file.network, s->network);
	STR_COPY(file.type, type ? type->name : "");
	return check_words(s, err) < 0 ? -1 : said_text(s, &file, err);
}

/* ---- changing one's mind ---------------------------------------------------------------------- */

/* The text of ours that was said with that event, if it is still in the queue. 1/0/-1. */
static int queued_text(struct speech *s, struct message_row *row, struct error *err)
{
	int found = store_find_message_by_origin(s->bridge->store, s->place.id,
						 s->said->target_event, row, err);

	return found > 0 && row->state != MSG_NEW ? 0 : found;
}

static int cancel(struct speech *s, struct message_row *row, const char *code, const char *why,
		  struct error *err)
{
	STR_COPY(row->code, code);
	STR_COPY(row->reason, why);
	return message_set_state(s->bridge, row, MSG_CANCELLED, err) < 0 ? -1 : 0;
}

/* The text keeps its place in the queue. */
static int edit_queued(struct speech *s, struct message_row *row, struct error *err)
{
	struct error why = {0};

	if (strcmp(row->author, s->user) != 0)
		return error_set(err, ERR_STATE,
				 "Not changed: only %s can edit that text, while it is queued.",
				 user_shown(row->author));
	if (s->words[0] == CMD_PREFIX || is_note(s->words)) {
		if (cancel(s, row, "EDITED", "it was edited into something that is not texted.",
			   err) < 0)
			return -1;
		return said_words(s, err);
	}
	if (check_words(s, &why) < 0)
		return error_set(err, ERR_STATE, "%s Your first words stay queued.", why.text);
	if (queue_rewrite(s->bridge, row, s->said->text, err) < 0)
		return -1;
	return relay_notice(s->bridge, &s->place, err,
			    "✎ Changed in time: the new words are queued.");
}

static int said_edit(struct speech *s, struct error *err)
{
	struct message_row row = {0};
	int rc = queued_text(s, &row, err);

	if (rc > 0)
		rc = edit_queued(s, &row, err);
	else if (rc == 0 && !is_note(s->words))
		rc = error_set(err, ERR_STATE,
			       "Not texted: only a text that is still queued can be edited. Write "
			       "it as a new message.");
	message_row_release(&row);
	return rc;
}

static int said_retract(struct speech *s, struct error *err)
{
	struct message_row row = {0};
	int found = store_find_message_by_origin(s->bridge->store, s->place.id,
						 s->said->target_event, &row, err);
	int rc = found < 0 ? -1 : 0;

	if (found > 0 && strcmp(row.author, s->user) != 0)
		rc = error_set(err, ERR_STATE,
			       "Not taken back: only %s can do that with that text, while it is "
			       "queued.",
			       user_shown(row.author));
	else if (found > 0 && row.state == MSG_NEW)
		rc = cancel(s, &row, "RETRACTED", "it was taken back in time.", err);
	else if (found > 0 && row.state != MSG_CANCELLED)
		rc = error_set(err, ERR_STATE,
			       "A text that has gone cannot be taken back from their phone.");
	message_row_release(&row);
	return rc;
}

/* ---- too late ----------------------------------------------------------------------------------- */

static int said_too_late(struct error *err)
{
	return error_set(err, ERR_STATE,
			 "Not done: this reached me so late that it may be out of place by now. "
			 "Write it again if it still holds.");
}

static const char *encrypted_advice(const struct speech *s)
{
	int index;
	const struct network_slot *slot = network_slot(s->bridge, s->network, &index);

	return slot && slot->network->encrypted ? slot->network->encrypted : "";
}

/* ---- what an SMS cannot do -------------------------------------------------------------------- */

static int said_in_conversation(struct speech *s, struct error *err)
{
	const char *text = s->said->text;

	if (s->said->stale)
		return said_too_late(err);
	switch (s->said->what) {
	case CHAT_SAID_TEXT:
		return said_words(s, err);
	case CHAT_SAID_EDIT:
		return said_edit(s, err);
	case CHAT_SAID_RETRACTED:
		return said_retract(s, err);
	case CHAT_SAID_ENCRYPTED:
		return error_set(err, ERR_STATE,
				 "Not texted: I cannot read encrypted messages. An SMS is never "
				 "encrypted anyway. %s",
				 encrypted_advice(s));
	case CHAT_SAID_REACTION:
		if (text[0] == '\0')
			return 0;
		return error_set(
			err, ERR_STATE,
			"A reaction is not texted: they do not see it. Write some words if they "
			"should know.");
	case CHAT_SAID_FILE:
		return said_file(s, err);
	case CHAT_SAID_OTHER:
		return error_set(err, ERR_STATE, "Not texted: an SMS cannot carry %s.", text);
	}
	BUG("said %d", (int)s->said->what);
}

static int said_elsewhere(struct speech *s, struct error *err)
{
	if (s->said->what == CHAT_SAID_ENCRYPTED)
		return error_set(err, ERR_STATE, "I cannot read encrypted messages. %s",
				 encrypted_advice(s));
	if (s->said->what == CHAT_SAID_EDIT && s->words[0] == CMD_PREFIX)
		return error_set(
			err, ERR_STATE,
			"An edit changes nothing here: write the command as a new message.");
	if (s->said->what != CHAT_SAID_TEXT)
		return 0;
	if (s->words[0] == CMD_PREFIX && s->said->stale)
		return said_too_late(err);
	if (s->words[0] == CMD_PREFIX && s->place.kind == PLACE_CONTROL && !is_organizer(s))
		return error_set(err, ERR_STATE,
				 "Not done: you are in this room, but no organizer.");
	if (s->words[0] == CMD_PREFIX)
		return said_command(s, err);
	if (s->place.kind == PLACE_CONTROL)
		return 0; /* organizers talk to each other */
	return error_set(
		err, ERR_STATE,
		"Nothing that is written here is texted to anybody. `!help` lists what I can do.");
}

/* ---- one step --------------------------------------------------------------------------------- */

static bool note_one(const struct conversation_row *row, void *arg)
{
	bool *found = arg;

	(void)row;
	*found = true;
	return false;
}

/* Those who may write to the bot: the others are not answered, so that strangers on a federated
 * server cannot fill our tables. 1/0/-1. */
static int is_known(const struct speech *s, struct error *err)
{
	bool owns = false;

	if (is_of_the_team(s))
		return 1;
	if (store_list_conversations(s->bridge->store, CONVERSATIONS_OF_OWNER, s->user, 1, note_one,
				     &owns, err) < 0)
		return -1;
	return owns;
}

bool bridge_chat_knows(struct bridge *bridge, const char *network, const char *user)
{
	struct chat_said nothing = {.user = user};
	struct speech s = {.bridge = bridge, .network = network, .said = &nothing};
	struct error err = {0};

	(void)snprintf(s.user, sizeof(s.user), "%s:%s", network, user);
	return is_known(&s, &err) > 0;
}

static int find_direct(struct speech *s, struct error *err)
{
	int known = is_known(s, err);
	int found;

	if (known == 0)
		log_warn("chat.stranger network=%s user=%s", s->network, log_quote(s->said->user));
	if (known <= 0)
		return known;
	found = store_find_place_by_address(s->bridge->store, s->network, PLACE_DIRECT,
					    s->said->address, &s->place, err);
	if (found != 0)
		return found;
	s->place = (struct place_row){.kind = PLACE_DIRECT, .created_at = bridge_now(s->bridge)};
	STR_COPY(s->place.network, s->network);
	STR_COPY(s->place.address, s->said->address);
	return store_place_add(s->bridge->store, &s->place, err) < 0 ? -1 : 1;
}

static int find_place(struct speech *s, struct error *err)
{
	int found;

	if (s->said->kind == PLACE_DIRECT)
		return find_direct(s, err);
	found = store_get_place(s->bridge->store, s->said->place, &s->place, err);
	if (found > 0 && s->place.kind == PLACE_CONVERSATION)
		found = store_get_conversation(s->bridge->store, s->place.conversation,
					       &s->conversation, err);
	return found;
}

static bool redelivers(struct bridge *bridge, const char *network)
{
	int index;
	const struct network_slot *slot = network_slot(bridge, network, &index);

	return slot && (slot->network->caps & CHAT_CAP_REDELIVERS);
}

/* What is told again may belong to no place by now, or to another: it moved, or was lost. */
static int is_told_again(const struct speech *s, struct error *err)
{
	if (s->said->event_id[0] == '\0' || !redelivers(s->bridge, s->network))
		return 0;
	return store_chat_event_seen(s->bridge->store, s->network, s->said->event_id, err);
}

/* In the step: 1 act on it, 0 seen before or nobody's business, -1 error. */
static int begin(struct speech *s, struct error *err)
{
	int seen = is_told_again(s, err);
	int rc;

	if (seen != 0)
		return seen < 0 ? -1 : 0;
	rc = find_place(s, err);
	if (rc > 0 && s->said->event_id[0] != '\0' && !s->said->fleeting)
		rc = store_chat_event_add(s->bridge->store, s->place.id, s->said->event_id,
					  bridge_now(s->bridge), err);
	s->actor = (struct actor){s->user, s->place.id, s->said->event_id};
	return rc;
}

/* The refusal undid the step: what is kept is that it was said, and why nothing came of it. */
static int refuse(struct speech *s, const struct error *why, struct error *err)
{
	int rc;

	if (store_step_begin(s->bridge->store, err) < 0)
		return -1;
	rc = begin(s, err);
	if (rc > 0)
		rc = relay_notice(s->bridge, &s->place, err, "%s", why->text);
	return store_step_end(s->bridge->store, rc >= 0, err) < 0 ? -1 : rc;
}

/* Whether it is an answer to the person, and no trouble of ours. */
static bool is_refusal(const struct error *why)
{
	switch (why->kind) {
	case ERR_INPUT:
	case ERR_CONFIG:
	case ERR_NOT_FOUND:
	case ERR_STATE:
		return true;
	case ERR_NONE:
	case ERR_IO:
	case ERR_BUSY:
		return false;
	}
	BUG("error kind %d", (int)why->kind);
}

static int act(struct speech *s, struct error *err)
{
	struct error why = {0};
	bool refused = false;
	int rc;

	if (store_step_begin(s->bridge->store, err) < 0)
		return -1;
	rc = begin(s, err);
	if (rc > 0) {
		rc = s->place.kind == PLACE_CONVERSATION ? said_in_conversation(s, &why)
							 : said_elsewhere(s, &why);
		refused = rc < 0 && is_refusal(&why);
		if (rc < 0 && !refused)
			*err = why;
	}
	crash_point("chat.stored");
	if (store_step_end(s->bridge->store, rc >= 0, err) < 0)
		return -1;
	return refused ? refuse(s, &why, err) : rc;
}

static void on_committed(bool committed, void *arg)
{
	crash_point("chat.committed");
	/* Not on disk: read it again from the place's archive. */
	if (!committed && arg)
		place_reopen(arg, "what was said could not be stored");
}

int bridge_chat_said(struct bridge *bridge, const char *network, const struct chat_said *said)
{
	struct speech s = {.bridge = bridge,
			   .network = network,
			   .said = said,
			   .words = gate_first_visible(said->text)};
	/* A 1:1 chat has no archive that could be read again. */
	struct place_state *state =
		said->kind == PLACE_DIRECT ? NULL : place_state_find(bridge, said->place);
	struct error err = {0};

	crash_point("chat.received");
	/* Something before this could not be stored: all of it is read again, in order. */
	if (state && state->phase == PLACE_IDLE && !redelivers(bridge, network))
		return -1;
	(void)snprintf(s.user, sizeof(s.user), "%s:%s", network, said->user);
	if (act(&s, &err) < 0) {
		log_error("chat.unstored network=%s problem=%s", network, log_quote(err.text));
		if (state)
			place_reopen(state, "what was said could not be stored");
		return -1;
	}
	store_after_commit(bridge->store, on_committed, state);
	return 0;
}

void bridge_chat_joined(struct bridge *bridge, const char *network, struct place_id place,
			const char *user)
{
	struct place_row row;
	struct conversation_row conversation;
	char who[USER_MAX];
	struct actor actor = {.user = who, .place = place, .event_id = ""};
	struct error err = {0};
	int rc;

	(void)snprintf(who, sizeof(who), "%s:%s", network, user);
	if (store_get_place(bridge->store, place, &row, &err) <= 0 ||
	    row.kind != PLACE_CONVERSATION ||
	    store_get_conversation(bridge->store, row.conversation, &conversation, &err) <= 0)
		return;
	/* In the inbox, the first of the team who comes in takes it. */
	if (!conversation.open || conversation.owner[0] != '\0' || !user_takes_inbox(bridge, who) ||
	    store_step_begin(bridge->store, &err) < 0)
		return;
	rc = bridge_assign(bridge, &actor, conversation.id, who, &err);
	if (store_step_end(bridge->store, rc == 0, &err) < 0 || rc < 0)
		log_error("chat.unassigned problem=%s", log_quote(err.text));
}

void bridge_chat_left(struct bridge *bridge, const char *network, struct place_id place,
		      const char *user)
{
	(void)bridge;
	log_debug("chat.left network=%s place=%lld user=%s", network, (long long)place.v,
		  log_quote(user));
}
