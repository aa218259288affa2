/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The wire form of an answer. No Server header: which version we are is nobody's business. All
 * answers are private and typed as told; pages also refuse to be framed and to leak their address.
 */
#include "http/answer.h"

#include "base/civil.h"

#include <string.h>
#include <strings.h>

static const char *reason_phrase(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} reasons[] = {
		{200, "OK"},
		{201, "Created"},
		{202, "Accepted"},
		{204, "No Content"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{409, "Conflict"},
		{410, "Gone"},
		{413, "Content Too Large"},
		{415, "Unsupported Media Type"},
		{417, "Expectation Failed"},
		{422, "Unprocessable Content"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{505, "HTTP Version Not Supported"},
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].phrase;
	return ""; /* may be empty (RFC 9112, 4) */
}

static void add_date(struct strbuf *out, int64_t now)
{
	static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct civil c;

	civil_from_ms(now, &c);
	strbuf_addf(out, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n", days[c.weekday], c.day,
		    months[c.month - 1], c.year, c.hour, c.minute, c.second);
}

/* Whoever opens it in a browser sees it or saves it; what is inside cannot run there. */
static void add_file(struct strbuf *out, const struct http_reply_text *reply)
{
	static const char *const shown[] = {"image/", "video/", "audio/"};
	const char *how = "attachment";

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		if (strncmp(reply->content_type, shown[i], strlen(shown[i])) == 0)
			how = "inline";
	}
	strbuf_addf(out,
		    "Content-Disposition: %s; filename=\"%s\"\r\n"
		    "Content-Security-Policy: default-src 'none'; sandbox\r\n",
		    how, reply->file_name);
}

void http_answer_format(struct strbuf *out, const struct http_reply_text *reply, int64_t now,
			bool keep_alive, bool head_only)
{
	bool has_body = reply->status != 204 && reply->status != 304;

	strbuf_addf(out, "HTTP/1.1 %d %s\r\n", reply->status, reason_phrase(reply->status));
	add_date(out, now);
	if (reply->content_type)
		strbuf_addf(out, "Content-Type: %s\r\n", reply->content_type);
	if (has_body)
		strbuf_addf(out, "Content-Length: %zu\r\n", reply->body_len);
	if (reply->status == 401) /* must say how to come back (RFC 9110, 15.5.2) */
		strbuf_adds(out, "WWW-Authenticate: Basic realm=\"Roomline\"\r\n");
	strbuf_adds(out, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
	if (reply->content_type && strncasecmp(reply->content_type, "text/html", 9) == 0)
		strbuf_adds(out, "X-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\n");
	if (reply->file_name && reply->content_type)
		add_file(out, reply);
	strbuf_addf(out, "Connection: %s\r\n\r\n", keep_alive ? "keep-alive" : "close");
	if (has_body && !head_only)
		strbuf_add(out, reply->body, reply->body_len);
}
