/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"

#define STACK_SIZE (64UL << 10)
#define OVERFLOW_ID 65534U /* the owner of files whose owner has no id in this user namespace */

/* What the child and the parent, which share their memory until the exec, tell each other. */
struct start {
	const struct proc *proc;
	sigset_t mask; /* of the caller */
	pid_t parent;
	int err;
};

static int place(int fd, int number)
{
	int from = fd;

	if (from < 0)
		from = open("/dev/null", number == STDIN_FILENO ? O_RDONLY : O_WRONLY);
	if (from < 0)
		return -1;
	if (from == number)
		return fcntl(from, F_SETFD, 0);
	return dup2(from, number);
}

/* Above 2, so that placing one does not close another that is still to be placed. */
static int lift(int *fd)
{
	if (*fd < 0 || *fd >= 3)
		return 0;
	*fd = fcntl(*fd, F_DUPFD, 3);
	return *fd;
}

/* Everything but 0, 1, 2 and proc->keep closes on exec, wherever it came from. */
static int set_descriptors(const struct proc *proc)
{
	int in = proc->in, out = proc->out, err = proc->err;

	if (lift(&in) < 0 || lift(&out) < 0 || lift(&err) < 0)
		return -1;
	if (place(in, STDIN_FILENO) < 0 || place(out, STDOUT_FILENO) < 0)
		return -1;
	if (err >= 0 && place(err, STDERR_FILENO) < 0)
		return -1;
	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return -1;
	for (const int *fd = proc->keep; fd != NULL && *fd >= 0; fd++)
		if (fcntl(*fd, F_SETFD, 0) < 0)
			return -1;
	return 0;
}

static void reset_signals(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };

	for (int i = 1; i < NSIG; i++)
		sigaction(i, &action, NULL);
}

/* Runs on the parent's memory: nothing here may touch what the parent still uses. */
static int child_main(void *arg)
{
	static char *const clean_env[] = {
		(char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL
	};
	struct start *start = arg;
	const struct proc *proc = start->proc;
	sigset_t none;

	/* No handler of the parent may run in the child. */
	reset_signals();
	if (proc->tied) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != start->parent)
			_exit(127);
	}
	if (set_descriptors(proc) < 0) {
		start->err = errno;
		_exit(127);
	}
	/* Ours may be that of a supervisor, who takes signals from a descriptor. */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(proc->file, proc->argv, proc->env != NULL ? proc->env : clean_env);
	start->err = errno;
	_exit(127);
}

int proc_start(struct proc *p)
{
	struct start start = { .proc = p, .parent = getpid() };
	sigset_t all;
	autofree char *stack = NULL;
	int pid;

	if (p->file == NULL || p->file[0] != '/')
		return refuse("the program '%s' is not an absolute path",
			      p->file != NULL ? p->file : "");
	stack = xalloc(STACK_SIZE);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &start.mask);
	pid = clone(child_main, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD,
		    &start, &p->pidfd);
	if (pid < 0)
		start.err = errno;
	sigprocmask(SIG_SETMASK, &start.mask, NULL);
	if (start.err != 0) {
		if (pid > 0) {
			close(steal_fd(&p->pidfd));
			proc_reap(pid, &(int){ 0 });
		}
		p->pidfd = -1;
		return fail_with(start.err, "cannot start '%s'", p->file);
	}
	p->pid = pid;
	return 0;
}

int proc_reap(pid_t pid, int *ret_status)
{
	pid_t rc;

	do
		rc = waitpid(pid, ret_status, 0);
	while (rc < 0 && errno == EINTR);
	return rc >= 0 ? 0 : fail("cannot wait for the process %d", pid);
}

int proc_wait(struct proc *p, int *ret_status)
{
	pid_t pid = p->pid;

	p->pid = 0;
	if (p->pidfd >= 0)
		close(steal_fd(&p->pidfd));
	if (pid <= 0)
		return refuse_with(ECHILD, "'%s' was not started", p->file);
	return proc_reap(pid, ret_status);
}

void proc_release(struct proc *p)
{
	int status;

	if (p->pid > 0) {
		kill(p->pid, SIGKILL);
		waitpid(p->pid, &status, 0);
		p->pid = 0;
	}
	if (p->pidfd >= 0)
		close(steal_fd(&p->pidfd));
}

