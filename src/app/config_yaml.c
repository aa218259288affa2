/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Reading YAML through libcyaml, with a schema that is made at run time from the settings tables,
 * so that a driver's table alone says which keys its section has.
 *
 * Every value is a string to libcyaml: it would check numbers, but says neither the limits nor what
 * the key means. What it does give is the structure, duplicate keys and the place of a mistake.
 * Aliases are off: a few lines of them can stand for gigabytes. Its words are for programmers;
 * config_yaml_say.c turns them into a sentence.
 */
#include "app/config_yaml.h"

#include "app/config_yaml_say.h"
#include "base/file_read.h"
#include "base/utf8.h"
#include "base/xalloc.h"

#include <cyaml/cyaml.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Where libcyaml puts what it reads: a section is an array of these, one for each key. */
struct slot {
	void *data; /* char *, char ** or struct slot * */
	unsigned n;
};

/* The schema of one section. */
struct block {
	cyaml_schema_field_t *fields; /* ended by a NULL key */
	size_t n;
	cyaml_schema_value_t entry; /* of a list */
};

struct config_doc {
	const struct doc_shape *shapes;
	struct block *blocks; /* one for each shape */
	size_t n;
	cyaml_schema_field_t *root_fields;
	cyaml_schema_value_t root;
	bool bare; /* the file itself is the only section */
	struct slot *data;
};

static const cyaml_schema_value_t list_item = {
	.type = CYAML_STRING,
	.flags = CYAML_FLAG_POINTER,
	.data_size = sizeof(char),
	.string = {.min = 0, .max = CONFIG_FILE_MAX},
};

/* ---- schema ---------------------------------------------------------------------------------- */

static cyaml_schema_field_t *find_field(const struct block *block, const char *key)
{
	for (size_t i = 0; i < block->n; i++) {
		if (strcmp(block->fields[i].key, key) == 0)
			return &block->fields[i];
	}
	return NULL;
}

/* A field of any kind whose slot is the i-th. */
static cyaml_schema_field_t make_field(const char *key, size_t i)
{
	return (cyaml_schema_field_t){
		.key = key,
		.data_offset = (uint32_t)(i * sizeof(struct slot) + offsetof(struct slot, data)),
		.count_offset = (uint32_t)(i * sizeof(struct slot) + offsetof(struct slot, n)),
		.count_size = sizeof(unsigned),
		.value.flags = (enum cyaml_flag)(CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL),
	};
}

static void set_text(cyaml_schema_value_t *value)
{
	value->type = CYAML_STRING;
	value->data_size = sizeof(char);
	value->string.min = 0;
	value->string.max = CONFIG_FILE_MAX;
}

static void set_list(cyaml_schema_value_t *value, const cyaml_schema_value_t *item, size_t size)
{
	value->type = CYAML_SEQUENCE;
	value->data_size = (uint32_t)size;
	value->sequence.entry = item;
	value->sequence.min = 0;
	value->sequence.max = CONFIG_ENTRIES_MAX;
}

/* A section without keys takes a slot as well: libcyaml cannot make room for nothing. */
static size_t block_size(const struct block *block)
{
	return (block->n ? block->n : 1) * sizeof(struct slot);
}

static void set_mapping(cyaml_schema_value_t *value, const struct block *block)
{
	value->type = CYAML_MAPPING;
	value->data_size = (uint32_t)block_size(block);
	value->mapping.fields = block->fields;
}

static void add_row(struct block *block, const struct setting *row)
{
	bool list = row->type == SETTING_LIST;
	cyaml_schema_field_t *known = find_field(block, row->key);
	cyaml_schema_field_t *field;

	if (known && (known->value.type == CYAML_SEQUENCE) != list)
		BUG("'%s' is a list in one table and none in another", row->key);
	if (known)
		return;
	block->fields = xreallocarray(block->fields, block->n + 2, sizeof(*block->fields));
	field = &block->fields[block->n];
	*field = make_field(row->key, block->n);
	if (list)
		set_list(&field->value, &list_item, sizeof(char *));
	else
		set_text(&field->value);
	block->fields[++block->n] = (cyaml_schema_field_t)CYAML_FIELD_END;
}

static void make_schema(struct config_doc *doc)
{
	for (size_t i = 0; i < doc->n; i++) {
		doc->blocks[i].fields = xcalloc(1, sizeof(cyaml_schema_field_t));
		for (const struct setting *const *t = doc->shapes[i].tables; *t; t++) {
			for (const struct setting *row = *t; row->key; row++)
				add_row(&doc->blocks[i], row);
		}
	}
	doc->root.flags = CYAML_FLAG_POINTER;
	if (doc->bare) {
		set_mapping(&doc->root, &doc->blocks[0]);
		return;
	}
	doc->root_fields = xcalloc(doc->n + 1, sizeof(*doc->root_fields));
	for (size_t i = 0; i < doc->n; i++) {
		struct block *block = &doc->blocks[i];
		cyaml_schema_field_t *field = &doc->root_fields[i];

		*field = make_field(doc->shapes[i].name, i);
		if (doc->shapes[i].many) {
			set_mapping(&block->entry, block);
			set_list(&field->value, &block->entry, block_size(block));
		} else {
			set_mapping(&field->value, block);
		}
	}
	doc->root.type = CYAML_MAPPING;
	doc->root.data_size = (uint32_t)(doc->n * sizeof(struct slot));
	doc->root.mapping.fields = doc->root_fields;
}

