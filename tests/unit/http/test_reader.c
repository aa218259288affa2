/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Each case is read in one piece and byte by byte: both must end the same way. */
#include "http/reader.h"

#include "base/xalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define HOST "Host: h\r\n"
#define POST "POST /p HTTP/1.1\r\n" HOST

/* All requests of the stream as "METHOD path?query body|", then "more" or the refusing status. */
static void show_stream(struct strbuf *shown, const char *bytes, size_t len, size_t step)
{
	struct http_reader r;
	enum http_progress p = HTTP_MORE;

	http_reader_init(&r);
	for (size_t at = 0; at < len && p != HTTP_REFUSED; at += step) {
		http_reader_feed(&r, bytes + at, len - at < step ? len - at : step);
		while ((p = http_reader_run(&r)) == HTTP_COMPLETE) {
			struct http_incoming in;

			http_reader_take(&r, &in);
			assert_int_equal(strlen(in.request.body), in.request.body_len);
			strbuf_addf(shown, "%s %s?%s %s%s|", in.request.method, in.request.path,
				    in.request.query, in.request.body,
				    r.keep_alive ? "" : " close");
			http_incoming_release(&in);
		}
	}
	if (p == HTTP_REFUSED)
		strbuf_addf(shown, "%d", r.status);
	else
		strbuf_adds(shown, "more");
	http_reader_release(&r);
}

static void assert_stream(const char *bytes, size_t len, const char *expected)
{
	static const size_t steps[] = {SIZE_MAX / 2, 1, 7};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		STRBUF_AUTO(shown);

		show_stream(&shown, bytes, len, steps[i]);
		if (strcmp(shown.buf, expected) != 0)
			print_error("in steps of %zu: %s\n", steps[i], bytes);
		assert_string_equal(shown.buf, expected);
	}
}

struct stream_case {
	const char *bytes;
	const char *expected;
};

static void assert_streams(const struct stream_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_stream(cases[i].bytes, strlen(cases[i].bytes), cases[i].expected);
}

#define ASSERT_STREAMS(cases) assert_streams(cases, sizeof(cases) / sizeof((cases)[0]))

