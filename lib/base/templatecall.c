/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/templateeval.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/template.h"
#include "base/units.h"

/* A call: what the functions below get. */
struct call {
	struct template_scope *scope;
	const char *name;
	const cJSON *const *args;
	size_t n;
};

/* --- arguments -------------------------------------------------------------------------------- */

static bool is_text(const cJSON *value)
{
	return cJSON_IsString(value) || cJSON_IsRaw(value);
}

static int text_arg(const struct call *c, size_t i, const char **ret_text)
{
	if (!is_text(c->args[i]))
		return refuse("argument %zu of '%s' is not a string", i + 1, c->name);
	*ret_text = c->args[i]->valuestring;
	return 0;
}

/* Is it a whole number? Those read and made have their text. */
static bool is_int(const cJSON *value, int64_t *ret_number)
{
	const char *text = cJSON_IsNumber(value) ? value->valuestring : NULL;

	if (text == NULL || strspn(text, "-0123456789") != strlen(text) ||
	    units_parse_i64(text, INT64_MIN + 1, INT64_MAX, ret_number) < 0) {
		err_clear();
		return false;
	}
	return true;
}

static int int_arg(const struct call *c, size_t i, int64_t *ret_number)
{
	if (!is_int(c->args[i], ret_number))
		return refuse("argument %zu of '%s' is not a whole number", i + 1, c->name);
	return 0;
}

static int give_text(const struct call *c, const char *text, const cJSON **ret_value)
{
	*ret_value = template_text(c->scope, text, false);
	return 0;
}

/* --- logic and order -------------------------------------------------------------------------- */

static int call_and(const struct call *c, const cJSON **ret_value)
{
	size_t i = 0;

	while (i + 1 < c->n && template_truth(c->args[i]))
		i++;
	*ret_value = c->args[i];
	return 0;
}

static int call_or(const struct call *c, const cJSON **ret_value)
{
	size_t i = 0;

	while (i + 1 < c->n && !template_truth(c->args[i]))
		i++;
	*ret_value = c->args[i];
	return 0;
}

static int call_not(const struct call *c, const cJSON **ret_value)
{
	*ret_value = template_bool(c->scope, !template_truth(c->args[0]));
	return 0;
}

static int compare_doubles(double a, double b)
{
	return a < b ? -1 : a > b;
}

static int compare(const struct call *c, const cJSON *a, const cJSON *b, int *ret_order)
{
	int64_t x, y;

	if (is_text(a) && is_text(b))
		*ret_order = strcmp(a->valuestring, b->valuestring);
	else if (is_int(a, &x) && is_int(b, &y))
		*ret_order = x < y ? -1 : x > y;
	else if (cJSON_IsNumber(a) && cJSON_IsNumber(b))
		*ret_order = compare_doubles(a->valuedouble, b->valuedouble);
	else if (cJSON_IsBool(a) && cJSON_IsBool(b))
		*ret_order = cJSON_IsTrue(a) - cJSON_IsTrue(b);
	else if (cJSON_IsNull(a) || cJSON_IsNull(b))
		*ret_order = cJSON_IsNull(a) && cJSON_IsNull(b) ? 0 : 1;
	else
		return refuse("'%s' cannot compare values of different types", c->name);
	return 0;
}

/* eq A B C...: is A one of the others? */
static int call_eq(const struct call *c, const cJSON **ret_value)
{
	bool equal = false;

	for (size_t i = 1; i < c->n && !equal; i++) {
		int order;

		TRY(compare(c, c->args[0], c->args[i], &order));
		equal = order == 0;
	}
	*ret_value = template_bool(c->scope, equal);
	return 0;
}

/* ne, lt, le, gt, ge */
static int call_order(const struct call *c, const cJSON **ret_value)
{
	bool result = false;
	int order;

	TRY(compare(c, c->args[0], c->args[1], &order));
	if (strcmp(c->name, "ne") == 0)
		result = order != 0;
	else if (c->name[0] == 'l')
		result = order < 0 || (c->name[1] == 'e' && order == 0);
	else
		result = order > 0 || (c->name[1] == 'e' && order == 0);
	*ret_value = template_bool(c->scope, result);
	return 0;
}

