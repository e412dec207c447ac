/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include "base/err.h"
#include "base/out.h"
#include "command/imageusers.h"
#include "image/list.h"

static int remove_one(const struct host *host, struct store *store, const char *text)
{
	AUTO(list) list = LIST_INIT;

	TRY(list_open(&list, store, text));
	list.users = imageusers_find;
	list.users_arg = (void *)host;
	TRY(list_drop(&list));
	TRY(out_line("Untagged: %s", list.name));
	return out_line("Deleted: %s", list.digest);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	AUTO(store) store = STORE_INIT;

	TRY(store_open(host, &store));
	for (size_t i = 0; i < operands->n; i++)
		TRY(remove_one(host, &store, operands->v[i]));
	return store_sweep(&store);
}

const struct command command_manifest_rm = {
	.name = "manifest rm",
	.synopsis = "LIST...",
	.summary = "Remove manifest lists",
	.remarks = "Members that have a name of their own stay.\n",
	.operands_min = 1,
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_IMAGE,
	.run = run,
};
