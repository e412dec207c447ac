/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_CGOOM_H
#define BERTH_BOX_CGOOM_H

#include <stdbool.h>
#include <stdint.h>

#include "box/cgroup.h"

/* To hear when the kernel runs out of memory for a cgroup: a descriptor that can be read then. */
struct cgoom {
	int fd;  /* v1: eventfd; v2: inotify */
	int dir; /* of the cgroup */
	bool v1;
	uint64_t seen; /* v2: processes that were killed so far */
};

#define CGOOM_INIT \
	{ \
		.fd = -1, .dir = -1 \
	}

int cgoom_open(const struct cgroup *cgroup, struct cgoom *ret_oom);
/* After it could be read: how many times it has happened since, 0 where it was something else. */
int cgoom_take(struct cgoom *oom);
void cgoom_release(struct cgoom *oom);

#endif
