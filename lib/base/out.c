/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/out.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/escape.h"
#include "base/json.h"
#include "base/template.h"

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		/* Who closed the pipe has seen enough: no message. */
		if (n < 0 && errno == EPIPE)
			return -EPIPE;
		if (n < 0) {
			fail("cannot write to stdout");
			return -EIO; /* a disk that is full there is not the store's */
		}
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

int out_raw(const char *bytes, size_t len)
{
	return write_all(STDOUT_FILENO, bytes, len);
}

int out_line(const char *fmt, ...)
{
	AUTO(buf) text = BUF_INIT;
	AUTO(buf) line = BUF_INIT;
	va_list args;

	va_start(args, fmt);
	buf_vaddf(&text, fmt, args);
	va_end(args);
	escape_bytes(&line, text.data, text.len);
	buf_add_char(&line, '\n');
	return out_raw(line.data, line.len);
}

void out_note(const char *fmt, ...)
{
	AUTO(buf) text = BUF_INIT;
	AUTO(buf) line = BUF_INIT;
	va_list args;

	va_start(args, fmt);
	buf_vaddf(&text, fmt, args);
	va_end(args);
	buf_add_str(&line, "berth: ");
	escape_bytes(&line, text.data, text.len);
	buf_add_char(&line, '\n');
	if (write_all(STDERR_FILENO, line.data, line.len) < 0)
		err_clear(); /* there is nobody to tell */
}

/* One character, or a byte that is part of none. */
static size_t step(const char *text, size_t len)
{
	uint32_t rune;
	size_t n = escape_decode(text, len, &rune);

	return n > 0 ? n : 1;
}

void out_cut(struct buf *out, const char *text, size_t max)
{
	size_t len = strlen(text), at = 0, n;

	for (size_t i = 1; at < len; i++, at += n) {
		n = step(text + at, len - at);
		if (i == max && at + n < len) {
			buf_add_str(out, "\xe2\x80\xa6");
			return;
		}
		if (text[at] == '\n' || text[at] == '\r' || text[at] == '\t')
			buf_add_char(out, ' ');
		else
			buf_add(out, text + at, n);
	}
}

/* --- columns ---------------------------------------------------------------------------------- */

#define GAP 3 /* blanks between columns */

static size_t width_of(const char *text, size_t len)
{
	size_t width = 0;

	for (size_t i = 0; i < len; i++)
		width += ((unsigned char)text[i] & 0xc0) != 0x80; /* not inside of a rune */
	return width;
}

/* The widest cell of each column; a line's last cell is no column's. */
static size_t *measure(const char *text)
{
	size_t *widths = NULL;
	size_t n = 0, column = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, "\t\n");
		size_t width = width_of(text, len);

		if (text[len] == '\t') {
			if (column >= n) {
				widths = xrealloc(widths, n + 1, sizeof(*widths));
				widths[n++] = 0;
			}
			if (width > widths[column])
				widths[column] = width;
		}
		column = text[len] == '\t' ? column + 1 : 0;
		text += len + (text[len] != '\0');
	}
	return widths;
}

void out_align(const char *text, struct buf *out)
{
	autofree size_t *widths = measure(text);
	size_t column = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, "\t\n");

		buf_add(out, text, len);
		if (text[len] == '\t')
			buf_addf(out, "%*s", (int)(widths[column] - width_of(text, len) + GAP), "");
		else if (text[len] == '\n')
			buf_add_char(out, '\n');
		column = text[len] == '\t' ? column + 1 : 0;
		text += len + (text[len] != '\0');
	}
}

/* --- listings --------------------------------------------------------------------------------- */

static void add_pairs(const struct out_list *list, const struct out_field *field, const void *row,
		      cJSON *object)
{
	autofree char *call = xasprintf(".%s ", field->name);
	const struct strvec *pairs = row != NULL ? field->pairs(row) : NULL;
	cJSON *map;

	if (list->kind != OUT_TEMPLATE || strstr(list->format, call) == NULL)
		return;
	map = json_add_object(object, field->name);
	for (size_t i = 0; pairs != NULL && i < pairs->n; i++) {
		size_t len = strcspn(pairs->v[i], "=");
		autofree char *key = xstrndup(pairs->v[i], len);

		if (pairs->v[i][len] == '=')
			json_add_string(map, key, pairs->v[i] + len + 1);
	}
}

