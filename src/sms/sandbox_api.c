/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What is reachable under /sandbox; see sandbox_phones.h. */
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "sms/sandbox_priv.h"

#include <string.h>
#include <strings.h>

#define PREFIX "/sandbox"
#define MEDIA "/media/" /* below public_url: our links to files (roomline/bridge.h) */
#define JSON_TYPE "application/json"
#define FILE_TYPE "application/octet-stream"
#define API_FILE "/api/file"

typedef void route_fn(struct sandbox_phones *box, struct http_exchange *exchange,
		      const struct http_request *request);

static void reply_error(struct http_exchange *exchange, int status, const char *why)
{
	STRBUF_AUTO(body);

	strbuf_adds(&body, "{\"error\":");
	json_add_text(&body, why);
	strbuf_addc(&body, '}');
	http_reply(exchange, status, JSON_TYPE, body.buf, body.len);
}

static void reply_json(struct http_exchange *exchange, int status, const struct strbuf *body)
{
	http_reply(exchange, status, JSON_TYPE, body->buf, body->len);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void add_phone(const struct sim_phone *phone, struct strbuf *out)
{
	const struct phone_text *last = TAILQ_LAST(&phone->texts, phone_texts);

	strbuf_adds(out, "{\"number\":");
	json_add_text(out, phone->number);
	strbuf_addf(out, ",\"received\":%llu,\"at\":%lld,\"seq\":%lld,\"last\":",
		    (unsigned long long)phone->received, last ? (long long)last->at : 0,
		    last ? (long long)last->seq : 0);
	json_add_text(out, last ? last->text : "");
	strbuf_addc(out, '}');
}

static void get_phones(struct sandbox_phones *box, struct http_exchange *exchange,
		       const struct http_request *request)
{
	const struct sim_phone *phone;
	STRBUF_AUTO(body);

	(void)request;
	strbuf_adds(&body, "{\"lines\":[");
	for (size_t i = 0; i < box->line_n; i++) {
		strbuf_adds(&body, i ? "," : "");
		json_add_text(&body, box->lines[i].number);
	}
	strbuf_adds(&body, "],\"phones\":[");
	TAILQ_FOREACH(phone, &box->store.phones, link)
	{
		strbuf_adds(&body, phone == TAILQ_FIRST(&box->store.phones) ? "" : ",");
		add_phone(phone, &body);
	}
	strbuf_adds(&body, "]}");
	reply_json(exchange, 200, &body);
}

static void add_text(const struct sim_phone *phone, const struct phone_text *text,
		     struct strbuf *out)
{
	strbuf_addf(out, "{\"direction\":\"%s\",\"seq\":%lld,\"at\":%lld,\"from\":",
		    text->out ? "out" : "in", (long long)text->seq, (long long)text->at);
	json_add_text(out, text->out ? phone->number : text->line);
	strbuf_adds(out, ",\"to\":");
	json_add_text(out, text->out ? text->line : phone->number);
	strbuf_adds(out, ",\"text\":");
	json_add_text(out, text->text);
	strbuf_addf(out, ",\"media\":%s,\"id\":", text->media);
	json_add_text(out, text->id);
	strbuf_adds(out, ",\"ref\":");
	json_add_text(out, text->ref);
	strbuf_addf(out, ",\"state\":\"%s\"}", text->state);
}

/* The number of ?after=, or 0. */
static int64_t read_after(const char *query)
{
	struct http_headers pairs = {0};
	const char *value = NULL;
	int64_t after = 0;

	if (http_form_parse(query, strlen(query), &pairs))
		value = http_headers_get(&pairs, "after");
	if (value)
		after = strtoll(value, NULL, 10);
	http_headers_release(&pairs);
	return after;
}

/* rest: "+15551230001/texts" */
static void get_texts(struct sandbox_phones *box, struct http_exchange *exchange,
		      const struct http_request *request, const char *rest)
{
	AUTO_FREE char *number = xstrndup(rest, strcspn(rest, "/"));
	const struct sim_phone *phone = phone_store_find(&box->store, number);
	int64_t after = read_after(request->query);
	const struct phone_text *text;
	STRBUF_AUTO(body);
	bool first = true;

	if (strcmp(rest + strlen(number), "/texts") != 0) {
		reply_error(exchange, 404, "there is nothing here");
		return;
	}
	strbuf_adds(&body, "{\"number\":");
	json_add_text(&body, number);
	strbuf_addf(&body, ",\"received\":%llu,\"texts\":[",
		    phone ? (unsigned long long)phone->received : 0);
	if (phone) {
		TAILQ_FOREACH(text, &phone->texts, link)
		{
			if (text->seq <= after)
				continue;
			strbuf_adds(&body, first ? "" : ",");
			add_text(phone, text, &body);
			first = false;
		}
	}
	strbuf_adds(&body, "]}");
	reply_json(exchange, 200, &body);
}

/* ---- changing -------------------------------------------------------------------------------- */

static void post_text(struct sandbox_phones *box, struct http_exchange *exchange,
		      const struct http_request *request)
{
	struct error err = {0};
	JSON_AUTO json = json_parse(request->body, request->body_len, JSON_DEPTH_MAX, &err);
	STRBUF_AUTO(body);
	STRBUF_AUTO(id);

	if (!json || carrier_text(box, json, &id, &err) < 0) {
		reply_error(exchange, err.kind == ERR_BUSY ? 503 : 400, err.text);
		return;
	}
	strbuf_adds(&body, "{\"id\":");
	json_add_text(&body, id.buf);
	strbuf_addc(&body, '}');
	reply_json(exchange, 202, &body);
}

/* A file that a phone is to send: its bytes are the whole body. */
static void post_file(struct sandbox_phones *box, struct http_exchange *exchange,
		      const struct http_request *request)
{
	const struct sim_file *file = file_store_add(&box->files, request->body, request->body_len);
	const char *base = settings_text(box->lines[0].account->set, "base_url");
	STRBUF_AUTO(body);
	STRBUF_AUTO(url);

	if (!file) {
		reply_error(exchange, 415, "this is no kind of file that phones can send");
		return;
	}
	strbuf_addf(&url, "%s/file/%s", base, file->id);
	strbuf_adds(&body, "{\"url\":");
	json_add_text(&body, url.buf);
	strbuf_addf(&body, ",\"type\":\"%s\",\"size\":%zu}", file->type->name, file->len);
	reply_json(exchange, 201, &body);
}

static void post_faults(struct sandbox_phones *box, struct http_exchange *exchange,
			const struct http_request *request)
{
	struct error err = {0};
	JSON_AUTO json = json_parse(request->body, request->body_len, JSON_DEPTH_MAX, &err);
	STRBUF_AUTO(words);
	STRBUF_AUTO(count);
	int64_t n = 1;

	(void)json_text(json, "fault", &words);
	if (json_text(json, "count", &count))
		n = strtoll(count.buf, NULL, 10);
	if (!json || carrier_order_fault(box, words.buf, n, &err) < 0)
		reply_error(exchange, 400, err.text);
	else
		http_reply(exchange, 200, JSON_TYPE, "{}", 2);
}

static void post_reset(struct sandbox_phones *box, struct http_exchange *exchange,
		       const struct http_request *request)
{
	(void)request;
	carrier_reset(box);
	http_reply(exchange, 200, JSON_TYPE, "{}", 2);
}

/* ---- routes ---------------------------------------------------------------------------------- */

static const struct {
	const char *method;
	const char *path;
	route_fn *run;
} routes[] = {
	{"GET", "/api/phones", get_phones}, {"POST", "/api/text", post_text},
	{"POST", API_FILE, post_file},      {"POST", "/api/faults", post_faults},
	{"POST", "/api/reset", post_reset}, {"POST", "/provider/send", carrier_send},
};

/* Neither is a type that another site's page could make a browser send. */
static bool is_typed_well(const struct http_request *request, const char *path)
{
	const char *wanted = strcmp(path, API_FILE) == 0 ? FILE_TYPE : JSON_TYPE;
	const char *type = http_headers_get(&request->headers, "Content-Type");

	return type && strncasecmp(type, wanted, strlen(wanted)) == 0;
}

/* Whoever has a text has the id, as with a carrier's media store. */
static void get_file(struct sandbox_phones *box, struct http_exchange *exchange, const char *id)
{
	const struct sim_file *file = file_store_find(&box->files, id);

	if (file)
		http_reply_file(exchange, file->type->name, file->type->file_name, file->bytes,
				file->len);
	else
		reply_error(exchange, 404, "there is nothing here");
}

static void on_request(struct http_exchange *exchange, const struct http_request *request,
		       void *arg)
{
	static const char phone[] = "/api/phone/";
	static const char carrier[] = "/provider/";
	static const char file[] = "/file/";
	struct sandbox_phones *box = arg;
	const char *path = request->path + strlen(PREFIX);
	const char *why;
	int refused = 0;

	if (strcmp(request->method, "GET") == 0 && strncmp(path, file, strlen(file)) == 0) {
		get_file(box, exchange, path + strlen(file));
		return;
	}
	/* The carrier's own door has the driver's check: other daemons come by it. */
	if (strncmp(path, carrier, strlen(carrier)) != 0)
		refused = access_check(box, request, &why);
	if (refused) {
		reply_error(exchange, refused, why);
		return;
	}
	if (strcmp(request->method, "POST") == 0 && !is_typed_well(request, path)) {
		reply_error(exchange, 415,
			    strcmp(path, API_FILE) == 0 ? "send it as Content-Type: " FILE_TYPE
							: "send it as Content-Type: " JSON_TYPE);
		return;
	}
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (strcmp(routes[i].method, request->method) == 0 &&
		    strcmp(routes[i].path, path) == 0) {
			routes[i].run(box, exchange, request);
			return;
		}
	}
	if (strcmp(request->method, "GET") == 0 && strncmp(path, phone, strlen(phone)) == 0)
		get_texts(box, exchange, request, path + strlen(phone));
	else if (strcmp(request->method, "GET") != 0 || !page_reply(exchange, path))
		reply_error(exchange, 404, "there is nothing here");
}

