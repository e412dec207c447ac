/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_MOUNTFS_H
#define BERTH_BOX_MOUNTFS_H

#include "box/rootfs.h"
#include "spec/spec.h"

/*
 * The file systems of the container's own namespaces, of every type but cgroup's (cgroupfs.h), as
 * detached trees. A tmpfs is writable even where it is to be read-only: mount points will be made
 * in it, and mount_seal() comes last.
 */
int mountfs_new(const struct spec *spec, const struct rootfs *root, const struct spec_mount *mount);

/* The procfs that berth itself works with, where the container has none on /proc: attached
 * nowhere. */
int mountfs_proc(const struct spec *spec);

/* Is that what the container's namespaces own, and mount_seal() is for? */
bool mountfs_is_sealed_late(const struct spec_mount *mount);

/* Refuse a label that the kernel would not know. */
int mountfs_check_label(const struct spec *spec);

#endif
