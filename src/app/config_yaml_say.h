/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What libcyaml says about a file it refuses, as one sentence for the person who wrote the file. */
#ifndef CONFIG_YAML_SAY_H
#define CONFIG_YAML_SAY_H

#include "app/config_yaml.h"
#include "roomline/error.h"

struct doc_trouble {
	const char *path; /* of the file */
	const char *text; /* of the file */
	char cause[160];  /* first thing that was said; "" while all is well */
	char field[64];   /* innermost key around the place */
	char section[64]; /* outermost */
	long line;        /* near the place: libcyaml tells where it has read to; 0 unknown */
};

/* Takes one line of libcyaml's log. */
void doc_trouble_hear(struct doc_trouble *trouble, const char *line);
/* Fills err and returns -1. */
int doc_trouble_say(const struct doc_trouble *trouble, const struct doc_shape *shapes,
		    size_t shape_n, struct error *err);

#endif
