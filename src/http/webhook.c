/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The road in, up to the bridge; the contract is in webhook.h.
 *
 * The secret in the path is asked for from all providers, also from those that sign: it keeps
 * strangers away from the parsers, and is the only proof where a provider signs nothing.
 */
#include "http/webhook.h"

#include "base/crash.h"
#include "base/hmac.h"
#include "base/log.h"
#include "base/refusals.h"
#include "base/strbuf.h"
#include "base/xalloc.h"

#include <string.h>

#define PREFIX "/hook/"

struct webhook {
	struct loop *loop;
	struct store *store;
	struct bridge *bridge;
	const char *secret;
	const struct sms_account *accounts;
	size_t account_n;
	struct refusals refused;
	struct refusals unknown;                 /* no such account, or not its secret */
	struct sms_event events[SMS_EVENTS_MAX]; /* of the present hook, else empty */
};

/* An exchange that waits for the commit. */
struct waiting {
	struct http_exchange *exchange;
	const struct sms_account *account;
};

static void reply_text(struct http_exchange *exchange, int status, const char *text)
{
	http_reply(exchange, status, "text/plain", text, strlen(text));
}

/* ---- where it goes to ------------------------------------------------------------------------ */

/* Cuts the next segment off *path. */
static char *take_segment(const char **path)
{
	size_t len = strcspn(*path, "/");
	char *segment = xstrndup(*path, len);

	*path += len;
	if (**path == '/')
		(*path)++;
	return segment;
}

static const struct sms_account *find_account(const struct webhook *webhook, const char *name)
{
	for (size_t i = 0; i < webhook->account_n; i++) {
		if (strcmp(webhook->accounts[i].name, name) == 0)
			return &webhook->accounts[i];
	}
	return NULL;
}

/* What follows the account's name in the raw target: "/in?x=1". */
static const char *raw_rest(const char *target)
{
	for (int segments = 3; segments > 0 && *target == '/'; segments--)
		target += 1 + strcspn(target + 1, "/?");
	return target;
}

/* ---- answers --------------------------------------------------------------------------------- */

static void refuse(struct webhook *webhook, struct http_exchange *exchange,
		   const struct sms_account *account, int status, const struct error *why)
{
	if (refusals_note(&webhook->refused, loop_monotonic(webhook->loop)))
		log_warn("hook.refused account=%s status=%d why=%s total=%lu", account->name,
			 status, log_quote(why->text), webhook->refused.total);
	reply_text(exchange, status, status == 403 ? "refused\n" : "not understood\n");
}

/* Which of the two it is must not be told to those who guess; nor is what they tried, which may be
 * the secret with a slip of the pen. */
static void refuse_unknown(struct webhook *webhook, struct http_exchange *exchange)
{
	if (refusals_note(&webhook->unknown, loop_monotonic(webhook->loop)))
		log_warn("hook.unknown status=404 why=\"wrong secret or no such account\" "
			 "total=%lu",
			 webhook->unknown.total);
	reply_text(exchange, 404, "There is nothing here.\n");
}

static void answer(bool committed, void *arg)
{
	struct waiting *waiting = arg;
	const char *type = sms_account_hook_reply_type(waiting->account);
	const char *body = sms_account_hook_reply_body(waiting->account);

	if (committed) {
		crash_point("hook.committed");
		http_reply(waiting->exchange, 200, type[0] ? type : NULL, body, strlen(body));
	} else {
		reply_text(waiting->exchange, 503, "not stored, try again\n");
	}
	free(waiting);
}

/* ---- the road -------------------------------------------------------------------------------- */

static int store_events(struct webhook *webhook, const struct sms_account *account,
			const struct sms_event *events, int n)
{
	struct error err;

	for (int i = 0; i < n; i++) {
		if (bridge_sms_event(webhook->bridge, account, &events[i], &err) < 0) {
			log_error("hook.not_stored account=%s why=%s", account->name,
				  log_quote(err.text));
			return -1;
		}
	}
	return 0;
}

static void handle(struct webhook *webhook, struct http_exchange *exchange,
		   const struct sms_account *account, const struct sms_hook *hook)
{
	const struct sms_driver *driver = account->driver;
	struct sms_event *events = webhook->events;
	struct waiting *waiting;
	struct error why = {0};
	int rc;
	int n;

	if (driver->verify_hook(account, hook, loop_now(webhook->loop), &why) < 0) {
		refuse(webhook, exchange, account, 403, &why);
		return;
	}
	n = driver->parse_hook(account, hook, events, SMS_EVENTS_MAX, &why);
	crash_point("hook.received");
	rc = store_events(webhook, account, events, n);
	/* One that was not understood may have left something in any. */
	for (int i = 0; i < (n < 0 ? SMS_EVENTS_MAX : n); i++)
		sms_event_release(&events[i]);
	if (n < 0) {
		refuse(webhook, exchange, account, 400, &why);
		return;
	}
	if (rc < 0) {
		reply_text(exchange, 503, "not stored, try again\n");
		return;
	}
	crash_point("hook.stored");
	waiting = xmalloc(sizeof(*waiting));
	*waiting = (struct waiting){.exchange = exchange, .account = account};
	store_after_commit(webhook->store, answer, waiting);
}

static void on_request(struct http_exchange *exchange, const struct http_request *request,
		       void *arg)
{
	struct webhook *webhook = arg;
	const char *path = request->path + strlen(PREFIX);
	AUTO_FREE char *secret = take_segment(&path);
	AUTO_FREE char *name = take_segment(&path);
	bool known = secret_equals(secret, webhook->secret);
	const struct sms_account *account = find_account(webhook, name);
	struct sms_hook hook = {.what = path, .request = request};
	STRBUF_AUTO(url);

	if (!known || !account) {
		refuse_unknown(webhook, exchange);
		return;
	}
	strbuf_adds(&url, account->hook_url);
	strbuf_adds(&url, raw_rest(request->target));
	hook.url = url.buf;
	handle(webhook, exchange, account, &hook);
}

struct webhook *webhook_new(struct loop *loop, struct store *store, struct bridge *bridge,
			    const char *secret, const struct sms_account *accounts,
			    size_t account_n)
{
	struct webhook *webhook = xcalloc(1, sizeof(*webhook));

	webhook->loop = loop;
	webhook->store = store;
	webhook->bridge = bridge;
	webhook->secret = secret;
	webhook->accounts = accounts;
	webhook->account_n = account_n;
	return webhook;
}

void webhook_free(struct webhook *webhook)
{
	free(webhook);
}

void webhook_mount(struct webhook *webhook, struct http_server *server)
{
	http_server_route(server, PREFIX, on_request, webhook);
}
