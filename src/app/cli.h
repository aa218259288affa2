/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The command line: `roomline COMMAND [options]`. main.c has the table, each command a function. */
#ifndef CLI_H
#define CLI_H

#include "roomline/chat.h"
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
		 /* A chat server that an admin has to do something about: */
		 EXIT_SERVER = 7, /* there is none there, or it is too old */
		 EXIT_SECRET = 8, /* it does not take our token or password */
		 EXIT_NAME = 9,   /* it takes us for somebody else */
		 EXIT_ROAD = 10,  /* it cannot reach us */
};

struct cli_options {
	const char *config;  /* -c FILE */
	const char *operand; /* NULL when the command has none */
	const char *network; /* --network NAME, NULL when not given */
	const char *output;  /* -o FILE, NULL when not given */
	bool example;        /* --example */
};

/* Each prints what a person has to know and returns an exit code. */
int cli_run(const struct cli_options *options);
int cli_init(const struct cli_options *options);
int cli_check(const struct cli_options *options);
int cli_backup(const struct cli_options *options);
int cli_restore(const struct cli_options *options);
int cli_health(const struct cli_options *options);
int cli_registration(const struct cli_options *options);

enum exit_code cli_code_of(enum chat_broken what);
/* Prints "roomline: SENTENCE" to standard error and returns code. */
int cli_fail(int code, const struct error *err);
/* Loads it, or prints all that is wrong to standard error; returns an exit code. */
struct config;
struct strbuf;
int cli_load(const char *path, struct config **config_out);
/* What to do with the file that `roomline registration` writes; each line after the first is indented. */
void cli_print_synapse(const char *indent, const char *file);
/* Writes a file that only we can read, and never over another one; option: how to name it. */
int cli_write_new(const char *path, const char *option, const struct strbuf *text,
		  struct error *err);
struct config_network;
/* What the network itself has to say against its settings. */
int cli_try_network(const struct config_network *network, struct error *err);
/* "127.0.0.1:8080" to ask ourselves where `listen` may name all addresses. */
void cli_own_address(const char *listen, struct strbuf *out);

#endif
