/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A main() that feeds each file named on the command line to the fuzz target once. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CORPUS_FILE_MAX (1 << 21)

int main(int argc, char **argv)
{
	uint8_t *data = malloc(CORPUS_FILE_MAX);

	if (!data)
		return 1;
	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rbe");
		uint8_t *exact;
		size_t n;

		if (!f) {
			perror(argv[i]);
			return 1;
		}
		n = fread(data, 1, CORPUS_FILE_MAX, f);
		(void)fclose(f);
		/* A block of just that size, so that the sanitizer sees reading past its end. */
		exact = malloc(n ? n : 1);
		if (!exact)
			return 1;
		for (size_t k = 0; k < n; k++)
			exact[k] = data[k];
		(void)LLVMFuzzerTestOneInput(exact, n);
		free(exact);
	}
	free(data);
	(void)printf("replayed %d\n", argc - 1);
	return 0;
}
