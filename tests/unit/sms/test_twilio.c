/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Requests, answers and hooks of Twilio, as in its documentation and SDK tests. */
#include "fakes/fake_cleared.c" /* NOLINT(bugprone-suspicious-include): in place of the outbox */

#include "base/strbuf.h"
#include "base/xalloc.h"
#include "sms/driver.h"
#include "sms/twilio.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SID "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HOOK "https://bot.example.org/hook/S3CRET/tw"

static struct settings *set;
static struct sms_account account;

static int setup(void **state)
{
	(void)state;
	set = settings_new(twilio_driver.settings);
	assert_int_equal(settings_put(set, "account_sid", SID, NULL), 0);
	assert_int_equal(settings_put(set, "auth_token", "t0ken", NULL), 0);
	assert_int_equal(settings_finish(set, NULL, NULL), 0);
	account = (struct sms_account){
		.name = "tw", .driver = &twilio_driver, .set = set, .hook_url = HOOK};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	settings_free(set);
	return 0;
}

static void put(const char *key, const char *value)
{
	assert_int_equal(settings_put(set, key, value, NULL), 0);
}

/* ---- settings -------------------------------------------------------------------------------- */

static const char *check(void)
{
	static struct error err;

	err = (struct error){0};
	(void)twilio_driver.check(set, &err);
	return err.text;
}

static void twilio_check__says_what_to_change(void **state)
{
	(void)state;
	assert_string_equal(check(), "");
	put("api_key_sid", "SK1");
	assert_non_null(strstr(check(), "go together"));
	put("api_key_secret", "s");
	assert_string_equal(check(), "");
	put("messaging_service_sid", "MG/../x");
	assert_non_null(strstr(check(), "messaging_service_sid"));
	put("messaging_service_sid", "MG1");
	put("base_url", "http://api.twilio.com");
	assert_non_null(strstr(check(), "https"));
	put("base_url", "ftp://x");
	assert_non_null(strstr(check(), "https"));
	put("base_url", "http://127.0.0.1.evil.example/");
	assert_non_null(strstr(check(), "https"));
	put("base_url", "http://127.0.0.1:8000");
	assert_string_equal(check(), "");
	put("base_url", "https://space.signalwire.com/api/laml");
	put("account_sid", "8d4c2a1e-1111-2222-3333-444455556666");
	assert_string_equal(check(), "");
}

/* ---- sending --------------------------------------------------------------------------------- */

static struct http_call build(const struct cleared_sms *sms)
{
	struct http_call call = {0};

	assert_int_equal(twilio_driver.build_send(&account, sms, &call, NULL), 0);
	return call;
}

static void twilio_build_send__asks_as_documented(void **state)
{
	struct cleared_sms sms =
		fake_cleared_make("ref1", "+14155550100", "+14155550101", "1+1=2 & “ok” 😀\n");
	struct http_call call = build(&sms);

	(void)state;
	assert_string_equal(call.method, "POST");
	assert_string_equal(call.url,
			    "https://api.twilio.com/2010-04-01/Accounts/" SID "/Messages.json");
	assert_string_equal(call.user, SID);
	assert_string_equal(call.password, "t0ken");
	assert_string_equal(http_headers_get(&call.headers, "Content-Type"),
			    "application/x-www-form-urlencoded");
	assert_string_equal(
		call.body,
		"To=%2B14155550100&From=%2B14155550101&Body=1%2B1%3D2%20%26%20%E2%80%9Cok%E2%80%9D"
		"%20%F0%9F%98%80%0A&StatusCallback=https%3A%2F%2Fbot.example.org%2Fhook%2FS3CRET%2F"
		"tw%2Fstatus%3Fm%3Dref1&ValidityPeriod=14400");
	assert_int_equal(call.body_len, strlen(call.body));
	http_call_release(&call);
}

