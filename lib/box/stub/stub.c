/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/stub/stub.h"

#include <elf.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/wait.h>
#include <asm/ioctls.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "box/stub/syscall.h"

/*
 * The last program of berth in the container, with no library and from a sealed memfd: what the
 * payload finds as /proc/PID/exe of what ran before it is this, and never the file of berth on the
 * host (CVE-2019-5736). It execs the payload, or stays as PID 1 and looks after it. Or it starts
 * the payload in the process namespace that it has joined: what the processes there see is born as
 * this program, with the rights of the payload and no other.
 */

#define CANNOT_EXECUTE 126
#define NOT_FOUND 127
#define SIGNAL_BASE 128
#define HEAD_MAX 1024
#define E_NOENT 2
#define E_AGAIN 11
#define MSG_PEEK_DONTWAIT (0x02 | 0x40)

static struct stub_report report;
static char head[HEAD_MAX];

/* What to do, from the arguments. */
struct task {
	long sock, proc; /* proc -1: no label */
	const char *label_file, *label;
	const char *path;
	char **argv, **env;
	char mode;
};

static void leave(long status)
{
	for (;;)
		call(SYS_exit_group, status, 0, 0, 0, 0);
}

/* Until a NUL or the end of the line; the rest of `to` is zero already. */
static void copy_word(char *to, size_t max, const char *from, size_t len)
{
	for (size_t i = 0; i + 1 < max && i < len; i++) {
		if (from[i] == '\0' || from[i] == '\n')
			break;
		to[i] = from[i];
	}
}

static void find_script_interpreter(size_t len)
{
	size_t start = 2, end;

	while (start < len && (head[start] == ' ' || head[start] == '\t'))
		start++;
	for (end = start; end < len && head[end] != ' ' && head[end] != '\t'; end++)
		if (head[end] == '\n')
			break;
	copy_word(report.interpreter, sizeof(report.interpreter), head + start, end - start);
}

static void find_elf_interpreter(long fd, size_t len)
{
	const Elf64_Ehdr *elf = (const void *)head;

	if (len < sizeof(*elf) || elf->e_ident[EI_CLASS] != ELFCLASS64)
		return;
	for (size_t i = 0; i < elf->e_phnum; i++) {
		size_t at = elf->e_phoff + i * sizeof(Elf64_Phdr);
		const Elf64_Phdr *header = (const void *)(head + at);

		if (elf->e_phoff > len || at + sizeof(*header) > len)
			return;
		if (header->p_type != PT_INTERP)
			continue;
		call(SYS_pread64, fd, (long)report.interpreter, sizeof(report.interpreter) - 1,
		     (long)header->p_offset, 0);
		return;
	}
}

/* "No such file" of a file that is there means its interpreter. */
static void find_interpreter(const char *path)
{
	long fd = call(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0, 0);
	long len;

	if (fd < 0)
		return;
	len = call(SYS_read, fd, (long)head, sizeof(head), 0, 0);
	if (len > 2 && head[0] == '#' && head[1] == '!')
		find_script_interpreter((size_t)len);
	else if (len > 4 && head[0] == 0x7f && head[1] == 'E' && head[2] == 'L' && head[3] == 'F')
		find_elf_interpreter(fd, (size_t)len);
	call(SYS_close, fd, 0, 0, 0, 0);
}

static void fail(long sock, const char *path, long rc)
{
	report.error = (int32_t)-rc;
	copy_word(report.path, sizeof(report.path), path, sizeof(report.path));
	if (report.error == E_NOENT && report.stage == STUB_AT_EXEC)
		find_interpreter(path);
	call(SYS_write, sock, (long)&report, sizeof(report), 0, 0);
	leave(report.error == E_NOENT ? NOT_FOUND : CANNOT_EXECUTE);
}

static int is_detached(const struct task *task)
{
	return task->mode == STUB_JOIN_DETACHED || task->mode == STUB_JOIN_DETACHED_TERMINAL;
}

static int joins(const struct task *task)
{
	return task->mode == STUB_JOIN || task->mode == STUB_JOIN_TERMINAL || is_detached(task);
}

/* A procfs that was joined is one that the container has had time to mount something on. */
static long open_label(const struct task *task)
{
	struct open_how how = {
		.flags = O_WRONLY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};

	if (joins(task))
		return call(SYS_openat2, task->proc, (long)task->label_file, (long)&how,
			    sizeof(how), 0);
	return call(SYS_openat, task->proc, (long)task->label_file, O_WRONLY | O_CLOEXEC, 0, 0);
}

static void set_label(const struct task *task)
{
	long len = 0, rc;
	long fd = open_label(task);

	while (task->label[len] != '\0')
		len++;
	rc = fd < 0 ? fd : call(SYS_write, fd, (long)task->label, len, 0, 0);
	call(SYS_close, fd, 0, 0, 0, 0);
	if (rc >= 0)
		return;
	report.stage = STUB_AT_LABEL;
	fail(task->sock, task->label, rc);
}

