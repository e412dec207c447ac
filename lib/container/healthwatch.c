/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/healthwatch.h"

#include "base/err.h"
#include "container/healthfile.h"
#include "container/pause.h"

#define USEC_PER_MSEC 1000
#define FROZEN_PAUSE UINT64_C(500000) /* how often a paused container is looked at */
#define LEFT_MAX 3600000              /* ms */

/* How long until the next one, from now on. */
static void set_due(struct healthwatch *watch, const struct record *record)
{
	struct health_state state;
	uint64_t now = healthfile_now(), pause;

	watch->due = HEALTH_NEVER;
	if (healthfile_load(record, &state, NULL) < 0) {
		err_clear();
		health_begin(watch->config, now, &state);
	}
	pause = health_pause(watch->config, &state, now);
	if (pause != HEALTH_NEVER)
		watch->due = now + pause;
}

void healthwatch_begin(struct healthwatch *watch, const struct host *host,
		       const struct health_config *config, const struct record *record)
{
	healthwatch_end(watch);
	if (!health_is_on(config)) {
		healthfile_drop(record);
		return;
	}
	/* Where it cannot be written nobody learns of it, and all else goes on. */
	if (healthfile_begin(record, config) < 0)
		err_clear();
	watch->host = host;
	watch->config = config;
	set_due(watch, record);
}

int healthwatch_left(const struct healthwatch *watch)
{
	uint64_t now;

	if (watch->due == HEALTH_NEVER || watch->run.pidfd >= 0)
		return -1;
	now = healthfile_now();
	if (now >= watch->due)
		return 0;
	now = (watch->due - now + USEC_PER_MSEC - 1) / USEC_PER_MSEC;
	return now > LEFT_MAX ? LEFT_MAX : (int)now;
}

void healthwatch_poll(const struct healthwatch *watch, struct pollfd *poll)
{
	*poll = (struct pollfd){ .fd = watch->run.pidfd, .events = POLLIN };
}

static enum health_verdict finish(struct healthwatch *watch, const struct record *record)
{
	struct healthrun_result result = { 0 };

	if (healthrun_finish(&watch->run, &result) < 0)
		err_clear();
	set_due(watch, record);
	return result.noted ? result.verdict : HEALTH_GO_ON;
}

enum health_verdict healthwatch_run(struct healthwatch *watch, const struct record *record,
				    int pidfd, const struct pollfd *poll)
{
	enum health_verdict verdict = HEALTH_GO_ON;

	if (watch->run.pidfd >= 0 && poll->fd == watch->run.pidfd && poll->revents != 0)
		verdict = finish(watch, record);
	if (verdict != HEALTH_GO_ON || healthwatch_left(watch) != 0)
		return verdict;
	if (pause_is(record)) {
		watch->due = healthfile_now() + FROZEN_PAUSE;
	} else if (healthrun_start(watch->host, record, pidfd, watch->config, &watch->run) < 0) {
		/* There may be room for a process next time. */
		err_clear();
		set_due(watch, record);
	}
	return verdict;
}

void healthwatch_end(struct healthwatch *watch)
{
	healthrun_release(&watch->run);
	*watch = (struct healthwatch)HEALTHWATCH_INIT;
}
