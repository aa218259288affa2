/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* JSON as text: cJSON would write the same, but checks nothing that json_add_text() does. */
#include "chat/matrix/matrix_put.h"

#include "base/json.h"

#include <string.h>

static void put_name(struct strbuf *out, const char *name)
{
	/* What ends in one of these outside of quotes has no member yet. */
	if (out->len > 0 && !strchr("{[", out->buf[out->len - 1]))
		strbuf_addc(out, ',');
	if (!name)
		return;
	json_add_text(out, name);
	strbuf_addc(out, ':');
}

void mx_put_open(struct strbuf *out, const char *name, char bracket)
{
	put_name(out, name);
	strbuf_addc(out, bracket);
}

void mx_put_text(struct strbuf *out, const char *name, const char *value)
{
	put_name(out, name);
	json_add_text(out, value);
}

void mx_put_number(struct strbuf *out, const char *name, int value)
{
	put_name(out, name);
	strbuf_addf(out, "%d", value);
}

void mx_put_bool(struct strbuf *out, const char *name, bool value)
{
	put_name(out, name);
	strbuf_adds(out, value ? "true" : "false");
}
