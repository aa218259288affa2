/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a text holds that its sender did not write: reactions that quote our text, verbatim runs of
 * our last text, and the lines that mail programs and message effects append. They are cut, because
 * our own texts say "Reply STOP to opt out".
 */
#ifndef OPTOUT_QUOTES_H
#define OPTOUT_QUOTES_H

#include "base/strbuf.h"

#include <stdbool.h>

enum optout_reaction {
	REACTION_NONE,
	REACTION_ANY,  /* liked, laughed at, removed a heart from ... */
	REACTION_STOP, /* a stop sign, a raised hand, no entry */
};

/* All work in place on plain text (optout_plain). */

/* Recognises a reaction and leaves only what follows the quote. */
enum optout_reaction optout_cut_reaction(struct strbuf *plain);

/* Cuts every run of at least 20 bytes that also stands in ours (plain as well, may be empty);
 * returns whether something was cut. */
bool optout_cut_own(struct strbuf *plain, const struct strbuf *ours);

/* "Sent from my iPhone", "(sent with Loud effect)". */
void optout_cut_trailers(struct strbuf *plain);

#endif
