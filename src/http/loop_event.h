/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The one thing server.c needs from the loop beyond roomline/loop.h: the libevent base that evhttp
 * lives on. Implemented beside the loop (src/app/loop.c).
 */
#ifndef LOOP_EVENT_H
#define LOOP_EVENT_H

struct loop;
struct event_base;

struct event_base *loop_event_base(struct loop *loop); /* borrowed */

#endif
