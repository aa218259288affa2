/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Reading events, and what is an id. */
#include "chat/matrix/matrix_event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/utf8.h"
#include "chat/matrix/matrix_json.h"
#include "chat/matrix/matrix_trim.h"
#include "roomline/types.h"

#define ALICE "@alice:example.org"
#define ROOM "!room:example.org"
#define SENT "$sent:example.org"
#define ROOT "$root-of_the-thread0123456789012345678901234"
#define QUOTE "> <@bob:x> hi\\n> there\\n\\n"

static struct cJSON *tree;
static struct mx_event event;
static bool read_one;
static bool trimmed; /* as it comes in an answer of /sync */

static int tear_down(void **state)
{
	(void)state;
	if (read_one)
		mx_event_release(&event);
	read_one = false;
	cJSON_Delete(tree);
	tree = NULL;
	return 0;
}

/* The event as it stands in the answer when that was trimmed. */
static void trim(struct strbuf *event_text)
{
	STRBUF_AUTO(answer);
	STRBUF_AUTO(out);

	strbuf_addf(&answer, "{\"chunk\":[%s]}", event_text->buf);
	assert_true(mx_trim(&out, answer.buf, answer.len));
	assert_memory_equal(out.buf, "{\"chunk\":[", 10);
	strbuf_reset(event_text);
	strbuf_add(event_text, out.buf + 10, out.len - 12);
}

/* ' stands for ", which keeps JSON in C readable. */
static bool read_as(const char *json, const char *room)
{
	STRBUF_AUTO(text);
	struct error err = {0};

	(void)tear_down(NULL);
	strbuf_adds(&text, json);
	for (size_t i = 0; i < text.len; i++) {
		if (text.buf[i] == '\'')
			text.buf[i] = '"';
	}
	if (trimmed)
		trim(&text);
	tree = json_parse(text.buf, text.len, JSON_DEPTH_MAX, &err);
	if (!tree)
		fail_msg("%s: %s", err.text, text.buf);
	read_one = mx_event_read(tree, room, &event);
	return read_one;
}

/* An event with that type and content, and more members (",'x':1") or "". */
static void read_event(const char *type, const char *content, const char *more)
{
	STRBUF_AUTO(json);

	strbuf_addf(&json,
		    "{'type':'%s','event_id':'" SENT "','room_id':'" ROOM "','sender':'" ALICE
		    "','origin_server_ts':1764000000123,'content':%s%s}",
		    type, content, more);
	if (!read_as(json.buf, NULL))
		fail_msg("no event: %s", json.buf);
}

static void read_message(const char *content)
{
	read_event("m.room.message", content, "");
}

static void check_text(const char *content, const char *want)
{
	read_message(content);
	assert_int_equal(event.kind, MX_MESSAGE);
	assert_string_equal(event.text.buf, want);
}

/* ---- the envelope ------------------------------------------------------------------------------ */

static void mx_event_read__takes__the_envelope(void **state)
{
	(void)state;
	read_message("{'msgtype':'m.text','body':'Hello'}");
	assert_int_equal(event.kind, MX_MESSAGE);
	assert_int_equal(event.msgtype, MX_MSG_TEXT);
	assert_string_equal(event.type, "m.room.message");
	assert_string_equal(event.id, SENT);
	assert_string_equal(event.room, ROOM);
	assert_string_equal(event.sender, ALICE);
	assert_false(event.has_state_key);
	assert_int_equal(event.at, INT64_C(1764000000123));
	assert_string_equal(event.text.buf, "Hello");
	assert_false(event.edit);
	assert_string_equal(event.thread, "");
	assert_string_equal(event.reply_to, "");
}

