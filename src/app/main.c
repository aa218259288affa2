/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The entry: a table of commands, their help, and the call of one. */
#include "app/cli.h"
#include "app/explain.h"
#include "base/likeness.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_CONFIG "roomline.yaml"

struct command {
	const char *name;
	const char *args;
	const char *summary;
	const char *detail;
	int (*run)(const struct cli_options *options);
	int (*run_raw)(int argc, char **argv); /* reads its arguments itself; argv[0] is its name */
	const char *operand;                   /* what it must be given, NULL: nothing */
	bool takes_example;
	bool takes_network;
	bool takes_output;
};

static const struct command commands[] = {
	{.name = "run",
	 .args = "[-c FILE]",
	 .summary = "run the daemon",
	 .detail =
		 "Runs in the foreground and logs to standard error. SIGTERM or SIGINT: finish "
		 "what is "
		 "being sent\n(10 seconds at most) and stop; once more: stop at once. SIGHUP: read "
		 "the configuration again.\nA broken new configuration is refused and the old one "
		 "stays.",
	 .run = cli_run},
	{.name = "init",
	 .args = "[-c FILE] [--network xmpp|matrix] [--example]",
	 .summary = "write a configuration with fresh secrets",
	 .detail =
		 "Writes a commented file with every key, readable for you only, and says what "
		 "to do "
		 "next.\nAn existing file is never overwritten. --network says which chat network "
		 "is switched on in it.\n--example prints the file with placeholders instead.",
	 .run = cli_init,
	 .takes_example = true,
	 .takes_network = true},
	{.name = "registration",
	 .args = "[-c FILE] [-o FILE]",
	 .summary = "write what a Matrix homeserver has to know of us",
	 .detail = "Prints the registration of the application service that the section 'matrix' "
		   "describes, or writes\nit to a new file that only you can read. Write it anew "
		   "when you change that section.",
	 .run = cli_registration,
	 .takes_output = true},
	{.name = "check",
	 .args = "[-c FILE]",
	 .summary = "check configuration, database, ports, connections, time zones",
	 .detail = "One line for each check: ok, warn or FAIL, and what to do. Changes nothing and "
		   "sends "
		   "nothing.\nThe exit code is that of the first FAIL. Prints the hook URL to "
		   "paste into "
		   "each provider's console.",
	 .run = cli_check},
	{.name = "backup",
	 .args = "[-c FILE] COPY",
	 .summary = "write a consistent copy of the database, also while the daemon runs",
	 .detail = "COPY must not exist. It is a complete database; `roomline restore` puts it in "
		   "place again.\nNever do that by hand: the log of the old database (-wal) would "
		   "be played into the copy.",
	 .run = cli_backup,
	 .operand = "COPY"},
	{.name = "restore",
	 .args = "[-c FILE] COPY",
	 .summary = "put a backup in the place of the database",
	 .detail =
		 "Refused while the daemon runs. The copy is checked first, and the database that "
		 "is there is kept\nbeside it under another name. Opt-outs that are newer than the "
		 "copy are taken over from it, as far\nas it can be read; it says how many, and "
		 "what may be lost.",
	 .run = cli_restore,
	 .operand = "COPY"},
	{.name = "health",
	 .args = "[-c FILE]",
	 .summary = "ask a running daemon how it is (for Docker and monitoring)",
	 .detail = "Prints what GET /health says; exit code 0 only when it is well.",
	 .run = cli_health},
	{.name = "explain",
	 .args = "text|segments|phone|hook [options]",
	 .summary = "show how a text, a number or a provider's hook is read",
	 .detail = NULL,
	 .run_raw = explain_main},
};

#define COMMAND_N (sizeof(commands) / sizeof(commands[0]))

static const char exit_codes[] =
	"\nExit codes: 0 well, 1 anything else, 2 wrong usage, 3 configuration, 4 database,\n"
	"5 network, 6 another roomline is running on the database; of a Matrix homeserver:\n"
	"7 there is none, or it is too old, 8 it does not take our token or password,\n"
	"9 it takes us for somebody else, 10 it cannot reach us.\n";

static void print_help(void)
{
	(void)printf("Roomline: people are texted by SMS from the chat client you already use.\n\n"
		     "Usage: roomline COMMAND [options]\n\n");
	for (size_t i = 0; i < COMMAND_N; i++)
		(void)printf("  %-12s %s\n", commands[i].name, commands[i].summary);
	(void)printf("\n  roomline COMMAND --help tells more; roomline --version the version.\n"
		     "  Without -c the configuration is " DEFAULT_CONFIG
		     " in the present folder.\n%s",
		     exit_codes);
}

static void print_command_help(const struct command *command)
{
	(void)printf("Usage: roomline %s %s\n\n%c%s.\n\n%s\n%s", command->name, command->args,
		     command->summary[0] - 'a' + 'A', command->summary + 1, command->detail,
		     exit_codes);
}

static int wrong_usage(const struct command *command, const char *what, const char *word)
{
	(void)fprintf(stderr, "roomline: %s%s\nUsage: roomline %s %s\n", what, word, command->name,
		      command->args);
	return EXIT_USAGE;
}

static bool is_one_of(const char *word, const char *a, const char *b)
{
	return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

/* The place of the value of an option that has one; NULL: the command has no such option. */
static const char **value_of(const struct command *command, struct cli_options *options,
			     const char *word)
{
	if (is_one_of(word, "-c", "--config"))
		return &options->config;
	if (command->takes_output && is_one_of(word, "-o", "--output"))
		return &options->output;
	if (command->takes_network && strcmp(word, "--network") == 0)
		return &options->network;
	return NULL;
}

static int run_command(const struct command *command, int argc, char **argv)
{
	struct cli_options options = {.config = DEFAULT_CONFIG};

	for (int i = 1; i < argc; i++) {
		const char **value = value_of(command, &options, argv[i]);

		if (is_one_of(argv[i], "-h", "--help")) {
			print_command_help(command);
			return EXIT_OK;
		}
		if (value) {
			if (++i == argc)
				return wrong_usage(command, "a value is missing after ",
						   argv[i - 1]);
			*value = argv[i];
		} else if (command->takes_example && strcmp(argv[i], "--example") == 0) {
			options.example = true;
		} else if (argv[i][0] == '-' || !command->operand || options.operand) {
			return wrong_usage(command, "what is this: ", argv[i]);
		} else {
			options.operand = argv[i];
		}
	}
	if (command->operand && !options.operand)
		return wrong_usage(command, command->operand, " is missing");
	return command->run(&options);
}

static int unknown_command(const char *word)
{
	const char *meant = NULL;
	size_t best = LIKENESS_FAR;

	for (size_t i = 0; i < COMMAND_N; i++) {
		size_t d = word_distance(word, commands[i].name);

		if (d < best) {
			best = d;
			meant = commands[i].name;
		}
	}
	(void)fprintf(stderr, "roomline: there is no command '%.60s'%s%s%s; see roomline --help\n",
		      word, meant ? "; did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		print_help();
		return EXIT_USAGE;
	}
	if (is_one_of(argv[1], "-h", "--help") || strcmp(argv[1], "help") == 0) {
		print_help();
		return EXIT_OK;
	}
	if (is_one_of(argv[1], "-V", "--version")) {
		(void)printf("roomline %s\n", ROOMLINE_VERSION);
		return EXIT_OK;
	}
	for (size_t i = 0; i < COMMAND_N; i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		if (commands[i].run_raw)
			return commands[i].run_raw(argc - 1, argv + 1);
		return run_command(&commands[i], argc - 1, argv + 1);
	}
	return unknown_command(argv[1]);
}
