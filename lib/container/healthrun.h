/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_HEALTHRUN_H
#define BERTH_CONTAINER_HEALTHRUN_H

#include "base/host.h"
#include "container/health.h"
#include "container/record.h"

/*
 * One health check that is run: in a child of the caller's, the runner, who joins the container as
 * exec does (box/join.h), waits for the check or for its timeout, and notes how it ended
 * (healthfile.h); a change of the state is an event. The caller waits for nothing but the runner's
 * pidfd.
 *
 * At its timeout the check is killed, with all that it has started in the container. It ends with
 * the runner, who ends with the caller. What a frozen container does takes no time: the timeout
 * begins anew.
 */
struct healthrun {
	pid_t pid;
	int pidfd; /* readable when it has ended; -1: none runs */
};

#define HEALTHRUN_INIT \
	{ \
		.pid = -1, .pidfd = -1 \
	}

struct healthrun_result {
	bool passed; /* the check */
	bool noted;  /* it was judged: the container has not ended before it */
	enum health_verdict verdict;
};

/* Which check it is, the state says. pidfd: of the container's first process. */
int healthrun_start(const struct host *host, const struct record *record, int pidfd,
		    const struct health_config *config, struct healthrun *run);
/* The runner has ended, or does so soon. */
int healthrun_finish(struct healthrun *run, struct healthrun_result *ret_result);
/* Kill it, and the check with it. */
void healthrun_release(struct healthrun *run);

#endif
