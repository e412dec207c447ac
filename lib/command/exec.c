/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <fcntl.h>
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/out.h"
#include "command/options.h"
#include "container/exec.h"
#include "container/request.h"

#define AT(field) offsetof(struct request, field)

static int parse_detach_keys(void *request, const char *value)
{
	if (*value == '\0')
		return 0;
	refuse("a command that was started with exec cannot be detached from");
	hint("give --detach from the beginning");
	return -EINVAL;
}

static const struct opt options[] = {
	{ "detach", 'd', OPT_FLAG, AT(detach), .help = "return as soon as the command runs" },
	{ "interactive", 'i', OPT_FLAG, AT(interactive),
	  .help = "give the command our stdin; without it that is /dev/null" },
	{ "tty", 't', OPT_FLAG, AT(tty), .help = "give the command a terminal" },
	{ "user", 'u', OPT_STRING, AT(user), "USER[:GROUP]", "run as this user, by name or number",
	  .check = check_user },
	{ "workdir", 'w', OPT_STRING, AT(workdir), "DIR", "start in DIR, which must be there",
	  .check = check_workdir },
	{ "env", 'e', OPT_STRINGS, AT(env), "NAME[=VALUE]",
	  "set a variable; NAME alone and PREFIX* take the caller's", .check = check_env },
	{ "env-file", 0, OPT_STRINGS, AT(env_files), "FILE", "read variables from FILE",
	  .values = VALUES_FILE, .check = check_filled },
	{ "privileged", 0, OPT_FLAG, AT(privileged), .help = "give the command all capabilities" },
	{ "preserve-fds", 0, OPT_INT, AT(preserve_fds), "N",
	  "pass on the N file descriptors from 3 on", .max = 1024 },
	{ "cidfile", 0, OPT_STRING, AT(cidfile), "FILE",
	  "read the container's ID from FILE, in the place of CONTAINER", .values = VALUES_FILE,
	  .check = check_filled },
	{ "detach-keys", 0, OPT_CALL, 0, "KEYS", "not supported; empty is", OPT_HIDDEN,
	  .parse = parse_detach_keys },
	OPT_END,
};

/* As `run --cidfile` wrote it. */
static int read_cidfile(const char *path, struct buf *ret_id)
{
	TRY(fail_in(fs_read_file(AT_FDCWD, path, MAX_STATE_FILE, ret_id), "--cidfile"));
	while (ret_id->len != 0 && strchr(" \t\r\n", ret_id->data[ret_id->len - 1]) != NULL)
		ret_id->data[--ret_id->len] = '\0';
	if (ret_id->len == 0 || strlen(ret_id->data) != ret_id->len)
		return refuse("--cidfile '%s' does not contain an ID", path);
	return 0;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	struct request *request = data;
	AUTO(buf) name = BUF_INIT;
	size_t first = 0;

	if (request->cidfile != NULL)
		TRY(read_cidfile(request->cidfile, &name));
	else
		buf_add_str(&name, operands->v[first++]);
	if (first == operands->n) {
		refuse("there is no command to run");
		hint("berth exec %s COMMAND [ARG...]", name.data);
		return -EINVAL;
	}
	strvec_set(&request->command, operands->v + first);
	return exec_in_container(host, request, name.data);
}

static void init(void *request)
{
	request_init(request);
}

static void release(void *request)
{
	request_release(request);
}

const struct command command_exec = {
	.name = "exec",
	.alias = "container exec",
	.synopsis = "[OPTIONS] CONTAINER COMMAND [ARG...]",
	.summary = "Run a command in a running container",
	.options = (const struct opt *const[]){ options, NULL },
	.mode = OPT_STOP_AT_OPERAND,
	.request_size = sizeof(struct request),
	.init = init,
	.operands_min = 1,
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_CONTAINER,
	.run = run,
	.release = release,
};
