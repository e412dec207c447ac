/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include "base/err.h"
#include "base/exit.h"
#include "image/list.h"

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	AUTO(store) store = STORE_INIT;
	int there;

	TRY(store_open(host, &store));
	there = list_exists(&store, operands->v[0]);
	TRY(there);
	return there == 1 ? EXIT_OK : EXIT_NO_SUCH;
}

const struct command command_manifest_exists = {
	.name = "manifest exists",
	.synopsis = "LIST",
	.summary = "Exit with 0 where a manifest list is there, with 1 where it is not",
	.operands_min = 1,
	.operands_max = 1,
	.operand_values = VALUES_IMAGE,
	.run = run,
};
