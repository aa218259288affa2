/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* `roomline restore`: what the store did, in words that say what is left to do. */
#include "app/cli.h"

#include "app/config.h"
#include "base/xalloc.h"
#include "roomline/loop.h"
#include "roomline/store.h"

#include <inttypes.h>
#include <stdio.h>

static void print_carried(const struct store_restored *r)
{
	(void)printf("Taken over from the database that was there: %" PRId64 " opt-outs, %" PRId64
		     " holds, %" PRId64 " records of consent.\n"
		     "That database is kept as %s.\n",
		     r->carried[CARRIED_OPT_OUTS], r->carried[CARRIED_HOLDS],
		     r->carried[CARRIED_EVIDENCE], r->kept);
}

static void print_result(const char *path, const char *copy, const struct store_restored *r)
{
	(void)printf("%s is restored from %s.\n", path, copy);
	if (r->kept[0])
		print_carried(r);
	if (r->problem[0])
		(void)printf("Not all of it could be read: %s.\n", r->problem);
	if (r->problem[0] || !r->kept[0])
		(void)printf("Opt-outs that are newer than the copy may be LOST: enter them again "
			     "before you text anybody\n(!optout NUMBER quiet), from the "
			     "provider's list and your rooms. What volunteers wrote since the\n"
			     "copy is not texted.\n");
	if (r->unsure > 0)
		(void)printf("%" PRId64 " texts were queued in the copy and may have left since: "
			     "they are shown as unknown, and\n!stuck lists them.\n",
			     r->unsure);
}

int cli_restore(const struct cli_options *options)
{
	struct config *config = NULL;
	struct store_restored restored;
	struct error err = {0};
	struct loop *loop;
	char *path;
	int rc;

	if (cli_load(options->config, &config) != EXIT_OK)
		return EXIT_CONFIG;
	loop = loop_new();
	path = config_store_path(config);
	rc = store_restore(path, options->operand, loop_now(loop), &restored, &err);
	if (rc == 0)
		print_result(path, options->operand, &restored);
	free(path);
	loop_free(loop);
	config_free(config);
	if (rc == 0)
		return EXIT_OK;
	return cli_fail(err.kind == ERR_BUSY ? EXIT_RUNNING : EXIT_DATABASE, &err);
}
