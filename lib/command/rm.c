/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/exit.h"
#include "base/fs.h"
#include "base/out.h"
#include "container/end.h"
#include "container/event.h"
#include "container/record.h"
#include "container/requirement.h"
#include "container/select.h"

#define ID_FILE_MAX 128
#define TIME_MAX 86400
#define TIME_NONE (-1)

struct rm_request {
	bool all, force, ignore, volumes, depend;
	int64_t time;
	struct strvec cidfiles, filters;
};

static const struct opt options_rm[] = {
	{ "all", 'a', OPT_FLAG, offsetof(struct rm_request, all), NULL, "Remove all containers" },
	{ "cidfile", 0, OPT_STRINGS, offsetof(struct rm_request, cidfiles), "FILE",
	  "Remove the container whose ID is in FILE", .values = VALUES_FILE },
	{ "depend", 0, OPT_FLAG, offsetof(struct rm_request, depend), NULL,
	  "Remove those that require it (run --requires) as well" },
	{ "filter", 0, OPT_STRINGS, offsetof(struct rm_request, filters), "KEY=VALUE",
	  "Remove those that match, as of berth ps" },
	{ "force", 'f', OPT_FLAG, offsetof(struct rm_request, force), NULL,
	  "Kill those that run; one that does not exist is no error" },
	{ "ignore", 'i', OPT_FLAG, offsetof(struct rm_request, ignore), NULL,
	  "One that does not exist is no error" },
	{ "time", 't', OPT_INT, offsetof(struct rm_request, time), "SECONDS",
	  "With --force, ask with the stop signal first, and wait so long", .min = 0,
	  .max = TIME_MAX },
	{ "volumes", 'v', OPT_FLAG, offsetof(struct rm_request, volumes), NULL,
	  "Remove the anonymous volumes that were made for it as well" },
	OPT_END,
};

static int remove_one(const struct host *host, const struct rm_request *request,
		      struct record *record);

/* They are younger than it: there is an end to that. */
static int remove_dependents(const struct host *host, const struct rm_request *request,
			     const struct record *record)
{
	AUTO(strvec) names = STRVEC_INIT;

	TRY(requirement_dependents(host, record, &names));
	for (size_t i = 0; i < names.n; i++) {
		AUTO(record) dependent = RECORD_INIT;
		int rc = record_find(host, names.v[i], &dependent);

		if (rc == -ENOENT) { /* gone with another one */
			err_clear();
			continue;
		}
		TRY(rc);
		TRY(remove_one(host, request, &dependent));
		TRY(out_line("%s", names.v[i]));
	}
	return 0;
}

static int remove_one(const struct host *host, const struct rm_request *request,
		      struct record *record)
{
	if (request->depend)
		TRY(remove_dependents(host, request, record));
	else if (!request->force)
		TRY(requirement_check_removal(host, record));
	if (request->force && request->time >= 0 && record->status == RECORD_RUNNING) {
		int rc = end_stop(record, request->time);

		if (rc == -ENOENT) /* --rm: it went by itself */
			return 0;
		TRY(rc);
	}
	record->with_volumes = request->volumes;
	TRY(record_remove(host, record, request->force));
	event_removed(host, record);
	return 0;
}

/* The status that this failure means: what is not there is 1, what runs is 2. */
static int failure(const struct rm_request *request, int rc)
{
	if (rc == -ENOENT && (request->ignore || request->force)) {
		err_clear();
		return EXIT_OK;
	}
	fail_in(rc, "rm");
	err_print(STDERR_FILENO);
	err_clear();
	return rc == -ENOENT ? EXIT_NO_SUCH : rc == -EBUSY ? EXIT_IN_USE : EXIT_BERTH;
}

static int remove_named(const struct host *host, const struct rm_request *request, const char *name)
{
	AUTO(record) record = RECORD_INIT;
	int rc = record_find(host, name, &record);

	if (rc >= 0)
		rc = remove_one(host, request, &record);
	return rc < 0 ? failure(request, rc) : out_line("%s", name);
}

static int remove_by_file(const struct host *host, const struct rm_request *request,
			  const char *path)
{
	AUTO(buf) text = BUF_INIT;
	int rc = fs_read_file(AT_FDCWD, path, ID_FILE_MAX, &text);

	if (rc < 0)
		return failure(request, rc);
	while (text.len > 0 && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == ' '))
		buf_truncate(&text, text.len - 1);
	return remove_named(host, request, text.data);
}

struct all {
	const struct host *host;
	const struct rm_request *request;
	struct selection selection;
	int status;
};

static int remove_each(struct record *record, void *arg)
{
	struct all *all = arg;
	int rc, status;

	if (!select_matches(&all->selection, record))
		return 0;
	rc = remove_one(all->host, all->request, record);
	status = rc < 0 ? failure(all->request, rc) : out_line("%s", record->id);
	if (status > all->status)
		all->status = status;
	return status < 0 ? status : 0;
}

static int remove_matching(struct all *all)
{
	int rc = select_parse(all->host, &all->request->filters, &all->selection);

	if (rc >= 0)
		rc = record_each(all->host, remove_each, all);
	selection_release(&all->selection);
	return rc;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct rm_request *request = data;
	struct all all = { .host = host, .request = request, .status = EXIT_OK };
	bool chosen = request->all || request->filters.n > 0;

	if (!chosen && request->cidfiles.n + operands->n == 0)
		return refuse("name a container, or give --all, --filter or --cidfile");
	if (chosen && request->cidfiles.n + operands->n != 0)
		return refuse("%s and the name of a container exclude each other",
			      request->all ? "--all" : "--filter");
	if (chosen)
		TRY(remove_matching(&all));
	for (size_t i = 0; i < request->cidfiles.n + operands->n; i++) {
		int status =
			i < request->cidfiles.n
				? remove_by_file(host, request, request->cidfiles.v[i])
				: remove_named(host, request, operands->v[i - request->cidfiles.n]);

		TRY(status);
		if (status > all.status)
			all.status = status;
	}
	return all.status;
}

static void init(void *data)
{
	struct rm_request *request = data;

	request->time = TIME_NONE;
}

const struct command command_rm = {
	.name = "rm",
	.alias = "container rm|container remove",
	.synopsis = "[OPTIONS] CONTAINER...",
	.summary = "Remove containers",
	.options = (const struct opt *const[]){ options_rm, NULL },
	.request_size = sizeof(struct rm_request),
	.init = init,
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_CONTAINER,
	.run = run,
};