/* A row as a template sees it, NULL: the headings. Fields that the format does not name are not
 * computed. */
static cJSON *row_json(const struct out_list *list, const void *row)
{
	cJSON *object = json_object();
	bool all = list->kind != OUT_TEMPLATE || strstr(list->format, "json") != NULL;

	for (const struct out_field *field = list->fields; field->name != NULL; field++) {
		AUTO(buf) text = BUF_INIT;

		if (field->pairs != NULL) {
			add_pairs(list, field, row, object);
			continue;
		}
		if (!all && strstr(list->format, field->name) == NULL)
			continue;
		if (row != NULL)
			field->print(&text, row);
		json_add_string(object, field->name, row != NULL ? text.data : field->heading);
	}
	return object;
}

static int add_rendered(struct out_list *list, const void *row)
{
	autojson cJSON *object = row_json(list, row);

	TRY(template_render(list->format, object, &list->text));
	buf_add_char(&list->text, '\n');
	return 0;
}

static void add_cells(struct out_list *list, const void *row)
{
	bool first = true;

	for (const struct out_field *field = list->fields; field->name != NULL; field++) {
		AUTO(buf) text = BUF_INIT;

		if (!field->in_table)
			continue;
		if (!first)
			buf_add_char(&list->text, '\t');
		first = false;
		if (row != NULL)
			field->print(&text, row);
		escape_text(&list->text, row != NULL ? text.data : field->heading);
	}
	buf_add_char(&list->text, '\n');
}

/* The headings are rendered always: they find what is wrong with a template. */
static int begin_template(struct out_list *list)
{
	int rc;

	if (strncmp(list->format, "table ", strlen("table ")) == 0) {
		list->aligned = true;
		list->format += strlen("table ");
	}
	rc = add_rendered(list, NULL);
	if (rc < 0)
		out_list_release(list);
	if (rc < 0)
		return fail_in(rc, "--format");
	if (!list->aligned)
		buf_clear(&list->text);
	return 0;
}

int out_list_begin(struct out_list *list, const struct out_field *fields, const char *format)
{
	*list = (struct out_list){ .fields = fields, .format = format, .headings = true };
	buf_init(&list->text);
	if (format == NULL || strcmp(format, "table") == 0) {
		list->kind = OUT_TABLE;
		list->aligned = true;
		add_cells(list, NULL);
		return 0;
	}
	if (strcmp(format, "json") == 0 || strcmp(format, "jsonl") == 0) {
		list->kind = format[4] == 'l' ? OUT_JSONL : OUT_JSON;
		if (list->kind == OUT_JSON)
			list->array = json_array();
		return 0;
	}
	list->kind = OUT_TEMPLATE;
	return begin_template(list);
}

int out_list_row(struct out_list *list, const void *row)
{
	autojson cJSON *object = NULL;

	switch (list->kind) {
	case OUT_TABLE:
		add_cells(list, row);
		return 0;
	case OUT_JSON:
		json_push(list->array, row_json(list, row));
		return 0;
	case OUT_JSONL:
		object = row_json(list, row);
		json_print(object, false, &list->text);
		buf_add_char(&list->text, '\n');
		return 0;
	case OUT_TEMPLATE:
		return add_rendered(list, row);
	}
	return 0;
}

int out_list_end(struct out_list *list)
{
	AUTO(buf) aligned = BUF_INIT;
	const char *text;
	int rc;

	if (list->kind == OUT_JSON) {
		json_print(list->array, true, &list->text);
		buf_add_char(&list->text, '\n');
	}
	text = list->text.data;
	if (list->aligned && !list->headings)
		text += strcspn(text, "\n") + 1;
	if (list->aligned)
		out_align(text, &aligned);
	rc = list->aligned ? out_raw(aligned.data, aligned.len)
			   : out_raw(list->text.data, list->text.len);
	out_list_release(list);
	return rc;
}

void out_list_release(struct out_list *list)
{
	json_free(list->array);
	list->array = NULL;
	buf_release(&list->text);
}

int out_value(const char *format, const cJSON *value)
{
	AUTO(buf) text = BUF_INIT;
	int rc = 0;

	if (format == NULL || strcmp(format, "json") == 0)
		json_print(value, true, &text);
	else
		rc = template_render(format, value, &text);
	if (rc < 0)
		return fail_in(rc, "--format");
	buf_add_char(&text, '\n');
	return out_raw(text.data, text.len);
}
