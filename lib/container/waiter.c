/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/waiter.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
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
#include "container/healthfile.h"
#include "container/state.h"
#include "container/upkeep.h"

#define KILLED 137
#define QUICK_ROUNDS 50
#define QUICK_NSEC 200000L
#define SLOW_NSEC 20000000L
#define HEALTH_MSEC 50 /* how often the state of health is looked at */

void waiter_tell(const struct record *record, bool goes)
{
	AUTO(buf) text = BUF_INIT;
	autoclose int state = -1, fd = -1;
	char code[8];
	int len = snprintf(code, sizeof(code), "%d\n", record->exit_code);

	/* In place, for those who have it open. Who reads it half written passes over it, as over
	 * any container that is just going. */
	if (goes) {
		state_print(record, &text);
		state = openat(record->dirfd, "state.json", O_WRONLY | O_CLOEXEC);
		if (state >= 0 && pwrite(state, text.data, text.len, 0) >= 0)
			(void)!ftruncate(state, (off_t)text.len);
	}
	fd = openat(record->dirfd, "exit", O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return;
	(void)!write(fd, code, (size_t)len);
	unlinkat(record->dirfd, "exit", 0);
}

void waiter_begin(struct record *record, struct waiter *ret_waiter)
{
	int dirfd = record->dirfd, again;

	*ret_waiter = (struct waiter){ .record = *record, .exit_fd = -1, .state_fd = -1 };
	*record = (struct record)RECORD_INIT;
	if (dirfd < 0)
		return;
	ret_waiter->state_fd = openat(dirfd, "state.json", O_RDONLY | O_CLOEXEC);
	if (ret_waiter->record.status == RECORD_EXITED)
		return;
	ret_waiter->exit_fd = openat(dirfd, "exit", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	/* It may have been replaced; if it is gone, the other one has the last that there was. */
	again = openat(dirfd, "state.json", O_RDONLY | O_CLOEXEC);
	if (again < 0)
		return;
	cleanup_close(&ret_waiter->state_fd);
	ret_waiter->state_fd = again;
}

/* What the supervisor has left to us. */
static bool was_told(const struct waiter *waiter, int *ret_code)
{
	char text[8];
	ssize_t len = waiter->exit_fd >= 0 ? pread(waiter->exit_fd, text, sizeof(text) - 1, 0) : 0;

	if (len <= 0)
		return false;
	text[len] = '\0';
	*ret_code = (int)strtol(text, NULL, 10);
	return true;
}

static int parse(int fd, struct record *ret_record)
{
	AUTO(buf) text = BUF_INIT;

	TRY(fs_read_fd(fd, "state.json", MAX_STATE_FILE, &text));
	return state_parse(text.data, text.len, ret_record);
}

/* The record is gone: the file that we hold has the last that was written to it. */
static int judge_removed(const struct waiter *waiter, int *ret_code)
{
	AUTO(record) last = RECORD_INIT;
	bool known;

	if (was_told(waiter, ret_code))
		return 0;
	known = waiter->state_fd >= 0 && lseek(waiter->state_fd, 0, SEEK_SET) == 0 &&
		parse(waiter->state_fd, &last) >= 0;
	err_clear();
	if (!known)
		return refuse_with(ENOENT, "there is no container '%s': it was just removed",
				   waiter->record.name);
	if (last.status == RECORD_CREATED)
		return refuse_with(ENOENT, "the container '%s' was removed before it ran",
				   waiter->record.name);
	*ret_code = last.status == RECORD_EXITED ? last.exit_code : KILLED;
	return 0;
}

static void sleep_until(const struct record *now, int round)
{
	struct timespec pause = { .tv_nsec = round < QUICK_ROUNDS ? QUICK_NSEC : SLOW_NSEC };
	autoclose int pidfd = -1;

	if (now->status == RECORD_RUNNING && now->pid > 0) {
		struct pollfd process = { .events = POLLIN };

		pidfd = (int)syscall(SYS_pidfd_open, now->pid, 0);
		process.fd = pidfd;
		if (pidfd >= 0 && proc_is_alive(now->pid, now->pid_start)) {
			(void)poll(&process, 1, -1);
			return;
		}
	}
	nanosleep(&pause, NULL);
}

/* Its lock is free though it says that it runs: its supervisor was killed. */
static bool is_abandoned(const struct waiter *waiter)
{
	if (flock(waiter->record.dirfd, LOCK_SH | LOCK_NB) < 0)
		return false;
	flock(waiter->record.dirfd, LOCK_UN);
	return true;
}

/* Its state as it is on disk: 1, or 0 where it has none any more. */
static int look(const struct waiter *waiter, struct record *ret_now)
{
	autoclose int fd = openat(waiter->record.dirfd, "state.json", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : fail("cannot read '%s'", waiter->record.dir);
	if (parse(fd, ret_now) < 0) {
		/* Half written: it is looked at again. */
		err_clear();
		*ret_now = (struct record)RECORD_INIT;
	}
	return 1;
}

static int wait_end(struct waiter *waiter, enum waiter_condition condition, int *ret_code)
{
	for (int round = 0;; round++) {
		AUTO(record) now = RECORD_INIT;
		bool abandoned = is_abandoned(waiter);
		int there;

		if (condition == WAITER_STOPPED && was_told(waiter, ret_code))
			return 0;
		there = look(waiter, &now);
		TRY(there);
		if (there == 0)
			return judge_removed(waiter, ret_code);
		if (condition == WAITER_RUNNING && now.status == RECORD_RUNNING && now.pid > 0) {
			*ret_code = -1;
			return 0;
		}
		if (condition == WAITER_STOPPED &&
		    (now.status == RECORD_EXITED || (now.status == RECORD_RUNNING && abandoned))) {
			*ret_code = now.status == RECORD_EXITED ? now.exit_code : KILLED;
			return 0;
		}
		sleep_until(&now, round);
	}
}

static int wait_removal(struct waiter *waiter, int *ret_code)
{
	const struct timespec pause = { .tv_nsec = SLOW_NSEC };
	struct stat st;

	while (fstat(waiter->record.dirfd, &st) >= 0 && st.st_nlink != 0) {
		AUTO(record) now = RECORD_INIT;
		int there = look(waiter, &now);

		TRY(there);
		if (there > 0 && now.status == RECORD_RUNNING)
			sleep_until(&now, 0);
		else
			nanosleep(&pause, NULL);
	}
	return judge_removed(waiter, ret_code);
}

static int refuse_unchecked(const struct record *record)
{
	AUTO(upkeep) upkeep = UPKEEP_INIT;

	TRY(upkeep_load(record, &upkeep));
	if (health_is_on(&upkeep.health))
		return 0;
	refuse_with(ENOENT, "the container '%s' has no health check", record->name);
	hint("'berth update --health-cmd COMMAND %s' gives it one", record->name);
	return -ENOENT;
}

static void sleep_checked(const struct record *now)
{
	struct pollfd process = { .fd = -1, .events = POLLIN };

	if (now->status == RECORD_RUNNING && now->pid > 0)
		process.fd = (int)syscall(SYS_pidfd_open, now->pid, 0);
	(void)poll(&process, 1, HEALTH_MSEC);
	cleanup_close(&process.fd);
}

static int wait_health(struct waiter *waiter, enum health_status wanted, int *ret_code)
{
	for (;;) {
		AUTO(record) now = RECORD_INIT;
		struct record *record = &waiter->record;
		bool abandoned = is_abandoned(waiter);
		int there = look(waiter, &now);

		TRY(there);
		if (there == 0 || now.status == RECORD_EXITED ||
		    (now.status == RECORD_RUNNING && abandoned))
			return refuse_with(ESRCH, "the container '%s' has ended before it was %s",
					   record->name, health_status_name(wanted));
		record->status = now.status;
		record->pid_start = now.pid_start;
		if (now.status == RECORD_RUNNING && healthfile_status(record) == wanted) {
			*ret_code = -1;
			return 0;
		}
		TRY(refuse_unchecked(record));
		sleep_checked(&now);
	}
}

int waiter_wait(struct waiter *waiter, enum waiter_condition condition, int *ret_code)
{
	if (condition == WAITER_REMOVED)
		return wait_removal(waiter, ret_code);
	if (condition == WAITER_HEALTHY)
		return wait_health(waiter, HEALTH_HEALTHY, ret_code);
	if (condition == WAITER_UNHEALTHY)
		return wait_health(waiter, HEALTH_UNHEALTHY, ret_code);
	return wait_end(waiter, condition, ret_code);
}

void waiter_release(struct waiter *waiter)
{
	cleanup_close(&waiter->exit_fd);
	cleanup_close(&waiter->state_fd);
	record_release(&waiter->record);
	*waiter = (struct waiter){ .record = RECORD_INIT, .exit_fd = -1, .state_fd = -1 };
}
