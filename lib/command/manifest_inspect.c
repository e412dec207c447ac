/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"
#include "command/registryoptions.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/out.h"
#include "image/list.h"

#define TRANSPORT "docker://"

struct inspect_request {
	struct registry_request registry;
};

#define REGISTRY_AT(field) offsetof(struct inspect_request, registry.field)

static const struct opt options_inspect[] = {
	REGISTRY_OPTIONS(REGISTRY_AT),
	REGISTRY_OPTION_INSECURE,
	OPT_END,
};

static void init(void *data)
{
	struct inspect_request *request = data;

	registry_request_init(&request->registry);
}

/* From the first endpoint that has it. */
static int ask(const struct registry_options *options, const struct registries *registries,
	       const char *name, struct buf *text)
{
	AUTO(ref) ref = { 0 };
	AUTO(endpoints) endpoints = { 0 };
	int rc = -ENOENT;

	TRY(ref_parse(name, &ref));
	TRY(registries_pull(registries, &ref, &endpoints));
	for (size_t i = 0; i < endpoints.n && rc < 0; i++) {
		struct registry *registry = NULL;
		autofree char *type = NULL;
		char digest[DIGEST_TEXT_SIZE];

		err_clear();
		rc = registry_open(options, &endpoints.v[i], REGISTRY_PULL, &registry);
		if (rc >= 0)
			rc = registry_get_manifest(registry,
						   ref.digest != NULL ? ref.digest
						   : ref.tag != NULL  ? ref.tag
								      : "latest",
						   text, &type, digest);
		registry_close(registry);
	}
	return rc;
}

/* All that the text may stand for, until one has it. */
static int ask_each(const struct host *host, const struct inspect_request *request,
		    const struct registries *registries, const char *text, struct buf *ret_text)
{
	struct registry_options options;
	AUTO(strvec) names = STRVEC_INIT;
	int rc = -ENOENT;

	registry_request_options(&request->registry, host, &options);
	TRY(registries_complete(registries, text, &names));
	TRY(registry_options_check(&options, &names));
	for (size_t i = 0; i < names.n && rc < 0; i++)
		rc = ask(&options, registries, names.v[i], ret_text);
	return rc;
}

static int ask_registries(const struct host *host, const struct inspect_request *request,
			  const char *text, struct buf *ret_text)
{
	struct registries *registries = NULL;
	int rc = registries_read(host, &registries);

	if (rc >= 0)
		rc = ask_each(host, request, registries, text, ret_text);
	registries_free(registries);
	return rc;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	bool remote = strncmp(operands->v[0], TRANSPORT, strlen(TRANSPORT)) == 0;
	const char *name = operands->v[0] + (remote ? strlen(TRANSPORT) : 0);
	AUTO(store) store = STORE_INIT;
	autojson cJSON *json = NULL;
	AUTO(buf) text = BUF_INIT;
	int rc = -ENOENT;

	TRY(store_open(host, &store));
	if (!remote)
		rc = list_read(&store, name, &text);
	if (rc == -ENOENT) {
		err_clear();
		rc = ask_registries(host, data, name, &text);
	}
	TRY(rc);
	TRY(json_parse(text.data, text.len, name, &json));
	return out_value(NULL, json);
}

const struct command command_manifest_inspect = {
	.name = "manifest inspect",
	.synopsis = "[OPTIONS] NAME",
	.summary = "Print a manifest list, or a manifest",
	.remarks = "It is that of the store, where that has the NAME; otherwise, and with "
		   "docker://NAME, the\n"
		   "registry is asked.\n",
	.options = (const struct opt *const[]){ options_inspect, NULL },
	.request_size = sizeof(struct inspect_request),
	.init = init,
	.operands_min = 1,
	.operands_max = 1,
	.operand_values = VALUES_IMAGE,
	.run = run,
};
