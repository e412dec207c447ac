/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include "base/err.h"
#include "command/ociverb.h"

struct exec_request {
	struct ociverb verb;
	struct runtime_exec exec;
};

#define AT(field) offsetof(struct exec_request, exec.field)

static const struct opt options[] = {
	{ "process", 'p', OPT_STRING, AT(process), "FILE",
	  "the process, as config.json has it, in the place of COMMAND", .values = VALUES_FILE },
	{ "cwd", 0, OPT_STRING, AT(cwd), "DIR", "working directory in the container" },
	{ "env", 'e', OPT_STRINGS, AT(env), "NAME=VALUE", "set a variable" },
	{ "tty", 't', OPT_FLAG, AT(terminal), .help = "give the process a terminal" },
	{ "user", 'u', OPT_STRING, AT(user), "UID[:GID]", "run with these ids" },
	{ "additional-gids", 'g', OPT_STRINGS, AT(groups), "GID", "a supplementary group" },
	{ "detach", 'd', OPT_FLAG, AT(detach), .help = "return once the process runs" },
	{ "pid-file", 0, OPT_STRING, AT(stdio.pid_file), "FILE",
	  "write the number of the process there", .values = VALUES_FILE },
	{ "pidfd-socket", 0, OPT_STRING, AT(stdio.pidfd_socket), "SOCKET",
	  "send a descriptor of the process there", .values = VALUES_FILE },
	{ "console-socket", 0, OPT_STRING, AT(stdio.console_socket), "SOCKET",
	  "send the terminal there", .values = VALUES_FILE },
	{ "preserve-fds", 0, OPT_INT, AT(stdio.preserve_fds), "N",
	  "pass on the N file descriptors from 3 on", .max = 1024 },
	{ "process-label", 0, OPT_STRING, AT(label), "LABEL", "SELinux label of the process" },
	{ "apparmor", 0, OPT_STRING, AT(apparmor), "PROFILE", "AppArmor profile of the process" },
	{ "no-new-privs", 0, OPT_TRISTATE, AT(no_new_privileges),
	  .help = "the process can gain no privileges" },
	{ "cap", 'c', OPT_STRINGS, AT(caps), "CAPABILITY", "give the process a capability" },
	{ "cgroup", 0, OPT_STRING, AT(cgroup), "PATH", "start the process in this cgroup below" },
	{ "ignore-paused", 0, OPT_FLAG, AT(ignore_paused),
	  .help = "do it in a paused container as well" },
	OPT_END,
};

static void init(void *data)
{
	struct exec_request *request = data;

	request->exec.no_new_privileges = -1;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	struct exec_request *request = data;
	AUTO(runtime) runtime = { 0 };
	int rc;

	TRY(ociverb_runtime(host, &request->verb, &runtime));
	for (size_t i = 1; i < operands->n; i++)
		strvec_push(&request->exec.args, operands->v[i]);
	rc = runtime_exec(&runtime, &request->exec, operands->v[0]);
	strvec_release(&request->exec.args);
	return rc;
}

const struct command command_oci_exec = {
	.name = "oci exec",
	.synopsis = "[OPTIONS] CONTAINER [COMMAND [ARG...]]",
	.summary = "Run another process in a container",
	.options = (const struct opt *const[]){ options, ociverb_hidden, NULL },
	.mode = OPT_STOP_AT_OPERAND,
	.request_size = sizeof(struct exec_request),
	.init = init,
	.operands_min = 1,
	.operands_max = OPERANDS_ANY,
	.run = run,
};
