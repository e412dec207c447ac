/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/target.h"

#include <signal.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/proc.h"

static int refuse_ended(const struct record *record)
{
	if (record->status == RECORD_CREATED)
		return refuse_with(ESRCH, "the container '%s' is not running: it was not started",
				   record->name);
	return refuse_with(ESRCH, "the container '%s' is not running: it ended with status %d",
			   record->name, record->exit_code);
}

static int open_process(struct target *target)
{
	const struct record *record = &target->record;

	if (record->status != RECORD_RUNNING)
		return refuse_ended(record);
	if (record->pid <= 0)
		return refuse_with(ESRCH, "the container '%s' is just being started", record->name);
	target->pidfd = (int)syscall(SYS_pidfd_open, record->pid, 0);
	if (target->pidfd < 0 && errno != ESRCH)
		return fail("cannot open process %d of the container '%s'", (int)record->pid,
			    record->name);
	if (target->pidfd < 0 || !proc_is_alive(record->pid, record->pid_start))
		return refuse_with(ESRCH, "the container '%s' is just ending", record->name);
	return 0;
}

int target_take(struct record *record, struct target *ret_target)
{
	struct target target = TARGET_INIT;
	int rc;

	target.record = *record;
	*record = (struct record)RECORD_INIT;
	rc = open_process(&target);
	if (rc >= 0 && target.record.cgroup != NULL)
		rc = cgroup_find(target.record.cgroup, &target.cgroup);
	if (rc < 0) {
		target_release(&target);
		return rc;
	}
	*ret_target = target;
	return 0;
}

int target_open(const struct host *host, const char *name, struct target *ret_target)
{
	AUTO(record) record = RECORD_INIT;

	TRY(record_find(host, name, &record));
	return target_take(&record, ret_target);
}

int target_signal(const struct target *target, int signal)
{
	if (syscall(SYS_pidfd_send_signal, target->pidfd, signal, NULL, 0) == 0)
		return 0;
	if (errno == ESRCH)
		return refuse_with(ESRCH, "the container '%s' has ended", target->record.name);
	return fail("cannot send signal %d to the container '%s'", signal, target->record.name);
}

void target_release(struct target *target)
{
	cleanup_close(&target->pidfd);
	cgroup_release(&target->cgroup);
	record_release(&target->record);
	*target = (struct target)TARGET_INIT;
}
