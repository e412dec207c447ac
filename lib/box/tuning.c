/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/tuning.h"

#include <linux/ioprio.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/numbers.h"

static int give_scheduler(const struct spec_scheduler *scheduler, pid_t pid)
{
	struct sched_attr attr = {
		.size = sizeof(attr),
		.sched_policy = scheduler->policy,
		.sched_flags = scheduler->flags,
		.sched_nice = scheduler->nice,
		.sched_priority = scheduler->priority,
		.sched_runtime = scheduler->runtime,
		.sched_deadline = scheduler->deadline,
		.sched_period = scheduler->period,
	};

	if (!scheduler->set || syscall(SYS_sched_setattr, pid, &attr, 0) == 0)
		return 0;
	fail("process.scheduler: the kernel does not take it");
	if (errno == EPERM)
		hint("SCHED_FIFO, SCHED_RR, SCHED_DEADLINE and a lower 'nice' need CAP_SYS_NICE, "
		     "and real time in the cgroup (linux.resources.cpu.realtimeRuntime)");
	else if (errno == EINVAL)
		hint("SCHED_FIFO and SCHED_RR want a 'priority' from 1 to 99, SCHED_DEADLINE a "
		     "'runtime' <= 'deadline' <= 'period'; see sched_setattr(2)");
	else if (errno == EBUSY)
		hint("the processors have no such time left "
		     "(/proc/sys/kernel/sched_rt_runtime_us)");
	return -EINVAL;
}

static int give_io_priority(const struct spec_io_priority *priority, pid_t pid)
{
	int value = IOPRIO_PRIO_VALUE(priority->class, priority->priority);

	if (!priority->set || syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, pid, value) == 0)
		return 0;
	fail("process.ioPriority: the kernel does not take it");
	if (errno == EPERM)
		hint("IOPRIO_CLASS_RT needs CAP_SYS_ADMIN or CAP_SYS_NICE");
	return -EPERM;
}

int tuning_give(const struct spec_scheduler *scheduler, const struct spec_io_priority *priority,
		pid_t pid)
{
	TRY(give_scheduler(scheduler, pid));
	return give_io_priority(priority, pid);
}

int tuning_give_again(const struct spec_scheduler *scheduler, pid_t pid)
{
	return (scheduler->flags & SCHED_FLAG_RESET_ON_FORK) != 0 ? give_scheduler(scheduler, pid)
								  : 0;
}

static int take_memory_policy(const struct spec_memory_policy *policy)
{
	struct numbers nodes = { 0 };
	int count = 0;

	if (!policy->set)
		return 0;
	if (policy->nodes != NULL)
		count = numbers_parse(policy->nodes, &nodes);
	TRY(count);
	/* The kernel takes the number of bits and one more. */
	if (syscall(SYS_set_mempolicy, policy->mode, count > 0 ? nodes.v : NULL,
		    count > 0 ? MAX_PROCESSORS + 1 : 0) == 0)
		return 0;
	fail("linux.memoryPolicy: the kernel does not take it");
	if (errno == EINVAL)
		hint("are the nodes there (/sys/devices/system/node/online), and does the cgroup "
		     "have them (linux.resources.cpu.mems)?");
	return -EINVAL;
}

int tuning_take(const struct spec *spec)
{
	if (spec->personality.set && personality(spec->personality.domain) < 0)
		return fail("linux.personality: the kernel does not take it");
	return take_memory_policy(&spec->memory_policy);
}

int tuning_affinity(const char *cpus, struct numbers *ret_old)
{
	struct numbers set;

	if (cpus == NULL)
		return 0;
	TRY(numbers_parse(cpus, &set));
	memset(ret_old, 0, sizeof(*ret_old));
	if (syscall(SYS_sched_getaffinity, 0, sizeof(ret_old->v), ret_old->v) < 0)
		return fail("cannot read which processors berth has");
	if (syscall(SYS_sched_setaffinity, 0, sizeof(set.v), set.v) == 0)
		return 0;
	fail("process.execCPUAffinity: the kernel does not take '%s'", cpus);
	if (errno == EINVAL)
		hint("none of them is there for this process (/sys/devices/system/cpu/online, "
		     "Cpus_allowed_list in /proc/self/status)");
	return -EINVAL;
}

int tuning_restore(const char *cpus, const struct numbers *old)
{
	if (cpus != NULL && syscall(SYS_sched_setaffinity, 0, sizeof(old->v), old->v) < 0)
		return fail("cannot take the processors back that berth had");
	return 0;
}
