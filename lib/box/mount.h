/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_MOUNT_H
#define BERTH_BOX_MOUNT_H

#include "box/rootfs.h"
#include "box/source.h"
#include "spec/spec.h"

/*
 * Make the mounts of spec below the root, in their order: those of sources, and the file systems of
 * the container's own namespaces. Fills in root->proc, dev and pts as they come by; without a mount
 * on /proc root->proc is one that the container does not see. Targets that
 * are missing are made; nothing is mounted over what belongs to /proc, but for the files that
 * lxcfs(1) serves, and /proc, /sys and /dev mustn't be symbolic links.
 */
int mount_all(const struct spec *spec, const struct sources *sources, struct rootfs *root);

/* Read-only, where mount points were still to be made: after the last file that is made. */
int mount_seal(const struct spec *spec, const struct sources *sources);

/* Attach one tree below the root, where mount->destination says, under the same rules. */
int mount_place(const struct rootfs *root, int tree, const struct spec_mount *mount,
		bool directory);

/* Masks and read-only paths. Should come right after mount_all(); mustn't come after the pivot,
 * which takes the host's /dev/null away. */
int mask_all(const struct spec *spec, const struct rootfs *root);

#endif
