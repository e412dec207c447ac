/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/out.h"
#include "command/destination.h"
#include "command/pushoptions.h"
#include "container/event.h"
#include "image/catalog.h"
#include "image/lookup.h"
#include "image/ref.h"

struct push_request {
	struct push_choices choices;
	bool all_tags;
	char *platform;
	struct strvec remarks;
};

#define PUSH_REMARKS offsetof(struct push_request, remarks)
#define PUSH_AT(field) offsetof(struct push_request, choices.field)
#define REGISTRY_AT(field) offsetof(struct push_request, choices.registry.field)

static const struct opt options_push[] = {
	{ "all-tags", 'a', OPT_FLAG, offsetof(struct push_request, all_tags),
	  .help = "push every name that the store has in the repository" },
	{ "platform", 0, OPT_STRING, offsetof(struct push_request, platform), "OS/ARCH[/VARIANT]",
	  "of an index, push the image for this platform instead of this machine's" },
	PUSH_OPTIONS(PUSH_AT),
	REGISTRY_OPTIONS(REGISTRY_AT),
	PUSH_IGNORED("compress", "layers are always compressed", PUSH_REMARKS),
	PUSH_IGNORED("disable-content-trust", "there is no content trust", PUSH_REMARKS),
	PUSH_IGNORED("force-compression", "--compression-format compresses what has another one",
		     PUSH_REMARKS),
	PUSH_FOREIGN_OPTIONS(PUSH_REMARKS),
	OPT_END,
};

static void init(void *data)
{
	struct push_request *request = data;

	push_choices_init(&request->choices);
}

static int push_one(struct store *store, const struct push_request *request,
		    const struct push_options *options, const struct strvec *operands)
{
	AUTO(destination) destination = { 0 };
	AUTO(push_result) result = { 0 };

	TRY(destination_parse(operands->n > 1 ? operands->v[1] : NULL, &destination));
	TRY(destination_push(&destination, store, operands->v[0], options, &result));
	event_add_image(store->host, "push", NULL, operands->v[0]);
	return push_choices_report(&request->choices, &result);
}

/* The names in the repository that `text` names. */
static int find_tags(struct store *store, const char *text, struct strvec *names)
{
	AUTO(catalog) catalog = CATALOG_INIT;
	AUTO(ref) wanted = { 0 };

	TRY(ref_parse(text, &wanted));
	if (wanted.tag != NULL || wanted.digest != NULL)
		return refuse("'%s' is not the name of a repository: it has a %s", text,
			      wanted.tag != NULL ? "tag" : "digest");
	TRY(catalog_open(store, &catalog));
	for (size_t i = 0; i < catalog.n; i++) {
		AUTO(ref) ref = { 0 };

		if (catalog.v[i].name == NULL || ref_parse(catalog.v[i].name, &ref) < 0) {
			err_clear();
			continue;
		}
		if (strcmp(ref.host, wanted.host) == 0 && strcmp(ref.path, wanted.path) == 0)
			strvec_push(names, catalog.v[i].name);
	}
	return names->n > 0 ? 0 : lookup_fail(text);
}

static int push_all_tags(struct store *store, const struct push_request *request,
			 const struct push_options *options, const struct strvec *operands)
{
	AUTO(strvec) names = STRVEC_INIT;

	if (operands->n > 1)
		return refuse("--all-tags takes the name of a repository, and no destination");
	TRY(find_tags(store, operands->v[0], &names));
	for (size_t i = 0; i < names.n; i++) {
		AUTO(strvec) one = STRVEC_INIT;

		strvec_push(&one, names.v[i]);
		TRY(push_one(store, request, options, &one));
	}
	return 0;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct push_request *request = data;
	AUTO(progress_view) view = { 0 };
	AUTO(platform) platform = { 0 };
	struct push_options options;
	AUTO(store) store = STORE_INIT;

	for (size_t i = 0; i < request->remarks.n; i++)
		out_note("%s", request->remarks.v[i]);
	TRY(push_choices_options(&request->choices, host, &view, &options));
	if (request->platform != NULL && request->choices.all)
		return refuse("--all and --platform contradict each other");
	if (request->platform != NULL) {
		TRY(platform_parse(request->platform, &platform));
		options.platform = &platform;
	}
	TRY(store_open(host, &store));
	return request->all_tags ? push_all_tags(&store, request, &options, operands)
				 : push_one(&store, request, &options, operands);
}

const struct command command_push = {
	.name = "push",
	.alias = "image push",
	.synopsis = "[OPTIONS] IMAGE [DESTINATION]",
	.summary = "Send an image to a registry",
	.remarks =
		"DESTINATION is a name with or without docker:// before it, oci:DIR[:REF],\n"
		"oci-archive:FILE[:REF] or docker-archive:FILE[:REF]. Without it, the image goes "
		"where\n"
		"its name says.\n",
	.options = (const struct opt *const[]){ options_push, NULL },
	.request_size = sizeof(struct push_request),
	.init = init,
	.operands_min = 1,
	.operands_max = 2,
	.operand_values = VALUES_IMAGE,
	.run = run,
};
