/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The sandbox's driver against its carrier, over the real local road of HTTP on a loop whose time is
 * moved by hand. The daemon is played by a hook handler that checks and reads what comes with the
 * driver and notes it in one line.
 */
#include "fakes/fake_cleared.c" /* NOLINT(bugprone-suspicious-include): in place of the outbox */
#include "fakes/fake_loop.c"    /* NOLINT(bugprone-suspicious-include): in place of the real loop */

#include "base/json.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "roomline/http.h"
#include "sms/driver.h"
#include "sms/sandbox.h"
#include "sms/sandbox_phones.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HOOK "https://bot.example.org/sms/hook/S3CRET0123456789/box"
#define PUBLIC_URL "https://bot.example.org/sms"
#define LINE "+15555550100"
#define CONTACT "+15555550123"
#define REF "0123456789abcdef"

static struct {
	struct loop *loop;
	struct http_server *server;
	struct http_client *client;
	struct sandbox_phones *phones;
	struct settings *set;
	struct sms_account account;
	struct sms_sender senders[2];
	struct strbuf log;  /* what came to the hooks, and what became of sends */
	struct strbuf body; /* of the last answer of the API */
	int status;
	const char *host;          /* of calls to the API; NULL: none, as ours have none */
	const char *authorization; /* the same */
	int hook_status;
	int clock_off_s;
	struct sms_result result;
} t;

/* ---- the daemon's side ----------------------------------------------------------------------- */

static const char *state_word(const struct sms_event *event)
{
	static const char *const words[] = {"queued", "sent",    "delivered", "undelivered",
					    "failed", "expired", "cancelled"};

	return words[event->status];
}

static void on_hook(struct http_exchange *exchange, const struct http_request *request, void *arg)
{
	struct sms_hook hook = {.url = HOOK, .what = "", .request = request};
	struct sms_event events[SMS_EVENTS_MAX];
	struct error err = {0};
	int n;

	(void)arg;
	if (t.account.driver->verify_hook(&t.account, &hook,
					  loop_now(t.loop) + (int64_t)t.clock_off_s * 1000,
					  &err) < 0) {
		strbuf_adds(&t.log, "forged;");
		http_reply(exchange, 403, NULL, "", 0);
		return;
	}
	n = t.account.driver->parse_hook(&t.account, &hook, events, SMS_EVENTS_MAX, &err);
	assert_int_equal(n, 1);
	if (events[0].kind == SMS_EVENT_TEXT)
		strbuf_addf(&t.log, "text %s>%s '%s' %d;", events[0].from, events[0].to,
			    events[0].text, events[0].media_n);
	else
		strbuf_addf(&t.log, "%s%s%s%s;", state_word(&events[0]),
			    strcmp(events[0].ref, REF) == 0 ? "" : " of another",
			    events[0].code[0] ? " " : "", events[0].code);
	sms_event_release(&events[0]);
	http_reply(exchange, t.hook_status, NULL, "", 0);
}

static void on_answer(const struct http_answer *answer, void *arg)
{
	(void)arg;
	t.account.driver->parse_send(&t.account, answer, &t.result);
	strbuf_addf(&t.log, "[%s%s%s];", driver_class_word(t.result.class),
		    t.result.code[0] ? " " : "", t.result.code);
}

static void send_text(const char *from, const char *to, const char *text)
{
	struct cleared_sms sms = fake_cleared_make(REF, to, from, text);
	struct http_call call = {0};
	struct error err = {0};

	assert_int_equal(t.account.driver->build_send(&t.account, &sms, &call, &err), 0);
	http_client_start(t.client, &call, on_answer, NULL);
}

/* ---- a test's side --------------------------------------------------------------------------- */

static void on_api(const struct http_answer *answer, void *arg)
{
	(void)arg;
	t.status = answer->status;
	strbuf_reset(&t.body);
	strbuf_adds(&t.body, answer->body);
}

static const char *api_type = "application/json";

static int api(const char *method, const char *path, const char *body)
{
	struct http_call call = {.method = method};
	STRBUF_AUTO(url);

	strbuf_addf(&url, "local:/sandbox%s", path);
	call.url = strbuf_detach(&url, NULL);
	call.body = xstrdup(body);
	call.body_len = strlen(body);
	http_headers_add(&call.headers, "Content-Type", api_type);
	if (t.host)
		http_headers_add(&call.headers, "Host", t.host);
	if (t.authorization)
		http_headers_add(&call.headers, "Authorization", t.authorization);
	t.status = 0;
	http_client_start(t.client, &call, on_api, NULL);
	fake_loop_advance(t.loop, 0);
	return t.status;
}

