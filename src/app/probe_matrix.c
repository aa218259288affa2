/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A homeserver, asked who it is, whom it takes us for, and whether it reaches us. Each question waits
 * for its answer on a loop of its own; while the last one waits, the homeserver's own question to us
 * is answered there, if no daemon is there to do it. Nothing else is taken from it then: what people
 * say it must tell the daemon.
 */
#include "app/probe.h"

#include "base/hmac.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "chat/matrix/matrix_answer.h"
#include "chat/matrix/matrix_json.h"
#include "chat/matrix/matrix_versions.h"
#include "roomline/http.h"
#include "roomline/loop.h"

#include <string.h>

#define DEVICE "ROOMLINE-CHECK" /* not the daemon's: a new login would end its own */
#define BEARER "Bearer "
/* The homeserver's patience with us is longer than ours with it. */
#define PING_MS 20000

struct talk {
	const struct probe *probe;
	struct loop *loop;
	struct http_client *client;
	struct http_server *server; /* NULL: none of ours */
	const char *token;          /* "" none */
	char *own_token;            /* made by a login */
	struct mx_answer got;       /* the last answer */
};

static const char *setting(const struct talk *t, const char *key)
{
	const char *value = settings_text(t->probe->set, key);

	return value ? value : "";
}

static bool is_appservice(const struct talk *t)
{
	return strcmp(setting(t, "mode"), "appservice") == 0;
}

/* ---- asking ------------------------------------------------------------------------------------ */

static void on_answer(const struct http_answer *answer, void *arg)
{
	struct talk *t = arg;

	mx_answer_read(&t->got, answer, loop_now(t->loop));
	loop_stop(t->loop);
}

static void ask(struct talk *t, const char *method, const char *path, const char *body,
		int timeout_ms)
{
	struct http_call call = {.method = method, .timeout_ms = timeout_ms};
	STRBUF_AUTO(url);
	STRBUF_AUTO(bearer);

	mx_answer_release(&t->got);
	strbuf_addf(&url, "%s%s", setting(t, "homeserver"), path);
	call.url = strbuf_detach(&url, NULL);
	strbuf_addf(&bearer, BEARER "%s", t->token);
	if (t->token[0])
		http_headers_add(&call.headers, "Authorization", bearer.buf);
	if (body) {
		http_headers_add(&call.headers, "Content-Type", "application/json");
		call.body = xstrdup(body);
		call.body_len = strlen(body);
	}
	http_client_start(t->client, &call, on_answer, t);
	loop_run(t->loop);
}

/* ---- is it a homeserver? ----------------------------------------------------------------------- */

static enum exit_code ask_versions(struct talk *t, struct error *err)
{
	const struct mx_reply *reply = &t->got.reply;
	int newest;

	ask(t, "GET", "/_matrix/client/versions", NULL, t->probe->timeout_ms);
	newest = mx_versions_newest(reply->body);
	if (newest >= MX_VERSION_MIN || reply->outcome == MX_TOKEN ||
	    reply->outcome == MX_FORBIDDEN)
		return EXIT_OK; /* some answer only whom they know, which is asked next */
	if (newest >= 0) {
		(void)error_set(
			err, ERR_CONFIG,
			"the homeserver is too old: it must speak Matrix " MX_VERSION_MIN_TEXT
			" or later");
		return EXIT_SERVER;
	}
	if (reply->status == 0 || reply->outcome == MX_UNREACHABLE) {
		(void)error_set(err, ERR_IO,
				"%.200s; matrix.homeserver must be where it listens for clients",
				reply->error);
		return EXIT_NETWORK;
	}
	(void)error_set(
		err, ERR_CONFIG,
		"no Matrix homeserver answers at %.100s: matrix.homeserver must be where it "
		"listens for clients",
		setting(t, "homeserver"));
	return EXIT_SERVER;
}

/* ---- who are we? ------------------------------------------------------------------------------- */

/* It is there, but does not tell. */
static enum exit_code no_answer(const struct talk *t, struct error *err)
{
	(void)error_set(err, ERR_IO, "%.250s; try again later", t->got.reply.error);
	return EXIT_NETWORK;
}

static enum exit_code token_refused(const struct talk *t, struct error *err)
{
	if (is_appservice(t))
		(void)error_set(
			err, ERR_CONFIG,
			"the homeserver does not know matrix.as_token: install the file that "
			"`roomline registration` writes, and restart the homeserver");
	else
		(void)error_set(
			err, ERR_CONFIG,
			"the homeserver does not take matrix.access_token: get a new one, or "
			"give matrix.password in its place");
	return EXIT_SECRET;
}