static void http_reader_run__reads_requests_in_a_row(void **state)
{
	static const struct stream_case cases[] = {
		{"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "GET /? |more"},
		{"\r\n\r\nGET /a?b=c HTTP/1.1\r\nHost:h\r\n\r\n", "GET /a?b=c |more"},
		{POST "Content-Length: 5\r\n\r\nhello", "POST /p? hello|more"},
		{POST "content-length:\t5 \t\r\n\r\nhelloGET /x HTTP/1.1\r\n" HOST "\r\n",
		 "POST /p? hello|GET /x? |more"},
		{POST "Content-Length: 0\r\n\r\n", "POST /p? |more"},
		{POST "Content-Length: 00002\r\n\r\nok", "POST /p? ok|more"},
		{POST "\r\n" POST "\r\n", "POST /p? |POST /p? |more"},
		{"PUT /p HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n"
		 "5\r\nhello\r\n0A\r\n, world...\r\n00\r\n\r\n",
		 "PUT /p? hello, world...|more"},
		{POST "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sig: b\r\n\r\n" POST
		      "\r\n",
		 "POST /p? a|POST /p? |more"},
		/* The body of a HEAD is its own, not the next request. */
		{"HEAD /a HTTP/1.1\r\n" HOST "Content-Length: 14\r\n\r\nGET /b HTTP/1.GET /c "
		 "HTTP/1.1\r\n" HOST "\r\n",
		 "HEAD /a? GET /b HTTP/1.|GET /c? |more"},
		{POST "Content-Length: 5\r\n\r\nhell", "more"},
		{"GET http://h:80/a/b?c HTTP/1.1\r\n" HOST "\r\n", "GET /a/b?c |more"},
		{"GET HTTPS://h HTTP/1.1\r\n" HOST "\r\n", "GET /? |more"},
		{"GET http://h?x HTTP/1.1\r\n" HOST "\r\n", "GET /?x |more"},
		{"GET /a%20b%2fc?d%20e HTTP/1.1\r\n" HOST "\r\n", "GET /a b/c?d%20e |more"},
		{"GET /a/./b/...? HTTP/1.1\r\n" HOST "\r\n", "GET /a/./b/...? |more"},
		{"GET //a HTTP/1.1\r\n" HOST "\r\n", "GET //a? |more"},
	};

	(void)state;
	ASSERT_STREAMS(cases);
}

static void http_reader_run__knows_when_to_close(void **state)
{
	static const struct stream_case cases[] = {
		{"GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", "GET /?  close|more"},
		{"GET / HTTP/1.1\r\n" HOST "Connection: TE, Close\r\n\r\n", "GET /?  close|more"},
		{"GET / HTTP/1.1\r\n" HOST "Connection: x\r\nconnection: close\r\n\r\n",
		 "GET /?  close|more"},
		{"GET / HTTP/1.1\r\n" HOST "Connection: closed\r\n\r\n", "GET /? |more"},
		{"GET / HTTP/1.0\r\n\r\n", "GET /?  close|more"},
		{"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET /? |more"},
	};

	(void)state;
	ASSERT_STREAMS(cases);
}

static void http_reader_run__refuses__odd_framing(void **state)
{
	static const struct stream_case cases[] = {
		{POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "400"},
		{POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "400"},
		{POST "Content-Length: 5, 5\r\n\r\nhello", "400"},
		{POST "Content-Length: +5\r\n\r\nhello", "400"},
		{POST "Content-Length: -5\r\n\r\nhello", "400"},
		{POST "Content-Length: 0x5\r\n\r\nhello", "400"},
		{POST "Content-Length: 5 5\r\n\r\nhello", "400"},
		{POST "Content-Length:\r\n\r\nhello", "400"},
		{POST "Content-Length : 5\r\n\r\nhello", "400"},
		{POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
		{POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "400"},
		{POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "400"},
		{POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", "400"},
		{POST "Transfer-Encoding: identity\r\n\r\n", "400"},
		{POST "Transfer-Encoding: xchunked\r\n\r\n", "400"},
		{POST "Transfer-Encoding:\r\n\r\n", "400"},
		{POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "400"},
		{POST "Transfer-Encoding: \x0b"
		      "chunked\r\n\r\n0\r\n\r\n",
		 "400"},
		{"POST /p HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
		{POST "Content-Length: 65537\r\n\r\n", "413"},
		{POST "Content-Length: 99999999999999999999999999\r\n\r\n", "413"},
		{POST "Expect: 200-ok\r\nContent-Length: 1\r\n\r\na", "417"},
	};

	(void)state;
	ASSERT_STREAMS(cases);
}

static void http_reader_run__refuses__odd_chunks(void **state)
{
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
	static const struct stream_case cases[] = {
		{CHUNKED "0x5\r\nhello\r\n0\r\n\r\n", "400"},
		{CHUNKED "+5\r\nhello\r\n0\r\n\r\n", "400"},
		{CHUNKED "-5\r\nhello\r\n0\r\n\r\n", "400"},
		{CHUNKED " 5\r\nhello\r\n0\r\n\r\n", "400"},
		{CHUNKED "5 \r\nhello\r\n0\r\n\r\n", "400"},
		{CHUNKED "5;a=b\r\nhello\r\n0\r\n\r\n", "400"},
		{CHUNKED "5\nhello\r\n0\r\n\r\n", "400"},
		{CHUNKED "\r\n5\r\nhello\r\n0\r\n\r\n", "400"},
		{CHUNKED "5\r\nhello0\r\n\r\n", "400"},
		{CHUNKED "5\r\nhello\n0\r\n\r\n", "400"},
		{CHUNKED "5\r\nhello!\r\n0\r\n\r\n", "400"},
		{CHUNKED "000000005\r\nhello\r\n0\r\n\r\n", "400"},
		{CHUNKED "ffffffff\r\n", "413"},
		{CHUNKED "10001\r\n", "413"},
		{CHUNKED "1\r\na\r\n10000\r\n", "413"},
		{CHUNKED "0\r\nX: a\n\r\n", "400"},
		{CHUNKED "10000\r\n", "more"},
	};

	(void)state;
	ASSERT_STREAMS(cases);
}

static void http_reader_run__refuses__a_bad_head(void **state)
{
	static const struct stream_case cases[] = {
		{"GET / HTTP/1.1\r\n\r\n", "400"},
		{"GET / HTTP/1.1\r\n" HOST HOST "\r\n", "400"},
		{"GET / HTTP/1.0\r\n" HOST HOST "\r\n", "400"},
		{"GET / HTTP/1.1\nHost: h\n\n", "400"},
		{"GET / HTTP/1.1\r\nHost: h\n\r\n", "400"},
		{"GET / HTTP/1.1\r\n" HOST "X: a\r\n folded\r\n\r\n", "400"},
		{"GET / HTTP/1.1\r\n" HOST "X\r\n\r\n", "400"},
		{"GET / HTTP/1.1\r\n" HOST ": x\r\n\r\n", "400"},
		{"GET / HTTP/1.1\r\n" HOST "X Y: a\r\n\r\n", "400"},
		{"GET / HTTP/1.1\r\n" HOST "X\xc3\xa9: a\r\n\r\n", "400"},
		{"GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n", "400"},
		{"GET / HTTP/1.1\r\n" HOST "X: a\x7f\r\n\r\n", "400"},
		{"GET /\r\n\r\n", "400"},
		{"GET  / HTTP/1.1\r\n" HOST "\r\n", "400"},
		{"GET /  HTTP/1.1\r\n" HOST "\r\n", "400"},
		{"GET / HTTP/1.1 \r\n" HOST "\r\n", "400"},
		{"GET / http/1.1\r\n" HOST "\r\n", "400"},
		{"GET / HTTP/1.11\r\n" HOST "\r\n", "400"},
		{"GET\t/ HTTP/1.1\r\n" HOST "\r\n", "400"},
		{" GET / HTTP/1.1\r\n" HOST "\r\n", "400"},
		{"GET / HTTP/1.9\r\n" HOST "\r\n", "505"},
		{"GET / HTTP/2.0\r\n" HOST "\r\n", "505"},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
		{"DELETE / HTTP/1.1\r\n" HOST "\r\n", "501"},
		{"get / HTTP/1.1\r\n" HOST "\r\n", "501"},
		{"CONNECT h:1 HTTP/1.1\r\n" HOST "\r\n", "501"},
		{"\x16\x03\x01\x02\n", "400"},
	};

	(void)state;
	ASSERT_STREAMS(cases);
}

static void http_reader_run__refuses__an_unclean_target(void **state)
{
	static const char *const targets[] = {
		"*",        "a",       "",      "/a%",           "/a%4",        "/a%zz",
		"/%00",     "/..",     "/../a", "/a/..",         "/a/../b",     "/%2e%2e",
		"/a/.%2E/", "/a%2f..", "/a#b",  "/a?b#c",        "/\xc3\xa9",   "/a?\x80",
		"ftp://h/", "http:/a", "//..",  "http://h/../a", "/a/%2e./%62",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		STRBUF_AUTO(request);

		strbuf_addf(&request, "GET %s HTTP/1.1\r\n" HOST "\r\n", targets[i]);
		assert_stream(request.buf, request.len, "400");
	}
}

static void http_reader_run__refuses__nul(void **state)
{
	static const char in_target[] = "GET /a\0b HTTP/1.1\r\n" HOST "\r\n";
	static const char in_value[] = POST "Content-Length: 5\0junk\r\n\r\nhello";
	static const char in_name[] = POST "X\0: 5\r\n\r\n";
	static const char in_chunk[] = POST "Transfer-Encoding: chunked\r\n\r\n5\0\r\nhello";

	(void)state;
	assert_stream(in_target, sizeof(in_target) - 1, "400");
	assert_stream(in_value, sizeof(in_value) - 1, "400");
	assert_stream(in_name, sizeof(in_name) - 1, "400");
	assert_stream(in_chunk, sizeof(in_chunk) - 1, "400");
}

static void http_reader_run__caps_the_head(void **state)
{
	STRBUF_AUTO(line);
	STRBUF_AUTO(headers);
	STRBUF_AUTO(many);

	(void)state;
	strbuf_adds(&line, "GET /");
	while (line.len <= HTTP_REQUEST_HEADERS_MAX)
		strbuf_addc(&line, 'a');
	assert_stream(line.buf, line.len, "431");

	strbuf_adds(&headers, "GET / HTTP/1.1\r\n" HOST);
	for (int i = 0; i < 50; i++)
		strbuf_addf(&headers, "X-%d: %0400d\r\n", i, i);
	strbuf_adds(&headers, "\r\n");
	assert_stream(headers.buf, headers.len, "431");

	strbuf_adds(&many, "GET / HTTP/1.1\r\n" HOST);
	for (int i = 1; i < HTTP_HEADERS_COUNT_MAX; i++)
		strbuf_adds(&many, "a:\r\n");
	strbuf_adds(&many, "\r\n");
	assert_stream(many.buf, many.len, "GET /? |more");
	strbuf_truncate(&many, many.len - 2);
	strbuf_adds(&many, "a:\r\n\r\n");
	assert_stream(many.buf, many.len, "431");
}

static void http_reader_run__takes_the_largest_body(void **state)
{
	struct http_reader r;
	struct http_incoming in;
	STRBUF_AUTO(request);

	(void)state;
	strbuf_addf(&request, POST "Content-Length: %d\r\n\r\n", HTTP_REQUEST_BODY_MAX);
	for (int i = 0; i < HTTP_REQUEST_BODY_MAX; i++)
		strbuf_addc(&request, i % 2 ? '\0' : 'x');
	http_reader_init(&r);
	http_reader_feed(&r, request.buf, request.len);
	assert_int_equal(http_reader_run(&r), HTTP_COMPLETE);
	http_reader_take(&r, &in);
	assert_int_equal(in.request.body_len, HTTP_REQUEST_BODY_MAX);
	assert_memory_equal(in.request.body, "x\0x\0", 4);
	assert_int_equal(in.request.body[in.request.body_len], '\0');
	http_incoming_release(&in);
	http_reader_release(&r);
}

/* As many bytes as the path says: "/3" */
static size_t max_by_path(const struct http_request *head, void *arg)
{
	int *asked = arg;

	(*asked)++;
	assert_string_equal(head->body, "");
	return (size_t)strtoul(head->path + 1, NULL, 10);
}

static void http_reader_run__asks_how_long_a_body_may_be(void **state)
{
	static const struct {
		const char *bytes;
		int status; /* 0: complete */
	} cases[] = {
		{"PUT /3 HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", 0},
		{"PUT /3 HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\n", 413},
		{"PUT /3 HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n", 413},
		{"PUT /3 HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
		 "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
		 0},
		{"PUT /3 HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2\r\n",
		 413},
		{"PUT /0 HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n", 413},
		{"PUT /0 HTTP/1.1\r\n" HOST "\r\n", 0},
		{"PUT /70000 HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n11171\r\n", 413},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_reader r;
		int asked = 0;
		enum http_progress p = HTTP_MORE;

		http_reader_init(&r);
		r.body_max_of = max_by_path;
		r.body_max_arg = &asked;
		for (const char *c = cases[i].bytes; *c && p == HTTP_MORE; c++) {
			http_reader_feed(&r, c, 1);
			p = http_reader_run(&r);
		}
		assert_int_equal(p, cases[i].status ? HTTP_REFUSED : HTTP_COMPLETE);
		assert_int_equal(r.status, cases[i].status);
		assert_int_equal(asked, 1);
		http_reader_release(&r);
	}
}

static void http_reader_take__keeps_repeated_headers_and_drops_trailers(void **state)
{
	static const char request[] = POST "X-A: 1\r\nx-a:\t two words \t\r\nX-E:\r\n"
					   "Transfer-Encoding: chunked\r\n\r\n"
					   "0\r\nX-Twilio-Signature: forged\r\n\r\n";
	struct http_reader r;
	struct http_incoming in;

	(void)state;
	http_reader_init(&r);
	http_reader_feed(&r, request, sizeof(request) - 1);
	assert_int_equal(http_reader_run(&r), HTTP_COMPLETE);
	http_reader_take(&r, &in);
	assert_int_equal(in.request.headers.n, 5);
	assert_string_equal(http_headers_get(&in.request.headers, "X-A"), "1");
	assert_string_equal(in.request.headers.items[2].value, "two words");
	assert_string_equal(http_headers_get(&in.request.headers, "X-E"), "");
	assert_null(http_headers_get(&in.request.headers, "X-Twilio-Signature"));
	http_incoming_release(&in);
	http_reader_release(&r);
}

static void http_reader_run__says_that_the_peer_waits(void **state)
{
	static const char head[] = POST "Expect: 100-Continue\r\nContent-Length: 2\r\n\r\n";
	struct http_reader r;
	struct http_incoming in;

	(void)state;
	http_reader_init(&r);
	http_reader_feed(&r, head, sizeof(head) - 1);
	assert_int_equal(http_reader_run(&r), HTTP_MORE);
	assert_true(r.wants_continue);
	http_reader_feed(&r, "ok", 2);
	assert_int_equal(http_reader_run(&r), HTTP_COMPLETE);
	http_reader_take(&r, &in);
	assert_false(r.wants_continue);
	http_incoming_release(&in);
	http_reader_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(http_reader_run__reads_requests_in_a_row),
		cmocka_unit_test(http_reader_run__knows_when_to_close),
		cmocka_unit_test(http_reader_run__refuses__odd_framing),
		cmocka_unit_test(http_reader_run__refuses__odd_chunks),
		cmocka_unit_test(http_reader_run__refuses__a_bad_head),
		cmocka_unit_test(http_reader_run__refuses__an_unclean_target),
		cmocka_unit_test(http_reader_run__refuses__nul),
		cmocka_unit_test(http_reader_run__caps_the_head),
		cmocka_unit_test(http_reader_run__takes_the_largest_body),
		cmocka_unit_test(http_reader_run__asks_how_long_a_body_may_be),
		cmocka_unit_test(http_reader_take__keeps_repeated_headers_and_drops_trailers),
		cmocka_unit_test(http_reader_run__says_that_the_peer_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
