/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The simulated carrier: takes texts from the driver, reports on them, and hands over what phones
 * text. It only ever calls hook URLs of accounts it was given: who reaches /sandbox/ must not be
 * able to make it call anything else.
 */
#include "base/hmac.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "core/gsm7.h"
#include "sms/sandbox.h"
#include "sms/sandbox_priv.h"

#include <ctype.h>
#include <string.h>

#define JOBS_MAX 20000
#define JOBS_PER_TEXT 8 /* at most */
#define ORDERS_MAX 100
#define ORDER_COUNT_MAX 1000000
#define TEXT_CHARS_MAX 1600

#define SENT_AFTER_MS 100
#define FINAL_AFTER_MS 300
#define DUPLICATE_AFTER_MS 50
#define ANSWER_LATE_MS 300
#define SENT_AFTER_ANSWER_MS 600
#define NO_ANSWER_MS 60000 /* longer than anybody waits */

#define NO_FILE "63019" /* Twilio's code for one that could not be fetched */

/* ---- reading --------------------------------------------------------------------------------- */

/* A number without what people write between its digits; "" when there is none or it is odd. */
static void read_number(const struct cJSON *json, const char *path, char out[NUMBER_MAX])
{
	STRBUF_AUTO(raw);
	STRBUF_AUTO(kept);

	out[0] = '\0';
	(void)json_text(json, path, &raw);
	for (const char *p = raw.buf; *p; p++) {
		if (!strchr(" -().", *p))
			strbuf_addc(&kept, *p);
		if (!strchr(" -().+", *p) && !isalnum((unsigned char)*p))
			return;
	}
	if (kept.len < NUMBER_MAX)
		(void)str_copy(out, NUMBER_MAX, kept.buf);
}

static char *read_media(const struct cJSON *json)
{
	const struct cJSON *found[SMS_MEDIA_MAX];
	size_t n = json_find(json, "media.*", found, SMS_MEDIA_MAX);
	STRBUF_AUTO(list);

	strbuf_addc(&list, '[');
	for (size_t i = 0; i < n; i++) {
		STRBUF_AUTO(url);

		if (!json_text(found[i], "", &url))
			continue;
		if (list.len > 1)
			strbuf_addc(&list, ',');
		json_add_text(&list, url.buf);
	}
	strbuf_addc(&list, ']');
	return strbuf_detach(&list, NULL);
}

static const struct sim_line *find_line(const struct sandbox_phones *box, const char *number)
{
	for (size_t i = 0; i < box->line_n; i++) {
		if (strcmp(box->lines[i].number, number) == 0)
			return &box->lines[i];
	}
	return NULL;
}

/* ---- a text to a phone ----------------------------------------------------------------------- */

/* A send, until its phone has it. */
struct sim_send {
	struct sandbox_phones *box;
	struct http_exchange *exchange; /* until it is answered */
	const struct sim_line *line;
	char from[NUMBER_MAX];
	char to[NUMBER_MAX];
	char ref[TOKEN_MAX];
	char id[SMS_EXT_ID_MAX];
	struct strbuf text;
	char *media;
	char *report_url;
	int64_t seq; /* 0: the phone did not get it */
	struct fault fault;
};

static void send_free(void *arg)
{
	struct sim_send *send = arg;

	strbuf_release(&send->text);
	free(send->media);
	free(send->report_url);
	free(send);
}

static void refuse(const struct sim_send *send, int status, const char *code)
{
	STRBUF_AUTO(body);

	strbuf_addc(&body, '{');
	if (code[0])
		sandbox_add_member(&body, "code", code);
	strbuf_addc(&body, '}');
	http_reply(send->exchange, status, "application/json", body.buf, body.len);
}

/* NULL when it may send; else the code of what is wrong, with its HTTP status. */
static const char *check_send(struct sim_send *send, const struct cJSON *json,
			      const struct http_request *request, int *status_out)
{
	const char *authorization = http_headers_get(&request->headers, "Authorization");
	const char *hook_url;
	const char *key;
	STRBUF_AUTO(status_url);
	STRBUF_AUTO(bearer);
	size_t hook_len;

	*status_out = 400;
	if (!send->line)
		return "21606";
	key = line_key(send->line);
	if (key) {
		strbuf_addf(&bearer, "Bearer %s", key);
		*status_out = 401;
		if (!authorization || !secret_equals(authorization, bearer.buf))
			return "20003";
		*status_out = 400;
	}
	if (send->to[0] != '+' || strlen(send->to) < 8)
		return "21211";
	if (send->text.len == 0 && strcmp(send->media, "[]") == 0)
		return "21602";
	if (utf8_count(send->text.buf, send->text.len) > TEXT_CHARS_MAX)
		return "21617";
	hook_url = send->line->account->hook_url;
	hook_len = strlen(hook_url);
	(void)json_text(json, "status_url", &status_url);
	if (strncmp(status_url.buf, hook_url, hook_len) != 0 || status_url.buf[hook_len] != '/')
		return "21609";
	strbuf_reset(&bearer);
	strbuf_addf(&bearer, "%s%s", send->line->call_url, status_url.buf + hook_len);
	send->report_url = strbuf_detach(&bearer, NULL);
	return NULL;
}

