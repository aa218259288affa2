/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A YAML file whose keys are those of settings tables, read into plain texts.
 *
 * The file is a mapping of sections. A section holds keys of its tables, or is a list of such. What
 * the tables do not know is refused with its line. Values are not looked at here.
 *
 * Nothing here is called yaml_*: libyaml exports such names from a shared library, and a function of
 * the same name in the program would be called in place of its own (yaml_free() was).
 */
#ifndef CONFIG_YAML_H
#define CONFIG_YAML_H

#include "roomline/error.h"
#include "roomline/settings.h"

#include <stdbool.h>
#include <stddef.h>

#define CONFIG_FILE_MAX 262144 /* bytes */
#define CONFIG_ENTRIES_MAX 1000

struct doc_shape {
	const char *name;                    /* of the section; NULL: the whole file is this one */
	const struct setting *const *tables; /* NULL-terminated; the section knows all their keys */
	bool many;                           /* a list of entries */
};

struct config_doc;

/* shapes and the tables are borrowed until doc_free(). err is a sentence with file and line. */
int doc_read(const char *path, const struct doc_shape *shapes, size_t shape_n,
	     struct config_doc **doc_out, struct error *err);
void doc_free(struct config_doc *doc); /* NULL is fine */

/* How many entries a section has: 0 when it is not there, 1 when it is no list. */
size_t doc_count(const struct config_doc *doc, size_t shape);
bool doc_given(const struct config_doc *doc, size_t shape, size_t entry, const char *key);
/* Calls fn for each value that is given, for each item of a list; stops when it returns -1. */
typedef int doc_value_fn(const char *key, const char *value, void *arg, struct error *err);
int doc_each(const struct config_doc *doc, size_t shape, size_t entry, doc_value_fn *fn, void *arg,
	     struct error *err);

#endif
