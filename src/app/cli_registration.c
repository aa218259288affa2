/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* `roomline registration`: what a Matrix homeserver has to know of us, from the configuration. */
#include "app/cli.h"

#include "app/config.h"
#include "base/strbuf.h"
#include "chat/matrix/matrix_registration.h"

#include <stdio.h>
#include <string.h>

void cli_print_synapse(const char *indent, const char *file)
{
	const char *slash = strrchr(file, '/');

	(void)printf("Copy it to where the homeserver can read it,\n"
		     "%sand nobody else, and name it there. For Synapse, in homeserver.yaml:\n\n"
		     "%s  app_service_config_files:\n"
		     "%s    - /etc/matrix-synapse/%s\n\n"
		     "%sThen restart the homeserver.\n",
		     indent, indent, indent, slash ? slash + 1 : file, indent);
}

static const struct config_network *find_matrix(const struct config *config)
{
	for (size_t i = 0; i < config->network_n; i++) {
		if (strcmp(config->networks[i].network->name, "matrix") == 0)
			return &config->networks[i];
	}
	return NULL;
}

static int print_registration(const struct config *config, struct strbuf *out, struct error *err)
{
	const struct config_network *matrix = find_matrix(config);

	if (!matrix)
		return error_set(err, ERR_CONFIG, "%.150s has no section 'matrix'", config->path);
	if (cli_try_network(matrix, err) < 0)
		return -1;
	return mx_registration_print(matrix->set, out, err);
}

int cli_registration(const struct cli_options *options)
{
	struct config *config = NULL;
	struct error err = {0};
	STRBUF_AUTO(text);
	int rc;

	if (cli_load(options->config, &config) != EXIT_OK)
		return EXIT_CONFIG;
	rc = print_registration(config, &text, &err);
	config_free(config);
	if (rc == 0 && options->output)
		rc = cli_write_new(options->output, "-o", &text, &err);
	if (rc < 0)
		return cli_fail(EXIT_CONFIG, &err);
	if (!options->output) {
		(void)fwrite(text.buf, 1, text.len, stdout);
		return EXIT_OK;
	}
	(void)printf("%s is written; only you can read it. ", options->output);
	cli_print_synapse("", options->output);
	(void)printf("roomline check -c %s   tells whether both find each other.\n",
		     options->config);
	return EXIT_OK;
}
