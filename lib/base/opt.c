/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/opt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/units.h"

#define WORD_MAX 63 /* the longest text that is compared with others */

struct parser {
	const struct opt *const *tables;
	char *const *argv; /* what is left */
	void *request;
	bool help;
};

const struct opt *opt_next(struct opt_walk *walk)
{
	while (walk->tables != NULL && *walk->tables != NULL) {
		const struct opt *row = walk->row != NULL ? walk->row : *walk->tables;

		if (row->name == NULL) {
			walk->tables++;
			walk->row = NULL;
			continue;
		}
		walk->row = row + 1;
		if (row->type != OPT_HEADING)
			return row;
	}
	return NULL;
}

bool opt_is_listed(const struct opt *opt)
{
	return (opt->flags & (OPT_HIDDEN | OPT_ALIAS)) == 0 && opt->type != OPT_IGNORED &&
	       opt->type != OPT_REFUSED && opt->type != OPT_HEADING;
}

static const struct opt *canonical(const struct opt *opt)
{
	while ((opt->flags & OPT_ALIAS) != 0)
		opt--;
	return opt;
}

static const struct opt *find_long(const struct opt *const *tables, const char *name, size_t len)
{
	struct opt_walk walk = { .tables = tables };
	const struct opt *opt;

	while ((opt = opt_next(&walk)) != NULL)
		if (strncmp(opt->name, name, len) == 0 && opt->name[len] == '\0')
			return canonical(opt);
	return NULL;
}

static const struct opt *find_letter(const struct opt *const *tables, char letter)
{
	struct opt_walk walk = { .tables = tables };
	const struct opt *opt;

	while ((opt = opt_next(&walk)) != NULL)
		if (opt->letter == letter)
			return canonical(opt);
	return NULL;
}

const struct opt *opt_find(const struct opt *const *tables, const char *text)
{
	if (strncmp(text, "--", 2) == 0 && text[2] != '\0')
		return find_long(tables, text + 2, strlen(text + 2));
	if (text[0] == '-' && text[1] != '\0' && text[2] == '\0')
		return find_letter(tables, text[1]);
	return NULL;
}

static int min3(int a, int b, int c)
{
	int least = a < b ? a : b;

	return least < c ? least : c;
}

