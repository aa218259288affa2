/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Contents of events and requests. What a homeserver makes of them is in tests/e2e. */
#include "chat/matrix/matrix_build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/utf8.h"
#include "chat/matrix/matrix_json.h"

#define BOT "@bot:x"
#define GHOST "@_sms_1:x"

static struct strbuf out = STRBUF_INIT;
static struct cJSON *tree;

static int tear_down(void **state)
{
	(void)state;
	strbuf_release(&out);
	cJSON_Delete(tree);
	tree = NULL;
	return 0;
}

static const struct cJSON *parsed(void)
{
	struct error err = {0};

	cJSON_Delete(tree);
	tree = json_parse(out.buf, out.len, JSON_DEPTH_MAX, &err);
	if (!tree)
		fail_msg("%s: %s", err.text, out.buf);
	strbuf_reset(&out);
	return tree;
}

/* ' stands for ". */
static void check_json(const char *want)
{
	STRBUF_AUTO(quoted);

	strbuf_adds(&quoted, want);
	for (size_t i = 0; i < quoted.len; i++) {
		if (quoted.buf[i] == '\'')
			quoted.buf[i] = '"';
	}
	assert_string_equal(out.buf, quoted.buf);
	(void)parsed();
}

static const struct cJSON *build(const struct mx_message *message)
{
	mx_build_message(&out, message);
	return parsed();
}

/* ---- messages ---------------------------------------------------------------------------------- */

static void message__is_plain__when_plain_text_says_it_all(void **state)
{
	(void)state;
	mx_build_message(&out, &(struct mx_message){.text = "a < b & \"c\"\n`d`"});
	check_json("{'msgtype':'m.text','body':'a < b & \\'c\\'\\u000a`d`','m.mentions':{}}");
	mx_build_message(
		&out,
		&(struct mx_message){
			.text = "x", .thread = "", .latest = "", .notice = true, .markup = true});
	check_json("{'msgtype':'m.notice','body':'x','m.mentions':{}}");
}

static void message__shows__who_speaks(void **state)
{
	const struct cJSON *json = build(
		&(struct mx_message){.name = "Pat <b> …0123", .text = "1 < 2 & \"so\" 'on'\n`x`"});

	(void)state;
	assert_string_equal(mx_str(json, "body"), "Pat <b> …0123: 1 < 2 & \"so\" 'on'\n`x`");
	assert_string_equal(mx_str(json, "format"), "org.matrix.custom.html");
	assert_string_equal(mx_str(json, "formatted_body"),
			    "<strong>Pat &lt;b&gt; …0123:</strong> 1 &lt; 2 &amp; &quot;so&quot; "
			    "&#39;on&#39;<br>`x`");
}

static void message__has_a_heading__in_every_form(void **state)
{
	static const struct mx_message card = {
		.name = "Pat <b> …0123", .heading = true, .text = "With @alice:x"};
	struct mx_message edited = card;
	const struct cJSON *json = build(&card);

	(void)state;
	assert_string_equal(mx_str(json, "body"), "Pat <b> …0123\nWith @alice:x");
	assert_string_equal(mx_str(json, "formatted_body"),
			    "<strong>Pat &lt;b&gt; …0123</strong><br>With @alice:x");
	edited.edits = "$1";
	json = build(&edited);
	assert_string_equal(mx_str(json, "body"), "* Pat <b> …0123\nWith @alice:x");
	json = mx_get(json, "m.new_content");
	assert_string_equal(mx_str(json, "body"), "Pat <b> …0123\nWith @alice:x");
}

