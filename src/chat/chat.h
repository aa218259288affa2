/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The networks there are. Only the registry (chat.c) and the folder of each need to know. */
#ifndef CHAT_H
#define CHAT_H

#include "roomline/chat.h"

extern const struct chat_network chat_xmpp;
extern const struct chat_network chat_matrix;
extern const struct chat_network chat_null;

#endif