/* Insertions, deletions, substitutions and swaps of neighbours. */
static int distance(const char *a, const char *b)
{
	int row[3][WORD_MAX + 1] = { 0 };
	size_t la = strlen(a), lb = strlen(b);
	int *above = row[0], *last = row[1], *now = row[2];

	for (size_t j = 0; j <= lb; j++)
		last[j] = (int)j;
	for (size_t i = 1; i <= la; i++) {
		int *next = above;

		now[0] = (int)i;
		for (size_t j = 1; j <= lb; j++) {
			now[j] = min3(last[j] + 1, now[j - 1] + 1,
				      last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = min3(now[j], now[j], above[j - 2] + 1);
		}
		above = last;
		last = now;
		now = next;
	}
	return last[lb];
}

const char *opt_nearest(const char *text, const char *const *words, size_t n)
{
	size_t len = strlen(text);
	int least = len < 4 ? 2 : len < 9 ? 3 : 4; /* one above what still is close */
	const char *nearest = NULL;

	if (len > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t word = strlen(words[i]);
		int d;

		if (word > WORD_MAX)
			continue;
		d = distance(text, words[i]);
		/* A beginning is as good as a typing error. */
		if (len >= 3 && len < word && strncmp(text, words[i], len) == 0)
			d = 1;
		/* Half of a word is no similarity, however short both are. */
		if (d < least && 2 * d <= (int)(len < word ? len : word)) {
			least = d;
			nearest = words[i];
		}
	}
	return nearest;
}

/* name has no dashes; len ends it at its '='. */
static int refuse_unknown(const struct parser *p, const char *name, size_t len)
{
	autofree char *text = xstrndup(name, len);
	autofree const char **words = NULL;
	struct opt_walk walk = { .tables = p->tables };
	const struct opt *opt;
	const char *nearest;
	size_t n = 1;

	while (opt_next(&walk) != NULL)
		n++;
	words = xcalloc(n, sizeof(*words));
	words[0] = "help";
	n = 1;
	walk = (struct opt_walk){ .tables = p->tables };
	while ((opt = opt_next(&walk)) != NULL)
		if (opt_is_listed(canonical(opt)))
			words[n++] = opt->name;
	refuse("unknown option '--%s'", text);
	nearest = opt_nearest(text, words, n);
	if (nearest != NULL)
		hint("did you mean '--%s'?", nearest);
	return -EINVAL;
}

static int parse_flag(const char *value, bool *ret)
{
	/* The spellings of Go's strconv.ParseBool, which docker and podman take. */
	static const char *const spellings[][6] = {
		{ "false", "0", "f", "F", "FALSE", "False" },
		{ "true", "1", "t", "T", "TRUE", "True" },
	};

	if (value == NULL) {
		*ret = true;
		return 0;
	}
	for (size_t is = 0; is < ARRAY_SIZE(spellings); is++)
		for (size_t i = 0; i < ARRAY_SIZE(spellings[is]); i++)
			if (strcmp(value, spellings[is][i]) == 0) {
				*ret = is != 0;
				return 0;
			}
	return refuse("'%s' is neither true nor false", value);
}

static int parse_tristate(const char *value, int *ret)
{
	bool flag;

	TRY(parse_flag(value, &flag));
	*ret = flag;
	return 0;
}

static int parse_choice(const struct opt *opt, const char *value, int *ret)
{
	AUTO(strvec) words = STRVEC_INIT;
	AUTO(buf) list = BUF_INIT;
	const char *nearest;

	strvec_split(&words, opt->words, '|');
	for (size_t i = 0; i < words.n; i++) {
		if (strcmp(words.v[i], value) == 0) {
			*ret = (int)i;
			return 0;
		}
		buf_addf(&list, "%s%s", i == 0 ? "" : i + 1 < words.n ? ", " : " or ", words.v[i]);
	}
	refuse("'%s' is not %s", value, list.data);
	nearest = opt_nearest(value, (const char *const *)words.v, words.n);
	if (nearest != NULL)
		hint("did you mean '%s'?", nearest);
	return -EINVAL;
}

static int parse_int(const struct opt *opt, const char *value, int64_t *ret)
{
	bool limited = opt->min != 0 || opt->max != 0;

	return units_parse_i64(value, limited ? opt->min : INT64_MIN + 1,
			       limited ? opt->max : INT64_MAX, ret);
}

static int parse_size(const char *value, int64_t *ret)
{
	uint64_t bytes;

	if (strcmp(value, "-1") == 0) {
		*ret = -1;
		return 0;
	}
	TRY(units_parse_size(value, &bytes));
	if (bytes > INT64_MAX)
		return refuse("the size '%s' is too large", value);
	*ret = (int64_t)bytes;
	return 0;
}

static int append(const struct opt *opt, const char *value, struct strvec *slot)
{
	AUTO(strvec) parts = STRVEC_INIT;

	if ((opt->flags & OPT_COMMAS) != 0)
		strvec_split(&parts, value, ',');
	else
		strvec_push(&parts, value);
	for (size_t i = 0; i < parts.n && opt->check != NULL; i++)
		TRY(opt->check(parts.v[i]));
	strvec_push_all(slot, &parts);
	return 0;
}

static int set_string(const struct opt *opt, const char *value, char **slot)
{
	int word;

	if (opt->type == OPT_WORD)
		TRY(parse_choice(opt, value, &word));
	if (opt->check != NULL)
		TRY(opt->check(value));
	xreplace(slot, value);
	return 0;
}

static int store(const struct opt *opt, void *request, const char *value)
{
	void *slot = (char *)request + opt->offset;

	if (value == NULL && opt->type >= OPT_STRING && opt->type <= OPT_CHOICE)
		return refuse("it needs a value");
	switch (opt->type) {
	case OPT_FLAG:
		return parse_flag(value, slot);
	case OPT_TRISTATE:
		return parse_tristate(value, slot);
	case OPT_STRING:
	case OPT_WORD:
		return set_string(opt, value, slot);
	case OPT_STRINGS:
		return append(opt, value, slot);
	case OPT_INT:
		return parse_int(opt, value, slot);
	case OPT_SIZE:
		return parse_size(value, slot);
	case OPT_DURATION:
		return units_parse_duration(value, slot);
	case OPT_CHOICE:
		return parse_choice(opt, value, slot);
	case OPT_CALL:
		return opt->parse(request, value);
	case OPT_IGNORED:
		strvec_pushf(slot, "--%s is ignored: %s", opt->name, opt->help);
		return 0;
	case OPT_REFUSED:
		refuse("%s", opt->help);
		if (opt->fix != NULL)
			hint("%s", opt->fix);
		return -EINVAL;
	case OPT_HEADING:
		break;
	}
	return refuse("it is no option");
}

/* shown: as it was given, "--name" or "-x". */
static int apply(struct parser *p, const struct opt *opt, const char *shown, const char *value)
{
	bool any = opt->type == OPT_REFUSED || opt->type == OPT_IGNORED || opt->type == OPT_FLAG ||
		   opt->type == OPT_TRISTATE;
	int rc;

	if (opt->metavar == NULL && value != NULL && !any)
		return refuse("%s takes no value", shown);
	if (opt->metavar != NULL && value == NULL && (opt->flags & OPT_OPTIONAL_VALUE) == 0 &&
	    opt->type != OPT_REFUSED) {
		if (*p->argv == NULL)
			return refuse("%s needs a value: %s", shown, opt->metavar);
		value = *p->argv++;
	}
	rc = store(opt, p->request, value);
	/* Checks that are shared with other callers name the option themselves. */
	if (rc < 0 && strncmp(err_text(), "--", 2) != 0)
		return fail_in(rc, "%s", shown);
	return rc < 0 ? rc : 0;
}

static int parse_long(struct parser *p, const char *name)
{
	size_t len = strcspn(name, "=");
	const char *value = name[len] == '=' ? name + len + 1 : NULL;
	const struct opt *opt = find_long(p->tables, name, len);
	autofree char *shown = xasprintf("--%.*s", (int)len, name);

	if (opt != NULL)
		return apply(p, opt, shown, value);
	if (strcmp(name, "help") != 0)
		return refuse_unknown(p, name, len);
	p->help = true;
	return 0;
}

/* -name with one dash is a common slip. */
static void hint_dashes(const struct parser *p, const char *word)
{
	if (word[1] != '\0' && find_long(p->tables, word, strcspn(word, "=")) != NULL)
		hint("did you mean '--%s'?", word);
}

/* One letter of those that follow a dash; *ret_last: the rest of them was its value. */
static int parse_letter(struct parser *p, const char *letters, bool *ret_last)
{
	const struct opt *opt = find_letter(p->tables, *letters);
	char shown[] = { '-', *letters, '\0' };
	const char *value = NULL;

	if (opt == NULL && *letters == 'h') {
		p->help = true;
		return 0;
	}
	if (opt == NULL)
		return refuse("unknown option '%s'", shown);
	if (letters[1] == '=')
		value = letters + 2;
	else if (letters[1] != '\0' && opt->metavar != NULL)
		value = letters + 1;
	*ret_last = value != NULL;
	return apply(p, opt, shown, value);
}

static int parse_letters(struct parser *p, const char *letters)
{
	bool last = false;

	for (const char *letter = letters; *letter != '\0' && !last && !p->help; letter++) {
		int rc = parse_letter(p, letter, &last);

		if (rc < 0) {
			hint_dashes(p, letters);
			return rc;
		}
	}
	return 0;
}

int opt_parse(const struct opt *const *tables, char *const *argv, enum opt_mode mode, void *request,
	      struct strvec *operands, bool *ret_help)
{
	struct parser p = { .tables = tables, .argv = argv, .request = request };
	bool ended = false;

	while (*p.argv != NULL && !p.help) {
		const char *word = *p.argv++;
		bool foreign = mode == OPT_ONLY_HELP && strcmp(word, "--help") != 0;

		if (ended || foreign || word[0] != '-' || word[1] == '\0') {
			strvec_push(operands, word);
			ended = ended || mode == OPT_STOP_AT_OPERAND;
		} else if (strcmp(word, "--") == 0) {
			ended = true;
		} else if (word[1] == '-') {
			TRY(parse_long(&p, word + 2));
		} else {
			TRY(parse_letters(&p, word + 1));
		}
	}
	*ret_help = p.help;
	return 0;
}

void opt_release(const struct opt *const *tables, void *request)
{
	struct opt_walk walk = { .tables = tables };
	const struct opt *opt;

	while ((opt = opt_next(&walk)) != NULL) {
		void *slot = (char *)request + opt->offset;

		if ((opt->flags & OPT_ALIAS) != 0)
			continue;
		if (opt->type == OPT_STRING || opt->type == OPT_WORD)
			xreplace(slot, NULL);
		else if (opt->type == OPT_STRINGS || opt->type == OPT_IGNORED)
			strvec_release(slot);
	}
}

/* --- --help ----------------------------------------------------------------------------------- */

#define HELP_COLUMN 32

/* "  -v, --volume HOST:DIR[:OPTIONS]" */
static void describe_name(const struct opt *opt, struct buf *out)
{
	if (opt->letter != 0)
		buf_addf(out, "  -%c, --%s", opt->letter, opt->name);
	else
		buf_addf(out, "      --%s", opt->name);
	if (opt->metavar != NULL && (opt->flags & OPT_OPTIONAL_VALUE) != 0)
		buf_addf(out, "[=%s]", opt->metavar);
	else if (opt->metavar != NULL)
		buf_addf(out, " %s", opt->metavar);
}

/* Words, broken where the next one would pass `width`; `column` is where the text stands. */
static void wrap(const char *text, int column, int width, struct buf *out)
{
	int at = column;

	while (*text != '\0') {
		int len = (int)strcspn(text, " ");

		if (at > column && at + 1 + len > width) {
			buf_addf(out, "\n%*s", column, "");
			at = column;
		} else if (at > column) {
			buf_add_char(out, ' ');
			at++;
		}
		buf_add(out, text, (size_t)len);
		at += len;
		text += len;
		text += strspn(text, " ");
	}
	buf_add_char(out, '\n');
}

static void describe_row(const struct opt *opt, int width, struct buf *out)
{
	size_t start = out->len;
	int used;

	describe_name(opt, out);
	used = (int)(out->len - start);
	if (used + 2 > HELP_COLUMN)
		buf_addf(out, "\n%*s", HELP_COLUMN, "");
	else
		buf_addf(out, "%*s", HELP_COLUMN - used, "");
	wrap(opt->help, HELP_COLUMN, width, out);
}

void opt_describe(const struct opt *const *tables, int width, struct buf *out)
{
	if (width < HELP_COLUMN + 30)
		width = HELP_COLUMN + 30;
	for (size_t i = 0; tables != NULL && tables[i] != NULL; i++)
		for (const struct opt *opt = tables[i]; opt->name != NULL; opt++) {
			if (opt->type == OPT_HEADING)
				buf_addf(out, "%s%s:\n", out->len != 0 ? "\n" : "", opt->help);
			else if (opt_is_listed(opt))
				describe_row(opt, width, out);
		}
}
