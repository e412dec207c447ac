/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_OUT_H
#define BERTH_BASE_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

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
 * template of fields: '{{.ID}} {{.Names}}', '{{json .}}', with the escapes \t and \n, and a leading
 * "table " for columns of the chosen fields.
 */
struct out_field {
	const char *name;    /* Go field name: "ID" */
	const char *heading; /* "CONTAINER ID" */
	bool in_table;       /* part of the default table */
	void (*print)(struct buf *out, const void *row);
};

struct out_list {
	const struct out_field *fields; /* ended by a NULL name */
	const char *format;             /* NULL: the default table */
	bool headings;
	struct buf *cells; /* internal */
	size_t n_rows, n_columns;
	size_t *columns;
	struct buf text;
};

int out_list_begin(struct out_list *list, const struct out_field *fields, const char *format);
void out_list_row(struct out_list *list, const void *row);
/* Print it all and release the memory. */
int out_list_end(struct out_list *list);

#endif