/* ---- life ------------------------------------------------------------------------------------ */

const char *line_key(const struct sim_line *line)
{
	return settings_text(line->account->set, "key");
}

/* Where hooks of an account are called, and its files fetched: by the local road when its carrier is
 * we ourselves. */
static void set_urls(struct sim_line *line, const char *public_url)
{
	const struct sms_account *account = line->account;
	bool local = strncmp(settings_text(account->set, "base_url"), "local:", 6) == 0;
	const char *path = account->hook_url;
	size_t len = strlen(public_url);
	STRBUF_AUTO(hook);
	STRBUF_AUTO(file);

	/* The last, as the public URL may have a path of its own. */
	for (const char *p = account->hook_url; (p = strstr(p, "/hook/")); p++)
		path = p;
	strbuf_addf(&hook, "%s%s", local ? "local:" : "", local ? path : account->hook_url);
	while (len > 0 && public_url[len - 1] == '/')
		len--;
	strbuf_add(&file, public_url, len);
	strbuf_adds(&file, MEDIA);
	line->call_url = strbuf_detach(&hook, NULL);
	line->file_url = strbuf_detach(&file, NULL);
	line->file_call_url = xstrdup(local ? "local:" MEDIA : line->file_url);
}

/* A stranger may not fill what only a file may. */
static size_t body_max(const struct http_request *head, void *arg)
{
	const char *why;

	if (strcmp(head->path, PREFIX API_FILE) != 0 || access_check(arg, head, &why) != 0)
		return HTTP_REQUEST_BODY_MAX;
	return FILE_MAX;
}