/* --- parts of values -------------------------------------------------------------------------- */

static int call_len(const struct call *c, const cJSON **ret_value)
{
	const cJSON *value = c->args[0];

	if (is_text(value))
		*ret_value = template_int(c->scope, (int64_t)strlen(value->valuestring));
	else if (cJSON_IsArray(value) || cJSON_IsObject(value) || cJSON_IsNull(value))
		*ret_value = template_int(c->scope, cJSON_GetArraySize(value));
	else
		return refuse("'len' wants a string, a list or a map");
	return 0;
}

static int call_index(const struct call *c, const cJSON **ret_value)
{
	const cJSON *value = c->args[0];
	const char *key;
	int64_t at;

	for (size_t i = 1; i < c->n; i++) {
		if (cJSON_IsArray(value)) {
			TRY(int_arg(c, i, &at));
			if (at < 0 || at >= cJSON_GetArraySize(value))
				return refuse("'index': there is no element %lld", (long long)at);
			value = cJSON_GetArrayItem(value, (int)at);
			continue;
		}
		if (!cJSON_IsObject(value) && !cJSON_IsNull(value))
			return refuse("'index' wants a list or a map");
		TRY(text_arg(c, i, &key));
		value = cJSON_GetObjectItemCaseSensitive(value, key);
		/* As of a Go map of strings. */
		if (value == NULL)
			value = template_text(c->scope, "", false);
	}
	*ret_value = value;
	return 0;
}

static int slice_bounds(const struct call *c, size_t len, size_t *ret_from, size_t *ret_to)
{
	int64_t from = 0, to = (int64_t)len;

	if (c->n > 1)
		TRY(int_arg(c, 1, &from));
	if (c->n > 2)
		TRY(int_arg(c, 2, &to));
	if (from < 0 || to < from || to > (int64_t)len)
		return refuse("'slice': %lld to %lld is out of range, the length is %zu",
			      (long long)from, (long long)to, len);
	*ret_from = (size_t)from;
	*ret_to = (size_t)to;
	return 0;
}

static int call_slice(const struct call *c, const cJSON **ret_value)
{
	const cJSON *value = c->args[0];
	size_t from, to;
	cJSON *list;

	if (is_text(value)) {
		autofree char *part = NULL;

		TRY(slice_bounds(c, strlen(value->valuestring), &from, &to));
		part = xstrndup(value->valuestring + from, to - from);
		return give_text(c, part, ret_value);
	}
	if (!cJSON_IsArray(value))
		return refuse("'slice' wants a string or a list");
	TRY(slice_bounds(c, (size_t)cJSON_GetArraySize(value), &from, &to));
	list = json_array();
	json_push(c->scope->temps, list);
	for (size_t i = from; i < to; i++)
		json_push(list, cJSON_Duplicate(cJSON_GetArrayItem(value, (int)i), true));
	*ret_value = list;
	return 0;
}

/* --- text ------------------------------------------------------------------------------------- */

static int call_json(const struct call *c, const cJSON **ret_value)
{
	const cJSON *value = c->args[0];
	AUTO(buf) text = BUF_INIT;

	/* What was made for printing is a string like others here. */
	if (cJSON_IsRaw(value))
		value = template_text(c->scope, value->valuestring, false);
	json_print(value, false, &text);
	*ret_value = template_text(c->scope, text.data, true);
	return 0;
}

static int call_join(const struct call *c, const cJSON **ret_value)
{
	AUTO(buf) text = BUF_INIT;
	const char *separator;
	const cJSON *item;

	TRY(text_arg(c, 1, &separator));
	if (!cJSON_IsArray(c->args[0]) && !cJSON_IsNull(c->args[0]))
		return refuse("'join' wants a list");
	cJSON_ArrayForEach(item, c->args[0])
	{
		if (!is_text(item))
			return refuse("'join' wants a list of strings");
		if (item != c->args[0]->child)
			buf_add_str(&text, separator);
		buf_add_str(&text, item->valuestring);
	}
	return give_text(c, text.data, ret_value);
}

