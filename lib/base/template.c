/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/template.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/templateeval.h"

enum part_kind {
	PART_TEXT,
	PART_VALUE,
	PART_IF,
	PART_WITH,
	PART_RANGE,
	PART_ELSE, /* `code`: of "else if", NULL for a plain one */
	PART_END,
};

struct part {
	enum part_kind kind;
	char *code;  /* text, or what stands behind the keyword */
	size_t next; /* of a block: its next branch or its end */
	size_t end;  /* of a block: its end */
};

struct parts {
	struct part *v;
	size_t n;
};

struct rendering {
	struct parts parts;
	struct template_scope scope;
	struct buf *out;
	size_t steps;
};

/* --- cutting ---------------------------------------------------------------------------------- */

/* Where the action that begins at `text` ends: at its "}}", quotes passed over; NULL: nowhere. */
static const char *action_end(const char *text)
{
	if (strncmp(text, "/*", 2) == 0 || strncmp(text, "- /*", 4) == 0) {
		text = strstr(text, "*/");
		return text != NULL ? strstr(text, "}}") : NULL;
	}
	for (char quote = '\0'; *text != '\0'; text++) {
		if (quote != '\0' && quote != '`' && *text == '\\' && text[1] != '\0')
			text++;
		else if (quote != '\0')
			quote = *text == quote ? '\0' : quote;
		else if (strchr("\"'`", *text) != NULL)
			quote = *text;
		else if (strncmp(text, "}}", 2) == 0)
			return text;
	}
	return NULL;
}

/* docker's escapes. */
static char *unescape(const char *text, size_t len)
{
	AUTO(buf) out = BUF_INIT;

	for (size_t i = 0; i < len; i++) {
		bool pair = text[i] == '\\' && i + 1 < len;

		if (pair && (text[i + 1] == 't' || text[i + 1] == 'n'))
			buf_add_char(&out, text[++i] == 't' ? '\t' : '\n');
		else
			buf_add_char(&out, text[i]);
	}
	return buf_steal(&out);
}

static void add_part(struct parts *parts, enum part_kind kind, char *code)
{
	struct part *part = VEC_PUSH(parts);

	part->kind = kind;
	part->code = code;
}

