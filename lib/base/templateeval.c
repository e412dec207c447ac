/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/templateeval.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/escape.h"
#include "base/opt.h"
#include "base/template.h"

struct evaluation {
	struct template_scope *scope;
	const char *code; /* whole, for messages */
	const char *at;
};

/* --- the scope -------------------------------------------------------------------------------- */

void template_scope_init(struct template_scope *scope, const cJSON *root)
{
	*scope = (struct template_scope){ .root = root, .dot = root, .temps = json_array() };
}

void template_pop_vars(struct template_scope *scope, size_t n)
{
	while (scope->vars.n > n)
		free(scope->vars.v[--scope->vars.n].name);
}

void template_scope_release(struct template_scope *scope)
{
	template_pop_vars(scope, 0);
	free(scope->vars.v);
	json_free(scope->temps);
}

void template_push_var(struct template_scope *scope, const char *name, const cJSON *value)
{
	struct template_var *var = VEC_PUSH(&scope->vars);

	var->name = xstrdup(name);
	var->value = value;
}

static struct template_var *find_var(struct template_scope *scope, const char *name)
{
	for (size_t i = scope->vars.n; i > 0; i--)
		if (strcmp(scope->vars.v[i - 1].name, name) == 0)
			return &scope->vars.v[i - 1];
	return NULL;
}

const cJSON *template_text(struct template_scope *scope, const char *text, bool raw)
{
	cJSON *value = raw ? cJSON_CreateRaw(text) : cJSON_CreateString(text);

	json_push(scope->temps, value);
	return value;
}

const cJSON *template_int(struct template_scope *scope, int64_t number)
{
	cJSON *value = cJSON_CreateNumber((double)number);

	json_push(scope->temps, value);
	value->valuestring = xasprintf("%lld", (long long)number);
	return value;
}

const cJSON *template_bool(struct template_scope *scope, bool flag)
{
	cJSON *value = cJSON_CreateBool(flag);

	json_push(scope->temps, value);
	return value;
}

/* --- values ----------------------------------------------------------------------------------- */

bool template_truth(const cJSON *value)
{
	if (cJSON_IsBool(value))
		return cJSON_IsTrue(value);
	if (cJSON_IsNumber(value))
		return value->valuedouble != 0;
	if (cJSON_IsString(value) || cJSON_IsRaw(value))
		return value->valuestring[0] != '\0';
	return value->child != NULL;
}

static int compare_keys(const void *a, const void *b)
{
	const cJSON *const *x = a, *const *y = b;

	return strcmp((*x)->string, (*y)->string);
}

/* As Go prints a map: by key. */
static void print_map(const cJSON *map, struct buf *out)
{
	size_t n = (size_t)cJSON_GetArraySize(map), i = 0;
	autofree const cJSON **items = xcalloc(n + 1, sizeof(const cJSON *));
	const cJSON *item;

	cJSON_ArrayForEach(item, map) items[i++] = item;
	qsort(items, n, sizeof(const cJSON *), compare_keys);
	buf_add_str(out, "map[");
	for (i = 0; i < n; i++) {
		if (i != 0)
			buf_add_char(out, ' ');
		escape_text(out, items[i]->string);
		buf_add_char(out, ':');
		template_print(items[i], out);
	}
	buf_add_char(out, ']');
}

/* Values are as deep as what was read or built, and that is limited. */
void template_print(const cJSON *value, struct buf *out)
{
	const cJSON *item;

	if (cJSON_IsString(value)) {
		escape_text(out, value->valuestring);
	} else if (cJSON_IsObject(value)) {
		print_map(value, out);
	} else if (cJSON_IsArray(value)) {
		buf_add_char(out, '[');
		cJSON_ArrayForEach(item, value)
		{
			if (item != value->child)
				buf_add_char(out, ' ');
			template_print(item, out);
		}
		buf_add_char(out, ']');
	} else if (cJSON_IsNull(value)) {
		buf_add_str(out, "<no value>");
	} else {
		json_print(value, false, out);
	}
}

static int refuse_field(const cJSON *value, const char *name)
{
	size_t n = (size_t)cJSON_GetArraySize(value), i = 0;
	autofree const char **names = xcalloc(n + 1, sizeof(const char *));
	const char *nearest;
	const cJSON *item;

	cJSON_ArrayForEach(item, value) names[i++] = item->string;
	nearest = opt_nearest(name, names, n);
	refuse("there is no field '%s'", name);
	if (nearest != NULL)
		hint("did you mean '.%s'?", nearest);
	else
		hint("'{{json .}}' shows the fields");
	return -EINVAL;
}

static int get_field(const cJSON *value, const char *name, const cJSON **ret_value)
{
	const cJSON *field;

	if (!cJSON_IsObject(value))
		return refuse("there is no field '%s' in what is not an object", name);
	field = cJSON_GetObjectItemCaseSensitive(value, name);
	if (field == NULL)
		return refuse_field(value, name);
	*ret_value = field;
	return 0;
}