static void mx_event_read__refuses__what_is_no_event(void **state)
{
#define ID ",'event_id':'$1'"
#define BY ",'sender':'" ALICE "'"
#define IN ",'room_id':'" ROOM "'"
	static const char *const bad[] = {
		"5",
		"null",
		"'m.room.message'",
		"['type','m.room.message']",
		"{}",
		"{'type':'m.room.message'" BY IN "}",
		"{'type':'m.room.message'" ID IN "}",
		"{'type':'m.room.message'" ID BY "}",
		"{'type':7" ID BY IN "}",
		"{'type':''" ID BY IN "}",
		"{'type':'m.room.message','event_id':7" BY IN "}",
		"{'type':'m.room.message','event_id':'1'" BY IN "}",
		"{'type':'m.room.message','sender':7" ID IN "}",
		"{'type':'m.room.message','sender':'alice'" ID IN "}",
		"{'type':'m.room.message','room_id':{}" ID BY "}",
		"{'type':'m.room.message','room_id':'#room:x'" ID BY "}",
		"{'type':'m.room.member','state_key':'','event_id':'1'" BY IN "}",
		"{'type':'m.room.member','state_key':'','event_id':null" BY IN "}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (read_as(bad[i], NULL))
			fail_msg("taken: %s", bad[i]);
	}
	assert_true(read_as("{'type':'m.room.message'" ID BY IN "}", NULL));
	assert_int_equal(event.kind, MX_OTHER);
	/* Of a sync, with its invitations. */
	assert_true(read_as("{'type':'m.room.message'" ID BY "}", ROOM));
	assert_string_equal(event.room, ROOM);
	assert_true(read_as("{'type':'m.room.name','state_key':''" BY "}", ROOM));
	assert_string_equal(event.id, "");
	assert_false(read_as("{'type':'m.room.message'" BY "}", ROOM));
	assert_false(read_as("{'type':'m.room.message'" ID BY "}", "room"));
}

