/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* However a stream of requests is cut into pieces, it reads the same. */
#include "http/reader.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_request(const struct http_incoming *in)
{
	const struct http_request *q = &in->request;

	if (q->path[0] != '/' || q->target[0] != '/' || q->body_len > HTTP_REQUEST_BODY_MAX ||
	    q->body[q->body_len] != '\0' || strstr(q->path, "/../") ||
	    q->headers.n > HTTP_HEADERS_COUNT_MAX)
		abort();
}

static void show(struct strbuf *out, const char *bytes, size_t size, size_t step)
{
	struct http_reader r;
	enum http_progress p = HTTP_MORE;

	http_reader_init(&r);
	for (size_t at = 0; at < size && p != HTTP_REFUSED; at += step) {
		http_reader_feed(&r, bytes + at, size - at < step ? size - at : step);
		while ((p = http_reader_run(&r)) == HTTP_COMPLETE) {
			struct http_incoming in;

			http_reader_take(&r, &in);
			check_request(&in);
			strbuf_addf(out, "%s %s %zu\n", in.request.method, in.request.target,
				    in.request.headers.n);
			strbuf_add(out, in.request.body, in.request.body_len);
			http_incoming_release(&in);
		}
	}
	strbuf_addf(out, "%d %d", (int)p, p == HTTP_REFUSED ? r.status : 0);
	http_reader_release(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	STRBUF_AUTO(whole);
	STRBUF_AUTO(pieces);
	STRBUF_AUTO(bytes);

	show(&whole, (const char *)data, size, size ? size : 1);
	show(&pieces, (const char *)data, size, 3);
	show(&bytes, (const char *)data, size, 1);
	if (strcmp(whole.buf, pieces.buf) != 0 || strcmp(whole.buf, bytes.buf) != 0)
		abort();
	return 0;
}
