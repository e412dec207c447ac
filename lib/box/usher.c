/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/usher.h"

#include <grp.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/exit.h"
#include "base/fs.h"
#include "base/proc.h"
#include "box/become.h"
#include "box/clocks.h"
#include "box/limits.h"
#include "box/nsfile.h"

/* What he says to the parent, in one write. */
union word {
	int32_t pid;
	struct err_packet packet;
};

bool usher_is_needed(const struct spec *spec)
{
	if (spec->ns[NS_USER].mode == NS_JOIN)
		return true;
	for (int kind = 0; spec->ns[NS_USER].mode == NS_NEW && kind < NS_MAX; kind++)
		if (spec->ns[kind].mode == NS_JOIN && kind != NS_PID)
			return geteuid() == 0;
	return false;
}

/* All that have paths but the user namespace; quiet: those that the caller may not are left out. */
static int join_others(const struct spec *spec, struct ns_birth *birth, bool quiet)
{
	for (int kind = 0; kind < NS_MAX; kind++) {
		int rc;

		if (kind == NS_USER || spec->ns[kind].mode != NS_JOIN ||
		    (birth->joined >> kind & 1) != 0)
			continue;
		rc = nsfile_join(spec, (enum ns_kind)kind, quiet);
		if (quiet && rc == -EPERM)
			continue;
		TRY(rc);
		birth->joined |= 1U << kind;
	}
	return 0;
}

static int lead(const struct spec *spec, struct ns_birth *birth)
{
	bool joins = spec->ns[NS_USER].mode == NS_JOIN;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return fail("cannot ask to be killed with the supervisor");
	TRY(cgroup_enter(birth->cgroup));
	if (cgroup_enters(birth->cgroup))
		birth->late_cgroup_ns = false;
	birth->in_cgroup = true;
	TRY(join_others(spec, birth, true));
	if (!joins)
		return 0;
	TRY(clocks_make(spec));
	limits_raise(&spec->process, 0);
	TRY(limits_give_oom(&spec->process, getpid()));
	birth->clocks = true;
	TRY(become_hidden());
	TRY(nsfile_join(spec, NS_USER, false));
	TRY(ns_become_root(spec));
	return join_others(spec, birth, false);
}

static pid_t give_birth(const struct spec *spec, struct ns_birth *birth)
{
	struct clone_args args = { 0 };
	pid_t pid;

	TRY(lead(spec, birth));
	args.flags = ns_clone_flags(spec, birth) | CLONE_PARENT;
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	return pid < 0 ? ns_clone_failed(spec) : pid;
}

/* Returns in the child alone. */
static void usher_main(const struct spec *spec, struct ns_birth *birth, int report)
{
	int32_t pid;

	err_clear();
	pid = give_birth(spec, birth);
	if (pid == 0) {
		close(report);
		return;
	}
	if (pid < 0)
		(void)!err_send(report, pid, STAGE_SETUP);
	else
		(void)!write(report, &pid, sizeof(pid));
	_exit(pid < 0 ? EXIT_BERTH : EXIT_OK);
}

static pid_t start_usher(const struct ns_birth *birth)
{
	struct clone_args args = { .exit_signal = SIGCHLD };

	if (birth->cgroup->fd >= 0) {
		args.flags = CLONE_INTO_CGROUP;
		args.cgroup = (unsigned int)birth->cgroup->fd;
	}
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static pid_t hear(int report)
{
	union word word;
	ssize_t len;

	do
		len = read(report, &word, sizeof(word));
	while (len < 0 && errno == EINTR);
	if (len == sizeof(word.pid))
		return word.pid;
	if (len != sizeof(word.packet))
		return refuse_with(ECHILD, "who was to enter the user namespace was killed");
	word.packet.text[ERR_TEXT_MAX - 1] = '\0';
	word.packet.hint[ERR_HINT_MAX - 1] = '\0';
	err_set(word.packet.text, word.packet.hint);
	return word.packet.code < 0 ? word.packet.code : -EIO;
}

/* The child is ours and not reaped: its number is its own. */
static pid_t adopt(pid_t pid, struct ns_birth *birth)
{
	int status;

	birth->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (birth->pidfd >= 0)
		return pid;
	fail("cannot open process %d", (int)pid);
	kill(pid, SIGKILL);
	(void)proc_reap(pid, &status);
	return -ESRCH;
}

pid_t usher_clone(const struct spec *spec, struct ns_birth *birth)
{
	int pipe[2], status;
	pid_t usher, pid;

	if (pipe2(pipe, O_CLOEXEC) < 0)
		return fail("cannot make a pipe");
	usher = start_usher(birth);
	if (usher == 0) {
		close(pipe[0]);
		usher_main(spec, birth, pipe[1]);
		return 0;
	}
	close(pipe[1]);
	pid = usher < 0 ? ns_clone_failed(spec) : hear(pipe[0]);
	close(pipe[0]);
	if (usher > 0)
		(void)proc_reap(usher, &status);
	return pid < 0 ? pid : adopt(pid, birth);
}
