/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Files by signed links, over the local road, with a bridge of a few lines. */
#include "fakes/fake_loop.c"

#include "base/strbuf.h"
#include "base/xalloc.h"
#include "http/answer.h"
#include "http/media.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* ---- the bridge --------------------------------------------------------------------------------- */

#define READS_MAX 64

struct bridge {
	struct bridge_options options;
	struct {
		chat_bytes_fn *fn;
		void *arg;
	} reads[READS_MAX];
	size_t n;
	size_t forgotten;
	char link[200];
};

const struct bridge_options *bridge_options(struct bridge *bridge)
{
	return &bridge->options;
}

enum bridge_link bridge_media_open(struct bridge *bridge, const char *link, struct media_id *id_out)
{
	STR_COPY(bridge->link, link);
	id_out->v = 7;
	if (strcmp(link, "good") == 0)
		return LINK_GOOD;
	if (strcmp(link, "forged") == 0)
		return LINK_FORGED;
	return strcmp(link, "old") == 0 ? LINK_EXPIRED : LINK_UNKNOWN;
}

void bridge_media_read(struct bridge *bridge, struct media_id id, chat_bytes_fn *fn, void *arg)
{
	assert_int_equal(id.v, 7);
	assert_true(bridge->n < READS_MAX);
	bridge->reads[bridge->n].fn = fn;
	bridge->reads[bridge->n++].arg = arg;
}

void bridge_media_forget(struct bridge *bridge, chat_bytes_fn *fn, const void *arg)
{
	for (size_t i = 0; i < bridge->n; i++) {
		if (bridge->reads[i].fn == fn && bridge->reads[i].arg == arg)
			bridge->forgotten++;
	}
}

/* ---- the scene ---------------------------------------------------------------------------------- */

static struct {
	struct loop *loop;
	struct http_server *server;
	struct http_client *client;
	struct bridge bridge;
	struct media_door *door;
	int status;
	int answers;
	char type[64];
	char *body;
} t;

static int setup(void **state)
{
	(void)state;
	t.loop = loop_new();
	t.server = http_server_new(t.loop);
	t.client = http_client_new(t.loop, t.server);
	t.bridge.options.file_max = 1000;
	t.door = media_door_new(t.loop, t.server, &t.bridge);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	http_client_free(t.client);
	media_door_free(t.door);
	http_server_free(t.server);
	loop_free(t.loop);
	free(t.body);
	memset(&t, 0, sizeof(t));
	return 0;
}

static void on_done(const struct http_answer *answer, void *arg)
{
	const char *type = http_headers_get(&answer->headers, "Content-Type");

	(void)arg;
	t.answers++;
	t.status = answer->status;
	STR_COPY(t.type, type ? type : "");
	free(t.body);
	t.body = xstrdup(answer->body);
}

static void ask(const char *method, const char *path)
{
	struct http_call call = {.method = method};
	STRBUF_AUTO(url);

	strbuf_addf(&url, "local:/media/%s", path);
	call.url = strbuf_detach(&url, NULL);
	http_client_start(t.client, &call, on_done, NULL);
	for (int i = 0; i < 4; i++)
		fake_loop_advance(t.loop, 0);
}

static void tell(size_t i, const struct chat_bytes *bytes)
{
	t.bridge.reads[i].fn(bytes, t.bridge.reads[i].arg);
	for (int n = 0; n < 4; n++)
		fake_loop_advance(t.loop, 0);
}

static const struct chat_bytes picture = {
	.bytes = "bytes", .len = 5, .type = "image/jpeg", .name = "picture.jpg"};

/* ---- the tests ---------------------------------------------------------------------------------- */

static void media__gives__the_file_of_a_good_link(void **state)
{
	(void)state;
	ask("GET", "good");
	assert_int_equal(t.answers, 0);
	tell(0, &picture);
	assert_int_equal(t.status, 200);
	assert_string_equal(t.type, "image/jpeg");
	assert_string_equal(t.body, "bytes");
}

