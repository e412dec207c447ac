/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/mountmap.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/proc.h"

/* The maps of a namespace are written from outside, by the pid of somebody who is in there. */
static int open_of(pid_t pid, const struct idmaps *maps)
{
	char path[32];
	int fd;

	TRY(idmap_write(pid, maps));
	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? fail("cannot open '%s'", path) : fd;
}

int mountmap_open(const struct idmaps *maps)
{
	struct clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
	int fd, status, ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail("cannot make a pipe");
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0) {
		char byte;

		/* Until the parent closes its end, or is gone. */
		close(ends[1]);
		_exit(read(ends[0], &byte, 1) < 0);
	}
	close(ends[0]);
	fd = pid < 0 ? idmap_explain(errno) : open_of(pid, maps);
	close(ends[1]);
	if (pid > 0)
		(void)proc_reap(pid, &status);
	return fd;
}
