/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_EXEC_H
#define BERTH_BOX_EXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "box/pass.h"
#include "box/user.h"
#include "spec/spec.h"

/*
 * The last step. The child does not exec the payload itself: a script whose interpreter is
 * /proc/self/exe would get berth's own file on the host, and with it everything on the host
 * (CVE-2019-5736). In between comes the stub (stub/stub.c), a program of two KiB in a sealed memfd,
 * which execs the payload and reports the errno, or stays as init. It is taken for every command,
 * whatever the file is: what a shared directory holds can change between a look at it and the
 * execve, and an ELF file can name /proc/self/exe as its interpreter as well.
 */

/* The linked stub: made at build time. */
extern const unsigned char exec_stub[];
extern const size_t exec_stub_size;

/* In the parent: the stub in a sealed memfd. */
int exec_open_stub(void);

/* In the child: without -i descriptor 0 is the container's own /dev/null. dev is its /dev, or -1.
 */
int exec_take_null(const struct spec *spec, int dev);
/* In the child, as the final user: enter the working directory, which has to be one that the
 * container can name. */
int exec_chdir(const struct spec_process *process);
/* Find args.v[0] in PATH of env; a name with a slash stands for itself. -ENOENT where there is
 * none, -EACCES where there are only files that cannot be executed. */
int exec_find(const struct spec_process *process, const struct strvec *env, char **ret_file);
/* Would it be found, and be executable, by the root of the container whose root is "/"? Errors as
 * those of exec_find(). A path that is relative to the working directory is not looked at. */
int exec_check(const struct spec_process *process, const struct strvec *env);
/* Close everything above the preserved descriptors but `n` of our own, which are sorted. */
int exec_close_others(const struct spec_process *process, int *keep, size_t n);
/* Descriptors 3 .. 3 + preserve_fds - 1 are the caller's and not ours. */
int exec_check_fds(const struct spec_process *process);

/* How the payload comes to be: by the child itself, below an init, or beside who has joined. */
enum exec_birth {
	EXEC_ITSELF,
	EXEC_JOINED,
	EXEC_JOINED_DETACHED, /* it outlives the parent */
};

struct exec {
	const struct spec_process *process;
	enum exec_birth birth;
	const struct strvec *env;
	const char *file;
	int stub, sync; /* above the preserved descriptors */
	int proc;       /* the same; our procfs, for a label; else -1 */
	struct pass pass;
};
/* Prepare what has to be prepared while allocations and system calls are still free: `ret_argv` is
 * the stub's. Closes every descriptor that the payload is not to have. */
int exec_prepare(const struct exec *exec, struct strvec *ret_argv);
/* Become the stub; returns only with an error. */
int exec_stub_now(const struct exec *exec, const struct strvec *argv);

/*
 * In the parent: wait until the payload is executed. An error is recorded and returned;
 * *ret_exec_failed tells that it is the payload's: then -ENOENT means that it (or its interpreter)
 * does not exist (exit status 127), anything else that it cannot be executed (126). *ret_born is
 * the payload's process where that is not the child itself, by the word of a stranger: -1 else.
 */
int exec_result(int sync, pid_t *ret_born, bool *ret_exec_failed);

#endif
