/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The way up: a table of questions, asked one after the other; each failure says what can be done
 * about it. What an admin must mend ends the daemon if nothing else works either
 * (bridge_chat_broken()).
 */
#include "base/json.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "chat/matrix/matrix_json.h"
#include "chat/matrix/matrix_priv.h"
#include "chat/matrix/matrix_versions.h"

#include <string.h>

struct step {
	bool (*wanted)(const struct matrix *m);
	void (*ask)(struct matrix *m);
	/* 0: go on. -1: it is down now. */
	int (*answered)(struct matrix *m, const struct mx_reply *reply);
};

static void on_answer(const struct mx_reply *reply, void *arg);

static void ask_as(struct matrix *m, const char *user, const char *method, const char *path,
		   const char *body)
{
	struct mx_call call = {
		.method = method, .path = path, .body = body, .as = user, .probe = true};

	mx_http_call(m->http, &call, on_answer, m);
}

static void ask(struct matrix *m, const char *method, const char *path, const char *body)
{
	ask_as(m, NULL, method, path, body);
}

/* As the service itself: the bot may not be there yet. */
static void ask_as_service(struct matrix *m, const char *method, const char *path, const char *body)
{
	ask_as(m, "", method, path, body);
}

/* A page without a code, at the start, tells of a wrong address; once it was right, of a proxy that
 * has a bad time. */
static bool is_page(const struct matrix *m, const struct mx_reply *reply)
{
	return m->been_up && !reply->errcode[0] &&
	       (reply->status == 401 || reply->status == 403 || reply->status == 404);
}

/* Ends the way up. Nothing but time helps where the server is out of reach or busy. */
static int fail(struct matrix *m, const struct mx_reply *reply, enum chat_broken what,
		const char *advice)
{
	STRBUF_AUTO(why);

	strbuf_adds(&why, reply->error);
	if (reply->outcome == MX_UNREACHABLE || reply->status == 429 || reply->status >= 500 ||
	    is_page(m, reply)) {
		mx_life_down(m, why.buf, false);
		return -1;
	}
	strbuf_addf(&why, "%s%s", why.len ? ". " : "", advice);
	mx_life_down(m, why.buf, true);
	bridge_chat_broken(m->host.bridge, matrix_name, what, why.buf);
	return -1;
}

static bool always(const struct matrix *m)
{
	(void)m;
	return true;
}

static bool appservice(const struct matrix *m)
{
	return m->cfg.appservice;
}

/* ---- is it a homeserver? ---------------------------------------------------------------------- */

static void ask_versions(struct matrix *m)
{
	ask_as_service(m, "GET", "/_matrix/client/versions", NULL);
}

static int on_versions(struct matrix *m, const struct mx_reply *reply)
{
	int newest = mx_versions_newest(reply->body);

	/* Some tell only whom they know, which is found out next. */
	if (newest >= MX_VERSION_MIN || reply->outcome == MX_FORBIDDEN ||
	    reply->outcome == MX_TOKEN)
		return 0;
	return fail(m, reply, CHAT_BROKEN_SERVER,
		    newest >= 0
			    ? "The homeserver is too old: it must speak Matrix " MX_VERSION_MIN_TEXT
			      " or later"
			    : "No Matrix homeserver answers there: matrix.homeserver must be the "
			      "address of its client API");
}

/* ---- who are we? ------------------------------------------------------------------------------ */

static void ask_register(struct matrix *m)
{
	STRBUF_AUTO(body);

	mx_build_register(&body, m->cfg.bot);
	ask_as_service(m, "POST", "/_matrix/client/v3/register", body.buf);
}

static int on_registered(struct matrix *m, const struct mx_reply *reply)
{
	if (reply->outcome == MX_OK || reply->outcome == MX_ALREADY)
		return 0;
	if (reply->outcome == MX_TOKEN)
		return fail(m, reply, CHAT_BROKEN_SECRET,
			    "The homeserver does not know matrix.as_token: install the file that "
			    "`roomline registration` writes, and restart the homeserver");
	return fail(m, reply, CHAT_BROKEN_NAME,
		    "The homeserver does not let us have the user in matrix.bot: write the "
		    "registration anew with `roomline registration`");
}

static bool logs_in(const struct matrix *m)
{
	return !m->cfg.appservice && m->cfg.access_token[0] == '\0';
}

static void ask_login(struct matrix *m)
{
	STRBUF_AUTO(body);

	strbuf_adds(&body, "{\"type\":\"m.login.password\",\"device_id\":\"" MX_DEVICE
			   "\",\"initial_device_display_name\":\"Roomline\","
			   "\"identifier\":{\"type\":\"m.id.user\",\"user\":");
	json_add_text(&body, m->cfg.user);
	strbuf_adds(&body, "},\"password\":");
	json_add_text(&body, m->cfg.password);
	strbuf_addc(&body, '}');
	mx_http_set_token(m->http, "", "");
	ask(m, "POST", "/_matrix/client/v3/login", body.buf);
}

static int on_logged_in(struct matrix *m, const struct mx_reply *reply)
{
	STRBUF_AUTO(token);

	if (reply->outcome != MX_OK || !json_text(reply->body, "access_token", &token))
		return fail(m, reply, CHAT_BROKEN_SECRET,
			    "The bot cannot log in: see matrix.user and matrix.password, or give "
			    "matrix.access_token");
	mx_http_set_token(m->http, token.buf, MX_DEVICE);
	return 0;
}

static void ask_whoami(struct matrix *m)
{
	ask(m, "GET", "/_matrix/client/v3/account/whoami", NULL);
}

