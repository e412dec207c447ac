/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/exec.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "box/stub/stub.h"
#include "box/sync.h"

/* Later than the headers: Linux 6.3. */
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static int seal(int fd)
{
	if (fcntl(fd, F_ADD_SEALS, SEALS | F_SEAL_EXEC) == 0)
		return 0;
	if (errno != EINVAL || fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return fail("cannot seal the container's first program");
	return 0;
}

int exec_open_stub(void)
{
	unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	autoclose int fd = memfd_create("berth-init", flags | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("berth-init", flags);
	if (fd < 0) {
		fail("cannot make the memory file of the container's first program");
		hint("sysctl vm.memfd_noexec must not be 2");
		return -EACCES;
	}
	TRY(fs_write_all(fd, exec_stub, exec_stub_size, "berth-init"));
	TRY(seal(fd));
	return steal_fd(&fd);
}

int exec_take_null(const struct spec *spec, int dev)
{
	autoclose int fd = -1;

	if (!spec->process.stdin_null || spec->process.terminal)
		return 0;
	fd = dev >= 0 ? openat(dev, "null", O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
		      : open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || dup2(fd, STDIN_FILENO) < 0)
		return fail("cannot use '/dev/null' as the standard input");
	return 0;
}

int exec_chdir(const struct spec_process *process)
{
	const char *cwd = process->cwd != NULL ? process->cwd : "/";
	char path[PATH_MAX];

	if (chdir(cwd) < 0)
		return fail("cannot enter the working directory '%s'", cwd);
	/* A directory outside of the root (a descriptor that leaked, CVE-2024-21626) has no path.
	 * The kernel says so by another first character. */
	if (syscall(SYS_getcwd, path, sizeof(path)) < 0)
		return fail("cannot find out where the working directory '%s' is", cwd);
	if (path[0] != '/')
		return refuse("the working directory '%s' is outside of the container", cwd);
	return 0;
}

/* 0 where the file can be executed, else why not. */
static int try_file(const char *file)
{
	struct stat st;

	if (fstatat(AT_FDCWD, file, &st, 0) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	return faccessat(AT_FDCWD, file, X_OK, AT_EACCESS) == 0 ? 0 : -EACCES;
}

int exec_find(const struct spec_process *process, const struct strvec *env, char **ret_file)
{
	const char *name = process->args.v[0];
	const char *path = env_get(env, "PATH");
	AUTO(strvec) dirs = STRVEC_INIT;
	int rc = -ENOENT;

	if (strchr(name, '/') != NULL || name[0] == '\0') {
		*ret_file = xstrdup(name);
		return 0;
	}
	strvec_split(&dirs, path != NULL ? path : DEFAULT_PATH, ':');
	for (size_t i = 0; i < dirs.n; i++) {
		autofree char *file =
			xasprintf("%s/%s", dirs.v[i][0] != '\0' ? dirs.v[i] : ".", name);
		int found = try_file(file);

		if (found == 0) {
			*ret_file = steal(file);
			return 0;
		}
		if (found == -EACCES)
			rc = -EACCES;
	}
	if (rc == -EACCES)
		return refuse_with(EACCES, "'%s' is in the container's PATH, but not executable",
				   name);
	return refuse_with(ENOENT, "'%s' is not in the container's PATH (%s)", name,
			   path != NULL ? path : DEFAULT_PATH);
}

int exec_check(const struct spec_process *process, const struct strvec *env)
{
	autofree char *file = NULL;
	int rc;

	TRY(exec_find(process, env, &file));
	if (file[0] == '\0')
		return refuse_with(ENOENT, "the name of the command is empty");
	rc = file[0] == '/' ? try_file(file) : 0;
	return rc < 0 ? fail_with(rc, "cannot execute '%s'", file) : 0;
}

int exec_check_fds(const struct spec_process *process)
{
	for (int fd = 3; fd < 3 + process->preserve_fds; fd++) {
		int flags = fcntl(fd, F_GETFD);

		/* All of ours are close-on-exec, and what a shell hands down is not. */
		if (flags < 0 || (flags & FD_CLOEXEC) != 0)
			return refuse("descriptor %d is to be preserved and is not open", fd);
	}
	return 0;
}

static int close_between(int first, int last)
{
	if (first > last)
		return 0;
	if (close_range((unsigned int)first, (unsigned int)last, 0) < 0)
		return fail("cannot close the descriptors that the container is not to have");
	return 0;
}

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

int exec_close_others(const struct spec_process *process, int *keep, size_t n)
{
	int first = 3 + process->preserve_fds;

	qsort(keep, n, sizeof(*keep), compare_fds);
	for (size_t i = 0; i < n; i++) {
		TRY(close_between(first, keep[i] - 1));
		first = keep[i] + 1;
	}
	return close_between(first, INT_MAX);
}

/* AppArmor has a directory of its own since Linux 5.8, in which another module cannot take the word
 * for its own. */
static void push_label(const struct exec *exec, struct strvec *argv)
{
	static const char apparmor[] = "thread-self/attr/apparmor/exec";
	static const char any[] = "thread-self/attr/exec";
	const struct spec_process *process = exec->process;

	if (process->apparmor_profile == NULL) {
		strvec_push(argv, any);
		strvec_push(argv, process->selinux_label);
		return;
	}
	strvec_push(argv, faccessat(exec->proc, apparmor, F_OK, 0) == 0 ? apparmor : any);
	strvec_pushf(argv, "exec %s", process->apparmor_profile);
}

static char stub_mode(const struct exec *exec)
{
	switch (exec->birth) {
	case EXEC_JOINED:
		return exec->process->terminal ? STUB_JOIN_TERMINAL : STUB_JOIN;
	case EXEC_JOINED_DETACHED:
		return exec->process->terminal ? STUB_JOIN_DETACHED_TERMINAL : STUB_JOIN_DETACHED;
	case EXEC_ITSELF:
		break;
	}
	return exec->process->init ? STUB_INIT : STUB_EXEC;
}

int exec_prepare(const struct exec *exec, struct strvec *ret_argv)
{
	const struct spec_process *process = exec->process;
	bool label = process->apparmor_profile != NULL || process->selinux_label != NULL;
	int keep[3] = { exec->stub, exec->sync, exec->proc };
	char mode = stub_mode(exec);

	if (label && exec->proc < 0)
		return refuse("a label of a security module needs a '/proc' in the container");
	strvec_push(ret_argv, "berth-init");
	if (label) {
		strvec_pushf(ret_argv, "%d%c%c%d", exec->sync, mode, STUB_LABEL, exec->proc);
		push_label(exec, ret_argv);
	} else {
		strvec_pushf(ret_argv, "%d%c", exec->sync, mode);
	}
	strvec_push(ret_argv, exec->file);
	strvec_push_all(ret_argv, &process->args);
	TRY(exec_close_others(process, keep, label ? 3 : 2));
	/* The stub makes them close-on-exec again. */
	if (fcntl(exec->sync, F_SETFD, 0) < 0 || (label && fcntl(exec->proc, F_SETFD, 0) < 0))
		return fail("cannot keep the socket to the supervisor");
	return 0;
}

int exec_stub_now(const struct exec *exec, const struct strvec *argv)
{
	static char *const no_env[] = { NULL };
	char *const *env = exec->env->n > 0 ? exec->env->v : no_env;

	syscall(SYS_execveat, exec->stub, "", argv->v, env, AT_EMPTY_PATH,
		exec->pass.bits[PASS_ARGS - 1]);
	fail("cannot start the container's first program");
	if (errno == EPERM || errno == ENOSYS || errno == EACCES)
		hint("a system call filter around berth has to allow execveat(2)");
	return -EACCES;
}

/* ENOENT and its relatives: nothing is there. All else: it is there and does not run. */
static int exec_class(int err)
{
	return err == ENOENT || err == ENOTDIR || err == ELOOP || err == ENAMETOOLONG ? -ENOENT
										      : -err;
}

/* The stub has joined the container, and got no further. */
static int record_no_start(int err)
{
	if (err == ENOMEM || err == ESRCH)
		return refuse_with(ESRCH, "the container has ended");
	fail_with(err, "cannot start a process in the container");
	if (err == EAGAIN)
		hint("its limit of processes (--pids-limit) leaves room for less than two more, or "
		     "its user has reached a limit of his own");
	else
		hint("a seccomp profile has to allow clone(2), setsid(2), recvfrom(2), prctl(2) "
		     "and "
		     "ioctl(2)");
	return -err;
}

static int record_report(struct stub_report *report)
{
	int err = report->error > 0 ? report->error : EIO;

	report->path[STUB_PATH_MAX - 1] = '\0';
	report->interpreter[STUB_INTERPRETER_MAX - 1] = '\0';
	if (report->stage == STUB_AT_START)
		return record_no_start(err);
	if (report->stage == STUB_AT_LABEL) {
		fail_with(err, "cannot take the label '%s' of a security module", report->path);
		hint("is the profile loaded? aa-status(8) and sestatus(8) show what there is");
		return -err;
	}
	if (err == ENOENT && report->interpreter[0] != '\0') {
		refuse_with(ENOENT,
			    "cannot execute '%s': its interpreter '%s' is not in the "
			    "container",
			    report->path, report->interpreter);
		return -ENOENT;
	}
	fail_with(err, "cannot execute '%s'", report->path);
	if (err == ENOEXEC)
		hint("it is neither a program for this machine's architecture nor a script with a "
		     "'#!' line");
	return exec_class(err);
}

static int record_packet(struct err_packet *packet, bool *ret_exec_failed)
{
	packet->text[ERR_TEXT_MAX - 1] = '\0';
	packet->hint[ERR_HINT_MAX - 1] = '\0';
	err_set(packet->text, packet->hint);
	*ret_exec_failed = packet->stage == STAGE_EXEC;
	return packet->code < 0 ? packet->code : -EIO;
}

union message {
	struct err_packet packet;
	struct stub_report report;
	struct stub_born born;
};

/* The length; 0: the socket was closed by a successful exec, or by the end of the child. */
static ssize_t next_message(int sync, union message *message)
{
	struct iovec iov = { .iov_base = message, .iov_len = sizeof(*message) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t len = sync_receive(sync, &msg);

	return len < 0 ? fail("cannot read how the container's start went") : len;
}

int exec_result(int sync, pid_t *ret_born, bool *ret_exec_failed)
{
	union message message;
	ssize_t len;
	int rc = 0;

	*ret_born = -1;
	*ret_exec_failed = false;
	/* Two processes may write, and who was born may fail before his birth is told. */
	while ((len = next_message(sync, &message)) > 0) {
		if (len == sizeof(message.born) && *ret_born < 0) {
			*ret_born = message.born.pid;
		} else if (len == sizeof(message.packet) && rc == 0) {
			rc = record_packet(&message.packet, ret_exec_failed);
		} else if (len == sizeof(message.report) && rc == 0) {
			*ret_exec_failed = message.report.stage == STUB_AT_EXEC;
			rc = record_report(&message.report);
		} else {
			return refuse_with(EPROTO, "the start of the container got out of step");
		}
	}
	return len < 0 ? (int)len : rc;
}
