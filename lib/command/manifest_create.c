/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"
#include "command/memberoptions.h"

#include "base/err.h"

struct create_request {
	struct registry_request registry;
	struct strvec annotations;
	bool all, amend;
};

#define REGISTRY_AT(field) offsetof(struct create_request, registry.field)

static const struct opt options_create[] = {
	{ "all", 0, OPT_FLAG, offsetof(struct create_request, all),
	  .help = "of an IMAGE for several platforms, add all that it is for" },
	{ "amend", 'a', OPT_FLAG, offsetof(struct create_request, amend),
	  .help = "add to the list where there is one of that name" },
	{ "annotation", 0, OPT_STRINGS, offsetof(struct create_request, annotations), "KEY=VALUE",
	  "set an annotation of the list" },
	REGISTRY_OPTIONS(REGISTRY_AT),
	REGISTRY_OPTION_INSECURE,
	OPT_END,
};

static void init(void *data)
{
	struct create_request *request = data;

	registry_request_init(&request->registry);
}

/* Nothing is fetched for a list that cannot be made. */
static int check_list(const struct create_request *request, struct store *store, const char *text)
{
	AUTO(list) list = LIST_INIT;

	TRY(list_create(&list, store, text, request->amend));
	return list_annotate_index(&list, &request->annotations);
}

static int create(const struct create_request *request, struct members *members,
		  const struct strvec *operands)
{
	AUTO(list) list = LIST_INIT;

	TRY(check_list(request, members->store, operands->v[0]));
	for (size_t i = 1; i < operands->n; i++)
		TRY(members_find(members, operands->v[i]));
	TRY(list_create(&list, members->store, operands->v[0], request->amend));
	TRY(list_annotate_index(&list, &request->annotations));
	return members_add(members, &list);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct create_request *request = data;
	const struct list_details details = { 0 };
	AUTO(store) store = STORE_INIT;
	AUTO(members)
	members = { .host = host,
		    .store = &store,
		    .registry = &request->registry,
		    .details = &details,
		    .all = request->all,
		    .hold = -1 };
	int rc;

	TRY(store_open(host, &store));
	TRY(store_sweep(&store));
	rc = create(request, &members, operands);
	return rc < 0 ? members_give_up(&members, rc) : rc;
}

const struct command command_manifest_create = {
	.name = "manifest create",
	.synopsis = "[OPTIONS] LIST [IMAGE...]",
	.summary = "Make a manifest list",
	.remarks =
		"An IMAGE is one of the store, or docker://NAME, which is fetched. The ID of the "
		"list is\n"
		"printed.\n",
	.options = (const struct opt *const[]){ options_create, NULL },
	.request_size = sizeof(struct create_request),
	.init = init,
	.operands_min = 1,
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_IMAGE,
	.run = run,
};
