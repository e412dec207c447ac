/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/choice.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/exit.h"
#include "base/fs.h"
#include "base/out.h"
#include "container/select.h"

#define ID_FILE_MAX 128

const struct opt options_choice[] = {
	{ "all", 'a', OPT_FLAG, offsetof(struct choice, all), NULL, "All to which it applies" },
	{ "cidfile", 0, OPT_STRINGS, offsetof(struct choice, cidfiles), "FILE",
	  "The container whose ID is in FILE", .values = VALUES_FILE },
	{ "filter", 'f', OPT_STRINGS, offsetof(struct choice, filters), "KEY=VALUE",
	  "Those that match, as of berth ps" },
	{ "latest", 'l', OPT_FLAG, offsetof(struct choice, latest), NULL,
	  "The one that was made last" },
	OPT_END,
};

static void add(struct chosen_list *list, const char *name, bool given, struct record *record)
{
	struct chosen *chosen = VEC_PUSH(list);

	*chosen = (struct chosen){ .name = xstrdup(name), .given = given, .record = *record };
	*record = (struct record)RECORD_INIT;
}

static void add_named(const struct host *host, const struct choice *choice, const char *name,
		      struct chosen_list *list)
{
	struct record record = RECORD_INIT;
	int rc = record_find(host, name, &record);
	struct chosen *chosen;

	add(list, name, true, &record);
	chosen = &list->v[list->n - 1];
	chosen->missing = rc < 0;
	if (rc == -ENOENT && choice->ignore)
		err_clear();
	else
		choice_check(list, chosen, rc);
}

static void add_by_file(const struct host *host, const struct choice *choice, const char *path,
			struct chosen_list *list)
{
	struct record none = RECORD_INIT;
	AUTO(buf) text = BUF_INIT;
	int rc = fs_read_file(AT_FDCWD, path, ID_FILE_MAX, &text);

	while (text.len > 0 && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == ' '))
		buf_truncate(&text, text.len - 1);
	if (rc >= 0) {
		add_named(host, choice, text.data, list);
		return;
	}
	if (rc == -ENOENT && choice->ignore) {
		err_clear();
		return;
	}
	add(list, path, true, &none);
	choice_check(list, &list->v[list->n - 1], rc);
}

struct walk {
	const struct choice *choice;
	struct selection selection;
	bool (*applies)(const struct record *record);
	struct chosen_list *list;
};

static int add_each(struct record *record, void *arg)
{
	struct walk *walk = arg;

	if (walk->choice->latest && walk->list->n > 0)
		return 0;
	if (!select_matches(&walk->selection, record))
		return 0;
	if (!walk->choice->latest && walk->applies != NULL && !walk->applies(record))
		return 0;
	add(walk->list, record->id, false, record);
	return 0;
}

static int add_matching(const struct host *host, struct walk *walk)
{
	int rc = select_parse(host, &walk->choice->filters, &walk->selection);

	if (rc >= 0)
		rc = record_each(host, add_each, walk);
	selection_release(&walk->selection);
	if (rc >= 0 && walk->choice->latest && walk->list->n == 0)
		return refuse("--latest: there is no container");
	return rc;
}

int choice_find(const struct host *host, const char *command, const struct choice *choice,
		const struct strvec *operands, bool (*applies)(const struct record *record),
		struct chosen_list *ret_list)
{
	struct walk walk = { .choice = choice, .applies = applies, .list = ret_list };
	size_t named = operands->n + choice->cidfiles.n;
	bool chosen = choice->all || choice->latest || choice->filters.n > 0;

	*ret_list = (struct chosen_list){ .command = command };
	if (named == 0 && !chosen)
		return refuse("name a container, or give --all, --latest, --filter or --cidfile");
	if (named > 0 && chosen)
		return refuse("the name of a container, and --all, --latest or --filter exclude "
			      "each other");
	if (choice->all && choice->latest)
		return refuse("--all and --latest exclude each other");
	if (chosen)
		return add_matching(host, &walk);
	for (size_t i = 0; i < choice->cidfiles.n; i++)
		add_by_file(host, choice, choice->cidfiles.v[i], ret_list);
	for (size_t i = 0; i < operands->n; i++)
		add_named(host, choice, operands->v[i], ret_list);
	return 0;
}

bool choice_check(struct chosen_list *list, struct chosen *chosen, int rc)
{
	if (rc >= 0)
		return true;
	fail_in(rc, "%s", list->command);
	err_print(STDERR_FILENO);
	err_clear();
	chosen->failed = true;
	list->status = EXIT_BERTH;
	return false;
}

int choice_print(const struct chosen_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (!list->v[i].failed && !list->v[i].missing)
			TRY(out_line("%s", list->v[i].name));
	return list->status;
}

void chosen_list_release(struct chosen_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->v[i].name);
		record_release(&list->v[i].record);
	}
	free(list->v);
	*list = (struct chosen_list){ 0 };
}
