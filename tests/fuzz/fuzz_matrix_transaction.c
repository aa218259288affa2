/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Any bytes as a transaction: each event that comes out of it has ids, in text that is clean, and
 * what does not end well gives none at all or was put aside. */
#include "base/log.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "chat/matrix/matrix_priv.h"
#include "chat/matrix/matrix_transaction.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const char matrix_name[] = "matrix";

static struct {
	int events;
	size_t aside;
} seen;

static void check_id(const char *id, bool present)
{
	if ((present && !id[0]) || strlen(id) >= MX_ID_MAX || !utf8_valid(id, strlen(id)))
		BUG("a bad id");
}

int mx_in_event(struct matrix *m, const struct mx_event *event)
{
	(void)m;
	seen.events++;
	check_id(event->id, !event->has_state_key); /* stripped state has none */
	check_id(event->room, true);
	check_id(event->sender, true);
	check_id(event->target, false);
	check_id(event->thread, false);
	check_id(event->reply_to, false);
	check_id(event->replacement, false);
	if (event->text.len > CHAT_TEXT_MAX || !utf8_valid(event->text.buf, event->text.len) ||
	    strlen(event->text.buf) != event->text.len)
		BUG("a bad text");
	/* Some cannot be stored. */
	return event->text.len % 7 == 6 ? -1 : 0;
}

int bridge_chat_quarantine(struct bridge *bridge, const char *network, const char *what,
			   const char *bytes, size_t len)
{
	(void)bridge;
	(void)network;
	(void)what;
	for (size_t i = 0; i < len; i++)
		seen.aside += bytes[i] != '\0'; /* all of it can be read */
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct matrix m = {0};
	struct error err = {0};
	AUTO_FREE char *body = xmalloc(size + 1);

	log_set_level(LOG_ERROR);
	memcpy(body, data, size);
	body[size] = '\0';
	seen.events = 0;
	switch (mx_transaction_take(&m, body, size, &err)) {
	case MX_TAKEN:
		break;
	case MX_NOT_STORED:
		if (seen.events == 0)
			BUG("nothing was to be stored");
		break;
	case MX_UNREADABLE:
		if (seen.events > 0 || !err.text[0])
			BUG("half of it was read");
		break;
	}
	return 0;
}
