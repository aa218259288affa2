/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Addresses and nicknames. */
#include "chat/xmpp/xmpp_jid.h"
#include "chat/xmpp/xmpp_nick.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "base/xalloc.h"

static void jid_split__takes_apart__what_rfc_7622_allows(void **state)
{
	static const struct {
		const char *text, *local, *domain, *resource;
	} cases[] = {
		{"alice@example.org/phone", "alice", "example.org", "phone"},
		{"alice@example.org", "alice", "example.org", ""},
		{"example.org", "", "example.org", ""},
		{"example.org/a@b", "", "example.org", "a@b"},
		{"c1@rooms.example.org/Pat R./2", "c1", "rooms.example.org", "Pat R./2"},
		{"a@b@c", "a", "b@c", ""}, /* no server takes it, but it splits at the first */
	};
	struct jid jid;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(jid_split(cases[i].text, &jid));
		assert_int_equal(jid.local_len, strlen(cases[i].local));
		assert_memory_equal(jid.local, cases[i].local, jid.local_len);
		assert_int_equal(jid.domain_len, strlen(cases[i].domain));
		assert_memory_equal(jid.domain, cases[i].domain, jid.domain_len);
		assert_string_equal(jid.resource, cases[i].resource);
	}
}

static void jid_split__refuses__what_is_no_address(void **state)
{
	static const char *const cases[] = {"", "@", "@example.org", "/x", "alice@", "alice@/x"};
	char text[3000];
	struct jid jid;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_false(jid_split(cases[i], &jid));
	memset(text, 'a', sizeof(text));
	text[1024] = '@';
	memcpy(text + 1025, "b", 2);
	assert_false(jid_split(text, &jid));
	memmove(text, text + 1, 1026);
	assert_true(jid_split(text, &jid));
}

static void jid_bare__lowers_ascii_and_drops_the_resource(void **state)
{
	char bare[ADDRESS_MAX];
	char long_one[ADDRESS_MAX + 40];

	(void)state;
	assert_true(jid_bare("Alice@Example.ORG/Phone", bare));
	assert_string_equal(bare, "alice@example.org");
	assert_true(jid_bare("ÅSA@example.org", bare));
	assert_string_equal(bare, "Åsa@example.org");
	assert_false(jid_bare("@x", bare));
	assert_string_equal(bare, "");
	memset(long_one, 'a', sizeof(long_one));
	memcpy(long_one + 600, "@", 1);
	long_one[sizeof(long_one) - 1] = '\0';
	assert_false(jid_bare(long_one, bare));
	assert_string_equal(bare, "");
}

static void jid_is_user__takes__people_only(void **state)
{
	static const char *const good[] = {"alice@example.org", "a.b-c_d+e@x", "åsa@exämple.org",
					   "alice@127.0.0.1"};
	static const char *const bad[] = {
		"alice",
		"example.org",
		"alice@example.org/x",
		"alice@example.org/",
		"al ice@x",
		"a\tb@x",
		"a\"b@x",
		"a&b@x",
		"a'b@x",
		"a<b@x",
		"a:b@x",
		"a@b@c",
		"alice@exa mple",
		"alice@",
		"@x",
		"alice@.x",
		"alice@x..y",
		"alice@-x",
		"alice@x_y",
		"",
		"xmpp:alice@x",
		"alice@x\n",
		"alice@[::1]",
		"alice@x,bob@x",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(jid_is_user(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(jid_is_user(bad[i]));
}

static void jid_parts__compare__whole_and_without_case(void **state)
{
	struct jid jid;

	(void)state;
	assert_true(jid_split("Bot@SMS.example.org/b", &jid));
	assert_true(jid_local_is(&jid, "bot"));
	assert_false(jid_local_is(&jid, "bo"));
	assert_false(jid_local_is(&jid, "bots"));
	assert_true(jid_domain_is(&jid, "sms.example.org"));
	assert_false(jid_domain_is(&jid, "example.org"));
	assert_false(jid_domain_is(&jid, "sms.example.org.evil"));
}

static void check_nick(const char *name, unsigned attempt, const char *want)
{
	STRBUF_AUTO(nick);

	nick_make(&nick, name, "Contact aa11", attempt);
	assert_string_equal(nick.buf, want);
}

static void nick_make__keeps__letters_digits_and_little_else(void **state)
{
	(void)state;
	check_nick("Pat R.", 0, "Pat R.");
	check_nick("Pat R. 🌞", 0, "Pat R.");
	check_nick("Pat\tR\n\n2", 0, "Pat R 2");
	check_nick("P\u202eat/R", 0, "P at R");
	check_nick("Zoë–O’Neil", 0, "Zoë O’Neil");
	check_nick("  Mary-Jane D'Arc  ", 0, "Mary-Jane D'Arc");
	check_nick("<b>&\"x\"</b>", 0, "b x b");
	check_nick("नमस्ते", 0, "नमस्ते");
	check_nick("محمد", 0, "محمد");
}

static void nick_make__falls_back__when_nothing_is_left(void **state)
{
	(void)state;
	check_nick("", 0, "Contact aa11");
	check_nick("🌞🌞", 0, "Contact aa11");
	check_nick(" \t ", 0, "Contact aa11");
	check_nick("...", 0, "Contact aa11");
	check_nick("\xff\xfe\xc0", 0, "Contact aa11");
	check_nick("🌞", 2, "Contact aa11 3");
}

static void nick_make__numbers__later_attempts(void **state)
{
	(void)state;
	check_nick("alice", 0, "alice");
	check_nick("alice", 1, "alice 2");
	check_nick("alice", 9, "alice 10");
}

static void nick_make__cuts__between_characters(void **state)
{
	STRBUF_AUTO(name);
	STRBUF_AUTO(nick);

	(void)state;
	for (int i = 0; i < 200; i++)
		strbuf_adds(&name, "é");
	nick_make(&nick, name.buf, "x", 0);
	assert_int_equal(nick.len, NICK_BYTES_MAX);
	assert_true(utf8_valid(nick.buf, nick.len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jid_split__takes_apart__what_rfc_7622_allows),
		cmocka_unit_test(jid_split__refuses__what_is_no_address),
		cmocka_unit_test(jid_bare__lowers_ascii_and_drops_the_resource),
		cmocka_unit_test(jid_is_user__takes__people_only),
		cmocka_unit_test(jid_parts__compare__whole_and_without_case),
		cmocka_unit_test(nick_make__keeps__letters_digits_and_little_else),
		cmocka_unit_test(nick_make__falls_back__when_nothing_is_left),
		cmocka_unit_test(nick_make__numbers__later_attempts),
		cmocka_unit_test(nick_make__cuts__between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
