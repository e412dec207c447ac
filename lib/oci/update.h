/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_OCI_UPDATE_H
#define BERTH_OCI_UPDATE_H

#include "oci/runtime.h"

/* New limits of a container that has not ended; LIMIT_NONE and NULL: not given. */
struct runtime_update {
	char *resources; /* file with linux.resources, "-": standard input; then the rest is
			    passed over, as runc does */
	int64_t blkio_weight;
	int64_t cpu_period, cpu_quota, cpu_burst, cpu_shares, cpu_idle;
	int64_t cpu_rt_period, cpu_rt_runtime;
	int64_t memory, memory_swap, memory_reservation;
	int64_t pids_limit;
	char *cpuset_cpus, *cpuset_mems;
	char *l3_cache_schema, *mem_bw_schema;
};

/* All of them or none; config.json of the state directory says what holds. */
int runtime_update(const struct runtime *runtime, const struct runtime_update *request,
		   const char *id);

#endif
