/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Characters that pass for Latin letters. */
#ifndef OPTOUT_LETTERS_H
#define OPTOUT_LETTERS_H

#include <stdint.h>

/* The small Latin letter that a letter of another alphabet, a small capital or a letter emoji looks
 * like, or NUL. */
char optout_look_alike(int32_t cp);

/* The letter that a digit or a sign stands for in "st0p" and "$top", or NUL. */
char optout_leet(int32_t cp);

#endif
