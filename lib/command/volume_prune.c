/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <string.h>

#include "base/err.h"
#include "command/confirm.h"
#include "command/pruning.h"
#include "container/event.h"

struct prune_request {
	bool all, force;
	struct strvec filters;
};

static const struct opt options_prune[] = {
	{ "all", 'a', OPT_FLAG, offsetof(struct prune_request, all),
	  .help = "also volumes that have a name" },
	{ "filter", 0, OPT_STRINGS, offsetof(struct prune_request, filters), "KEY=VALUE",
	  "remove only what matches, as of berth volume ls; all=true means --all" },
	{ "force", 'f', OPT_FLAG, offsetof(struct prune_request, force), .help = "do not ask" },
	OPT_END,
};

static const char warning[] = "WARNING! This will remove anonymous local volumes not used by at "
			      "least one container.";
static const char warning_all[] =
	"WARNING! This will remove all local volumes not used by at least one container.";

/* As with docker: it is no choice among volumes. */
static int take_all(struct prune_request *request)
{
	for (size_t i = request->filters.n; i-- > 0;) {
		const char *value = request->filters.v[i];

		if (strncmp(value, "all=", strlen("all=")) != 0)
			continue;
		value = strchr(value, '=') + 1;
		if (strcmp(value, "true") == 0 || strcmp(value, "1") == 0)
			request->all = true;
		else if (strcmp(value, "false") != 0 && strcmp(value, "0") != 0)
			return refuse("--filter all=%s: the value is none of true, false, 1, 0",
				      value);
		strvec_remove(&request->filters, i);
	}
	return 0;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	struct prune_request *request = data;
	AUTO(store) store = STORE_INIT;
	uint64_t bytes = 0;
	int yes = 1;

	TRY(take_all(request));
	if (!request->force)
		yes = confirm(request->all ? warning_all : warning);
	if (yes <= 0)
		return yes;
	TRY(store_open(host, &store));
	TRY(pruning_volumes(&store, request->all, &request->filters, &bytes));
	event_add(host, "volume", "prune", NULL, NULL, NULL);
	TRY(store_sweep_tmp(&store));
	return pruning_total(bytes);
}

const struct command command_volume_prune = {
	.name = "volume prune",
	.synopsis = "[OPTIONS]",
	.summary = "Remove volumes that no container has",
	.options = (const struct opt *const[]){ options_prune, NULL },
	.request_size = sizeof(struct prune_request),
	.run = run,
};
