/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/out.h"
#include "command/choice.h"
#include "command/topcolumn.h"
#include "container/target.h"

struct top_request {
	bool latest;
};

static const struct opt options_top[] = {
	{ "latest", 'l', OPT_FLAG, offsetof(struct top_request, latest), NULL,
	  "Of the container that was made last" },
	OPT_END,
};

struct view {
	const struct topcolumn **v;
	size_t n;
};

static void view_release(struct view *view)
{
	free(view->v);
}

/* "pid,comm args": commas and blanks separate. */
static int add_columns(const char *text, bool inner, struct view *view)
{
	autofree char *copy = xstrdup(text);
	char *state = NULL;

	for (char *name = strtok_r(copy, ", ", &state); name != NULL;
	     name = strtok_r(NULL, ", ", &state)) {
		const struct topcolumn *column = topcolumn_find(name, inner);

		if (column == NULL)
			return -EINVAL;
		*VEC_PUSH(view) = column;
	}
	return 0;
}

#define COLUMNS_FULL "UID pid ppid c stime tty time cmd"
#define COLUMNS_USER "user pid pcpu pmem vsz rss tty state stime time command"

/* Options of ps that docker's users give: those that choose columns. Which processes are shown is
 * not theirs to say. */
static int add_ps_options(const struct strvec *words, size_t from, struct view *view)
{
	for (size_t i = from; i < words->n; i++) {
		const char *word = words->v[i];
		size_t dash = word[0] == '-' ? 1 : 0;
		const char *o = strchr(word + dash, 'o');

		if (o != NULL && dash == 1 && strspn(word + 1, "eAx") == (size_t)(o - word - 1)) {
			if (o[1] == '\0' && i + 1 == words->n)
				return refuse("'%s' needs a list of columns", word);
			TRY(add_columns(o[1] != '\0' ? o + 1 : words->v[++i], false, view));
		} else if (strspn(word + dash, "eAfF") == strlen(word + dash) && dash == 1) {
			if (strpbrk(word, "fF") != NULL)
				TRY(add_columns(COLUMNS_FULL, false, view));
		} else if (strspn(word + dash, "aux") == strlen(word + dash)) {
			TRY(add_columns(COLUMNS_USER, false, view));
		} else {
			refuse("'%s' is none of the options of ps that are known here", word);
			hint("those are -ef, aux, and -o LIST");
			return -EINVAL;
		}
	}
	return view->n > 0 ? 0 : add_columns(COLUMNS_FULL, false, view);
}

static int choose_columns(const struct strvec *words, size_t from, struct view *view)
{
	if (from >= words->n)
		return add_columns(COLUMNS_FULL, false, view);
	if (words->v[from][0] == '-' || strspn(words->v[from], "aux") == strlen(words->v[from]))
		return add_ps_options(words, from, view);
	for (size_t i = from; i < words->n; i++)
		TRY(add_columns(words->v[i], true, view));
	return 0;
}

static void print_line(const struct view *view, const struct proclist *list,
		       const struct proclist_entry *entry, struct buf *out)
{
	for (size_t i = 0; i < view->n; i++) {
		if (i > 0)
			buf_add_char(out, '\t');
		if (entry != NULL)
			view->v[i]->print(out, list, entry);
		else
			buf_add_str(out, view->v[i]->heading);
	}
	buf_add_char(out, '\n');
}

static int print(const struct view *view, const struct proclist *list)
{
	AUTO(buf) text = BUF_INIT, aligned = BUF_INIT;

	print_line(view, list, NULL, &text);
	for (size_t i = 0; i < list->n; i++)
		print_line(view, list, &list->v[i], &text);
	out_align(text.data, &aligned);
	return out_raw(aligned.data, aligned.len);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct top_request *request = data;
	const struct choice choice = { .latest = request->latest };
	struct strvec names = { .v = operands->v, .n = request->latest ? 0 : 1 };
	struct target target = TARGET_INIT;
	AUTO(chosen_list) list = { 0 };
	AUTO(proclist) processes = { 0 };
	AUTO(view) view = { 0 };
	int rc;

	if (!request->latest && operands->n == 0)
		return refuse("name a container, or give --latest");
	TRY(choose_columns(operands, names.n, &view));
	TRY(choice_find(host, "top", &choice, &names, NULL, &list));
	if (list.status != 0)
		return list.status;
	TRY(target_take(&list.v[0].record, &target));
	rc = proclist_read(&target, &processes);
	if (rc >= 0)
		rc = print(&view, &processes);
	target_release(&target);
	return rc;
}

const struct command command_top = {
	.name = "top",
	.alias = "container top",
	.synopsis = "[OPTIONS] CONTAINER [COLUMN...|PS-OPTION...]",
	.summary = "List the processes of a container",
	.options = (const struct opt *const[]){ options_top, NULL },
	.mode = OPT_STOP_AT_OPERAND,
	.request_size = sizeof(struct top_request),
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_CONTAINER,
	.run = run,
};