int proc_check(const struct proc *p, int status, const char *messages)
{
	const char *name = strrchr(p->file, '/') + 1;
	size_t len = strlen(messages);
	const char *line = messages;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	while (len > 0 && messages[len - 1] == '\n')
		len--;
	for (size_t i = 0; i < len; i++)
		if (messages[i] == '\n')
			line = messages + i + 1;
	if (len > 0)
		return refuse_with(EIO, "%s failed: %.*s", name, (int)(messages + len - line),
				   line);
	if (WIFSIGNALED(status))
		return refuse_with(EIO, "%s was ended by signal %d", name, WTERMSIG(status));
	return refuse_with(EIO, "%s failed with exit status %d", name, WEXITSTATUS(status));
}

/* Keep the beginning, and drain the rest so that the program does not block. */
static void collect(int fd, struct buf *out)
{
	char bytes[4096];
	ssize_t n;

	while ((n = read(fd, bytes, sizeof(bytes))) != 0) {
		if (n < 0 && errno != EINTR)
			return;
		if (n > 0 && out->len < 16 * sizeof(bytes))
			buf_add(out, bytes, (size_t)n);
	}
}

int proc_run(struct proc *p)
{
	AUTO(buf) messages = BUF_INIT;
	bool own_err = p->err < 0;
	int ends[2] = { -1, -1 };
	int rc, status;

	if (own_err) {
		if (pipe2(ends, O_CLOEXEC) < 0)
			return fail("cannot start '%s'", p->file);
		p->err = ends[1];
	}
	rc = proc_start(p);
	if (own_err) {
		close(ends[1]);
		p->err = -1;
		if (rc >= 0)
			collect(ends[0], &messages);
		close(ends[0]);
	}
	TRY(rc);
	TRY(proc_wait(p, &status));
	return proc_check(p, status, messages.data);
}

/* Nobody but root (or we) may have put it there or change it. */
static bool is_trusted(const struct stat *st)
{
	if (st->st_uid != 0 && st->st_uid != geteuid() && st->st_uid != OVERFLOW_ID)
		return false;
	return (st->st_mode & 0002) == 0 && ((st->st_mode & 0020) == 0 || st->st_gid == 0);
}

char *proc_find(const char *name)
{
	static const char *const dirs[] = {
		"/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin",
	};
	struct stat dir, file;

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		autofree char *path = xasprintf("%s/%s", dirs[i], name);

		if (stat(path, &file) < 0 || !S_ISREG(file.st_mode) || (file.st_mode & 0111) == 0)
			continue;
		if (stat(dirs[i], &dir) == 0 && is_trusted(&dir) && is_trusted(&file))
			return steal(path);
	}
	return NULL;
}

pid_t proc_fork(void)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may have died before that call. In a new pid namespace the parent's number is 0. */
	if (getppid() != parent && getppid() != 0)
		_exit(127);
	return 0;
}

/* Fields 3 (state) and 22 (start time) of /proc/PID/stat. */
static int read_stat(pid_t pid, char *ret_state, uint64_t *ret_ticks)
{
	char path[32], text[1024];
	unsigned long long ticks;
	const char *after;
	autoclose int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return n < 0 ? -errno : -ESRCH;
	text[n] = '\0';
	/* The name in field 2 may hold anything, even parentheses. */
	after = strrchr(text, ')');
	if (after == NULL ||
	    sscanf(after + 1,
		   " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
		   "%*s %*s %*s %llu",
		   ret_state, &ticks) != 2)
		return -EPROTO;
	*ret_ticks = ticks;
	return 0;
}

int proc_start_time(pid_t pid, uint64_t *ret_ticks)
{
	char state;
	int rc = read_stat(pid, &state, ret_ticks);

	return rc >= 0 ? 0 : fail_with(rc, "cannot find the start time of the process %d", pid);
}

bool proc_is_alive(pid_t pid, uint64_t start_ticks)
{
	uint64_t ticks = 0;
	char state = 0;

	return pid > 0 && read_stat(pid, &state, &ticks) >= 0 && ticks == start_ticks &&
	       state != 'Z' && state != 'X';
}
