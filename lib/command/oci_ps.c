/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include "base/err.h"
#include "base/out.h"
#include "command/ociverb.h"
#include "oci/ps.h"

struct ps_request {
	struct ociverb verb;
	int json; /* the second word of the format */
};

static const struct opt options[] = {
	{ "format", 'f', OPT_CHOICE, offsetof(struct ps_request, json), "FORMAT",
	  "table (the default) or json, a list of numbers", .values = VALUES_WORDS,
	  .words = "table|json" },
	OPT_END,
};

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct ps_request *request = data;
	AUTO(strvec) arguments = STRVEC_INIT;
	AUTO(runtime) runtime = { 0 };
	AUTO(buf) out = BUF_INIT;

	for (size_t i = 1; i < operands->n; i++)
		strvec_push(&arguments, operands->v[i]);
	TRY(ociverb_runtime(host, &request->verb, &runtime));
	TRY(runtime_ps(&runtime, operands->v[0], request->json != 0, &arguments, &out));
	return out_raw(out.data, out.len);
}

const struct command command_oci_ps = {
	.name = "oci ps",
	.synopsis = "[OPTIONS] CONTAINER [ARG...]",
	.summary = "List the processes of a container",
	.remarks = "ARG... are arguments of ps(1), -ef where there are none.",
	.options = (const struct opt *const[]){ options, ociverb_hidden, NULL },
	.mode = OPT_STOP_AT_OPERAND,
	.request_size = sizeof(struct ps_request),
	.operands_min = 1,
	.operands_max = OPERANDS_ANY,
	.run = run,
};
