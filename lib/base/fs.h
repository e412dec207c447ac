/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_FS_H
#define BERTH_BASE_FS_H

#include <fcntl.h>
#include <stdint.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"

/*
 * Files of the host and of berth's own directories. Paths are relative to dirfd, as with openat(2);
 * absolute ones ignore it. Nothing here may be given a path inside a container: that is path.h's.
 * Every descriptor that is returned is O_CLOEXEC and belongs to the caller.
 */

/* openat(2) with O_CLOEXEC, with the error recorded; returns the descriptor. */
int fs_open(int dirfd, const char *path, int flags, mode_t mode);
/* Read a whole file of at most max bytes (more is an error, -EFBIG) and append it to out. */
int fs_read_file(int dirfd, const char *path, size_t max, struct buf *out);
int fs_read_fd(int fd, const char *name, size_t max, struct buf *out);
/* All of the bytes, whatever write(2) takes at a time. name is for the message. */
int fs_write_all(int fd, const void *bytes, size_t len, const char *name);
/* Write to an existing file (of /proc, /sys) with one write(2). */
int fs_write_file(int dirfd, const char *path, const char *text);
/*
 * Replace a file whole: written under a temporary name in the same directory, then renamed over
 * path. With `durable` the bytes and the directory are synced, so that a power cut leaves the old
 * or the new content.
 */
int fs_replace_file(int dirfd, const char *path, const void *bytes, size_t len, mode_t mode,
		    bool durable);
/* Make a directory and its parents; one that is there is fine. */
int fs_mkdirs(int dirfd, const char *path, mode_t mode);
/* The same and open it (O_DIRECTORY|O_RDONLY). */
int fs_mkdirs_open(int dirfd, const char *path, mode_t mode);
/*
 * Remove a file or a tree, however deep, never following a symbolic link and never entering what is
 * mounted in the tree; what is not there is fine. Directories without permission bits are made
 * accessible first.
 */
int fs_remove_tree(int dirfd, const char *path);
/* Make uid:gid the owner of a file or a whole tree; links are not followed, and what is mounted
 * below is left alone. */
int fs_own_tree(int dirfd, const char *path, uid_t uid, gid_t gid);
/* Sum of st_blocks * 512 of a tree; a file with several names counts once. */
int fs_disk_usage(int dirfd, const char *path, uint64_t *ret_bytes);
/* Does it exist? A symbolic link exists. Errors other than ENOENT and ENOTDIR are negative. */
int fs_exists(int dirfd, const char *path);
int fs_sync_dir(int dirfd);
/* Lower-case hex of n random bytes; out has room for 2 * n + 1. */
int fs_random_hex(char *out, size_t n);

#endif
