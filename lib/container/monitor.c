/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/monitor.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/exit.h"
#include "base/fs.h"
#include "base/memory.h"
#include "base/proc.h"
#include "box/sync.h"
#include "container/supervisor.h"

#define OOM_SCORE "-999" /* the payload goes first */

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
	/* Only the mighty may: the others are as likely to be killed as everybody. */
	if (!supervisor->host->rootless &&
	    fs_write_file(AT_FDCWD, "/proc/self/oom_score_adj", OOM_SCORE) < 0)
		err_clear();
	return 0;
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
	(void)sync_send(report, SYNC_GO, NULL, 0);
	close(report);
	if (chdir("/") < 0)
		err_clear();
	slim(supervisor->container);
	record_sweep(supervisor->host);
	rc = supervisor_run(supervisor);
	if (rc >= 0)
		rc = supervisor_conclude(supervisor);
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
	/* The directory is the monitor's, with its lock. */
	container->record.locked = false;
	return hear(report, pid);
}
