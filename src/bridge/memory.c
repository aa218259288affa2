/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the chat networks ask the bridge to remember for them, so that it is in the same batch as
 * what was said before it: values of their own, and bytes that nobody could understand.
 */
#include "bridge/bridge_priv.h"

#include "base/log.h"
#include "base/strbuf.h"

/* Values of the bridge itself have no dot in their key. */
static void memory_key(struct strbuf *out, const char *network, const char *key)
{
	strbuf_addf(out, "%s.%s", network, key);
}

int bridge_chat_keep(struct bridge *bridge, const char *network, const char *key, const char *value)
{
	STRBUF_AUTO(name);
	struct error err = {0};
	int rc = store_step_begin(bridge->store, &err);

	memory_key(&name, network, key);
	if (rc == 0) {
		rc = value[0] ? store_set_value(bridge->store, name.buf, value, &err)
			      : store_forget_value(bridge->store, name.buf, &err);
		if (store_step_end(bridge->store, rc == 0, &err) < 0)
			rc = -1;
	}
	if (rc < 0)
		log_error("chat.not_kept network=%s key=%s why=%s", network, log_quote(key),
			  log_quote(err.text));
	return rc;
}

void bridge_chat_kept(struct bridge *bridge, const char *network, const char *key, char *out,
		      size_t size)
{
	STRBUF_AUTO(name);
	struct error err = {0};

	memory_key(&name, network, key);
	if (store_get_value(bridge->store, name.buf, out, size, &err) == 0)
		return;
	out[0] = '\0';
	log_error("chat.not_known network=%s key=%s why=%s", network, log_quote(key),
		  log_quote(err.text));
}

int bridge_chat_quarantine(struct bridge *bridge, const char *network, const char *what,
			   const char *bytes, size_t len)
{
	struct error err = {0};
	int rc = store_step_begin(bridge->store, &err);

	if (rc == 0) {
		rc = store_quarantine_add(bridge->store, network, what, bytes, len,
					  bridge_now(bridge), &err);
		if (rc == 0)
			rc = relay_alert(bridge, &err,
					 "⚠ The %s server sent something I cannot read (%s). It "
					 "was put aside in the table quarantine of the database; "
					 "what people wrote in it was not texted.",
					 network, what);
		if (store_step_end(bridge->store, rc == 0, &err) < 0)
			rc = -1;
	}
	if (rc < 0)
		log_error("chat.not_put_aside network=%s why=%s", network, log_quote(err.text));
	else
		log_warn("chat.put_aside network=%s what=%s bytes=%zu", network, log_quote(what),
			 len);
	return rc;
}

void bridge_chat_alert(struct bridge *bridge, const char *network, const char *text)
{
	struct error err = {0};
	int rc = store_step_begin(bridge->store, &err);

	log_warn("chat.alert network=%s text=%s", network, log_quote(text));
	if (rc == 0) {
		rc = relay_alert(bridge, &err, "⚠ %s", text);
		if (store_step_end(bridge->store, rc == 0, &err) < 0)
			rc = -1;
	}
	if (rc < 0)
		log_error("chat.not_alerted network=%s why=%s", network, log_quote(err.text));
}

void bridge_after_commit(struct bridge *bridge, void (*fn)(bool committed, void *arg), void *arg)
{
	store_after_commit(bridge->store, fn, arg);
}
