/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"
#include "command/destination.h"
#include "command/pushoptions.h"

#include <string.h>

#include "base/err.h"
#include "base/out.h"
#include "command/imageusers.h"
#include "image/list.h"

struct push_request {
	struct push_choices choices;
	bool purge;
	struct strvec remarks;
};

#define PUSH_AT(field) offsetof(struct push_request, choices.field)
#define REGISTRY_AT(field) offsetof(struct push_request, choices.registry.field)

static const struct opt options_push[] = {
	PUSH_OPTIONS(PUSH_AT),
	{ "purge", 'p', OPT_FLAG, offsetof(struct push_request, purge),
	  .help = "remove the list when it was pushed" },
	{ "rm", 0, OPT_FLAG, offsetof(struct push_request, purge), .flags = OPT_ALIAS },
	REGISTRY_OPTIONS(REGISTRY_AT),
	REGISTRY_OPTION_INSECURE,
	PUSH_FOREIGN_OPTIONS(offsetof(struct push_request, remarks)),
	OPT_END,
};

static void init(void *data)
{
	struct push_request *request = data;

	push_choices_init(&request->choices);
	request->choices.all = true;
}

static int push(struct store *store, const struct push_choices *choices,
		const struct push_options *options, const struct strvec *operands)
{
	AUTO(destination) destination = { 0 };
	AUTO(push_result) result = { 0 };

	TRY(destination_parse(operands->n > 1 ? operands->v[1] : NULL, &destination));
	TRY(destination_push(&destination, store, operands->v[0], options, &result));
	TRY(push_choices_report(choices, &result));
	return out_line("%s", result.digest);
}

/* The digest of the list as it is now. */
static int find_list(struct store *store, const char *text, char *ret_digest)
{
	AUTO(list) list = LIST_INIT;

	TRY(list_open(&list, store, text));
	memcpy(ret_digest, list.digest, DIGEST_TEXT_SIZE);
	return 0;
}

/* pushed: the digest of what was sent; what came to the list meanwhile is not to be lost. */
static int purge(const struct host *host, struct store *store, const char *text, const char *pushed)
{
	AUTO(list) list = LIST_INIT;

	TRY(list_open(&list, store, text));
	if (strcmp(list.digest, pushed) != 0)
		return refuse("the list '%s' was changed while it was pushed: it stays", text);
	list.users = imageusers_find;
	list.users_arg = (void *)host;
	TRY(list_drop(&list));
	list_release(&list);
	return store_sweep(store);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct push_request *request = data;
	AUTO(progress_view) view = { 0 };
	struct push_options options;
	AUTO(store) store = STORE_INIT;
	char digest[DIGEST_TEXT_SIZE];

	for (size_t i = 0; i < request->remarks.n; i++)
		out_note("%s", request->remarks.v[i]);
	TRY(push_choices_options(&request->choices, host, &view, &options));
	options.all_platforms = true;
	options.index_alone = !request->choices.all;
	TRY(store_open(host, &store));
	TRY(find_list(&store, operands->v[0], digest));
	TRY(push(&store, &request->choices, &options, operands));
	return request->purge ? purge(host, &store, operands->v[0], digest) : 0;
}

const struct command command_manifest_push = {
	.name = "manifest push",
	.synopsis = "[OPTIONS] LIST [DESTINATION]",
	.summary = "Send a manifest list and its images to a registry",
	.remarks = "With --all=false only the list is sent: the registry must have its images. The "
		   "digest of\n"
		   "what was pushed is printed.\n",
	.options = (const struct opt *const[]){ options_push, NULL },
	.request_size = sizeof(struct push_request),
	.init = init,
	.operands_min = 1,
	.operands_max = 2,
	.operand_values = VALUES_IMAGE,
	.run = run,
};