static void file__is_told__as_what_it_is(void **state)
{
	static const struct {
		const char *type;
		const char *msgtype;
	} kinds[] = {{"image/jpeg", "m.image"},
		     {"video/mp4", "m.video"},
		     {"audio/amr", "m.audio"},
		     {"application/pdf", "m.file"}};
	const struct cJSON *json;

	(void)state;
	mx_build_file(&out, &(struct mx_message){.text = "not this"},
		      &(struct mx_file){"mxc://x/y", "picture.jpg", "image/jpeg", 1234});
	check_json("{'msgtype':'m.image','body':'picture.jpg','filename':'picture.jpg',"
		   "'url':'mxc://x/y','info':{'mimetype':'image/jpeg','size':1234},"
		   "'m.mentions':{}}");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		mx_build_file(&out, &(struct mx_message){.name = "Pat \"R.\""},
			      &(struct mx_file){"mxc://x/y", "f", kinds[i].type, 1});
		json = parsed();
		assert_string_equal(mx_str(json, "msgtype"), kinds[i].msgtype);
		assert_string_equal(mx_str(json, "body"), "Pat \"R.\" sent this");
		assert_string_equal(mx_str(json, "filename"), "f");
	}
	mx_build_file(&out, &(struct mx_message){.thread = "$1", .latest = "$2", .mention = "@a:x"},
		      &(struct mx_file){"mxc://x/y", "f", "image/png", 1});
	json = mx_get(parsed(), "m.relates_to");
	assert_string_equal(mx_str(json, "rel_type"), "m.thread");
	assert_string_equal(mx_str(json, "event_id"), "$1");
	assert_string_equal(mx_str(mx_get(json, "m.in_reply_to"), "event_id"), "$2");
}

static void message__shows_as_code__what_we_put_in_backticks(void **state)
{
	static const char *const cases[][2] = {
		{"Say `!help <x>` now", "Say <code>!help &lt;x&gt;</code> now"},
		{"`a``b`", "<code>a</code><code>b</code>"},
		{"it`s `a`", "it<code>s </code>a`"},
		{"a ` b\n`c`", "a ` b<br><code>c</code>"},
		{"```x```", "``<code>x</code>``"},
	};
	static const char *const plain[] = {"", "`", "``", "a`b", "`a\nb`", "no <markup>"};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct cJSON *json =
			build(&(struct mx_message){.text = cases[i][0], .markup = true});

		assert_string_equal(mx_str(json, "body"), cases[i][0]);
		assert_string_equal(mx_str(json, "formatted_body"), cases[i][1]);
	}
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		const struct cJSON *json =
			build(&(struct mx_message){.text = plain[i], .markup = true});

		assert_string_equal(mx_str(json, "body"), plain[i]);
		assert_null(mx_get(json, "formatted_body"));
		assert_null(mx_get(json, "format"));
	}
}

static void message__stands__in_its_thread(void **state)
{
	(void)state;
	mx_build_message(&out, &(struct mx_message){.text = "x", .thread = "$root"});
	check_json("{'msgtype':'m.text','body':'x','m.mentions':{},'m.relates_to':{"
		   "'rel_type':'m.thread','event_id':'$root','is_falling_back':true,"
		   "'m.in_reply_to':{'event_id':'$root'}}}");
	mx_build_message(&out,
			 &(struct mx_message){.text = "x", .thread = "$root", .latest = "$last"});
	check_json("{'msgtype':'m.text','body':'x','m.mentions':{},'m.relates_to':{"
		   "'rel_type':'m.thread','event_id':'$root','is_falling_back':true,"
		   "'m.in_reply_to':{'event_id':'$last'}}}");
}

static void message__calls__one_user_or_nobody(void **state)
{
	(void)state;
	mx_build_message(&out, &(struct mx_message){.text = "@room @bob:x", .mention = "@alice:x"});
	check_json("{'msgtype':'m.text','body':'@room @bob:x',"
		   "'m.mentions':{'user_ids':['@alice:x']}}");
}

static void edit__replaces__the_words_and_nothing_else(void **state)
{
	(void)state;
	mx_build_message(&out, &(struct mx_message){.text = "new",
						    .name = "P",
						    .thread = "$root",
						    .mention = "@alice:x",
						    .edits = "$1"});
	check_json("{'msgtype':'m.text','body':'* P: new','m.new_content':{'msgtype':'m.text',"
		   "'body':'P: new','format':'org.matrix.custom.html',"
		   "'formatted_body':'<strong>P:</strong> new',"
		   "'m.mentions':{'user_ids':['@alice:x']}},"
		   "'m.mentions':{'user_ids':['@alice:x']},"
		   "'m.relates_to':{'rel_type':'m.replace','event_id':'$1'}}");
	mx_build_message(&out, &(struct mx_message){.text = "x", .notice = true, .edits = "$1"});
	check_json("{'msgtype':'m.notice','body':'* x','m.new_content':{'msgtype':'m.notice',"
		   "'body':'x','m.mentions':{}},'m.mentions':{},"
		   "'m.relates_to':{'rel_type':'m.replace','event_id':'$1'}}");
}

