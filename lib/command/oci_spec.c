/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include "base/err.h"
#include "command/ociverb.h"

struct spec_request {
	struct ociverb verb;
	char *bundle;
	bool rootless;
};

#define AT(field) offsetof(struct spec_request, field)

static const struct opt options[] = {
	{ "bundle", 'b', OPT_STRING, AT(bundle), "DIR",
	  "write it there; without it into the current directory", .values = VALUES_DIRECTORY },
	{ "rootless", 0, OPT_FLAG, AT(rootless), .help = "one that the caller can run himself" },
	OPT_END,
};

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct spec_request *request = data;
	AUTO(runtime) runtime = { 0 };

	TRY(ociverb_runtime(host, &request->verb, &runtime));
	return runtime_spec(&runtime, request->bundle, request->rootless);
}

const struct command command_oci_spec = {
	.name = "oci spec",
	.synopsis = "[OPTIONS]",
	.summary = "Write a config.json to begin with",
	.options = (const struct opt *const[]){ options, ociverb_hidden, NULL },
	.request_size = sizeof(struct spec_request),
	.run = run,
};
