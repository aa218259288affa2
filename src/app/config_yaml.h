/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A YAML file whose keys are those of settings tables, read into plain texts.
 *
 * The file is a mapping of sections. A section holds keys of its tables, or is a list of such. What
 * the tables do not know is refused with its line. Values are not looked at here.
 */
#ifndef CONFIG_YAML_H
#define CONFIG_YAML_H

#include "roomline/error.h"
#include "roomline/settings.h"

#include <stdbool.h>
#include <stddef.h>

#define CONFIG_FILE_MAX 262144 /* bytes */
#define CONFIG_ENTRIES_MAX 1000

struct yaml_shape {
	const char *name;                    /* of the section; NULL: the whole file is this one */
	const struct setting *const *tables; /* NULL-terminated; the section knows all their keys */
	bool many;                           /* a list of entries */
};

struct yaml_doc;

/* shapes and the tables are borrowed until yaml_free(). err is a sentence with file and line. */
int yaml_read(const char *path, const struct yaml_shape *shapes, size_t shape_n,
	      struct yaml_doc **doc_out, struct error *err);
void yaml_free(struct yaml_doc *doc); /* NULL is fine */

/* How many entries a section has: 0 when it is not there, 1 when it is no list. */
size_t yaml_count(const struct yaml_doc *doc, size_t shape);
bool yaml_given(const struct yaml_doc *doc, size_t shape, size_t entry, const char *key);
/* Calls fn for each value that is given, for each item of a list; stops when it returns -1. */
typedef int yaml_value_fn(const char *key, const char *value, void *arg, struct error *err);
int yaml_each(const struct yaml_doc *doc, size_t shape, size_t entry, yaml_value_fn *fn, void *arg,
	      struct error *err);

#endif
