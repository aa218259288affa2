/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What a file is, and links to files. */
#include "core/media.h"
#include "core/media_link.h"

#include "base/xalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SECRET "hook-secret-0123456789"
#define NOW INT64_C(1760000000000)
#define HOUR INT64_C(3600000)

static const char *name_of(const char *bytes, size_t len)
{
	const struct media_type *type = media_type_of(bytes, len);

	return type ? type->name : "none";
}

static void media_type_of__knows__what_phones_send(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *name;
	} rows[] = {
		{"\xFF\xD8\xFF\xE0\0\x10JFIF", 10, "image/jpeg"},
		{"\x89PNG\r\n\x1A\n\0\0\0\rIHDR", 16, "image/png"},
		{"GIF89a\1\0\1\0", 10, "image/gif"},
		{"GIF87a", 6, "image/gif"},
		{"RIFF\x24\0\0\0WEBPVP8 ", 16, "image/webp"},
		{"\0\0\0\x18"
		 "ftypheic\0\0\0\0",
		 16, "image/heic"},
		{"\0\0\0\x18"
		 "ftypmp42\0\0\0\0",
		 16, "video/mp4"},
		{"\0\0\0\x20"
		 "ftypisom\0\0\2\0",
		 16, "video/mp4"},
		{"\0\0\0\x1c"
		 "ftyp3gp5\0\0\1\0",
		 16, "video/3gpp"},
		{"\0\0\0\x14"
		 "ftypqt  \0\0\0\0",
		 16, "video/quicktime"},
		{"\0\0\0\x1c"
		 "ftypM4A \0\0\0\0",
		 16, "audio/mp4"},
		{"#!AMR\n\x3c", 7, "audio/amr"},
		{"BEGIN:VCARD\r\nVERSION:3.0\r\n", 26, "text/vcard"},
		{"begin:vcard\nversion:3.0\n", 24, "text/vcard"},
		{"\xEF\xBB\xBF"
		 "BEGIN:VCARD\r\n",
		 16, "text/vcard"},
		{"%PDF-1.7\n", 9, "application/pdf"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(name_of(rows[i].bytes, rows[i].len), rows[i].name);
}

static void media_type_of__refuses__all_else(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} rows[] = {
		{"", 0},
		{"\xFF\xD8", 2},
		{"\x89PNG\r\n\x1A", 7},
		{"<html><body>", 12},
		{"<svg xmlns='http://www.w3.org/2000/svg'/>", 41},
		{"<?xml version='1.0'?>", 21},
		{"RIFF\x24\0\0\0WAVEfmt ", 16},
		{"\0\0\0\x18"
		 "ftypavif\0\0\0\0",
		 16},
		{"\0\0\0\x18"
		 "fty",
		 7},
		{"BEGIN:VCARD", 11},
		{"BEGIN:VCARDX\r\n", 14},
		{"BEGIN:VCARD\0\r\n", 14},
		{"BEGIN:VCALENDAR\r\n", 17},
		{"MZ\x90\0", 4},
		{"PK\3\4", 4},
		{" GIF89a", 7},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(name_of(rows[i].bytes, rows[i].len), "none");
}

static void media_type_find__forgives__how_it_is_written(void **state)
{
	(void)state;
	assert_string_equal(media_type_find("Image/JPEG; charset=x")->file_name, "picture.jpg");
	assert_string_equal(media_type_find("image/jpg")->name, "image/jpeg");
	assert_string_equal(media_type_find("text/x-vcard")->name, "text/vcard");
	assert_string_equal(media_type_find("video/3gpp ;x")->file_name, "video.3gp");
	assert_null(media_type_find("image/jpegx"));
	assert_null(media_type_find("image/svg+xml"));
	assert_null(media_type_find("text/html"));
	assert_null(media_type_find(""));
}

static void media_type__sends__what_carriers_take(void **state)
{
	(void)state;
	assert_true(media_type_find("image/jpeg")->mms);
	assert_true(media_type_find("video/3gpp")->mms);
	assert_true(media_type_find("text/vcard")->mms);
	assert_false(media_type_find("image/heic")->mms);
	assert_false(media_type_find("application/pdf")->mms);
}

/* ---- links -------------------------------------------------------------------------------------- */

static char *link_of(int64_t id, int64_t expires_at)
{
	struct strbuf out = STRBUF_INIT;

	media_link_add(&out, SECRET, id, expires_at, "picture.jpg");
	return strbuf_detach(&out, NULL);
}

static enum media_link_verdict check(const char *link, int64_t now)
{
	int64_t id;

	return media_link_check(link, SECRET, now, &id);
}

static void media_link__is_good__until_it_ends(void **state)
{
	AUTO_FREE char *link = link_of(12, NOW + HOUR);
	int64_t id = 0;

	(void)state;
	assert_int_equal(media_link_check(link, SECRET, NOW, &id), MEDIA_LINK_GOOD);
	assert_int_equal(id, 12);
	assert_int_equal(check(link, NOW + HOUR - 1000), MEDIA_LINK_GOOD);
	assert_int_equal(check(link, NOW + HOUR), MEDIA_LINK_EXPIRED);
	assert_int_equal(check(link, NOW + 1000 * HOUR), MEDIA_LINK_EXPIRED);
}

static void media_link__has_one_key__of_its_own(void **state)
{
	AUTO_FREE char *link = link_of(12, NOW + HOUR);
	int64_t id;

	(void)state;
	assert_string_equal(link, "12/1760003600/8b0225fb29dba23e293eb4fe70c552dc/picture.jpg");
	assert_int_equal(media_link_check(link, "another-secret-0123456789", NOW, &id),
			 MEDIA_LINK_FORGED);
}

/* Every character before the name counts. */
static void media_link__notices__each_change(void **state)
{
	AUTO_FREE char *link = link_of(12, NOW + HOUR);
	size_t len = strlen(link) - strlen("picture.jpg");

	(void)state;
	for (size_t i = 0; i < len; i++) {
		AUTO_FREE char *changed = xstrdup(link);

		for (int c = 1; c < 128; c++) {
			changed[i] = (char)c;
			if (c != link[i])
				assert_int_not_equal(check(changed, NOW), MEDIA_LINK_GOOD);
			assert_int_not_equal(check(changed, NOW), MEDIA_LINK_EXPIRED);
		}
		changed[i] = '\0';
		assert_int_equal(check(changed, NOW), MEDIA_LINK_MALFORMED);
	}
}

/* Nobody is told which of made-up links would have ended. */
static void media_link__tells__an_end_only_of_its_own(void **state)
{
	(void)state;
	assert_int_equal(check("12/1/00000000000000000000000000000000/x", NOW), MEDIA_LINK_FORGED);
	assert_int_equal(check("12/1/0000000000000000000000000000000/x", NOW),
			 MEDIA_LINK_MALFORMED);
	assert_int_equal(check("012/1/00000000000000000000000000000000/x", NOW),
			 MEDIA_LINK_MALFORMED);
	assert_int_equal(check("+12/1/00000000000000000000000000000000/x", NOW),
			 MEDIA_LINK_MALFORMED);
	assert_int_equal(check("9999999999999999999/1/00000000000000000000000000000000/x", NOW),
			 MEDIA_LINK_MALFORMED);
	assert_int_equal(check("", NOW), MEDIA_LINK_MALFORMED);
	assert_int_equal(check("////", NOW), MEDIA_LINK_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(media_type_of__knows__what_phones_send),
		cmocka_unit_test(media_type_of__refuses__all_else),
		cmocka_unit_test(media_type_find__forgives__how_it_is_written),
		cmocka_unit_test(media_type__sends__what_carriers_take),
		cmocka_unit_test(media_link__is_good__until_it_ends),
		cmocka_unit_test(media_link__has_one_key__of_its_own),
		cmocka_unit_test(media_link__notices__each_change),
		cmocka_unit_test(media_link__tells__an_end_only_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
