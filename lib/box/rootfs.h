/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_ROOTFS_H
#define BERTH_BOX_ROOTFS_H

#include "box/cgroup.h"
#include "spec/spec.h"

/*
 * The root file system of the container while it is put together, by descriptors: those of mounts
 * that are ours are trusted, whatever the image holds at their paths; -1 is "not mounted by us".
 */
struct rootfs {
	int fd;                      /* the root */
	int proc;                    /* a full procfs of the container's pid namespace */
	int dev;                     /* our tmpfs */
	int pts;                     /* our devpts */
	int cgroups;                 /* our /sys/fs/cgroup */
	int null;                    /* the host's /dev/null, verified; O_PATH */
	const struct cgroup *cgroup; /* of the child */
};

#define ROOTFS_INIT \
	{ \
		.fd = -1, .proc = -1, .dev = -1, .pts = -1, .cgroups = -1, .null = -1 \
	}

/*
 * The root as a detached tree. Runs in a mount namespace of its own whose mounts are private,
 * unless the root is to receive the host's mounts (events.h).
 * userns: the user namespace that the lower layers are idmapped into, or -1.
 */
int rootfs_new(const struct spec *spec, int userns);
/* Attributes of the root's mounts: device nodes of an image are inert, those of the container are
 * in its /dev. Who may make nodes gets what he asked for. */
uint64_t rootfs_attr(const struct spec *spec);
/* Attach it over the old root (which stays ours until the pivot) and work in it. With hooks that
 * run before the pivot it goes over its own directory, where they look for it, and the host's files
 * stay in reach. */
int rootfs_attach(const struct spec *spec, int tree);
/* Nothing of the host is reachable any more. */
int rootfs_pivot(const struct rootfs *root);
/* Propagation, and read-only: after the last file that is made in the root. */
int rootfs_seal(const struct spec *spec, const struct rootfs *root);

/*
 * A tmpfs of the container for upper directories that nobody is to see, attached over "/" (overlay
 * wants attached ones before Linux 6.15); the working directory is in it until
 * rootfs_leave_staging(). Returns its descriptor.
 */
int rootfs_enter_staging(void);
int rootfs_leave_staging(void);

#endif
