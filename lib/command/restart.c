/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <unistd.h>

#include "base/err.h"
#include "base/exit.h"
#include "base/out.h"
#include "container/again.h"
#include "container/event.h"

#define TIME_MAX 86400
#define TIME_NONE (-1) /* what the container was made with */

struct restart_request {
	int64_t time;
};

static const struct opt options_restart[] = {
	{ "time", 't', OPT_INT, offsetof(struct restart_request, time), "SECONDS",
	  "Wait so long for its end after the stop signal, and kill it then", .min = 0,
	  .max = TIME_MAX },
	OPT_END,
};

/* Its record was taken over. */
static void tell(const struct host *host, const char *name)
{
	AUTO(record) record = RECORD_INIT;

	if (record_find(host, name, &record) >= 0)
		event_add_container(host, &record, "restart", NULL);
	err_clear();
}

static int restart_one(const struct host *host, const struct restart_request *request,
		       const char *name)
{
	AUTO(record) record = RECORD_INIT;
	int rc = record_find(host, name, &record);

	if (rc >= 0)
		rc = again_restart(host, &record, request->time);
	if (rc == 0) {
		tell(host, name);
		return out_line("%s", name);
	}
	fail_in(-EINVAL, "restart");
	err_print(STDERR_FILENO);
	err_clear();
	return rc < 0 ? EXIT_BERTH : rc;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	int status = EXIT_OK;

	for (size_t i = 0; i < operands->n; i++) {
		int rc = restart_one(host, data, operands->v[i]);

		TRY(rc);
		if (rc > status)
			status = rc;
	}
	return status;
}

static void init(void *data)
{
	struct restart_request *request = data;

	request->time = TIME_NONE;
}

const struct command command_restart = {
	.name = "restart",
	.alias = "container restart",
	.synopsis = "[OPTIONS] CONTAINER...",
	.summary = "Stop containers, and start them again",
	.options = (const struct opt *const[]){ options_restart, NULL },
	.request_size = sizeof(struct restart_request),
	.init = init,
	.operands_min = 1,
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_CONTAINER,
	.run = run,
};
