/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the system says about an errno, in words. strerror() itself may be shared between the
 * threads that libcurl resolves names in. */
#ifndef OS_ERROR_H
#define OS_ERROR_H

const char *os_error(int number); /* valid until the next call */

#endif
