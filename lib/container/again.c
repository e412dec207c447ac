/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/again.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "container/end.h"
#include "container/monitor.h"
#include "container/remake.h"
#include "container/requirement.h"
#include "container/start.h"

/* In the container's directory: locked by who restarts it. */
#define RESTARTING "restarting"
#define STOP_SECONDS 10
#define POLL_NSEC 2000000L
#define POLLS 15000 /* 30 s */

int again_background(const struct host *host, struct record *record)
{
	AUTO(container) container = CONTAINER_INIT;
	AUTO(request) request;

	request_init(&request);
	TRY(record_take(record));
	TRY(requirement_start(host, record));
	end_permit_restart(record);
	TRY(remake_container(host, record, &container));
	remake_request(&container, &request);
	return monitor_start(host, &request, &container);
}

int again_foreground(const struct host *host, struct record *record,
		     const struct again_attach *attach)
{
	AUTO(container) container = CONTAINER_INIT;
	AUTO(request) request;
	struct spec_process *process;

	request_init(&request);
	TRY(record_take(record));
	TRY(requirement_start(host, record));
	end_permit_restart(record);
	TRY(remake_container(host, record, &container));
	remake_request(&container, &request);
	process = &container.spec.process;
	request.detach = false;
	request.sig_proxy = attach->sig_proxy;
	request.interactive &= attach->interactive;
	process->stdin_null = !request.interactive;
	process->stdin_keep = request.tty && request.interactive && !isatty(STDIN_FILENO);
	return start_foreground(host, &request, &container);
}

static int64_t seconds_of(const struct record *record, int64_t seconds)
{
	if (seconds >= 0)
		return seconds;
	return record->stop_timeout >= 0 ? record->stop_timeout : STOP_SECONDS;
}

/* Whoever it was made for has it in the foreground, and its plan or its ids end with it. */
static int check_again(const struct record *record)
{
	if (record->once) {
		refuse("the ids that --userns auto gave the container '%s' were for one start",
		       record->name);
		hint("run a new one");
		return -EINVAL;
	}
	if ((record->ephemeral || record->auto_remove) && record->log_driver == NULL) {
		refuse("the container '%s' goes when it ends: it has --rm, and runs in the "
		       "foreground",
		       record->name);
		hint("run a new one");
		return -EINVAL;
	}
	return 0;
}

/* Its monitor starts it again: nobody else may, as one of --rm is garbage without a supervisor. */
static int await_again(const struct host *host, const char *id, uint64_t before)
{
	const struct timespec pause = { .tv_nsec = POLL_NSEC };

	for (int i = 0; i < POLLS; i++) {
		AUTO(record) now = RECORD_INIT;
		int rc = record_find(host, id, &now);

		if (rc == -ENOENT)
			return refuse_with(ECHILD, "it is gone, as it has --rm: it could not be "
						   "started again, or ended at once");
		TRY(rc);
		if (now.status == RECORD_RUNNING && now.pid > 0 && now.pid_start != before &&
		    now.executed == now.pid_start)
			return 0;
		nanosleep(&pause, NULL);
	}
	return refuse_with(ETIMEDOUT, "its monitor does not start it again");
}

static int restart_running(const struct host *host, struct record *record, int64_t seconds)
{
	uint64_t before = record->pid_start;

	if (!record->ephemeral && !record->auto_remove) {
		TRY(end_stop(record, seconds));
		return again_background(host, record);
	}
	TRY(end_stop_process(record, seconds));
	return await_again(host, record->id, before);
}

int again_restart(const struct host *host, struct record *record, int64_t seconds)
{
	autoclose int mark = -1;
	autoclose int dirfd = -1;
	int rc;

	TRY(check_again(record));
	if (record->status != RECORD_RUNNING)
		return again_background(host, record);
	dirfd = fcntl(record->dirfd, F_DUPFD_CLOEXEC, 3);
	mark = fs_open(record->dirfd, RESTARTING, O_RDWR | O_CREAT, 0600);
	TRY(mark);
	if (flock(mark, LOCK_EX) < 0)
		return fail("cannot lock '%s'", RESTARTING);
	rc = restart_running(host, record, seconds_of(record, seconds));
	unlinkat(dirfd, RESTARTING, 0);
	return rc;
}

bool again_is_near(const struct record *record)
{
	autoclose int mark = openat(record->dirfd, RESTARTING, O_RDONLY | O_CLOEXEC);

	return mark >= 0 && flock(mark, LOCK_SH | LOCK_NB) < 0;
}
