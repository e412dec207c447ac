/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_TARGET_H
#define BERTH_CONTAINER_TARGET_H

#include "box/cgroup.h"
#include "container/record.h"

/*
 * A running container that a command acts upon from outside: signals, exec, pause, top, stats.
 *
 * The process is known by its pidfd, which is compared with the start time in the record once it is
 * open: what has the number later is never touched. The container may end at any time; an
 * operation on one that has ended says -ESRCH.
 */
struct target {
	struct record record;
	int pidfd;            /* of its first process */
	struct cgroup cgroup; /* empty where it has none */
};

#define TARGET_INIT \
	{ \
		.record = RECORD_INIT, .pidfd = -1, .cgroup = CGROUP_INIT \
	}

/* By name, as record_find(). One that does not run is -ESRCH, with what it does instead. */
int target_open(const struct host *host, const char *name, struct target *ret_target);
/* The same for a record that was found already, which is taken over, error or not. */
int target_take(struct record *record, struct target *ret_target);
/* To its first process. */
int target_signal(const struct target *target, int signal);
void target_release(struct target *target);

#endif