static void message__is_cut__between_characters(void **state)
{
	STRBUF_AUTO(text);
	STRBUF_AUTO(name);
	const struct cJSON *json;
	const char *body;

	(void)state;
	for (int i = 0; i < MX_TEXT_MAX; i++)
		strbuf_addc(&text, 'x');
	json = build(&(struct mx_message){.text = text.buf});
	assert_string_equal(mx_str(json, "body"), text.buf);
	strbuf_truncate(&text, MX_TEXT_MAX - 5);
	strbuf_adds(&text, "💬💬");
	json = build(&(struct mx_message){.text = text.buf});
	body = mx_str(json, "body");
	assert_string_equal(body + MX_TEXT_MAX - 6, "x…");
	for (int i = 0; i < MX_NAME_MAX; i++)
		strbuf_adds(&name, "é");
	body = mx_str(build(&(struct mx_message){.text = "t", .name = name.buf}), "body");
	assert_int_equal(strlen(body), MX_NAME_MAX - 1 + strlen(": t"));
	assert_string_equal(body + MX_NAME_MAX - 4, "…: t");
}

/* What a text weighs in an event: as canonical JSON, not as we write it. */
static size_t event_size(const struct mx_message *message)
{
	char *text = cJSON_PrintUnformatted(build(message));
	size_t len = strlen(text);

	cJSON_free(text);
	return len;
}

static void message__fits__into_an_event(void **state)
{
	static const char *const characters[] = {"\"", "\\", "\n", "<", "&", "'", "é", "💬", "`x` "};
	STRBUF_AUTO(text);
	struct mx_message message = {.markup = true, .mention = "@alice:x"};

	(void)state;
	for (size_t i = 0; i < sizeof(characters) / sizeof(characters[0]); i++) {
		strbuf_reset(&text);
		while (text.len < MX_TEXT_MAX + 9)
			strbuf_adds(&text, characters[i]);
		message.text = message.name = text.buf;
		message.edits = NULL;
		assert_true(event_size(&message) < 60000);
		message.edits = "$1";
		assert_true(event_size(&message) < 60000);
		assert_true(strlen(mx_str(tree, "body")) < 4096);
		assert_true(strlen(mx_str(mx_get(tree, "m.new_content"), "body")) > MX_TEXT_MAX);
	}
	/* HTML goes where it does not fit, and only there. */
	strbuf_reset(&text);
	for (int i = 0; i < 8000; i++)
		strbuf_addc(&text, '"');
	message.text = text.buf;
	message.name = "Pat";
	message.edits = NULL;
	assert_null(mx_get(build(&message), "formatted_body"));
	strbuf_truncate(&text, 6000);
	assert_non_null(mx_get(build(&message), "formatted_body"));
}

static void reaction_and_status__name__their_event(void **state)
{
	(void)state;
	mx_build_reaction(&out, "$1", "✅");
	check_json("{'m.relates_to':{'rel_type':'m.annotation','event_id':'$1','key':'✅'}}");
	mx_build_status(&out, "$1", "SUCCESS", NULL, NULL);
	check_json("{'network':'sms','status':'SUCCESS',"
		   "'m.relates_to':{'rel_type':'m.reference','event_id':'$1'}}");
	mx_build_status(&out, "$1", "FAIL_PERMANENT", "m.foreign_network_error", "Not a number");
	check_json("{'network':'sms','status':'FAIL_PERMANENT',"
		   "'reason':'m.foreign_network_error','message':'Not a number',"
		   "'m.relates_to':{'rel_type':'m.reference','event_id':'$1'}}");
}

