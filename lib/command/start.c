/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <unistd.h>

#include "base/err.h"
#include "base/exit.h"
#include "base/out.h"
#include "container/again.h"
#include "container/attach.h"
#include "container/pause.h"

struct start_request {
	bool attach, interactive, sig_proxy;
};

static const struct opt options_start[] = {
	{ "attach", 'a', OPT_FLAG, offsetof(struct start_request, attach), NULL,
	  "Run in the foreground, with our stdout and stderr" },
	{ "interactive", 'i', OPT_FLAG, offsetof(struct start_request, interactive), NULL,
	  "Run in the foreground, with our stdin as well" },
	{ "sig-proxy", 0, OPT_FLAG, offsetof(struct start_request, sig_proxy), NULL,
	  "In the foreground, pass signals on to the payload (true)" },
	OPT_END,
};

static int refuse_paused(const char *name)
{
	refuse_with(EBUSY, "the container '%s' is paused", name);
	hint("'berth unpause %s' lets it go on", name);
	return -EBUSY;
}

static int start_one(const struct host *host, const char *name)
{
	AUTO(record) record = RECORD_INIT;
	int rc = record_find(host, name, &record);

	if (rc >= 0 && record.status != RECORD_RUNNING)
		rc = again_background(host, &record);
	else if (rc >= 0 && pause_is(&record))
		rc = refuse_paused(name);
	if (rc == 0)
		return out_line("%s", name);
	fail_in(-EINVAL, "start");
	err_print(STDERR_FILENO);
	err_clear();
	return rc < 0 ? EXIT_BERTH : rc;
}

/* It runs in the background already. */
static int join(const struct host *host, struct record *record, const struct start_request *request)
{
	const struct attach_options options = {
		.host = host,
		.no_stdin = !request->interactive,
		.sig_proxy = request->sig_proxy,
		.detach_keys = ATTACH_KEYS,
	};
	AUTO(target) target = TARGET_INIT;

	TRY(target_take(record, &target));
	return attach_run(&target, &options);
}

static int start_attached(const struct host *host, const struct start_request *request,
			  const struct strvec *operands)
{
	AUTO(record) record = RECORD_INIT;
	const struct again_attach attach = {
		.interactive = request->interactive,
		.sig_proxy = request->sig_proxy,
	};

	if (operands->n > 1)
		return refuse("--attach and --interactive are for one container");
	TRY(record_find(host, operands->v[0], &record));
	if (record.status == RECORD_RUNNING)
		return join(host, &record, request);
	return again_foreground(host, &record, &attach);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct start_request *request = data;
	int status = EXIT_OK;

	if (request->attach || request->interactive)
		return start_attached(host, request, operands);
	for (size_t i = 0; i < operands->n; i++) {
		int rc = start_one(host, operands->v[i]);

		TRY(rc);
		if (rc > status)
			status = rc;
	}
	return status;
}

static void init(void *data)
{
	struct start_request *request = data;

	request->sig_proxy = true;
}

const struct command command_start = {
	.name = "start",
	.alias = "container start",
	.synopsis = "[OPTIONS] CONTAINER...",
	.summary = "Start containers that were created, or that have ended",
	.options = (const struct opt *const[]){ options_start, NULL },
	.request_size = sizeof(struct start_request),
	.init = init,
	.operands_min = 1,
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_CONTAINER,
	.run = run,
};