static int call_split(const struct call *c, const cJSON **ret_value)
{
	const char *text, *separator;
	cJSON *list;

	TRY(text_arg(c, 0, &text));
	TRY(text_arg(c, 1, &separator));
	if (separator[0] == '\0')
		return refuse("'split' wants a separator");
	list = json_array();
	json_push(c->scope->temps, list);
	for (;;) {
		const char *end = strstr(text, separator);
		autofree char *part = NULL;

		part = end != NULL ? xstrndup(text, (size_t)(end - text)) : xstrdup(text);
		json_push_string(list, part);
		if (end == NULL)
			break;
		text = end + strlen(separator);
	}
	*ret_value = list;
	return 0;
}

/* upper, lower, title: letters of ASCII. */
static int call_case(const struct call *c, const cJSON **ret_value)
{
	const char *text;
	autofree char *copy = NULL;
	bool first = true;

	TRY(text_arg(c, 0, &text));
	copy = xstrdup(text);
	for (char *p = copy; *p != '\0'; p++) {
		int (*map)(int) = c->name[0] == 'l' ? tolower : toupper;

		if (c->name[0] != 't' || first)
			*p = (char)map((unsigned char)*p);
		first = *p == ' ';
	}
	return give_text(c, copy, ret_value);
}

/* pad TEXT BEFORE AFTER: blanks around a text that is not empty. */
static int call_pad(const struct call *c, const cJSON **ret_value)
{
	autofree char *padded = NULL;
	const char *text;
	int64_t before, after;

	TRY(text_arg(c, 0, &text));
	TRY(int_arg(c, 1, &before));
	TRY(int_arg(c, 2, &after));
	if (before < 0 || before > 1000 || after < 0 || after > 1000)
		return refuse("'pad' wants 0 to 1000 blanks");
	if (text[0] == '\0')
		return give_text(c, "", ret_value);
	padded = xasprintf("%*s%s%*s", (int)before, "", text, (int)after, "");
	return give_text(c, padded, ret_value);
}

/* At most N bytes, and no half of a character. */
static int call_truncate(const struct call *c, const cJSON **ret_value)
{
	autofree char *part = NULL;
	const char *text;
	int64_t length;
	size_t n;

	TRY(text_arg(c, 0, &text));
	TRY(int_arg(c, 1, &length));
	n = strlen(text);
	if (length < 0)
		return refuse("'truncate' wants a length");
	if ((uint64_t)length < n)
		n = (size_t)length;
	while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	part = xstrndup(text, n);
	return give_text(c, part, ret_value);
}

/* --- printing --------------------------------------------------------------------------------- */

/* These functions escape the values that they print and not the text between them: what they give
 * is printed as it is. */

/* print puts blanks between operands that are both no strings, println between all. */
static int call_print(const struct call *c, const cJSON **ret_value)
{
	bool line = strcmp(c->name, "println") == 0;
	AUTO(buf) text = BUF_INIT;

	for (size_t i = 0; i < c->n; i++) {
		if (i != 0 && (line || (!is_text(c->args[i]) && !is_text(c->args[i - 1]))))
			buf_add_char(&text, ' ');
		template_print(c->args[i], &text);
	}
	if (line)
		buf_add_char(&text, '\n');
	*ret_value = template_text(c->scope, text.data, true);
	return 0;
}

/* "%-5s": flags, width and precision as in C; *ret_verb is where the letter stands. */
static int parse_directive(const char *at, char spec[16], const char **ret_verb)
{
	size_t len = strspn(at, "-+ #0");
	size_t digits = strspn(at + len, "0123456789");
	bool long_number = digits > 3;

	len += digits;
	if (at[len] == '.') {
		digits = strspn(at + len + 1, "0123456789");
		long_number |= digits > 3;
		len += 1 + digits;
	}
	if (long_number || len > 10 || at[len] == '\0')
		return refuse("'printf': '%%%s' cannot be read", at);
	memcpy(spec, at, len);
	spec[len] = '\0';
	*ret_verb = at + len;
	return 0;
}

