/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Letters, marks, digits and a little punctuation pass; everything else becomes a blank. That is
 * stricter than resourceprep (RFC 3920 appendix B), which servers apply: some names still fail
 * there (both directions of writing in one name, letters newer than Unicode 3.2). The caller then
 * takes the fallback; knowing all of stringprep here would be a second copy of the server.
 */
#include "chat/xmpp/xmpp_nick.h"

#include "base/utf8.h"

#include <string.h>
#include <utf8proc.h>

static bool is_word(int32_t cp)
{
	utf8proc_category_t category = utf8proc_category(cp);

	return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
	       category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
	       category == UTF8PROC_CATEGORY_ND;
}

static bool is_punctuation(int32_t cp)
{
	return cp == '.' || cp == '\'' || cp == '-' || cp == 0x2019;
}

static void filter(struct strbuf *out, const char *name)
{
	const char *end = name + strlen(name);
	bool gap = false;
	bool any_word = false;
	int32_t cp;

	while (name < end) {
		struct strbuf one = STRBUF_INIT;
		bool word;

		name += utf8_decode(name, end, &cp);
		word = is_word(cp);
		if (!word && !is_punctuation(cp)) {
			gap = true;
			continue;
		}
		if (gap && out->len > 0)
			strbuf_addc(&one, ' ');
		utf8_encode(&one, cp);
		if (out->len + one.len > NICK_BYTES_MAX)
			name = end;
		else
			strbuf_add(out, one.buf, one.len);
		strbuf_release(&one);
		gap = false;
		any_word |= word;
	}
	if (!any_word)
		strbuf_reset(out);
}

void nick_make(struct strbuf *out, const char *name, const char *fallback, unsigned attempt)
{
	STRBUF_AUTO(nick);

	filter(&nick, name);
	strbuf_adds(out, nick.len > 0 ? nick.buf : fallback);
	if (attempt > 0)
		strbuf_addf(out, " %u", attempt + 1);
}
