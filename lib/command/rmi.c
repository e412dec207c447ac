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
#include "image/remove.h"

struct rmi_request {
	bool force, ignore;
};

static const struct opt options_rmi[] = {
	{ "force", 'f', OPT_FLAG, offsetof(struct rmi_request, force),
	  .help = "remove the containers that use the image, and all of its names" },
	{ "ignore", 'i', OPT_FLAG, offsetof(struct rmi_request, ignore),
	  .help = "an image that does not exist is no error" },
	OPT_END,
};

/* The errors of one image do not keep the others from being removed. */
static int report(int rc, const struct rmi_request *request)
{
	if (rc >= 0)
		return EXIT_OK;
	if (rc != -ENOENT && rc != -EBUSY)
		return rc;
	if (rc == -ENOENT && request->ignore) {
		err_clear();
		return EXIT_OK;
	}
	fail_in(rc, "rmi");
	err_print(STDERR_FILENO);
	err_clear();
	return rc == -ENOENT ? EXIT_NO_SUCH : EXIT_IN_USE;
}

static int remove_one(const struct host *host, struct store *store, const char *image, bool force)
{
	AUTO(removal) removal = { 0 };
	int rc = image_remove(store, image, force, imageusers_find, (void *)host, &removal);

	for (size_t i = 0; rc >= 0 && i < removal.untagged.n; i++)
		TRY(out_line("Untagged: %s", removal.untagged.v[i]));
	for (size_t i = 0; rc >= 0 && i < removal.deleted.n; i++)
		TRY(out_line("Deleted: %s", removal.deleted.v[i]));
	return rc;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct rmi_request *request = data;
	AUTO(store) store = STORE_INIT;
	int status = EXIT_OK;

	TRY(store_open(host, &store));
	for (size_t i = 0; i < operands->n; i++) {
		int rc = remove_one(host, &store, operands->v[i], request->force);

		rc = report(rc, request);
		TRY(rc);
		/* That one is in use says more than that another does not exist. */
		status = rc > status ? rc : status;
	}
	return status;
}

const struct command command_rmi = {
	.name = "rmi",
	.alias = "image rm|image remove",
	.synopsis = "[OPTIONS] IMAGE...",
	.summary = "Remove images",
	.options = (const struct opt *const[]){ options_rmi, NULL },
	.request_size = sizeof(struct rmi_request),
	.operands_min = 1,
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_IMAGE,
	.run = run,
};
