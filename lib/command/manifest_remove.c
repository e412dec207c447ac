/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"
#include "command/memberoptions.h"

#include "base/err.h"

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	AUTO(store) store = STORE_INIT;
	AUTO(list) list = LIST_INIT;

	TRY(store_open(host, &store));
	TRY(list_open(&list, &store, operands->v[0]));
	for (size_t i = 1; i < operands->n; i++)
		TRY(list_remove(&list, operands->v[i]));
	return members_keep(&store, &list);
}

const struct command command_manifest_remove = {
	.name = "manifest remove",
	.synopsis = "LIST MEMBER...",
	.summary = "Take members out of a manifest list",
	.remarks = "MEMBER is a digest, or an image of the store. The ID of the list is printed.\n",
	.operands_min = 2,
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_IMAGE,
	.run = run,
};
