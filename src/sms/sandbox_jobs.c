/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the simulated carrier has to do later: give an answer, or call a hook. A hook that is not
 * taken is called again after growing pauses, as carriers do, so that a restart loses nothing.
 */
#include "base/log.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "sms/sandbox.h"
#include "sms/sandbox_priv.h"

#include <string.h>

#define RETRY_FIRST_MS 1000
#define TRIES_MAX 8

static void job_free(struct sim_job *job)
{
	TAILQ_REMOVE(&job->box->jobs, job, link);
	job->box->job_n--;
	loop_cancel(job->timer);
	free(job->body);
	free(job->url);
	free(job);
}

struct sim_job *sim_job_new(struct sandbox_phones *box, char *body_take)
{
	struct sim_job *job = xcalloc(1, sizeof(*job));

	job->box = box;
	job->body = body_take;
	TAILQ_INSERT_TAIL(&box->jobs, job, link);
	box->job_n++;
	return job;
}

static void answer_now(void *arg)
{
	struct sim_job *job = arg;

	job->timer = NULL;
	http_reply(job->exchange, job->status, "application/json", job->body, strlen(job->body));
	job_free(job);
}

static void call_hook(void *arg);

static void hook_done(const struct http_answer *answer, void *arg)
{
	struct sim_job *job = arg;
	struct sandbox_phones *box = job->box;
	bool answered = answer->fate == HTTP_ANSWERED;
	bool taken = answered && answer->status >= 200 && answer->status <= 299;
	bool refused = answered && answer->status >= 400 && answer->status <= 499;

	if (!job->dropped && !taken && !refused && ++job->tries < TRIES_MAX) {
		job->timer = loop_after(box->loop, (int64_t)RETRY_FIRST_MS << (job->tries - 1),
					call_hook, job);
		return;
	}
	if (!job->dropped)
		phone_store_set_state(&box->store, job->phone, job->seq,
				      taken ? job->state : "refused");
	if (!taken)
		log_warn("sandbox.hook_refused status=%d tries=%d", answer->status, job->tries);
	job_free(job);
}

static void call_hook(void *arg)
{
	struct sim_job *job = arg;
	struct http_call call = {.method = "POST", .url = xstrdup(job->url)};
	const char *key = line_key(job->line);
	STRBUF_AUTO(signature);
	char timestamp[24];

	job->timer = NULL;
	call.body = xstrdup(job->body);
	call.body_len = strlen(job->body);
	http_headers_add(&call.headers, "Content-Type", "application/json");
	if (key) {
		(void)snprintf(timestamp, sizeof(timestamp), "%lld",
			       (long long)(loop_now(job->box->loop) / 1000));
		sandbox_sign(key, timestamp, call.body, call.body_len, &signature);
		http_headers_add(&call.headers, SANDBOX_TIMESTAMP, timestamp);
		http_headers_add(&call.headers, SANDBOX_SIGNATURE, signature.buf);
	}
	http_client_start(job->box->client, &call, hook_done, job);
}

void sim_job_start_hook(struct sim_job *job, int64_t after_ms)
{
	job->timer = loop_after(job->box->loop, after_ms, call_hook, job);
}

void sim_job_start_answer(struct sim_job *job, int64_t after_ms)
{
	job->timer = loop_after(job->box->loop, after_ms, answer_now, job);
}

void sim_jobs_drop(struct sandbox_phones *box)
{
	struct sim_job *job = TAILQ_FIRST(&box->jobs);

	while (job) {
		struct sim_job *next = TAILQ_NEXT(job, link);

		if (job->exchange)
			http_reply(job->exchange, 503, "application/json", "{}", 2);
		/* The client still has it and will call back. */
		if (!job->exchange && !job->timer)
			job->dropped = true;
		else
			job_free(job);
		job = next;
	}
}

void sim_jobs_end(struct sandbox_phones *box)
{
	sim_jobs_drop(box);
	while (!TAILQ_EMPTY(&box->jobs))
		job_free(TAILQ_FIRST(&box->jobs));
}
