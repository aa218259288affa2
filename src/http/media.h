/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Files by signed links: GET and HEAD of MEDIA_PATH and what bridge_media_open() takes. 403 for a
 * link that is not ours, 410 for one that has ended, 404 for none, 502 when the file cannot be had,
 * 503 when too many are under way.
 *
 * The bytes pass through memory and no disk. What peers have not taken yet is capped over all of
 * them, so that slow ones cannot fill it.
 */
#ifndef HTTP_MEDIA_H
#define HTTP_MEDIA_H

#include "roomline/bridge.h"

struct media_door;
struct media_door *media_door_new(struct loop *loop, struct http_server *server,
				  struct bridge *bridge);
/* After the last request can come, and before the bridge goes. */
void media_door_free(struct media_door *door);

#endif