static void mx_event_read__wants__a_time_that_can_be(void **state)
{
	static const struct {
		const char *ts;
		int64_t at;
	} cases[] = {
		{"1764000000123", INT64_C(1764000000123)},
		{"0", 0},
		{"-5", 0},
		{"9007199254740991", 0},
		{"253402300800000", 0},
		{"1764000000123.5", 0},
		{"1e99", 0},
		{"'1764000000123'", 0},
		{"null", 0},
		{"[1764000000123]", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		STRBUF_AUTO(json);

		strbuf_addf(&json, "{'type':'x'" ID BY IN ",'origin_server_ts':%s}", cases[i].ts);
		assert_true(read_as(json.buf, NULL));
		assert_int_equal(event.at, cases[i].at);
	}
}

static void mx_event_read__tells_state__by_its_key(void **state)
{
	(void)state;
	read_event("m.room.message", "{'msgtype':'m.text','body':'x'}", ",'state_key':''");
	assert_int_equal(event.kind, MX_STATE);
	assert_string_equal(event.text.buf, "");
	read_event("m.sticker", "{'body':'x'}", ",'state_key':'a'");
	assert_int_equal(event.kind, MX_STATE);
	assert_string_equal(event.state_key, "a");
	read_event("m.room.topic", "{}", ",'state_key':7");
	assert_int_equal(event.kind, MX_STATE);
	assert_string_equal(event.state_key, "");
	read_event("m.room.member", "{'membership':'leave'}", "");
	assert_int_equal(event.kind, MX_OTHER);
	read_event("m.room.tombstone", "{'replacement_room':'" ROOM "'}", "");
	assert_int_equal(event.kind, MX_OTHER);
}

/* ---- messages ---------------------------------------------------------------------------------- */

static void message__is_cleaned__and_capped(void **state)
{
	STRBUF_AUTO(content);

	(void)state;
	check_text("{'msgtype':'m.text','body':'a\\r\\nb\\u0000c\\u0007d\\ud83de'}",
		   "a\nb\xef\xbf\xbd"
		   "cd\xef\xbf\xbd"
		   "e");
	strbuf_adds(&content, "{'msgtype':'m.text','body':'x");
	for (int i = 0; i < CHAT_TEXT_MAX / 2; i++)
		strbuf_adds(&content, "é");
	strbuf_adds(&content, "'}");
	read_message(content.buf);
	assert_int_equal(event.text.len, CHAT_TEXT_MAX - 1);
	assert_true(utf8_valid(event.text.buf, event.text.len));
}

static void message__never_shows__formatted_body(void **state)
{
	(void)state;
	check_text("{'msgtype':'m.text','body':'plain','format':'org.matrix.custom.html',"
		   "'formatted_body':'<mx-reply>q</mx-reply>rich'}",
		   "plain");
	check_text("{'msgtype':'m.text','body':'<mx-reply>q</mx-reply>x'}",
		   "<mx-reply>q</mx-reply>x");
	check_text("{'msgtype':'m.text','body':7,'formatted_body':'rich'}", "");
	check_text("{'msgtype':'m.text','formatted_body':'rich'}", "");
}

static void message__has_a_kind__by_its_msgtype(void **state)
{
	static const struct {
		const char *msgtype;
		enum mx_msgtype want;
		const char *text;
	} cases[] = {
		{"'m.text'", MX_MSG_TEXT, "B"},
		{"'m.notice'", MX_MSG_NOTICE, "B"},
		{"'m.emote'", MX_MSG_EMOTE, "B"},
		{"'m.image'", MX_MSG_FILE, "B"},
		{"'m.video'", MX_MSG_FILE, "B"},
		{"'m.audio'", MX_MSG_FILE, "B"},
		{"'m.file'", MX_MSG_FILE, "B"},
		{"'m.location'", MX_MSG_OTHER, "a location"},
		{"'m.key.verification.request'", MX_MSG_OTHER, "this kind of message"},
		{"'m.tex'", MX_MSG_OTHER, "this kind of message"},
		{"'m.text\\u0000'", MX_MSG_OTHER, "this kind of message"},
		{"''", MX_MSG_OTHER, "this kind of message"},
		{"7", MX_MSG_OTHER, "this kind of message"},
		{"null", MX_MSG_OTHER, "this kind of message"},
		{"{'m.text':1}", MX_MSG_OTHER, "this kind of message"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		STRBUF_AUTO(content);

		strbuf_addf(&content, "{'msgtype':%s,'body':'B'}", cases[i].msgtype);
		check_text(content.buf, cases[i].text);
		assert_int_equal(event.msgtype, cases[i].want);
	}
}

static void message__that_was_redacted__says_nothing(void **state)
{
	static const char *const empty[] = {"{}", "null", "5", "[]", "['m.text']", "'x'"};

	(void)state;
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		read_message(empty[i]);
		assert_int_equal(event.kind, MX_OTHER);
	}
	read_event("m.room.message", "{'msgtype':'m.text','body':'x'}",
		   ",'unsigned':{'redacted_because':{}}");
	assert_int_equal(event.kind, MX_OTHER);
	read_event("m.sticker", "{'body':'x'}", ",'unsigned':{'redacted_because':{}}");
	assert_int_equal(event.kind, MX_OTHER);
	read_event("m.room.message", "{'msgtype':'m.text','body':'x'}", ",'unsigned':7");
	assert_int_equal(event.kind, MX_MESSAGE);
}

static void file__is_read__with_what_is_known_of_it(void **state)
{
	(void)state;
	read_message("{'msgtype':'m.image','body':'Look!','filename':'cat.jpg',"
		     "'url':'mxc://example.org/AbC_1-9',"
		     "'info':{'mimetype':'image/jpeg','size':12345}}");
	assert_int_equal(event.msgtype, MX_MSG_FILE);
	assert_string_equal(event.uri, "mxc://example.org/AbC_1-9");
	assert_string_equal(event.mime, "image/jpeg");
	assert_string_equal(event.name, "cat.jpg");
	assert_string_equal(event.text.buf, "Look!");
	assert_true(event.captioned);
	assert_int_equal(event.size, 12345);
	read_message("{'msgtype':'m.image','body':'cat.jpg','filename':'cat.jpg'}");
	assert_false(event.captioned);
	read_message("{'msgtype':'m.file','body':'a.pdf','url':'https://evil/x',"
		     "'info':{'mimetype':7,'size':-1}}");
	assert_string_equal(event.uri, "");
	assert_string_equal(event.mime, "");
	assert_string_equal(event.name, "a.pdf");
	assert_false(event.captioned);
	assert_int_equal(event.size, 0);
	read_message("{'msgtype':'m.file','body':7,'filename':[],'url':{},'info':'x'}");
	assert_string_equal(event.uri, "");
	assert_string_equal(event.name, "");
	/* Encrypted: whoever has the address still cannot read it. */
	read_message("{'msgtype':'m.image','body':'x','file':{'url':'mxc://x/y'},"
		     "'url':'mxc://x/z'}");
	assert_int_equal(event.msgtype, MX_MSG_FILE);
	assert_string_equal(event.uri, "");
}

/* ---- relations --------------------------------------------------------------------------------- */

#define TEXT(body, relation) "{'msgtype':'m.text','body':'" body "','m.relates_to':" relation "}"
#define REPLY "{'m.in_reply_to':{'event_id':'$1'}}"

static void reply__loses__only_its_fallback(void **state)
{
	(void)state;
	check_text(TEXT(QUOTE "fine", REPLY), "fine");
	assert_string_equal(event.reply_to, "$1");
	check_text(TEXT("> * <@bob:x> waves\\n\\nfine\\n\\n> really", REPLY), "fine\n\n> really");
	check_text(TEXT("> <@bob:x> a\\r\\n>\\r\\n> b\\r\\n\\r\\n\\r\\nfine", REPLY), "\nfine");
	check_text(TEXT("> <@bob:x> no blank line\\nfine", REPLY), "fine");
	check_text(TEXT("> <@bob:x> nothing more\\n\\n", REPLY), "");
	/* What people write themselves. */
	check_text(TEXT(QUOTE "fine", "{}"), "> <@bob:x> hi\n> there\n\nfine");
	check_text(TEXT(QUOTE "fine", "{'m.in_reply_to':{'event_id':7}}"),
		   "> <@bob:x> hi\n> there\n\nfine");
	check_text(TEXT("> you said so\\n\\nfine", REPLY), "> you said so\n\nfine");
	check_text(TEXT("fine\\n" QUOTE, REPLY), "fine\n> <@bob:x> hi\n> there\n\n");
	check_text(TEXT("> <@bob:x> all of it", REPLY), "> <@bob:x> all of it");
}

static void thread__has_a_root__and_perhaps_a_reply(void **state)
{
	(void)state;
	read_message(TEXT("x", "{'rel_type':'m.thread','event_id':'" ROOT
			       "','is_falling_back':true,'m.in_reply_to':{'event_id':'$1'}}"));
	assert_string_equal(event.thread, ROOT);
	assert_string_equal(event.reply_to, "");
	read_message(TEXT("x", "{'rel_type':'m.thread','event_id':'" ROOT
			       "','is_falling_back':'true','m.in_reply_to':{'event_id':'$1'}}"));
	assert_string_equal(event.thread, ROOT);
	assert_string_equal(event.reply_to, "$1");
	read_event("m.sticker", TEXT("x", "{'rel_type':'m.thread','event_id':'" ROOT "'}"), "");
	assert_int_equal(event.kind, MX_UNCARRIED);
	assert_string_equal(event.thread, ROOT);
	read_event("m.room.encrypted", TEXT("x", "{'rel_type':'m.thread','event_id':'" ROOT "'}"),
		   "");
	assert_int_equal(event.kind, MX_ENCRYPTED);
	assert_string_equal(event.thread, ROOT);
}

static void relation__of_any_type__is_survived(void **state)
{
	static const char *const relations[] = {
		"null",
		"5",
		"true",
		"'m.thread'",
		"[]",
		"['m.in_reply_to']",
		"{'rel_type':7,'event_id':'$1'}",
		"{'rel_type':'m.thread'}",
		"{'rel_type':'m.thread','event_id':7}",
		"{'rel_type':'m.thread','event_id':'1'}",
		"{'rel_type':'m.thread','event_id':['$1']}",
		"{'rel_type':'m.reference','event_id':'$1'}",
		"{'m.in_reply_to':'$1'}",
		"{'m.in_reply_to':{'event_id':{}}}",
		"{'is_falling_back':true,'m.in_reply_to':{'event_id':'$1'}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++) {
		STRBUF_AUTO(content);

		strbuf_addf(&content, "{'msgtype':'m.text','body':'x','m.relates_to':%s}",
			    relations[i]);
		check_text(content.buf, "x");
		assert_false(event.edit);
		assert_string_equal(event.thread, "");
		assert_string_equal(event.reply_to, "");
	}
}

#define EDIT "{'rel_type':'m.replace','event_id':'$1'}"

static void check_edit(const char *content, const char *target, const char *want)
{
	check_text(content, want);
	assert_true(event.edit);
	assert_string_equal(event.target, target);
}

static void edit__takes__the_new_words(void **state)
{
	(void)state;
	check_edit("{'msgtype':'m.text','body':'* old','m.relates_to':" EDIT
		   ",'m.new_content':{'msgtype':'m.notice','body':'* new'}}",
		   "$1", "* new");
	assert_int_equal(event.msgtype, MX_MSG_NOTICE);
	check_edit(TEXT("* fixed", EDIT), "$1", "fixed");
	check_edit(TEXT("fixed", EDIT), "$1", "fixed");
	check_edit("{'msgtype':'m.text','body':'* fixed','m.relates_to':" EDIT
		   ",'m.new_content':7}",
		   "$1", "fixed");
	check_edit("{'msgtype':'m.text','body':'* fixed','m.relates_to':" EDIT
		   ",'m.new_content':{'msgtype':'m.text','body':null}}",
		   "$1", "fixed");
	/* Not texted as something new, whatever it is an edit of. */
	check_edit(TEXT("* fixed", "{'rel_type':'m.replace'}"), "", "fixed");
	check_edit(TEXT("* fixed", "{'rel_type':'m.replace','event_id':7}"), "", "fixed");
	check_edit("{'msgtype':'m.text','body':'" QUOTE "* fixed','m.relates_to':{'rel_type':"
		   "'m.replace','event_id':'$1','m.in_reply_to':{'event_id':'$2'}}}",
		   "$1", "fixed");
	/* New words without the relation are no edit. */
	check_text("{'msgtype':'m.text','body':'said','m.new_content':{'body':'other'}}", "said");
	assert_false(event.edit);
}

static void check_reaction(const char *relation, const char *want)
{
	STRBUF_AUTO(content);

	strbuf_addf(&content, "{'m.relates_to':%s}", relation);
	read_event("m.reaction", content.buf, "");
	assert_string_equal(event.text.buf, want);
	assert_int_equal(event.kind, MX_REACTION);
	assert_string_equal(event.target, "$1");
}

static void reaction__is_a_key__on_an_event(void **state)
{
	static const char *const bad[] = {
		"null",
		"{'rel_type':'m.annotation','event_id':'$1'}",
		"{'rel_type':'m.annotation','event_id':'$1','key':7}",
		"{'rel_type':'m.annotation','event_id':'$1','key':'\\ufe0f'}",
		"{'rel_type':'m.annotation','event_id':7,'key':'x'}",
		"{'rel_type':'m.thread','event_id':'$1','key':'x'}",
	};
	char want[65] = {0};

	(void)state;
	check_reaction("{'rel_type':'m.annotation','event_id':'$1','key':'\\u2764\\ufe0f'}", "❤");
	check_reaction("{'rel_type':'m.annotation','event_id':'$1','key':'a\\u0007b\\n'}", "ab\n");
	memset(want, 'x', sizeof(want) - 1);
	check_reaction(
		"{'rel_type':'m.annotation','event_id':'$1','key':'"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'}",
		want);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		STRBUF_AUTO(content);

		strbuf_addf(&content, "{'m.relates_to':%s}", bad[i]);
		read_event("m.reaction", content.buf, "");
		assert_int_equal(event.kind, MX_OTHER);
	}
}

