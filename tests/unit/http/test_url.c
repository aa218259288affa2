/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Addresses that strangers name. */
#include "http/url.h"

#include "base/xalloc.h"
#include "roomline/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void split_to(const char *url, bool tls, const char *host, int port)
{
	struct http_url out;

	if (!http_url_split(url, &out))
		fail_msg("%s is refused", url);
	assert_int_equal(out.tls, tls);
	assert_string_equal(out.host, host);
	assert_int_equal(out.port, port);
}

static void http_url_split__reads__plain_addresses(void **state)
{
	(void)state;
	split_to("https://Upload.Example.org/a/b.jpg?x=1#y", true, "upload.example.org", 443);
	split_to("http://127.0.0.1:8080", false, "127.0.0.1", 8080);
	split_to("HTTPS://[2001:DB8::1]:5281/x", true, "2001:db8::1", 5281);
	split_to("https://a?b", true, "a", 443);
	split_to("https://a.example/@b:c", true, "a.example", 443);
}

static void http_url_split__refuses__what_has_two_readings(void **state)
{
	static const char *const bad[] = {
		"",
		"ftp://a/b",
		"local:/sandbox",
		"https:/a",
		"https://",
		"https:///a",
		"https://user@a/b",
		"https://user:pw@a/b",
		"https://a\\@b/",
		"https://a/\\b",
		"https://a b/",
		"https://a/b c",
		"https://a/b\n",
		"https://a/\xC3\xA9",
		"https://\xC3\xA9/",
		"https://a%2eb/",
		"https://a:/",
		"https://a:x/",
		"https://a:0/",
		"https://a:65536/",
		"https://a:80:80/",
		"https://[::1/",
		"https://[::1]x/",
		"https://[v1.x]/",
		"https://a,b/",
		"https://a;b/",
	};
	struct http_url out;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (http_url_split(bad[i], &out))
			fail_msg("“%s” is taken as %s", bad[i], out.host);
	}
}

static void http_url_split__caps__what_it_takes(void **state)
{
	AUTO_FREE char *host = xmalloc(URL_MAX + 100);
	struct http_url out;

	(void)state;
	memcpy(host, "https://", 8);
	memset(host + 8, 'a', URL_HOST_MAX);
	host[8 + URL_HOST_MAX] = '\0';
	assert_false(http_url_split(host, &out));
	host[8 + URL_HOST_MAX - 1] = '\0';
	assert_true(http_url_split(host, &out));
	memset(host, 'a', URL_MAX + 99);
	memcpy(host, "https://a/", 10);
	host[URL_MAX + 1] = '\0';
	assert_false(http_url_split(host, &out));
	host[URL_MAX] = '\0';
	assert_true(http_url_split(host, &out));
}

static void http_same_origin__compares__scheme_host_and_port(void **state)
{
	(void)state;
	assert_true(http_same_origin("https://a/x", "https://A:443/y?z"));
	assert_false(http_same_origin("https://a/x", "http://a/x"));
	assert_false(http_same_origin("https://a/x", "https://a:444/x"));
	assert_false(http_same_origin("https://a/x", "https://a.b/x"));
	assert_false(http_same_origin("https://a/x", "https://a@b/x"));
	assert_false(http_same_origin("", ""));
}

static bool named(const char *url, const char *host)
{
	struct http_url split;

	assert_true(http_url_split(url, &split));
	return http_url_is_of(&split, &host, 1);
}

static void http_url_is_of__knows__what_an_admin_named(void **state)
{
	(void)state;
	assert_true(named("http://127.0.0.1:5280/x", "127.0.0.1:5280"));
	assert_true(named("http://127.0.0.1:5280/x", "127.0.0.1"));
	assert_true(named("https://upload.LAN/x", "Upload.lan"));
	assert_true(named("https://upload.lan/x", "upload.lan:443"));
	assert_true(named("http://[::1]:80/x", "[::1]"));
	assert_true(named("http://[::1]:81/x", "[::1]:81"));
	assert_false(named("http://[::1]:80/x", "[::1]:81"));
	assert_false(named("http://127.0.0.1:5280/x", "127.0.0.1:5281"));
	assert_false(named("http://127.0.0.1:5280/x", "127.0.0.1:"));
	assert_false(named("http://127.0.0.10/x", "127.0.0.1"));
	assert_false(named("http://a.upload.lan/x", "upload.lan"));
	assert_false(named("http://upload.lan/x", ""));
	assert_false(named("http://upload.lan/x", "user@upload.lan"));
}

static void join_to(const char *base, const char *reference, const char *wanted)
{
	STRBUF_AUTO(out);
	bool ok = http_url_join(base, reference, &out);

	if (!wanted) {
		if (ok)
			fail_msg("%s from %s leads to %s", reference, base, out.buf);
		return;
	}
	assert_true(ok);
	assert_string_equal(out.buf, wanted);
}

static void http_url_join__leads__where_a_redirect_says(void **state)
{
	static const char base[] = "https://a.example:444/x/y.jpg?q=/#f";

	(void)state;
	join_to(base, "http://b.example/z", "http://b.example/z");
	join_to(base, "//b.example/z", "https://b.example/z");
	join_to(base, "/z", "https://a.example:444/z");
	join_to(base, "z", "https://a.example:444/x/z");
	join_to(base, "z:9/w", NULL);
	join_to(base, "./z:9", "https://a.example:444/x/./z:9");
	join_to(base, "?p", "https://a.example:444/x/y.jpg?p");
	join_to(base, "", "https://a.example:444/x/y.jpg");
	join_to("https://a.example", "z", "https://a.example/z");
	join_to(base, "file:///etc/passwd", NULL);
	join_to(base, "local:/sandbox", NULL);
	join_to(base, "gopher://b", NULL);
	join_to(base, "https://u@b.example/", NULL);
	join_to(base, "//u@b.example/", NULL);
	join_to(base, "/\\b", NULL);
	join_to(base, "\\\\b.example\\", NULL);
	join_to("ftp://a", "/z", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(http_url_split__reads__plain_addresses),
		cmocka_unit_test(http_url_split__refuses__what_has_two_readings),
		cmocka_unit_test(http_url_split__caps__what_it_takes),
		cmocka_unit_test(http_same_origin__compares__scheme_host_and_port),
		cmocka_unit_test(http_url_is_of__knows__what_an_admin_named),
		cmocka_unit_test(http_url_join__leads__where_a_redirect_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
