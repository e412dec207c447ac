/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <poll.h>

#include "base/err.h"
#include "base/exit.h"
#include "base/out.h"
#include "container/healthfile.h"
#include "container/healthrun.h"
#include "container/pause.h"
#include "container/target.h"
#include "container/upkeep.h"

struct healthcheck_request {
	bool ignore_result;
};

static const struct opt options_healthcheck_run[] = {
	{ "ignore-result", 0, OPT_FLAG, offsetof(struct healthcheck_request, ignore_result), NULL,
	  "Exit with 0 whether the check succeeds or fails" },
	OPT_END,
};

static int check_target(const struct target *target, const struct upkeep *upkeep)
{
	const char *name = target->record.name;

	if (!health_is_on(&upkeep->health)) {
		refuse_with(ENOENT, "the container '%s' has no health check", name);
		hint("'berth update --health-cmd COMMAND %s' gives it one", name);
		return -ENOENT;
	}
	if (!pause_is(&target->record))
		return 0;
	refuse_with(EBUSY, "the container '%s' is paused", name);
	hint("'berth unpause %s' lets it go on", name);
	return -EBUSY;
}

/* What follows from it is its supervisor's to do. */
static int run_check(const struct host *host, const struct target *target,
		     const struct health_config *config, struct healthrun_result *ret_result)
{
	struct healthrun run = HEALTHRUN_INIT;
	struct pollfd ended = { .events = POLLIN };

	TRY(healthrun_start(host, &target->record, target->pidfd, config, &run));
	ended.fd = run.pidfd;
	while (poll(&ended, 1, -1) < 0 && errno == EINTR)
		;
	TRY(healthrun_finish(&run, ret_result));
	if (!ret_result->noted)
		return refuse_with(ESRCH, "the container '%s' has ended", target->record.name);
	return ret_result->verdict != HEALTH_GO_ON ? upkeep_tell(&target->record) : 0;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct healthcheck_request *request = data;
	AUTO(target) target = TARGET_INIT;
	AUTO(upkeep) upkeep = UPKEEP_INIT;
	struct healthrun_result result;
	struct health_state state;

	TRY(target_open(host, operands->v[0], &target));
	TRY(upkeep_load(&target.record, &upkeep));
	TRY(check_target(&target, &upkeep));
	TRY(run_check(host, &target, &upkeep.health, &result));
	if (result.passed)
		return EXIT_OK;
	TRY(healthfile_load(&target.record, &state, NULL));
	/* As podman does: a word for this check, not for the container. */
	TRY(out_line("%s", state.status == HEALTH_STARTING && state.streak == 0 ? "starting"
										: "unhealthy"));
	return request->ignore_result ? EXIT_OK : EXIT_NO_SUCH;
}

const struct command command_healthcheck_run = {
	.name = "healthcheck run",
	.synopsis = "[OPTIONS] CONTAINER",
	.summary = "Run the health check of a container now",
	.options = (const struct opt *const[]){ options_healthcheck_run, NULL },
	.request_size = sizeof(struct healthcheck_request),
	.operands_min = 1,
	.operands_max = 1,
	.operand_values = VALUES_CONTAINER,
	.run = run,
};