static enum exit_code log_in(struct talk *t, struct error *err)
{
	const struct mx_reply *reply = &t->got.reply;
	STRBUF_AUTO(body);

	strbuf_adds(&body, "{\"type\":\"m.login.password\",\"device_id\":\"" DEVICE "\","
			   "\"initial_device_display_name\":\"Roomline check\","
			   "\"identifier\":{\"type\":\"m.id.user\",\"user\":");
	json_add_text(&body, setting(t, "user"));
	strbuf_adds(&body, "},\"password\":");
	json_add_text(&body, setting(t, "password"));
	strbuf_addc(&body, '}');
	ask(t, "POST", "/_matrix/client/v3/login", body.buf, t->probe->timeout_ms);
	if (reply->outcome == MX_UNREACHABLE)
		return no_answer(t, err);
	t->own_token = xstrdup(mx_str(reply->body, "access_token"));
	t->token = t->own_token;
	if (reply->outcome == MX_OK && t->token[0])
		return EXIT_OK;
	(void)error_set(
		err, ERR_CONFIG,
		"the bot cannot log in (%.100s): correct matrix.user and matrix.password, or "
		"give matrix.access_token",
		reply->error);
	return EXIT_SECRET;
}

static enum exit_code wrong_user(const struct talk *t, const char *is, const char *wanted,
				 struct error *err)
{
	if (is_appservice(t))
		(void)error_set(
			err, ERR_CONFIG,
			"the homeserver takes us for %.80s, not for %.80s: correct "
			"matrix.domain and matrix.bot, then write the registration anew with "
			"`roomline registration`",
			is, wanted);
	else
		(void)error_set(err, ERR_CONFIG,
				"the homeserver takes us for %.100s, not for %.100s: correct "
				"matrix.user",
				is, wanted);
	return EXIT_NAME;
}

/* As the bot, which is one of the service's names; it is registered by the daemon only. */
static enum exit_code ask_for_bot(struct talk *t, const char *bot, struct error *err)
{
	const struct mx_reply *reply = &t->got.reply;
	STRBUF_AUTO(path);

	mx_path(&path, "/_matrix/client/v3/account/whoami?user_id={}", bot);
	ask(t, "GET", path.buf, NULL, t->probe->timeout_ms);
	if (reply->outcome == MX_OK || !strstr(reply->error, "masquerade"))
		return EXIT_OK;
	(void)error_set(err, ERR_CONFIG,
			"the homeserver does not let us be %.100s: correct matrix.bot, then write "
			"the registration anew with `roomline registration`",
			bot);
	return EXIT_NAME;
}

static enum exit_code ask_whoami(struct talk *t, struct strbuf *said, struct error *err)
{
	const struct mx_reply *reply = &t->got.reply;
	const char *user;
	STRBUF_AUTO(wanted);
	STRBUF_AUTO(bot);

	if (is_appservice(t)) {
		strbuf_addf(&wanted, "@%sservice:%s", setting(t, "prefix"), setting(t, "domain"));
		strbuf_addf(&bot, "@%s:%s", setting(t, "bot"), setting(t, "domain"));
	} else {
		strbuf_adds(&wanted, setting(t, "user"));
		strbuf_adds(&bot, wanted.buf);
	}
	ask(t, "GET", "/_matrix/client/v3/account/whoami", NULL, t->probe->timeout_ms);
	if (reply->outcome == MX_TOKEN)
		return token_refused(t, err);
	strbuf_addf(said, "the homeserver takes us for %s", bot.buf);
	if (reply->outcome != MX_OK)
		return no_answer(t, err);
	user = mx_str(reply->body, "user_id");
	if (strcmp(user, wanted.buf) != 0)
		return wrong_user(t, user, wanted.buf, err);
	return is_appservice(t) ? ask_for_bot(t, bot.buf, err) : EXIT_OK;
}

/* ---- does it reach us? ------------------------------------------------------------------------- */

static void on_request(struct http_exchange *exchange, const struct http_request *request,
		       void *arg)
{
	const struct talk *t = arg;
	const char *header = http_headers_get(&request->headers, "Authorization");
	bool known = header && strncmp(header, BEARER, strlen(BEARER)) == 0 &&
		     secret_equals(header + strlen(BEARER), setting(t, "hs_token"));
	int status = 503;

	if (strcmp(request->path, "/_matrix/app/v1/ping") == 0)
		status = known ? 200 : 403;
	http_reply(exchange, status, "application/json", "{}", 2);
}

static bool listen_for_it(struct talk *t)
{
	struct error err;

	if (t->probe->daemon_answers)
		return true;
	t->server = http_server_new(t->loop);
	http_server_route(t->server, "/", on_request, t);
	return http_server_listen(t->server, t->probe->listen, &err) == 0;
}

