/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Any answer of a homeserver or of what stands before it: "STATUS problem", header lines, an empty
 * line, the body. A negative status is an answer that broke off. The words are always fit to be
 * shown, no wait is endless, and no content of a success is taken for an error.
 */
#include "hook_input.h"

#include "base/utf8.h"
#include "chat/matrix/matrix_answer.h"

#include <cjson/cJSON.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require_words(const struct mx_reply *reply)
{
	const char *text = reply->error;
	STRBUF_AUTO(clean);

	REQUIRE(strlen(text) <= MX_ERROR_WORDS_MAX);
	(void)utf8_clean(&clean, text, strlen(text), MX_ERROR_WORDS_MAX);
	REQUIRE(strcmp(clean.buf, text) == 0);
	for (const char *p = reply->errcode; *p; p++)
		REQUIRE(*p > ' ' && *p < 0x7f);
}

static void require_sense(const struct mx_answer *a, const struct http_answer *http)
{
	const struct mx_reply *reply = &a->reply;
	bool success = http->fate == HTTP_ANSWERED && http->status >= 200 && http->status <= 299;

	REQUIRE(!reply->body || cJSON_IsObject(reply->body) || cJSON_IsArray(reply->body));
	REQUIRE((reply->outcome == MX_OK) == (success && reply->body));
	REQUIRE((reply->outcome == MX_OK) == (reply->error[0] == '\0'));
	REQUIRE(!success || reply->errcode[0] == '\0' || reply->outcome != MX_OK);
	REQUIRE(!success || a->next == MX_END || a->next == MX_REPEAT_FEW);
	REQUIRE(a->wait_ms >= 0 && a->wait_ms <= MX_WAIT_MAX_MS);
	REQUIRE(a->wait_ms == 0 || a->next == MX_WAIT);
	REQUIRE(reply->outcome != MX_TOKEN || strcmp(reply->errcode, "M_UNKNOWN_TOKEN") == 0 ||
		strcmp(reply->errcode, "M_MISSING_TOKEN") == 0);
	REQUIRE(reply->outcome != MX_UNREACHABLE || a->next != MX_END);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hook_input in;
	struct http_answer http;
	struct mx_answer answer;
	long status;

	hook_input_read(&in, data, size);
	status = strtol(in.head.buf, NULL, 10) % 1000;
	http = (struct http_answer){
		.fate = status > 0   ? HTTP_ANSWERED
			: status < 0 ? HTTP_LOST
				     : HTTP_NOT_SENT,
		.status = (int)(status < 0 ? -status : status),
		.headers = in.request.headers,
		.body = in.body,
		.body_len = in.request.body_len,
	};
	(void)STR_COPY(http.problem, in.what.buf);
	mx_answer_read(&answer, &http, HOOK_NOW);
	require_words(&answer.reply);
	require_sense(&answer, &http);
	mx_answer_release(&answer);
	hook_input_release(&in);
	return 0;
}