struct sandbox_phones *sandbox_phones_new(struct loop *loop, struct http_server *server,
					  struct http_client *client,
					  const struct sms_sender *senders, size_t sender_n,
					  const char *public_url)
{
	struct sandbox_phones *box = xcalloc(1, sizeof(*box));

	*box = (struct sandbox_phones){.loop = loop, .client = client};
	box->public_host = access_public_host(public_url);
	box->lines = xcalloc(sender_n, sizeof(*box->lines));
	for (size_t i = 0; i < sender_n; i++) {
		const struct sms_account *account = senders[i].account;
		struct sim_line *line = &box->lines[box->line_n];

		if (strcmp(account->driver->name, "sandbox") != 0)
			continue;
		(void)STR_COPY(line->number, senders[i].number.e164);
		line->account = account;
		set_urls(line, public_url);
		box->line_n++;
	}
	phone_store_init(&box->store);
	file_store_init(&box->files);
	LIST_INIT(&box->pictures);
	STAILQ_INIT(&box->orders);
	TAILQ_INIT(&box->jobs);
	if (box->line_n == 0) {
		sandbox_phones_free(box);
		return NULL;
	}
	http_server_route_large(server, PREFIX, on_request, body_max, box);
	return box;
}

void sandbox_phones_free(struct sandbox_phones *box)
{
	if (!box)
		return;
	carrier_reset(box);
	sim_jobs_end(box);
	sim_pictures_end(box);
	for (size_t i = 0; i < box->line_n; i++) {
		free(box->lines[i].call_url);
		free(box->lines[i].file_url);
		free(box->lines[i].file_call_url);
	}
	free(box->lines);
	free(box->public_host);
	free(box);
}