static void redaction__names__what_it_took_away(void **state)
{
	static const struct {
		const char *content;
		const char *more;
		const char *want;
	} cases[] = {
		{"{'redacts':'$1'}", ",'redacts':'$2'", "$1"},
		{"{}", ",'redacts':'$2'", "$2"},
		{"{'redacts':7}", ",'redacts':'$2'", "$2"},
		{"null", ",'redacts':'$2'", "$2"},
		{"{'redacts':'$1'}", ",'unsigned':{'redacted_because':{}}", "$1"},
		{"{'redacts':{}}", ",'redacts':[]", ""},
		{"{}", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		read_event("m.room.redaction", cases[i].content, cases[i].more);
		assert_int_equal(event.kind, MX_REDACTION);
		assert_string_equal(event.target, cases[i].want);
	}
}

static void what_sms_cannot_carry__is_named(void **state)
{
	static const char *const cases[][2] = {
		{"m.sticker", "a sticker"},
		{"m.poll.start", "a poll"},
		{"org.matrix.msc3381.poll.start", "a poll"},
		{"m.call.invite", "a call"},
		{"m.call.member", "a call"},
		{"org.matrix.msc3401.call", "a call"},
		{"org.matrix.msc3401.call.member", "a call"},
		{"org.matrix.msc4075.rtc.notification", "a call"},
		{"m.call", "a call"},
		{"m.call.notify", "a call"},
		{"m.rtc.notification", "a call"},
		{"m.beacon", "a live location"},
		{"org.matrix.msc3672.beacon", "a live location"},
		{"org.matrix.msc3672.beacon_info", "a live location"},
		{"m.beacon_info", "a live location"},
		{"m.location", "a location"},
	};
	static const char *const unseen[] = {
		"m.call.candidates", "m.poll.response", "org.matrix.msc3381.poll.response",
		"m.stickers",        "m.receipt",       "com.beeper.message_send_status",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		read_event(cases[i][0], "{'x':1}", "");
		assert_int_equal(event.kind, MX_UNCARRIED);
		assert_string_equal(event.text.buf, cases[i][1]);
	}
	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++) {
		read_event(unseen[i], "{'x':1}", "");
		assert_int_equal(event.kind, MX_OTHER);
	}
}