/* A value of the last answer; lives until the next call. */
static const char *value(const char *path)
{
	static struct strbuf text = STRBUF_INIT;
	JSON_AUTO json = json_parse(t.body.buf, t.body.len, JSON_DEPTH_MAX, NULL);

	strbuf_release(&text);
	if (!json_text(json, path, &text))
		return "(none)";
	return text.buf;
}

static const char *take_log(void)
{
	static char copy[4096];

	(void)STR_COPY(copy, t.log.buf);
	strbuf_reset(&t.log);
	return copy;
}

static int start(const char *key, const char *base_url)
{
	struct error err = {0};

	memset(&t, 0, sizeof(t));
	strbuf_init(&t.log);
	strbuf_init(&t.body);
	t.hook_status = 200;
	t.loop = loop_new();
	t.server = http_server_new(t.loop);
	t.client = http_client_new(t.loop, t.server);
	t.account.name = "box";
	t.account.driver = sms_driver_find("sandbox");
	t.account.hook_url = HOOK;
	t.set = settings_new(t.account.driver->settings);
	assert_int_equal(key ? settings_put(t.set, "key", key, &err) : 0, 0);
	assert_int_equal(settings_put(t.set, "base_url", base_url, &err), 0);
	assert_int_equal(settings_finish(t.set, NULL, &err), 0);
	assert_int_equal(t.account.driver->check(t.set, &err), 0);
	t.account.set = t.set;
	t.senders[0] = (struct sms_sender){.name = "main", .account = &t.account};
	(void)STR_COPY(t.senders[0].number.e164, LINE);
	t.senders[1] = (struct sms_sender){.name = "magic", .account = &t.account};
	(void)STR_COPY(t.senders[1].number.e164, "+15005550007");
	http_server_route(t.server, "/hook/", on_hook, NULL);
	t.phones = sandbox_phones_new(t.loop, t.server, t.client, t.senders, 2, PUBLIC_URL);
	assert_non_null(t.phones);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	return start("s3cret", "local:/sandbox");
}

static int setup_without_key(void **state)
{
	(void)state;
	return start(NULL, "local:/sandbox");
}

static int teardown(void **state)
{
	(void)state;
	(void)value("");
	http_client_free(t.client);
	sandbox_phones_free(t.phones);
	http_server_free(t.server);
	assert_int_equal(fake_loop_timers(t.loop), 0);
	loop_free(t.loop);
	settings_free(t.set);
	strbuf_release(&t.log);
	strbuf_release(&t.body);
	return 0;
}

/* ---- texts to phones ------------------------------------------------------------------------- */

static void sandbox_send__is_received_and_reported(void **state)
{
	(void)state;
	send_text(LINE, CONTACT, "Hi “Pat” 😀\nbye");
	fake_loop_advance(t.loop, 0);
	assert_string_equal(take_log(), "[ok];");
	assert_int_equal(strlen(t.result.ext_id), 34);
	assert_int_equal(t.result.segments, 1);
	fake_loop_advance(t.loop, 1000);
	assert_string_equal(take_log(), "sent;delivered;");

	assert_int_equal(api("GET", "/api/phone/%2B15555550123/texts", ""), 200);
	assert_string_equal(value("received"), "1");
	assert_string_equal(value("texts.0.text"), "Hi “Pat” 😀\nbye");
	assert_string_equal(value("texts.0.direction"), "in");
	assert_string_equal(value("texts.0.from"), LINE);
	assert_string_equal(value("texts.0.to"), CONTACT);
	assert_string_equal(value("texts.0.ref"), REF);
	assert_string_equal(value("texts.0.id"), t.result.ext_id);
	assert_string_equal(value("texts.0.state"), "delivered");
	assert_int_equal(api("GET", "/api/phone/+15555550123/texts?after=1", ""), 200);
	assert_string_equal(value("texts.0.text"), "(none)");
}