static void twilio_build_send__uses_key_service_and_base_url(void **state)
{
	struct cleared_sms sms = fake_cleared_make("r", "+1", "384387", "x");
	struct http_call call;

	(void)state;
	put("api_key_sid", "SK1");
	put("api_key_secret", "k3y");
	put("messaging_service_sid", "MG1");
	put("base_url", "https://space.signalwire.com/api/laml//");
	sms.validity_s = 0;
	call = build(&sms);
	assert_string_equal(call.url,
			    "https://space.signalwire.com/api/laml/2010-04-01/Accounts/" SID
			    "/Messages.json");
	assert_string_equal(call.user, "SK1");
	assert_string_equal(call.password, "k3y");
	assert_string_equal(call.body,
			    "To=%2B1&From=384387&MessagingServiceSid=MG1&Body=x&StatusCallback="
			    "https%3A%2F%2Fbot.example.org%2Fhook%2FS3CRET%2Ftw%2Fstatus%3Fm%3Dr");
	http_call_release(&call);
}

static void twilio_build_send__repeats_media_and_caps_validity(void **state)
{
	struct cleared_sms sms = fake_cleared_make("r", "+1", "+2", "");
	struct http_call call;

	(void)state;
	sms.media[0] = "https://e.org/a.jpg";
	sms.media[1] = "https://e.org/b.jpg?x=1&y=2";
	sms.media_n = 2;
	sms.validity_s = 100000;
	call = build(&sms);
	assert_string_equal(call.body,
			    "To=%2B1&From=%2B2&MediaUrl=https%3A%2F%2Fe.org%2Fa.jpg&MediaUrl="
			    "https%3A%2F%2Fe.org%2Fb.jpg%3Fx%3D1%26y%3D2&StatusCallback="
			    "https%3A%2F%2Fbot.example.org%2Fhook%2FS3CRET%2Ftw%2Fstatus%3Fm%3Dr&"
			    "ValidityPeriod=36000");
	http_call_release(&call);
}

/* ---- files ----------------------------------------------------------------------------------- */

static struct http_fetch_order locate(const char *url)
{
	struct http_fetch_order order = {.call = {.method = "GET", .url = xstrdup(url)}};

	twilio_driver.locate(&account, &order);
	return order;
}

static void twilio_locate__logs_in__with_twilio_alone(void **state)
{
	static const char *const others[] = {
		"https://api.twilio.com.evil.example/x",
		"http://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1",
		"https://api.twilio.com:8443/x",
		"https://api.twilio.com@evil.example/x",
		"https://mms.example.org/x.jpg",
		"local:/sandbox",
	};
	struct http_fetch_order order =
		locate("https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1");

	(void)state;
	assert_string_equal(order.call.user, SID);
	assert_string_equal(order.call.password, "t0ken");
	assert_true(order.trusted);
	http_call_release(&order.call);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		order = locate(others[i]);
		assert_null(order.call.user);
		assert_null(order.call.password);
		assert_false(order.trusted);
		http_call_release(&order.call);
	}
	put("base_url", "https://space.signalwire.com/api/laml");
	put("api_key_sid", "SK1");
	put("api_key_secret", "k3y");
	order = locate("https://space.signalwire.com/api/laml/2010-04-01/Accounts/A/Messages/M/"
		       "Media/E");
	assert_string_equal(order.call.user, "SK1");
	assert_string_equal(order.call.password, "k3y");
	http_call_release(&order.call);
}

/* ---- answers --------------------------------------------------------------------------------- */

static struct sms_result answer(int status, const char *body)
{
	struct http_answer in = {.fate = status == 0    ? HTTP_NOT_SENT
					 : status == -1 ? HTTP_LOST
							: HTTP_ANSWERED,
				 .status = status > 0 ? status : 0,
				 .body = body,
				 .body_len = strlen(body)};
	struct sms_result out;

	memset(&out, 0xAA, sizeof(out));
	twilio_driver.parse_send(&account, &in, &out);
	return out;
}

