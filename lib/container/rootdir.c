/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/rootdir.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/proc.h"
#include "box/rootview.h"
#include "image/cell.h"

/* What the host's /proc has of the process: the number may be another's by the time that it is
 * opened, and is the same one's from then on. */
static int open_process(const struct record *record)
{
	autofree char *path = xasprintf("/proc/%d", (int)record->pid);
	autoclose int proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (proc < 0 && errno != ENOENT)
		return fail("cannot open '%s'", path);
	if (proc < 0 || !proc_is_alive(record->pid, record->pid_start))
		return refuse_with(ESRCH, "the container '%s' is just ending", record->name);
	return steal_fd(&proc);
}

/* A user namespace other than ours: 1, and its descriptor; 0. */
static int open_userns(int proc, int *ret_ns)
{
	autoclose int ns = fs_open(proc, "ns/user", O_RDONLY, 0);
	struct stat theirs, ours;

	TRY(ns);
	if (fstat(ns, &theirs) < 0 || stat("/proc/self/ns/user", &ours) < 0)
		return fail("cannot look at user namespaces");
	if (theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino)
		return 0;
	*ret_ns = steal_fd(&ns);
	return 1;
}

static int become_root(int ns)
{
	if (setns(ns, CLONE_NEWUSER) < 0)
		return fail("cannot join the user namespace of the container");
	/* Where a single id that is not root's is mapped, it is that one that has the rights. */
	(void)!setgroups(0, NULL);
	(void)!setresgid(0, 0, 0);
	(void)!setresuid(0, 0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return 0;
}

/* What both kinds of children do in the end. Never returns. */
static void run_body(const struct rootdir *rootdir, int rc, int root, int report)
{
	const int keep[] = { root, rootdir->cell_in, report };

	/* A reader that goes away is an error as others are. */
	signal(SIGPIPE, SIG_IGN);
	umask(0);
	if (rc >= 0 && rootdir->cell_in >= 0)
		rc = cell_enter(&rootdir->kit, keep, ARRAY_SIZE(keep));
	if (rc >= 0)
		rc = rootdir->body(root, rootdir->arg);
	if (rc < 0)
		err_send(report, rc, STAGE_SETUP);
	_exit(rc < 0);
}

/* --- of a container that runs ----------------------------------------------------------------- */

static int enter(const struct rootdir *rootdir, int proc)
{
	autoclose int root = fs_open(proc, "root", O_PATH | O_DIRECTORY, 0);
	autoclose int mounts = fs_open(proc, "ns/mnt", O_RDONLY, 0);
	autoclose int ns = -1;
	int other;

	TRY(root);
	TRY(mounts);
	other = open_userns(proc, &ns);
	TRY(other);
	if (!proc_is_alive(rootdir->record->pid, rootdir->record->pid_start))
		return refuse_with(ESRCH, "the container is just ending");
	if (other == 1)
		TRY(become_root(ns));
	/* Its root directory is that of the namespace. */
	if (rootdir->cell_in >= 0 && setns(mounts, CLONE_NEWNS) < 0)
		return fail("cannot join the mount namespace of the container");
	return steal_fd(&root);
}

static int start_running(struct rootdir *rootdir, const int ends[2])
{
	const struct record *record = rootdir->record;
	autoclose int proc = -1;
	int root;

	if (record->status != RECORD_RUNNING || record->pid <= 0)
		return refuse_with(ESRCH, "the container '%s' is not running", record->name);
	proc = open_process(record);
	TRY(proc);
	err_clear();
	rootdir->pid = proc_fork();
	if (rootdir->pid == 0) {
		close(ends[0]);
		cleanup_close(&rootdir->not_for_child);
		root = enter(rootdir, proc);
		run_body(rootdir, root < 0 ? root : 0, root, ends[1]);
	}
	return rootdir->pid < 0 ? fail("cannot start a child") : 0;
}

/* --- of one that does not --------------------------------------------------------------------- */

struct standing {
	struct rootdir *rootdir;
	const int *ends;
};

static void run_standing(void *arg, int root)
{
	const struct standing *standing = arg;

	close(standing->ends[0]);
	cleanup_close(&standing->rootdir->not_for_child);
	run_body(standing->rootdir, 0, root, standing->ends[1]);
}

static int start_standing(struct rootdir *rootdir, const int ends[2])
{
	struct standing standing = { .rootdir = rootdir, .ends = ends };
	const struct rootview view = { .spec = rootdir->spec,
				       .pivot = rootdir->cell_in >= 0,
				       .body = run_standing,
				       .arg = &standing };

	return fail_in(rootview_start(&view, &rootdir->pid), "the files of the container '%s'",
		       rootdir->record->name);
}

int rootdir_start(struct rootdir *rootdir)
{
	int ends[2], rc;

	if (rootdir->cell_in >= 0)
		TRY(cell_prepare(&rootdir->kit));
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail("cannot talk to a child");
	rc = rootdir->spec != NULL ? start_standing(rootdir, ends) : start_running(rootdir, ends);
	close(ends[1]);
	rootdir->report = ends[0];
	return rc;
}

int rootdir_wait(struct rootdir *rootdir)
{
	enum err_stage stage;
	int code = 0, status, got = err_receive(rootdir->report, &code, &stage);
	pid_t pid = rootdir->pid;

	rootdir->pid = 0;
	TRY(proc_reap(pid, &status));
	TRY(got);
	if (got > 0)
		return code;
	if (WIFSIGNALED(status))
		return refuse_with(EIO, "a child of berth was ended by signal %d",
				   WTERMSIG(status));
	return WEXITSTATUS(status) == 0 ? 0 : refuse_with(EIO, "a child of berth failed");
}

void rootdir_release(struct rootdir *rootdir)
{
	if (rootdir->pid > 0) {
		kill(rootdir->pid, SIGKILL);
		(void)proc_reap(rootdir->pid, &(int){ 0 });
	}
	cleanup_close(&rootdir->report);
	cleanup_close(&rootdir->kit.null);
}
