/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "container/copy.h"
#include "container/event.h"
#include "container/still.h"

struct cp_request {
	bool archive, follow, overwrite, quiet;
};

static const struct opt options_cp[] = {
	{ "archive", 'a', OPT_FLAG, offsetof(struct cp_request, archive),
	  .help = "keep the owners, by their numbers" },
	{ "follow-link", 'L', OPT_FLAG, offsetof(struct cp_request, follow),
	  .help = "copy what a symbolic link means that is the source" },
	{ "overwrite", 0, OPT_FLAG, offsetof(struct cp_request, overwrite),
	  .help = "replace directories by files, and files by directories" },
	{ "quiet", 'q', OPT_FLAG, offsetof(struct cp_request, quiet),
	  .help = "print nothing, which is so in any case" },
	OPT_END,
};

/* "CONTAINER:PATH"; a path of the host that has a colon begins with '/' or '.'. NULL: it is one. */
static const char *find_colon(const char *text)
{
	return text[0] == '/' || text[0] == '.' ? NULL : strchr(text, ':');
}

static int copy_files(const struct host *host, const struct copy *plan, const struct record *record,
		      const struct spec *spec, bool out)
{
	struct copy copy = *plan;

	copy.record = record;
	copy.spec = spec;
	TRY(out ? copy_out(&copy) : copy_in(&copy));
	event_add_container(host, record, "copy", NULL);
	return 0;
}

static int copy_still(const struct host *host, struct record *record, const struct copy *plan,
		      bool out)
{
	AUTO(still) still = STILL_INIT;

	TRY(still_open(host, record, !out, &still));
	return copy_files(host, plan, &still.container.record, &still.container.spec, out);
}

/* One that is just being started runs when it is looked at again. */
static int copy_of(const struct host *host, const char *name, const struct copy *plan, bool out)
{
	int rc = -EBUSY;

	for (int i = 0; i < 2 && rc == -EBUSY; i++) {
		AUTO(record) record = RECORD_INIT;

		TRY(record_find(host, name, &record));
		if (record.status == RECORD_RUNNING)
			return copy_files(host, plan, &record, NULL, out);
		rc = copy_still(host, &record, plan, out);
	}
	return rc;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct cp_request *request = data;
	const char *from = find_colon(operands->v[0]), *to = find_colon(operands->v[1]);
	const char *inside = from != NULL ? from : to;
	struct copy copy = {
		.host = operands->v[from != NULL ? 1 : 0],
		.archive = request->archive,
		.follow = request->follow,
		.overwrite = request->overwrite,
	};
	autofree char *name = NULL, *path = NULL;

	if (from != NULL && to != NULL) {
		refuse("it copies between a container and the host, not between containers");
		hint("berth cp A:PATH - | berth cp - B:DIRECTORY");
		return -EINVAL;
	}
	if (inside == NULL)
		return refuse("one of the two has to be in a container: CONTAINER:PATH");
	name = xstrndup(operands->v[from != NULL ? 0 : 1],
			(size_t)(inside - operands->v[from != NULL ? 0 : 1]));
	/* From the root directory, whatever the working directory of the container is. */
	path = xasprintf("%s%s", inside[1] == '/' ? "" : "/", inside + 1);
	if (*copy.host == '\0')
		return refuse("the path on the host is empty");
	copy.inside = path;
	return copy_of(host, name, &copy, from != NULL);
}

const struct command command_cp = {
	.name = "cp",
	.alias = "container cp",
	.synopsis = "[OPTIONS] CONTAINER:PATH PATH|- | PATH|- CONTAINER:PATH",
	.summary = "Copy files between a container and the host",
	.options = (const struct opt *const[]){ options_cp, NULL },
	.request_size = sizeof(struct cp_request),
	.operands_min = 2,
	.operands_max = 2,
	.operand_values = VALUES_FILE,
	.run = run,
};
