/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <errno.h>

#include "base/err.h"
#include "base/exit.h"
#include "image/lookup.h"

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	AUTO(image_item) item = { 0 };
	AUTO(catalog) catalog = CATALOG_INIT;
	AUTO(store) store = STORE_INIT;
	bool by_name;
	int rc;

	TRY(store_open(host, &store));
	TRY(catalog_open(&store, &catalog));
	rc = lookup(&catalog, operands->v[0], &item, &by_name);
	if (rc != -ENOENT)
		return rc;
	/* That is an answer, not an error. */
	err_clear();
	return EXIT_NO_SUCH;
}

const struct command command_image_exists = {
	.name = "image exists",
	.synopsis = "IMAGE",
	.summary = "Exit with 0 where an image is there, with 1 where it is not",
	.operands_min = 1,
	.operands_max = 1,
	.operand_values = VALUES_IMAGE,
	.run = run,
};
