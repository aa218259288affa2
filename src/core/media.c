/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What a file is, by its first bytes; see media.h. A table of beginnings rather than libmagic, which
 * knows a thousand kinds of file of which we pass on twelve. */
#include "core/media.h"

#include <string.h>
#include <strings.h>

enum kind { JPEG, PNG, GIF, WEBP, HEIC, MP4, THREE_GP, QUICKTIME, AMR, M4A, VCARD, PDF, KINDS };

static const struct media_type types[KINDS] = {
	[JPEG] = {"image/jpeg", "picture.jpg", "JPEG picture", true},
	[PNG] = {"image/png", "picture.png", "PNG picture", true},
	[GIF] = {"image/gif", "picture.gif", "GIF picture", true},
	[WEBP] = {"image/webp", "picture.webp", "WebP picture", false},
	[HEIC] = {"image/heic", "picture.heic", "HEIC picture", false},
	[MP4] = {"video/mp4", "video.mp4", "MP4 video", true},
	[THREE_GP] = {"video/3gpp", "video.3gp", "3GP video", true},
	[QUICKTIME] = {"video/quicktime", "video.mov", "QuickTime video", false},
	[AMR] = {"audio/amr", "recording.amr", "AMR recording", false},
	[M4A] = {"audio/mp4", "recording.m4a", "MP4 recording", false},
	[VCARD] = {"text/vcard", "contact.vcf", "contact card", true},
	[PDF] = {"application/pdf", "document.pdf", "PDF document", false},
};

/* How files begin; a '?' stands for any byte. The first row that fits decides. */
static const struct {
	const char *bytes;
	size_t len;
	enum kind kind;
} beginnings[] = {
	{"\xFF\xD8\xFF", 3, JPEG},
	{"\x89PNG\r\n\x1A\n", 8, PNG},
	{"GIF87a", 6, GIF},
	{"GIF89a", 6, GIF},
	{"RIFF????WEBP", 12, WEBP},
	{"????ftypheic", 12, HEIC},
	{"????ftypheix", 12, HEIC},
	{"????ftypmif1", 12, HEIC},
	{"????ftypmp4", 11, MP4},
	{"????ftypiso", 11, MP4},
	{"????ftypavc1", 12, MP4},
	{"????ftypM4V ", 12, MP4},
	{"????ftypMSNV", 12, MP4},
	{"????ftyp3g", 10, THREE_GP},
	{"????ftypqt  ", 12, QUICKTIME},
	{"????ftypM4A ", 12, M4A},
	{"#!AMR", 5, AMR},
	{"%PDF-", 5, PDF},
};

static const char vcard[] = "BEGIN:VCARD";
static const char byte_order_mark[] = "\xEF\xBB\xBF";

static bool begins(const char *bytes, size_t len, const char *with, size_t with_len)
{
	if (len < with_len)
		return false;
	for (size_t i = 0; i < with_len; i++) {
		if (with[i] != '?' && with[i] != bytes[i])
			return false;
	}
	return true;
}

/* Text, so that case is free and an editor may have put a mark before it. */
static bool is_vcard(const char *bytes, size_t len)
{
	size_t mark = strlen(byte_order_mark);

	if (begins(bytes, len, byte_order_mark, mark)) {
		bytes += mark;
		len -= mark;
	}
	return len > strlen(vcard) && strncasecmp(bytes, vcard, strlen(vcard)) == 0 &&
	       strchr("\r\n", bytes[strlen(vcard)]) && bytes[strlen(vcard)] != '\0';
}

const struct media_type *media_type_of(const void *bytes, size_t len)
{
	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
		if (begins(bytes, len, beginnings[i].bytes, beginnings[i].len))
			return &types[beginnings[i].kind];
	}
	return is_vcard(bytes, len) ? &types[VCARD] : NULL;
}

const struct media_type *media_type_find(const char *name)
{
	static const struct {
		const char *name;
		enum kind kind;
	} others[] = {
		{"image/jpg", JPEG},     {"text/x-vcard", VCARD},   {"text/directory", VCARD},
		{"video/3gp", THREE_GP}, {"video/3gpp2", THREE_GP}, {"image/heif", HEIC},
	};
	size_t len = strcspn(name, "; \t");

	for (size_t i = 0; i < KINDS; i++) {
		if (strlen(types[i].name) == len && strncasecmp(types[i].name, name, len) == 0)
			return &types[i];
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (strlen(others[i].name) == len && strncasecmp(others[i].name, name, len) == 0)
			return &types[others[i].kind];
	}
	return NULL;
}