/* ---- rooms ------------------------------------------------------------------------------------- */

static const char *const organizers[] = {"@alice:x", "@bob:x"};

static struct mx_plan plan_of(enum mx_room_kind kind)
{
	return (struct mx_plan){
		.kind = kind,
		.alias = "_sms_1",
		.name = "Pat R. …0123",
		.topic = "Inbox",
		.version = "11",
		.bot = BOT,
		.ghost = kind == MX_ROOM_CONVERSATION ? GHOST : "",
		.invited = organizers,
		.invited_n = 2,
		.contact_name = "Pat R.",
		.server = "x",
	};
}

static const struct cJSON *levels_of(const struct mx_plan *plan)
{
	mx_build_power_levels(&out, plan);
	return parsed();
}

static int number(const struct cJSON *object, const char *key)
{
	const struct cJSON *item = mx_get(object, key);

	assert_true(cJSON_IsNumber(item));
	return item->valueint;
}

/* By the rules of the specification: what somebody needs to send a message of that type. */
static int level_to_send(const struct cJSON *levels, const char *type)
{
	const struct cJSON *events = mx_get(levels, "events");

	return mx_get(events, type) ? number(events, type) : number(levels, "events_default");
}

static void levels__of_a_conversation__allow_words(void **state)
{
	static const char *const ours[] = {
		"m.room.name",
		"m.room.topic",
		"m.room.avatar",
		"m.room.canonical_alias",
		"m.room.history_visibility",
		"m.room.power_levels",
		"m.room.server_acl",
	};
	struct mx_plan plan = plan_of(MX_ROOM_CONVERSATION);
	const struct cJSON *levels = levels_of(&plan);

	(void)state;
	assert_int_equal(number(levels, "users_default"), 0);
	assert_int_equal(number(mx_get(levels, "users"), BOT), 100);
	assert_int_equal(number(mx_get(levels, "users"), GHOST), 50);
	assert_int_equal(cJSON_GetArraySize(mx_get(levels, "users")), 2);
	assert_int_equal(level_to_send(levels, "m.room.message"), 0);
	assert_int_equal(level_to_send(levels, "m.room.redaction"), 0);
	assert_int_equal(level_to_send(levels, "m.reaction"), 50);
	assert_int_equal(level_to_send(levels, "m.sticker"), 50);
	assert_int_equal(level_to_send(levels, "m.call.invite"), 50);
	assert_int_equal(level_to_send(levels, "org.example.new"), 50);
	assert_int_equal(number(levels, "state_default"), 100);
	assert_int_equal(number(levels, "invite"), 100);
	assert_int_equal(number(levels, "kick"), 100);
	assert_int_equal(number(levels, "ban"), 100);
	assert_int_equal(number(levels, "redact"), 100);
	assert_int_equal(number(levels, "historical"), 100);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		assert_int_equal(number(mx_get(levels, "events"), ours[i]), 100);
	plan.muted = true;
	levels = levels_of(&plan);
	assert_int_equal(level_to_send(levels, "m.room.message"), 50);
	assert_int_equal(level_to_send(levels, "m.room.redaction"), 0);
}

static void levels__of_other_rooms__allow_more(void **state)
{
	struct mx_plan plan = plan_of(MX_ROOM_DESK);
	const struct cJSON *levels = levels_of(&plan);

	(void)state;
	assert_int_equal(level_to_send(levels, "m.room.message"), 0);
	assert_int_equal(level_to_send(levels, "m.reaction"), 0);
	assert_int_equal(number(levels, "invite"), 100);
	assert_int_equal(cJSON_GetArraySize(mx_get(levels, "users")), 1);
	plan = plan_of(MX_ROOM_CONTROL);
	levels = levels_of(&plan);
	assert_int_equal(level_to_send(levels, "m.reaction"), 0);
	assert_int_equal(number(levels, "invite"), 50);
	assert_int_equal(number(mx_get(levels, "users"), "@alice:x"), 50);
	assert_int_equal(number(mx_get(levels, "users"), "@bob:x"), 50);
	assert_int_equal(number(levels, "kick"), 100);
	plan = plan_of(MX_ROOM_SPACE);
	levels = levels_of(&plan);
	assert_int_equal(level_to_send(levels, "m.room.message"), 100);
	assert_int_equal(number(levels, "invite"), 100);
}

