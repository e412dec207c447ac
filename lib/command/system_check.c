/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <string.h>

#include "base/err.h"
#include "base/exit.h"
#include "base/out.h"
#include "container/record.h"
#include "image/check.h"
#include "image/lookup.h"

struct check_request {
	bool deep, repair, quick;
};

static const struct opt options_check[] = {
	{ "deep", 0, OPT_FLAG, offsetof(struct check_request, deep),
	  .help = "also read every blob and every layer" },
	{ "quick", 'q', OPT_FLAG, offsetof(struct check_request, quick),
	  .help = "accepted for the sake of scripts: that is the default", .flags = OPT_HIDDEN },
	{ "repair", 'r', OPT_FLAG, offsetof(struct check_request, repair),
	  .help = "remove what is damaged" },
	{ "force", 'f', OPT_FLAG, offsetof(struct check_request, repair), .flags = OPT_ALIAS },
	OPT_END,
};

struct findings {
	const struct host *host;
	struct image_items items; /* of the store */
	size_t left;              /* that nothing was done about */
};

static int report(void *arg, const char *what, const char *done)
{
	struct findings *findings = arg;

	findings->left += done == NULL ? 1 : 0;
	return out_line("%s%s%s", what, done != NULL ? ": " : "", done != NULL ? done : "");
}

static bool has_image(const struct findings *findings, const char *id)
{
	for (size_t i = 0; i < findings->items.n; i++)
		if (strcmp(findings->items.v[i].id, id) == 0)
			return true;
	return false;
}

/* An image is not removed before the containers that use it. */
static int check_container(struct record *record, void *arg)
{
	struct findings *findings = arg;
	autofree char *what = NULL;

	if (record->status == RECORD_RUNNING || record->image_id == NULL ||
	    record->image_id[0] == '\0' || has_image(findings, record->image_id))
		return 0;
	what = xasprintf("container '%s': its image is missing: %s",
			 record->name != NULL ? record->name : record->id, record->image_id);
	return report(findings, what, NULL);
}

static int check_containers(struct store *store, struct findings *findings)
{
	AUTO(catalog) catalog = CATALOG_INIT;

	TRY(catalog_open(store, &catalog));
	TRY(lookup_all(&catalog, true, &findings->items));
	return record_each(findings->host, check_container, findings);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct check_request *request = data;
	struct findings findings = { .host = host };
	const struct check check = { request->deep, request->repair, report, &findings };
	AUTO(store) store = STORE_INIT;
	int rc;

	if (request->deep && request->quick)
		return refuse("--deep and --quick exclude each other");
	TRY(store_open(host, &store));
	TRY(store_check(&store, &check));
	rc = check_containers(&store, &findings);
	image_items_release(&findings.items);
	TRY(rc);
	return findings.left == 0 ? EXIT_OK : EXIT_NO_SUCH;
}

const struct command command_system_check = {
	.name = "system check",
	.synopsis = "[OPTIONS]",
	.summary = "Find out whether the store is as it must be",
	.options = (const struct opt *const[]){ options_check, NULL },
	.request_size = sizeof(struct check_request),
	.run = run,
};