static void add_text(struct parts *parts, const char *text, size_t len, bool trim)
{
	while (trim && len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	if (len > 0)
		add_part(parts, PART_TEXT, unescape(text, len));
}

/* Does code begin with the word? *ret_rest is what follows it. */
static bool is_keyword(const char *code, const char *word, const char **ret_rest)
{
	size_t len = strlen(word);

	if (strncmp(code, word, len) != 0 || isalnum((unsigned char)code[len]) || code[len] == '_')
		return false;
	*ret_rest = code + len + strspn(code + len, " \t\r\n");
	return true;
}

static void add_action(struct parts *parts, const char *code)
{
	static const struct {
		const char *word;
		enum part_kind kind;
	} keywords[] = {
		{ "if", PART_IF },     { "with", PART_WITH }, { "range", PART_RANGE },
		{ "else", PART_ELSE }, { "end", PART_END },
	};
	const char *rest;

	if (strncmp(code, "/*", 2) == 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++)
		if (is_keyword(code, keywords[i].word, &rest)) {
			add_part(parts, keywords[i].kind, xstrdup(rest));
			return;
		}
	add_part(parts, PART_VALUE, xstrdup(code));
}

/* "{{- CODE -}}": whether the text on either side loses its blanks. */
static int cut(const char *format, struct parts *parts)
{
	bool trim = false; /* the text that begins here */

	while (*format != '\0') {
		const char *open = strstr(format, "{{");
		size_t len = open != NULL ? (size_t)(open - format) : strlen(format);
		size_t skip = trim ? strspn(format, " \t\r\n") : 0;
		const char *close;
		autofree char *code = NULL;
		char *start, *end;

		skip = skip < len ? skip : len;
		add_text(parts, format + skip, len - skip,
			 open != NULL && open[2] == '-' && isspace((unsigned char)open[3]));
		if (open == NULL)
			break;
		close = action_end(open + 2);
		if (close == NULL)
			return refuse("'{{' without '}}': '%s'", open);
		code = xstrndup(open + 2, (size_t)(close - open - 2));
		end = code + strlen(code);
		start = code + (code[0] == '-' && isspace((unsigned char)code[1]));
		trim = end - start > 1 && end[-1] == '-' && isspace((unsigned char)end[-2]);
		end -= trim;
		while (end > start && isspace((unsigned char)end[-1]))
			end--;
		*end = '\0';
		add_action(parts, start + strspn(start, " \t\r\n"));
		format = close + 2;
	}
	return 0;
}

/* --- blocks ----------------------------------------------------------------------------------- */

static bool opens(enum part_kind kind)
{
	return kind == PART_IF || kind == PART_WITH || kind == PART_RANGE;
}

/* "else" has no condition, "else if X" has one. */
static int link_else(struct part *part)
{
	const char *condition;
	char *code = NULL;

	if (is_keyword(part->code, "if", &condition))
		code = xstrdup(condition);
	else if (part->code[0] != '\0')
		return refuse("'{{else %s}}': only 'else' and 'else if' are known", part->code);
	free(part->code);
	part->code = code;
	return 0;
}

/* Give each block its branches and its end. */
static int link_blocks(struct parts *parts)
{
	size_t open[MAX_TEMPLATE_DEPTH], branch[MAX_TEMPLATE_DEPTH];
	size_t depth = 0;

	for (size_t i = 0; i < parts->n; i++) {
		struct part *part = &parts->v[i];

		if (opens(part->kind)) {
			if (depth == MAX_TEMPLATE_DEPTH)
				return refuse("the template is nested too deep");
			open[depth] = branch[depth] = i;
			depth++;
		} else if (part->kind == PART_ELSE || part->kind == PART_END) {
			if (depth == 0)
				return refuse("'{{%s}}' without if, with or range",
					      part->kind == PART_ELSE ? "else" : "end");
			parts->v[branch[depth - 1]].next = i;
			branch[depth - 1] = i;
			if (part->kind == PART_ELSE)
				TRY(link_else(part));
			else
				parts->v[open[--depth]].end = i;
		}
	}
	if (depth > 0)
		return refuse("'{{%s}}' without '{{end}}'",
			      parts->v[open[depth - 1]].kind == PART_IF     ? "if"
			      : parts->v[open[depth - 1]].kind == PART_WITH ? "with"
									    : "range");
	return 0;
}

/* --- rendering -------------------------------------------------------------------------------- */

/* Parts hold blocks and blocks hold parts: recursion, as deep as link_blocks() allows. */
static int render_block(struct rendering *r, size_t at);

/* The parts from `from` up to `to`. Blocks are nested as deep as link_blocks() allows. */
static int render_parts(struct rendering *r, size_t from, size_t to)
{
	const struct part *parts = r->parts.v;

	for (size_t i = from; i < to; i++) {
		const cJSON *value;
		bool declared;

		if (++r->steps > MAX_TEMPLATE_STEPS || r->out->len > MAX_TEMPLATE)
			return refuse("the template makes too much of it");
		if (parts[i].kind == PART_TEXT) {
			buf_add_str(r->out, parts[i].code);
		} else if (parts[i].kind == PART_VALUE) {
			TRY(template_eval(&r->scope, parts[i].code, &value, &declared));
			if (!declared)
				template_print(value, r->out);
		} else if (opens(parts[i].kind)) {
			TRY(render_block(r, i));
			i = parts[i].end;
		}
	}
	return 0;
}

/* if, and the branches of with: the first whose condition is true. */
static int render_branches(struct rendering *r, size_t at)
{
	const struct part *parts = r->parts.v;
	const cJSON *dot = r->scope.dot, *value;
	bool declared;
	int rc;

	for (; parts[at].kind != PART_END; at = parts[at].next) {
		if (parts[at].code == NULL) /* a plain else */
			return render_parts(r, at + 1, parts[at].next);
		TRY(template_eval(&r->scope, parts[at].code, &value, &declared));
		if (!template_truth(value))
			continue;
		if (parts[at].kind == PART_WITH)
			r->scope.dot = value;
		rc = render_parts(r, at + 1, parts[at].next);
		r->scope.dot = dot;
		return rc;
	}
	return 0;
}

static int render_element(struct rendering *r, size_t at, char *const names[2], const cJSON *key,
			  const cJSON *value)
{
	const cJSON *dot = r->scope.dot;
	size_t n_vars = r->scope.vars.n;
	int rc;

	if (names[1] != NULL)
		template_push_var(&r->scope, names[1], key);
	if (names[0] != NULL)
		template_push_var(&r->scope, names[0], value);
	r->scope.dot = value;
	rc = render_parts(r, at + 1, r->parts.v[at].next);
	r->scope.dot = dot;
	template_pop_vars(&r->scope, n_vars);
	return rc;
}

static int render_elements(struct rendering *r, size_t at, char *const names[2], const cJSON *list)
{
	const cJSON *item;
	int64_t i = 0;

	cJSON_ArrayForEach(item, list)
	{
		const cJSON *key = NULL;

		if (names[1] != NULL)
			key = cJSON_IsObject(list) ? template_text(&r->scope, item->string, false)
						   : template_int(&r->scope, i++);
		TRY(render_element(r, at, names, key, item));
	}
	return 0;
}

static int render_range(struct rendering *r, size_t at)
{
	const struct part *part = &r->parts.v[at];
	autofree char *first = NULL;
	autofree char *second = NULL;
	char *names[2] = { NULL, NULL };
	const char *pipeline;
	const cJSON *list;
	bool declared;

	TRY(template_range_head(part->code, names, &pipeline));
	first = names[0];
	second = names[1];
	TRY(template_eval(&r->scope, pipeline, &list, &declared));
	if (cJSON_IsString(list) || cJSON_IsNumber(list) || cJSON_IsBool(list) || cJSON_IsRaw(list))
		return refuse("'{{range %s}}': it is neither a list nor a map", part->code);
	if (list->child != NULL)
		return render_elements(r, at, names, list);
	if (r->parts.v[part->next].kind == PART_ELSE)
		return render_parts(r, part->next + 1, r->parts.v[part->next].next);
	return 0;
}

static int render_block(struct rendering *r, size_t at)
{
	size_t n_vars = r->scope.vars.n;
	int rc = r->parts.v[at].kind == PART_RANGE ? render_range(r, at) : render_branches(r, at);

	template_pop_vars(&r->scope, n_vars);
	return rc;
}

int template_render(const char *format, const cJSON *value, struct buf *out)
{
	struct rendering r = { .out = out };
	int rc;

	template_scope_init(&r.scope, value);
	rc = cut(format, &r.parts);
	if (rc >= 0)
		rc = link_blocks(&r.parts);
	if (rc >= 0)
		rc = render_parts(&r, 0, r.parts.n);
	for (size_t i = 0; i < r.parts.n; i++)
		free(r.parts.v[i].code);
	free(r.parts.v);
	template_scope_release(&r.scope);
	return rc;
}