/* ---- state ------------------------------------------------------------------------------------- */

static void member__changes__from_one_state_to_another(void **state)
{
	(void)state;
	read_event("m.room.member", "{'membership':'leave','reason':'bye','is_direct':true}",
		   ",'state_key':'@bob:x','unsigned':{'prev_content':{'membership':'join'}}");
	assert_int_equal(event.kind, MX_MEMBER);
	assert_string_equal(event.state_key, "@bob:x");
	assert_int_equal(event.membership, MX_LEAVE);
	assert_int_equal(event.before, MX_JOIN);
	assert_true(event.is_direct);
	assert_string_equal(event.reason, "bye");
	read_event("m.room.member", "{'membership':7,'reason':{},'is_direct':'true'}",
		   ",'state_key':'@bob:x','unsigned':{'prev_content':7}");
	assert_int_equal(event.kind, MX_MEMBER);
	assert_int_equal(event.membership, MX_MEMBERSHIP_OTHER);
	assert_int_equal(event.before, MX_MEMBERSHIP_OTHER);
	assert_false(event.is_direct);
	assert_string_equal(event.reason, "");
	read_event("m.room.member", "null", ",'state_key':'@bob:x'");
	assert_int_equal(event.membership, MX_MEMBERSHIP_OTHER);
	read_event("m.room.member", "{'membership':'join'}", ",'state_key':'bob'");
	assert_int_equal(event.kind, MX_STATE);
}

