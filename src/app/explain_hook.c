/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * `roomline explain hook`: the driver's own check of a webhook, with the settings given on the
 * command line in place of a configuration. What a check does not need (an account's SID, a base
 * URL) may be left out and is filled in from the table of settings; a secret may not.
 */
#include "app/explain_priv.h"
#include "base/xalloc.h"
#include "http/incoming.h"
#include "roomline/settings.h"
#include "roomline/sms.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct hook_options {
	const char *driver;
	const char *url;
	const char *method;
	char **sets; /* KEY=VALUE, borrowed */
	size_t set_n;
	struct http_headers headers;
};

/* "Name: value" as in a request. */
static int add_header(struct http_headers *headers, const char *text)
{
	AUTO_FREE char *name = xstrndup(text, strcspn(text, ":"));
	const char *value = text + strlen(name);

	if (!name[0] || *value != ':')
		return explain_usage_error("a header is 'NAME: VALUE', not '%s'", text);
	value++;
	http_headers_add(headers, name, value + strspn(value, " \t"));
	return EXPLAIN_OK;
}

/* Takes option argv[0] with its value argv[1]. */
static int take_option(struct hook_options *options, char **argv)
{
	if (strcmp(argv[0], "--driver") == 0)
		options->driver = argv[1];
	else if (strcmp(argv[0], "--url") == 0)
		options->url = argv[1];
	else if (strcmp(argv[0], "--method") == 0)
		options->method = argv[1];
	else if (strcmp(argv[0], "--set") == 0)
		options->sets[options->set_n++] = argv[1];
	else if (strcmp(argv[0], "--header") == 0)
		return add_header(&options->headers, argv[1]);
	else
		return explain_usage_error("'hook' takes no '%s'", argv[0]);
	return EXPLAIN_OK;
}

static int read_options(int argc, char **argv, struct hook_options *options)
{
	for (int i = 1; i < argc; i += 2) {
		int rc;

		if (i + 1 == argc)
			return explain_usage_error("%s wants a value", argv[i]);
		rc = take_option(options, argv + i);
		if (rc != EXPLAIN_OK)
			return rc;
	}
	if (!options->driver || !options->url)
		return explain_usage_error("'hook' needs --driver and --url");
	return EXPLAIN_OK;
}

/* ---- settings -------------------------------------------------------------------------------- */

/* Gives what is required and no secret a value that is well-formed. */
static void fill_in(struct settings *set)
{
	for (const struct setting *row = settings_table(set); row->key; row++) {
		if (row->required && row->type != SETTING_SECRET && !settings_text(set, row->key))
			(void)settings_put(set, row->key, row->example ? row->example : "-", NULL);
	}
}

static int put_all(struct settings *set, const struct hook_options *options, struct error *err)
{
	for (size_t i = 0; i < options->set_n; i++) {
		const char *text = options->sets[i];
		AUTO_FREE char *key = xstrndup(text, strcspn(text, "="));
		const char *value = text + strlen(key);

		if (*value != '=')
			return error_set(err, ERR_INPUT, "--set wants KEY=VALUE, not '%.200s'",
					 text);
		if (settings_put(set, key, value + 1, err) < 0)
			return -1;
	}
	fill_in(set);
	return settings_finish(set, ".", err);
}

/* ---- the hook -------------------------------------------------------------------------------- */

static int read_body(struct strbuf *body)
{
	char chunk[4096];
	size_t n;

	while ((n = fread(chunk, 1, sizeof(chunk), stdin)) > 0)
		strbuf_add(body, chunk, n);
	if (!ferror(stdin))
		return EXPLAIN_OK;
	(void)fputs("roomline explain: cannot read standard input\n", stderr);
	return EXPLAIN_FAILED;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int print_verdict(int verdict, const struct error *why)
{
	if (verdict == 0)
		(void)puts("valid");
	else
		(void)printf("invalid\t%s\n", why->text);
	if (fflush(stdout) == 0)
		return EXPLAIN_OK;
	(void)fputs("roomline explain: cannot write to standard output\n", stderr);
	return EXPLAIN_FAILED;
}

static int judge(const struct hook_options *options, const struct sms_driver *driver,
		 const struct settings *set)
{
	STRBUF_AUTO(body);
	struct http_incoming in = {0};
	struct sms_account account = {
		.name = driver->name, .driver = driver, .set = set, .hook_url = options->url};
	struct sms_hook hook = {.url = options->url, .what = "", .request = &in.request};
	struct error why = {0};
	int rc;

	if (!http_incoming_set_target(&in, options->url))
		return explain_usage_error("'%s' is no URL of a hook", options->url);
	rc = read_body(&body);
	if (rc == EXPLAIN_OK) {
		in.request.method = options->method;
		in.request.headers = options->headers;
		in.request.body = body.buf;
		in.request.body_len = body.len;
		rc = print_verdict(driver->verify_hook(&account, &hook, now_ms(), &why), &why);
		in.request.headers = (struct http_headers){0};
	}
	http_incoming_release(&in);
	return rc;
}

static int run(const struct hook_options *options)
{
	const struct sms_driver *driver = sms_driver_find(options->driver);
	struct settings *set;
	struct error err = {0};
	int rc;

	if (!driver)
		return explain_usage_error("there is no driver '%s'", options->driver);
	set = settings_new(driver->settings);
	rc = put_all(set, options, &err) < 0 ? explain_usage_error("%s", err.text)
					     : judge(options, driver, set);
	settings_free(set);
	return rc;
}

int explain_hook(int argc, char **argv)
{
	struct hook_options options = {.method = "POST"};
	int rc;

	options.sets = xcalloc((size_t)argc, sizeof(*options.sets));
	rc = read_options(argc, argv, &options);
	if (rc == EXPLAIN_OK)
		rc = run(&options);
	free(options.sets);
	http_headers_release(&options.headers);
	return rc;
}
