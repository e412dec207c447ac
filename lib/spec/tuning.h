/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_SPEC_TUNING_H
#define BERTH_SPEC_TUNING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How the kernel is to treat a process: with which priority, on which processors, with which
 * memory. */

/* Of sched_setattr(2). */
struct spec_scheduler {
	bool set;
	uint32_t policy; /* SCHED_* */
	uint64_t flags;  /* SCHED_FLAG_* */
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period; /* nanoseconds */
};

/* Of ioprio_set(2). */
struct spec_io_priority {
	bool set;
	int class; /* IOPRIO_CLASS_* */
	int priority;
};

/* Processors of a process that joins a container; NULL: not given. */
struct spec_affinity {
	char *initial; /* until it is in the container's cgroup */
	char *final;   /* from then on */
};

/* Of set_mempolicy(2). */
struct spec_memory_policy {
	bool set;
	int mode;    /* MPOL_*, with MPOL_F_* */
	char *nodes; /* "0-3,7"; NULL: none */
};

/* "MPOL_BIND", "MPOL_F_STATIC_NODES": those that are known; NULL beyond the last one. */
const char *memory_mode_name(size_t i);
const char *memory_flag_name(size_t i);

/* Of personality(2). */
struct spec_personality {
	bool set;
	unsigned long domain; /* PER_* */
};

#endif
