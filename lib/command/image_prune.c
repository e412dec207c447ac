/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/exit.h"
#include "command/confirm.h"
#include "command/pruning.h"

struct prune_request {
	bool all, force;
	struct strvec filters;
};

static const struct opt options_prune[] = {
	{ "all", 'a', OPT_FLAG, offsetof(struct prune_request, all),
	  .help = "also images that have a name and that no container uses" },
	{ "filter", 0, OPT_STRINGS, offsetof(struct prune_request, filters), "KEY=VALUE",
	  "remove only what matches: label=KEY[=VALUE], until=TIME, dangling=BOOL" },
	{ "force", 'f', OPT_FLAG, offsetof(struct prune_request, force), .help = "do not ask" },
	OPT_END,
};

static const char warning[] = "WARNING! This will remove all dangling images.";
static const char warning_all[] =
	"WARNING! This will remove all images without at least one container associated to them.";

/* dangling=false means --all, as with docker; it is no choice among images. */
static int take_dangling(struct prune_request *request)
{
	for (size_t i = request->filters.n; i-- > 0;) {
		const char *value = request->filters.v[i];

		if (strncmp(value, "dangling=", strlen("dangling=")) != 0)
			continue;
		value = strchr(value, '=') + 1;
		if (strcmp(value, "false") == 0 || strcmp(value, "0") == 0)
			request->all = true;
		else if (strcmp(value, "true") != 0 && strcmp(value, "1") != 0)
			return refuse(
				"--filter dangling=%s: the value is none of true, false, 1, 0",
				value);
		strvec_remove(&request->filters, i);
	}
	return 0;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	struct prune_request *request = data;
	AUTO(image_pruning) pruning = { .host = host };
	AUTO(store) store = STORE_INIT;
	uint64_t bytes = 0;
	int yes = 1;

	TRY(take_dangling(request));
	TRY(imageselect_parse(&request->filters, "dangling|label|until", NULL, &pruning.selection));
	if (!request->force)
		yes = confirm(request->all ? warning_all : warning);
	if (yes <= 0)
		return yes;
	TRY(store_open(host, &store));
	pruning.store = &store;
	pruning.all = request->all;
	TRY(pruning_images(&pruning, &bytes));
	return pruning_total(bytes);
}

const struct command command_image_prune = {
	.name = "image prune",
	.synopsis = "[OPTIONS]",
	.summary = "Remove images that nobody uses",
	.options = (const struct opt *const[]){ options_prune, NULL },
	.request_size = sizeof(struct prune_request),
	.run = run,
};