static void media__refuses__other_links(void **state)
{
	static const struct {
		const char *method;
		const char *link;
		int status;
	} rows[] = {{"GET", "forged", 403}, {"HEAD", "forged", 403}, {"GET", "old", 410},
		    {"GET", "", 404},       {"GET", "x", 404},       {"POST", "good", 405},
		    {"PUT", "good", 405},   {"DELETE", "good", 405}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ask(rows[i].method, rows[i].link);
		assert_int_equal(t.status, rows[i].status);
	}
	assert_int_equal(t.bridge.n, 0);
}

static void media__says__that_a_file_cannot_be_had(void **state)
{
	struct chat_bytes none = {.problem = "the server says 404", .text = "words for a room"};

	(void)state;
	ask("GET", "good");
	tell(0, &none);
	assert_int_equal(t.status, 502);
	assert_string_equal(t.body, "The file cannot be had: the server says 404.\n");
	ask("GET", "good");
	none.again = true;
	tell(1, &none);
	assert_string_equal(t.body, "The file cannot be had now: the server says 404.\n");
}

static void media__takes__so_many_at_a_time(void **state)
{
	(void)state;
	for (int i = 0; i < 32; i++)
		ask("GET", "good");
	assert_int_equal(t.answers, 0);
	ask("GET", "good");
	assert_int_equal(t.status, 503);
	tell(0, &picture);
	assert_int_equal(t.status, 200);
	ask("GET", "good");
	assert_int_equal(t.answers, 2);
	for (size_t i = 1; i < t.bridge.n; i++)
		tell(i, &picture);
}

static void media__answers__those_who_wait_when_it_goes(void **state)
{
	(void)state;
	ask("GET", "good");
	ask("GET", "good");
	media_door_free(t.door);
	t.door = NULL;
	assert_int_equal(t.bridge.forgotten, 2);
	for (int n = 0; n < 4; n++)
		fake_loop_advance(t.loop, 0);
	assert_int_equal(t.answers, 2);
	assert_int_equal(t.status, 503);
	ask("GET", "good");
	assert_int_equal(t.status, 404);
}

static const char *format(const char *type, const char *name, bool head, struct strbuf *out)
{
	const struct http_reply_text reply = {200, type, "bytes", 5, name};

	strbuf_reset(out);
	http_answer_format(out, &reply, 0, false, head);
	return out->buf;
}

static void answer__lets_no_file__run_as_a_page(void **state)
{
	STRBUF_AUTO(out);

	(void)state;
	format("image/jpeg", "picture.jpg", false, &out);
	assert_non_null(strstr(out.buf, "Content-Type: image/jpeg\r\n"));
	assert_non_null(strstr(out.buf, "X-Content-Type-Options: nosniff\r\n"));
	assert_non_null(
		strstr(out.buf, "Content-Disposition: inline; filename=\"picture.jpg\"\r\n"));
	assert_non_null(
		strstr(out.buf, "Content-Security-Policy: default-src 'none'; sandbox\r\n"));
	assert_non_null(strstr(out.buf, "\r\n\r\nbytes"));
	format("text/vcard", "contact.vcf", true, &out);
	assert_non_null(
		strstr(out.buf, "Content-Disposition: attachment; filename=\"contact.vcf\"\r\n"));
	assert_non_null(strstr(out.buf, "Content-Length: 5\r\n"));
	assert_null(strstr(out.buf, "bytes\n"));
	assert_string_equal(out.buf + out.len - 4, "\r\n\r\n");
	format("text/plain", NULL, false, &out);
	assert_null(strstr(out.buf, "Content-Disposition"));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(media__gives__the_file_of_a_good_link),
		TEST(media__refuses__other_links),
		TEST(media__says__that_a_file_cannot_be_had),
		TEST(media__takes__so_many_at_a_time),
		TEST(media__answers__those_who_wait_when_it_goes),
		cmocka_unit_test(answer__lets_no_file__run_as_a_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