static void levels__with_creators__leave_the_bot_out(void **state)
{
	struct mx_plan plan = plan_of(MX_ROOM_CONVERSATION);
	const struct cJSON *events = mx_get(levels_of(&plan), "events");

	(void)state;
	/* More than its own the bot could not set. */
	assert_int_equal(number(events, "m.room.encryption"), 100);
	assert_int_equal(number(events, "m.room.tombstone"), 100);
	plan.creators_rule = true;
	events = mx_get(levels_of(&plan), "events");
	assert_null(mx_get(mx_get(tree, "users"), BOT));
	assert_int_equal(number(mx_get(tree, "users"), GHOST), 50);
	assert_int_equal(number(events, "m.room.encryption"), 150);
	assert_int_equal(number(events, "m.room.tombstone"), 150);
}

static const struct cJSON *state_of(const char *type)
{
	const struct cJSON *event;

	cJSON_ArrayForEach (event, mx_get(tree, "initial_state")) {
		if (strcmp(mx_str(event, "type"), type) == 0)
			return event;
	}
	return NULL;
}

static void room__of_a_conversation__is_private(void **state)
{
	struct mx_plan plan = plan_of(MX_ROOM_CONVERSATION);
	const struct cJSON *bridge;

	(void)state;
	mx_build_create_room(&out, &plan);
	(void)parsed();
	assert_string_equal(mx_str(tree, "visibility"), "private");
	assert_string_equal(mx_str(tree, "preset"), "private_chat");
	assert_string_equal(mx_str(tree, "room_version"), "11");
	assert_string_equal(mx_str(tree, "room_alias_name"), "_sms_1");
	assert_string_equal(mx_str(tree, "name"), "Pat R. …0123");
	assert_string_equal(mx_str(tree, "topic"), "Inbox");
	assert_true(cJSON_IsFalse(mx_get(mx_get(tree, "creation_content"), "m.federate")));
	assert_null(mx_get(mx_get(tree, "creation_content"), "type"));
	assert_int_equal(cJSON_GetArraySize(mx_get(tree, "invite")), 1);
	assert_string_equal(mx_get(tree, "invite")->child->valuestring, GHOST);
	assert_string_equal(mx_str(mx_get(state_of("m.room.history_visibility"), "content"),
				   "history_visibility"),
			    "invited");
	assert_string_equal(
		mx_str(mx_get(state_of("m.room.guest_access"), "content"), "guest_access"),
		"forbidden");
	assert_string_equal(mx_str(mx_get(state_of("m.room.join_rules"), "content"), "join_rule"),
			    "invite");
	assert_null(state_of("m.space.parent"));
	bridge = state_of("m.bridge");
	assert_string_equal(mx_str(bridge, "state_key"), "_sms_1");
	assert_string_equal(mx_str(state_of("uk.half-shot.bridge"), "state_key"), "_sms_1");
	bridge = mx_get(bridge, "content");
	assert_string_equal(mx_str(bridge, "bridgebot"), BOT);
	assert_string_equal(mx_str(bridge, "creator"), BOT);
	assert_string_equal(mx_str(mx_get(bridge, "protocol"), "id"), "sms");
	assert_string_equal(mx_str(mx_get(bridge, "protocol"), "displayname"), "SMS");
	assert_string_equal(mx_str(mx_get(bridge, "channel"), "id"), "_sms_1");
	assert_string_equal(mx_str(mx_get(bridge, "channel"), "displayname"), "Pat R.");
	bridge = mx_get(state_of("io.element.functional_members"), "content");
	assert_string_equal(mx_get(bridge, "service_members")->child->valuestring, BOT);
}

