/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Whether an address is public; see address.h. IPv4 by a table of what is not; IPv6 the other way
 * round, as only 2000::/3 is given out, less what in it is special or holds an IPv4 address.
 */
#include "http/address.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static bool is_public_v4(uint32_t address)
{
	static const struct {
		uint32_t net;
		unsigned bits;
	} special[] = {
		{0x00000000, 8},  /* this network */
		{0x0A000000, 8},  /* private */
		{0x64400000, 10}, /* carriers' NAT */
		{0x7F000000, 8},  /* loopback */
		{0xA9FE0000, 16}, /* link-local, and clouds' metadata */
		{0xAC100000, 12}, /* private */
		{0xC0000000, 24}, /* protocol assignments */
		{0xC0000200, 24}, /* examples */
		{0xC0586300, 24}, /* 6to4 relays */
		{0xC0A80000, 16}, /* private */
		{0xC6120000, 15}, /* benchmarks */
		{0xC6336400, 24}, /* examples */
		{0xCB007100, 24}, /* examples */
		{0xE0000000, 3},  /* multicast, reserved, broadcast */
	};

	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
		if ((address ^ special[i].net) >> (32 - special[i].bits) == 0)
			return false;
	}
	return true;
}

static bool has_prefix(const uint8_t *address, const char *prefix, size_t len)
{
	return memcmp(address, prefix, len) == 0;
}

static uint32_t v4_at(const uint8_t *address, size_t at)
{
	return (uint32_t)address[at] << 24 | (uint32_t)address[at + 1] << 16 |
	       (uint32_t)address[at + 2] << 8 | address[at + 3];
}

static bool is_public_v6(const uint8_t *a)
{
	static const char mapped[12] = "\0\0\0\0\0\0\0\0\0\0\xFF\xFF";
	static const char nat64[12] = "\0\x64\xFF\x9B\0\0\0\0\0\0\0";

	/* These are ways to write an IPv4 address, which decides. */
	if (has_prefix(a, mapped, sizeof(mapped)) || has_prefix(a, nat64, sizeof(nat64)))
		return is_public_v4(v4_at(a, 12));
	if (has_prefix(a, "\x20\x02", 2)) /* 6to4 */
		return is_public_v4(v4_at(a, 2));
	if ((a[0] & 0xE0) != 0x20)
		return false;
	return !has_prefix(a, "\x20\x01\x0D\xB8", 4) && /* examples */
	       !has_prefix(a, "\x3F\xFF", 2) &&         /* examples */
	       /* Teredo, benchmarks and other protocols */
	       !(has_prefix(a, "\x20\x01", 2) && (a[2] & 0xFE) == 0);
}

bool address_is_public(const struct sockaddr *address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	switch (address->sa_family) {
	case AF_INET:
		memcpy(&v4, address, sizeof(v4));
		return is_public_v4(ntohl(v4.sin_addr.s_addr));
	case AF_INET6:
		memcpy(&v6, address, sizeof(v6));
		return is_public_v6(v6.sin6_addr.s6_addr);
	default:
		return false;
	}
}
