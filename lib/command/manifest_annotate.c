/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"
#include "command/memberoptions.h"

#include "base/err.h"

struct annotate_request {
	struct list_details details;
	bool index;
};

#define DETAILS_AT(field) offsetof(struct annotate_request, details.field)

static const struct opt options_annotate[] = {
	MEMBER_OPTIONS(DETAILS_AT),
	{ "index", 0, OPT_FLAG, offsetof(struct annotate_request, index),
	  .help = "set annotations of the list itself" },
	OPT_END,
};

static bool says_more(const struct list_details *details)
{
	return details->architecture != NULL || details->os != NULL || details->variant != NULL ||
	       details->os_version != NULL || details->features.n > 0 || details->os_features.n > 0;
}

static int annotate(struct list *list, const struct annotate_request *request,
		    const struct strvec *operands)
{
	if (!request->index && operands->n < 2)
		return refuse("which member of the list?");
	if (request->index && (operands->n > 1 || says_more(&request->details)))
		return refuse("--index goes with --annotation alone, and without a member");
	if (request->index)
		return list_annotate_index(list, &request->details.annotations);
	return list_annotate(list, operands->v[1], &request->details);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct annotate_request *request = data;
	AUTO(store) store = STORE_INIT;
	AUTO(list) list = LIST_INIT;

	TRY(store_open(host, &store));
	TRY(list_open(&list, &store, operands->v[0]));
	TRY(annotate(&list, request, operands));
	return members_keep(&store, &list);
}

const struct command command_manifest_annotate = {
	.name = "manifest annotate",
	.synopsis = "[OPTIONS] LIST MEMBER",
	.summary = "Say more of a member of a manifest list",
	.remarks = "MEMBER is a digest, or an image of the store. The ID of the list is printed.\n",
	.options = (const struct opt *const[]){ options_annotate, NULL },
	.request_size = sizeof(struct annotate_request),
	.operands_min = 1,
	.operands_max = 2,
	.operand_values = VALUES_IMAGE,
	.run = run,
};
