/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_OUT_H
#define BERTH_BASE_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct cJSON;
struct strvec;

/*
 * What commands print. Only lib/command uses this; everything below returns values. Text is escaped
 * (base/escape); each flush is one write(2). A closed pipe ends the command quietly.
 */

/* Print a line to stdout (text is escaped, a newline is added). */
int out_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Print bytes to stdout as they are: JSON and completion scripts, which escape by themselves. */
int out_raw(const char *bytes, size_t len);
/* A remark on stderr: "berth: text". */
void out_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Listings. A field table describes the columns; a row is any struct. The formats are `table`
 * (aligned columns with a heading), `json` (one array), `jsonl` (an object a line), or a Go
 * template (base/template.h) of fields: '{{.ID}} {{.Names}}', '{{json .}}', with a leading "table "
 * for columns of the chosen fields.
 */
struct out_field {
	const char *name;    /* Go field name: "ID" */
	const char *heading; /* "CONTAINER ID" */
	bool in_table;       /* part of the default table */
	void (*print)(struct buf *out, const void *row);
	/* Instead, "KEY=VALUE": an object that is there for '{{.Name "key"}}' alone. */
	const struct strvec *(*pairs)(const void *row);
};

enum out_kind {
	OUT_TABLE,
	OUT_JSON,
	OUT_JSONL,
	OUT_TEMPLATE,
};

struct out_list {
	const struct out_field *fields; /* ended by a NULL name */
	const char *format;             /* NULL: the default table */
	bool headings;                  /* true after begin; may be cleared until end */
	/* internal */
	enum out_kind kind;
	bool aligned;    /* cells are ended by tabs in `text`, and are aligned at the end */
	struct buf text; /* the lines, that of the headings first */
	struct cJSON *array;
};

/* Refuses a format that cannot be rendered, before there is any row. */
int out_list_begin(struct out_list *list, const struct out_field *fields, const char *format);
int out_list_row(struct out_list *list, const void *row);
/* Print it all and release the memory. */
int out_list_end(struct out_list *list);
/* Release the memory without printing; after out_list_end() it does nothing. */
void out_list_release(struct out_list *list);

/* One value: NULL and `json` print it as indented JSON, everything else is a Go template. */
int out_value(const char *format, const struct cJSON *value);

/* The text on one line; where it has more than max characters (0: however many), the first max - 1
 * and an ellipsis. */
void out_cut(struct buf *out, const char *text, size_t max);

/* Align the columns of lines whose cells are ended by tabs. */
void out_align(const char *text, struct buf *out);

#endif