static void twilio_parse_send__takes_what_was_taken(void **state)
{
	static const char body[] =
		"{\"sid\":\"SMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"account_sid\":\"" SID
		"\",\"messaging_service_sid\":null,\"to\":\"+14155550100\",\"from\":\"+"
		"14155550101\","
		"\"body\":\"Hi\",\"status\":\"queued\",\"num_segments\":\"2\",\"num_media\":\"0\","
		"\"price\":null,\"error_code\":null,\"error_message\":null}";
	struct sms_result r = answer(201, body);

	(void)state;
	assert_int_equal(r.class, SMS_OK);
	assert_string_equal(r.ext_id, "SMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	assert_int_equal(r.segments, 2);
	assert_string_equal(r.code, "");
	assert_string_equal(r.reason, "");
	assert_int_equal(r.retry_after_s, 0);
	/* SignalWire: a UUID, and numbers that are numbers. */
	r = answer(201, "{\"sid\":\"b3c7e1d0-0000-4000-8000-000000000001\",\"num_segments\":3}");
	assert_int_equal(r.class, SMS_OK);
	assert_int_equal(r.segments, 3);
	/* Taken and refused in one. */
	r = answer(201, "{\"sid\":\"SM1\",\"status\":\"failed\",\"error_code\":21610}");
	assert_int_equal(r.class, SMS_OPTED_OUT);
	assert_string_equal(r.ext_id, "SM1");
}

static void twilio_parse_send__is_ambiguous__where_it_may_have_been_taken(void **state)
{
	static const char *const bodies[] = {"", "{}", "<html>", "{\"sid\":null}", "{\"sid\":\"SM"};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		assert_int_equal(answer(201, bodies[i]).class, SMS_AMBIGUOUS);
		assert_int_equal(answer(500, bodies[i]).class, SMS_AMBIGUOUS);
		assert_int_equal(answer(502, bodies[i]).class, SMS_AMBIGUOUS);
		assert_int_equal(answer(504, bodies[i]).class, SMS_AMBIGUOUS);
		assert_int_equal(answer(-1, bodies[i]).class, SMS_AMBIGUOUS);
		assert_int_equal(answer(408, bodies[i]).class, SMS_AMBIGUOUS);
	}
	assert_int_equal(answer(0, "").class, SMS_TEMP);
	assert_int_equal(answer(503, "").class, SMS_TEMP);
}

static void twilio_parse_send__goes_by_status__for_an_unknown_code(void **state)
{
	static const struct {
		int status;
		enum sms_class class;
	} cases[] = {{400, SMS_PERM}, {401, SMS_CONFIG},   {403, SMS_CONFIG},
		     {404, SMS_PERM}, {429, SMS_THROTTLE}, {500, SMS_AMBIGUOUS},
		     {503, SMS_TEMP}, {307, SMS_CONFIG}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sms_result r = answer(cases[i].status,
					     "{\"code\":99999,\"message\":\"new\",\"status\":1}");

		assert_int_equal(r.class, cases[i].class);
		assert_string_equal(r.code, "99999");
		assert_true(r.reason[0] != '\0');
	}
}

/* Every row, as Twilio and as SignalWire write it, and that each has words. */
static void twilio_parse_send__knows_every_row(void **state)
{
	size_t n = 0;

	(void)state;
	for (const struct sms_error_row *row = twilio_errors; row->code[0]; row++, n++) {
		struct sms_result r;
		STRBUF_AUTO(body);

		assert_int_equal(strlen(row->code), 5);
		assert_true(n == 0 || strcmp(row->code, row[-1].code) > 0);
		assert_true(strlen(row->reason) > 20 && strlen(row->reason) < SMS_REASON_MAX);
		strbuf_addf(&body, "{\"code\":%s,\"message\":\"m\",\"status\":400}", row->code);
		r = answer(400, body.buf);
		assert_int_equal(r.class, row->class);
		assert_int_equal(r.scope, row->scope);
		assert_string_equal(r.code, row->code);
		assert_string_equal(r.reason, row->reason);
		strbuf_reset(&body);
		strbuf_addf(&body, "{\"errors\":[{\"code\":\"%s\"}]}", row->code);
		assert_int_equal(answer(422, body.buf).class, row->class);
	}
	assert_true(n >= 60);
}

