/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * killat N tree|one|first PROGRAM ARG...: run a program and kill it just before the Nth system call
 * that it and its descendants make, counted over all of them in the order in which they come.
 *
 *	tree	all of them die at once
 *	one	only the process that was about to make the call; the others go on
 *	first	only the program itself is followed, counted and killed; for programs that
 *		must not be traced, as set-user-id ones
 *
 * N 0 kills nobody. The last line on stderr is "killat: COUNT", how many calls were counted, or
 * "killat: killed at NUMBER", the call. The exit status is that of the program, 137 where it died.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

/* The number of the call that the process is about to make; -1: it is not. */
static long call_of(pid_t pid, int status)
{
	struct ptrace_syscall_info info;

	memset(&info, 0, sizeof(info));
	if (WSTOPSIG(status) != (SIGTRAP | 0x80) ||
	    ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0)
		return -1;
	return info.op == PTRACE_SYSCALL_INFO_ENTRY ? (long)info.entry.nr : -1;
}

static pid_t start(char **argv, bool follow)
{
	const long follows = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
	const long options = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC |
			     (follow ? follows : 0);
	int gate[2];
	char byte;
	pid_t pid;

	if (pipe2(gate, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		close(gate[1]);
		if (read(gate[0], &byte, 1) < 0)
			_exit(127);
		execv(argv[0], argv);
		fprintf(stderr, "killat: cannot run '%s': %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	if (pid < 0 || ptrace(PTRACE_SEIZE, pid, 0, options) < 0) {
		perror("killat");
		exit(2);
	}
	close(gate[0]);
	close(gate[1]);
	return pid;
}

/* What the stop means: the signal to go on with; -1: the process waits for something. */
static int signal_of(int status)
{
	const int signal = WSTOPSIG(status), event = status >> 16;

	if (event == PTRACE_EVENT_STOP)
		return signal == SIGTRAP || signal == SIGCONT ? 0 : -1;
	return event != 0 || signal == (SIGTRAP | 0x80) ? 0 : signal;
}

int main(int argc, char **argv)
{
	unsigned long count = 0, at = argc > 3 ? strtoul(argv[1], NULL, 10) : 0;
	const char *mode = argc > 3 ? argv[2] : "";
	bool killed = false;
	int status, result = 137;
	pid_t first, pid;

	if (argc < 4) {
		fprintf(stderr, "usage: killat N tree|one|first PROGRAM ARG...\n");
		return 2;
	}
	first = start(argv + 3, strcmp(mode, "first") != 0);
	if (first < 0) {
		perror("killat");
		return 2;
	}
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		int signal;
		long call;

		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			if (pid == first)
				result = WIFEXITED(status) ? WEXITSTATUS(status) : 137;
			continue;
		}
		call = call_of(pid, status);
		if (call >= 0 && ++count == at) {
			fprintf(stderr, "killat: killed at %ld\n", call);
			if (strcmp(mode, "tree") == 0)
				return 137; /* and all of them with us */
			kill(pid, SIGKILL);
			killed = true;
		}
		signal = signal_of(status);
		if (killed) /* the others are not slowed down any more */
			ptrace(PTRACE_DETACH, pid, 0, signal < 0 ? 0 : signal);
		else if (signal < 0)
			ptrace(PTRACE_LISTEN, pid, 0, 0);
		else
			ptrace(PTRACE_SYSCALL, pid, 0, signal);
	}
	if (at == 0 || count < at)
		fprintf(stderr, "killat: %lu\n", count);
	return result;
}