/* --- words ------------------------------------------------------------------------------------ */

static void skip_blanks(struct evaluation *e)
{
	e->at += strspn(e->at, " \t\r\n");
}

static bool is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* Letters, digits and underscores; to be freed. */
static char *take_word(struct evaluation *e)
{
	size_t len = 0;

	while (is_word_char(e->at[len]))
		len++;
	e->at += len;
	return xstrndup(e->at - len, len);
}

static int take_escape(struct evaluation *e, struct buf *out)
{
	static const char letters[] = "ntr\\\"'", bytes[] = "\n\t\r\\\"'";
	const char *letter = *e->at != '\0' ? strchr(letters, *e->at) : NULL;

	if (letter == NULL)
		return refuse("unknown escape '\\%c' in '%s'", *e->at, e->code);
	buf_add_char(out, bytes[letter - letters]);
	e->at++;
	return 0;
}

/* "text" and 'c' with escapes, `text` without. */
static int take_quoted(struct evaluation *e, struct buf *out)
{
	char quote = *e->at++;

	while (*e->at != quote) {
		if (*e->at == '\0')
			return refuse("a quote is not closed in '%s'", e->code);
		if (*e->at == '\\' && quote != '`') {
			e->at++;
			TRY(take_escape(e, out));
		} else {
			buf_add_char(out, *e->at++);
		}
	}
	e->at++;
	return 0;
}

static int take_number(struct evaluation *e, const cJSON **ret_value)
{
	size_t len = strspn(e->at, "+-0123456789.eE");
	autofree char *text = xstrndup(e->at, len);
	char *end;
	cJSON *value;
	double number;

	errno = 0;
	number = strtod(text, &end);
	if (end == text || *end != '\0' || errno != 0 || is_word_char(e->at[len]))
		return refuse("'%s' cannot be read at '%s'", e->code, e->at);
	e->at += len;
	value = cJSON_CreateNumber(number);
	json_push(e->scope->temps, value);
	value->valuestring = xstrdup(text[0] == '+' ? text + 1 : text);
	*ret_value = value;
	return 0;
}

/* --- operands --------------------------------------------------------------------------------- */

/* A term may be a pipeline in parentheses: recursion. */
static int eval_pipeline(struct evaluation *e, const cJSON **ret_value, bool *ret_declared);

/* ".A.B" behind a value. */
static int eval_fields(struct evaluation *e, const cJSON *value, const cJSON **ret_value)
{
	while (*e->at == '.' && is_word_char(e->at[1])) {
		autofree char *name = NULL;

		e->at++;
		name = take_word(e);
		TRY(get_field(value, name, &value));
	}
	*ret_value = value;
	return 0;
}

static int eval_variable(struct evaluation *e, const cJSON **ret_value)
{
	const char *start = e->at++;
	autofree char *word = take_word(e);
	autofree char *name = xstrndup(start, strlen(word) + 1);
	const struct template_var *var = find_var(e->scope, name);

	if (word[0] == '\0')
		return eval_fields(e, e->scope->root, ret_value);
	if (var == NULL)
		return refuse("there is no variable '%s'", name);
	return eval_fields(e, var->value, ret_value);
}

static int eval_parenthesis(struct evaluation *e, const cJSON **ret_value)
{
	const cJSON *value;
	bool declared;

	if (++e->scope->depth > MAX_TEMPLATE_DEPTH)
		return refuse("the template is nested too deep");
	e->at++;
	TRY(eval_pipeline(e, &value, &declared));
	if (*e->at != ')')
		return refuse("')' is missing in '%s'", e->code);
	e->at++;
	e->scope->depth--;
	return eval_fields(e, value, ret_value);
}

static int eval_quoted(struct evaluation *e, const cJSON **ret_value)
{
	AUTO(buf) text = BUF_INIT;

	TRY(take_quoted(e, &text));
	*ret_value = template_text(e->scope, text.data, false);
	return 0;
}

/* true, false, nil, or a function without arguments. */
static int eval_word(struct evaluation *e, const cJSON **ret_value)
{
	autofree char *word = take_word(e);
	cJSON *null;

	if (strcmp(word, "nil") == 0) {
		null = cJSON_CreateNull();
		json_push(e->scope->temps, null);
		*ret_value = null;
		return 0;
	}
	if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0) {
		*ret_value = template_bool(e->scope, word[0] == 't');
		return 0;
	}
	if (word[0] == '\0')
		return refuse("'%s' cannot be read at '%s'", e->code, e->at);
	return template_call(e->scope, word, NULL, 0, ret_value);
}

