/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The parts of the simulated carrier. Nobody outside src/sms/sandbox_*.c includes this. */
#ifndef SANDBOX_PRIV_H
#define SANDBOX_PRIV_H

#include "base/json.h"
#include "core/media.h"
#include "sms/sandbox_phones.h"

#include <sys/queue.h>

#define NUMBER_MAX 32
#define STATE_MAX 16

/* ---- phones and what they hold (sandbox_store.c) --------------------------------------------- */

#define PHONES_MAX 1000
#define TEXTS_MAX 200 /* of one phone; the oldest goes */

struct phone_text {
	TAILQ_ENTRY(phone_text) link;
	int64_t seq;           /* rises over all phones */
	int64_t at;            /* ms UTC */
	bool out;              /* from the phone */
	char line[NUMBER_MAX]; /* our number */
	char id[SMS_EXT_ID_MAX];
	char ref[TOKEN_MAX];
	char state[STATE_MAX];
	char *text;
	char *media; /* a JSON list */
};

TAILQ_HEAD(phone_texts, phone_text);

struct sim_phone {
	TAILQ_ENTRY(sim_phone) link; /* latest used first */
	struct sim_phone *next;      /* in its bucket */
	char number[NUMBER_MAX];
	struct phone_texts texts; /* oldest first */
	size_t text_n;
	uint64_t received;
};

TAILQ_HEAD(phone_list, sim_phone);

#define PHONE_BUCKETS 1024

struct phone_store {
	struct phone_list phones;
	struct sim_phone *buckets[PHONE_BUCKETS];
	size_t n;
	int64_t last_seq;
};

void phone_store_init(struct phone_store *store);
void phone_store_release(struct phone_store *store); /* empty again; seq goes on */
struct sim_phone *phone_store_find(const struct phone_store *store, const char *number);
/* Adds a text to a phone, making it if need be; fills seq. Takes over what *text_take holds. */
int64_t phone_store_add(struct phone_store *store, const char *number,
			struct phone_text *text_take);
/* Whatever has been dropped since is passed over. */
void phone_store_set_state(struct phone_store *store, const char *number, int64_t seq,
			   const char *state);

/* ---- pictures and other files (sandbox_files.c) ---------------------------------------------- */

/* As a carrier's media store: whoever knows the id may have the file. In memory and bounded: the
 * oldest goes. */
#define FILE_MAX ((size_t)5 * 1024 * 1024)
#define FILES_BYTES_MAX (8 * FILE_MAX)
#define FILES_MAX 500

struct sim_file {
	TAILQ_ENTRY(sim_file) link;
	char id[TOKEN_MAX];
	const struct media_type *type;
	char *bytes;
	size_t len;
};

TAILQ_HEAD(sim_files, sim_file);

struct file_store {
	struct sim_files files; /* oldest first */
	size_t n;
	size_t bytes;
};

void file_store_init(struct file_store *store);
void file_store_release(struct file_store *store); /* empty again */
/* NULL: it is no kind of file that phones know, or too large. */
const struct sim_file *file_store_add(struct file_store *store, const char *bytes, size_t len);
const struct sim_file *file_store_find(const struct file_store *store, const char *id);

/* ---- faults (sandbox_faults.c) --------------------------------------------------------------- */

#define FAULT_CODE_MAX 8

struct fault {
	int reject_status;                /* 0: none */
	char reject_code[FAULT_CODE_MAX]; /* "": none */
	char error[FAULT_CODE_MAX];       /* of a failed report */
	bool lost_answer;
	bool no_answer;
	int late_s;
	bool duplicate;
	bool out_of_order;
	bool no_report;
};

/* Adds what the words of a text ask for; returns how many of them are faults. */
int fault_read(const char *text, struct fault *fault);
/* What Twilio's test numbers ask for. */
void fault_of_numbers(const char *from, const char *to, struct fault *fault);

/* Faults that the API queued for the next sends. */
struct fault_order {
	STAILQ_ENTRY(fault_order) link;
	char words[128];
	int64_t count;
};

STAILQ_HEAD(fault_orders, fault_order);

/* ---- all of it ------------------------------------------------------------------------------- */

/* A number of ours. */
struct sim_line {
	char number[NUMBER_MAX];
	const struct sms_account *account;
	char *call_url;      /* its hook_url, by the local road where the carrier is ourselves */
	char *file_url;      /* where its links to files begin, "https://host/media/" */
	char *file_call_url; /* the same, as call_url */
};