static void sandbox_send__knows_twilios_numbers(void **state)
{
	static const struct {
		const char *from;
		const char *to;
		const char *want;
	} cases[] = {
		{LINE, "+15005550001", "[bad_number 21211];"},
		{LINE, "+15005550002", "[bad_number 21612];"},
		{LINE, "+15005550003", "[perm 21408];"},
		{LINE, "+15005550004", "[opted_out 21610];"},
		{LINE, "+15005550009", "[bad_number 21614];"},
		{"+15005550001", CONTACT, "[config 21212];"},
		{"+15005550007", CONTACT, "[config 21606];"},
		{"+15005550008", CONTACT, "[throttle 21611];"},
		{"+15551112222", CONTACT, "[config 21606];"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		send_text(cases[i].from, cases[i].to, "Hi");
		fake_loop_advance(t.loop, 5000);
		assert_string_equal(take_log(), cases[i].want);
	}
	assert_int_equal(api("GET", "/api/phones", ""), 200);
	assert_string_equal(value("phones.0.number"), "(none)");
}

static void sandbox_send__does_what_words_ask_for(void **state)
{
	static const struct {
		const char *text;
		const char *want;
		const char *received;
	} cases[] = {
		{"see error30007.", "[ok];failed 30007;", "0"},
		{"ERROR30006", "[ok];failed 30006;", "0"},
		{"lostanswer", "[ambiguous];sent;delivered;", "1"},
		{"reject429", "[throttle 20429];", "0"},
		{"reject503", "[temp];", "0"},
		{"reject500", "[ambiguous];", "0"},
		{"reject21610", "[opted_out 21610];", "0"},
		{"duplicate!", "[ok];sent;sent;delivered;delivered;", "1"},
		{"outoforder", "delivered;[ok];sent;", "1"},
		{"noreport", "[ok];", "1"},
		{"duplicate lostanswer", "[ambiguous];sent;sent;delivered;delivered;", "1"},
		{"terror30007 error3000 error300071 lostanswers", "[ok];sent;delivered;", "1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		send_text(LINE, CONTACT, cases[i].text);
		fake_loop_advance(t.loop, 2000);
		assert_string_equal(take_log(), cases[i].want);
		assert_int_equal(api("GET", "/api/phone/+15555550123/texts", ""), 200);
		assert_string_equal(value("received"), cases[i].received);
		assert_int_equal(api("POST", "/api/reset", "{}"), 200);
	}
}

static void sandbox_send__gives_no_answer__until_the_client_gives_up(void **state)
{
	(void)state;
	send_text(LINE, CONTACT, "noanswer");
	fake_loop_advance(t.loop, 1000);
	assert_string_equal(take_log(), "sent;delivered;");
	fake_loop_advance(t.loop, HTTP_TIMEOUT_MS);
	assert_string_equal(take_log(), "[ambiguous];");
	fake_loop_advance(t.loop, 120000);
	assert_string_equal(take_log(), "");
}

static void sandbox_send__reports_late(void **state)
{
	(void)state;
	send_text(LINE, CONTACT, "late");
	fake_loop_advance(t.loop, 5000);
	assert_string_equal(take_log(), "[ok];");
	fake_loop_advance(t.loop, 1000);
	assert_string_equal(take_log(), "sent;delivered;");
	send_text(LINE, CONTACT, "late90");
	fake_loop_advance(t.loop, 90000);
	assert_string_equal(take_log(), "[ok];");
	fake_loop_advance(t.loop, 1000);
	assert_string_equal(take_log(), "sent;delivered;");
}

static void sandbox_send__does_what_the_api_orders__for_so_many_sends(void **state)
{
	(void)state;
	assert_int_equal(api("POST", "/api/faults", "{\"fault\":\"lostanswer\",\"count\":2}"), 200);
	assert_int_equal(api("POST", "/api/faults", "{\"fault\":\"reject429\"}"), 200);
	for (int i = 0; i < 4; i++) {
		send_text(LINE, CONTACT, "Hi noreport");
		fake_loop_advance(t.loop, 1000);
	}
	assert_string_equal(take_log(), "[ambiguous];[ambiguous];[throttle 20429];[ok];");
	assert_int_equal(api("POST", "/api/faults", "{\"fault\":\"nonsense\"}"), 400);
	assert_int_equal(api("POST", "/api/faults", "{\"fault\":\"late\",\"count\":0}"), 400);
	assert_int_equal(api("POST", "/api/faults", "{\"fault\":\"late\",\"count\":99999999999}"),
			 400);
	assert_int_equal(api("POST", "/api/faults", "{"), 400);
}

static void sandbox_send__is_refused__without_the_key_or_for_a_foreign_hook(void **state)
{
	static const char foreign[] = "{\"ref\":\"r\",\"from\":\"" LINE "\",\"to\":\"" CONTACT
				      "\",\"text\":\"x\",\"status_url\":\"http://127.0.0.1:25/\"}";
	static const char beside[] =
		"{\"ref\":\"r\",\"from\":\"" LINE "\",\"to\":\"" CONTACT
		"\",\"text\":\"x\",\"status_url\":\"" HOOK ".evil.example/status\"}";

	(void)state;
	assert_int_equal(api("POST", "/provider/send", foreign), 401);
	assert_string_equal(value("code"), "20003");
	sandbox_phones_free(t.phones);
	http_client_free(t.client);
	http_server_free(t.server);
	loop_free(t.loop);
	settings_free(t.set);
	strbuf_release(&t.body);
	strbuf_release(&t.log);
	(void)start(NULL, "local:/sandbox");
	assert_int_equal(api("POST", "/provider/send", foreign), 400);
	assert_string_equal(value("code"), "21609");
	assert_int_equal(api("POST", "/provider/send", beside), 400);
	assert_string_equal(value("code"), "21609");
	assert_int_equal(api("POST", "/provider/send", "{}"), 400);
	assert_int_equal(api("POST", "/provider/send", "[1"), 400);
	fake_loop_advance(t.loop, 10000);
	assert_string_equal(take_log(), "");
}

/* ---- pictures and other files ---------------------------------------------------------------- */

#define JPEG "\xFF\xD8\xFF\xE0 a picture"

/* Our own links to files, as the daemon serves them. */
static void on_media(struct http_exchange *exchange, const struct http_request *request, void *arg)
{
	bool good = strcmp(request->path, "/media/7/good/picture.jpg") == 0;

	(void)arg;
	strbuf_addf(&t.log, "fetch %s;", request->path);
	http_reply(exchange, good ? 200 : 410, "image/jpeg", JPEG, strlen(JPEG));
}

static void send_files(const char *text, const char *first, const char *second)
{
	struct cleared_sms sms = fake_cleared_make(REF, CONTACT, LINE, text);
	struct http_call call = {0};

	sms.media[sms.media_n++] = first;
	if (second)
		sms.media[sms.media_n++] = second;
	assert_int_equal(t.account.driver->build_send(&t.account, &sms, &call, NULL), 0);
	http_client_start(t.client, &call, on_answer, NULL);
	for (int i = 0; i < 6; i++)
		fake_loop_advance(t.loop, 0);
}

static void sandbox_send__fetches_the_files__that_are_ours(void **state)
{
	AUTO_FREE char *path = NULL;

	(void)state;
	http_server_route(t.server, "/media/", on_media, NULL);
	send_files("", PUBLIC_URL "/media/7/good/picture.jpg", "https://e.org/other.jpg");
	assert_string_equal(take_log(), "[ok];fetch /media/7/good/picture.jpg;");
	fake_loop_advance(t.loop, 1000);
	assert_string_equal(take_log(), "sent;delivered;");
	assert_int_equal(api("GET", "/api/phone/" CONTACT "/texts", ""), 200);
	assert_string_equal(value("texts.0.text"), "");
	assert_string_equal(value("texts.0.media.1"), "https://e.org/other.jpg");
	path = xstrdup(value("texts.0.media.0"));
	assert_int_equal(strncmp(path, "/sandbox/file/", 14), 0);
	assert_int_equal(api("GET", path + strlen("/sandbox"), ""), 200);
	assert_string_equal(t.body.buf, JPEG);
	path[20] = path[20] == 'a' ? 'b' : 'a';
	assert_int_equal(api("GET", path + strlen("/sandbox"), ""), 404);
}

static void sandbox_send__fails__without_its_file(void **state)
{
	(void)state;
	http_server_route(t.server, "/media/", on_media, NULL);
	send_files("words", PUBLIC_URL "/media/7/old/picture.jpg", NULL);
	fake_loop_advance(t.loop, 1000);
	assert_string_equal(take_log(), "[ok];fetch /media/7/old/picture.jpg;failed 63019;");
	assert_int_equal(api("GET", "/api/phone/" CONTACT "/texts", ""), 200);
	assert_string_equal(value("received"), "0");
}

/* Who reaches the carrier cannot make it ask elsewhere. */
static void sandbox_send__fetches_nothing__else(void **state)
{
	static const char *const links[] = {
		PUBLIC_URL "/health",       "https://bot.example.org/media/7/good/picture.jpg",
		PUBLIC_URL "/mediax/7",     "local:/media/7/good/picture.jpg",
		"http://127.0.0.1/media/7", "",
	};

	(void)state;
	http_server_route(t.server, "/media/", on_media, NULL);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		send_files("words", links[i], NULL);
		assert_string_equal(take_log(), "[ok];");
	}
}

static void sandbox_reset__drops__what_is_being_fetched(void **state)
{
	(void)state;
	http_server_route(t.server, "/media/", on_media, NULL);
	send_files("words", PUBLIC_URL "/media/7/good/picture.jpg", NULL);
	assert_int_equal(api("POST", "/api/reset", ""), 200);
	fake_loop_advance(t.loop, 1000);
	assert_int_equal(api("GET", "/api/phone/" CONTACT "/texts", ""), 200);
	assert_string_equal(value("received"), "0");
	send_files("words", PUBLIC_URL "/media/7/good/picture.jpg", NULL);
	/* and so does the end, in teardown() */
}

static void sandbox_file__goes__with_a_phones_text(void **state)
{
	AUTO_FREE char *url = NULL;
	STRBUF_AUTO(text);
	struct http_fetch_order order = {0};

	(void)state;
	assert_int_equal(api("POST", "/api/file", JPEG), 415);
	api_type = "application/octet-stream";
	assert_int_equal(api("POST", "/api/file", "<html>"), 415);
	assert_int_equal(api("POST", "/api/file", JPEG), 201);
	assert_string_equal(value("type"), "image/jpeg");
	url = xstrdup(value("url"));
	assert_int_equal(strncmp(url, "local:/sandbox/file/", 20), 0);
	assert_int_equal(api("POST", "/api/text", "{}"), 415);
	api_type = "application/json";
	strbuf_addf(&text, "{\"from\":\"%s\",\"text\":\"\",\"media\":[\"%s\"]}", CONTACT, url);
	assert_int_equal(api("POST", "/api/text", text.buf), 202);
	fake_loop_advance(t.loop, 0);
	assert_string_equal(take_log(), "text " CONTACT ">" LINE " '' 1;");
	order.call.url = url;
	t.account.driver->locate(&t.account, &order);
	assert_true(order.trusted);
	assert_int_equal(api("GET", url + strlen("local:/sandbox"), ""), 200);
	assert_string_equal(t.body.buf, JPEG);
}

/* A hook that was not ours could name what only we reach. */
static void sandbox_locate__trusts__its_own_files_alone(void **state)
{
	static const char *const others[] = {"local:/health", "local:/sandbox/api/phones",
					     "local:/sandbox/file/../api/phones",
					     "https://e.org/sandbox/file/1", ""};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		AUTO_FREE char *url = xstrdup(others[i]);
		struct http_fetch_order order = {.call = {.url = url}};

		t.account.driver->locate(&t.account, &order);
		assert_false(order.trusted);
	}
}

