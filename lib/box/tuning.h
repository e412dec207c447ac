/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_TUNING_H
#define BERTH_BOX_TUNING_H

#include "spec/spec.h"

/*
 * How the kernel is to treat the payload (spec/tuning.h). All of it is inherited by what a process
 * starts and kept over an exec. Nothing is done where nothing is asked for.
 */

/* In the parent, whose rights count for it: scheduler and IO priority of `pid`, which is in its
 * cgroup. */
int tuning_give(const struct spec_scheduler *scheduler, const struct spec_io_priority *priority,
		pid_t pid);
/* The scheduler again, of a process that was born by one who had it: one with
 * SCHED_FLAG_RESET_ON_FORK has lost it by that. */
int tuning_give_again(const struct spec_scheduler *scheduler, pid_t pid);
/* In the child, in its cgroup: personality and memory policy. */
int tuning_take(const struct spec *spec);

/* Processors of the caller. As the initial ones are the parent's for as long as it clones, the old
 * ones are kept in *ret_old, for tuning_restore(). cpus NULL: nothing is done. */
struct numbers;
int tuning_affinity(const char *cpus, struct numbers *ret_old);
int tuning_restore(const char *cpus, const struct numbers *old);

#endif