/* NULL: nothing is signed. To be asked for each time, as a reload may change it. */
const char *line_key(const struct sim_line *line);

struct sim_job;
TAILQ_HEAD(sim_jobs, sim_job);
struct sim_picture;
LIST_HEAD(sim_pictures, sim_picture);

struct sandbox_phones {
	struct loop *loop;
	struct http_client *client;
	struct sim_line *lines;
	size_t line_n;
	char *public_host;
	struct phone_store store;
	struct file_store files;
	struct sim_pictures pictures;
	struct fault_orders orders;
	struct sim_jobs jobs;
	size_t job_n;
};

/* ---- what is due later (sandbox_jobs.c) ------------------------------------------------------ */

struct sim_job {
	TAILQ_ENTRY(sim_job) link;
	struct sandbox_phones *box;
	struct loop_timer *timer; /* NULL while its hook is under way */
	char *body;

	struct http_exchange *exchange; /* of an answer; NULL: this calls a hook */
	int status;

	char *url;
	const struct sim_line *line;
	int tries;
	bool dropped;           /* nobody wants it any more, but its call is still open */
	char phone[NUMBER_MAX]; /* whose text gets `state` once the hook was taken */
	int64_t seq;
	char state[STATE_MAX];
};

struct sim_job *sim_job_new(struct sandbox_phones *box, char *body_take);
void sim_job_start_answer(struct sim_job *job, int64_t after_ms);
void sim_job_start_hook(struct sim_job *job, int64_t after_ms);
/* Drops all; requests that wait are answered. */
void sim_jobs_drop(struct sandbox_phones *box);
/* The same when the client is gone and will call nobody back. */
void sim_jobs_end(struct sandbox_phones *box);

/* ---- what is fetched from us (sandbox_pictures.c) -------------------------------------------- */

/* A text with files, on its way to a phone. */
struct sim_picture {
	LIST_ENTRY(sim_picture) link;
	struct sandbox_phones *box;
	const struct sim_line *line;
	char *urls[SMS_MEDIA_MAX];
	size_t n;
	size_t at;   /* which is being fetched */
	bool failed; /* one of them could not be had */
	bool dropped;
	struct strbuf media; /* a JSON list of where they are now */
	void (*done)(struct sim_picture *picture, void *arg); /* not when it was dropped */
	void (*drop)(void *arg);
	void *arg;
};

/* Fetches those files that are the line's own, one after the other, and keeps them; others stay as
 * they are: nobody can make us ask elsewhere. media: a JSON list of URLs. done or drop is called
 * once, with what arg owns. */
void sim_picture_start(struct sandbox_phones *box, const struct sim_line *line, const char *media,
		       void (*done)(struct sim_picture *picture, void *arg),
		       void (*drop)(void *arg), void *arg);
void sim_pictures_drop(struct sandbox_phones *box); /* those under way end later, unheard */
void sim_pictures_end(struct sandbox_phones *box);  /* the client is gone */

/* ---- the carrier (sandbox_carrier.c) --------------------------------------------------------- */

/* POST /sandbox/provider/send. */
void carrier_send(struct sandbox_phones *box, struct http_exchange *exchange,
		  const struct http_request *request);
/* A contact texts one of our numbers. -1 and err when it cannot: beside real providers only numbers
 * that nobody has can (sandbox_is_fictitious). */
int carrier_text(struct sandbox_phones *box, const struct cJSON *json, struct strbuf *id_out,
		 struct error *err);
int carrier_order_fault(struct sandbox_phones *box, const char *words, int64_t count,
			struct error *err);
/* Drops all that is due; requests that wait are answered. */
void carrier_reset(struct sandbox_phones *box);

/* ---- who may use it (sandbox_access.c) ------------------------------------------------------- */

char *access_public_host(const char *public_url);
/* Whether there are real providers beside it. */
bool access_needs_key(const struct sandbox_phones *box);
/* 0, or the HTTP status that it must be refused with, and why. */
int access_check(const struct sandbox_phones *box, const struct http_request *request,
		 const char **why_out);

/* ---- the page (sandbox_page.c) --------------------------------------------------------------- */

/* Answers for a file of the page; false when path is none. */
bool page_reply(struct http_exchange *exchange, const char *path);

#endif
