/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/end.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/proc.h"
#include "box/cgroup.h"
#include "container/claim.h"
#include "container/pause.h"
#include "container/scratch.h"
#include "container/state.h"
#include "container/terms.h"
#include "container/volumeuse.h"

/* In the directory of a container that a command stops. */
#define STOPPED "stopped"

#define POLL_NSEC 2000000L           /* how often a lock is tried */
#define GLANCE_USEC UINT64_C(100000) /* who lists containers has a lock for less */
#define KILL_SECONDS 10
#define QUICK_POLLS 50 /* the first ones are much shorter: most ends take a few milliseconds */
#define QUICK_NSEC 200000L
#define USEC_PER_SEC UINT64_C(1000000)
#define USEC_PER_MSEC 1000
#define NSEC_PER_USEC 1000

uint64_t end_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / NSEC_PER_USEC;
}

/* Until `deadline`; 0: for ever. */
static int poll_lock(struct record *record, uint64_t deadline, int quick)
{
	struct timespec pause = { .tv_nsec = QUICK_NSEC };
	struct stat st;

	while (flock(record->dirfd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return fail("cannot lock '%s'", record->dir);
		if (deadline != 0 && end_now() >= deadline)
			return -EWOULDBLOCK;
		pause.tv_nsec = quick > 0 ? QUICK_NSEC : POLL_NSEC;
		quick -= quick > 0;
		nanosleep(&pause, NULL);
	}
	record->locked = true;
	if (fstat(record->dirfd, &st) < 0)
		return fail("cannot read '%s'", record->dir);
	return st.st_nlink == 0 ? -ENOENT : 0;
}

int end_wait(struct record *record)
{
	return poll_lock(record, end_now() + GLANCE_USEC, QUICK_POLLS);
}

/* The state may have been written after ours was read: the container was just being made. */
static void refresh(struct record *record)
{
	AUTO(record) now = RECORD_INIT;
	AUTO(buf) text = BUF_INIT;

	if (fs_read_file(record->dirfd, "state.json", MAX_STATE_FILE, &text) < 0 ||
	    state_parse(text.data, text.len, &now) < 0) {
		err_clear();
		return;
	}
	record->pid = now.pid;
	record->pid_start = now.pid_start;
	record->status = now.status;
	xreplace(&record->cgroup, now.cgroup);
}

bool end_is_running(struct record *record)
{
	refresh(record);
	return record->status == RECORD_RUNNING;
}

/* By a descriptor, compared with the start time after it is open: never another process that got
 * the number. -1: there is none. */
static int open_process(const struct record *record)
{
	autoclose int pidfd = -1;

	if (record->pid <= 0)
		return -1;
	pidfd = (int)syscall(SYS_pidfd_open, record->pid, 0);
	if (pidfd < 0 || !proc_is_alive(record->pid, record->pid_start))
		return -1;
	return steal_fd(&pidfd);
}

static int send_signal(const struct record *record, int signal)
{
	autoclose int pidfd = open_process(record);

	if (pidfd < 0)
		return 0;
	if (syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 && errno != ESRCH)
		return fail("cannot send signal %d to the container '%s'", signal, record->name);
	if (pause_set(record, false) < 0)
		err_clear(); /* it may have ended meanwhile */
	return 1;
}

void end_forbid_restart(const struct record *record)
{
	autoclose int fd = openat(record->dirfd, STOPPED, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

void end_permit_restart(const struct record *record)
{
	unlinkat(record->dirfd, STOPPED, 0);
}

bool end_forbids_restart(const struct record *record)
{
	return faccessat(record->dirfd, STOPPED, F_OK, 0) == 0;
}

int end_kill(struct record *record)
{
	const uint64_t deadline = end_now() + KILL_SECONDS * USEC_PER_SEC;
	int rc = -EWOULDBLOCK;

	end_forbid_restart(record);
	while (rc == -EWOULDBLOCK && end_now() < deadline) {
		refresh(record);
		TRY(send_signal(record, SIGKILL));
		rc = poll_lock(record, end_now() + GLANCE_USEC, QUICK_POLLS);
	}
	if (rc == -EWOULDBLOCK && record->pid <= 0) {
		refuse_with(EBUSY, "the container '%s' is busy", record->name);
		hint("files are copied to or from it: end that command, or wait for it");
		return -EBUSY;
	}
	if (rc == -EWOULDBLOCK) {
		refuse_with(EBUSY, "the container '%s' did not end within %d seconds of SIGKILL",
			    record->name, KILL_SECONDS);
		hint("look at its process %d: it may wait for a disk or a network file system, or "
		     "a debugger holds it",
		     (int)record->pid);
		return -EBUSY;
	}
	/* Its supervisor may have left something, and said so. */
	if (rc == 0)
		refresh(record);
	return rc;
}

int end_ask(struct record *record, int signal)
{
	end_forbid_restart(record);
	refresh(record);
	return send_signal(record, signal);
}

static int msec_left(uint64_t deadline)
{
	uint64_t now = end_now(), left = deadline > now ? (deadline - now) / USEC_PER_MSEC : 0;

	if (deadline == 0)
		return -1;
	return left > INT_MAX ? INT_MAX : (int)left;
}

/* 1: it is gone. */
static int await_process(int pidfd, uint64_t deadline)
{
	struct pollfd process = { .fd = pidfd, .events = POLLIN };
	int rc;

	do
		rc = poll(&process, 1, msec_left(deadline));
	while (rc < 0 && errno == EINTR);
	return rc;
}

/* First for the process, which costs nothing, then for its supervisor. */
static int await_lock(struct record *record, uint64_t deadline)
{
	autoclose int pidfd = open_process(record);

	if (pidfd >= 0)
		(void)await_process(pidfd, deadline);
	return poll_lock(record, deadline, QUICK_POLLS);
}

int end_stop(struct record *record, int64_t seconds)
{
	uint64_t deadline = end_now() + (uint64_t)seconds * USEC_PER_SEC;
	int rc;

	TRY(end_ask(record, record->stop_signal != 0 ? record->stop_signal : SIGTERM));
	rc = await_lock(record, deadline);
	return rc == -EWOULDBLOCK ? end_kill(record) : rc;
}

int end_stop_process(struct record *record, int64_t seconds)
{
	autoclose int pidfd = open_process(record);
	uint64_t deadline = end_now() + (uint64_t)seconds * USEC_PER_SEC;

	if (pidfd < 0)
		return 0;
	TRY(end_ask(record, record->stop_signal != 0 ? record->stop_signal : SIGTERM));
	if (await_process(pidfd, deadline) > 0)
		return 0;
	TRY(send_signal(record, SIGKILL));
	if (await_process(pidfd, end_now() + KILL_SECONDS * USEC_PER_SEC) > 0)
		return 0;
	return refuse_with(EBUSY, "the container '%s' did not end within %d seconds of SIGKILL",
			   record->name, KILL_SECONDS);
}

int end_await(struct record *record, uint64_t deadline)
{
	int rc = await_lock(record, deadline);

	if (record->locked) {
		flock(record->dirfd, LOCK_UN);
		record->locked = false;
	}
	return rc == -ENOENT ? 0 : rc;
}

int end_leftovers(struct record *record)
{
	AUTO(buf) name = BUF_INIT;
	int rc = 0;

	if (record->cgroup != NULL)
		buf_add_str(&name, record->cgroup);
	else if (record->status == RECORD_CREATED)
		(void)cgroup_guess(record->id, &name);
	if (name.len != 0)
		rc = cgroup_discard(name.data);
	if (rc == -EBUSY)
		return rc;
	xreplace(&record->cgroup, NULL);
	err_clear();
	return 0;
}

/* It may have been renamed since the record was read. */
static void drop_names(const struct host *host, struct record *record)
{
	claim_drop(host, record);
	if (claim_read_name(record) > 0)
		claim_drop(host, record);
}

int end_discard(const struct host *host, struct record *record)
{
	/* What it left must not be forgotten: the record stays until that is gone. */
	TRY(end_leftovers(record));
	/* Its anonymous volumes go first, or are another's concern: what is left of it when we are
	 * killed must not take with it what was to stay. */
	if (record->with_volumes || record->auto_remove || !record->saved)
		TRY(volumeuse_drop(host, record));
	else if (!record->ephemeral)
		TRY(volumeuse_forget(record));
	/* Without it there is no container any more, whatever remains to be swept. The names go
	 * after it: one that is shown has its name. */
	if (unlinkat(record->dirfd, "state.json", 0) < 0 && errno != ENOENT)
		return fail("cannot remove '%s'", record->dir);
	drop_names(host, record);
	if (record->ephemeral)
		TRY(scratch_remove(host, record->id));
	terms_drop(record);
	if (rmdir(record->dir) < 0 && errno != ENOENT)
		TRY(scratch_remove_tree(host, AT_FDCWD, record->dir));
	cleanup_close(&record->dirfd);
	record->dirfd = -1;
	record->locked = false;
	return 0;
}
