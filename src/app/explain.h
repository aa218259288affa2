/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * `roomline explain`: shows how a text, a number or a hook is read, without a database or a
 * network, so that an admin can ask before trusting, and tests can ask what the daemon would do.
 */
#ifndef EXPLAIN_H
#define EXPLAIN_H

/* argv[0] is "explain". Returns the exit code: 0, 1 (input or output failed), 2 (bad usage). */
int explain_main(int argc, char **argv);

#endif