static int eval_operand(struct evaluation *e, const cJSON **ret_value)
{
	char c = *e->at;

	if (c == '.' && !is_word_char(e->at[1])) {
		e->at++;
		*ret_value = e->scope->dot;
		return 0;
	}
	if (c == '.')
		return eval_fields(e, e->scope->dot, ret_value);
	if (c == '$')
		return eval_variable(e, ret_value);
	if (c == '(')
		return eval_parenthesis(e, ret_value);
	if (c == '"' || c == '\'' || c == '`')
		return eval_quoted(e, ret_value);
	if (isdigit((unsigned char)c) || ((c == '-' || c == '+') && e->at[1] != '\0'))
		return take_number(e, ret_value);
	return eval_word(e, ret_value);
}

/* --- commands --------------------------------------------------------------------------------- */

/* The function's name, where one begins here; to be freed. */
static char *take_function(struct evaluation *e)
{
	struct evaluation ahead = *e;
	autofree char *word = take_word(&ahead);

	if (!template_is_function(word))
		return NULL;
	*e = ahead;
	return steal(word);
}

/* One command of a pipeline; `piped` is what the one before it gave, its last argument. */
static int eval_command(struct evaluation *e, const cJSON *piped, const cJSON **ret_value)
{
	const cJSON *args[TEMPLATE_ARGS_MAX];
	autofree char *function = NULL;
	size_t n = 0;

	skip_blanks(e);
	function = take_function(e);
	if (function == NULL && piped != NULL)
		return refuse("'%s': what follows '|' is no function", e->code);
	for (skip_blanks(e); *e->at != '\0' && *e->at != '|' && *e->at != ')'; skip_blanks(e)) {
		if (n == TEMPLATE_ARGS_MAX - 1)
			return refuse("too many arguments in '%s'", e->code);
		TRY(eval_operand(e, &args[n]));
		n++;
	}
	if (function == NULL && n == 2 && cJSON_IsObject(args[0]) && cJSON_IsString(args[1])) {
		*ret_value = cJSON_GetObjectItemCaseSensitive(args[0], args[1]->valuestring);
		if (*ret_value == NULL)
			*ret_value = template_text(e->scope, "", false);
		return 0;
	}
	if (function == NULL && n != 1)
		return refuse(n == 0 ? "something is missing in '{{%s}}'"
				     : "'%s': it does not begin with a function",
			      e->code);
	if (function == NULL) {
		*ret_value = args[0];
		return 0;
	}
	if (piped != NULL)
		args[n++] = piped;
	return template_call(e->scope, function, args, n, ret_value);
}

static int eval_commands(struct evaluation *e, const cJSON **ret_value)
{
	const cJSON *value = NULL;

	for (;;) {
		TRY(eval_command(e, value, &value));
		if (*e->at != '|')
			break;
		e->at++;
	}
	*ret_value = value;
	return 0;
}

/* "$name :=" and "$name =", if they stand here: the name, to be freed. */
static char *take_declaration(struct evaluation *e, bool *ret_new)
{
	struct evaluation ahead = *e;
	autofree char *word = NULL;

	skip_blanks(&ahead);
	if (*ahead.at++ != '$')
		return NULL;
	word = take_word(&ahead);
	skip_blanks(&ahead);
	*ret_new = *ahead.at == ':';
	ahead.at += *ret_new;
	if (*ahead.at != '=')
		return NULL;
	e->at = ahead.at + 1;
	return xasprintf("$%s", word);
}

static int eval_pipeline(struct evaluation *e, const cJSON **ret_value, bool *ret_declared)
{
	bool is_new = false;
	autofree char *name = take_declaration(e, &is_new);
	struct template_var *var;

	TRY(eval_commands(e, ret_value));
	*ret_declared = name != NULL;
	if (name == NULL)
		return 0;
	var = find_var(e->scope, name);
	if (is_new)
		template_push_var(e->scope, name, *ret_value);
	else if (var != NULL)
		var->value = *ret_value;
	else
		return refuse("there is no variable '%s'", name);
	return 0;
}

int template_eval(struct template_scope *scope, const char *code, const cJSON **ret_value,
		  bool *ret_declared)
{
	struct evaluation e = { .scope = scope, .code = code, .at = code };

	TRY(eval_pipeline(&e, ret_value, ret_declared));
	return *e.at == '\0' ? 0 : refuse("'%s' cannot be read at '%s'", code, e.at);
}

int template_range_head(const char *code, char *ret_names[2], const char **ret_pipeline)
{
	struct evaluation e = { .code = code, .at = code };
	autofree char *first = NULL;
	bool is_new;

	ret_names[0] = ret_names[1] = NULL;
	skip_blanks(&e);
	if (*e.at == '$') {
		size_t len = 1 + strspn(e.at + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstu"
						  "vwxyz0123456789_");
		const char *comma = e.at + len + strspn(e.at + len, " \t");

		if (*comma == ',') {
			first = xstrndup(e.at, len);
			e.at = comma + 1;
		}
	}
	ret_names[0] = take_declaration(&e, &is_new);
	if (first != NULL && ret_names[0] == NULL)
		return refuse("'{{range %s}}': '$i, $e := LIST' is wanted", code);
	ret_names[1] = steal(first);
	*ret_pipeline = e.at;
	return 0;
}
