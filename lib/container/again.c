/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/again.h"

#include <fcntl.h>
#include <sys/file.h>
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

static int stop(struct record *record, int64_t seconds)
{
	if (record->ephemeral || record->auto_remove) {
		refuse("the container '%s' goes when it ends: it has --rm", record->name);
		hint("run a new one");
		return -EINVAL;
	}
	if (seconds < 0)
		seconds = record->stop_timeout >= 0 ? record->stop_timeout : STOP_SECONDS;
	return end_stop(record, seconds);
}

int again_restart(const struct host *host, struct record *record, int64_t seconds)
{
	autoclose int mark = -1;
	autoclose int dirfd = -1;
	int rc = 0;

	if (record->status == RECORD_RUNNING) {
		dirfd = fcntl(record->dirfd, F_DUPFD_CLOEXEC, 3);
		mark = fs_open(record->dirfd, RESTARTING, O_RDWR | O_CREAT, 0600);
		TRY(mark);
		if (flock(mark, LOCK_EX) < 0)
			return fail("cannot lock '%s'", RESTARTING);
		rc = stop(record, seconds);
	}
	if (rc >= 0)
		rc = again_background(host, record);
	if (mark >= 0)
		unlinkat(dirfd, RESTARTING, 0);
	return rc;
}

bool again_is_near(const struct record *record)
{
	autoclose int mark = openat(record->dirfd, RESTARTING, O_RDONLY | O_CLOEXEC);

	return mark >= 0 && flock(mark, LOCK_SH | LOCK_NB) < 0;
}
