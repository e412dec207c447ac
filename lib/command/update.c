/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/update.h"

#include <unistd.h>

#include "base/err.h"
#include "base/exit.h"
#include "base/out.h"
#include "command/command.h"
#include "command/options.h"

#define AT(field) offsetof(struct request, field)

static const struct opt options_update[] = {
	OPT_TITLE("Container"),
	{ "restart", 0, OPT_STRING, AT(restart), "POLICY",
	  "start it again when it ends: no, on-failure[:MAX], always or unless-stopped", 0,
	  VALUES_WORDS, "no|on-failure|always|unless-stopped" },
	{ "env", 'e', OPT_STRINGS, AT(env), "NAME[=VALUE]",
	  "set a variable for the next start; NAME alone and PREFIX* take the caller's",
	  .check = check_env },
	{ "env-file", 0, OPT_STRINGS, AT(env_files), "FILE", "read variables from FILE",
	  .values = VALUES_FILE, .check = check_filled },
	{ "unsetenv", 0, OPT_STRINGS, AT(unsetenv), "NAME", "remove a variable",
	  .check = check_env },
	OPT_END,
};

/* One that cannot be updated does not keep the others from it. */
static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct request *request = data;
	int status = EXIT_OK;

	TRY(update_check(request));
	for (size_t i = 0; i < operands->n; i++) {
		if (update_container(host, request, operands->v[i]) >= 0) {
			TRY(out_line("%s", operands->v[i]));
			continue;
		}
		fail_in(-EINVAL, "update");
		err_print(STDERR_FILENO);
		err_clear();
		status = EXIT_BERTH;
	}
	return status;
}

static void init(void *request)
{
	request_init(request);
}

static void release(void *request)
{
	request_release(request);
}

const struct command command_update = {
	.name = "update",
	.alias = "container update",
	.synopsis = "[OPTIONS] CONTAINER...",
	.summary = "Change limits, restart policy and health checks of containers",
	.options =
		(const struct opt *const[]){ options_update, options_limits, options_health, NULL },
	.request_size = sizeof(struct request),
	.init = init,
	.operands_min = 1,
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_CONTAINER,
	.run = run,
	.release = release,
};
