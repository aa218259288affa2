/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Any bytes as the configuration file: refused with a sentence, or taken whole. */
#include "app/config.h"
#include "base/strbuf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[] = "/tmp/fuzz-config-XXXXXX";
	struct config *config = NULL;
	struct error err = {0};
	STRBUF_AUTO(lines);
	int fd = mkstemp(path);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	(void)close(fd);
	if (config_load(path, &config, &err) == 0) {
		config_warn(config, &lines);
		config_diff(config, config, &lines);
		config_free(config);
	} else if (!err.text[0]) {
		abort(); /* refused without a word */
	}
	(void)unlink(path);
	return 0;
}