static void exec_payload(const struct task *task)
{
	if (task->proc >= 0)
		set_label(task);
	fail(task->sock, task->path,
	     call(SYS_execve, (long)task->path, (long)task->argv, (long)task->env, 0, 0));
}

static long fork_child(long flags)
{
	return call(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
}

static long status_of(int status)
{
	int sig = status & 0x7f;

	return sig != 0 ? SIGNAL_BASE + sig : status >> 8 & 0xff;
}

/* Every child that has ended; leaves with the payload's status once that is among them. */
static void reap(long payload)
{
	int status = 0, last = 0, done = 0;
	long pid;

	while ((pid = call(SYS_wait4, -1, (long)&status, WNOHANG, 0, 0)) > 0)
		if (pid == payload) {
			last = status;
			done = 1;
		}
	if (done)
		leave(status_of(last));
}

/* The payload is a process group of its own, in the foreground where there is a terminal. */
static void start_payload(const struct task *task)
{
	unsigned long none = 0;
	int pid = (int)call(SYS_getpid, 0, 0, 0, 0, 0);

	call(SYS_setpgid, 0, 0, 0, 0, 0);
	call(SYS_ioctl, 0, TIOCSPGRP, (long)&pid, 0, 0);
	call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, sizeof(none), 0);
	exec_payload(task);
}

static void be_init(const struct task *task)
{
	unsigned long all = ~0UL;
	long payload;

	call(SYS_rt_sigprocmask, SIG_BLOCK, (long)&all, 0, sizeof(all), 0);
	payload = fork_child(0);
	if (payload == 0)
		start_payload(task);
	if (payload < 0)
		fail(task->sock, task->path, payload);
	call(SYS_close, task->sock, 0, 0, 0, 0);
	if (task->proc >= 0)
		call(SYS_close, task->proc, 0, 0, 0, 0);
	for (;;) {
		long sig = call(SYS_rt_sigtimedwait, (long)&all, 0, 0, sizeof(all), 0);

		if (sig == SIGCHLD)
			reap(payload);
		else if (sig > 0)
			call(SYS_kill, payload, sig, 0, 0, 0);
	}
}

static void must(const struct task *task, long rc)
{
	if (rc < 0)
		fail(task->sock, task->path, rc);
}

/* It dies with who called for it, outside: that one's end of the socket tells whether it lives. It
 * is closed where there is an end of file, or a reset: what was sent there was not read. */
static void start_joined(const struct task *task)
{
	char byte;
	long rc;

	if (!is_detached(task)) {
		must(task, call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
		rc = call(SYS_recvfrom, task->sock, (long)&byte, 1, MSG_PEEK_DONTWAIT, 0);
		if (rc <= 0 && rc != -E_AGAIN)
			leave(CANNOT_EXECUTE);
	}
	must(task, call(SYS_setsid, 0, 0, 0, 0, 0));
	if (task->mode == STUB_JOIN_TERMINAL || task->mode == STUB_JOIN_DETACHED_TERMINAL)
		must(task, call(SYS_ioctl, 1, TIOCSCTTY, 0, 0, 0));
	report.stage = STUB_AT_EXEC;
	exec_payload(task);
}

static void join(const struct task *task)
{
	struct stub_born born;
	long pid;

	report.stage = STUB_AT_START;
	pid = fork_child(CLONE_PARENT);
	if (pid == 0)
		start_joined(task);
	must(task, pid);
	born.pid = (int32_t)pid;
	call(SYS_write, task->sock, (long)&born, sizeof(born), 0, 0);
	leave(0);
}

/* The decimal number at *at, which moves behind it. */
static long number(const char **at)
{
	long value = 0;

	for (; **at >= '0' && **at <= '9'; (*at)++)
		value = value * 10 + (**at - '0');
	return value;
}

void stub_main(long *stack)
{
	long argc = stack[0];
	char **argv = (char **)(stack + 1);
	struct task task = { .proc = -1, .argv = argv + 2, .env = argv + argc + 1 };
	const char *at = argc < 4 ? "" : argv[1];

	task.sock = number(&at);
	task.mode = *at;
	if (task.mode == '\0')
		leave(CANNOT_EXECUTE);
	at++;
	if (*at == STUB_LABEL && argc >= 6) {
		at++;
		task.proc = number(&at);
		task.label_file = argv[2];
		task.label = argv[3];
		task.argv += 2;
	}
	task.path = *task.argv++;
	/* A filter may forbid it, and the payload would get them. */
	must(&task, call(SYS_fcntl, task.sock, F_SETFD, FD_CLOEXEC, 0, 0));
	if (task.proc >= 0)
		must(&task, call(SYS_fcntl, task.proc, F_SETFD, FD_CLOEXEC, 0, 0));
	if (task.mode == STUB_INIT)
		be_init(&task);
	if (joins(&task))
		join(&task);
	exec_payload(&task);
}
