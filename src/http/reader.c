/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The request reader: a table of steps over the bytes that came.
 *
 * Our own, and strict, where a library was the first plan: libevent's evhttp (2.1.12) takes the
 * body of a HEAD for the next request, chunk sizes like "0x5" or "+5", a header value cut at a NUL,
 * "Transfer-Encoding : chunked" for no body and trailers for headers; each is a way to smuggle a
 * request past the proxy in front of us. It also counts its timeout from the last byte, so that a
 * byte now and then holds a connection for ever. What is not exactly RFC 9112 is refused here; so
 * are its rarities that no client of ours sends: bare LF, folded lines, chunk extensions.
 */
#include "http/reader.h"

#include "base/xalloc.h"

#include <string.h>
#include <strings.h>

#define CHUNK_SIZE_DIGITS_MAX 8

void http_reader_init(struct http_reader *r)
{
	*r = (struct http_reader){.step = READ_REQUEST_LINE};
	strbuf_init(&r->stream);
	strbuf_init(&r->body);
}

void http_reader_release(struct http_reader *r)
{
	strbuf_release(&r->stream);
	strbuf_release(&r->body);
	http_incoming_release(&r->in);
}

void http_reader_feed(struct http_reader *r, const char *bytes, size_t len)
{
	size_t rest = r->stream.len - r->at;

	if (r->at) {
		memmove(r->stream.buf, r->stream.buf + r->at, rest);
		strbuf_truncate(&r->stream, rest);
		r->at = 0;
	}
	strbuf_add(&r->stream, bytes, len);
}

static enum http_progress refuse(struct http_reader *r, int status, const char *why)
{
	r->status = status;
	r->why = why;
	return HTTP_REFUSED;
}

static bool is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_token_char(s[i]))
			return false;
	return len > 0;
}

/* Neither NUL nor another control but the tab. */
static bool is_field_text(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)s[i] < ' ' && s[i] != '\t') || s[i] == 0x7f)
			return false;
	return true;
}

/* The next line of the head without its CRLF, terminated in place; borrowed until the next feed. */
static enum http_progress next_line(struct http_reader *r, char **line_out)
{
	char *start = r->stream.buf + r->at;
	size_t have = r->stream.len - r->at;
	char *lf = memchr(start, '\n', have);
	size_t len = lf ? (size_t)(lf - start) + 1 : have;

	if (r->head_bytes + len > HTTP_REQUEST_HEADERS_MAX)
		return refuse(r, 431, "the headers are too long");
	if (!lf)
		return HTTP_MORE;
	if (len < 2 || lf[-1] != '\r')
		return refuse(r, 400, "a line does not end in CR LF");
	if (!is_field_text(start, len - 2))
		return refuse(r, 400, "a control character in the head");
	lf[-1] = '\0';
	r->head_bytes += len;
	r->at += len;
	*line_out = start;
	return HTTP_STEPPED;
}

static const char *find_method(const char *name)
{
	static const char *const methods[] = {"GET", "POST", "PUT", "HEAD"};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(name, methods[i]) == 0)
			return methods[i];
	return NULL;
}

static bool is_http_version(const char *s)
{
	return strlen(s) == 8 && strncmp(s, "HTTP/", 5) == 0 && s[5] >= '0' && s[5] <= '9' &&
	       s[6] == '.' && s[7] >= '0' && s[7] <= '9';
}

static enum http_progress read_request_line(struct http_reader *r)
{
	char *line;
	char *target;
	char *version;
	enum http_progress p = next_line(r, &line);

