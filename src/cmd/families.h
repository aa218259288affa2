/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The command families: each a table that ends with a NULL name. A new family is named here and in
 * cmd.c's list. */
#ifndef FAMILIES_H
#define FAMILIES_H

#include "roomline/cmd.h"

extern const struct cmd cmds_help[];
extern const struct cmd cmds_conversation[];
extern const struct cmd cmds_consent[];
extern const struct cmd cmds_control[];
extern const struct cmd cmds_stuck[];

#endif
