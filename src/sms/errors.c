/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Result classes, error tables and what an HTTP status means when the provider gives no code. */
#include "base/xalloc.h"
#include "sms/driver.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

#define RETRY_AFTER_MAX_S 86400
#define COUNT_MAX 1000

static const struct {
	const char *word;
	const char *reason;
} classes[] = {
	[SMS_OK] = {"ok", ""},
	[SMS_TEMP] = {"temp", "The provider cannot take it right now; it will be tried again."},
	[SMS_THROTTLE] = {"throttle", "We are sending too fast; it will be tried again."},
	[SMS_PERM] = {"perm", "The provider refused this text."},
	[SMS_BAD_NUMBER] = {"bad_number", "This number cannot be texted."},
	[SMS_LANDLINE] = {"landline", "This is a landline: it cannot receive texts."},
	[SMS_OPTED_OUT] = {"opted_out", "This person has opted out; do not text them again."},
	[SMS_FILTERED] = {"filtered", "The carrier's filter blocked this text as spam."},
	[SMS_CONFIG] = {"config", "An admin has to change something at the provider first."},
	[SMS_AMBIGUOUS] = {"ambiguous", "Nobody knows whether it arrived; do not send it again."},
};

const char *driver_class_word(enum sms_class class)
{
	return classes[class].word;
}

const char *driver_class_reason(enum sms_class class)
{
	return classes[class].reason;
}

bool driver_class_value(const char *word, enum sms_class *class_out)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (strcasecmp(classes[i].word, word) == 0) {
			*class_out = (enum sms_class)i;
			return true;
		}
	}
	return false;
}

const struct sms_error_row *sms_error_find(const struct sms_error_row *rows, const char *code)
{
	for (; rows && rows->code[0]; rows++) {
		if (strcmp(rows->code, code) == 0)
			return rows;
	}
	return NULL;
}

int driver_read_count(const char *text)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	return errno || end == text || *end || n < 0 || n > COUNT_MAX ? 0 : (int)n;
}

bool driver_status_is_failure(enum sms_status status)
{
	switch (status) {
	case SMS_STATUS_QUEUED:
	case SMS_STATUS_SENT:
	case SMS_STATUS_DELIVERED:
		return false;
	case SMS_STATUS_UNDELIVERED:
	case SMS_STATUS_FAILED:
	case SMS_STATUS_EXPIRED:
	case SMS_STATUS_CANCELLED:
		return true;
	}
	BUG("status %d", (int)status);
}

void driver_apply_error(const struct sms_error_row *rows, const char *code,
			struct sms_result *result)
{
	const struct sms_error_row *row = sms_error_find(rows, code);

	(void)STR_COPY(result->code, code);
	if (!row)
		return;
	result->class = row->class;
	result->scope = row->scope;
	(void)STR_COPY(result->reason, row->reason);
}

void driver_report_error(const struct sms_error_row *rows, const char *code,
			 struct sms_event *event)
{
	const struct sms_error_row *row = sms_error_find(rows, code);

	(void)STR_COPY(event->code, code);
	if (!driver_status_is_failure(event->status))
		return;
	/* A row that only warns says nothing about why this text failed. */
	if (row && row->class == SMS_OK)
		row = NULL;
	event->class = row ? row->class : SMS_PERM;
	event->scope = row ? row->scope : SMS_SCOPE_MESSAGE;
	(void)STR_COPY(event->reason, row ? row->reason : "The carrier did not deliver this text.");
}

struct http_row {
	int from;
	int to;
	enum sms_class class;
	enum sms_scope scope;
	const char *reason;
};

/* The first row that holds the status decides. A redirect is never followed, so it was not taken.
 */
static const struct http_row http_rows[] = {
	{200, 299, SMS_AMBIGUOUS, SMS_SCOPE_MESSAGE,
	 "The provider's answer could not be understood; it may have taken the text."},
	{300, 399, SMS_CONFIG, SMS_SCOPE_ACCOUNT,
	 "The provider's address is not right; an admin has to check it."},
	{401, 401, SMS_CONFIG, SMS_SCOPE_ACCOUNT,
	 "The provider refused our credentials; an admin has to check them."},
	{402, 402, SMS_CONFIG, SMS_SCOPE_ACCOUNT,
	 "The provider wants to be paid first; an admin has to look."},
	{403, 403, SMS_CONFIG, SMS_SCOPE_ACCOUNT,
	 "The provider refused our credentials; an admin has to check them."},
	{408, 408, SMS_AMBIGUOUS, SMS_SCOPE_MESSAGE,
	 "The provider gave up while it was handling the text; it may have taken it."},
	{429, 429, SMS_THROTTLE, SMS_SCOPE_ACCOUNT,
	 "We are sending too fast for the provider; it will be tried again."},
	{400, 499, SMS_PERM, SMS_SCOPE_MESSAGE, "The provider refused this text."},
	{503, 503, SMS_TEMP, SMS_SCOPE_ACCOUNT,
	 "The provider cannot take texts right now; it will be tried again."},
	{INT_MIN, INT_MAX, SMS_AMBIGUOUS, SMS_SCOPE_MESSAGE,
	 "The provider had an error of its own; it may have taken the text."},
};

static int retry_after(const struct http_answer *answer)
{
	const char *value = http_headers_get(&answer->headers, "Retry-After");
	char *end;
	long seconds;

	/* The other form, a date, would need a clock; no SMS provider is known to use it. */
	if (!value || !isdigit((unsigned char)value[0]))
		return 0;
	errno = 0;
	seconds = strtol(value, &end, 10);
	if (errno || *end)
		return 0;
	return seconds > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : (int)seconds;
}

void sms_result_from_http(const struct http_answer *answer, struct sms_result *result_out)
{
	const struct http_row *row = http_rows;

	*result_out = (struct sms_result){0};
	switch (answer->fate) {
	case HTTP_NOT_SENT:
		result_out->class = SMS_TEMP;
		result_out->scope = SMS_SCOPE_ACCOUNT;
		(void)STR_COPY(result_out->reason,
			       "The provider could not be reached; it will be tried again.");
		return;
	case HTTP_LOST:
		result_out->class = SMS_AMBIGUOUS;
		(void)STR_COPY(result_out->reason,
			       "The provider's answer was lost; it may have taken the text.");
		return;
	case HTTP_ANSWERED:
		break;
	}
	while (answer->status < row->from || answer->status > row->to)
		row++;
	result_out->class = row->class;
	result_out->scope = row->scope;
	result_out->retry_after_s = retry_after(answer);
	(void)STR_COPY(result_out->reason, row->reason);
}
