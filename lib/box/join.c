/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/join.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/exit.h"
#include "base/numbers.h"
#include "base/path.h"
#include "base/proc.h"
#include "box/become.h"
#include "box/keyring.h"
#include "box/label.h"
#include "box/limits.h"
#include "box/ns.h"
#include "box/sync.h"
#include "box/tty.h"
#include "box/tuning.h"
#include "spec/names.h"

/*
 * Theory of operation.
 *
 * Three processes act: the parent, who stays outside; the joiner, who is born in the container's
 * cgroup, joins its namespaces and gives up every right; and the payload, whom the joiner starts as
 * his sibling (CLONE_PARENT), so that it is the parent's to wait for.
 *
 *	parent					joiner
 *	------					------
 *	stub; which namespaces differ
 *	clone3, in the cgroup of v2 ----------> dies with its parent, closes what is not needed,
 *						OOM score; hidden; clean signals, cgroup of v1
 *						one setns(2): all of the namespaces
 *						user, environment, null device, terminal, limits
 *	box_created() <------------------------ CREATED, with the pty
 *	GO -----------------------------------> become.h; executes the stub
 *						the stub: clone ------> tied to the parent, session,
 *	join_go() <---------------------------- its number, ends	label; execs the payload
 *
 * What the order is for:
 *
 * - A process namespace is joined by children only: the joiner himself is never in the container's,
 *   and nothing in there can see him. The payload is, from its first instruction, and processes of
 *   the container with its user and capabilities may attach to it as they may to each other. By
 *   then it has nothing that they have not: it is the stub, under the filter, with its final ids
 *   and capabilities (CVE-2019-5736, CVE-2016-9962).
 * - With --pid host the joiner is seen. He is not dumpable from before he joins until the stub.
 * - The joiner has a session of his own before he has a sibling: nobody finds berth's terminal
 *   through it.
 * - He enters the cgroup before the cgroup namespace, behind which it may not be left or entered.
 * - Paths of the container are resolved in its root, after the setns(2): no link in it can name
 *   anything of the host, and what a file has to be is looked at once it is open.
 * - What the stub says the payload's number is could be said by any process that may attach to it.
 *   It is taken for true only if it is a child of the parent: then the kernel vouches for it.
 */

struct joiner {
	const struct spec *spec;
	const struct join *join;
	int flags; /* of setns(2) */
	bool wait; /* until the parent has had it moved to the cgroup */
	int sync, stub;
	int root, proc; /* of the container; proc only for a label */
	struct tty tty;
	struct user user;
	struct strvec env;
	enum err_stage stage;
};

/* Before anything of the container is near. */
static int leave_caller(struct joiner *joiner)
{
	const struct spec_process *process = &joiner->spec->process;
	int keep[] = { joiner->sync, joiner->stub, joiner->join->pidfd };
	autoclose int proc = -1;

	TRY(become_tied(joiner->sync));
	become_reset_signals();
	TRY(exec_check_fds(process));
	TRY(exec_close_others(process, keep, ARRAY_SIZE(keep)));
	proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		return fail("cannot open '/proc'");
	/* The files in there of a process that is hidden are root's. */
	TRY(limits_apply_oom(process, proc));
	/* Who is in a user namespace cannot raise any. */
	if ((joiner->flags & (int)ns_table[NS_USER].clone_flag) != 0)
		limits_raise(process, 0);
	TRY(become_hidden());
	if (setsid() < 0)
		return fail("cannot start a session");
	return 0;
}

static int enter(struct joiner *joiner)
{
	struct numbers old;

	TRY(cgroup_enter(joiner->join->cgroup));
	if (joiner->wait)
		TRY(sync_wait(joiner->sync, SYNC_ENTER, NULL, 0));
	TRY(ns_join_process(joiner->join->pidfd, joiner->flags));
	TRY(ns_become_root(joiner->spec));
	TRY(keyring_join(joiner->spec));
	TRY(tuning_affinity(joiner->spec->process.affinity.final, &old));
	TRY(tuning_take(joiner->spec));
	TRY(become_tied(joiner->sync));
	joiner->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (joiner->root < 0 || fchdir(joiner->root) < 0)
		return fail("cannot open the root of the container");
	return 0;
}

