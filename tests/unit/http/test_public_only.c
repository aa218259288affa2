/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Calls that may only leave for the public internet, with the real client. */
#include "base/xalloc.h"
#include "roomline/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#undef putenv /* before anything runs that could mind */
#undef unsetenv

static struct {
	struct loop *loop;
	struct http_client *client;
	int listener;
	int port;
	struct http_answer answer;
} t;

static int setup(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);

	(void)state;
	t.loop = loop_new();
	t.client = http_client_new(t.loop, NULL);
	t.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (bind(t.listener, (const struct sockaddr *)&address, len) < 0 ||
	    listen(t.listener, 5) < 0 ||
	    getsockname(t.listener, (struct sockaddr *)&address, &len) < 0)
		return -1;
	t.port = ntohs(address.sin_port);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	http_client_free(t.client);
	loop_free(t.loop);
	(void)close(t.listener);
	memset(&t, 0, sizeof(t));
	return 0;
}

static void on_done(const struct http_answer *answer, void *arg)
{
	(void)arg;
	t.answer = *answer;
	loop_stop(t.loop);
}

static void ask(const char *scheme, const char *host, bool public_only)
{
	struct http_call call = {.method = "GET", .timeout_ms = 300, .public_only = public_only};
	char url[200];

	(void)snprintf(url, sizeof(url), "%s://%s:%d/x", scheme, host, t.port);
	call.url = xstrdup(url);
	http_client_start(t.client, &call, on_done, NULL);
	loop_run(t.loop);
}

static bool somebody_connected(void)
{
	int fd = accept(t.listener, NULL, NULL);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

/* Names and other ways to write the address are looked up by then. */
static void public_only__connects_to_nobody__near(void **state)
{
	static const char *const hosts[] = {"127.0.0.1",        "localhost", "2130706433",
					    "0x7f.1",           "0",         "[::ffff:127.0.0.1]",
					    "[::ffff:7f00:1]",  "[::1]",     "169.254.169.254",
					    "[64:ff9b::7f00:1]"};

	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		ask(i % 2 ? "https" : "http", hosts[i], true);
		assert_int_equal(t.answer.fate, HTTP_NOT_SENT);
		if (!t.answer.barred)
			fail_msg("%s: %s", hosts[i], t.answer.problem);
		assert_string_equal(t.answer.problem, "the host has no public address");
		assert_false(somebody_connected());
	}
}

/* So that the test above can fail. */
static void others__do_connect(void **state)
{
	(void)state;
	ask("http", "127.0.0.1", false);
	assert_false(t.answer.barred);
	assert_true(somebody_connected());
	ask("http", "2130706433", false);
	assert_true(somebody_connected());
}

/* A proxy would ask in our place, and it is near. */
static void public_only__asks_no_proxy(void **state)
{
	char proxy[64];

	(void)state;
	(void)snprintf(proxy, sizeof(proxy), "http_proxy=http://127.0.0.1:%d", t.port);
	assert_int_equal(putenv(proxy), 0);
	/* Nobody is there; who asked the proxy would be told that it is near. */
	ask("http", "192.0.3.1", true);
	assert_int_equal(t.answer.fate, HTTP_NOT_SENT);
	assert_false(t.answer.barred);
	assert_false(somebody_connected());
	assert_int_equal(unsetenv("http_proxy"), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(public_only__connects_to_nobody__near),
		TEST(others__do_connect),
		TEST(public_only__asks_no_proxy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
