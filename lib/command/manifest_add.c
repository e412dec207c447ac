/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"
#include "command/memberoptions.h"

#include "base/err.h"

struct add_request {
	struct registry_request registry;
	struct list_details details;
	bool all;
};

#define DETAILS_AT(field) offsetof(struct add_request, details.field)
#define REGISTRY_AT(field) offsetof(struct add_request, registry.field)

static const struct opt options_add[] = {
	{ "all", 0, OPT_FLAG, offsetof(struct add_request, all),
	  .help = "of an IMAGE for several platforms, add all that it is for" },
	MEMBER_OPTIONS(DETAILS_AT),
	REGISTRY_OPTIONS(REGISTRY_AT),
	REGISTRY_OPTION_INSECURE,
	OPT_END,
};

static void init(void *data)
{
	struct add_request *request = data;

	registry_request_init(&request->registry);
}

/* Nothing is fetched for a list that is not there. */
static int check_list(struct store *store, const char *text)
{
	AUTO(list) list = LIST_INIT;

	return list_open(&list, store, text);
}

static int add(struct members *members, const struct strvec *operands)
{
	AUTO(list) list = LIST_INIT;

	TRY(check_list(members->store, operands->v[0]));
	for (size_t i = 1; i < operands->n; i++)
		TRY(members_find(members, operands->v[i]));
	TRY(list_open(&list, members->store, operands->v[0]));
	return members_add(members, &list);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct add_request *request = data;
	AUTO(store) store = STORE_INIT;
	AUTO(members)
	members = { .host = host,
		    .store = &store,
		    .registry = &request->registry,
		    .details = &request->details,
		    .all = request->all,
		    .hold = -1 };
	int rc;

	TRY(store_open(host, &store));
	TRY(store_sweep(&store));
	rc = add(&members, operands);
	return rc < 0 ? members_give_up(&members, rc) : rc;
}

const struct command command_manifest_add = {
	.name = "manifest add",
	.synopsis = "[OPTIONS] LIST IMAGE...",
	.summary = "Add images to a manifest list",
	.remarks =
		"An IMAGE is one of the store, or docker://NAME, which is fetched. The ID of the "
		"list is\n"
		"printed.\n",
	.options = (const struct opt *const[]){ options_add, NULL },
	.request_size = sizeof(struct add_request),
	.init = init,
	.operands_min = 2,
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_IMAGE,
	.run = run,
};
