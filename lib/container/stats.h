/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_STATS_H
#define BERTH_CONTAINER_STATS_H

#include "box/cgusage.h"
#include "container/target.h"

/*
 * What a container uses at one moment: what its cgroup says, and what that leaves open of the
 * processors and the memory as the sum of its processes. What is not known is CGUSAGE_UNKNOWN.
 */
struct stats {
	uint64_t taken; /* CLOCK_MONOTONIC, microseconds */
	struct cgusage usage;
	uint64_t received,
		sent; /* bytes, by all interfaces but lo; unknown with the host's network */
};

/* -EOPNOTSUPP: it has no cgroup. */
int stats_take(const struct target *target, struct stats *ret_stats);

#endif
