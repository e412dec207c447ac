/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/monitor.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/exit.h"
#include "base/fs.h"
#include "base/memory.h"
#include "base/proc.h"
#include "box/sync.h"
#include "container/again.h"
#include "container/end.h"
#include "container/remake.h"
#include "container/restartpolicy.h"
#include "container/scratch.h"
#include "container/supervisor.h"
#include "container/upkeep.h"
#include "container/volumemount.h"

#define OOM_SCORE "-999"
#define SLICE_MS 50 /* how often a stop is looked for between two starts */

/* What the monitor tells of its start. */
union verdict {
	char word;
	struct err_packet packet;
};

/* Descriptors that were open when berth was started are the caller's: ours are closed on exec. */
static void close_inherited(int first)
{
	autodir DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		int fd = (int)strtol(entry->d_name, NULL, 10);

		if (fd >= first && fd != dirfd(dir) && (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0)
			close(fd);
	}
}

/* All that started it may go; what is locked stays locked. */
static void slim(struct container *container)
{
	int lock = steal_fd(&container->image.lock);

	spec_release(&container->spec);
	spec_init(&container->spec);
	image_release(&container->image);
	container->image = (struct image)IMAGE_INIT;
	container->image.lock = lock;
	store_release(&container->store);
	container->store = (struct store)STORE_INIT;
	memory_shed();
}

/* When memory is short the payload goes first, which a killed monitor would take with it. Only the
 * mighty may do this: the others are as likely to be killed as everybody. */
static void guard(const struct supervisor *supervisor, bool on)
{
	if (!supervisor->host->rootless &&
	    fs_write_file(AT_FDCWD, "/proc/self/oom_score_adj", on ? OOM_SCORE : "0") < 0)
		err_clear();
}

static int begin(struct supervisor *supervisor)
{
	struct container *container = supervisor->container;

	if (setsid() < 0)
		return fail("cannot start a session");
	TRY(notice_prepare(supervisor->request));
	close_inherited(STDERR_FILENO + 1 + container->spec.process.preserve_fds);
	TRY(capture_open(supervisor->host, container, &supervisor->capture));
	TRY(supervisor_begin(supervisor));
	close_inherited(STDERR_FILENO + 1);
	guard(supervisor, true);
	return 0;
}