/* ---- texts from phones ----------------------------------------------------------------------- */

static void sandbox_text__reaches_the_hook(void **state)
{
	(void)state;
	assert_int_equal(api("POST", "/api/text",
			     "{\"from\":\"+1 (555) 555-0123\",\"text\":\"Hi \\\"you\\\"\","
			     "\"media\":[\"https://e.org/a.jpg\"],\"id\":\"m1\"}"),
			 202);
	assert_string_equal(value("id"), "m1");
	fake_loop_advance(t.loop, 0);
	assert_string_equal(take_log(), "text +15555550123>" LINE " 'Hi \"you\"' 1;");
	assert_int_equal(api("GET", "/api/phone/+15555550123/texts", ""), 200);
	assert_string_equal(value("received"), "0");
	assert_string_equal(value("texts.0.direction"), "out");
	assert_string_equal(value("texts.0.state"), "taken");
	assert_string_equal(value("texts.0.media.0"), "https://e.org/a.jpg");
}

static void sandbox_text__takes_the_local_road__without_a_key(void **state)
{
	(void)state;
	assert_int_equal(api("POST", "/api/text",
			     "{\"from\":\"384387\",\"to\":\"+15005550007\",\"text\":\"\"}"),
			 202);
	assert_int_equal(strlen(value("id")), 34);
	fake_loop_advance(t.loop, 0);
	assert_string_equal(take_log(), "text 384387>+15005550007 '' 0;");
}

