/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* One line per event on stderr; see log.h. Written with one write() so that lines do not mix. */
#include "base/log.h"

#include "base/civil.h"
#include "base/strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static enum log_level threshold = LOG_INFO;
static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_set_level(enum log_level level)
{
	threshold = level;
}

bool log_parse_level(const char *word, enum log_level *level_out)
{
	for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
		if (strcmp(word, level_names[i]) == 0) {
			*level_out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	STRBUF_AUTO(line);
	struct timespec ts;
	char stamp[CIVIL_STAMP_MAX];
	va_list ap;

	if (level < threshold)
		return;
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	civil_stamp((int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000, stamp);
	strbuf_addf(&line, "%s %s ", stamp, level_names[level]);
	va_start(ap, fmt);
	strbuf_vaddf(&line, fmt, ap);
	va_end(ap);
	strbuf_addc(&line, '\n');
	if (write(STDERR_FILENO, line.buf, line.len) < 0)
		return; /* nowhere left to say so */
}

/* A few buffers in turn, so that one log call may mask two numbers. */
#define RING 4
#define RING_BYTES 256

static char *next_buffer(void)
{
	static char ring[RING][RING_BYTES];
	static unsigned turn;

	return ring[turn++ % RING];
}

const char *log_phone(const char *number)
{
	char *out = next_buffer();
	size_t len = strnlen(number, RING_BYTES / 2);
	size_t shown = number[0] == '+' ? 2 : 0;

	for (size_t i = 0; i < len; i++)
		out[i] = (i < shown && len > 6) || (len > 6 && i + 4 >= len) ? number[i] : '*';
	out[len] = '\0';
	return out;
}

const char *log_quote(const char *text)
{
	static const char hex[] = "0123456789abcdef";
	char *out = next_buffer();
	size_t n = 0;

	out[n++] = '"';
	for (const char *p = text; *p && n + 8 < RING_BYTES; p++) {
		unsigned char c = (unsigned char)*p;

		if (c == '"' || c == '\\') {
			out[n++] = '\\';
			out[n++] = (char)c;
		} else if (c < 0x20 || c == 0x7f) {
			out[n++] = '\\';
			out[n++] = 'x';
			out[n++] = hex[c >> 4];
			out[n++] = hex[c & 15];
		} else {
			out[n++] = (char)c;
		}
	}
	out[n++] = '"';
	out[n] = '\0';
	return out;
}
