/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Reads HTTP/1.1 requests (RFC 9112) out of a stream of bytes, one at a time. No I/O, no clock.
 *
 *   http_reader_feed()   bytes that came
 *   http_reader_run()    HTTP_MORE: feed more; HTTP_COMPLETE: take it; HTTP_REFUSED: answer
 *                        reader->status, say reader->why, and close
 *   http_reader_take()   the request; what follows it in the stream is the next one's
 */
#ifndef READER_H
#define READER_H

#include "base/strbuf.h"
#include "http/incoming.h"

#define HTTP_HEADERS_COUNT_MAX 100

enum http_progress {
	HTTP_MORE,
	HTTP_COMPLETE,
	HTTP_REFUSED,
	HTTP_STEPPED, /* between the steps of the reader; never returned from it */
};

enum http_reader_step {
	READ_REQUEST_LINE,
	READ_HEADER_LINE,
	READ_BODY, /* of a known length, `left` */
	READ_CHUNK_SIZE,
	READ_CHUNK_DATA, /* `left` of this chunk */
	READ_CHUNK_END,
	READ_TRAILER,
	READ_DONE,
};

struct http_reader {
	struct strbuf stream; /* from `at` on not read yet */
	size_t at;
	enum http_reader_step step;
	size_t head_bytes; /* of request line, headers and trailers so far */
	size_t left;
	bool http_1_1;
	bool keep_alive;     /* the peer lets the connection live on */
	bool wants_continue; /* the peer waits for "100 Continue" before it sends the body */
	http_body_max_fn *body_max_of; /* set by the owner; NULL: HTTP_REQUEST_BODY_MAX */
	void *body_max_arg;
	size_t body_max; /* of the present request, once its head is there */
	int status;
	const char *why;
	struct http_incoming in;
	struct strbuf body;
};

void http_reader_init(struct http_reader *reader);
void http_reader_release(struct http_reader *reader);
void http_reader_feed(struct http_reader *reader, const char *bytes, size_t len);
enum http_progress http_reader_run(struct http_reader *reader);
/* After HTTP_COMPLETE: moves the request to *out and makes ready for the next. */
void http_reader_take(struct http_reader *reader, struct http_incoming *out);

#endif
