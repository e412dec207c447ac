/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_TREE_H
#define BERTH_BOX_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/mount.h>

#include "base/vec.h"
#include "spec/mount.h"

/*
 * Trees of mounts, held by descriptors: made detached, given their attributes while nobody can see
 * them, then attached to a descriptor of their target (Linux 5.2, mount_setattr 5.12). No path is
 * resolved twice and mount(2) is never called. All descriptors are O_CLOEXEC and serve as
 * directories; in the child they are left to the final close_range(2).
 */

/* A new file system: data are its options, "key=value" or "key". The errors name it and carry what
 * the kernel logged about the reason. */
int tree_new(const char *fstype, const char *source, const struct strvec *data, uint64_t attr);

/* The two halves of tree_new(), for options that are no strings. */
int tree_open(const char *fstype);
int tree_set(int fs, const char *fstype, const char *key, const char *value);
/* "key=value" or "key", of many. */
int tree_set_all(int fs, const char *fstype, const struct strvec *data);
int tree_finish(int fs, const char *fstype, const char *source, uint64_t attr);
/* Record "cannot mount ...: errno", with the kernel's own words where it left some in fs. */
int tree_fail(int fs, const char *fstype);

/* A copy of the mount at path (relative to dirfd; "" is dirfd itself), `recursive` with those
 * below. A symbolic link at the end is followed unless `nofollow`. */
int tree_clone(int dirfd, const char *path, bool recursive);
int tree_clone_nofollow(int dirfd, const char *path, bool recursive);

/* A copy with the ids of a user namespace (Linux 5.12; overlay takes it as a layer since 5.19). For
 * root of the host only. */
int tree_clone_idmapped(const char *path, int userns, bool recursive);

struct tree_change {
	uint64_t set, clear;  /* MOUNT_ATTR_* */
	uint64_t propagation; /* MS_PRIVATE, MS_SLAVE, ...; 0: as it is */
	int userns;           /* descriptor for MOUNT_ATTR_IDMAP in `set` */
	bool recursive;
};
/* Nothing to change is no system call. */
int tree_change(int tree, const struct tree_change *change, const char *name);
/* The attributes of a mount but for those of `later`: those that the mounts below get as well
 * first. */
int tree_change_mount(int tree, const struct spec_mount *mount, uint64_t later);

/* Attach to the object that `target` is open on. */
int tree_attach(int tree, int target, const char *name);
/* Attach to the name in a directory; a symbolic link there is not followed. */
int tree_attach_at(int tree, int dirfd, const char *name);

#endif
