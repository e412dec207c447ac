/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_REMOUNT_H
#define BERTH_BOX_REMOUNT_H

#include "box/rootfs.h"
#include "spec/spec.h"

/* Change what is mounted at mount->destination: its attributes, its propagation and, with options
 * of the file system, that as well, wherever else it is mounted. Attributes that nobody asks for
 * stay as they are. */
int remount_apply(const struct rootfs *root, const struct spec_mount *mount);

#endif
