/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * `roomline explain`; see explain.h. One line in, one line out: the input's own line ends are no
 * part of a text, everything else is, also blanks at the ends and bytes that are no UTF-8.
 */
#include "app/explain.h"

#include "app/explain_priv.h"
#include "core/gsm7.h"
#include "core/optout.h"
#include "core/phone.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"usage: roomline explain text\n"
	"       roomline explain segments\n"
	"       roomline explain phone [--region US]\n"
	"       roomline explain hook --driver NAME --set KEY=VALUE... --url URL\n"
	"                             [--method POST] [--header 'NAME: VALUE']... < BODY\n";

static const char help[] =
	"\n"
	"Reads lines on standard input and answers each with one line: how Roomline would read "
	"it.\n"
	"In a line \\n \\t \\\\ and \\uXXXX stand for the character; blanks at the ends count.\n"
	"\n"
	"text      what an inbound text means for consent:\n"
	"          stop, start, help, suggest_stop, wrong_number or none, TAB, the rule\n"
	"segments  what a text costs: GSM-7 or UCS-2, TAB, segments, TAB, units\n"
	"phone     a telephone number: E.164, TAB, class; or \"invalid\", TAB, reason.\n"
	"          --region says where numbers without a country code are from\n"
	"hook      whether a webhook (the body is all of standard input) is genuine by the\n"
	"          settings given: \"valid\"; or \"invalid\", TAB, reason. A secret may be given\n"
	"          as file:PATH or env:NAME, so that it shows in no list of processes\n"
	"\n"
	"Examples:\n"
	"  echo 'STOP please' | roomline explain text\n"
	"  echo 'See you at 5 \\u20ac' | roomline explain segments\n"
	"  echo '(415) 555-2671' | roomline explain phone --region US\n"
	"  roomline explain hook --driver twilio --set auth_token=12345 \\\n"
	"      --url 'https://example.org/hook/secret/main/in' \\\n"
	"      --header 'X-Twilio-Signature: RSOYDt4T1cUTdK1PDd93/VVr8B8=' < body.txt\n";

int explain_usage_error(const char *fmt, ...)
{
	va_list ap;

	(void)fputs("roomline explain: ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fprintf(stderr, "\n%s", usage);
	return EXPLAIN_USAGE;
}

/* ---- one line -------------------------------------------------------------------------------- */

/* option: the value of --region, or NULL. */
typedef void explain_line_fn(const char *text, size_t len, const char *option);

static void explain_text(const char *text, size_t len, const char *option)
{
	static const struct optout_context nothing_known;
	struct optout_result result;

	(void)option;
	optout_classify(text, len, &nothing_known, &result);
	(void)printf("%s\t%s\n", optout_verdict_word(result.verdict), result.rule);
}

static void explain_segments(const char *text, size_t len, const char *option)
{
	struct segment_count count;

	(void)option;
	gsm7_count(text, len, &count);
	(void)printf("%s\t%d\t%d\n", sms_encoding_word(count.encoding), count.segments,
		     count.units);
}

static void explain_phone(const char *text, size_t len, const char *option)
{
	struct phone phone;
	enum phone_error error = phone_parse(text, len, option, &phone);

	if (error == PHONE_OK)
		(void)printf("%s\t%s\n", phone.e164, phone_class_word(phone_classify(&phone)));
	else
		(void)printf("invalid\t%s\n", phone_error_word(error));
}

/* ---- all lines ------------------------------------------------------------------------------- */

static int fail(const char *what)
{
	(void)fprintf(stderr, "roomline explain: cannot %s\n", what);
	return EXPLAIN_FAILED;
}

static int explain_lines(explain_line_fn *explain, const char *option)
{
	STRBUF_AUTO(text);
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	while ((n = getline(&line, &size, stdin)) > 0) {
		size_t len = (size_t)n - (line[n - 1] == '\n');

		strbuf_reset(&text);
		explain_unescape(&text, line, len);
		explain(text.buf, text.len, option);
	}
	free(line);
	if (ferror(stdin))
		return fail("read standard input");
	if (fflush(stdout) != 0 || ferror(stdout))
		return fail("write to standard output");
	return EXPLAIN_OK;
}

/* ---- the command line ------------------------------------------------------------------------ */

static const struct {
	const char *name;
	const char *option; /* the one option it takes, or NULL */
	explain_line_fn *explain;
} line_commands[] = {
	{"text", NULL, explain_text},
	{"segments", NULL, explain_segments},
	{"phone", "--region", explain_phone},
};

/* argv[0] is the name of line_commands[which]. */
static int run_line_command(size_t which, int argc, char **argv)
{
	const char *option = line_commands[which].option;
	const char *value = NULL;

	for (int i = 1; i < argc; i++) {
		size_t len = option ? strlen(option) : 0;

		if (!option || strncmp(argv[i], option, len) != 0 ||
		    (argv[i][len] != '\0' && argv[i][len] != '='))
			return explain_usage_error("'%s' takes no '%s'", argv[0], argv[i]);
		if (argv[i][len] == '=')
			value = argv[i] + len + 1;
		else if (i + 1 < argc)
			value = argv[++i];
		else
			return explain_usage_error("%s wants a value", option);
	}
	return explain_lines(line_commands[which].explain, value);
}

static int print_help(void)
{
	(void)printf("%s%s", usage, help);
	return fflush(stdout) == 0 ? EXPLAIN_OK : fail("write to standard output");
}

int explain_main(int argc, char **argv)
{
	if (argc < 2)
		return explain_usage_error("say what to explain");
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return print_help();
	}
	if (strcmp(argv[1], "hook") == 0)
		return explain_hook(argc - 1, argv + 1);
	for (size_t i = 0; i < sizeof(line_commands) / sizeof(line_commands[0]); i++) {
		if (strcmp(argv[1], line_commands[i].name) == 0)
			return run_line_command(i, argc - 1, argv + 1);
	}
	return explain_usage_error("there is no '%s'", argv[1]);
}
