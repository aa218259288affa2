/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Whether an address belongs to the public internet. Who names a picture's address must not make us
 * ask our own machine, our neighbours or a cloud's metadata service. Sources: the IANA special
 * purpose registries (RFC 6890 and what came after), RFC 4291, 6052, 6598, 8215.
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

bool address_is_public(const struct sockaddr *address);

#endif