static int print_directive(const cJSON *value, const char *spec, char verb, struct buf *out)
{
	AUTO(buf) text = BUF_INIT;
	autofree char *format = NULL;
	int64_t number;
	bool is_number = is_int(value, &number);

	if (strchr("dxXo", verb) != NULL && is_number) {
		format = xasprintf("%%%sll%c", spec, verb);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		buf_addf(out, format, (long long)number);
		return 0;
	}
	if (strchr("feg", verb) != NULL && cJSON_IsNumber(value)) {
		format = xasprintf("%%%s%c", spec, verb);
		buf_addf(out, format, value->valuedouble);
		return 0;
	}
	if (strchr("svqt", verb) == NULL || (verb == 't' && !cJSON_IsBool(value)) ||
	    (verb == 's' && !is_text(value)))
		return refuse("'printf': '%%%s%c' cannot print this value", spec, verb);
	if (verb == 'q')
		json_print(value, false, &text);
	else
		template_print(value, &text);
	format = xasprintf("%%%ss", spec);
	buf_addf(out, format, text.data);
#pragma GCC diagnostic pop
	return 0;
}

static int call_printf(const struct call *c, const cJSON **ret_value)
{
	AUTO(buf) out = BUF_INIT;
	const char *at;
	size_t used = 1;

	TRY(text_arg(c, 0, &at));
	for (; *at != '\0'; at++) {
		char spec[16];

		if (*at != '%' || at[1] == '%') {
			buf_add_char(&out, *at);
			at += *at == '%';
			continue;
		}
		TRY(parse_directive(at + 1, spec, &at));
		if (used == c->n)
			return refuse("'printf': more directives than values");
		TRY(print_directive(c->args[used++], spec, *at, &out));
	}
	if (used < c->n)
		return refuse("'printf': more values than directives");
	*ret_value = template_text(c->scope, out.data, true);
	return 0;
}

/* --- the table -------------------------------------------------------------------------------- */

static const struct function {
	const char *name;
	size_t min, max; /* arguments */
	int (*call)(const struct call *c, const cJSON **ret_value);
} functions[] = {
	{ "and", 1, TEMPLATE_ARGS_MAX, call_and },
	{ "or", 1, TEMPLATE_ARGS_MAX, call_or },
	{ "not", 1, 1, call_not },
	{ "eq", 2, TEMPLATE_ARGS_MAX, call_eq },
	{ "ne", 2, 2, call_order },
	{ "lt", 2, 2, call_order },
	{ "le", 2, 2, call_order },
	{ "gt", 2, 2, call_order },
	{ "ge", 2, 2, call_order },
	{ "len", 1, 1, call_len },
	{ "index", 1, TEMPLATE_ARGS_MAX, call_index },
	{ "slice", 1, 3, call_slice },
	{ "json", 1, 1, call_json },
	{ "join", 2, 2, call_join },
	{ "split", 2, 2, call_split },
	{ "upper", 1, 1, call_case },
	{ "lower", 1, 1, call_case },
	{ "title", 1, 1, call_case },
	{ "pad", 3, 3, call_pad },
	{ "truncate", 2, 2, call_truncate },
	{ "print", 0, TEMPLATE_ARGS_MAX, call_print },
	{ "println", 0, TEMPLATE_ARGS_MAX, call_print },
	{ "printf", 1, TEMPLATE_ARGS_MAX, call_printf },
};

static const struct function *find_function(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		if (strcmp(functions[i].name, name) == 0)
			return &functions[i];
	return NULL;
}

bool template_is_function(const char *name)
{
	return find_function(name) != NULL;
}

int template_call(struct template_scope *scope, const char *name, const cJSON *const *args,
		  size_t n, const cJSON **ret_value)
{
	const struct function *function = find_function(name);
	const struct call call = { .scope = scope, .name = name, .args = args, .n = n };

	if (function == NULL) {
		refuse("there is no function '%s'", name);
		hint("fields begin with a dot: '{{.%s}}'", name);
		return -EINVAL;
	}
	if (n < function->min || n > function->max)
		return refuse("'%s' takes %zu to %zu arguments, not %zu", name, function->min,
			      function->max, n);
	return function->call(&call, ret_value);
}
