/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/tuning.h"

#include <errno.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/numbers.h"
#include "base/proc.h"
#include "unit.h"

static pid_t start_other(void)
{
	pid_t pid = proc_fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	assert_true(pid > 0);
	return pid;
}

static void end_other(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(proc_reap(pid, &(int){ 0 }), 0);
}

static void the_parent_gives_priorities(void **state)
{
	pid_t pid = start_other();
	AUTO(spec) spec;

	spec_init(&spec);
	spec.process.io_priority =
		(struct spec_io_priority){ .set = true, .class = IOPRIO_CLASS_BE, .priority = 6 };
	spec.process.scheduler = (struct spec_scheduler){
		.set = true,
		.policy = SCHED_BATCH,
		.nice = 19,
		.flags = SCHED_FLAG_RESET_ON_FORK,
	};
	assert_int_equal(tuning_give(&spec.process.scheduler, &spec.process.io_priority, pid), 0);
	assert_int_equal(syscall(SYS_sched_getscheduler, pid), SCHED_BATCH | 0x40000000);
	assert_int_equal(syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, pid),
			 IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 6));
	end_other(pid);
}

static void what_the_kernel_refuses_has_the_property(void **state)
{
	AUTO(spec) spec;

	spec_init(&spec);
	spec.process.scheduler = (struct spec_scheduler){ .set = true, .policy = SCHED_FIFO };
	assert_true(tuning_give(&spec.process.scheduler, &spec.process.io_priority, getpid()) < 0);
	assert_non_null(strstr(err_text(), "process.scheduler"));
	spec.process.scheduler.set = false;
	spec.process.io_priority =
		(struct spec_io_priority){ .set = true, .class = 7, .priority = 6 };
	assert_true(tuning_give(&spec.process.scheduler, &spec.process.io_priority, getpid()) < 0);
	assert_non_null(strstr(err_text(), "process.ioPriority"));
}

/* In a child: both stay for good. */
static int take(void)
{
	AUTO(spec) spec;
	struct numbers nodes = { 0 };
	int mode = 0;

	spec_init(&spec);
	spec.personality = (struct spec_personality){ .set = true, .domain = PER_LINUX32 };
	if (tuning_take(&spec) < 0 || personality(0xffffffff) != PER_LINUX32)
		return 1;
	if (access("/proc/self/numa_maps", F_OK) < 0)
		return 0;
	spec.memory_policy.set = true;
	spec.memory_policy.mode = MPOL_BIND | MPOL_F_STATIC_NODES;
	spec.memory_policy.nodes = xstrdup("0");
	if (tuning_take(&spec) < 0 ||
	    syscall(SYS_get_mempolicy, &mode, nodes.v, MAX_PROCESSORS, NULL, 0) < 0)
		return 2;
	if (mode != (MPOL_BIND | MPOL_F_STATIC_NODES) || nodes.v[0] != 1)
		return 3;
	xreplace(&spec.memory_policy.nodes, "8191");
	if (tuning_take(&spec) >= 0 || strstr(err_text(), "linux.memoryPolicy") == NULL)
		return 4;
	return 0;
}

static void the_child_takes_the_rest(void **state)
{
	pid_t pid = proc_fork();
	int status = 0;

	if (pid == 0)
		_exit(take());
	assert_true(pid > 0);
	assert_int_equal(proc_reap(pid, &status), 0);
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void processors_come_back(void **state)
{
	struct numbers before = { 0 }, now = { 0 }, old;
	autofree char *one = NULL;
	unsigned int first = 0;

	assert_true(syscall(SYS_sched_getaffinity, 0, sizeof(before.v), before.v) > 0);
	while ((before.v[first / NUMBERS_WORD_BITS] >> first % NUMBERS_WORD_BITS & 1) == 0)
		first++;
	one = xasprintf("%u", first);
	assert_int_equal(tuning_affinity(one, &old), 0);
	assert_true(syscall(SYS_sched_getaffinity, 0, sizeof(now.v), now.v) > 0);
	assert_true(now.v[first / NUMBERS_WORD_BITS] == 1UL << first % NUMBERS_WORD_BITS);
	assert_int_equal(tuning_restore(one, &old), 0);
	assert_true(syscall(SYS_sched_getaffinity, 0, sizeof(now.v), now.v) > 0);
	assert_memory_equal(now.v, before.v, sizeof(now.v));
	assert_int_equal(tuning_affinity("8191", &old), -EINVAL);
	assert_non_null(strstr(err_text(), "process.execCPUAffinity"));
}

/* What is not asked for is not touched. */
static void nothing_is_nothing(void **state)
{
	struct numbers old;
	AUTO(spec) spec;

	spec_init(&spec);
	/* No process has that number. */
	assert_int_equal(tuning_give(&spec.process.scheduler, &spec.process.io_priority, -7), 0);
	assert_int_equal(tuning_give_again(&spec.process.scheduler, -7), 0);
	assert_int_equal(tuning_take(&spec), 0);
	assert_int_equal(tuning_affinity(NULL, &old), 0);
	assert_int_equal(tuning_restore(NULL, &old), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_parent_gives_priorities),
		cmocka_unit_test(what_the_kernel_refuses_has_the_property),
		cmocka_unit_test(the_child_takes_the_rest),
		cmocka_unit_test(processors_come_back),
		cmocka_unit_test(nothing_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