static bool is_code(const struct mx_reply *reply, const char *code)
{
	return strcmp(reply->errcode, code) == 0;
}

/* It got an answer to its question, but not ours. */
static enum exit_code wrong_answer(const struct mx_reply *reply, struct error *err)
{
	STRBUF_AUTO(status);

	(void)json_text(reply->body, "status", &status);
	if (strcmp(status.buf, "401") == 0 || strcmp(status.buf, "403") == 0) {
		(void)error_set(
			err, ERR_CONFIG,
			"the homeserver shows us another token than matrix.hs_token: install "
			"the file that `roomline registration` writes, and restart the "
			"homeserver");
		return EXIT_SECRET;
	}
	(void)error_set(
		err, ERR_CONFIG,
		"something else than Roomline answers the homeserver (status %.10s): correct "
		"matrix.appservice_url or the proxy behind it, then write the registration "
		"anew with `roomline registration`",
		status.len ? status.buf : "unknown");
	return EXIT_ROAD;
}

static enum exit_code not_reached(const struct talk *t, struct error *err)
{
	(void)error_set(
		err, ERR_CONFIG,
		"the homeserver does not reach us (%.60s): matrix.appservice_url, now %.60s, "
		"must lead from there to http.listen; then write the registration anew with "
		"`roomline registration`",
		t->got.reply.error, setting(t, "appservice_url"));
	return EXIT_ROAD;
}

static enum exit_code judge_ping(const struct talk *t, struct strbuf *said, struct error *err)
{
	const struct mx_reply *reply = &t->got.reply;

	if (reply->outcome == MX_OK) {
		strbuf_adds(said, ", and reaches us");
		return EXIT_OK;
	}
	if (reply->outcome == MX_UNSUPPORTED) {
		strbuf_adds(said, "; it is too old to be asked whether it reaches us");
		return EXIT_OK;
	}
	if (is_code(reply, "M_BAD_STATUS"))
		return wrong_answer(reply, err);
	if (is_code(reply, "M_CONNECTION_FAILED") || is_code(reply, "M_CONNECTION_TIMEOUT") ||
	    reply->status == 0)
		return not_reached(t, err);
	if (is_code(reply, "M_URL_NOT_SET")) {
		(void)error_set(err, ERR_CONFIG,
				"the registration at the homeserver has no url: write it anew with "
				"`roomline registration`");
		return EXIT_ROAD;
	}
	if (reply->outcome == MX_FORBIDDEN) {
		(void)error_set(
			err, ERR_CONFIG,
			"the homeserver has our token under another name than "
			"matrix.registration_id: write the registration anew with `roomline "
			"registration`");
		return EXIT_NAME;
	}
	return no_answer(t, err);
}

static enum exit_code ask_ping(struct talk *t, struct strbuf *said, struct error *err)
{
	STRBUF_AUTO(path);

	if (!listen_for_it(t)) {
		strbuf_adds(said, "; whether it reaches us was not tried, as something else has "
				  "http.listen");
		return EXIT_OK;
	}
	mx_path(&path, "/_matrix/client/v1/appservice/{}/ping", setting(t, "registration_id"));
	ask(t, "POST", path.buf, "{\"transaction_id\":\"check\"}", PING_MS);
	return judge_ping(t, said, err);
}

/* ---- all of it --------------------------------------------------------------------------------- */

static enum exit_code talk(struct talk *t, struct strbuf *said, struct error *err)
{
	bool appservice = is_appservice(t);
	enum exit_code code = ask_versions(t, err);

	t->token = setting(t, appservice ? "as_token" : "access_token");
	if (code == EXIT_OK && !appservice && !t->token[0])
		code = log_in(t, err);
	if (code == EXIT_OK)
		code = ask_whoami(t, said, err);
	if (t->own_token && t->own_token[0])
		ask(t, "POST", "/_matrix/client/v3/logout", "{}", t->probe->timeout_ms);
	return code == EXIT_OK && appservice ? ask_ping(t, said, err) : code;
}

enum exit_code probe_matrix(const struct probe *probe, struct strbuf *said, struct error *err)
{
	struct talk t = {.probe = probe, .loop = loop_new(), .token = ""};
	enum exit_code code;

	strbuf_init(&t.got.words);
	t.client = http_client_new(t.loop, NULL);
	code = talk(&t, said, err);
	mx_answer_release(&t.got);
	http_client_free(t.client);
	http_server_free(t.server);
	free(t.own_token);
	loop_free(t.loop);
	return code;
}
