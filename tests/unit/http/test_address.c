/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Which addresses are public. */
#include "http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

static bool is_public(const char *text)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct sockaddr_storage any = {0};

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
		memcpy(&any, &v4, sizeof(v4));
	} else {
		assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
		memcpy(&any, &v6, sizeof(v6));
	}
	return address_is_public((const struct sockaddr *)&any);
}

static void check(const char *const *list, bool wanted)
{
	for (; *list; list++) {
		if (is_public(*list) != wanted)
			fail_msg("%s is%s public", *list, wanted ? " not" : "");
	}
}

static void address_is_public__refuses__what_is_near(void **state)
{
	static const char *const list[] = {"0.0.0.0",         "0.1.2.3",
					   "10.0.0.1",        "10.255.255.255",
					   "100.64.0.1",      "100.127.255.254",
					   "127.0.0.1",       "127.255.255.254",
					   "169.254.0.1",     "169.254.169.254",
					   "172.16.0.1",      "172.31.255.255",
					   "192.0.0.8",       "192.0.2.1",
					   "192.88.99.1",     "192.168.0.1",
					   "192.168.255.255", "198.18.0.1",
					   "198.19.255.255",  "198.51.100.7",
					   "203.0.113.9",     "224.0.0.1",
					   "239.255.255.255", "240.0.0.1",
					   "255.255.255.255", NULL};

	(void)state;
	check(list, false);
}

static void address_is_public__takes__the_rest_of_ipv4(void **state)
{
	static const char *const list[] = {"1.1.1.1",
					   "8.8.8.8",
					   "9.255.255.255",
					   "11.0.0.0",
					   "100.63.255.255",
					   "100.128.0.0",
					   "126.255.0.1",
					   "128.0.0.1",
					   "169.253.0.1",
					   "169.255.0.1",
					   "172.15.0.1",
					   "172.32.0.1",
					   "192.0.1.1",
					   "192.0.3.1",
					   "192.167.0.1",
					   "192.169.0.1",
					   "198.17.0.1",
					   "198.20.0.1",
					   "203.0.112.1",
					   "203.0.114.1",
					   "223.0.0.1",
					   "198.51.101.1",
					   NULL};

	(void)state;
	check(list, true);
}

static void address_is_public__takes__only_what_is_given_out_of_ipv6(void **state)
{
	static const char *const near[] = {
		"::",          "::1",         "fe80::1",     "febf::1",          "fec0::1",
		"fc00::1",     "fd12:3456::", "ff02::1",     "100::1",           "2001:db8::1",
		"2001::1",     "2001:2::1",   "2001:1ff::1", "3fff::1",          "4000::1",
		"64:ff9b:1::", "5f00::1",     "::8.8.8.8",   "::ffff:0:8.8.8.8", NULL};
	static const char *const far[] = {"2606:4700::1111", "2a00:1450::1", "2001:4860::8888",
					  "2001:200::1",     "3ffe::1",      NULL};

	(void)state;
	check(near, false);
	check(far, true);
}

static void address_is_public__looks__into_ipv6_that_means_ipv4(void **state)
{
	static const char *const near[] = {"::ffff:127.0.0.1",       "::ffff:10.1.2.3",
					   "::ffff:169.254.169.254", "64:ff9b::7f00:1",
					   "64:ff9b::10.0.0.1",      "64:ff9b::a9fe:a9fe",
					   "2002:7f00:1::",          "2002:c0a8:101::1",
					   "2002:a00:1::",           NULL};
	static const char *const far[] = {"::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1",
					  NULL};

	(void)state;
	check(near, false);
	check(far, true);
}

static void address_is_public__refuses__other_families(void **state)
{
	struct sockaddr_un local = {.sun_family = AF_UNIX};

	(void)state;
	assert_false(address_is_public((const struct sockaddr *)&local));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_is_public__refuses__what_is_near),
		cmocka_unit_test(address_is_public__takes__the_rest_of_ipv4),
		cmocka_unit_test(address_is_public__takes__only_what_is_given_out_of_ipv6),
		cmocka_unit_test(address_is_public__looks__into_ipv6_that_means_ipv4),
		cmocka_unit_test(address_is_public__refuses__other_families),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
