/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_CGROUPFS_H
#define BERTH_BOX_CGROUPFS_H

#include "box/cgroup.h"
#include "spec/spec.h"

/*
 * /sys/fs/cgroup of the container, read-only unless the spec has it otherwise. With cgroup v2 it is
 * the container's own subtree, seen from its cgroup namespace. With v1 and hybrid hosts it is a
 * directory with a bind of the container's own cgroup for each hierarchy that it is in (programs
 * read their limits there); one that was put in none gets nothing to see there.
 */

/* The detached tree, or -ENOENT, with nothing recorded, where there is nothing to mount. */
int cgroupfs_new(const struct spec *spec, const struct cgroup *cgroup,
		 const struct spec_mount *mount);
/* After it is attached (nothing can be attached to a detached tree before Linux 6.15). */
int cgroupfs_fill(int tree, const struct cgroup *cgroup, const struct spec_mount *mount);

#endif
