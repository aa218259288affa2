/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Making stanzas and reading them. */
#include "chat/xmpp/xmpp_build.h"
#include "chat/xmpp/xmpp_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "base/xalloc.h"

static xmpp_ctx_t *ctx;

static int set_up(void **state)
{
	(void)state;
	ctx = xmpp_ctx_new(NULL, NULL);
	return ctx ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	xmpp_ctx_free(ctx);
	return 0;
}

/* ---- making ---------------------------------------------------------------------------------- */

static const struct stanza_head head = {
	.from = "bot@sms.x/b", .to = "c1@rooms.x", .type = "groupchat", .id = "r1"};

/* The stanza as it goes over the wire and comes out of a parser. */
static xmpp_stanza_t *over_the_wire(xmpp_stanza_t *st)
{
	char *text;
	size_t len;
	xmpp_stanza_t *back;

	assert_int_equal(xmpp_stanza_to_text(st, &text, &len), XMPP_EOK);
	assert_true(utf8_valid(text, len));
	back = xmpp_stanza_new_from_string(ctx, text);
	xmpp_free(ctx, text);
	(void)xmpp_stanza_release(st);
	assert_non_null(back);
	return back;
}

static void check_body(const char *said, const char *want)
{
	xmpp_stanza_t *st = over_the_wire(stanza_say(ctx, &head, said, 0));
	STRBUF_AUTO(text);

	read_text(xmpp_stanza_get_child_by_name(st, "body"), &text);
	assert_string_equal(text.buf, want);
	(void)xmpp_stanza_release(st);
}

static void stanza_say__carries__what_xml_can(void **state)
{
	(void)state;
	check_body("ok & <b> \"q\" 'a' ]]> &amp;", "ok & <b> \"q\" 'a' ]]> &amp;");
	check_body("tab\tline\nemoji 👍🏽", "tab\tline\nemoji 👍🏽");
	check_body("a\r\nb\rc", "a\nb\nc");
}

static void stanza_say__drops__what_would_end_the_stream(void **state)
{
	(void)state;
	check_body("bell \x07 nul-ish \x01 vt \x0b", "bell  nul-ish  vt ");
	check_body("del \x7f c1 \xc2\x85", "del  c1 ");
	check_body("bad \xff\xfe", "bad \xef\xbf\xbd\xef\xbf\xbd");
	check_body("surrogate \xed\xa0\x80", "surrogate \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	check_body("noncharacter \xef\xbf\xbf", "noncharacter ");
	check_body("overlong \xc0\x80", "overlong \xef\xbf\xbd\xef\xbf\xbd");
}

static void stanza_attributes__are_cleaned_and_escaped(void **state)
{
	struct stanza_head hostile = {.from = "bot@sms.x",
				      .to = "x'\"<>&\x01@y",
				      .type = "chat",
				      .id = "a\"/><iq type='set'/>"};
	xmpp_stanza_t *st;

	(void)state;
	st = over_the_wire(stanza_say(ctx, &hostile, "x", 0));
	assert_string_equal(read_attr(st, "to"), "x'\"<>&@y");
	assert_string_equal(read_attr(st, "id"), "a\"/><iq type='set'/>");
	(void)xmpp_stanza_release(st);
}

static void stanza_say__stamps__what_was_said_earlier(void **state)
{
	xmpp_stanza_t *st = over_the_wire(stanza_say(ctx, &head, "x", INT64_C(1764000000123)));
	xmpp_stanza_t *delay = read_child(st, "delay", NS_DELAY);

	(void)state;
	assert_non_null(delay);
	assert_int_equal(read_stamp(read_attr(delay, "stamp")), INT64_C(1764000000123));
	assert_false(read_is_history(st, "c1@rooms.x"));
	(void)xmpp_stanza_release(st);
}

static void stanza_form_set__sends__several_values_of_a_list(void **state)
{
	const struct form_field fields[] = {
		{"muc#roomconfig_roomname", "two words", false},
		{"muc#roomconfig_presencebroadcast", "moderator participant visitor", true}};
	xmpp_stanza_t *st = over_the_wire(stanza_form_set(ctx, &head, fields, 2));
	xmpp_stanza_t *form;
	unsigned values = 0;

	(void)state;
	assert_string_equal(read_type(st), "set");
	form = read_child(read_child(st, "query", NS_OWNER), "x", NS_DATA);
	for (xmpp_stanza_t *f = xmpp_stanza_get_children(form); f; f = xmpp_stanza_get_next(f))
		for (xmpp_stanza_t *v = xmpp_stanza_get_children(f); v; v = xmpp_stanza_get_next(v))
			values++;
	assert_int_equal(values, 1 + 1 + 3);
	(void)xmpp_stanza_release(st);
}

static void stanza_archive_get__asks__for_each_kind_of_page(void **state)
{
	static const char *const after[] = {"", "id-1", NULL};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		xmpp_stanza_t *st =
			over_the_wire(stanza_archive_get(ctx, &head, "q1", after[i], 50));
		xmpp_stanza_t *query = read_child(st, "query", NS_ARCHIVE);
		xmpp_stanza_t *page = read_child(query, "set", NS_RSM);

		assert_string_equal(read_attr(query, "queryid"), "q1");
		assert_int_equal(xmpp_stanza_get_child_by_name(page, "after") != NULL, i == 1);
		assert_int_equal(xmpp_stanza_get_child_by_name(page, "before") != NULL, i == 2);
		(void)xmpp_stanza_release(st);
	}
}

