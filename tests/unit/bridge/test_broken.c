/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A network that an admin must mend ends the daemon when there is no other hope, and else is told of
 * where somebody can see it. */
#include "unit/bridge/scene.h"

static struct {
	int calls;
	enum chat_broken what;
	char network[32];
	char why[80];
} ended;

static void on_broken(const char *network, enum chat_broken what, const char *why, void *arg)
{
	assert_ptr_equal(arg, &ended);
	ended.calls++;
	ended.what = what;
	STR_COPY(ended.network, network);
	STR_COPY(ended.why, why);
}

/* A bridge none of whose networks was up yet. */
static void start_anew(struct scene *s)
{
	memset(&ended, 0, sizeof(ended));
	scene_bridge_stop(s);
	s->client = http_client_new(s->loop, NULL);
	s->bridge = bridge_new(s->loop, s->store, s->client, &s->options);
	fake_chat_join(&s->xmpp, s->bridge);
	if (s->two_networks)
		fake_chat_join(&s->matrix, s->bridge);
	bridge_on_broken(s->bridge, on_broken, &ended);
	assert_int_equal(bridge_start(s->bridge, NULL), 0);
}

static void the_only_network__ends_the_daemon(void **state)
{
	struct scene *s = *state;

	start_anew(s);
	bridge_chat_broken(s->bridge, "xmpp", CHAT_BROKEN_SECRET, "the token is wrong");
	assert_int_equal(ended.calls, 1);
	assert_int_equal(ended.what, CHAT_BROKEN_SECRET);
	assert_string_equal(ended.network, "xmpp");
	assert_string_equal(ended.why, "the token is wrong");
}

static void a_network_that_was_up__does_not_end_the_daemon(void **state)
{
	struct scene *s = *state;

	start_anew(s);
	bridge_chat_up(s->bridge, "xmpp");
	bridge_chat_down(s->bridge, "xmpp", "gone");
	bridge_chat_broken(s->bridge, "xmpp", CHAT_BROKEN_SECRET, "the token is wrong");
	bridge_chat_broken(s->bridge, "xmpp", CHAT_BROKEN_SECRET, "the token is wrong");
	assert_int_equal(ended.calls, 0);
	/* Told once, and again after it worked in between. */
	bridge_chat_up(s->bridge, "xmpp");
	settle(s);
	assert_int_equal(fake_chat_count(&s->xmpp, FAKE_SAY, control_of(s), "the token is wrong"),
			 1);
	bridge_chat_broken(s->bridge, "xmpp", CHAT_BROKEN_SECRET, "the token is wrong");
	settle(s);
	assert_int_equal(fake_chat_count(&s->xmpp, FAKE_SAY, control_of(s), "the token is wrong"),
			 2);
}

static void one_of_two_networks__does_not_end_the_other(void **state)
{
	struct scene *s = *state;

	start_anew(s);
	bridge_chat_broken(s->bridge, "matrix", CHAT_BROKEN_NAME, "no such user");
	assert_int_equal(ended.calls, 0);
	bridge_chat_up(s->bridge, "xmpp");
	settle(s);
	ROOM_SAW(s, control_of(s), "matrix does not work, and will not by itself: no such user");
	bridge_chat_down(s->bridge, "xmpp", "gone");
	bridge_chat_broken(s->bridge, "xmpp", CHAT_BROKEN_SECRET, "the token is wrong");
	assert_int_equal(ended.calls, 0);
}

static void two_networks__end_the_daemon_together(void **state)
{
	struct scene *s = *state;

	start_anew(s);
	bridge_chat_broken(s->bridge, "matrix", CHAT_BROKEN_NAME, "no such user");
	bridge_chat_broken(s->bridge, "xmpp", CHAT_BROKEN_SECRET, "the token is wrong");
	assert_int_equal(ended.calls, 1);
	assert_int_equal(ended.what, CHAT_BROKEN_SECRET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_only_network__ends_the_daemon, scene_setup,
						scene_teardown),
		cmocka_unit_test_setup_teardown(a_network_that_was_up__does_not_end_the_daemon,
						scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(one_of_two_networks__does_not_end_the_other,
						scene_setup_two, scene_teardown),
		cmocka_unit_test_setup_teardown(two_networks__end_the_daemon_together,
						scene_setup_two, scene_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