static void add_to_phone(struct sim_send *send)
{
	struct phone_text text = {.at = loop_now(send->box->loop),
				  .text = xstrdup(send->text.buf),
				  .state = "received"};

	text.media = xstrdup(send->media);
	(void)STR_COPY(text.line, send->from);
	(void)STR_COPY(text.id, send->id);
	(void)STR_COPY(text.ref, send->ref);
	send->seq = phone_store_add(&send->box->store, send->to, &text);
}

static void answer_taken(struct sim_send *send)
{
	struct segment_count count;
	struct sim_job *job;
	STRBUF_AUTO(body);

	gsm7_count(send->text.buf, send->text.len, &count);
	strbuf_addc(&body, '{');
	sandbox_add_member(&body, "id", send->id);
	strbuf_addf(&body, ",\"segments\":%d}", count.segments);
	if (send->fault.lost_answer)
		strbuf_truncate(&body, body.len / 2);
	if (!send->fault.no_answer && !send->fault.out_of_order) {
		http_reply(send->exchange, 202, "application/json", body.buf, body.len);
		return;
	}
	job = sim_job_new(send->box, strbuf_detach(&body, NULL));
	job->exchange = send->exchange;
	job->status = send->fault.no_answer ? 504 : 202;
	sim_job_start_answer(job, send->fault.no_answer ? NO_ANSWER_MS : ANSWER_LATE_MS);
}

static void add_report(const struct sim_send *send, const char *status, int64_t after_ms)
{
	int times = send->fault.duplicate ? 2 : 1;

	for (int i = 0; i < times; i++) {
		STRBUF_AUTO(body);
		struct sim_job *job;

		strbuf_addc(&body, '{');
		sandbox_add_member(&body, "type", "report");
		sandbox_add_member(&body, "id", send->id);
		sandbox_add_member(&body, "ref", send->ref);
		sandbox_add_member(&body, "from", send->from);
		sandbox_add_member(&body, "to", send->to);
		sandbox_add_member(&body, "status", status);
		sandbox_add_member(&body, "code", send->fault.error);
		strbuf_addc(&body, '}');
		job = sim_job_new(send->box, strbuf_detach(&body, NULL));
		job->url = xstrdup(send->report_url);
		job->line = send->line;
		(void)STR_COPY(job->phone, send->to);
		job->seq = send->seq;
		(void)STR_COPY(job->state, status);
		sim_job_start_hook(job, after_ms + (int64_t)i * DUPLICATE_AFTER_MS);
	}
}

static void add_reports(const struct sim_send *send)
{
	const struct fault *fault = &send->fault;
	int64_t late = (int64_t)fault->late_s * 1000;

	if (fault->no_report)
		return;
	if (fault->error[0]) {
		add_report(send, "failed", late + FINAL_AFTER_MS);
	} else if (fault->out_of_order) {
		add_report(send, "delivered", late);
		add_report(send, "sent", late + SENT_AFTER_ANSWER_MS);
	} else {
		add_report(send, "sent", late + SENT_AFTER_MS);
		add_report(send, "delivered", late + FINAL_AFTER_MS);
	}
}

/* What the text, the numbers and the first order of the API ask for. */
static void collect_faults(struct sim_send *send)
{
	struct fault_order *order = STAILQ_FIRST(&send->box->orders);

	(void)fault_read(send->text.buf, &send->fault);
	fault_of_numbers(send->from, send->to, &send->fault);
	if (!order)
		return;
	(void)fault_read(order->words, &send->fault);
	if (--order->count == 0) {
		STAILQ_REMOVE_HEAD(&send->box->orders, link);
		free(order);
	}
}

/* Its files are here, if it has any. */
static void hand_over(struct sim_picture *picture, void *arg)
{
	struct sim_send *send = arg;

	if (picture->failed)
		(void)STR_COPY(send->fault.error, NO_FILE);
	free(send->media);
	send->media = xstrdup(picture->media.buf);
	if (!send->fault.error[0])
		add_to_phone(send);
	add_reports(send);
	send_free(send);
}

static void take(struct sim_send *send)
{
	struct sandbox_phones *box = send->box;
	const struct sim_line *line = send->line;
	AUTO_FREE char *media = xstrdup(send->media);

	(void)STR_COPY(send->id, "SB");
	random_token(send->id + 2, 32);
	answer_taken(send);
	sim_picture_start(box, line, media, hand_over, send_free, send);
}

/* Takes over send. */
static void handle_send(struct sim_send *send, const struct cJSON *json,
			const struct http_request *request)
{
	const char *wrong;
	int status;

	collect_faults(send);
	wrong = check_send(send, json, request, &status);
	if (send->fault.reject_status) {
		refuse(send, send->fault.reject_status,
		       send->fault.reject_status == 429 ? "20429" : "");
	} else if (send->fault.reject_code[0]) {
		refuse(send, 400, send->fault.reject_code);
	} else if (wrong) {
		refuse(send, status, wrong);
	} else if (send->box->job_n + JOBS_PER_TEXT > JOBS_MAX) {
		refuse(send, 503, "");
	} else {
		take(send);
		return;
	}
	send_free(send);
}

