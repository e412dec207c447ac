/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_PROC_H
#define BERTH_BASE_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Other programs and processes. A struct proc is a value: fill in what is wanted, proc_start() it,
 * proc_wait() it. The program is never found through PATH of an untrusted environment: `file` is an
 * absolute path.
 */
struct proc {
	const char *file; /* absolute path of the program */
	char *const *argv;
	char *const *env; /* NULL: only PATH of the system directories */
	int in, out, err; /* descriptors the child gets as 0, 1, 2; -1: /dev/null (err: ours) */
	const int *keep;  /* further descriptors to be inherited with their numbers, ended by -1; or
			     NULL */
	bool tied;        /* it is killed when the thread that starts it ends */
	pid_t pid;        /* set by proc_start() */
	int pidfd;        /* set by proc_start(); closed by proc_wait() and proc_release() */
};

#define PROC_INIT \
	{ \
		.in = -1, .out = -1, .err = -1, .pidfd = -1 \
	}

/* Start it (vfork semantics: returns after the exec); the errno of the exec is reported here. */
int proc_start(struct proc *p);
/* Wait for its end. *ret_status is as of waitpid(2). */
int proc_wait(struct proc *p, int *ret_status);
/* Kill and reap a process that was started and not waited for. */
void proc_release(struct proc *p);
/* Start, wait, and record "PROGRAM failed: last line of its stderr" where it does not exit with 0.
 */
int proc_run(struct proc *p);
/* What proc_run() records, for callers that wait themselves: 0 where status is a good end, else the
 * error with the last line of messages. */
int proc_check(const struct proc *p, int status, const char *messages);
/* Find a program: in the directories of the system (/usr/local/bin, /usr/bin, /bin, sbin of each)
 * and nowhere else; refused where it or its directory is writable by others. To be freed; NULL
 * where there is none. */
char *proc_find(const char *name);

/* fork(2) for a child that runs our own code; the child dies with SIGKILL when its parent does.
 * Returns as fork. */
pid_t proc_fork(void);
/* Reap pid, retrying on EINTR. *ret_status as of waitpid(2). */
int proc_reap(pid_t pid, int *ret_status);
/* Start time in clock ticks since boot (field 22 of /proc/PID/stat): with the pid it names a
 * process for ever. */
int proc_start_time(pid_t pid, uint64_t *ret_ticks);
/* Is the process with this pid and start time alive (zombies are not)? */
bool proc_is_alive(pid_t pid, uint64_t start_ticks);

#endif