/* 1: the time has passed; 0: it is to end, by a signal or by a command. */
static int sleep_between(struct supervisor *supervisor, int64_t pause)
{
	struct pollfd poll_fd = { .fd = supervisor->signals.fd, .events = POLLIN };
	struct signalfd_siginfo info;

	for (int64_t slept = 0; slept < pause; slept += SLICE_MS) {
		if (end_forbids_restart(&supervisor->container->record))
			return 0;
		if (poll(&poll_fd, 1, SLICE_MS) < 0 && errno != EINTR)
			return fail("cannot wait for the next start");
		while (signals_next(&supervisor->signals, &info))
			if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
				return 0;
	}
	return !end_forbids_restart(&supervisor->container->record);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Again: 1 where it runs. */
static int begin_again(struct supervisor *supervisor)
{
	struct container *container = supervisor->container;

	container->kept = true;
	container->record.restarting = false;
	guard(supervisor, false);
	TRY(remake_again(supervisor->host, container));
	TRY(supervisor_begin(supervisor));
	guard(supervisor, true);
	supervisor_open(supervisor);
	slim(container);
	return 1;
}

/* 0 where it is to end. */
static int follow_policy(struct supervisor *supervisor, int64_t ran, int64_t *pause)
{
	int rc;

	TRY(supervisor_pause(supervisor));
	slim(supervisor->container);
	rc = sleep_between(supervisor, restart_policy_pause(ran, pause));
	if (rc <= 0)
		return rc;
	supervisor->container->record.restarts++;
	return begin_again(supervisor);
}

/* One that goes with its end is started again by us: a command has ended it, and waits. */
static bool is_asked_again(const struct record *record)
{
	return (record->ephemeral || record->auto_remove) && again_is_near(record);
}

static int follow_command(struct supervisor *supervisor)
{
	end_permit_restart(&supervisor->container->record);
	TRY(supervisor_pause(supervisor));
	slim(supervisor->container);
	if (supervisor->container->record.ephemeral)
		TRY(scratch_renew(supervisor->host, supervisor->container->record.id));
	return begin_again(supervisor);
}

/* The policy may have been updated. */
static void read_policy(struct record *record)
{
	AUTO(upkeep) upkeep = UPKEEP_INIT;

	if (upkeep_load(record, &upkeep) < 0)
		err_clear();
	else if (upkeep.restart != NULL)
		xreplace(&record->restart, upkeep.restart);
}

static bool is_to_run_again(const struct supervisor *supervisor)
{
	struct record *record = &supervisor->container->record;
	struct restart_policy policy;

	if (record->ephemeral || record->auto_remove || end_forbids_restart(record))
		return false;
	read_policy(record);
	if (restart_policy_parse(record->restart, &policy) < 0)
		return false;
	return supervisor->again ||
	       restart_policy_applies(&policy, supervisor->exited.code, record->restarts);
}

static int live(struct supervisor *supervisor)
{
	int64_t pause = 0, started;
	int rc = 1;

	while (rc > 0) {
		started = now_ms();
		TRY(supervisor_run(supervisor));
		if (is_asked_again(&supervisor->container->record)) {
			rc = follow_command(supervisor);
			continue;
		}
		if (!is_to_run_again(supervisor))
			return supervisor_conclude(supervisor);
		rc = follow_policy(supervisor, now_ms() - started, &pause);
	}
	return rc < 0 ? supervisor_give_up(supervisor, rc) : supervisor_settle(supervisor);
}

static void __attribute__((noreturn)) monitor_main(struct supervisor *supervisor, int report)
{
	int rc = begin(supervisor);

	if (rc < 0) {
		bool exec_failed = supervisor->box.exec_failed;

		(void)supervisor_give_up(supervisor, rc);
		(void)!err_send(report, rc, exec_failed ? STAGE_EXEC : STAGE_SETUP);
		supervisor_release(supervisor);
		_exit(EXIT_BERTH);
	}
	/* Before anybody knows of it: what is done next may be an exec. */
	supervisor_open(supervisor);
	(void)sync_send(report, SYNC_GO, NULL, 0);
	close(report);
	if (chdir("/") < 0)
		err_clear();
	slim(supervisor->container);
	record_sweep(supervisor->host);
	rc = live(supervisor);
	supervisor_release(supervisor);
	_exit(rc < 0 ? EXIT_BERTH : rc);
}

/* What became of it. */
static int hear(int report, pid_t pid)
{
	union verdict verdict;
	ssize_t len;
	int status = 0;

	do
		len = read(report, &verdict, sizeof(verdict));
	while (len < 0 && errno == EINTR);
	if (len == 1 && verdict.word == (char)SYNC_GO)
		return 0;
	(void)proc_reap(pid, &status);
	if (len != sizeof(verdict.packet))
		return refuse_with(ECHILD, "the monitor of the container was killed");
	verdict.packet.text[ERR_TEXT_MAX - 1] = '\0';
	verdict.packet.hint[ERR_HINT_MAX - 1] = '\0';
	err_set(verdict.packet.text, verdict.packet.hint);
	if (verdict.packet.stage == STAGE_EXEC)
		return verdict.packet.code == -ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE;
	return verdict.packet.code < 0 ? verdict.packet.code : -EIO;
}

int monitor_start(const struct host *host, const struct request *request,
		  struct container *container)
{
	AUTO(supervisor) supervisor = SUPERVISOR_INIT;
	autoclose int report = -1;
	int pair[2];
	pid_t pid;

	supervisor.host = host;
	supervisor.request = request;
	supervisor.container = container;
	err_clear();
	TRY(sync_pair(pair));
	report = pair[0];
	pid = fork();
	if (pid < 0) {
		close(pair[1]);
		return fail("cannot make the monitor of the container");
	}
	if (pid == 0) {
		close(pair[0]);
		monitor_main(&supervisor, pair[1]);
	}
	close(pair[1]);
	/* The directory is the monitor's, with its lock, and so are the volumes. */
	volumemount_unlock(container);
	container->record.locked = false;
	return hear(report, pid);
}