static void membership__has__all_names(void **state)
{
	static const struct {
		const char *content;
		enum mx_membership want;
	} cases[] = {
		{"{'membership':'join'}", MX_JOIN},
		{"{'membership':'invite'}", MX_INVITE},
		{"{'membership':'leave'}", MX_LEAVE},
		{"{'membership':'ban'}", MX_BAN},
		{"{'membership':'knock'}", MX_KNOCK},
		{"{'membership':'JOIN'}", MX_MEMBERSHIP_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		read_event("m.room.member", cases[i].content, ",'state_key':'@bob:x'");
		assert_int_equal(event.membership, cases[i].want);
	}
}

static void room__is_replaced__or_encrypted(void **state)
{
	(void)state;
	read_event("m.room.tombstone", "{'replacement_room':'!new:x'}", ",'state_key':''");
	assert_int_equal(event.kind, MX_TOMBSTONE);
	assert_string_equal(event.replacement, "!new:x");
	read_event("m.room.tombstone", "{'replacement_room':7}", ",'state_key':''");
	assert_int_equal(event.kind, MX_TOMBSTONE);
	assert_string_equal(event.replacement, "");
	read_event("m.room.tombstone", "{'replacement_room':'!new:x'}", ",'state_key':'x'");
	assert_int_equal(event.kind, MX_STATE);
	read_event("m.room.encryption", "{'algorithm':'m.megolm.v1.aes-sha2'}", ",'state_key':''");
	assert_int_equal(event.kind, MX_ENCRYPTION);
	read_event("m.room.encryption", "{}", ",'state_key':'x'");
	assert_int_equal(event.kind, MX_STATE);
}

/* ---- ids --------------------------------------------------------------------------------------- */

struct id_case {
	const char *text;
	bool good;
};

static void check_ids(bool (*check)(const char *text), const struct id_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (check(cases[i].text) != cases[i].good)
			fail_msg("%s: %s", cases[i].good ? "refused" : "taken", cases[i].text);
	}
}

