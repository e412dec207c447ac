/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include "base/err.h"
#include "container/attach.h"

struct attach_request {
	bool no_stdin, sig_proxy;
	char *detach_keys;
};

static const struct opt options_attach[] = {
	{ "detach-keys", 0, OPT_STRING, offsetof(struct attach_request, detach_keys), "KEYS",
	  "What is typed to detach (" ATTACH_KEYS "); \"\" for nothing" },
	{ "no-stdin", 0, OPT_FLAG, offsetof(struct attach_request, no_stdin), NULL,
	  "Do not pass on stdin" },
	{ "sig-proxy", 0, OPT_FLAG, offsetof(struct attach_request, sig_proxy), NULL,
	  "Pass signals on to the payload (true)" },
	OPT_END,
};

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct attach_request *request = data;
	struct attach_options options = {
		.host = host,
		.no_stdin = request->no_stdin,
		.sig_proxy = request->sig_proxy,
		.detach_keys = request->detach_keys != NULL ? request->detach_keys : ATTACH_KEYS,
	};
	AUTO(target) target = TARGET_INIT;

	TRY(target_open(host, operands->v[0], &target));
	return attach_run(&target, &options);
}

static void init(void *data)
{
	struct attach_request *request = data;

	request->sig_proxy = true;
}

const struct command command_attach = {
	.name = "attach",
	.alias = "container attach",
	.synopsis = "[OPTIONS] CONTAINER",
	.summary = "Join the standard streams of a container in the background",
	.options = (const struct opt *const[]){ options_attach, NULL },
	.request_size = sizeof(struct attach_request),
	.init = init,
	.operands_min = 1,
	.operands_max = 1,
	.operand_values = VALUES_CONTAINER,
	.run = run,
};
