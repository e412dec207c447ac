/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/out.h"
#include "command/making.h"
#include "command/options.h"
#include "container/event.h"
#include "container/notice.h"
#include "container/request.h"

/* What is there now and will not be when it is started. */
static int check(const struct request *request)
{
	if (request->preserve_fds > 0)
		return refuse("--preserve-fds: descriptors of this command are gone when the "
			      "container is started");
	if (request->rm && request->restart != NULL && strcmp(request->restart, "no") != 0)
		return refuse("--restart %s: a container of --rm goes when it ends",
			      request->restart);
	if (request->rm && request->health.on_failure != NULL &&
	    strcmp(request->health.on_failure, "restart") == 0)
		return refuse("--health-on-failure restart: a container of --rm goes when it ends");
	if (request->userns != NULL && strncmp(request->userns, "auto", 4) == 0)
		return refuse("--userns auto: the ids would be another's when the container is "
			      "started");
	return 0;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	struct request *request = data;
	AUTO(container) container = CONTAINER_INIT;
	bool auto_remove = request->rm;

	TRY(check(request));
	/* It is to be started in the background, or attached to as `start` says. */
	request->detach = true;
	strvec_release(&request->attach);
	/* A directory of --rm is garbage while nobody supervises it. */
	request->rm = false;
	TRY(making_make(host, request, operands, &container));
	container.record.auto_remove = auto_remove;
	TRY(record_save(&container.record));
	TRY(notice_make_cidfile(request, container.record.id));
	container.kept = true;
	event_add_container(host, &container.record, "create", NULL);
	return out_line("%s", container.record.id);
}

static void init(void *request)
{
	request_init(request);
}

static void release(void *request)
{
	request_release(request);
}

const struct command command_create = {
	.name = "create",
	.alias = "container create",
	.synopsis = "[OPTIONS] IMAGE [COMMAND [ARG...]]",
	.summary = "Make a container that is started later",
	.remarks = MAKING_REMARKS,
	.options =
		(const struct opt *const[]){ options_process, options_environment, options_identity,
					     options_userns, options_namespaces, options_network,
					     options_limits, options_resources, options_mounts,
					     options_security, options_image, options_lifecycle,
					     options_health, options_foreign, NULL },
	.mode = OPT_STOP_AT_OPERAND,
	.request_size = sizeof(struct request),
	.init = init,
	.operands_min = 1,
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_IMAGE,
	.run = run,
	.release = release,
};