/* What the container calls its null device may be anything by now. */
static int take_null(const struct joiner *joiner)
{
	const struct spec_process *process = &joiner->spec->process;
	int last = joiner->join->detached ? STDERR_FILENO : STDIN_FILENO;
	int mode = joiner->join->detached ? O_RDWR : O_RDONLY;
	autoclose int fd = -1;
	struct stat st;

	if (!process->stdin_null || process->terminal)
		return 0;
	fd = path_open_in_root(joiner->root, "/dev/null", mode | O_NONBLOCK | O_NOCTTY, 0);
	TRY(fd);
	if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return refuse("the container's '/dev/null' is not the null device");
	if (fcntl(fd, F_SETFL, 0) < 0)
		return fail("cannot use the container's '/dev/null'");
	for (int to = 0; to <= last; to++)
		if (dup2(fd, to) < 0)
			return fail("cannot use the container's '/dev/null'");
	return 0;
}

static int open_terminal(struct joiner *joiner)
{
	autoclose int pts = -1;

	if (!joiner->spec->process.terminal)
		return 0;
	pts = path_open_in_root(joiner->root, "/dev/pts", O_PATH | O_DIRECTORY, 0);
	TRY(pts);
	TRY(tty_open(pts, &joiner->tty));
	return tty_size(&joiner->spec->process, &joiner->tty);
}

