/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Structured lines on stderr: time, level, event word, key=value pairs.
 *
 *   2026-11-24T08:00:00.123Z info sms.accepted message=12 to=+1******0123 sender=main
 *
 * No bodies, no secrets, no full numbers: log_phone() masks. Values that may hold spaces or foreign
 * bytes go through log_quote(). Both return one of a few static buffers: use at once.
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_set_level(enum log_level level);
/* "debug" "info" "warn" "error" -> level; false if it is none of them. */
bool log_parse_level(const char *word, enum log_level *level_out);

__attribute__((format(printf, 2, 3))) void log_line(enum log_level level, const char *fmt, ...);
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)

const char *log_phone(const char *number); /* "+15551230123" -> "+1******0123" */
const char *log_quote(const char *text);   /* "a b\n" -> "\"a b\\n\"", cut at 200 bytes */

#endif