#define CHECK_IDS(check, cases) check_ids(check, cases, sizeof(cases) / sizeof((cases)[0]))

static void user_ids__are_checked(void **state)
{
	static const struct id_case cases[] = {
		{ALICE, true},
		{"@_sms_+15550001:x", true},
		{"@Old=Style~!:example.org:8448", true},
		{"@åsa:1.2.3.4:8448", true},
		{"@a:aZ-9.x:1", true},
		{"@a:x:65535", true},
		{"@a:[2001:db8::1]", true},
		{"@a:[2001:db8::1]:443", true},
		{"@:x", true},
		{"", false},
		{"@", false},
		{"@alice", false},
		{"@alice:", false},
		{"alice:x", false},
		{"!alice:x", false},
		{"@al ice:x", false},
		{"@al\tice:x", false},
		{"@al\nice:x", false},
		{"@al\x7fice:x", false},
		{"@al\xc2\x85ice:x", false},
		{"@al\xc2\x9fice:x", false},
		{"@al\xef\xbf\xbfice:x", false},
		{"@al\xef\xbf\xbdice:x", false},
		{"@al\xffice:x", false},
		{"@alice:x/y", false},
		{"@alice:x:", false},
		{"@alice:x:port", false},
		{"@alice:x:123456", false},
		{"@alice:b:c:x", false},
		{"@alice:exa_mple.org", false},
		{"@alice:exämple.org", false},
		{"@alice:[::1", false},
		{"@alice:[]", false},
		{"@alice:[xyz]", false},
		{"@alice:x\n", false},
		{" @alice:x", false},
	};
	char longest[258];

	(void)state;
	CHECK_IDS(mx_is_user, cases);
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "@a:", 3);
	longest[255] = '\0';
	assert_true(mx_is_user(longest));
	longest[255] = 'a';
	longest[256] = '\0';
	assert_false(mx_is_user(longest));
}