static void sandbox_text__is_refused__when_incomplete(void **state)
{
	static const char *const bad[] = {
		"{\"text\":\"x\"}",
		"{\"from\":\"+1555\"}",
		"{\"from\":\"+1555\",\"to\":\"+1999\",\"text\":\"x\"}",
		"{\"from\":\"+1555\",\"to\":\"\",\"text\":\"x\"}",
		"{\"from\":\"<b>\",\"text\":\"x\"}",
		"{\"from\":\"012345678901234567890123456789012\",\"text\":\"x\"}",
		"not JSON",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(api("POST", "/api/text", bad[i]), 400);
		assert_string_not_equal(value("error"), "(none)");
	}
	fake_loop_advance(t.loop, 1000);
	assert_string_equal(take_log(), "");
}

static void sandbox_hook__is_repeated__until_it_is_taken(void **state)
{
	(void)state;
	t.hook_status = 503;
	assert_int_equal(api("POST", "/api/text", "{\"from\":\"+1555\",\"text\":\"x\"}"), 202);
	fake_loop_advance(t.loop, 6500); /* at 0, 1, 3 s; the next at 7 */
	assert_string_equal(take_log(), "text +1555>" LINE " 'x' 0;text +1555>" LINE
					" 'x' 0;text +1555>" LINE " 'x' 0;");
	t.hook_status = 200;
	fake_loop_advance(t.loop, 600000);
	assert_string_equal(take_log(), "text +1555>" LINE " 'x' 0;");
}

