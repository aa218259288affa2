/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Fetching what somebody named: where it goes, with what, and what becomes of it. */
#include "fakes/fake_http.c"
#include "fakes/fake_loop.c"

#include "base/strbuf.h"
#include "base/xalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct {
	struct loop *loop;
	struct http_client *client;
	int told; /* how often the end was */
	char *bytes;
	bool again;
	char problem[160];
} t;

static int setup(void **state)
{
	(void)state;
	t.loop = loop_new();
	t.client = http_client_new(t.loop, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	http_client_free(t.client);
	loop_free(t.loop);
	free(t.bytes);
	memset(&t, 0, sizeof(t));
	return 0;
}

static void on_fetched(const struct http_fetched *fetched, void *arg)
{
	assert_ptr_equal(arg, &t);
	t.told++;
	free(t.bytes);
	t.bytes = fetched->bytes ? xstrndup(fetched->bytes, fetched->len) : NULL;
	t.again = fetched->again;
	(void)STR_COPY(t.problem, fetched->problem);
}

static struct http_fetch *fetch_as(const char *url, bool trusted, const char *host)
{
	struct http_fetch_order order = {.call = {.url = xstrdup(url),
						  .user = xstrdup("sid"),
						  .password = xstrdup("token"),
						  .max_body = 1000,
						  .timeout_ms = 20000},
					 .trusted = trusted,
					 .hosts = &host,
					 .host_n = host ? 1 : 0};
	struct http_fetch *fetch;

	http_headers_add(&order.call.headers, "X-Key", "secret");
	fetch = http_fetch_start(t.loop, t.client, &order, on_fetched, &t);
	assert_int_equal(t.told, 0); /* never from inside */
	return fetch;
}

static void fetch(const char *url)
{
	(void)fetch_as(url, false, NULL);
}

static struct fake_call *call(size_t i)
{
	return fake_http_call(t.client, i);
}

static void answer(size_t i, const struct http_answer *answer)
{
	struct fake_call *c = call(i);

	c->open = false;
	c->done(answer, c->arg);
}

static void redirect(size_t i, int status, const char *location)
{
	struct http_answer a = {.fate = HTTP_ANSWERED, .status = status, .body = ""};

	if (location)
		http_headers_add(&a.headers, "Location", location);
	answer(i, &a);
	http_headers_release(&a.headers);
}

static bool has_credentials(size_t i)
{
	const struct http_call *c = &call(i)->call;
	bool user = c->user && strcmp(c->user, "sid") == 0 && strcmp(c->password, "token") == 0;
	bool header = http_headers_get(&c->headers, "X-Key") != NULL;

	assert_int_equal(user, header);
	return user;
}

static void refused_without_asking(size_t calls)
{
	assert_int_equal(fake_http_calls(t.client), calls);
	fake_loop_advance(t.loop, 0);
	assert_int_equal(t.told, 1);
	assert_null(t.bytes);
	assert_false(t.again);
}

static void http_fetch__gives__the_bytes(void **state)
{
	(void)state;
	fetch("https://a.example/x.jpg");
	assert_string_equal(call(0)->call.method, "GET");
	assert_string_equal(call(0)->call.url, "https://a.example/x.jpg");
	assert_int_equal(call(0)->call.max_body, 1000);
	assert_true(call(0)->call.public_only);
	assert_true(has_credentials(0));
	fake_http_answer(call(0), HTTP_ANSWERED, 200, "bytes");
	assert_int_equal(t.told, 1);
	assert_string_equal(t.bytes, "bytes");
}

static void http_fetch__refuses__what_is_not_https(void **state)
{
	static const char *const bad[] = {"http://a.example/x",
					  "local:/sandbox/api/phones",
					  "ftp://a.example/",
					  "file:///etc/passwd",
					  "",
					  "https://u@a.example/"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		t.told = 0;
		fetch(bad[i]);
		refused_without_asking(0);
	}
}

static void http_fetch__trusts__hosts_that_an_admin_named(void **state)
{
	(void)state;
	(void)fetch_as("http://upload.lan/x", false, "upload.lan");
	assert_false(call(0)->call.public_only);
	fake_http_answer(call(0), HTTP_ANSWERED, 200, "");
	assert_string_equal(t.bytes, "");
	t.told = 0;
	(void)fetch_as("http://127.0.0.1:8080/x", true, NULL);
	assert_false(call(1)->call.public_only);
	fake_http_answer(call(1), HTTP_ANSWERED, 200, "");
	t.told = 0;
	(void)fetch_as("local:/sandbox/media/1", true, NULL);
	assert_string_equal(call(2)->call.url, "local:/sandbox/media/1");
	fake_http_answer(call(2), HTTP_ANSWERED, 200, "");
	assert_int_equal(t.told, 1);
}

static void http_fetch__follows__a_redirect_without_credentials(void **state)
{
	(void)state;
	fetch("https://api.example/media/1");
	redirect(0, 307, "https://cdn.example/y?sig=1");
	assert_int_equal(t.told, 0);
	assert_string_equal(call(1)->call.url, "https://cdn.example/y?sig=1");
	assert_true(call(1)->call.public_only);
	assert_false(has_credentials(1));
	redirect(1, 302, "/z");
	assert_string_equal(call(2)->call.url, "https://cdn.example/z");
	assert_false(has_credentials(2));
	fake_http_answer(call(2), HTTP_ANSWERED, 200, "bytes");
	assert_string_equal(t.bytes, "bytes");
}

static void http_fetch__keeps__credentials_on_the_first_origin(void **state)
{
	(void)state;
	fetch("https://api.example/media/1");
	redirect(0, 301, "/media/2");
	assert_true(has_credentials(1));
	redirect(1, 302, "https://api.example:444/media/2");
	assert_false(has_credentials(2));
	fake_http_answer(call(2), HTTP_ANSWERED, 200, "");
}

/* What an admin named is the first address, and not where it sends us. */
static void http_fetch__looks_anew__at_each_redirect(void **state)
{
	static const char *const bad[] = {"http://127.0.0.1:8080/", "http://cdn.example/",
					  "local:/sandbox/api/phones", "file:///etc/passwd",
					  "https://u:p@cdn.example/"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		t.told = 0;
		(void)fetch_as("http://provider.lan/x", true, "upload.lan");
		redirect(i, 302, bad[i]);
		assert_int_equal(t.told, 1);
		assert_null(t.bytes);
		assert_false(t.again);
	}
	t.told = 0;
	(void)fetch_as("http://provider.lan/x", true, "upload.lan");
	redirect(5, 302, "https://127.0.0.1/");
	assert_true(call(6)->call.public_only); /* the client sees that it is near */
	redirect(6, 302, "http://upload.lan/y");
	assert_false(call(7)->call.public_only);
	redirect(7, 302, "http://provider.lan/y");
	assert_false(call(8)->call.public_only);
	assert_true(has_credentials(8));
	redirect(8, 302, "http://provider.lan/z");
	assert_string_equal(t.problem, "the server sends us on and on");
}

static void http_fetch__gives_up__without_a_usable_location(void **state)
{
	(void)state;
	fetch("https://a.example/x");
	redirect(0, 302, NULL);
	assert_int_equal(t.told, 1);
	assert_string_equal(t.problem, "the server sends us on to no usable address");
}

static void http_fetch__tells__whether_another_try_may_help(void **state)
{
	static const struct {
		int status;
		bool again;
	} rows[] = {{404, false}, {403, false}, {410, false}, {401, false}, {206, false},
		    {204, false}, {304, false}, {500, true},  {503, true},  {429, true}};
	struct http_answer barred = {.fate = HTTP_NOT_SENT, .barred = true, .problem = "near"};
	struct http_answer huge = {.fate = HTTP_LOST, .too_long = true, .problem = "long"};
	size_t i = 0;

	(void)state;
	for (; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fetch("https://a.example/x");
		fake_http_answer(call(i), HTTP_ANSWERED, rows[i].status, "page");
		assert_int_equal(t.told, 1);
		assert_null(t.bytes);
		assert_int_equal(t.again, rows[i].again);
		t.told = 0;
	}
	fetch("https://a.example/x");
	fake_http_answer(call(i), HTTP_NOT_SENT, 0, "");
	assert_true(t.again);
	assert_string_equal(t.problem, "nobody there");
	t.told = 0;
	fetch("https://a.example/x");
	answer(i + 1, &barred);
	assert_false(t.again);
	assert_string_equal(t.problem, "near");
	t.told = 0;
	fetch("https://a.example/x");
	answer(i + 2, &huge);
	assert_false(t.again);
	assert_string_equal(t.problem, "it is too large");
}

static void http_fetch__has_one_time__for_all_redirects(void **state)
{
	(void)state;
	fetch("https://a.example/x");
	assert_int_equal(call(0)->call.timeout_ms, 20000);
	fake_loop_advance(t.loop, 15000);
	redirect(0, 302, "/y");
	assert_int_equal(call(1)->call.timeout_ms, 5000);
	fake_loop_advance(t.loop, 6000);
	redirect(1, 302, "/z");
	assert_int_equal(call(2)->call.timeout_ms, 1);
	fake_http_answer(call(2), HTTP_LOST, 0, "");
}

static void http_fetch__ends__with_the_client(void **state)
{
	struct http_fetch *open = fetch_as("https://a.example/x", false, "upload.lan");
	struct http_fetch *refused = fetch_as("http://a.example/x", false, NULL);

	(void)state;
	http_client_free(t.client);
	t.client = NULL;
	http_fetch_free(open);
	http_fetch_free(refused);
	http_fetch_free(NULL);
	fake_loop_advance(t.loop, 0);
	assert_int_equal(t.told, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(http_fetch__gives__the_bytes),
		TEST(http_fetch__refuses__what_is_not_https),
		TEST(http_fetch__trusts__hosts_that_an_admin_named),
		TEST(http_fetch__follows__a_redirect_without_credentials),
		TEST(http_fetch__keeps__credentials_on_the_first_origin),
		TEST(http_fetch__looks_anew__at_each_redirect),
		TEST(http_fetch__gives_up__without_a_usable_location),
		TEST(http_fetch__tells__whether_another_try_may_help),
		TEST(http_fetch__has_one_time__for_all_redirects),
		TEST(http_fetch__ends__with_the_client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