static int on_whoami(struct matrix *m, const struct mx_reply *reply)
{
	const char *user = mx_str(reply->body, "user_id");
	STRBUF_AUTO(advice);

	if (reply->outcome == MX_FORBIDDEN && m->cfg.appservice)
		return fail(m, reply, CHAT_BROKEN_NAME,
			    "The homeserver does not let us be the bot: see matrix.domain and "
			    "matrix.bot, and write the registration anew with `roomline "
			    "registration`");
	if (reply->outcome != MX_OK || !user[0])
		return fail(m, reply, CHAT_BROKEN_SECRET,
			    m->cfg.appservice
				    ? "The homeserver does not take our token for the bot: see "
				      "matrix.domain and matrix.bot, and write the registration "
				      "anew with `roomline registration`"
				    : "The homeserver does not take our token: see "
				      "matrix.access_token");
	if (strcmp(user, m->cfg.bot) == 0)
		return 0;
	strbuf_addf(&advice, "The homeserver takes us for %.200s, not for %.200s: %s", user,
		    m->cfg.bot,
		    m->cfg.appservice ? "see matrix.domain and matrix.bot, and write the "
					"registration anew with `roomline registration`"
				      : "see matrix.user");
	return fail(m, reply, CHAT_BROKEN_NAME, advice.buf);
}

/* With a device the server remembers our transaction ids for a day, and not only until it is
 * restarted (Matrix 1.17). An older one says that it does not know it. */
static void ask_device(struct matrix *m)
{
	ask(m, "PUT", "/_matrix/client/v3/devices/" MX_DEVICE, "{\"display_name\":\"Roomline\"}");
}

static int on_device(struct matrix *m, const struct mx_reply *reply)
{
	if (reply->outcome == MX_UNREACHABLE)
		return fail(m, reply, CHAT_BROKEN_SERVER, "");
	mx_http_set_token(m->http, m->cfg.as_token, reply->outcome == MX_OK ? MX_DEVICE : "");
	if (reply->outcome != MX_OK)
		log_warn("matrix.no_device why=%s", log_quote(reply->error));
	return 0;
}

static void ask_name(struct matrix *m)
{
	STRBUF_AUTO(path);
	STRBUF_AUTO(body);

	mx_path(&path, "/_matrix/client/v3/profile/{}/displayname", m->cfg.bot);
	mx_build_one(&body, "displayname", m->cfg.bot_name);
	ask(m, "PUT", path.buf, body.buf);
}

static int on_name(struct matrix *m, const struct mx_reply *reply)
{
	if (reply->outcome == MX_UNREACHABLE)
		return fail(m, reply, CHAT_BROKEN_SERVER, "");
	if (reply->outcome != MX_OK)
		log_warn("matrix.unnamed why=%s", log_quote(reply->error));
	return 0;
}

/* ---- which rooms does it make? ----------------------------------------------------------------- */

static void ask_capabilities(struct matrix *m)
{
	ask(m, "GET", "/_matrix/client/v3/capabilities", NULL);
}

static int on_capabilities(struct matrix *m, const struct mx_reply *reply)
{
	const struct cJSON *versions =
		mx_get(mx_get(reply->body, "capabilities"), "m.room_versions");
	const char *version = m->cfg.room_version;

	if (reply->outcome == MX_UNREACHABLE)
		return fail(m, reply, CHAT_BROKEN_SERVER, "");
	m->creators_rule = mx_has_creators_rule(version[0] ? version : mx_str(versions, "default"));
	return 0;
}

/* ---- does it reach us? ------------------------------------------------------------------------- */

static void ask_ping(struct matrix *m)
{
	STRBUF_AUTO(path);

	mx_path(&path, "/_matrix/client/v1/appservice/{}/ping", m->cfg.id);
	ask_as_service(m, "POST", path.buf, "{\"transaction_id\":\"roomline\"}");
}

static int on_ping(struct matrix *m, const struct mx_reply *reply)
{
	if (reply->outcome == MX_OK || reply->outcome == MX_UNSUPPORTED)
		return 0;
	if (reply->outcome == MX_UNREACHABLE)
		return fail(m, reply, CHAT_BROKEN_SERVER, "");
	/* Its network may have a bad moment; what we say gets through, so go on. */
	log_warn("matrix.unreachable why=%s advice=\"the homeserver cannot call us: see "
		 "matrix.appservice_url, matrix.hs_token, http.listen, and the url in the "
		 "registration\"",
		 log_quote(reply->error));
	return 0;
}

/* ---- the way up --------------------------------------------------------------------------------- */

static const struct step steps[] = {
	{always, ask_versions, on_versions},         {appservice, ask_register, on_registered},
	{logs_in, ask_login, on_logged_in},          {always, ask_whoami, on_whoami},
	{appservice, ask_device, on_device},         {always, ask_name, on_name},
	{always, ask_capabilities, on_capabilities}, {appservice, ask_ping, on_ping},
};

#define STEP_N (sizeof(steps) / sizeof(steps[0]))

static void step_on(struct matrix *m)
{
	while (m->step < STEP_N && !steps[m->step].wanted(m))
		m->step++;
	if (m->step < STEP_N)
		steps[m->step].ask(m);
	else
		mx_life_up(m);
}

static void on_answer(const struct mx_reply *reply, void *arg)
{
	struct matrix *m = arg;

	if (m->life != MX_STARTING || steps[m->step].answered(m, reply) < 0)
		return;
	m->step++;
	step_on(m);
}

void mx_way_begin(struct matrix *m)
{
	m->step = 0;
	step_on(m);
}
