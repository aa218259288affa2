/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A bridge that only writes down what a chat network tells it. A test includes
 * "fakes/fake_bridge.c" (not this header), so that the linker takes these functions and leaves
 * src/bridge in the archive.
 *
 * What it is to remember it remembers, as if all were on disk at once; between fake_bridge_batch()
 * and fake_bridge_commit() who asked to be told of the commit waits.
 *
 * Each call becomes one line of fields with a tab between them; tabs, line feeds and backslashes in
 * a field are written \t \n \\:
 *
 *   up                              down WHY
 *   ready PLACE ADDRESS             lost PLACE WHY
 *   done RELAY EVENT                failed RELAY WHY
 *   joined PLACE USER               left PLACE USER
 *   said KIND PLACE USER ORGANIZER WHAT TEXT EVENT TARGET AT
 *   alert TEXT                      broken WHAT WHY
 *   keep KEY VALUE                  quarantine WHAT BYTES
 *
 * KIND is conversation, control or direct; WHAT is text, edit, encrypted, reaction, retracted, file
 * or other; ORGANIZER is 0 or 1. What is said too late has one more field, "stale"; what has a file,
 * one with its reference. WHAT of broken is server, secret, name or road.
 *
 * Who asks for a file's bytes waits until fake_bridge_bytes() gives some to all.
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

/* What bridge_place_find() and bridge_chat_knows() know. */
void fake_bridge_place(struct bridge *bridge, enum place_kind kind, const char *address,
		       struct place_id id);
void fake_bridge_user(struct bridge *bridge, const char *user);
/* That event was told in that place. */
void fake_bridge_event(struct bridge *bridge, const char *event_id, struct place_id place);
/* Of the last that was said; "" when nothing was. */
const char *fake_bridge_address(const struct bridge *bridge);
/* The value of a key, "" when there is none. */
const char *fake_bridge_memory(const struct bridge *bridge, const char *key);
/* From now on those of bridge_after_commit() wait. */
void fake_bridge_batch(struct bridge *bridge);
/* Ends that, and tells them. */
void fake_bridge_commit(struct bridge *bridge, bool committed);
void fake_bridge_bytes(struct bridge *bridge, const struct chat_bytes *bytes);
/* Whether what can fail (said, keep, quarantine) fails: writes nothing down and returns -1. */
void fake_bridge_fail(struct bridge *bridge, bool fail);

#endif
