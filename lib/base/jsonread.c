/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/escape.h"

/*
 * The strict reader. It builds cJSON's nodes itself: one pass, one grammar (RFC 8259), so that
 * there is no second opinion about what a document says. A number keeps its text in valuestring.
 */
struct reader {
	const char *bytes;
	size_t len, pos;
	const char *name; /* of the document */
	size_t nodes;
	struct buf text; /* of the string that was read last */
};

static int refuse_at(const struct reader *r, const char *why)
{
	size_t line = 1;

	for (size_t i = 0; i < r->pos && i < r->len; i++)
		line += r->bytes[i] == '\n';
	return refuse("'%s' is not valid JSON: %s (line %zu, byte %zu)", r->name, why, line,
		      r->pos);
}

static int peek(const struct reader *r)
{
	return r->pos < r->len ? (unsigned char)r->bytes[r->pos] : -1;
}

static void skip_blanks(struct reader *r)
{
	while (r->pos < r->len && strchr(" \t\r\n", r->bytes[r->pos]) != NULL &&
	       r->bytes[r->pos] != '\0')
		r->pos++;
}

static int count_node(struct reader *r)
{
	return ++r->nodes <= MAX_JSON_NODES ? 0 : refuse_at(r, "it has too many values");
}

static int read_hex4(struct reader *r, uint32_t *ret_value)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++, r->pos++) {
		int c = peek(r);

		if (c < 0 || !isxdigit(c))
			return refuse_at(r, "a \\u escape without four hex digits");
		value = value << 4 | (uint32_t)(isdigit(c) ? c - '0' : (tolower(c) - 'a') + 10);
	}
	*ret_value = value;
	return 0;
}

static void add_rune(struct buf *out, uint32_t rune)
{
	static const unsigned char marks[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = rune < 0x80 ? 1 : rune < 0x800 ? 2 : rune < 0x10000 ? 3 : 4;
	char bytes[4];

	for (size_t i = n; i-- > 1; rune >>= 6)
		bytes[i] = (char)(0x80 | (rune & 0x3f));
	bytes[0] = (char)(n == 1 ? rune : (marks[n] | rune));
	buf_add(out, bytes, n);
}

static int read_unicode(struct reader *r)
{
	uint32_t rune, low;

	TRY(read_hex4(r, &rune));
	if (rune == 0)
		return refuse_at(r, "a NUL in a string");
	if (rune >= 0xd800 && rune <= 0xdbff) {
		if (r->len - r->pos < 2 || r->bytes[r->pos] != '\\' || r->bytes[r->pos + 1] != 'u')
			return refuse_at(r, "half of a surrogate pair");
		r->pos += 2;
		TRY(read_hex4(r, &low));
		if (low < 0xdc00 || low > 0xdfff)
			return refuse_at(r, "half of a surrogate pair");
		rune = 0x10000 + ((rune - 0xd800) << 10) + (low - 0xdc00);
	} else if (rune >= 0xdc00 && rune <= 0xdfff) {
		return refuse_at(r, "half of a surrogate pair");
	}
	add_rune(&r->text, rune);
	return 0;
}

static int read_escape(struct reader *r)
{
	static const char letters[] = "\"\\/bfnrt";
	static const char values[] = "\"\\/\b\f\n\r\t";
	int c = peek(r);
	const char *found;

	r->pos++;
	if (c == 'u')
		return read_unicode(r);
	found = c > 0 ? strchr(letters, c) : NULL;
	if (found == NULL)
		return refuse_at(r, "an unknown escape in a string");
	buf_add_char(&r->text, values[found - letters]);
	return 0;
}

/* The string at the opening quote, into r->text. */
static int read_string(struct reader *r)
{
	buf_clear(&r->text);
	for (r->pos++;;) {
		const char *at = r->bytes + r->pos;
		size_t n = 0, left = r->len - r->pos;
		uint32_t rune;

		while (n < left && at[n] >= 0x20 && at[n] < 0x7f && at[n] != '"' && at[n] != '\\')
			n++;
		buf_add(&r->text, at, n);
		r->pos += n;
		if (n == left)
			return refuse_at(r, "a string without an end");
		if (at[n] == '"') {
			r->pos++;
			return 0;
		}
		if (at[n] == '\\') {
			r->pos++;
			TRY(read_escape(r));
			continue;
		}
		if ((unsigned char)at[n] < 0x20)
			return refuse_at(r, "a control character in a string");
		at += n;
		n = escape_decode(at, left - n, &rune);
		if (n == 0)
			return refuse_at(r, "invalid UTF-8");
		buf_add(&r->text, at, n);
		r->pos += n;
	}
}

static size_t skip_digits(struct reader *r)
{
	size_t before = r->pos;

	while (r->pos < r->len && isdigit((unsigned char)r->bytes[r->pos]))
		r->pos++;
	return r->pos - before;
}

static int read_number(struct reader *r, cJSON **ret_item)
{
	autofree char *text = NULL;
	size_t start = r->pos;
	double value;

	r->pos += peek(r) == '-';
	if (peek(r) == '0')
		r->pos++;
	else if (skip_digits(r) == 0)
		return refuse_at(r, "a number without digits");
	if (isdigit(peek(r)))
		return refuse_at(r, "a number with a leading zero");
	if (peek(r) == '.') {
		r->pos++;
		if (skip_digits(r) == 0)
			return refuse_at(r, "a number that ends with its point");
	}
	if (peek(r) == 'e' || peek(r) == 'E') {
		r->pos++;
		r->pos += peek(r) == '+' || peek(r) == '-';
		if (skip_digits(r) == 0)
			return refuse_at(r, "a number with an empty exponent");
	}
	text = xstrndup(r->bytes + start, r->pos - start);
	value = strtod(text, NULL);
	if (!isfinite(value))
		return refuse_at(r, "a number that is too large");
	*ret_item = cJSON_CreateNumber(value);
	if (*ret_item == NULL)
		out_of_memory();
	(*ret_item)->valuestring = steal(text);
	return 0;
}

static int read_word(struct reader *r, cJSON **ret_item)
{
	static const struct {
		const char *word;
		int type;
	} words[] = { { "true", cJSON_True }, { "false", cJSON_False }, { "null", cJSON_NULL } };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		size_t len = strlen(words[i].word);

		if (r->len - r->pos < len || memcmp(r->bytes + r->pos, words[i].word, len) != 0)
			continue;
		r->pos += len;
		*ret_item = cJSON_CreateNull();
		if (*ret_item == NULL)
			out_of_memory();
		(*ret_item)->type = words[i].type;
		return 0;
	}
	return refuse_at(r, "a value is missing or misspelt");
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp((*(cJSON *const *)a)->string, (*(cJSON *const *)b)->string);
}

