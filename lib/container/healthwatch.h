/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_HEALTHWATCH_H
#define BERTH_CONTAINER_HEALTHWATCH_H

#include <poll.h>

#include "container/healthrun.h"

/*
 * The supervisor's side of health checks: when the next one is due, and the one that runs. It waits
 * for none of them, and knows no more than what follows: the state is on disk. A container that is
 * not checked costs nothing.
 */
struct healthwatch {
	const struct host *host;            /* borrowed, as is this: */
	const struct health_config *config; /* NULL: it is not checked */
	struct healthrun run;
	uint64_t due; /* CLOCK_MONOTONIC, microseconds; HEALTH_NEVER */
};

#define HEALTHWATCH_INIT \
	{ \
		.run = HEALTHRUN_INIT, .due = HEALTH_NEVER \
	}

/* The payload runs, or is to be checked otherwise from now on. */
void healthwatch_begin(struct healthwatch *watch, const struct host *host,
		       const struct health_config *config, const struct record *record);
/* How long poll(2) may wait for it; -1: for ever. */
int healthwatch_left(const struct healthwatch *watch);
void healthwatch_poll(const struct healthwatch *watch, struct pollfd *poll);
/* What is to be done by what has ended; starts what is due, by pidfd, the payload's. */
enum health_verdict healthwatch_run(struct healthwatch *watch, const struct record *record,
				    int pidfd, const struct pollfd *poll);
/* The payload is gone. */
void healthwatch_end(struct healthwatch *watch);

#endif
