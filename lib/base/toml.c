/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/toml.h"

#include <ctype.h>
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/tomlscan.h"

/*
 * How a table or an array came to be, which says what may still be added to it. It stands in
 * cJSON's valueint, which is unused there.
 */
enum origin {
	ORIGIN_VALUE = 0, /* of a value ("{...}", "[...]"): closed */
	ORIGIN_IMPLIED,   /* on the way to the table of a header: may get a header of its own */
	ORIGIN_HEADER,    /* "[name]", and the document itself */
	ORIGIN_DOTTED,    /* "name.key = ..." */
	ORIGIN_LIST,      /* an array of "[[name]]" */
};

static void mark(cJSON *item, enum origin origin)
{
	item->valueint = (int)origin;
}

/* That of a number is its value. */
static bool is_of(const cJSON *item, enum origin origin)
{
	return !cJSON_IsNumber(item) && item->valueint == (int)origin;
}

static int count_node(struct toml_scan *s)
{
	return ++s->nodes <= MAX_TOML_NODES ? 0 : toml_refuse(s, "it has too many values");
}

static cJSON *add_table(cJSON *table, const char *key, enum origin origin)
{
	cJSON *made = json_add_object(table, key);

	mark(made, origin);
	return made;
}

/* One part of a key. */
static int read_part(struct toml_scan *s, char **ret_part)
{
	AUTO(buf) text = BUF_INIT;
	int c = toml_peek(s, 0);
	size_t start = s->pos;

	TRY(count_node(s));
	if (c == '"' || c == '\'') {
		TRY(toml_scan_string(s, false, &text));
	} else {
		while (c > 0 && c < 0x80 && (isalnum(c) || c == '-' || c == '_')) {
			s->pos++;
			c = toml_peek(s, 0);
		}
		if (s->pos == start)
			return toml_refuse(s, "a key is missing or malformed");
		buf_add(&text, s->bytes + start, s->pos - start);
	}
	*ret_part = xstrdup(text.data);
	return 0;
}

/* A key up to what follows it and its blanks: its last part, and those before it, which name
 * tables. */
static int read_key(struct toml_scan *s, struct strvec *tables, char **ret_last)
{
	for (;;) {
		autofree char *part = NULL;

		if (tables->n == MAX_JSON_DEPTH)
			return toml_refuse(s, "it is nested too deeply");
		TRY(read_part(s, &part));
		toml_skip_blanks(s);
		if (toml_peek(s, 0) != '.') {
			*ret_last = steal(part);
			return 0;
		}
		strvec_push_owned(tables, steal(part));
		s->pos++;
		toml_skip_blanks(s);
	}
}

static int refuse_key(const struct toml_scan *s, const char *key)
{
	autofree char *why = xasprintf("'%s' is there already", key);

	return toml_refuse(s, why);
}

/* Mutual recursion: values hold values. */
static int read_value(struct toml_scan *s, size_t depth, cJSON **ret_item);

/* "key = value" into a table. */
static int read_pair(struct toml_scan *s, size_t depth, cJSON *table)
{
	AUTO(strvec) tables = STRVEC_INIT;
	autofree char *last = NULL;
	autojson cJSON *item = NULL;

	TRY(read_key(s, &tables, &last));
	if (toml_peek(s, 0) != '=')
		return toml_refuse(s, "a '=' is missing");
	s->pos++;
	toml_skip_blanks(s);
	for (size_t i = 0; i < tables.n; i++) {
		cJSON *next = cJSON_GetObjectItemCaseSensitive(table, tables.v[i]);

		if (next == NULL)
			next = add_table(table, tables.v[i], ORIGIN_DOTTED);
		else if (!cJSON_IsObject(next) || !is_of(next, ORIGIN_DOTTED))
			return refuse_key(s, tables.v[i]);
		table = next;
	}
	if (cJSON_GetObjectItemCaseSensitive(table, last) != NULL)
		return refuse_key(s, last);
	TRY(read_value(s, depth + tables.n + 1, &item));
	if (!cJSON_AddItemToObject(table, last, item))
		out_of_memory();
	item = NULL;
	return 0;
}

static int read_array(struct toml_scan *s, size_t depth, cJSON **ret_item)
{
	autojson cJSON *array = json_array();

	for (s->pos++;;) {
		cJSON *item = NULL;

		TRY(toml_skip_space(s, true));
		if (toml_peek(s, 0) == ']')
			break;
		TRY(read_value(s, depth, &item));
		json_push(array, item);
		TRY(toml_skip_space(s, true));
		if (toml_peek(s, 0) == ']')
			break;
		if (toml_peek(s, 0) != ',')
			return toml_refuse(s, "a comma or a closing bracket is missing");
		s->pos++;
	}
	s->pos++;
	*ret_item = steal(array);
	return 0;
}

