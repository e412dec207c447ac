/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_CGUSAGE_H
#define BERTH_BOX_CGUSAGE_H

#include "box/cgread.h"
#include "box/cgroup.h"

/*
 * What a cgroup has used and may use, as its files say. With v1 a container is in few hierarchies,
 * and with v2 not every controller may be there: what no file tells is CGUSAGE_UNKNOWN. A limit
 * that is not set is CGUSAGE_NONE.
 */
struct cgusage {
	uint64_t cpu_usec;
	uint64_t memory, memory_limit; /* bytes; without the page cache that can go at once */
	uint64_t read_bytes, write_bytes;
	uint64_t pids, pids_limit;
	uint64_t cpu_quota, cpu_period; /* microseconds */
};

/* Of a container that has one; -ENOENT where it is gone. */
int cgusage_read(const struct cgroup *cgroup, struct cgusage *ret_usage);

#endif