static void sandbox_hook__is_not_repeated__when_refused(void **state)
{
	(void)state;
	t.clock_off_s = 400;
	assert_int_equal(api("POST", "/api/text", "{\"from\":\"+1555\",\"text\":\"x\"}"), 202);
	fake_loop_advance(t.loop, 600000);
	assert_string_equal(take_log(), "forged;");
	assert_int_equal(api("GET", "/api/phone/+1555/texts", ""), 200);
	assert_string_equal(value("texts.0.state"), "refused");
}

static void sandbox_reset__drops_what_is_due__also_under_way(void **state)
{
	(void)state;
	assert_int_equal(api("POST", "/api/faults", "{\"fault\":\"late\",\"count\":9}"), 200);
	send_text(LINE, CONTACT, "noanswer");
	fake_loop_advance(t.loop, 0);
	assert_int_equal(api("POST", "/api/text", "{\"from\":\"+1555\",\"text\":\"x\"}"), 202);
	fake_loop_advance(t.loop, 0);
	assert_int_equal(api("POST", "/api/reset", "{}"), 200);
	fake_loop_advance(t.loop, 600000);
	assert_string_equal(take_log(), "text +1555>" LINE " 'x' 0;[temp];");
	assert_int_equal(api("GET", "/api/phones", ""), 200);
	assert_string_equal(value("phones.0.number"), "(none)");
	assert_string_equal(value("lines.0"), LINE);
}

/* ---- bounds and odd requests ----------------------------------------------------------------- */

static void sandbox_phones__stay_few(void **state)
{
	char body[120];

	(void)state;
	for (int i = 0; i < 1100; i++) {
		(void)snprintf(body, sizeof(body), "{\"from\":\"+1555%07d\",\"text\":\"%d\"}", i,
			       i);
		assert_int_equal(api("POST", "/api/text", body), 202);
		strbuf_reset(&t.log);
	}
	assert_int_equal(api("GET", "/api/phones", ""), 200);
	assert_string_equal(value("phones.0.number"), "+15550001099");
	assert_string_equal(value("phones.999.number"), "+15550000100");
	assert_string_equal(value("phones.1000.number"), "(none)");
	for (int i = 0; i < 250; i++) {
		(void)snprintf(body, sizeof(body), "{\"from\":\"+1555\",\"text\":\"%d\"}", i);
		assert_int_equal(api("POST", "/api/text", body), 202);
		strbuf_reset(&t.log);
	}
	assert_int_equal(api("GET", "/api/phone/+1555/texts", ""), 200);
	assert_string_equal(value("texts.0.text"), "50");
	assert_string_equal(value("texts.199.text"), "249");
	assert_string_equal(value("texts.200.text"), "(none)");
}

static void sandbox_api__refuses__forms_and_unknown_paths(void **state)
{
	struct http_call call = {.method = "POST", .url = xstrdup("local:/sandbox/api/text")};

	(void)state;
	call.body = xstrdup("{\"from\":\"+1555\",\"text\":\"x\"}");
	call.body_len = strlen(call.body);
	http_headers_add(&call.headers, "Content-Type", "text/plain");
	http_client_start(t.client, &call, on_api, NULL);
	fake_loop_advance(t.loop, 0);
	assert_int_equal(t.status, 415);
	assert_int_equal(api("GET", "/nothing", ""), 404);
	assert_int_equal(api("GET", "/api/text", ""), 404);
	assert_int_equal(api("DELETE", "/api/phones", ""), 404);
	assert_int_equal(api("GET", "/api/phone/+1555", ""), 404);
	assert_int_equal(api("GET", "/api/phone/+1555/texts", ""), 200);
	assert_string_equal(value("received"), "0");
}

static void sandbox_page__is_whole(void **state)
{
	(void)state;
	assert_int_equal(api("GET", "/", ""), 200);
	assert_non_null(strstr(t.body.buf, "Content-Security-Policy"));
	assert_null(strstr(t.body.buf, "http://"));
	assert_null(strstr(t.body.buf, "https://"));
	assert_int_equal(api("GET", "", ""), 200);
	assert_int_equal(api("GET", "/page.js", ""), 200);
	assert_null(strstr(t.body.buf, "innerHTML"));
	assert_int_equal(api("GET", "/page.css", ""), 200);
}

/* ---- who may use it -------------------------------------------------------------------------- */

#define START_OF(number) "{\"from\":\"" number "\",\"text\":\"START\"}"

