/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The port to SMS providers.
 *
 * A driver is a const table of PURE functions: bytes in, bytes out. It opens no socket, reads no
 * clock, keeps no state and no memory between calls; the bridge does all I/O, retries, pacing and
 * storage. To add one: write src/sms/NAME.c with the table, name it in src/sms/sms.c, put fixtures
 * in tests/unit/sms/. A provider that only needs an HTTP template needs no C at all: see `generic`.
 *
 * The contract, by number:
 *  1. build_send MUST put cleared_sms_ref() where the provider echoes it in its reports: in the
 *     status URL that sms_status_url() makes, or in a field of its own.
 *  2. build_send MUST NOT change the text; what the gate cleared is what is sent.
 *  3. parse_send MUST end in exactly one class. Whatever may have been accepted and cannot be told
 *     for sure is SMS_AMBIGUOUS, never SMS_TEMP: a TEMP text is sent again, an AMBIGUOUS one is
 *     not.
 *  4. An error code that the table does not know is SMS_PERM for this text only.
 *  5. verify_hook sees the public URL as the provider was given it and the raw body. It compares
 *     secrets with secret_equals().
 *  6. parse_hook MUST accept fields it does not know, MUST give each event a key that is the same
 *     when the provider repeats it and different when it means something new, and MUST cap at max.
 *  7. Texts in events are UTF-8 as decoded from the provider; the bridge cleans them.
 *  8. What the table says of caps, reply_by, max_chars, max_media_kb, hook_reply_* and *_keywords
 *     is what holds where the account's settings say nothing: ask the sms_account_*() functions.
 */
#ifndef ROOMLINE_SMS_H
#define ROOMLINE_SMS_H

#include "roomline/error.h"
#include "roomline/http.h"
#include "roomline/settings.h"
#include "roomline/types.h"

#define SMS_NAME_MAX 64
#define SMS_CODE_MAX 32
#define SMS_EXT_ID_MAX 128
#define SMS_KEY_MAX 200
#define SMS_REASON_MAX 200
#define SMS_EVENTS_MAX 64 /* of one hook */
#define SMS_MEDIA_MAX 10
#define SMS_ADDRESS_MAX 64

enum sms_cap {
	SMS_CAP_MEDIA = 1,         /* MMS out */
	SMS_CAP_REPORTS = 2,       /* delivery reports come */
	SMS_CAP_SIGNED = 4,        /* hooks are signed; else the secret path is the only proof */
	SMS_CAP_IDEMPOTENT = 8,    /* the same ref twice is one text: ambiguous may be retried */
	SMS_CAP_PART_REPORTS = 16, /* one report for each segment */
};

/* Who answers STOP, START and HELP: never both of us. */
enum sms_reply_by { SMS_REPLY_BY_US, SMS_REPLY_BY_PROVIDER, SMS_REPLY_BY_NETWORK };

/* What a provider took a text for. */
enum sms_keyword { SMS_KEYWORD_NONE, SMS_KEYWORD_STOP, SMS_KEYWORD_START, SMS_KEYWORD_HELP };

enum sms_class {
	SMS_OK,
	SMS_TEMP,       /* surely not accepted; try again later */
	SMS_THROTTLE,   /* too fast: wait retry_after, in the given scope */
	SMS_PERM,       /* this text will never go */
	SMS_BAD_NUMBER, /* nor any other to this number */
	SMS_LANDLINE,
	SMS_OPTED_OUT, /* the provider knows of an opt-out: so do we from now on */
	SMS_FILTERED,  /* a carrier's content filter; never resend */
	SMS_CONFIG,    /* an admin has to act; the text waits */
	SMS_AMBIGUOUS, /* nobody knows: only a report or a human can tell */
};

enum sms_scope { SMS_SCOPE_MESSAGE, SMS_SCOPE_SENDER, SMS_SCOPE_ACCOUNT };

enum sms_status { /* what a report says; the bridge maps it to a message state */
		  SMS_STATUS_QUEUED,
		  SMS_STATUS_SENT,
		  SMS_STATUS_DELIVERED,
		  SMS_STATUS_UNDELIVERED,
		  SMS_STATUS_FAILED,
		  SMS_STATUS_EXPIRED,
		  SMS_STATUS_CANCELLED,
};

/* One configured provider. */
struct sms_account {
	const char *name;
	const struct sms_driver *driver;
	const struct settings *set; /* by driver->settings */
	const char *hook_url;       /* public, no slash at the end: https://host/hook/SECRET/NAME */
	bool mixed;                 /* of the sandbox: there are accounts of other drivers too */
};

/* One number or service of ours. */
struct sms_sender {
	const char *name;
	const struct sms_account *account;
	struct phone number;
	enum sms_reply_by reply_by;
	int per_minute; /* texts */
};

/* A text that the gate has cleared; only bridge/outbox.c can make one, so that no path to a
 * provider skips the opt-outs. */
struct cleared_sms;
const char *cleared_sms_ref(const struct cleared_sms *sms); /* our id, opaque, URL-safe */
const char *cleared_sms_to(const struct cleared_sms *sms);  /* E.164 */
const char *cleared_sms_from(const struct cleared_sms *sms);
const char *cleared_sms_text(const struct cleared_sms *sms);
size_t cleared_sms_media(const struct cleared_sms *sms, const char *const **urls_out);
int cleared_sms_validity_s(
	const struct cleared_sms *sms); /* how long it may wait at the provider */