/* ---- reading --------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 0))) static void hear(cyaml_log_t level, void *arg,
						       const char *fmt, va_list args)
{
	char line[256];

	(void)level;
	(void)vsnprintf(line, sizeof(line), fmt, args);
	doc_trouble_hear(arg, line);
}

static const cyaml_config_t quiet = {.mem_fn = cyaml_mem, .flags = CYAML_CFG_NO_ALIAS};

static int load(struct config_doc *doc, const char *path, const struct strbuf *text,
		struct error *err)
{
	struct doc_trouble trouble = {.path = path, .text = text->buf};
	cyaml_config_t config = quiet;
	cyaml_err_t rc;

	config.log_fn = hear;
	config.log_ctx = &trouble;
	config.log_level = CYAML_LOG_WARNING;
	rc = cyaml_load_data((const uint8_t *)text->buf, text->len, &config, &doc->root,
			     (cyaml_data_t **)&doc->data, NULL);
	if (rc == CYAML_OK && !trouble.cause[0])
		return 0;
	if (!trouble.cause[0])
		(void)STR_COPY(trouble.cause, cyaml_strerror(rc));
	return doc_trouble_say(&trouble, doc->shapes, doc->n, err);
}

static int check_text(const char *path, const struct strbuf *text, struct error *err)
{
	if (strlen(text->buf) != text->len)
		return error_set(err, ERR_CONFIG, "%.200s holds a NUL byte; it must be plain text",
				 path);
	if (!utf8_valid(text->buf, text->len))
		return error_set(err, ERR_CONFIG, "%.200s is not valid UTF-8; save it as UTF-8",
				 path);
	return 0;
}

int doc_read(const char *path, const struct doc_shape *shapes, size_t shape_n,
	     struct config_doc **doc_out, struct error *err)
{
	struct config_doc *doc;
	STRBUF_AUTO(text);

	if (file_read(path, CONFIG_FILE_MAX, &text, err) < 0)
		return -1;
	if (check_text(path, &text, err) < 0)
		return -1;
	doc = xcalloc(1, sizeof(*doc));
	doc->shapes = shapes;
	doc->n = shape_n;
	doc->bare = shapes[0].name == NULL;
	doc->blocks = xcalloc(shape_n, sizeof(*doc->blocks));
	make_schema(doc);
	if (load(doc, path, &text, err) < 0) {
		doc_free(doc);
		return -1;
	}
	*doc_out = doc;
	return 0;
}

void doc_free(struct config_doc *doc)
{
	if (!doc)
		return;
	if (doc->data)
		(void)cyaml_free(&quiet, &doc->root, doc->data, 0);
	for (size_t i = 0; i < doc->n; i++)
		free(doc->blocks[i].fields);
	free(doc->blocks);
	free(doc->root_fields);
	free(doc);
}

/* ---- looking --------------------------------------------------------------------------------- */

size_t doc_count(const struct config_doc *doc, size_t shape)
{
	if (!doc->data)
		return 0;
	if (doc->bare)
		return 1;
	if (doc->shapes[shape].many)
		return doc->data[shape].n;
	return doc->data[shape].data ? 1 : 0;
}

static const struct slot *entry_slots(const struct config_doc *doc, size_t shape, size_t entry)
{
	const struct slot *first = doc->bare ? doc->data : doc->data[shape].data;

	return first + entry * doc->blocks[shape].n;
}

bool doc_given(const struct config_doc *doc, size_t shape, size_t entry, const char *key)
{
	const struct block *block = &doc->blocks[shape];
	const struct slot *slots = entry_slots(doc, shape, entry);

	for (size_t i = 0; i < block->n; i++) {
		if (strcmp(block->fields[i].key, key) == 0)
			return slots[i].data != NULL;
	}
	return false;
}

int doc_each(const struct config_doc *doc, size_t shape, size_t entry, doc_value_fn *fn, void *arg,
	     struct error *err)
{
	const struct block *block = &doc->blocks[shape];
	const struct slot *slots = entry_slots(doc, shape, entry);

	for (size_t i = 0; i < block->n; i++) {
		const char *key = block->fields[i].key;
		bool list = block->fields[i].value.type == CYAML_SEQUENCE;

		if (!slots[i].data)
			continue;
		if (!list && fn(key, slots[i].data, arg, err) < 0)
			return -1;
		for (unsigned k = 0; list && k < slots[i].n; k++) {
			if (fn(key, ((char **)slots[i].data)[k], arg, err) < 0)
				return -1;
		}
	}
	return 0;
}
