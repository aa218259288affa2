/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The registry, the settings of XMPP, and the network in which nobody is. */
#include "fakes/fake_bridge.c"
#include "fakes/fake_loop.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "chat/chat.h"

static void registry__finds__by_name(void **state)
{
	(void)state;
	assert_ptr_equal(chat_network_find("xmpp"), &chat_xmpp);
	assert_ptr_equal(chat_network_find("null"), &chat_null);
	assert_null(chat_network_find("XMPP"));
	assert_null(chat_network_find(""));
	for (const struct chat_network *const *n = chat_networks(); *n; n++)
		assert_ptr_equal(chat_network_find((*n)->name), *n);
}

static struct loop *loop;
static struct bridge *bridge;

static int set_up(void **state)
{
	(void)state;
	loop = loop_new();
	bridge = fake_bridge_new(NULL, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fake_bridge_free(bridge);
	loop_free(loop);
	return 0;
}

/* ---- null ------------------------------------------------------------------------------------ */

static void null__accepts_all__at_the_end_of_the_turn(void **state)
{
	void *n = chat_null.create(&(struct chat_host){.bridge = bridge, .loop = loop}, NULL, NULL);
	const struct chat_place place = {.id = {3}, .token = "aa"};
	const struct chat_say say = {.id = {7}, .place = &place, .text = "x"};
	const struct chat_mark_call mark = {.id = {8}, .place = &place, .event_id = "e"};
	char text[100];

	(void)state;
	assert_int_equal(chat_null.start(n, NULL), 0);
	chat_null.open_place(n, &place);
	chat_null.say(n, &say);
	chat_null.mark(n, &mark);
	assert_int_equal(fake_bridge_n(bridge), 0);
	fake_loop_turn(loop);
	assert_int_equal(fake_bridge_n(bridge), 4);
	assert_string_equal(fake_bridge_line(bridge, 0), "up");
	assert_string_equal(fake_bridge_line(bridge, 1), "ready\t3\tnull-3");
	assert_string_equal(fake_bridge_line(bridge, 2), "done\t7\tnull-7");
	assert_string_equal(fake_bridge_line(bridge, 3), "done\t8\tnull-8");
	chat_null.describe(n, text, sizeof(text));
	assert_string_equal(text, "nobody is here; 1 places, 1 says, 1 marks");
	chat_null.stop(n);
	fake_loop_turn(loop);
	assert_string_equal(fake_bridge_line(bridge, 4), "down\tstopped");
	chat_null.destroy(n);
}

static void null__says_nothing__after_it_is_destroyed(void **state)
{
	void *n = chat_null.create(&(struct chat_host){.bridge = bridge, .loop = loop}, NULL, NULL);
	const struct chat_place place = {.id = {3}};

	(void)state;
	chat_null.open_place(n, &place);
	chat_null.destroy(n);
	fake_loop_turn(loop);
	assert_int_equal(fake_bridge_n(bridge), 0);
}

/* ---- settings of XMPP ------------------------------------------------------------------------ */

static void *make(const char *key, const char *value, struct error *err)
{
	static const char *const usual[][2] = {
		{"domain", "sms.example.org"},
		{"secret", "s3cret"},
		{"muc_service", "rooms.example.org"},
	};
	struct settings *set = settings_new(chat_xmpp.settings);
	void *x = NULL;

	for (size_t i = 0; i < 3; i++)
		if (!key || strcmp(usual[i][0], key) != 0)
			assert_int_equal(settings_put(set, usual[i][0], usual[i][1], err), 0);
	if (key)
		assert_int_equal(settings_put(set, key, value, err), 0);
	if (settings_finish(set, ".", err) == 0)
		x = chat_xmpp.create(&(struct chat_host){.bridge = bridge, .loop = loop}, set, err);
	settings_free(set);
	return x;
}

static void xmpp__refuses__settings_that_make_no_sense(void **state)
{
	static const struct {
		const char *key, *value, *named;
	} cases[] = {
		{"domain", "sms example", "xmpp.domain"},
		{"domain", "localhost", "xmpp.domain"},
		{"domain", "bot@sms.example.org", "xmpp.domain"},
		{"domain", "rooms.example.org", "xmpp.domain"},
		{"domain", "sms.example.org/x", "xmpp.domain"},
		{"muc_service", "rooms@x", "xmpp.muc_service"},
		{"server", "sms.example.org", "xmpp.domain"},
		{"server", "exa mple", "xmpp.server"},
		{"control_room", "two words", "xmpp.control_room"},
		{"control_room", "", "xmpp.control_room"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = {0};

		assert_null(make(cases[i].key, cases[i].value, &err));
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_non_null(strstr(err.text, cases[i].named));
	}
}

static void xmpp__waits__quietly_until_it_is_started(void **state)
{
	struct error err = {0};
	void *x = make(NULL, NULL, &err);
	char text[100];

	(void)state;
	assert_non_null(x);
	assert_int_equal(fake_loop_timers(loop), 0);
	assert_int_equal(fake_loop_watches(loop), 0);
	chat_xmpp.describe(x, text, sizeof(text));
	assert_string_equal(text, "off");
	chat_xmpp.stop(x);
	fake_loop_advance(loop, 0);
	assert_string_equal(fake_bridge_line(bridge, 0), "down\tstopped");
	chat_xmpp.destroy(x);
	assert_int_equal(fake_loop_timers(loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registry__finds__by_name),
		cmocka_unit_test_setup_teardown(null__accepts_all__at_the_end_of_the_turn, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(null__says_nothing__after_it_is_destroyed, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(xmpp__refuses__settings_that_make_no_sense, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(xmpp__waits__quietly_until_it_is_started, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
