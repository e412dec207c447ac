/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include "base/err.h"
#include "command/confirm.h"
#include "command/pruning.h"

struct prune_request {
	bool force;
	struct strvec filters;
};

static const struct opt options_prune[] = {
	{ "filter", 0, OPT_STRINGS, offsetof(struct prune_request, filters), "KEY=VALUE",
	  "remove only those that match, as of berth ps" },
	{ "force", 'f', OPT_FLAG, offsetof(struct prune_request, force), .help = "do not ask" },
	OPT_END,
};

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct prune_request *request = data;
	AUTO(store) store = STORE_INIT;
	uint64_t bytes = 0;
	int yes = 1;

	if (!request->force)
		yes = confirm("WARNING! This will remove all stopped containers.");
	if (yes <= 0)
		return yes;
	TRY(store_open(host, &store));
	TRY(pruning_containers(host, &store, &request->filters, &bytes));
	return pruning_total(bytes);
}

const struct command command_container_prune = {
	.name = "container prune",
	.synopsis = "[OPTIONS]",
	.summary = "Remove the containers that do not run",
	.options = (const struct opt *const[]){ options_prune, NULL },
	.request_size = sizeof(struct prune_request),
	.run = run,
};