void carrier_send(struct sandbox_phones *box, struct http_exchange *exchange,
		  const struct http_request *request)
{
	struct sim_send *send = xcalloc(1, sizeof(*send));
	JSON_AUTO json = json_parse(request->body, request->body_len, JSON_DEPTH_MAX, NULL);
	STRBUF_AUTO(ref);

	send->box = box;
	send->exchange = exchange;
	strbuf_init(&send->text);
	if (!json) {
		refuse(send, 400, "20001");
		send_free(send);
		return;
	}
	read_number(json, "from", send->from);
	read_number(json, "to", send->to);
	send->line = find_line(box, send->from);
	send->media = read_media(json);
	(void)json_text(json, "ref", &ref);
	(void)STR_COPY(send->ref, ref.buf);
	(void)json_text(json, "text", &send->text);
	handle_send(send, json, request);
}

/* ---- a text from a phone --------------------------------------------------------------------- */

static char *text_hook_body(const char *id, const char *from, const char *to, const char *text,
			    const char *media)
{
	STRBUF_AUTO(body);

	strbuf_addc(&body, '{');
	sandbox_add_member(&body, "type", "text");
	sandbox_add_member(&body, "id", id);
	sandbox_add_member(&body, "from", from);
	sandbox_add_member(&body, "to", to);
	sandbox_add_member(&body, "text", text);
	strbuf_addf(&body, ",\"media\":%s}", media);
	return strbuf_detach(&body, NULL);
}

int carrier_text(struct sandbox_phones *box, const struct cJSON *json, struct strbuf *id_out,
		 struct error *err)
{
	struct phone_text text = {.at = loop_now(box->loop), .out = true, .state = "sending"};
	const struct sim_line *line;
	const struct cJSON *found;
	char from[NUMBER_MAX];
	char to[NUMBER_MAX];
	struct sim_job *job;
	STRBUF_AUTO(words);
	STRBUF_AUTO(url);

	read_number(json, "from", from);
	read_number(json, "to", to);
	line = json_find(json, "to", &found, 1) ? find_line(box, to) : &box->lines[0];
	if (!from[0])
		return error_set(err, ERR_INPUT, "'from' must be a number");
	if (access_needs_key(box) && !sandbox_is_fictitious(from))
		return error_set(err, ERR_INPUT, "%s", SANDBOX_FICTITIOUS_ONLY);
	if (!line)
		return error_set(err, ERR_INPUT, "'to' is none of the senders' numbers");
	if (box->job_n + JOBS_PER_TEXT > JOBS_MAX)
		return error_set(err, ERR_BUSY, "too much is under way");
	if (!json_text(json, "text", &words))
		return error_set(err, ERR_INPUT, "'text' is missing");
	(void)json_text(json, "id", id_out);
	if (id_out->len == 0 || id_out->len >= sizeof(text.id)) {
		(void)STR_COPY(text.id, "IN");
		random_token(text.id + 2, 32);
		strbuf_reset(id_out);
		strbuf_adds(id_out, text.id);
	}
	(void)STR_COPY(text.id, id_out->buf);
	(void)STR_COPY(text.line, line->number);
	text.media = read_media(json);
	strbuf_addf(&url, "%s/in", line->call_url);
	job = sim_job_new(box, text_hook_body(text.id, from, line->number, words.buf, text.media));
	text.text = strbuf_detach(&words, NULL);
	job->url = strbuf_detach(&url, NULL);
	job->line = line;
	(void)STR_COPY(job->phone, from);
	(void)STR_COPY(job->state, "taken");
	job->seq = phone_store_add(&box->store, from, &text);
	sim_job_start_hook(job, 0);
	return 0;
}

/* ---- orders ---------------------------------------------------------------------------------- */

int carrier_order_fault(struct sandbox_phones *box, const char *words, int64_t count,
			struct error *err)
{
	struct fault_order *order;
	struct fault fault = {0};
	size_t n = 0;

	STAILQ_FOREACH(order, &box->orders, link)
	n++;
	if (fault_read(words, &fault) == 0)
		return error_set(err, ERR_INPUT,
				 "'fault' must hold one of: errorNNNNN reject429 rejectNNNNN "
				 "lostanswer noanswer late duplicate outoforder noreport");
	if (count < 1 || count > ORDER_COUNT_MAX || n >= ORDERS_MAX)
		return error_set(err, ERR_INPUT, "too many, or 'count' is no number");
	order = xcalloc(1, sizeof(*order));
	(void)STR_COPY(order->words, words);
	order->count = count;
	STAILQ_INSERT_TAIL(&box->orders, order, link);
	return 0;
}

void carrier_reset(struct sandbox_phones *box)
{
	sim_jobs_drop(box);
	sim_pictures_drop(box);
	while (!STAILQ_EMPTY(&box->orders)) {
		struct fault_order *order = STAILQ_FIRST(&box->orders);

		STAILQ_REMOVE_HEAD(&box->orders, link);
		free(order);
	}
	phone_store_release(&box->store);
	file_store_release(&box->files);
}
