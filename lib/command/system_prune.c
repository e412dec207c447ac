/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/out.h"
#include "base/units.h"
#include "command/confirm.h"
#include "command/pruning.h"
#include "container/event.h"
#include "image/budget.h"

struct prune_request {
	bool all, force, volumes, blobs, keep;
	int64_t max;
	struct strvec filters;
};

static const struct opt options_prune[] = {
	{ "all", 'a', OPT_FLAG, offsetof(struct prune_request, all),
	  .help = "also images that have a name and that no container uses" },
	{ "blobs", 0, OPT_FLAG, offsetof(struct prune_request, blobs),
	  .help = "also the blobs of layers that are unpacked: such images run, but cannot be "
		  "saved or pushed" },
	{ "filter", 0, OPT_STRINGS, offsetof(struct prune_request, filters), "KEY=VALUE",
	  "remove only what matches: label=KEY[=VALUE], until=TIME" },
	{ "force", 'f', OPT_FLAG, offsetof(struct prune_request, force), .help = "do not ask" },
	{ "keep", 0, OPT_FLAG, offsetof(struct prune_request, keep),
	  .help = "with --max: hold the store to it from now on; --max 0 ends that" },
	{ "max", 0, OPT_SIZE, offsetof(struct prune_request, max), "SIZE",
	  "also the least recently used images, until the rest takes no more than SIZE" },
	{ "volumes", 0, OPT_FLAG, offsetof(struct prune_request, volumes),
	  .help = "also anonymous volumes that no container has" },
	OPT_END,
};

static void init(void *data)
{
	((struct prune_request *)data)->max = -1;
}

static int ask(const struct prune_request *request)
{
	AUTO(buf) text = BUF_INIT;

	if (request->force)
		return 1;
	buf_addf(&text, "WARNING! This will remove:\n  - all stopped containers\n  - all %s\n",
		 request->all ? "images without at least one container associated to them"
			      : "dangling images");
	if (request->volumes)
		buf_add_str(&text,
			    "  - all anonymous volumes not used by at least one container\n");
	if (request->blobs)
		buf_add_str(&text, "  - the blobs of all layers that are unpacked\n");
	if (request->max > 0) {
		buf_add_str(&text, "  - the least recently used images, until the rest takes no "
				   "more than ");
		units_print_size(&text, (uint64_t)request->max);
		buf_add_char(&text, '\n');
	}
	return confirm(text.data);
}

static int prune_unpacked_blobs(struct store *store, uint64_t *bytes)
{
	int rc = prune_blobs(store, bytes);

	if (rc == 0)
		out_note("blobs stay for now: other commands are adding some");
	return rc;
}

static int prune(const struct host *host, struct store *store, const struct prune_request *request,
		 struct image_pruning *pruning)
{
	uint64_t bytes = 0;

	TRY(pruning_containers(host, store, &request->filters, &bytes));
	if (request->volumes)
		TRY(pruning_volumes(store, false, &request->filters, &bytes));
	TRY(pruning_images(pruning, &bytes));
	if (request->max > 0)
		TRY(pruning_budget(host, store, (uint64_t)request->max, &bytes));
	if (request->keep)
		TRY(budget_write(store, (uint64_t)request->max));
	if (request->blobs)
		TRY(prune_unpacked_blobs(store, &bytes));
	event_add(host, "system", "prune", NULL, NULL, NULL);
	return pruning_total(bytes);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct prune_request *request = data;
	AUTO(image_pruning) pruning = { .host = host, .all = request->all };
	AUTO(store) store = STORE_INIT;
	int yes;

	if (request->keep && request->max < 0)
		return refuse("--keep needs --max");
	/* Filters that are for both. */
	TRY(imageselect_parse(&request->filters, "label|until", NULL, &pruning.selection));
	yes = ask(request);
	if (yes <= 0)
		return yes;
	TRY(store_open(host, &store));
	pruning.store = &store;
	return prune(host, &store, request, &pruning);
}

const struct command command_system_prune = {
	.name = "system prune",
	.synopsis = "[OPTIONS]",
	.summary = "Remove containers that do not run, and images that nobody uses",
	.options = (const struct opt *const[]){ options_prune, NULL },
	.request_size = sizeof(struct prune_request),
	.init = init,
	.run = run,
};