	/* Empty lines before a request are skipped (RFC 9112, 2.2). */
	if (p != HTTP_STEPPED || !*line)
		return p;
	target = strchr(line, ' ');
	version = target ? strchr(target + 1, ' ') : NULL;
	if (!version || !is_http_version(version + 1) || !is_token(line, (size_t)(target - line)))
		return refuse(r, 400, "the request line is not METHOD TARGET HTTP/1.1");
	*target++ = '\0';
	*version++ = '\0';
	r->http_1_1 = strcmp(version, "HTTP/1.1") == 0;
	if (!r->http_1_1 && strcmp(version, "HTTP/1.0") != 0)
		return refuse(r, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
	r->in.request.method = find_method(line);
	if (!r->in.request.method)
		return refuse(r, 501, "the method is none of GET, HEAD, POST and PUT");
	if (!http_incoming_set_target(&r->in, target))
		return refuse(r, 400, "the target is not a clean path");
	r->step = READ_HEADER_LINE;
	return HTTP_STEPPED;
}

/* How often a header came, and its first value. */
static size_t count_header(const struct http_headers *h, const char *name, const char **value_out)
{
	size_t n = 0;

	*value_out = "";
	for (size_t i = 0; i < h->n; i++)
		if (strcasecmp(h->items[i].name, name) == 0 && n++ == 0)
			*value_out = h->items[i].value;
	return n;
}

/* Whether a comma-separated header holds that word, in any of its lines. */
static bool header_has_word(const struct http_headers *h, const char *name, const char *word)
{
	size_t word_len = strlen(word);

	for (size_t i = 0; i < h->n; i++) {
		const char *s = h->items[i].value;

		if (strcasecmp(h->items[i].name, name) != 0)
			continue;
		while (*s) {
			size_t len = strcspn(s, ", \t");

			if (len == word_len && strncasecmp(s, word, len) == 0)
				return true;
			s += len + (s[len] != '\0');
		}
	}
	return false;
}

/* Where the body ends decides where the next request begins: nothing here may be read in two
 * ways. */
static enum http_progress frame_body(struct http_reader *r)
{
	const struct http_headers *h = &r->in.request.headers;
	const char *length;
	const char *coding;
	size_t lengths = count_header(h, "Content-Length", &length);
	size_t codings = count_header(h, "Transfer-Encoding", &coding);

	if (lengths + codings > 1)
		return refuse(r, 400, "the length of the body is told twice");
	if (codings && (!r->http_1_1 || strcasecmp(coding, "chunked") != 0))
		return refuse(r, 400, "the only Transfer-Encoding is chunked, in HTTP/1.1");
	if (lengths && (!*length || length[strspn(length, "0123456789")]))
		return refuse(r, 400, "Content-Length is not a number");
	r->left = lengths ? strtoull(length, NULL, 10) : 0;
	r->in.request.body = "";
	r->body_max = r->body_max_of ? r->body_max_of(&r->in.request, r->body_max_arg)
				     : HTTP_REQUEST_BODY_MAX;
	if (r->left > r->body_max)
		return refuse(r, 413, "the body is too long");
	if (codings)
		r->step = READ_CHUNK_SIZE;
	else
		r->step = r->left ? READ_BODY : READ_DONE;
	return HTTP_STEPPED;
}

static enum http_progress end_head(struct http_reader *r)
{
	const struct http_headers *h = &r->in.request.headers;
	const char *host;
	const char *expect;
	size_t hosts = count_header(h, "Host", &host);
	size_t expects = count_header(h, "Expect", &expect);

	if (hosts > 1 || (r->http_1_1 && hosts == 0))
		return refuse(r, 400, "there must be one Host");
	if (expects && strcasecmp(expect, "100-continue") != 0)
		return refuse(r, 417, "the only Expect is 100-continue");
	if (frame_body(r) == HTTP_REFUSED)
		return HTTP_REFUSED;
	r->wants_continue = expects && r->http_1_1 && r->step != READ_DONE;
	r->keep_alive = r->http_1_1 ? !header_has_word(h, "Connection", "close")
				    : header_has_word(h, "Connection", "keep-alive");
	return HTTP_STEPPED;
}

static enum http_progress read_header_line(struct http_reader *r)
{
	struct http_headers *h = &r->in.request.headers;
	char *line;
	char *colon;
	char *end;
	enum http_progress p = next_line(r, &line);