static void sandbox_api__asks_for_the_key__beside_a_real_provider(void **state)
{
	static const char *const wrong[] = {
		NULL,
		"Basic",
		"Basic ",
		"Basic czNjcmV0",             /* s3cret, no user */
		"Basic YWxpY2U6czNjcmV",      /* alice:s3cre */
		"Basic YWxpY2U6czNjcmV0eA==", /* alice:s3cretx */
		"Basic YWxpY2U6",             /* alice: */
		"Bearer s3cret",
	};
	static const char *const paths[] = {
		"", "/", "/page.js", "/api/phones", "/api/phone/%2B15555550123/texts", "/api/none"};

	(void)state;
	t.account.mixed = true;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		t.authorization = wrong[i];
		for (size_t k = 0; k < sizeof(paths) / sizeof(paths[0]); k++)
			assert_int_equal(api("GET", paths[k], ""), 401);
		assert_int_equal(api("POST", "/api/text", START_OF(CONTACT)), 401);
		assert_int_equal(api("POST", "/api/reset", "{}"), 401);
		assert_int_equal(api("POST", "/api/faults", "{\"fault\":\"late\"}"), 401);
	}
	fake_loop_advance(t.loop, 1000);
	assert_string_equal(take_log(), "");
	t.authorization = "basic YWxpY2U6czNjcmV0"; /* alice:s3cret */
	assert_int_equal(api("GET", "/", ""), 200);
	t.authorization = "Basic OnMzY3JldA=="; /* :s3cret */
	assert_int_equal(api("POST", "/api/text", START_OF(CONTACT)), 202);
	fake_loop_advance(t.loop, 1000);
	assert_string_equal(take_log(), "text " CONTACT ">" LINE " 'START' 0;");
	t.authorization = NULL; /* the driver's own way is open to it */
	send_text(LINE, CONTACT, "hi");
	fake_loop_advance(t.loop, 0);
	assert_string_equal(take_log(), "[ok];");
}

static void sandbox_text__comes_from_nobody_real__beside_a_real_provider(void **state)
{
	static const char *const real[] = {
		START_OF("+14155552671"), START_OF("+14155550200"),  START_OF("4155550123"),
		START_OF("14155550123"),  START_OF("0014155550123"), START_OF("+447700900123"),
		START_OF("12345"),        START_OF("+15005551234"),  START_OF("+18005550123"),
	};
	static const char *const made_up[] = {START_OF("+1 (415) 555-0123"),
					      START_OF("+15005550006")};

	(void)state;
	t.account.mixed = true;
	t.authorization = "Basic OnMzY3JldA==";
	for (size_t i = 0; i < sizeof(real) / sizeof(real[0]); i++) {
		if (api("POST", "/api/text", real[i]) != 400)
			fail_msg("%s: %d", real[i], t.status);
		assert_non_null(strstr(value("error"), "+12025550123"));
	}
	fake_loop_advance(t.loop, 1000);
	assert_string_equal(take_log(), "");
	for (size_t i = 0; i < sizeof(made_up) / sizeof(made_up[0]); i++)
		assert_int_equal(api("POST", "/api/text", made_up[i]), 202);
}

static void sandbox_hook__takes_no_real_number__beside_a_real_provider(void **state)
{
	static const char *const bodies[] = {
		"{\"type\":\"text\",\"id\":\"x\",\"from\":\"+14155552671\",\"text\":\"START\"}",
		"{\"type\":\"text\",\"id\":\"x\",\"from\":\"4155550123\",\"text\":\"START\"}",
		"{\"type\":\"text\",\"id\":\"x\",\"text\":\"START\"}",
	};
	struct http_request request = {.method = "POST"};
	struct sms_hook hook = {.what = "in", .request = &request};
	struct sms_event events[1];
	struct error err = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		request.body = bodies[i];
		request.body_len = strlen(bodies[i]);
		for (int mixed = 0; mixed < 2; mixed++) {
			t.account.mixed = mixed;
			assert_int_equal(
				t.account.driver->parse_hook(&t.account, &hook, events, 1, &err),
				mixed ? -1 : 1);
			sms_event_release(&events[0]);
		}
	}
}

static void sandbox_hook__is_refused__where_a_key_is_due_and_none_set(void **state)
{
	struct http_request request = {.method = "POST", .body = "{}", .body_len = 2};
	struct sms_hook hook = {.what = "in", .request = &request};
	struct error err = {0};

	(void)state;
	assert_int_equal(t.account.driver->verify_hook(&t.account, &hook, 0, &err), 0);
	t.account.mixed = true;
	assert_int_equal(t.account.driver->verify_hook(&t.account, &hook, 0, &err), -1);
	t.authorization = "Basic Og=="; /* ":" */
	assert_int_equal(api("GET", "/", ""), 401);
}

