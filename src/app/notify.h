/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Telling systemd how we are (sd_notify(3)), by hand: it is one datagram. */
#ifndef NOTIFY_H
#define NOTIFY_H

void notify_send(const char *state); /* "READY=1"; nothing happens where nobody listens */

#endif