/* The rows that decide something: if one is changed by mistake, it shows here. */
static void twilio_errors__are_of_their_class(void **state)
{
	static const struct {
		const char *codes;
		enum sms_class class;
		enum sms_scope scope;
	} rows[] = {
		{"20003 20404 21608 30002", SMS_CONFIG, SMS_SCOPE_ACCOUNT},
		{"20429 63038", SMS_THROTTLE, SMS_SCOPE_ACCOUNT},
		{"14107 21611 30001 30022 30023 30027", SMS_THROTTLE, SMS_SCOPE_SENDER},
		{"20500 30008 30410", SMS_AMBIGUOUS, SMS_SCOPE_MESSAGE},
		{"20503", SMS_TEMP, SMS_SCOPE_ACCOUNT},
		{"30003 30017 30610", SMS_TEMP, SMS_SCOPE_MESSAGE},
		{"21211 21217 21214 21614 21612 30005", SMS_BAD_NUMBER, SMS_SCOPE_MESSAGE},
		{"30006 21635", SMS_LANDLINE, SMS_SCOPE_MESSAGE},
		{"21610 30640", SMS_OPTED_OUT, SMS_SCOPE_MESSAGE},
		{"30007", SMS_FILTERED, SMS_SCOPE_MESSAGE},
		{"21606 21212 21601 21603 21660 21659 30018 30024 30032 30034", SMS_CONFIG,
		 SMS_SCOPE_SENDER},
		{"21703 21704 21705 21701", SMS_CONFIG, SMS_SCOPE_ACCOUNT},
		{"21408 21602 21604 21617 21620 21623 21624 21609 30004 30011 30019 30450 30036",
		 SMS_PERM, SMS_SCOPE_MESSAGE},
		{"30025 30026", SMS_OK, SMS_SCOPE_SENDER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (const char *p = rows[i].codes; *p; p += strspn(p, " ")) {
			AUTO_FREE char *code = xstrndup(p, 5);
			const struct sms_error_row *row = sms_error_find(twilio_errors, code);

			p += 5;
			if (!row || row->class != rows[i].class || row->scope != rows[i].scope)
				fail_msg("row %s", code);
		}
	}
}

/* ---- hooks ----------------------------------------------------------------------------------- */

static int parse(const char *method, const char *query, const char *body, struct sms_event *event)
{
	struct http_request request = {.method = method,
				       .path = "/",
				       .query = query,
				       .target = "/",
				       .body = body,
				       .body_len = strlen(body)};
	struct sms_hook hook = {.url = HOOK "/in", .what = "in", .request = &request};
	int n;

	memset(event, 0xAA, sizeof(*event));
	if (body[0])
		http_headers_add(&request.headers, "Content-Type",
				 "application/x-www-form-urlencoded");
	n = twilio_driver.parse_hook(&account, &hook, event, 1, NULL);
	http_headers_release(&request.headers);
	return n;
}

static void twilio_parse_hook__reads_a_text(void **state)
{
	static const char body[] =
		"ToCountry=US&ToState=DC&SmsMessageSid=SMe287&NumMedia=0&ToCity=&FromZip=01022&"
		"SmsSid=SMe287&FromState=MA&SmsStatus=received&FromCity=&Body=Hello+%E2%9C%93+%2B1&"
		"FromCountry=US&To=%2B12028831111&ToZip=&NumSegments=1&MessageSid=SMe287&"
		"AccountSid=AC1&From=%2B14133881111&ApiVersion=2010-04-01&MadeUpLater=x";
	struct sms_event e;

	(void)state;
	assert_int_equal(parse("POST", "", body, &e), 1);
	assert_int_equal(e.kind, SMS_EVENT_TEXT);
	assert_string_equal(e.key, "in:SMe287");
	assert_string_equal(e.ext_id, "SMe287");
	assert_string_equal(e.from, "+14133881111");
	assert_string_equal(e.to, "+12028831111");
	assert_string_equal(e.text, "Hello ✓ +1");
	assert_int_equal(e.media_n, 0);
	assert_int_equal(e.keyword, SMS_KEYWORD_NONE);
	sms_event_release(&e);
	/* By GET the same stands in the query. */
	assert_int_equal(parse("GET", body, "", &e), 1);
	assert_string_equal(e.text, "Hello ✓ +1");
	sms_event_release(&e);
}

static void twilio_parse_hook__reads_pictures_and_short_codes(void **state)
{
	struct sms_event e;

	(void)state;
	assert_int_equal(
		parse("POST", "",
		      "MessageSid=MM1&From=%2B1415&To=384387&NumMedia=2&SmsStatus=received&"
		      "MediaUrl0=https%3A%2F%2Fapi.twilio.com%2Fa&MediaContentType0=image%2F"
		      "jpeg&MediaUrl1=https%3A%2F%2Fapi.twilio.com%2Fb",
		      &e),
		1);
	assert_int_equal(e.kind, SMS_EVENT_TEXT);
	assert_string_equal(e.to, "384387");
	assert_string_equal(e.text, "");
	assert_int_equal(e.media_n, 2);
	assert_string_equal(e.media[1], "https://api.twilio.com/b");
	sms_event_release(&e);
	/* More than there are, and more than fit. */
	assert_int_equal(parse("POST", "", "MessageSid=MM1&Body=x&NumMedia=999&MediaUrl7=u", &e),
			 1);
	assert_int_equal(e.media_n, 1);
	sms_event_release(&e);
}

static void twilio_parse_hook__takes_no_part_of_a_long_number(void **state)
{
	struct sms_event e;

	(void)state;
	assert_int_equal(parse("POST", "",
			       "MessageSid=MM1&Body=x&To=%2B1&From=%2B14155550123"
			       "++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++9",
			       &e),
			 1);
	assert_string_equal(e.from, "");
	assert_string_equal(e.to, "+1");
	sms_event_release(&e);
}

static void twilio_parse_hook__tells_what_twilio_took_for_a_keyword(void **state)
{
	static const struct {
		const char *type;
		enum sms_keyword keyword;
	} cases[] = {{"STOP", SMS_KEYWORD_STOP},
		     {"START", SMS_KEYWORD_START},
		     {"HELP", SMS_KEYWORD_HELP},
		     {"PERHAPS", SMS_KEYWORD_NONE}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sms_event e;
		STRBUF_AUTO(body);

		strbuf_addf(&body, "MessageSid=SM1&Body=basta&From=%%2B1&To=%%2B2&OptOutType=%s",
			    cases[i].type);
		assert_int_equal(parse("POST", "", body.buf, &e), 1);
		assert_int_equal(e.keyword, cases[i].keyword);
		sms_event_release(&e);
	}
}

static void twilio_parse_hook__reads_every_status(void **state)
{
	static const struct {
		const char *word;
		enum sms_status status;
	} cases[] = {{"accepted", SMS_STATUS_QUEUED},     {"scheduled", SMS_STATUS_QUEUED},
		     {"queued", SMS_STATUS_QUEUED},       {"sending", SMS_STATUS_QUEUED},
		     {"initiated", SMS_STATUS_QUEUED},    {"sent", SMS_STATUS_SENT},
		     {"delivered", SMS_STATUS_DELIVERED}, {"read", SMS_STATUS_DELIVERED},
		     {"failed", SMS_STATUS_FAILED},       {"undelivered", SMS_STATUS_UNDELIVERED},
		     {"canceled", SMS_STATUS_CANCELLED}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sms_event e;
		STRBUF_AUTO(body);
		STRBUF_AUTO(key);

		strbuf_addf(
			&body,
			"MessageSid=SM1&SmsSid=SM1&MessageStatus=%s&SmsStatus=%s&To=%%2B1&"
			"From=%%2B2&AccountSid=AC1&ApiVersion=2010-04-01&RawDlrDoneDate=2601010000",
			cases[i].word, cases[i].word);
		strbuf_addf(&key, "st:SM1:%s", cases[i].word);
		assert_int_equal(parse("POST", "m=0123456789abcdef", body.buf, &e), 1);
		assert_int_equal(e.kind, SMS_EVENT_REPORT);
		assert_int_equal(e.status, cases[i].status);
		assert_string_equal(e.key, key.buf);
		assert_string_equal(e.ext_id, "SM1");
		assert_string_equal(e.ref, "0123456789abcdef");
		assert_int_equal(e.class,
				 driver_status_is_failure(cases[i].status) ? SMS_PERM : SMS_OK);
		assert_null(e.text);
	}
}

static void twilio_parse_hook__gives_failures_their_class(void **state)
{
	static const struct {
		const char *code;
		enum sms_class class;
	} cases[] = {{"30003", SMS_TEMP},      {"30005", SMS_BAD_NUMBER},
		     {"30006", SMS_LANDLINE},  {"30007", SMS_FILTERED},
		     {"30034", SMS_CONFIG},    {"21610", SMS_OPTED_OUT},
		     {"30008", SMS_AMBIGUOUS}, {"31999", SMS_PERM},
		     {"30025", SMS_PERM},      {"", SMS_PERM}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sms_event e;
		STRBUF_AUTO(body);

		strbuf_addf(&body, "MessageSid=SM1&MessageStatus=undelivered&ErrorCode=%s",
			    cases[i].code);
		assert_int_equal(parse("POST", "m=r", body.buf, &e), 1);
		assert_int_equal(e.class, cases[i].class);
		assert_string_equal(e.code, cases[i].code);
		assert_true(e.reason[0] != '\0');
	}
}

static void twilio_parse_hook__passes_over_or_refuses(void **state)
{
	struct sms_event e;

	(void)state;
	/* A status made up later; SmsStatus alone, as in old reports. */
	assert_int_equal(parse("POST", "m=r", "MessageSid=SM1&MessageStatus=pondering", &e), 1);
	assert_int_equal(e.kind, SMS_EVENT_IGNORED);
	assert_string_equal(e.key, "st:SM1:pondering");
	assert_int_equal(parse("POST", "m=r", "SmsSid=SM1&SmsStatus=sent", &e), 1);
	assert_int_equal(e.kind, SMS_EVENT_REPORT);
	assert_int_equal(e.status, SMS_STATUS_SENT);
	/* A ref that cannot be ours. */
	assert_int_equal(parse("POST", "m=a'b", "MessageSid=SM1&MessageStatus=sent", &e), 1);
	assert_string_equal(e.ref, "");
	assert_int_equal(parse("POST", "m=0123456789abcdef0123456789abcdef0",
			       "MessageSid=SM1&MessageStatus=sent", &e),
			 1);
	assert_string_equal(e.ref, "");
	assert_int_equal(parse("POST", "", "Body=x&From=%2B1", &e), -1);
	assert_int_equal(parse("POST", "", "MessageSid=SM1&B%00=x", &e), -1);
	assert_int_equal(parse("GET", "", "", &e), -1);
}

static void twilio__answers_hooks_with_no_text(void **state)
{
	(void)state;
	assert_string_equal(sms_account_hook_reply_type(&account), "text/xml");
	assert_string_equal(sms_account_hook_reply_body(&account), "<Response/>");
	assert_int_equal(sms_account_reply_by(&account), SMS_REPLY_BY_PROVIDER);
	assert_int_equal(sms_account_keyword(&account, " stop "), SMS_KEYWORD_STOP);
	assert_int_equal(sms_account_keyword(&account, "Revoke"), SMS_KEYWORD_STOP);
	assert_int_equal(sms_account_keyword(&account, "OPTOUT"), SMS_KEYWORD_STOP);
	assert_int_equal(sms_account_keyword(&account, "Yes"), SMS_KEYWORD_START);
	assert_int_equal(sms_account_keyword(&account, "info"), SMS_KEYWORD_HELP);
	assert_int_equal(sms_account_keyword(&account, "stop texting me"), SMS_KEYWORD_NONE);
	put("stop_reply_by", "us");
	assert_int_equal(sms_account_reply_by(&account), SMS_REPLY_BY_US);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(twilio_check__says_what_to_change),
		TEST(twilio_build_send__asks_as_documented),
		TEST(twilio_build_send__uses_key_service_and_base_url),
		TEST(twilio_build_send__repeats_media_and_caps_validity),
		TEST(twilio_locate__logs_in__with_twilio_alone),
		TEST(twilio_parse_send__takes_what_was_taken),
		TEST(twilio_parse_send__is_ambiguous__where_it_may_have_been_taken),
		TEST(twilio_parse_send__goes_by_status__for_an_unknown_code),
		TEST(twilio_parse_send__knows_every_row),
		TEST(twilio_errors__are_of_their_class),
		TEST(twilio_parse_hook__reads_a_text),
		TEST(twilio_parse_hook__reads_pictures_and_short_codes),
		TEST(twilio_parse_hook__takes_no_part_of_a_long_number),
		TEST(twilio_parse_hook__tells_what_twilio_took_for_a_keyword),
		TEST(twilio_parse_hook__reads_every_status),
		TEST(twilio_parse_hook__gives_failures_their_class),
		TEST(twilio_parse_hook__passes_over_or_refuses),
		TEST(twilio__answers_hooks_with_no_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
