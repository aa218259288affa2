/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Two tables: error codes, and for answers without one (a proxy's page) or with one that says
 * nothing, statuses. A code that is in neither is judged by its status too.
 */
#include "chat/matrix/matrix_error.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

struct code_row {
	const char *errcode;
	struct mx_verdict verdict;
};

static const struct code_row codes[] = {
	{"M_UNKNOWN_TOKEN", {MX_TOKEN, MX_END}},
	{"M_MISSING_TOKEN", {MX_TOKEN, MX_END}},

	{"M_FORBIDDEN", {MX_FORBIDDEN, MX_END}},
	{"M_GUEST_ACCESS_FORBIDDEN", {MX_FORBIDDEN, MX_END}},
	{"M_INVITE_BLOCKED", {MX_FORBIDDEN, MX_END}},
	{"M_UNABLE_TO_AUTHORISE_JOIN", {MX_FORBIDDEN, MX_END}},
	{"M_UNABLE_TO_GRANT_JOIN", {MX_FORBIDDEN, MX_END}},
	{"M_USER_DEACTIVATED", {MX_FORBIDDEN, MX_END}},
	{"M_USER_LOCKED", {MX_FORBIDDEN, MX_END}},
	{"M_USER_SUSPENDED", {MX_FORBIDDEN, MX_END}},

	{"M_DUPLICATE_ANNOTATION", {MX_ALREADY, MX_END}},
	{"M_ROOM_IN_USE", {MX_ALREADY, MX_END}},
	{"M_USER_IN_USE", {MX_ALREADY, MX_END}},

	{"M_NOT_FOUND", {MX_NOT_FOUND, MX_END}},
	{"M_UNRECOGNIZED", {MX_UNSUPPORTED, MX_END}},
	{"M_TOO_LARGE", {MX_TOO_LARGE, MX_END}},

	{"M_LIMIT_EXCEEDED", {MX_UNREACHABLE, MX_WAIT}},
	/* The whole server is closed, until its admin or the end of the month opens it. */
	{"M_RESOURCE_LIMIT_EXCEEDED", {MX_UNREACHABLE, MX_REPEAT}},

	/* Whatever the status: what is wrong with a request stays wrong. */
	{"M_BAD_JSON", {MX_REFUSED, MX_END}},
	{"M_NOT_JSON", {MX_REFUSED, MX_END}},
	{"M_INVALID_PARAM", {MX_REFUSED, MX_END}},
	{"M_MISSING_PARAM", {MX_REFUSED, MX_END}},
	{"M_EXCLUSIVE", {MX_REFUSED, MX_END}},
	{"M_INVALID_USERNAME", {MX_REFUSED, MX_END}},
	{"M_INVALID_ROOM_STATE", {MX_REFUSED, MX_END}},
	{"M_UNSUPPORTED_ROOM_VERSION", {MX_REFUSED, MX_END}},
	{"M_INCOMPATIBLE_ROOM_VERSION", {MX_REFUSED, MX_END}},
	{"M_USER_LIMIT_EXCEEDED", {MX_REFUSED, MX_END}},
	/* The homeserver has asked somebody else (us, when it is to ping us): under 502 and 504. */
	{"M_BAD_STATUS", {MX_REFUSED, MX_END}},
	{"M_CONNECTION_FAILED", {MX_REFUSED, MX_END}},
	{"M_CONNECTION_TIMEOUT", {MX_REFUSED, MX_END}},
};

struct status_row {
	int from;
	int to;
	struct mx_verdict verdict;
};

/* The first row that holds the status decides. */
static const struct status_row statuses[] = {
	{200, 299, {MX_OK, MX_END}},
	{300, 399, {MX_REFUSED, MX_END}},
	/* Without a code it is a proxy's page (with one: see below), and passes. */
	{401, 401, {MX_FORBIDDEN, MX_REPEAT}},
	{403, 403, {MX_FORBIDDEN, MX_REPEAT}},
	{404, 404, {MX_UNSUPPORTED, MX_REPEAT}},
	{405, 405, {MX_UNSUPPORTED, MX_END}},
	{408, 408, {MX_UNREACHABLE, MX_REPEAT}},
	{413, 413, {MX_TOO_LARGE, MX_END}},
	{429, 429, {MX_UNREACHABLE, MX_WAIT}},
	{400, 499, {MX_REFUSED, MX_END}},
	{501, 501, {MX_UNSUPPORTED, MX_END}},
	{502, 504, {MX_UNREACHABLE, MX_REPEAT}},
	{520, 530, {MX_UNREACHABLE, MX_REPEAT}}, /* Cloudflare cannot reach the server behind it */
	{INT_MIN, INT_MAX, {MX_REFUSED, MX_REPEAT_FEW}},
};

/* With a code that is not in the table. */
static const struct mx_verdict not_found = {MX_NOT_FOUND, MX_END};
static const struct mx_verdict forbidden = {MX_FORBIDDEN, MX_END};

struct mx_verdict mx_error_judge(int status, const char *errcode)
{
	const struct status_row *row = statuses;
	bool success = status >= 200 && status <= 299;

	for (size_t i = 0; !success && i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(codes[i].errcode, errcode) == 0)
			return codes[i].verdict;
	if (status == 404 && errcode[0])
		return not_found;
	if ((status == 401 || status == 403) && errcode[0])
		return forbidden;
	while (status < row->from || status > row->to)
		row++;
	return row->verdict;
}