/* On one line, and with no comma behind the last. */
static int read_inline_table(struct toml_scan *s, size_t depth, cJSON **ret_item)
{
	autojson cJSON *table = json_object();

	s->pos++;
	toml_skip_blanks(s);
	while (table->child != NULL || toml_peek(s, 0) != '}') {
		TRY(read_pair(s, depth, table));
		toml_skip_blanks(s);
		if (toml_peek(s, 0) == '}')
			break;
		if (toml_peek(s, 0) != ',')
			return toml_refuse(s, "a comma or a closing brace is missing");
		s->pos++;
		toml_skip_blanks(s);
	}
	s->pos++;
	*ret_item = steal(table);
	return 0;
}

/* Recursive, MAX_JSON_DEPTH levels at the most. */
static int read_value(struct toml_scan *s, size_t depth, cJSON **ret_item)
{
	int c = toml_peek(s, 0);

	TRY(count_node(s));
	if (c != '[' && c != '{')
		return toml_scan_value(s, ret_item);
	if (depth >= MAX_JSON_DEPTH)
		return toml_refuse(s, "it is nested too deeply");
	if (c == '[')
		return read_array(s, depth + 1, ret_item);
	return read_inline_table(s, depth + 1, ret_item);
}

/* The table of a part of a header that is not its last. */
static int enter(const struct toml_scan *s, cJSON **table, const char *key)
{
	cJSON *next = cJSON_GetObjectItemCaseSensitive(*table, key);

	if (next == NULL)
		next = add_table(*table, key, ORIGIN_IMPLIED);
	else if (is_of(next, ORIGIN_LIST))
		next = cJSON_GetArrayItem(next, cJSON_GetArraySize(next) - 1);
	else if (!cJSON_IsObject(next) || is_of(next, ORIGIN_VALUE))
		return refuse_key(s, key);
	*table = next;
	return 0;
}

static int open_table(const struct toml_scan *s, cJSON *parent, const char *key, cJSON **ret_table)
{
	cJSON *table = cJSON_GetObjectItemCaseSensitive(parent, key);

	if (table == NULL)
		table = add_table(parent, key, ORIGIN_HEADER);
	else if (cJSON_IsObject(table) && is_of(table, ORIGIN_IMPLIED))
		mark(table, ORIGIN_HEADER);
	else
		return refuse_key(s, key);
	*ret_table = table;
	return 0;
}

static int open_element(const struct toml_scan *s, cJSON *parent, const char *key,
			cJSON **ret_table)
{
	cJSON *array = cJSON_GetObjectItemCaseSensitive(parent, key);

	if (array == NULL) {
		array = json_add_array(parent, key);
		mark(array, ORIGIN_LIST);
	} else if (!is_of(array, ORIGIN_LIST)) {
		return refuse_key(s, key);
	}
	*ret_table = json_object();
	mark(*ret_table, ORIGIN_HEADER);
	json_push(array, *ret_table);
	return 0;
}

/* "[a.b]" or "[[a.b]]"; *ret_table is what the lines below it are of. */
static int read_header(struct toml_scan *s, cJSON *root, cJSON **ret_table, size_t *ret_depth)
{
	bool is_list = toml_peek(s, 1) == '[';
	AUTO(strvec) tables = STRVEC_INIT;
	autofree char *last = NULL;
	cJSON *table = root;

	s->pos += is_list ? 2 : 1;
	toml_skip_blanks(s);
	TRY(read_key(s, &tables, &last));
	if (toml_peek(s, 0) != ']' || (is_list && toml_peek(s, 1) != ']'))
		return toml_refuse(s, "a closing bracket is missing");
	s->pos += is_list ? 2 : 1;
	for (size_t i = 0; i < tables.n; i++)
		TRY(enter(s, &table, tables.v[i]));
	*ret_depth = tables.n + 1;
	if (is_list)
		return open_element(s, table, last, ret_table);
	return open_table(s, table, last, ret_table);
}

int toml_parse(const char *bytes, size_t len, const char *name, cJSON **ret_json)
{
	struct toml_scan s = { .bytes = bytes, .len = len, .name = name };
	autojson cJSON *root = json_object();
	cJSON *table = root;
	size_t depth = 0;

	if (len > MAX_TOML)
		return refuse_with(EFBIG, "'%s' is larger than %lu bytes", name, MAX_TOML);
	mark(root, ORIGIN_HEADER);
	for (;;) {
		TRY(toml_skip_space(&s, true));
		if (toml_peek(&s, 0) < 0)
			break;
		if (toml_peek(&s, 0) == '[')
			TRY(read_header(&s, root, &table, &depth));
		else
			TRY(read_pair(&s, depth, table));
		TRY(toml_skip_space(&s, false));
	}
	*ret_json = steal(root);
	return 0;
}
