/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A bridge that only writes down what a chat network tells it. A test includes
 * "fakes/fake_bridge.c" (not this header), so that the linker takes these functions and leaves
 * src/bridge in the archive.
 *
 * Each call becomes one line of fields with a tab between them; tabs, line feeds and backslashes in
 * a field are written \t \n \\:
 *
 *   up                              down WHY
 *   ready PLACE ADDRESS             lost PLACE WHY
 *   done RELAY EVENT                failed RELAY WHY
 *   joined PLACE USER               left PLACE USER
 *   said KIND PLACE USER ORGANIZER WHAT TEXT EVENT TARGET AT
 *
 * KIND is conversation, control or direct; WHAT is text, edit, encrypted, reaction, retracted, file
 * or other; ORGANIZER is 0 or 1.
 */
#ifndef FAKE_BRIDGE_H
#define FAKE_BRIDGE_H

#include "roomline/chat.h"

/* told is called with each line, may be NULL. */
struct bridge *fake_bridge_new(void (*told)(const char *line, void *arg), void *arg);
void fake_bridge_free(struct bridge *bridge);
/* How many lines there were, and one of them. */
size_t fake_bridge_n(const struct bridge *bridge);
const char *fake_bridge_line(const struct bridge *bridge, size_t i);
void fake_bridge_clear(struct bridge *bridge);

#endif
