/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/exit.h"
#include "base/out.h"
#include "command/imageusers.h"
#include "command/pruning.h"
#include "image/lookup.h"
#include "image/remove.h"

struct rmi_request {
	bool all, force, ignore, no_prune;
};

static const struct opt options_rmi[] = {
	{ "all", 'a', OPT_FLAG, offsetof(struct rmi_request, all), .help = "remove all images" },
	{ "force", 'f', OPT_FLAG, offsetof(struct rmi_request, force),
	  .help = "remove the containers that use the image, and all of its names" },
	{ "ignore", 'i', OPT_FLAG, offsetof(struct rmi_request, ignore),
	  .help = "an image that does not exist is no error" },
	{ "no-prune", 0, OPT_FLAG, offsetof(struct rmi_request, no_prune),
	  .help = "accepted for the sake of scripts: images have no parents here",
	  .flags = OPT_HIDDEN },
	OPT_END,
};

/* The errors of one image do not keep the others from being removed. */
static int report(int rc, const struct rmi_request *request)
{
	if (rc >= 0)
		return EXIT_OK;
	if (rc != -ENOENT && rc != -EBUSY)
		return rc;
	/* Of all, one that is gone was removed by somebody else. */
	if (rc == -ENOENT && (request->ignore || request->all)) {
		err_clear();
		return EXIT_OK;
	}
	fail_in(rc, "rmi");
	err_print(STDERR_FILENO);
	err_clear();
	return rc == -ENOENT ? EXIT_NO_SUCH : EXIT_IN_USE;
}

static int remove_one(const struct host *host, struct store *store, const char *image,
		      const struct rmi_request *request)
{
	AUTO(removal) removal = { 0 };
	int flags = (request->force ? REMOVAL_FORCE : 0) | (request->all ? REMOVAL_NAMES : 0);
	int rc = image_remove(store, image, flags, imageusers_find, (void *)host, &removal);

	if (rc >= 0)
		pruning_tell(host, &removal);
	for (size_t i = 0; rc >= 0 && i < removal.untagged.n; i++)
		TRY(out_line("Untagged: %s", removal.untagged.v[i]));
	for (size_t i = 0; rc >= 0 && i < removal.deleted.n; i++)
		TRY(out_line("Deleted: %s", removal.deleted.v[i]));
	return rc;
}

/* By their IDs; a damaged one has none. */
static int list_images(struct store *store, struct strvec *images)
{
	AUTO(catalog) catalog = CATALOG_INIT;
	AUTO(image_items) items = { 0 };

	TRY(catalog_open(store, &catalog));
	TRY(lookup_all(&catalog, true, &items));
	for (size_t i = 0; i < items.n; i++) {
		const struct image_item *item = &items.v[i];
		const char *image = item->id[0] != '\0' ? item->id : item->name;

		if (image != NULL && !strvec_has(images, image))
			strvec_push(images, image);
	}
	return 0;
}

static int remove_images(const struct host *host, struct store *store,
			 const struct rmi_request *request, const struct strvec *images)
{
	int status = EXIT_OK;
	bool left = false;

	for (size_t i = 0; i < images->n; i++) {
		int rc = remove_one(host, store, images->v[i], request);

		left |= rc > 0;
		rc = report(rc, request);
		TRY(rc);
		/* That one is in use says more than that another does not exist. */
		status = rc > status ? rc : status;
	}
	/* Once for all: it looks at everything that is there. */
	if (left)
		TRY(store_sweep(store));
	return status;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct rmi_request *request = data;
	AUTO(strvec) images = STRVEC_INIT;
	AUTO(store) store = STORE_INIT;

	if (request->all == (operands->n > 0))
		return refuse("name images, or give --all");
	TRY(store_open(host, &store));
	strvec_push_all(&images, operands);
	if (request->all)
		TRY(list_images(&store, &images));
	return remove_images(host, &store, request, &images);
}

const struct command command_rmi = {
	.name = "rmi",
	.alias = "image rm|image remove",
	.synopsis = "[OPTIONS] [IMAGE...]",
	.summary = "Remove images",
	.options = (const struct opt *const[]){ options_rmi, NULL },
	.request_size = sizeof(struct rmi_request),
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_IMAGE,
	.run = run,
};