/* The container's own, for the stub to set a label in: whole, and nothing but a procfs. */
static int open_proc(struct joiner *joiner)
{
	const struct spec_process *process = &joiner->spec->process;
	struct statfs fs;
	struct stat st;

	if (process->apparmor_profile == NULL && process->selinux_label == NULL)
		return 0;
	joiner->proc = path_open_in_root(joiner->root, "/proc", O_PATH | O_DIRECTORY, 0);
	TRY(joiner->proc);
	if (fstatfs(joiner->proc, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC ||
	    fstat(joiner->proc, &st) < 0 || st.st_ino != 1)
		return refuse("the container's '/proc' is not the root of a procfs");
	return 0;
}

static int resolve_user(struct joiner *joiner)
{
	const struct spec *spec = joiner->spec;
	const struct spec_process *process = &spec->process;
	bool home = process->set_home && env_get(&process->env, "HOME") == NULL;

	TRY(user_resolve(joiner->root, &process->user, home, &joiner->user));
	TRY(user_check(spec, &joiner->user));
	strvec_push_all(&joiner->env, &process->env);
	if (home)
		env_set(&joiner->env, "HOME", joiner->user.home);
	return 0;
}

static int prepare(struct joiner *joiner)
{
	TRY(leave_caller(joiner));
	TRY(enter(joiner));
	TRY(resolve_user(joiner));
	TRY(take_null(joiner));
	TRY(open_terminal(joiner));
	TRY(open_proc(joiner));
	cleanup_close(&joiner->root);
	return limits_apply_rest(&joiner->spec->process);
}

static int start(struct joiner *joiner)
{
	const struct spec *spec = joiner->spec;
	struct become become = {
		.spec = spec,
		.user = &joiner->user,
		.env = &joiner->env,
		.caps = spec->process.caps,
		.birth = joiner->join->detached ? EXEC_JOINED_DETACHED : EXEC_JOINED,
		.stub = joiner->stub,
		.sync = joiner->sync,
		.proc = joiner->proc,
		.stage = STAGE_SETUP,
	};
	int rc;

	/* Root keeps its capabilities over an exec without them. */
	if (joiner->user.uid == 0)
		become.caps.ambient = 0;
	TRY(tty_give(&spec->process, &joiner->tty, joiner->user.uid));
	rc = become_payload(&become);
	joiner->stage = become.stage;
	return rc;
}

static int joiner_run(struct joiner *joiner)
{
	TRY(prepare(joiner));
	TRY(sync_send(joiner->sync, SYNC_CREATED, &joiner->tty.master,
		      joiner->tty.master >= 0 ? 1 : 0));
	TRY(sync_wait(joiner->sync, SYNC_GO, NULL, 0));
	return start(joiner);
}

static void __attribute__((noreturn)) joiner_main(struct joiner *joiner)
{
	int rc;

	err_clear();
	rc = joiner_run(joiner);
	if (rc != -ECONNRESET)
		(void)err_send(joiner->sync, rc, joiner->stage);
	_exit(EXIT_BERTH);
}

static int clone_failed(void)
{
	int err = errno;

	if (err == ENODEV || err == ENOENT)
		return refuse_with(ESRCH, "the container has ended");
	fail_with(err, "cannot start a process in the cgroup of the container");
	if (err == EAGAIN)
		hint("a limit of processes is reached: the container's (--pids-limit), or that of "
		     "its user");
	else if (err == EACCES || err == EPERM)
		hint("the session that berth is run from may not put processes there: run it from "
		     "where the container was started");
	return -err;
}

static pid_t clone_into(int cgroup)
{
	struct clone_args args = { .exit_signal = SIGCHLD };

	if (cgroup >= 0) {
		args.flags = CLONE_INTO_CGROUP;
		args.cgroup = (unsigned int)cgroup;
	}
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static pid_t clone_joiner(struct joiner *joiner)
{
	const struct cgroup *cgroup = joiner->join->cgroup;
	pid_t pid = clone_into(cgroup->fd);

	if (pid < 0 && (errno == EACCES || errno == EPERM) && cgroup_adopts(cgroup)) {
		joiner->wait = true;
		pid = clone_into(-1);
	}
	return pid < 0 ? clone_failed() : pid;
}

/* With the processors that it is to have until it is in its cgroup. */
static int spawn(struct joiner *joiner, struct box *box)
{
	const char *cpus = joiner->spec->process.affinity.initial;
	struct numbers old;
	int pair[2], rc;

	TRY(sync_pair(pair));
	joiner->sync = pair[1];
	rc = tuning_affinity(cpus, &old);
	box->pid = rc < 0 ? rc : clone_joiner(joiner);
	if (box->pid == 0) {
		close(pair[0]);
		joiner_main(joiner);
	}
	close(pair[1]);
	box->sync = pair[0];
	TRY(box->pid);
	box->phase = BOX_SPAWNED;
	return tuning_restore(cpus, &old);
}

static int let_enter(const struct joiner *joiner, struct box *box)
{
	box->scheduler = joiner->spec->process.scheduler;
	box->io_priority = joiner->spec->process.io_priority;
	if (!joiner->wait)
		return 0;
	TRY(cgroup_adopt(joiner->join->cgroup, box->pid));
	return sync_send(box->sync, SYNC_ENTER, NULL, 0);
}

int box_join(const struct spec *spec, const struct join *join, struct box *ret_box)
{
	autoclose int stub = -1;
	struct joiner joiner = {
		.spec = spec,
		.join = join,
		.root = -1,
		.proc = -1,
		.tty = TTY_INIT,
		.env = STRVEC_INIT,
		.stage = STAGE_SETUP,
	};

	*ret_box = (struct box)BOX_INIT;
	if (spec->process.args.n == 0)
		return refuse("there is no command to run");
	TRY(label_check(&spec->process));
	TRY(ns_differing(join->pid, join->pidfd, &joiner.flags));
	TRY(cgroup_join(join->cgroup, join->pid));
	stub = exec_open_stub();
	TRY(stub);
	joiner.stub = stub;
	ret_box->joins = true;
	TRY(spawn(&joiner, ret_box));
	if (spec->seccomp.notifies)
		ret_box->listener = (struct listener){ spec, join->pid, "running" };
	return let_enter(&joiner, ret_box);
}

static bool is_child(pid_t pid)
{
	siginfo_t info;

	return pid > 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

int join_go(struct box *box)
{
	pid_t joiner = box->pid, born;
	int rc = exec_result(box->sync, &born, &box->exec_failed), status;

	/* Whatever he did, he has nothing left to do. */
	kill(joiner, SIGKILL);
	(void)proc_reap(joiner, &status);
	box->phase = BOX_ENDED;
	if (born > 0 && (born == joiner || !is_child(born)))
		return refuse_with(EPROTO, "the start of the process got out of step");
	if (rc < 0 && born > 0) {
		kill(born, SIGKILL);
		(void)proc_reap(born, &status);
	}
	TRY(rc);
	if (born < 0)
		return refuse_with(ECHILD, "the process that joins the container was killed before "
					   "it was ready");
	box->pid = born;
	TRY(tuning_give_again(&box->scheduler, born));
	box->pidfd = (int)syscall(SYS_pidfd_open, born, 0);
	if (box->pidfd < 0)
		return fail("cannot open process %d", (int)born);
	box->phase = BOX_RUNNING;
	return 0;
}
