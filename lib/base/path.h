/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_PATH_H
#define BERTH_BASE_PATH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

/*
 * Paths whose components an image or a container controls. This is the only door to them: rootfd is
 * a descriptor of the root directory, the path is resolved by openat2(2) with RESOLVE_IN_ROOT |
 * RESOLVE_NO_MAGICLINKS (Linux 5.6), so that "..", absolute names and symbolic links end inside the
 * root, and what comes back is a descriptor to work on, never a string to resolve again. A leading
 * '/' is the root.
 */

/* Open inside the root. flags as for open(2), O_CLOEXEC is added; mode only with O_CREAT. Returns
 * the descriptor or -errno; the message names the path as the container sees it. */
int path_open_in_root(int rootfd, const char *path, int flags, mode_t mode);
/* The same without recording an error, for callers that probe. */
int path_try_open_in_root(int rootfd, const char *path, int flags);
/* Directories that are missing are made with `mode`, owned by uid:gid (-1: as created); returns an
 * O_PATH descriptor of the last one. An existing last component that is not a directory is
 * -ENOTDIR. */
int path_mkdirs_in_root(int rootfd, const char *path, mode_t mode, uid_t uid, gid_t gid);
/*
 * Open the directory that will hold the last component of path, and give that component's name in
 * *ret_name (a pointer into path, which must have no trailing slash; "." and ".." and an empty name
 * are refused). The name is not resolved: use it with *at() calls and O_NOFOLLOW or O_EXCL.
 */
int path_open_parent_in_root(int rootfd, const char *path, bool make_parents,
			     const char **ret_name);
/*
 * Make a mount target: an O_PATH descriptor of path inside the root, created as a directory or as
 * an empty file (by `directory`) where it is missing. A last component of the other kind is an
 * error.
 */
int path_mount_target(int rootfd, const char *path, bool directory);
/* Beneath a directory of ours, with no symbolic link and no mount point on the way
 * (RESOLVE_BENEATH, NO_SYMLINKS, NO_MAGICLINKS, NO_XDEV): store objects, and files below /proc of a
 * trusted instance. */
int path_open_beneath(int dirfd, const char *path, int flags, mode_t mode);
/* Reopen an O_PATH descriptor of a regular file or directory for I/O; never through a path. */
int path_reopen(int fd, int flags);

/* Are two descriptors on the same mount? No, where the kernel cannot say. */
bool path_is_same_mount(int a, int b);

/* Lexical: "/a//b/./c/../d" -> "/a/b/d"; ".." at the top is dropped. Always starts with '/'. To be
 * freed. */
char *path_clean(const char *path);
/* path_clean() of a path that may begin in the current directory, which one that begins with '/'
 * does not need. To be freed. */
int path_absolute(const char *path, char **ret_path);
/* base + "/" + path without doubled slashes; an absolute path stands alone. To be freed. */
char *path_join(const char *base, const char *path);
/* True where inner equals outer or is below it; both clean. */
bool path_is_within(const char *inner, const char *outer);

#endif