static void room_and_alias_ids__are_checked(void **state)
{
	static const struct id_case rooms[] = {
		{ROOM, true},       {"!a:b:8448", true},
		{"!a", true},       {"!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM", true},
		{"!", false},       {"!:x", false},
		{"!a:", false},     {"!a.b", false},
		{"!a/$b:x", false}, {"!a b:x", false},
		{"#a:x", false},    {"a:x", false},
		{"", false},
	};
	static const struct id_case aliases[] = {
		{"#_sms_1:x", true}, {"#a b:x", false}, {"#a", false}, {"#:x", false},
		{"#", false},        {"!a:x", false},   {"", false},
	};

	(void)state;
	CHECK_IDS(mx_is_room, rooms);
	CHECK_IDS(mx_is_alias, aliases);
}

static void event_ids__are_checked(void **state)
{
	static const struct id_case cases[] = {
		{SENT, true},
		{"$acR1l0raoZnm60CBwAVgqbZqoO/mYU81xysh1u7XcJk", true},
		{"$Rqnc-F-dvnEYJTyHq_iKxU2bZ1CI92-kuZq3a5lr5Zg", true},
		{"$", false},
		{"", false},
		{"Rqnc", false},
		{"!a:x", false},
		{"$a b", false},
		{"$a\n", false},
	};
	char longest[258];

	(void)state;
	CHECK_IDS(mx_is_event, cases);
	memset(longest, 'a', sizeof(longest));
	longest[0] = '$';
	longest[255] = '\0';
	assert_true(mx_is_event(longest));
	assert_true(strlen(longest) < EVENT_ID_MAX);
	longest[255] = 'a';
	longest[256] = '\0';
	assert_false(mx_is_event(longest));
}

static void file_uris__are_split_or_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"mxc://",
		"mxc://x",
		"mxc://x/",
		"mxc:///id",
		"mxc://x/id/y",
		"mxc://x/../y",
		"mxc://x/i d",
		"mxc://x/id?a=b",
		"mxc://x/id#f",
		"mxc://x/i%64",
		"mxc://u@x/id",
		"mxc://x:99999999/id",
		"mxc://x:/id",
		"MXC://x/id",
		"http://x/id",
		"mxc://x/id\n",
		"mxc://ex_ample/id",
	};
	const char *server;
	const char *id;
	size_t server_len;
	size_t id_len;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (mx_uri_split(bad[i], &server, &server_len, &id, &id_len))
			fail_msg("taken: %s", bad[i]);
	}
	assert_true(mx_uri_split("mxc://[::1]:80/A-z_9", &server, &server_len, &id, &id_len));
	assert_int_equal(server_len, 8);
	assert_memory_equal(server, "[::1]:80", 8);
	assert_int_equal(id_len, 5);
	assert_memory_equal(id, "A-z_9", 5);
}

#define TEST(f) cmocka_unit_test_teardown(f, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(mx_event_read__takes__the_envelope),
		TEST(mx_event_read__refuses__what_is_no_event),
		TEST(mx_event_read__wants__a_time_that_can_be),
		TEST(mx_event_read__tells_state__by_its_key),
		TEST(message__is_cleaned__and_capped),
		TEST(message__never_shows__formatted_body),
		TEST(message__has_a_kind__by_its_msgtype),
		TEST(message__that_was_redacted__says_nothing),
		TEST(file__is_read__with_what_is_known_of_it),
		TEST(reply__loses__only_its_fallback),
		TEST(thread__has_a_root__and_perhaps_a_reply),
		TEST(relation__of_any_type__is_survived),
		TEST(edit__takes__the_new_words),
		TEST(reaction__is_a_key__on_an_event),
		TEST(redaction__names__what_it_took_away),
		TEST(what_sms_cannot_carry__is_named),
		TEST(member__changes__from_one_state_to_another),
		TEST(membership__has__all_names),
		TEST(room__is_replaced__or_encrypted),
		TEST(user_ids__are_checked),
		TEST(room_and_alias_ids__are_checked),
		TEST(event_ids__are_checked),
		TEST(file_uris__are_split_or_refused),
	};

	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	trimmed = true;
	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