static void room__of_bot_mode__has_no_more_than_it_needs(void **state)
{
	struct mx_plan plan = {.kind = MX_ROOM_CONVERSATION,
			       .name = "n",
			       .topic = "",
			       .version = "",
			       .federate = true,
			       .bot = BOT,
			       .server = "x"};

	(void)state;
	mx_build_create_room(&out, &plan);
	(void)parsed();
	assert_null(mx_get(tree, "room_version"));
	assert_null(mx_get(tree, "room_alias_name"));
	assert_null(mx_get(tree, "topic"));
	assert_null(mx_get(tree, "invite"));
	assert_null(state_of("m.bridge"));
	assert_true(cJSON_IsTrue(mx_get(mx_get(tree, "creation_content"), "m.federate")));
	plan.alias = plan.ghost = plan.space = "";
	mx_build_create_room(&out, &plan);
	(void)parsed();
	assert_null(mx_get(tree, "room_alias_name"));
	assert_null(mx_get(tree, "invite"));
	assert_null(state_of("m.space.parent"));
}

static void room__has_the_levels__that_are_put_again(void **state)
{
	static const enum mx_room_kind kinds[] = {MX_ROOM_CONVERSATION, MX_ROOM_DESK,
						  MX_ROOM_CONTROL, MX_ROOM_SPACE};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct mx_plan plan = plan_of(kinds[i]);
		JSON_AUTO levels = NULL;

		mx_build_power_levels(&out, &plan);
		levels = json_parse(out.buf, out.len, JSON_DEPTH_MAX, NULL);
		strbuf_reset(&out);
		mx_build_create_room(&out, &plan);
		assert_true(cJSON_Compare(levels, mx_get(parsed(), "power_level_content_override"),
					  true));
	}
}

static void space__and_what_is_in_it__name_each_other(void **state)
{
	struct mx_plan plan = plan_of(MX_ROOM_SPACE);
	const struct cJSON *parent;

	(void)state;
	mx_build_create_room(&out, &plan);
	(void)parsed();
	assert_string_equal(mx_str(mx_get(tree, "creation_content"), "type"), "m.space");
	assert_null(state_of("io.element.functional_members"));
	plan = plan_of(MX_ROOM_DESK);
	plan.space = "!space:x";
	mx_build_create_room(&out, &plan);
	(void)parsed();
	parent = state_of("m.space.parent");
	assert_string_equal(mx_str(parent, "state_key"), "!space:x");
	assert_true(cJSON_IsTrue(mx_get(mx_get(parent, "content"), "canonical")));
	assert_string_equal(mx_get(mx_get(parent, "content"), "via")->child->valuestring, "x");
	assert_null(state_of("m.bridge"));
	mx_build_space_child(&out, "x");
	check_json("{'via':['x']}");
}

static void what_is_built__is_appended(void **state)
{
	(void)state;
	strbuf_adds(&out, "{\"a\":1}\n");
	mx_build_space_child(&out, "x");
	assert_string_equal(out.buf, "{\"a\":1}\n{\"via\":[\"x\"]}");
}

#define TEST(f) cmocka_unit_test_teardown(f, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(message__is_plain__when_plain_text_says_it_all),
		TEST(message__shows__who_speaks),
		TEST(message__has_a_heading__in_every_form),
		TEST(file__is_told__as_what_it_is),
		TEST(message__shows_as_code__what_we_put_in_backticks),
		TEST(message__stands__in_its_thread),
		TEST(message__calls__one_user_or_nobody),
		TEST(edit__replaces__the_words_and_nothing_else),
		TEST(message__is_cut__between_characters),
		TEST(message__fits__into_an_event),
		TEST(reaction_and_status__name__their_event),
		TEST(levels__of_a_conversation__allow_words),
		TEST(levels__of_other_rooms__allow_more),
		TEST(levels__with_creators__leave_the_bot_out),
		TEST(room__of_a_conversation__is_private),
		TEST(room__of_bot_mode__has_no_more_than_it_needs),
		TEST(room__has_the_levels__that_are_put_again),
		TEST(space__and_what_is_in_it__name_each_other),
		TEST(what_is_built__is_appended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