static int check_keys(const struct reader *r, const cJSON *object, size_t n)
{
	autofree const cJSON **keys = xcalloc(n, sizeof(*keys));
	const cJSON *item;
	size_t i = 0;

	cJSON_ArrayForEach(item, object) keys[i++] = item;
	qsort(keys, n, sizeof(*keys), compare_keys);
	for (i = 1; i < n; i++)
		if (strcmp(keys[i - 1]->string, keys[i]->string) == 0)
			return refuse("'%s' is not valid JSON: the key '%s' is there twice",
				      r->name, keys[i]->string);
	return 0;
}

/* Mutual recursion: values hold values. */
static int read_value(struct reader *r, int depth, cJSON **ret_item);

/* After a member: true where another one follows; the closing bracket is taken. */
static int read_separator(struct reader *r, char close)
{
	skip_blanks(r);
	if (peek(r) == close) {
		r->pos++;
		return 0;
	}
	if (peek(r) != ',')
		return refuse_at(r, "a comma or a closing bracket is missing");
	r->pos++;
	skip_blanks(r);
	return 1;
}

static int read_members(struct reader *r, int depth, cJSON *object)
{
	size_t n = 0;
	int more;

	do {
		autofree char *key = NULL;
		cJSON *item = NULL;

		if (peek(r) != '"')
			return refuse_at(r, "a key is missing");
		TRY(count_node(r));
		TRY(read_string(r));
		key = xstrdup(r->text.data);
		skip_blanks(r);
		if (peek(r) != ':')
			return refuse_at(r, "a colon is missing");
		r->pos++;
		TRY(read_value(r, depth, &item));
		if (!cJSON_AddItemToObject(object, key, item))
			out_of_memory();
		n++;
		more = read_separator(r, '}');
	} while (more > 0);
	TRY(more);
	return n > 1 ? check_keys(r, object, n) : 0;
}

static int read_elements(struct reader *r, int depth, cJSON *array)
{
	int more;

	do {
		cJSON *item = NULL;

		TRY(read_value(r, depth, &item));
		if (!cJSON_AddItemToArray(array, item))
			out_of_memory();
		more = read_separator(r, ']');
	} while (more > 0);
	return more;
}

/* An array or an object. */
static int read_container(struct reader *r, int depth, cJSON **ret_item)
{
	bool is_object = peek(r) == '{';
	autojson cJSON *item = is_object ? json_object() : json_array();

	if (depth > MAX_JSON_DEPTH)
		return refuse_at(r, "it is nested too deeply");
	r->pos++;
	skip_blanks(r);
	if (peek(r) == (is_object ? '}' : ']'))
		r->pos++;
	else if (is_object)
		TRY(read_members(r, depth, item));
	else
		TRY(read_elements(r, depth, item));
	*ret_item = steal(item);
	return 0;
}

/* Recursive, MAX_JSON_DEPTH levels at the most. */
static int read_value(struct reader *r, int depth, cJSON **ret_item)
{
	int c;

	skip_blanks(r);
	TRY(count_node(r));
	c = peek(r);
	if (c == '{' || c == '[')
		return read_container(r, depth + 1, ret_item);
	if (c == '-' || isdigit(c))
		return read_number(r, ret_item);
	if (c != '"')
		return read_word(r, ret_item);
	TRY(read_string(r));
	*ret_item = cJSON_CreateString(r->text.data);
	if (*ret_item == NULL)
		out_of_memory();
	return 0;
}

int json_parse(const char *bytes, size_t len, const char *name, cJSON **ret_json)
{
	struct reader r = { .bytes = bytes, .len = len, .name = name, .text = BUF_INIT };
	autojson cJSON *json = NULL;
	int rc = read_value(&r, 0, &json);

	/* The string may have been a password. */
	buf_wipe(&r.text);
	TRY(rc);
	skip_blanks(&r);
	if (r.pos != len)
		return refuse_at(&r, "something follows its end");
	*ret_json = steal(json);
	return 0;
}
