/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The command line: `roomline COMMAND [options]`. main.c has the table, each command a function. */
#ifndef CLI_H
#define CLI_H

#include "roomline/error.h"

#include <stdbool.h>

enum exit_code { /* also in --help (main.c) */
		 EXIT_OK = 0,
		 EXIT_OTHER = 1,
		 EXIT_USAGE = 2,
		 EXIT_CONFIG = 3,
		 EXIT_DATABASE = 4,
		 EXIT_NETWORK = 5,
		 EXIT_RUNNING = 6,
};

struct cli_options {
	const char *config;  /* -c FILE */
	const char *operand; /* NULL when the command has none */
	bool example;        /* --example */
};

/* Each prints what a person has to know and returns an exit code. */
int cli_run(const struct cli_options *options);
int cli_init(const struct cli_options *options);
int cli_check(const struct cli_options *options);
int cli_backup(const struct cli_options *options);
int cli_restore(const struct cli_options *options);
int cli_health(const struct cli_options *options);

/* Prints "roomline: SENTENCE" to standard error and returns code. */
int cli_fail(int code, const struct error *err);
/* Loads it, or prints all that is wrong to standard error; returns an exit code. */
struct config;
int cli_load(const char *path, struct config **config_out);
/* "127.0.0.1:8080" to ask ourselves where `listen` may name all addresses. */
struct strbuf;
void cli_own_address(const char *listen, struct strbuf *out);

#endif