static void stanza_error__goes_back__with_the_same_id(void **state)
{
	xmpp_stanza_t *asked = xmpp_stanza_new_from_string(
		ctx,
		"<message from='a@x/1' to='bot@sms.x' id='7' type='chat'><body>x</body></message>");
	xmpp_stanza_t *st =
		over_the_wire(stanza_error(ctx, asked, "cancel", "not-acceptable", "say <it>"));

	(void)state;
	assert_string_equal(read_attr(st, "from"), "bot@sms.x");
	assert_string_equal(read_attr(st, "to"), "a@x/1");
	assert_string_equal(read_attr(st, "id"), "7");
	assert_string_equal(read_error(st), "not-acceptable");
	(void)xmpp_stanza_release(asked);
	(void)xmpp_stanza_release(st);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void check_said(const char *inside, bool said, enum chat_said_kind what, const char *text,
		       const char *target)
{
	STRBUF_AUTO(xml);
	struct heard heard;
	xmpp_stanza_t *st;

	strbuf_addf(&xml, "<message type='groupchat' from='r@m/n' to='bot@s'>%s</message>", inside);
	st = xmpp_stanza_new_from_string(ctx, xml.buf);
	assert_non_null(st);
	assert_int_equal(read_said(st, &heard), said);
	if (said) {
		assert_int_equal(heard.what, what);
		assert_string_equal(heard.text.buf, text);
		assert_string_equal(heard.target, target);
	}
	heard_release(&heard);
	(void)xmpp_stanza_release(st);
}

static void says_nothing(const char *inside)
{
	check_said(inside, false, CHAT_SAID_TEXT, "", "");
}

static void says(const char *inside, enum chat_said_kind what, const char *text, const char *target)
{
	check_said(inside, true, what, text, target);
}

static void read_said__ignores__what_is_for_clients(void **state)
{
	(void)state;
	says_nothing("");
	says_nothing("<body/>");
	says_nothing("<body></body><active xmlns='http://jabber.org/protocol/chatstates'/>");
	says_nothing("<subject>topic</subject>");
	says_nothing("<received xmlns='urn:xmpp:receipts' id='1'/>");
	says_nothing("<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>");
	says_nothing("<html xmlns='http://jabber.org/protocol/xhtml-im'>"
		     "<body xmlns='http://www.w3.org/1999/xhtml'>rich</body></html>");
	says_nothing("<body xmlns='http://www.w3.org/1999/xhtml'>not ours</body>");
	says_nothing("<retracted xmlns='urn:xmpp:message-retract:0' stamp='x'/>");
	says_nothing(
		"<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/></encrypted>");
}

static void read_said__reads__texts(void **state)
{
	(void)state;
	says("<body>hello</body>", CHAT_SAID_TEXT, "hello", "");
	says("<body>a &lt; b &amp; c\nd</body><markable xmlns='urn:xmpp:chat-markers:0'/>",
	     CHAT_SAID_TEXT, "a < b & c\nd", "");
	says("<body> </body>", CHAT_SAID_TEXT, " ", "");
	says("<body xml:lang='en'>first</body><body xml:lang='de'>second</body>", CHAT_SAID_TEXT,
	     "first", "");
	says("<body>https://example.org/page</body>", CHAT_SAID_TEXT, "https://example.org/page",
	     "");
}

static void read_said__drops__the_quote_of_a_reply(void **state)
{
#define REPLY(range)                                                                               \
	"<reply xmlns='urn:xmpp:reply:0' id='1' to='r@m/x'/>"                                      \
	"<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'>" range "</fallback>"
	(void)state;
	says("<body>&gt; hé👍\nyes</body>" REPLY("<body start='0' end='6'/>"), CHAT_SAID_TEXT, "yes",
	     "");
	says("<body>yes\n&gt; quoted</body>" REPLY("<body start='3' end='99'/>"), CHAT_SAID_TEXT,
	     "yes", "");
	says("<body>abc</body>" REPLY("<body start='2' end='1'/>"), CHAT_SAID_TEXT, "abc", "");
	/* Nothing that somebody wrote is lost for a range that makes no sense. */
	says("<body>abc</body>" REPLY("<body start='-1' end='x'/>"), CHAT_SAID_TEXT, "abc", "");
	says("<body>abc</body>" REPLY("<body start='0' end='99999999999999999999'/>"),
	     CHAT_SAID_TEXT, "abc", "");
	says("<body>abc</body>" REPLY("<body/>"), CHAT_SAID_TEXT, "abc", "");
	says("<body>abc</body>" REPLY("<subject/>"), CHAT_SAID_TEXT, "abc", "");
	says("<body>abc</body><fallback xmlns='urn:xmpp:fallback:0' for='urn:example'>"
	     "<body start='0' end='3'/></fallback>",
	     CHAT_SAID_TEXT, "abc", "");
}

static void read_said__tells__what_is_no_text(void **state)
{
	(void)state;
	says("<reactions xmlns='urn:xmpp:reactions:0' id='t1'><reaction>👍</reaction>"
	     "<reaction>🎉</reaction></reactions><body>&gt; x\n👍</body>",
	     CHAT_SAID_REACTION, "👍 🎉", "t1");
	says("<reactions xmlns='urn:xmpp:reactions:0' id='t1'/>", CHAT_SAID_REACTION, "", "t1");
	says("<replace xmlns='urn:xmpp:message-correct:0' id='m1'/><body>better</body>",
	     CHAT_SAID_EDIT, "better", "m1");
	says("<apply-to xmlns='urn:xmpp:fasten:0' id='m2'><retract "
	     "xmlns='urn:xmpp:message-retract:0'/></apply-to><body>I took it back</body>",
	     CHAT_SAID_RETRACTED, "", "m2");
	says("<retract xmlns='urn:xmpp:message-retract:1' id='m3'/><body>x</body>",
	     CHAT_SAID_RETRACTED, "", "m3");
	says("<encrypted xmlns='eu.siacs.conversations.axolotl'><payload>A</payload></encrypted>"
	     "<body>I sent you an OMEMO encrypted message</body>",
	     CHAT_SAID_ENCRYPTED, "", "");
	says("<encrypted xmlns='urn:xmpp:omemo:2'><header/><payload>A</payload></encrypted>",
	     CHAT_SAID_ENCRYPTED, "", "");
	says("<x xmlns='jabber:x:encrypted'>A</x><body>x</body>", CHAT_SAID_ENCRYPTED, "", "");
	says("<openpgp xmlns='urn:xmpp:openpgp:0'>A</openpgp><body>x</body>", CHAT_SAID_ENCRYPTED,
	     "", "");
	says("<body>?OTRv23?</body>", CHAT_SAID_ENCRYPTED, "", "");
	says("<body>https://up.x/a.jpg</body><x xmlns='jabber:x:oob'><url>https://up.x/a.jpg</url>"
	     "</x>",
	     CHAT_SAID_FILE, "", "");
	says("<body>https://up.x/b</body><file-sharing xmlns='urn:xmpp:sfs:0'/>", CHAT_SAID_FILE,
	     "", "");
	says("<body>aesgcm://up.x/c#00</body>", CHAT_SAID_ENCRYPTED, "", "");
	says("<body>x</body><x xmlns='jabber:x:oob'><url>aesgcm://up.x/c#00</url></x>",
	     CHAT_SAID_ENCRYPTED, "", "");
	says("<body>x</body><file-sharing xmlns='urn:xmpp:sfs:0'><sources>"
	     "<encrypted xmlns='urn:xmpp:esfs:0'/></sources></file-sharing>",
	     CHAT_SAID_ENCRYPTED, "", "");
	/* A link to something is a text. */
	says("<body>https://up.x/a.jpg</body>", CHAT_SAID_TEXT, "https://up.x/a.jpg", "");
}

/* ---- files ----------------------------------------------------------------------------------- */

static void check_file(const char *inside, const char *words, const char *url, const char *type,
		       int64_t size)
{
	STRBUF_AUTO(xml);
	struct heard heard;
	xmpp_stanza_t *st;

	strbuf_addf(&xml, "<message type='groupchat' from='r@m/n'>%s</message>", inside);
	st = xmpp_stanza_new_from_string(ctx, xml.buf);
	assert_non_null(st);
	assert_true(read_said(st, &heard));
	assert_int_equal(heard.what, CHAT_SAID_FILE);
	assert_string_equal(heard.text.buf, words);
	assert_string_equal(heard.file.url.buf, url);
	assert_string_equal(heard.file.type, type);
	assert_int_equal(heard.file.size, size);
	heard_release(&heard);
	(void)xmpp_stanza_release(st);
}

#define OOB "<x xmlns='jabber:x:oob'><url>https://up.x/a.jpg</url></x>"

static void read_said__tells__where_a_file_is(void **state)
{
	(void)state;
	check_file("<body>https://up.x/a.jpg</body>" OOB, "", "https://up.x/a.jpg", "", 0);
	check_file("<body>Look at this\nhttps://up.x/a.jpg</body>" OOB, "Look at this",
		   "https://up.x/a.jpg", "", 0);
	check_file("<body>Look at this</body>" OOB, "Look at this", "https://up.x/a.jpg", "", 0);
	check_file(OOB, "", "https://up.x/a.jpg", "", 0);
	check_file("<x xmlns='jabber:x:oob'><url>geo:1,2</url></x>", "", "geo:1,2", "", 0);
	check_file("<body>https://up.x/b</body><file-sharing xmlns='urn:xmpp:sfs:0'/>", "",
		   "https://up.x/b", "", 0);
	check_file("<file-sharing xmlns='urn:xmpp:sfs:0'/>", "", "", "", 0);
	check_file("<body>two words</body><file-sharing xmlns='urn:xmpp:sfs:0'/>", "two words", "",
		   "", 0);
}

static void read_said__tells__what_a_file_is(void **state)
{
	(void)state;
	check_file("<body>https://up.x/s.jpg</body>"
		   "<file-sharing xmlns='urn:xmpp:sfs:0' disposition='inline'>"
		   "<file xmlns='urn:xmpp:file:metadata:0'><media-type>image/jpeg</media-type>"
		   "<name>s.jpg</name><size>3032449</size></file><sources>"
		   "<url-data xmlns='http://jabber.org/protocol/url-data' "
		   "target='https://up.x/s.jpg'/></sources></file-sharing>",
		   "", "https://up.x/s.jpg", "image/jpeg", 3032449);
	check_file("<body>https://up.x/t.png</body><reference xmlns='urn:xmpp:reference:0' "
		   "type='data' begin='0' end='18'><media-sharing xmlns='urn:xmpp:sims:1'>"
		   "<file xmlns='urn:xmpp:jingle:apps:file-transfer:5'>"
		   "<media-type>image/png</media-type><size>12</size></file><sources>"
		   "<reference xmlns='urn:xmpp:reference:0' type='data' uri='https://up.x/t.png'/>"
		   "</sources></media-sharing></reference>",
		   "", "https://up.x/t.png", "image/png", 12);
	check_file("<file-sharing xmlns='urn:xmpp:sfs:0'><file><media-type>"
		   "a/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		   "</media-type><size>-5</size></file></file-sharing>",
		   "", "", "", 0);
	check_file("<file-sharing xmlns='urn:xmpp:sfs:0'><file><size>9999999999999999999</size>"
		   "</file></file-sharing>",
		   "", "", "", 0);
}

static void stanza_file__is_a_file__to_who_reads_it(void **state)
{
	xmpp_stanza_t *st = over_the_wire(stanza_file(ctx, &head, "https://up.x/a?b=1&c=2", 0));
	struct heard heard;

	(void)state;
	assert_true(read_said(st, &heard));
	assert_int_equal(heard.what, CHAT_SAID_FILE);
	assert_string_equal(heard.file.url.buf, "https://up.x/a?b=1&c=2");
	assert_string_equal(heard.text.buf, "");
	heard_release(&heard);
	(void)xmpp_stanza_release(st);
}

static xmpp_stanza_t *result_of(const char *inside)
{
	STRBUF_AUTO(xml);
	xmpp_stanza_t *st;

	strbuf_addf(&xml, "<iq type='result' from='upload.x'>%s</iq>", inside);
	st = xmpp_stanza_new_from_string(ctx, xml.buf);
	assert_non_null(st);
	return st;
}

static void check_service(const char *inside, bool is, int64_t max)
{
	xmpp_stanza_t *st = result_of(inside);
	int64_t got;

	assert_int_equal(read_upload_service(st, &got), is);
	assert_int_equal(got, max);
	(void)xmpp_stanza_release(st);
}

#define INFO "<query xmlns='http://jabber.org/protocol/disco#info'>"
#define UPLOAD "<feature var='urn:xmpp:http:upload:0'/>"

static void read_upload_service__knows__one_and_its_limit(void **state)
{
	(void)state;
	check_service(INFO UPLOAD "</query>", true, 0);
	check_service(INFO UPLOAD "<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE'>"
				  "<value>urn:xmpp:http:upload:0</value></field>"
				  "<field var='max-file-size'><value>10485760</value></field></x>"
				  "</query>",
		      true, 10485760);
	check_service(INFO UPLOAD "<x xmlns='jabber:x:data'><field var='max-file-size'/></x>"
				  "</query>",
		      true, 0);
	check_service(INFO "<feature var='urn:xmpp:http:upload'/></query>", false, 0);
	check_service("", false, 0);
}

static void note_item(const char *jid, void *arg)
{
	strbuf_addf(arg, "%s;", jid);
}

static void read_items__takes__so_many(void **state)
{
	xmpp_stanza_t *st = result_of(
		"<query xmlns='http://jabber.org/protocol/disco#items'><item jid='rooms.x'/>"
		"<item/><other jid='y'/><item jid='Upload.X/'/><item jid='upload.x'/>"
		"<item jid='pubsub.x'/></query>");
	STRBUF_AUTO(got);

	(void)state;
	read_items(st, 2, note_item, &got);
	assert_string_equal(got.buf, "rooms.x;upload.x;");
	(void)xmpp_stanza_release(st);
}

#define SLOT "<slot xmlns='urn:xmpp:http:upload:0'>"

static void read_slot__takes__three_headers_on_a_line_each(void **state)
{
	xmpp_stanza_t *st =
		result_of(SLOT "<put url='https://up.x/put'><header name='authorization'>Bearer\nx"
			       "</header><header name='Host'>evil</header><header name='Cookie'>c=1"
			       "</header></put><get url='https://up.x/get'/></slot>");
	struct upload_slot slot;

	(void)state;
	assert_true(read_slot(st, &slot));
	assert_string_equal(slot.put, "https://up.x/put");
	assert_string_equal(slot.get, "https://up.x/get");
	assert_int_equal(slot.headers.n, 2);
	assert_string_equal(http_headers_get(&slot.headers, "Authorization"), "Bearer x");
	assert_string_equal(http_headers_get(&slot.headers, "Cookie"), "c=1");
	upload_slot_release(&slot);
	(void)xmpp_stanza_release(st);
}

static void read_slot__refuses__what_cannot_be_used(void **state)
{
	static const char *const bad[] = {
		"",
		SLOT "</slot>",
		SLOT "<put url='https://up.x/put'/></slot>",
		SLOT "<get url='https://up.x/get'/></slot>",
		SLOT "<put url='ftp://up.x/put'/><get url='https://up.x/get'/></slot>",
		SLOT "<put url='https://up.x/put'/><get url='local:/x'/></slot>",
		"<slot xmlns='urn:old'><put url='https://a/'/><get url='https://b/'/></slot>",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		xmpp_stanza_t *st = result_of(bad[i]);
		struct upload_slot slot;

		assert_false(read_slot(st, &slot));
		upload_slot_release(&slot);
		(void)xmpp_stanza_release(st);
	}
}

static void stanza_slot_get__asks__for_a_file(void **state)
{
	xmpp_stanza_t *st =
		over_the_wire(stanza_slot_get(ctx, &head, "picture.jpg", 1234, "image/jpeg"));
	xmpp_stanza_t *request = read_child(st, "request", "urn:xmpp:http:upload:0");

	(void)state;
	assert_string_equal(read_type(st), "get");
	assert_non_null(request);
	assert_string_equal(read_attr(request, "filename"), "picture.jpg");
	assert_string_equal(read_attr(request, "size"), "1234");
	assert_string_equal(read_attr(request, "content-type"), "image/jpeg");
	(void)xmpp_stanza_release(st);
}

static xmpp_stanza_t *parsed(const char *xml)
{
	xmpp_stanza_t *st = xmpp_stanza_new_from_string(ctx, xml);

	assert_non_null(st);
	return st;
}

static void read_stanza_id__believes__the_room_only(void **state)
{
	xmpp_stanza_t *st = parsed("<message><stanza-id xmlns='urn:xmpp:sid:0' by='evil@m' id='1'/>"
				   "<stanza-id xmlns='urn:evil' by='r@m' id='2'/>"
				   "<stanza-id xmlns='urn:xmpp:sid:0' by='r@m' id='3'/></message>");

	(void)state;
	assert_string_equal(read_stanza_id(st, "r@m"), "3");
	assert_string_equal(read_stanza_id(st, "other@m"), "");
	(void)xmpp_stanza_release(st);
}

#define ITEM(jid)                                                                                  \
	"<x xmlns='http://jabber.org/protocol/muc#user'><item jid='" jid                           \
	"' affiliation='member' role='participant'/></x>"

static void read_archived_user__refuses__contradictions(void **state)
{
	static const struct {
		const char *inside;
		const char *user;
	} cases[] = {
		{ITEM("alice@x/phone"), "alice@x"},
		{ITEM("alice@x") ITEM("alice@x/2"), "alice@x"},
		{ITEM("boss@x") ITEM("alice@x"), NULL},
		{ITEM("alice@x") ITEM("boss@x"), NULL},
		{ITEM("alice@x") ITEM(""), NULL},
		{"<x xmlns='http://jabber.org/protocol/muc#user'><item jid='alice@x'/>"
		 "<item jid='boss@x'/></x>",
		 NULL},
		{"<x xmlns='urn:other'><item jid='boss@x'/></x>", NULL},
		{"<x xmlns='http://jabber.org/protocol/muc#user'/>", NULL},
		{"", NULL},
	};
	char user[ADDRESS_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		STRBUF_AUTO(xml);
		xmpp_stanza_t *st;

		strbuf_addf(&xml, "<message><body>x</body>%s</message>", cases[i].inside);
		st = parsed(xml.buf);
		assert_int_equal(read_archived_user(st, user), cases[i].user != NULL);
		if (cases[i].user)
			assert_string_equal(user, cases[i].user);
		(void)xmpp_stanza_release(st);
	}
}

static void read_item__forgets__who_it_is_when_two_are_named(void **state)
{
	struct muc_item item;
	xmpp_stanza_t *st = parsed("<presence>" ITEM("alice@x") ITEM("boss@x") "</presence>");

	(void)state;
	assert_true(read_item(st, &item));
	assert_string_equal(item.user, "");
	(void)xmpp_stanza_release(st);
	st = parsed("<presence>" ITEM("Alice@x/1") "</presence>");
	assert_true(read_item(st, &item));
	assert_string_equal(item.user, "alice@x");
	assert_string_equal(item.affiliation, "member");
	(void)xmpp_stanza_release(st);
	st = parsed("<presence/>");
	assert_false(read_item(st, &item));
	(void)xmpp_stanza_release(st);
}

static void read_is_history__knows__the_stamp_of_the_room(void **state)
{
	xmpp_stanza_t *st = parsed(
		"<message><delay xmlns='urn:xmpp:delay' from='alice@x' stamp='s'/></message>");

	(void)state;
	assert_false(read_is_history(st, "r@m"));
	(void)xmpp_stanza_release(st);
	st = parsed("<message><delay xmlns='urn:xmpp:delay' from='r@m' stamp='s'/></message>");
	assert_true(read_is_history(st, "r@m"));
	(void)xmpp_stanza_release(st);
}

static void read_error__names__the_condition(void **state)
{
	xmpp_stanza_t *st = parsed("<iq type='error'><error type='cancel'>"
				   "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>t</text>"
				   "<conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
				   "</error></iq>");

	(void)state;
	assert_string_equal(read_error(st), "conflict");
	(void)xmpp_stanza_release(st);
	st = parsed("<iq type='error'/>");
	assert_string_equal(read_error(st), "undefined-condition");
	(void)xmpp_stanza_release(st);
	st = parsed("<iq type='result'><error><conflict "
		    "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
	assert_string_equal(read_error(st), "");
	(void)xmpp_stanza_release(st);
}

static void read_stamp__reads__xep_0082(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{"2025-11-24T16:00:00Z", INT64_C(1764000000000)},
		{"2025-11-24T16:00:00.5Z", INT64_C(1764000000500)},
		{"2025-11-24T16:00:00.123456Z", INT64_C(1764000000123)},
		{"2025-11-24T18:00:00+02:00", INT64_C(1764000000000)},
		{"2025-11-24T10:30:00-05:30", INT64_C(1764000000000)},
		{"20251124T16:00:00", 0},
		{"2025-11-24", 0},
		{"2025-13-24T16:00:00Z", 0},
		{"2025-11-24T16:00:00", 0},
		{"2025-11-24T16:00:00Zx", 0},
		{"2025-11-24T16:00:00+0200", 0},
		{"1025-11-24T16:00:00Z", 0},
		{"", 0},
		{"yesterday", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(read_stamp(cases[i].text), cases[i].ms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stanza_say__carries__what_xml_can),
		cmocka_unit_test(stanza_say__drops__what_would_end_the_stream),
		cmocka_unit_test(stanza_attributes__are_cleaned_and_escaped),
		cmocka_unit_test(stanza_say__stamps__what_was_said_earlier),
		cmocka_unit_test(stanza_form_set__sends__several_values_of_a_list),
		cmocka_unit_test(stanza_archive_get__asks__for_each_kind_of_page),
		cmocka_unit_test(stanza_error__goes_back__with_the_same_id),
		cmocka_unit_test(read_said__ignores__what_is_for_clients),
		cmocka_unit_test(read_said__reads__texts),
		cmocka_unit_test(read_said__drops__the_quote_of_a_reply),
		cmocka_unit_test(read_said__tells__what_is_no_text),
		cmocka_unit_test(read_stanza_id__believes__the_room_only),
		cmocka_unit_test(read_archived_user__refuses__contradictions),
		cmocka_unit_test(read_item__forgets__who_it_is_when_two_are_named),
		cmocka_unit_test(read_is_history__knows__the_stamp_of_the_room),
		cmocka_unit_test(read_error__names__the_condition),
		cmocka_unit_test(read_stamp__reads__xep_0082),
		cmocka_unit_test(read_said__tells__where_a_file_is),
		cmocka_unit_test(read_said__tells__what_a_file_is),
		cmocka_unit_test(stanza_file__is_a_file__to_who_reads_it),
		cmocka_unit_test(read_upload_service__knows__one_and_its_limit),
		cmocka_unit_test(read_items__takes__so_many),
		cmocka_unit_test(read_slot__takes__three_headers_on_a_line_each),
		cmocka_unit_test(read_slot__refuses__what_cannot_be_used),
		cmocka_unit_test(stanza_slot_get__asks__for_a_file),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
