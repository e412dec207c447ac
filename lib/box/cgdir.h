/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_CGDIR_H
#define BERTH_BOX_CGDIR_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Directories of cgroups. dirfd and path as with openat(2). Functions without a sentence about
 * errors record none and return -errno: most callers go on with something else.
 */

/* Make it and the parents that are missing; one that is there is fine. */
int cgdir_make(int dirfd, const char *path);
/* Open it (O_PATH would do for CLONE_INTO_CGROUP but not for reading the list of processes). */
int cgdir_open(int dirfd, const char *path);
/* Write a short text to a file of it. */
int cgdir_write(int dirfd, const char *file, const char *text);
/* Read a file of it, cut at size - 1 bytes; returns the length. */
ssize_t cgdir_read(int dirfd, const char *file, char *text, size_t size);

/* Every process in it and below; appended. */
struct cgdir_procs {
	pid_t *v;
	size_t n;
};
int cgdir_procs(int dirfd, struct cgdir_procs *procs);
/* Is there one, in it or below? Not where there is no such cgroup. */
bool cgdir_is_populated(int dirfd, const char *path);
/* Send SIGKILL to every process in it and below; returns how many there were. */
int cgdir_kill(int dirfd);
/* Move every process of one cgroup to another one, both open. */
int cgdir_move(int from, int to);
/* Move every process of one cgroup and below it, of one hierarchy of v1, to one cgroup of another.
 * -EBUSY where some cannot be. */
int cgdir_gather(int from, int to);
/* Remove it and all below. While processes in it are dying, waits up to wait_ms. */
int cgdir_remove(int dirfd, const char *path, unsigned int wait_ms);

#endif
