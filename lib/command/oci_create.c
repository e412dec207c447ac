/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include "base/err.h"
#include "command/ociverb.h"

struct create_request {
	struct ociverb verb;
	struct runtime_create create;
};

#define AT(field) offsetof(struct create_request, create.field)

static const struct opt options_create[] = {
	{ "bundle", 'b', OPT_STRING, AT(bundle), "DIR",
	  "the bundle; without it the current directory", .values = VALUES_DIRECTORY },
	{ "config", 'f', OPT_STRING, AT(config), "FILE", "read FILE in the place of config.json",
	  .values = VALUES_FILE },
	{ "console-socket", 0, OPT_STRING, AT(stdio.console_socket), "SOCKET",
	  "send the terminal there", .values = VALUES_FILE },
	{ "pid-file", 0, OPT_STRING, AT(stdio.pid_file), "FILE",
	  "write the number of the container's first process there", .values = VALUES_FILE },
	{ "pidfd-socket", 0, OPT_STRING, AT(stdio.pidfd_socket), "SOCKET",
	  "send a descriptor of the container's first process there", .values = VALUES_FILE },
	{ "preserve-fds", 0, OPT_INT, AT(stdio.preserve_fds), "N",
	  "pass on the N file descriptors from 3 on", .max = 1024 },
	{ "no-new-keyring", 0, OPT_FLAG, AT(no_new_keyring),
	  .help = "keep the session keyring of the caller" },
	{ "no-pivot", 0, OPT_REFUSED, 0, NULL, "the root is only ever changed by pivot_root(2)",
	  .fix = "start the engine on a root file system that is not the initial RAM disk" },
	OPT_END,
};

static int drop(void *request, const char *value)
{
	return 0;
}

static const struct opt options_run[] = {
	{ "detach", 'd', OPT_FLAG, AT(detach), .help = "return once the container runs" },
	{ "keep", 0, OPT_FLAG, AT(keep), .help = "do not delete the container at its end" },
	{ "no-subreaper", 0, OPT_CALL, .help = "accepted for the sake of engines",
	  .flags = OPT_HIDDEN, .parse = drop },
	OPT_END,
};

static int create(const struct host *host, void *data, const struct strvec *operands)
{
	struct create_request *request = data;
	AUTO(runtime) runtime = { 0 };

	request->create.detach = true;
	TRY(ociverb_runtime(host, &request->verb, &runtime));
	return runtime_create(&runtime, &request->create, operands->v[0]);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct create_request *request = data;
	AUTO(runtime) runtime = { 0 };

	TRY(ociverb_runtime(host, &request->verb, &runtime));
	return runtime_run(&runtime, &request->create, operands->v[0]);
}

const struct command command_oci_create = {
	.name = "oci create",
	.synopsis = "[OPTIONS] CONTAINER",
	.summary = "Make a container of a bundle, up to its start",
	.options = (const struct opt *const[]){ options_create, ociverb_hidden, NULL },
	.request_size = sizeof(struct create_request),
	.operands_min = 1,
	.operands_max = 1,
	.run = create,
};

const struct command command_oci_run = {
	.name = "oci run",
	.synopsis = "[OPTIONS] CONTAINER",
	.summary = "Create a container, start it, and delete it at its end",
	.options = (const struct opt *const[]){ options_run, options_create, ociverb_hidden, NULL },
	.request_size = sizeof(struct create_request),
	.operands_min = 1,
	.operands_max = 1,
	.run = run,
};