	if (p != HTTP_STEPPED)
		return p;
	if (!*line)
		return end_head(r);
	colon = strchr(line, ':');
	if (!colon || !is_token(line, (size_t)(colon - line)))
		return refuse(r, 400, "a header is not Name: value");
	if (h->n == HTTP_HEADERS_COUNT_MAX)
		return refuse(r, 431, "there are too many headers");
	*colon++ = '\0';
	colon += strspn(colon, " \t");
	end = colon + strlen(colon);
	while (end > colon && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	http_headers_add(h, line, colon);
	return HTTP_STEPPED;
}

/* Moves what is there of `left` to the body. */
static enum http_progress read_left(struct http_reader *r, enum http_reader_step next)
{
	size_t have = r->stream.len - r->at;
	size_t n = have < r->left ? have : r->left;

	strbuf_add(&r->body, r->stream.buf + r->at, n);
	r->at += n;
	r->left -= n;
	if (r->left)
		return HTTP_MORE;
	r->step = next;
	return HTTP_STEPPED;
}

static enum http_progress read_body(struct http_reader *r)
{
	return read_left(r, READ_DONE);
}

static enum http_progress read_chunk_size(struct http_reader *r)
{
	const char *start = r->stream.buf + r->at;
	size_t have = r->stream.len - r->at;
	size_t digits = strspn(start, "0123456789abcdefABCDEF");

	if (digits > CHUNK_SIZE_DIGITS_MAX || (digits == 0 && have > 0) ||
	    (digits < have && start[digits] != '\r') ||
	    (digits + 1 < have && start[digits + 1] != '\n'))
		return refuse(r, 400, "a chunk size is not a plain hexadecimal number");
	if (have < digits + 2)
		return HTTP_MORE;
	r->left = strtoul(start, NULL, 16);
	if (r->left > r->body_max - r->body.len)
		return refuse(r, 413, "the body is too long");
	r->at += digits + 2;
	r->step = r->left ? READ_CHUNK_DATA : READ_TRAILER;
	return HTTP_STEPPED;
}

static enum http_progress read_chunk_data(struct http_reader *r)
{
	return read_left(r, READ_CHUNK_END);
}

static enum http_progress read_chunk_end(struct http_reader *r)
{
	size_t have = r->stream.len - r->at;

	if (memcmp(r->stream.buf + r->at, "\r\n", have < 2 ? have : 2) != 0)
		return refuse(r, 400, "a chunk does not end where it says");
	if (have < 2)
		return HTTP_MORE;
	r->at += 2;
	r->step = READ_CHUNK_SIZE;
	return HTTP_STEPPED;
}

/* Trailers are dropped: as headers they would get past whatever looked at the headers. */
static enum http_progress read_trailer(struct http_reader *r)
{
	char *line;
	enum http_progress p = next_line(r, &line);

	if (p == HTTP_STEPPED && !*line)
		r->step = READ_DONE;
	return p;
}

static enum http_progress read_done(struct http_reader *r)
{
	(void)r;
	return HTTP_COMPLETE;
}

enum http_progress http_reader_run(struct http_reader *r)
{
	static enum http_progress (*const steps[])(struct http_reader *) = {
		[READ_REQUEST_LINE] = read_request_line,
		[READ_HEADER_LINE] = read_header_line,
		[READ_BODY] = read_body,
		[READ_CHUNK_SIZE] = read_chunk_size,
		[READ_CHUNK_DATA] = read_chunk_data,
		[READ_CHUNK_END] = read_chunk_end,
		[READ_TRAILER] = read_trailer,
		[READ_DONE] = read_done,
	};
	enum http_progress p;

	do
		p = steps[r->step](r);
	while (p == HTTP_STEPPED);
	return p;
}

void http_reader_take(struct http_reader *r, struct http_incoming *out)
{
	r->in.request.body_len = r->body.len;
	r->in.body = strbuf_detach(&r->body, NULL);
	r->in.request.body = r->in.body;
	*out = r->in;
	r->in = (struct http_incoming){0};
	r->step = READ_REQUEST_LINE;
	r->head_bytes = 0;
	r->wants_continue = false;
}