static void sandbox_api__refuses__names_of_others(void **state)
{
	static const char *const own[] = {"127.0.0.1",  "127.0.0.1:8080",  "192.168.1.7:80",
					  "[::1]:8080", "[::1]",           "localhost:8080",
					  "LOCALHOST",  "bot.example.org", "Bot.Example.Org:443"};
	static const char *const foreign[] = {"evil.example:8080",
					      "bot.example.org.evil.example",
					      "127.0.0.1.evil.example",
					      "localhost.evil.example:80",
					      "",
					      ":8080",
					      "[",
					      "[evil.example]",
					      "example.org",
					      "2130706433",
					      "bot.example.or"};

	(void)state;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		t.host = own[i];
		if (api("GET", "/", "") != 200)
			fail_msg("%s: %d", own[i], t.status);
	}
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		t.host = foreign[i];
		if (api("GET", "/", "") != 403 ||
		    api("POST", "/api/text", START_OF(CONTACT)) != 403)
			fail_msg("%s: %d", foreign[i], t.status);
		assert_int_equal(api("POST", "/provider/send", "{}"), 400);
	}
	fake_loop_advance(t.loop, 1000);
	assert_string_equal(take_log(), "");
}

static void sandbox_check_mix__wants_a_key__beside_others(void **state)
{
	struct settings *keyless = settings_new(t.account.driver->settings);
	struct sms_account accounts[] = {{.name = "a", .driver = sms_driver_find("twilio")},
					 {.name = "b", .driver = t.account.driver, .set = t.set},
					 {.name = "c", .driver = t.account.driver, .set = keyless}};
	struct error err = {0};
	size_t wrong = 0;

	(void)state;
	assert_int_equal(settings_finish(keyless, NULL, &err), 0);
	assert_int_equal(sandbox_check_mix(accounts + 1, 2, &wrong, &err), 0);
	assert_false(accounts[1].mixed || accounts[2].mixed);
	assert_int_equal(sandbox_check_mix(accounts, 1, &wrong, &err), 0);
	assert_int_equal(sandbox_check_mix(accounts, 2, &wrong, &err), 0);
	assert_true(accounts[1].mixed);
	assert_int_equal(sandbox_check_mix(accounts, 3, &wrong, &err), -1);
	assert_int_equal(wrong, 2);
	assert_non_null(strstr(err.text, "opt-outs"));
	settings_free(keyless);
}

static void sandbox_phones_new__mounts_nothing__for_other_drivers(void **state)
{
	struct sms_account other = t.account;
	struct sms_sender sender = {.name = "x", .account = &other};

	(void)state;
	other.driver = sms_driver_find("twilio");
	assert_null(sandbox_phones_new(t.loop, t.server, t.client, &sender, 1, PUBLIC_URL));
	sandbox_phones_free(NULL);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(sandbox_send__is_received_and_reported),
		TEST(sandbox_send__knows_twilios_numbers),
		TEST(sandbox_send__does_what_words_ask_for),
		TEST(sandbox_send__gives_no_answer__until_the_client_gives_up),
		TEST(sandbox_send__reports_late),
		TEST(sandbox_send__does_what_the_api_orders__for_so_many_sends),
		TEST(sandbox_send__is_refused__without_the_key_or_for_a_foreign_hook),
		TEST(sandbox_send__fetches_the_files__that_are_ours),
		TEST(sandbox_send__fails__without_its_file),
		TEST(sandbox_send__fetches_nothing__else),
		TEST(sandbox_reset__drops__what_is_being_fetched),
		TEST(sandbox_file__goes__with_a_phones_text),
		TEST(sandbox_locate__trusts__its_own_files_alone),
		TEST(sandbox_text__reaches_the_hook),
		cmocka_unit_test_setup_teardown(sandbox_text__takes_the_local_road__without_a_key,
						setup_without_key, teardown),
		TEST(sandbox_text__is_refused__when_incomplete),
		TEST(sandbox_hook__is_repeated__until_it_is_taken),
		TEST(sandbox_hook__is_not_repeated__when_refused),
		TEST(sandbox_reset__drops_what_is_due__also_under_way),
		TEST(sandbox_phones__stay_few),
		TEST(sandbox_api__refuses__forms_and_unknown_paths),
		TEST(sandbox_page__is_whole),
		TEST(sandbox_api__asks_for_the_key__beside_a_real_provider),
		TEST(sandbox_text__comes_from_nobody_real__beside_a_real_provider),
		TEST(sandbox_hook__takes_no_real_number__beside_a_real_provider),
		cmocka_unit_test_setup_teardown(
			sandbox_hook__is_refused__where_a_key_is_due_and_none_set,
			setup_without_key, teardown),
		TEST(sandbox_api__refuses__names_of_others),
		TEST(sandbox_check_mix__wants_a_key__beside_others),
		TEST(sandbox_phones_new__mounts_nothing__for_other_drivers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