struct sms_result {
	enum sms_class class;
	enum sms_scope scope;
	int retry_after_s; /* 0: not told */
	int segments;      /* 0: not told */
	char ext_id[SMS_EXT_ID_MAX];
	char code[SMS_CODE_MAX];     /* the provider's, "" when none */
	char reason[SMS_REASON_MAX]; /* plain words for the volunteer */
};

struct sms_hook {
	const char *url;  /* public, with query, as the provider was told */
	const char *what; /* the path after the account's name: "in", "status", "" */
	const struct http_request *request;
};

enum sms_event_kind { SMS_EVENT_TEXT, SMS_EVENT_REPORT, SMS_EVENT_IGNORED };

struct sms_event {
	enum sms_event_kind kind;
	char key[SMS_KEY_MAX]; /* dedupe, unique within the account */
	char ext_id[SMS_EXT_ID_MAX];
	char ref[TOKEN_MAX]; /* ours, "" when not echoed */
	/* As the provider writes them; "" for what is too long to be a number. */
	char from[SMS_ADDRESS_MAX];
	char to[SMS_ADDRESS_MAX];
	char *text; /* SMS_EVENT_TEXT; free by sms_event_release() */
	char *media[SMS_MEDIA_MAX];
	int media_n;
	/* Of a text: the provider says that it acted on it as this, whatever the words are. */
	enum sms_keyword keyword;
	enum sms_status status; /* SMS_EVENT_REPORT */
	enum sms_class class;   /* of a failure, SMS_OK else */
	enum sms_scope scope;
	char code[SMS_CODE_MAX];
	char reason[SMS_REASON_MAX];
};
void sms_event_release(struct sms_event *event);

/* A row of a driver's error table; code "" ends it. */
struct sms_error_row {
	const char *code;
	enum sms_class class;
	enum sms_scope scope;
	const char *reason; /* plain words for the volunteer */
};

struct sms_driver {
	const char *name;
	unsigned caps; /* of enum sms_cap */
	enum sms_reply_by reply_by;
	int max_chars;
	int max_media_kb; /* of all files of one text together; 0 without SMS_CAP_MEDIA */
	const struct setting *settings;
	const char *const *stop_keywords; /* the provider's own, when it answers; NULL-terminated */
	const char *const *start_keywords; /* NULL lists: none */
	const char *const *help_keywords;
	const struct sms_error_row *errors;

	/* Whether the settings make sense together; err says what to change. */
	int (*check)(const struct settings *set, struct error *err);
	int (*build_send)(const struct sms_account *account, const struct cleared_sms *sms,
			  struct http_call *call_out, struct error *err);
	void (*parse_send)(const struct sms_account *account, const struct http_answer *answer,
			   struct sms_result *result_out);
	/* 0 when genuine; -1 and err says what is wrong. now: ms UTC, for replay windows. */
	int (*verify_hook)(const struct sms_account *account, const struct sms_hook *hook,
			   int64_t now, struct error *err);
	/* How many events (0 is fine), or -1 when it cannot be understood. */
	int (*parse_hook)(const struct sms_account *account, const struct sms_hook *hook,
			  struct sms_event *events_out, int max, struct error *err);
	/* Completes how a file of an inbound text is fetched: the order is that of its URL as an
	 * address that a stranger named. The provider's own gets its credentials. NULL: nothing to
	 * add. */
	void (*locate)(const struct sms_account *account, struct http_fetch_order *order);
	/* What the provider wants to hear: content type and body; both may be "". */
	const char *hook_reply_type;
	const char *hook_reply_body;
};

/* The registry (src/sms/sms.c). */
const struct sms_driver *sms_driver_find(const char *name); /* NULL: no such driver */
const struct sms_driver *const *sms_drivers(void);          /* NULL-terminated */

/* What holds for an account: the driver's table, or what a setting of that name says instead, for
 * drivers whose settings have it: caps, stop_reply_by, max_chars, max_media_kb, hook_reply_type,
 * hook_reply_body, stop_keywords, start_keywords, help_keywords. */
unsigned sms_account_caps(const struct sms_account *account);
enum sms_reply_by sms_account_reply_by(const struct sms_account *account);
int sms_account_max_chars(const struct sms_account *account);
int sms_account_max_media_kb(const struct sms_account *account);
const char *sms_account_hook_reply_type(const struct sms_account *account);
const char *sms_account_hook_reply_body(const struct sms_account *account);
/* Which of the provider's own keywords the whole text is, so that the provider knows it too. */
enum sms_keyword sms_account_keyword(const struct sms_account *account, const char *text);

/* What drivers share (src/sms/sms.c). */
void sms_status_url(const struct sms_account *account, const struct cleared_sms *sms,
		    struct strbuf *out); /* hook_url + "/status?m=" + ref */
const struct sms_error_row *sms_error_find(const struct sms_error_row *rows, const char *code);
/* The class of an HTTP answer that has no code of the provider's: not sent -> TEMP, lost or 5xx ->
 * AMBIGUOUS (503 -> TEMP), 429 -> THROTTLE with Retry-After, 401/403 -> CONFIG, other 4xx -> PERM.
 * A Retry-After that is an HTTP date and no number of seconds counts as not told. */
void sms_result_from_http(const struct http_answer *answer, struct sms_result *result_out);

#endif
